/* Escaping: how octets that are not ours become text that can neither steer a terminal nor forge a line.
 *
 * Everything that reaches a terminal, a log, a monitoring core or a web page and was said by somebody else (a banner, a
 * path, a certificate's name, a recorded file) comes through here, once.
 */
#include "portconform/text.h"
#include <errno.h>
#include <string.h>
#include <wchar.h>

enum { PIECE_MAX = 16 }; /* the longest piece: four octets as \xHH */

/* By lead octet: length of the sequence, the bits it carries, and the smallest character that needs that length. */
static const struct {
    unsigned char first, last;
    unsigned char length;
    unsigned char mask;
    uint32_t smallest;
} utf8_leads[] = {
    {0x00, 0x7f, 1, 0x7f, 0},
    {0xc2, 0xdf, 2, 0x1f, 0x80},
    {0xe0, 0xef, 3, 0x0f, 0x800},
    {0xf0, 0xf4, 4, 0x07, 0x10000},
};

uint32_t text_utf8_decode(const void *octets, size_t length, size_t *ret_length)
{
    const unsigned char *in = octets;
    *ret_length = 1;
    for (size_t i = 0; i < sizeof(utf8_leads) / sizeof(utf8_leads[0]); i++) {
        if (in[0] < utf8_leads[i].first || in[0] > utf8_leads[i].last)
            continue;
        const size_t need = utf8_leads[i].length;
        if (need > length)
            return UINT32_MAX;
        uint32_t character = in[0] & utf8_leads[i].mask;
        for (size_t k = 1; k < need; k++) {
            if ((in[k] & 0xc0) != 0x80)
                return UINT32_MAX;
            character = character << 6 | (in[k] & 0x3f);
        }
        const bool surrogate = character >= 0xd800 && character <= 0xdfff;
        if (character < utf8_leads[i].smallest || character > 0x10ffff || surrogate)
            return UINT32_MAX;
        *ret_length = need;
        return character;
    }
    return UINT32_MAX;
}

size_t text_utf8_count(const void *octets, size_t length)
{
    const unsigned char *in = octets;
    size_t count = 0;
    while (length) {
        size_t used;
        text_utf8_decode(in, length, &used);
        in += used;
        length -= used;
        count++;
    }
    return count;
}

bool text_utf8_valid(const void *octets, size_t length, size_t *ret_bad)
{
    const unsigned char *in = octets;
    for (size_t at = 0; at < length;) {
        size_t used;
        if (text_utf8_decode(in + at, length - at, &used) == UINT32_MAX) {
            if (ret_bad)
                *ret_bad = at;
            return false;
        }
        at += used;
    }
    return true;
}

/* Characters that are not letters but orders: to a terminal, a line reader or the bidirectional algorithm. */
static const struct {
    uint32_t first, last;
} orders[] = {
    {0x00, 0x1f},     /* C0 */
    {0x7f, 0x9f},     /* DEL and C1 */
    {0x061c, 0x061c}, /* Arabic letter mark */
    {0x200e, 0x200f}, /* left-to-right, right-to-left mark */
    {0x2028, 0x202e}, /* line and paragraph separator; embeddings and overrides */
    {0x2066, 0x2069}, /* isolates */
};

static bool escape_needed(uint32_t character, enum escape_style style)
{
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
        if (character >= orders[i].first && character <= orders[i].last)
            return true;
    switch (style) {
    case ESCAPE_TEXT:
    case ESCAPE_PLUGIN:
        return false;
    case ESCAPE_ASCII:
        return character > 0x7e;
    case ESCAPE_WORD:
        return character == ' ' || character == '\\' || character == 0x3000;
    }
    return true;
}

struct piece {
    char octets[PIECE_MAX];
    size_t length;
    size_t columns;
};

static void piece_of_hex(struct piece *piece, const unsigned char *octets, size_t count)
{
    static const char digits[] = "0123456789abcdef";
    piece->length = 0;
    for (size_t i = 0; i < count; i++) {
        piece->octets[piece->length++] = '\\';
        piece->octets[piece->length++] = 'x';
        piece->octets[piece->length++] = digits[octets[i] >> 4];
        piece->octets[piece->length++] = digits[octets[i] & 0xf];
    }
    piece->columns = piece->length;
}

/* The first character of `octets` as it is to be written. Returns how many octets it was. */
static size_t piece_next(struct piece *piece, const unsigned char *octets, size_t length, enum escape_style style)
{
    static const char named[] = "\nn\rr\tt";
    size_t used;
    const uint32_t character = text_utf8_decode(octets, length, &used);
    for (size_t i = 0; i < sizeof(named) - 1; i += 2) {
        if (character == (unsigned char)named[i]) {
            memcpy(piece->octets, (const char[]){'\\', named[i + 1]}, 2);
            piece->length = piece->columns = 2;
            return used;
        }
    }
    if (character == UINT32_MAX || escape_needed(character, style)) {
        piece_of_hex(piece, octets, used);
        return used;
    }
    memcpy(piece->octets, octets, used);
    if (style == ESCAPE_PLUGIN && character == '|')
        piece->octets[0] = '/';
    piece->length = used;
    const int width = wcwidth((wchar_t)character);
    piece->columns = width < 0 ? 1 : (size_t)width;
    return used;
}

void text_escape(struct text *text, const void *octets, size_t length, enum escape_style style, size_t max)
{
    static const char dots[] = "...";
    const size_t dots_columns = max < 3 ? max : 3;
    const unsigned char *in = octets;
    size_t columns = 0;
    size_t cut = text->length; /* where the dots go, should the rest not fit */
    while (length) {
        struct piece piece;
        const size_t used = piece_next(&piece, in, length, style);
        if (max && columns + piece.columns > max) {
            if (!text->failed) {
                text->length = cut;
                text_add_n(text, dots, dots_columns);
            }
            return;
        }
        text_add_n(text, piece.octets, piece.length);
        columns += piece.columns;
        if (columns + dots_columns <= max)
            cut = text->length;
        in += used;
        length -= used;
    }
}

void text_escape_string(struct text *text, const char *string, enum escape_style style)
{
    text_escape(text, string, strlen(string), style, 0);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int text_unescape(struct text *text, const char *string, size_t length)
{
    for (size_t at = 0; at < length;) {
        char octet = string[at];
        size_t used = 1;
        if (octet == '\\') {
            const char *const named = at + 1 < length && string[at + 1] ? strchr("n\nr\rt\t", string[at + 1]) : NULL;
            if (at + 3 < length && string[at + 1] == 'x') {
                const int high = hex_digit(string[at + 2]);
                const int low = hex_digit(string[at + 3]);
                if (high < 0 || low < 0 || (high == 0 && low == 0))
                    return -EINVAL;
                octet = (char)(high << 4 | low);
                used = 4;
            } else if (named && named[0] >= 'a') {
                octet = named[1];
                used = 2;
            } else {
                return -EINVAL;
            }
        }
        text_add_n(text, &octet, 1);
        at += used;
    }
    return 0;
}
