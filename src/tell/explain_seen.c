/* What was seen of a port: who listens, what the probe met, and what else of the host answers. */
#include "explain.h"

#include "portconform/error.h"

enum { SEEN_LINES_MAX = 4 }; /* of one kind; the rest is counted */

/* "0.2 s ago", by the monotonic clock of the snapshot's end. */
static void seen_add_age(struct text *words, const struct explanation *explanation, struct moment moment)
{
    int64_t age_ms = explanation->snapshot->finished.mono_ms - moment.mono_ms;
    if (moment.mono_ms == 0 || age_ms < 0)
        return;
    long long tenths = (long long)(age_ms + 50) / 100;
    text_printf(words, ", %lld.%lld s ago", tenths / 10, tenths % 10);
}

static void seen_add_source(struct text *words, const struct explanation *explanation,
                            const struct listener_table *table)
{
    text_printf(words, " (%s", table->source != NULL ? table->source : "recorded");
    seen_add_age(words, explanation, table->taken);
    text_add(words, ")");
}

static size_t seen_add_listeners(struct explanation *explanation, const struct listener_table *table)
{
    size_t count = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct listener *listener = &table->items[i];
        if (listener->transport != explanation->transport || listener->port != explanation->port)
            continue;
        if (count++ >= SEEN_LINES_MAX)
            continue;
        struct text words = {0};
        explain_item(explanation, count == 1 ? "listener" : NULL);
        listener_format(&words, listener);
        if (listener->owner.pid != 0)
            text_printf(&words, ", pid %ld", (long)listener->owner.pid);
        seen_add_source(&words, explanation, table);
        explain_flow(explanation, &words);
    }
    return count;
}

/* That nobody was seen there says more or less, as the source knows all sockets or some. */
static bool seen_tells_all(const struct explanation *explanation, const struct listener_table *table)
{
    return explanation->transport == TRANSPORT_UDP ? table->udp_complete : !table->tcp_incomplete;
}

static void seen_add_table(struct explanation *explanation, const struct listener_table *table)
{
    struct text words = {0};
    size_t count = seen_add_listeners(explanation, table);
    if (count > 0 && count <= SEEN_LINES_MAX)
        return;
    explain_item(explanation, count == 0 ? "listener" : NULL);
    if (count > 0) {
        text_printf(&words, "and %zu more", count - SEEN_LINES_MAX);
    } else {
        if (seen_tells_all(explanation, table))
            text_add(&words, "nobody listens there");
        else
            text_printf(&words, "none seen; the source does not tell all %s sockets",
                        explanation->transport == TRANSPORT_UDP ? "UDP" : "TCP");
        seen_add_source(&words, explanation, table);
    }
    explain_flow(explanation, &words);
}

/* How the table came about, where that says what it is worth. */
static void seen_add_note(struct explanation *explanation, const struct listener_table *table)
{
    struct text words = {0};
    if (table->note == NULL)
        return;
    explain_item(explanation, "source");
    text_add(&words, table->note);
    explain_flow(explanation, &words);
}

static void seen_add_listener(struct explanation *explanation)
{
    const struct host_seen *seen = explanation->seen;
    const struct listener_table *table = NULL;
    if (seen != NULL)
        table = seen->listeners_again != NULL ? seen->listeners_again : seen->listeners;
    if (table != NULL && table->status == LISTENERS_SEEN) {
        seen_add_table(explanation, table);
        seen_add_note(explanation, table);
        return;
    }
    struct text words = {0};
    explain_item(explanation, "listener");
    if (table != NULL && table->status == LISTENERS_FAILED) {
        text_add(&words, "the listeners could not be read: ");
        text_add(&words, table->note != NULL ? table->note : pc_strerror(table->error));
        seen_add_source(&words, explanation, table);
    } else {
        text_add(&words, "nobody looked: the host has no listener source");
    }
    explain_flow(explanation, &words);
}

static const struct probe_result *seen_result(const struct explanation *explanation, const struct flow *flow)
{
    if (explanation->all == NULL || flow->id >= explanation->all->probe_count)
        return NULL;
    const struct probe_result *result = &explanation->all->probes[flow->id];
    return result->outcome != PROBE_NOT_DONE ? result : NULL;
}

/* Which address of the host is meant, where it has several. */
static void seen_add_address(struct text *words, const struct address *address)
{
    char text[ADDRESS_TEXT];
    text_printf(words, "%s: ", address_format(address, text, sizeof text));
}

static void seen_add_result(struct explanation *explanation, const struct flow *flow, const struct probe_result *result,
                            bool first)
{
    struct text words = {0};
    explain_item(explanation, first ? "probe" : NULL);
    if (explanation->host->address_count > 1 && flow->address < explanation->host->address_count)
        seen_add_address(&words, &explanation->host->addresses[flow->address].address);
    probe_result_format(&words, explanation->transport, result);
    if (result->path_local)
        text_add(&words, result->outcome == PROBE_OPEN ? "; the route is local: the service is proven, the way is not"
                                                       : "; the route is local: no network was crossed");
    if (result->history.looks > 0) {
        text_add(&words, "; ");
        probe_confidence_format(&words, &result->history);
    }
    text_printf(&words, " (from %s", explanation->plan->vantage != NULL ? explanation->plan->vantage_name : "here");
    seen_add_age(&words, explanation, result->ended);
    text_add(&words, ")");
    explain_flow(explanation, &words);
}

