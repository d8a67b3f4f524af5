/* The cycle over scripted probes: what is asked, what is asked again, and what stands at the end. */
#include "scripted.h"

static void open_port_is_asked_once_and_needs_no_control(void **state)
{
    struct world *w = *state;
    expect_ports(w, TRANSPORT_TCP, 80, 80);
    script_port(80, PROBE_OPEN, PROBE_NOT_DONE);
    drive(w);
    assert_int_equal(probe_log_count, 1);
    assert_int_equal(result_at(w, 0)->outcome, PROBE_OPEN);
    assert_true(address_at(w, 0)->alive);
    assert_true(address_at(w, 0)->looked);
    assert_false(address_at(w, 0)->closed_control);
}

static void refused_port_counts_after_a_second_probe(void **state)
{
    struct world *w = *state;
    expect_ports(w, TRANSPORT_TCP, 80, 80);
    script_port(80, PROBE_REFUSED, PROBE_NOT_DONE);
    drive(w);
    assert_int_equal(times_sent("tcp", 80), 2);
    assert_int_equal(result_at(w, 0)->outcome, PROBE_REFUSED);
    assert_int_equal(result_at(w, 0)->attempts, 2);
}

static void a_later_answer_beats_a_silence(void **state)
{
    struct world *w = *state;
    expect_ports(w, TRANSPORT_TCP, 80, 81);
    script_port(80, PROBE_SILENT, PROBE_OPEN);
    script_port(81, PROBE_SILENT, PROBE_STOPPED);
    drive(w);
    assert_int_equal(result_at(w, 0)->outcome, PROBE_OPEN);
    assert_int_equal(result_at(w, 1)->outcome, PROBE_STOPPED);
}

static void an_answer_is_not_lost_to_a_later_silence_or_trouble_of_ours(void **state)
{
    struct world *w = *state;
    expect_ports(w, TRANSPORT_TCP, 80, 82);
    script_port(80, PROBE_REFUSED, PROBE_SILENT);
    script_port(81, PROBE_STOPPED, PROBE_LOCAL);
    script_port(82, PROBE_SILENT, PROBE_LOCAL);
    drive(w);
    assert_int_equal(result_at(w, 0)->outcome, PROBE_REFUSED);
    assert_int_equal(result_at(w, 1)->outcome, PROBE_STOPPED);
    assert_int_equal(result_at(w, 2)->outcome, PROBE_LOCAL);
}

static void own_trouble_is_not_asked_again(void **state)
{
    struct world *w = *state;
    expect_ports(w, TRANSPORT_TCP, 80, 80);
    script_port(80, PROBE_LOCAL, PROBE_NOT_DONE);
    drive(w);
    assert_int_equal(probe_log_count, 1);
    assert_int_equal(result_at(w, 0)->outcome, PROBE_LOCAL);
    assert_false(address_at(w, 0)->looked);
    assert_int_equal(cycle_undecided(w->cycle), 0);
}

static void shut_port_that_must_be_shut_is_not_confirmed(void **state)
{
    struct world *w = *state;
    expect_ports(w, TRANSPORT_TCP, 80, 80);
    w->flows[0].demand = FLOW_MUST_NOT_PASS;
    script_port(80, PROBE_REFUSED, PROBE_NOT_DONE);
    drive(w);
    assert_int_equal(times_sent("tcp", 80), 1);
}

static void absent_optional_port_is_not_confirmed(void **state)
{
    struct world *w = *state;
    rule_of(expect_ports(w, TRANSPORT_TCP, 80, 80))->presence = PRESENCE_OPTIONAL;
    script_port(80, PROBE_REFUSED, PROBE_NOT_DONE);
    drive(w);
    assert_int_equal(times_sent("tcp", 80), 1);
}

