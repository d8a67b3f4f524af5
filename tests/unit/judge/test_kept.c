/* What a look left alone: the old result that it shows counts neither as another look nor as a sign of life, and is not
 * told as seen just now. */
#include "world.h"

enum { LOOK_MS = 60000, FIRST_PORT = 500 };

/* UDP ports of a host without listeners; no service answers there. */
static struct expectation *world_of_ports(struct world *w, unsigned raise, uint16_t low, uint16_t high)
{
    world_init(w);
    w->mode = JUDGE_CONTINUOUS;
    w->plan.serial = 1;
    w->damping = w->host.damping = (struct damping){raise, raise};
    w->address_seen[0] = (struct address_seen){.looked = true, .alive = true};
    return world_expect(w, TRANSPORT_UDP, low, high);
}

/* A later look, which leaves alone what no probe is told of afterwards. */
static void begin_look(struct world *w)
{
    struct probe_result before[WORLD_FLOWS];
    memcpy(before, w->probes, sizeof(before));
    world_later(w, LOOK_MS);
    for (size_t id = 0; id < w->seen.probe_count; id++) {
        w->probes[id] = before[id];
        w->probes[id].kept = before[id].outcome != PROBE_NOT_DONE;
    }
}

static const struct finding *end_look(struct world *w)
{
    world_judge(w);
    return world_finding(w, w->expectations[0].key);
}

static void test_one_refusal_is_one_look(void **state)
{
    (void)state;
    struct world w;
    world_of_ports(&w, 2, FIRST_PORT, FIRST_PORT);
    begin_look(&w);
    world_probe(&w, 0, PROBE_REFUSED, REASON_PORT_UNREACHABLE);
    const struct finding *f = end_look(&w);
    assert_int_equal(f->pending, VERDICT_CLOSED);
    for (int i = 0; i < 5; i++) {
        begin_look(&w);
        f = end_look(&w);
        assert_int_equal(f->verdict, VERDICT_NONE);
        assert_int_equal(f->pending_looks, 1);
        assert_int_equal(w.last.transition_count, 0);
    }
    begin_look(&w);
    world_probe(&w, 0, PROBE_REFUSED, REASON_PORT_UNREACHABLE);
    f = end_look(&w);
    assert_int_equal(f->verdict, VERDICT_CLOSED);
    assert_int_equal(f->looks, 2);
    assert_int_equal(world_transitions(&w, TRANSITION_RAISED), 1);
    world_done(&w);
}

/* The others of a range were looked at, and it is the old refusal that decides. */
static void test_one_refusal_among_many_ports_is_one_look(void **state)
{
    (void)state;
    struct world w;
    world_of_ports(&w, 2, FIRST_PORT, FIRST_PORT + 1);
    for (int i = 0; i < 4; i++) {
        begin_look(&w);
        if (i == 0)
            world_probe(&w, 0, PROBE_REFUSED, REASON_PORT_UNREACHABLE);
        world_probe(&w, 1, PROBE_OPEN, REASON_ACCEPTED);
        const struct finding *f = end_look(&w);
        assert_int_equal(f->pending, VERDICT_CLOSED);
        assert_int_equal(f->pending_looks, 1);
        assert_int_equal(w.last.transition_count, 0);
    }
    world_done(&w);
}

/* Listeners are read at every look, and need no probe to tell that nobody listens. */
static void test_listeners_look_at_what_no_probe_does(void **state)
{
    (void)state;
    struct world w;
    world_of_ports(&w, 2, FIRST_PORT, FIRST_PORT);
    world_table(&w);
    begin_look(&w);
    world_probe(&w, 0, PROBE_REFUSED, REASON_PORT_UNREACHABLE);
    const struct finding *f = end_look(&w);
    assert_int_equal(f->pending_looks, 1);
    begin_look(&w);
    f = end_look(&w);
    assert_int_equal(f->pending, VERDICT_NONE);
    assert_int_equal(f->severity, SEVERITY_CRITICAL);
    assert_int_equal(world_transitions(&w, TRANSITION_RAISED), 1);
    world_done(&w);
}

static void assert_unreachable(const struct world *w, bool unreachable)
{
    const struct finding *f = finding_block_find(w->last.snapshot->blocks[1], "mgr01|-|unreachable");
    assert_int_equal(f != NULL, unreachable);
}

