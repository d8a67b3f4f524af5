/* Findings between visits: what a visit that came to nothing, a suspend, a clock that is set and another plan leave of
 * them. */
#include "unit/judge/world.h"

#include "portconform/watch.h"

#include <stdio.h>

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

static void later(struct world *w, int64_t ms)
{
    w->now.mono_ms += ms;
    w->now.wall_ms += ms;
}

static void world_of_two_ports(struct world *w)
{
    world_init(w);
    w->site.interval_s = 60;
    w->plan.serial = 1;
    world_expect(w, TRANSPORT_TCP, 80, 80);
    world_expect(w, TRANSPORT_TCP, 443, 443);
}

static void see(struct watch *watch, size_t flow, enum probe_outcome outcome, struct moment now)
{
    const bool open = outcome == PROBE_OPEN;
    watch_seen(watch)->probes[flow] = (struct probe_result){
        .outcome = outcome,
        .reason = open ? REASON_ACCEPTED : REASON_RST,
        .sign_of_life = true,
        .attempts = 1,
        .sent = now,
        .ended = now,
    };
}

static struct watch_visit take(struct world *w, struct watch *watch)
{
    struct watch_visit visit;
    if (watch_next_ms(watch) > w->now.mono_ms)
        later(w, watch_next_ms(watch) - w->now.mono_ms);
    assert_true(watch_next(watch, w->now, &visit));
    return visit;
}

/* A visit that saw both ports. Returns how many transitions it made. */
static size_t visit(struct world *w, struct watch *watch, enum probe_outcome first, enum probe_outcome second)
{
    struct judgement judgement = {0};
    bool changed;
    const struct watch_visit visit = take(w, watch);
    see(watch, 0, first, w->now);
    see(watch, 1, second, w->now);
    assert_int_equal(watch_judge(watch, &visit, w->now, &judgement, &changed), 0);
    size_t count = judgement.transition_count;
    judgement_done(&judgement);
    return count;
}

static struct watch *watch_made(struct world *w)
{
    struct watch *watch;
    assert_int_equal(watch_new(&w->plan, NULL, w->now, &watch), 0);
    return watch;
}

static struct finding first_finding(struct world *w, const struct watch *watch, int64_t *ret_looked_ms)
{
    struct snapshot *snapshot = watch_snapshot(watch, w->now);
    assert_non_null(snapshot);
    assert_int_equal(snapshot->block_count, 2); /* the site's, and the host's */
    const struct finding *finding = finding_block_find(snapshot->blocks[1], w->keys[0]);
    assert_non_null(finding);
    struct finding copy = *finding; /* numbers alone outlive the snapshot */
    *ret_looked_ms = finding_looked_ms(snapshot->blocks[1], finding);
    snapshot_unref(snapshot);
    return copy;
}

/* Hazard: suspend. What was under way is thrown away, comes again within seconds, and nobody is blamed. */
static void test_a_visit_that_was_asleep(void **state)
{
    (void)state;
    struct world w;
    int64_t looked_ms;
    world_of_two_ports(&w);
    struct watch *watch = watch_made(&w);
    assert_int_equal(visit(&w, watch, PROBE_OPEN, PROBE_OPEN), 0);
    const struct finding before = first_finding(&w, watch, &looked_ms);
    const struct watch_visit asleep = take(&w, watch);
    later(&w, HOUR);
    watch_drop(watch, &asleep, w.now);
    assert_true(watch_next_ms(watch) <= w.now.mono_ms + 10 * SECOND);
    assert_int_equal(visit(&w, watch, PROBE_OPEN, PROBE_OPEN), 0);
    const struct finding after = first_finding(&w, watch, &looked_ms);
    assert_int_equal(after.verdict, VERDICT_CONFORMING);
    assert_int_equal(after.since_ms, before.since_ms);
    watch_free(watch);
}

/* Hazard: clock jump. A look is as old as it was, and since is what it was. */
static void test_a_clock_that_was_set(void **state)
{
    (void)state;
    static const int64_t steps_ms[] = {DAY, -DAY};
    for (size_t i = 0; i < sizeof(steps_ms) / sizeof(steps_ms[0]); i++) {
        struct world w;
        int64_t before_ms, after_ms;
        world_of_two_ports(&w);
        struct watch *watch = watch_made(&w);
        assert_int_equal(visit(&w, watch, PROBE_REFUSED, PROBE_OPEN), 1);
        visit(&w, watch, PROBE_REFUSED, PROBE_OPEN);
        const struct finding before = first_finding(&w, watch, &before_ms);
        w.now.wall_ms += steps_ms[i];
        watch_clock_set(watch, steps_ms[i]);
        first_finding(&w, watch, &after_ms);
        if (steps_ms[i] > 0)
            assert_int_equal(after_ms, before_ms + steps_ms[i]);
        assert_int_equal(visit(&w, watch, PROBE_REFUSED, PROBE_OPEN), 0);
        const struct finding after = first_finding(&w, watch, &after_ms);
        assert_int_equal(after.verdict, before.verdict);
        assert_int_equal(after.since_ms, before.since_ms);
        watch_free(watch);
    }
}

