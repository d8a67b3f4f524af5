/* The log: one write a line, so that lines of several threads do not mix, and no octet that could forge another line.
 * A pipe or socket that nobody reads stops nobody: lines are lost then, and the next that gets through says how many.
 */
#include "portconform/log.h"
#include "portconform/text.h"
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/uio.h>
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

static unsigned lost; /* lines, atomic */

/* As write(2), but what would wait is -1 with EAGAIN. Files and terminals do not know how, and do not wait for long. */
static ssize_t write_at_once(const char *octets, size_t length)
{
    const struct iovec part = {.iov_base = (void *)(uintptr_t)octets, .iov_len = length};
    ssize_t n = pwritev2(STDERR_FILENO, &part, 1, -1, RWF_NOWAIT);
    struct stat status;
    if (n >= 0 || (errno == EAGAIN && fstat(STDERR_FILENO, &status) == 0 && !S_ISREG(status.st_mode)) || errno == EPIPE)
        return n;
    return write(STDERR_FILENO, octets, length);
}

/* Nobody is left to tell when the log itself cannot be written, and a log never stops its program. */
static void put(struct text *line)
{
    unsigned before = __atomic_exchange_n(&lost, 0, __ATOMIC_RELAXED);
    if (before > 0)
        text_printf(line, "%u lines of this log are lost: nobody read it\n", before);
    if (line->failed || write_at_once(line->data, line->length) < 0) {
        __atomic_add_fetch(&lost, before + 1, __ATOMIC_RELAXED);
        errno = 0;
    }
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
    put(&line);
    text_done(&message);
    text_done(&line);
}
