/* The flows: first probes in an order that interleaves hosts, and one second probe of what is in doubt (doubts.c). */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* All that a UDP port without an answering service may send is an ICMP message: at once, or (rate limits) never. */
enum { NATURAL_SILENCE_MS = 1000 };

const struct listener_table *cycle_table_of(const struct cycle_host *host)
{
    const struct listener_table *table = host->now.listeners;
    return table && table->status == LISTENERS_SEEN ? table : NULL;
}

enum transport cycle_transport_of(const struct cycle_flow *flow)
{
    return flow->expectation->range.transport;
}

bool cycle_answers_by_protocol(const struct cycle_flow *flow)
{
    const struct service *service = flow->expectation->rule->service;
    return flow->cycle->plan->acceptance || (service && service->udp_answers);
}

bool cycle_silence_is_natural(const struct cycle_flow *flow)
{
    return cycle_transport_of(flow) == TRANSPORT_UDP && !cycle_answers_by_protocol(flow);
}

const struct listener *cycle_listener_behind(const struct cycle_flow *flow)
{
    const struct listener_table *table = cycle_table_of(flow->address->visited);
    if (!table)
        return NULL;
    const struct listener *end = table->items + table->count;
    const struct listener *at = table->items + listener_table_find(table, cycle_transport_of(flow), flow->flow->port);
    for (; at < end && at->transport == cycle_transport_of(flow) && at->port == flow->flow->port; at++)
        if (listener_serves(at, &flow->address->at->address))
            return at;
    return NULL;
}

/* --- results ----------------------------------------------------------------------------------------------------- */

static void note_result(struct cycle_flow *flow, const struct probe_result *result)
{
    struct cycle_address *address = flow->address;
    cycle_note_answer(address, result);
    if (result->outcome == PROBE_SILENT) {
        if (cycle_transport_of(flow) == TRANSPORT_TCP)
            address->tcp_silent = true;
        else if (cycle_answers_by_protocol(flow) || flow->cycle->options.memory)
            address->udp_silent = true;
    }
    if (result->outcome == PROBE_LOCAL && result->reason == REASON_DEADLINE)
        flow->cycle->undecided++;
}

/* May the first probe end sooner than an answer may take? Only where its silence is looked into again, and where there
 * is no more to learn than whether the port answers. */
static bool may_be_hasty(const struct cycle_flow *flow)
{
    const struct service *service = flow->expectation->rule->service;
    if (flow->known == PROBE_SILENT || flow->cycle->first_ms >= flow->cycle->timeout_ms ||
        cycle_silence_is_natural(flow) || (service && service->tls))
        return false;
    for (const struct cycle_flow *one = flow; one; one = one->also)
        if (one->flow->demand == FLOW_MUST_NOT_PASS)
            return false;
    return true;
}

/* Does the address answer so fast that even a hasty probe would have heard it? */
static bool is_quick(const struct cycle_address *address)
{
    enum { SURELY = 3 };
    uint64_t first_us = (uint64_t)address->cycle->first_ms * 1000;
    return address->quickest_us > 0 && (uint64_t)address->quickest_us * SURELY < first_us;
}

static void first_done(void *context, const struct probe_request *request, const struct probe_result *result)
{
    (void)request;
    struct cycle_flow *flow = context;
    struct cycle *cycle = flow->cycle;
    *flow->result = *result;
    flow->state = FLOW_ENDED;
    flow->hasty = result->outcome == PROBE_SILENT && may_be_hasty(flow);
    note_result(flow, result);
    cycle_ration_count(flow->address, result, false);
    flow->doubtful = cycle_ration_doubts(flow, false);
    cycle->progress.done++;
    /* no need to wait for the others; should memory be short, it waits with them after all */
    bool tcp = cycle_transport_of(flow) == TRANSPORT_TCP; /* UDP waits for its control */
    if (tcp && cycle->options.memory && flow->address->seen->alive && cycle_stands_alone(flow))
        (void)cycle_ask_again(flow);
    if (--flow->address->visited->unfinished == 0)
        cycle->progress.hosts_left--;
    cycle_ended(cycle);
}

