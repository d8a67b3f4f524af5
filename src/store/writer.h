/* The recorder's thread in its parts. The lock is held around all of them; they give it up while the disk works. */
#pragma once

#include "disk.h"
#include "internal.h"

enum { STORE_FOREIGN_STEP = 1000000 }; /* between the numbers of one boot's targets and the next's, below zero */

/* The disk is closed, tried again later, and the trouble told once. */
void writer_failed(struct recorder *recorder, const struct trouble *trouble);
void writer_note_aside(struct recorder *recorder, const char *name, const char *why);
/* Keeps the file within its bounds. */
void writer_prune(struct recorder *recorder);
/* Enters some of an earlier boot's entries anew. */
void writer_adopt(struct recorder *recorder);
void recorder_wait_until(struct recorder *recorder, pthread_cond_t *condition, int64_t until_ms);
