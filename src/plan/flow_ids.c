/* Which flows are probed under which number.
 *
 * Rules of several roles may speak of one port: flows to the same address and port for the same service share an id, so
 * that the target is asked once. Ids follow the order of the expectations. */
#include "build.h"

#include <errno.h>
#include <stdlib.h>

struct numbered_flow {
    struct flow *flow;
    enum transport transport;
    const struct service *service;
    size_t order;
    struct flow *leader; /* the first flow with the same target */
};

static int flow_ids_same_target(const struct numbered_flow *a, const struct numbered_flow *b)
{
    if (a->flow->address != b->flow->address)
        return a->flow->address < b->flow->address ? -1 : 1;
    if (a->flow->port != b->flow->port)
        return a->flow->port < b->flow->port ? -1 : 1;
    if (a->transport != b->transport)
        return a->transport < b->transport ? -1 : 1;
    if (a->service != b->service)
        return (uintptr_t)a->service < (uintptr_t)b->service ? -1 : 1;
    return 0;
}

static int flow_ids_by_target(const void *left, const void *right)
{
    const struct numbered_flow *a = left, *b = right;
    int order = flow_ids_same_target(a, b);
    return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

static int flow_ids_by_order(const void *left, const void *right)
{
    const struct numbered_flow *a = left, *b = right;
    return (a->order > b->order) - (a->order < b->order);
}

/* The flows of a host are in the plan's arena, and nobody has seen them yet: they may be written. */
static size_t flow_ids_collect(const struct plan_host *host, struct numbered_flow *all)
{
    size_t count = 0;
    for (size_t i = 0; i < host->expectation_count; i++) {
        const struct expectation *expectation = &host->expectations[i];
        for (size_t k = 0; k < expectation->flow_count; k++) {
            if (expectation->flows[k].id == SIZE_MAX)
                continue;
            if (all != NULL)
                all[count] = (struct numbered_flow){.flow = (struct flow *)&expectation->flows[k],
                                                    .transport = expectation->range.transport,
                                                    .service = expectation->rule->service,
                                                    .order = count};
            count++;
        }
    }
    return count;
}

int plan_number_flows(struct plan_build *build, const struct plan_host *host)
{
    size_t count = flow_ids_collect(host, NULL);
    if (count == 0)
        return 0;
    struct numbered_flow *all = calloc(count, sizeof *all);
    if (all == NULL)
        return -ENOMEM;
    flow_ids_collect(host, all);
    qsort(all, count, sizeof *all, flow_ids_by_target);
    for (size_t i = 0; i < count; i++) {
        bool again = i > 0 && flow_ids_same_target(&all[i - 1], &all[i]) == 0;
        all[i].leader = again ? all[i - 1].leader : all[i].flow;
    }
    qsort(all, count, sizeof *all, flow_ids_by_order);
    for (size_t i = 0; i < count; i++)
        all[i].flow->id = all[i].leader == all[i].flow ? build->plan->flow_count++ : all[i].leader->id;
    free(all);
    return 0;
}
