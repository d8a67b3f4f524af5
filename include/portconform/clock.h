/* Time is passed in: a moment holds both clocks, taken together by whoever schedules. Deadlines and ages use the
 * monotonic one, printed dates the other. Tests build moments by hand. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct moment {
    int64_t mono_ms; /* CLOCK_BOOTTIME, milliseconds */
    int64_t wall_ms; /* CLOCK_REALTIME, milliseconds since 1970-01-01 UTC */
};

struct moment moment_now(void);
int64_t clock_mono_us(void); /* CLOCK_MONOTONIC in microseconds, for round-trip times */

/* "14:02:31" and "2026-11-20T09:12:44.123+09:00" (RFC 3339, local time zone); CLOCK_TEXT octets are enough. */
enum { CLOCK_TEXT = 48 };
const char *clock_format_time(int64_t wall_ms, char *buffer, size_t size);
const char *clock_format_rfc3339(int64_t wall_ms, char *buffer, size_t size);

/* The other way round: "2026-11-20T14:02:31+09:00", with a fraction or without, "Z" too. 0 or -EINVAL. */
int clock_parse_rfc3339(const char *text, int64_t *ret_wall_ms);

/* The end of the local day "2026-12-20": the first millisecond after it. 0 or -EINVAL. */
int clock_parse_day_end(const char *text, int64_t *ret_wall_ms);