/* A host that has died is told at the first look that hears nothing, though old results still show answers. */
static void test_an_old_answer_is_no_sign_of_life(void **state)
{
    (void)state;
    struct world w;
    world_of_ports(&w, 1, FIRST_PORT, FIRST_PORT);
    world_expect(&w, TRANSPORT_UDP, FIRST_PORT + 1, FIRST_PORT + 1);
    begin_look(&w);
    world_probe(&w, 0, PROBE_OPEN, REASON_ACCEPTED);
    world_probe(&w, 1, PROBE_OPEN, REASON_ACCEPTED);
    end_look(&w);
    assert_unreachable(&w, false);
    w.address_seen[0] = (struct address_seen){.looked = true};
    begin_look(&w);
    world_probe(&w, 1, PROBE_SILENT, REASON_SILENT);
    assert_true(end_look(&w)->held);
    assert_unreachable(&w, true);
    begin_look(&w); /* nothing was asked at all: it is as dead as it was */
    assert_true(end_look(&w)->held);
    assert_unreachable(&w, true);
    assert_int_equal(w.last.transition_count, 0);
    begin_look(&w);
    world_probe(&w, 1, PROBE_OPEN, REASON_ACCEPTED);
    end_look(&w);
    assert_unreachable(&w, false);
    world_done(&w);
}

/* --- when it was seen --------------------------------------------------------------------------------------------- */

static struct finding_block *visit(struct world *w, struct finding_block *earlier, const bool *not_due)
{
    struct judgement told = {0};
    struct finding_block *block;
    judge_digest(&w->plan, &w->seen, 0, not_due);
    const struct judge_input input = {
        .plan = &w->plan, .seen = &w->seen, .now = w->now, .mode = JUDGE_CONTINUOUS, .not_due = not_due};
    assert_int_equal(judge_host(&input, 0, earlier, &told, &block), 0);
    finding_block_unref(earlier);
    judgement_done(&told);
    return block;
}

static int64_t seen_at(const struct world *w, const struct finding_block *block, size_t expectation)
{
    const struct finding *f = finding_block_find(block, w->keys[expectation]);
    assert_non_null(f);
    return finding_looked_ms(block, f);
}

/* What is asked once an hour is told as seen an hour ago by those that come every minute; and what whole looks have
 * confirmed stays confirmed. `kept`: it was due, and had not its turn. */
static void live_with_one_left_alone(bool kept)
{
    const bool not_due[WORLD_FLOWS] = {[1] = true};
    struct world w;
    world_of_ports(&w, 1, FIRST_PORT, FIRST_PORT);
    world_expect(&w, TRANSPORT_UDP, FIRST_PORT + 1, FIRST_PORT + 1);
    struct finding_block *block = NULL;
    for (int hour = 0; hour < 3; hour++) {
        for (int whole = 0; whole < 3; whole++) {
            begin_look(&w);
            world_probe(&w, 0, PROBE_OPEN, REASON_ACCEPTED);
            world_probe(&w, 1, PROBE_OPEN, REASON_ACCEPTED);
            block = visit(&w, block, NULL);
            assert_int_equal(seen_at(&w, block, 0), w.now.wall_ms);
            assert_int_equal(seen_at(&w, block, 1), w.now.wall_ms);
        }
        const int64_t whole_ms = w.now.wall_ms;
        for (int minute = 0; minute < 4; minute++) {
            begin_look(&w);
            world_probe(&w, 0, PROBE_OPEN, REASON_ACCEPTED);
            block = visit(&w, block, kept ? NULL : not_due);
            assert_int_equal(seen_at(&w, block, 0), w.now.wall_ms);
            assert_int_equal(seen_at(&w, block, 1), whole_ms);
        }
    }
    finding_block_unref(block);
    world_done(&w);
}

static void test_what_is_not_due_is_not_told_as_seen_now(void **state)
{
    (void)state;
    live_with_one_left_alone(false);
}

static void test_what_had_not_its_turn_is_not_told_as_seen_now(void **state)
{
    (void)state;
    live_with_one_left_alone(true);
}

/* A change that waits leaves the finding as it was seen last, which may be later than it was judged. */
static void test_what_waits_does_not_fall_back_in_time(void **state)
{
    (void)state;
    struct world w;
    world_of_ports(&w, 3, FIRST_PORT, FIRST_PORT);
    struct finding_block *block = NULL;
    for (int i = 0; i < 4; i++) {
        begin_look(&w);
        world_probe(&w, 0, PROBE_OPEN, REASON_ACCEPTED);
        block = visit(&w, block, NULL);
    }
    const int64_t open_ms = w.now.wall_ms;
    begin_look(&w);
    world_probe(&w, 0, PROBE_REFUSED, REASON_PORT_UNREACHABLE);
    block = visit(&w, block, NULL);
    assert_int_equal(block->items[0].pending, VERDICT_CLOSED);
    assert_int_equal(seen_at(&w, block, 0), open_ms);
    finding_block_unref(block);
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_refusal_is_one_look),
        cmocka_unit_test(test_one_refusal_among_many_ports_is_one_look),
        cmocka_unit_test(test_listeners_look_at_what_no_probe_does),
        cmocka_unit_test(test_an_old_answer_is_no_sign_of_life),
        cmocka_unit_test(test_what_is_not_due_is_not_told_as_seen_now),
        cmocka_unit_test(test_what_had_not_its_turn_is_not_told_as_seen_now),
        cmocka_unit_test(test_what_waits_does_not_fall_back_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
