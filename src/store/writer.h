/* The recorder's thread in its parts. The lock is held around all of them; they give it up while the disk works. */
#pragma once

#include "disk.h"
#include "internal.h"
#include "page.h"

enum { STORE_FOREIGN_STEP = 1000000 }; /* between the numbers of one boot's targets and the next's, below zero */

/* The disk is closed, tried again later, and the trouble told once. */
void writer_failed(struct recorder *recorder, const struct trouble *trouble);
void writer_note_aside(struct recorder *recorder, const char *name, const char *why);
/* Keeps the file within its bounds. */
void writer_prune(struct recorder *recorder);
/* What the store holds is kept apart for writer_adopt(), and the boot is this run's. One transaction, without the lock:
 * what it looks at is this thread's. */
int writer_set_apart(const struct recorder *recorder, struct disk *disk, struct trouble *trouble);
/* Enters some of an earlier boot's entries anew. */
void writer_adopt(struct recorder *recorder);
void recorder_wait_until(struct recorder *recorder, pthread_cond_t *condition, int64_t until_ms);

/* The page at the start, before other threads are: opened, and cleared when the store is this run's. */
int keeper_begin(struct recorder *recorder, struct page_content *ret, struct trouble *trouble);
int keeper_began(struct recorder *recorder, struct trouble *trouble);
/* And later, before this run takes over the store of another boot, without the lock: it says `beyond` at once. */
int keeper_join_in(struct recorder *recorder, uint64_t next_id, struct trouble *trouble);
