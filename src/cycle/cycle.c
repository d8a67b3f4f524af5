/* The cycle itself: what it holds, and the table of phases that cycle_step walks through. */
#include "internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

static const struct cycle_phase {
    int (*enter)(struct cycle *cycle);
    bool probes; /* left out with no_probes */
} phases[] = {
    {cycle_phase_listeners, false},
    {cycle_phase_flows, true},
    {cycle_phase_doubts, true},
    {cycle_phase_listeners_again, true},
};
enum { PHASES = sizeof(phases) / sizeof(phases[0]), PHASE_LISTENERS = 0, PHASE_LISTENERS_AGAIN = PHASES - 1 };

/* --- making one -------------------------------------------------------------------------------------------------- */

static size_t count_addresses(const struct plan *plan)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->host_count; i++)
        count += plan->hosts[i].address_count;
    return count;
}

/* Room for every flow that is probed: those that share an id count each. */
static size_t count_flows(const struct plan *plan)
{
    size_t count = 0;
    for (size_t h = 0; h < plan->host_count; h++)
        for (size_t e = 0; e < plan->hosts[h].expectation_count; e++)
            for (size_t f = 0; f < plan->hosts[h].expectations[e].flow_count; f++)
                count += plan->hosts[h].expectations[e].flows[f].id != SIZE_MAX;
    return count;
}

static int allocate(struct cycle *cycle)
{
    const struct plan *plan = cycle->plan;
    struct observations *seen = &cycle->seen;
    cycle->address_count = count_addresses(plan);
    seen->probe_count = plan->flow_count;
    seen->host_count = plan->host_count;
    /* one more than needed each, so that nothing is asked for 0 octets */
    seen->probes = calloc(plan->flow_count + 1, sizeof(*seen->probes));
    seen->hosts = calloc(plan->host_count + 1, sizeof(*seen->hosts));
    cycle->hosts = calloc(plan->host_count + 1, sizeof(*cycle->hosts));
    cycle->addresses = calloc(cycle->address_count + 1, sizeof(*cycle->addresses));
    cycle->flows = calloc(count_flows(plan) + 1, sizeof(*cycle->flows));
    if (!seen->probes || !seen->hosts || !cycle->hosts || !cycle->addresses || !cycle->flows)
        return -ENOMEM;
    for (size_t i = 0; i < plan->host_count; i++) {
        seen->hosts[i].addresses = calloc(plan->hosts[i].address_count + 1, sizeof(*seen->hosts[i].addresses));
        if (!seen->hosts[i].addresses)
            return -ENOMEM;
    }
    return 0;
}

static void take_flow(struct cycle *cycle, size_t host, const struct expectation *expectation, const struct flow *flow,
                      struct cycle_flow **first_of)
{
    if (flow->id == SIZE_MAX)
        return;
    struct cycle_address *address = &cycle->addresses[cycle->hosts[host].first_address + flow->address];
    struct cycle_flow *taken = &cycle->flows[cycle->flow_count++];
    *taken = (struct cycle_flow){.cycle = cycle, .expectation = expectation, .flow = flow, .address = address};
    cycle->hosts[host].flow_count++;
    struct cycle_flow *first = first_of[flow->id];
    if (first) {
        taken->state = FLOW_SHARED;
        taken->also = first->also;
        first->also = taken;
        return;
    }
    first_of[flow->id] = taken;
    address->flow_count++;
    cycle->hosts[host].unfinished++;
    cycle->progress.total++;
}

static void take_addresses(struct cycle *cycle, size_t host, size_t first)
{
    const struct plan_host *planned = &cycle->plan->hosts[host];
    cycle->hosts[host].first_address = first;
    for (size_t i = 0; i < planned->address_count; i++)
        cycle->addresses[first + i] = (struct cycle_address){.cycle = cycle,
                                                             .host = planned,
                                                             .host_index = host,
                                                             .at = &planned->addresses[i],
                                                             .seen = &cycle->seen.hosts[host].addresses[i]};
}

static int index_flows(struct cycle *cycle)
{
    struct cycle_flow **first_of = calloc(cycle->plan->flow_count + 1, sizeof(struct cycle_flow *));
    if (!first_of)
        return -ENOMEM;
    size_t first_address = 0;
    for (size_t h = 0; h < cycle->plan->host_count; h++) {
        const struct plan_host *host = &cycle->plan->hosts[h];
        take_addresses(cycle, h, first_address);
        first_address += host->address_count;
        cycle->hosts[h].first_flow = cycle->flow_count;
        for (size_t e = 0; !cycle->options.no_probes && e < host->expectation_count; e++)
            for (size_t f = 0; f < host->expectations[e].flow_count; f++)
                take_flow(cycle, h, &host->expectations[e], &host->expectations[e].flows[f], first_of);
        if (cycle->hosts[h].flow_count > 0)
            cycle->progress.hosts_left++;
    }
    free(first_of);
    return 0;
}

static void fill_defaults(struct cycle_options *options, const struct site *site)
{
    enum { IN_FLIGHT = 256, PER_TARGET = 8, TIMEOUT_MS = 3000 };
    if (options->limits.in_flight == 0)
        options->limits.in_flight = site->probe_in_flight ? site->probe_in_flight : IN_FLIGHT;
    if (options->limits.per_target == 0)
        options->limits.per_target = site->probe_per_target ? site->probe_per_target : PER_TARGET;
    if (options->probe_timeout_ms == 0)
        options->probe_timeout_ms = site->probe_timeout_ms ? site->probe_timeout_ms : TIMEOUT_MS;
    if (!options->echo)
        options->echo = &probe_kind_icmp;
}