static void where_one_suffices_the_others_are_not_confirmed(void **state)
{
    struct world *w = *state;
    rule_of(expect_ports(w, TRANSPORT_TCP, 80, 83))->presence = PRESENCE_ANY;
    struct expectation *first = expect_ports(w, TRANSPORT_TCP, 443, 443);
    struct expectation *second = expect_ports(w, TRANSPORT_TCP, 8443, 8443);
    rule_of(first)->presence = rule_of(second)->presence = PRESENCE_ONE_OF;
    first->group_key = second->group_key = "mgr01|-|one-of:web";
    script_port(81, PROBE_OPEN, PROBE_NOT_DONE);
    script_port(8443, PROBE_OPEN, PROBE_NOT_DONE);
    drive(w);
    assert_int_equal(probe_log_count, 6);
}

static void group_without_any_open_port_is_confirmed(void **state)
{
    struct world *w = *state;
    rule_of(expect_ports(w, TRANSPORT_TCP, 80, 81))->presence = PRESENCE_ANY;
    drive(w);
    assert_int_equal(times_sent("tcp", 80), 2);
    assert_int_equal(times_sent("tcp", 81), 2);
}

static void shared_target_is_asked_once_and_every_demand_counts(void **state)
{
    struct world *w = *state;
    expect_ports(w, TRANSPORT_TCP, 80, 80);
    expect_ports(w, TRANSPORT_TCP, 80, 80);
    w->flows[1].id = w->flows[0].id;
    w->plan.flow_count = 1;
    w->flows[0].demand = FLOW_MUST_NOT_PASS;
    script_port(80, PROBE_REFUSED, PROBE_NOT_DONE);
    drive(w);
    assert_int_equal(times_sent("tcp", 80), 2); /* the second demand wants the failure confirmed */
}

static void udp_silent_by_nature_is_left_alone(void **state)
{
    struct world *w = *state;
    expect_ports(w, TRANSPORT_UDP, 514, 514);
    script_port(514, PROBE_SILENT, PROBE_NOT_DONE);
    echoed = PROBE_OPEN;
    drive(w);
    assert_int_equal(times_sent("udp", 514), 1);
    assert_int_equal(times_of_kind("udp"), 1);
    assert_int_equal(probes_sent[0].timeout_ms, 1000); /* nothing comes later than an ICMP message would */
}

/* One lost datagram must not be told as a missing opening, nor one lost connection as somebody else's program. */
static void acceptance_test_confirms_whatever_is_not_proven(void **state)
{
    struct world *w = *state;
    w->plan.acceptance = true;
    w->hosts[0].listeners = LISTENERS_KERNEL; /* nor are listeners of any interest */
    unlisted = PROBE_OPEN;
    script_port(500, PROBE_SILENT, PROBE_OPEN);
    expect_ports(w, TRANSPORT_UDP, 500, 500);
    rule_of(expect_ports(w, TRANSPORT_TCP, 600, 601))->presence = PRESENCE_ANY;
    rule_of(expect_ports(w, TRANSPORT_TCP, 700, 700))->presence = PRESENCE_OPTIONAL;
    script_port(700, PROBE_REFUSED, PROBE_OPEN);
    drive(w);
    assert_int_equal(result_at(w, 0)->outcome, PROBE_OPEN);
    assert_int_equal(result_at(w, 3)->outcome, PROBE_OPEN);
    assert_int_equal(times_sent("udp", 500), 2);
    assert_int_equal(times_sent("tcp", 600), 2); /* open, and not by the responder */
    assert_int_equal(times_sent("tcp", 601), 2);
    assert_int_equal(times_sent("tcp", 700), 2);
    assert_null(cycle_observations(w->cycle)->hosts[0].listeners);
}

static void answering_udp_service_in_silence_is_confirmed_with_a_control(void **state)
{
    struct world *w = *state;
    rule_of(expect_ports(w, TRANSPORT_UDP, 53, 53))->service = &w->services[2];
    script_port(53, PROBE_SILENT, PROBE_NOT_DONE);
    drive(w);
    assert_int_equal(times_sent("udp", 53), 2);
    assert_int_equal(times_sent("udp", 65533), 1);
    assert_true(address_at(w, 0)->udp_control);
}

