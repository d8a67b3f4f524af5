/* What the files of the engine share: the engine, a probe, and a target. Kinds see none of it. */
#pragma once

#include "heap.h"

#include "portconform/probe.h"

#include <stdalign.h>
#include <stddef.h>

/* One address that unfinished probes aim at. */
struct probe_target {
    struct address address; /* first: the tree compares it */
    size_t probes;          /* unfinished */
    unsigned slots;         /* of them ready or running, at most per_target */
    struct probe *waiting_first, *waiting_last;
    bool route_asked;
    bool route_local;
};

enum probe_phase {
    PROBE_PHASE_WAITING, /* its target has no slot: in the target's list */
    PROBE_PHASE_READY,   /* may start when a descriptor is free: in `ready` */
    PROBE_PHASE_RUNNING, /* in `running` */
};

struct probe {
    struct probe_engine *engine;
    struct probe_target *target;
    struct probe *next;            /* in the target's list */
    struct probe *older, *younger; /* of all */
    size_t heap_index;
    int64_t heap_key;
    int64_t sequence; /* age: `ready` is ordered by it */
    enum probe_phase phase;
    bool ended;
    int fd;
    int64_t deadline_ms;
    int64_t timer_ms;
    int64_t sent_us; /* CLOCK_MONOTONIC at the last attempt; 0: none */
    struct probe_request request;
    struct probe_result result;
    alignas(max_align_t) unsigned char state[];
};

struct probe_engine {
    int epoll_fd;
    int route_fd; /* rtnetlink, opened when a route is first asked for; -1 */
    unsigned in_flight;
    unsigned per_target;
    bool starved; /* no descriptor was left: wait until a slot of ours comes free */
    int64_t sequence;
    size_t pending;
    struct probe *oldest, *youngest;
    struct moment now;
    void *targets;             /* tsearch(3) tree of struct probe_target */
    struct probe_heap ready;   /* by sequence */
    struct probe_heap running; /* by the next timer or deadline */
};
