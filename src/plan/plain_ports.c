/* Port items of site files that hold plain numbers. */
#include "portconform/plan.h"

#include "portconform/observation.h"

#include <errno.h>

/* net.ipv4.ip_local_port_range of Linux, for hosts that did not tell theirs */
enum { EPHEMERAL_LOW = 32768, EPHEMERAL_HIGH = 60999 };

/* No parameters exist here; the loader has refused their names. */
static int lookup_nothing(const void *context, const char *name, struct value *ret)
{
    (void)context;
    (void)name;
    (void)ret;
    return -ENOENT;
}

bool port_is_ephemeral(const struct listener_table *table, uint16_t port)
{
    bool told = table && table->ephemeral_low != 0;
    uint16_t low = told ? table->ephemeral_low : EPHEMERAL_LOW;
    uint16_t high = told ? table->ephemeral_high : EPHEMERAL_HIGH;
    return port >= low && port <= high;
}

static bool item_means(const struct port_item *item, uint16_t port, const struct listener_table *table)
{
    static const struct scope_values nothing = {.lookup = lookup_nothing};
    struct port_range range;
    switch (item->kind) {
    case PORT_ITEM_ANY:
        return true;
    case PORT_ITEM_EPHEMERAL:
        return port_is_ephemeral(table, port);
    case PORT_ITEM_NUMBERS:
        return port_item_resolve(item, &nothing, &range, NULL, NULL) == 0 && port_range_contains(&range, port);
    }
    return false;
}

bool ports_mean(const struct port_items *items, enum transport transport, uint16_t port,
                const struct listener_table *table)
{
    for (size_t i = 0; i < items->count; i++) {
        if (items->items[i].transport == transport && item_means(&items->items[i], port, table))
            return true;
    }
    return false;
}
