/* The registry of listener sources, and the tables that they fill. */
#include "table.h"
#include "portconform/number.h"
#include <errno.h>
#include <string.h>

static const struct listener_source *const sources[] = {&kernel_source, &file_source, NULL};

const struct listener_source *const *listener_sources(void)
{
    return sources;
}

const struct listener_source *listener_source_find(const char *name)
{
    for (size_t i = 0; sources[i]; i++)
        if (strcmp(sources[i]->name, name) == 0)
            return sources[i];
    return NULL;
}

int table_take(struct listener_table *table, const struct listener_vector *listeners)
{
    struct listener *items = ARENA_ARRAY(table->arena, struct listener, listeners->count);
    if (!items)
        return -ENOMEM;
    if (listeners->count)
        memcpy(items, listeners->items, listeners->count * sizeof(*items));
    table->items = items;
    table->count = listeners->count;
    table->status = LISTENERS_SEEN;
    listener_table_sort(table);
    return 0;
}

bool ephemeral_parse(const char *text, const char *separators, uint16_t *ret_low, uint16_t *ret_high)
{
    char copy[32];
    const size_t length = strcspn(text, "\n");
    if (length >= sizeof(copy))
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    char *second = strpbrk(copy, separators);
    if (!second)
        return false;
    const size_t gap = strspn(second, separators);
    *second = '\0';
    int64_t low;
    int64_t high;
    if (number_parse(copy, 1, UINT16_MAX, &low) < 0 || number_parse(second + gap, low, UINT16_MAX, &high) < 0)
        return false;
    *ret_low = (uint16_t)low;
    *ret_high = (uint16_t)high;
    return true;
}
