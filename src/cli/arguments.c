/* The arguments of the commands other than check, from one table. */
#include "command.h"

#include "portconform/error.h"
#include "portconform/names.h"
#include <errno.h>
#include <stdlib.h>

enum { TIMEOUT_S = 30, TIMEOUT_MAX_S = 3600, TOP = 5, TOP_MAX = 1000, DURATION_S = 600 };

/* --- setters ----------------------------------------------------------------------------------------------------- */

static int set_guide_dir(void *target, const char *value, struct text *error)
{
    (void)error;
    struct cli_arguments *arguments = target;
    return options_add_word(&arguments->guide_dirs, &arguments->guide_dir_count, value);
}

static int set_form(void *field, const char *value, struct text *error)
{
    static const char *const names[] = {[FORM_TEXT] = "text", [FORM_TSV] = "tsv", [FORM_JSON] = "json", NULL};
    int form = options_choice("form", value, names, error);
    if (form < 0)
        return form;
    *(enum cli_form *)field = (enum cli_form)form;
    return 0;
}

static int set_rules_form(void *target, const char *value, struct text *error)
{
    enum { MARKDOWN = FORM_JSON + 1 };
    static const char *const names[] = {
        [FORM_TEXT] = "text", [FORM_TSV] = "tsv", [FORM_JSON] = "json", [MARKDOWN] = "markdown", NULL};
    struct cli_arguments *arguments = target;
    int form = options_choice("form", value, names, error);
    if (form < 0)
        return form;
    if (form == MARKDOWN)
        arguments->markdown = true;
    else
        arguments->form = (enum cli_form)form;
    return 0;
}

static int set_matrix_form(void *field, const char *value, struct text *error)
{
    static const char *const names[] = {"text", "csv", "html", "json", "tsv", NULL};
    int form = options_choice("form", value, names, error);
    if (form < 0)
        return form;
    *(const char **)field = names[form];
    return 0;
}

static int set_rest(void *field, const char *value, struct text *error)
{
    static const char *const names[] = {"drop", "count", NULL};
    int choice = options_choice("choice", value, names, error);
    if (choice < 0)
        return choice;
    *(bool *)field = choice == 1;
    return 0;
}

int cli_set_timeout(void *field, const char *value, struct text *error)
{
    static const struct option_range range = {"--timeout", 1, TIMEOUT_MAX_S, " seconds"};
    return options_number(value, &range, field, error);
}

static int set_top(void *field, const char *value, struct text *error)
{
    static const struct option_range range = {"--top", 1, TOP_MAX, ""};
    return options_number(value, &range, field, error);
}

static int set_duration(void *field, const char *value, struct text *error)
{
    static const struct option_range range = {"--for", 10, 86400, " seconds"};
    return options_number(value, &range, field, error);
}

enum {
    TAKES_OPENINGS = TAKES_MATRIX | TAKES_EXPORT,
    TAKES_SITE = TAKES_LINT | TAKES_EXPECT | TAKES_EXPLAIN | TAKES_OPENINGS | TAKES_RESPOND,
    TAKES_ALL = TAKES_SITE | TAKES_RULES | TAKES_DIFF | TAKES_ADOPT,
};

#define WORD(member) OPTION_WORD(struct cli_arguments, member)
#define FLAG(member) OPTION_FLAG(struct cli_arguments, member)
#define AT(member)   offsetof(struct cli_arguments, member)