/* Which of two results stands. An answer beats a silence (ICMP is rate limited, packets are lost); of two answers the
 * later stands. When the second probe failed by our own trouble, the answer of the first stands and a silence does not:
 * it was never confirmed. */
static bool second_stands(const struct probe_result *first, const struct probe_result *second)
{
    bool first_answered = first->outcome != PROBE_SILENT;
    if (second->outcome == PROBE_LOCAL || second->outcome == PROBE_SILENT)
        return !first_answered;
    return true;
}

static void second_done(void *context, const struct probe_request *request, const struct probe_result *result)
{
    (void)request;
    struct cycle_flow *flow = context;
    struct probe_result *first = flow->result;
    unsigned attempts = first->attempts + result->attempts;
    bool sign_of_life = first->sign_of_life || result->sign_of_life;
    if (second_stands(first, result)) {
        note_result(flow, result);
        *first = *result;
    }
    first->attempts = attempts;
    first->sign_of_life = sign_of_life;
    cycle_ration_count(flow->address, result, flow->booked);
    flow->doubtful = cycle_ration_doubts(flow, flow->booked);
    first->rationed = flow->doubtful && flow->booked; /* once is enough */
    bool unconfirmed =
        result->outcome == PROBE_SILENT && flow->hasty && flow->address->seen->alive && !is_quick(flow->address);
    flow->state = unconfirmed ? FLOW_ENDED : FLOW_CONFIRMED; /* ended: it will be asked once more */
    flow->hasty = false;
    flow->cycle->progress.done++;
    cycle_ended(flow->cycle);
}

void cycle_end_untried(struct cycle_flow *flow, enum reason reason, const char *detail)
{
    struct probe_result *result = flow->result;
    *result = (struct probe_result){
        .outcome = PROBE_LOCAL, .reason = reason, .sent = flow->cycle->now, .ended = flow->cycle->now};
    snprintf(result->detail, sizeof(result->detail), "%s", detail);
    flow->state = FLOW_ENDED;
    note_result(flow, result);
}

/* --- first probes ------------------------------------------------------------------------------------------------ */

static unsigned timeout_of(const struct cycle_flow *flow)
{
    bool first = flow->state == FLOW_WAITING;
    if (cycle_silence_is_natural(flow))
        return NATURAL_SILENCE_MS;
    /* a second one need not wait longer than the first where answers are quick; 0: the cycle's */
    bool short_wait =
        first ? may_be_hasty(flow) : flow->hasty && flow->cycle->options.memory && is_quick(flow->address);
    return short_wait ? flow->cycle->first_ms : 0;
}

/* A program that is just being started again must not look as if it were gone. A silence has taken its time already. */
static unsigned delay_of(const struct cycle_flow *flow)
{
    enum { PART = 4 };
    return flow->cycle->options.memory ? flow->cycle->timeout_ms / PART : 0;
}

/* One probe at a time for an address and port, over all hosts and visits. Behind the addresses of a host may be one
 * listener: the listeners' table knows; where there is none, a full burst is kept below what a usual accept queue
 * holds. */
static void choose_uses(const struct cycle_flow *flow, struct probe_request *request)
{
    enum { UNKNOWN_LISTENER = 64 };
    const struct cycle_host *host = flow->address->visited;
    const struct listener *listener = cycle_listener_behind(flow);
    const uint8_t transport = (uint8_t)cycle_transport_of(flow);
    uint64_t target = hash_octets(HASH_BEGIN, request->target.octets, sizeof(request->target.octets));
    target = hash_octets(target, &request->port, sizeof(request->port));
    request->uses[0].listener = hash_octets(target, &transport, sizeof(transport)) | 1;
    if (host->planned->address_count < 2)
        return;
    uint64_t behind = hash_octets(HASH_BEGIN, host->planned->host->name, strlen(host->planned->host->name));
    behind = hash_octets(behind, &request->port, sizeof(request->port));
    if (listener)
        behind = hash_octets(behind, &listener->address.octets, sizeof(listener->address.octets));
    request->uses[1].listener = hash_octets(behind, &transport, sizeof(transport)) & ~UINT64_C(1);
    request->uses[1].limit = listener ? 1 : UNKNOWN_LISTENER;
}

