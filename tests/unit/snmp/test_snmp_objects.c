/* PORTCONFORM-MIB without a master: every GET, every GETNEXT and their order, over a snapshot made by hand. */
#include "objects.h"

#include "portconform/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { SCALARS = 18, FIRST_COLUMN = 2, LAST_COLUMN = 23 };
enum { COLUMN_KEY = 2, COLUMN_HOST = 3, COLUMN_ADDRESS_TYPE = 5, COLUMN_ADDRESS = 6, COLUMN_PORT = 9 };
enum { COLUMN_VERDICT = 10, COLUMN_SINCE = 16, COLUMN_GUIDE = 17, COLUMN_PROBE = 20, COLUMN_HELD = 22 };

static const struct moment now = {.mono_ms = 100000, .wall_ms = 1795000000000};

/* One block with a finding a key, "missing" on tcp 31000. */
static struct finding_block *block_of(const char *const *keys, size_t count)
{
    struct finding_block *block = finding_block_new("mgr01");
    assert_non_null(block);
    for (size_t i = 0; i < count; i++) {
        struct finding *finding = finding_block_add(block);
        assert_non_null(finding);
        finding->key = arena_strdup(block->arena, keys[i]);
        finding->host = "mgr01";
        finding->ports = "31000";
        finding->port = 31000;
        finding->transport = TRANSPORT_TCP;
        finding->verdict = VERDICT_MISSING;
        finding->severity = SEVERITY_CRITICAL;
        assert_int_equal(address_parse("10.0.1.10", &finding->address), 0);
    }
    return block;
}

static struct snapshot *snapshot_of(struct finding_block *block)
{
    struct snapshot head = {.site = "osaka-dc", .vantage = "mon1", .acts_as = "", .config_hash = "c0ffee"};
    head.finished = (struct moment){.mono_ms = 58000, .wall_ms = 1794999958700};
    head.took_ms = 940;
    head.host_count = 1;
    struct finding_block *blocks[] = {block};
    struct snapshot *snapshot = snapshot_new(&head, blocks, 1);
    assert_non_null(snapshot);
    return snapshot;
}

static struct mib_view *view_of(struct snapshot *snapshot, struct numbering *numbering)
{
    struct mib_view *view = NULL;
    assert_int_equal(mib_view_new(snapshot, numbering, &view), 0);
    snapshot_unref(snapshot); /* the view has its own */
    return view;
}

static const char *const three_keys[] = {"mgr01|-|site/tcp-22|22", "mgr01|manager|jp1-itdm/agent/1|31001",
                                         "mgr01|manager|jp1-itdm/manager/2|31000"};

/* Octets that were written into the value's own buffer are found again in the copy. */
static struct mib_value get(const struct mib_view *view, const unsigned long *oid, size_t length)
{
    struct mib_value value = {0}, copy;
    assert_int_equal(mib_get(view, now, oid, length, &value), MIB_FOUND);
    copy = value;
    if (value.type == MIB_OCTETS && value.octets == value.buffer)
        copy.octets = NULL;
    return copy;
}

static int64_t get_number(const struct mib_view *view, unsigned long column, unsigned long row)
{
    const unsigned long oid[] = {2, 1, column, row};
    struct mib_value value = get(view, oid, 4);
    assert_int_not_equal(value.type, MIB_OCTETS);
    return value.number;
}

static void assert_cell_octets(const struct mib_view *view, unsigned long column, unsigned long row, const void *octets,
                               size_t length)
{
    const unsigned long oid[] = {2, 1, column, row};
    struct mib_value value = {0};
    assert_int_equal(mib_get(view, now, oid, 4, &value), MIB_FOUND);
    assert_int_equal(value.type, MIB_OCTETS);
    assert_int_equal(value.length, length);
    assert_memory_equal(value.octets, octets, length);
}

static int compare(const struct mib_instance *a, const struct mib_instance *b)
{
    for (size_t i = 0; i < a->length && i < b->length; i++) {
        if (a->oid[i] != b->oid[i])
            return a->oid[i] < b->oid[i] ? -1 : 1;
    }
    return (a->length > b->length) - (a->length < b->length);
}

