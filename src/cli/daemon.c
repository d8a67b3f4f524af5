/* Asking portconformd: the options of its commands, and the answer. */
#include "daemon.h"

#include "portconform/error.h"
#include "portconform/number.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { TIMEOUT_MAX_S = 3600, MOST_MAX = 100000 };

/* --- options ------------------------------------------------------------------------------------------------------ */

static int set_help(void *target, const char *value, struct text *error)
{
    (void)value;
    (void)error;
    ((struct daemon_arguments *)target)->help = true;
    return 0;
}

static int set_socket(void *target, const char *value, struct text *error)
{
    (void)error;
    ((struct daemon_arguments *)target)->socket = value;
    return 0;
}

static int set_form(void *target, const char *value, struct text *error)
{
    static const char *const names[] = {"text", "json", NULL};
    for (size_t i = 0; names[i]; i++) {
        if (strcmp(names[i], value) == 0) {
            ((struct daemon_arguments *)target)->form = names[i];
            return 0;
        }
    }
    return options_unknown(error, "form", value, names);
}

static int set_most(void *target, const char *value, struct text *error)
{
    int64_t most = 0;
    if (number_parse(value, 1, MOST_MAX, &most) < 0) {
        text_printf(error, "--most takes 1 to %d", MOST_MAX);
        return -EINVAL;
    }
    ((struct daemon_arguments *)target)->most = value;
    return 0;
}

static int set_no_wait(void *target, const char *value, struct text *error)
{
    (void)value;
    (void)error;
    ((struct daemon_arguments *)target)->no_wait = true;
    return 0;
}

static int set_timeout(void *target, const char *value, struct text *error)
{
    int64_t seconds = 0;
    if (number_parse(value, 1, TIMEOUT_MAX_S, &seconds) < 0) {
        text_printf(error, "--timeout takes 1 to %d seconds", TIMEOUT_MAX_S);
        return -EINVAL;
    }
    ((struct daemon_arguments *)target)->timeout_s = (unsigned)seconds;
    return 0;
}

static int set_colour(void *target, const char *value, struct text *error)
{
    static const char *const names[] = {"auto", "always", "never", NULL};
    for (size_t i = 0; names[i]; i++) {
        if (strcmp(names[i], value) == 0) {
            ((struct daemon_arguments *)target)->colour = (enum check_colour)i;
            return 0;
        }
    }
    return options_unknown(error, "colour", value, names);
}

enum { ASKS_ALL = ASKS_STATUS | ASKS_HISTORY | ASKS_CHECK_NOW | ASKS_RELOAD };

static const struct option_row options[] = {
    {"help", 'h', ASKS_ALL, NULL, "this page", set_help},
    {"socket", 0, ASKS_ALL, "PATH", "where portconformd answers", set_socket},
    {"format", 0, ASKS_STATUS | ASKS_HISTORY, "FORM", NULL, set_form},
    {"output-format", 0, ASKS_STATUS | ASKS_HISTORY, "FORM", "text or json", set_form},
    {"most", 0, ASKS_HISTORY, "N", "the newest so many (100)", set_most},
    {"no-wait", 0, ASKS_CHECK_NOW, NULL, "do not wait until the look is done", set_no_wait},
    {"timeout", 't', ASKS_ALL, "SEC", "give up waiting by then", set_timeout},
    {"colour", 0, ASKS_STATUS | ASKS_CHECK_NOW, "WHEN", "auto, always or never", set_colour},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static int print_help(const struct command *command, unsigned users)
{
    struct text out = {0};
    text_printf(&out, "Usage: portconform %s %s\nTells %s.\n", command->name, command->usage, command->summary);
    options_help(options, users, &out);
    if (command->notes)
        text_printf(&out, "\n%s", command->notes);
    return cli_finish(&out, STATUS_OK);
}

int daemon_arguments_read(const struct command *command, unsigned users, unsigned timeout_s, int argc, char **argv,
                          struct daemon_arguments *ret)
{
    struct text error = {0};
    int operands = 0;
    int status = CLI_GO_ON;
    *ret = (struct daemon_arguments){.form = "text", .timeout_s = timeout_s};
    int r = options_parse(options, users, ret, argc, argv, &operands, &error);
    if (r < 0)
        status = cli_fail("%s: %s", command->name, r == -EINVAL ? text_string(&error) : pc_strerror(r));
    else if (ret->help)
        status = print_help(command, users);
    ret->operands = argv + operands;
    ret->operand_count = (size_t)(argc - operands);
    text_done(&error);
    return status;
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

/* Errors of a configuration stand on lines of their own, as lint prints them; a sentence gets our name. */
static int tell_error(const struct control_frame *frame)
{
    if (frame->status != STATUS_ERRORS)
        return cli_fail("%s", text_string(&frame->text));
    struct text lines = {0};
    for (const char *at = text_string(&frame->text); *at;) {
        size_t length = strcspn(at, "\n");
        text_escape(&lines, at, length, ESCAPE_TEXT, 0);
        text_add(&lines, "\n");
        at += length + (at[length] == '\n');
    }
    fputs(text_string(&lines), stderr);
    text_done(&lines);
    return STATUS_ERRORS;
}

int daemon_ask(const struct daemon_arguments *arguments, const char *command, const char *const *words)
{
    const struct control_request request = {
        .socket = arguments->socket,
        .command = command,
        .columns = check_columns(),
        .colour = check_colour_wanted(arguments->colour),
        .words = words,
        .deadline_mono_ms = moment_now().mono_ms + (int64_t)arguments->timeout_s * 1000,
    };
    struct control_frame frame = {0};
    struct text error = {0};
    int status;
    if (control_ask(&request, &frame, &error) < 0)
        status = cli_fail("%s", text_string(&error));
    else if (frame.kind == CONTROL_ERROR)
        status = tell_error(&frame);
    else {
        status = frame.status;
        int r = check_print(&frame.text);
        if (r < 0 && r != -EPIPE)
            status = cli_fail("cannot write: %s", pc_strerror(r));
    }
    text_done(&frame.text);
    text_done(&error);
    return status;
}
