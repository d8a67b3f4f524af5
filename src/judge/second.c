/* Which hosts should be asked for their listeners once more: a table that contradicts a probe, and is older than it,
 * may have been true when it was read. */
#include "judging.h"

static bool expectation_wants_look(const struct plan_host *host, const struct listener_table *table,
                                   const struct observations *seen, const struct expectation *expectation)
{
    for (size_t i = 0; !expectation->unset && i < expectation->flow_count; i++) {
        const struct flow *flow = &expectation->flows[i];
        struct spot spot = {.expectation = expectation, .address = flow->address, .port = flow->port, .flow = flow};
        spot.probe = evidence_probe(seen, flow);
        if (spot.probe && evidence_wants_second_look(host, table, &spot))
            return true;
    }
    return false;
}

static bool host_wants_look(const struct plan_host *host, const struct listener_table *table,
                            const struct observations *seen)
{
    for (size_t i = 0; i < host->expectation_count; i++) {
        if (expectation_wants_look(host, table, seen, &host->expectations[i]))
            return true;
    }
    return false;
}

bool judge_second_look(const struct plan *plan, const struct observations *seen, size_t host)
{
    const struct host_seen *looked = host < seen->host_count ? &seen->hosts[host] : NULL;
    return looked && looked->listeners && !looked->listeners_again &&
           host_wants_look(&plan->hosts[host], looked->listeners, seen);
}
