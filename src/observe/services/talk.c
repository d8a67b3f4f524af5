/* How octets that may still be incomplete are compared and taken apart. */
#include "talk.h"

#include <string.h>

enum { QUOTE_COLUMNS = 60 };

enum match talk_begins(const struct service_talk *talk, size_t offset, const void *literal, size_t length)
{
    size_t have = offset < talk->length ? talk->length - offset : 0;
    size_t compared = have < length ? have : length;
    if (compared > 0 && memcmp(talk->heard + offset, literal, compared) != 0)
        return MATCH_NO;
    return have < length ? MATCH_PART : MATCH_YES;
}

enum match talk_begins_text(const struct service_talk *talk, size_t offset, const char *literal)
{
    return talk_begins(talk, offset, literal, strlen(literal));
}

enum service_verdict talk_decide(enum match match, enum service_verdict yes)
{
    switch (match) {
    case MATCH_NO:
        return SERVICE_WRONG;
    case MATCH_PART:
        return SERVICE_MORE;
    case MATCH_YES:
        return yes;
    }
    return SERVICE_WRONG;
}

struct line talk_line_so_far(const struct service_talk *talk, size_t offset)
{
    if (offset >= talk->length)
        return (struct line){.octets = talk->heard, .length = 0};
    const uint8_t *begin = talk->heard + offset;
    const uint8_t *end = memchr(begin, '\n', talk->length - offset);
    size_t length = end ? (size_t)(end - begin) : talk->length - offset;
    if (length > 0 && begin[length - 1] == '\r')
        length--;
    return (struct line){.octets = begin, .length = length};
}

bool talk_line(const struct service_talk *talk, size_t *offset, struct line *ret)
{
    if (*offset >= talk->length)
        return false;
    const uint8_t *end = memchr(talk->heard + *offset, '\n', talk->length - *offset);
    if (!end)
        return false;
    *ret = talk_line_so_far(talk, *offset);
    *offset = (size_t)(end - talk->heard) + 1;
    return true;
}

static uint8_t lower(uint8_t octet)
{
    return octet >= 'A' && octet <= 'Z' ? (uint8_t)(octet | 0x20) : octet;
}

static bool has_at(struct line line, size_t at, const char *word, size_t length)
{
    size_t same = 0;
    while (same < length && at + same < line.length && lower(line.octets[at + same]) == lower((uint8_t)word[same]))
        same++;
    return same == length;
}

bool line_has(struct line line, const char *word)
{
    size_t length = strlen(word);
    for (size_t at = 0; at + length <= line.length; at++)
        if (has_at(line, at, word, length))
            return true;
    return false;
}

static bool is_letter(uint8_t octet)
{
    return lower(octet) >= 'a' && lower(octet) <= 'z';
}

bool line_has_alone(struct line line, const char *word, bool whole)
{
    size_t length = strlen(word);
    for (size_t at = 0; at + length <= line.length; at++) {
        size_t end = at + length;
        bool ends = end == line.length ? whole : !is_letter(line.octets[end]) && line.octets[end] != ':';
        if (has_at(line, at, word, length) && ends && (at == 0 || !is_letter(line.octets[at - 1])))
            return true;
    }
    return false;
}

void talk_quote(struct text *detail, const uint8_t *octets, size_t length)
{
    text_add(detail, "\"");
    text_escape(detail, octets, length, ESCAPE_ASCII, QUOTE_COLUMNS);
    text_add(detail, "\"");
}

void talk_quote_line(struct text *detail, struct line line)
{
    talk_quote(detail, line.octets, line.length);
}

/* --- replies and status lines ------------------------------------------------------------------------------------- */

static bool is_digit(uint8_t octet)
{
    return octet >= '0' && octet <= '9';
}

/* "NNN", then a blank, a hyphen or the end of the line, as far as it is there. */
static enum match code_at(const struct service_talk *talk, size_t offset)
{
    size_t have = offset < talk->length ? talk->length - offset : 0;
    for (size_t i = 0; i < 3; i++) {
        if (i >= have)
            return MATCH_PART;
        if (!is_digit(talk->heard[offset + i]))
            return MATCH_NO;
    }
    if (have == 3)
        return MATCH_PART;
    uint8_t behind = talk->heard[offset + 3];
    return behind == ' ' || behind == '-' || behind == '\r' || behind == '\n' ? MATCH_YES : MATCH_NO;
}

static unsigned number_at(const uint8_t *digits)
{
    return (unsigned)(digits[0] - '0') * 100 + (unsigned)(digits[1] - '0') * 10 + (unsigned)(digits[2] - '0');
}

enum match talk_reply(const struct service_talk *talk, size_t *offset, struct reply *ret)
{
    size_t at = *offset;
    enum match match = code_at(talk, at);
    struct line line;
    if (match != MATCH_YES)
        return match;
    unsigned code = number_at(talk->heard + at);
    struct line first = talk_line_so_far(talk, at);
    bool last = first.length < 4 || first.octets[3] != '-';
    do {
        if (!talk_line(talk, &at, &line))
            return MATCH_PART;
        /* FTP lets lines in between look as they like */
        last = last || (line.length >= 3 && memcmp(line.octets, first.octets, 3) == 0 &&
                        (line.length == 3 || line.octets[3] == ' '));
    } while (!last);
    *offset = at;
    *ret = (struct reply){.code = code, .first = first};
    return MATCH_YES;
}

enum service_verdict talk_status(const struct service_talk *talk, const char *protocol, struct text *detail)
{
    enum match match = talk_begins_text(talk, 0, protocol);
    size_t at = strlen(protocol), end = 0;
    struct line line;
    if (match != MATCH_YES)
        return talk_decide(match, SERVICE_MORE);
    while (at < talk->length && (is_digit(talk->heard[at]) || talk->heard[at] == '.'))
        at++;
    if (at < talk->length && (talk->heard[at] != ' ' || at == strlen(protocol)))
        return SERVICE_WRONG;
    match = at < talk->length ? code_at(talk, at + 1) : MATCH_PART;
    if (match != MATCH_YES)
        return talk_decide(match, SERVICE_MORE);
    if (!talk_line(talk, &end, &line) && !talk->over)
        return SERVICE_MORE;
    struct line whole = talk_line_so_far(talk, 0);
    text_escape(detail, whole.octets, whole.length, ESCAPE_ASCII, QUOTE_COLUMNS);
    return SERVICE_PROVEN;
}

bool talk_greets_otherwise(const struct service_talk *talk, const char *own)
{
    static const char *const greetings[] = {"SSH-", "HTTP/", "RFB ", "+OK", "-ERR", "* OK", "SIP/", "RTSP/", "<?xml"};
    for (size_t i = 0; i < sizeof(greetings) / sizeof(greetings[0]); i++)
        if (strcmp(greetings[i], own) != 0 && talk_begins_text(talk, 0, greetings[i]) == MATCH_YES)
            return true;
    return code_at(talk, 0) == MATCH_YES || service_looks_like_tls(talk->heard, talk->length);
}

bool talk_is_name(const char *host)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";
    enum { NAME_MAX_OCTETS = 253 };
    size_t length = host ? strlen(host) : 0;
    return length > 0 && length <= NAME_MAX_OCTETS && strspn(host, allowed) == length;
}
