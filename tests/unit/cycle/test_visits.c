/* Visits: cycles of a few hosts each, on one engine, whose sights add up to the observations of the whole plan. */
#include "scripted.h"

#include "memory.h"

enum { VISITS = 3 };

struct round {
    struct world *w;
    struct probe_engine *engine;
    struct look_memory *memory;
    struct observations seen;
    struct cycle *visits[VISITS];
    unsigned news[VISITS];
    bool over[VISITS];
    size_t wanted[VISITS];
    bool not_due[FLOWS];
};

static int round_setup(void **state)
{
    struct round *round = calloc(1, sizeof(*round));
    assert_non_null(round);
    void *world = NULL;
    assert_int_equal(world_setup(&world), 0);
    round->w = world;
    round->memory = look_memory_new();
    assert_non_null(round->memory);
    const struct probe_limits limits = {.per_second = 0};
    assert_int_equal(probe_engine_new(&limits, &round->engine), 0);
    *state = round;
    return 0;
}

static int round_teardown(void **state)
{
    struct round *round = *state;
    for (size_t i = 0; i < VISITS; i++)
        cycle_free(round->visits[i]);
    look_memory_free(round->memory);
    probe_engine_free(round->engine);
    observations_done(&round->seen);
    void *world = round->w;
    free(round);
    return world_teardown(&world);
}

static void round_plan(struct round *round)
{
    assert_int_equal(observations_init(&round->seen, round->w->plan.flow_count, round->w->plan.host_count), 0);
}

static void take_news(void *context, struct cycle *cycle)
{
    struct round *round = context;
    for (size_t i = 0; i < VISITS; i++)
        round->news[i] += round->visits[i] == cycle;
}

static void begin(struct round *round, size_t visit, size_t host)
{
    struct cycle_options options = round->w->options;
    round->wanted[visit] = host;
    options.engine = round->engine;
    options.seen = &round->seen;
    options.memory = round->memory;
    options.hosts = &round->wanted[visit];
    options.host_count = 1;
    options.not_due = round->not_due;
    options.news = take_news;
    options.news_context = round;
    assert_int_equal(cycle_new(&round->w->plan, &options, &round->visits[visit]), 0);
    round->over[visit] = false;
    assert_int_equal(cycle_fd(round->visits[visit]), -1);
}

static void step_visit(struct round *round, size_t i)
{
    if (!round->visits[i] || round->over[i])
        return;
    int r = cycle_step(round->visits[i], round->w->now);
    assert_true(r >= 0);
    round->over[i] = r == 0;
}

/* Steps the visits that have something to do, then the engine; false: nothing is left. */
static bool step_all(struct round *round)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < VISITS; i++)
        if (round->visits[i] && !round->over[i] && cycle_next_ms(round->visits[i]) == 0)
            step_visit(round, i);
    size_t pending = probe_engine_step(round->engine, round->w->now);
    bool left = pending > 0;
    for (size_t i = 0; i < VISITS; i++)
        left = left || (round->visits[i] && !round->over[i]);
    if (pending > 0)
        next = probe_engine_next_ms(round->engine);
    if (next != INT64_MAX && next > round->w->now.mono_ms)
        round->w->now.mono_ms = next;
    return left;
}

static void run_all(struct round *round)
{
    for (int steps = 0; steps < 10000; steps++)
        if (!step_all(round))
            return;
    fail_msg("the visits do not end");
}

static void end_visit(struct round *round, size_t visit)
{
    cycle_free(round->visits[visit]);
    round->visits[visit] = NULL;
}

static void two_hosts(struct round *round)
{
    expect_ports(round->w, TRANSPORT_TCP, 80, 81);
    next_host(round->w);
    expect_ports(round->w, TRANSPORT_TCP, 90, 91);
    round_plan(round);
}

/* The first of them is being visited. */
static void two_silent_hosts_and_a_canary(struct round *round)
{
    two_hosts(round);
    unlisted = PROBE_SILENT;
    round->w->site.canary = (struct canary){round->w->addresses[2].address, 7};
    begin(round, 0, 0);
}

