/* The engine: who may start, who is due, and the end of each probe. It knows nothing of sockets' contents; that is the
 * kinds'.
 *
 *     phase    | in                | leaves when
 *     ---------+-------------------+------------------------------------------------------------
 *     WAITING  | the target's list | a probe of its target ends
 *     READY    | `ready`, by age   | a slot overall is free, and no lack of descriptors is known
 *     RUNNING  | `running`, by due | the kind ends it, its deadline passes, or EMFILE sends it back to READY
 *
 * Every choice costs O(log n).
 */
#include "engine.h"
#include "route.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    IN_FLIGHT_DEFAULT = 256,
    PER_TARGET_DEFAULT = 8,
    DESCRIPTOR_RESERVE = 32, /* for everything in the process that is not a probe */
    EVENT_BATCH = 256,
    START_BATCH = 1024, /* a step returns now and then even if every start ends at once */
};

static unsigned descriptor_budget(unsigned wanted)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == RLIM_INFINITY)
        return wanted;
    if (limit.rlim_cur <= DESCRIPTOR_RESERVE)
        return 1;
    rlim_t left = limit.rlim_cur - DESCRIPTOR_RESERVE;
    return left < wanted ? (unsigned)left : wanted;
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
    unsigned wanted = limits && limits->in_flight ? limits->in_flight : IN_FLIGHT_DEFAULT;
    engine->in_flight = descriptor_budget(wanted);
    engine->per_target = limits && limits->per_target ? limits->per_target : PER_TARGET_DEFAULT;
    *ret = engine;
    return 0;
}

/* --- targets ----------------------------------------------------------------------------------------------------- */

static int compare_targets(const void *a, const void *b)
{
    const struct probe_target *first = a, *second = b;
    return address_compare(&first->address, &second->address);
}

static struct probe_target *target_get(struct probe_engine *engine, const struct address *address)
{
    struct probe_target key = {.address = *address};
    struct probe_target **node = tfind(&key, &engine->targets, compare_targets);
    if (node)
        return *node;
    struct probe_target *target = malloc(sizeof(*target));
    if (!target)
        return NULL;
    *target = key;
    if (!tsearch(target, &engine->targets, compare_targets)) {
        free(target);
        return NULL;
    }
    return target;
}

