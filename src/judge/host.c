/* The host as a whole: does it live, and could its listeners be read? */
#include "judging.h"

#include "portconform/error.h"

#include <errno.h>
#include <string.h>

/* --- signs of life ----------------------------------------------------------------------------------------------- */

static bool result_shows_life(const struct probe_result *result, const struct address *address)
{
    if (result->sign_of_life || result->outcome == PROBE_OPEN || result->outcome == PROBE_REFUSED)
        return true;
    return result->outcome == PROBE_STOPPED && result->icmp.seen && address_equal(&result->icmp.offender, address);
}

/* Silence, failed neighbour discovery, and a hop that finds no way to the host. A firewall that prohibits has spoken,
 * and so has a kernel that kept the ICMP error to itself: those prove no death. */
static bool result_fits_death(const struct probe_result *result)
{
    return evidence_is_silence(result) ||
           (result->outcome == PROBE_STOPPED &&
            (result->reason == REASON_HOST_UNREACHABLE || result->reason == REASON_NET_UNREACHABLE));
}

static bool result_was_made(const struct probe_result *result)
{
    return result->outcome != PROBE_NOT_DONE && result->outcome != PROBE_LOCAL;
}

/* Listeners that the machine itself told us in this cycle. A recording tells of another time. */
static bool table_shows_life(const struct listener_table *table)
{
    if (!table || table->status != LISTENERS_SEEN || !table->source)
        return false;
    return strcmp(table->source, "kernel") == 0 || strcmp(table->source, "snmp") == 0;
}

struct census {
    size_t made, fitting_death;
};

static void census_take(struct census *census, const struct probe_result *result)
{
    if (!result_was_made(result))
        return;
    census->made++;
    census->fitting_death += result_fits_death(result);
}

/* What an earlier look heard is no sign of life now. A silence that was not looked into since stands: a host all of
 * whose ports are asked ever more seldom does not come to life by that. */
static bool is_past_life(const struct probe_result *result)
{
    return result->kept && !result_fits_death(result);
}

static void host_count_flows(struct host_case *host, struct census *census)
{
    const struct observations *seen = host->input->seen;
    for (size_t i = 0; i < host->host->expectation_count; i++) {
        const struct expectation *expectation = &host->host->expectations[i];
        for (size_t f = 0; f < expectation->flow_count; f++) {
            const struct flow *flow = &expectation->flows[f];
            const struct probe_result *result = evidence_probe(seen, flow);
            if (!result || (host->input->not_due && host->input->not_due[flow->id]) || is_past_life(result))
                continue;
            census_take(census, result);
            if (!result->kept && result_shows_life(result, &host->host->addresses[flow->address].address))
                host->alive[flow->address] = true;
        }
    }
}

int host_alive(struct host_case *host)
{
    size_t count = host->host->address_count;
    host->alive = ARENA_ARRAY(host->scratch, bool, count);
    if (!host->alive)
        return -ENOMEM;
    if (host->input->unlooked)
        return 0;
    struct census census = {0};
    host_count_flows(host, &census);
    bool alive = table_shows_life(host->seen->listeners) || table_shows_life(host->seen->listeners_again);
    const size_t flows_made = census.made;
    for (size_t i = 0; i < count; i++) {
        const struct address_seen *address = &host->seen->addresses[i];
        census_take(&census, &address->control);
        host->alive[i] =
            host->alive[i] || address->alive || result_shows_life(&address->control, &host->host->addresses[i].address);
        alive = alive || host->alive[i];
    }
    host->down = !alive && flows_made > 0 && census.fitting_death == census.made && !host->input->seen->egress_broken &&
                 !host->seen->egress_broken;
    return 0;
}

/* --- findings of the host ---------------------------------------------------------------------------------------- */

