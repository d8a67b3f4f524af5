/* The verdict on one port of one address: the first rule that matches.
 *
 *     1  our own trouble                          not-judged
 *     2  (the host is down: groups.c, for the whole expectation)
 *     3  bound beyond its scope, or open and must not be
 *     4  the wrong protocol or program            impostor
 *     5  must not pass, and does not              by the listener alone
 *     6  the grid, with what a bystander and a silent UDP service make of it
 */
#include "judging.h"

static enum severity cell_severity(const struct cell *cell, bool bystander)
{
    if (cell->verdict == VERDICT_MISSING)
        return cell->expectation->severity;
    if (cell->verdict == VERDICT_CLOSED && bystander)
        return SEVERITY_WARNING;
    /* a way that the acceptance test was to prove, and did not */
    if (cell->verdict == VERDICT_UNPROVEN &&
        (cell->reason == REASON_NO_RESPONDER || cell->reason == REASON_NOT_THE_RESPONDER))
        return SEVERITY_WARNING;
    return verdict_row(cell->verdict)->severity;
}

static void cell_set(struct cell *cell, enum verdict verdict, enum reason reason)
{
    cell->verdict = verdict;
    cell->reason = reason;
}

struct cell cell_not_judged(const struct expectation *expectation, enum reason reason, enum blame blame)
{
    return (struct cell){
        .verdict = VERDICT_NOT_JUDGED,
        .reason = reason,
        .blame = blame,
        .severity = verdict_row(VERDICT_NOT_JUDGED)->severity,
        .address = SIZE_MAX,
        .port = expectation->range.low,
        .expectation = expectation,
        .evidence = EVIDENCE_UNKNOWN,
    };
}

/* A probe of a machine by itself crosses no path: only the bound address tells who else gets there. */
static bool spot_is_open_from_outside(const struct spot *spot)
{
    return spot->probe && spot->probe->outcome == PROBE_OPEN && !spot->probe->path_local;
}

/* 3. */
static bool cell_exposure(struct cell *cell, const struct spot *spot, const struct listener_view *view)
{
    const struct rule *rule = spot->expectation->rule;
    if (rule->scope == SCOPE_HOST && view->beyond) {
        cell_set(cell, rule->scope_basis == BASIS_STATED ? VERDICT_EXPOSED : VERDICT_WIDE, REASON_BOUND_WIDE);
        cell->listener = view->beyond;
        return true;
    }
    if (!evidence_demands_shut(spot) || !spot_is_open_from_outside(spot))
        return false;
    bool narrow = rule->scope != SCOPE_NETWORK || (spot->flow && spot->flow->why != SCOPE_NETWORK);
    cell_set(cell, narrow ? VERDICT_EXPOSED : VERDICT_FORBIDDEN, REASON_MUST_NOT_PASS_OPEN);
    return true;
}

/* 4. */
static bool cell_impostor(struct cell *cell, const struct spot *spot, const struct listener_view *view)
{
    if (spot->probe && spot->probe->outcome == PROBE_OPEN && spot->probe->wrong_protocol) {
        bool told = reason_is_impostor(spot->probe->reason);
        cell_set(cell, VERDICT_IMPOSTOR, told ? spot->probe->reason : REASON_WRONG_PROTOCOL);
        return true;
    }
    if (!view->foreign)
        return false;
    cell_set(cell, VERDICT_IMPOSTOR, REASON_FOREIGN_PROGRAM);
    cell->listener = view->foreign;
    return true;
}

/* 5. */
static void cell_by_listener_alone(struct cell *cell, const struct spot *spot, const struct listener_view *view)
{
    switch (view->evidence) {
    case EVIDENCE_RIGHT:
        cell_set(cell, VERDICT_CONFORMING, REASON_LISTENING);
        return;
    case EVIDENCE_RIGHT_FULL:
        cell_set(cell, VERDICT_SATURATED, REASON_QUEUE_FULL);
        return;
    case EVIDENCE_WRONG_ADDRESS:
        cell_set(cell, VERDICT_MISBOUND, view->reason);
        return;
    case EVIDENCE_NONE:
        cell_set(cell, VERDICT_MISSING, REASON_NOBODY_LISTENS);
        return;
    case EVIDENCE_UNKNOWN:
        cell_set(cell, VERDICT_UNPROVEN, spot->probe ? spot->probe->reason : REASON_NOBODY_LOOKED);
        return;
    }
}