static void target_drop(struct probe_engine *engine, struct probe_target *target)
{
    tdelete(target, &engine->targets, compare_targets);
    free(target);
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

static void make_ready(struct probe_engine *engine, struct probe *probe)
{
    probe->phase = PROBE_PHASE_READY;
    probe->target->slots++;
    probe_heap_push(&engine->ready, probe, probe->sequence);
}

static void wait_for_slot(struct probe_target *target, struct probe *probe)
{
    probe->phase = PROBE_PHASE_WAITING;
    if (target->waiting_last)
        target->waiting_last->next = probe;
    else
        target->waiting_first = probe;
    target->waiting_last = probe;
}

int probe_engine_add(struct probe_engine *engine, const struct probe_request *request)
{
    /* Room in both heaps for all: moving a probe from one to the other then never fails. */
    if (probe_heap_reserve(&engine->ready, engine->pending + 1) ||
        probe_heap_reserve(&engine->running, engine->pending + 1))
        return -ENOMEM;
    struct probe *probe = calloc(1, sizeof(*probe) + request->kind->state_size);
    if (!probe)
        return -ENOMEM;
    probe->engine = engine;
    probe->request = *request;
    address_normalise(&probe->request.target);
    address_normalise(&probe->request.source);
    probe->fd = -1;
    probe->sequence = ++engine->sequence;
    if (request->early)
        probe->sequence -= INT64_MAX / 2;
    probe->target = target_get(engine, &probe->request.target);
    if (!probe->target) {
        free(probe);
        return -ENOMEM;
    }
    probe->target->probes++;
    engine->pending++;
    probe->older = engine->youngest;
    *(engine->youngest ? &engine->youngest->younger : &engine->oldest) = probe;
    engine->youngest = probe;
    if (probe->target->slots < engine->per_target)
        make_ready(engine, probe);
    else
        wait_for_slot(probe->target, probe);
    return 0;
}

/* --- the end of a probe ------------------------------------------------------------------------------------------ */

/* Undoes `start`: what the kind holds, and the descriptor. It leaves epoll by name: a child process that is just being
 * started may still hold a copy, and closing alone would leave the event behind. */
static void give_back(struct probe *probe)
{
    if (probe->request.kind->cancel)
        probe->request.kind->cancel(probe);
    if (probe->fd < 0)
        return;
    (void)epoll_ctl(probe->engine->epoll_fd, EPOLL_CTL_DEL, probe->fd, NULL);
    (void)close(probe->fd);
    probe->fd = -1;
}

/* Takes the probe out of its target; the next one waiting there becomes ready. */
static void leave_target(struct probe *probe)
{
    struct probe_engine *engine = probe->engine;
    struct probe_target *target = probe->target;
    target->slots--;
    if (--target->probes == 0) {
        target_drop(engine, target);
        return;
    }
    struct probe *next = target->waiting_first;
    if (!next)
        return;
    target->waiting_first = next->next;
    if (!target->waiting_first)
        target->waiting_last = NULL;
    next->next = NULL;
    make_ready(engine, next);
}

static void leave_waiting(struct probe_target *target, struct probe *probe)
{
    struct probe *before = NULL;
    for (struct probe *at = target->waiting_first; at != probe; at = at->next)
        before = at;
    *(before ? &before->next : &target->waiting_first) = probe->next;
    if (target->waiting_last == probe)
        target->waiting_last = before;
    if (--target->probes == 0)
        target_drop(probe->engine, target);
}

/* Out of every order; what it holds is given back. */
static void take_out(struct probe *probe)
{
    struct probe_engine *engine = probe->engine;
    *(probe->older ? &probe->older->younger : &engine->oldest) = probe->younger;
    *(probe->younger ? &probe->younger->older : &engine->youngest) = probe->older;
    engine->pending--;
    switch (probe->phase) {
    case PROBE_PHASE_RUNNING:
        probe_heap_remove(&engine->running, probe);
        engine->starved = false;
        give_back(probe);
        leave_target(probe);
        break;
    case PROBE_PHASE_READY:
        probe_heap_remove(&engine->ready, probe);
        leave_target(probe);
        break;
    case PROBE_PHASE_WAITING:
        leave_waiting(probe->target, probe);
        break;
    }
}

/* Of a probe that has ended: out, `done`, and gone. */
static void finish(struct probe *probe)
{
    take_out(probe);
    probe->result.ended = probe->engine->now;
    if (probe->request.done)
        probe->request.done(probe->request.context, &probe->request, &probe->result);
    free(probe);
}

static void end_locally(struct probe *probe, int error)
{
    probe->result.error = error;
    probe_end(probe, PROBE_LOCAL, probe_local_reason(error));
}

/* --- starting ---------------------------------------------------------------------------------------------------- */

static bool may_start(const struct probe_engine *engine)
{
    return engine->ready.count > 0 && engine->running.count < engine->in_flight &&
           !(engine->starved && engine->running.count > 0);
}

/* Back to READY, as if it had never been started: it keeps its age, so it is the next. */
static void start_again_later(struct probe *probe)
{
    struct probe_engine *engine = probe->engine;
    give_back(probe);
    memset(probe->state, 0, probe->request.kind->state_size);
    probe->result = (struct probe_result){0};
    probe->sent_us = 0;
    probe_heap_remove(&engine->running, probe);
    probe->phase = PROBE_PHASE_READY;
    probe_heap_push(&engine->ready, probe, probe->sequence);
    engine->starved = true;
}

static void start_probe(struct probe *probe)
{
    struct probe_engine *engine = probe->engine;
    probe_heap_remove(&engine->ready, probe);
    probe->phase = PROBE_PHASE_RUNNING;
    probe->deadline_ms = engine->now.mono_ms + probe->request.timeout_ms;
    probe->timer_ms = INT64_MAX;
    probe_heap_push(&engine->running, probe, probe->deadline_ms);
    int result = probe->request.kind->start(probe);
    if (result < 0 && !probe->ended) {
        bool descriptors = result == -EMFILE || result == -ENFILE;
        if (descriptors && engine->running.count > 1) {
            start_again_later(probe);
            return;
        }
        end_locally(probe, -result);
    }
    if (probe->ended)
        finish(probe);
}

static void start_ready(struct probe_engine *engine)
{
    for (unsigned started = 0; started < START_BATCH && may_start(engine); started++)
        start_probe(probe_heap_top(&engine->ready));
}

/* --- events and deadlines ---------------------------------------------------------------------------------------- */

/* At most as many batches as all descriptors need once: a descriptor that stays ready cannot keep us here. */
static void read_ready(struct probe_engine *engine)
{
    struct epoll_event events[EVENT_BATCH];
    size_t batches = engine->running.count / EVENT_BATCH + 1;
    while (batches-- > 0) {
        int count = epoll_wait(engine->epoll_fd, events, EVENT_BATCH, 0);
        for (int i = 0; i < count; i++) {
            struct probe *probe = events[i].data.ptr;
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
    while ((probe = probe_heap_top(&engine->running)) && probe->heap_key <= engine->now.mono_ms) {
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
    return engine->pending;
}

int64_t probe_engine_next_ms(const struct probe_engine *engine)
{
    if (may_start(engine))
        return 0;
    const struct probe *probe = probe_heap_top(&engine->running);
    return probe ? probe->heap_key : INT64_MAX;
}

int probe_engine_fd(const struct probe_engine *engine)
{
    return engine->epoll_fd;
}

size_t probe_engine_pending(const struct probe_engine *engine)
{
    return engine->pending;
}

/* --- stopping ---------------------------------------------------------------------------------------------------- */

static struct probe *next_of_group(struct probe *probe, const void *group)
{
    while (probe && group && probe->request.group != group)
        probe = probe->younger;
    return probe;
}

void probe_engine_abort(struct probe_engine *engine, const void *group, enum reason reason, struct moment now)
{
    engine->now = now;
    const struct probe *last = engine->youngest;
    struct probe *probe = next_of_group(engine->oldest, group);
    while (probe) {
        bool over = probe == last;
        struct probe *younger = probe->younger;
        probe_end(probe, PROBE_LOCAL, reason);
        finish(probe);
        probe = over ? NULL : next_of_group(younger, group);
    }
}

void probe_engine_drop(struct probe_engine *engine, const void *group)
{
    struct probe *probe = next_of_group(engine->oldest, group);
    while (probe) {
        struct probe *younger = probe->younger;
        take_out(probe);
        free(probe);
        probe = next_of_group(younger, group);
    }
}

static void free_target(void *pointer)
{
    struct probe_target *target = pointer;
    struct probe *probe = target->waiting_first;
    while (probe) {
        struct probe *next = probe->next;
        free(probe);
        probe = next;
    }
    free(target);
}

void probe_engine_free(struct probe_engine *engine)
{
    if (!engine)
        return;
    for (size_t i = 0; i < engine->running.count; i++) {
        give_back(engine->running.items[i]);
        free(engine->running.items[i]);
    }
    for (size_t i = 0; i < engine->ready.count; i++)
        free(engine->ready.items[i]);
    tdestroy(engine->targets, free_target);
    probe_heap_done(&engine->ready);
    probe_heap_done(&engine->running);
    if (engine->route_fd >= 0)
        (void)close(engine->route_fd);
    (void)close(engine->epoll_fd);
    free(engine);
}
