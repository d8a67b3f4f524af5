/* The schedule: which host is due when, and with which of its intervals. Pure: time is passed in, monotonic.
 *
 * A host has a turn for each interval that its expectations have. Turns keep to a grid of their own: the first is
 * spread over the interval by a hash of the host's name, every later one comes an interval after it, with a small
 * jitter that is another one each round. So neither a start nor a reload is a burst, hosts never march in step, and yet
 * the schedule of a run can be foretold. All turns of a host that are due together are one visit.
 *
 *     WAITING --schedule_take()--> UNDER WAY --schedule_put_back()--> WAITING
 */
#pragma once

#include "portconform/vector.h"

#include <stdbool.h>
#include <stdint.h>

enum { SCHEDULE_INTERVALS = 8 }; /* of one host; further ones are looked at with the next shorter one */

/* Why a host is visited; bits. */
enum visit_why {
    VISIT_TURN = 1,    /* one of its intervals is over */
    VISIT_LOOK = 2,    /* a change waits for another look, and is all that is looked at */
    VISIT_HASTENED = 4 /* somebody wants to know now: all of it */
};

struct schedule_turn {
    unsigned interval_s;
    int64_t base_ms, due_ms; /* on the grid; with jitter */
    uint64_t round;
};

struct schedule_host {
    const char *name; /* borrowed, from the plan */
    struct schedule_turn turns[SCHEDULE_INTERVALS];
    size_t turn_count;
    int64_t look_ms, hasten_ms; /* INT64_MAX: not wanted */
    int64_t due_ms;             /* the earliest of all */
    size_t place;               /* in the heap; SIZE_MAX: under way */
};

struct schedule {
    struct schedule_host *hosts; /* parallel to the plan's */
    size_t host_count;
    size_t *heap; /* indexes of hosts, the first due on top */
    size_t heap_count;
};

struct visit {
    size_t host;
    unsigned why;   /* bits of enum visit_why */
    unsigned turns; /* bits: which of the host's turns are due */
    int64_t due_ms; /* when it should have begun */
    bool late;      /* by more than half of the interval of a turn that is due */
};

/* Room for `host_count` hosts without turns. 0 or -ENOMEM. */
int schedule_init(struct schedule *schedule, size_t host_count);
void schedule_done(struct schedule *schedule); /* takes a zeroed one */
/* The turn of a host for that interval: its bit number. Before schedule_begin() it is made where there is none. */
size_t schedule_add_turn(struct schedule *schedule, size_t host, unsigned interval_s);
size_t schedule_turn(const struct schedule *schedule, size_t host, unsigned interval_s);
/* The first turns. Hosts and turns that `earlier` (NULL: none) has too keep their place in time. */
void schedule_begin(struct schedule *schedule, const struct schedule *earlier, int64_t now_ms);

int64_t schedule_next_ms(const struct schedule *schedule);                /* INT64_MAX: nobody waits */
size_t schedule_waiting(const struct schedule *schedule, int64_t now_ms); /* due, and not begun */
bool schedule_take(struct schedule *schedule, int64_t now_ms, struct visit *ret);
/* After a visit. `looked`: it was judged; else its turns come again after a pause. */
void schedule_put_back(struct schedule *schedule, const struct visit *visit, bool looked, int64_t now_ms);

/* Also while it is under way: then after it. */
void schedule_look_again(struct schedule *schedule, size_t host, int64_t at_ms);
void schedule_hasten(struct schedule *schedule, size_t host, int64_t at_ms);
