/* Digests: whether what was seen is what was seen before, without judging it or building a text. Moments, round-trip
 * times and the length of a queue that is not full are left out: they differ at every look and decide nothing. */
#include "judging.h"

#include <string.h>

/* Two numbers become one; good enough to tell apart what differs by chance, no protection against intent. */
static uint64_t mix(uint64_t digest, uint64_t value)
{
    digest ^= value + 0x9e3779b97f4a7c15u + (digest << 6) + (digest >> 2);
    digest *= 0xff51afd7ed558ccdu;
    return digest ^ digest >> 32;
}

static uint64_t mix_text(uint64_t digest, const char *text)
{
    if (!text)
        return mix(digest, 1);
    size_t length = strlen(text);
    for (; length >= sizeof(uint64_t); length -= sizeof(uint64_t), text += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, text, sizeof(word));
        digest = mix(digest, word);
    }
    uint64_t rest = length;
    memcpy((char *)&rest + 1, text, length); /* at most seven octets behind their number */
    return mix(digest, rest);
}

static uint64_t mix_address(uint64_t digest, const struct address *address)
{
    uint64_t words[2];
    memcpy(words, address->octets, sizeof(words));
    return mix(mix(mix(digest, words[0]), words[1]), (uint64_t)address->family << 32 | address->zone);
}

static uint64_t mix_flags(uint64_t digest, const bool *flags, size_t count)
{
    uint64_t bits = 1;
    for (size_t i = 0; i < count; i++) {
        bits = bits << 1 | flags[i];
        if (bits >> 63) {
            digest = mix(digest, bits);
            bits = 1;
        }
    }
    return mix(digest, bits);
}

/* What a UDP verdict rests on grows at every look. It is told anew when it has grown by a good part, and every ten
 * minutes at the latest: how recently it was proven is a part of it. */
static uint64_t mix_history(uint64_t digest, const struct probe_history *history)
{
    enum { RECENTLY_MS = 600000 };
    unsigned numbers[] = {history->looks, history->proofs};
    if (history->looks == 0)
        return digest;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        unsigned shift = 0;
        while (numbers[i] >> shift > 3)
            shift++;
        digest = mix(digest, (uint64_t)(numbers[i] >> shift) << 32 | shift);
    }
    return mix(digest, (uint64_t)(history->proof_wall_ms / RECENTLY_MS) << 1 | history->controlled);
}

static uint64_t mix_probe(uint64_t digest, const struct probe_result *probe)
{
    const bool flags[] = {probe->wrong_protocol, probe->service_proven, probe->path_local, probe->sign_of_life,
                          probe->answer_due,     probe->icmp.seen,      probe->rationed};
    digest = mix(digest, (uint64_t)probe->outcome << 32 | (uint64_t)probe->reason);
    digest = mix_flags(digest, flags, sizeof(flags) / sizeof(flags[0]));
    if (probe->error != 0)
        digest = mix(digest, (uint64_t)probe->error);
    if (probe->icmp.seen)
        digest = mix_address(mix(digest, (uint64_t)probe->icmp.type << 8 | probe->icmp.code), &probe->icmp.offender);
    digest = mix_history(digest, &probe->history);
    return probe->detail[0] == '\0' ? digest : mix_text(digest, probe->detail);
}

static bool queue_is_full(const struct listener *listener)
{
    return listener->queue_known && listener->queue_length >= listener->queue_limit;
}

static uint64_t mix_listener(uint64_t digest, const struct listener *listener)
{
    digest = mix_address(digest, &listener->address);
    digest = mix(digest, (uint64_t)listener->transport << 32 | (uint64_t)listener->port << 8 | listener->v6only);
    digest = mix(digest,
                 (uint64_t)listener->queue_limit << 2 | (uint64_t)queue_is_full(listener) << 1 | listener->queue_known);
    if (queue_is_full(listener))
        digest = mix(digest, listener->queue_length);
    if (listener->device[0] != '\0')
        digest = mix_text(digest, listener->device);
    digest = mix(digest, (uint64_t)listener->owner.uid << 1 | listener->owner.uid_known);
    return mix_text(mix_text(digest, listener->owner.exe), listener->owner.unit);
}

