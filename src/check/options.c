/* A table of options, read by getopt_long(3) and told as help. */
#include "portconform/options.h"

#include "portconform/diag.h"
#include "portconform/number.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPTIONS_MAX = 64,    /* rows of a table */
    LONG_BASE = 256,     /* getopt values of long options: beyond any letter */
    LEFT_COLUMNS = 30,   /* of the help */
    HINT_CANDIDATES = 24 /* a longer list is not told as a hint */
};

struct option_lists {
    struct option longs[OPTIONS_MAX + 1];
    char shorts[3 * OPTIONS_MAX + 2];
    const char *names[OPTIONS_MAX + 1]; /* for hints */
    const struct option_row *rows[OPTIONS_MAX];
};

static bool is_optional(const struct option_row *row)
{
    return row->argument && row->argument[0] == '[';
}

static void list_options(const struct option_row *rows, unsigned users, struct option_lists *lists)
{
    size_t count = 0;
    char *at = lists->shorts;
    *at++ = ':'; /* tells a missing argument from an unknown option */
    for (const struct option_row *row = rows; row->name && count < OPTIONS_MAX; row++) {
        if (!(row->users & users))
            continue;
        int has = !row->argument ? no_argument : is_optional(row) ? optional_argument : required_argument;
        lists->longs[count] = (struct option){row->name, has, NULL, LONG_BASE + (int)count};
        lists->names[count] = row->name;
        lists->rows[count] = row;
        count++;
        if (!row->letter)
            continue;
        *at++ = row->letter;
        if (row->argument)
            *at++ = ':';
    }
    *at = '\0';
}

static const struct option_row *row_of(const struct option_lists *lists, int value)
{
    if (value >= LONG_BASE)
        return lists->rows[value - LONG_BASE];
    for (size_t i = 0; lists->names[i]; i++)
        if (lists->rows[i]->letter == value)
            return lists->rows[i];
    return NULL;
}

int options_unknown(struct text *error, const char *what, const char *word, const char *const candidates[])
{
    text_printf(error, "unknown %s \"", what);
    text_escape_string(error, word, ESCAPE_TEXT);
    text_add(error, "\"");
    size_t count = 0;
    while (candidates[count])
        count++;
    const char *nearest = pc_nearest(word, candidates);
    if (nearest) {
        text_printf(error, "; did you mean \"%s\"?", nearest);
    } else if (count > 0 && count <= HINT_CANDIDATES) {
        text_add(error, "; known are");
        for (size_t i = 0; i < count; i++)
            text_printf(error, "%s %s", i > 0 ? "," : "", candidates[i]);
    }
    return -EINVAL;
}

/* --- setters ----------------------------------------------------------------------------------------------------- */

int options_set_word(void *field, const char *value, struct text *error)
{
    (void)error;
    *(const char **)field = value;
    return 0;
}

int options_set_flag(void *field, const char *value, struct text *error)
{
    (void)value;
    (void)error;
    *(bool *)field = true;
    return 0;
}

int options_set_nothing(void *field, const char *value, struct text *error)
{
    (void)field;
    (void)value;
    (void)error;
    return 0;
}