static void step_until_the_canary_is_asked(struct round *round)
{
    for (int steps = 0; times_sent("tcp", 7) == 0 && steps < 100; steps++)
        (void)step_all(round);
    assert_int_equal(times_sent("tcp", 7), 1);
}

static void a_visit_replaces_what_was_seen_of_its_hosts_alone(void **state)
{
    struct round *round = *state;
    two_hosts(round);
    unlisted = PROBE_OPEN;
    begin(round, 0, 0);
    begin(round, 1, 1);
    run_all(round);
    end_visit(round, 0);
    end_visit(round, 1);
    for (size_t id = 0; id < 4; id++)
        assert_int_equal(round->seen.probes[id].outcome, PROBE_OPEN);
    unlisted = PROBE_REFUSED;
    begin(round, 0, 1);
    run_all(round);
    assert_int_equal(round->seen.probes[0].outcome, PROBE_OPEN);
    assert_int_equal(round->seen.probes[1].outcome, PROBE_OPEN);
    assert_int_equal(round->seen.probes[2].outcome, PROBE_REFUSED);
    assert_int_equal(round->seen.probes[3].outcome, PROBE_REFUSED);
    assert_true(round->seen.hosts[0].addresses[0].alive);
}

static void a_visit_tells_when_its_last_probe_has_ended(void **state)
{
    struct round *round = *state;
    two_hosts(round);
    unlisted = PROBE_OPEN;
    begin(round, 0, 0);
    step_visit(round, 0);
    assert_int_equal(round->news[0], 0);
    assert_true(cycle_next_ms(round->visits[0]) == INT64_MAX);
    probe_engine_step(round->engine, round->w->now);
    assert_int_equal(round->news[0], 1);
    assert_int_equal(cycle_next_ms(round->visits[0]), 0);
    step_visit(round, 0);
    assert_true(round->over[0]);
}

static void a_visit_that_is_broken_off_leaves_no_trace(void **state)
{
    struct round *round = *state;
    two_hosts(round);
    unlisted = PROBE_OPEN;
    begin(round, 0, 0);
    run_all(round);
    end_visit(round, 0);
    struct address_seen *addresses = round->seen.hosts[0].addresses;
    unlisted = PROBE_SILENT;
    begin(round, 0, 0);
    step_visit(round, 0);
    probe_engine_step(round->engine, round->w->now);
    assert_int_equal(probe_engine_pending(round->engine), 2);
    end_visit(round, 0);
    assert_int_equal(probe_engine_pending(round->engine), 0);
    assert_int_equal(round->seen.probes[0].outcome, PROBE_OPEN);
    assert_ptr_equal(round->seen.hosts[0].addresses, addresses);
    assert_true(addresses[0].alive);
}

static void what_is_not_due_keeps_its_result_and_its_control(void **state)
{
    struct round *round = *state;
    expect_ports(round->w, TRANSPORT_TCP, 80, 81);
    round_plan(round);
    script_port(80, PROBE_SILENT, PROBE_SILENT);
    script_port(81, PROBE_OPEN, PROBE_NOT_DONE);
    begin(round, 0, 0);
    run_all(round);
    end_visit(round, 0);
    assert_true(round->seen.hosts[0].addresses[0].closed_control);
    size_t sent = times_sent("tcp", 80);
    round->not_due[0] = true;
    begin(round, 0, 0);
    run_all(round);
    assert_int_equal(times_sent("tcp", 80), sent);
    assert_int_equal(times_sent("tcp", 81), 2);
    assert_int_equal(round->seen.probes[0].outcome, PROBE_SILENT);
    assert_int_equal(times_sent("tcp", 65533), 2); /* the silence rests on it */
    assert_true(round->seen.hosts[0].addresses[0].closed_control);
}

