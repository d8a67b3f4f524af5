/* The owner cache: whose socket an inode is, so that a look at sockets that are all known reads no descriptor of any
 * process. An entry holds while the kernel tells the same inode, user and cgroup, and its process lives; who was not
 * found is looked for again after a while, since a socket may be handed on and rights may come. */
#include "owner_cache.h"

#include "portconform/vector.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum {
    UNKNOWN_HOLDS_MS = 60000,
    KNOWN_HOLDS_MS = 600000,  /* a child may have taken it over from a parent that lives on */
    UNUSED_HOLDS_MS = 300000, /* then it is forgotten */
};

struct cached_owner {
    uint64_t inode;
    uint64_t cgroup_id;
    struct owner owner; /* strings owned */
    int64_t found_ms;
    int64_t used_ms;
};

struct owner_cache {
    struct cached_owner *items; /* by inode */
    size_t count, capacity;
    size_t sorted; /* so many of them; new ones come behind */
};

struct owner_cache *owner_cache_new(void)
{
    return calloc(1, sizeof(struct owner_cache));
}

static void entry_done(struct cached_owner *entry)
{
    free((char *)entry->owner.exe);
    free((char *)entry->owner.unit);
}

void owner_cache_free(struct owner_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < cache->count; i++)
        entry_done(&cache->items[i]);
    VECTOR_DONE(cache);
    free(cache);
}

static int inode_order(const void *left, const void *right)
{
    const uint64_t a = ((const struct cached_owner *)left)->inode;
    const uint64_t b = ((const struct cached_owner *)right)->inode;
    return (a > b) - (a < b);
}

static struct cached_owner *entry_of(const struct owner_cache *cache, uint64_t inode)
{
    const struct cached_owner key = {.inode = inode};
    if (cache->sorted == 0)
        return NULL;
    return bsearch(&key, cache->items, cache->sorted, sizeof(key), inode_order);
}

static bool holds(const struct cached_owner *entry, const struct sockdiag_row *row, int64_t now_ms)
{
    const struct owner *owner = &entry->owner;
    if (entry->cgroup_id != row->cgroup_id || owner->uid != row->listener.owner.uid)
        return false;
    if (now_ms - entry->found_ms >= (owner->pid ? KNOWN_HOLDS_MS : UNKNOWN_HOLDS_MS))
        return false;
    return owner->pid == 0 || kill(owner->pid, 0) == 0 || errno == EPERM;
}

int owner_cache_take(struct owner_cache *cache, struct sockdiag_row *row, struct arena *arena, int64_t now_ms)
{
    struct cached_owner *entry = row->listener.inode ? entry_of(cache, row->listener.inode) : NULL;
    if (!entry || !holds(entry, row, now_ms))
        return 0;
    const struct owner *known = &entry->owner;
    struct owner *owner = &row->listener.owner;
    entry->used_ms = now_ms;
    owner->pid = known->pid;
    owner->exe = arena_strdup(arena, known->exe);
    owner->unit = arena_strdup(arena, known->unit);
    return (known->exe && !owner->exe) || (known->unit && !owner->unit) ? -ENOMEM : 1;
}

static int put(struct owner_cache *cache, const struct sockdiag_row *row, int64_t now_ms)
{
    struct cached_owner *entry = entry_of(cache, row->listener.inode);
    struct cached_owner made = {
        .inode = row->listener.inode,
        .cgroup_id = row->cgroup_id,
        .owner = row->listener.owner,
        .found_ms = now_ms,
        .used_ms = now_ms,
    };
    const struct owner *owner = &row->listener.owner;
    made.owner.exe = owner->exe ? strdup(owner->exe) : NULL;
    made.owner.unit = owner->unit ? strdup(owner->unit) : NULL;
    bool short_of_memory = (owner->exe && !made.owner.exe) || (owner->unit && !made.owner.unit);
    if (!short_of_memory && entry)
        entry_done(entry);
    else if (!short_of_memory)
        entry = VECTOR_PUSH(cache);
    if (short_of_memory || !entry) {
        entry_done(&made);
        return -ENOMEM;
    }
    *entry = made;
    return 0;
}

static void forget_unused(struct owner_cache *cache, int64_t now_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < cache->count; i++) {
        if (now_ms - cache->items[i].used_ms < UNUSED_HOLDS_MS)
            cache->items[kept++] = cache->items[i];
        else
            entry_done(&cache->items[i]);
    }
    cache->count = kept;
}

int owner_cache_put(struct owner_cache *cache, const struct sockdiag_rows *rows, int64_t now_ms)
{
    int status = 0;
    for (size_t i = 0; i < rows->count && status == 0; i++)
        if (rows->items[i].listener.inode)
            status = put(cache, &rows->items[i], now_ms);
    forget_unused(cache, now_ms);
    if (cache->count > 1)
        qsort(cache->items, cache->count, sizeof(*cache->items), inode_order);
    /* of an inode that was told twice (a socket that was made while we looked) one entry does */
    size_t kept = 0;
    for (size_t i = 0; i < cache->count; i++) {
        if (kept > 0 && cache->items[kept - 1].inode == cache->items[i].inode)
            entry_done(&cache->items[i]);
        else
            cache->items[kept++] = cache->items[i];
    }
    cache->count = cache->sorted = kept;
    return status;
}
