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

static bool is_sorted(const struct finding_block *block)
{
    for (size_t i = 1; i < block->count; i++) {
        if (strcmp(block->items[i - 1].key, block->items[i].key) > 0)
            return false;
    }
    return true;
}

/* What was sorted when it was drafted is packed in that order. */
void finding_block_sort(struct finding_block *block)
{
    if (!is_sorted(block))
        qsort(block->items, block->count, sizeof *block->items, finding_order);
}

const struct finding *finding_block_find(const struct finding_block *block, const char *key)
{
    if (block->count == 0)
        return NULL;
    struct finding wanted = {.key = key};
    return bsearch(&wanted, block->items, block->count, sizeof *block->items, finding_order);
}

/* --- strings ------------------------------------------------------------------------------------------------------ */

enum { FINDING_STRINGS = 21 };

/* Where the strings of a finding are, those first that its neighbours share. */
static void finding_strings(struct finding *finding, const char **ret[FINDING_STRINGS])
{
    const char **const strings[FINDING_STRINGS] = {
        &finding->host,         &finding->role,         &finding->component,     &finding->guide,
        &finding->origin.file,  &finding->peers,        &finding->presence,      &finding->scope,
        &finding->confidence,   &finding->ref,          &finding->rule,          &finding->about,
        &finding->ports,        &finding->probe,        &finding->listener,      &finding->detail,
        &finding->waived_until, &finding->waived_owner, &finding->waived_ticket, &finding->waived_reason,
        &finding->key,
    };
    memcpy(ret, strings, sizeof strings);
}

int finding_copy(struct finding *to, const struct finding *from, struct arena *arena)
{
    struct finding copy = *from;
    const char **strings[FINDING_STRINGS];
    finding_strings(&copy, strings);
    for (size_t i = 0; i < FINDING_STRINGS; i++) {
        if (*strings[i] == NULL)
            continue;
        *strings[i] = arena_strdup(arena, *strings[i]);
        if (*strings[i] == NULL)
            return -ENOMEM;
    }
    *to = copy;
    return 0;
}

/* --- packing ------------------------------------------------------------------------------------------------------ */

/* A string that the finding before has from the same place is stored once. */
struct shared {
    const char *from[FINDING_STRINGS];
    const char *to[FINDING_STRINGS];
};

static size_t pack_size(const struct finding *items, size_t count)
{
    struct shared last = {0};
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        struct finding finding = items[i];
        const char **strings[FINDING_STRINGS];
        finding_strings(&finding, strings);
        for (size_t k = 0; k < FINDING_STRINGS; k++) {
            if (*strings[k] != NULL && *strings[k] != last.from[k])
                size += strlen(*strings[k]) + 1;
            last.from[k] = *strings[k];
        }
    }
    return size;
}

static void pack(struct finding *to, const struct finding *items, size_t count, char *room)
{
    struct shared last = {0};
    for (size_t i = 0; i < count; i++) {
        to[i] = items[i];
        const char **strings[FINDING_STRINGS];
        finding_strings(&to[i], strings);
        for (size_t k = 0; k < FINDING_STRINGS; k++) {
            const char *from = *strings[k];
            if (from != NULL && from != last.from[k]) {
                size_t length = strlen(from) + 1;
                last.to[k] = memcpy(room, from, length);
                room += length;
            }
            last.from[k] = from;
            *strings[k] = from == NULL ? NULL : last.to[k];
        }
    }
}

/* Of so many findings, with room for their strings; all of it is in one piece. NULL: out of memory. */
static struct finding_block *block_with_room(size_t count, size_t strings, char **ret_room)
{
    enum { ALIGNMENTS = 64 }; /* what rounding up takes, at most */
    struct arena *arena =
        arena_new_sized(sizeof(struct finding_block) + count * sizeof(struct finding) + strings + ALIGNMENTS);
    struct finding_block *block = arena == NULL ? NULL : ARENA_NEW(arena, struct finding_block);
    struct finding *items = block == NULL ? NULL : ARENA_ARRAY(arena, struct finding, count);
    char *room = items == NULL ? NULL : arena_alloc(arena, strings);
    if (room == NULL) {
        arena_free(arena);
        return NULL;
    }
    *block = (struct finding_block){
        .items = items,
        .count = count,
        .capacity = count,
        .arena = arena,
        .references = 1,
        .strings = room,
        .strings_size = strings,
        .strings_packed = strings,
    };
    *ret_room = room;
    return block;
}

struct finding_block *finding_block_pack(const char *host, const struct finding *items, size_t count)
{
    size_t name = host == NULL ? 0 : strlen(host) + 1;
    char *room;
    struct finding_block *block = block_with_room(count, pack_size(items, count) + name, &room);
    if (block == NULL)
        return NULL;
    if (host != NULL)
        block->host = memcpy(room, host, name);
    pack(block->items, items, count, room + name);
    finding_block_sort(block);
    return block;
}

/* --- patching ----------------------------------------------------------------------------------------------------- */

/* All its strings stood somewhere from `from` on, and stand in the same order from `to` on. */
static void finding_move(struct finding *finding, const char *from, const char *to)
{
    const char **strings[FINDING_STRINGS];
    finding_strings(finding, strings);
    for (size_t i = 0; i < FINDING_STRINGS; i++) {
        if (*strings[i] != NULL)
            *strings[i] = to + (*strings[i] - from);
    }
}

static struct finding_block *patched(const struct finding_block *earlier, const struct finding *fresh, size_t count)
{
    size_t added = 0;
    for (size_t i = 0; i < count; i++)
        added += pack_size(&fresh[i], 1);
    char *room;
    struct finding_block *block = block_with_room(earlier->count, earlier->strings_size + added, &room);
    if (block == NULL)
        return NULL;
    block->strings_packed = earlier->strings_packed;
    memcpy(room, earlier->strings, earlier->strings_size);
    if (earlier->host != NULL)
        block->host = room + (earlier->host - earlier->strings);
    memcpy(block->items, earlier->items, earlier->count * sizeof *block->items);
    for (size_t i = 0; i < earlier->count; i++)
        finding_move(&block->items[i], earlier->strings, room);
    room += earlier->strings_size;
    for (size_t i = 0; i < count; i++) {
        size_t place = (size_t)(finding_block_find(earlier, fresh[i].key) - earlier->items);
        pack(&block->items[place], &fresh[i], 1, room);
        room += pack_size(&fresh[i], 1);
    }
    return block;
}

/* The strings of what was replaced stay behind; once they are half as much as what is needed, all is packed anew. */
struct finding_block *finding_block_patch(const struct finding_block *earlier, const struct finding *fresh,
                                          size_t count)
{
    struct finding_block *block = patched(earlier, fresh, count);
    if (block == NULL || block->strings_size <= block->strings_packed + block->strings_packed / 2)
        return block;
    struct finding_block *whole = finding_block_pack(block->host, block->items, block->count);
    finding_block_unref(block);
    return whole;
}

/* --- looks -------------------------------------------------------------------------------------------------------- */

void finding_block_looked(struct finding_block *block, int64_t wall_ms)
{
    __atomic_store_n(&block->looked_ms, wall_ms, __ATOMIC_RELAXED);
}

int64_t finding_looked_ms(const struct finding_block *block, const struct finding *finding)
{
    int64_t looked_ms = __atomic_load_n(&block->looked_ms, __ATOMIC_RELAXED);
    return finding->held || looked_ms < finding->observed_ms ? finding->observed_ms : looked_ms;
}
