/* The hosts and their blocks of findings under one plan at a time: made, visited, followed, told. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOK_AGAIN_MS = 2000, /* after a look that left a change waiting */
    LOOKS_MOST = 8,       /* such looks between two turns of the host */
    ROUND_MS = 60000,     /* that round_ms is about */
};

/* --- making one --------------------------------------------------------------------------------------------------- */

static void watch_done(struct watch *watch)
{
    for (size_t i = 0; watch->hosts && i < watch->plan->host_count; i++)
        finding_block_unref(watch->hosts[i].block);
    for (size_t i = 0; watch->gone && i < watch->gone_count; i++)
        finding_block_unref(watch->gone[i]);
    finding_block_unref(watch->site);
    free(watch->hosts);
    free(watch->gone);
    free(watch->not_due);
    observations_done(&watch->seen);
    schedule_done(&watch->schedule);
}

/* The block of that name among these, which stand in about the same order; each is taken once. */
static struct finding_block *take_block(struct finding_block **blocks, size_t count, const char *name, size_t place)
{
    for (size_t i = 0; i < count; i++) {
        struct finding_block **slot = &blocks[(place + i) % count];
        if (!*slot || (name ? !(*slot)->host || strcmp((*slot)->host, name) != 0 : (*slot)->host != NULL))
            continue;
        struct finding_block *block = *slot;
        *slot = NULL;
        return block;
    }
    return NULL;
}

/* Takes the references in `blocks`; what no host takes is gone. */
static void take_blocks(struct watch *watch, struct finding_block **blocks, size_t count)
{
    watch->site = take_block(blocks, count, NULL, 0);
    for (size_t h = 0; h < watch->plan->host_count; h++)
        watch->hosts[h].block = take_block(blocks, count, watch->plan->hosts[h].host->name, h + 1);
    for (size_t i = 0; i < count; i++) {
        if (blocks[i])
            watch->gone[watch->gone_count++] = blocks[i];
    }
}

/* A watch of that plan with everything but findings. `blocks`: how many may be gone. */
static int prepare(struct watch *ret, const struct plan *plan, const struct schedule *earlier, size_t blocks,
                   struct moment now)
{
    *ret = (struct watch){.plan = plan, .counts.round_began_ms = now.mono_ms};
    int r = due_make_schedule(&ret->schedule, plan, earlier, now);
    if (r == 0)
        r = observations_init(&ret->seen, plan->flow_count, plan->host_count);
    if (r < 0) {
        schedule_done(&ret->schedule);
        return r;
    }
    ret->not_due = malloc(plan->flow_count + 1);
    ret->hosts = calloc(plan->host_count + 1, sizeof(*ret->hosts));
    ret->gone = calloc(blocks + 1, sizeof(struct finding_block *));
    if (!ret->not_due || !ret->hosts || !ret->gone) {
        watch_done(ret);
        return -ENOMEM;
    }
    memset(ret->not_due, true, plan->flow_count + 1);
    return 0;
}

int watch_new(const struct plan *plan, const struct snapshot *earlier, struct moment now, struct watch **ret)
{
    const size_t count = earlier ? earlier->block_count : 0;
    struct watch *watch = malloc(sizeof(*watch));
    struct finding_block **blocks = calloc(count + 1, sizeof(struct finding_block *));
    int r = watch && blocks ? prepare(watch, plan, NULL, count, now) : -ENOMEM;
    if (r == 0) {
        for (size_t i = 0; i < count; i++)
            blocks[i] = finding_block_ref(earlier->blocks[i]);
        take_blocks(watch, blocks, count);
        *ret = watch;
    } else {
        free(watch);
    }
    free(blocks);
    return r;
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    watch_done(watch);
    free(watch);
}

int watch_replan(struct watch *watch, const struct plan *plan, struct moment now)
{
    const size_t hosts = watch->plan->host_count, count = 1 + hosts + watch->gone_count;
    struct finding_block **blocks = calloc(count, sizeof(struct finding_block *));
    struct watch next;
    int r = blocks ? prepare(&next, plan, &watch->schedule, count, now) : -ENOMEM;
    if (r == 0) {
        blocks[0] = watch->site;
        for (size_t i = 0; i < hosts; i++)
            blocks[1 + i] = watch->hosts[i].block;
        for (size_t i = 0; i < watch->gone_count; i++) /* not told yet */
            blocks[1 + hosts + i] = watch->gone[i];
        watch->site = NULL;
        watch->gone_count = 0;
        for (size_t i = 0; i < hosts; i++)
            watch->hosts[i].block = NULL;
        take_blocks(&next, blocks, count);
        next.counts = watch->counts;
        watch_done(watch);
        *watch = next;
    }
    free(blocks);
    return r;
}

