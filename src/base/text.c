/* Text: the growing buffer, columns on a terminal, plurals. Escaping has a file of its own. */
#include "portconform/text.h"
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { TEXT_FIRST = 128 };

void text_done(struct text *text)
{
    if (!text)
        return;
    free(text->data);
    *text = (struct text){0};
}

void text_clear(struct text *text)
{
    text->length = 0;
    text->failed = false;
    if (text->data)
        text->data[0] = '\0';
}

/* Room for `more` octets and the NUL. */
static bool text_reserve(struct text *text, size_t more)
{
    if (text->failed)
        return false;
    size_t needed;
    if (__builtin_add_overflow(text->length, more, &needed) || needed > PTRDIFF_MAX / 2) {
        text->failed = true;
        return false;
    }
    if (needed < text->capacity)
        return true;
    size_t capacity = text->capacity ? text->capacity : TEXT_FIRST;
    while (capacity <= needed)
        capacity *= 2;
    char *larger = realloc(text->data, capacity);
    if (!larger) {
        text->failed = true;
        return false;
    }
    text->data = larger;
    text->capacity = capacity;
    return true;
}

void text_add_n(struct text *text, const char *string, size_t length)
{
    if (!text_reserve(text, length))
        return;
    if (length)
        memcpy(text->data + text->length, string, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void text_add(struct text *text, const char *string)
{
    text_add_n(text, string, strlen(string));
}

void text_vprintf(struct text *text, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    const int length = vsnprintf(NULL, 0, format, args);
    if (length < 0) {
        text->failed = true;
    } else if (text_reserve(text, (size_t)length)) {
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text_vprintf(text, format, args);
    va_end(args);
}

const char *text_string(const struct text *text)
{
    return text->data ? text->data : "";
}

size_t text_columns(const char *string)
{
    size_t columns = 0;
    size_t left = strlen(string);
    while (left) {
        size_t used;
        const uint32_t character = text_utf8_decode(string, left, &used);
        const int width = character == UINT32_MAX ? 1 : wcwidth((wchar_t)character);
        columns += width < 0 ? 1 : (size_t)width; /* unknown to the locale: most likely one */
        string += used;
        left -= used;
    }
    return columns;
}

void text_add_padded(struct text *text, const char *string, size_t columns)
{
    text_add(text, string);
    for (size_t have = text_columns(string); have < columns; have++)
        text_add_n(text, " ", 1);
}

bool text_equal(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

void text_add_grouped(struct text *text, uint64_t number)
{
    if (number < 1000) {
        text_printf(text, "%" PRIu64, number);
        return;
    }
    text_add_grouped(text, number / 1000);
    text_printf(text, ",%03" PRIu64, number % 1000);
}

void text_add_count(struct text *text, size_t count, const char *noun)
{
    text_printf(text, "%zu %s%s", count, noun, count == 1 ? "" : "s");
}
