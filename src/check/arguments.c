/* The options of a check, a row each; the plugin and the command line have the same. */
#include "arguments.h"

#include "portconform/number.h"
#include <errno.h>
#include <string.h>
#include <strings.h>

enum { TIMEOUT_S = 10, TIMEOUT_MAX_S = 3600, MAX_AGE_S = 7 * 86400 };

static int add_word(struct check_arguments *arguments, struct word_list *list, const char *word, size_t length)
{
    const char **items = ARENA_ARRAY(arguments->arena, const char *, list->count + 2);
    char *copy = arena_strndup(arguments->arena, word, length);
    if (!items || !copy)
        return -ENOMEM;
    for (size_t i = 0; i < list->count; i++)
        items[i] = list->items[i];
    items[list->count++] = copy;
    list->items = items;
    return 0;
}

/* "missing,filtered": adds each; `kind` is a table of words.h that must know them, or NULL. */
static int add_words(struct check_arguments *arguments, struct word_list *list, const char *kind, const char *value,
                     struct text *error)
{
    size_t before = list->count;
    for (const char *at = value; *at;) {
        size_t length = strcspn(at, ",");
        if (length > 0) {
            int r = add_word(arguments, list, at, length);
            if (r < 0)
                return r;
            const char *word = list->items[list->count - 1];
            if (kind && word_find(kind, word) < 0)
                return options_unknown(error, kind, word, word_list(kind));
        }
        at += length + (at[length] == ',');
    }
    if (list->count > before)
        return 0;
    text_add(error, "an empty list lets nothing through");
    return -EINVAL;
}

int check_parse_state(const char *word, enum severity *ret, struct text *error)
{
    static const char *const names[] = {"ok", "warning", "critical", "unknown", NULL};
    static const enum severity by_status[] = {SEVERITY_OK, SEVERITY_WARNING, SEVERITY_CRITICAL, SEVERITY_UNKNOWN};
    for (size_t i = 0; names[i]; i++) {
        bool by_number = word[0] == (char)('0' + i) && word[1] == '\0';
        if (by_number || strcasecmp(word, names[i]) == 0) {
            *ret = by_status[i];
            return 0;
        }
    }
    return options_unknown(error, "state", word, names);
}

int check_set_colour(void *field, const char *value, struct text *error)
{
    static const char *const names[] = {
        [CHECK_COLOUR_AUTO] = "auto", [CHECK_COLOUR_ALWAYS] = "always", [CHECK_COLOUR_NEVER] = "never", NULL};
    int choice = options_choice("colour", value, names, error);
    if (choice < 0)
        return choice;
    *(enum check_colour *)field = (enum check_colour)choice;
    return 0;
}

/* --- setters ----------------------------------------------------------------------------------------------------- */

static int set_config(void *target, const char *value, struct text *error)
{
    (void)error;
    struct check_arguments *arguments = target;
    arguments->config = arguments->tell.config_path = value;
    return 0;
}

static int set_guide_dir(void *target, const char *value, struct text *error)
{
    (void)error;
    struct check_arguments *arguments = target;
    return add_word(arguments, &arguments->guide_dirs, value, strlen(value));
}

static int set_host(void *target, const char *value, struct text *error)
{
    if (*value == '\0') {
        text_add(error, "--hostname needs a name, an alias or an address");
        return -EINVAL;
    }
    ((struct check_arguments *)target)->host = value;
    return 0;
}

static int set_threshold(const char *name, const char *value, struct threshold *threshold, struct text *error)
{
    if (threshold_parse(value, threshold) == 0)
        return 0;
    text_printf(error, "--%s \"", name);
    text_escape_string(error, value, ESCAPE_TEXT);
    text_add(error, "\" is not a range: [@]start:end, as in 5, 10:, ~:3, @1:4");
    return -EINVAL;
}

static int set_warning(void *target, const char *value, struct text *error)
{
    return set_threshold("warning", value, &((struct check_arguments *)target)->tell.warning, error);
}

static int set_critical(void *target, const char *value, struct text *error)
{
    return set_threshold("critical", value, &((struct check_arguments *)target)->tell.critical, error);
}

