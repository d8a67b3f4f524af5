/* From the cells of single ports to the one that decides an expectation.
 *
 * Ports of an address, by presence:
 *     required, one-of, optional, dynamic, reserved    every port counts: the worst; of equally bad ones the first
 *     any                                              one suffices: the best
 *     first-free                                       the first n that no other program holds, n-th role the n-th;
 *                                                      from probes alone the best
 * Addresses of a family: all are needed where the rule has a segment, else one suffices. Families: one suffices (any),
 * else every one counts. Where one suffices, a port that is open to the wrong ones alarms all the same. In the
 * acceptance test every port of every address counts.
 */
#include "judging.h"

/* The distance from conforming, whatever the severities are. */
static const unsigned char distance[VERDICT_COUNT] = {
    [VERDICT_CONFORMING] = 0, [VERDICT_UNPROVEN] = 1,  [VERDICT_NOT_JUDGED] = 2, [VERDICT_INDETERMINATE] = 3,
    [VERDICT_UNSEEN] = 4,     [VERDICT_SATURATED] = 5, [VERDICT_RESET] = 6,      [VERDICT_FILTERED] = 7,
    [VERDICT_ELSEWHERE] = 8,  [VERDICT_IMPOSTOR] = 9,  [VERDICT_MISBOUND] = 10,  [VERDICT_CLOSED] = 11,
    [VERDICT_MISSING] = 12,   [VERDICT_WIDE] = 13,     [VERDICT_FORBIDDEN] = 14, [VERDICT_EXPOSED] = 15,
};

static bool cell_worse(const struct cell *a, const struct cell *b)
{
    if (a->severity != b->severity)
        return a->severity > b->severity;
    return distance[a->verdict] > distance[b->verdict];
}

static bool cell_alarms(const struct cell *cell, bool impostors)
{
    return cell->verdict == VERDICT_EXPOSED || cell->verdict == VERDICT_WIDE || cell->verdict == VERDICT_FORBIDDEN ||
           (impostors && cell->verdict == VERDICT_IMPOSTOR);
}

void fold_add(struct fold *fold, const struct cell *cell, bool impostors)
{
    if (!fold->some || distance[cell->verdict] < distance[fold->best.verdict])
        fold->best = *cell;
    if (!fold->some || cell_worse(cell, &fold->worst))
        fold->worst = *cell;
    fold->some = true;
    if (cell_alarms(cell, impostors) && (!fold->alarmed || cell_worse(cell, &fold->alarming))) {
        fold->alarming = *cell;
        fold->alarmed = true;
    }
}

struct cell fold_best(const struct fold *fold)
{
    return fold->alarmed ? fold->alarming : fold->best;
}

/* --- the ports of one address ------------------------------------------------------------------------------------ */

/* The flows of an expectation stand address by address, port by port. */
struct flow_run {
    const struct flow *next, *end;
};

static struct flow_run flow_run_of(const struct expectation *expectation, size_t address)
{
    if (expectation->flow_count == 0)
        return (struct flow_run){NULL, NULL};
    struct flow_run run = {expectation->flows, expectation->flows + expectation->flow_count};
    while (run.next < run.end && run.next->address != address)
        run.next++;
    const struct flow *end = run.next;
    while (end < run.end && end->address == address)
        end++;
    run.end = end;
    return run;
}

static const struct flow *flow_run_take(struct flow_run *run, uint16_t port)
{
    while (run->next < run->end && run->next->port < port)
        run->next++;
    return run->next < run->end && run->next->port == port ? run->next : NULL;
}

struct port_fold {
    struct fold all;
    struct cell ranked; /* of first-free: the port that this role should have */
    bool ranked_found;
    size_t free_ports; /* so far, not held by another program */
    bool probed;       /* some port of the address was */
};

static void first_free_add(struct port_fold *fold, const struct cell *cell)
{
    if (cell->evidence == EVIDENCE_UNKNOWN || cell->verdict == VERDICT_IMPOSTOR)
        return;
    if (fold->free_ports++ == cell->expectation->instance_rank) {
        fold->ranked = *cell;
        fold->ranked_found = true;
    }
}

/* Before the product is installed nobody knows which port it will take: the acceptance test asks for all. */
static bool one_port_suffices(const struct host_case *host, enum presence presence)
{
    return !host->input->plan->acceptance && (presence == PRESENCE_ANY || presence == PRESENCE_FIRST_FREE);
}

/* Of a large range a sample is probed, and stands for what the others would have shown; their listeners speak for
 * themselves. Where one port suffices, a port that was left out is not proven shut. */
static bool left_to_sample(const struct host_case *host, const struct port_fold *fold, const struct spot *spot,
                           struct cell *cell)
{
    if (spot->flow || !fold->probed || (cell->verdict != VERDICT_UNPROVEN && cell->verdict != VERDICT_UNSEEN))
        return false;
    if (!one_port_suffices(host, spot->expectation->rule->presence))
        return true;
    cell->verdict = VERDICT_UNPROVEN;
    cell->reason = REASON_NOT_PROBED;
    return false;
}

static bool run_was_probed(const struct observations *seen, struct flow_run run)
{
    for (; run.next < run.end; run.next++) {
        if (evidence_probe(seen, run.next))
            return true;
    }
    return false;
}

