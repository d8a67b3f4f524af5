/* Evidence: which row and which column of the grid a port of an address belongs to. */
#include "judging.h"

#include <string.h>

/* --- probes ------------------------------------------------------------------------------------------------------ */

/* NULL unless something was tried: a probe that never began because of our own trouble was tried. */
const struct probe_result *evidence_probe(const struct observations *seen, const struct flow *flow)
{
    if (!flow || flow->id >= seen->probe_count)
        return NULL;
    const struct probe_result *probe = &seen->probes[flow->id];
    return probe->outcome != PROBE_NOT_DONE || reason_is_local(probe->reason) ? probe : NULL;
}

bool evidence_own_trouble(const struct probe_result *probe)
{
    return probe && (probe->outcome == PROBE_LOCAL || probe->outcome == PROBE_NOT_DONE);
}

/* Nobody on the link has the address: that is silence with an explanation, not a firewall's word. */
bool evidence_is_silence(const struct probe_result *probe)
{
    return probe->outcome == PROBE_SILENT ||
           (probe->outcome == PROBE_STOPPED && probe->reason == REASON_NEIGHBOUR_FAILED);
}

bool evidence_silent_by_nature(const struct spot *spot)
{
    const struct service *service = spot->expectation->rule->service;
    return spot->expectation->range.transport == TRANSPORT_UDP && !(service && service->udp_answers) && spot->probe &&
           spot->probe->outcome == PROBE_SILENT && !spot->probe->answer_due &&
           spot->probe->reason != REASON_NEIGHBOUR_FAILED;
}

enum probe_evidence evidence_of_probe(const struct host_case *host, const struct spot *spot)
{
    if (!spot->probe)
        return EVIDENCE_NOT_PROBED;
    switch (spot->probe->outcome) {
    case PROBE_NOT_DONE:
    case PROBE_LOCAL:
        return EVIDENCE_NOT_PROBED;
    case PROBE_OPEN:
        return EVIDENCE_OPEN;
    case PROBE_REFUSED:
        return EVIDENCE_REFUSED;
    case PROBE_STOPPED:
        if (!evidence_is_silence(spot->probe))
            return EVIDENCE_STOPPED;
        break;
    case PROBE_SILENT:
        break;
    }
    return host->alive[spot->address] ? EVIDENCE_SILENT_UP : EVIDENCE_SILENT_DEAD;
}

/* Scope host is never anybody's to call from outside, whatever the plan made of the flow. */
bool evidence_demands_shut(const struct spot *spot)
{
    return spot->expectation->rule->scope == SCOPE_HOST || (spot->flow && spot->flow->demand == FLOW_MUST_NOT_PASS);
}

/* --- listeners --------------------------------------------------------------------------------------------------- */

bool listener_is_local(const struct listener *listener)
{
    return address_is_loopback(&listener->address) || strcmp(listener->device, "lo") == 0;
}

/* How sure it is that a packet to the address reaches the listener; the kernel prefers the most specific socket. */
enum reach { REACH_NOT, REACH_PERHAPS, REACH_OTHER_FAMILY_TOO, REACH_WILDCARD, REACH_EXACT };

static enum reach listener_reach(const struct listener *listener, const struct address *address)
{
    if (!listener_serves(listener, address))
        return REACH_NOT;
    bool local_device = strcmp(listener->device, "lo") == 0;
    if (local_device && !address_is_loopback(address))
        return REACH_NOT;
    /* which device a packet to the address comes in by is not ours to know */
    if (listener->device[0] != '\0' && !local_device)
        return REACH_PERHAPS;
    if (!address_is_wildcard(&listener->address))
        return REACH_EXACT;
    if (listener->address.family == address->family)
        return REACH_WILDCARD;
    return listener->v6only == V6ONLY_NO ? REACH_OTHER_FAMILY_TOO : REACH_PERHAPS;
}

/* linux: net/core sk_acceptq_is_full() compares `backlog > limit`, so a queue at its limit still takes one more. Where
 * the probe was dropped, a queue that stood at its limit a moment before or after was full then. */
static bool listener_queue_full(const struct listener *listener, const struct probe_result *probe)
{
    if (listener->transport != TRANSPORT_TCP || !listener->queue_known)
        return false;
    if (listener->queue_length > listener->queue_limit)
        return true;
    return listener->queue_limit > 0 && listener->queue_length == listener->queue_limit && probe &&
           probe->outcome == PROBE_SILENT;
}

