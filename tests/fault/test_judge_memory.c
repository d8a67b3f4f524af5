/* Every allocation of a judgement fails once: it says so, leaks nothing, leaves the earlier snapshot alone, and the
 * next look succeeds. */
#include "judge/world.h"

#include "fail_at.h"

#include <stdio.h>

enum { LONG_LINE = 5000 };

/* A host with a bit of everything: a group, waivers, unexpected listeners, callers, evidence of both kinds. */
static void world_rich(struct world *w, char *long_line)
{
    static const struct waiver waivers[] = {{.rule = "guide/t/1", .until = "2023-01-01", .until_ms = 1},
                                            {.verdict = "unexpected", .until = "2099-01-01"}};
    static const struct component agent = {.name = "agent"};
    static const struct peer peers[] = {{.component = &agent}};
    static struct plan_unset unset;
    world_init(w);
    w->mode = JUDGE_CONTINUOUS;
    w->host.exclusive = true;
    w->host.waivers = waivers;
    w->host.waiver_count = 2;
    world_expect(w, TRANSPORT_TCP, 80, 81);
    static const char way[] = "mgr01|manager|one-of:way";
    world_expect(w, TRANSPORT_TCP, 90, 90)->group_key = way;
    world_expect(w, TRANSPORT_TCP, 91, 91)->group_key = way;
    w->rules[0].from = peers;
    w->rules[0].from_count = 1;
    /* longer than a block of an arena, so that every block has to grow */
    memset(long_line, 'x', LONG_LINE - 1);
    long_line[LONG_LINE - 1] = '\0';
    w->rules[0].about = long_line;
    unset = (struct plan_unset){.guide = &w->guide, .parameter = "amt", .host_count = 1, .rule_count = 1};
    w->plan.unset = &unset;
    w->plan.unset_count = 1;
    world_listener(w, TRANSPORT_TCP, "0.0.0.0", 80)->owner.exe = long_line;
    world_listener(w, TRANSPORT_TCP, "0.0.0.0", 5900);
    world_probe(w, 0, PROBE_REFUSED, REASON_RST);
    world_probe(w, 2, PROBE_REFUSED, REASON_RST);
}

/* Returns how many allocations a look makes. */
static size_t fail_each(struct world *w)
{
    struct judge_input input = {
        .plan = &w->plan, .seen = &w->seen, .earlier = w->last.snapshot, .now = w->now, .mode = w->mode};
    for (size_t n = 1;; n++) {
        struct judgement judgement = {.transition_count = 77};
        fail_at(n);
        int r = judge(&input, &judgement);
        bool failed = fail_at_happened;
        fail_at(0);
        if (!failed) {
            assert_int_equal(r, 0);
            judgement_done(&judgement);
            return n - 1;
        }
        assert_int_equal(r, -ENOMEM);
        assert_int_equal(judgement.transition_count, 77); /* untouched on failure */
    }
}

static void test_every_allocation_of_a_look(void **state)
{
    (void)state;
    static char long_line[LONG_LINE];
    struct world w;
    world_rich(&w, long_line);
    listener_table_sort(&w.table);
    assert_true(fail_each(&w) > 20); /* the first look */
    world_judge(&w);
    assert_true(world_transitions(&w, TRANSITION_RAISED) > 0);
    world_later(&w, 60000); /* things change, end, and are cleared */
    w.plan_host.expectation_count = 1;
    w.table.count = 1;
    assert_true(fail_each(&w) > 20);
    world_later(&w, 60000); /* the host dies */
    w.host_seen.listeners = NULL;
    for (size_t i = 0; i < w.seen.probe_count; i++)
        world_probe(&w, i, PROBE_SILENT, REASON_SILENT);
    assert_true(fail_each(&w) > 10);
    world_judge(&w);
    assert_int_equal(world_transitions(&w, TRANSITION_HOST_UNREACHABLE), 1);
    world_done(&w);
}

static void test_every_allocation_where_little_has_changed(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    w.mode = JUDGE_CONTINUOUS;
    w.plan.serial = 1;
    world_expect(&w, TRANSPORT_TCP, 80, 80);
    world_expect(&w, TRANSPORT_TCP, 90, 90);
    world_probe(&w, 0, PROBE_OPEN, REASON_ACCEPTED);
    world_probe(&w, 1, PROBE_OPEN, REASON_ACCEPTED);
    judge_digest(&w.plan, &w.seen, 0, NULL);
    world_judge(&w);
    for (int look = 0; look < 4; look++) { /* by and by the earlier texts are too many, and it is packed whole */
        world_later(&w, 60000);
        world_probe(&w, 1, look % 2 ? PROBE_OPEN : PROBE_REFUSED, look % 2 ? REASON_ACCEPTED : REASON_RST);
        judge_digest(&w.plan, &w.seen, 0, NULL);
        assert_true(fail_each(&w) > 4);
        world_judge(&w);
        assert_int_equal(world_transitions(&w, TRANSITION_RAISED), look % 2 ? 0 : 1);
    }
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_allocation_of_a_look),
                                       cmocka_unit_test(test_every_allocation_where_little_has_changed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
