/* Options of a command line from one table: parsing, help and hints come from the same rows.
 *
 * Long and short forms as getopt_long(3) reads them. A mistake becomes one sentence with the nearest known word. */
#pragma once

#include "portconform/text.h"

#include <stdbool.h>
#include <stddef.h>

struct option_row {
    const char *name;     /* "timeout"; NULL closes the table */
    char letter;          /* 0: none */
    unsigned users;       /* bits of the caller's choice: which of its commands take it */
    const char *argument; /* "SEC[:STATE]"; "[WORD]" in brackets: may be left out; NULL: takes none */
    const char *meaning;  /* NULL: told together with the next row */
    /* `value` is NULL where no argument was given. 0, -ENOMEM, or -EINVAL with a sentence in `error`. */
    int (*set)(void *field, const char *value, struct text *error);
    size_t at; /* of `field` in the target; 0: `set` takes the whole target */
};

/* The end of a row that keeps what it is given, in a member of the target: the word (borrowed from argv), or that it
 * was given at all. A member of another type is an error of the compiler. */
#define OPTION_WORD(type, member)     options_set_word, OPTION_AT(type, member, const char *)
#define OPTION_FLAG(type, member)     options_set_flag, OPTION_AT(type, member, bool)
#define OPTION_AT(type, member, kind) _Generic(((type *)NULL)->member, kind : offsetof(type, member))

int options_set_word(void *field, const char *value, struct text *error);
int options_set_flag(void *field, const char *value, struct text *error);
int options_set_nothing(void *field, const char *value, struct text *error); /* what it asks for is done elsewhere */

/* Reads argv from argv[1] on with the rows that share a bit with `users`; argv is permuted so that what is no option
 * comes last. *ret_operands is the index of the first of those. 0, -ENOMEM, or -EINVAL with a sentence in `error`. */
int options_parse(const struct option_row *rows, unsigned users, void *target, int argc, char **argv, int *ret_operands,
                  struct text *error);

/* One line an option, at most 80 columns. */
void options_help(const struct option_row *rows, unsigned users, struct text *out);

/* For setters: `word` put at the end of a list that is grown by realloc(3) and closed by NULL. 0 or -ENOMEM. */
int options_add_word(const char ***words, size_t *count, const char *word);

/* For setters: the index of `word` in `names` (closed by NULL), or -EINVAL as options_unknown() tells it. */
int options_choice(const char *what, const char *word, const char *const names[], struct text *error);

/* For setters: a whole number in a range, or -EINVAL with "OPTION takes LEAST to MOSTUNIT" in `error`. */
struct option_range {
    const char *option; /* "--timeout" */
    unsigned least, most;
    const char *unit; /* " seconds", "" */
};
int options_number(const char *value, const struct option_range *range, unsigned *ret, struct text *error);

/* "unknown WHAT "WORD"; did you mean "NEAREST"?", or with all the candidates where none is near. Returns -EINVAL. */
int options_unknown(struct text *error, const char *what, const char *word, const char *const candidates[]);
