/* What the files of this part share.
 *
 *     rows    a guide's rules or a host's expectations as rows of words     guides.c, sites.c
 *     match   which row of B is which row of A                              match.c
 *     ways    what a firewall has to follow                                 guides.c, sites.c
 */
#pragma once

#include "portconform/diff.h"
#include "portconform/text.h"

/* What is told about a port, field by field; the names of both kinds of rows stand in one table. */
enum field {
    FIELD_CALLERS,
    FIELD_WHEN,
    FIELD_PRESENCE,
    FIELD_SCOPE,
    FIELD_SERVICE,
    FIELD_FAMILY,
    FIELD_SEGMENT,
    FIELD_DIRECTION,
    FIELD_CHANGEABLE,
    FIELD_FLAGS,
    FIELD_ADDRESSES,
    FIELD_SEVERITY,
    FIELD_VALUE,
    FIELD_COUNT
};

struct row {
    const char *where; /* component or host */
    const char *id;    /* tells rows apart as far as files can: rule, or role, rule and item */
    const char *ports; /* "tcp 31000" */
    const char *ref;
    const char *fields[FIELD_COUNT]; /* NULL: nothing to compare */
    const struct row *other;         /* its match */
};
struct rows {
    struct row *items;
    size_t count, capacity;
};

struct differences {
    struct difference *items;
    size_t count, capacity;
};
struct ways {
    struct way_difference *items;
    size_t count, capacity;
};

struct differing {
    struct arena *arena;
    struct differences found;
    struct ways ways;
    bool failed; /* out of memory at some time */
};

int differing_begin(struct differing *differing);
/* Hands over to *ret, or frees everything. */
int differing_end(struct differing *differing, struct diff **ret);
void differing_add(struct differing *differing, struct difference difference);
void differing_add_way(struct differing *differing, struct way_difference way);
/* A copy in the arena, and the text cleared; NULL for an empty text. */
const char *differing_keep(struct differing *differing, struct text *text);
const char *differing_copy(struct differing *differing, const char *string);

/* Matches the rows of one component or host and tells what differs. Either may be empty. */
void rows_compare(struct differing *differing, struct rows *a, struct rows *b);
