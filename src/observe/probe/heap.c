/* The heap behind the engine's orders: whose turn it is (by age), and what is due (by time). O(log n). */
#include "heap.h"

#include <errno.h>
#include <stdlib.h>

int probe_heap_reserve(struct probe_heap *heap, size_t count)
{
    if (count <= heap->capacity)
        return 0;
    size_t capacity = heap->capacity ? heap->capacity : 64;
    while (capacity < count)
        capacity *= 2;
    struct heap_member **items = reallocarray(heap->items, capacity, sizeof(*items));
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

static void place(struct probe_heap *heap, size_t index, struct heap_member *member)
{
    heap->items[index] = member;
    member->index = index;
}

static void sift_up(struct probe_heap *heap, size_t index)
{
    struct heap_member *member = heap->items[index];
    while (index > 0) {
        size_t parent = (index - 1) / 2;
        if (heap->items[parent]->key <= member->key)
            break;
        place(heap, index, heap->items[parent]);
        index = parent;
    }
    place(heap, index, member);
}

static void sift_down(struct probe_heap *heap, size_t index)
{
    struct heap_member *member = heap->items[index];
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= heap->count)
            break;
        if (child + 1 < heap->count && heap->items[child + 1]->key < heap->items[child]->key)
            child++;
        if (heap->items[child]->key >= member->key)
            break;
        place(heap, index, heap->items[child]);
        index = child;
    }
    place(heap, index, member);
}

void probe_heap_push(struct probe_heap *heap, struct heap_member *member, int64_t key)
{
    member->key = key;
    heap->items[heap->count] = member;
    sift_up(heap, heap->count++);
}

void probe_heap_remove(struct probe_heap *heap, struct heap_member *member)
{
    size_t index = member->index;
    struct heap_member *last = heap->items[--heap->count];
    if (last == member)
        return;
    place(heap, index, last);
    sift_up(heap, index);
    sift_down(heap, last->index);
}

void probe_heap_rekey(struct probe_heap *heap, struct heap_member *member, int64_t key)
{
    member->key = key;
    sift_up(heap, member->index);
    sift_down(heap, member->index);
}

struct heap_member *probe_heap_top(const struct probe_heap *heap)
{
    return heap->count ? heap->items[0] : NULL;
}
