/* What a cycle is about: the hosts that it visits, with their addresses and flows, taken out of the plan. The cost is
 * that of the hosts, not of the plan. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>

/* The first flow of each id: a hash table with open addressing. */
struct id_table {
    struct cycle_flow **places;
    size_t room;
};

static struct cycle_flow **id_place(const struct id_table *table, size_t id)
{
    size_t at = (id * 0x9e3779b97f4a7c15) & (table->room - 1);
    while (table->places[at] && table->places[at]->flow->id != id)
        at = (at + 1) & (table->room - 1);
    return &table->places[at];
}

/* --- counting and allocating ------------------------------------------------------------------------------------- */

/* Room for every flow that is probed: those that share an id count each. */
static size_t count_flows(const struct plan_host *host)
{
    size_t count = 0;
    for (size_t e = 0; e < host->expectation_count; e++)
        for (size_t f = 0; f < host->expectations[e].flow_count; f++)
            count += host->expectations[e].flows[f].id != SIZE_MAX;
    return count;
}

static int allocate(struct cycle *cycle, size_t flow_count)
{
    const struct plan *plan = cycle->plan;
    if (!cycle->options.seen) {
        cycle->seen = &cycle->own;
        int r = observations_init(&cycle->own, plan->flow_count, plan->host_count);
        if (r < 0)
            return r;
    } else {
        cycle->seen = cycle->options.seen;
        cycle->results = calloc(flow_count + 1, sizeof(*cycle->results));
        if (!cycle->results)
            return -ENOMEM;
    }
    /* one more than needed each, so that nothing is asked for 0 octets */
    cycle->addresses = calloc(cycle->address_count + 1, sizeof(*cycle->addresses));
    cycle->flows = calloc(flow_count + 1, sizeof(*cycle->flows));
    return cycle->addresses && cycle->flows ? 0 : -ENOMEM;
}

/* --- taking ------------------------------------------------------------------------------------------------------ */

/* What an earlier visit found silent may rest on a control: that is asked again with the others. */
void cycle_keep_result(struct cycle_flow *flow)
{
    flow->state = FLOW_NOT_DUE;
    flow->result = &flow->cycle->seen->probes[flow->flow->id];
    flow->result->kept = true; /* a look that asks writes all of it anew */
    for (struct cycle_flow *also = flow->also; also; also = also->also)
        also->result = flow->result;
    if (flow->result->outcome != PROBE_SILENT)
        return;
    if (flow->expectation->range.transport == TRANSPORT_TCP)
        flow->address->tcp_silent = true;
    else if (cycle_answers_by_protocol(flow))
        flow->address->udp_silent = true;
}

static void take_flow(struct cycle_host *host, struct cycle_flow *taken, struct id_table *ids)
{
    struct cycle *cycle = taken->cycle;
    size_t id = taken->flow->id;
    struct cycle_flow **first = id_place(ids, id);
    if (*first) {
        taken->state = FLOW_SHARED;
        taken->result = (*first)->result;
        taken->also = (*first)->also;
        (*first)->also = taken;
        return;
    }
    *first = taken;
    if (cycle->options.not_due && cycle->options.not_due[id]) {
        cycle_keep_result(taken);
        return;
    }
    taken->result = cycle->results ? &cycle->results[taken - cycle->flows] : &cycle->seen->probes[id];
    taken->address->flow_count++;
    host->unfinished++;
    cycle->progress.total++;
}

static int take_addresses(struct cycle *cycle, struct cycle_host *host, size_t first)
{
    const struct plan_host *planned = host->planned;
    host->first_address = first;
    host->now.addresses = calloc(planned->address_count + 1, sizeof(*host->now.addresses));
    if (!host->now.addresses)
        return -ENOMEM;
    for (size_t i = 0; i < planned->address_count; i++)
        cycle->addresses[first + i] = (struct cycle_address){.cycle = cycle,
                                                             .host = planned,
                                                             .visited = host,
                                                             .at = &planned->addresses[i],
                                                             .seen = &host->now.addresses[i]};
    return 0;
}

static void take_flows(struct cycle *cycle, struct cycle_host *host, struct id_table *ids)
{
    host->first_flow = cycle->flow_count;
    for (size_t e = 0; !cycle->options.no_probes && e < host->planned->expectation_count; e++) {
        const struct expectation *expectation = &host->planned->expectations[e];
        for (size_t f = 0; f < expectation->flow_count; f++) {
            const struct flow *flow = &expectation->flows[f];
            if (flow->id == SIZE_MAX)
                continue;
            struct cycle_flow *taken = &cycle->flows[cycle->flow_count++];
            *taken = (struct cycle_flow){.cycle = cycle,
                                         .expectation = expectation,
                                         .flow = flow,
                                         .address = &cycle->addresses[host->first_address + flow->address]};
            take_flow(host, taken, ids);
        }
    }
    host->flow_count = cycle->flow_count - host->first_flow;
    if (host->unfinished > 0)
        cycle->progress.hosts_left++;
}

static int take_hosts(struct cycle *cycle, struct id_table *ids)
{
    size_t first_address = 0;
    for (size_t i = 0; i < cycle->host_count; i++) {
        struct cycle_host *host = &cycle->hosts[i];
        int r = take_addresses(cycle, host, first_address);
        if (r < 0)
            return r;
        first_address += host->planned->address_count;
        take_flows(cycle, host, ids);
    }
    return 0;
}

int cycle_take(struct cycle *cycle)
{
    const struct cycle_options *options = &cycle->options;
    const struct plan *plan = cycle->plan;
    cycle->host_count = options->hosts ? options->host_count : plan->host_count;
    cycle->hosts = calloc(cycle->host_count + 1, sizeof(*cycle->hosts));
    if (!cycle->hosts)
        return -ENOMEM;
    size_t flow_count = 0;
    for (size_t i = 0; i < cycle->host_count; i++) {
        struct cycle_host *host = &cycle->hosts[i];
        host->index = options->hosts ? options->hosts[i] : i;
        host->planned = &plan->hosts[host->index];
        host->cycle = cycle;
        cycle->address_count += host->planned->address_count;
        flow_count += count_flows(host->planned);
    }
    int r = allocate(cycle, flow_count);
    if (r < 0)
        return r;
    struct id_table ids = {.room = 16};
    while (ids.room < flow_count * 2)
        ids.room *= 2;
    ids.places = calloc(ids.room, sizeof(struct cycle_flow *));
    r = ids.places ? take_hosts(cycle, &ids) : -ENOMEM;
    free(ids.places);
    return r;
}