/* --- visits ------------------------------------------------------------------------------------------------------- */

/* A client's UDP socket looks like a listener: that it stays is seen over time alone. */
static bool wants_look_soon(const struct finding *finding)
{
    if (finding->pending == VERDICT_NONE || finding->held)
        return false;
    return finding->role || finding->transport != TRANSPORT_UDP;
}

bool watch_next(struct watch *watch, struct moment now, struct watch_visit *ret)
{
    struct visit visit;
    if (!schedule_take(&watch->schedule, now.mono_ms, &visit))
        return false;
    *ret = (struct watch_visit){
        .host = visit.host,
        .late = visit.late,
        .by_demand = visit.why & VISIT_HASTENED,
        .due_ms = visit.due_ms,
        .why = visit.why,
        .turns = visit.turns,
    };
    if (due_whole_host(watch, ret))
        return true;
    due_set(watch, visit.host, ret, false);
    ret->not_due = watch->not_due;
    return true;
}

int64_t watch_next_ms(const struct watch *watch)
{
    return schedule_next_ms(&watch->schedule);
}

struct observations *watch_seen(struct watch *watch)
{
    return &watch->seen;
}

static void end_visit(struct watch *watch, const struct watch_visit *visit, bool looked, struct moment now)
{
    const struct visit scheduled = {.host = visit->host, .why = visit->why, .turns = visit->turns};
    if (visit->not_due)
        due_set(watch, visit->host, NULL, true);
    schedule_put_back(&watch->schedule, &scheduled, looked, now.mono_ms);
}

void watch_drop(struct watch *watch, const struct watch_visit *visit, struct moment now)
{
    end_visit(watch, visit, false, now);
}

static void note_visit(struct watch *watch, const struct watch_visit *visit, struct moment now)
{
    int64_t took_ms = now.mono_ms - visit->due_ms;
    watch->counts.visits++;
    watch->counts.late += visit->late;
    watch->counts.last_visit_ms = now.wall_ms;
    if (now.mono_ms - watch->counts.round_began_ms >= ROUND_MS) {
        watch->counts.last_round_ms = watch->counts.round_ms;
        watch->counts.round_ms = 0;
        watch->counts.round_began_ms = now.mono_ms;
    }
    if (took_ms > watch->counts.round_ms)
        watch->counts.round_ms = took_ms;
}

/* Bounded: what does not settle waits for the turn of its interval. */
static void look_again_where_needed(struct watch *watch, const struct watch_visit *visit, struct moment now)
{
    struct watched *watched = &watch->hosts[visit->host];
    if (visit->why & VISIT_TURN)
        watched->looks = 0;
    for (size_t i = 0; watched->looks < LOOKS_MOST && i < watched->block->count; i++) {
        if (!wants_look_soon(&watched->block->items[i]))
            continue;
        watched->looks++;
        schedule_look_again(&watch->schedule, visit->host, now.mono_ms + LOOK_AGAIN_MS);
        return;
    }
}

static struct judge_input input_of(const struct watch *watch, struct moment now)
{
    return (struct judge_input){
        .plan = watch->plan,
        .seen = &watch->seen,
        .now = now,
        .began_ms = now.mono_ms,
        .mode = JUDGE_CONTINUOUS,
    };
}

static int judge_into(struct watch *watch, const struct judge_input *input, size_t host, struct judgement *into,
                      bool *ret_changed)
{
    struct finding_block **slot = host == SIZE_MAX ? &watch->site : &watch->hosts[host].block;
    struct finding_block *block;
    int r = judge_host(input, host, *slot, into, &block);
    if (r < 0)
        return r;
    if (block != *slot)
        *ret_changed = true;
    finding_block_unref(*slot);
    *slot = block;
    return 0;
}

int watch_judge(struct watch *watch, const struct watch_visit *visit, struct moment now, struct judgement *into,
                bool *ret_changed)
{
    struct judge_input input = input_of(watch, now);
    input.not_due = visit->not_due;
    judge_digest(watch->plan, &watch->seen, visit->host, visit->not_due);
    int r = judge_into(watch, &input, visit->host, into, ret_changed);
    end_visit(watch, visit, r == 0, now);
    if (r < 0)
        return r;
    note_visit(watch, visit, now);
    look_again_where_needed(watch, visit, now);
    return 0;
}

