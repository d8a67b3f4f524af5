/* The arguments of the commands other than check, from one table. */
#include "command.h"

#include "portconform/error.h"
#include "portconform/names.h"
#include "portconform/number.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_S = 30, TIMEOUT_MAX_S = 3600, TOP = 5, TOP_MAX = 1000, DURATION_S = 600 };

/* --- setters ----------------------------------------------------------------------------------------------------- */

static int set_help(void *target, const char *value, struct text *error)
{
    (void)value;
    (void)error;
    ((struct cli_arguments *)target)->help = true;
    return 0;
}

static int set_config(void *target, const char *value, struct text *error)
{
    (void)error;
    ((struct cli_arguments *)target)->config = value;
    return 0;
}

static int set_guide_dir(void *target, const char *value, struct text *error)
{
    (void)error;
    struct cli_arguments *arguments = target;
    const char **dirs = realloc(arguments->guide_dirs, (arguments->guide_dir_count + 2) * sizeof(*dirs));
    if (!dirs)
        return -ENOMEM;
    dirs[arguments->guide_dir_count++] = value;
    dirs[arguments->guide_dir_count] = NULL;
    arguments->guide_dirs = dirs;
    return 0;
}

static int set_host(void *target, const char *value, struct text *error)
{
    (void)error;
    ((struct cli_arguments *)target)->host = value;
    return 0;
}

static int set_vantage(void *target, const char *value, struct text *error)
{
    (void)error;
    ((struct cli_arguments *)target)->vantage = value;
    return 0;
}

static int set_form(void *target, const char *value, struct text *error)
{
    static const char *const names[] = {[FORM_TEXT] = "text", [FORM_TSV] = "tsv", [FORM_JSON] = "json", NULL};
    for (size_t i = 0; names[i]; i++) {
        if (strcmp(names[i], value) == 0) {
            ((struct cli_arguments *)target)->form = (enum cli_form)i;
            return 0;
        }
    }
    return error ? options_unknown(error, "form", value, names) : -EINVAL;
}

static int set_rules_form(void *target, const char *value, struct text *error)
{
    static const char *const names[] = {"text", "tsv", "json", "markdown", NULL};
    if (strcmp(value, "markdown") != 0 && set_form(target, value, NULL) < 0)
        return options_unknown(error, "form", value, names);
    if (strcmp(value, "markdown") == 0)
        ((struct cli_arguments *)target)->markdown = true;
    return 0;
}

static int set_matrix_form(void *target, const char *value, struct text *error)
{
    static const char *const names[] = {"text", "csv", "html", "json", "tsv", NULL};
    for (size_t i = 0; names[i]; i++) {
        if (strcmp(names[i], value) == 0) {
            ((struct cli_arguments *)target)->matrix_form = names[i];
            return 0;
        }
    }
    return options_unknown(error, "form", value, names);
}

static int set_rest(void *target, const char *value, struct text *error)
{
    static const char *const names[] = {"drop", "count", NULL};
    bool count = strcmp(value, names[1]) == 0;
    if (!count && strcmp(value, names[0]) != 0)
        return options_unknown(error, "choice", value, names);
    ((struct cli_arguments *)target)->count_rest = count;
    return 0;
}

static int set_explain(void *target, const char *value, struct text *error)
{
    (void)value;
    (void)error;
    ((struct cli_arguments *)target)->explain = true;
    return 0;
}

static int set_errata(void *target, const char *value, struct text *error)
{
    (void)value;
    (void)error;
    ((struct cli_arguments *)target)->errata = true;
    return 0;
}

static int set_timeout(void *target, const char *value, struct text *error)
{
    int64_t seconds = 0;
    if (number_parse(value, 1, TIMEOUT_MAX_S, &seconds) < 0) {
        text_printf(error, "--timeout takes 1 to %d seconds", TIMEOUT_MAX_S);
        return -EINVAL;
    }
    ((struct cli_arguments *)target)->timeout_s = (unsigned)seconds;
    return 0;
}

static int set_colour(void *target, const char *value, struct text *error)
{
    static const char *const names[] = {"auto", "always", "never", NULL};
    for (size_t i = 0; names[i]; i++) {
        if (strcmp(value, names[i]) == 0) {
            ((struct cli_arguments *)target)->colour = (enum check_colour)i;
            return 0;
        }
    }
    return options_unknown(error, "colour", value, names);
}

static int set_recording(void *target, const char *value, struct text *error)
{
    (void)error;
    ((struct cli_arguments *)target)->recording = value;
    return 0;
}

static int set_netns(void *target, const char *value, struct text *error)
{
    (void)error;
    ((struct cli_arguments *)target)->netns = value;
    return 0;
}

static int set_name(void *target, const char *value, struct text *error)
{
    (void)error;
    ((struct cli_arguments *)target)->name = value;
    return 0;
}

