/* What the files of the engine share: the engine, a probe, a target, a lane, a slot. Kinds see none of it.
 *
 *     engine.c   the life of a probe, events and deadlines
 *     turns.c    whose turn it is: lanes, targets, token buckets
 *     slots.c    descriptors, and the sockets that are used again
 */
#pragma once

#include "heap.h"
#include "table.h"

#include "portconform/probe.h"

#include <stdalign.h>
#include <stddef.h>

enum { PROBE_LANES = 2, NO_SLOT = UINT32_MAX };

struct probe_list {
    struct probe *first, *last;
};

/* So many at once, then so many a second. In thousandths, so that a millisecond is worth a whole number. */
struct token_bucket {
    int64_t level;
    int64_t refilled_ms;
};
struct token_rate {
    int64_t per_second;
    int64_t burst;
};

/* One address that unfinished probes aim at, or that was probed so lately that its bucket is not full again. */
struct probe_target {
    struct table_entry entry; /* by address */
    struct address address;
    size_t probes;                   /* unfinished */
    struct probe_list early, normal; /* whose turn has not come */
    struct token_bucket bucket;
    struct heap_member member; /* of `eligible`, by the age of its next probe, or of `resting`, by time */
    enum { TARGET_IDLE, TARGET_ELIGIBLE, TARGET_RESTING } state;
    bool route_asked;
    bool route_local;
};

/* What at most so many probes may use at a time: a listener. */
struct probe_lane {
    struct table_entry entry; /* by key */
    unsigned running;
    unsigned limit;
    struct probe_list early, normal; /* who waits for it */
};

enum probe_phase {
    PROBE_PHASE_DELAYED, /* in `delayed` */
    PROBE_PHASE_LANE,    /* waits for a lane */
    PROBE_PHASE_QUEUED,  /* in its target's lists */
    PROBE_PHASE_RUNNING, /* in `running` */
};

struct probe {
    struct probe_engine *engine;
    struct probe_target *target;
    struct probe_lane *lanes[PROBE_LANES]; /* that it holds; the last one may be what it waits for */
    unsigned lane_count;
    struct probe_list *list; /* that it is in; NULL: none */
    struct probe *before, *after;
    struct probe *older, *younger; /* of all */
    struct heap_member member;     /* of `delayed` or `running` */
    uint64_t number;               /* age */
    enum probe_phase phase;
    bool ended;
    uint32_t slot; /* NO_SLOT: none */
    int64_t deadline_ms;
    int64_t timer_ms;
    int64_t sent_us; /* CLOCK_MONOTONIC at the last attempt; 0: none */
    struct probe_request request;
    struct probe_result result;
    alignas(max_align_t) unsigned char state[];
};

/* A descriptor in the epoll set. The events carry place and generation: what comes for an earlier descriptor of the
 * same place is nobody's. */
struct probe_slot {
    int fd; /* -1: free */
    uint32_t generation;
    struct probe *probe;                                                 /* NULL: idle or free */
    enum slot_use { SLOT_ONCE, SLOT_TCP, SLOT_TCP_QUIET, SLOT_UDP } use; /* quiet: nothing will be said */
    sa_family_t family;
    struct address source; /* bound to; AF_UNSPEC */
    uint16_t own_port;     /* UDP */
    uint64_t inode;        /* UDP */
    uint32_t limits_count; /* marked and bound as they were then */
    bool used;             /* by an earlier probe */
};

struct slot_stack {
    uint32_t *items;
    size_t count, capacity;
};

struct probe_engine {
    int epoll_fd;
    int route_fd;          /* rtnetlink, opened when a route is first asked for; -1 */
    unsigned descriptors;  /* that we may hold */
    unsigned open_count;   /* that we do hold */
    bool starved;          /* nothing was left to call from: wait until one of ours comes free */
    int starved_of;        /* EMFILE: descriptors; EADDRINUSE: source ports */
    uint32_t limits_count; /* how often they were set */
    struct probe_limits limits;
    struct token_rate rate, target_rate;
    struct token_bucket bucket;
    uint64_t number;
    uint64_t ended_count;
    size_t pending;
    struct probe *oldest, *youngest;
    struct moment now;
    struct probe_table targets;
    struct probe_table lanes;
    struct probe_heap eligible; /* targets with a token */
    struct probe_heap resting;  /* targets without, and those that nobody wants: by the time that changes */
    struct probe_heap delayed;  /* probes, by the time that they may be queued */
    struct probe_heap running;  /* probes, by the next timer or deadline */
    struct probe_slot *slots;
    uint32_t slot_count, slot_capacity;
    struct slot_stack free_slots;
    struct slot_stack idle[6]; /* TCP, quiet TCP and UDP, of either family */
};

/* --- turns.c ----------------------------------------------------------------------------------------------------- */

void turns_set_rates(struct probe_engine *engine);
/* Into a lane's list or its target's. 0 or -ENOMEM, then it is nowhere. */
int turns_enter(struct probe *probe);
/* Out of every list, its lanes free for the next; from any phase but RUNNING it leaves `running` to the caller. */
void turns_leave(struct probe *probe);
/* A probe whose turn it was goes back to the head of its target's queue, its token given back. */
void turns_return(struct probe *probe);
bool turns_any(const struct probe_engine *engine);     /* is it anybody's turn? */
struct probe *turns_take(struct probe_engine *engine); /* the next one, out of its list; NULL: it is nobody's turn */
void turns_refill(struct probe_engine *engine);        /* by engine->now */
int64_t turns_next_ms(const struct probe_engine *engine);
void turns_done(struct probe_engine *engine);

/* --- slots.c ----------------------------------------------------------------------------------------------------- */

/* Does a new probe find a descriptor? */
bool slots_left(const struct probe_engine *engine);
/* A slot for fd, which is added to the epoll set and belongs to the probe. Takes fd in any case. 0 or -errno */
int slots_add(struct probe *probe, int fd, uint32_t epoll_events, enum slot_use use);
/* Gives the probe an idle socket of that use, or a new one. 0 or -errno */
int slots_take(struct probe *probe, enum slot_use use);
/* What is heard may be meant for an earlier probe: then another socket, on another port, takes the place of the
 * probe's. 1: it does; 0: there was no need; or -errno */
int slots_renew(struct probe *probe);
void slots_once(struct probe *probe);      /* its socket will not be used again */
void slots_give_back(struct probe *probe); /* to the idle ones, or closed */
/* Whose event is it? NULL: nobody's any more. */
struct probe *slots_probe_of(struct probe_engine *engine, uint64_t epoll_data);
bool slots_close_idle(struct probe_engine *engine); /* was there any? */
/* Those of UDP, which hold ports and look like listeners. */
void slots_close_idle_udp(struct probe_engine *engine);
/* Another socket, on another port, takes the place of the probe's. 0 or -errno */
int slots_replace(struct probe *probe);
void slots_done(struct probe_engine *engine);
