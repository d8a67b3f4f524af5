/* What earlier looks teach this one, and what this one leaves for the next.
 *
 *     known from before                          | now
 *     -------------------------------------------+-----------------------------------------------------------------
 *     it was silent                              | goes first
 *     it failed                                  | one probe that ends in the same way confirms it
 *     the accept queue holds more than before    | is left alone: our last probe may still be in it, and each one
 *     our last probe, and the table tells        | more would fill the queue of a program that has stalled
 *     it was open, then silent, and no table     | is asked ever more seldom: a full queue looks like that
 *     tells                                      |
 *     it accepted, but its program said nothing, | the same, and sooner: the kernel accepts for a program that has
 *     and no table tells                         | stalled, until its queue is full. (Where a program has nothing to
 *                                                | say, nothing can be known from outside: it is asked each time.)
 *     UDP ports that never answer                | a few of each host in turn, those first that were looked at longest
 *                                                | ago (a look that said nothing is none): a usual target sends six
 *                                                | ICMP messages at once, then one a second
 *     the same, and the address gave no sign of  | those first that did answer the last time: they tell whether it
 *     life                                       | lives
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    UDP_BUDGET = 5,          /* and one for the control */
    SELDOMEST = 10,          /* every tenth look at the least */
    STALLED_AFTER_LOOKS = 2, /* in silence: it fills nothing, and is to be told without delay */
};

static const struct look *look_of(const struct cycle_flow *flow)
{
    return look_find(flow->cycle->options.memory, cycle_transport_of(flow), &flow->address->at->address,
                     flow->flow->port);
}

/* --- before ------------------------------------------------------------------------------------------------------ */

/* A program that accepts empties its queue in no time: what is more than before our probe was not accepted since. */
static bool has_not_drained(const struct look *look, const struct listener *listener)
{
    return look->queue_known && look->outcome == PROBE_OPEN && listener->queue_length > look->queue_before;
}

/* Every how manieth look asks. */
static int looks_apart(const struct look *look)
{
    int doublings = look->mute ? look->quiet_looks : look->quiet_looks - STALLED_AFTER_LOOKS;
    if (doublings < 0)
        return 1;
    return doublings < 4 && 1 << doublings < SELDOMEST ? 1 << doublings : SELDOMEST;
}

static bool is_backed_off(struct cycle_flow *flow, const struct look *look)
{
    if (!look->was_open || look->passed_over + 1 >= looks_apart(look))
        return false;
    struct look *noted =
        look_note(flow->cycle->options.memory, cycle_transport_of(flow), &flow->address->at->address, flow->flow->port);
    if (noted)
        noted->passed_over++;
    return true;
}

const char *cycle_recall(struct cycle_flow *flow)
{
    const struct look *look = look_of(flow);
    if (!look)
        return NULL;
    flow->known = (enum probe_outcome)look->outcome;
    if (cycle_transport_of(flow) != TRANSPORT_TCP)
        return NULL;
    const struct listener *listener = cycle_listener_behind(flow);
    if (listener && listener->queue_known)
        return has_not_drained(look, listener) ? "its accept queue has not drained since our last probe" : NULL;
    const struct probe_result *earlier = flow->cycle->options.seen ? &flow->cycle->seen->probes[flow->flow->id] : NULL;
    bool quiet = earlier && (earlier->outcome == PROBE_SILENT || earlier->mute);
    return quiet && is_backed_off(flow, look) ? CYCLE_BACKED_OFF : NULL;
}

/* --- UDP --------------------------------------------------------------------------------------------------------- */

static bool may_show_life(const struct cycle_flow *flow, const struct look *look)
{
    const struct address_seen *seen = flow->cycle->seen->hosts[flow->address->visited->index].addresses;
    return seen && !seen[flow->flow->address].alive && look &&
           (look->outcome == PROBE_REFUSED || look->outcome == PROBE_OPEN);
}

static int longest_unproven_first(const void *left, const void *right)
{
    const struct cycle_flow *a = *(struct cycle_flow *const *)left, *b = *(struct cycle_flow *const *)right;
    const struct look *one = look_of(a), *other = look_of(b);
    const bool lives = may_show_life(a, one), other_lives = may_show_life(b, other);
    if (lives != other_lives)
        return lives ? -1 : 1;
    int64_t first = one ? one->mono_ms : 0, second = other ? other->mono_ms : 0;
    if (first != second)
        return first < second ? -1 : 1;
    return (a > b) - (a < b);
}

static bool is_of_family(const struct cycle_flow *flow, sa_family_t family)
{
    return flow->state == FLOW_WAITING && cycle_transport_of(flow) == TRANSPORT_UDP &&
           flow->address->at->address.family == family;
}

/* Those that only an ICMP message can prove anything of. */
static size_t collect(const struct cycle_host *host, sa_family_t family, struct cycle_flow **ret)
{
    struct cycle_flow *flows = &host->cycle->flows[host->first_flow];
    size_t count = 0;
    for (size_t i = 0; i < host->flow_count; i++) {
        if (!is_of_family(&flows[i], family) || !cycle_silence_is_natural(&flows[i]))
            continue;
        if (ret)
            ret[count] = &flows[i];
        count++;
    }
    return count;
}

