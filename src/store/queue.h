/* The queue of one target: which events it has to get, in order, and how far it is. No lock and no disk: the recorder
 * holds its lock around every call.
 *
 *     seq:   acked ......... given ......... loaded ......... stored ............ next
 *            |  arrived      |  sent          |  wait to be sent                  |  not assigned yet
 *                  (window: in memory)        (on disk alone)   (pending: in memory alone)
 *
 * `window` holds copies of what is on disk, as far as the sender needs them soon; what is between `loaded` and `stored`
 * has to be read. `pending` holds all that the disk has not taken. A recorder without a disk has only `pending`.
 *
 * What is lost is a range of seq, told in the place of its last one: the oldest of the queue (`lost`), or a range in
 * the middle (an entry with `lost_from`). Consecutive losses grow into one. */
#pragma once

#include "entries.h"

enum { QUEUE_WINDOW = 256 }; /* events of a queue that are held in memory though they are on disk */

struct loss {
    uint64_t from, to; /* to 0: none */
    uint64_t id;       /* of the event that tells it */
};

struct recorder;

struct outbox {
    struct recorder *recorder; /* borrowed */
    int64_t number;            /* names it in the store */
    char *name;
    struct event_choice choice;
    bool chosen;   /* the configuration has this target, so it gets events */
    bool gone;     /* no target any more: kept only until its sender closes it */
    unsigned open; /* senders that hold it: at most one in practice */
    int fd;        /* an eventfd, set while there is something to give */
    bool set;
    uint64_t acked, given, loaded, stored, next;
    uint64_t window_from; /* the window has all from here to `loaded` */
    struct entries window, pending;
    struct loss lost;
    uint64_t missed;  /* that should have come now, but there was no memory: the next one tells */
    uint64_t dropped; /* since the start */
    bool dirty;       /* its row in the store is out of date */
    bool wants;       /* the disk shall be read for it */
};

struct outbox *queue_new(struct recorder *recorder, const char *name, int64_t number); /* NULL: out of memory */
void queue_free(struct outbox *queue);                                                 /* takes NULL */
/* Goes on where the store's row left it. */
void queue_restore(struct outbox *queue, uint64_t acked, uint64_t last, struct loss lost);

/* Adds an event as the newest; the reference is the caller's to keep. Needs room for two in `pending`, and where events
 * were missed a `lost_id`. */
void queue_push(struct outbox *queue, struct entry entry);
/* An event is lost for want of memory. */
void queue_miss(struct outbox *queue);

enum queue_answer { QUEUE_NOTHING, QUEUE_EVENT, QUEUE_LOSS, QUEUE_ON_DISK };
/* What comes after `given`. EVENT: *ret is the entry. LOSS: *ret has seq, lost_from and lost_id alone. */
enum queue_answer queue_peek(const struct outbox *queue, uint64_t told_turn, struct entry *ret);
void queue_acknowledge(struct outbox *queue, uint64_t seq);
uint64_t queue_rewind(struct outbox *queue);
uint64_t queue_length(const struct outbox *queue);

/* The disk has taken all up to `seq`. */
void queue_recorded(struct outbox *queue, uint64_t seq);
/* What was read from the disk behind `loaded`; the reference is transferred. False: no room, or out of order. */
bool queue_loaded(struct outbox *queue, struct entry entry);
/* What follows `loaded`, up to `to`, is not on disk as it should be: it is lost. False: no room. */
bool queue_missing(struct outbox *queue, uint64_t to, uint64_t id);

/* The oldest `count` are given up. `id` is for the event that tells it. */
void queue_drop_oldest(struct outbox *queue, uint64_t count, uint64_t id);
/* Those of `pending` up to the event `event_id` are given up, in their place. Returns whether there were any. */
bool queue_drop_pending(struct outbox *queue, uint64_t event_id, uint64_t id);
