/* The recorder from inside. One lock guards all of it; the disk belongs to the recorder's thread alone, which never
 * holds the lock while it waits for it.
 *
 *     submissions take turns: 1, 2, ...       <= stored_turn   on disk
 *                                             <= told_turn     may be told: on disk, or overdue, or without a disk
 */
#pragma once

#include "numbers.h"
#include "queue.h"

#include "portconform/store.h"

#include <pthread.h>

struct disk;

enum {
    STORE_MOST_OCTETS = 256 << 20,
    STORE_MOST_DAYS = 90,
    STORE_MOST_QUEUED = 100000,
    STORE_MOST_MEMORY = 16 << 20,
    STORE_PATIENCE_MS = 1000, /* how long an event waits for the disk */
    STORE_RETRY_FIRST_MS = 250,
    STORE_RETRY_LAST_MS = 30000,
    STORE_LAZY_MS = 1000, /* how long acknowledgements wait for something else to be written */
    STORE_PRUNE_MS = 10000,
    STORE_MADE = 64, /* events of the recorder's own that wait to be published */
    BOOT_TEXT = 17,
};

/* Entries of an earlier boot's queue that were entered anew: on disk the old ones go with the next transaction. */
struct foreign_done {
    int64_t target; /* 0: none */
    uint64_t seq;
};

/* The page beside the store (page.h), and the thread that writes it: whoever goes beyond the store waits for it, but no
 * longer than a second, since the page may lie on a disk that hangs. */
struct keeper {
    pthread_t thread;
    pthread_cond_t changed;
    int fd;             /* -1: there is none, and this run's boot is not the store's */
    bool beyond;        /* what the page shall say */
    bool known, marked; /* what it says, if that is known */
    uint64_t ids;
    int64_t since_ms; /* when the writing under way began; 0: none is */
    bool tried;       /* it cannot be written: not again before somebody asks anew */
    char *error;      /* why; NULL */
    bool ended;
};

struct store_counts {
    uint64_t events, transitions, findings;
};

struct recorder {
    pthread_mutex_t lock;
    pthread_cond_t work;     /* for the recorder's thread: there is something to do */
    pthread_cond_t patience; /* for the one that watches the clock */
    pthread_t thread, watcher;
    bool stopping, ended;
    int fd;

    char *folder; /* NULL: no disk */
    uint64_t most_octets, most_queued;
    size_t most_memory;
    unsigned most_days, retry_first_ms;
    void (*log)(int level, const char *text);

    char boot[BOOT_TEXT];
    int64_t boot_number; /* how many boots the store has seen before this one */
    char *left_behind;   /* why events may have been lost before this run: the targets have to be told; NULL */
    struct foreign_done foreign;
    bool foreign_left; /* the store may hold queues of an earlier boot */
    struct reserve ids;
    struct keeper keeper;
    struct numbers numbers;

    uint64_t turns, told_turn, stored_turn;
    int64_t untold_since_ms; /* monotonic: when the oldest turn that may not be told yet was taken; 0: none */
    int64_t behind_ms;       /* the same for turns that came after the work in hand was taken up; 0: none */
    struct entries waiting;  /* events that the history does not have yet, oldest first; seq is not used */
    size_t waiting_octets;
    struct snapshot *wanted; /* newer than what is on disk; NULL: none */
    struct snapshot *known;  /* what the disk holds, but for what every look changes; NULL: nobody knows */
    char *site, *vantage;    /* for the recorder's own events */

    struct outbox **queues;
    size_t queue_count, queue_capacity;
    int64_t last_number;
    bool targets_given; /* recorder_set_targets() was called */
    int64_t *gone;      /* numbers of targets to be deleted on disk */
    size_t gone_count, gone_capacity;

    struct event *made[STORE_MADE]; /* by the recorder itself, not fetched yet */
    size_t made_count;

    enum store_state state;
    char *outage; /* what the targets were told of the disk's trouble; NULL: nothing is wrong */
    char *path, *error, *set_aside;
    struct store_counts rows;
    uint64_t octets, forgotten, unrecorded, abandoned;
    int64_t retry_ms, pause_ms; /* of the disk, monotonic */
    int64_t lazy_ms;            /* when what can wait is written; 0: nothing waits */
    int64_t prune_ms;           /* when the bounds are looked at */
    struct disk *disk;          /* NULL: closed. The recorder's thread alone */
};

/* All below: the lock is held. */
uint64_t recorder_take_id(struct recorder *recorder);
/* An event for one target alone. The reference is transferred. 0 or -ENOMEM. */
int recorder_enter_for(struct recorder *recorder, struct outbox *queue, struct event *event);
/* An event for every target that wants it, made by the recorder itself: also for recorder_made(). */
void recorder_tell(struct recorder *recorder, struct event *event);
/* TARGET_DOWN or TARGET_UP of the target "store". NULL: out of memory. */
struct event *recorder_store_event(const struct recorder *recorder, enum event_kind kind, const char *message);
/* What may be told has changed: descriptors of outboxes. */
void recorder_wake_outboxes(struct recorder *recorder);
void recorder_mark_done(struct recorder *recorder);
/* Before anything is told that the disk does not hold: sees to it that the page says so. Gives the lock up meanwhile.
 */
void recorder_go_beyond(struct recorder *recorder);
/* What the page says may be out of date. */
void recorder_check_page(struct recorder *recorder);
/* All that was submitted may be told now. */
void recorder_tell_all(struct recorder *recorder);
void outbox_wake(struct outbox *queue);
/* The event that tells a loss; NULL: out of memory. */
struct event *outbox_lost_event(const struct outbox *queue, const struct entry *loss);
struct outbox *recorder_queue(const struct recorder *recorder, const char *name);
/* So many events of a target that is no more: they are counted, and the others are told. */
void recorder_abandon(struct recorder *recorder, const char *target, uint64_t count);
void recorder_bound(struct recorder *recorder);
/* Without a disk: events that nobody waits for any more leave the memory. */
void recorder_trim(struct recorder *recorder);
/* The disk holds the findings of this snapshot. */
void recorder_knows(struct recorder *recorder, struct snapshot *snapshot);
int64_t recorder_now_ms(void); /* monotonic */

/* --- threads ------------------------------------------------------------------------------------------------------ */

void *recorder_thread(void *recorder);
void *recorder_watcher(void *recorder);
void *recorder_keeper(void *recorder);
