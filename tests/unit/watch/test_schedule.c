/* The schedule: nobody is left out, nobody comes twice, and nothing is a burst. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "schedule.h"

#include <stdio.h>
#include <string.h>

enum { HOSTS = 4000, NAME_ROOM = 24, SECOND = 1000, MINUTE = 60 * SECOND };

static char names[HOSTS][NAME_ROOM];

static void make(struct schedule *schedule, size_t hosts, unsigned interval_s)
{
    assert_int_equal(schedule_init(schedule, hosts), 0);
    for (size_t i = 0; i < hosts; i++) {
        snprintf(names[i], NAME_ROOM, "pc%04zu", i);
        schedule->hosts[i].name = names[i];
        assert_int_equal(schedule_add_turn(schedule, i, interval_s), 0);
    }
}

/* Takes and puts back everything that is due until `until_ms`, in steps of `step_ms`. Returns the most in one step. */
static size_t run(struct schedule *schedule, int64_t *now_ms, int64_t until_ms, int64_t step_ms, unsigned *visits)
{
    size_t most = 0;
    for (; *now_ms < until_ms; *now_ms += step_ms) {
        size_t count = 0;
        struct visit visit;
        while (schedule_take(schedule, *now_ms, &visit)) {
            visits[visit.host]++;
            count++;
            schedule_put_back(schedule, &visit, true, *now_ms);
        }
        most = count > most ? count : most;
    }
    return most;
}

static void each_host_once_an_interval_and_never_a_burst(void **state)
{
    (void)state;
    static unsigned visits[HOSTS];
    struct schedule schedule;
    make(&schedule, HOSTS, 60);
    schedule_begin(&schedule, NULL, 0);
    int64_t now_ms = 0;
    memset(visits, 0, sizeof(visits));
    size_t most = run(&schedule, &now_ms, MINUTE + 1, 100, visits);
    for (size_t i = 0; i < HOSTS; i++)
        assert_in_range(visits[i], 1, 2);
    assert_in_range(most, 1, 4 * HOSTS / 600); /* fairly spread, a tenth of a second holds one in six hundred */
    memset(visits, 0, sizeof(visits));
    now_ms = 10 * MINUTE; /* late: what was missed is left out */
    run(&schedule, &now_ms, 10 * MINUTE + 1, 100, visits);
    for (size_t i = 0; i < HOSTS; i++)
        assert_int_equal(visits[i], 1);
    memset(visits, 0, sizeof(visits));
    most = run(&schedule, &now_ms, 20 * MINUTE, 100, visits);
    for (size_t i = 0; i < HOSTS; i++)
        assert_in_range(visits[i], 9, 11);
    assert_in_range(most, 1, 4 * HOSTS / 600); /* the grid outlived the stop */
    schedule_done(&schedule);
}

static void the_first_look_does_not_wait_for_a_long_interval(void **state)
{
    (void)state;
    static unsigned visits[HOSTS];
    struct schedule schedule;
    make(&schedule, 50, 86400);
    schedule_begin(&schedule, NULL, 0);
    int64_t now_ms = 0;
    memset(visits, 0, sizeof(visits));
    run(&schedule, &now_ms, MINUTE + 1, 100, visits);
    for (size_t i = 0; i < 50; i++)
        assert_int_equal(visits[i], 1);
    assert_true(schedule_next_ms(&schedule) > 86400 * (int64_t)SECOND);
    schedule_done(&schedule);
}

static void several_intervals_of_a_host(void **state)
{
    (void)state;
    struct schedule schedule;
    struct visit visit;
    make(&schedule, 1, 60);
    assert_int_equal(schedule_add_turn(&schedule, 0, 3600), 1);
    assert_int_equal(schedule_add_turn(&schedule, 0, 60), 0);
    schedule_begin(&schedule, NULL, 0);
    assert_true(schedule_take(&schedule, MINUTE, &visit));
    assert_int_equal(visit.turns, 3); /* both are due within the first minute, and are one visit */
    schedule_put_back(&schedule, &visit, true, MINUTE);
    assert_true(schedule_take(&schedule, schedule_next_ms(&schedule), &visit));
    assert_int_equal(visit.turns, 1);
    assert_int_equal(visit.why, VISIT_TURN);
    schedule_done(&schedule);
}

static void more_intervals_than_there_is_room_for(void **state)
{
    (void)state;
    struct schedule schedule;
    make(&schedule, 1, 10);
    for (unsigned i = 1; i < SCHEDULE_INTERVALS; i++)
        assert_int_equal(schedule_add_turn(&schedule, 0, 10 + i * 10), i);
    assert_int_equal(schedule_add_turn(&schedule, 0, 25), 1); /* 20 s: sooner rather than later */
    assert_int_equal(schedule_turn(&schedule, 0, 25), 1);
    assert_int_equal(schedule_turn(&schedule, 0, 5), 0);
    assert_int_equal(schedule_turn(&schedule, 0, 9999), SCHEDULE_INTERVALS - 1);
    schedule_done(&schedule);
}

