/* Findings and the blocks that hold them. */
#include "portconform/finding.h"

#include "portconform/arena.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct finding_block *finding_block_new(const char *host)
{
    struct arena *arena = arena_new();
    if (arena == NULL)
        return NULL;
    struct finding_block *block = ARENA_NEW(arena, struct finding_block);
    if (block == NULL)
        goto fail;
    block->arena = arena;
    block->references = 1;
    block->host = arena_strdup(arena, host);
    if (host != NULL && block->host == NULL)
        goto fail;
    return block;
fail:
    arena_free(arena);
    return NULL;
}

struct finding_block *finding_block_ref(struct finding_block *block)
{
    __atomic_add_fetch(&block->references, 1, __ATOMIC_RELAXED);
    return block;
}

void finding_block_unref(struct finding_block *block)
{
    if (block != NULL && __atomic_sub_fetch(&block->references, 1, __ATOMIC_ACQ_REL) == 0)
        arena_free(block->arena);
}

struct finding *finding_block_add(struct finding_block *block)
{
    if (block->count == block->capacity) {
        /* the arena keeps the old array until the block goes: doubling bounds that waste by the array itself */
        size_t capacity = block->capacity == 0 ? 16 : block->capacity * 2;
        struct finding *items = ARENA_ARRAY(block->arena, struct finding, capacity);
        if (items == NULL)
            return NULL;
        if (block->count > 0)
            memcpy(items, block->items, block->count * sizeof *items);
        block->items = items;
        block->capacity = capacity;
    }
    return &block->items[block->count++];
}

static int finding_order(const void *a, const void *b)
{
    return strcmp(((const struct finding *)a)->key, ((const struct finding *)b)->key);
}

void finding_block_sort(struct finding_block *block)
{
    if (block->count > 1)
        qsort(block->items, block->count, sizeof *block->items, finding_order);
}

const struct finding *finding_block_find(const struct finding_block *block, const char *key)
{
    if (block->count == 0)
        return NULL;
    struct finding wanted = {.key = key};
    return bsearch(&wanted, block->items, block->count, sizeof *block->items, finding_order);
}

int finding_copy(struct finding *to, const struct finding *from, struct arena *arena)
{
    struct finding copy = *from;
    const char **const strings[] = {
        &copy.key,           &copy.host,         &copy.role,          &copy.component,   &copy.ports,
        &copy.listener,      &copy.probe,        &copy.detail,        &copy.guide,       &copy.ref,
        &copy.rule,          &copy.about,        &copy.peers,         &copy.origin.file, &copy.waived_until,
        &copy.waived_reason, &copy.waived_owner, &copy.waived_ticket,
    };
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        if (*strings[i] == NULL)
            continue;
        *strings[i] = arena_strdup(arena, *strings[i]);
        if (*strings[i] == NULL)
            return -ENOMEM;
    }
    *to = copy;
    return 0;
}