int cycle_new(const struct plan *plan, const struct cycle_options *options, struct cycle **ret)
{
    struct cycle *cycle = calloc(1, sizeof(*cycle));
    if (!cycle)
        return -ENOMEM;
    cycle->plan = plan;
    cycle->options = *options;
    fill_defaults(&cycle->options, plan->site);
    int r = allocate(cycle);
    if (r < 0)
        goto out;
    r = index_flows(cycle);
    if (r < 0)
        goto out;
    r = probe_engine_new(&cycle->options.limits, &cycle->engine);
    if (r < 0)
        goto out;
    *ret = cycle;
    cycle = NULL;
out:
    cycle_free(cycle);
    return r;
}

void cycle_free(struct cycle *cycle)
{
    if (!cycle)
        return;
    probe_engine_free(cycle->engine);
    for (size_t i = 0; i < cycle->tables.count; i++)
        listener_table_free(cycle->tables.items[i].table);
    VECTOR_DONE(&cycle->tables);
    for (size_t i = 0; cycle->seen.hosts && i < cycle->seen.host_count; i++)
        free(cycle->seen.hosts[i].addresses);
    free(cycle->seen.hosts);
    free(cycle->seen.probes);
    free(cycle->wanted_again);
    free(cycle->hosts);
    free(cycle->addresses);
    free(cycle->flows);
    free(cycle);
}

/* --- driving it -------------------------------------------------------------------------------------------------- */

int cycle_probe(struct cycle *cycle, struct probe_request *request)
{
    const struct vantage *vantage = cycle->plan->vantage;
    if (vantage && vantage->source.family == request->target.family)
        request->source = vantage->source;
    if (request->timeout_ms == 0 || request->timeout_ms > cycle->timeout_ms)
        request->timeout_ms = cycle->timeout_ms;
    return probe_engine_add(cycle->engine, request);
}

int cycle_fd(const struct cycle *cycle)
{
    return probe_engine_fd(cycle->engine);
}

static bool is_over(const struct cycle *cycle)
{
    return cycle->phase >= PHASES;
}

int64_t cycle_next_ms(const struct cycle *cycle)
{
    if (is_over(cycle))
        return INT64_MAX;
    if (probe_engine_pending(cycle->engine) == 0)
        return 0;
    int64_t due = probe_engine_next_ms(cycle->engine);
    return due < cycle->options.deadline_mono_ms ? due : cycle->options.deadline_mono_ms;
}

/* What is decided stays, the rest ends as our own trouble. A second look that did not come leaves the listener and the
 * probe in contradiction, which the judge knows how to call. */
static int cut_short(struct cycle *cycle)
{
    int r = cycle->phase == PHASE_LISTENERS ? cycle_cut_listeners(cycle) : 0;
    probe_engine_abort(cycle->engine, REASON_DEADLINE, cycle->now);
    if (cycle->phase < PHASE_LISTENERS_AGAIN && !cycle->options.no_probes)
        cycle_cut_flows(cycle);
    cycle->phase = PHASES;
    return r;
}

/* Goes on until something has to be waited for. */
static int advance(struct cycle *cycle)
{
    while (!is_over(cycle)) {
        if (probe_engine_step(cycle->engine, cycle->now) > 0)
            return 1;
        const struct cycle_phase *phase = &phases[cycle->phase];
        int r = phase->probes && cycle->options.no_probes ? PHASE_OVER : phase->enter(cycle);
        if (r < 0)
            return r;
        if (r == PHASE_MORE)
            return 1;
        if (r == PHASE_OVER)
            cycle->phase++;
    }
    return 0;
}

int cycle_step(struct cycle *cycle, struct moment now)
{
    cycle->now = now;
    if (!cycle->has_begun) {
        cycle->began = now;
        cycle->has_begun = true;
    }
    int r = 0;
    if (!is_over(cycle) && now.mono_ms >= cycle->options.deadline_mono_ms)
        r = cut_short(cycle);
    else
        r = advance(cycle);
    if (cycle->options.progress)
        cycle->options.progress(cycle->options.progress_context, &cycle->progress);
    return r;
}

const struct observations *cycle_observations(const struct cycle *cycle)
{
    return &cycle->seen;
}

size_t cycle_undecided(const struct cycle *cycle)
{
    return cycle->undecided;
}

int cycle_judge(struct cycle *cycle, const struct snapshot *earlier, struct moment now, struct judgement *ret)
{
    struct judge_input input = {
        .plan = cycle->plan,
        .seen = &cycle->seen,
        .earlier = earlier,
        .now = now,
        .began_ms = cycle->began.mono_ms,
        .mode = cycle->options.mode,
    };
    return judge(&input, ret);
}

/* --- all of it --------------------------------------------------------------------------------------------------- */

static int wait_for(const struct cycle *cycle)
{
    enum { LONGEST_MS = 60000 };
    int64_t left = cycle_next_ms(cycle) - moment_now().mono_ms;
    int timeout = left <= 0 ? 0 : left > LONGEST_MS ? LONGEST_MS : (int)left;
    struct pollfd ready = {.fd = cycle_fd(cycle), .events = POLLIN};
    if (poll(&ready, 1, timeout) < 0 && errno != EINTR)
        return -errno;
    return 0;
}

int cycle_run(const struct plan *plan, const struct cycle_options *options, struct cycle **ret_cycle,
              struct judgement *ret)
{
    struct cycle *cycle = NULL;
    int r = cycle_new(plan, options, &cycle);
    while (r >= 0) {
        r = cycle_step(cycle, moment_now());
        if (r <= 0)
            break;
        r = wait_for(cycle);
    }
    if (r == 0)
        r = cycle_judge(cycle, NULL, moment_now(), ret);
    if (r == 0) {
        *ret_cycle = cycle;
        cycle = NULL;
    }
    cycle_free(cycle);
    return r;
}
