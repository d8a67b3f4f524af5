/* The cycle itself: what it holds, and the table of phases that cycle_step walks through. */
#include "internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

static const struct cycle_phase {
    int (*enter)(struct cycle *cycle);
    bool probes; /* left out with no_probes */
} phases[] = {
    {cycle_phase_listeners, false}, {cycle_phase_flows, true},           {cycle_phase_doubts, true},
    {cycle_phase_commit, false},    {cycle_phase_listeners_again, true},
};
enum { PHASES = sizeof(phases) / sizeof(phases[0]), PHASE_LISTENERS = 0, PHASE_COMMIT = PHASES - 2 };

/* --- making one -------------------------------------------------------------------------------------------------- */

struct probe_limits cycle_limits(const struct site *site)
{
    return (struct probe_limits){
        .per_second = site->probe_per_second,
        .per_target_per_second = site->probe_per_target_per_second,
        .dscp = site->probe_dscp,
        .source_port_low = site->probe_source_port_low,
        .source_port_high = site->probe_source_port_high,
    };
}

/* What is given, and the site's for the rest. */
static struct probe_limits limits_of(const struct probe_limits *given, const struct site *site)
{
    struct probe_limits limits = cycle_limits(site);
    if (given->per_second)
        limits.per_second = given->per_second;
    if (given->per_target_per_second)
        limits.per_target_per_second = given->per_target_per_second;
    limits.descriptors = given->descriptors;
    return limits;
}

static void fill_defaults(struct cycle_options *options, const struct site *site)
{
    enum { TIMEOUT_MS = 3000 };
    options->limits = limits_of(&options->limits, site);
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
    int r = cycle_take(cycle);
    if (r < 0)
        goto out;
    cycle->engine = cycle->options.engine;
    if (!cycle->engine) {
        r = probe_engine_new(&cycle->options.limits, &cycle->engine);
        if (r < 0)
            goto out;
        cycle->own_engine = true;
    }
    *ret = cycle;
    cycle = NULL;
out:
    cycle_free(cycle);
    return r;
}

static bool is_over(const struct cycle *cycle)
{
    return cycle->phase >= PHASES;
}

void cycle_free(struct cycle *cycle)
{
    if (!cycle)
        return;
    cycle_forget_canary(cycle);
    cycle_close_remote(cycle);
    if (cycle->own_engine)
        probe_engine_free(cycle->engine);
    else if (cycle->engine && cycle->outstanding > 0)
        probe_engine_drop(cycle->engine, cycle);
    if (!is_over(cycle))
        cycle_take_back(cycle);
    for (size_t i = 0; i < cycle->tables.count; i++)
        listener_table_free(cycle->tables.items[i].table);
    VECTOR_DONE(&cycle->tables);
    for (size_t i = 0; cycle->hosts && i < cycle->host_count; i++)
        host_seen_done(&cycle->hosts[i].now);
    observations_done(&cycle->own);
    free(cycle->results);
    free(cycle->hosts);
    free(cycle->addresses);
    free(cycle->flows);
    free(cycle);
}

/* --- driving it -------------------------------------------------------------------------------------------------- */

void cycle_fill_request(const struct cycle *cycle, struct probe_request *request)
{
    const struct vantage *vantage = cycle->plan->vantage;
    if (vantage && vantage->source.family == request->target.family)
        request->source = vantage->source;
    if (request->timeout_ms == 0 || request->timeout_ms > cycle->timeout_ms)
        request->timeout_ms = cycle->timeout_ms;
}

int cycle_probe(struct cycle *cycle, struct probe_request *request)
{
    cycle_fill_request(cycle, request);
    request->group = cycle;
    int r = probe_engine_add(cycle->engine, request);
    if (r == 0)
        cycle_waits(cycle);
    return r;
}

void cycle_waits(struct cycle *cycle)
{
    cycle->outstanding++;
}

void cycle_ended(struct cycle *cycle)
{
    if (--cycle->outstanding == 0 && cycle->options.news)
        cycle->options.news(cycle->options.news_context, cycle);
}

int cycle_fd(const struct cycle *cycle)
{
    if (cycle->both_fd > 0)
        return cycle->both_fd;
    return cycle->own_engine ? probe_engine_fd(cycle->engine) : -1;
}

int64_t cycle_next_ms(const struct cycle *cycle)
{
    if (is_over(cycle))
        return INT64_MAX;
    if (cycle->outstanding == 0 || cycle->queueing)
        return 0;
    int64_t due = cycle->own_engine ? probe_engine_next_ms(cycle->engine) : INT64_MAX;
    int64_t remote = cycle->own_remote ? cycle->options.remote->next_ms(cycle->remote) : INT64_MAX;
    due = remote < due ? remote : due;
    return due < cycle->options.deadline_mono_ms ? due : cycle->options.deadline_mono_ms;
}

/* What is decided stays, the rest ends as our own trouble. A second look that did not come leaves the listener and the
 * probe in contradiction, which the judge knows how to call. */
static int cut_short(struct cycle *cycle)
{
    int r = cycle_cut_orders(cycle);
    if (r == 0 && cycle->phase == PHASE_LISTENERS)
        r = cycle_cut_listeners(cycle);
    cycle_forget_canary(cycle);
    probe_engine_abort(cycle->engine, cycle, REASON_DEADLINE, cycle->now);
    if (cycle->phase <= PHASE_COMMIT && !cycle->options.no_probes)
        cycle_cut_flows(cycle);
    cycle_commit(cycle);
    cycle->phase = PHASES;
    return r;
}

/* Goes on until something has to be waited for. */
static int advance(struct cycle *cycle)
{
    while (!is_over(cycle)) {
        if (cycle->own_engine)
            (void)probe_engine_step(cycle->engine, cycle->now);
        cycle_step_remote(cycle);
        if (cycle->out_of_memory)
            return -ENOMEM;
        if (cycle->outstanding > 0 && !cycle->queueing)
            return 1;
        const struct cycle_phase *phase = &phases[cycle->phase];
        int r = phase->probes && cycle->options.no_probes ? PHASE_OVER : phase->enter(cycle);
        if (r < 0)
            return r;
        cycle->queueing = r == PHASE_QUEUEING;
        if (r == PHASE_MORE || r == PHASE_QUEUEING)
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
    return cycle->seen;
}

size_t cycle_undecided(const struct cycle *cycle)
{
    return cycle->undecided;
}

int cycle_judge(struct cycle *cycle, const struct snapshot *earlier, struct moment now, struct judgement *ret)
{
    struct judge_input input = {
        .plan = cycle->plan,
        .seen = cycle->seen,
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
    if (!options->engine)
        probe_raise_descriptors();
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