/* Walks all of it: strictly upwards, and what a GETNEXT says a GET says too. Returns the number of instances. */
static size_t walk(const struct mib_view *view)
{
    size_t count = 0;
    struct mib_instance before = {0}, next;
    while (mib_next(view, now, before.oid, before.length, &next)) {
        assert_true(compare(&before, &next) < 0);
        struct mib_value value = {0};
        assert_int_equal(mib_get(view, now, next.oid, next.length, &value), MIB_FOUND);
        assert_int_equal(value.type, next.value.type);
        if (value.type == MIB_OCTETS) {
            assert_int_equal(value.length, next.value.length);
            assert_memory_equal(value.octets, next.value.octets, value.length);
        } else {
            assert_int_equal(value.number, next.value.number);
        }
        before = next;
        count++;
    }
    return count;
}

static void test_walk_answers_everything_in_order(void **state)
{
    (void)state;
    struct numbering numbering = {0};
    struct mib_view *view = view_of(snapshot_of(block_of(three_keys, 3)), &numbering);
    assert_int_equal(walk(view), SCALARS + 3 * (LAST_COLUMN - FIRST_COLUMN + 1));
    mib_view_free(view);
    numbering_done(&numbering);
}

static void test_walk_before_the_first_cycle(void **state)
{
    (void)state;
    struct numbering numbering = {0};
    struct mib_view *view = NULL;
    assert_int_equal(mib_view_new(NULL, &numbering, &view), 0);
    assert_int_equal(walk(view), SCALARS);
    const unsigned long severity[] = {1, 7, 0}, age[] = {1, 5, 0}, finished[] = {1, 4, 0};
    assert_int_equal(get(view, severity, 3).number, SEVERITY_UNKNOWN);
    assert_int_equal(get(view, age, 3).number, UINT32_MAX);
    assert_int_equal(get(view, finished, 3).length, 8);
    mib_view_free(view);
}

static void test_scalars(void **state)
{
    (void)state;
    struct numbering numbering = {0};
    struct mib_view *view = view_of(snapshot_of(block_of(three_keys, 3)), &numbering);
    const unsigned long site[] = {1, 2, 0}, age[] = {1, 5, 0}, took[] = {1, 6, 0}, severity[] = {1, 7, 0};
    const unsigned long expectations[] = {1, 10, 0}, conforming[] = {1, 11, 0}, nonconforming[] = {1, 12, 0};
    struct mib_value value = get(view, site, 3);
    assert_int_equal(value.length, strlen("osaka-dc"));
    assert_memory_equal(value.octets, "osaka-dc", value.length);
    assert_int_equal(get(view, age, 3).number, 42);
    assert_int_equal(get(view, took, 3).number, 940);
    assert_int_equal(get(view, severity, 3).number, SEVERITY_CRITICAL);
    assert_int_equal(get(view, expectations, 3).number, 3);
    assert_int_equal(get(view, conforming, 3).number, 0);
    assert_int_equal(get(view, nonconforming, 3).number, 3);
    mib_view_free(view);
    numbering_done(&numbering);
}

static void test_cells(void **state)
{
    (void)state;
    struct numbering numbering = {0};
    struct finding_block *block = block_of(three_keys, 3);
    block->items[1].held = true;
    block->items[1].since_ms = 1794999958700;
    block->items[1].guide = "jp1-itdm";
    block->items[2].address.family = AF_UNSPEC;
    struct mib_view *view = view_of(snapshot_of(block), &numbering);
    assert_cell_octets(view, COLUMN_KEY, 2, three_keys[1], strlen(three_keys[1]));
    assert_cell_octets(view, COLUMN_HOST, 1, "mgr01", 5);
    assert_cell_octets(view, COLUMN_ADDRESS, 2, "\x0a\x00\x01\x0a", 4);
    assert_cell_octets(view, COLUMN_ADDRESS, 3, "", 0);
    assert_cell_octets(view, COLUMN_GUIDE, 1, "", 0);
    assert_cell_octets(view, COLUMN_GUIDE, 2, "jp1-itdm", 8);
    assert_int_equal(get_number(view, COLUMN_ADDRESS_TYPE, 2), 1);
    assert_int_equal(get_number(view, COLUMN_ADDRESS_TYPE, 3), 0);
    assert_int_equal(get_number(view, COLUMN_PORT, 1), 31000);
    assert_int_equal(get_number(view, COLUMN_VERDICT, 1), VERDICT_MISSING);
    assert_int_equal(get_number(view, COLUMN_HELD, 1), 2);
    assert_int_equal(get_number(view, COLUMN_HELD, 2), 1);
    mib_view_free(view);
    numbering_done(&numbering);
}

