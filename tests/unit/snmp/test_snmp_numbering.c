/* Row numbers: given once, kept, never given again. */
#include "numbering.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Takes the C library's place in this program, to fail at the n-th call; 0: never. */
static unsigned strdup_fails_at;

char *strdup(const char *text)
{
    if (strdup_fails_at > 0 && --strdup_fails_at == 0)
        return NULL;
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    return copy == NULL ? NULL : memcpy(copy, text, size);
}

static void assign(struct numbering *numbering, const char *const *keys, size_t count, uint32_t *indexes)
{
    assert_int_equal(numbering_assign(numbering, keys, count, indexes), 0);
}

static void test_numbers_count_up_and_stay(void **state)
{
    (void)state;
    struct numbering numbering = {0};
    uint32_t indexes[3] = {0};
    assign(&numbering, (const char *[]){"b", "d"}, 2, indexes);
    assert_int_equal(indexes[0], 1);
    assert_int_equal(indexes[1], 2);
    assign(&numbering, (const char *[]){"a", "b", "c"}, 3, indexes);
    assert_int_equal(indexes[0], 3);
    assert_int_equal(indexes[1], 1);
    assert_int_equal(indexes[2], 4);
    assign(&numbering, (const char *[]){"d"}, 1, indexes);
    assert_int_equal(indexes[0], 2);
    numbering_done(&numbering);
}

static void test_nothing_to_number(void **state)
{
    (void)state;
    struct numbering numbering = {0};
    uint32_t index = 7;
    assign(&numbering, NULL, 0, NULL);
    assign(&numbering, (const char *[]){""}, 1, &index);
    assert_int_equal(index, 1);
    assign(&numbering, NULL, 0, NULL);
    assert_int_equal(numbering.count, 1);
    numbering_done(&numbering);
}

/* Too many keys that are gone are forgotten; their numbers are not given again. */
static void test_forgotten_keys_get_new_numbers(void **state)
{
    (void)state;
    struct numbering numbering = {.most_gone = 2};
    uint32_t indexes[4] = {0};
    assign(&numbering, (const char *[]){"a", "b", "c", "d"}, 4, indexes);
    assign(&numbering, (const char *[]){"c", "d"}, 2, indexes);
    assert_int_equal(numbering.count, 4); /* two are gone: still remembered */
    assign(&numbering, (const char *[]){"d"}, 1, indexes);
    assert_int_equal(numbering.count, 1);
    assert_int_equal(indexes[0], 4);
    assign(&numbering, (const char *[]){"a", "d"}, 2, indexes);
    assert_int_equal(indexes[0], 5);
    assert_int_equal(indexes[1], 4);
    numbering_done(&numbering);
}

static void test_the_last_number_is_not_passed(void **state)
{
    (void)state;
    struct numbering numbering = {.last = UINT32_MAX - 1};
    uint32_t indexes[2] = {0};
    assign(&numbering, (const char *[]){"a", "b"}, 2, indexes);
    assert_int_equal(indexes[0], UINT32_MAX);
    assert_int_equal(indexes[1], 0);
    numbering_done(&numbering);
}

/* Hazard: out of memory. Whichever copy fails, the old keys keep their numbers, and nothing leaks. */
static void test_out_of_memory_changes_nothing(void **state)
{
    (void)state;
    static const char *const keys[] = {"a", "b", "c", "d", "e"};
    for (unsigned failing = 1; failing <= 3; failing++) {
        struct numbering numbering = {0};
        uint32_t indexes[5] = {0};
        strdup_fails_at = 0;
        assign(&numbering, (const char *[]){"b", "d"}, 2, indexes);
        strdup_fails_at = failing;
        assert_int_equal(numbering_assign(&numbering, keys, 5, indexes), -ENOMEM);
        strdup_fails_at = 0;
        assert_int_equal(numbering.count, 2);
        assign(&numbering, keys, 5, indexes);
        assert_int_equal(indexes[1], 1);
        assert_int_equal(indexes[3], 2);
        for (size_t i = 0; i < 5; i += 2)
            assert_true(indexes[i] > 2);
        numbering_done(&numbering);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_count_up_and_stay),      cmocka_unit_test(test_nothing_to_number),
        cmocka_unit_test(test_forgotten_keys_get_new_numbers), cmocka_unit_test(test_the_last_number_is_not_passed),
        cmocka_unit_test(test_out_of_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
