/* Diagnostics: the list, its order and its print, and the nearest word for a hint. */
#include "portconform/diag.h"
#include "portconform/arena.h"
#include "portconform/text.h"
#include "portconform/vector.h"
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int diag_list_init(struct diag_list *list)
{
    struct arena *arena = arena_new();
    if (!arena)
        return -ENOMEM;
    *list = (struct diag_list){.arena = arena};
    return 0;
}

void diag_list_done(struct diag_list *list)
{
    if (!list)
        return;
    arena_free(list->arena);
    free(list->items);
    *list = (struct diag_list){0};
}

static void diag_count(struct diag_list *list, enum diag_level level)
{
    if (level == DIAG_ERROR)
        list->errors++;
    else if (level == DIAG_WARNING)
        list->warnings++;
}

/* The list's own copy of a file name; most diagnostics of a run are about the file of the one before. */
static const char *diag_keep_file(struct diag_list *list, const char *file)
{
    if (!file)
        return NULL;
    if (list->count) {
        const char *last = list->items[list->count - 1].origin.file;
        if (last && strcmp(last, file) == 0)
            return last;
    }
    return arena_strdup(list->arena, file);
}

void diag_vadd(struct diag_list *list, enum diag_level level, struct origin origin, const char *hint,
               const char *format, va_list args)
{
    if (!list)
        return;
    diag_count(list, level);
    if (list->count >= DIAG_MAX || !list->arena) {
        list->dropped++;
        return;
    }
    const char *message = arena_vprintf(list->arena, format, args);
    const char *kept_hint = arena_strdup(list->arena, hint);
    const char *file = diag_keep_file(list, origin.file);
    struct diag *slot = NULL;
    if (message && (kept_hint || !hint) && (file || !origin.file))
        slot = VECTOR_PUSH(list);
    if (!slot) {
        list->dropped++;
        return;
    }
    origin.file = file;
    *slot = (struct diag){.level = level, .origin = origin, .message = message, .hint = kept_hint};
}

void diag_add(struct diag_list *list, enum diag_level level, struct origin origin, const char *hint, const char *format,
              ...)
{
    va_list args;
    va_start(args, format);
    diag_vadd(list, level, origin, hint, format, args);
    va_end(args);
}

static int diag_order(const void *left, const void *right)
{
    const struct origin *a = &((const struct diag *)left)->origin;
    const struct origin *b = &((const struct diag *)right)->origin;
    const int file = strcmp(a->file ? a->file : "", b->file ? b->file : "");
    if (file)
        return file;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return (a->column > b->column) - (a->column < b->column);
}

/* Stable by insertion into place: at most DIAG_MAX, nearly in order, and two at one place keep the order in which they
 * were found, which qsort(3) does not promise. */
void diag_list_sort(struct diag_list *list)
{
    for (size_t i = 1; i < list->count; i++) {
        const struct diag moving = list->items[i];
        size_t place = i;
        while (place > 0 && diag_order(&list->items[place - 1], &moving) > 0) {
            list->items[place] = list->items[place - 1];
            place--;
        }
        list->items[place] = moving;
    }
}

void diag_print(const struct diag *diag, FILE *out)
{
    static const char *const levels[] = {[DIAG_NOTE] = "note", [DIAG_WARNING] = "warning", [DIAG_ERROR] = "error"};
    struct text line = {0};
    if (diag->origin.file) {
        text_escape_string(&line, diag->origin.file, ESCAPE_TEXT);
        text_add(&line, ":");
        if (diag->origin.line)
            text_printf(&line, "%u:", diag->origin.line);
        if (diag->origin.line && diag->origin.column)
            text_printf(&line, "%u:", diag->origin.column);
        text_add(&line, " ");
    }
    text_printf(&line, "%s: ", levels[diag->level]);
    text_escape_string(&line, diag->message, ESCAPE_TEXT);
    text_add(&line, "\n");
    if (diag->hint) {
        text_add(&line, "    ");
        text_escape_string(&line, diag->hint, ESCAPE_TEXT);
        text_add(&line, "\n");
    }
    fputs(text_string(&line), out);
    text_done(&line);
}

/* --- nearest word --------------------------------------------------------------------------------------------- */

enum { WORD_MAX = 64 }; /* octets; longer words get no hint */

static unsigned smallest(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static int lower(char c)
{
    return tolower((unsigned char)c);
}

/* Edits (insert, delete, replace, swap of two neighbours) that turn `a` into `b`, letter case aside. */
static unsigned edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    unsigned rows[3][WORD_MAX + 1]; /* two rows back, the row before, this row */
    unsigned *before = rows[0];
    unsigned *above = rows[1];
    unsigned *row = rows[2];
    for (size_t j = 0; j <= b_length; j++)
        above[j] = (unsigned)j;
    memcpy(before, above, sizeof(rows[0]));
    for (size_t i = 1; i <= a_length; i++) {
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            const unsigned replace = above[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));
            row[j] = smallest(replace, smallest(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
                row[j] = smallest(row[j], before[j - 2] + 1);
        }
        unsigned *spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return above[b_length];
}

const char *pc_nearest(const char *word, const char *const candidates[])
{
    const size_t length = word ? strlen(word) : 0;
    if (length == 0 || length > WORD_MAX)
        return NULL;
    const char *best = NULL;
    unsigned best_distance = UINT32_MAX;
    for (size_t i = 0; candidates && candidates[i]; i++) {
        const size_t candidate_length = strlen(candidates[i]);
        if (candidate_length == 0 || candidate_length > WORD_MAX)
            continue;
        const size_t longer = length > candidate_length ? length : candidate_length;
        /* an edit in three letters or so; words of one or two letters must be the same but for their case */
        const unsigned allowed = (unsigned)longer / 3;
        const unsigned distance = edit_distance(word, length, candidates[i], candidate_length);
        if (distance <= allowed && distance < best_distance) {
            best = candidates[i];
            best_distance = distance;
        }
    }
    return best;
}
