/* Lines for people: words flow into a width, continuation lines hang below their first word, colour helps. */
#pragma once

#include "portconform/text.h"
#include "portconform/words.h"

struct layout {
    struct text *out;
    unsigned columns; /* 0: no limit */
    bool colour;
    size_t column; /* where the next character goes; 0 at the beginning of a line */
    size_t blanks; /* of these columns, the last ones that are owed: no line ends in blanks */
    size_t indent; /* where a broken line goes on */
};

/* Adds `string` (escaped here) at blanks, and between wide characters, so that no line passes `columns`. A word that
 * is longer than a line is cut. */
void layout_flow(struct layout *layout, const char *string);
/* Adds `string` (escaped here) and blanks up to `width` columns; at least two blanks follow. */
void layout_cell(struct layout *layout, const char *string, size_t width);
/* The same for a severity's name, in its colour. */
void layout_severity(struct layout *layout, enum severity severity, size_t width);
/* Blanks up to `column`, from where broken lines hang. */
void layout_hang(struct layout *layout, size_t column);
void layout_end_line(struct layout *layout);