static unsigned port_after(const struct port_range *range, unsigned from)
{
    unsigned steps = (from - range->low + range->step - 1u) / range->step;
    return range->low + steps * range->step;
}

/* The next port of the range worth judging. Ports without flow and without listener are all alike: of a run of them the
 * first stands for the others, so that a range of thousands costs what is in it. First-free counts them one by one. */
static unsigned next_port(const struct host_case *host, const struct spot *spot, const struct flow_run *run)
{
    const struct port_range *range = &spot->expectation->range;
    unsigned next = (unsigned)spot->port + range->step;
    bool alike = !spot->flow && evidence_next_listener(host, range->transport, spot->port) != spot->port;
    if (!alike || spot->expectation->rule->presence == PRESENCE_FIRST_FREE || next > range->high)
        return next;
    unsigned listener = evidence_next_listener(host, range->transport, (uint16_t)next);
    unsigned flow = run->next < run->end ? run->next->port : UINT16_MAX + 1u;
    unsigned jump = listener < flow ? listener : flow;
    return jump > next ? port_after(range, jump) : next;
}

static struct cell address_judge(const struct host_case *host, const struct expectation *expectation, size_t address)
{
    const struct observations *seen = host->input->seen;
    const struct port_range *range = &expectation->range;
    struct flow_run run = flow_run_of(expectation, address);
    struct port_fold fold = {.probed = run_was_probed(seen, run)};
    unsigned next = range->low;
    while (next <= range->high) {
        struct spot spot = {.expectation = expectation, .address = address, .port = (uint16_t)next};
        spot.flow = flow_run_take(&run, spot.port);
        next = next_port(host, &spot, &run);
        spot.probe = evidence_probe(seen, spot.flow);
        struct cell cell = cell_judge(host, &spot);
        if (left_to_sample(host, &fold, &spot, &cell))
            continue;
        fold_add(&fold.all, &cell, false);
        first_free_add(&fold, &cell);
    }
    enum presence presence = expectation->rule->presence;
    if (!one_port_suffices(host, presence))
        return fold.all.worst;
    struct cell best = fold_best(&fold.all);
    if (presence == PRESENCE_FIRST_FREE && fold.ranked_found && !fold.all.alarmed)
        best = fold.ranked;
    if (best.verdict == VERDICT_CONFORMING && presence == PRESENCE_ANY && range->low != range->high)
        best.reason = REASON_ANY_OF_OPEN;
    return best;
}

/* --- addresses and families -------------------------------------------------------------------------------------- */

/* The vantage has no way at all to the address: where another one suffices, this one is no obstacle. */
static bool cell_no_way_from_here(const struct cell *cell)
{
    return cell->verdict == VERDICT_NOT_JUDGED &&
           (cell->reason == REASON_NO_ROUTE || cell->reason == REASON_ROUTE_PROHIBITED ||
            cell->reason == REASON_ROUTE_BLACKHOLE || cell->reason == REASON_NO_SOURCE_ADDRESS);
}

/* Folds that leave such addresses aside as long as there is another. */
struct address_fold {
    struct fold within, without; /* a way from here */
};

static void address_fold_add(struct address_fold *fold, const struct cell *cell)
{
    fold_add(cell_no_way_from_here(cell) ? &fold->without : &fold->within, cell, true);
}

enum need { NEED_ONE, NEED_ALL_IN_REACH, NEED_ALL };

/* Nor does anybody know by which address callers will come. */
static enum need need_of(const struct host_case *host, bool all_demanded)
{
    if (all_demanded)
        return NEED_ALL;
    return host->input->plan->acceptance ? NEED_ALL_IN_REACH : NEED_ONE;
}

static bool address_fold_end(const struct address_fold *fold, enum need need, struct cell *ret)
{
    if (!fold->within.some && !fold->without.some)
        return false;
    const struct fold *reached = fold->within.some ? &fold->within : &fold->without;
    if (need != NEED_ALL) {
        *ret = need == NEED_ONE ? fold_best(reached) : reached->worst;
        return true;
    }
    struct fold both = fold->within;
    if (fold->without.some)
        fold_add(&both, &fold->without.worst, true);
    *ret = both.worst;
    return true;
}

struct cell presence_judge(const struct host_case *host, const struct expectation *expectation)
{
    if (expectation->no_address != REASON_NONE || expectation->address_count == 0) {
        enum reason reason = expectation->no_address != REASON_NONE ? expectation->no_address : REASON_NO_ADDRESS;
        return cell_not_judged(expectation, reason, BLAME_CONFIG);
    }
    struct address_fold families[2] = {0}; /* IPv4, IPv6 */
    for (size_t i = 0; i < expectation->address_count; i++) {
        size_t address = expectation->addresses[i];
        struct cell cell = address_judge(host, expectation, address);
        address_fold_add(&families[host->host->addresses[address].address.family == AF_INET6], &cell);
    }
    const struct rule *rule = expectation->rule;
    struct address_fold across = {0};
    for (size_t family = 0; family < 2; family++) {
        struct cell cell;
        if (address_fold_end(&families[family], need_of(host, rule->segment != NULL), &cell))
            address_fold_add(&across, &cell);
    }
    struct cell decided = cell_not_judged(expectation, REASON_NO_ADDRESS, BLAME_CONFIG);
    address_fold_end(&across, need_of(host, rule->family != FAMILY_ANY), &decided);
    return decided;
}
