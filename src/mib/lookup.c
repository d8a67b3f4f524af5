/* Look-ups in a view: a binary search a column, and mostly none, because who walks asks for the row behind the last. */
#include "internal.h"

#include "portconform/sorted.h"

#include <string.h>

/* The indexes of a row, the host's first; in a table that is not by host, that is 0. */
struct key {
    uint32_t host, index;
};

static bool key_before(const struct mib_group *group, size_t row, struct key key)
{
    return group->index != key.host ? group->index < key.host : group->rows[row].index < key.index;
}

static struct mib_place place_after(const struct mib_rows *rows, struct mib_place place)
{
    if (place.group < rows->count && ++place.row == rows->groups[place.group].count)
        return (struct mib_place){place.group + 1, 0};
    return place;
}

/* Is `place` the first one that is not before `key`? */
static bool place_fits(const struct mib_rows *rows, struct mib_place place, struct key key)
{
    if (place.group >= rows->count || key_before(&rows->groups[place.group], place.row, key))
        return false;
    if (place.row > 0)
        return key_before(&rows->groups[place.group], place.row - 1, key);
    if (place.group == 0)
        return true;
    const struct mib_group *before = &rows->groups[place.group - 1];
    return key_before(before, before->count - 1, key);
}

static struct mib_place place_search(const struct mib_rows *rows, struct key key)
{
    const struct mib_group *groups = rows->groups;
    /* the first group whose last row is not before the key; that row needs no second look */
    size_t at = SORTED_PLACE(i, rows->count, key_before(&groups[i], groups[i].count - 1, key));
    if (at == rows->count)
        return (struct mib_place){at, 0};
    return (struct mib_place){at, SORTED_PLACE(i, groups[at].count - 1, key_before(&groups[at], i, key))};
}

/* The first place that is not before `key`; group == count where there is none. */
static struct mib_place place_at_least(struct mib_rows *rows, struct key key)
{
    if (!place_fits(rows, rows->last, key)) {
        struct mib_place next = place_after(rows, rows->last);
        rows->last = place_fits(rows, next, key) ? next : place_search(rows, key);
    }
    return rows->last;
}

static void table_cell(const struct mib_table *table, const struct mib_rows *rows, struct mib_place place,
                       unsigned long column, struct moment now, struct mib_value *ret)
{
    const struct mib_group *group = &rows->groups[place.group];
    mib_cell(&table->columns[column - FIRST_COLUMN], group->rows[place.row].item, group->block, now, ret);
}

static struct mib_rows *table_rows(const struct mib_view *view, size_t table)
{
    return (struct mib_rows *)&view->tables[table]; /* for `last`, which only one thread moves */
}

/* --- GET ---------------------------------------------------------------------------------------------------------- */

static enum mib_answer get_scalar(const struct mib_view *view, struct moment now, const unsigned long *oid,
                                  size_t length, struct mib_value *ret)
{
    if (length < 2 || oid[1] < 1 || oid[1] > mib_general_table.column_count)
        return MIB_NO_OBJECT;
    if (length != 3 || oid[2] != 0)
        return MIB_NO_INSTANCE;
    mib_cell(&mib_general_table.columns[oid[1] - 1], &view->general, NULL, now, ret);
    return MIB_FOUND;
}

static enum mib_answer get_cell(const struct mib_view *view, struct moment now, const unsigned long *oid, size_t length,
                                struct mib_value *ret)
{
    const struct mib_table *table = &mib_tables[oid[0] - FIRST_BRANCH];
    struct mib_rows *rows = table_rows(view, oid[0] - FIRST_BRANCH);
    if (length < 3 || oid[1] != TABLE_ENTRY || oid[2] < FIRST_COLUMN || oid[2] >= FIRST_COLUMN + table->column_count)
        return MIB_NO_OBJECT;
    if (length != (table->by_host ? 5U : 4U) || oid[3] > UINT32_MAX || oid[length - 1] > UINT32_MAX)
        return MIB_NO_INSTANCE;
    struct key key = {table->by_host ? (uint32_t)oid[3] : 0, (uint32_t)oid[length - 1]};
    struct mib_place place = place_at_least(rows, key);
    if (place.group == rows->count || rows->groups[place.group].index != key.host ||
        rows->groups[place.group].rows[place.row].index != key.index)
        return MIB_NO_INSTANCE;
    table_cell(table, rows, place, oid[2], now, ret);
    return MIB_FOUND;
}

enum mib_answer mib_get(const struct mib_view *view, struct moment now, const unsigned long *oid, size_t length,
                        struct mib_value *ret)
{
    if (length > 0 && oid[0] == GENERAL_BRANCH)
        return get_scalar(view, now, oid, length, ret);
    if (length > 0 && oid[0] >= FIRST_BRANCH && oid[0] < FIRST_BRANCH + TABLE_COUNT)
        return get_cell(view, now, oid, length, ret);
    return MIB_NO_OBJECT;
}

