/* How the outcome of a probe reads, long for `explain` and short for a line of findings. */
#include "portconform/observation.h"

#include "portconform/error.h"
#include "portconform/text.h"

/* ICMPv6 counts its types anew (RFC 4443); where the kernel named no offender the type tells the versions apart, since
 * only IPv6's error types are below 3. */
static bool probe_icmp_is_v6(const struct icmp_evidence *icmp)
{
    if (icmp->offender.family == AF_UNSPEC)
        return icmp->type < 3;
    return icmp->offender.family == AF_INET6 && !address_is_mapped(&icmp->offender);
}

static void probe_format_icmp(struct text *out, const struct icmp_evidence *icmp, const char *explanation)
{
    text_printf(out, "%s %u/%u", probe_icmp_is_v6(icmp) ? "ICMPv6" : "ICMP", (unsigned)icmp->type,
                (unsigned)icmp->code);
    if (explanation != NULL)
        text_printf(out, " (%s)", explanation);
    if (icmp->offender.family == AF_UNSPEC)
        return;
    char offender[ADDRESS_TEXT];
    text_printf(out, " from %s", address_format(&icmp->offender, offender, sizeof offender));
}

static void probe_format_rtt(struct text *out, const char *before, uint32_t rtt_us)
{
    if (rtt_us == 0)
        return;
    double ms = (double)rtt_us / 1000.0;
    text_printf(out, "%s%.*f ms", before, ms < 10.0 ? 1 : 0, ms);
}

static void probe_format_detail(struct text *out, const struct probe_result *result)
{
    if (result->detail[0] != '\0')
        text_printf(out, "; %s", result->detail);
}

static const char *probe_packet(enum transport transport)
{
    return transport == TRANSPORT_UDP ? "datagram" : "SYN";
}

static void probe_format_times(struct text *out, unsigned attempts)
{
    if (attempts == 2)
        text_add(out, ", twice");
    else if (attempts > 2)
        text_printf(out, ", %u times", attempts);
}

static void probe_format_open(struct text *out, enum transport transport, const struct probe_result *result)
{
    text_add(out, transport == TRANSPORT_UDP ? "datagram answered" : "connection accepted");
    probe_format_rtt(out, " in ", result->rtt_us);
    if (result->wrong_protocol)
        text_printf(out, ", but not as expected: %s", reason_row(result->reason)->text);
    else if (result->service_proven)
        text_add(out, " in the service's own protocol");
    probe_format_detail(out, result);
}

static void probe_format_refusal(struct text *out, enum transport transport, const struct probe_result *result)
{
    text_printf(out, "%s answered by ", probe_packet(transport));
    if (result->icmp.seen)
        probe_format_icmp(out, &result->icmp, reason_row(result->reason)->text);
    else if (result->reason == REASON_RST)
        text_add(out, "RST");
    else
        text_printf(out, "an error: %s",
                    result->error != 0 ? pc_strerror(-result->error) : reason_row(result->reason)->text);
    probe_format_times(out, result->attempts);
    probe_format_detail(out, result);
}

static void probe_format_silence(struct text *out, enum transport transport, const struct probe_result *result)
{
    if (result->reason == REASON_NEIGHBOUR_FAILED) {
        text_printf(out, "%s not delivered: %s", probe_packet(transport), reason_row(result->reason)->text);
        return;
    }
    text_printf(out, "%s not answered", probe_packet(transport));
    int64_t waited_ms = result->ended.mono_ms - result->sent.mono_ms;
    if (waited_ms > 0)
        text_printf(out, " within %.1f s", (double)waited_ms / 1000.0);
    probe_format_times(out, result->attempts);
    if (result->rationed)
        text_add(out, "; the host had spent the few ICMP messages that it sends, so it may be closed as well");
    probe_format_detail(out, result);
}

static void probe_format_local(struct text *out, const struct probe_result *result)
{
    text_printf(out, "not probed: %s", reason_row(result->reason)->text);
    if (result->error != 0)
        text_printf(out, " (%s)", pc_strerror(-result->error));
}

void probe_result_format(struct text *out, enum transport transport, const struct probe_result *result)
{
    switch (result->outcome) {
    case PROBE_NOT_DONE:
        text_add(out, "not probed");
        break;
    case PROBE_OPEN:
        probe_format_open(out, transport, result);
        break;
    case PROBE_REFUSED:
    case PROBE_STOPPED:
        probe_format_refusal(out, transport, result);
        break;
    case PROBE_SILENT:
        probe_format_silence(out, transport, result);
        break;
    case PROBE_LOCAL:
        probe_format_local(out, result);
        break;
    }
}

void probe_result_format_short(struct text *out, enum transport transport, const struct probe_result *result)
{
    switch (result->outcome) {
    case PROBE_NOT_DONE:
        text_add(out, "not probed");
        break;
    case PROBE_OPEN:
        text_add(out, transport == TRANSPORT_UDP ? "answered" : "open");
        probe_format_rtt(out, ", ", result->rtt_us);
        if (result->wrong_protocol)
            text_add(out, ", wrong protocol");
        probe_format_detail(out, result); /* what was seen; a certificate's days */
        break;
    case PROBE_REFUSED:
    case PROBE_STOPPED:
        if (result->icmp.seen)
            probe_format_icmp(out, &result->icmp, NULL);
        else
            text_add(out, result->reason == REASON_RST ? "RST" : reason_row(result->reason)->text);
        break;
    case PROBE_SILENT:
        text_add(out, result->reason == REASON_NEIGHBOUR_FAILED ? reason_row(result->reason)->text : "no answer");
        break;
    case PROBE_LOCAL:
        text_add(out, reason_row(result->reason)->text);
        break;
    }
}

void probe_confidence_format(struct text *out, const struct probe_history *history)
{
    char when[CLOCK_TEXT];
    if (history->looks == 0)
        return;
    if (history->looks == 1)
        text_add(out, history->proofs ? "proven in the one look that was made" : "one look, which proved nothing");
    else if (history->proofs == 0)
        text_printf(out, "proven in none of %u looks", history->looks);
    else
        text_printf(out, "proven in %u of %u looks, last %s", history->proofs, history->looks,
                    clock_format_time(history->proof_wall_ms, when, sizeof when));
    text_add(out,
             history->controlled ? "; a port known to be closed answered" : "; no port known to be closed answered");
}