/* A plan that says the same, as at midnight: nothing is told, and nothing looks old by it. */
static void test_another_plan(void **state)
{
    (void)state;
    struct world w;
    int64_t before_ms, after_ms;
    struct judgement judgement = {0};
    bool changed = false;
    world_of_two_ports(&w);
    struct watch *watch = watch_made(&w);
    visit(&w, watch, PROBE_REFUSED, PROBE_OPEN);
    for (int i = 0; i < 5; i++)
        assert_int_equal(visit(&w, watch, PROBE_REFUSED, PROBE_OPEN), 0);
    const struct finding before = first_finding(&w, watch, &before_ms);
    struct plan next = w.plan;
    next.serial = 2;
    assert_int_equal(watch_replan(watch, &next, w.now), 0);
    while (watch_follow(watch, 1, w.now, &judgement, &changed))
        ;
    assert_int_equal(judgement.transition_count, 0);
    judgement_done(&judgement);
    first_finding(&w, watch, &after_ms);
    assert_int_equal(after_ms, before_ms);
    assert_int_equal(visit(&w, watch, PROBE_REFUSED, PROBE_OPEN), 0);
    const struct finding after = first_finding(&w, watch, &after_ms);
    assert_int_equal(after.since_ms, before.since_ms);
    assert_int_equal(after_ms, w.now.wall_ms);
    watch_free(watch);
}

/* A change that waits for another look gets it within seconds; what does not settle waits for its turn in the end. */
static void test_looks_again_are_soon_and_bounded(void **state)
{
    (void)state;
    struct world w;
    world_of_two_ports(&w);
    w.damping = w.host.damping = (struct damping){100, 1};
    struct watch *watch = watch_made(&w);
    visit(&w, watch, PROBE_OPEN, PROBE_OPEN);
    visit(&w, watch, PROBE_REFUSED, PROBE_OPEN);
    unsigned soon = 0;
    while (watch_next_ms(watch) - w.now.mono_ms < 5 * SECOND) {
        assert_int_equal(visit(&w, watch, PROBE_REFUSED, PROBE_OPEN), 0);
        soon++;
        assert_true(soon < 20);
    }
    assert_true(soon >= 2);
    watch_free(watch);
}

/* Two intervals: what a visit leaves alone is marked, and only both turns are the whole host. */
static void test_turns_of_a_host(void **state)
{
    (void)state;
    struct world w;
    struct judgement judgement = {0};
    bool changed;
    unsigned turns = 0;
    world_of_two_ports(&w);
    w.expectations[1].interval_s = 600;
    struct watch *watch = watch_made(&w);
    for (int i = 0; i < 30 && !watch_whole_host(watch, 0, turns); i++) {
        const struct watch_visit taken = take(&w, watch);
        see(watch, 0, PROBE_OPEN, w.now);
        see(watch, 1, PROBE_OPEN, w.now);
        if (taken.not_due)
            assert_true(taken.not_due[0] != taken.not_due[1]);
        turns |= taken.turns;
        assert_int_equal(watch_judge(watch, &taken, w.now, &judgement, &changed), 0);
    }
    assert_true(watch_whole_host(watch, 0, turns));
    assert_false(watch_whole_host(watch, 0, 0));
    judgement_done(&judgement);
    watch_free(watch);
}

/* Late: the visit says so and is counted, what it sees is judged as ever, and rounds that were missed are not made up.
 */
