/* Findings over time: damping, since and looks, transitions, what is held, what is gone. */
#include "world.h"

enum { LOOK_MS = 60000 };

static struct expectation *world_in_daemon(struct world *w, unsigned raise, unsigned clear)
{
    world_init(w);
    w->mode = JUDGE_CONTINUOUS;
    w->damping = w->host.damping = (struct damping){raise, clear};
    return world_expect(w, TRANSPORT_TCP, 80, 80);
}

static const struct finding *look(struct world *w, enum probe_outcome outcome, enum reason reason)
{
    world_later(w, LOOK_MS);
    world_probe(w, 0, outcome, reason);
    world_judge(w);
    return world_finding(w, w->expectations[0].key);
}

static void expect_transition(const struct world *w, enum transition_kind kind, enum verdict was)
{
    assert_int_equal(w->last.transition_count, 1);
    assert_int_equal(w->last.transitions[0].kind, kind);
    assert_int_equal(w->last.transitions[0].was, was);
    assert_non_null(w->last.transitions[0].finding);
    assert_int_equal(w->last.transitions[0].at.wall_ms, w->now.wall_ms);
}

static void test_a_problem_is_raised_at_the_second_look(void **state)
{
    (void)state;
    struct world w;
    world_in_daemon(&w, 2, 2);
    const struct finding *f = look(&w, PROBE_REFUSED, REASON_RST);
    assert_int_equal(f->verdict, VERDICT_NONE);
    assert_int_equal(f->severity, SEVERITY_OK);
    assert_int_equal(f->pending, VERDICT_CLOSED);
    assert_int_equal(f->pending_looks, 1);
    assert_int_equal(w.last.transition_count, 0);
    f = look(&w, PROBE_REFUSED, REASON_RST);
    assert_int_equal(f->verdict, VERDICT_CLOSED);
    assert_int_equal(f->pending, VERDICT_NONE);
    assert_int_equal(f->since_ms, w.now.wall_ms);
    assert_int_equal(f->looks, 2);
    expect_transition(&w, TRANSITION_RAISED, VERDICT_NONE);
    const int64_t since_ms = f->since_ms;
    f = look(&w, PROBE_REFUSED, REASON_RST);
    assert_int_equal(f->since_ms, since_ms);
    assert_int_equal(f->looks, 3);
    assert_int_equal(w.last.transition_count, 0);
    world_done(&w);
}

static void test_what_conforms_does_so_at_once(void **state)
{
    (void)state;
    struct world w;
    world_in_daemon(&w, 3, 3);
    const struct finding *f = look(&w, PROBE_OPEN, REASON_ACCEPTED);
    assert_int_equal(f->verdict, VERDICT_CONFORMING);
    assert_int_equal(w.last.transition_count, 0);
    world_done(&w);
}

static void test_one_bad_look_changes_nothing(void **state)
{
    (void)state;
    struct world w;
    world_in_daemon(&w, 2, 2);
    look(&w, PROBE_OPEN, REASON_ACCEPTED);
    const struct finding *f = look(&w, PROBE_REFUSED, REASON_RST);
    assert_int_equal(f->verdict, VERDICT_CONFORMING);
    assert_string_equal(f->probe, "open"); /* verdict and evidence belong together */
    f = look(&w, PROBE_OPEN, REASON_ACCEPTED);
    assert_int_equal(f->pending, VERDICT_NONE);
    f = look(&w, PROBE_REFUSED, REASON_RST);
    assert_int_equal(f->pending_looks, 1);
    assert_int_equal(w.last.transition_count, 0);
    world_done(&w);
}

static void test_changed_and_cleared(void **state)
{
    (void)state;
    struct world w;
    world_in_daemon(&w, 1, 2);
    look(&w, PROBE_REFUSED, REASON_RST);
    expect_transition(&w, TRANSITION_RAISED, VERDICT_NONE);
    const struct finding *f = look(&w, PROBE_STOPPED, REASON_ADMIN_PROHIBITED);
    expect_transition(&w, TRANSITION_CHANGED, VERDICT_CLOSED);
    assert_int_equal(f->was, VERDICT_CLOSED);
    f = look(&w, PROBE_OPEN, REASON_ACCEPTED);
    assert_int_equal(f->verdict, VERDICT_FILTERED);
    assert_int_equal(w.last.transition_count, 0);
    f = look(&w, PROBE_OPEN, REASON_ACCEPTED);
    assert_int_equal(f->verdict, VERDICT_CONFORMING);
    expect_transition(&w, TRANSITION_CLEARED, VERDICT_FILTERED);
    world_done(&w);
}

