/* The same way told several times is one opening; neighbouring numbers are one range. */
#include "build.h"

#include "portconform/vector.h"

#include <errno.h>
#include <string.h>

struct opening_vector {
    struct opening *items;
    size_t count, capacity;
};

static int compare_numbers(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int compare_names(const struct opening_end *a, const struct opening_end *b)
{
    if (a == b)
        return 0;
    /* pc2 before pc10 */
    return a->kind != b->kind ? compare_numbers(a->kind, b->kind) : strverscmp(a->name, b->name);
}

static int compare_ends(const struct opening_end *a, const struct opening_end *b)
{
    int order = compare_names(a, b);
    return order != 0 ? order : compare_numbers(a->variant, b->variant);
}

static int compare_path(const struct way *a, const struct way *b)
{
    int order = compare_ends(a->destination, b->destination);
    if (order == 0)
        order = compare_ends(a->source, b->source);
    if (order == 0)
        order = compare_numbers(a->families, b->families);
    return order != 0 ? order : compare_numbers(a->range.transport, b->range.transport);
}

static int compare_range(const struct port_range *a, const struct port_range *b)
{
    if (a->low != b->low)
        return compare_numbers(a->low, b->low);
    return a->high != b->high ? compare_numbers(a->high, b->high) : compare_numbers(a->step, b->step);
}

static int merge_compare(const void *left, const void *right)
{
    const struct way *a = left, *b = right;
    int order = compare_path(a, b);
    if (order == 0)
        order = compare_range(&a->range, &b->range);
    return order != 0 ? order : strverscmp(a->rule->id, b->rule->id);
}

static int rules_compare(const void *left, const void *right)
{
    const struct rule *const *a = left, *const *b = right;
    return strverscmp((*a)->id, (*b)->id);
}

const struct rule *const *rules_unique(struct arena *arena, const struct rule **items, size_t count, size_t *ret_count)
{
    qsort(items, count, sizeof *items, rules_compare);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || strcmp(items[kept - 1]->id, items[i]->id) != 0)
            items[kept++] = items[i];
    const struct rule **copy = ARENA_ARRAY(arena, const struct rule *, kept);
    if (copy == NULL)
        return NULL;
    memcpy(copy, items, kept * sizeof *copy);
    *ret_count = kept;
    return copy;
}

/* The openings of ways[0 .. count), which differ in nothing but their rules. */
static int merge_same(struct matrix_build *build, const struct way *ways, size_t count, struct opening_vector *out)
{
    const struct rule **rules = ARENA_ARRAY(build->arena, const struct rule *, count);
    struct opening *slot = rules != NULL ? VECTOR_PUSH(out) : NULL;
    if (slot == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        rules[i] = ways[i].rule;
    *slot = (struct opening){.source = ways[0].source,
                             .destination = ways[0].destination,
                             .families = ways[0].families,
                             .range = ways[0].range};
    slot->rules = rules_unique(build->arena, rules, count, &slot->rule_count);
    return slot->rules != NULL ? 0 : -ENOMEM;
}

static bool merge_same_rules(const struct opening *a, const struct opening *b)
{
    if (a->rule_count != b->rule_count)
        return false;
    for (size_t i = 0; i < a->rule_count; i++)
        if (strcmp(a->rules[i]->id, b->rules[i]->id) != 0)
            return false;
    return true;
}

/* Joins neighbours among `items`, which are of one path and in the order of their first ports; those of other rules may
 * lie between. Returns how many are left. */
static size_t merge_neighbours(struct opening *items, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct opening *before = NULL;
        for (size_t k = kept; before == NULL && k > 0; k--) {
            struct opening *other = &items[k - 1];
            bool plain = other->range.step == 1 && items[i].range.step == 1;
            if (plain && other->range.high + 1 == items[i].range.low && merge_same_rules(other, &items[i]))
                before = other;
        }
        if (before != NULL)
            before->range.high = items[i].range.high;
        else
            items[kept++] = items[i];
    }
    return kept;
}

static bool merge_same_path(const struct opening *a, const struct opening *b)
{
    return a->source == b->source && a->destination == b->destination && a->families == b->families &&
           a->range.transport == b->range.transport;
}

static size_t merge_ranges(struct opening *items, size_t count)
{
    size_t kept = 0, end;
    for (size_t i = 0; i < count; i = end) {
        for (end = i + 1; end < count && merge_same_path(&items[i], &items[end]);)
            end++;
        size_t left = merge_neighbours(&items[i], end - i);
        memmove(&items[kept], &items[i], left * sizeof *items);
        kept += left;
    }
    return kept;
}

/* The order in which people read: whom, by whom, where; a choice of addresses decides last. */
static int compare_openings(const void *left, const void *right)
{
    const struct opening *a = left, *b = right;
    int order = compare_names(a->destination, b->destination);
    if (order == 0)
        order = compare_names(a->source, b->source);
    if (order == 0)
        order = compare_numbers(a->range.transport, b->range.transport);
    if (order == 0)
        order = compare_range(&a->range, &b->range);
    if (order == 0)
        order = compare_numbers(a->families, b->families);
    if (order == 0)
        order = compare_numbers(a->destination->variant, b->destination->variant);
    return order != 0 ? order : compare_numbers(a->source->variant, b->source->variant);
}

int merge_ways(struct matrix_build *build, struct matrix *matrix)
{
    struct way *ways = build->ways.items;
    size_t count = build->ways.count, end;
    struct opening_vector found = {0};
    int error = 0;
    if (count > 0)
        qsort(ways, count, sizeof *ways, merge_compare);
    for (size_t i = 0; error == 0 && i < count; i = end) {
        for (end = i + 1; end < count && compare_path(&ways[i], &ways[end]) == 0 &&
                          compare_range(&ways[i].range, &ways[end].range) == 0;)
            end++;
        error = merge_same(build, &ways[i], end - i, &found);
    }
    if (error == 0 && found.count > 0) {
        size_t kept = merge_ranges(found.items, found.count);
        struct opening *openings = ARENA_ARRAY(build->arena, struct opening, kept);
        if (openings != NULL) {
            memcpy(openings, found.items, kept * sizeof *openings);
            qsort(openings, kept, sizeof *openings, compare_openings);
            matrix->openings = openings;
            matrix->opening_count = kept;
        } else {
            error = -ENOMEM;
        }
    }
    VECTOR_DONE(&found);
    return error;
}
