/* What an earlier run left in the store. */
#pragma once

#include "disk.h"
#include "internal.h"

/* Reads queues, numbers and counts into a recorder that no other thread knows yet. */
int restore_recorder(struct recorder *recorder, struct disk *disk, const struct disk_found *found,
                     struct trouble *trouble);
/* The findings as a snapshot; *ret is NULL where there are none. */
int restore_snapshot(struct disk *disk, struct trouble *trouble, struct snapshot **ret);
int restore_counts(struct store_counts *ret, struct disk *disk, struct trouble *trouble);
/* The numbers alone; new ones begin where no other run's are. Without a disk (NULL): only that. */
int restore_numbers(struct numbers *numbers, struct disk *disk, struct trouble *trouble);

struct reach {
    uint64_t after; /* seq */
    size_t most;    /* rows */
};
/* Entries of a queue: references in ret[], in order. What cannot be read is left out. *ret_reached: the seq of the last
 * row, 0 where there was none. Returns how many rows there were, or a negative code. */
int64_t restore_entries(struct disk *disk, struct trouble *trouble, int64_t target, struct reach reach,
                        struct entries *ret, uint64_t *ret_reached);