static int set_timeout(void *target, const char *value, struct text *error)
{
    struct check_arguments *arguments = target;
    size_t length = strcspn(value, ":");
    char digits[16];
    int64_t seconds = 0;
    bool fits = length < sizeof(digits);
    if (fits) {
        memcpy(digits, value, length);
        digits[length] = '\0';
    }
    if (!fits || number_parse(digits, 1, TIMEOUT_MAX_S, &seconds) < 0) {
        text_add(error, "--timeout \"");
        text_escape_string(error, value, ESCAPE_TEXT);
        text_printf(error, "\" is not SEC[:STATE] with 1 to %d seconds", TIMEOUT_MAX_S);
        return -EINVAL;
    }
    arguments->timeout_s = (unsigned)seconds;
    if (value[length] == '\0')
        return 0;
    arguments->tell.trouble_severity_given = true;
    return check_parse_state(value + length + 1, &arguments->tell.trouble_severity, error);
}

static int set_verbose(void *target, const char *value, struct text *error)
{
    (void)value;
    (void)error;
    struct check_arguments *arguments = target;
    if (arguments->tell.verbose < 3)
        arguments->tell.verbose++;
    return 0;
}

static int set_guides(void *target, const char *value, struct text *error)
{
    struct check_arguments *arguments = target;
    return add_words(arguments, &arguments->guides, NULL, value, error);
}

static int set_components(void *target, const char *value, struct text *error)
{
    struct check_arguments *arguments = target;
    return add_words(arguments, &arguments->components, NULL, value, error);
}

static int set_rules(void *target, const char *value, struct text *error)
{
    struct check_arguments *arguments = target;
    return add_words(arguments, &arguments->rules, NULL, value, error);
}

static int set_verdicts(void *target, const char *value, struct text *error)
{
    struct check_arguments *arguments = target;
    return add_words(arguments, &arguments->verdicts, "verdict", value, error);
}

static int set_blames(void *target, const char *value, struct text *error)
{
    struct check_arguments *arguments = target;
    return add_words(arguments, &arguments->blames, "blame", value, error);
}

static int set_classes(void *target, const char *value, struct text *error)
{
    struct check_arguments *arguments = target;
    return add_words(arguments, &arguments->classes, "class", value, error);
}

static int set_unreachable(void *target, const char *value, struct text *error)
{
    struct check_arguments *arguments = target;
    arguments->tell.unreachable_given = true;
    return check_parse_state(value, &arguments->tell.unreachable, error);
}

static int set_daemon(void *target, const char *value, struct text *error)
{
    struct check_arguments *arguments = target;
    arguments->daemon = true;
    if (value && *value != '/') {
        text_add(error, "--daemon=SOCKET takes the whole path of the daemon's socket");
        return -EINVAL;
    }
    arguments->socket = value;
    return 0;
}

static int set_max_age(void *field, const char *value, struct text *error)
{
    static const struct option_range range = {"--max-age", 1, MAX_AGE_S, " seconds"};
    return options_number(value, &range, field, error);
}

enum { BOTH = OPTION_PLUGIN | OPTION_TEXT, EACH = BOTH | OPTION_FINDINGS, PEOPLE = OPTION_TEXT | OPTION_FINDINGS };

#define WORD(member) OPTION_WORD(struct check_arguments, member)
#define FLAG(member) OPTION_FLAG(struct check_arguments, member)