void watch_hasten(struct watch *watch, size_t host, struct moment now)
{
    if (host != SIZE_MAX) {
        schedule_hasten(&watch->schedule, host, now.mono_ms);
        return;
    }
    for (size_t i = 0; i < watch->plan->host_count; i++)
        schedule_hasten(&watch->schedule, i, now.mono_ms);
}

size_t watch_host(const struct watch *watch, const char *name)
{
    for (size_t i = 0; i < watch->plan->host_count; i++) {
        if (strcmp(watch->plan->hosts[i].host->name, name) == 0)
            return i;
    }
    return SIZE_MAX;
}

static int64_t newest_look_ms(const struct finding_block *block)
{
    const struct finding nothing = {0};
    int64_t newest_ms = finding_looked_ms(block, &nothing);
    for (size_t i = 0; i < block->count; i++) {
        if (block->items[i].observed_ms > newest_ms)
            newest_ms = block->items[i].observed_ms;
    }
    return newest_ms;
}

void watch_clock_set(struct watch *watch, int64_t by_ms)
{
    for (size_t i = 0; i < watch->plan->host_count; i++) {
        struct finding_block *block = watch->hosts[i].block;
        int64_t looked_ms = block ? newest_look_ms(block) : 0;
        if (looked_ms > 0)
            finding_block_looked(block, looked_ms + by_ms);
    }
}

/* --- what a plan says about findings ------------------------------------------------------------------------------ */

/* Hosts that are gone first, then the site, then host by host. Out of memory: it is tried again. */
static bool follow_one(struct watch *watch, const struct judge_input *input, struct judgement *into, bool *ret_changed)
{
    if (watch->gone_count > 0) {
        struct finding_block *block = watch->gone[watch->gone_count - 1];
        if (judge_gone(input, block, into) < 0)
            return false;
        watch->gone_count--;
        finding_block_unref(block);
        *ret_changed = true;
        return true;
    }
    size_t host = watch->followed == 0 ? SIZE_MAX : watch->followed - 1;
    if (judge_into(watch, input, host, into, ret_changed) < 0)
        return false;
    watch->followed++;
    return true;
}

bool watch_follow(struct watch *watch, size_t most, struct moment now, struct judgement *into, bool *ret_changed)
{
    struct judge_input input = input_of(watch, now);
    input.unlooked = true;
    for (size_t i = 0; i < most; i++) {
        if (watch->gone_count == 0 && watch->followed > watch->plan->host_count)
            return false;
        if (!follow_one(watch, &input, into, ret_changed))
            return true;
    }
    return watch->gone_count > 0 || watch->followed <= watch->plan->host_count;
}

/* --- telling ------------------------------------------------------------------------------------------------------ */

struct snapshot *watch_snapshot(const struct watch *watch, struct moment now)
{
    const size_t count = watch->plan->host_count + 1;
    struct finding_block **blocks = calloc(count, sizeof(struct finding_block *));
    size_t made = 0;
    for (; blocks && made < count; made++) {
        const char *name = made == 0 ? NULL : watch->plan->hosts[made - 1].host->name;
        struct finding_block *block = made == 0 ? watch->site : watch->hosts[made - 1].block;
        blocks[made] = block ? finding_block_ref(block) : finding_block_new(name);
        if (!blocks[made])
            break;
    }
    const struct judge_input input = input_of(watch, now);
    struct snapshot *snapshot = NULL;
    if (blocks && made == count)
        snapshot = judge_snapshot(&input, blocks, count);
    else
        for (size_t i = 0; i < made; i++)
            finding_block_unref(blocks[i]);
    free(blocks);
    return snapshot;
}

struct watch_counters watch_count(const struct watch *watch, struct moment now)
{
    int64_t slowest_ms =
        watch->counts.round_ms > watch->counts.last_round_ms ? watch->counts.round_ms : watch->counts.last_round_ms;
    struct watch_counters counters = {
        .visits = watch->counts.visits,
        .late = watch->counts.late,
        .waiting = schedule_waiting(&watch->schedule, now.mono_ms),
        .round_ms = slowest_ms,
        .last_visit_ms = watch->counts.last_visit_ms,
    };
    for (size_t i = 0; i < watch->plan->host_count; i++)
        counters.expectations += watch->plan->hosts[i].expectation_count;
    return counters;
}
