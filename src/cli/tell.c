/* Failures, diagnostics and wrapped text of the commands. */
#include "command.h"

#include "portconform/error.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int cli_fail(const char *format, ...)
{
    struct text line = {0};
    va_list args;
    va_start(args, format);
    text_vprintf(&line, format, args);
    va_end(args);
    struct text safe = {0};
    text_escape_string(&safe, text_string(&line), ESCAPE_TEXT);
    fprintf(stderr, "portconform: %s\n", text_string(&safe));
    text_done(&safe);
    text_done(&line);
    return STATUS_UNKNOWN;
}

void cli_print_diags(struct diag_list *diags, enum diag_level least)
{
    diag_list_sort(diags);
    for (size_t i = 0; i < diags->count; i++)
        if (diags->items[i].level >= least)
            diag_print(&diags->items[i], stderr);
}

int cli_rejected(struct diag_list *diags, int code)
{
    cli_print_diags(diags, DIAG_ERROR);
    return diags->errors > 0 ? STATUS_UNKNOWN : cli_fail("%s", pc_strerror(code));
}

int cli_finish(struct text *out, int status)
{
    int r = check_print(out);
    text_done(out);
    if (r == -EPIPE) /* the reader has seen enough */
        return STATUS_UNKNOWN;
    return r < 0 ? cli_fail("cannot write: %s", pc_strerror(r)) : status;
}

void cli_wrap(struct text *out, const char *string, unsigned at, unsigned indent, unsigned columns)
{
    bool first = true;
    for (const char *word = string + strspn(string, " \t\n"); *word;) {
        size_t length = strcspn(word, " \t\n");
        struct text piece = {0};
        text_add_n(&piece, word, length);
        unsigned width = (unsigned)text_columns(text_string(&piece));
        if (!first && columns > indent && at + 1 + width > columns) {
            text_printf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (!first) {
            text_add(out, " ");
            at++;
        }
        text_escape_string(out, text_string(&piece), ESCAPE_TEXT);
        out->failed = out->failed || piece.failed;
        at += width;
        first = false;
        text_done(&piece);
        word += length;
        word += strspn(word, " \t\n");
    }
}
