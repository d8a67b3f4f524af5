/* A place in the text of a small language, and errors that know their column. */
#pragma once

#include "portconform/diag.h"
#include <stdbool.h>
#include <stddef.h>

struct cursor {
    const char *text;
    size_t length;
    size_t at;               /* offset of the next octet */
    struct origin origin;    /* of the octet at offset `base` */
    size_t base;             /* errors are placed there or behind */
    struct diag_list *diags; /* may be NULL */
};

/* The octet at the cursor; '\0' at the end. */
char cursor_peek(const struct cursor *cursor);
void cursor_skip_blanks(struct cursor *cursor);
/* Is `word` next? Then moves behind it. */
bool cursor_take(struct cursor *cursor, const char *word);
/* Length of the name ([a-z][a-z0-9_]*, capitals too) that begins at offset `at`; 0: none. */
size_t cursor_name_length(const struct cursor *cursor, size_t at);

/* Where the octet at offset `at` stands, in lines and characters. */
struct origin cursor_origin(const struct cursor *cursor, size_t at);

/* Moves the base to the cursor, so that places of a long text are not counted from its beginning each time. */
void cursor_mark(struct cursor *cursor);

/* Adds an error at offset `at` and returns PC_ESYNTAX. */
int cursor_error(const struct cursor *cursor, size_t at, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The error for a character that cannot stand here, with a cure where it looks like one that could. */
int cursor_unexpected(const struct cursor *cursor, const char *wanted);
