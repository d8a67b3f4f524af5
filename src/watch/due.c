/* What a visit looks at: the expectations whose turn it is, those of which a change waits for another look, or all. */
#include "internal.h"

static unsigned interval_of(const struct plan *plan, const struct expectation *expectation)
{
    return expectation->interval_s > 0 ? expectation->interval_s : plan->site->interval_s;
}

/* Members of a group are judged together, so they are looked at together: as often as the most impatient. */
static unsigned interval_of_group(const struct plan *plan, const struct plan_host *host,
                                  const struct expectation *expectation)
{
    unsigned least = interval_of(plan, expectation);
    for (size_t i = 0; expectation->group_key && i < host->expectation_count; i++) {
        const struct expectation *member = &host->expectations[i];
        if (member->group_key == expectation->group_key && interval_of(plan, member) < least)
            least = interval_of(plan, member);
    }
    return least;
}

int due_make_schedule(struct schedule *schedule, const struct plan *plan, const struct schedule *earlier,
                      struct moment now)
{
    int r = schedule_init(schedule, plan->host_count);
    if (r < 0)
        return r;
    for (size_t h = 0; h < plan->host_count; h++) {
        const struct plan_host *host = &plan->hosts[h];
        schedule->hosts[h].name = host->host->name;
        for (size_t i = 0; i < host->expectation_count; i++)
            schedule_add_turn(schedule, h, interval_of_group(plan, host, &host->expectations[i]));
        if (host->expectation_count == 0) /* its listeners may be looked at all the same */
            schedule_add_turn(schedule, h, plan->site->interval_s);
    }
    schedule_begin(schedule, earlier, now.mono_ms);
    return 0;
}

static bool is_pending(const struct watched *watched, const char *key)
{
    const struct finding *finding = watched->block ? finding_block_find(watched->block, key) : NULL;
    return finding && finding->pending != VERDICT_NONE;
}

/* Does the host as a whole wait for another look? Only all of its flows tell whether it lives. */
static bool host_is_pending(const struct watched *watched)
{
    for (size_t i = 0; watched->block && i < watched->block->count; i++) {
        const struct finding *finding = &watched->block->items[i];
        if (finding->pending != VERDICT_NONE && !finding->role && finding->transport == TRANSPORT_UNSTATED)
            return true;
    }
    return false;
}

static bool is_due(const struct watch *watch, const struct watch_visit *visit, const struct expectation *expectation)
{
    const struct plan_host *host = &watch->plan->hosts[visit->host];
    unsigned interval_s = interval_of_group(watch->plan, host, expectation);
    if (visit->turns & 1u << schedule_turn(&watch->schedule, visit->host, interval_s))
        return true;
    const char *key = expectation->group_key ? expectation->group_key : expectation->key;
    return (visit->why & VISIT_LOOK) && is_pending(&watch->hosts[visit->host], key);
}

bool watch_whole_host(const struct watch *watch, size_t host, unsigned turns)
{
    const unsigned all = (1u << watch->schedule.hosts[host].turn_count) - 1;
    return (turns & all) == all;
}

bool due_whole_host(const struct watch *watch, const struct watch_visit *visit)
{
    if (visit->why & VISIT_HASTENED || watch_whole_host(watch, visit->host, visit->turns))
        return true;
    return (visit->why & VISIT_LOOK) && host_is_pending(&watch->hosts[visit->host]);
}

void due_set(struct watch *watch, size_t host_index, const struct watch_visit *visit, bool not_due)
{
    const struct plan_host *host = &watch->plan->hosts[host_index];
    for (size_t i = 0; i < host->expectation_count; i++) {
        const struct expectation *expectation = &host->expectations[i];
        if (visit && !is_due(watch, visit, expectation))
            continue;
        for (size_t f = 0; f < expectation->flow_count; f++) {
            if (expectation->flows[f].id < watch->plan->flow_count)
                watch->not_due[expectation->flows[f].id] = not_due;
        }
    }
}