static void test_a_visit_that_is_late(void **state)
{
    (void)state;
    static const struct {
        int64_t by_ms;
        bool late;
    } delays[] = {{29 * SECOND, false}, {31 * SECOND, true}, {10 * MINUTE, true}};
    for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
        struct world w;
        struct watch_visit taken, other;
        struct judgement judgement = {0};
        bool changed;
        int64_t looked_ms;
        world_of_two_ports(&w);
        struct watch *watch = watch_made(&w);
        visit(&w, watch, PROBE_OPEN, PROBE_OPEN);
        const struct finding before = first_finding(&w, watch, &looked_ms);
        later(&w, watch_next_ms(watch) - w.now.mono_ms + delays[i].by_ms);
        assert_true(watch_next(watch, w.now, &taken));
        assert_int_equal(taken.late, delays[i].late);
        see(watch, 0, PROBE_OPEN, w.now);
        see(watch, 1, PROBE_REFUSED, w.now);
        assert_int_equal(watch_judge(watch, &taken, w.now, &judgement, &changed), 0);
        assert_int_equal(judgement.transition_count, 1); /* of the second port: late is no excuse */
        judgement_done(&judgement);
        assert_int_equal(first_finding(&w, watch, &looked_ms).since_ms, before.since_ms);
        assert_int_equal(looked_ms, w.now.wall_ms);
        assert_int_equal(watch_count(watch, w.now).late, delays[i].late);
        assert_int_equal(watch_count(watch, w.now).visits, 2);
        assert_true(watch_count(watch, w.now).round_ms >= delays[i].by_ms);
        assert_false(watch_next(watch, w.now, &other));
        assert_in_range(watch_next_ms(watch) - w.now.mono_ms, 1, 63 * SECOND);
        watch_free(watch);
    }
}

static size_t transitions_of(const struct judgement *judgement, enum transition_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < judgement->transition_count; i++)
        count += judgement->transitions[i].kind == kind;
    return count;
}

/* A waiver begins when a configuration has it, without a look, and ends at its time although nothing else changes: at
 * the next visit, or when the day is over. */
static void test_a_waiver_begins_and_ends_at_its_time(void **state)
{
    (void)state;
    for (int by_visit = 0; by_visit < 2; by_visit++) {
        struct world w;
        int64_t looked_ms;
        struct judgement begun = {0}, ended = {0};
        bool changed = false;
        world_of_two_ports(&w);
        struct watch *watch = watch_made(&w);
        assert_int_equal(visit(&w, watch, PROBE_REFUSED, PROBE_OPEN), 1);
        const struct finding raised = first_finding(&w, watch, &looked_ms);
        struct waiver waiver = {.rule = "guide/t/1", .until = "today", .until_ms = w.now.wall_ms + 10 * MINUTE};
        w.host.waivers = &waiver;
        w.host.waiver_count = 1;
        struct plan next = w.plan, of_the_next_day = w.plan;
        next.serial = 2;
        of_the_next_day.serial = 3;
        assert_int_equal(watch_replan(watch, &next, w.now), 0);
        while (watch_follow(watch, 8, w.now, &begun, &changed))
            ;
        assert_int_equal(begun.transition_count, 1);
        assert_int_equal(transitions_of(&begun, TRANSITION_WAIVER_BEGUN), 1);
        judgement_done(&begun);
        const struct finding waived = first_finding(&w, watch, &looked_ms);
        assert_true(waived.waived);
        assert_int_equal(waived.verdict, raised.verdict);
        assert_int_equal(waived.since_ms, raised.since_ms);
        /* nothing of it until its time, whatever is looked at meanwhile */
        while (w.now.wall_ms + 2 * MINUTE < waiver.until_ms)
            assert_int_equal(visit(&w, watch, PROBE_REFUSED, PROBE_OPEN), 0);
        assert_true(first_finding(&w, watch, &looked_ms).waived);
        later(&w, waiver.until_ms - w.now.wall_ms);
        if (by_visit) {
            assert_int_equal(visit(&w, watch, PROBE_REFUSED, PROBE_OPEN), 2);
        } else {
            assert_int_equal(watch_replan(watch, &of_the_next_day, w.now), 0);
            while (watch_follow(watch, 8, w.now, &ended, &changed))
                ;
            assert_int_equal(transitions_of(&ended, TRANSITION_WAIVER_EXPIRED), 1);
            assert_int_equal(transitions_of(&ended, TRANSITION_RAISED), 1);
            assert_int_equal(ended.transition_count, 2);
            judgement_done(&ended);
        }
        assert_false(first_finding(&w, watch, &looked_ms).waived);
        assert_int_equal(visit(&w, watch, PROBE_REFUSED, PROBE_OPEN), 0); /* told once */
        watch_free(watch);
    }
}

/* Each flow at the interval of its own rule; members of a group, which are judged together, at the shortest of theirs.
 */