/* What is shared with a service that answers nobody else; NULL: nothing. */
static const char *secret_of(const struct cycle_flow *flow)
{
    const struct service *service = flow->expectation->rule->service;
    bool keyed = cycle_transport_of(flow) == TRANSPORT_UDP && service && service->keyed;
    return keyed ? flow->address->host->host->radius_secret : NULL;
}

static int ask(struct cycle_flow *flow, unsigned delay_ms,
               void (*done)(void *context, const struct probe_request *request, const struct probe_result *result))
{
    struct cycle *cycle = flow->cycle;
    const struct service *service = flow->expectation->rule->service;
    const struct plan_address *at = flow->address->at;
    struct address literal;
    struct probe_request request = {
        .kind = cycle_choose_kind(cycle->options.probes, cycle_transport_of(flow), service),
        .target = at->address,
        .port = flow->flow->port,
        .service = service,
        /* a name that the user wrote is the name a server is asked for; our own name of a host is not */
        .server_name = at->text && address_parse(at->text, &literal) < 0 ? at->text : NULL,
        .host = flow->address->host->host,
        .ca_file = cycle->plan->site->ca_file,
        .opted_in = cycle->plan->site->ask_sql_browser,
        .secret = secret_of(flow),
        .delay_ms = delay_ms,
        .timeout_ms = timeout_of(flow),
        .early = flow->known == PROBE_SILENT,
        .attempts = cycle_answers_by_protocol(flow) || secret_of(flow) ? 2 : 1,
        .done = done,
        .context = flow,
    };
    if (delay_ms > 0)
        request.timeout_ms =
            cycle_ration_fit(cycle, delay_ms, request.timeout_ms ? request.timeout_ms : cycle->timeout_ms);
    choose_uses(flow, &request);
    return cycle_probe(cycle, &request);
}

/* A fragile service is left alone where its listener can be seen otherwise. */
static bool wants_no_probe(const struct cycle_flow *flow)
{
    bool fragile = true;
    for (const struct cycle_flow *one = flow; one; one = one->also)
        fragile = fragile && one->expectation->rule->fragile;
    return fragile && cycle_table_of(flow->address->visited);
}

/* Not asked for its own good. Where a full queue made it silent before, that stands. */
static void leave_alone(struct cycle_flow *flow, const char *why)
{
    struct cycle *cycle = flow->cycle;
    flow->address->flow_count--;
    if (strcmp(why, CYCLE_BACKED_OFF) == 0) {
        cycle_keep_result(flow);
    } else {
        flow->state = FLOW_SKIPPED;
        flow->result->reason = REASON_NOT_PROBED;
        snprintf(flow->result->detail, sizeof(flow->result->detail), "%s", why);
    }
    cycle->progress.total--;
    if (--flow->address->visited->unfinished == 0)
        cycle->progress.hosts_left--;
}

/* Whether it is to be asked; where it is not, that is settled here. */
static void decide_flow(struct cycle_flow *flow)
{
    struct cycle *cycle = flow->cycle;
    bool skip = wants_no_probe(flow);
    const char *left_alone = skip ? NULL : cycle_recall(flow);
    if (left_alone) {
        leave_alone(flow, left_alone);
        return;
    }
    if (!skip && cycle_choose_kind(cycle->options.probes, cycle_transport_of(flow), flow->expectation->rule->service))
        return;
    if (skip) {
        flow->result->reason = REASON_NOT_PROBED;
        flow->state = FLOW_SKIPPED;
    } else {
        cycle_end_untried(flow, REASON_LOCAL_OTHER, "this program has no probe for the service");
    }
    cycle->progress.total--;
    if (--flow->address->visited->unfinished == 0)
        cycle->progress.hosts_left--;
}

