/* Differences: what an upgrade of a guide, or a change of a site, opens, drops and changes, and what a firewall between
 * the parts has to follow.
 *
 * Guides are compared component by component, sites host by host. Rows find each other by id and ports, then by ports
 * alone (a table that was renumbered demands nothing new), then by id alone (a port that moved). Descriptions, sources
 * and row numbers by themselves are no difference.
 *
 * Pure: two configurations in, a list out. Everything in it is copied: it outlives what it was made from.
 */
#pragma once

#include "portconform/matrix.h"

enum difference_kind {
    DIFFERENCE_ADDED,   /* a component, host or parameter that B has and A has not */
    DIFFERENCE_REMOVED, /* ... the other way round */
    DIFFERENCE_OPENED,  /* a port that is demanded in B only */
    DIFFERENCE_DROPPED, /* ... in A only */
    DIFFERENCE_CHANGED, /* in both, and one thing about it differs: one difference for each */
};
const char *difference_kind_name(enum difference_kind kind); /* "added" "removed" "opened" "dropped" "changed" */

struct difference {
    enum difference_kind kind;
    const char *where;          /* the component or host; "parameter NAME"; never NULL */
    const char *ports;          /* "tcp 31000", as B has it (A where dropped); NULL for what is no port */
    const char *field;          /* of CHANGED: "presence"; else NULL */
    const char *before, *after; /* of CHANGED */
    const char *about;          /* of a port: who may call, and when; NULL: nothing to say */
    const char *ref;            /* rule ids; NULL for what is no rule */
};

/* What a firewall has to do so that B works and nothing of A alone stays open. */
struct way_difference {
    bool open; /* B needs it and A did not; else A needed it and B does not */
    const char *source, *destination;
    const char *source_addresses, *destination_addresses; /* of sites, with blanks between; NULL: none are known */
    enum transport transport;
    const char *ports;
    const char *when; /* of guides: the condition under which the rule holds; NULL: always */
    const char *ref;
};

struct diff {
    struct arena *arena;
    const struct difference *items; /* by where, in the order of B, then what only A has */
    size_t count;
    const struct way_difference *ways;
    size_t way_count;
};

/* 0 or -ENOMEM. */
int diff_guides(const struct guide *a, const struct guide *b, struct diff **ret);
struct diff_site {
    const struct plan *plan;
    const struct matrix *matrix;
};
/* `host`: only this one, by its name; NULL: all. */
int diff_sites(const struct diff_site *a, const struct diff_site *b, const char *host, struct diff **ret);
void diff_free(struct diff *diff); /* takes NULL */