static int set_output(void *target, const char *value, struct text *error)
{
    (void)error;
    ((struct cli_arguments *)target)->output = value;
    return 0;
}

static int set_top(void *target, const char *value, struct text *error)
{
    int64_t top = 0;
    if (number_parse(value, 1, TOP_MAX, &top) < 0) {
        text_printf(error, "--top takes 1 to %d", TOP_MAX);
        return -EINVAL;
    }
    ((struct cli_arguments *)target)->top = (unsigned)top;
    return 0;
}

static int set_key(void *target, const char *value, struct text *error)
{
    (void)error;
    ((struct cli_arguments *)target)->key = value;
    return 0;
}

static int set_make_key(void *target, const char *value, struct text *error)
{
    (void)error;
    ((struct cli_arguments *)target)->make_key = value;
    return 0;
}

static int set_duration(void *target, const char *value, struct text *error)
{
    enum { SHORTEST_S = 10, LONGEST_S = 86400 };
    int64_t seconds = 0;
    if (number_parse(value, SHORTEST_S, LONGEST_S, &seconds) < 0) {
        text_printf(error, "--for takes %d to %d seconds", SHORTEST_S, LONGEST_S);
        return -EINVAL;
    }
    ((struct cli_arguments *)target)->duration_s = (unsigned)seconds;
    return 0;
}

enum {
    TAKES_OPENINGS = TAKES_MATRIX | TAKES_EXPORT,
    TAKES_SITE = TAKES_LINT | TAKES_EXPECT | TAKES_EXPLAIN | TAKES_OPENINGS | TAKES_RESPOND,
    TAKES_ALL = TAKES_SITE | TAKES_RULES | TAKES_DIFF | TAKES_ADOPT,
};

static const struct option_row options[] = {
    {"help", 'h', TAKES_ALL, NULL, "this page", set_help},
    {"config", 'C', TAKES_SITE, "PATH", "site.conf, or the folder that holds it", set_config},
    {"guides", 'G', TAKES_ALL, "DIR", "look for guides here first; may be repeated", set_guide_dir},
    {"hostname", 'H', TAKES_EXPECT | TAKES_OPENINGS | TAKES_DIFF | TAKES_RESPOND, "HOST",
     "this host alone, by name, alias or address", set_host},
    {"vantage", 0, TAKES_EXPECT | TAKES_EXPLAIN, "NAME", "where the probes leave from (this machine's)", set_vantage},
    {"with-vantage", 0, TAKES_OPENINGS, "NAME", "what this vantage needs for its probes as well", set_vantage},
    {"rest", 0, TAKES_EXPORT, "WHAT", "drop what no rule lets through, or only count it (drop)", set_rest},
    {"timeout", 't', TAKES_EXPLAIN, "SEC", "end by then (30)", set_timeout},
    {"format", 0, TAKES_EXPECT | TAKES_DIFF, "FORM", NULL, set_form},
    {"output-format", 0, TAKES_EXPECT | TAKES_DIFF, "FORM", "text, tsv or json", set_form},
    {"format", 0, TAKES_RULES, "FORM", NULL, set_rules_form},
    {"output-format", 0, TAKES_RULES, "FORM", "text, tsv, json or markdown", set_rules_form},
    {"format", 0, TAKES_MATRIX, "FORM", "text, csv, html, json or tsv", set_matrix_form},
    {"explain", 0, TAKES_EXPECT, NULL, "tell where each parameter's value comes from", set_explain},
    {"errata", 0, TAKES_RULES, NULL, "only rules that deviate from what the guide prints", set_errata},
    {"recording", 0, TAKES_ADOPT, "FILE", "listeners as they were recorded, instead of the kernel's", set_recording},
    {"netns", 0, TAKES_ADOPT, "PATH", "the listeners of this network namespace", set_netns},
    {"name", 0, TAKES_ADOPT, "NAME", "the host's name (this machine's)", set_name},
    {"top", 0, TAKES_ADOPT, "N", "tell so many components that fit (5)", set_top},
    {"output", 0, TAKES_ADOPT, "FILE", "write the proposal there; never over a file", set_output},
    {"key", 0, TAKES_RESPOND, "FILE", "the key that both sides of the test know", set_key},
    {"make-key", 0, TAKES_RESPOND, "FILE", "write a new key there, and do nothing else", set_make_key},
    {"for", 0, TAKES_RESPOND, "SEC", "end after so many seconds (600)", set_duration},
    {"colour", 0, TAKES_EXPLAIN, "WHEN", "auto, always or never", set_colour},
    {NULL, 0, 0, NULL, NULL, NULL},
};

/* --- reading ----------------------------------------------------------------------------------------------------- */

static int print_help(const struct command *command)
{
    struct text out = {0};
    text_printf(&out, "Usage: portconform %s %s\nTells %s.\n", command->name, command->usage, command->summary);
    options_help(options, command->options, &out);
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
        status = print_help(command);
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
