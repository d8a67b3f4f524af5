/* The heads of requests and replies: short lines of strict form. What comes from the other side is not trusted. */
#include "portconform/control.h"

#include <errno.h>
#include <string.h>

static const char magic[] = "PC1 ";
enum { MAGIC = sizeof(magic) - 1 };

/* The octets of the line with its end, 0: it is not whole yet, -EPROTO: it never will be one of ours. */
static int line_length(const char *octets, size_t length)
{
    size_t seen = length < MAGIC ? length : MAGIC;
    if (memcmp(octets, magic, seen) != 0)
        return -EPROTO;
    const char *end = memchr(octets, '\n', length < CONTROL_HEAD_MAX ? length : CONTROL_HEAD_MAX);
    if (end)
        return (int)(end - octets) + 1;
    return length < CONTROL_HEAD_MAX ? 0 : -EPROTO;
}

/* Decimal digits up to the end of the line, without leading zeros; at most `max`. */
static int read_length(const char *at, const char *end, size_t max, size_t *ret)
{
    size_t value = 0;
    if (at == end || (*at == '0' && at + 1 != end))
        return -EPROTO;
    for (; at < end; at++) {
        if (*at < '0' || *at > '9')
            return -EPROTO;
        value = value * 10 + (size_t)(*at - '0');
        if (value > max)
            return -EPROTO;
    }
    *ret = value;
    return 0;
}

int control_head_parse(const char *octets, size_t length, struct control_head *ret)
{
    enum { FIXED = MAGIC + 4 }; /* "R 0 " */
    int line = line_length(octets, length);
    if (line <= 0)
        return line;
    const char *at = octets + MAGIC;
    size_t size = 0;
    if (line <= FIXED || (at[0] != CONTROL_RESULT && at[0] != CONTROL_ERROR) || at[1] != ' ' || at[2] < '0' ||
        at[2] > '3' || at[3] != ' ')
        return -EPROTO;
    if (read_length(octets + FIXED, octets + line - 1, CONTROL_FRAME_MAX, &size) < 0)
        return -EPROTO;
    *ret = (struct control_head){at[0] == CONTROL_RESULT ? CONTROL_RESULT : CONTROL_ERROR, at[2] - '0', size};
    return line;
}

int control_request_head_parse(const char *octets, size_t length, size_t *ret_length)
{
    int line = line_length(octets, length);
    if (line <= 0)
        return line;
    return read_length(octets + MAGIC, octets + line - 1, CONTROL_REQUEST_MAX, ret_length) < 0 ? -EPROTO : line;
}
