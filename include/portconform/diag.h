/* Diagnostics: what is wrong with a file, where, and what would cure it.
 *
 * Parsers and checks add to a list and go on, so that one run names every semantic error of every file. Printed, a
 * diagnostic is one line `file:line:column: level: message`, and a second line, indented, with the hint.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct arena;

enum diag_level { DIAG_NOTE, DIAG_WARNING, DIAG_ERROR };

/* Where something was written. `file` is borrowed from the arena of the configuration (a diagnostic keeps a copy of its
 * own, so that it outlives a configuration that failed to load). line and column count from 1 (column in characters,
 * not bytes); 0 is unknown. */
struct origin {
    const char *file;
    unsigned line;
    unsigned column;
};

struct diag {
    enum diag_level level;
    struct origin origin;
    const char *message; /* owned by the list */
    const char *hint;    /* owned by the list; NULL: none */
};

/* At most DIAG_MAX are kept; the rest is counted in `dropped`. */
enum { DIAG_MAX = 1000 };

struct diag_list {
    struct arena *arena;
    struct diag *items;
    size_t count;
    size_t capacity;
    size_t errors; /* of all added, the dropped included */
    size_t warnings;
    size_t dropped;
};

int diag_list_init(struct diag_list *list);
void diag_list_done(struct diag_list *list);

/* Adds one. A NULL list is allowed (nobody listens). `hint` may be NULL. Out of memory only counts it. */
void diag_add(struct diag_list *list, enum diag_level level, struct origin origin, const char *hint, const char *format,
              ...) __attribute__((format(printf, 5, 6)));

void diag_vadd(struct diag_list *list, enum diag_level level, struct origin origin, const char *hint,
               const char *format, va_list args) __attribute__((format(printf, 5, 0)));

/* By file, line and column; notes and warnings among the errors where they belong. */
void diag_list_sort(struct diag_list *list);

/* Writes `file:line:column: level: message` and the hint below it. Control characters in the text are escaped. */
void diag_print(const struct diag *diag, FILE *out);

/* The name of `candidates` (NULL-terminated) nearest to `word`, or NULL when none is near enough to be meant. */
const char *pc_nearest(const char *word, const char *const candidates[]);