static void nothing_due_leaves_the_address_as_it_was_seen(void **state)
{
    struct round *round = *state;
    two_hosts(round);
    unlisted = PROBE_OPEN;
    begin(round, 0, 0);
    run_all(round);
    end_visit(round, 0);
    round->not_due[0] = round->not_due[1] = true;
    size_t sent = probe_log_count;
    begin(round, 0, 0);
    run_all(round);
    assert_int_equal(probe_log_count, sent);
    assert_true(round->seen.hosts[0].addresses[0].alive);
    assert_int_equal(round->seen.probes[1].outcome, PROBE_OPEN);
}

static void visits_share_one_question_to_the_canary(void **state)
{
    struct round *round = *state;
    two_silent_hosts_and_a_canary(round);
    begin(round, 1, 1);
    run_all(round);
    assert_int_equal(times_sent("tcp", 7), 1);
    assert_true(round->seen.hosts[0].egress_broken);
    assert_true(round->seen.hosts[1].egress_broken);
    assert_false(round->seen.egress_broken);
    end_visit(round, 0);
    round->w->now.mono_ms += 60000;
    unlisted = PROBE_OPEN;
    begin(round, 0, 0);
    run_all(round);
    assert_false(round->seen.hosts[0].egress_broken);
    assert_true(round->seen.hosts[1].egress_broken);
}

static void who_waits_for_the_canary_may_be_broken_off(void **state)
{
    struct round *round = *state;
    two_silent_hosts_and_a_canary(round);
    begin(round, 1, 1);
    step_until_the_canary_is_asked(round);
    end_visit(round, 0); /* the one that asked, or the one that waits: the other has its answer */
    run_all(round);
    assert_true(round->over[1]);
    assert_true(round->seen.hosts[1].egress_broken);
}

static void the_memory_may_go_while_the_canary_is_asked(void **state)
{
    struct round *round = *state;
    two_silent_hosts_and_a_canary(round);
    step_until_the_canary_is_asked(round);
    end_visit(round, 0);
    look_memory_free(round->memory);
    round->memory = NULL;
    assert_int_equal(probe_engine_pending(round->engine), 0);
}

static void a_deadline_ends_a_visit_and_not_the_others(void **state)
{
    struct round *round = *state;
    two_hosts(round);
    unlisted = PROBE_SILENT;
    round->w->options.deadline_mono_ms = round->w->now.mono_ms + 1000;
    begin(round, 0, 0);
    round->w->options.deadline_mono_ms = INT64_MAX;
    begin(round, 1, 1);
    step_visit(round, 0);
    step_visit(round, 1);
    probe_engine_step(round->engine, round->w->now);
    round->w->now.mono_ms += 1000;
    step_visit(round, 0);
    assert_true(round->over[0]);
    assert_int_equal(round->seen.probes[0].reason, REASON_DEADLINE);
    assert_int_equal(cycle_undecided(round->visits[0]), 2);
    assert_int_equal(probe_engine_pending(round->engine), 2);
    run_all(round);
    assert_int_equal(round->seen.probes[2].outcome, PROBE_SILENT);
}

static void silent_flows_go_first_the_next_time(void **state)
{
    struct round *round = *state;
    expect_ports(round->w, TRANSPORT_TCP, 80, 83);
    round_plan(round);
    unlisted = PROBE_OPEN;
    script_port(83, PROBE_SILENT, PROBE_SILENT);
    begin(round, 0, 0);
    run_all(round);
    end_visit(round, 0);
    size_t before = probe_log_count;
    begin(round, 0, 0);
    run_all(round);
    assert_int_equal(probes_sent[before].port, 83);
}

/* Six hundred flows: those that were silent are on their way before the others are queued, every flow is asked once,
 * and there is never nothing to do while some are left. */
