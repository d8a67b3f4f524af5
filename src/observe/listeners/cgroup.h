/* From the id of a cgroup to the unit that it belongs to. */
#pragma once

#include "portconform/arena.h"
#include <stdint.h>

/* An id, and what was found for it. */
struct cgroup_name {
    uint64_t id;
    const char *unit; /* NULL: unknown, or no unit */
};

int cgroup_name_order(const void *left, const void *right); /* by id, for qsort() and bsearch() */
/* Fills in units of `names`, which are sorted by id. Where the machine has no cgroup2 mount they stay unknown. 0 or
 * -ENOMEM. */
int cgroup_find(struct cgroup_name *names, size_t count, struct arena *arena);
