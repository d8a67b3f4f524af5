/* Rows of words under named columns, told as TSV, JSON or aligned text. */
#include "command.h"

#include "portconform/json.h"
#include "portconform/vector.h"
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int sheet_init(struct sheet *sheet, const char *const *columns)
{
    *sheet = (struct sheet){.columns = columns, .arena = arena_new()};
    while (columns[sheet->column_count])
        sheet->column_count++;
    return sheet->arena ? 0 : -ENOMEM;
}

void sheet_done(struct sheet *sheet)
{
    arena_free(sheet->arena);
    VECTOR_DONE(sheet);
}

void sheet_add(struct sheet *sheet, const char *word)
{
    const char **slot = VECTOR_PUSH(sheet);
    const char *copy = arena_strdup(sheet->arena, word && *word ? word : "-");
    if (!slot || !copy) {
        sheet->failed = true;
        return;
    }
    *slot = copy;
}

void sheet_add_text(struct sheet *sheet, struct text *word)
{
    sheet->failed = sheet->failed || word->failed;
    sheet_add(sheet, text_string(word));
    text_clear(word);
}

int sheet_tell_tsv(const struct sheet *sheet, struct text *out)
{
    if (sheet->failed)
        return -ENOMEM;
    for (size_t c = 0; c < sheet->column_count; c++)
        text_printf(out, "%s%s", c > 0 ? "\t" : "", sheet->columns[c]);
    text_add(out, "\n");
    for (size_t i = 0; i < sheet->count; i += sheet->column_count) {
        for (size_t c = 0; c < sheet->column_count; c++) {
            text_add(out, c > 0 ? "\t" : "");
            text_escape_string(out, sheet->items[i + c], ESCAPE_TEXT);
        }
        text_add(out, "\n");
    }
    return out->failed ? -ENOMEM : 0;
}

static json_t *row_object(const struct sheet *sheet, size_t first)
{
    json_t *object = json_object();
    for (size_t c = 0; object && c < sheet->column_count; c++) {
        const char *word = sheet->items[first + c];
        json_t *value = strcmp(word, "-") == 0 ? json_null() : json_string(word);
        if (json_object_set_new(object, sheet->columns[c], value) < 0) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

int sheet_tell_json(const struct sheet *sheet, struct text *out)
{
    json_t *rows = sheet->failed ? NULL : json_array();
    for (size_t i = 0; rows && i < sheet->count; i += sheet->column_count) {
        if (json_array_append_new(rows, row_object(sheet, i)) < 0) {
            json_decref(rows);
            rows = NULL;
        }
    }
    int r = json_add(out, rows, JSON_INDENT(2));
    text_add(out, "\n");
    return r == 0 && !out->failed ? 0 : -ENOMEM;
}

static size_t column_width(const struct sheet *sheet, size_t column)
{
    size_t width = strlen(sheet->columns[column]);
    for (size_t i = column; i < sheet->count; i += sheet->column_count) {
        size_t own = text_columns(sheet->items[i]);
        width = own > width ? own : width;
    }
    return width;
}

static void tell_text_row(const struct sheet *sheet, const char *const *words, const size_t *widths, struct text *out,
                          unsigned columns)
{
    unsigned left = 0;
    for (size_t c = 0; c + 1 < sheet->column_count; c++) {
        text_add_padded(out, words[c], widths[c]);
        left += (unsigned)widths[c];
    }
    cli_wrap(out, words[sheet->column_count - 1], left, left, columns);
    text_add(out, "\n");
}

/* The last column is wrapped, the others are as wide as their widest word. */
int sheet_tell_text(const struct sheet *sheet, struct text *out, unsigned columns)
{
    if (sheet->failed)
        return -ENOMEM;
    size_t *widths = calloc(sheet->column_count + 1, sizeof(*widths));
    if (!widths)
        return -ENOMEM;
    for (size_t c = 0; c < sheet->column_count; c++)
        widths[c] = column_width(sheet, c) + 2;
    tell_text_row(sheet, sheet->columns, widths, out, columns);
    for (size_t i = 0; i < sheet->count; i += sheet->column_count)
        tell_text_row(sheet, &sheet->items[i], widths, out, columns);
    free(widths);
    return out->failed ? -ENOMEM : 0;
}