static void a_long_row_of_flows_is_asked_part_by_part(void **state)
{
    enum { COUNT = 600, SILENT = 20 };
    struct round *round = *state;
    expect_ports(round->w, TRANSPORT_TCP, 1000, 1000 + COUNT - 1);
    round_plan(round);
    const struct probe_limits limits = {.per_second = 100000, .per_target_per_second = 100000};
    probe_engine_set_limits(round->engine, &limits);
    unlisted = PROBE_OPEN;
    for (uint16_t i = 0; i < SILENT; i++)
        script_port((uint16_t)(1000 + COUNT - 1 - i), PROBE_SILENT, PROBE_SILENT);
    begin(round, 0, 0);
    run_all(round);
    end_visit(round, 0);
    size_t before = probe_log_count;
    begin(round, 0, 0);
    step_visit(round, 0);
    assert_int_equal(cycle_next_ms(round->visits[0]), 0);
    size_t queued = probe_engine_pending(round->engine);
    assert_true(queued >= SILENT && queued < COUNT);
    probe_engine_step(round->engine, round->w->now);
    for (size_t i = 0; i < SILENT; i++)
        assert_true(probes_sent[before + i].port >= 1000 + COUNT - SILENT);
    run_all(round);
    assert_true(round->over[0]);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(round->seen.probes[i].outcome, i < COUNT - SILENT ? PROBE_OPEN : PROBE_SILENT);
    assert_int_equal(probe_log_count - before, COUNT + 1); /* and the control */
}

/* Where the deadline comes while some are still to be queued, those were not looked at, which is nobody's fault. */
static void a_deadline_may_come_before_all_are_queued(void **state)
{
    struct round *round = *state;
    expect_ports(round->w, TRANSPORT_TCP, 1000, 1599);
    round_plan(round);
    unlisted = PROBE_OPEN;
    round->w->options.deadline_mono_ms = round->w->now.mono_ms + 1000;
    begin(round, 0, 0);
    step_visit(round, 0);
    round->w->now.mono_ms += 1000;
    step_visit(round, 0);
    assert_true(round->over[0]);
    assert_int_equal(probe_engine_pending(round->engine), 0);
    assert_int_equal(cycle_undecided(round->visits[0]), 600);
    assert_int_equal(round->seen.probes[599].reason, REASON_DEADLINE);
}

static void the_memory_forgets_what_nobody_looks_at(void **state)
{
    struct round *round = *state;
    struct look_memory *memory = round->memory;
    const struct address *target = &round->w->addresses[0].address;
    for (uint16_t port = 1; port <= 1000; port++)
        look_note(memory, TRANSPORT_TCP, target, port)->mono_ms = port;
    assert_int_equal(memory->count, 1000);
    look_memory_forget(memory, 501);
    assert_int_equal(memory->count, 500);
    assert_null(look_find(memory, TRANSPORT_TCP, target, 500));
    assert_null(look_find(memory, TRANSPORT_UDP, target, 501));
    const struct look *kept = look_find(memory, TRANSPORT_TCP, target, 501);
    assert_non_null(kept);
    assert_int_equal(kept->mono_ms, 501);
}

int main(void)
{
#define VISIT(test) cmocka_unit_test_setup_teardown(test, round_setup, round_teardown)
    const struct CMUnitTest tests[] = {
        VISIT(a_visit_replaces_what_was_seen_of_its_hosts_alone),
        VISIT(a_visit_tells_when_its_last_probe_has_ended),
        VISIT(a_visit_that_is_broken_off_leaves_no_trace),
        VISIT(what_is_not_due_keeps_its_result_and_its_control),
        VISIT(nothing_due_leaves_the_address_as_it_was_seen),
        VISIT(visits_share_one_question_to_the_canary),
        VISIT(who_waits_for_the_canary_may_be_broken_off),
        VISIT(the_memory_may_go_while_the_canary_is_asked),
        VISIT(a_deadline_ends_a_visit_and_not_the_others),
        VISIT(silent_flows_go_first_the_next_time),
        VISIT(a_long_row_of_flows_is_asked_part_by_part),
        VISIT(a_deadline_may_come_before_all_are_queued),
        VISIT(the_memory_forgets_what_nobody_looks_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
