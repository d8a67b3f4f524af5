/* Listeners of an exclusive host that nothing explains. An expectation explains every listener of its transport and
 * port, on whatever address. */
#include "judging.h"

#include <errno.h>

enum explanation { EXPLAINED, EXPLAINED_AS_DYNAMIC, EXPLAINED_NOT };

/* An item whose port depends on a parameter without value explains nothing. */
static enum explanation listener_explanation(const struct plan_host *host, const struct listener *listener)
{
    enum explanation found = EXPLAINED_NOT;
    for (size_t i = 0; i < host->expectation_count; i++) {
        const struct expectation *expectation = &host->expectations[i];
        if (expectation->unset || expectation->range.transport != listener->transport ||
            !port_range_contains(&expectation->range, listener->port))
            continue;
        if (expectation->rule->presence != PRESENCE_DYNAMIC)
            return EXPLAINED;
        found = EXPLAINED_AS_DYNAMIC;
    }
    return found;
}

/* An owner that could not be read is not the one that the user meant. */
static bool listener_is_ignored(const struct host *host, const struct listener_table *table,
                                const struct listener *listener)
{
    for (size_t i = 0; i < host->ignore_count; i++) {
        const struct ignore *ignore = &host->ignore[i];
        if (ports_mean(&ignore->ports, listener->transport, listener->port, table) &&
            (ignore->owner.count == 0 || owner_match(&ignore->owner, &listener->owner) == OWNER_OURS))
            return true;
    }
    return false;
}

static struct finding *draft_listener(struct host_case *host, const struct listener_table *table,
                                      const struct listener *listener)
{
    struct finding *finding = ARENA_NEW(host->scratch, struct finding);
    if (!finding)
        return NULL;
    char address[ADDRESS_TEXT];
    address_format(&listener->address, address, sizeof(address));
    finding->key = arena_printf(host->scratch, "%s|%s|%s|%u", host->host->host->name,
                                transport_name(listener->transport), address, (unsigned)listener->port);
    finding->ports = arena_printf(host->scratch, "%u", (unsigned)listener->port);
    struct text text = {0};
    listener_format(&text, listener);
    finding->listener = draft_text(host->scratch, &text);
    finding->host = host->host->host->name;
    finding->address = listener->address;
    finding->transport = listener->transport;
    finding->port = listener->port;
    finding->origin = host->host->host->origin;
    finding->observed_ms = table->taken.wall_ms > 0 ? table->taken.wall_ms : host->input->now.wall_ms;
    return finding->key && finding->ports && finding->listener ? finding : NULL;
}

static int dynamic_tell(struct host_case *host, struct finding *finding)
{
    finding->dynamic = true;
    finding->verdict = VERDICT_CONFORMING;
    finding->reason = REASON_LISTENING;
    draft_finish(finding, BLAME_NONE);
    return damping_settle(host, finding, (struct damping){1, 1});
}

static int unexpected_tell(struct host_case *host, struct finding *finding, unsigned raise)
{
    finding->verdict = VERDICT_UNEXPECTED;
    finding->reason = REASON_UNEXPLAINED;
    finding->severity = verdict_row(VERDICT_UNEXPECTED)->severity;
    draft_finish(finding, BLAME_NONE);
    struct damping damping = host->host->host->damping;
    if (raise > damping.raise)
        damping.raise = raise;
    return damping_settle(host, finding, damping);
}

/* A client's UDP socket looks like a listener. Inside the ephemeral range only one that stays is believed, and a
 * one-shot run cannot see it stay. */
static bool is_passing(const struct listener_table *table, const struct listener *listener)
{
    return listener->transport == TRANSPORT_UDP && port_is_ephemeral(table, listener->port);
}

/* Is there anything to tell of it? */
static bool listener_is_told(const struct host_case *host, const struct listener_table *table,
                             const struct listener *listener, enum explanation explanation)
{
    if (explanation == EXPLAINED || listener_is_ignored(host->host->host, table, listener))
        return false;
    return explanation == EXPLAINED_AS_DYNAMIC || host->input->mode != JUDGE_ONE_SHOT || !is_passing(table, listener);
}

static int listener_tell(struct host_case *host, const struct listener_table *table, const struct listener *listener,
                         enum explanation explanation)
{
    struct finding *finding = draft_listener(host, table, listener);
    if (!finding)
        return -ENOMEM;
    if (explanation == EXPLAINED_AS_DYNAMIC)
        return dynamic_tell(host, finding);
    unsigned looks = is_passing(table, listener) ? host->input->plan->site->looks_before_unexpected_udp : 0;
    return unexpected_tell(host, finding, looks);
}

/* Sockets that share address and port (SO_REUSEPORT) stand together in the table, and are one finding: of the first
 * that there is anything to tell of, since `ignore` may mean the program of another. */
static bool is_same_place(const struct listener *a, const struct listener *b)
{
    return a->transport == b->transport && a->port == b->port && address_equal(&a->address, &b->address);
}

static const struct listener_table *latest_table(const struct host_seen *seen)
{
    if (seen->listeners_again && seen->listeners_again->status == LISTENERS_SEEN)
        return seen->listeners_again;
    return seen->listeners && seen->listeners->status == LISTENERS_SEEN ? seen->listeners : NULL;
}

/* Was the host looked at in a way that would have shown such a listener? */
bool unexpected_looked(const struct host_case *host, enum transport transport)
{
    const struct listener_table *table = latest_table(host->seen);
    return table && (transport == TRANSPORT_UDP ? table->udp_complete : !table->tcp_incomplete);
}

int unexpected_judge(struct host_case *host)
{
    const struct listener_table *table = latest_table(host->seen);
    /* of a host that is down there is one finding; a recording of it can wait */
    if (host->input->unlooked || !host->host->host->exclusive || !table || host->down || host->held)
        return 0;
    const struct listener *told = NULL;
    for (size_t i = 0; i < table->count; i++) {
        const struct listener *listener = &table->items[i];
        if (listener->transport == TRANSPORT_UDP && !table->udp_complete)
            continue;
        if (told && is_same_place(told, listener))
            continue;
        enum explanation explanation = listener_explanation(host->host, listener);
        if (!listener_is_told(host, table, listener, explanation))
            continue;
        told = listener;
        int r = listener_tell(host, table, listener, explanation);
        if (r < 0)
            return r;
    }
    return 0;
}
