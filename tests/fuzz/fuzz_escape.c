/* Escaping and UTF-8: whatever comes in, what goes out can steer nothing. The first octet is the style, the second the
 * columns. */
#include "fuzz.h"
#include "portconform/text.h"
#include <locale.h>

static void check_plain(const struct text *text, enum escape_style style)
{
    for (size_t i = 0; i < text->length; i++) {
        const unsigned char octet = (unsigned char)text->data[i];
        FUZZ_ASSERT(octet >= 0x20 && octet != 0x7f);
        FUZZ_ASSERT(style != ESCAPE_ASCII || octet < 0x7f);
        FUZZ_ASSERT(style != ESCAPE_PLUGIN || octet != '|');
        FUZZ_ASSERT(style != ESCAPE_WORD || octet != ' ');
    }
    FUZZ_ASSERT(text_utf8_valid(text_string(text), text->length, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    FUZZ_ASSERT(setlocale(LC_CTYPE, "C.UTF-8"));
    const enum escape_style style = (enum escape_style)(data[0] % (ESCAPE_WORD + 1));
    const size_t max = data[1];
    const uint8_t *octets = data + 2;
    const size_t length = size - 2;
    struct text text = {0};
    text_escape(&text, octets, length, style, max);
    FUZZ_ASSERT(!text.failed);
    check_plain(&text, style);
    FUZZ_ASSERT(max == 0 || text_columns(text_string(&text)) <= max);
    if (style == ESCAPE_WORD && max == 0 && !memchr(octets, 0, length)) {
        struct text back = {0};
        FUZZ_ASSERT(text_unescape(&back, text_string(&text), text.length) == 0);
        FUZZ_ASSERT(back.length == length && memcmp(text_string(&back), octets, length) == 0);
        text_done(&back);
    }
    text_clear(&text);
    if (text_unescape(&text, (const char *)octets, length) == 0)
        FUZZ_ASSERT(text.length <= length);
    text_done(&text);
    return 0;
}