/* A flow that fails in another way at every look would never be told if each way had to last. */
static void test_changing_problems_are_problems(void **state)
{
    (void)state;
    struct world w;
    world_in_daemon(&w, 2, 2);
    look(&w, PROBE_OPEN, REASON_ACCEPTED);
    look(&w, PROBE_REFUSED, REASON_RST);
    const struct finding *f = look(&w, PROBE_STOPPED, REASON_ADMIN_PROHIBITED);
    assert_int_equal(f->verdict, VERDICT_FILTERED);
    expect_transition(&w, TRANSITION_RAISED, VERDICT_CONFORMING);
    world_done(&w);
}

static void test_one_shot_keeps_nothing(void **state)
{
    (void)state;
    struct world w;
    world_in_daemon(&w, 5, 5);
    w.mode = JUDGE_ONE_SHOT;
    look(&w, PROBE_OPEN, REASON_ACCEPTED);
    const struct finding *f = look(&w, PROBE_REFUSED, REASON_RST);
    assert_int_equal(f->verdict, VERDICT_CLOSED);
    assert_int_equal(f->since_ms, 0);
    assert_int_equal(f->looks, 0);
    assert_int_equal(f->was, VERDICT_NONE);
    assert_int_equal(w.last.transition_count, 0);
    world_done(&w);
}

static void test_host_down_holds_and_lets_go(void **state)
{
    (void)state;
    static const char key[] = "mgr01|-|unreachable";
    struct world w;
    world_in_daemon(&w, 2, 2);
    look(&w, PROBE_REFUSED, REASON_RST);
    look(&w, PROBE_REFUSED, REASON_RST);
    /* down, not yet told: the last verdict still counts */
    const struct finding *f = look(&w, PROBE_SILENT, REASON_SILENT);
    assert_false(f->held);
    assert_int_equal(f->verdict, VERDICT_CLOSED);
    assert_int_equal(world_finding(&w, key)->verdict, VERDICT_NONE);
    f = look(&w, PROBE_SILENT, REASON_SILENT);
    expect_transition(&w, TRANSITION_HOST_UNREACHABLE, VERDICT_NONE);
    assert_true(f->held);
    assert_int_equal(f->verdict, VERDICT_CLOSED);
    assert_int_equal(world_finding(&w, key)->verdict, VERDICT_UNREACHABLE);
    /* up again, told at the second look; then the finding is judged as before */
    f = look(&w, PROBE_REFUSED, REASON_RST);
    assert_true(f->held);
    assert_int_equal(w.last.transition_count, 0);
    f = look(&w, PROBE_REFUSED, REASON_RST);
    expect_transition(&w, TRANSITION_HOST_REACHABLE, VERDICT_UNREACHABLE);
    assert_non_null(w.last.gone);
    assert_int_equal(w.last.transitions[0].finding->verdict, VERDICT_CONFORMING);
    assert_null(finding_block_find(w.last.snapshot->blocks[1], key));
    assert_false(f->held);
    assert_int_equal(f->verdict, VERDICT_CLOSED);
    world_done(&w);
}

static void test_never_judged_host_is_held_without_verdict(void **state)
{
    (void)state;
    struct world w;
    world_in_daemon(&w, 1, 1);
    const struct finding *f = look(&w, PROBE_SILENT, REASON_SILENT);
    assert_true(f->held);
    assert_int_equal(f->verdict, VERDICT_NOT_JUDGED);
    assert_int_equal(f->reason, REASON_HOST_DOWN);
    f = look(&w, PROBE_OPEN, REASON_ACCEPTED);
    assert_int_equal(f->verdict, VERDICT_CONFORMING);
    assert_int_equal(f->was, VERDICT_NONE);
    world_done(&w);
}

static void test_intermittent_host_makes_no_noise(void **state)
{
    (void)state;
    struct world w;
    world_in_daemon(&w, 1, 1);
    w.host.intermittent = true;
    look(&w, PROBE_OPEN, REASON_ACCEPTED);
    look(&w, PROBE_SILENT, REASON_SILENT);
    assert_int_equal(w.last.transition_count, 0);
    assert_int_equal(world_finding(&w, "mgr01|-|unreachable")->verdict, VERDICT_UNREACHABLE);
    look(&w, PROBE_OPEN, REASON_ACCEPTED);
    assert_int_equal(w.last.transition_count, 0);
    world_done(&w);
}

