/* Which row of B is which row of A, and what is told of the pair. */
#include "differing.h"

#include "portconform/vector.h"

#include <errno.h>
#include <string.h>

const char *difference_kind_name(enum difference_kind kind)
{
    switch (kind) {
    case DIFFERENCE_ADDED:
        return "added";
    case DIFFERENCE_REMOVED:
        return "removed";
    case DIFFERENCE_OPENED:
        return "opened";
    case DIFFERENCE_DROPPED:
        return "dropped";
    case DIFFERENCE_CHANGED:
        return "changed";
    }
    return "-";
}

/* --- collecting -------------------------------------------------------------------------------------------------- */

int differing_begin(struct differing *differing)
{
    *differing = (struct differing){.arena = arena_new()};
    return differing->arena != NULL ? 0 : -ENOMEM;
}

int differing_end(struct differing *differing, struct diff **ret)
{
    struct diff *diff = ARENA_NEW(differing->arena, struct diff);
    struct difference *items = ARENA_ARRAY(differing->arena, struct difference, differing->found.count);
    struct way_difference *ways = ARENA_ARRAY(differing->arena, struct way_difference, differing->ways.count);
    bool well = !differing->failed && diff != NULL && items != NULL && ways != NULL;
    if (well) {
        if (differing->found.count > 0)
            memcpy(items, differing->found.items, differing->found.count * sizeof(*items));
        if (differing->ways.count > 0)
            memcpy(ways, differing->ways.items, differing->ways.count * sizeof(*ways));
        *diff = (struct diff){differing->arena, items, differing->found.count, ways, differing->ways.count};
        *ret = diff;
    } else {
        arena_free(differing->arena);
    }
    VECTOR_DONE(&differing->found);
    VECTOR_DONE(&differing->ways);
    return well ? 0 : -ENOMEM;
}

void diff_free(struct diff *diff)
{
    if (diff != NULL)
        arena_free(diff->arena);
}

void differing_add(struct differing *differing, struct difference difference)
{
    struct difference *slot = VECTOR_PUSH(&differing->found);
    if (slot != NULL)
        *slot = difference;
    else
        differing->failed = true;
}

void differing_add_way(struct differing *differing, struct way_difference way)
{
    struct way_difference *slot = VECTOR_PUSH(&differing->ways);
    if (slot != NULL)
        *slot = way;
    else
        differing->failed = true;
}

const char *differing_copy(struct differing *differing, const char *string)
{
    if (string == NULL)
        return NULL;
    const char *copy = arena_strdup(differing->arena, string);
    differing->failed = differing->failed || copy == NULL;
    return copy;
}

const char *differing_keep(struct differing *differing, struct text *text)
{
    differing->failed = differing->failed || text->failed;
    const char *copy = text->length > 0 ? differing_copy(differing, text_string(text)) : NULL;
    text_clear(text);
    return copy;
}

/* --- matching ---------------------------------------------------------------------------------------------------- */

static size_t match_distance(const struct row *a, const struct row *b)
{
    size_t distance = 0;
    for (size_t i = 0; i < FIELD_COUNT; i++)
        distance += !text_equal(a->fields[i], b->fields[i]);
    return distance;
}

/* The free row of `rows` that is most like `row`, of those that agree in what is asked. */
static struct row *match_find(struct rows *rows, const struct row *row, bool by_id, bool by_ports)
{
    struct row *best = NULL;
    for (size_t i = 0; i < rows->count; i++) {
        struct row *other = &rows->items[i];
        if (other->other != NULL || (by_id && !text_equal(other->id, row->id)) ||
            (by_ports && !text_equal(other->ports, row->ports)))
            continue;
        if (best == NULL || match_distance(other, row) < match_distance(best, row))
            best = other;
    }
    return best;
}

static void match_pass(struct rows *a, struct rows *b, bool by_id, bool by_ports)
{
    for (size_t i = 0; i < b->count; i++) {
        struct row *row = &b->items[i];
        struct row *other = row->other == NULL ? match_find(a, row, by_id, by_ports) : NULL;
        if (other == NULL)
            continue;
        row->other = other;
        other->other = row;
    }
}

/* --- telling ----------------------------------------------------------------------------------------------------- */

static const char *const field_names[FIELD_COUNT] = {
    [FIELD_CALLERS] = "callers",       [FIELD_WHEN] = "when",           [FIELD_PRESENCE] = "presence",
    [FIELD_SCOPE] = "scope",           [FIELD_SERVICE] = "service",     [FIELD_FAMILY] = "family",
    [FIELD_SEGMENT] = "segment",       [FIELD_DIRECTION] = "direction", [FIELD_CHANGEABLE] = "changeable",
    [FIELD_FLAGS] = "nature",          [FIELD_ADDRESSES] = "addresses", [FIELD_SEVERITY] = "severity",
    [FIELD_VALUE] = "parameter value",
};

static void tell_changed(struct differing *differing, const struct row *a, const struct row *b, const char *field,
                         const char *before, const char *after)
{
    struct text ref = {0};
    text_add(&ref, b->ref);
    if (!text_equal(a->ref, b->ref))
        text_printf(&ref, " (was %s)", a->ref);
    differing_add(differing, (struct difference){
                                 .kind = DIFFERENCE_CHANGED,
                                 .where = b->where,
                                 .ports = b->ports,
                                 .field = field,
                                 .before = before != NULL ? before : "-",
                                 .after = after != NULL ? after : "-",
                                 .ref = differing_keep(differing, &ref),
                             });
    text_done(&ref);
}

static void tell_pair(struct differing *differing, const struct row *a, const struct row *b)
{
    if (!text_equal(a->ports, b->ports))
        tell_changed(differing, a, b, "ports", a->ports, b->ports);
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (!text_equal(a->fields[i], b->fields[i]))
            tell_changed(differing, a, b, field_names[i], a->fields[i], b->fields[i]);
}

static void tell_alone(struct differing *differing, const struct row *row, enum difference_kind kind)
{
    struct text about = {0};
    text_printf(&about, "for %s", row->fields[FIELD_CALLERS] != NULL ? row->fields[FIELD_CALLERS] : "anybody");
    if (row->fields[FIELD_WHEN] != NULL)
        text_printf(&about, ", when %s", row->fields[FIELD_WHEN]);
    if (row->fields[FIELD_PRESENCE] != NULL && strcmp(row->fields[FIELD_PRESENCE], "required") != 0)
        text_printf(&about, ", %s", row->fields[FIELD_PRESENCE]);
    differing_add(differing, (struct difference){
                                 .kind = kind,
                                 .where = row->where,
                                 .ports = row->ports,
                                 .about = differing_keep(differing, &about),
                                 .ref = row->ref,
                             });
    text_done(&about);
}

void rows_compare(struct differing *differing, struct rows *a, struct rows *b)
{
    match_pass(a, b, true, true);
    match_pass(a, b, false, true);
    match_pass(a, b, true, false);
    for (size_t i = 0; i < b->count; i++) {
        if (b->items[i].other != NULL)
            tell_pair(differing, b->items[i].other, &b->items[i]);
        else
            tell_alone(differing, &b->items[i], DIFFERENCE_OPENED);
    }
    for (size_t i = 0; i < a->count; i++)
        if (a->items[i].other == NULL)
            tell_alone(differing, &a->items[i], DIFFERENCE_DROPPED);
}
