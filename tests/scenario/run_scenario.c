/* Plays scenarios: `run_scenario FILE.scn...`. Exit status 0: every line holds. The language is in README.md.
 * `run_scenario --accept FILE.scn...` writes the texts of `output` into the files as they are: read the difference. */
#include "scenario.h"

#include "portconform/error.h"
#include "portconform/file.h"
#include "portconform/vector.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SCENARIO_FILE_MAX = 1 << 20, PATH_ROOM = 512, LOOK_MS = 400, REMOVE_DEPTH = 8 };

void scenario_fail(struct scenario *scenario, const char *format, ...)
{
    scenario->failures++;
    fprintf(stderr, "%s:%zu: ", scenario->path, scenario->at + 1);
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

/* --- words ------------------------------------------------------------------------------------------------------- */

void words_split(struct words *words, char *line)
{
    snprintf(words->whole, sizeof(words->whole), "%s", line);
    words->count = 0;
    char *at = line;
    while (words->count < SCENARIO_WORDS && (size_t)(at - line) < sizeof(words->whole)) {
        at += strspn(at, " \t");
        if (*at == '\0')
            return;
        words->rest[words->count] = words->whole + (at - line);
        words->items[words->count++] = at;
        at += strcspn(at, " \t");
        if (*at != '\0')
            *at++ = '\0';
    }
}

const char *word_at(const struct words *words, size_t index)
{
    return index < words->count ? words->items[index] : "";
}

bool word_is(const struct words *words, size_t index, const char *text)
{
    return strcmp(word_at(words, index), text) == 0;
}

/* --- files and the clock ----------------------------------------------------------------------------------------- */

char *scenario_block(struct scenario *scenario)
{
    struct text text = {0};
    for (scenario->at++; scenario->at < scenario->line_count; scenario->at++) {
        if (strcmp(scenario->lines[scenario->at], "end") == 0) {
            char *block = strdup(text_string(&text));
            text_done(&text);
            return block;
        }
        text_printf(&text, "%s\n", scenario->lines[scenario->at]);
    }
    text_done(&text);
    scenario_fail(scenario, "no line \"end\"");
    return NULL;
}

static void play_file(struct scenario *scenario, const struct words *words)
{
    static const char *const folders[] = {"hosts.d", "guides"};
    char path[PATH_ROOM];
    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
        snprintf(path, sizeof(path), "%s/%s", scenario->folder, folders[i]);
        if (mkdir(path, 0700) < 0 && errno != EEXIST)
            scenario_fail(scenario, "%s: %s", path, strerror(errno));
    }
    snprintf(path, sizeof(path), "%s/%s", scenario->folder, word_at(words, 1));
    FILE *file = strstr(path, "..") ? NULL : fopen(path, "w");
    char *block = scenario_block(scenario);
    if (!file || !block || fputs(block, file) < 0)
        scenario_fail(scenario, "cannot write %s", word_at(words, 1));
    if (file && fclose(file) != 0)
        scenario_fail(scenario, "cannot write %s", word_at(words, 1));
    free(block);
    scenario->changed = true;
}

static void play_at(struct scenario *scenario, const struct words *words)
{
    struct tm tm = {0};
    const char *end = strptime(words->count == 3 ? words->rest[1] : "", "%Y-%m-%d %H:%M:%S", &tm);
    if (!end || *end != '\0') {
        scenario_fail(scenario, "at YYYY-MM-DD HH:MM:SS");
        return;
    }
    int64_t wall_ms = (int64_t)timegm(&tm) * 1000;
    /* the monotonic clock follows where time goes on, and stands where somebody sets the clock back */
    if (wall_ms > scenario->now.wall_ms)
        scenario->now.mono_ms += wall_ms - scenario->now.wall_ms;
    scenario->now.wall_ms = wall_ms;
    scenario->changed = true; /* dates decide what is demanded */
}

static void play_later(struct scenario *scenario, const struct words *words)
{
    int64_t ms = duration_ms(word_at(words, 1));
    if (ms < 0) {
        scenario_fail(scenario, "later 60s");
        return;
    }
    scenario->now.mono_ms += ms;
    scenario->now.wall_ms += ms;
    scenario->changed = true;
}

/* --- configuration and plan -------------------------------------------------------------------------------------- */

static void plan_drop(struct scenario *scenario)
{
    plan_free(scenario->plan);
    config_free(scenario->config);
    scenario->plan = NULL;
    scenario->config = NULL;
}

