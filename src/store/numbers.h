/* Numbers for keys, and reserves of numbers that may skip and never repeat. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is handed out is at most RESERVE_STEP beyond what the disk holds as `reserved`; a run that did not end in order
 * begins behind that. So nothing has to wait for the disk, and a crash repeats nothing. */
enum { RESERVE_STEP = 65536 };
struct reserve {
    uint64_t next;     /* the first that was not handed out */
    uint64_t reserved; /* on disk */
};
/* Where the next run begins. `exact`: the last one wrote what it had handed out. */
void reserve_begin(struct reserve *reserve, uint64_t on_disk, bool exact);
bool reserve_is_low(const struct reserve *reserve); /* the disk should reserve up to reserve_wanted() */
uint64_t reserve_wanted(const struct reserve *reserve);

enum { NUMBERS_LAST = INT32_MAX };

struct number {
    struct number *older; /* of those that are not on disk yet */
    uint32_t number;
    const char *space; /* of the table's */
    const char *key;   /* `text`, but in a search */
    char text[];
};

struct number_space {
    char *name;
    struct reserve reserve;
};

struct numbers {
    void *tree; /* tsearch(3) of struct number */
    struct number_space *spaces;
    size_t space_count;
    struct number *unwritten; /* the newest first */
    size_t count;
    bool bounded; /* there is a disk: no number beyond what a crash may skip */
};

void numbers_done(struct numbers *numbers);
/* Adds a space whose numbers begin where `reserve` says. -ENOMEM. */
int numbers_add_space(struct numbers *numbers, const char *name, uint64_t on_disk, bool exact);
/* Adds what the disk holds. 0, -ENOMEM, or -EEXIST. */
int numbers_restore(struct numbers *numbers, const char *space, const char *key, uint32_t number);
/* The number of a key, a new one where it has none. 0: out of memory or of numbers. *ret_new: it has to be written. */
uint32_t numbers_of(struct numbers *numbers, const char *space, const char *key, bool *ret_new);
bool numbers_low(const struct numbers *numbers);
/* Adds those whose keys have none yet. 0 or -ENOMEM. */
int numbers_merge(struct numbers *numbers, const struct numbers *more);
/* All of them have to be written again. */
void numbers_forget_disk(struct numbers *numbers);