static void a_reload_keeps_places(void **state)
{
    (void)state;
    struct schedule before, after;
    struct visit visit;
    make(&before, 10, 60);
    schedule_begin(&before, NULL, 0);
    while (schedule_take(&before, MINUTE, &visit))
        schedule_put_back(&before, &visit, true, MINUTE);
    schedule_look_again(&before, 3, MINUTE + 5);
    make(&after, 12, 60);
    schedule_begin(&after, &before, MINUTE);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(after.hosts[i].turns[0].due_ms, before.hosts[i].turns[0].due_ms);
    assert_int_equal(after.hosts[3].look_ms, MINUTE + 5);
    for (size_t i = 10; i < 12; i++)
        assert_in_range(after.hosts[i].turns[0].due_ms, MINUTE, 2 * MINUTE);
    schedule_done(&before);
    schedule_done(&after);
}

static void late_is_by_more_than_half_an_interval(void **state)
{
    (void)state;
    struct schedule schedule;
    struct visit visit;
    make(&schedule, 1, 60);
    schedule_begin(&schedule, NULL, 0);
    int64_t due_ms = schedule_next_ms(&schedule);
    assert_true(schedule_take(&schedule, due_ms + 30 * SECOND, &visit));
    assert_false(visit.late);
    schedule_put_back(&schedule, &visit, true, due_ms + 30 * SECOND);
    due_ms = schedule_next_ms(&schedule);
    assert_int_equal(schedule_waiting(&schedule, due_ms - 1), 0);
    assert_int_equal(schedule_waiting(&schedule, due_ms), 1);
    assert_true(schedule_take(&schedule, due_ms + 30 * SECOND + 1, &visit));
    assert_true(visit.late);
    assert_int_equal(schedule_waiting(&schedule, INT64_MAX), 0);
    schedule_done(&schedule);
}

static void who_is_under_way_is_not_taken_twice(void **state)
{
    (void)state;
    struct schedule schedule;
    struct visit visit, other;
    make(&schedule, 1, 60);
    schedule_begin(&schedule, NULL, 0);
    assert_true(schedule_take(&schedule, MINUTE, &visit));
    schedule_hasten(&schedule, 0, MINUTE); /* somebody asks meanwhile */
    assert_false(schedule_take(&schedule, 10 * MINUTE, &other));
    schedule_put_back(&schedule, &visit, true, MINUTE);
    assert_true(schedule_take(&schedule, MINUTE, &other));
    assert_int_equal(other.why, VISIT_HASTENED);
    schedule_put_back(&schedule, &other, false, MINUTE);
    assert_false(schedule_take(&schedule, MINUTE, &other)); /* a pause after what came to nothing */
    assert_true(schedule_take(&schedule, MINUTE + 5 * SECOND, &other));
    assert_true(other.why & VISIT_HASTENED);
    schedule_done(&schedule);
}

/* Whatever is asked for in whatever order, the first due is on top and every host is there once. */
static void the_heap_stays_a_heap(void **state)
{
    (void)state;
    enum { SOME = 200, STEPS = 20000 };
    struct schedule schedule;
    struct visit under_way[SOME];
    size_t under_way_count = 0;
    uint64_t chance = 7;
    int64_t now_ms = 0;
    make(&schedule, SOME, 60);
    schedule_begin(&schedule, NULL, 0);
    for (size_t step = 0; step < STEPS; step++) {
        chance = chance * 6364136223846793005u + 1442695040888963407u;
        unsigned draw = (unsigned)(chance >> 33);
        now_ms += draw % 50;
        if (draw % 5 == 0)
            schedule_hasten(&schedule, draw / 5 % SOME, now_ms);
        else if (draw % 5 == 1)
            schedule_look_again(&schedule, draw / 5 % SOME, now_ms + 2000);
        else if (draw % 5 == 2 && under_way_count > 0)
            schedule_put_back(&schedule, &under_way[--under_way_count], draw & 64, now_ms);
        else if (schedule_take(&schedule, now_ms, &under_way[under_way_count]))
            under_way_count++;
        assert_int_equal(schedule.heap_count + under_way_count, SOME);
        for (size_t i = 1; i < schedule.heap_count; i++)
            assert_true(schedule.hosts[schedule.heap[(i - 1) / 2]].due_ms <= schedule.hosts[schedule.heap[i]].due_ms);
    }
    schedule_done(&schedule);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_host_once_an_interval_and_never_a_burst),
        cmocka_unit_test(the_first_look_does_not_wait_for_a_long_interval),
        cmocka_unit_test(several_intervals_of_a_host),
        cmocka_unit_test(more_intervals_than_there_is_room_for),
        cmocka_unit_test(a_reload_keeps_places),
        cmocka_unit_test(late_is_by_more_than_half_an_interval),
        cmocka_unit_test(who_is_under_way_is_not_taken_twice),
        cmocka_unit_test(the_heap_stays_a_heap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