static int plan_make(struct scenario *scenario, struct diag_list *diags)
{
    char path[PATH_ROOM];
    snprintf(path, sizeof(path), "%s/site.conf", scenario->folder);
    const struct load_options load = {.path = path, .wall_ms = scenario->now.wall_ms};
    int r = config_load(&load, &scenario->config, diags);
    if (r < 0)
        return r;
    const struct plan_options options = {
        .vantage = scenario->vantage[0] != '\0' ? scenario->vantage : NULL,
        .own_addresses = scenario->own,
        .own_address_count = scenario->own_count,
        .exposure = true,
        .wall_ms = scenario->now.wall_ms,
    };
    return plan_build(scenario->config, &options, &scenario->plan, diags);
}

bool scenario_plan(struct scenario *scenario)
{
    if (!scenario->changed)
        return scenario->plan != NULL;
    scenario->changed = false;
    seen_drop(scenario);
    plan_drop(scenario);
    struct diag_list diags;
    if (diag_list_init(&diags) < 0)
        return false;
    int r = plan_make(scenario, &diags);
    if (r < 0) {
        scenario_fail(scenario, "the configuration cannot be used: %s", pc_strerror(r));
        for (size_t i = 0; i < diags.count; i++)
            diag_print(&diags.items[i], stderr);
    }
    diag_list_done(&diags);
    return r == 0;
}

/* --- judging ----------------------------------------------------------------------------------------------------- */

static bool naming_room(struct scenario *scenario)
{
    size_t findings = 0;
    for (size_t b = 0; b < scenario->last.snapshot->block_count; b++)
        findings += scenario->last.snapshot->blocks[b]->count;
    free(scenario->finding_named);
    free(scenario->transition_named);
    scenario->finding_named = calloc(findings + 1, sizeof(bool));
    scenario->transition_named = calloc(scenario->last.transition_count + 1, sizeof(bool));
    return scenario->finding_named && scenario->transition_named;
}

static void play_judge(struct scenario *scenario)
{
    expect_nothing_unnamed(scenario);
    if (!scenario_plan(scenario) || !seen_build(scenario))
        return;
    const struct judge_input input = {
        .plan = scenario->plan,
        .seen = &scenario->observations,
        .earlier = scenario->last.snapshot,
        .now = scenario->now,
        .began_ms = scenario->now.mono_ms - LOOK_MS,
        .mode = scenario->mode,
    };
    struct judgement judgement;
    int r = judge(&input, &judgement);
    if (r < 0) {
        scenario_fail(scenario, "judge: %s", pc_strerror(r));
        return;
    }
    judgement_done(&scenario->last);
    scenario->last = judgement;
    scenario->told = false;
    if (!naming_room(scenario))
        scenario_fail(scenario, "%s", pc_strerror(-ENOMEM));
}

static void remember_seen(struct scenario *scenario, const char *line)
{
    struct statement *statement = VECTOR_PUSH(&scenario->seen);
    if (statement)
        *statement = (struct statement){.line = (unsigned)scenario->at, .text = strdup(line)};
    if (!statement || !statement->text)
        scenario_fail(scenario, "%s", pc_strerror(-ENOMEM));
}

static void forget_seen(struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->seen.count; i++)
        free(scenario->seen.items[i].text);
    VECTOR_DONE(&scenario->seen);
}

/* --- a line, a file ---------------------------------------------------------------------------------------------- */

static void play_own(struct scenario *scenario, const struct words *words)
{
    if (scenario->own_count == SCENARIO_OWN_ADDRESSES ||
        address_parse(word_at(words, 1), &scenario->own[scenario->own_count]) < 0)
        scenario_fail(scenario, "own ADDRESS");
    else
        scenario->own_count++;
    scenario->changed = true;
}

static void play_words(struct scenario *scenario, const struct words *words)
{
    if (word_is(words, 0, "file"))
        play_file(scenario, words);
    else if (word_is(words, 0, "vantage")) {
        snprintf(scenario->vantage, sizeof(scenario->vantage), "%s", word_at(words, 1));
        scenario->changed = true;
    } else if (word_is(words, 0, "own"))
        play_own(scenario, words);
    else if (word_is(words, 0, "daemon"))
        scenario->mode = JUDGE_CONTINUOUS;
    else if (word_is(words, 0, "forget"))
        forget_seen(scenario);
    else if (word_is(words, 0, "at"))
        play_at(scenario, words);
    else if (word_is(words, 0, "later"))
        play_later(scenario, words);
    else if (word_is(words, 0, "judge"))
        play_judge(scenario);
    else if (!story_play(scenario, words) && !expect_play(scenario, words))
        scenario_fail(scenario, "unknown statement \"%s\"", word_at(words, 0));
}

