/* --extra-opts=[SECTION][@FILE] of the plugin guidelines: options kept in an ini file, away from process lists.
 *
 *     [check_portconform]
 *     config = /etc/portconform
 *     t = 20
 *
 * A line `name = value` becomes --name=value, a single letter -n value, a name alone --name. They are put before the
 * other arguments, so that the command line has the last word. */
#include "arguments.h"

#include "portconform/error.h"
#include "portconform/file.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INI_FILE_MAX = 1 << 20, INI_OPTIONS_MAX = 256 };

static const char default_section[] = "check_portconform"; /* of the command line too: it may have been handed over */

static const char *const ini_names[] = {"monitoring-plugins.ini", "plugins.ini", "nagios-plugins.ini"};
static const char *const ini_files[] = {
    "/usr/local/etc/monitoring-plugins/monitoring-plugins.ini",
    "/usr/local/etc/monitoring-plugins.ini",
    "/etc/monitoring-plugins/monitoring-plugins.ini",
    "/etc/monitoring-plugins.ini",
    "/etc/nagios/plugins.ini",
    "/usr/local/nagios/etc/plugins.ini",
    "/usr/local/etc/nagios/plugins.ini",
    "/etc/opt/nagios/plugins.ini",
    "/etc/nagios-plugins.ini",
    "/usr/local/etc/nagios-plugins.ini",
    "/etc/opt/nagios-plugins.ini",
};
enum { INI_NAMES = sizeof(ini_names) / sizeof(ini_names[0]), INI_FILES = sizeof(ini_files) / sizeof(ini_files[0]) };

/* The arguments that the ini files give. */
struct ini_options {
    char *items[INI_OPTIONS_MAX];
    size_t count;
};

/* --- which file -------------------------------------------------------------------------------------------------- */

static const char *in_folders(const char *folders, struct arena *arena)
{
    for (const char *at = folders; *at;) {
        size_t length = strcspn(at, ":");
        for (size_t i = 0; length > 0 && i < INI_NAMES; i++) {
            const char *path = arena_printf(arena, "%.*s/%s", (int)length, at, ini_names[i]);
            if (path && access(path, R_OK) == 0)
                return path;
        }
        at += length + (at[length] == ':');
    }
    return NULL;
}

static const char *find_ini_file(struct arena *arena)
{
    const char *named = getenv("MP_CONFIG_FILE");
    if (named && *named)
        return named;
    const char *folders = getenv("NAGIOS_CONFIG_PATH");
    const char *found = folders ? in_folders(folders, arena) : NULL;
    for (size_t i = 0; !found && i < INI_FILES; i++)
        if (access(ini_files[i], R_OK) == 0)
            found = ini_files[i];
    return found;
}

/* --- its lines --------------------------------------------------------------------------------------------------- */

static char *trim(char *text)
{
    static const char blanks[] = " \t\r\n";
    text += strspn(text, blanks);
    size_t length = strlen(text);
    while (length > 0 && strchr(blanks, text[length - 1]))
        text[--length] = '\0';
    return text;
}

static int add_argument(struct ini_options *options, char *argument, struct text *error)
{
    if (!argument)
        return -ENOMEM;
    if (options->count == INI_OPTIONS_MAX) {
        text_printf(error, "more than %d options in ini files", INI_OPTIONS_MAX);
        return -EINVAL;
    }
    options->items[options->count++] = argument;
    return 0;
}

static int add_option(struct ini_options *options, char *line, struct arena *arena, struct text *error)
{
    char *equals = strchr(line, '=');
    const char *value = NULL;
    if (equals) {
        *equals = '\0';
        value = trim(equals + 1);
    }
    const char *name = trim(line);
    if (*name == '\0') {
        text_add(error, "a line of the section begins with \"=\"");
        return -EINVAL;
    }
    if (name[1] != '\0')
        return add_argument(
            options, value ? arena_printf(arena, "--%s=%s", name, value) : arena_printf(arena, "--%s", name), error);
    int r = add_argument(options, arena_printf(arena, "-%s", name), error);
    if (r == 0 && value)
        r = add_argument(options, arena_strdup(arena, value), error);
    return r;
}

static bool is_section(char *line, const char *section)
{
    size_t length = strcspn(line + 1, "]");
    line[1 + length] = '\0';
    return strcmp(trim(line + 1), section) == 0;
}

static int read_section(char *content, const char *section, struct ini_options *options, struct arena *arena,
                        struct text *error)
{
    bool inside = false;
    bool found = false;
    char *rest = content;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        line = trim(line);
        if (*line == '\0' || *line == '#' || *line == ';')
            continue;
        if (*line == '[') {
            inside = is_section(line, section);
            found = found || inside;
        } else if (inside) {
            int r = add_option(options, line, arena, error);
            if (r < 0)
                return r;
        }
    }
    return found ? 0 : -ENOENT;
}

/* --- the option -------------------------------------------------------------------------------------------------- */

static int read_locator(const char *locator, struct ini_options *options, struct arena *arena, struct text *error)
{
    size_t length = strcspn(locator, "@");
    const char *section = length > 0 ? arena_strndup(arena, locator, length) : default_section;
    const char *path = locator[length] == '@' ? locator + length + 1 : find_ini_file(arena);
    if (!section)
        return -ENOMEM;
    if (!path) {
        text_add(error, "--extra-opts: no ini file; name one by @FILE, MP_CONFIG_FILE or NAGIOS_CONFIG_PATH");
        return -EINVAL;
    }
    char *content = NULL;
    size_t size = 0;
    int r = file_read(path, INI_FILE_MAX, &content, &size);
    if (r < 0) {
        text_add(error, "--extra-opts: ");
        text_escape_string(error, path, ESCAPE_TEXT);
        text_printf(error, ": %s", pc_strerror(r));
        return r == -ENOMEM ? r : -EINVAL;
    }
    r = read_section(content, section, options, arena, error);
    if (r == -ENOENT) {
        text_add(error, "--extra-opts: ");
        text_escape_string(error, path, ESCAPE_TEXT);
        text_add(error, " has no section [");
        text_escape_string(error, section, ESCAPE_TEXT);
        text_add(error, "]");
        r = -EINVAL;
    }
    free(content);
    return r;
}

int extra_opts_expand(int argc, char **argv, struct arena *arena, int *ret_argc, char ***ret_argv, struct text *error)
{
    static const char name[] = "--extra-opts";
    struct ini_options options = {.count = 0};
    bool asked = false;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        size_t length = strlen(name);
        if (strncmp(argv[i], name, length) != 0 || (argv[i][length] != '\0' && argv[i][length] != '='))
            continue;
        asked = true;
        int r = read_locator(argv[i][length] == '=' ? argv[i] + length + 1 : "", &options, arena, error);
        if (r < 0)
            return r;
    }
    size_t count = (size_t)argc + options.count;
    char **all = ARENA_ARRAY(arena, char *, count + 1);
    if (!all)
        return -ENOMEM;
    size_t at = 0;
    if (argc > 0)
        all[at++] = argv[0];
    for (size_t i = 0; asked && i < options.count; i++)
        all[at++] = options.items[i];
    for (int i = 1; i < argc; i++)
        all[at++] = argv[i];
    *ret_argc = (int)at;
    *ret_argv = all;
    return 0;
}
