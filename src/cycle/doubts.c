/* Doubts: which failures are looked at once more before they count, and what the deadline leaves undecided. */
#include "internal.h"

/* Is a port of the expectation, or, with `group`, of any member of its group, open at that flow's address? */
static bool has_open(const struct cycle_flow *flow, const char *group)
{
    const struct cycle_host *host = flow->address->visited;
    const struct cycle_flow *all = &flow->cycle->flows[host->first_flow];
    for (size_t i = 0; i < host->flow_count; i++) {
        const struct expectation *expectation = all[i].expectation;
        bool related = expectation == flow->expectation || (group && expectation->group_key == group);
        if (related && all[i].address == flow->address && all[i].result->outcome == PROBE_OPEN)
            return true;
    }
    return false;
}

/* Where one of several ports suffices and one is open, the others need no second probe. */
static bool another_suffices(const struct cycle_flow *flow)
{
    if (flow->cycle->plan->acceptance)
        return false;
    switch (flow->expectation->rule->presence) {
    case PRESENCE_ANY:
    case PRESENCE_FIRST_FREE:
        return has_open(flow, NULL);
    case PRESENCE_ONE_OF:
        return has_open(flow, flow->expectation->group_key);
    case PRESENCE_REQUIRED:
    case PRESENCE_OPTIONAL:
    case PRESENCE_DYNAMIC:
    case PRESENCE_RESERVED:
        break;
    }
    return false;
}

static bool refusal_is_welcome(const struct cycle_flow *flow)
{
    return presence_absence_conforms(flow->expectation->rule->presence) && !flow->cycle->plan->acceptance &&
           !cycle_listener_behind(flow);
}

/* A full accept queue keeps what we send until its program wakes up: a second probe would make it worse. */
static bool queue_is_full(const struct cycle_flow *flow)
{
    const struct listener *listener = cycle_transport_of(flow) == TRANSPORT_TCP ? cycle_listener_behind(flow) : NULL;
    return listener && listener->queue_known && listener->queue_length >= listener->queue_limit;
}

static bool fails(const struct cycle_flow *flow, const struct probe_result *result)
{
    if (result->outcome == PROBE_OPEN)
        return result->wrong_protocol || (flow->cycle->plan->acceptance && !result->service_proven);
    if (flow->flow->demand == FLOW_MUST_NOT_PASS || another_suffices(flow))
        return false;
    switch (result->outcome) {
    case PROBE_REFUSED:
        return !refusal_is_welcome(flow);
    case PROBE_STOPPED:
        return true;
    case PROBE_SILENT:
        return !cycle_silence_is_natural(flow) && !queue_is_full(flow);
    case PROBE_NOT_DONE:
    case PROBE_OPEN:
    case PROBE_LOCAL:
        break;
    }
    return false;
}

bool cycle_stands_alone(const struct cycle_flow *flow)
{
    for (; flow; flow = flow->also) {
        enum presence presence = flow->expectation->rule->presence;
        if (presence == PRESENCE_ANY || presence == PRESENCE_FIRST_FREE || presence == PRESENCE_ONE_OF)
            return false;
    }
    return true;
}

/* Would it make a difference if such a port were closed? Where somebody was seen to listen, it is not. */
static bool refusal_matters(const struct cycle_flow *flow)
{
    for (const struct cycle_flow *one = flow; one; one = one->also)
        if (one->flow->demand != FLOW_MUST_NOT_PASS && !refusal_is_welcome(one) && !another_suffices(one))
            return !cycle_listener_behind(flow);
    return false;
}

/* What failed before, and was confirmed then, is confirmed by failing in the same way again. */
bool cycle_in_doubt(const struct cycle_flow *flow)
{
    if (flow->result->outcome == flow->known && !flow->doubtful)
        return false;
    /* ICMP messages are rationed: where visits take turns, a second one of this port would cost that of another */
    if (cycle_silence_is_natural(flow))
        return flow->doubtful && !flow->cycle->options.memory && refusal_matters(flow);
    for (const struct cycle_flow *one = flow; one; one = one->also)
        if (fails(one, flow->result))
            return true;
    return false;
}

/* Of an address that has given no sign of life one flow is asked again; the others only when that one answers. */
static int confirm(struct cycle_flow *flow)
{
    struct cycle_address *address = flow->address;
    if (flow->state != FLOW_ENDED)
        return 0;
    flow->doubtful = flow->doubtful || cycle_ration_doubts(flow, false); /* a message may have come since it ended */
    if (!cycle_in_doubt(flow) || (!address->seen->alive && address->asked_again_dead))
        return 0;
    if (!address->seen->alive)
        address->asked_again_dead = true;
    return cycle_ask_again(flow);
}

/* Those whose silence would alarm somebody first: they get what the target has left of ICMP messages. */
static int confirm_flows(struct cycle *cycle)
{
    int queued = 0;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < cycle->flow_count; i++) {
            struct cycle_flow *flow = &cycle->flows[i];
            int r = cycle_silence_is_natural(flow) == (round == 1) ? confirm(flow) : 0;
            if (r < 0)
                return r;
            queued += r;
        }
    }
    return queued;
}

/* Controls go first: they get the slots before a long queue of second probes does. */
int cycle_phase_doubts(struct cycle *cycle)
{
    int controls = cycle_send_controls(cycle);
    if (controls < 0)
        return controls;
    int flows = confirm_flows(cycle);
    if (flows < 0)
        return flows;
    return controls + flows > 0 ? PHASE_PROBING : PHASE_OVER;
}

/* What the deadline leaves undecided: flows that never began, and silences that nobody confirmed. */
void cycle_cut_flows(struct cycle *cycle)
{
    for (size_t i = 0; i < cycle->flow_count; i++) {
        struct cycle_flow *flow = &cycle->flows[i];
        bool unconfirmed = flow->state == FLOW_ENDED && flow->result->outcome == PROBE_SILENT &&
                           !flow->result->rationed && cycle_in_doubt(flow);
        if (flow->state == FLOW_WAITING || unconfirmed)
            cycle_end_untried(flow, REASON_DEADLINE, "");
    }
}
