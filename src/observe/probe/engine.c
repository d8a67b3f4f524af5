/* The engine: the life of a probe, what is ready, what is due. It knows nothing of sockets' contents; that is the
 * kinds'.
 *
 *     phase          | in                  | leaves when
 *     ---------------+---------------------+--------------------------------------------------------------------
 *     DELAYED        | `delayed`, by time  | that time has come
 *     LANE, QUEUED   | turns.c             | it is its turn, and a descriptor is left
 *     RUNNING        | `running`, by due   | the kind ends it, its deadline passes, or EMFILE sends it back to QUEUED
 *
 * Every choice costs O(log n).
 */
#include "engine.h"
#include "route.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    DESCRIPTOR_RESERVE = 32, /* for everything in the process that is not a probe */
    EVENT_BATCH = 256,
    START_BATCH = 256, /* then answers are read, and their sockets are used again */
};

/* --- making ------------------------------------------------------------------------------------------------------ */

static unsigned descriptor_budget(unsigned wanted)
{
    struct rlimit limit;
    unsigned budget = wanted ? wanted : UINT32_MAX / 2;
    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == RLIM_INFINITY)
        return budget;
    if (limit.rlim_cur <= DESCRIPTOR_RESERVE)
        return 1;
    rlim_t left = limit.rlim_cur - DESCRIPTOR_RESERVE;
    return left < budget ? (unsigned)left : budget;
}

void probe_raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

void probe_engine_set_limits(struct probe_engine *engine, const struct probe_limits *limits)
{
    engine->limits = limits ? *limits : (struct probe_limits){0};
    engine->limits_count++;
    engine->descriptors = descriptor_budget(engine->limits.descriptors);
    turns_set_rates(engine);
    (void)slots_close_idle(engine); /* they are bound and marked as it was before */
}

int probe_engine_new(const struct probe_limits *limits, struct probe_engine **ret)
{
    struct probe_engine *engine = calloc(1, sizeof(*engine));
    if (!engine)
        return -ENOMEM;
    engine->route_fd = -1;
    engine->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (engine->epoll_fd < 0) {
        int error = errno;
        free(engine);
        return -error;
    }
    probe_engine_set_limits(engine, limits);
    engine->bucket.level = engine->rate.burst;
    *ret = engine;
    return 0;
}

bool probe_route_is_local(struct probe *probe)
{
    struct probe_target *target = probe->target;
    if (!target->route_asked) {
        target->route_asked = true;
        target->route_local = route_is_local(&probe->engine->route_fd, &target->address);
    }
    return target->route_local;
}

/* --- queueing ---------------------------------------------------------------------------------------------------- */

/* As the limits are when it begins. */
static void mark_request(struct probe_request *request, const struct probe_limits *limits)
{
    request->dscp = limits->dscp;
    request->source_port_low = limits->source_port_low;
    request->source_port_high = limits->source_port_high;
}

static void link_last(struct probe_engine *engine, struct probe *probe)
{
    probe->older = engine->youngest;
    *(engine->youngest ? &engine->youngest->younger : &engine->oldest) = probe;
    engine->youngest = probe;
    engine->pending++;
}

static void unlink_probe(struct probe_engine *engine, struct probe *probe)
{
    *(probe->older ? &probe->older->younger : &engine->oldest) = probe->younger;
    *(probe->younger ? &probe->younger->older : &engine->youngest) = probe->older;
    engine->pending--;
}

int probe_engine_add(struct probe_engine *engine, const struct probe_request *request)
{
    /* room for all: starting a probe then never fails for it */
    if (probe_heap_reserve(&engine->running, engine->pending + 1) ||
        probe_heap_reserve(&engine->delayed, engine->pending + 1))
        return -ENOMEM;
    struct probe *probe = calloc(1, sizeof(*probe) + request->kind->state_size);
    if (!probe)
        return -ENOMEM;
    probe->engine = engine;
    probe->request = *request;
    probe->slot = NO_SLOT;
    probe->number = ++engine->number;
    address_normalise(&probe->request.target);
    address_normalise(&probe->request.source);
    int r = 0;
    if (request->delay_ms > 0)
        probe_heap_push(&engine->delayed, &probe->member, engine->now.mono_ms + request->delay_ms);
    else
        r = turns_enter(probe);
    if (r < 0) {
        free(probe);
        return r;
    }
    link_last(engine, probe);
    return 0;
}

/* --- the end of a probe ------------------------------------------------------------------------------------------ */

