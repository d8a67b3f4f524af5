/* Cursors, and what to say about a character that does not belong. */
#include "cursor.h"
#include "portconform/error.h"
#include "portconform/text.h"
#include <stdint.h>
#include <stdio.h>
#include <string.h>

char cursor_peek(const struct cursor *cursor)
{
    return cursor->at < cursor->length ? cursor->text[cursor->at] : '\0';
}

void cursor_skip_blanks(struct cursor *cursor)
{
    while (cursor->at < cursor->length && strchr(" \t\r\n", cursor->text[cursor->at]))
        cursor->at++;
}

bool cursor_take(struct cursor *cursor, const char *word)
{
    const size_t length = strlen(word);
    if (cursor->length - cursor->at < length || memcmp(cursor->text + cursor->at, word, length) != 0)
        return false;
    cursor->at += length;
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

size_t cursor_name_length(const struct cursor *cursor, size_t at)
{
    if (at >= cursor->length || !is_letter(cursor->text[at]))
        return 0;
    size_t end = at + 1;
    while (end < cursor->length && (is_letter(cursor->text[end]) ||
                                    (cursor->text[end] >= '0' && cursor->text[end] <= '9') || cursor->text[end] == '_'))
        end++;
    return end - at;
}

struct origin cursor_origin(const struct cursor *cursor, size_t at)
{
    struct origin origin = cursor->origin;
    size_t begin = cursor->base;
    for (size_t i = cursor->base; i < at && i < cursor->length; i++) {
        if (cursor->text[i] != '\n' || !origin.line)
            continue;
        origin.line++;
        origin.column = 1;
        begin = i + 1;
    }
    if (origin.column)
        origin.column += (unsigned)text_utf8_count(cursor->text + begin, at - begin);
    return origin;
}

void cursor_mark(struct cursor *cursor)
{
    cursor->origin = cursor_origin(cursor, cursor->at);
    cursor->base = cursor->at;
}

int cursor_error(const struct cursor *cursor, size_t at, const char *hint, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    diag_vadd(cursor->diags, DIAG_ERROR, cursor_origin(cursor, at), hint, format, args);
    va_end(args);
    return PC_ESYNTAX;
}

/* Characters that a Japanese or a typographic keyboard gives where ASCII is meant. */
static const struct {
    uint32_t character;
    const char *name;
    const char *cure;
} odd_characters[] = {
    {0x00a0, "no-break space", "write an ordinary blank"},
    {0x3000, "full-width blank", "write an ordinary blank"},
    {0x301c, "wave dash", "a range is written 80..90"},
    {0xff5e, "full-width tilde", "a range is written 80..90"},
    {0x2013, "dash", "a range is written 80..90"},
    {0x2014, "dash", "a range is written 80..90"},
    {0x2015, "dash", "a range is written 80..90"},
    {0x30fc, "long vowel mark", "a range is written 80..90"},
    {0xff0d, "full-width minus", "a range is written 80..90, a difference 90-80"},
    {0x2212, "minus sign", "a range is written 80..90, a difference 90-80"},
    {0x2025, "two dot leader", "a range is written with two full stops: 80..90"},
    {0x2026, "ellipsis", "a range is written with two full stops: 80..90"},
    {0xff0e, "full-width full stop", "a range is written with two full stops: 80..90"},
    {0xff1a, "full-width colon", "a range is written 80..90"},
    {0x3001, "ideographic comma", "write ,"},
    {0x2018, "typographic quote", "write '"},
    {0x2019, "typographic quote", "write '"},
    {0x00d7, "multiplication sign", "write *"},
    {0x2260, "not-equal sign", "write !="},
    {0x2264, "less-or-equal sign", "write <="},
    {0x2265, "greater-or-equal sign", "write >="},
    {'~', "\"~\"", "a range is written 80..90"},
    {':', "\":\"", "a range is written 80..90"},
    {'.', "\".\"", "a range is written with two full stops: 80..90"},
    {'=', "\"=\"", "equality is written =="},
    {'|', "\"|\"", "\"or\" is written ||"},
    {'&', "\"&\"", "\"and\" is written &&"},
    {'"', "\"", "a text is written in single quotes: 'text'"},
    {';', "\";\"", "items are separated by a comma"},
};

/* Full-width forms stand in the same order as ASCII. */
enum { FULL_WIDTH_FIRST = 0xff01, FULL_WIDTH_LAST = 0xff5e, FULL_WIDTH_OFFSET = 0xfee0 };

int cursor_unexpected(const struct cursor *cursor, const char *wanted)
{
    if (cursor->at >= cursor->length)
        return cursor_error(cursor, cursor->at, NULL, "the text ends where %s is needed", wanted);
    size_t used;
    const char *here = cursor->text + cursor->at;
    const uint32_t character = text_utf8_decode(here, cursor->length - cursor->at, &used);
    for (size_t i = 0; i < sizeof(odd_characters) / sizeof(odd_characters[0]); i++)
        if (character == odd_characters[i].character)
            return cursor_error(cursor, cursor->at, odd_characters[i].cure, "%s where %s is needed",
                                odd_characters[i].name, wanted);
    if (character >= FULL_WIDTH_FIRST && character <= FULL_WIDTH_LAST) {
        char cure[] = "write X";
        cure[sizeof(cure) - 2] = (char)(character - FULL_WIDTH_OFFSET);
        const bool digit = cure[sizeof(cure) - 2] >= '0' && cure[sizeof(cure) - 2] <= '9';
        return cursor_error(cursor, cursor->at, cure, "full-width %s \"%.*s\"", digit ? "digit" : "character",
                            (int)used, here);
    }
    const size_t name = cursor_name_length(cursor, cursor->at);
    if (name)
        used = name;
    if (character == UINT32_MAX)
        return cursor_error(cursor, cursor->at, NULL, "this octet is not UTF-8");
    return cursor_error(cursor, cursor->at, NULL, "\"%.*s\" where %s is needed", (int)used, here, wanted);
}
