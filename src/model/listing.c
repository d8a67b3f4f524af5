/* Listings: copies of listener tables that outlive the visit that read them. */
#include "listing.h"

#include "portconform/publication.h"
#include "portconform/text.h"

#include <stdlib.h>
#include <string.h>

static bool same_owner(const struct owner *a, const struct owner *b)
{
    return a->pid == b->pid && a->uid_known == b->uid_known && a->uid == b->uid && text_equal(a->exe, b->exe) &&
           text_equal(a->unit, b->unit);
}

static bool same_listener(const struct listener *a, const struct listener *b)
{
    return a->transport == b->transport && a->port == b->port && address_equal(&a->address, &b->address) &&
           a->v6only == b->v6only && strcmp(a->device, b->device) == 0 && a->queue_known == b->queue_known &&
           a->queue_length == b->queue_length && a->queue_limit == b->queue_limit && same_owner(&a->owner, &b->owner);
}

bool listing_same(const struct listener_table *a, const struct listener_table *b)
{
    if (a->status != b->status || a->error != b->error || a->count != b->count || !text_equal(a->source, b->source) ||
        !text_equal(a->note, b->note))
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!same_listener(&a->items[i], &b->items[i]))
            return false;
    }
    return true;
}

static bool copy_text(const char **text, struct arena *arena)
{
    if (*text == NULL)
        return true;
    *text = arena_strdup(arena, *text);
    return *text != NULL;
}

static struct listener_table *copy_table(const struct listener_table *table)
{
    struct arena *arena = arena_new();
    struct listener_table *copy = arena == NULL ? NULL : ARENA_NEW(arena, struct listener_table);
    struct listener *items = copy == NULL ? NULL : ARENA_ARRAY(arena, struct listener, table->count);
    bool good = items != NULL;
    if (good) {
        copy->arena = arena;
        copy->status = table->status;
        copy->error = table->error;
        copy->source = table->source;
        copy->note = table->note;
        copy->taken = table->taken;
        copy->items = items;
        copy->count = table->count;
        copy->udp_complete = table->udp_complete;
        copy->ephemeral_low = table->ephemeral_low;
        copy->ephemeral_high = table->ephemeral_high;
        good = copy_text(&copy->source, arena) && copy_text(&copy->note, arena);
    }
    for (size_t i = 0; good && i < table->count; i++) {
        items[i] = table->items[i];
        good = copy_text(&items[i].owner.exe, arena) && copy_text(&items[i].owner.unit, arena);
    }
    if (good)
        return copy;
    arena_free(arena);
    return NULL;
}

struct listing *listing_new(const char *host, const struct listener_table *table)
{
    struct listing *listing = calloc(1, sizeof(*listing));
    if (listing == NULL)
        return NULL;
    listing->references = 1;
    listing->table = copy_table(table);
    listing->host = listing->table == NULL ? NULL : arena_strdup(listing->table->arena, host);
    if (listing->host != NULL)
        return listing;
    listing_unref(listing);
    return NULL;
}

struct listing *listing_ref(struct listing *listing)
{
    __atomic_add_fetch(&listing->references, 1, __ATOMIC_RELAXED);
    return listing;
}

void listing_unref(struct listing *listing)
{
    if (listing == NULL || __atomic_sub_fetch(&listing->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    listener_table_free(listing->table);
    free(listing);
}
