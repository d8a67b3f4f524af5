/* What the files of the scenario runner share. The language is described in README.md. */
#pragma once

#include "portconform/judge.h"
#include "portconform/load.h"
#include "portconform/tell.h"
#include "portconform/text.h"

enum { SCENARIO_WORDS = 32, SCENARIO_OWN_ADDRESSES = 8, SCENARIO_LINE = 2048 };

/* A line, split at blanks; `rest[i]` is the line from word i on. */
struct words {
    char *items[SCENARIO_WORDS];
    const char *rest[SCENARIO_WORDS];
    char whole[SCENARIO_LINE]; /* the line as it was */
    size_t count;
};

struct statement {
    unsigned line;
    char *text;
};
struct statements {
    struct statement *items;
    size_t count, capacity;
};

/* What the text of a block would have to be: lines from first to before `end`. */
struct correction {
    size_t first, end;
    char *text;
};
struct corrections {
    struct correction *items;
    size_t count, capacity;
};

struct story;

struct scenario {
    const char *path;
    bool accept; /* `--accept`: the texts of `output` are taken as they are, and written into the file */
    struct corrections corrections;
    char **lines;
    size_t line_count;
    size_t at; /* index of the line that is played */
    unsigned failures;
    char folder[256]; /* holds the configuration */

    bool changed; /* the configuration has to be read (again) */
    struct config *config;
    struct plan *plan;
    char vantage[64];
    struct address own[SCENARIO_OWN_ADDRESSES];
    size_t own_count;
    struct moment now;
    enum judge_mode mode;

    struct statements seen;         /* the statements about what was seen, played at each judge */
    struct listener_table **tables; /* two a host: the first look and the second */
    struct observations observations;
    struct arena *arena; /* of the observations */

    struct story *story; /* NULL: nothing was lived through */

    struct judgement last;
    bool *finding_named; /* block by block */
    size_t finding_count;
    bool *transition_named;
    bool told; /* what was found was printed already */
};

/* Counts and prints `file:line: message`. */
void scenario_fail(struct scenario *scenario, const char *format, ...) __attribute__((format(printf, 2, 3)));
void words_split(struct words *words, char *line);
const char *word_at(const struct words *words, size_t index); /* "" beyond the last */
bool word_is(const struct words *words, size_t index, const char *text);

/* The plan of the configuration as it is by now. False: told why. */
bool scenario_plan(struct scenario *scenario);

/* --- story.c: statements about the daemon's life. False: not such a statement */
bool story_play(struct scenario *scenario, const struct words *words);
void story_done(struct scenario *scenario);

/* --- seen.c */
/* "60s", "2m", "3h", "1d" in milliseconds; -1: not a duration. */
int64_t duration_ms(const char *text);
bool seen_is_statement(const char *word);
/* Builds `observations` from the statements. False: told why. */
bool seen_build(struct scenario *scenario);
void seen_drop(struct scenario *scenario);

/* --- expect.c: statements about the last judgement. False: not such a statement */
bool expect_play(struct scenario *scenario, const struct words *words);
void expect_nothing_unnamed(struct scenario *scenario);
/* The block that begins at line `first` would have to be `text`. */
void scenario_differs(struct scenario *scenario, size_t first, const char *text);
/* Lines up to `end`, joined; malloc'ed. NULL: told why. */
char *scenario_block(struct scenario *scenario);
