/* A hash table of entries that are part of what they find. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct table_entry {
    struct table_entry *next; /* of the same bucket */
    uint64_t hash;
};

struct probe_table {
    struct table_entry **buckets;
    size_t room, count;
};

/* The first entry of that hash, and the next one; NULL: none. */
struct table_entry *table_first(const struct probe_table *table, uint64_t hash);
struct table_entry *table_next(const struct table_entry *entry);
int table_add(struct probe_table *table, struct table_entry *entry, uint64_t hash); /* 0 or -ENOMEM */
void table_remove(struct probe_table *table, struct table_entry *entry);
/* Frees the buckets, not the entries. */
void table_done(struct probe_table *table);