static const struct probe_result *host_first_probe(const struct host_case *host, enum transport *ret_transport)
{
    for (size_t i = 0; i < host->host->expectation_count; i++) {
        const struct expectation *expectation = &host->host->expectations[i];
        for (size_t f = 0; f < expectation->flow_count; f++) {
            const struct probe_result *result = evidence_probe(host->input->seen, &expectation->flows[f]);
            if (result && result_was_made(result)) {
                *ret_transport = expectation->range.transport;
                return result;
            }
        }
    }
    return NULL;
}

static int host_tell_unreachable(struct host_case *host)
{
    struct finding *finding = draft_of_host(host, "unreachable", VERDICT_UNREACHABLE, REASON_HOST_DOWN);
    if (!finding)
        return -ENOMEM;
    enum transport transport = TRANSPORT_TCP;
    const struct probe_result *probe = host_first_probe(host, &transport);
    if (probe) {
        struct text text = {0};
        probe_result_format_short(&text, transport, probe);
        finding->probe = draft_text(host->scratch, &text);
        if (!finding->probe)
            return -ENOMEM;
        finding->observed_ms = probe->ended.wall_ms;
    }
    if (host->host->address_count > 0)
        finding->address = host->host->addresses[0].address;
    if (host->host->host->intermittent)
        finding->severity = SEVERITY_OK;
    return damping_settle(host, finding, host->host->host->damping);
}

static int host_tell_unread(struct host_case *host, int error)
{
    struct finding *finding = draft_of_host(host, "listeners", VERDICT_NOT_JUDGED, REASON_LISTENERS_UNREADABLE);
    if (!finding)
        return -ENOMEM;
    if (host->seen->listeners->note)
        finding->detail = host->seen->listeners->note;
    else if (error != 0)
        finding->detail = pc_strerror(error);
    return damping_settle(host, finding, host->host->host->damping);
}

/* The earlier finding about that subject, NULL where there is none. */
static int host_earlier(const struct host_case *host, const char *subject, const struct finding **ret)
{
    const char *key = arena_printf(host->scratch, "%s|-|%s", host->host->host->name, subject);
    if (!key)
        return -ENOMEM;
    *ret = host->earlier ? finding_block_find(host->earlier, key) : NULL;
    return 0;
}

static int host_end(struct host_case *host, const char *subject)
{
    const struct finding *earlier;
    int r = host_earlier(host, subject, &earlier);
    return r < 0 || !earlier ? r : damping_settle_absent(host, earlier, host->host->host->damping);
}

/* Its others are held as long as the host is told as unreachable, which damping may begin and end later than the
 * evidence. */
static bool host_is_told_unreachable(const struct host_case *host)
{
    for (size_t i = 0; i < host->block->count; i++) {
        if (host->block->items[i].verdict == VERDICT_UNREACHABLE)
            return true;
    }
    return false;
}

static int host_keep(struct host_case *host, const char *subject)
{
    const struct finding *earlier;
    int r = host_earlier(host, subject, &earlier);
    return r < 0 || !earlier ? r : damping_keep(host, earlier, earlier->held);
}

/* Nobody looked: it is as it was. */
static int host_keep_all(struct host_case *host)
{
    int r = host_keep(host, "unreachable");
    if (r == 0)
        r = host_keep(host, "listeners");
    host->held = host_is_told_unreachable(host);
    return r;
}

int host_judge(struct host_case *host)
{
    if (host->input->unlooked)
        return host_keep_all(host);
    int r = host->down ? host_tell_unreachable(host) : host_end(host, "unreachable");
    if (r < 0)
        return r;
    host->held = host_is_told_unreachable(host);
    const struct listener_table *table = host->seen->listeners;
    if (table && table->status == LISTENERS_FAILED)
        return host_tell_unread(host, table->error);
    if (!host->down)
        return host_end(host, "listeners");
    /* a host that is down was not asked: its listeners may be as unreadable as before */
    const struct finding *earlier;
    r = host_earlier(host, "listeners", &earlier);
    return r < 0 || !earlier ? r : damping_keep(host, earlier, host->held);
}