int options_add_word(const char ***words, size_t *count, const char *word)
{
    const char **grown = realloc(*words, (*count + 2) * sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    grown[(*count)++] = word;
    grown[*count] = NULL;
    *words = grown;
    return 0;
}

int options_choice(const char *what, const char *word, const char *const names[], struct text *error)
{
    for (int i = 0; names[i]; i++) {
        if (strcmp(names[i], word) == 0)
            return i;
    }
    return options_unknown(error, what, word, names);
}

int options_number(const char *value, const struct option_range *range, unsigned *ret, struct text *error)
{
    int64_t number = 0;
    if (number_parse(value, range->least, range->most, &number) < 0) {
        text_printf(error, "%s takes %u to %u%s", range->option, range->least, range->most, range->unit);
        return -EINVAL;
    }
    *ret = (unsigned)number;
    return 0;
}

/* --- parsing ----------------------------------------------------------------------------------------------------- */

/* getopt_long takes a beginning for the whole where only one option begins so. */
static bool tell_ambiguous(const struct option_lists *lists, const char *name, struct text *error)
{
    struct text meant = {0};
    size_t count = 0;
    for (size_t i = 0; lists->names[i]; i++) {
        if (strncmp(lists->names[i], name, strlen(name)) == 0)
            text_printf(&meant, "%s--%s", count++ > 0 ? ", " : "", lists->names[i]);
    }
    if (count > 1 && *name)
        text_printf(error, "option \"--%s\" may mean %s", name, text_string(&meant));
    text_done(&meant);
    return count > 1 && *name;
}

static int tell_unknown_long(const struct option_lists *lists, const char *given, struct text *error)
{
    const char *word = given + strspn(given, "-");
    char name[64];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
    if (tell_ambiguous(lists, name, error))
        return -EINVAL;
    const char *nearest = pc_nearest(name, lists->names);
    text_add(error, "unknown option \"--");
    text_escape_string(error, name, ESCAPE_TEXT);
    text_add(error, "\"");
    if (nearest)
        text_printf(error, "; did you mean \"--%s\"?", nearest);
    else
        text_add(error, "; see --help");
    return -EINVAL;
}

/* optopt is a letter, the value of a known long option that was used wrongly, or 0 for an unknown long one. */
static int tell_bad_option(const struct option_lists *lists, bool missing, const char *given, struct text *error)
{
    const struct option_row *row = optopt ? row_of(lists, optopt) : NULL;
    if (row && missing) {
        text_printf(error, "--%s needs an argument: %s", row->name, row->argument);
        return -EINVAL;
    }
    if (row) {
        text_printf(error, "--%s takes no argument", row->name);
        return -EINVAL;
    }
    if (optopt) {
        char letter[2] = {(char)optopt, '\0'};
        text_add(error, "unknown option \"-");
        text_escape_string(error, letter, ESCAPE_TEXT);
        text_add(error, "\"; see --help");
        return -EINVAL;
    }
    return tell_unknown_long(lists, given, error);
}

int options_parse(const struct option_row *rows, unsigned users, void *target, int argc, char **argv, int *ret_operands,
                  struct text *error)
{
    struct option_lists lists = {0};
    list_options(rows, users, &lists);
    optind = 0; /* glibc: begin anew */
    opterr = 0;
    for (;;) {
        int at = optind > 0 ? optind : 1;
        int value = getopt_long(argc, argv, lists.shorts, lists.longs, NULL);
        if (value == -1)
            break;
        if (value == '?' || value == ':') {
            const char *given = optind > at && optind <= argc ? argv[optind - 1] : argv[at];
            return tell_bad_option(&lists, value == ':', given, error);
        }
        const struct option_row *row = row_of(&lists, value);
        int r = row->set((char *)target + row->at, optarg, error);
        if (r < 0)
            return r;
    }
    *ret_operands = optind;
    return 0;
}

/* --- help -------------------------------------------------------------------------------------------------------- */

static void help_left(const struct option_row *row, struct text *left)
{
    if (left->length == 0 && row->letter)
        text_printf(left, "  -%c, --%s", row->letter, row->name);
    else
        text_printf(left, "%s--%s", left->length > 0 ? ", " : "      ", row->name);
}

void options_help(const struct option_row *rows, unsigned users, struct text *out)
{
    struct text left = {0};
    for (const struct option_row *row = rows; row->name; row++) {
        if (!(row->users & users))
            continue;
        help_left(row, &left);
        if (!row->meaning)
            continue;
        if (is_optional(row))
            text_printf(&left, "[=%.*s]", (int)strlen(row->argument) - 2, row->argument + 1);
        else if (row->argument)
            text_printf(&left, " %s", row->argument);
        text_add(&left, "  ");
        text_add_padded(out, text_string(&left), LEFT_COLUMNS);
        text_printf(out, "%s\n", row->meaning);
        text_clear(&left);
    }
    text_done(&left);
}
