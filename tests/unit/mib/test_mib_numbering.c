/* Numbers of a process without a store: given once, kept, never given again. */
#include "portconform/mib.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_numbers_count_up_and_stay(void **state)
{
    (void)state;
    struct mib_numbering *numbering = mib_numbering_new();
    assert_int_equal(mib_numbering_number(numbering, "finding", "b"), 1);
    assert_int_equal(mib_numbering_number(numbering, "finding", "a"), 2);
    assert_int_equal(mib_numbering_number(numbering, "finding", "b"), 1);
    assert_int_equal(mib_numbering_number(numbering, "host", "b"), 3);
    assert_int_equal(mib_numbering_number(numbering, "host", ""), 4);
    assert_int_equal(mib_numbering_number(numbering, "finding", "a"), 2);
    mib_numbering_free(numbering);
}

static void test_many_keys(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    struct mib_numbering *numbering = mib_numbering_new();
    char key[32];
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < MANY; i++) {
            snprintf(key, sizeof(key), "mgr%u|-|site/tcp-%u", i, i);
            assert_int_equal(mib_numbering_number(numbering, "finding", key), i + 1);
        }
    }
    mib_numbering_free(numbering);
}

static void test_the_cap(void **state)
{
    (void)state;
    enum { CAP = 1 << 20 };
    struct mib_numbering *numbering = mib_numbering_new();
    char key[32];
    for (unsigned i = 0; i < CAP; i++) {
        snprintf(key, sizeof(key), "%u", i);
        assert_int_equal(mib_numbering_number(numbering, "finding", key), i + 1);
    }
    assert_int_equal(mib_numbering_number(numbering, "finding", "one more"), 0);
    assert_int_equal(mib_numbering_number(numbering, "finding", "7"), 8);
    mib_numbering_free(numbering);
}

static void test_nothing_to_free(void **state)
{
    (void)state;
    mib_numbering_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_count_up_and_stay),
        cmocka_unit_test(test_many_keys),
        cmocka_unit_test(test_the_cap),
        cmocka_unit_test(test_nothing_to_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
