/* A binary heap of members: the smallest key on top, and any member can leave. A member is part of what it orders
 * (CONTAINER_OF gives it back), and knows its place. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct heap_member {
    size_t index;
    int64_t key;
};

struct probe_heap {
    struct heap_member **items;
    size_t count;
    size_t capacity;
};

#define CONTAINER_OF(pointer, type, part) ((type *)(void *)((char *)(pointer)-offsetof(type, part)))

/* Makes room for `count` members, so that probe_heap_push cannot fail. 0 or -ENOMEM. */
int probe_heap_reserve(struct probe_heap *heap, size_t count);
void probe_heap_done(struct probe_heap *heap);
void probe_heap_push(struct probe_heap *heap, struct heap_member *member, int64_t key);
void probe_heap_remove(struct probe_heap *heap, struct heap_member *member);
void probe_heap_rekey(struct probe_heap *heap, struct heap_member *member, int64_t key);
struct heap_member *probe_heap_top(const struct probe_heap *heap); /* NULL: empty */