static const struct option_row options[] = {
    {"help", 'h', TAKES_ALL, NULL, "this page", FLAG(help)},
    {"config", 'C', TAKES_SITE, "PATH", "site.conf, or the folder that holds it", WORD(config)},
    {"guides", 'G', TAKES_ALL, "DIR", "look for guides here first; may be repeated", set_guide_dir, 0},
    {"hostname", 'H', TAKES_EXPECT | TAKES_OPENINGS | TAKES_DIFF | TAKES_RESPOND, "HOST",
     "this host alone, by name, alias or address", WORD(host)},
    {"vantage", 0, TAKES_EXPECT | TAKES_EXPLAIN, "NAME", "where the probes leave from (this machine's)", WORD(vantage)},
    {"with-vantage", 0, TAKES_OPENINGS, "NAME", "what this vantage needs for its probes as well", WORD(vantage)},
    {"rest", 0, TAKES_EXPORT, "WHAT", "drop what no rule lets through, or only count it (drop)", set_rest,
     AT(count_rest)},
    {"timeout", 't', TAKES_EXPLAIN, "SEC", "end by then (30)", cli_set_timeout, AT(timeout_s)},
    {"format", 0, TAKES_EXPECT | TAKES_DIFF, "FORM", NULL, set_form, AT(form)},
    {"output-format", 0, TAKES_EXPECT | TAKES_DIFF, "FORM", "text, tsv or json", set_form, AT(form)},
    {"format", 0, TAKES_RULES, "FORM", NULL, set_rules_form, 0},
    {"output-format", 0, TAKES_RULES, "FORM", "text, tsv, json or markdown", set_rules_form, 0},
    {"format", 0, TAKES_MATRIX, "FORM", "text, csv, html, json or tsv", set_matrix_form, AT(matrix_form)},
    {"explain", 0, TAKES_EXPECT, NULL, "tell where each parameter's value comes from", FLAG(explain)},
    {"errata", 0, TAKES_RULES, NULL, "only rules that deviate from what the guide prints", FLAG(errata)},
    {"recording", 0, TAKES_ADOPT, "FILE", "listeners as they were recorded, instead of the kernel's", WORD(recording)},
    {"netns", 0, TAKES_ADOPT, "PATH", "the listeners of this network namespace", WORD(netns)},
    {"name", 0, TAKES_ADOPT, "NAME", "the host's name (this machine's)", WORD(name)},
    {"top", 0, TAKES_ADOPT, "N", "tell so many components that fit (5)", set_top, AT(top)},
    {"output", 0, TAKES_ADOPT, "FILE", "write the proposal there; never over a file", WORD(output)},
    {"key", 0, TAKES_RESPOND, "FILE", "the key that both sides of the test know", WORD(key)},
    {"make-key", 0, TAKES_RESPOND, "FILE", "write a new key there, and do nothing else", WORD(make_key)},
    {"for", 0, TAKES_RESPOND, "SEC", "end after so many seconds (600)", set_duration, AT(duration_s)},
    {"colour", 0, TAKES_EXPLAIN, "WHEN", "auto, always or never", check_set_colour, AT(colour)},
    {NULL, 0, 0, NULL, NULL, NULL, 0},
};

/* --- reading ----------------------------------------------------------------------------------------------------- */

int cli_tell_options(const struct command *command, const struct option_row *rows, unsigned users)
{
    struct text out = {0};
    text_printf(&out, "Usage: portconform %s%s%s\nTells %s.\n", command->name, command->usage[0] ? " " : "",
                command->usage, command->summary);
    options_help(rows, users, &out);
    if (command->notes)
        text_printf(&out, "\n%s", command->notes);
    return cli_finish(&out, STATUS_OK);
}

int cli_arguments_read(const struct command *command, int argc, char **argv, struct cli_arguments *arguments)
{
    *arguments = (struct cli_arguments){.timeout_s = TIMEOUT_S, .top = TOP, .duration_s = DURATION_S};
    struct text error = {0};
    int operands = 0;
    int status = CLI_GO_ON;
    int r = options_parse(options, command->options, arguments, argc, argv, &operands, &error);
    if (r == -EINVAL) {
        status = cli_fail("%s: %s", command->name, text_string(&error));
    } else if (r < 0) {
        status = cli_fail("%s: %s", command->name, pc_strerror(r));
    } else if (arguments->help) {
        status = cli_tell_options(command, options, command->options);
    } else {
        arguments->operands = argv + operands;
        arguments->operand_count = (size_t)(argc - operands);
    }
    text_done(&error);
    if (status != CLI_GO_ON)
        cli_arguments_done(arguments);
    return status;
}

void cli_arguments_done(struct cli_arguments *arguments)
{
    free(arguments->guide_dirs);
    *arguments = (struct cli_arguments){0};
}

/* --- what this program can do ------------------------------------------------------------------------------------ */

/* A name takes at most half of what is left, so that a dead name server leaves time for the others. */
int cli_lookup(void *context, const char *name, struct address **ret)
{
    enum { LONGEST_MS = 5000, SHORTEST_MS = 100 };
    const struct check_lookup *lookup = context;
    int64_t half_ms = lookup ? (lookup->deadline_mono_ms - moment_now().mono_ms) / 2 : LONGEST_MS;
    if (half_ms < SHORTEST_MS)
        return PC_EDEADLINE;
    return names_lookup(name, half_ms < LONGEST_MS ? (unsigned)half_ms : LONGEST_MS, ret);
}