static unsigned table_next_port(const struct listener_table *table, enum transport transport, uint16_t port)
{
    size_t at = table && table->status == LISTENERS_SEEN ? listener_table_find(table, transport, port) : SIZE_MAX;
    if (at == SIZE_MAX || at >= table->count || table->items[at].transport != transport)
        return UINT16_MAX + 1u;
    return table->items[at].port;
}

/* The lowest port from `port` on with a listener in either look; beyond UINT16_MAX where there is none. */
unsigned evidence_next_listener(const struct host_case *host, enum transport transport, uint16_t port)
{
    unsigned first = table_next_port(host->seen->listeners, transport, port);
    unsigned again = table_next_port(host->seen->listeners_again, transport, port);
    return first < again ? first : again;
}

/* Which of two misplaced listeners is nearer to the right place: the more it lacks, the later. */
static enum reason misplaced_reason(const struct listener *listener, const struct address *address)
{
    if (listener_is_local(listener))
        return REASON_LOOPBACK_ONLY;
    return listener->address.family == address->family ? REASON_OTHER_ADDRESS : REASON_OTHER_FAMILY;
}

static int misplaced_rank(enum reason reason)
{
    return reason == REASON_OTHER_ADDRESS ? 0 : reason == REASON_OTHER_FAMILY ? 1 : 2;
}

/* Proven to be somebody else's program, where that matters: a dynamic range demands nobody, and of several rules the
 * narrowest explains a listener. */
static bool is_foreign(const struct plan_host *host, const struct spot *spot, const struct listener *listener)
{
    const struct expectation *own = spot->expectation;
    if (own->rule->presence == PRESENCE_DYNAMIC || owner_match(&own->owner, &listener->owner) != OWNER_FOREIGN)
        return false;
    const struct expectation *other = plan_host_find(host, listener->transport, listener->port);
    return !other || expectation_width(other) >= expectation_width(own) ||
           owner_match(&other->owner, &listener->owner) == OWNER_FOREIGN;
}

/* What one pass over the listeners of a port gathers. */
struct gathering {
    const struct plan_host *host;
    enum reach reach;               /* of the best */
    const struct listener *best;    /* that is reached */
    const struct listener *foreign; /* among those as good as the best */
    bool all_full;                  /* of those as good as the best */
    const struct listener *misplaced, *misplaced_foreign, *beyond;
    enum reason misplaced_reason;
};

static void gather_reached(struct gathering *gathered, const struct spot *spot, const struct listener *listener,
                           enum reach reach)
{
    if (reach < gathered->reach)
        return;
    if (reach > gathered->reach || !gathered->best) {
        gathered->reach = reach;
        gathered->best = listener;
        gathered->foreign = NULL;
        gathered->all_full = true;
    }
    gathered->all_full = gathered->all_full && listener_queue_full(listener, spot->probe);
    if (!gathered->foreign && is_foreign(gathered->host, spot, listener))
        gathered->foreign = listener;
}

static void gather_misplaced(struct gathering *gathered, const struct spot *spot, const struct listener *listener,
                             const struct address *address)
{
    enum reason reason = misplaced_reason(listener, address);
    if (!gathered->misplaced || misplaced_rank(reason) < misplaced_rank(gathered->misplaced_reason)) {
        gathered->misplaced = listener;
        gathered->misplaced_reason = reason;
    }
    if (!gathered->misplaced_foreign && is_foreign(gathered->host, spot, listener))
        gathered->misplaced_foreign = listener;
}

static struct gathering gather(const struct plan_host *host, const struct listener_table *table,
                               const struct spot *spot)
{
    struct gathering gathered = {.host = host};
    const struct address *address = &host->addresses[spot->address].address;
    const bool host_alone = spot->expectation->rule->scope == SCOPE_HOST;
    const enum transport transport = spot->expectation->range.transport;
    for (size_t i = listener_table_find(table, transport, spot->port); i < table->count; i++) {
        const struct listener *listener = &table->items[i];
        if (listener->transport != transport || listener->port != spot->port)
            break;
        bool local = listener_is_local(listener);
        if (!local && !gathered.beyond)
            gathered.beyond = listener;
        enum reach reach = listener_reach(listener, address);
        if (host_alone)
            reach = local ? REACH_EXACT : REACH_NOT;
        if (reach != REACH_NOT)
            gather_reached(&gathered, spot, listener, reach);
        else
            gather_misplaced(&gathered, spot, listener, address);
    }
    return gathered;
}

