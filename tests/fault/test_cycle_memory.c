/* Every allocation of a cycle fails once: the cycle says so or ends with our own trouble, leaks nothing, and the next
 * one succeeds. */
#include "cycle/scripted.h"

#include "fail_at.h"

/* Two hosts with all that a cycle allocates for: shared and silent flows, doubts, controls, listeners read twice. */
static void world_rich(struct world *w)
{
    w->hosts[0].listeners = LISTENERS_KERNEL;
    rule_of(expect_ports(w, TRANSPORT_TCP, 80, 81))->presence = PRESENCE_ANY;
    expect_ports(w, TRANSPORT_TCP, 443, 443);
    expect_ports(w, TRANSPORT_UDP, 161, 161)->rule = &w->rules[0];
    next_host(w);
    expect_ports(w, TRANSPORT_TCP, 22, 23);
    script_port(80, PROBE_OPEN, PROBE_NOT_DONE); /* and nobody listens there: a second look is wanted */
    script_port(22, PROBE_SILENT, PROBE_NOT_DONE);
    w->site.canary = (struct canary){.address = w->addresses[2].address, .port = 7};
}

/* 0, or the code of the step that failed. */
static int drive_and_judge(struct world *w)
{
    struct judgement judgement = {0};
    struct cycle *cycle = NULL;
    int r = cycle_new(&w->plan, &w->options, &cycle);
    if (r < 0) {
        assert_null(cycle); /* untouched on failure */
        return r;
    }
    while (r >= 0) {
        r = cycle_step(cycle, w->now);
        if (r <= 0)
            break;
        int64_t next = cycle_next_ms(cycle);
        if (next > w->now.mono_ms)
            w->now.mono_ms = next;
    }
    if (r == 0)
        r = cycle_judge(cycle, NULL, w->now, &judgement);
    judgement_done(&judgement);
    cycle_free(cycle);
    return r;
}

static void test_every_allocation_of_a_cycle(void **state)
{
    struct world *w = *state;
    world_rich(w);
    size_t failures = 0;
    for (size_t n = 1;; n++) {
        probe_log_count = 0;
        fail_at(n);
        int r = drive_and_judge(w);
        bool failed = fail_at_happened;
        fail_at(0);
        if (!failed) {
            assert_int_equal(r, 0);
            break;
        }
        /* a table of listeners that could not be made may also be told as unread, which is no failure of the cycle */
        assert_true(r == -ENOMEM || r == 0);
        failures += r == -ENOMEM;
    }
    assert_true(failures > 20);
}

/* The same of a visit that remembers: UDP ports that take turns, the ration of ICMP messages, what is kept and shared.
 */
static void test_every_allocation_of_a_visit(void **state)
{
    struct world *w = *state;
    struct look_memory *memory = look_memory_new();
    assert_non_null(memory);
    world_rich(w);
    icmp_rationed = true;
    rule_of(expect_ports(w, TRANSPORT_UDP, 500, 508))->service = &w->services[0];
    rule_of(expect_ports(w, TRANSPORT_UDP, 53, 53))->service = &w->services[2];
    size_t failures = 0;
    for (size_t n = 1;; n++) {
        struct observations seen;
        assert_int_equal(observations_init(&seen, w->plan.flow_count, w->plan.host_count), 0);
        probe_log_count = 0;
        w->options.memory = memory;
        w->options.seen = &seen;
        w->now.mono_ms += 60000;
        fail_at(n);
        int r = drive_and_judge(w);
        bool failed = fail_at_happened;
        fail_at(0);
        observations_done(&seen);
        if (!failed) {
            assert_int_equal(r, 0);
            break;
        }
        assert_true(r == -ENOMEM || r == 0);
        failures += r == -ENOMEM;
    }
    assert_true(failures > 20);
    look_memory_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_allocation_of_a_cycle, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_every_allocation_of_a_visit, world_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