static void test_date_carries_the_offset(void **state)
{
    (void)state;
    assert_int_equal(setenv("TZ", "XXX-9:30", 1), 0);
    tzset();
    struct numbering numbering = {0};
    struct finding_block *block = block_of(three_keys, 1);
    block->items[0].since_ms = 1700000000300; /* 2023-11-14 22:13:20.3 UTC */
    struct mib_view *view = view_of(snapshot_of(block), &numbering);
    static const unsigned char expected[] = {0x07, 0xE7, 11, 15, 7, 43, 20, 3, '+', 9, 30};
    assert_cell_octets(view, COLUMN_SINCE, 1, expected, sizeof(expected));
    mib_view_free(view);
    numbering_done(&numbering);
    unsetenv("TZ");
    tzset();
}

static void test_link_local_address_carries_its_zone(void **state)
{
    (void)state;
    struct numbering numbering = {0};
    struct finding_block *block = block_of(three_keys, 1);
    assert_int_equal(address_parse("fe80::1", &block->items[0].address), 0);
    block->items[0].address.zone = 3;
    struct mib_view *view = view_of(snapshot_of(block), &numbering);
    static const unsigned char expected[20] = {0xfe, 0x80, [15] = 1, [19] = 3};
    assert_int_equal(get_number(view, COLUMN_ADDRESS_TYPE, 1), 4);
    assert_cell_octets(view, COLUMN_ADDRESS, 1, expected, sizeof(expected));
    mib_view_free(view);
    numbering_done(&numbering);
}

static void test_long_text_is_cut_between_characters(void **state)
{
    (void)state;
    struct numbering numbering = {0};
    struct finding_block *block = block_of(three_keys, 1);
    char *text = arena_alloc(block->arena, 2000);
    memset(text, 'a', 1999);
    memcpy(text + 1022, "\xE6\x97\xA5", 3); /* octets 1022 to 1024: the limit lies inside */
    block->items[0].probe = text;
    struct mib_view *view = view_of(snapshot_of(block), &numbering);
    assert_cell_octets(view, COLUMN_PROBE, 1, text, 1022);
    mib_view_free(view);
    numbering_done(&numbering);
}

static void test_get_of_what_is_not_there(void **state)
{
    (void)state;
    static const struct {
        unsigned long oid[6];
        size_t length;
        enum mib_answer answer;
    } cases[] = {
        {{0}, 0, MIB_NO_OBJECT},
        {{1}, 1, MIB_NO_OBJECT},
        {{1, 0, 0}, 3, MIB_NO_OBJECT},
        {{1, SCALARS + 1, 0}, 3, MIB_NO_OBJECT},
        {{1, 1}, 2, MIB_NO_INSTANCE},
        {{1, 1, 1}, 3, MIB_NO_INSTANCE},
        {{1, 1, 0, 0}, 4, MIB_NO_INSTANCE},
        {{2, 1, 1, 1}, 4, MIB_NO_OBJECT}, /* the index is not accessible */
        {{2, 1, LAST_COLUMN + 1, 1}, 4, MIB_NO_OBJECT},
        {{2, 2, 2, 1}, 4, MIB_NO_OBJECT},
        {{2, 1, 2}, 3, MIB_NO_INSTANCE},
        {{2, 1, 2, 0}, 4, MIB_NO_INSTANCE},
        {{2, 1, 2, 4}, 4, MIB_NO_INSTANCE},
        {{2, 1, 2, 4294967297}, 4, MIB_NO_INSTANCE}, /* one, in 32 bits */
        {{2, 1, 2, 1, 0}, 5, MIB_NO_INSTANCE},
    };
    struct numbering numbering = {0};
    struct mib_view *view = view_of(snapshot_of(block_of(three_keys, 3)), &numbering);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mib_value value;
        assert_int_equal(mib_get(view, now, cases[i].oid, cases[i].length, &value), cases[i].answer);
    }
    mib_view_free(view);
    numbering_done(&numbering);
}