/* A service that answered the last time will do so by data; one that did not may cost a message. */
static size_t budget_of(const struct cycle_host *host, sa_family_t family)
{
    const struct cycle_flow *flows = &host->cycle->flows[host->first_flow];
    size_t left = UDP_BUDGET;
    for (size_t i = 0; left > 1 && i < host->flow_count; i++) {
        if (!is_of_family(&flows[i], family) || cycle_silence_is_natural(&flows[i]))
            continue;
        const struct look *look = look_of(&flows[i]);
        left -= !look || look->outcome != PROBE_OPEN;
    }
    return left;
}

static void put_off(struct cycle_flow *flow)
{
    if (flow->cycle->seen->probes[flow->flow->id].outcome != PROBE_NOT_DONE) {
        cycle_keep_result(flow);
    } else {
        flow->state = FLOW_SKIPPED;
        flow->result->reason = REASON_NOT_PROBED;
        snprintf(flow->result->detail, sizeof(flow->result->detail), "%s",
                 "its turn comes: a host sends few ICMP messages, so such ports are asked some at a time");
    }
    flow->address->flow_count--;
    flow->cycle->progress.total--;
    if (--flow->address->visited->unfinished == 0)
        flow->cycle->progress.hosts_left--;
}

/* All addresses of a host draw on one ration, of one family. */
static int spend(const struct cycle_host *host, sa_family_t family)
{
    size_t count = collect(host, family, NULL), budget = budget_of(host, family);
    if (count <= budget)
        return 0;
    struct cycle_flow **flows = calloc(count, sizeof(struct cycle_flow *));
    if (!flows)
        return -ENOMEM;
    (void)collect(host, family, flows);
    qsort(flows, count, sizeof(struct cycle_flow *), longest_unproven_first);
    for (size_t f = budget; f < count; f++)
        put_off(flows[f]);
    free(flows);
    return 0;
}

int cycle_spend_udp(struct cycle *cycle)
{
    static const sa_family_t families[] = {AF_INET, AF_INET6};
    for (size_t i = 0; cycle->options.memory && i < cycle->host_count; i++) {
        for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++) {
            int r = spend(&cycle->hosts[i], families[f]);
            if (r < 0)
                return r;
        }
    }
    return 0;
}

/* --- after ------------------------------------------------------------------------------------------------------- */

static void remember_queue(const struct cycle_flow *flow, struct look *look)
{
    const struct listener *listener = cycle_listener_behind(flow);
    look->queue_known = listener && listener->queue_known;
    look->queue_before = look->queue_known ? listener->queue_length : 0;
}

/* Our own trouble teaches nothing about the target. A memory that has no room for more is none. */
static void remember(const struct cycle_flow *flow)
{
    struct look_memory *memory = flow->cycle->options.memory;
    const struct probe_result *result = flow->result;
    bool made = result->outcome != PROBE_LOCAL && result->outcome != PROBE_NOT_DONE;
    struct look *look = memory && made
                            ? look_note(memory, cycle_transport_of(flow), &flow->address->at->address, flow->flow->port)
                            : NULL;
    if (!look)
        return;
    bool proven = result->outcome == PROBE_OPEN || result->outcome == PROBE_REFUSED;
    if (result->outcome != PROBE_SILENT && !result->mute)
        look->quiet_looks = 0;
    else if (look->quiet_looks < UINT8_MAX)
        look->quiet_looks++;
    look->mute = result->mute;
    look->outcome = (uint8_t)result->outcome;
    look->was_open = look->was_open || result->outcome == PROBE_OPEN;
    look->passed_over = 0;
    look->mono_ms = result->ended.mono_ms;
    look->looks++;
    look->proofs += proven;
    if (proven)
        look->proof_wall_ms = result->ended.wall_ms;
    remember_queue(flow, look);
}

static void tell_history(const struct cycle_flow *flow)
{
    struct probe_result *result = flow->result;
    const struct look *look = look_of(flow);
    bool proven = result->outcome == PROBE_OPEN || result->outcome == PROBE_REFUSED;
    result->history = (struct probe_history){
        .looks = look ? look->looks : 1,
        .proofs = look ? look->proofs : proven,
        .proof_wall_ms = look     ? look->proof_wall_ms
                         : proven ? result->ended.wall_ms
                                  : 0,
        .controlled = flow->address->seen->udp_control,
    };
}

/* A silence that says nothing was no look at all: what was known stays, and its turn comes first the next time. */
static bool said_nothing(struct cycle_flow *flow)
{
    struct probe_result *result = flow->result;
    if (!flow->doubtful || !cycle_silence_is_natural(flow))
        return false;
    result->rationed = result->outcome == PROBE_SILENT && !cycle_listener_behind(flow);
    if (!flow->cycle->options.memory || !result->rationed)
        return false;
    if (flow->cycle->seen->probes[flow->flow->id].outcome != PROBE_NOT_DONE)
        cycle_keep_result(flow);
    return true;
}

void cycle_remember(struct cycle *cycle)
{
    for (size_t i = 0; i < cycle->flow_count; i++) {
        struct cycle_flow *flow = &cycle->flows[i];
        bool asked = flow->state == FLOW_ENDED || flow->state == FLOW_CONFIRMED || flow->state == FLOW_ASKED ||
                     flow->state == FLOW_ASKED_AGAIN;
        if (!asked)
            continue;
        if (!said_nothing(flow))
            remember(flow);
        if (cycle_transport_of(flow) == TRANSPORT_UDP && flow->state != FLOW_NOT_DUE)
            tell_history(flow);
    }
}
