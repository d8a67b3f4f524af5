/* The ration of ICMP messages. A closed UDP port is told by such a message alone, and a usual target (Linux) sends six
 * at once and then one a second, from all its addresses of a family together. A silence while it had none left may be
 * any port's: it is looked into again when there is one to spare, one question a second, as far as the time of the
 * check goes. What is left then says so (`rationed`), and is neither closed nor filtered.
 *
 *     what it sent is counted  ->  a silence meanwhile is in doubt  ->  booked, asked again  ->  told or silent indeed
 *                                                                   `->  no time left: rationed
 *
 * Where a silence would alarm somebody because a closed port (the control) is told, it is looked into after that, too:
 * what was asked before may have met a target that others had left without a message.
 *
 * Kept as the moment when the target will have all six again: each message puts that off by a second. */
#include "internal.h"

enum {
    BURST_MS = 6000,   /* six messages, each worth a second */
    SPARE_MS = 2000,   /* with less than that left it may have none: somebody else may be asking, too */
    EACH_MS = 1000,    /* what one is worth */
    APART_MS = 1050,   /* of questions put again; the target counts by the ticks of its own clock */
    NEAR_MS = 1000,    /* so near to a message a silence says nothing: others may have used up what was left */
    ENOUGH_MS = 500,   /* for an answer, where there is no time for more */
    MARGIN_MS = 200,   /* between the last answer and the deadline */
    LONGEST_MS = 60000 /* the longest wait for a turn where there is no deadline */
};

static struct cycle_ration *ration_of(const struct cycle_address *address)
{
    return &address->visited->rations[address->at->address.family == AF_INET6];
}

void cycle_ration_count(struct cycle_address *address, const struct probe_result *result, bool booked)
{
    struct cycle_ration *ration = ration_of(address);
    const int64_t at_ms = result->ended.mono_ms;
    if (!result->icmp.seen || !result->sign_of_life || result->path_local || booked)
        return; /* on the loopback way nothing is rationed */
    ration->last_ms = at_ms;
    ration->full_ms = (ration->full_ms > at_ms ? ration->full_ms : at_ms) + EACH_MS;
    if (ration->full_ms > at_ms + BURST_MS)
        ration->full_ms = at_ms + BURST_MS; /* it cannot have spent more than all, however many it sends */
    if (ration->full_ms - at_ms > BURST_MS - SPARE_MS)
        ration->low_ms = ration->full_ms - (BURST_MS - SPARE_MS);
}

/* Who was asked before the first message may have met a target that others had left without one. */
static bool is_near(const struct cycle_ration *ration, int64_t sent_ms)
{
    return ration->last_ms != 0 && sent_ms <= ration->last_ms + NEAR_MS;
}

bool cycle_ration_doubts(const struct cycle_flow *flow, bool again)
{
    const struct cycle_ration *ration = ration_of(flow->address);
    const struct probe_result *result = flow->result;
    if (cycle_transport_of(flow) != TRANSPORT_UDP || result->outcome != PROBE_SILENT || result->path_local ||
        result->reason != REASON_SILENT)
        return false;
    if (ration->last_ms != 0 && result->sent.mono_ms < ration->low_ms)
        return true;
    /* visits ask so few at a time that what was counted is enough to go by, and none may be put off for ever */
    bool counted = flow->cycle->options.memory && cycle_silence_is_natural(flow);
    return !again && !counted && is_near(ration, result->sent.mono_ms);
}

bool cycle_ration_in_use(const struct cycle_address *address)
{
    return ration_of(address)->last_ms != 0;
}

static int64_t delay_till(const struct cycle *cycle, int64_t at_ms)
{
    const int64_t now_ms = cycle->now.mono_ms, deadline_ms = cycle->options.deadline_mono_ms;
    if (at_ms > now_ms + LONGEST_MS || at_ms + ENOUGH_MS + MARGIN_MS > deadline_ms)
        return -1;
    return at_ms > now_ms ? at_ms - now_ms : 0;
}

int64_t cycle_ration_book(struct cycle_address *address)
{
    struct cycle_ration *ration = ration_of(address);
    const int64_t now_ms = address->cycle->now.mono_ms;
    int64_t last_ms = ration->last_ms > ration->booked_ms ? ration->last_ms : ration->booked_ms;
    int64_t at_ms = last_ms != 0 && last_ms + APART_MS > now_ms ? last_ms + APART_MS : now_ms;
    if (at_ms < ration->low_ms)
        at_ms = ration->low_ms; /* an answer, or none, says something only then */
    int64_t delay_ms = delay_till(address->cycle, at_ms);
    if (delay_ms >= 0)
        ration->booked_ms = at_ms;
    return delay_ms;
}

int64_t cycle_ration_after_control(struct cycle_address *address)
{
    return address->closed_udp_ms != 0 ? delay_till(address->cycle, address->closed_udp_ms + APART_MS) : 0;
}

unsigned cycle_ration_fit(const struct cycle *cycle, int64_t delay_ms, unsigned timeout_ms)
{
    int64_t left_ms = cycle->options.deadline_mono_ms - cycle->now.mono_ms - delay_ms - MARGIN_MS;
    if (left_ms < ENOUGH_MS)
        left_ms = ENOUGH_MS; /* the deadline cuts it */
    return left_ms < (int64_t)timeout_ms ? (unsigned)left_ms : timeout_ms;
}