/* The listeners of the host itself say nothing about an address that it does not hold, or that firmware answers for. */
static bool table_speaks_for(const struct plan_host *host, const struct spot *spot)
{
    return host->addresses[spot->address].kind == ADDRESS_OWN && !spot->expectation->rule->outside_os;
}

/* Does the table tell every socket that would serve this spot? */
static bool table_is_complete(const struct listener_table *table, const struct plan_host *host, const struct spot *spot)
{
    const bool udp = spot->expectation->range.transport == TRANSPORT_UDP;
    if (udp ? !table->udp_complete : table->tcp_incomplete)
        return false;
    return !table->ipv6_untold || host->addresses[spot->address].address.family != AF_INET6;
}

static struct listener_view view_of_table(const struct plan_host *host, const struct listener_table *table,
                                          const struct spot *spot)
{
    struct listener_view view = {.evidence = EVIDENCE_UNKNOWN};
    if (!table || table->status != LISTENERS_SEEN) {
        view.failed = table && table->status == LISTENERS_FAILED;
        return view;
    }
    view.table = table;
    struct gathering gathered = gather(host, table, spot);
    view.beyond = gathered.beyond;
    if (gathered.best) {
        view.best = gathered.best;
        if (gathered.reach == REACH_PERHAPS)
            return view;
        view.foreign = gathered.foreign;
        view.evidence = gathered.all_full ? EVIDENCE_RIGHT_FULL : EVIDENCE_RIGHT;
        view.reason = gathered.all_full ? REASON_QUEUE_FULL : REASON_LISTENING;
        return view;
    }
    if (!table_is_complete(table, host, spot) || !table_speaks_for(host, spot))
        return view;
    view.best = gathered.misplaced;
    view.foreign = gathered.misplaced_foreign;
    view.evidence = gathered.misplaced ? EVIDENCE_WRONG_ADDRESS : EVIDENCE_NONE;
    view.reason = gathered.misplaced ? gathered.misplaced_reason : REASON_NOBODY_LISTENS;
    return view;
}

/* --- listener and probe against each other ----------------------------------------------------------------------- */

static bool view_disagrees(const struct listener_view *view, const struct spot *spot)
{
    if (!spot->probe || evidence_demands_shut(spot))
        return false;
    switch (view->evidence) {
    case EVIDENCE_RIGHT:
    case EVIDENCE_RIGHT_FULL:
        return spot->probe->outcome == PROBE_REFUSED;
    case EVIDENCE_WRONG_ADDRESS:
    case EVIDENCE_NONE:
        return spot->probe->outcome == PROBE_OPEN;
    case EVIDENCE_UNKNOWN:
        return false;
    }
    return false;
}

static bool table_is_older(const struct listener_table *table, const struct probe_result *probe)
{
    return table->taken.mono_ms - table->stale_ms < probe->ended.mono_ms;
}

bool evidence_wants_second_look(const struct plan_host *host, const struct listener_table *table,
                                const struct spot *spot)
{
    struct listener_view view = view_of_table(host, table, spot);
    /* what an agent still has in its cache it would tell once more */
    return table->stale_ms == 0 && view_disagrees(&view, spot) && table_is_older(table, spot->probe);
}

/* The first look stands while the probe agrees with it: a program may stop between probe and second look. */
struct listener_view evidence_of_listeners(const struct host_case *host, const struct spot *spot)
{
    const struct listener_table *table = host->seen->listeners;
    struct listener_view view = view_of_table(host->host, table, spot);
    if (!view_disagrees(&view, spot))
        return view;
    if (host->seen->listeners_again) {
        table = host->seen->listeners_again;
        view = view_of_table(host->host, table, spot);
    }
    if (!view_disagrees(&view, spot) || !table_is_older(table, spot->probe))
        return view;
    return (struct listener_view){.evidence = EVIDENCE_UNKNOWN, .contradiction = true};
}