static int begin_flow(struct cycle_flow *flow)
{
    int r = ask(flow, 0, first_done);
    if (r < 0)
        return r;
    flow->state = FLOW_ASKED;
    flow->address->tcp_silent |= flow->known == PROBE_SILENT && cycle_transport_of(flow) == TRANSPORT_TCP;
    return 0;
}

/* The first flow of every host, then the second of every host, and so on: in one round those that were silent the last
 * time, whose time-out is the longest part of a look, in the next one the others. NULL: that was all. */
static struct cycle_flow *next_flow(struct cycle *cycle)
{
    struct flow_turn *turn = &cycle->turn;
    while (turn->round != FLOWS_BEGUN) {
        for (; turn->host < cycle->host_count; turn->host++) {
            const struct cycle_host *host = &cycle->hosts[turn->host];
            if (turn->rank >= host->flow_count)
                continue;
            turn->more = turn->more || turn->rank + 1 < host->flow_count;
            struct cycle_flow *flow = &cycle->flows[host->first_flow + turn->rank];
            if (turn->round == FLOWS_SILENT_BEFORE && flow->state == FLOW_WAITING)
                decide_flow(flow);
            if (flow->state == FLOW_WAITING && (turn->round == FLOWS_OTHERS || flow->known == PROBE_SILENT))
                return flow;
        }
        *turn = turn->more ? (struct flow_turn){.round = turn->round, .rank = turn->rank + 1}
                           : (struct flow_turn){.round = turn->round + 1};
    }
    return NULL;
}

/* Queues a part of them and comes back for the next, so that the first leave while the others are being queued. */
int cycle_phase_flows(struct cycle *cycle)
{
    enum { AT_ONCE = 256 };
    if (cycle->turn.round == FLOWS_BEGUN)
        return PHASE_OVER;
    if (cycle->timeout_ms == 0) {
        cycle_spread_timeouts(cycle, cycle->now);
        if (cycle_spend_udp(cycle) < 0)
            return -ENOMEM;
    }
    for (int begun = 0; begun < AT_ONCE; begun++) {
        struct cycle_flow *flow = next_flow(cycle);
        if (!flow) {
            int r = cycle_send_controls(cycle); /* of what was silent before: they need not wait for it */
            return r < 0 ? r : PHASE_PROBING;
        }
        int r = begin_flow(flow);
        if (r < 0)
            return r;
    }
    return PHASE_QUEUEING;
}

/* --- second probes ----------------------------------------------------------------------------------------------- */

/* After how many milliseconds; -1: there is no time for it. */
static int64_t pause_before(struct cycle_flow *flow)
{
    if (flow->result->outcome != PROBE_SILENT)
        return delay_of(flow);
    if (cycle_transport_of(flow) != TRANSPORT_UDP)
        return 0;
    return flow->doubtful ? cycle_ration_book(flow->address) : cycle_ration_after_control(flow->address);
}

int cycle_ask_again(struct cycle_flow *flow)
{
    if (flow->state != FLOW_ENDED || !cycle_in_doubt(flow))
        return 0;
    int64_t delay_ms = pause_before(flow);
    if (delay_ms < 0 && !flow->doubtful)
        delay_ms = 0; /* no ration is the reason: the deadline cuts it, and says so */
    flow->result->rationed = delay_ms < 0;
    if (delay_ms < 0)
        return 0;
    int r = ask(flow, (unsigned)delay_ms, second_done);
    if (r < 0)
        return r;
    flow->booked = flow->doubtful;
    flow->state = FLOW_ASKED_AGAIN;
    flow->cycle->progress.total++;
    return 1;
}
