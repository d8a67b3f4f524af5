/* Numbers for the keys of findings: the index of their row. A key keeps its number as long as the process runs, and no
 * number is ever given to two keys, so that a walk, a graph or a ticket never changes its subject.
 *
 * Keys that are gone keep their number too, in case they return, as long as there are not too many of them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct numbered {
    char *key; /* owned */
    uint32_t index;
};

struct numbering {
    struct numbered *items; /* by key */
    size_t count;
    uint32_t last;    /* the highest number given; 0: none yet */
    size_t most_gone; /* how many keys that are gone are remembered; 0 stands for NUMBERING_MOST_GONE */
};

enum { NUMBERING_MOST_GONE = 1 << 16 };

void numbering_done(struct numbering *numbering);

/* Numbers `count` keys that are sorted and unique; indexes[i] becomes the number of keys[i], or 0 when all numbers are
 * used up. 0 or -ENOMEM, and then nothing has changed but that numbers may be skipped. */
int numbering_assign(struct numbering *numbering, const char *const *keys, size_t count, uint32_t *indexes);
