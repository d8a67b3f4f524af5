/* Flowing text into columns. Widths are those of a terminal: East Asian wide characters count two. */
#include "layout.h"

#include <string.h>

enum { GAP = 2, CHARACTER_MAX = 5 };

static const char *const layout_colours[] = {
    [SEVERITY_OK] = "\x1b[32m",
    [SEVERITY_UNKNOWN] = "\x1b[35m",
    [SEVERITY_WARNING] = "\x1b[33m",
    [SEVERITY_CRITICAL] = "\x1b[1;31m",
};
static const char layout_plain[] = "\x1b[0m";

static void layout_blanks(struct layout *layout, size_t count)
{
    layout->column += count;
    layout->blanks += count;
}

static void layout_put(struct layout *layout, const char *octets, size_t length, size_t columns)
{
    for (; layout->blanks > 0; layout->blanks--)
        text_add(layout->out, " ");
    text_add_n(layout->out, octets, length);
    layout->column += columns;
}

void layout_end_line(struct layout *layout)
{
    text_add(layout->out, "\n");
    layout->column = 0;
    layout->blanks = 0;
}

void layout_hang(struct layout *layout, size_t column)
{
    if (column > layout->column)
        layout_blanks(layout, column - layout->column);
    layout->indent = column;
}

/* One character of escaped text: its length in octets, and its columns. */
static size_t layout_character(const char *at, size_t *ret_columns)
{
    char character[CHARACTER_MAX + 1] = {at[0]};
    size_t length = 1;
    while (length < CHARACTER_MAX && ((unsigned char)at[length] & 0xc0) == 0x80) {
        character[length] = at[length];
        length++;
    }
    *ret_columns = text_columns(character);
    return length;
}

/* What stays together: a run of narrow characters, or one wide one. */
static size_t layout_piece(const char *at, size_t *ret_columns)
{
    size_t length = 0;
    size_t columns = 0;
    while (at[length] != '\0' && at[length] != ' ') {
        size_t width;
        size_t used = layout_character(at + length, &width);
        bool wide = width > 1 && used > 1;
        if (wide && length > 0)
            break;
        length += used;
        columns += width;
        if (wide)
            break;
    }
    *ret_columns = columns;
    return length;
}

static void layout_break(struct layout *layout)
{
    layout_end_line(layout);
    layout_blanks(layout, layout->indent);
}

/* A piece that no line holds is cut where the line ends. */
static void layout_add_cut(struct layout *layout, const char *at, size_t length)
{
    while (length > 0) {
        size_t width;
        size_t used = layout_character(at, &width);
        if (layout->column + width > layout->columns && layout->column > layout->indent)
            layout_break(layout);
        layout_put(layout, at, used, width);
        at += used;
        length -= used;
    }
}

static void layout_add_words(struct layout *layout, const char *at)
{
    for (;;) {
        size_t blanks = strspn(at, " ");
        at += blanks;
        if (*at == '\0') {
            layout_blanks(layout, blanks);
            return;
        }
        size_t width;
        size_t length = layout_piece(at, &width);
        bool limited = layout->columns != 0;
        if (limited && layout->column > layout->indent && layout->column + blanks + width > layout->columns)
            layout_break(layout);
        else
            layout_blanks(layout, blanks);
        if (limited && layout->column + width > layout->columns) {
            layout_add_cut(layout, at, length);
        } else {
            layout_put(layout, at, length, width);
        }
        at += length;
    }
}

void layout_flow(struct layout *layout, const char *string)
{
    struct text escaped = {0};
    text_escape_string(&escaped, string, ESCAPE_TEXT);
    layout->out->failed |= escaped.failed;
    layout_add_words(layout, text_string(&escaped));
    text_done(&escaped);
}

void layout_cell(struct layout *layout, const char *string, size_t width)
{
    struct text escaped = {0};
    text_escape_string(&escaped, string, ESCAPE_TEXT);
    layout->out->failed |= escaped.failed;
    size_t columns = text_columns(text_string(&escaped));
    layout_put(layout, text_string(&escaped), escaped.length, columns);
    layout_blanks(layout, (columns < width ? width - columns : 0) + GAP);
    text_done(&escaped);
}

void layout_severity(struct layout *layout, enum severity severity, size_t width)
{
    const char *name = severity_name(severity);
    if (layout->colour)
        layout_put(layout, layout_colours[severity], strlen(layout_colours[severity]), 0);
    layout_put(layout, name, strlen(name), strlen(name));
    if (layout->colour)
        layout_put(layout, layout_plain, strlen(layout_plain), 0);
    layout_blanks(layout, width > strlen(name) ? width - strlen(name) + GAP : GAP);
}
