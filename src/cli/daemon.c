/* Asking portconformd: the options of its commands, and the answer. */
#include "daemon.h"

#include "portconform/error.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* --- options ------------------------------------------------------------------------------------------------------ */

static int set_form(void *field, const char *value, struct text *error)
{
    static const char *const names[] = {"text", "json", NULL};
    int form = options_choice("form", value, names, error);
    if (form < 0)
        return form;
    *(const char **)field = names[form];
    return 0;
}

/* Kept as the word that it is: it goes on to the daemon. */
static int set_most(void *field, const char *value, struct text *error)
{
    static const struct option_range range = {"--most", 1, 100000, ""};
    unsigned most;
    int r = options_number(value, &range, &most, error);
    if (r < 0)
        return r;
    *(const char **)field = value;
    return 0;
}

enum { ASKS_ALL = ASKS_STATUS | ASKS_HISTORY | ASKS_CHECK_NOW | ASKS_RELOAD };

#define WORD(member) OPTION_WORD(struct daemon_arguments, member)
#define FLAG(member) OPTION_FLAG(struct daemon_arguments, member)
#define AT(member)   offsetof(struct daemon_arguments, member)

static const struct option_row options[] = {
    {"help", 'h', ASKS_ALL, NULL, "this page", FLAG(help)},
    {"control", 0, ASKS_ALL, "PATH", "where portconformd answers", WORD(socket)},
    {"format", 0, ASKS_STATUS | ASKS_HISTORY, "FORM", NULL, set_form, AT(form)},
    {"output-format", 0, ASKS_STATUS | ASKS_HISTORY, "FORM", "text or json", set_form, AT(form)},
    {"most", 0, ASKS_HISTORY, "N", "the newest so many (100)", set_most, AT(most)},
    {"no-wait", 0, ASKS_CHECK_NOW, NULL, "do not wait until the look is done", FLAG(no_wait)},
    {"timeout", 't', ASKS_ALL, "SEC", "give up waiting by then", cli_set_timeout, AT(timeout_s)},
    {"colour", 0, ASKS_STATUS | ASKS_CHECK_NOW, "WHEN", "auto, always or never", check_set_colour, AT(colour)},
    {NULL, 0, 0, NULL, NULL, NULL, 0},
};

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
        status = cli_tell_options(command, options, users);
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
