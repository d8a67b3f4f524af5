/* Signs of life, and the controls that give a silence its meaning.
 *
 * An address that sent nothing itself gets an ICMP echo and one TCP probe of a port that nobody listens on; the site's
 * canary is tried once a cycle. The closed port is also tried where a flow of a living address ended in silence: a host
 * firewall in stealth mode swallows what would be refused, and then a silence names no filter on the way. */
#include "internal.h"

/* When nothing answered, the word that says most stands: a firewall's over a router's, a router's over nothing. */
static int silence_weight(enum reason reason)
{
    static const enum reason rising[] = {REASON_NONE,
                                         REASON_SILENT,
                                         REASON_UNREACHABLE_BY_ERRNO,
                                         REASON_NET_UNREACHABLE,
                                         REASON_HOST_UNREACHABLE,
                                         REASON_NEIGHBOUR_FAILED};
    enum { RISING = sizeof(rising) / sizeof(rising[0]) };
    for (int i = 0; i < RISING; i++)
        if (rising[i] == reason)
            return i;
    return RISING;
}

void cycle_note_answer(struct cycle_address *address, const struct probe_result *result)
{
    struct address_seen *seen = address->seen;
    seen->route_local = seen->route_local || result->path_local;
    if (result->outcome == PROBE_LOCAL || result->outcome == PROBE_NOT_DONE)
        return;
    seen->looked = true;
    if (result->sign_of_life && result->rtt_us > 0 &&
        (address->quickest_us == 0 || result->rtt_us < address->quickest_us))
        address->quickest_us = result->rtt_us;
    if (result->sign_of_life)
        seen->alive = true;
    else if (silence_weight(result->reason) > silence_weight(seen->silence))
        seen->silence = result->reason;
}

/* It refused, or said by ICMP that it would not have it: the host speaks up about ports that nobody serves. */
static bool proves_closed(const struct probe_result *result)
{
    return result->outcome == PROBE_REFUSED || (result->outcome == PROBE_STOPPED && result->sign_of_life);
}

static void control_done(struct cycle_address *address, const struct probe_result *result)
{
    cycle_note_answer(address, result);
    address->cycle->progress.done++;
    cycle_ended(address->cycle);
}

static void closed_done(void *context, const struct probe_request *request, const struct probe_result *result)
{
    (void)request;
    struct cycle_address *address = context;
    address->seen->control = *result;
    address->seen->closed_control = proves_closed(result);
    control_done(address, result);
}

static void closed_udp_done(void *context, const struct probe_request *request, const struct probe_result *result)
{
    (void)request;
    struct cycle_address *address = context;
    address->seen->udp_control = proves_closed(result);
    cycle_ration_count(address, result, false);
    control_done(address, result);
}

/* Where echo is not permitted to us, or not answered, it proves nothing at all. */
static void echo_done(void *context, const struct probe_request *request, const struct probe_result *result)
{
    (void)request;
    struct cycle_address *address = context;
    if (result->sign_of_life)
        cycle_note_answer(address, result);
    address->cycle->progress.done++;
    cycle_ended(address->cycle);
}

static int send_closed(struct cycle_address *address, enum transport transport)
{
    struct cycle *cycle = address->cycle;
    bool tcp = transport == TRANSPORT_TCP;
    struct probe_request request = {
        .kind = cycle_choose_kind(cycle->options.probes, transport, NULL),
        .target = address->at->address,
        .port = cycle_closed_port(address->host, cycle_table_of(address->visited), transport),
        .attempts = 2,
        .done = tcp ? closed_done : closed_udp_done,
        .context = address,
    };
    bool *sent = tcp ? &address->closed_sent : &address->closed_udp_sent;
    *sent = true;
    if (!request.kind || request.port == 0)
        return 0;
    if (!tcp) {
        int64_t delay_ms = cycle_ration_in_use(address) ? cycle_ration_book(address) : 0;
        if (delay_ms < 0)
            return 0;
        request.delay_ms = (unsigned)delay_ms;
        request.timeout_ms = cycle_ration_fit(cycle, delay_ms, cycle->timeout_ms);
        address->closed_udp_ms = cycle->now.mono_ms + delay_ms;
    }
    int r = cycle_probe(cycle, &request);
    return r < 0 ? r : 1;
}

static int send_echo(struct cycle_address *address)
{
    struct cycle *cycle = address->cycle;
    struct probe_request request = {
        .kind = cycle->options.echo,
        .target = address->at->address,
        .attempts = 2,
        .done = echo_done,
        .context = address,
    };
    address->echo_sent = true;
    int r = cycle_probe(cycle, &request);
    return r < 0 ? r : 1;
}

static int send_for_address(struct cycle_address *address)
{
    const struct address_seen *seen = address->seen;
    bool dead = seen->looked && !seen->alive;
    int queued = 0;
    int r = 0;
    if (dead && !address->cycle->canary_sent)
        r = cycle_ask_canary(address->cycle);
    if (r >= 0 && dead && !address->echo_sent) {
        queued += r;
        r = send_echo(address);
    }
    if (r >= 0 && (dead || address->tcp_silent) && !address->closed_sent) {
        queued += r;
        r = send_closed(address, TRANSPORT_TCP);
    }
    if (r >= 0 && address->udp_silent && !address->closed_udp_sent) {
        queued += r;
        r = send_closed(address, TRANSPORT_UDP);
    }
    return r < 0 ? r : queued + r;
}

int cycle_send_controls(struct cycle *cycle)
{
    int queued = 0;
    for (size_t i = 0; i < cycle->address_count; i++) {
        int r = send_for_address(&cycle->addresses[i]);
        if (r < 0)
            return r;
        queued += r;
    }
    cycle->progress.total += (size_t)queued;
    return queued;
}
