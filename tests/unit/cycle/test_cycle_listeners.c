/* The cycle with listener evidence, out of recordings: what is left alone, which port is expected closed, and when
 * listeners are looked at again. */
#include "scripted.h"

#include "internal.h"
#include <stdio.h>
#include <unistd.h>

static char recording_path[] = "/tmp/portconform-recording-XXXXXX";

static int recording_setup(void **state)
{
    strcpy(recording_path + strlen(recording_path) - 6, "XXXXXX");
    int fd = mkstemp(recording_path);
    if (fd < 0 || close(fd) != 0)
        return -1;
    return world_setup(state);
}

static int recording_teardown(void **state)
{
    return unlink(recording_path) == 0 ? world_teardown(state) : -1;
}

/* The first host's listeners. */
static void record(struct world *w, const char *content)
{
    FILE *file = fopen(recording_path, "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
    w->hosts[0].listeners = LISTENERS_FILE;
    w->hosts[0].listener_file = recording_path;
}

static void full_queue_is_not_filled_further(void **state)
{
    struct world *w = *state;
    record(w, "tcp 0.0.0.0:80 queue=129/128\ntcp 0.0.0.0:81 queue=0/128\n");
    unlisted = PROBE_SILENT;
    echoed = PROBE_OPEN;
    expect_ports(w, TRANSPORT_TCP, 80, 81);
    drive(w);
    assert_int_equal(times_sent("tcp", 80), 1);
    assert_int_equal(times_sent("tcp", 81), 2);
}

static void fragile_service_that_is_seen_is_not_probed(void **state)
{
    struct world *w = *state;
    record(w, "tcp 0.0.0.0:80\n");
    unlisted = PROBE_OPEN;
    rule_of(expect_ports(w, TRANSPORT_TCP, 80, 80))->fragile = true;
    expect_ports(w, TRANSPORT_TCP, 81, 81);
    drive(w);
    assert_int_equal(times_sent("tcp", 80), 0);
    assert_int_equal(times_sent("tcp", 81), 1);
    assert_int_equal(result_at(w, 0)->outcome, PROBE_NOT_DONE);
    assert_int_equal(result_at(w, 0)->reason, REASON_NOT_PROBED);
}

static void fragile_service_that_nobody_sees_is_probed(void **state)
{
    struct world *w = *state;
    unlisted = PROBE_OPEN;
    rule_of(expect_ports(w, TRANSPORT_TCP, 80, 80))->fragile = true;
    drive(w);
    assert_int_equal(times_sent("tcp", 80), 1);
}

static void refused_optional_port_with_a_listener_is_confirmed(void **state)
{
    struct world *w = *state;
    record(w, "tcp 0.0.0.0:80\n");
    rule_of(expect_ports(w, TRANSPORT_TCP, 80, 81))->presence = PRESENCE_OPTIONAL;
    drive(w);
    assert_int_equal(times_sent("tcp", 80), 2);
    assert_int_equal(times_sent("tcp", 81), 1);
}

static void listeners_are_looked_at_again_where_they_disagree(void **state)
{
    struct world *w = *state;
    record(w, "tcp 0.0.0.0:22\n");
    script_port(80, PROBE_SILENT, PROBE_OPEN); /* open some time after the listeners were read */
    struct expectation *expectation = expect_ports(w, TRANSPORT_TCP, 80, 80);
    static const size_t first_address = 0;
    expectation->addresses = &first_address;
    expectation->address_count = 1;
    drive(w);
    const struct host_seen *seen = &cycle_observations(w->cycle)->hosts[0];
    assert_non_null(seen->listeners);
    assert_int_equal(seen->listeners->status, LISTENERS_SEEN);
    assert_non_null(seen->listeners_again);
    assert_ptr_not_equal(seen->listeners, seen->listeners_again);
}

static void listeners_that_agree_are_looked_at_once(void **state)
{
    struct world *w = *state;
    record(w, "tcp 0.0.0.0:80\n");
    unlisted = PROBE_OPEN;
    expect_ports(w, TRANSPORT_TCP, 80, 80);
    drive(w);
    assert_null(cycle_observations(w->cycle)->hosts[0].listeners_again);
}

static void unreadable_recording_is_failed_evidence(void **state)
{
    struct world *w = *state;
    expect_ports(w, TRANSPORT_TCP, 80, 80);
    unlisted = PROBE_OPEN;
    w->hosts[0].listeners = LISTENERS_FILE;
    w->hosts[0].listener_file = "/nonexistent/recording";
    drive(w);
    const struct listener_table *table = cycle_observations(w->cycle)->hosts[0].listeners;
    assert_non_null(table);
    assert_int_equal(table->status, LISTENERS_FAILED);
    assert_int_equal(result_at(w, 0)->outcome, PROBE_OPEN);
}

/* Nobody looked, but not because nobody wanted to: that must not pass for a host without listener source. */
static void listeners_that_the_deadline_cut_off_are_failed_evidence(void **state)
{
    struct world *w = *state;
    record(w, "tcp 0.0.0.0:80\n");
    expect_ports(w, TRANSPORT_TCP, 80, 80);
    next_host(w);
    expect_ports(w, TRANSPORT_TCP, 80, 80);
    w->options.no_probes = true;
    w->options.deadline_mono_ms = w->now.mono_ms;
    drive(w);
    const struct host_seen *hosts = cycle_observations(w->cycle)->hosts;
    assert_non_null(hosts[0].listeners);
    assert_int_equal(hosts[0].listeners->status, LISTENERS_FAILED);
    assert_int_equal(hosts[0].listeners->error, PC_EDEADLINE);
    assert_null(hosts[1].listeners); /* has no source */
}

static void hosts_of_one_kernel_share_a_look(void **state)
{
    struct world *w = *state;
    unlisted = PROBE_OPEN;
    w->planned[0].is_self = w->planned[1].is_self = true;
    w->hosts[0].listeners = w->hosts[1].listeners = LISTENERS_AUTO;
    expect_ports(w, TRANSPORT_TCP, 80, 80);
    next_host(w);
    expect_ports(w, TRANSPORT_TCP, 80, 80);
    drive(w);
    const struct observations *seen = cycle_observations(w->cycle);
    assert_non_null(seen->hosts[0].listeners);
    assert_ptr_equal(seen->hosts[0].listeners, seen->hosts[1].listeners);
}

/* --- the port that is expected closed ----------------------------------------------------------------------------- */

static void closed_port_is_the_highest_that_nobody_has(void **state)
{
    struct world *w = *state;
    assert_int_equal(cycle_closed_port(&w->planned[0], NULL, TRANSPORT_TCP), 65533);
    expect_ports(w, TRANSPORT_TCP, 65532, 65533);
    assert_int_equal(cycle_closed_port(&w->planned[0], NULL, TRANSPORT_TCP), 65531);
    assert_int_equal(cycle_closed_port(&w->planned[0], NULL, TRANSPORT_UDP), 65533);
    struct expectation *media = expect_ports(w, TRANSPORT_TCP, 65530, 65531);
    media->range.low = 16384; /* a narrow port inside it is still above its beginning */
    assert_int_equal(cycle_closed_port(&w->planned[0], NULL, TRANSPORT_TCP), 16383);
    media->range.step = 2;
    media->range.high = 65530;
    assert_int_equal(cycle_closed_port(&w->planned[0], NULL, TRANSPORT_TCP), 65531);
}

static void closed_port_keeps_off_listeners_and_the_ephemeral_range(void **state)
{
    struct world *w = *state;
    struct listener listeners[] = {{.transport = TRANSPORT_TCP, .port = 65533},
                                   {.transport = TRANSPORT_UDP, .port = 49151}};
    struct listener_table table = {.status = LISTENERS_SEEN, .items = listeners, .count = 2};
    assert_int_equal(cycle_closed_port(&w->planned[0], &table, TRANSPORT_TCP), 65532);
    table.ephemeral_low = 49152;
    table.ephemeral_high = 65535;
    assert_int_equal(cycle_closed_port(&w->planned[0], &table, TRANSPORT_TCP), 49151);
    assert_int_equal(cycle_closed_port(&w->planned[0], &table, TRANSPORT_UDP), 49150);
}

static void host_without_a_free_port_has_no_closed_control(void **state)
{
    struct world *w = *state;
    struct expectation *expectation = expect_ports(w, TRANSPORT_TCP, 80, 80);
    expectation->range.low = 1;
    expectation->range.high = 65535;
    assert_int_equal(cycle_closed_port(&w->planned[0], NULL, TRANSPORT_TCP), 0);
    unlisted = PROBE_SILENT;
    drive(w);
    assert_false(address_at(w, 0)->closed_control);
    assert_int_equal(times_of_kind("tcp"), 2);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, recording_setup, recording_teardown)
    const struct CMUnitTest tests[] = {
        CASE(full_queue_is_not_filled_further),
        CASE(fragile_service_that_is_seen_is_not_probed),
        CASE(fragile_service_that_nobody_sees_is_probed),
        CASE(refused_optional_port_with_a_listener_is_confirmed),
        CASE(listeners_are_looked_at_again_where_they_disagree),
        CASE(listeners_that_agree_are_looked_at_once),
        CASE(unreadable_recording_is_failed_evidence),
        CASE(listeners_that_the_deadline_cut_off_are_failed_evidence),
        CASE(hosts_of_one_kernel_share_a_look),
        CASE(closed_port_is_the_highest_that_nobody_has),
        CASE(closed_port_keeps_off_listeners_and_the_ephemeral_range),
        CASE(host_without_a_free_port_has_no_closed_control),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