static uint64_t mix_table(uint64_t digest, const struct listener_table *table)
{
    if (!table)
        return mix(digest, 2);
    const bool flags[] = {table->udp_complete, table->tcp_incomplete, table->ipv6_untold};
    digest = mix(digest, (uint64_t)table->status << 32 | (uint32_t)table->error);
    digest = mix_flags(digest, flags, sizeof(flags) / sizeof(flags[0]));
    digest = mix(digest, (uint64_t)table->ephemeral_low << 16 | table->ephemeral_high);
    digest = mix_text(mix_text(digest, table->source), table->note);
    for (size_t i = 0; i < table->count; i++)
        digest = mix_listener(digest, &table->items[i]);
    return digest;
}

static uint64_t mix_address_seen(uint64_t digest, const struct address_seen *seen)
{
    const bool flags[] = {seen->looked, seen->alive, seen->route_local, seen->closed_control, seen->udp_control};
    digest = mix(mix_flags(digest, flags, sizeof(flags) / sizeof(flags[0])), seen->silence);
    return mix_probe(digest, &seen->control);
}

static uint64_t never_zero(uint64_t digest)
{
    return digest ? digest : 1;
}

uint64_t digest_of_cell(const struct host_case *host, const struct cell *cell)
{
    uint64_t digest = (uint64_t)cell->verdict << 48 | (uint64_t)cell->reason << 32 | (uint64_t)cell->blame << 24 |
                      (uint64_t)cell->severity << 16 | cell->port;
    const bool flags[] = {cell->contradiction, cell->mute_canary, cell->probe != NULL, cell->listener != NULL};
    digest = mix(mix_flags(digest, flags, sizeof(flags) / sizeof(flags[0])), cell->address);
    digest = mix(digest, host->input->plan->serial); /* its words are in the texts too */
    if (cell->probe)
        digest = mix_probe(digest, cell->probe);
    if (cell->listener)
        digest = mix_listener(digest, cell->listener);
    if (cell->untried)
        digest = mix_text(digest, cell->untried);
    return never_zero(digest);
}

/* Which of two that disagree is believed depends on which is older. */
static bool later_than(const struct probe_result *probe, const struct host_seen *seen)
{
    const struct listener_table *table = seen->listeners_again ? seen->listeners_again : seen->listeners;
    return table && table->taken.mono_ms - table->stale_ms < probe->ended.mono_ms;
}

uint64_t digest_add_probes(uint64_t digest, const struct host_case *host, const struct expectation *expectation)
{
    const struct observations *seen = host->input->seen;
    for (size_t i = 0; i < expectation->flow_count; i++) {
        size_t id = expectation->flows[i].id;
        if (id < seen->probe_count)
            digest = mix_probe(mix(digest, later_than(&seen->probes[id], host->seen)), &seen->probes[id]);
    }
    return never_zero(digest);
}

uint64_t digest_of_surroundings(const struct host_case *host)
{
    if (host->seen->surroundings == 0)
        return 0;
    uint64_t digest = mix(host->seen->surroundings, host->input->plan->serial);
    return never_zero(mix_flags(digest, host->alive, host->host->address_count));
}

static uint64_t mix_surroundings(const struct plan_host *planned, const struct observations *seen, size_t host)
{
    const struct host_seen *looked = &seen->hosts[host];
    uint64_t digest = mix(host, (uint64_t)seen->egress_broken << 1 | looked->egress_broken);
    digest = mix_table(mix_table(digest, looked->listeners), looked->listeners_again);
    for (size_t i = 0; looked->addresses && i < planned->address_count; i++)
        digest = mix_address_seen(digest, &looked->addresses[i]);
    return never_zero(digest);
}

/* A look that left something alone has no digest of all: what it saw may be as before, and not all of it was seen. */
void judge_digest(const struct plan *plan, struct observations *seen, size_t host, const bool *not_due)
{
    const struct plan_host *planned = &plan->hosts[host];
    struct host_seen *looked = &seen->hosts[host];
    looked->surroundings = mix_surroundings(planned, seen, host);
    uint64_t digest = looked->surroundings;
    bool whole = !not_due;
    for (size_t e = 0; e < planned->expectation_count; e++) {
        const struct expectation *expectation = &planned->expectations[e];
        for (size_t f = 0; f < expectation->flow_count; f++) {
            size_t id = expectation->flows[f].id;
            if (id >= seen->probe_count || (not_due && not_due[id]))
                continue;
            whole = whole && !seen->probes[id].kept;
            digest = mix(digest, (uint64_t)id << 1 | later_than(&seen->probes[id], looked));
            digest = mix_probe(digest, &seen->probes[id]);
        }
    }
    looked->digest = whole ? never_zero(digest) : 0;
}
