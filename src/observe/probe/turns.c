/* Whose turn it is.
 *
 *     a probe waits in      | until
 *     ----------------------+----------------------------------------------------------------------
 *     a lane's list         | fewer than the lane's limit of probes use that listener
 *     its target's list     | the target has a token, it is the oldest of those, and there is one for all
 *
 * What was silent last time goes before what was queued some seconds earlier: its time-out is the longest part of a
 * look, so it begins first; but no flood of silent ports holds up the others for longer than that. A target without a
 * token rests until it has one; a target without probes is kept until its bucket is full, so that adding probes one
 * after the other is paced like adding them at once. */
#include "engine.h"
#include "portconform/hash.h"

#include <errno.h>
#include <stdlib.h>

enum {
    PER_SECOND_DEFAULT = 4000,
    PER_TARGET_DEFAULT = 200,
    BURST_PART = 4, /* of a second, of one target */
    BURST_PART_OVERALL = 10,
    MILLI = 1000,
    HEAD_START_S = 10, /* longer than a time-out: what is left then comes early enough */
};

/* --- buckets ----------------------------------------------------------------------------------------------------- */

static struct token_rate rate_of(unsigned per_second, unsigned part)
{
    unsigned burst = per_second / part;
    return (struct token_rate){.per_second = per_second, .burst = (int64_t)(burst ? burst : 1) * MILLI};
}

void turns_set_rates(struct probe_engine *engine)
{
    const struct probe_limits *limits = &engine->limits;
    engine->rate = rate_of(limits->per_second ? limits->per_second : PER_SECOND_DEFAULT, BURST_PART_OVERALL);
    engine->target_rate =
        rate_of(limits->per_target_per_second ? limits->per_target_per_second : PER_TARGET_DEFAULT, BURST_PART);
}

static void bucket_refill(struct token_bucket *bucket, const struct token_rate *rate, int64_t now_ms)
{
    int64_t elapsed_ms = now_ms - bucket->refilled_ms;
    if (elapsed_ms <= 0)
        return;
    bucket->refilled_ms = now_ms;
    /* a long rest fills it, whatever the product would be */
    bool full = elapsed_ms > (rate->burst - bucket->level) / rate->per_second;
    bucket->level = full ? rate->burst : bucket->level + elapsed_ms * rate->per_second;
    if (bucket->level > rate->burst)
        bucket->level = rate->burst;
}

/* When it will have that much. */
static int64_t bucket_time(const struct token_bucket *bucket, const struct token_rate *rate, int64_t level)
{
    int64_t lacking = level - bucket->level;
    return bucket->refilled_ms + (lacking <= 0 ? 0 : (lacking + rate->per_second - 1) / rate->per_second);
}

/* --- lists ------------------------------------------------------------------------------------------------------- */

static void list_add(struct probe_list *list, struct probe *probe, bool first)
{
    probe->list = list;
    probe->before = first ? NULL : list->last;
    probe->after = first ? list->first : NULL;
    *(probe->before ? &probe->before->after : &list->first) = probe;
    *(probe->after ? &probe->after->before : &list->last) = probe;
}

static void list_remove(struct probe *probe)
{
    struct probe_list *list = probe->list;
    *(probe->before ? &probe->before->after : &list->first) = probe->after;
    *(probe->after ? &probe->after->before : &list->last) = probe->before;
    probe->list = NULL;
}

static struct probe *first_of(const struct probe_list *early, const struct probe_list *normal)
{
    return early->first ? early->first : normal->first;
}

/* --- targets ----------------------------------------------------------------------------------------------------- */

static struct probe_target *target_get(struct probe_engine *engine, const struct address *address)
{
    uint64_t hash = hash_octets(HASH_BEGIN, address->octets, address->family == AF_INET ? 4 : sizeof(address->octets));
    for (struct table_entry *entry = table_first(&engine->targets, hash); entry; entry = table_next(entry)) {
        struct probe_target *known = CONTAINER_OF(entry, struct probe_target, entry);
        if (address_equal(&known->address, address))
            return known;
    }
    /* room in both heaps for all: moving a target from one to the other then never fails */
    if (probe_heap_reserve(&engine->eligible, engine->targets.count + 1) ||
        probe_heap_reserve(&engine->resting, engine->targets.count + 1))
        return NULL;
    struct probe_target *target = calloc(1, sizeof(*target));
    if (!target)
        return NULL;
    target->address = *address;
    target->bucket = (struct token_bucket){engine->target_rate.burst, engine->now.mono_ms};
    if (table_add(&engine->targets, &target->entry, hash) < 0) {
        free(target);
        return NULL;
    }
    return target;
}