/* --- GETNEXT ------------------------------------------------------------------------------------------------------ */

/* <0, 0, >0; a prefix comes before what it begins. */
static int oid_compare(const unsigned long *a, size_t a_length, const unsigned long *b, size_t b_length)
{
    for (size_t i = 0; i < a_length && i < b_length; i++) {
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    }
    return (a_length > b_length) - (a_length < b_length);
}

static bool next_scalar(const struct mib_view *view, struct moment now, const unsigned long *oid, size_t length,
                        struct mib_instance *ret)
{
    unsigned long id = 1;
    if (length > 0 && oid[0] > GENERAL_BRANCH)
        return false;
    if (length > 1 && oid[0] == GENERAL_BRANCH && oid[1] > 0)
        id = oid[1];
    for (; id <= mib_general_table.column_count; id++) {
        const unsigned long instance[] = {GENERAL_BRANCH, id, 0};
        if (oid_compare(instance, 3, oid, length) <= 0)
            continue;
        memcpy(ret->oid, instance, sizeof(instance));
        ret->length = 3;
        mib_cell(&mib_general_table.columns[id - 1], &view->general, NULL, now, &ret->value);
        return true;
    }
    return false;
}

/* The least key that is after the `length` indexes at `indexes`. False: none is. */
static bool key_after(const unsigned long *indexes, size_t length, bool by_host, struct key *ret)
{
    *ret = (struct key){0, 0};
    if (length == 0)
        return true;
    unsigned long host = by_host ? indexes[0] : 0, index = indexes[by_host ? 1 : 0];
    if (host > UINT32_MAX)
        return false;
    ret->host = (uint32_t)host;
    if (by_host && length == 1)
        return true;
    if (index < UINT32_MAX) {
        ret->index = (uint32_t)index + 1;
        return true;
    }
    ret->host++;
    return by_host && host < UINT32_MAX;
}

/* The row that follows `oid` in a column: the first one, one after the indexes in `oid`, or none (group == count). */
static struct mib_place next_place(const struct mib_table *table, struct mib_rows *rows, unsigned long column,
                                   const unsigned long *oid, size_t length)
{
    const struct mib_place none = {rows->count, 0};
    const unsigned long prefix[] = {table->branch, TABLE_ENTRY, column};
    struct key key;
    if (rows->count == 0)
        return none;
    if (oid_compare(prefix, 3, oid, length) >= 0)
        return (struct mib_place){0, 0};
    if (length < 3 || memcmp(prefix, oid, sizeof(prefix)) != 0)
        return none;
    /* more indexes than there are make a name that comes after the row of the first ones */
    size_t wanted = table->by_host ? 2 : 1;
    if (!key_after(oid + 3, length - 3 < wanted ? length - 3 : wanted, table->by_host, &key))
        return none;
    return place_at_least(rows, key);
}

static bool next_cell(const struct mib_view *view, size_t id, struct moment now, const unsigned long *oid,
                      size_t length, struct mib_instance *ret)
{
    const struct mib_table *table = &mib_tables[id];
    struct mib_rows *rows = table_rows(view, id);
    unsigned long column = FIRST_COLUMN;
    if (length > 2 && oid[0] == table->branch && oid[1] == TABLE_ENTRY && oid[2] > column)
        column = oid[2];
    for (; column < FIRST_COLUMN + table->column_count; column++) {
        struct mib_place place = next_place(table, rows, column, oid, length);
        if (place.group >= rows->count)
            continue;
        const struct mib_group *group = &rows->groups[place.group];
        unsigned long *at = ret->oid;
        *at++ = table->branch;
        *at++ = TABLE_ENTRY;
        *at++ = column;
        if (table->by_host)
            *at++ = group->index;
        *at++ = group->rows[place.row].index;
        ret->length = (size_t)(at - ret->oid);
        table_cell(table, rows, place, column, now, &ret->value);
        return true;
    }
    return false;
}

bool mib_next(const struct mib_view *view, struct moment now, const unsigned long *oid, size_t length,
              struct mib_instance *ret)
{
    if (next_scalar(view, now, oid, length, ret))
        return true;
    size_t first =
        length > 0 && oid[0] > FIRST_BRANCH ? (oid[0] < NOTIFY_BRANCH ? oid[0] : NOTIFY_BRANCH) : FIRST_BRANCH;
    for (size_t id = first - FIRST_BRANCH; id < TABLE_COUNT; id++) {
        if (next_cell(view, id, now, oid, length, ret))
            return true;
    }
    return false;
}