static void test_flows_keep_to_their_own_intervals(void **state)
{
    (void)state;
    for (int grouped = 0; grouped < 2; grouped++) {
        struct world w;
        struct judgement judgement = {0};
        bool changed;
        unsigned looked[2] = {0};
        world_of_two_ports(&w);
        w.expectations[0].interval_s = 10;
        if (grouped)
            w.expectations[0].group_key = w.expectations[1].group_key = "mgr01|manager|group";
        struct watch *watch = watch_made(&w);
        const int64_t end_ms = w.now.mono_ms + 10 * MINUTE;
        while (watch_next_ms(watch) < end_ms) {
            const struct watch_visit taken = take(&w, watch);
            for (size_t flow = 0; flow < 2; flow++) {
                if (taken.not_due && taken.not_due[flow])
                    continue;
                looked[flow]++;
                see(watch, flow, PROBE_OPEN, w.now);
            }
            assert_int_equal(watch_judge(watch, &taken, w.now, &judgement, &changed), 0);
        }
        judgement_done(&judgement);
        assert_in_range(looked[0], 57, 62);
        assert_in_range(looked[1], grouped ? 57 : 9, grouped ? 62 : 12);
        watch_free(watch);
    }
}

/* Somebody chose not to probe, for a reason: that stands with the verdict, after another plan too. */
static void test_why_a_port_was_left_alone(void **state)
{
    (void)state;
    static const char why[] = "its accept queue has not drained since our last probe";
    struct world w;
    struct judgement judgement = {0};
    bool changed;
    world_of_two_ports(&w);
    struct watch *watch = watch_made(&w);
    struct plan next = w.plan;
    next.serial = 2;
    for (int look = 0; look < 4; look++) {
        if (look == 2)
            assert_int_equal(watch_replan(watch, &next, w.now), 0);
        const struct watch_visit taken = take(&w, watch);
        struct probe_result *left_alone = &watch_seen(watch)->probes[0];
        *left_alone = (struct probe_result){.outcome = PROBE_NOT_DONE, .reason = REASON_NOT_PROBED};
        snprintf(left_alone->detail, sizeof(left_alone->detail), "%s", why);
        see(watch, 1, PROBE_OPEN, w.now);
        assert_int_equal(watch_judge(watch, &taken, w.now, &judgement, &changed), 0);
        struct snapshot *snapshot = watch_snapshot(watch, w.now);
        assert_non_null(snapshot);
        const struct finding *finding = finding_block_find(snapshot->blocks[1], w.keys[0]);
        assert_non_null(finding);
        assert_int_equal(finding->verdict, VERDICT_UNSEEN);
        assert_string_equal(finding->detail, why);
        snapshot_unref(snapshot);
    }
    judgement_done(&judgement);
    watch_free(watch);
}

/* A UDP verdict tells how often and how recently: as it grows, and though nothing else changes. */
static void test_what_a_udp_verdict_rests_on(void **state)
{
    (void)state;
    struct world w;
    struct judgement judgement = {0};
    bool changed;
    world_of_two_ports(&w);
    w.expectations[0].range.transport = TRANSPORT_UDP;
    struct watch *watch = watch_made(&w);
    unsigned told = 0;
    char last[160] = "";
    for (unsigned look = 1; look <= 40; look++) {
        const struct watch_visit taken = take(&w, watch);
        see(watch, 0, PROBE_REFUSED, w.now);
        see(watch, 1, PROBE_OPEN, w.now);
        watch_seen(watch)->probes[0].history =
            (struct probe_history){.looks = look, .proofs = look, .proof_wall_ms = w.now.wall_ms, .controlled = true};
        assert_int_equal(watch_judge(watch, &taken, w.now, &judgement, &changed), 0);
        struct snapshot *snapshot = watch_snapshot(watch, w.now);
        assert_non_null(snapshot);
        const struct finding *finding = finding_block_find(snapshot->blocks[1], w.keys[0]);
        assert_non_null(finding);
        assert_non_null(finding->confidence);
        told += strcmp(finding->confidence, last) != 0;
        snprintf(last, sizeof(last), "%s", finding->confidence);
        snapshot_unref(snapshot);
        if (look == 1)
            assert_non_null(strstr(last, "proven in the one look that was made"));
    }
    judgement_done(&judgement);
    assert_in_range(told, 6, 20); /* neither frozen nor anew each time */
    unsigned looks = 0;
    assert_int_equal(sscanf(last, "proven in %u of", &looks), 1);
    assert_in_range(looks, 30, 40);
    watch_free(watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_visit_that_was_asleep),
        cmocka_unit_test(test_a_clock_that_was_set),
        cmocka_unit_test(test_another_plan),
        cmocka_unit_test(test_looks_again_are_soon_and_bounded),
        cmocka_unit_test(test_turns_of_a_host),
        cmocka_unit_test(test_why_a_port_was_left_alone),
        cmocka_unit_test(test_a_visit_that_is_late),
        cmocka_unit_test(test_a_waiver_begins_and_ends_at_its_time),
        cmocka_unit_test(test_flows_keep_to_their_own_intervals),
        cmocka_unit_test(test_what_a_udp_verdict_rests_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
