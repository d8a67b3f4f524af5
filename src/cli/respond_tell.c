/* respond: what is told at its beginning, of ports that stay shut, and at its end, of those that nobody reached. */
#include "responding.h"

#include <inttypes.h>

enum { STATUS_NOT_REACHED = 1 };

static void tell_items(struct text *out, size_t count, const char *why)
{
    if (count == 0)
        return;
    text_add(out, "  ");
    text_add_count(out, count, "port item");
    text_printf(out, ": %s\n", why);
}

void respond_tell_shut(const struct respond *respond, struct text *out)
{
    char address[ADDRESS_TEXT];
    for (size_t i = 0; i < respond->host->address_count; i++)
        if (respond->absent[i])
            text_printf(out, "  %s: not an address of this machine\n",
                        address_format(&respond->host->addresses[i].address, address, sizeof(address)));
    if (respond->refused > 0)
        text_add(out, text_string(&respond->refusals));
    if (respond->refused > RESPOND_TOLD_MOST)
        text_printf(out, "  and %zu more\n", respond->refused - RESPOND_TOLD_MOST);
    if (respond->forbidden > 0) {
        text_printf(out, "  %s", text_string(&respond->forbidden_first));
        if (respond->forbidden > 1)
            text_printf(out, " and %zu more", respond->forbidden - 1);
        text_add(out, ": this user may not open them; root may, and who has CAP_NET_BIND_SERVICE\n");
    }
    if (respond->left_out > 0) {
        text_add(out, "  ");
        text_add_count(out, respond->left_out, "port");
        text_add(out, ": the limit of open files (ulimit -n) is reached\n");
    }
    tell_items(out, respond->waiting, "a parameter has no value (portconform lint names it)");
    tell_items(out, respond->homeless, "the host has no address of that segment or family");
    tell_items(out, respond->unasked, "left alone, since no check asks for it (probe = \"none\")");
}

int respond_tell_begin(const struct respond *respond, struct moment now)
{
    struct text out = {0};
    char until[CLOCK_TEXT];
    text_printf(&out, "%s answers on ", respond->host->host->name);
    text_add_count(&out, respond->opened, "port");
    text_printf(&out, " until %s; Ctrl-C ends it before\n",
                clock_format_time(now.wall_ms + (int64_t)respond->arguments->duration_s * 1000, until, sizeof(until)));
    struct text shut = {0};
    respond_tell_shut(respond, &shut);
    if (shut.length > 0)
        text_printf(&out, "What stays shut:\n%s", text_string(&shut));
    out.failed |= shut.failed;
    text_done(&shut);
    int result = check_print(&out);
    text_done(&out);
    return result;
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

struct calls {
    uint64_t others, strays;
};

/* Notes which ports were reached, too. */
static struct calls count_calls(struct respond *respond)
{
    size_t count;
    struct calls calls = {0};
    const struct responder_port *ports = responder_ports(respond->responder, &count);
    for (size_t i = 0; i < count; i++) {
        calls.others += ports[i].others;
        calls.strays += ports[i].strays;
        for (size_t a = 0; ports[i].proven > 0 && a < respond->host->address_count; a++)
            if (address_equal(&ports[i].address, &respond->host->addresses[a].address))
                respond_bit_set(respond->reached, respond_bit(a, ports[i].transport, ports[i].port));
    }
    return calls;
}

/* What a check asks of an item: all its ports, or the samples of a large range, at every address of this machine. */
struct item_tally {
    size_t asked, open, reached;
    const struct flow *first_missing; /* of those that are open */
};

static struct item_tally tally_item(const struct respond *respond, const struct expectation *expectation)
{
    struct item_tally tally = {0};
    for (size_t i = 0; i < expectation->flow_count; i++) {
        const struct flow *flow = &expectation->flows[i];
        size_t place = respond_bit(flow->address, expectation->range.transport, flow->port);
        if (flow->id == SIZE_MAX || respond->absent[flow->address])
            continue;
        bool open = respond_bit_get(respond->open, place), reached = respond_bit_get(respond->reached, place);
        tally.asked++;
        tally.open += open;
        tally.reached += reached;
        if (open && !reached && tally.first_missing == NULL)
            tally.first_missing = flow;
    }
    return tally;
}

static void tell_missing(const struct respond *respond, const struct expectation *expectation,
                         const struct item_tally *tally, struct text *out)
{
    char range[PORT_RANGE_TEXT], at[ADDRESS_TEXT + 8];
    text_printf(out, "  %s %-14s ", transport_name(expectation->range.transport),
                port_range_format(&expectation->range, range, sizeof(range)));
    if (tally->open == 0)
        text_add(out, "stayed shut");
    else if (tally->reached == 0)
        text_add(out, "never reached");
    else
        text_printf(out, "%zu of %zu reached", tally->reached, tally->asked);
    if (tally->first_missing != NULL) {
        const struct address *address = &respond->host->addresses[tally->first_missing->address].address;
        text_printf(out, ", the first not: %s",
                    address_format_port(address, tally->first_missing->port, at, sizeof(at)));
    } else if (tally->open > 0) {
        text_add(out, ", the others stayed shut");
    }
    text_printf(out, "   [%s]\n", expectation->rule->id);
}

int respond_tell_end(struct respond *respond)
{
    struct text out = {0}, missing = {0};
    size_t items = respond->waiting + respond->homeless, complete = 0;
    const struct calls calls = count_calls(respond);
    for (size_t i = 0; i < respond->host->expectation_count; i++) {
        const struct expectation *expectation = &respond->host->expectations[i];
        if (!respond_is_wanted(expectation))
            continue;
        struct item_tally tally = tally_item(respond, expectation);
        if (tally.reached == 0 && !rule_needs_a_way(expectation->rule))
            continue; /* nobody has to open it */
        items += tally.asked > 0;
        complete += tally.asked > 0 && tally.reached == tally.asked;
        if (tally.reached < tally.asked)
            tell_missing(respond, expectation, &tally, &missing);
    }
    text_printf(&out, "%zu of ", complete);
    text_add_count(&out, items, "port item");
    text_printf(&out, " %s reached with the key", items == 1 ? "was" : "were");
    if (calls.others > 0)
        text_printf(&out, "; %" PRIu64 " calls came without it, and got no answer", calls.others);
    if (calls.strays > 0)
        text_printf(&out, "; %" PRIu64 " were meant for another port than they came to", calls.strays);
    text_printf(&out, "\n%s", text_string(&missing));
    out.failed |= missing.failed;
    text_done(&missing);
    return cli_finish(&out, complete < items ? STATUS_NOT_REACHED : STATUS_OK);
}