static void test_next_from_anywhere(void **state)
{
    (void)state;
    static const struct {
        unsigned long oid[6];
        size_t length;
        unsigned long next[4]; /* {0}: the end */
    } cases[] = {
        {{0}, 0, {1, 1, 0}},
        {{1, 3}, 2, {1, 3, 0}},
        {{1, 3, 0}, 3, {1, 4, 0}},
        {{1, 3, 0, 5}, 4, {1, 4, 0}},
        {{1, SCALARS, 0}, 3, {2, 1, 2, 1}},
        {{1, 99}, 2, {2, 1, 2, 1}},
        {{2}, 1, {2, 1, 2, 1}},
        {{2, 1, 1, 77}, 4, {2, 1, 2, 1}},
        {{2, 1, 3}, 3, {2, 1, 3, 1}},
        {{2, 1, 3, 0}, 4, {2, 1, 3, 1}},
        {{2, 1, 3, 1}, 4, {2, 1, 3, 2}},
        {{2, 1, 3, 1, 9}, 5, {2, 1, 3, 2}},
        {{2, 1, 3, 3}, 4, {2, 1, 4, 1}},
        {{2, 1, 3, 4294967295}, 4, {2, 1, 4, 1}},
        {{2, 1, 3, 18446744073709551615UL}, 4, {2, 1, 4, 1}},
        {{2, 1, LAST_COLUMN, 3}, 4, {0}},
        {{2, 2}, 2, {0}},
        {{3}, 1, {0}},
    };
    struct numbering numbering = {0};
    struct mib_view *view = view_of(snapshot_of(block_of(three_keys, 3)), &numbering);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mib_instance next = {0};
        bool found = mib_next(view, now, cases[i].oid, cases[i].length, &next);
        assert_int_equal(found, cases[i].next[0] != 0);
        if (found)
            assert_memory_equal(next.oid, cases[i].next, next.length * sizeof(next.oid[0]));
    }
    mib_view_free(view);
    numbering_done(&numbering);
}

/* A walk survives an update: rows keep their numbers, new ones come behind, those that are gone leave a gap. */
static void test_row_numbers_are_stable(void **state)
{
    (void)state;
    static const char *const changed[] = {"aaa|-|site/tcp-1|1", "mgr01|-|site/tcp-22|22",
                                          "mgr01|manager|jp1-itdm/manager/2|31000"};
    struct numbering numbering = {0};
    mib_view_free(view_of(snapshot_of(block_of(three_keys, 3)), &numbering));
    struct mib_view *view = view_of(snapshot_of(block_of(changed, 3)), &numbering);
    assert_int_equal(view->count, 3);
    assert_int_equal(view->rows[0].index, 1);
    assert_int_equal(view->rows[1].index, 3);
    assert_int_equal(view->rows[2].index, 4);
    assert_string_equal(view->rows[1].finding->key, three_keys[2]);
    assert_string_equal(view->rows[2].finding->key, changed[0]);
    mib_view_free(view);
    view = view_of(snapshot_of(block_of(three_keys, 3)), &numbering);
    assert_int_equal(view->rows[1].index, 2); /* back under its old number */
    assert_string_equal(view->rows[1].finding->key, three_keys[1]);
    mib_view_free(view);
    numbering_done(&numbering);
}

static void test_a_key_that_comes_twice_has_one_row(void **state)
{
    (void)state;
    static const char *const twice[] = {"a", "b", "a"};
    struct numbering numbering = {0};
    struct mib_view *view = view_of(snapshot_of(block_of(twice, 3)), &numbering);
    assert_int_equal(view->count, 2);
    mib_view_free(view);
    numbering_done(&numbering);
}

/* Twenty thousand rows: the walk is a binary search a step, so this is a matter of milliseconds. */
static void test_walk_of_many_rows(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    struct finding_block *block = finding_block_new("mgr01");
    assert_non_null(block);
    for (unsigned i = 0; i < MANY; i++) {
        struct finding *finding = finding_block_add(block);
        assert_non_null(finding);
        finding->key = arena_printf(block->arena, "mgr01|-|site/tcp-%u|%u", i, i);
    }
    struct numbering numbering = {0};
    struct mib_view *view = view_of(snapshot_of(block), &numbering);
    assert_int_equal(walk(view), SCALARS + MANY * (LAST_COLUMN - FIRST_COLUMN + 1));
    mib_view_free(view);
    numbering_done(&numbering);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk_answers_everything_in_order),
        cmocka_unit_test(test_walk_before_the_first_cycle),
        cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_date_carries_the_offset),
        cmocka_unit_test(test_link_local_address_carries_its_zone),
        cmocka_unit_test(test_long_text_is_cut_between_characters),
        cmocka_unit_test(test_get_of_what_is_not_there),
        cmocka_unit_test(test_next_from_anywhere),
        cmocka_unit_test(test_row_numbers_are_stable),
        cmocka_unit_test(test_a_key_that_comes_twice_has_one_row),
        cmocka_unit_test(test_walk_of_many_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
