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
 *     UDP ports that never answer                | a few of each address in turn, the longest unproven first: a usual
 *                                                | target sends six ICMP messages at once, then one a second
 */
#include "internal.h"

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

static int longest_unproven_first(const void *left, const void *right)
{
    const struct cycle_flow *a = *(struct cycle_flow *const *)left, *b = *(struct cycle_flow *const *)right;
    const struct look *one = look_of(a), *other = look_of(b);
    int64_t first = one ? one->mono_ms : 0, second = other ? other->mono_ms : 0;
    if (first != second)
        return first < second ? -1 : 1;
    return (a > b) - (a < b);
}

static size_t collect(const struct cycle_address *address, struct cycle_flow **ret)
{
    const struct cycle_host *host = address->visited;
    struct cycle_flow *flows = &address->cycle->flows[host->first_flow];
    size_t count = 0;
    for (size_t i = 0; i < host->flow_count; i++) {
        struct cycle_flow *flow = &flows[i];
        if (flow->state != FLOW_WAITING || flow->address != address || !cycle_silence_is_natural(flow))
            continue;
        if (ret)
            ret[count] = flow;
        count++;
    }
    return count;
}

static void put_off(struct cycle_flow *flow)
{
    cycle_keep_result(flow);
    flow->address->flow_count--;
    flow->cycle->progress.total--;
    if (--flow->address->visited->unfinished == 0)
        flow->cycle->progress.hosts_left--;
}

int cycle_spend_udp(struct cycle *cycle)
{
    for (size_t i = 0; cycle->options.memory && i < cycle->address_count; i++) {
        const struct cycle_address *address = &cycle->addresses[i];
        size_t count = collect(address, NULL);
        if (count <= UDP_BUDGET)
            continue;
        struct cycle_flow **flows = calloc(count, sizeof(struct cycle_flow *));
        if (!flows)
            return -1;
        (void)collect(address, flows);
        qsort(flows, count, sizeof(struct cycle_flow *), longest_unproven_first);
        for (size_t f = UDP_BUDGET; f < count; f++)
            put_off(flows[f]);
        free(flows);
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
