/* Cells: a member of an item as the value of an object. */
#include "internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ADMIN_STRING_MAX = 255, TEXT_MAX = 1024 }; /* of SnmpAdminString and PcText */
enum { TRUTH_TRUE = 1, TRUTH_FALSE = 2 };         /* RFC 2579 */

static_assert(sizeof(enum verdict) == sizeof(unsigned) && sizeof(enum transport) == sizeof(unsigned),
              "a code is read from its item as an unsigned");

static void value_number(struct mib_value *ret, enum mib_type type, uint64_t number)
{
    ret->type = type;
    ret->number = number;
}

/* A gauge stays at its highest value as long as it is beyond. */
static void value_gauge(struct mib_value *ret, uint64_t number)
{
    value_number(ret, MIB_GAUGE, number > UINT32_MAX ? UINT32_MAX : number);
}

static void value_octets(struct mib_value *ret, const void *octets, size_t length)
{
    ret->type = MIB_OCTETS;
    ret->octets = octets;
    ret->length = length;
}

/* Cut, where it must be, before the first octet of a UTF-8 character. */
static void value_text(struct mib_value *ret, const char *text, size_t max)
{
    size_t length = text == NULL ? 0 : strlen(text);
    if (length > max) {
        length = max;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
            length--;
    }
    value_octets(ret, text == NULL ? "" : text, length);
}

/* DateAndTime of RFC 2579 in local time with its offset; eight zeros stand for "not known". */
static void value_date(struct mib_value *ret, int64_t wall_ms)
{
    memset(ret->buffer, 0, sizeof(ret->buffer));
    value_octets(ret, ret->buffer, 8);
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;
    if (wall_ms <= 0 || localtime_r(&seconds, &tm) == NULL)
        return;
    unsigned year = (unsigned)tm.tm_year + 1900;
    long offset = tm.tm_gmtoff < 0 ? -tm.tm_gmtoff : tm.tm_gmtoff;
    unsigned char *octet = ret->buffer;
    *octet++ = (unsigned char)(year >> 8);
    *octet++ = (unsigned char)(year & 0xFF);
    *octet++ = (unsigned char)(tm.tm_mon + 1);
    *octet++ = (unsigned char)tm.tm_mday;
    *octet++ = (unsigned char)tm.tm_hour;
    *octet++ = (unsigned char)tm.tm_min;
    *octet++ = (unsigned char)tm.tm_sec;
    *octet++ = (unsigned char)(wall_ms % 1000 / 100);
    *octet++ = tm.tm_gmtoff < 0 ? '-' : '+';
    *octet++ = (unsigned char)(offset / 3600);
    *octet++ = (unsigned char)(offset / 60 % 60);
    ret->length = (size_t)(octet - ret->buffer);
}

/* InetAddressType of RFC 4001. A zone makes it ipv6z: sixteen octets, then four of zone index. */
enum { INET_UNKNOWN = 0, INET_IPV4 = 1, INET_IPV6 = 2, INET_IPV6Z = 4 };

static unsigned inet_type(const struct address *address)
{
    if (address->family == AF_INET)
        return INET_IPV4;
    if (address->family == AF_INET6)
        return address->zone == 0 ? INET_IPV6 : INET_IPV6Z;
    return INET_UNKNOWN;
}

static void value_address(struct mib_value *ret, const struct address *address)
{
    static const unsigned char lengths[] = {[INET_UNKNOWN] = 0, [INET_IPV4] = 4, [INET_IPV6] = 16, [INET_IPV6Z] = 20};
    uint32_t zone = htonl(address->zone);
    memcpy(ret->buffer, address->octets, 16);
    memcpy(ret->buffer + 16, &zone, 4);
    value_octets(ret, ret->buffer, lengths[inet_type(address)]);
}

/* Seconds from `then_ms` to `now_ms`; the highest value where there is no then. */
static void value_age(struct mib_value *ret, int64_t now_ms, int64_t then_ms)
{
    if (then_ms == 0)
        value_gauge(ret, UINT32_MAX);
    else
        value_gauge(ret, now_ms < then_ms ? 0 : (uint64_t)(now_ms - then_ms) / 1000);
}