/* Where a target stands follows from its lists and its bucket. */
static void target_settle(struct probe_engine *engine, struct probe_target *target)
{
    const struct probe *next = first_of(&target->early, &target->normal);
    const struct token_rate *rate = &engine->target_rate;
    if (target->state == TARGET_ELIGIBLE)
        probe_heap_remove(&engine->eligible, &target->member);
    else if (target->state == TARGET_RESTING)
        probe_heap_remove(&engine->resting, &target->member);
    target->state = TARGET_IDLE;
    if (next && target->bucket.level >= MILLI) {
        int64_t turn = (int64_t)next->number;
        int64_t head_start = next->request.early ? engine->rate.per_second * HEAD_START_S : 0;
        target->state = TARGET_ELIGIBLE;
        probe_heap_push(&engine->eligible, &target->member, turn - head_start);
    } else if (next || target->probes == 0) {
        target->state = TARGET_RESTING;
        probe_heap_push(&engine->resting, &target->member,
                        bucket_time(&target->bucket, rate, next ? MILLI : rate->burst));
    }
}

static void target_drop(struct probe_engine *engine, struct probe_target *target)
{
    if (target->state == TARGET_RESTING)
        probe_heap_remove(&engine->resting, &target->member);
    table_remove(&engine->targets, &target->entry);
    free(target);
}

static void target_enqueue(struct probe *probe, bool first)
{
    struct probe_target *target = probe->target;
    probe->phase = PROBE_PHASE_QUEUED;
    list_add(probe->request.early ? &target->early : &target->normal, probe, first);
    bucket_refill(&target->bucket, &probe->engine->target_rate, probe->engine->now.mono_ms);
    if (target->state != TARGET_ELIGIBLE || first || first_of(&target->early, &target->normal) == probe)
        target_settle(probe->engine, target);
}

/* --- lanes ------------------------------------------------------------------------------------------------------- */

static struct probe_lane *lane_get(struct probe_engine *engine, const struct probe_use *use)
{
    struct table_entry *known = table_first(&engine->lanes, use->listener);
    if (known)
        return CONTAINER_OF(known, struct probe_lane, entry);
    struct probe_lane *lane = calloc(1, sizeof(*lane));
    if (!lane)
        return NULL;
    lane->limit = use->limit ? use->limit : 1;
    if (table_add(&engine->lanes, &lane->entry, use->listener) < 0) {
        free(lane);
        return NULL;
    }
    return lane;
}

static void lane_drop_unused(struct probe_engine *engine, struct probe_lane *lane)
{
    if (lane->running > 0 || lane->early.first || lane->normal.first)
        return;
    table_remove(&engine->lanes, &lane->entry);
    free(lane);
}

/* Takes one lane after the other, always in the same order, until one has no room; then its target's queue. A probe
 * that a lane let in stands at its head's place: it has waited already. */
static int proceed(struct probe *probe)
{
    const struct probe_request *request = &probe->request;
    while (probe->lane_count < PROBE_LANES && request->uses[probe->lane_count].listener) {
        struct probe_lane *lane = probe->lanes[probe->lane_count];
        if (!lane) {
            lane = lane_get(probe->engine, &request->uses[probe->lane_count]);
            if (!lane)
                return -ENOMEM;
            probe->lanes[probe->lane_count] = lane;
        }
        if (lane->running >= lane->limit) {
            probe->phase = PROBE_PHASE_LANE;
            list_add(request->early ? &lane->early : &lane->normal, probe, false);
            return 0;
        }
        lane->running++;
        probe->lane_count++;
    }
    target_enqueue(probe, false);
    return 0;
}

/* The next that waits for it goes on. It has its place in this lane; should the memory for its next lane be missing, it
 * goes without: better two at a time than none. */