/* Somebody chose not to probe it, and said why. */
static const char *seen_untried(const struct explanation *explanation)
{
    const struct expectation *expectation = explanation->expectation;
    for (size_t i = 0; explanation->all != NULL && expectation != NULL && i < expectation->flow_count; i++) {
        const struct flow *flow = &expectation->flows[i];
        if (flow->port != explanation->port || flow->id >= explanation->all->probe_count)
            continue;
        const struct probe_result *result = &explanation->all->probes[flow->id];
        if (result->outcome == PROBE_NOT_DONE && result->detail[0] != '\0')
            return result->detail;
    }
    return NULL;
}

static void seen_add_probe(struct explanation *explanation)
{
    const struct expectation *expectation = explanation->expectation;
    size_t count = 0;
    for (size_t i = 0; expectation != NULL && i < expectation->flow_count; i++) {
        const struct flow *flow = &expectation->flows[i];
        const struct probe_result *result = flow->port == explanation->port ? seen_result(explanation, flow) : NULL;
        if (result == NULL || count++ >= SEEN_LINES_MAX)
            continue;
        seen_add_result(explanation, flow, result, count == 1);
    }
    if (count > 0 && count <= SEEN_LINES_MAX)
        return;
    struct text words = {0};
    explain_item(explanation, count == 0 ? "probe" : NULL);
    if (count > 0) {
        text_printf(&words, "and %zu more addresses", count - SEEN_LINES_MAX);
    } else if (expectation == NULL) {
        text_add(&words, "none: only what a rule names is probed");
    } else if (expectation->ports_sampled > 0 && expectation->ports_sampled < port_range_count(&expectation->range)) {
        text_printf(&words, "none: this port is not among the %zu that stand for the range",
                    expectation->ports_sampled);
    } else {
        const char *why = seen_untried(explanation);
        text_printf(&words, "none was sent%s%s", why != NULL ? ": " : "", why != NULL ? why : "");
    }
    explain_flow(explanation, &words);
}

/* Another flow to the same address that is open: the best sign that the way and the host are up. */
static const struct flow *seen_other_open(const struct explanation *explanation, size_t address)
{
    for (size_t i = 0; i < explanation->host->expectation_count; i++) {
        const struct expectation *expectation = &explanation->host->expectations[i];
        for (size_t k = 0; k < expectation->flow_count; k++) {
            const struct flow *flow = &expectation->flows[k];
            const struct probe_result *result = seen_result(explanation, flow);
            if (flow->address == address && flow->port != explanation->port && result != NULL &&
                result->outcome == PROBE_OPEN && expectation->range.transport == TRANSPORT_TCP)
                return flow;
        }
    }
    return NULL;
}

static void seen_add_control_of(struct explanation *explanation, size_t index, bool first)
{
    const struct address_seen *seen = &explanation->seen->addresses[index];
    if (!seen->looked)
        return;
    struct text words = {0};
    explain_item(explanation, first ? "control" : NULL);
    if (explanation->host->address_count > 1)
        seen_add_address(&words, &explanation->host->addresses[index].address);
    const struct flow *other = seen_other_open(explanation, index);
    if (other != NULL) {
        text_printf(&words, "tcp %u of the same host answers (", other->port);
        probe_result_format_short(&words, TRANSPORT_TCP, seen_result(explanation, other));
        text_add(&words, "): the way and the host are up");
    } else if (explanation->transport == TRANSPORT_UDP ? seen->udp_control : seen->closed_control) {
        text_add(&words, "a port that nobody listens on was refused by the host itself");
        if (explanation->transport == TRANSPORT_TCP && seen->control.outcome != PROBE_NOT_DONE) {
            text_add(&words, " (");
            probe_result_format_short(&words, TRANSPORT_TCP, &seen->control);
            text_add(&words, ")");
        }
        text_add(&words, ": silence would mean a filter");
    } else if (seen->alive) {
        text_add(&words, "the host itself sent an answer: the way and the host are up");
    } else {
        text_printf(&words, "no sign of life: %s", reason_row(seen->silence)->text);
    }
    explain_flow(explanation, &words);
}

static void seen_add_control(struct explanation *explanation)
{
    if (explanation->seen == NULL || explanation->seen->addresses == NULL)
        return;
    size_t shown = 0;
    for (size_t i = 0; i < explanation->host->address_count && shown < SEEN_LINES_MAX; i++) {
        if (explanation->seen->addresses[i].looked)
            seen_add_control_of(explanation, i, shown++ == 0);
    }
    if (explanation->all->egress_broken) {
        struct text words = {0};
        explain_item(explanation, shown == 0 ? "control" : NULL);
        text_add(&words, "the site's canary is silent: silence proves nothing in this cycle");
        explain_flow(explanation, &words);
    }
}

void explain_seen(struct explanation *explanation)
{
    explain_section(explanation, "seen");
    seen_add_listener(explanation);
    seen_add_probe(explanation);
    seen_add_control(explanation);
}