/* Undoes `start`: what the kind holds, and the descriptor. */
static void give_back(struct probe *probe)
{
    if (probe->request.kind->cancel)
        probe->request.kind->cancel(probe);
    slots_give_back(probe);
}

/* Out of every order; what it holds is given back. */
static void take_out(struct probe *probe)
{
    struct probe_engine *engine = probe->engine;
    if (probe->phase == PROBE_PHASE_RUNNING) {
        probe_heap_remove(&engine->running, &probe->member);
        engine->starved = false;
        give_back(probe);
    }
    if (probe->phase == PROBE_PHASE_DELAYED)
        probe_heap_remove(&engine->delayed, &probe->member);
    else
        turns_leave(probe);
    unlink_probe(engine, probe);
}

/* Of a probe that has ended: out, `done`, and gone. */
static void finish(struct probe *probe)
{
    take_out(probe);
    probe->engine->ended_count++;
    probe->result.ended = probe->engine->now;
    if (probe->request.done)
        probe->request.done(probe->request.context, &probe->request, &probe->result);
    free(probe);
}

void probe_end_local(struct probe *probe, int error)
{
    probe->result.error = error;
    probe_end(probe, PROBE_LOCAL, probe_local_reason(error));
}

/* --- starting ---------------------------------------------------------------------------------------------------- */

static bool may_start(const struct probe_engine *engine)
{
    return turns_any(engine) && slots_left(engine) && !(engine->starved && engine->running.count > 0);
}

/* What comes free again: waiting for it is better than giving up. */
static bool is_short_of(int error)
{
    return error == EMFILE || error == ENFILE || error == EADDRINUSE;
}

/* Back into the queue, as if it had never been started: it keeps its age, so it is the next. */
static void start_again_later(struct probe *probe, int error)
{
    struct probe_engine *engine = probe->engine;
    give_back(probe);
    memset(probe->state, 0, probe->request.kind->state_size);
    probe->result = (struct probe_result){0};
    probe->sent_us = 0;
    probe_heap_remove(&engine->running, &probe->member);
    turns_return(probe);
    engine->starved = true;
    engine->starved_of = error == EADDRINUSE ? EADDRINUSE : EMFILE;
}

static void start_probe(struct probe *probe)
{
    struct probe_engine *engine = probe->engine;
    probe->phase = PROBE_PHASE_RUNNING;
    probe->deadline_ms = engine->now.mono_ms + probe->request.timeout_ms;
    probe->timer_ms = INT64_MAX;
    probe_heap_push(&engine->running, &probe->member, probe->deadline_ms);
    mark_request(&probe->request, &engine->limits);
    int result = probe->request.kind->start(probe);
    if (result < 0 && !probe->ended) {
        /* others of ours, or sockets that nobody uses at the moment, hold what is wanted */
        if (is_short_of(-result) && (slots_close_idle(engine) || engine->running.count > 1)) {
            start_again_later(probe, -result);
            return;
        }
        probe_end_local(probe, -result);
    }
    if (probe->ended)
        finish(probe);
}

static void queue_delayed(struct probe_engine *engine)
{
    struct heap_member *top;
    while ((top = probe_heap_top(&engine->delayed)) && top->key <= engine->now.mono_ms) {
        struct probe *probe = CONTAINER_OF(top, struct probe, member);
        probe_heap_remove(&engine->delayed, top);
        if (turns_enter(probe) == 0)
            continue;
        probe_heap_push(&engine->delayed, top, top->key); /* where it is taken out from */
        probe_end_local(probe, ENOMEM);
        finish(probe);
    }
}

static void start_ready(struct probe_engine *engine)
{
    queue_delayed(engine);
    turns_refill(engine);
    for (unsigned started = 0; started < START_BATCH && may_start(engine); started++)
        start_probe(turns_take(engine));
}

/* --- events and deadlines ---------------------------------------------------------------------------------------- */

static struct probe *next_due(const struct probe_engine *engine)
{
    struct heap_member *top = probe_heap_top(&engine->running);
    return top ? CONTAINER_OF(top, struct probe, member) : NULL;
}

/* At most as many batches as all descriptors need once: a descriptor that stays ready cannot keep us here. */
static void read_ready(struct probe_engine *engine)
{
    struct epoll_event events[EVENT_BATCH];
    size_t batches = engine->open_count / EVENT_BATCH + 1;
    while (batches-- > 0) {
        int count = epoll_wait(engine->epoll_fd, events, EVENT_BATCH, 0);
        for (int i = 0; i < count; i++) {
            struct probe *probe = slots_probe_of(engine, events[i].data.u64);
            if (!probe)
                continue;
            probe->request.kind->on_ready(probe, events[i].events);
            if (probe->ended)
                finish(probe);
        }
        if (count < EVENT_BATCH)
            return;
    }
}

