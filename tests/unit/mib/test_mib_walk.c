/* PORTCONFORM-MIB without a master: every GET, every GETNEXT and their order, and walks over changing views. */
#include "internal.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

enum { MOST_INSTANCES = 4096 };

static int compare(const unsigned long *a, size_t a_length, const unsigned long *b, size_t b_length)
{
    for (size_t i = 0; i < a_length && i < b_length; i++) {
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    }
    return (a_length > b_length) - (a_length < b_length);
}

static void assert_same(const struct mib_value *a, const struct mib_value *b)
{
    assert_int_equal(a->type, b->type);
    if (a->type != MIB_OCTETS) {
        assert_int_equal(a->number, b->number);
        return;
    }
    assert_int_equal(a->length, b->length);
    assert_memory_equal(a->octets, b->octets, a->length);
}

/* Walks all of it: strictly upwards, and what a GETNEXT says a GET says too. */
static size_t walk(const struct mib_view *view, struct mib_instance *ret, size_t most)
{
    size_t count = 0;
    struct mib_instance before = {.length = 0}, next = {.length = 0};
    while (mib_next(view, world_now, before.oid, before.length, &next)) {
        struct mib_value value;
        assert_true(compare(before.oid, before.length, next.oid, next.length) < 0);
        assert_int_equal(mib_get(view, world_now, next.oid, next.length, &value), MIB_FOUND);
        assert_same(&value, &next.value);
        if (ret != NULL) {
            assert_true(count < most);
            ret[count] = next;
            if (next.value.octets == next.value.buffer)
                ret[count].value.octets = ret[count].value.buffer;
        }
        before = next; /* for its name alone */
        count++;
    }
    return count;
}

static size_t expected_instances(const size_t rows[TABLE_COUNT])
{
    size_t count = mib_general_table.column_count;
    for (size_t i = 0; i < TABLE_COUNT; i++)
        count += rows[i] * mib_tables[i].column_count;
    return count;
}

static const size_t world_rows[TABLE_COUNT] = {[TABLE_VERDICT] = VERDICT_COUNT - 1,
                                               [TABLE_HOST] = 3,
                                               [TABLE_FINDING] = 6,
                                               [TABLE_PROBLEM] = 4,
                                               [TABLE_LISTENER] = 4,
                                               [TABLE_TARGET] = 2,
                                               [TABLE_EVENT] = 3};

static void test_walk_answers_everything_in_order(void **state)
{
    struct world *world = *state;
    struct mib_view *view = world_view(world, world->snapshot, NULL);
    assert_int_equal(walk(view, NULL, 0), expected_instances(world_rows));
    mib_view_free(view);
}

static void test_walk_before_the_first_look(void **state)
{
    struct world *world = *state;
    const struct mib_numbers numbers = {mib_numbering_number, world->numbering};
    const size_t rows[TABLE_COUNT] = {[TABLE_VERDICT] = VERDICT_COUNT - 1};
    const unsigned long severity[] = {1, 18, 0}, age[] = {1, 15, 0}, finished[] = {1, 14, 0};
    struct mib_view *view;
    struct mib_value value;
    assert_int_equal(mib_view_new(&(struct mib_source){.snapshot = NULL}, NULL, &numbers, &view), 0);
    assert_int_equal(walk(view, NULL, 0), expected_instances(rows));
    assert_int_equal(mib_get(view, world_now, severity, 3, &value), MIB_FOUND);
    assert_int_equal(value.number, SEVERITY_UNKNOWN);
    assert_int_equal(mib_get(view, world_now, age, 3, &value), MIB_FOUND);
    assert_int_equal(value.number, UINT32_MAX);
    assert_int_equal(mib_get(view, world_now, finished, 3, &value), MIB_FOUND);
    assert_int_equal(value.length, 8);
    mib_view_free(view);
}

