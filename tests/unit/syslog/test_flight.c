/* What was written and may not have arrived: when it is believed, and what stays. */
#include "flight.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void fill(struct flight *flight, uint64_t from, uint64_t to)
{
    for (uint64_t seq = from; seq <= to; seq++)
        assert_int_equal(flight_add(flight, seq, seq * 100, (int64_t)seq), 0);
}

static void test_what_is_in_our_kernel_has_not_arrived(void **state)
{
    (void)state;
    struct flight flight = {0};
    const struct settling nothing = {.left_us = 0}, some = {.left_us = 550}, all = {.left_us = 1000};
    fill(&flight, 1, 10);
    assert_int_equal(flight_settle(&flight, &nothing, 1000), 0);
    assert_int_equal(flight_settle(&flight, &some, 1000), 5);
    assert_int_equal(flight.count, 5);
    assert_int_equal(flight_settle(&flight, &some, 1000), 0);
    assert_int_equal(flight_settle(&flight, &all, 1000), 10);
    assert_int_equal(flight.count, 0);
    flight_done(&flight);
}

static void test_a_refusal_may_still_come(void **state)
{
    (void)state;
    struct flight flight = {0};
    const struct settling udp = {.left_us = 1000, .least_ms = 50};
    fill(&flight, 1, 10);
    assert_false(flight_proves(&flight, &udp, 50));
    assert_int_equal(flight_wait_ms(&flight, &udp, 50), 1);
    assert_int_equal(flight_settle(&flight, &udp, 50), 0);
    assert_true(flight_proves(&flight, &udp, 51));
    assert_int_equal(flight_settle(&flight, &udp, 54), 4);
    assert_int_equal(flight_wait_ms(&flight, &udp, 54), 1);
    flight_done(&flight);
}

/* Three hundred octets may lie unread over there: what was written within the last three hundred stays. */
static void test_the_receivers_kernel_may_hold_it(void **state)
{
    (void)state;
    struct flight flight = {0};
    const struct settling tcp = {.left_us = 1000, .keep_octets = 300, .keep_ms = 5000, .least_ms = 50};
    fill(&flight, 1, 10);
    assert_int_equal(flight_settle(&flight, &tcp, 1000), 7);
    assert_true(flight_proves(&flight, &tcp, 1000));
    assert_int_equal(flight_wait_ms(&flight, &tcp, 1000), 4008);
    assert_int_equal(flight_settle(&flight, &tcp, 5009), 9);
    assert_int_equal(flight_settle(&flight, &tcp, 5010), 10);
    assert_int_equal(flight_wait_ms(&flight, &tcp, 5010), -1);
    flight_done(&flight);
}

static void test_it_grows_around_its_end_and_has_a_bound(void **state)
{
    (void)state;
    struct flight flight = {0};
    const struct settling half = {.left_us = 3000};
    fill(&flight, 1, 60);
    assert_int_equal(flight_settle(&flight, &half, 1000), 30);
    fill(&flight, 61, FLIGHT_MAX + 30);
    assert_int_equal(flight.count, FLIGHT_MAX);
    assert_int_equal(flight_add(&flight, 1, 1, 1), -ENOSPC);
    const struct settling all = {.left_us = UINT64_MAX};
    assert_int_equal(flight_settle(&flight, &all, FLIGHT_MAX + 100), FLIGHT_MAX + 30);
    flight_clear(&flight);
    assert_true(flight_proves(&flight, &all, 0));
    flight_done(&flight);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_in_our_kernel_has_not_arrived),
        cmocka_unit_test(test_a_refusal_may_still_come),
        cmocka_unit_test(test_the_receivers_kernel_may_hold_it),
        cmocka_unit_test(test_it_grows_around_its_end_and_has_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