static void silent_port_of_a_living_host_gets_a_closed_control(void **state)
{
    struct world *w = *state;
    expect_ports(w, TRANSPORT_TCP, 80, 81);
    script_port(80, PROBE_OPEN, PROBE_NOT_DONE);
    script_port(81, PROBE_SILENT, PROBE_NOT_DONE);
    drive(w);
    assert_int_equal(times_sent("tcp", 65533), 1);
    assert_true(address_at(w, 0)->closed_control);
    assert_int_equal(address_at(w, 0)->control.outcome, PROBE_REFUSED);
    assert_int_equal(times_of_kind("echo"), 0);
}

static void stealth_host_leaves_the_closed_control_unanswered(void **state)
{
    struct world *w = *state;
    expect_ports(w, TRANSPORT_TCP, 80, 81);
    unlisted = PROBE_SILENT;
    script_port(80, PROBE_OPEN, PROBE_NOT_DONE);
    drive(w);
    assert_false(address_at(w, 0)->closed_control);
    assert_true(address_at(w, 0)->alive);
}

static void dead_host_gets_every_control_and_one_second_probe(void **state)
{
    struct world *w = *state;
    unlisted = PROBE_SILENT;
    expect_ports(w, TRANSPORT_TCP, 80, 84);
    next_host(w);
    expect_ports(w, TRANSPORT_TCP, 80, 80);
    w->site.canary = (struct canary){w->addresses[2].address, 7};
    script_port(7, PROBE_OPEN, PROBE_NOT_DONE);
    int64_t took = drive(w);
    assert_int_equal(times_sent("tcp", 7), 1);
    assert_int_equal(times_of_kind("echo"), 2);
    assert_int_equal(times_sent("tcp", 65533), 2);
    assert_int_equal(probe_log_count, 5 + 1 + 1 + 2 + 2 + 2);
    assert_false(address_at(w, 0)->alive);
    assert_true(address_at(w, 0)->looked);
    assert_int_equal(address_at(w, 0)->silence, REASON_SILENT);
    assert_false(cycle_observations(w->cycle)->egress_broken);
    assert_int_equal(took, 6000);
}

static void host_that_answers_the_echo_is_alive(void **state)
{
    struct world *w = *state;
    unlisted = PROBE_SILENT;
    echoed = PROBE_OPEN;
    expect_ports(w, TRANSPORT_TCP, 80, 81);
    drive(w);
    assert_true(address_at(w, 0)->alive);
    assert_int_equal(times_sent("tcp", 81), 2); /* alive after all: both failures are confirmed */
}

static void echo_that_is_not_permitted_proves_nothing(void **state)
{
    struct world *w = *state;
    unlisted = PROBE_SILENT;
    echoed = PROBE_LOCAL;
    expect_ports(w, TRANSPORT_TCP, 80, 80);
    drive(w);
    assert_false(address_at(w, 0)->alive);
    assert_int_equal(result_at(w, 0)->outcome, PROBE_SILENT);
}

static void silent_canary_says_that_our_own_way_out_is_broken(void **state)
{
    struct world *w = *state;
    unlisted = PROBE_SILENT;
    expect_ports(w, TRANSPORT_TCP, 80, 80);
    w->site.canary = (struct canary){w->addresses[2].address, 7};
    drive(w);
    assert_true(cycle_observations(w->cycle)->egress_broken);
}

/* Where there was no memory or descriptor to ask it with, nothing is known of the way out. */
static void canary_that_could_not_be_asked_says_nothing(void **state)
{
    static const struct {
        int error;
        bool broken;
    } troubles[] = {{ENETUNREACH, true}, {ENOMEM, false}, {EADDRINUSE, false}};
    struct world *w = *state;
    unlisted = PROBE_SILENT;
    script_port(7, PROBE_LOCAL, PROBE_NOT_DONE);
    expect_ports(w, TRANSPORT_TCP, 80, 80);
    w->site.canary = (struct canary){w->addresses[2].address, 7};
    for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++) {
        local_error = troubles[i].error;
        drive(w);
        assert_true(cycle_observations(w->cycle)->egress_broken == troubles[i].broken);
        cycle_free(w->cycle);
        w->cycle = NULL;
    }
}

