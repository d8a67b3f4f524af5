/* hazard: ICMP rationing. A usual target tells six closed UDP ports at once, then one a second: a single check proves
 * as many as it has time for, and takes no silence that is only the ration for anything else. */
#include "scripted.h"

enum { CLOSED = 20 };

static void world_of_closed_ports(struct world *w, int64_t time_ms)
{
    icmp_rationed = true;
    w->options.deadline_mono_ms = w->now.mono_ms + time_ms;
    expect_ports(w, TRANSPORT_UDP, 500, 500 + CLOSED - 1);
}

static size_t count_results(const struct world *w, enum probe_outcome outcome, bool rationed)
{
    size_t count = 0;
    for (size_t id = 0; id < w->plan.flow_count; id++)
        count += result_at(w, id)->outcome == outcome && result_at(w, id)->rationed == rationed;
    return count;
}

static void all_are_proven_where_there_is_time(void **state)
{
    struct world *w = *state;
    world_of_closed_ports(w, 60000);
    int64_t took_ms = drive(w);
    assert_int_equal(count_results(w, PROBE_REFUSED, false), CLOSED);
    assert_in_range(took_ms, (CLOSED - 6) * 1000, (CLOSED + 2) * 1000);
    for (uint16_t port = 500; port < 500 + CLOSED; port++)
        assert_in_range(times_sent("udp", port), 1, 2);
}

static void what_time_does_not_suffice_for_says_so(void **state)
{
    struct world *w = *state;
    world_of_closed_ports(w, 9500);
    int64_t took_ms = drive(w);
    assert_true(took_ms <= 9500);
    size_t proven = count_results(w, PROBE_REFUSED, false);
    assert_in_range(proven, 11, 15);
    assert_int_equal(count_results(w, PROBE_SILENT, true), CLOSED - proven);
    assert_int_equal(cycle_undecided(w->cycle), 0); /* it is no trouble of ours */
}

/* Few are within every ration, unless somebody else has just used it up: their neighbour is asked once more. */
static void a_silence_beside_a_few_is_one(void **state)
{
    struct world *w = *state;
    icmp_rationed = true;
    w->options.deadline_mono_ms = w->now.mono_ms + 9500;
    expect_ports(w, TRANSPORT_UDP, 500, 504);
    script_port(500, PROBE_SILENT, PROBE_NOT_DONE);
    assert_in_range(drive(w), 2000, 3000);
    assert_int_equal(count_results(w, PROBE_REFUSED, false), 4);
    assert_int_equal(count_results(w, PROBE_SILENT, false), 1);
    assert_int_equal(times_sent("udp", 500), 2);
}

/* A service that answers by its protocol alarms where it is silent: it comes before the others, and is found closed. */
static void what_would_alarm_gets_the_first_turn(void **state)
{
    struct world *w = *state;
    world_of_closed_ports(w, 9500);
    rule_of(expect_ports(w, TRANSPORT_UDP, 600, 600))->service = &w->services[2];
    drive(w);
    assert_int_equal(result_at(w, CLOSED)->outcome, PROBE_REFUSED);
    assert_false(result_at(w, CLOSED)->rationed);
}

/* The same where the target is a firewall's: silent it is, and the control beside it is answered all the same. */
static void what_is_silent_indeed_stays_so(void **state)
{
    struct world *w = *state;
    world_of_closed_ports(w, 20000);
    rule_of(expect_ports(w, TRANSPORT_UDP, 600, 600))->service = &w->services[2];
    script_port(600, PROBE_SILENT, PROBE_NOT_DONE);
    drive(w);
    assert_int_equal(result_at(w, CLOSED)->outcome, PROBE_SILENT);
    assert_false(result_at(w, CLOSED)->rationed);
    assert_true(address_at(w, 0)->udp_control);
}

static void what_need_not_answer_is_not_asked_twice(void **state)
{
    struct world *w = *state;
    world_of_closed_ports(w, 60000);
    rule_of(&w->expectations[0])->presence = PRESENCE_DYNAMIC;
    assert_int_equal(drive(w), 1000);
    assert_int_equal(times_of_kind("udp"), CLOSED);
    assert_int_equal(count_results(w, PROBE_SILENT, true), CLOSED - 6);
}

/* A check that ran a moment ago left the target without a message. */
static void a_ration_that_others_used_up(void **state)
{
    struct world *w = *state;
    icmp_rationed = true;
    icmp_left = 1000;
    icmp_counted_ms = w->now.mono_ms;
    w->options.deadline_mono_ms = w->now.mono_ms + 20000;
    expect_ports(w, TRANSPORT_UDP, 500, 504);
    drive(w);
    assert_int_equal(count_results(w, PROBE_REFUSED, false), 5);
}

