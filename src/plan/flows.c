/* The flows of an expectation: which addresses and ports, whether they must pass from here, and whether they are
 * probed.
 *
 * Every address and (sampled) port has a flow that carries the demand; only those that are probed get an id, a number
 * once all flows of the host are known (flow_ids.c). */
#include "build.h"

#include <errno.h>

struct flow_context {
    const struct plan_build *build;
    const struct plan_host *host;
    const struct expectation *expectation;
};

/* Does the vantage act as one of the callers? Only asked for rules that name some. */
static enum caller flows_vantage_calls(const struct flow_context *context)
{
    const struct plan *plan = context->build->plan;
    struct plan_listener listener = plan_listener_of(plan, context->expectation);
    enum caller best = CALLER_NO;
    for (size_t i = 0; i < plan->play_count; i++) {
        const struct played *play = &plan->plays[i];
        enum caller this = plan_is_caller(&listener, play->guide, play->component, &play->settings);
        if (this == CALLER_YES)
            return CALLER_YES;
        if (this == CALLER_UNKNOWN)
            best = CALLER_UNKNOWN;
    }
    return best;
}

/* Fills demand and why. */
static void flows_set_demand(const struct flow_context *context, struct flow *flow)
{
    const struct plan *plan = context->build->plan;
    const struct rule *rule = context->expectation->rule;
    if (rule->scope == SCOPE_HOST) {
        flow->demand = FLOW_MUST_NOT_PASS;
        flow->why = SCOPE_HOST;
        return;
    }
    if (rule->from_count == 0 || (plan->vantage != NULL && plan->vantage->permitted)) {
        flow->demand = FLOW_MUST_PASS;
        return;
    }
    enum caller caller = flows_vantage_calls(context);
    if (caller == CALLER_YES) {
        flow->demand = FLOW_MUST_PASS;
    } else if (caller == CALLER_NO && plan->vantage != NULL && plan->site->segmentation) {
        flow->demand = FLOW_MUST_NOT_PASS;
        flow->why = rule->scope == SCOPE_PEERS ? SCOPE_PEERS : SCOPE_NETWORK;
    } else {
        flow->demand = FLOW_BYSTANDER;
    }
}

static bool flows_policy_forbids(const struct flow_context *context)
{
    const struct expectation *expectation = context->expectation;
    if (expectation->rule->probe == PROBE_POLICY_NONE)
        return true;
    if (expectation->role != NULL && expectation->role->probe_given)
        return expectation->role->probe == PROBE_POLICY_NONE;
    return context->host->host->probe == PROBE_POLICY_NONE;
}

/* Would a probe from here look at this address as an outsider does, at the right machine? Loopback leads to ourselves,
 * whoever's it is meant to be; and from the machine itself the route is local, which proves nothing about who else gets
 * into a port that is for the host alone. */
static bool flows_address_is_probed(const struct flow_context *context, const struct address *address)
{
    const struct plan_host *host = context->host;
    if (address_is_loopback(address) && (!host->is_self || host->host->netns != NULL))
        return false;
    return context->expectation->rule->scope != SCOPE_HOST || !plan_is_own_address(context->build->options, address);
}

/* Is any flow of this expectation probed? A scope-host port depends on the address as well. */
static bool flows_are_probed(const struct flow_context *context)
{
    const struct rule *rule = context->expectation->rule;
    if (rule->multicast || flows_policy_forbids(context))
        return false;
    if (rule->fragile && !context->build->options->acceptance && plan_host_listeners(context->host) != LISTENERS_NONE)
        return false;
    return rule->scope != SCOPE_HOST || context->build->options->exposure;
}

/* Absent ports of these kinds conform and nobody demands that they be reached: an outside look proves nothing that
 * somebody needs, but for ports that are for the host alone. The acceptance test asks for the way to all of them. */
static bool flows_are_wanted(const struct plan_build *build, const struct rule *rule)
{
    if (build->options->acceptance)
        return true;
    switch (rule->presence) {
    case PRESENCE_REQUIRED:
    case PRESENCE_ANY:
    case PRESENCE_FIRST_FREE:
    case PRESENCE_ONE_OF:
    case PRESENCE_OPTIONAL:
        return true;
    case PRESENCE_RESERVED:
        return rule->scope == SCOPE_HOST;
    case PRESENCE_DYNAMIC:
        return false;
    }
    return false;
}

/* The i-th port that is looked at. A large range is sampled evenly from its first port to its last; of a first-free one
 * the first ports are looked at, since the product begins there; the acceptance test is about the whole range. */
static uint16_t flows_port(const struct plan_build *build, const struct expectation *expectation, size_t index)
{
    bool from_the_first = expectation->rule->presence == PRESENCE_FIRST_FREE && !build->options->acceptance;
    const struct port_range *range = &expectation->range;
    size_t count = port_range_count(range);
    size_t place = index;
    if (count > PLAN_PORTS_WHOLE && !from_the_first)
        place = index * (count - 1) / (PLAN_PORTS_WHOLE - 1);
    return (uint16_t)(range->low + place * range->step);
}

int plan_add_flows(struct plan_build *build, const struct plan_host *host, struct expectation *expectation)
{
    const struct rule *rule = expectation->rule;
    if (expectation->unset != NULL || expectation->address_count == 0 || !flows_are_wanted(build, rule))
        return 0;
    size_t ports = port_range_count(&expectation->range);
    if (ports > PLAN_PORTS_WHOLE)
        ports = PLAN_PORTS_WHOLE;
    struct flow *flows = ARENA_ARRAY(build->arena, struct flow, expectation->address_count * ports);
    if (flows == NULL)
        return -ENOMEM;

    struct flow_context context = {.build = build, .host = host, .expectation = expectation};
    struct flow common = {.id = SIZE_MAX};
    flows_set_demand(&context, &common);
    bool wanted = flows_are_probed(&context);
    size_t count = 0;
    for (size_t i = 0; i < expectation->address_count; i++) {
        size_t address = expectation->addresses[i];
        bool probed = wanted && flows_address_is_probed(&context, &host->addresses[address].address);
        for (size_t port = 0; port < ports; port++) {
            struct flow *flow = &flows[count++];
            *flow = common;
            flow->address = address;
            flow->port = flows_port(build, expectation, port);
            if (probed)
                flow->id = 0;
        }
    }
    expectation->flows = flows;
    expectation->flow_count = count;
    expectation->ports_sampled = ports;
    return 0;
}
