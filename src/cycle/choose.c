/* Choices of a cycle that are plain functions: which kind probes a flow, which source knows a host's listeners, which
 * port is expected closed, how long one probe may take. */
#include "internal.h"

#include <string.h>

enum {
    CLOSED_PORT_FROM = 65533, /* beyond Linux's ephemeral range */
    CLOSED_PORT_TO = 1024,
    TIMEOUT_ENOUGH_MS = 500, /* longer than any usual round trip; a lost SYN is made good by the second probe */
    TIMEOUT_LEAST_MS = 100,
};

const struct probe_kind *cycle_choose_kind(const struct probe_choice *choices, enum transport transport,
                                           const struct service *service)
{
    bool tls = transport == TRANSPORT_TCP && service && service->tls;
    for (const struct probe_choice *choice = choices; choice->kind; choice++)
        if (choice->transport == transport && choice->tls == tls && (!choice->serves || choice->serves(service)))
            return choice->kind;
    return NULL;
}

const char *cycle_source_name(const struct plan_host *host)
{
    switch (host->host->listeners) {
    case LISTENERS_AUTO:
        return host->is_self ? "kernel" : NULL;
    case LISTENERS_KERNEL:
        return "kernel";
    case LISTENERS_SNMP:
        return "snmp";
    case LISTENERS_FILE:
        return "file";
    case LISTENERS_NONE:
        return NULL;
    }
    return NULL;
}

/* Is there a secret to be made use of that the kind knows nothing of? */
static bool ignores_secret(const struct probe_kind *kind, const struct host *host, const struct service *service)
{
    return service && service->keyed && host->radius_secret && !kind->keyed;
}

static bool host_needs_others(const struct plan_host *host, const struct probe_choice *probes,
                              const struct remote_source *remote)
{
    const char *source = cycle_source_name(host);
    if (source && !listener_source_find(source) && !(remote && strcmp(remote->name, source) == 0))
        return true;
    for (size_t i = 0; probes && i < host->expectation_count; i++) {
        const struct expectation *expectation = &host->expectations[i];
        const enum transport transport = expectation->range.transport;
        const struct service *service = expectation->rule->service;
        const struct probe_kind *kind = cycle_choose_kind(probes, transport, service);
        if (kind && !(transport == TRANSPORT_UDP && ignores_secret(kind, host->host, service)))
            continue;
        for (size_t f = 0; f < expectation->flow_count; f++)
            if (expectation->flows[f].id != SIZE_MAX)
                return true;
    }
    return false;
}

bool cycle_needs_other_kinds(const struct plan *plan, const struct probe_choice *probes,
                             const struct remote_source *remote)
{
    for (size_t i = 0; i < plan->host_count; i++)
        if (host_needs_others(&plan->hosts[i], probes, remote))
            return true;
    return false;
}

static bool table_has_port(const struct listener_table *table, enum transport transport, uint16_t port)
{
    size_t at = listener_table_find(table, transport, port);
    return at < table->count && table->items[at].transport == transport && table->items[at].port == port;
}

/* The highest port that nobody expects, nobody was seen on, and no client of that host takes by chance; 0: none. */
uint16_t cycle_closed_port(const struct plan_host *host, const struct listener_table *table, enum transport transport)
{
    for (uint16_t port = CLOSED_PORT_FROM; port >= CLOSED_PORT_TO; port--) {
        if (table && table->ephemeral_low > CLOSED_PORT_TO && port >= table->ephemeral_low &&
            port <= table->ephemeral_high) {
            port = table->ephemeral_low;
            continue;
        }
        const struct expectation *taken = plan_host_find(host, transport, port);
        if (taken && taken->range.step == 1)
            port = taken->range.low; /* of a large range no port is free */
        else if (!taken && !(table && table_has_port(table, transport, port)))
            return port;
    }
    return 0;
}

/* How long it takes until the last probe may begin, at the site's pace; the busiest address decides, or all together.
 */
static int64_t pace_ms(const struct cycle *cycle)
{
    const struct probe_limits *limits = &cycle->options.limits;
    size_t overall = limits->per_second ? limits->per_second : 1;
    size_t each = limits->per_target_per_second ? limits->per_target_per_second : 1;
    size_t longest = cycle->progress.total * 1000 / overall;
    for (size_t i = 0; i < cycle->address_count; i++) {
        size_t own = cycle->addresses[i].flow_count * 1000 / each;
        if (own > longest)
            longest = own;
    }
    return (int64_t)longest;
}

static unsigned between(int64_t value, int64_t least, unsigned most)
{
    if (value < least)
        value = least;
    return value < (int64_t)most ? (unsigned)value : most;
}

/* The time-outs of probes, such that a wholly silent site is probed, controlled and confirmed before the deadline; but
 * no shorter than an answer may take, where the deadline leaves room for that at all. First probes are shortened beyond
 * that: a row of silent ports must not keep those behind it from being asked, and what stays silent is asked again. */
void cycle_spread_timeouts(struct cycle *cycle, struct moment now)
{
    unsigned wished = cycle->options.probe_timeout_ms;
    cycle->timeout_ms = cycle->first_ms = wished;
    /* with a memory both looks at what is silent for the first time take less than one of what is known to be: where
     * answers are quick that is enough, and elsewhere a third one follows */
    if (cycle->options.memory)
        cycle->first_ms = wished / 8 * 3;
    if (cycle->options.deadline_mono_ms == INT64_MAX)
        return;
    int64_t left = cycle->options.deadline_mono_ms - now.mono_ms;
    int64_t fair = (left - 2 * pace_ms(cycle)) / 3; /* the first, the second, and what is between them */
    int64_t least = left / 3 < TIMEOUT_ENOUGH_MS ? left / 3 : TIMEOUT_ENOUGH_MS;
    cycle->first_ms = between(fair, TIMEOUT_LEAST_MS, wished);
    cycle->timeout_ms = between(least > fair ? least : fair, TIMEOUT_LEAST_MS, wished);
}
