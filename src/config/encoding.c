/* What an editor may have done to a file: another encoding, a byte order mark, stray control characters. libconfig
 * answers all of these with a bare "syntax error". */
#include "encoding.h"

#include "portconform/error.h"
#include "portconform/text.h"
#include <string.h>

/* EUC-JP and CP932 by the shape of their pairs. Only asked when the file is no UTF-8, to word the hint. */
static bool looks_like_euc_jp(const unsigned char *octets, size_t length)
{
    size_t i = 0;
    while (i < length) {
        unsigned char c = octets[i];
        if (c < 0x80) {
            i++;
            continue;
        }
        if (c == 0x8e || (c >= 0xa1 && c <= 0xfe)) {
            if (i + 1 >= length || octets[i + 1] < 0xa1 || octets[i + 1] > 0xfe)
                return false;
            i += 2;
            continue;
        }
        return false;
    }
    return true;
}

static bool looks_like_cp932(const unsigned char *octets, size_t length)
{
    size_t i = 0, pairs = 0;
    while (i < length) {
        unsigned char c = octets[i];
        if (c < 0x80 || (c >= 0xa1 && c <= 0xdf)) { /* ASCII, half-width katakana */
            i++;
            continue;
        }
        bool lead = (c >= 0x81 && c <= 0x9f) || (c >= 0xe0 && c <= 0xfc);
        if (!lead || i + 1 >= length)
            return false;
        unsigned char trail = octets[i + 1];
        if (trail < 0x40 || trail == 0x7f || trail > 0xfc)
            return false;
        i += 2;
        pairs++;
    }
    return pairs > 0; /* Latin-1 alone would pass for half-width katakana */
}

static const char *encoding_hint(const char *octets, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)octets;
    if (looks_like_euc_jp(bytes, length))
        return "it looks like EUC-JP; convert it: iconv -f EUC-JP -t UTF-8";
    if (looks_like_cp932(bytes, length))
        return "it looks like Shift_JIS (CP932); convert it: iconv -f CP932 -t UTF-8";
    return "save the file as UTF-8";
}

static struct origin place_of(const char *octets, size_t offset, const char *file)
{
    struct origin origin = {.file = file, .line = 1, .column = 1};
    for (size_t i = 0; i < offset; i++) {
        if (octets[i] == '\n') {
            origin.line++;
            origin.column = 1;
        } else if (((unsigned char)octets[i] & 0xc0) != 0x80) {
            origin.column++;
        }
    }
    return origin;
}

static bool is_stray_control(unsigned char c)
{
    return (c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f') || c == 0x7f;
}

static const struct {
    const char *mark;
    size_t length;
    const char *message, *hint;
} byte_order_marks[] = {
    {"\xef\xbb\xbf", 3, "the file begins with a byte order mark", "save it as \"UTF-8 without BOM\""},
    {"\xff\xfe", 2, "the file is UTF-16, not UTF-8", "convert it: iconv -f UTF-16 -t UTF-8"},
    {"\xfe\xff", 2, "the file is UTF-16, not UTF-8", "convert it: iconv -f UTF-16 -t UTF-8"},
};

int encoding_check(const char *octets, size_t length, const char *file, struct diag_list *diags)
{
    for (size_t i = 0; i < sizeof(byte_order_marks) / sizeof(byte_order_marks[0]); i++) {
        if (length >= byte_order_marks[i].length &&
            memcmp(octets, byte_order_marks[i].mark, byte_order_marks[i].length) == 0) {
            diag_add(diags, DIAG_ERROR, (struct origin){file, 1, 1}, byte_order_marks[i].hint, "%s",
                     byte_order_marks[i].message);
            return PC_ESYNTAX;
        }
    }
    size_t bad = length;
    (void)text_utf8_valid(octets, length, &bad);
    for (size_t i = 0; i < length && i < bad; i++) {
        if (!is_stray_control((unsigned char)octets[i]))
            continue;
        struct origin origin = place_of(octets, i, file);
        if (octets[i] == '\0')
            diag_add(diags, DIAG_ERROR, origin, "is this a text file?", "a NUL octet");
        else
            diag_add(diags, DIAG_ERROR, origin, NULL, "a control character (0x%02X)", (unsigned char)octets[i]);
        return PC_ESYNTAX;
    }
    if (!text_utf8_valid(octets, length, &bad)) {
        diag_add(diags, DIAG_ERROR, place_of(octets, bad, file), encoding_hint(octets, length),
                 "the octet 0x%02X is not UTF-8 here", (unsigned char)octets[bad]);
        return PC_ESYNTAX;
    }
    return 0;
}

size_t encoding_decode(const char *octets, unsigned *ret_codepoint)
{
    const unsigned char *c = (const unsigned char *)octets;
    if (c[0] < 0x80) {
        *ret_codepoint = c[0];
        return 1;
    }
    size_t length = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
    unsigned value = c[0] & (0xffU >> (length + 1));
    for (size_t i = 1; i < length; i++)
        value = value << 6 | (c[i] & 0x3fU);
    *ret_codepoint = value;
    return length;
}