static void hosts_take_turns(void **state)
{
    struct world *w = *state;
    expect_ports(w, TRANSPORT_TCP, 80, 82);
    next_host(w);
    expect_ports(w, TRANSPORT_TCP, 80, 82);
    unlisted = PROBE_OPEN;
    drive(w);
    for (size_t i = 0; i < 6; i++)
        assert_true(address_equal(&probes_sent[i].target, &w->addresses[i % 2].address));
}

static void tls_service_takes_the_tls_probe_and_thin_programs_hand_over(void **state)
{
    struct world *w = *state;
    rule_of(expect_ports(w, TRANSPORT_TCP, 443, 443))->service = &w->services[1];
    unlisted = PROBE_OPEN;
    assert_true(cycle_needs_other_kinds(&w->plan, thin, NULL));
    assert_false(cycle_needs_other_kinds(&w->plan, whole, NULL));
    drive(w);
    assert_int_equal(times_of_kind("tls"), 1);
}

static int start_with_secret(struct probe *probe)
{
    const struct probe_request *request = probe_request_of(probe);
    assert_string_equal(request->secret, "shared");
    assert_int_equal(request->attempts, 2);
    return start_udp(probe);
}

/* Without a secret no program can do more than the plain kind. */
static void shared_secret_is_for_programs_that_make_use_of_it(void **state)
{
    static const struct probe_kind keyed = {
        .name = "udp", .start = start_with_secret, .on_ready = never_ready, .keyed = true};
    static const struct probe_choice able[] = {{TRANSPORT_UDP, false, &keyed, NULL},
                                               {TRANSPORT_UNSTATED, false, NULL, NULL}};
    struct world *w = *state;
    w->services[0] = (struct service){.name = "keyed", .keyed = true};
    rule_of(expect_ports(w, TRANSPORT_UDP, 1812, 1812))->service = &w->services[0];
    assert_false(cycle_needs_other_kinds(&w->plan, thin, NULL));
    w->hosts[0].radius_secret = "shared";
    assert_true(cycle_needs_other_kinds(&w->plan, thin, NULL));
    assert_false(cycle_needs_other_kinds(&w->plan, able, NULL));
    w->options.probes = able;
    unlisted = PROBE_OPEN;
    drive(w);
    assert_int_equal(times_of_kind("udp"), 1);
}

static void missing_kind_is_our_own_trouble(void **state)
{
    struct world *w = *state;
    rule_of(expect_ports(w, TRANSPORT_TCP, 443, 443))->service = &w->services[1];
    w->options.probes = thin;
    drive(w);
    assert_int_equal(result_at(w, 0)->outcome, PROBE_LOCAL);
    assert_int_equal(result_at(w, 0)->reason, REASON_LOCAL_OTHER);
    assert_int_equal(probe_log_count, 0);
}

static void flow_that_is_not_probed_needs_no_kind(void **state)
{
    struct world *w = *state;
    rule_of(expect_ports(w, TRANSPORT_TCP, 443, 443))->service = &w->services[1];
    w->flows[0].id = SIZE_MAX;
    w->plan.flow_count = 0;
    assert_false(cycle_needs_other_kinds(&w->plan, thin, NULL));
    drive(w);
    assert_int_equal(probe_log_count, 0);
}

static void unknown_listener_source_is_failed_evidence(void **state)
{
    struct world *w = *state;
    expect_ports(w, TRANSPORT_TCP, 80, 80);
    w->hosts[0].listeners = LISTENERS_SNMP;
    unlisted = PROBE_OPEN;
    assert_null(listener_source_find("snmp")); /* its part is not linked here */
    assert_true(cycle_needs_other_kinds(&w->plan, whole, NULL));
    drive(w);
    const struct listener_table *table = cycle_observations(w->cycle)->hosts[0].listeners;
    assert_non_null(table);
    assert_int_equal(table->status, LISTENERS_FAILED);
    assert_int_equal(table->error, PC_EKIND);
}

