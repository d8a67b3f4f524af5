/* Port items of site files that hold plain numbers: waivers and `ignore`. */
#pragma once

#include "portconform/ports.h"

struct listener_table;

/* Does the item mean this port? `ephemeral` is the range of the host's table; NULL or 0: Linux's default. */
bool ports_mean(const struct port_items *items, enum transport transport, uint16_t port,
                const struct listener_table *table);
/* Is the port one that a program gets without asking for it? */
bool port_is_ephemeral(const struct listener_table *table, uint16_t port);
