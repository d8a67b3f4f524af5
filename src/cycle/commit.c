/* The commit: what a cycle saw takes the place of what was seen of its hosts before, in one go between two steps. It is
 * an exchange, so that doing it twice undoes it. */
#include "internal.h"

static void exchange_hosts(struct host_seen *a, struct host_seen *b)
{
    struct host_seen kept = *a;
    *a = *b;
    *b = kept;
}

/* An address to which this visit sent nothing keeps what an earlier one saw of it. */
static bool was_looked_at(const struct cycle *cycle, const struct cycle_host *host, size_t i)
{
    const struct cycle_address *address = &cycle->addresses[host->first_address + i];
    return address->flow_count > 0 && !cycle->options.no_probes;
}

static bool was_probed(const struct cycle *cycle, const struct cycle_host *host)
{
    for (size_t i = 0; i < host->planned->address_count; i++)
        if (was_looked_at(cycle, host, i))
            return true;
    return false;
}

static void keep_addresses(const struct cycle *cycle, struct cycle_host *host, struct host_seen *seen)
{
    for (size_t i = 0; seen->addresses && host->now.addresses && i < host->planned->address_count; i++) {
        if (was_looked_at(cycle, host, i))
            continue;
        struct address_seen kept = seen->addresses[i];
        seen->addresses[i] = host->now.addresses[i];
        host->now.addresses[i] = kept;
    }
}

static void exchange_results(struct cycle *cycle)
{
    for (size_t i = 0; cycle->results && i < cycle->flow_count; i++) {
        struct cycle_flow *flow = &cycle->flows[i];
        if (flow->state == FLOW_SHARED || flow->state == FLOW_NOT_DUE)
            continue;
        struct probe_result *place = &cycle->seen->probes[flow->flow->id];
        struct probe_result kept = *place;
        *place = cycle->results[i];
        cycle->results[i] = kept;
    }
}

static void exchange(struct cycle *cycle)
{
    exchange_results(cycle);
    for (size_t i = 0; i < cycle->host_count; i++) {
        struct cycle_host *host = &cycle->hosts[i];
        struct host_seen *seen = &cycle->seen->hosts[host->index];
        keep_addresses(cycle, host, seen);
        exchange_hosts(seen, &host->now);
    }
}

void cycle_commit(struct cycle *cycle)
{
    if (cycle->committed)
        return;
    cycle_remember(cycle);
    for (size_t i = 0; i < cycle->host_count; i++) {
        struct cycle_host *host = &cycle->hosts[i];
        host->now.egress_broken =
            was_probed(cycle, host) ? cycle->canary_broken : cycle->seen->hosts[host->index].egress_broken;
    }
    if (!cycle->options.seen)
        cycle->own.egress_broken = cycle->canary_broken;
    exchange(cycle);
    cycle->committed = true;
}

void cycle_take_back(struct cycle *cycle)
{
    if (!cycle->committed)
        return;
    exchange(cycle);
    cycle->committed = false;
}

int cycle_phase_commit(struct cycle *cycle)
{
    cycle_commit(cycle);
    return PHASE_OVER;
}