const struct option_row check_options[] = {
    {"help", 'h', EACH, NULL, "this page", FLAG(help)},
    {"version", 'V', BOTH, NULL, "the version", FLAG(version)},
    {"config", 'C', BOTH, "PATH", "site.conf, or the folder that holds it", set_config, 0},
    {"guides", 'G', BOTH, "DIR", "look for guides here first; may be repeated", set_guide_dir, 0},
    {"hostname", 'H', EACH, "HOST", "this host alone, by name, alias or address", set_host, 0},
    {"daemon", 0, BOTH, "[SOCKET]", "ask portconformd instead of looking", set_daemon, 0},
    {"control", 0, OPTION_FINDINGS, "PATH", "where portconformd answers", WORD(socket)},
    {"max-age", 0, EACH, "SEC", "what portconformd saw earlier is unknown", set_max_age,
     offsetof(struct check_arguments, max_age_s)},
    {"watch", 0, OPTION_FINDINGS, NULL, "go on, and show every change; q ends it", FLAG(watch)},
    {"vantage", 0, BOTH, "NAME", "where the probes leave from (this machine's)", WORD(vantage)},
    {"warning", 'w', BOTH, "RANGE", "warn by the number of findings, not the worst", set_warning, 0},
    {"critical", 'c', BOTH, "RANGE", "critical by the number of findings", set_critical, 0},
    {"timeout", 't', BOTH, "SEC[:STATE]", "end by then (10); what is undecided is STATE", set_timeout, 0},
    {"guide", 0, EACH, "LIST", NULL, set_guides, 0},
    {"component", 0, EACH, "LIST", NULL, set_components, 0},
    {"rule", 0, EACH, "LIST", "only findings of these", set_rules, 0},
    {"verdict", 0, EACH, "LIST", NULL, set_verdicts, 0},
    {"blame", 0, EACH, "LIST", NULL, set_blames, 0},
    {"class", 0, EACH, "LIST", "only findings with these", set_classes, 0},
    {"unreachable", 0, BOTH, "STATE", "what a host that is down counts as", set_unreachable, 0},
    {"no-probes", 0, BOTH, NULL, "look at listeners alone", FLAG(no_probes)},
    {"acceptance", 0, OPTION_TEXT, "KEYFILE", "ask the responders that know this key", WORD(acceptance)},
    {"format", 0, EACH, "FORM", NULL, WORD(format)},
    {"output-format", 0, EACH, "FORM", "plugin, text, tsv or json", WORD(format)},
    {"all", 0, PEOPLE, NULL, "text: list what conforms too", FLAG(tell.all)},
    {"colour", 0, PEOPLE, "WHEN", "text: auto, always or never", check_set_colour,
     offsetof(struct check_arguments, colour)},
    {"verbose", 'v', EACH, NULL, "-v which ports, -vv why, -vvv everything", set_verbose, 0},
    /* expanded before the table is read; what the ini file itself asks for is not followed further */
    {"extra-opts", 0, BOTH, "[[SECTION][@FILE]]", "options from an ini file", options_set_nothing, 0},
    {NULL, 0, 0, NULL, NULL, NULL, 0},
};

/* --- parsing ----------------------------------------------------------------------------------------------------- */

int check_arguments_init(struct check_arguments *arguments)
{
    *arguments = (struct check_arguments){.timeout_s = TIMEOUT_S, .arena = arena_new()};
    return arguments->arena ? 0 : -ENOMEM;
}

void check_arguments_done(struct check_arguments *arguments)
{
    arena_free(arguments->arena);
    *arguments = (struct check_arguments){0};
}

int check_arguments_expand(struct check_arguments *arguments, int argc, char **argv, struct text *error)
{
    return extra_opts_expand(argc, argv, arguments->arena, &arguments->argc, &arguments->argv, error);
}

int check_arguments_parse(struct check_arguments *arguments, unsigned users, int argc, char **argv, struct text *error)
{
    arguments->argc = argc;
    arguments->argv = argv;
    int operands = 0;
    int r = options_parse(check_options, users, arguments, arguments->argc, arguments->argv, &operands, error);
    if (r < 0)
        return r;
    if (operands < arguments->argc) {
        text_add(error, "\"");
        text_escape_string(error, arguments->argv[operands], ESCAPE_TEXT);
        text_add(error, "\" stands alone; a host is given by -H, a configuration by -C");
        return -EINVAL;
    }
    struct finding_filter *filter = &arguments->tell.filter;
    filter->guides = arguments->guides.items;
    filter->components = arguments->components.items;
    filter->rules = arguments->rules.items;
    filter->verdicts = arguments->verdicts.items;
    filter->blames = arguments->blames.items;
    filter->classes = arguments->classes.items;
    return 0;
}