/* 6. The reason that the grid leaves to the evidence. */
static enum reason cell_evident_reason(const struct cell *cell, const struct listener_view *view)
{
    if (view->evidence == EVIDENCE_WRONG_ADDRESS)
        return view->reason;
    return cell->probe ? cell->probe->reason : REASON_NONE;
}

static bool offender_is_host(const struct host_case *host, const struct icmp_evidence *icmp)
{
    for (size_t i = 0; icmp->seen && i < host->host->address_count; i++) {
        if (address_equal(&icmp->offender, &host->host->addresses[i].address))
            return true;
    }
    return false;
}

/* Who has to act where the verdict's own row is not precise enough. */
static enum blame cell_blame(const struct host_case *host, const struct cell *cell, enum probe_evidence column)
{
    if (cell->verdict != VERDICT_FILTERED)
        return BLAME_NONE;
    if (column == EVIDENCE_SILENT_UP && cell->evidence == EVIDENCE_UNKNOWN)
        return BLAME_BOTH;
    if (column == EVIDENCE_STOPPED && offender_is_host(host, &cell->probe->icmp))
        return BLAME_SERVER; /* the hop that refuses is the host's own firewall */
    return BLAME_NONE;
}

/* Behind a vantage that hears nothing at all, silence is our own trouble; what the listeners prove stays proven. */
static bool silence_proves_nothing(const struct host_case *host, enum probe_evidence column,
                                   const struct listener_view *view)
{
    return (host->input->seen->egress_broken || host->seen->egress_broken) && column == EVIDENCE_SILENT_DEAD &&
           (view->evidence == EVIDENCE_RIGHT || view->evidence == EVIDENCE_UNKNOWN);
}

/* What stops a bystander may be there for bystanders: only what says nothing about the path stands. */
static void cell_as_bystander(struct cell *cell)
{
    if (cell->verdict != VERDICT_FILTERED && cell->verdict != VERDICT_RESET && cell->verdict != VERDICT_INDETERMINATE)
        return;
    cell_set(cell, VERDICT_UNPROVEN, REASON_NOT_A_CALLER);
    cell->blame = BLAME_NONE;
}

/* Nobody need reach what is dynamic or reserved for the product, so no probe is missed: the listener alone decides. */
static bool cell_needs_no_probe(const struct cell *cell)
{
    enum presence presence = cell->expectation->rule->presence;
    return cell->verdict == VERDICT_UNPROVEN && !cell->probe &&
           (presence == PRESENCE_DYNAMIC || presence == PRESENCE_RESERVED);
}

static void cell_by_grid(struct cell *cell, const struct host_case *host, const struct spot *spot,
                         const struct listener_view *view)
{
    enum probe_evidence column = evidence_of_probe(host, spot);
    if (silence_proves_nothing(host, column, view)) {
        cell_set(cell, VERDICT_NOT_JUDGED, REASON_LOCAL_OTHER);
        cell->mute_canary = true;
        return;
    }
    bool may_be_right = view->evidence != EVIDENCE_WRONG_ADDRESS && view->evidence != EVIDENCE_NONE;
    const bool rationed = spot->probe && spot->probe->rationed && view->evidence == EVIDENCE_UNKNOWN;
    if (evidence_silent_by_nature(spot) && may_be_right) {
        cell_set(cell, VERDICT_UNPROVEN, rationed ? REASON_ICMP_RATIONED : REASON_SILENT_BY_NATURE);
        return;
    }
    const struct address_seen *address = &host->seen->addresses[spot->address];
    bool udp = spot->expectation->range.transport == TRANSPORT_UDP;
    struct grid_cell told = judge_grid(view->evidence, column, udp ? address->udp_control : address->closed_control);
    if (rationed)
        told = (struct grid_cell){VERDICT_INDETERMINATE, REASON_ICMP_RATIONED};
    cell_set(cell, told.verdict, told.reason != REASON_NONE ? told.reason : cell_evident_reason(cell, view));
    cell->blame = cell_blame(host, cell, column);
    if (cell_needs_no_probe(cell))
        cell_set(cell, VERDICT_CONFORMING, REASON_LISTENING);
    if (spot->flow && spot->flow->demand == FLOW_BYSTANDER)
        cell_as_bystander(cell);
}