static void without_probes_nothing_is_sent(void **state)
{
    struct world *w = *state;
    expect_ports(w, TRANSPORT_TCP, 80, 82);
    w->options.no_probes = true;
    drive(w);
    assert_int_equal(probe_log_count, 0);
    assert_int_equal(result_at(w, 0)->outcome, PROBE_NOT_DONE);
}

static void empty_plan_ends_at_once(void **state)
{
    struct world *w = *state;
    w->plan.host_count = 0;
    assert_int_equal(drive(w), 0);
}

/* --- the deadline ------------------------------------------------------------------------------------------------ */

static void silent_site_is_wholly_judged_before_the_deadline(void **state)
{
    struct world *w = *state;
    unlisted = PROBE_SILENT;
    expect_ports(w, TRANSPORT_TCP, 80, 80);
    w->options.deadline_mono_ms = w->now.mono_ms + 4000;
    int64_t took = drive(w);
    assert_true(took < 4000);
    assert_int_equal(cycle_undecided(w->cycle), 0);
    assert_int_equal(result_at(w, 0)->outcome, PROBE_SILENT);
    assert_true(probes_sent[0].timeout_ms >= 1000);
}

/* Ten ports in a row of which all but the first two and the last are silent, and too little time to ask each twice. */
static void ask_a_row_of_silent_ports(struct world *w)
{
    w->site.probe_per_target_per_second = 7;
    expect_ports(w, TRANSPORT_TCP, 80, 89);
    unlisted = PROBE_SILENT;
    script_port(80, PROBE_OPEN, PROBE_NOT_DONE);
    script_port(81, PROBE_REFUSED, PROBE_NOT_DONE);
    script_port(89, PROBE_OPEN, PROBE_NOT_DONE);
    w->options.deadline_mono_ms = w->now.mono_ms + 2500;
    assert_int_equal(drive(w), 2500);
    assert_int_equal(result_at(w, 0)->outcome, PROBE_OPEN);
    assert_int_equal(result_at(w, 1)->outcome, PROBE_REFUSED);
}

static void deadline_leaves_what_was_answered_and_drops_what_was_not_confirmed(void **state)
{
    struct world *w = *state;
    ask_a_row_of_silent_ports(w);
    size_t dropped = 0;
    for (size_t i = 2; i < 9; i++) {
        const struct probe_result *result = result_at(w, i);
        bool confirmed = result->outcome == PROBE_SILENT && result->attempts >= 2;
        bool cut = result->outcome == PROBE_LOCAL && result->reason == REASON_DEADLINE;
        assert_true(confirmed || cut);
        dropped += cut;
    }
    assert_in_range(dropped, 1, 6);
    assert_int_equal(cycle_undecided(w->cycle), dropped);
}

/* hazard: many filtered ports before a time-out that is near. Those behind them are still asked */
static void silent_ports_do_not_keep_those_behind_them_from_being_asked(void **state)
{
    struct world *w = *state;
    ask_a_row_of_silent_ports(w);
    assert_int_equal(result_at(w, 9)->outcome, PROBE_OPEN);
}

/* hazard: an answer that takes longer than a hurried first probe waits. Two full waits decide, as ever */
static void hurried_silence_does_not_count_where_answers_are_slow(void **state)
{
    struct world *w = *state;
    answered_after_us = 90000;
    ask_a_row_of_silent_ports(w);
    assert_true(probes_sent[0].timeout_ms < 200);
    for (size_t i = 2; i < 9; i++)
        if (result_at(w, i)->outcome == PROBE_SILENT)
            assert_int_equal(result_at(w, i)->attempts, 3);
}

