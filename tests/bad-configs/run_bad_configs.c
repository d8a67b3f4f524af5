/* Loads every configuration below a folder and compares what is said about it with expected.txt (README.md). */
#include "portconform/load.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH_LENGTH = 1024, LINE_LENGTH = 4096, TEXT_MAX = 1 << 20 };

static void die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static char *read_text(const char *path)
{
    char *text = calloc(1, TEXT_MAX);
    FILE *file = fopen(path, "re");
    if (!text)
        die("calloc");
    if (file) {
        if (fread(text, 1, TEXT_MAX - 1, file) == TEXT_MAX - 1)
            die(path);
        fclose(file);
    }
    return text;
}

/* --- a temporary copy of a case, with what its recipe makes --- */

static const char *copy_from, *copy_to;

static int copy_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
    char target[PATH_LENGTH];
    (void)where;
    snprintf(target, sizeof(target), "%s%s", copy_to, path + strlen(copy_from));
    if (type == FTW_D)
        return mkdir(target, 0700) < 0 && errno != EEXIST;
    char *content = read_text(path);
    FILE *out = fopen(target, "we");
    if (!out)
        die(target);
    fwrite(content, 1, (size_t)status->st_size, out);
    fclose(out);
    free(content);
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

static void add_hex(FILE *out, const char *digits)
{
    char *end;
    for (;;) {
        unsigned long octet = strtoul(digits, &end, 16);
        if (end == digits)
            return;
        fputc((int)octet, out);
        digits = end;
    }
}

static FILE *begin_file(FILE *open_file, const char *folder, const char *name)
{
    char path[PATH_LENGTH];
    if (open_file)
        fclose(open_file);
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    if (!file)
        die(path);
    return file;
}

static void follow_recipe(const char *folder, const char *recipe_path)
{
    char line[LINE_LENGTH];
    FILE *recipe = fopen(recipe_path, "re"), *out = NULL;
    if (!recipe)
        die(recipe_path);
    while (fgets(line, sizeof(line), recipe)) {
        line[strcspn(line, "\n")] = '\0';
        char *argument = strchr(line, ' ');
        if (!argument)
            continue;
        *argument++ = '\0';
        if (strcmp(line, "file") == 0) {
            out = begin_file(out, folder, argument);
        } else if (strcmp(line, "folder") == 0) {
            char path[PATH_LENGTH];
            snprintf(path, sizeof(path), "%s/%s", folder, argument);
            if (mkdir(path, 0700) < 0)
                die(path);
        } else if (out && strcmp(line, "text") == 0) {
            fprintf(out, "%s\n", argument);
        } else if (out && strcmp(line, "repeat") == 0) {
            char *text;
            for (long left = strtol(argument, &text, 10); left > 0; left--)
                fputs(text + 1, out);
            fputc('\n', out);
        } else if (out && strcmp(line, "hex") == 0) {
            add_hex(out, argument);
        } else if (out && strcmp(line, "mode") == 0) {
            if (fchmod(fileno(out), (mode_t)strtol(argument, NULL, 8)) < 0)
                die("fchmod");
        } else if (out && strcmp(line, "size") == 0) {
            fflush(out);
            if (ftruncate(fileno(out), strtol(argument, NULL, 10)) < 0)
                die("ftruncate");
        } else {
            fprintf(stderr, "%s: what is '%s'?\n", recipe_path, line);
            exit(1);
        }
    }
    if (out)
        fclose(out);
    fclose(recipe);
}

/* --- one case --- */

/* Takes `folder`/ out of `text`. */
static void make_relative(char *text, const char *folder)
{
    char prefix[PATH_LENGTH + 2];
    snprintf(prefix, sizeof(prefix), "%s/", folder);
    size_t length = strlen(prefix);
    for (char *at = text; (at = strstr(at, prefix));)
        memmove(at, at + length, strlen(at + length) + 1);
}

/* What loading says, as people read it; owned by the caller. */
static char *load(const char *folder, bool *ret_loaded, size_t *ret_errors)
{
    struct diag_list diags;
    struct config *config = NULL;
    /* 2026-11-20 00:00 UTC */
    struct load_options options = {.path = folder, .wall_ms = INT64_C(1795132800000)};
    char *text = NULL;
    size_t length = 0;
    if (diag_list_init(&diags) < 0)
        die("diag_list_init");
    *ret_loaded = config_load(&options, &config, &diags) == 0;
    *ret_errors = diags.errors;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        die("open_memstream");
    diag_list_sort(&diags);
    for (size_t i = 0; i < diags.count; i++)
        diag_print(&diags.items[i], out);
    fclose(out);
    make_relative(text, folder);
    config_free(config);
    diag_list_done(&diags);
    return text;
}

static bool compare(const char *name, const char *expected_path, const char *said, bool loaded, size_t errors)
{
    if (getenv("PC_UPDATE")) {
        FILE *out = fopen(expected_path, "we");
        if (!out)
            die(expected_path);
        fputs(said, out);
        fclose(out);
    }
    char *expected = read_text(expected_path);
    bool same = *expected && strcmp(expected, said) == 0 && loaded == (errors == 0);
    printf("%s %s\n", same ? "ok" : "not ok", name);
    if (!same)
        printf("--- expected\n%s--- said%s\n%s", expected, loaded ? " (and loaded)" : "", said);
    free(expected);
    return same;
}

static bool run_case(const char *root, const char *name)
{
    char folder[PATH_LENGTH], expected[PATH_LENGTH + 16], recipe[PATH_LENGTH + 16];
    char copy[] = "/tmp/bad-config-XXXXXX";
    snprintf(folder, sizeof(folder), "%s/%s", root, name);
    snprintf(expected, sizeof(expected), "%s/expected.txt", folder);
    snprintf(recipe, sizeof(recipe), "%s/recipe", folder);
    bool made = access(recipe, R_OK) == 0;
    if (made) {
        if (!mkdtemp(copy))
            die(copy);
        copy_from = folder;
        copy_to = copy;
        if (nftw(folder, copy_entry, 8, FTW_PHYS) != 0)
            die(folder);
        follow_recipe(copy, recipe);
    }
    bool loaded;
    size_t errors;
    char *said = load(made ? copy : folder, &loaded, &errors);
    bool same = compare(name, expected, said, loaded, errors);
    free(said);
    if (made)
        nftw(copy, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return same;
}

int main(int argc, char **argv)
{
    struct dirent **entries;
    unsigned cases = 0, failed = 0;
    if (argc < 2) {
        fprintf(stderr, "usage: run_bad_configs FOLDER [CASE]\n");
        return 1;
    }
    setenv("TZ", "UTC", 1);
    tzset();
    int count = scandir(argv[1], &entries, NULL, alphasort);
    if (count < 0)
        die(argv[1]);
    for (int i = 0; i < count; i++) {
        char path[PATH_LENGTH];
        struct stat status;
        snprintf(path, sizeof(path), "%s/%s", argv[1], entries[i]->d_name);
        bool wanted = entries[i]->d_name[0] != '.' && (argc < 3 || strcmp(argv[2], entries[i]->d_name) == 0);
        if (wanted && stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
            cases++;
            failed += !run_case(argv[1], entries[i]->d_name);
        }
        free(entries[i]);
    }
    free(entries);
    printf("%u configurations, %u wrong\n", cases, failed);
    return failed > 0 || cases == 0;
}
