/* The log: one write a line, so that lines of several threads do not mix, and no octet that could forge another line.
 */
#include "portconform/log.h"
#include "portconform/text.h"
#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

static struct {
    bool journal_prefix;
    int threshold;
} log_settings = {false, LOG_INFO};

void log_open(bool journal_prefix, int threshold)
{
    log_settings.journal_prefix = journal_prefix;
    log_settings.threshold = threshold;
}

void log_line(int level, const char *format, ...)
{
    if (level > log_settings.threshold)
        return;
    struct text message = {0};
    struct text line = {0};
    va_list args;
    va_start(args, format);
    text_vprintf(&message, format, args);
    va_end(args);
    if (log_settings.journal_prefix)
        text_printf(&line, "<%d>", level);
    else
        text_printf(&line, "%s: ", program_invocation_short_name);
    text_escape(&line, text_string(&message), message.length, ESCAPE_TEXT, 0);
    text_add(&line, "\n");
    /* Nobody is left to tell when the log itself cannot be written, and a log never stops its program. */
    if (!line.failed && write(STDERR_FILENO, line.data, line.length) < 0)
        errno = 0;
    text_done(&message);
    text_done(&line);
}
