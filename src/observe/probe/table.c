/* A chained hash table that doubles. */
#include "table.h"

#include <errno.h>
#include <stdlib.h>

enum { ROOM_FIRST = 64 };

static size_t bucket_of(const struct probe_table *table, uint64_t hash)
{
    return (size_t)(hash ^ hash >> 32) & (table->room - 1);
}

static struct table_entry *same_hash(struct table_entry *entry, uint64_t hash)
{
    while (entry && entry->hash != hash)
        entry = entry->next;
    return entry;
}

struct table_entry *table_first(const struct probe_table *table, uint64_t hash)
{
    return table->room ? same_hash(table->buckets[bucket_of(table, hash)], hash) : NULL;
}

struct table_entry *table_next(const struct table_entry *entry)
{
    return same_hash(entry->next, entry->hash);
}

static void link_entry(struct probe_table *table, struct table_entry *entry)
{
    struct table_entry **bucket = &table->buckets[bucket_of(table, entry->hash)];
    entry->next = *bucket;
    *bucket = entry;
}

static int grow(struct probe_table *table)
{
    struct probe_table larger = {.room = table->room ? table->room * 2 : ROOM_FIRST, .count = table->count};
    larger.buckets = calloc(larger.room, sizeof(struct table_entry *));
    if (!larger.buckets)
        return -ENOMEM;
    for (size_t i = 0; i < table->room; i++) {
        struct table_entry *entry = table->buckets[i];
        while (entry) {
            struct table_entry *next = entry->next;
            link_entry(&larger, entry);
            entry = next;
        }
    }
    free(table->buckets);
    *table = larger;
    return 0;
}

int table_add(struct probe_table *table, struct table_entry *entry, uint64_t hash)
{
    if (table->count >= table->room && grow(table) < 0)
        return -ENOMEM;
    entry->hash = hash;
    link_entry(table, entry);
    table->count++;
    return 0;
}

void table_remove(struct probe_table *table, struct table_entry *entry)
{
    struct table_entry **at = &table->buckets[bucket_of(table, entry->hash)];
    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    table->count--;
}

void table_done(struct probe_table *table)
{
    free(table->buckets);
    *table = (struct probe_table){0};
}