/* The control comes when there is a message again: what was silent before is no filter's yet. */
static void a_service_beside_a_ration_that_others_used_up(void **state)
{
    struct world *w = *state;
    icmp_rationed = true;
    icmp_left = -2000; /* the control's is the first */
    icmp_counted_ms = w->now.mono_ms;
    w->options.deadline_mono_ms = w->now.mono_ms + 20000;
    rule_of(expect_ports(w, TRANSPORT_UDP, 53, 53))->service = &w->services[2];
    rule_of(expect_ports(w, TRANSPORT_UDP, 123, 123))->service = &w->services[2];
    drive(w);
    assert_true(address_at(w, 0)->udp_control);
    assert_int_equal(count_results(w, PROBE_REFUSED, false), 2);
}

/* It was asked again when the target had a message to spare: that is its nature, and not the ration's. */
static void what_is_silent_by_nature_has_its_turn_and_is(void **state)
{
    for (uint16_t silent = 500; silent < 500 + CLOSED; silent++) {
        struct world *w = *state;
        world_of_closed_ports(w, 60000);
        script_port(silent, PROBE_SILENT, PROBE_NOT_DONE);
        drive(w);
        assert_int_equal(count_results(w, PROBE_SILENT, true), 0);
        assert_int_equal(count_results(w, PROBE_SILENT, false), 1);
        assert_int_equal(times_sent("udp", silent), 2);
        assert_int_equal(world_teardown(state), 0);
        assert_int_equal(world_setup(state), 0);
    }
}

/* However much it has sent: what it still owes is no more than its ration. */
static void a_target_that_rations_nothing(void **state)
{
    struct world *w = *state;
    world_of_closed_ports(w, 9500);
    icmp_most = icmp_left = 100000;
    icmp_counted_ms = w->now.mono_ms;
    script_port(510, PROBE_SILENT, PROBE_NOT_DONE);
    drive(w);
    assert_int_equal(count_results(w, PROBE_REFUSED, false), CLOSED - 1);
    assert_int_equal(count_results(w, PROBE_SILENT, false), 1);
}

/* Who sends no message has none to ration, however little time there is. */
static void a_silence_that_the_deadline_cuts_is_no_ration(void **state)
{
    size_t confirmed = 0;
    for (int64_t time_ms = 500; time_ms < 8000; time_ms += 100) {
        struct world *w = *state;
        script_port(80, PROBE_OPEN, PROBE_NOT_DONE);
        unlisted = PROBE_SILENT;
        w->options.deadline_mono_ms = w->now.mono_ms + time_ms;
        expect_ports(w, TRANSPORT_TCP, 80, 80);
        rule_of(expect_ports(w, TRANSPORT_UDP, 53, 53))->service = &w->services[2];
        drive(w);
        assert_false(result_at(w, 1)->rationed);
        if (result_at(w, 1)->outcome == PROBE_LOCAL) {
            assert_int_equal(result_at(w, 1)->reason, REASON_DEADLINE);
        } else {
            assert_int_equal(times_sent("udp", 53), 2);
            confirmed++;
        }
        assert_int_equal(world_teardown(state), 0);
        assert_int_equal(world_setup(state), 0);
    }
    assert_true(confirmed > 0);
}

/* What answers by data sends no ICMP message. */
static void an_open_port_costs_nothing(void **state)
{
    struct world *w = *state;
    world_of_closed_ports(w, 60000);
    unlisted = PROBE_OPEN;
    assert_int_equal(drive(w), 0);
    assert_int_equal(count_results(w, PROBE_OPEN, false), CLOSED);
}

int main(void)
{
#define RATION(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        RATION(all_are_proven_where_there_is_time), RATION(what_time_does_not_suffice_for_says_so),
        RATION(a_silence_beside_a_few_is_one),      RATION(what_would_alarm_gets_the_first_turn),
        RATION(what_is_silent_indeed_stays_so),     RATION(what_need_not_answer_is_not_asked_twice),
        RATION(a_ration_that_others_used_up),       RATION(a_service_beside_a_ration_that_others_used_up),
        RATION(an_open_port_costs_nothing),         RATION(what_is_silent_by_nature_has_its_turn_and_is),
        RATION(a_target_that_rations_nothing),      RATION(a_silence_that_the_deadline_cuts_is_no_ration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
