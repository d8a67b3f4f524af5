/* Both clocks, and dates as people write them. */
#include "portconform/clock.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MS_PER_S = 1000, NS_PER_MS = 1000000, NS_PER_US = 1000, US_PER_S = 1000000 };

static int64_t clock_read_ms(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

struct moment moment_now(void)
{
    return (struct moment){.mono_ms = clock_read_ms(CLOCK_BOOTTIME), .wall_ms = clock_read_ms(CLOCK_REALTIME)};
}

int64_t clock_mono_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / NS_PER_US;
}

/* Splits into seconds and 0..999 milliseconds, before 1970 too. */
static time_t clock_split(int64_t wall_ms, int *ret_ms)
{
    int64_t seconds = wall_ms / MS_PER_S;
    int64_t rest = wall_ms % MS_PER_S;
    if (rest < 0) {
        rest += MS_PER_S;
        seconds--;
    }
    *ret_ms = (int)rest;
    return (time_t)seconds;
}

const char *clock_format_time(int64_t wall_ms, char *buffer, size_t size)
{
    int ms;
    const time_t seconds = clock_split(wall_ms, &ms);
    struct tm local;
    if (!localtime_r(&seconds, &local))
        memset(&local, 0, sizeof(local));
    snprintf(buffer, size, "%02d:%02d:%02d", local.tm_hour, local.tm_min, local.tm_sec);
    return buffer;
}

const char *clock_format_rfc3339(int64_t wall_ms, char *buffer, size_t size)
{
    int ms;
    const time_t seconds = clock_split(wall_ms, &ms);
    struct tm local;
    if (!localtime_r(&seconds, &local)) {
        snprintf(buffer, size, "-");
        return buffer;
    }
    const long offset = local.tm_gmtoff / 60;
    const long minutes = offset < 0 ? -offset : offset;
    snprintf(buffer, size, "%04ld-%02d-%02dT%02d:%02d:%02d.%03d%c%02ld:%02ld", local.tm_year + 1900L, local.tm_mon + 1,
             local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec, ms, offset < 0 ? '-' : '+', minutes / 60,
             minutes % 60);
    return buffer;
}

/* Reads exactly `digits` digits and moves on. */
static bool clock_take_digits(const char **text, int digits, int *ret)
{
    int number = 0;
    for (int i = 0; i < digits; i++) {
        const char c = (*text)[i];
        if (c < '0' || c > '9')
            return false;
        number = number * 10 + (c - '0');
    }
    *text += digits;
    *ret = number;
    return true;
}

static bool clock_take(const char **text, char wanted)
{
    if (**text != wanted)
        return false;
    ++*text;
    return true;
}

static int clock_days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

/* "2026-12-20"; a date that the calendar has. */
static bool clock_take_date(const char **text, struct tm *ret)
{
    int year;
    int month;
    int day;
    if (!clock_take_digits(text, 4, &year) || !clock_take(text, '-') || !clock_take_digits(text, 2, &month) ||
        !clock_take(text, '-') || !clock_take_digits(text, 2, &day))
        return false;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > clock_days_of_month(year, month))
        return false;
    *ret = (struct tm){.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
    return true;
}

int clock_parse_day_end(const char *text, int64_t *ret_wall_ms)
{
    struct tm day;
    if (!clock_take_date(&text, &day) || *text)
        return -EINVAL;
    day.tm_mday++; /* mktime(3) carries over, and knows the days that have 23 or 25 hours */
    day.tm_isdst = -1;
    errno = 0;
    const time_t end = mktime(&day);
    if (end == (time_t)-1 && errno)
        return -EINVAL;
    *ret_wall_ms = (int64_t)end * MS_PER_S;
    return 0;
}

/* "14:02:31" and a fraction, of which milliseconds are kept. */
static bool clock_take_time(const char **text, struct tm *tm, int *ret_ms)
{
    if (!clock_take_digits(text, 2, &tm->tm_hour) || !clock_take(text, ':') ||
        !clock_take_digits(text, 2, &tm->tm_min) || !clock_take(text, ':') || !clock_take_digits(text, 2, &tm->tm_sec))
        return false;
    if (tm->tm_hour > 23 || tm->tm_min > 59 || tm->tm_sec > 60)
        return false;
    *ret_ms = 0;
    if (!clock_take(text, '.'))
        return true;
    int weight = 100;
    if (**text < '0' || **text > '9')
        return false;
    for (; **text >= '0' && **text <= '9'; ++*text) {
        *ret_ms += (**text - '0') * weight;
        weight /= 10;
    }
    return true;
}

/* "Z" or "+09:00", in seconds east of UTC. */
static bool clock_take_offset(const char **text, int *ret_seconds)
{
    if (clock_take(text, 'Z')) {
        *ret_seconds = 0;
        return true;
    }
    const bool west = **text == '-';
    if (!clock_take(text, west ? '-' : '+'))
        return false;
    int hours;
    int minutes;
    if (!clock_take_digits(text, 2, &hours) || !clock_take(text, ':') || !clock_take_digits(text, 2, &minutes))
        return false;
    if (hours > 23 || minutes > 59)
        return false;
    *ret_seconds = (hours * 60 + minutes) * (west ? -60 : 60);
    return true;
}

int clock_parse_rfc3339(const char *text, int64_t *ret_wall_ms)
{
    struct tm tm;
    int ms;
    int offset_s;
    if (!clock_take_date(&text, &tm) || !clock_take(&text, 'T') || !clock_take_time(&text, &tm, &ms) ||
        !clock_take_offset(&text, &offset_s) || *text)
        return -EINVAL;
    *ret_wall_ms = ((int64_t)timegm(&tm) - offset_s) * MS_PER_S + ms;
    return 0;
}
