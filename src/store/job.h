/* One transaction: what the recorder's thread takes out of the recorder under its lock, and writes without it. */
#pragma once

#include "disk.h"
#include "internal.h"

struct job_entry {
    int64_t target;
    uint64_t seq;
    uint64_t event_id;
};

struct job_target {
    int64_t number;
    const char *name;
    uint64_t acked, last, forget; /* entries up to `forget` are deleted */
    struct loss lost;
    uint64_t stored; /* the last seq that the job brings to the disk */
    bool brings;
};

struct job_space {
    const char *name;
    uint64_t reserved;
};

struct job {
    struct arena *arena;
    uint64_t turn;
    struct event **events; /* references */
    size_t event_count;
    struct job_entry *entries;
    size_t entry_count;
    struct job_target *targets;
    size_t target_count;
    int64_t *gone;
    size_t gone_count;
    struct number *numbers; /* the newest first, none after NULL; they live as long as the recorder */
    uint64_t ids;           /* to reserve; 0: enough is */
    struct job_space *spaces;
    size_t space_count;
    struct snapshot *known, *wanted; /* wanted NULL: as before */
    bool final;                      /* the last transaction of a run: what is reserved is what was handed out */
    int64_t boot_number;
    const char *boot;
    struct foreign_done foreign;
    /* what came of it */
    uint64_t events_added, transitions_added;
};

/* The lock is held. 0 or -ENOMEM. */
int job_take(struct recorder *recorder, bool final, struct job *ret);
/* Without the lock. 0 or a negative code; then nothing of it is on disk, or nobody knows. */
int job_write(struct job *job, struct disk *disk, struct trouble *trouble);
/* The lock is held: it is on disk. */
void job_written(struct job *job, struct recorder *recorder);
void job_done(struct job *job);

/* The findings of `wanted` where they differ from those of `known` (NULL: nobody knows what is there). */
int findings_write(struct disk *disk, struct trouble *trouble, const struct snapshot *known,
                   const struct snapshot *wanted);
/* Is there anything worth a transaction? */
bool findings_differ(const struct snapshot *known, const struct snapshot *wanted);
