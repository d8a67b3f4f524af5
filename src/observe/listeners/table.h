/* Making listener tables: what all sources share. */
#pragma once

#include "portconform/listeners.h"

struct listener_vector {
    struct listener *items;
    size_t count, capacity;
};
/* Copies the listeners into the table's arena, sorted, and makes it SEEN. 0 or -ENOMEM. */
int table_take(struct listener_table *table, const struct listener_vector *listeners);

/* "32768\t60999" of /proc or "32768..60999" of a recording. */
bool ephemeral_parse(const char *text, const char *separators, uint16_t *ret_low, uint16_t *ret_high);

extern const struct listener_source kernel_source;
extern const struct listener_source file_source;
