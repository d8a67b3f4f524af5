/* Watching a site: what the daemon knows and when it looks, without how. Pure: no I/O, no clock, no log. The daemon
 * drives it from its loop with real visits (cycle.h), the scenarios with a clock of their own and what a story says was
 * seen.
 *
 *     watch_next() -> a host and the flows that are due -> somebody looks -> watch_judge() -> transitions
 *
 * Each expectation has an interval; those of a host with the same interval are due together. The first look is spread
 * over the interval by a hash of the host's name, later ones keep to that grid with a small jitter, so that neither a
 * start nor a reload is a burst. A change that waits for another look (damping) is looked at again within seconds, a
 * few times; only then the turn of its interval is waited for. What can be seen only over time (a UDP socket that may
 * be a client's) gets no such looks.
 *
 * After a reload everything is matched by key: findings with their counters and since-when, and places in the schedule.
 * Findings of what is unchanged stay as they are; what the new configuration says otherwise about them (severities,
 * waivers, expectations that are gone) is told host by host, by watch_follow().
 *
 * What was seen is in `watch_seen()`, for those who look; it is of the current plan.
 */
#pragma once

#include "portconform/judge.h"

struct watch;

/* Of what the last runs left (NULL: nothing), which stays the caller's; its findings are the earlier ones. The plan is
 * borrowed until another takes its place. 0 or -ENOMEM. */
int watch_new(const struct plan *plan, const struct snapshot *earlier, struct moment now, struct watch **ret);
void watch_free(struct watch *watch); /* takes NULL */
/* Another plan. No visit may be under way: those that were are taken back before by watch_drop(), and begun again. On
 * failure the old plan stays. 0 or -ENOMEM. */
int watch_replan(struct watch *watch, const struct plan *plan, struct moment now);

/* What a host is visited for. `not_due` is by flow id, NULL: all of it; it holds until the visit is judged or dropped.
 */
struct watch_visit {
    size_t host;
    const bool *not_due;
    bool late;      /* it should have begun earlier, by more than half of its interval */
    bool by_demand; /* somebody asked for it */
    int64_t due_ms;
    unsigned why, turns; /* the schedule's own */
};
bool watch_next(struct watch *watch, struct moment now, struct watch_visit *ret); /* false: nobody is due */
int64_t watch_next_ms(const struct watch *watch); /* monotonic; INT64_MAX: all are under way */
struct observations *watch_seen(struct watch *watch);
/* Adds to the transitions of `into`, whose findings live as long as the blocks of the watch do and `into` does: to be
 * told before the next visit of that host is judged. *ret_changed: a finding is not as it was. 0, or -ENOMEM: it is as
 * if it was dropped. */
int watch_judge(struct watch *watch, const struct watch_visit *visit, struct moment now, struct judgement *into,
                bool *ret_changed);
/* The visit came to nothing. */
void watch_drop(struct watch *watch, const struct watch_visit *visit, struct moment now);

/* A host, or all with SIZE_MAX, are due now. */
void watch_hasten(struct watch *watch, size_t host, struct moment now);
/* Are these (bits, of one visit or several) all turns of the host? */
bool watch_whole_host(const struct watch *watch, size_t host, unsigned turns);
/* The index of a host by its name, SIZE_MAX: no such host. */
size_t watch_host(const struct watch *watch, const char *name);

/* The wall clock was set, by so much: nothing has become older by that. */
void watch_clock_set(struct watch *watch, int64_t by_ms);

/* After another plan, which the end of a day brings as well: adopts what it says about findings, for at most `most`
 * hosts. False: all hosts have been. As watch_judge() else. */
bool watch_follow(struct watch *watch, size_t most, struct moment now, struct judgement *into, bool *ret_changed);

/* All findings as they are now. NULL: out of memory. Owned by the caller. */
struct snapshot *watch_snapshot(const struct watch *watch, struct moment now);

struct watch_counters {
    uint64_t visits, late;
    size_t waiting;        /* due, and not begun */
    int64_t round_ms;      /* how long the slowest host of the last minute waited for its turn and its look */
    int64_t last_visit_ms; /* wall clock */
    size_t expectations;
};
struct watch_counters watch_count(const struct watch *watch, struct moment now);
