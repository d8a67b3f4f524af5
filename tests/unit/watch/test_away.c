#include "portconform/away.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };

static const struct clocks start = {.now = {.mono_ms = 40 * (int64_t)DAY_MS, .wall_ms = 1795176000000},
                                    .awake_ms = 7 * HOUR_MS};

static struct clocks later(int64_t mono_ms, int64_t awake_ms, int64_t wall_ms)
{
    struct clocks clocks = start;
    clocks.now.mono_ms += mono_ms;
    clocks.now.wall_ms += wall_ms;
    clocks.awake_ms += awake_ms;
    return clocks;
}

/* However far the clocks are apart from the start: a machine that slept yesterday, a time namespace. */
static void test_an_ordinary_turn_is_no_news(void **state)
{
    (void)state;
    struct away away;
    away_begin(&away, &start);
    for (int64_t turn = 1; turn <= 100; turn++) {
        const struct clocks clocks = later(turn * 1003, turn * 1003, turn * 1002);
        const struct away_news news = away_turn(&away, &clocks, 1000);
        assert_false(news.slept || news.stopped);
        assert_int_equal(news.set_ms, 0);
    }
}

static void test_a_machine_that_slept(void **state)
{
    (void)state;
    struct away away;
    away_begin(&away, &start);
    struct clocks clocks = later(HOUR_MS + 1000, 1000, HOUR_MS + 1000);
    struct away_news news = away_turn(&away, &clocks, 1000);
    assert_true(news.slept);
    assert_int_equal(news.absent_ms, HOUR_MS);
    assert_int_equal(news.set_ms, 0);
    clocks = later(HOUR_MS + 2000, 2000, HOUR_MS + 2000);
    news = away_turn(&away, &clocks, 1000);
    assert_false(news.slept || news.stopped); /* told once */
}

/* In the midst of its work, so that the wait for events was no longer than it should be. */
static void test_a_process_that_was_stopped(void **state)
{
    (void)state;
    struct away away;
    away_begin(&away, &start);
    const struct clocks clocks = later(60000, 60000, 60000);
    const struct away_news news = away_turn(&away, &clocks, 0);
    assert_true(news.stopped);
    assert_false(news.slept);
    assert_int_equal(news.absent_ms, 60000);
}

static void test_a_clock_that_was_set(void **state)
{
    (void)state;
    static const int64_t steps_ms[] = {DAY_MS, -DAY_MS, 2000, -2000};
    for (size_t i = 0; i < sizeof(steps_ms) / sizeof(steps_ms[0]); i++) {
        struct away away;
        away_begin(&away, &start);
        const struct clocks clocks = later(1000, 1000, 1000 + steps_ms[i]);
        const struct away_news news = away_turn(&away, &clocks, 1000);
        assert_int_equal(news.set_ms, steps_ms[i]);
        assert_false(news.slept || news.stopped);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_ordinary_turn_is_no_news),
        cmocka_unit_test(test_a_machine_that_slept),
        cmocka_unit_test(test_a_process_that_was_stopped),
        cmocka_unit_test(test_a_clock_that_was_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
