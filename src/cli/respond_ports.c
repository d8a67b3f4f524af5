/* respond: which ports are opened, and why others stay shut. */
#include "responding.h"

#include "portconform/error.h"

#include <errno.h>

size_t respond_bit(size_t address, enum transport transport, uint16_t port)
{
    return (address * 2 + (transport == TRANSPORT_UDP)) * (UINT16_MAX + 1) + port;
}

bool respond_bit_get(const uint8_t *bits, size_t place)
{
    return bits[place / 8] >> (place % 8) & 1;
}

void respond_bit_set(uint8_t *bits, size_t place)
{
    bits[place / 8] |= (uint8_t)(1u << (place % 8));
}

bool respond_is_wanted(const struct expectation *expectation)
{
    return !expectation->rule->multicast && expectation->rule->scope != SCOPE_HOST;
}

static void note_refusal(struct respond *respond, const struct address *address, enum transport transport,
                         uint16_t port, int error)
{
    char at[ADDRESS_TEXT + 8];
    address_format_port(address, port, at, sizeof(at));
    if (error == -EACCES) {
        if (respond->forbidden++ == 0)
            text_printf(&respond->forbidden_first, "%s %s", transport_name(transport), at);
    } else if (respond->refused++ < RESPOND_TOLD_MOST) {
        text_printf(&respond->refusals, "  %s %s: %s\n", transport_name(transport), at,
                    error == -EADDRINUSE ? "in use, left to whoever has it" : pc_strerror(error));
    }
}

/* 0, or an error that stops everything. */
static int open_port(struct respond *respond, size_t index, enum transport transport, uint16_t port)
{
    const struct address *address = &respond->host->addresses[index].address;
    size_t place = respond_bit(index, transport, port);
    if (respond->absent[index] || respond_bit_get(respond->tried, place))
        return 0;
    respond_bit_set(respond->tried, place);
    if (respond->descriptors_left == 0) {
        respond->left_out++;
        return 0;
    }
    int result = responder_listen(respond->responder, transport, address, port);
    if (result == -ENOMEM)
        return result;
    if (result == -EADDRNOTAVAIL) {
        respond->absent[index] = true;
    } else if (result == -EMFILE || result == -ENFILE) {
        respond->descriptors_left = 0;
        respond->left_out++;
    } else if (result < 0) {
        note_refusal(respond, address, transport, port, result);
    } else {
        respond_bit_set(respond->open, place);
        respond->opened++;
        respond->descriptors_left--;
    }
    return 0;
}

/* Is any port of it asked for by a check? */
static bool is_asked(const struct expectation *expectation)
{
    for (size_t i = 0; i < expectation->flow_count; i++)
        if (expectation->flows[i].id != SIZE_MAX)
            return true;
    return false;
}

/* What a check probes, samples of large ranges included. */
static int open_flows(struct respond *respond, const struct expectation *expectation)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < expectation->flow_count; i++)
        result =
            open_port(respond, expectation->flows[i].address, expectation->range.transport, expectation->flows[i].port);
    return result;
}

static int open_range(struct respond *respond, const struct expectation *expectation)
{
    const struct port_range *range = &expectation->range;
    int result = 0;
    for (size_t i = 0; i < expectation->address_count; i++)
        for (unsigned port = range->low; result == 0 && port <= range->high; port += range->step)
            result = open_port(respond, expectation->addresses[i], range->transport, (uint16_t)port);
    return result;
}

/* Notes why nothing of it can be opened. */
static bool can_be_opened(struct respond *respond, const struct expectation *expectation)
{
    if (expectation->unset)
        respond->waiting++;
    else if (expectation->address_count == 0)
        respond->homeless++;
    else if (!is_asked(expectation))
        respond->unasked++;
    else
        return true;
    return false;
}

/* The samples of all ranges come before the rest of any: a check needs those. */
int respond_open_ports(struct respond *respond)
{
    const struct plan_host *host = respond->host;
    int result = 0;
    for (size_t i = 0; result == 0 && i < host->expectation_count; i++)
        if (respond_is_wanted(&host->expectations[i]) && can_be_opened(respond, &host->expectations[i]))
            result = open_flows(respond, &host->expectations[i]);
    for (size_t i = 0; result == 0 && i < host->expectation_count; i++)
        if (respond_is_wanted(&host->expectations[i]) && is_asked(&host->expectations[i]))
            result = open_range(respond, &host->expectations[i]);
    return result;
}