/* Exposure is looked at once a day: the looks in between have no say. */
static void test_a_look_without_probe_does_not_clear_an_exposure(void **state)
{
    (void)state;
    struct world w;
    world_in_daemon(&w, 2, 2);
    w.rules[0].scope = SCOPE_HOST;
    world_demand(&w, FLOW_MUST_NOT_PASS, SCOPE_HOST);
    const struct finding *f = look(&w, PROBE_NOT_DONE, REASON_NONE);
    assert_int_equal(f->verdict, VERDICT_UNPROVEN);
    f = look(&w, PROBE_OPEN, REASON_ACCEPTED);
    assert_int_equal(f->pending, VERDICT_EXPOSED);
    for (int i = 0; i < 5; i++)
        f = look(&w, PROBE_NOT_DONE, REASON_NONE);
    assert_int_equal(f->pending_looks, 1);
    f = look(&w, PROBE_OPEN, REASON_ACCEPTED);
    assert_int_equal(f->verdict, VERDICT_EXPOSED);
    expect_transition(&w, TRANSITION_RAISED, VERDICT_UNPROVEN);
    for (int i = 0; i < 5; i++)
        f = look(&w, PROBE_NOT_DONE, REASON_NONE);
    assert_int_equal(f->verdict, VERDICT_EXPOSED);
    look(&w, PROBE_REFUSED, REASON_RST);
    f = look(&w, PROBE_REFUSED, REASON_RST);
    assert_int_equal(f->verdict, VERDICT_UNPROVEN);
    expect_transition(&w, TRANSITION_CLEARED, VERDICT_EXPOSED);
    world_done(&w);
}

static void test_an_expectation_that_left_the_configuration_is_cleared(void **state)
{
    (void)state;
    struct world w;
    world_in_daemon(&w, 1, 3);
    look(&w, PROBE_REFUSED, REASON_RST);
    w.plan_host.expectation_count = 0;
    world_later(&w, LOOK_MS);
    assert_int_equal(world_judge(&w)->count, 0);
    expect_transition(&w, TRANSITION_CLEARED, VERDICT_CLOSED);
    assert_int_equal(w.last.gone->count, 1);
    world_done(&w);
}

static void test_a_host_that_left_the_configuration_is_cleared(void **state)
{
    (void)state;
    struct world w;
    world_in_daemon(&w, 1, 1);
    look(&w, PROBE_REFUSED, REASON_RST);
    w.host.name = "other";
    w.expectations[0].key = "other|manager|guide/t/1|80";
    world_later(&w, LOOK_MS);
    world_judge(&w);
    assert_int_equal(world_transitions(&w, TRANSITION_CLEARED), 1);
    assert_int_equal(world_transitions(&w, TRANSITION_RAISED), 1);
    world_done(&w);
}

static void test_the_head_of_a_snapshot(void **state)
{
    (void)state;
    struct world w;
    world_in_daemon(&w, 1, 1);
    const struct component agent = {.name = "agent"};
    const struct guide second = {.id = "second"};
    const struct played plays[] = {{.guide = &w.guide, .component = &w.component},
                                   {.guide = &w.guide, .component = &agent},
                                   {.guide = &second, .component = &agent}};
    w.plan.plays = plays;
    w.plan.play_count = 3;
    look(&w, PROBE_OPEN, REASON_ACCEPTED);
    const struct snapshot *snapshot = w.last.snapshot;
    assert_string_equal(snapshot->site, "test");
    assert_string_equal(snapshot->vantage, "mon1");
    assert_string_equal(snapshot->acts_as, "guide manager, agent; second agent");
    assert_string_equal(snapshot->config_hash, "0123");
    assert_int_equal(snapshot->took_ms, 400);
    assert_int_equal(snapshot->host_count, 1);
    assert_null(snapshot->blocks[0]->host);
    assert_string_equal(snapshot->blocks[1]->host, "mgr01");
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_problem_is_raised_at_the_second_look),
        cmocka_unit_test(test_what_conforms_does_so_at_once),
        cmocka_unit_test(test_one_bad_look_changes_nothing),
        cmocka_unit_test(test_changed_and_cleared),
        cmocka_unit_test(test_changing_problems_are_problems),
        cmocka_unit_test(test_one_shot_keeps_nothing),
        cmocka_unit_test(test_host_down_holds_and_lets_go),
        cmocka_unit_test(test_never_judged_host_is_held_without_verdict),
        cmocka_unit_test(test_intermittent_host_makes_no_noise),
        cmocka_unit_test(test_a_look_without_probe_does_not_clear_an_exposure),
        cmocka_unit_test(test_an_expectation_that_left_the_configuration_is_cleared),
        cmocka_unit_test(test_a_host_that_left_the_configuration_is_cleared),
        cmocka_unit_test(test_the_head_of_a_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
