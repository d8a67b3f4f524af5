/* A binary heap of probes: the smallest key on top, and any member can leave. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct probe;

struct probe_heap {
    struct probe **items;
    size_t count;
    size_t capacity;
};

/* Makes room for `count` members, so that probe_heap_push cannot fail. 0 or -ENOMEM. */
int probe_heap_reserve(struct probe_heap *heap, size_t count);
void probe_heap_done(struct probe_heap *heap);
void probe_heap_push(struct probe_heap *heap, struct probe *probe, int64_t key);
void probe_heap_remove(struct probe_heap *heap, struct probe *probe);
void probe_heap_rekey(struct probe_heap *heap, struct probe *probe, int64_t key);
struct probe *probe_heap_top(const struct probe_heap *heap); /* NULL: empty */