static void value_word(struct mib_value *ret, const char *kind, const char *word)
{
    value_number(ret, MIB_INTEGER, word == NULL ? 0 : (uint64_t)(word_find(kind, word) + 1));
}

static int64_t looked_ms(const struct finding *finding, const struct finding_block *block)
{
    return block == NULL ? finding->observed_ms : finding_looked_ms(block, finding);
}

static uint64_t not_negative(int64_t number)
{
    return number < 0 ? 0 : (uint64_t)number;
}

/* The kinds that are text, and those that are dates or addresses. False: it is a number. */
static bool cell_octets(enum cell_kind kind, const void *member, const struct finding_block *block,
                        struct mib_value *ret)
{
    if (kind == CELL_NAME)
        value_text(ret, *(const char *const *)member, ADMIN_STRING_MAX);
    else if (kind == CELL_TEXT)
        value_text(ret, *(const char *const *)member, TEXT_MAX);
    else if (kind == CELL_ARRAY)
        value_text(ret, member, ADMIN_STRING_MAX);
    else if (kind == CELL_DATE)
        value_date(ret, *(const int64_t *)member);
    else if (kind == CELL_LOOKED)
        value_date(ret, looked_ms(member, block));
    else if (kind == CELL_ADDR)
        value_address(ret, member);
    else if (kind == CELL_DECIMAL)
        value_octets(ret, ret->buffer,
                     (size_t)snprintf((char *)ret->buffer, sizeof(ret->buffer), "%" PRIu64, *(const uint64_t *)member));
    else
        return false;
    return true;
}

static void cell_number(enum cell_kind kind, const void *member, struct mib_value *ret)
{
    switch (kind) {
    case CELL_CODE:
        value_number(ret, MIB_INTEGER, *(const unsigned *)member);
        break;
    case CELL_PRESENCE:
        value_word(ret, "presence", *(const char *const *)member);
        break;
    case CELL_SCOPE:
        value_word(ret, "scope", *(const char *const *)member);
        break;
    case CELL_FLAG:
        value_number(ret, MIB_INTEGER, *(const bool *)member ? TRUTH_TRUE : TRUTH_FALSE);
        break;
    case CELL_ATYPE:
        value_number(ret, MIB_INTEGER, inet_type(member));
        break;
    case CELL_PORT:
        value_gauge(ret, *(const uint16_t *)member);
        break;
    case CELL_SIZE:
        value_gauge(ret, *(const size_t *)member);
        break;
    case CELL_UINT:
    case CELL_U32:
        value_gauge(ret, *(const uint32_t *)member);
        break;
    case CELL_PID:
        value_gauge(ret, not_negative(*(const int32_t *)member));
        break;
    case CELL_MILLIS:
        value_gauge(ret, not_negative(*(const int64_t *)member));
        break;
    case CELL_GAUGE64:
        value_gauge(ret, *(const uint64_t *)member);
        break;
    case CELL_COUNTER64:
        value_number(ret, MIB_COUNTER64, *(const uint64_t *)member);
        break;
    case CELL_NAME:
    case CELL_TEXT:
    case CELL_ARRAY:
    case CELL_DATE:
    case CELL_ADDR:
    case CELL_DECIMAL:
    case CELL_LOOKED:
    case CELL_AGE_MONO:
    case CELL_AGE_WALL:
    case CELL_LOOK_AGE:
        break; /* told already */
    }
}

void mib_cell(const struct mib_column *column, const void *item, const struct finding_block *block, struct moment now,
              struct mib_value *ret)
{
    if (column->via == VIA_EVENT)
        item = ((const struct mib_event *)item)->event;
    else if (column->via == VIA_FINDING)
        item = ((const struct mib_event *)item)->finding;
    const void *member = (const char *)item + column->member;
    if (column->kind == CELL_AGE_MONO)
        value_age(ret, now.mono_ms, *(const int64_t *)member);
    else if (column->kind == CELL_AGE_WALL)
        value_age(ret, now.wall_ms, *(const int64_t *)member);
    else if (column->kind == CELL_LOOK_AGE)
        value_age(ret, now.wall_ms, looked_ms(item, block));
    else if (!cell_octets(column->kind, member, block, ret))
        cell_number(column->kind, member, ret);
}