static void end_due(struct probe_engine *engine)
{
    struct probe *probe;
    while ((probe = next_due(engine)) && probe->member.key <= engine->now.mono_ms) {
        const struct probe_kind *kind = probe->request.kind;
        if (probe->deadline_ms > engine->now.mono_ms) {
            probe_set_timer(probe, INT64_MAX);
            if (kind->on_timer)
                kind->on_timer(probe);
            if (probe->ended)
                finish(probe);
            continue;
        }
        if (kind->on_deadline)
            kind->on_deadline(probe);
        probe_end(probe, PROBE_SILENT, REASON_SILENT);
        finish(probe);
    }
}

size_t probe_engine_step(struct probe_engine *engine, struct moment now)
{
    engine->now = now;
    read_ready(engine); /* first: an answer that came in time counts even if we are late */
    end_due(engine);
    start_ready(engine);
    if (engine->pending == 0)
        slots_close_idle_udp(engine);
    return engine->pending;
}

int64_t probe_engine_next_ms(const struct probe_engine *engine)
{
    if (engine->pending == 0)
        return INT64_MAX;
    if (may_start(engine))
        return 0;
    const struct probe *probe = next_due(engine);
    int64_t due = probe ? probe->member.key : INT64_MAX;
    bool held_up = !slots_left(engine) || engine->starved; /* a turn is of no use now */
    int64_t turn = held_up && probe ? INT64_MAX : turns_next_ms(engine);
    const struct heap_member *delayed = probe_heap_top(&engine->delayed);
    if (delayed && delayed->key < due)
        due = delayed->key;
    return turn < due ? turn : due;
}

int probe_engine_fd(const struct probe_engine *engine)
{
    return engine->epoll_fd;
}

size_t probe_engine_pending(const struct probe_engine *engine)
{
    return engine->pending;
}

struct probe_figures probe_engine_figures(const struct probe_engine *engine)
{
    return (struct probe_figures){
        .running = engine->running.count,
        .waiting = engine->pending - engine->running.count,
        .ended = engine->ended_count,
        .descriptors = engine->open_count,
        .starved = engine->starved || !slots_left(engine),
    };
}

/* --- stopping ---------------------------------------------------------------------------------------------------- */

static struct probe *next_of_group(struct probe *probe, const void *group, uint64_t last)
{
    while (probe && group && probe->request.group != group)
        probe = probe->younger;
    return probe && probe->number <= last ? probe : NULL;
}

/* A probe that never began for want of a descriptor or port was not held up by time. */
static void cut_off(struct probe *probe, enum reason reason)
{
    const struct probe_engine *engine = probe->engine;
    bool starved = engine->starved || !slots_left(engine);
    if (starved && probe->phase != PROBE_PHASE_RUNNING) {
        probe->result.error = engine->starved ? engine->starved_of : EMFILE;
        reason = probe_local_reason(probe->result.error);
    }
    probe_end(probe, PROBE_LOCAL, reason);
}

void probe_engine_abort(struct probe_engine *engine, const void *group, enum reason reason, struct moment now)
{
    const uint64_t last = engine->number;
    struct probe *probe;
    engine->now = now;
    /* those that wait first, while it is plain why */
    for (probe = next_of_group(engine->oldest, group, last); probe; probe = next_of_group(probe->younger, group, last))
        cut_off(probe, reason);
    for (probe = next_of_group(engine->oldest, group, last); probe;) {
        struct probe *younger = probe->younger;
        finish(probe);
        probe = next_of_group(younger, group, last); /* what `done` added is younger than the last */
    }
}

void probe_engine_drop(struct probe_engine *engine, const void *group)
{
    struct probe *probe = next_of_group(engine->oldest, group, engine->number);
    while (probe) {
        struct probe *younger = probe->younger;
        take_out(probe);
        free(probe);
        probe = next_of_group(younger, group, engine->number);
    }
}

void probe_engine_free(struct probe_engine *engine)
{
    if (!engine)
        return;
    probe_engine_drop(engine, NULL);
    turns_done(engine);
    slots_done(engine);
    probe_heap_done(&engine->delayed);
    probe_heap_done(&engine->running);
    if (engine->route_fd >= 0)
        (void)close(engine->route_fd);
    (void)close(engine->epoll_fd);
    free(engine);
}
