/* How long a plan holds: a cycle where names are in it, otherwise till the local day ends, or till the ports that are
 * for a host alone are to be looked at again, or no longer. */
#include "hold.h"

#include <time.h>

enum { EXPOSURE_EVERY_MS = 24 * 60 * 60 * 1000 };

static bool has_names(const struct plan *plan)
{
    for (size_t h = 0; h < plan->host_count; h++) {
        const struct host *host = plan->hosts[h].host;
        for (size_t i = 0; i < host->address_count; i++)
            if (host->addresses[i].address.family == AF_UNSPEC)
                return true;
    }
    return false;
}

static bool has_address(const struct plan_host *host, const struct host_address *name)
{
    for (size_t i = 0; i < host->address_count; i++)
        if (host->addresses[i].text == name->text)
            return true;
    return false;
}

size_t hold_lost_names(const struct plan *plan)
{
    size_t lost = 0;
    for (size_t h = 0; h < plan->host_count; h++) {
        const struct host *host = plan->hosts[h].host;
        for (size_t i = 0; i < host->address_count; i++)
            lost +=
                host->addresses[i].address.family == AF_UNSPEC && !has_address(&plan->hosts[h], &host->addresses[i]);
    }
    return lost;
}

static bool is_exposure_probed(const struct expectation *expectation)
{
    for (size_t i = 0; i < expectation->flow_count; i++) {
        const struct flow *flow = &expectation->flows[i];
        if (flow->id != SIZE_MAX && flow->demand == FLOW_MUST_NOT_PASS && flow->why == SCOPE_HOST)
            return true;
    }
    return false;
}

static bool has_exposure(const struct plan *plan)
{
    for (size_t h = 0; h < plan->host_count; h++)
        for (size_t i = 0; i < plan->hosts[h].expectation_count; i++)
            if (is_exposure_probed(&plan->hosts[h].expectations[i]))
                return true;
    return false;
}

void hold_begin(struct hold *hold, const struct plan *plan)
{
    hold->has_names = has_names(plan);
    hold->exposure_mono_ms = 0;
    hold_renew(hold, plan, true);
}

void hold_renew(struct hold *hold, const struct plan *plan, bool exposure)
{
    if (exposure) /* only such a plan shows it */
        hold->has_exposure = has_exposure(plan);
    hold->exposure = exposure;
    hold->planned_wall_ms = plan->wall_ms;
}

/* An open port that must be shut is looked at until it is shut, and one that is not certain until it is. */
static bool is_in_question(const struct finding *finding)
{
    bool open = finding->verdict == VERDICT_EXPOSED && finding->reason == REASON_MUST_NOT_PASS_OPEN;
    return open || finding->pending == VERDICT_EXPOSED;
}

static bool any_in_question(const struct snapshot *snapshot)
{
    for (size_t b = 0; b < snapshot->block_count; b++)
        for (size_t i = 0; i < snapshot->blocks[b]->count; i++)
            if (is_in_question(&snapshot->blocks[b]->items[i]))
                return true;
    return false;
}

void hold_cycle_done(struct hold *hold, const struct snapshot *snapshot, bool whole, struct moment now)
{
    if (hold->exposure)
        hold->exposure_mono_ms = !whole || any_in_question(snapshot) ? now.mono_ms : now.mono_ms + EXPOSURE_EVERY_MS;
}

bool hold_wants_exposure(const struct hold *hold, struct moment now)
{
    return hold->has_exposure && now.mono_ms >= hold->exposure_mono_ms;
}

static bool same_day(int64_t one_ms, int64_t other_ms)
{
    struct tm one = {0}, other = {0};
    time_t one_s = (time_t)(one_ms / 1000), other_s = (time_t)(other_ms / 1000);
    localtime_r(&one_s, &one);
    localtime_r(&other_s, &other);
    return one.tm_year == other.tm_year && one.tm_yday == other.tm_yday;
}

enum hold_answer hold_ask(const struct hold *hold, struct moment now)
{
    if (!same_day(hold->planned_wall_ms, now.wall_ms))
        return HOLD_OVER;
    if (hold->has_exposure && hold_wants_exposure(hold, now) != hold->exposure)
        return HOLD_OVER;
    return hold->has_names ? HOLD_STALE : HOLD_GOOD;
}