static void play_line(struct scenario *scenario)
{
    char *line = strdup(scenario->lines[scenario->at]);
    if (!line)
        return;
    struct words words = {0};
    words_split(&words, line);
    if (words.count > 0 && words.items[0][0] != '#') {
        if (seen_is_statement(words.items[0]))
            remember_seen(scenario, words.rest[0]);
        else
            play_words(scenario, &words);
    }
    free(line);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *ftw)
{
    (void)status;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void scenario_done(struct scenario *scenario)
{
    judgement_done(&scenario->last);
    story_done(scenario);
    seen_drop(scenario);
    plan_drop(scenario);
    forget_seen(scenario);
    free(scenario->finding_named);
    free(scenario->transition_named);
    free(scenario->lines);
    if (scenario->folder[0] != '\0')
        nftw(scenario->folder, remove_one, REMOVE_DEPTH, FTW_DEPTH | FTW_PHYS);
}

static bool lines_split(struct scenario *scenario, char *content)
{
    struct {
        char **items;
        size_t count, capacity;
    } lines = {0};
    for (char *at = content; *at != '\0';) {
        char **slot = VECTOR_PUSH(&lines);
        if (!slot)
            return false;
        *slot = at;
        at += strcspn(at, "\n");
        if (*at == '\n')
            *at++ = '\0';
    }
    scenario->lines = lines.items;
    scenario->line_count = lines.count;
    return true;
}

/* Writes the file anew with the accepted texts in place of the old ones. */
static void corrections_write(struct scenario *scenario)
{
    if (scenario->corrections.count == 0)
        return;
    FILE *file = fopen(scenario->path, "w");
    size_t next = 0;
    for (size_t line = 0; file && line < scenario->line_count; line++) {
        const struct correction *correction =
            next < scenario->corrections.count ? &scenario->corrections.items[next] : NULL;
        if (correction && line == correction->first) {
            fputs(correction->text ? correction->text : "", file);
            line = correction->end;
            next++;
        }
        fprintf(file, "%s\n", scenario->lines[line]);
    }
    if (!file || fclose(file) != 0)
        scenario_fail(scenario, "cannot be written: %s", strerror(errno));
    for (size_t i = 0; i < scenario->corrections.count; i++)
        free(scenario->corrections.items[i].text);
    VECTOR_DONE(&scenario->corrections);
}

static unsigned scenario_play(const char *path, bool accept)
{
    struct scenario scenario = {.path = path, .accept = accept, .changed = true};
    scenario.now = (struct moment){.mono_ms = 1000000000, .wall_ms = 1795176000000}; /* 2026-11-20 12:00:00 */
    const char *temporary = getenv("TMPDIR");
    snprintf(scenario.folder, sizeof(scenario.folder), "%s/portconform-XXXXXX", temporary ? temporary : P_tmpdir);
    char *content = NULL;
    size_t length;
    int r = file_read(path, SCENARIO_FILE_MAX, &content, &length);
    if (r < 0 || !lines_split(&scenario, content) || !mkdtemp(scenario.folder)) {
        fprintf(stderr, "%s: cannot be played: %s\n", path, r < 0 ? pc_strerror(r) : strerror(errno));
        free(content);
        return 1;
    }
    for (scenario.at = 0; scenario.at < scenario.line_count; scenario.at++)
        play_line(&scenario);
    expect_nothing_unnamed(&scenario);
    if (!scenario.last.snapshot && !scenario.story)
        scenario_fail(&scenario, "nothing was judged");
    corrections_write(&scenario);
    scenario_done(&scenario);
    free(content);
    return scenario.failures;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s [--accept] FILE.scn...\n", argv[0]);
        return 2;
    }
    setenv("TZ", "UTC", 1);
    tzset();
    unsigned failures = 0;
    bool accept = strcmp(argv[1], "--accept") == 0;
    for (int i = accept ? 2 : 1; i < argc; i++)
        failures += scenario_play(argv[i], accept);
    return failures > 0;
}
