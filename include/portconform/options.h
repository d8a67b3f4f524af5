/* Options of a command line from one table: parsing, help and hints come from the same rows.
 *
 * Long and short forms as getopt_long(3) reads them. A mistake becomes one sentence with the nearest known word. */
#pragma once

#include "portconform/text.h"

struct option_row {
    const char *name;     /* "timeout"; NULL closes the table */
    char letter;          /* 0: none */
    unsigned users;       /* bits of the caller's choice: which of its commands take it */
    const char *argument; /* "SEC[:STATE]"; "[WORD]" in brackets: may be left out; NULL: takes none */
    const char *meaning;  /* NULL: told together with the next row */
    /* `value` is NULL where no argument was given. 0, -ENOMEM, or -EINVAL with a sentence in `error`. */
    int (*set)(void *target, const char *value, struct text *error);
};

/* Reads argv from argv[1] on with the rows that share a bit with `users`; argv is permuted so that what is no option
 * comes last. *ret_operands is the index of the first of those. 0, -ENOMEM, or -EINVAL with a sentence in `error`. */
int options_parse(const struct option_row *rows, unsigned users, void *target, int argc, char **argv, int *ret_operands,
                  struct text *error);

/* One line an option, at most 80 columns. */
void options_help(const struct option_row *rows, unsigned users, struct text *out);

/* "unknown WHAT "WORD"; did you mean "NEAREST"?", or with all the candidates where none is near. Returns -EINVAL. */
int options_unknown(struct text *error, const char *what, const char *word, const char *const candidates[]);
