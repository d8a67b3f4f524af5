/* What the reading of an agent is worth: which absences it proves, and the evidence in words. */
#include "edges.h"

#include "portconform/text.h"
#include <errno.h>
#include <string.h>

enum { AGENT_COLUMNS = 60 };

static bool used(const struct reading *reading, enum transport transport, bool old)
{
    for (unsigned i = 0; collect_tables[i].name; i++)
        if ((reading->tables_used & 1U << i) && collect_tables[i].transport == transport &&
            collect_tables[i].old == old)
            return true;
    return false;
}

static bool cut(const struct reading *reading, enum transport transport)
{
    for (unsigned i = 0; collect_tables[i].name; i++)
        if ((reading->tables_cut & 1U << i) && collect_tables[i].transport == transport)
            return true;
    return false;
}

static bool has_family(const struct reading *reading, enum transport transport, sa_family_t family)
{
    for (size_t i = 0; i < reading->listeners.count; i++)
        if (reading->listeners.items[i].transport == transport && reading->listeners.items[i].address.family == family)
            return true;
    return false;
}

/* Sockets of a family in one table and none in the other: most likely a view that lets one family of it through, unless
 * the agent is known to say so. */
static bool lacks_family(const struct reading *reading, enum transport transport, enum transport other)
{
    static const sa_family_t families[] = {AF_INET, AF_INET6};
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
        if (!has_family(reading, transport, families[i]) && has_family(reading, other, families[i]) &&
            !(reading->net_snmp && edges_of(reading, transport, families[i]) == EDGE_VISIBLE))
            return true;
    return false;
}

/* --- what absence proves, each doubt with its words -------------------------------------------------------------- */

struct doubts {
    struct text words;
    bool tcp, udp;
};

static void doubt(struct doubts *doubts, enum transport transport, const char *words)
{
    *(transport == TRANSPORT_TCP ? &doubts->tcp : &doubts->udp) = true;
    if (words)
        text_printf(&doubts->words, "; %s", words);
}

/* An old table cannot hold the socket of both families that a Linux program makes by default; Windows tells it as two.
 */
static void doubt_old(const struct reading *reading, struct doubts *doubts)
{
    bool tcp = used(reading, TRANSPORT_TCP, true), udp = used(reading, TRANSPORT_UDP, true);
    if (!tcp && !udp)
        return;
    text_add(&doubts->words, "; the tables know IPv4 alone");
    if (tcp && !reading->microsoft)
        doubt(doubts, TRANSPORT_TCP, NULL);
    if (udp && !reading->microsoft)
        doubt(doubts, TRANSPORT_UDP, NULL);
    if (!reading->microsoft)
        text_add(&doubts->words, ", not even its sockets of both families");
}

static void doubt_cut(const struct reading *reading, struct doubts *doubts)
{
    bool tcp = cut(reading, TRANSPORT_TCP), udp = cut(reading, TRANSPORT_UDP);
    if (tcp)
        doubt(doubts, TRANSPORT_TCP, NULL);
    if (udp)
        doubt(doubts, TRANSPORT_UDP, NULL);
    if (tcp || udp)
        text_printf(&doubts->words, "; %s not read to the end: %s",
                    tcp && udp ? "the tables were"
                    : tcp      ? "TCP was"
                               : "UDP was",
                    reading->cut_reason ? reading->cut_reason : "unknown why");
}

/* Where nothing is told the objects may be hidden by the agent's access control as well as not be there. */
static void doubt_hidden(const struct reading *reading, struct doubts *doubts)
{
    bool tcp = has_family(reading, TRANSPORT_TCP, AF_INET) || has_family(reading, TRANSPORT_TCP, AF_INET6);
    bool udp = has_family(reading, TRANSPORT_UDP, AF_INET) || has_family(reading, TRANSPORT_UDP, AF_INET6);
    if (!tcp && !cut(reading, TRANSPORT_TCP))
        doubt(doubts, TRANSPORT_TCP, "no TCP listener is told: not supported, or hidden by the agent's view");
    if (!udp && !cut(reading, TRANSPORT_UDP))
        doubt(doubts, TRANSPORT_UDP, "no UDP socket is told: not supported, or hidden by the agent's view");
    if (udp && !reading->own_socket_seen && !cut(reading, TRANSPORT_UDP)) {
        text_printf(&doubts->words, "; the agent's own socket, udp %u, is not in its table: it shows a part",
                    reading->options.port);
        doubts->udp = true;
    }
    if (!tcp || !udp || used(reading, TRANSPORT_TCP, true) || used(reading, TRANSPORT_UDP, true))
        return;
    if (lacks_family(reading, TRANSPORT_TCP, TRANSPORT_UDP))
        doubt(doubts, TRANSPORT_TCP, "TCP lacks an address family that UDP has: it may show a part");
    if (lacks_family(reading, TRANSPORT_UDP, TRANSPORT_TCP))
        doubt(doubts, TRANSPORT_UDP, "UDP lacks an address family that TCP has: it may show a part");
}