/* The next of any name is the first instance behind it; GET finds what is among them and nothing else. */
static void check_name(const struct mib_view *view, const struct mib_instance *all, size_t count,
                       const unsigned long *oid, size_t length)
{
    size_t at = 0;
    while (at < count && compare(all[at].oid, all[at].length, oid, length) <= 0)
        at++;
    bool is_there = at > 0 && compare(all[at - 1].oid, all[at - 1].length, oid, length) == 0;
    struct mib_instance next;
    struct mib_value value;
    assert_int_equal(mib_get(view, world_now, oid, length, &value) == MIB_FOUND, is_there);
    assert_int_equal(mib_next(view, world_now, oid, length, &next), at < count);
    if (at < count) {
        assert_int_equal(compare(next.oid, next.length, all[at].oid, all[at].length), 0);
        assert_same(&next.value, &all[at].value);
    }
}

static void test_next_and_get_of_any_name(void **state)
{
    static struct mib_instance all[MOST_INSTANCES];
    static const unsigned long odd[] = {
        0, 1, 2, 3, 4, 5, 8, 9, 10, 41, 4294967294, 4294967295, 4294967296, 4294967297, 18446744073709551615UL};
    struct world *world = *state;
    struct mib_view *view = world_view(world, world->snapshot, NULL);
    size_t count = walk(view, all, MOST_INSTANCES);
    check_name(view, all, count, NULL, 0);
    for (size_t i = 0; i < count; i++) {
        unsigned long oid[MIB_OID_MAX + 1];
        memcpy(oid, all[i].oid, sizeof(all[i].oid));
        for (size_t length = 1; length <= all[i].length; length++) {
            check_name(view, all, count, oid, length);
            for (size_t k = 0; k < sizeof(odd) / sizeof(odd[0]); k++) {
                unsigned long kept = oid[length - 1];
                oid[length - 1] = odd[k];
                check_name(view, all, count, oid, length);
                oid[length - 1] = kept;
            }
        }
        for (size_t k = 0; k < sizeof(odd) / sizeof(odd[0]); k++) {
            oid[all[i].length] = odd[k];
            check_name(view, all, count, oid, all[i].length + 1);
        }
    }
    mib_view_free(view);
}

static void test_what_a_get_misses(void **state)
{
    struct world *world = *state;
    struct mib_view *view = world_view(world, world->snapshot, NULL);
    static const struct {
        unsigned long oid[6];
        size_t length;
        enum mib_answer answer;
    } cases[] = {
        {{0}, 0, MIB_NO_OBJECT},
        {{1}, 1, MIB_NO_OBJECT},
        {{1, 0, 0}, 3, MIB_NO_OBJECT},
        {{1, 99, 0}, 3, MIB_NO_OBJECT},
        {{1, 1}, 2, MIB_NO_INSTANCE},
        {{1, 1, 1}, 3, MIB_NO_INSTANCE},
        {{3, 1, 1, 1}, 4, MIB_NO_OBJECT},
        {{3, 1, 99, 1}, 4, MIB_NO_OBJECT},
        {{3, 2, 2, 1}, 4, MIB_NO_OBJECT},
        {{3, 1, 2}, 3, MIB_NO_INSTANCE},
        {{4, 1, 2, 1}, 4, MIB_NO_INSTANCE},
        {{9, 1, 0}, 3, MIB_NO_OBJECT},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mib_value value;
        assert_int_equal(mib_get(view, world_now, cases[i].oid, cases[i].length, &value), cases[i].answer);
    }
    mib_view_free(view);
}

/* --- walks over changing views ------------------------------------------------------------------------------------ */

enum { KEYS = 40 };
static unsigned long dice;

static unsigned roll(unsigned sides)
{
    dice = dice * 6364136223846793005UL + 1442695040888963407UL;
    return (unsigned)(dice >> 33) % sides;
}

/* Each key is there with a chance of two in three, those below `staying` always. */
static struct snapshot *some_of(unsigned staying)
{
    struct finding_block *blocks[3] = {world_block(NULL, NULL, 0)};
    for (unsigned h = 0; h < 2; h++) {
        const char *keys[KEYS];
        char texts[KEYS][16];
        size_t count = 0;
        for (unsigned i = 0; i < KEYS; i++) {
            if (i >= staying && roll(3) == 0)
                continue;
            snprintf(texts[count], sizeof(texts[0]), "h%u|%u", h, i);
            keys[count] = texts[count];
            count++;
        }
        blocks[h + 1] = world_block(h == 0 ? "h0" : "h1", keys, count);
    }
    return world_snapshot(blocks, 3);
}

