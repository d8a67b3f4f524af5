/* The ring. Its capacity is a power of two; it halves when three quarters of it have long been empty, so that a storm
 * leaves no memory behind. */
#include "entries.h"

#include "portconform/sorted.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES_FIRST = 16 };

void entries_done(struct entries *entries)
{
    while (entries->count > 0)
        entries_pop(entries);
    free(entries->items);
    *entries = (struct entries){.items = NULL};
}

struct entry *entries_at(const struct entries *entries, size_t index)
{
    return &entries->items[(entries->first + index) & (entries->capacity - 1)];
}

struct entry *entries_front(const struct entries *entries)
{
    return entries->count == 0 ? NULL : entries_at(entries, 0);
}

struct entry *entries_back(const struct entries *entries)
{
    return entries->count == 0 ? NULL : entries_at(entries, entries->count - 1);
}

static int entries_resize(struct entries *entries, size_t capacity)
{
    struct entry *items = calloc(capacity, sizeof *items);
    if (items == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < entries->count; i++)
        items[i] = *entries_at(entries, i);
    free(entries->items);
    entries->items = items;
    entries->capacity = capacity;
    entries->first = 0;
    return 0;
}

int entries_reserve(struct entries *entries, size_t more)
{
    size_t wanted = entries->count + more;
    if (wanted <= entries->capacity)
        return 0;
    size_t capacity = entries->capacity == 0 ? ENTRIES_FIRST : entries->capacity;
    while (capacity < wanted) {
        if (capacity > SIZE_MAX / 4 / sizeof(struct entry))
            return -ENOMEM;
        capacity *= 2;
    }
    return entries_resize(entries, capacity);
}

void entries_push(struct entries *entries, struct entry entry)
{
    entries->count++;
    *entries_back(entries) = entry;
}

void entries_pop(struct entries *entries)
{
    event_unref(entries_front(entries)->event);
    entries->first = (entries->first + 1) & (entries->capacity - 1);
    entries->count--;
    if (entries->capacity > 4 * ENTRIES_FIRST && entries->count < entries->capacity / 8)
        (void)entries_resize(entries, entries->capacity / 4); /* without memory it stays as large as it is */
}

size_t entries_after(const struct entries *entries, uint64_t seq)
{
    return SORTED_PLACE(i, entries->count, entries_at(entries, i)->seq <= seq);
}
