/* The heap behind the engine's two orders: who may start first (by age), and who is due first (by time). A probe knows
 * its place, so that it leaves in O(log n). */
#include "heap.h"

#include "engine.h"

#include <errno.h>
#include <stdlib.h>

int probe_heap_reserve(struct probe_heap *heap, size_t count)
{
    if (count <= heap->capacity)
        return 0;
    size_t capacity = heap->capacity ? heap->capacity : 64;
    while (capacity < count)
        capacity *= 2;
    struct probe **items = reallocarray(heap->items, capacity, sizeof(*items));
    if (!items)
        return -ENOMEM;
    heap->items = items;
    heap->capacity = capacity;
    return 0;
}

void probe_heap_done(struct probe_heap *heap)
{
    free(heap->items);
    *heap = (struct probe_heap){0};
}

static void place(struct probe_heap *heap, size_t index, struct probe *probe)
{
    heap->items[index] = probe;
    probe->heap_index = index;
}

static void sift_up(struct probe_heap *heap, size_t index)
{
    struct probe *probe = heap->items[index];
    while (index > 0) {
        size_t parent = (index - 1) / 2;
        if (heap->items[parent]->heap_key <= probe->heap_key)
            break;
        place(heap, index, heap->items[parent]);
        index = parent;
    }
    place(heap, index, probe);
}

static void sift_down(struct probe_heap *heap, size_t index)
{
    struct probe *probe = heap->items[index];
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= heap->count)
            break;
        if (child + 1 < heap->count && heap->items[child + 1]->heap_key < heap->items[child]->heap_key)
            child++;
        if (heap->items[child]->heap_key >= probe->heap_key)
            break;
        place(heap, index, heap->items[child]);
        index = child;
    }
    place(heap, index, probe);
}

void probe_heap_push(struct probe_heap *heap, struct probe *probe, int64_t key)
{
    probe->heap_key = key;
    heap->items[heap->count] = probe;
    sift_up(heap, heap->count++);
}

void probe_heap_remove(struct probe_heap *heap, struct probe *probe)
{
    size_t index = probe->heap_index;
    struct probe *last = heap->items[--heap->count];
    if (last == probe)
        return;
    place(heap, index, last);
    sift_up(heap, index);
    sift_down(heap, last->heap_index);
}

void probe_heap_rekey(struct probe_heap *heap, struct probe *probe, int64_t key)
{
    probe->heap_key = key;
    sift_up(heap, probe->heap_index);
    sift_down(heap, probe->heap_index);
}

struct probe *probe_heap_top(const struct probe_heap *heap)
{
    return heap->count ? heap->items[0] : NULL;
}
