/* Numbers for the keys of findings: the old keys and the present ones, both sorted, are merged into a new list. */
#include "numbering.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void numbering_done(struct numbering *numbering)
{
    for (size_t i = 0; i < numbering->count; i++)
        free(numbering->items[i].key);
    free(numbering->items);
    *numbering = (struct numbering){0};
}

/* The merge under way. What is taken over from the old list is moved only at the end, so that a failure leaves the old
 * list whole. */
struct merge {
    struct numbered *items;
    size_t count;
    size_t gone;
    uint32_t last;
};

static bool merge_new(struct merge *merge, const char *key, uint32_t *ret_index)
{
    if (merge->last == UINT32_MAX) {
        *ret_index = 0;
        return true;
    }
    char *copy = strdup(key);
    if (copy == NULL)
        return false;
    struct numbered *slot = &merge->items[merge->count++];
    slot->key = copy;
    slot->index = *ret_index = ++merge->last;
    return true;
}

static bool merge_all(struct merge *merge, const struct numbering *old, const char *const *keys, size_t count,
                      uint32_t *indexes)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        int order = -1;
        while (at < old->count && (order = strcmp(old->items[at].key, keys[i])) < 0) {
            merge->items[merge->count++] = old->items[at++];
            merge->gone++;
        }
        if (at < old->count && order == 0) {
            indexes[i] = old->items[at].index;
            merge->items[merge->count++] = old->items[at++];
        } else if (!merge_new(merge, keys[i], &indexes[i])) {
            return false;
        }
    }
    merge->gone += old->count - at;
    while (at < old->count)
        merge->items[merge->count++] = old->items[at++];
    return true;
}

/* Frees the keys of `items` that are not in `kept`; both sorted. */
static void free_others(struct numbered *items, size_t count, const struct numbered *kept, size_t kept_count)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        while (at < kept_count && strcmp(kept[at].key, items[i].key) < 0)
            at++;
        if (at == kept_count || kept[at].key != items[i].key)
            free(items[i].key);
    }
}

/* Leaves only the present keys. */
static void forget_gone(struct merge *merge, const char *const *keys, size_t count)
{
    size_t kept = 0, at = 0;
    for (size_t i = 0; i < merge->count; i++) {
        while (at < count && strcmp(keys[at], merge->items[i].key) < 0)
            at++;
        if (at < count && strcmp(keys[at], merge->items[i].key) == 0)
            merge->items[kept++] = merge->items[i];
        else
            free(merge->items[i].key);
    }
    merge->count = kept;
}

int numbering_assign(struct numbering *numbering, const char *const *keys, size_t count, uint32_t *indexes)
{
    size_t most_gone = numbering->most_gone == 0 ? NUMBERING_MOST_GONE : numbering->most_gone;
    struct merge merge = {.last = numbering->last};
    merge.items = calloc(numbering->count + count + 1, sizeof(*merge.items));
    if (merge.items == NULL)
        return -ENOMEM;
    if (!merge_all(&merge, numbering, keys, count, indexes)) {
        free_others(merge.items, merge.count, numbering->items, numbering->count);
        free(merge.items);
        numbering->last = merge.last;
        return -ENOMEM;
    }
    if (merge.gone > most_gone)
        forget_gone(&merge, keys, count);
    free(numbering->items);
    numbering->items = merge.items;
    numbering->count = merge.count;
    numbering->last = merge.last;
    return 0;
}
