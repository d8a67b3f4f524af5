/* Who listens, by transport and port, and how much a port says. */
#include "adopting.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* Numbers that hosts of every kind have, and those next to them that every second administrator chooses. */
static const uint16_t common_ports[] = {
    21,   22,   23,   25,   53,   67,   68,   69,   80,   88,   110,  111,  123,  135,  137,  138,  139,
    143,  161,  162,  389,  443,  445,  465,  514,  546,  547,  587,  631,  636,  990,  993,  995,  1433,
    1521, 2049, 3306, 3389, 5060, 5061, 5353, 5355, 5432, 5900, 5985, 6379, 8000, 8080, 8081, 8443, 8888,
};
enum { EPHEMERAL_LOW = 32768, EPHEMERAL_HIGH = 60999 }; /* Linux's own, where the source tells none */

static const double common_weight = 0.1, ephemeral_tcp_weight = 0.7, ephemeral_udp_weight = 0.3;

static size_t ears_row(enum transport transport)
{
    return transport == TRANSPORT_UDP ? 1 : 0;
}

int ears_init(struct ears *ears, const struct listener_table *table, struct arena *arena)
{
    *ears = (struct ears){.table = table, .low = EPHEMERAL_LOW, .high = EPHEMERAL_HIGH};
    if (table->ephemeral_low != 0 && table->ephemeral_low <= table->ephemeral_high) {
        ears->low = table->ephemeral_low;
        ears->high = table->ephemeral_high;
    }
    for (size_t row = 0; row < 2; row++) {
        ears->first[row] = ARENA_ARRAY(arena, uint32_t, PORTS);
        ears->rarity[row] = ARENA_ARRAY(arena, uint8_t, PORTS);
        if (ears->first[row] == NULL || ears->rarity[row] == NULL)
            return -ENOMEM;
    }
    ears->explained = ARENA_ARRAY(arena, bool, table->count);
    if (ears->explained == NULL || table->count > UINT32_MAX - 1)
        return -ENOMEM;
    for (size_t i = table->count; i > 0; i--) {
        const struct listener *listener = &table->items[i - 1];
        ears->first[ears_row(listener->transport)][listener->port] = (uint32_t)i;
    }
    return 0;
}

bool ears_hear(const struct ears *ears, enum transport transport, uint16_t port)
{
    return ears->first[ears_row(transport)][port] != 0;
}

static bool ears_is_ephemeral(const struct ears *ears, uint16_t port)
{
    return port >= ears->low && port <= ears->high;
}

static bool ears_is_common(uint16_t port)
{
    for (size_t i = 0; i < sizeof(common_ports) / sizeof(common_ports[0]); i++)
        if (common_ports[i] == port)
            return true;
    return false;
}

double ears_weight(const struct ears *ears, enum transport transport, uint16_t port)
{
    double weight = 1;
    if (ears_is_common(port))
        weight = common_weight;
    else if (ears_is_ephemeral(ears, port))
        weight = transport == TRANSPORT_UDP ? ephemeral_udp_weight : ephemeral_tcp_weight;
    uint8_t rarity = ears->rarity[ears_row(transport)][port];
    return rarity > 1 ? weight / sqrt(rarity) : weight;
}

static double ears_place(const struct listener *listener, enum scope scope)
{
    bool loopback = address_is_loopback(&listener->address);
    if (scope == SCOPE_HOST)
        return loopback ? 1 : 0.5;
    return loopback ? 0.25 : 1;
}

double ears_match(const struct ears *ears, enum transport transport, uint16_t port, enum scope scope, bool *ret_new)
{
    double best = 0;
    bool new = false;
    size_t i = ears->first[ears_row(transport)][port];
    if (i == 0)
        return 0;
    for (i--; i < ears->table->count; i++) {
        const struct listener *listener = &ears->table->items[i];
        if (listener->transport != transport || listener->port != port)
            break;
        double place = ears_place(listener, scope);
        best = place > best ? place : best;
        new = new || !ears->explained[i];
    }
    *ret_new = new;
    return best;
}

void ears_explain(struct ears *ears, enum transport transport, uint16_t port)
{
    size_t i = ears->first[ears_row(transport)][port];
    if (i == 0)
        return;
    for (i--; i < ears->table->count; i++) {
        const struct listener *listener = &ears->table->items[i];
        if (listener->transport != transport || listener->port != port)
            break;
        ears->explained[i] = true;
    }
}

bool ears_is_passing(const struct ears *ears, const struct listener *listener)
{
    return listener->transport == TRANSPORT_UDP && ears_is_ephemeral(ears, listener->port);
}