static void lane_leave(struct probe *probe, struct probe_lane *lane)
{
    lane->running--;
    struct probe *next = first_of(&lane->early, &lane->normal);
    if (!next) {
        lane_drop_unused(probe->engine, lane);
        return;
    }
    list_remove(next);
    lane->running++;
    next->lane_count++;
    if (proceed(next) < 0)
        target_enqueue(next, false);
}

static void leave_lanes(struct probe *probe)
{
    if (probe->phase == PROBE_PHASE_LANE && probe->lanes[probe->lane_count])
        lane_drop_unused(probe->engine, probe->lanes[probe->lane_count]);
    while (probe->lane_count > 0) {
        struct probe_lane *lane = probe->lanes[--probe->lane_count];
        lane_leave(probe, lane);
    }
}

/* --- for the engine ---------------------------------------------------------------------------------------------- */

int turns_enter(struct probe *probe)
{
    struct probe_engine *engine = probe->engine;
    struct probe_target *target = target_get(engine, &probe->request.target);
    if (!target)
        return -ENOMEM;
    probe->target = target;
    target->probes++;
    if (proceed(probe) == 0)
        return 0;
    leave_lanes(probe);
    target->probes--;
    target_settle(engine, target);
    probe->target = NULL;
    probe->phase = PROBE_PHASE_DELAYED; /* it is nowhere */
    return -ENOMEM;
}

void turns_leave(struct probe *probe)
{
    struct probe_target *target = probe->target;
    if (probe->list)
        list_remove(probe);
    leave_lanes(probe);
    target->probes--;
    if (probe->phase == PROBE_PHASE_QUEUED || target->probes == 0) {
        bucket_refill(&target->bucket, &probe->engine->target_rate, probe->engine->now.mono_ms);
        target_settle(probe->engine, target);
    }
}

void turns_return(struct probe *probe)
{
    probe->engine->bucket.level += MILLI;
    probe->target->bucket.level += MILLI;
    target_enqueue(probe, true);
}

bool turns_any(const struct probe_engine *engine)
{
    return engine->eligible.count > 0 && engine->bucket.level >= MILLI;
}

struct probe *turns_take(struct probe_engine *engine)
{
    if (!turns_any(engine))
        return NULL;
    struct probe_target *target = CONTAINER_OF(probe_heap_top(&engine->eligible), struct probe_target, member);
    struct probe *probe = first_of(&target->early, &target->normal);
    list_remove(probe);
    engine->bucket.level -= MILLI;
    target->bucket.level -= MILLI;
    target_settle(engine, target);
    return probe;
}

void turns_refill(struct probe_engine *engine)
{
    int64_t now_ms = engine->now.mono_ms;
    bucket_refill(&engine->bucket, &engine->rate, now_ms);
    struct heap_member *top;
    while ((top = probe_heap_top(&engine->resting)) && top->key <= now_ms) {
        struct probe_target *target = CONTAINER_OF(top, struct probe_target, member);
        bucket_refill(&target->bucket, &engine->target_rate, now_ms);
        if (target->probes == 0 && target->bucket.level >= engine->target_rate.burst)
            target_drop(engine, target);
        else
            target_settle(engine, target);
    }
}

int64_t turns_next_ms(const struct probe_engine *engine)
{
    if (engine->eligible.count > 0)
        return bucket_time(&engine->bucket, &engine->rate, MILLI);
    const struct heap_member *top = probe_heap_top(&engine->resting);
    return top ? top->key : INT64_MAX;
}

void turns_done(struct probe_engine *engine)
{
    for (size_t i = 0; i < engine->targets.room; i++)
        while (engine->targets.buckets[i])
            target_drop(engine, CONTAINER_OF(engine->targets.buckets[i], struct probe_target, entry));
    for (size_t i = 0; i < engine->lanes.room; i++) {
        while (engine->lanes.buckets[i]) {
            struct table_entry *entry = engine->lanes.buckets[i];
            table_remove(&engine->lanes, entry);
            free(CONTAINER_OF(entry, struct probe_lane, entry));
        }
    }
    table_done(&engine->targets);
    table_done(&engine->lanes);
    probe_heap_done(&engine->eligible);
    probe_heap_done(&engine->resting);
}
