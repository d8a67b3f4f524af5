/* What the files of src/matrix share while a matrix is being made. */
#pragma once

#include "portconform/arena.h"
#include "portconform/matrix.h"

/* Somebody who may call or listen, with the choices of its addresses that were needed so far. */
struct player {
    enum end_kind kind;
    const char *name;
    const struct host *host;       /* of HOST, or of a vantage that is a host of the site too */
    const struct end_address *all; /* every address that a firewall can see */
    size_t all_count;
    const char *const *segments; /* beside `all`, for hosts; NULL: it has none */
    struct {
        struct opening_end **items;
        size_t count, capacity;
    } variants;
};

/* A player plays a component. */
struct play {
    struct player *player;
    const struct guide *guide;
    const struct component *component;
    const struct settings *settings;
};

/* One way as one rule demands it, before merging. */
struct way {
    const struct opening_end *source, *destination;
    unsigned families;
    struct port_range range;
    const struct rule *rule;
};

struct doubt {
    enum question_kind kind;
    const char *subject, *name;
    const struct rule *rule;
};

struct matrix_build {
    const struct plan *plan;
    const struct matrix_options *options;
    struct arena *arena; /* the matrix's */
    struct {
        struct player *items; /* all made before any play points to one */
        size_t count, capacity;
    } players;
    struct {
        struct play *items; /* by component; in the players' order for each */
        size_t count, capacity;
    } plays;
    struct {
        struct way *items;
        size_t count, capacity;
    } ways;
    struct {
        struct doubt *items;
        size_t count, capacity;
    } doubts;
};

/* --- players.c --------------------------------------------------------------------------------------------------- */

int players_collect(struct matrix_build *build); /* 0 or -ENOMEM */
void players_done(struct matrix_build *build);
/* Those who play a component: *ret_count of them from the result on. */
const struct play *players_of(const struct matrix_build *build, const struct component *component, size_t *ret_count);

/* --- ends.c ------------------------------------------------------------------------------------------------------ */

/* What a rule, or the other side, leaves of somebody's addresses. */
struct end_choice {
    const char *segment; /* NULL: any */
    enum family family;
    bool calls; /* as a caller: from its own or translated addresses */
};
/* The chosen addresses, not yet an end. */
struct end_set {
    const struct end_address *items;
    size_t count;
    unsigned families;
};
int ends_choose(struct matrix_build *build, const struct player *player, const struct end_choice *choice,
                struct end_set *ret);
/* The end of those addresses that fit `families`. NULL: out of memory. */
const struct opening_end *ends_make(struct matrix_build *build, struct player *player, const struct end_set *set,
                                    unsigned families);
extern const struct opening_end ends_anybody;

/* --- ways.c: who calls a listener -------------------------------------------------------------------------------- */

int ways_of_hosts(struct matrix_build *build);
int ways_of_others(struct matrix_build *build); /* networks and externals that listen, or ought to */

/* --- merge.c ----------------------------------------------------------------------------------------------------- */

int merge_ways(struct matrix_build *build, struct matrix *matrix);

/* --- questions.c ------------------------------------------------------------------------------------------------- */

int doubt_add(struct matrix_build *build, enum question_kind kind, const char *subject, const char *name,
              const struct rule *rule);
int questions_make(struct matrix_build *build, struct matrix *matrix);

/* Rules in their order, each once, copied to the arena. `items` is sorted in place. */
const struct rule *const *rules_unique(struct arena *arena, const struct rule **items, size_t count, size_t *ret_count);