/* The same where the acceptance test is made: the responder's word in place of the grid's. */
static void cell_by_acceptance(struct cell *cell, const struct host_case *host, const struct spot *spot,
                               const struct listener_view *view)
{
    const enum probe_evidence column = evidence_of_probe(host, spot);
    if (silence_proves_nothing(host, column, view)) {
        cell_set(cell, VERDICT_NOT_JUDGED, REASON_LOCAL_OTHER);
        cell->mute_canary = true;
        return;
    }
    struct grid_cell told = acceptance_judge(host, spot, &cell->responder_heard);
    cell_set(cell, told.verdict, told.reason);
    cell->blame = cell_blame(host, cell, column);
    const bool bystander = spot->flow && spot->flow->demand == FLOW_BYSTANDER;
    if (bystander && cell->verdict == VERDICT_CLOSED && cell->responder_heard)
        cell->verdict = VERDICT_RESET; /* it is there: somebody refuses this caller in its name */
    if (bystander)
        cell_as_bystander(cell);
}

/* Where our source of listeners failed, "nobody looked" or "unproven" would pass our own trouble off as harmless. */
static void cell_admit_failure(struct cell *cell, const struct listener_view *view)
{
    if (view->failed && (cell->verdict == VERDICT_UNSEEN || cell->verdict == VERDICT_UNPROVEN))
        cell_set(cell, VERDICT_NOT_JUDGED, REASON_LISTENERS_UNREADABLE);
}

static bool cell_absent(const struct cell *cell)
{
    return cell->verdict == VERDICT_MISSING || cell->verdict == VERDICT_CLOSED;
}

/* What is reserved or dynamic need not reach anybody: bound to another address, it is absent from this one. */
static bool cell_absent_enough(const struct cell *cell)
{
    enum presence presence = cell->expectation->rule->presence;
    return cell_absent(cell) || (cell->verdict == VERDICT_MISBOUND && presence != PRESENCE_OPTIONAL);
}

static void cell_decide(struct cell *cell, const struct host_case *host, const struct spot *spot)
{
    if (evidence_own_trouble(spot->probe)) {
        cell_set(cell, VERDICT_NOT_JUDGED, spot->probe->reason);
        return;
    }
    struct listener_view view = evidence_of_listeners(host, spot);
    cell->evidence = view.evidence;
    cell->listener = view.best;
    cell->table = view.table;
    cell->contradiction = view.contradiction;
    /* in the acceptance test nobody's own protocol is spoken */
    if (cell_exposure(cell, spot, &view) || (!host->input->plan->acceptance && cell_impostor(cell, spot, &view)))
        return;
    if (evidence_demands_shut(spot))
        cell_by_listener_alone(cell, spot, &view);
    else if (host->input->plan->acceptance)
        cell_by_acceptance(cell, host, spot, &view);
    else
        cell_by_grid(cell, host, spot, &view);
    cell_admit_failure(cell, &view);
}

static const char *why_untried(const struct host_case *host, const struct spot *spot)
{
    const struct observations *seen = host->input->seen;
    if (spot->probe || !spot->flow || spot->flow->id >= seen->probe_count)
        return NULL;
    const char *why = seen->probes[spot->flow->id].detail;
    return why[0] != '\0' ? why : NULL;
}

struct cell cell_judge(const struct host_case *host, const struct spot *spot)
{
    struct cell cell = {
        .expectation = spot->expectation,
        .address = spot->address,
        .port = spot->port,
        .probe = spot->probe,
        .untried = why_untried(host, spot),
        .evidence = EVIDENCE_UNKNOWN,
    };
    cell_decide(&cell, host, spot);
    bool may_be_absent = presence_absence_conforms(spot->expectation->rule->presence) && !host->input->plan->acceptance;
    if (may_be_absent && cell_absent_enough(&cell)) {
        cell_set(&cell, VERDICT_CONFORMING, REASON_SHUT_AS_DEMANDED);
        cell.blame = BLAME_NONE;
    }
    cell.severity = cell_severity(&cell, spot->flow && spot->flow->demand == FLOW_BYSTANDER);
    return cell;
}