/* Rows of a family that the agent would not tell. */
static void doubt_views(const struct reading *reading, struct doubts *doubts)
{
    static const struct {
        enum transport transport;
        sa_family_t family;
        const char *words;
    } edges[] = {
        {TRANSPORT_TCP, AF_INET, "the agent's view hides IPv4 rows of TCP"},
        {TRANSPORT_TCP, AF_INET6, "the agent's view hides IPv6 rows of TCP"},
        {TRANSPORT_UDP, AF_INET, "the agent's view hides IPv4 rows of UDP"},
        {TRANSPORT_UDP, AF_INET6, "the agent's view hides IPv6 rows of UDP"},
    };
    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
        if (edges_of(reading, edges[i].transport, edges[i].family) == EDGE_HIDDEN &&
            !has_family(reading, edges[i].transport, edges[i].family))
            doubt(doubts, edges[i].transport, edges[i].words);
}

static void doubt_rows(const struct reading *reading, struct doubts *doubts)
{
    if (reading->malformed > 0) {
        text_add(&doubts->words, "; ");
        text_add_count(&doubts->words, reading->malformed, "row");
        text_add(&doubts->words, " made no sense");
    }
    if (reading->backwards > 0)
        text_add(&doubts->words, "; rows came in the wrong order");
    if (reading->malformed > 0 || reading->backwards > 0)
        doubts->tcp = doubts->udp = true;
}

/* --- the note ---------------------------------------------------------------------------------------------------- */

static void tell_tables(const struct reading *reading, struct text *out)
{
    const char *between = "; ";
    for (unsigned i = 0; collect_tables[i].name; i++) {
        if (!(reading->tables_used & 1U << i))
            continue;
        text_printf(out, "%s%s", between, collect_tables[i].name);
        between = " and ";
    }
}

static bool has_dual(const struct reading *reading)
{
    for (size_t i = 0; i < reading->listeners.count; i++) {
        const struct listener *listener = &reading->listeners.items[i];
        if (listener->address.family == AF_INET6 && address_is_wildcard(&listener->address) &&
            listener->v6only == V6ONLY_UNKNOWN)
            return true;
    }
    return false;
}

static void tell_rest(const struct reading *reading, int64_t stale_ms, struct text *out)
{
    if (reading->duplicates > 0)
        text_add(out, "; rows were given again and stepped over");
    if (has_dual(reading))
        text_add(out, "; whether [::] takes IPv4 as well is not told");
    if (reading->unnamed > 0 && reading->listeners.count > 0)
        text_printf(out, "; %zu of %zu without a process", reading->unnamed, reading->listeners.count);
    if (stale_ms > 0)
        text_printf(out, "; the agent may have read them up to %lld s before", (long long)(stale_ms / 1000));
}

static void tell_note(const struct reading *reading, const char *how, int64_t stale_ms, struct doubts *doubts,
                      struct text *out)
{
    text_add(out, how);
    if (reading->agent) {
        text_add(out, " of \"");
        text_escape(out, reading->agent, strlen(reading->agent), ESCAPE_TEXT, AGENT_COLUMNS);
        text_add(out, "\"");
    }
    tell_tables(reading, out);
    text_add(out, text_string(&doubts->words));
    tell_rest(reading, stale_ms, out);
}

int reading_finish(struct reading *reading, struct listener_table *table, const char *how)
{
    struct doubts doubts = {.tcp = false};
    struct text note = {0};
    doubt_old(reading, &doubts);
    doubt_cut(reading, &doubts);
    doubt_hidden(reading, &doubts);
    doubt_views(reading, &doubts);
    doubt_rows(reading, &doubts);
    tell_note(reading, how, table->stale_ms, &doubts, &note);
    struct listener *items = ARENA_ARRAY(table->arena, struct listener, reading->listeners.count);
    table->note = arena_strdup(table->arena, text_string(&note));
    bool failed = doubts.words.failed || note.failed || !items || !table->note;
    text_done(&doubts.words);
    text_done(&note);
    if (failed)
        return -ENOMEM;
    if (reading->listeners.count > 0)
        memcpy(items, reading->listeners.items, reading->listeners.count * sizeof(*items));
    table->items = items;
    table->count = reading->listeners.count;
    table->status = LISTENERS_SEEN;
    table->tcp_incomplete = doubts.tcp;
    table->udp_complete = !doubts.udp;
    table->ipv6_untold = used(reading, TRANSPORT_TCP, true) || used(reading, TRANSPORT_UDP, true);
    listener_table_sort(table);
    return 0;
}