/* Hazard: a walk meets an update. A row that stays is neither skipped nor repeated, whatever comes and goes around it.
 */
static void test_a_walk_survives_updates(void **state)
{
    enum { STAYING = 10 };
    struct world *world = *state;
    dice = 1;
    for (unsigned round = 0; round < 50; round++) {
        struct mib_view *view = NULL;
        unsigned seen[2][STAYING] = {{0}};
        struct mib_instance at = {.oid = {4, 1, 2}, .length = 3}, next;
        for (;;) {
            struct snapshot *snapshot = some_of(STAYING);
            struct mib_view *newer = world_view(world, snapshot, view);
            unsigned host, key;
            char text[16];
            snapshot_unref(snapshot);
            mib_view_free(view);
            view = newer;
            if (!mib_next(view, world_now, at.oid, at.length, &next) || next.oid[0] != 4 || next.oid[2] != 2)
                break;
            assert_true(compare(at.oid, at.length, next.oid, next.length) < 0);
            assert_true(next.value.length < sizeof(text));
            memcpy(text, next.value.octets, next.value.length);
            text[next.value.length] = '\0';
            assert_int_equal(sscanf(text, "h%u|%u", &host, &key), 2);
            if (key < STAYING)
                seen[host][key]++;
            at = next;
        }
        for (unsigned i = 0; i < STAYING; i++) {
            assert_int_equal(seen[0][i], 1);
            assert_int_equal(seen[1][i], 1);
        }
        mib_view_free(view);
    }
}

static void test_a_block_that_stays_is_taken_over(void **state)
{
    struct world *world = *state;
    struct mib_view *view = world_view(world, world->snapshot, NULL);
    struct finding_block *blocks[] = {finding_block_ref(world->snapshot->blocks[0]),
                                      finding_block_ref(world->snapshot->blocks[1]),
                                      world_block("mgr02", world_other_keys, 1)};
    struct snapshot *newer = world_snapshot(blocks, 3);
    struct mib_view *next = world_view(world, newer, view);
    assert_ptr_equal(next->blocks[1], view->blocks[1]);
    assert_ptr_not_equal(next->blocks[2], view->blocks[2]);
    assert_ptr_equal(next->listings[0], view->listings[0]);
    mib_view_free(view);
    assert_int_equal(next->blocks[1]->references, 1);
    assert_true(walk(next, NULL, 0) > 0);
    mib_view_free(next);
    snapshot_unref(newer);
}

static void test_a_key_that_comes_twice_has_one_row(void **state)
{
    static const char *const twice[] = {"a", "b", "a"};
    struct world *world = *state;
    struct finding_block *blocks[] = {world_block(NULL, twice, 3)};
    struct snapshot *snapshot = world_snapshot(blocks, 1);
    struct mib_view *view = world_view(world, snapshot, NULL);
    assert_int_equal(view->tables[TABLE_FINDING].groups[0].count, 2);
    mib_view_free(view);
    snapshot_unref(snapshot);
}

/* No number, no row: what else is there is served all the same. */
static uint32_t no_number(void *context, const char *space, const char *key)
{
    (void)key;
    return strcmp(space, context) == 0 ? 0 : 1;
}

static void test_what_has_no_number_is_not_served(void **state)
{
    struct world *world = *state;
    static char *const spaces[] = {"host", "finding", "listener", "target"};
    for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
        const struct mib_numbers numbers = {no_number, spaces[i]};
        struct mib_source source = {.snapshot = world->snapshot, .status = world->status, .listing_count = 2};
        source.listings = world->listings;
        struct mib_view *view;
        assert_int_equal(mib_view_new(&source, NULL, &numbers, &view), 0);
        assert_true(walk(view, NULL, 0) > 0);
        mib_view_free(view);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_walk_answers_everything_in_order, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_walk_before_the_first_look, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_next_and_get_of_any_name, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_what_a_get_misses, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_a_walk_survives_updates, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_a_block_that_stays_is_taken_over, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_a_key_that_comes_twice_has_one_row, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_what_has_no_number_is_not_served, world_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