static void hurry_is_not_for_tls(void **state)
{
    struct world *w = *state;
    w->site.probe_per_target_per_second = 7;
    unlisted = PROBE_SILENT;
    expect_ports(w, TRANSPORT_TCP, 80, 89);
    w->rules[0].service = &w->services[1];
    w->options.deadline_mono_ms = w->now.mono_ms + 2500;
    drive(w);
    assert_int_equal(probes_sent[0].timeout_ms, 500);
}

static void deadline_that_has_passed_already_sends_nothing(void **state)
{
    struct world *w = *state;
    expect_ports(w, TRANSPORT_TCP, 80, 81);
    w->options.deadline_mono_ms = w->now.mono_ms;
    drive(w);
    assert_int_equal(probe_log_count, 0);
    assert_int_equal(result_at(w, 1)->reason, REASON_DEADLINE);
    assert_int_equal(cycle_undecided(w->cycle), 2);
}

/* --- progress ---------------------------------------------------------------------------------------------------- */

static struct cycle_progress last_progress;

static void keep_progress(void *context, const struct cycle_progress *progress)
{
    (void)context;
    assert_true(progress->done <= progress->total);
    assert_true(progress->done >= last_progress.done);
    last_progress = *progress;
}

static void progress_ends_with_all_done(void **state)
{
    struct world *w = *state;
    last_progress = (struct cycle_progress){0};
    unlisted = PROBE_SILENT;
    expect_ports(w, TRANSPORT_TCP, 80, 84);
    next_host(w);
    expect_ports(w, TRANSPORT_TCP, 80, 80);
    w->options.progress = keep_progress;
    drive(w);
    assert_int_equal(last_progress.done, last_progress.total);
    assert_int_equal(last_progress.total, probe_log_count);
    assert_int_equal(last_progress.hosts_left, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        CASE(open_port_is_asked_once_and_needs_no_control),
        CASE(refused_port_counts_after_a_second_probe),
        CASE(a_later_answer_beats_a_silence),
        CASE(an_answer_is_not_lost_to_a_later_silence_or_trouble_of_ours),
        CASE(own_trouble_is_not_asked_again),
        CASE(shut_port_that_must_be_shut_is_not_confirmed),
        CASE(absent_optional_port_is_not_confirmed),
        CASE(where_one_suffices_the_others_are_not_confirmed),
        CASE(group_without_any_open_port_is_confirmed),
        CASE(shared_target_is_asked_once_and_every_demand_counts),
        CASE(udp_silent_by_nature_is_left_alone),
        CASE(acceptance_test_confirms_whatever_is_not_proven),
        CASE(answering_udp_service_in_silence_is_confirmed_with_a_control),
        CASE(silent_port_of_a_living_host_gets_a_closed_control),
        CASE(stealth_host_leaves_the_closed_control_unanswered),
        CASE(dead_host_gets_every_control_and_one_second_probe),
        CASE(host_that_answers_the_echo_is_alive),
        CASE(echo_that_is_not_permitted_proves_nothing),
        CASE(silent_canary_says_that_our_own_way_out_is_broken),
        CASE(canary_that_could_not_be_asked_says_nothing),
        CASE(hosts_take_turns),
        CASE(tls_service_takes_the_tls_probe_and_thin_programs_hand_over),
        CASE(missing_kind_is_our_own_trouble),
        CASE(shared_secret_is_for_programs_that_make_use_of_it),
        CASE(flow_that_is_not_probed_needs_no_kind),
        CASE(unknown_listener_source_is_failed_evidence),
        CASE(without_probes_nothing_is_sent),
        CASE(empty_plan_ends_at_once),
        CASE(silent_site_is_wholly_judged_before_the_deadline),
        CASE(deadline_leaves_what_was_answered_and_drops_what_was_not_confirmed),
        CASE(silent_ports_do_not_keep_those_behind_them_from_being_asked),
        CASE(hurried_silence_does_not_count_where_answers_are_slow),
        CASE(hurry_is_not_for_tls),
        CASE(deadline_that_has_passed_already_sends_nothing),
        CASE(progress_ends_with_all_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
