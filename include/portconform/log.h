/* The log of a program: lines to a stream, as the journal reads them (sd-daemon(3) "<6>" prefixes when asked for).
 * Only programs log; libraries return. */
#pragma once

#include <stdbool.h>
#include <syslog.h>

void log_open(bool journal_prefix, int threshold); /* threshold: a syslog level, LOG_DEBUG tells all */
void log_line(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));
