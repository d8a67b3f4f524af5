/* The store: what outlives the daemon, in one SQLite file (write-ahead log), and the thread that writes it, the
 * recorder.
 *
 *     state     findings with since-when and damping counters, so that a restart neither flaps nor forgets
 *     history   every transition and every event, bounded in age and size
 *     outbox    for each target the events it has not acknowledged, in order, each with its seq
 *     numbers   the integers by which SNMP names things: given to a key once, never again
 *     ids       of events, reserved in blocks: they may skip, never repeat
 *
 * Commit, then tell: events get into the queues of their targets when their transaction is on disk. Where the disk does
 * not take them (full, read-only, broken) for longer than a second, they are told all the same, from memory and within
 * bounds, and the trouble is an event of its own; what had no room on disk is written when there is some again.
 *
 * What a crash may take: kill -9 nothing that was confirmed, and a power cut neither, because every transaction is
 * synced (synchronous=FULL). What was sent and whose acknowledgement was not yet written comes again, with the same
 * boot, id and seq: at least once. Of findings, what every look changes (looks, observed_ms, the texts of listener and
 * probe) is written together with something that matters, and may be older after a restart.
 *
 * seq, per target and boot, is gapless: where events are given up, EVENTS_LOST takes the last of their numbers. A boot
 * is the life of a store: a store that cannot be read (corrupt, or made by a newer version) is renamed, never deleted,
 * and a new one begins a new boot. So does a run that cannot write to its store when it begins; when it can, it takes
 * over what the store holds for the targets, with numbers of its own. And so does the run after one that was killed
 * while its store could not be written: a page beside the store, whose room is taken beforehand, says so, and beyond
 * which id to go on; the targets are told EVENTS_LOST without numbers, also by a run that cannot write either. Not
 * known is the end of a run that could never write since it began, after one that ended in order: it has no page to say
 * so. Where even the page cannot be written (a disk that may only be read), that is told with the trouble.
 *
 * Calls never block unless they say so. Errors of the disk are never errors of a call: they are in the status.
 */
#pragma once

#include "portconform/event.h"
#include "portconform/snapshot.h"
#include "portconform/status.h"

struct recorder;

struct recorder_options {
    const char *folder;   /* made if it is missing, mode 0700; NULL: all of it in memory */
    uint64_t most_octets; /* of the file; 0: 256 MiB. The history gives way first, then the oldest of the outbox */
    unsigned most_days;   /* of history; 0: 90 */
    size_t most_queued;   /* events a target; 0: 100000. The oldest are dropped, and the target is told EVENTS_LOST */
    size_t most_memory;   /* octets of events that wait for the disk; 0: 16 MiB */
    unsigned retry_ms;    /* the first pause before a disk in trouble is tried again; 0: 250. It doubles, up to 30 s */
    void (*log)(int level, const char *text); /* what is no event; from the recorder's thread; may be NULL */
};

/* What an earlier run left: one block a host, the site's own first, as a snapshot; NULL: nothing. */
struct recorded {
    struct snapshot *snapshot; /* owned by the caller */
    bool fresh;                /* a store that was not there before, or replaces one that was set aside */
};

/* Where a store is without any set-up: the first of $STATE_DIRECTORY (systemd's StateDirectory=); /var/lib/portconform
 * for root, or where it may be written; $XDG_STATE_HOME/portconform; ~/.local/state/portconform. Malloc'ed,
 * transferred. 0, -ENOMEM, or -ENOENT: nobody knows a home. Looks at the environment: before other threads change it.
 */
int store_default_folder(char **ret);

/* Opens or makes the store, reads the state, starts the thread. Blocks for the reading. 0, or -ENOMEM and what
 * pthread_create(3) gives; -EBUSY: another process uses this store. Any other that cannot be used is no failure: see
 * the status. */
int recorder_start(const struct recorder_options *options, struct recorder **ret, struct recorded *ret_state);
/* Writes what is queued, at most until `timeout_ms`, closes, and frees it. Outboxes are closed before. Where the disk
 * still hangs then, thread and memory are left behind, for the program to end with. Takes NULL. */
void recorder_stop(struct recorder *recorder, unsigned timeout_ms);

/* Other bounds from now on: octets of the file and days of history; 0: as in recorder_options. */
void recorder_set_bounds(struct recorder *recorder, uint64_t most_octets, unsigned most_days);

