/* The acceptance test: what the probe of a flow that must pass shows while a responder stands in for the product
 * (respond.h). Nobody reads listeners then; the responder alone says what is proven.
 *
 *     probe                                its address hears of the responder    it does not
 *     ------------------------------------------------------------------------------------------------------
 *     answered by it                       conforming                            -
 *     by another host's, or another port   elsewhere; conforming by vip, nat, proxy
 *     open, without an answer              unproven, a warning                   the same
 *     refused                              closed                                closed
 *     stopped by a hop                     filtered by that hop                  filtered by that hop
 *     silent, and ICMP messages spent      indeterminate                         the same
 *     silent                               filtered                              indeterminate: it may not run there,
 * or with another key; but TCP takes a call whatever the key is, so a silence is a filter's where a closed port answers
 *
 * What nobody needs a way to (reserved ports, dynamic ranges without named callers) is unproven, and no alarm, where
 * all of it is shut.
 */
#include "judging.h"

/* Did the responder prove any port of that address in this look? */
static bool acceptance_heard(const struct host_case *host, size_t address)
{
    for (size_t i = 0; i < host->host->expectation_count; i++) {
        const struct expectation *expectation = &host->host->expectations[i];
        for (size_t f = 0; f < expectation->flow_count; f++) {
            if (expectation->flows[f].address != address)
                continue;
            const struct probe_result *probe = evidence_probe(host->input->seen, &expectation->flows[f]);
            if (probe && probe->outcome == PROBE_OPEN && probe->service_proven && !probe->wrong_protocol)
                return true;
        }
    }
    return false;
}

/* What nobody needs a way to may be shut, but not in part: where some of it is open, a hole was not intended. */
static bool acceptance_may_be_shut(const struct host_case *host, const struct spot *spot)
{
    const struct expectation *expectation = spot->expectation;
    if (rule_needs_a_way(expectation->rule))
        return false;
    for (size_t f = 0; f < expectation->flow_count; f++) {
        const struct probe_result *probe = evidence_probe(host->input->seen, &expectation->flows[f]);
        if (expectation->flows[f].address == spot->address && probe && probe->outcome == PROBE_OPEN)
            return false;
    }
    return true;
}

static struct grid_cell acceptance_of_open(const struct host_case *host, const struct spot *spot, enum reason who)
{
    if (!spot->probe->service_proven)
        return (struct grid_cell){VERDICT_UNPROVEN, who};
    bool astray = spot->probe->wrong_protocol && host->host->addresses[spot->address].kind == ADDRESS_OWN;
    return astray ? (struct grid_cell){VERDICT_ELSEWHERE, REASON_NOT_THE_RESPONDER}
                  : (struct grid_cell){VERDICT_CONFORMING, spot->probe->reason};
}

static struct grid_cell acceptance_of_silence(const struct host_case *host, const struct spot *spot, bool heard)
{
    if (spot->probe->rationed) /* it may be a port that the responder left shut */
        return (struct grid_cell){VERDICT_INDETERMINATE, REASON_ICMP_RATIONED};
    bool tcp = spot->expectation->range.transport == TRANSPORT_TCP;
    if (heard || (tcp && host->seen->addresses[spot->address].closed_control && host->alive[spot->address]))
        return (struct grid_cell){VERDICT_FILTERED, spot->probe->reason};
    return (struct grid_cell){VERDICT_INDETERMINATE, REASON_NO_RESPONDER};
}

static struct grid_cell acceptance_of_shut(const struct host_case *host, const struct spot *spot, bool heard)
{
    if (acceptance_may_be_shut(host, spot))
        return (struct grid_cell){VERDICT_UNPROVEN, REASON_SHUT_AS_DEMANDED};
    if (spot->probe->outcome == PROBE_REFUSED)
        return (struct grid_cell){VERDICT_CLOSED, heard ? REASON_NOT_THE_RESPONDER : REASON_NO_RESPONDER};
    if (spot->probe->outcome == PROBE_STOPPED && !evidence_is_silence(spot->probe))
        return (struct grid_cell){VERDICT_FILTERED, spot->probe->reason};
    return acceptance_of_silence(host, spot, heard);
}

struct grid_cell acceptance_judge(const struct host_case *host, const struct spot *spot, bool *ret_heard)
{
    const bool heard = acceptance_heard(host, spot->address);
    const enum reason who = heard ? REASON_NOT_THE_RESPONDER : REASON_NO_RESPONDER;
    *ret_heard = heard;
    switch (evidence_of_probe(host, spot)) {
    case EVIDENCE_OPEN:
        return acceptance_of_open(host, spot, who);
    case EVIDENCE_REFUSED:
    case EVIDENCE_STOPPED:
    case EVIDENCE_SILENT_UP:
    case EVIDENCE_SILENT_DEAD:
        return acceptance_of_shut(host, spot, heard);
    case EVIDENCE_NOT_PROBED:
        break;
    }
    return (struct grid_cell){VERDICT_UNSEEN, REASON_NOBODY_LOOKED};
}