/* --- writing: the engine's thread -------------------------------------------------------------------------------- */

/* One transaction. */
struct record {
    struct snapshot
        *snapshot;         /* the findings from now on: what differs from the last one is written; NULL: no change */
    struct event **events; /* without ids; malloc'ed array */
    size_t event_count;
};
/* Takes everything the record holds (transferred, also on failure). Gives each event its id, which is there when the
 * call returns (for who has a reference of its own), and each target its queue entry. Returns a ticket, larger than all
 * before, or -ENOMEM: then targets that miss an event of it are told EVENTS_LOST. Who submits faster than the disk
 * writes, for longer than `most_memory` reaches, loses the oldest; the targets are told. */
int64_t recorder_submit(struct recorder *recorder, struct record *record);
/* An event for one target alone (a summary that somebody asked for), whatever its choice. Transferred. 0, -ENOENT (no
 * such target) or -ENOMEM. */
int recorder_submit_for(struct recorder *recorder, const char *target, struct event *event);
/* The events that the recorder made itself since the last call, oldest first: TARGET_DOWN and TARGET_UP of the target
 * "store", EVENTS_LOST of targets that are no more. The targets have got them; they are for the publication. References
 * that the caller drops. Returns how many. Any thread; the descriptor below tells of them too. */
size_t recorder_made(struct recorder *recorder, struct event **ret, size_t max);
int recorder_fd(const struct recorder *recorder); /* readable when a ticket was done, or got from memory to the disk */
/* The newest ticket that is done, and whether all up to it are on disk. Empties the descriptor. */
int64_t recorder_done_ticket(struct recorder *recorder, bool *ret_on_disk);
/* Any thread. Strings live in `arena`. */
int recorder_status(struct recorder *recorder, struct arena *arena, struct store_status *ret);
/* The SNMP number of a key in a space ("finding", "host", "target", "listener"): the same one for ever, 1 .. 2^31-1.
 * Any thread; in memory, written soon after, reserved in blocks so that a crash repeats none. 0: out of memory. */
uint32_t recorder_number(struct recorder *recorder, const char *space, const char *key);

/* --- the outbox -------------------------------------------------------------------------------------------------- */

struct outbox_target {
    const char *name; /* by which a reload finds its queue again */
    struct event_choice choice;
};
/* The targets from now on: new ones begin with the next event; the queue of one that is gone is deleted, and what it
 * held is counted and told to the others (EVENTS_LOST without numbers). Strings are copied. 0 or -ENOMEM. */
int recorder_set_targets(struct recorder *recorder, const struct outbox_target *targets, size_t count);

struct outbox; /* the queue of one target, for its sender's thread */
struct outbox *outbox_open(struct recorder *recorder, const char *name); /* NULL: no such target, or out of memory */
void outbox_close(struct outbox *outbox);                                /* takes NULL */
int outbox_fd(const struct outbox *outbox); /* readable while outbox_next() has something */

struct outbox_item {
    struct event *event; /* a reference of the caller's */
    uint64_t seq;        /* of this target, in this boot */
    char boot[17];
};
/* The next one that was not given yet, and moves on. 0, or -EAGAIN: none now. */
int outbox_next(struct outbox *outbox, struct outbox_item *ret);
/* All up to `seq` have arrived as far as anybody can know: they are deleted. */
void outbox_acknowledge(struct outbox *outbox, uint64_t seq);
/* Begins again behind what was acknowledged: after a connection was lost. Returns how many will come again. */
uint64_t outbox_rewind(struct outbox *outbox);
/* What is in it, acknowledged ones not counted, and what was dropped from it since the start. */
uint64_t outbox_queued(struct outbox *outbox);
uint64_t outbox_dropped(struct outbox *outbox);

/* --- history ------------------------------------------------------------------------------------------------------ */

struct history_query {
    const char *host;         /* NULL: all */
    enum transport transport; /* UNSTATED: both */
    uint16_t port;            /* 0: all; else findings whose ports hold it */
    int64_t since_ms;         /* wall clock; 0: all */
    size_t most;              /* the newest so many; 0: 100 */
};
/* Newest first. Blocks for the disk; any thread but the engine's. The event is the callee's to look at until it
 * returns. 0, or a negative code (-ENOENT: no store). */
int recorder_history(struct recorder *recorder, const struct history_query *query,
                     void (*each)(void *context, const struct event *event), void *context);
