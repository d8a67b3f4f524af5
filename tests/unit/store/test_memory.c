/* The recorder without a disk: ids, seq, queues, choices, losses. */
#include "store_world.h"

static struct recorder *in_memory(size_t most_queued, size_t most_memory)
{
    struct recorder_options options = {.most_queued = most_queued, .most_memory = most_memory};
    return recorder_made_with(&options, NULL);
}

static void events_arrive_in_order_with_ids_and_seq(void **state)
{
    (void)state;
    struct recorder *recorder = in_memory(0, 0);
    one_target(recorder, "siem");
    struct outbox *outbox = outbox_open(recorder, "siem");
    assert_non_null(outbox);
    expect_nothing(outbox);
    int64_t first = submit_range(recorder, 1, 3), second = submit_range(recorder, 4, 4);
    assert_true(second > first);
    assert_true(is_readable(recorder_fd(recorder)));
    bool on_disk = true;
    assert_int_equal(recorder_done_ticket(recorder, &on_disk), second);
    assert_false(on_disk);
    assert_false(is_readable(recorder_fd(recorder)));
    assert_true(is_readable(outbox_fd(outbox)));
    uint64_t last_id = 0;
    for (uint64_t i = 1; i <= 4; i++) {
        uint64_t id = expect_event(outbox, i, i);
        assert_true(id > last_id);
        last_id = id;
    }
    expect_nothing(outbox);
    assert_int_equal(outbox_queued(outbox), 4);
    outbox_acknowledge(outbox, 3);
    assert_int_equal(outbox_queued(outbox), 1);
    outbox_acknowledge(outbox, 99); /* no further than what was given */
    assert_int_equal(outbox_queued(outbox), 0);
    outbox_close(outbox);
    recorder_stop(recorder, 0);
}

static void a_lost_connection_begins_again_behind_what_arrived(void **state)
{
    (void)state;
    struct recorder *recorder = in_memory(0, 0);
    one_target(recorder, "siem");
    struct outbox *outbox = outbox_open(recorder, "siem");
    submit_range(recorder, 1, 5);
    for (uint64_t i = 1; i <= 4; i++)
        expect_event(outbox, i, i);
    outbox_acknowledge(outbox, 2);
    assert_int_equal(outbox_rewind(outbox), 2);
    for (uint64_t i = 3; i <= 5; i++)
        expect_event(outbox, i, i);
    outbox_close(outbox);
    outbox = outbox_open(recorder, "siem"); /* another sender: the same */
    expect_event(outbox, 3, 3);
    outbox_close(outbox);
    recorder_stop(recorder, 0);
}

static void each_target_has_its_own_choice_and_seq(void **state)
{
    (void)state;
    struct recorder *recorder = in_memory(0, 0);
    const struct outbox_target targets[] = {
        {.name = "all"},
        {.name = "program", .choice = {.kinds = 1U << EVENT_HEARTBEAT}},
        {.name = "security", .choice = {.classes = 1U << CLASS_SECURITY}},
    };
    assert_int_equal(recorder_set_targets(recorder, targets, 3), 0);
    submit_range(recorder, 1, 2);
    struct event *beat = event_new(EVENT_HEARTBEAT, (struct moment){0});
    struct record record = {.events = calloc(1, sizeof(struct event *)), .event_count = 1};
    record.events[0] = event_ref(beat);
    assert_true(recorder_submit(recorder, &record) > 0);
    assert_null(record.events);
    assert_int_not_equal(beat->id, 0); /* known to who keeps a reference */
    event_unref(beat);
    struct outbox *all = outbox_open(recorder, "all"), *program = outbox_open(recorder, "program");
    assert_int_equal(outbox_queued(all), 3);
    assert_int_equal(outbox_queued(program), 1);
    struct outbox_item item = take(program);
    assert_int_equal(item.seq, 1);
    assert_int_equal(item.event->kind, EVENT_HEARTBEAT);
    event_unref(item.event);
    assert_int_equal(recorder_submit_for(recorder, "program", event_numbered(7)), 0); /* whatever its choice */
    expect_event(program, 2, 7);
    assert_int_equal(recorder_submit_for(recorder, "nobody", event_numbered(8)), -ENOENT);
    assert_null(outbox_open(recorder, "nobody"));
    outbox_close(program);
    outbox_close(all);
    recorder_stop(recorder, 0);
}

/* The others are told what a target that is gone has not got. */
static void expect_abandoned(struct outbox *outbox, const char *target, uint64_t count)
{
    struct outbox_item item = take(outbox);
    assert_int_equal(item.event->kind, EVENT_EVENTS_LOST);
    assert_string_equal(item.event->target, target);
    assert_int_equal(item.event->count, count);
    event_unref(item.event);
}

static void targets_come_and_go_with_the_configuration(void **state)
{
    (void)state;
    struct recorder *recorder = in_memory(0, 0);
    one_target(recorder, "old");
    submit_range(recorder, 1, 2);
    const struct outbox_target both[] = {{.name = "new"}, {.name = "old"}};
    assert_int_equal(recorder_set_targets(recorder, both, 2), 0);
    submit_range(recorder, 3, 3);
    struct outbox *older = outbox_open(recorder, "old"), *newer = outbox_open(recorder, "new");
    expect_event(older, 1, 1);
    expect_event(newer, 1, 3); /* begins with the next event */
    expect_nothing(newer);
    one_target(recorder, "new");
    expect_nothing(older); /* its sender holds it still, and gets nothing more */
    expect_abandoned(newer, "old", 3);
    outbox_acknowledge(older, 1);
    assert_null(outbox_open(recorder, "old"));
    outbox_close(older);
    outbox_close(newer);
    one_target(recorder, "old"); /* it has forgotten all */
    older = outbox_open(recorder, "old");
    expect_abandoned(older, "new", 2);
    expect_nothing(older);
    outbox_close(older);
    outbox_close(NULL);
    recorder_stop(recorder, 0);
}

static void targets_that_go_together_are_told_nothing_of_each_other(void **state)
{
    (void)state;
    struct recorder *recorder = in_memory(0, 0);
    const struct outbox_target all[] = {{.name = "a"}, {.name = "b"}, {.name = "c"}};
    assert_int_equal(recorder_set_targets(recorder, all, 3), 0);
    submit_range(recorder, 1, 2);
    struct outbox *last = outbox_open(recorder, "c");
    expect_event(last, 1, 1);
    expect_event(last, 2, 2);
    one_target(recorder, "c");
    uint64_t counted = 0;
    for (int i = 0; i < 2; i++) {
        struct outbox_item item = take(last);
        assert_int_equal(item.event->kind, EVENT_EVENTS_LOST);
        counted += item.event->count;
        event_unref(item.event);
    }
    assert_int_equal(counted, 4); /* two events each, and not the one that tells of the other */
    expect_nothing(last);
    outbox_close(last);
    recorder_stop(recorder, 0);
}

static void a_full_queue_loses_its_oldest_and_says_so(void **state)
{
    (void)state;
    struct recorder *recorder = in_memory(10, 0);
    one_target(recorder, "siem");
    struct outbox *outbox = outbox_open(recorder, "siem");
    submit_range(recorder, 1, 25);
    uint64_t dropped = outbox_dropped(outbox), queued = outbox_queued(outbox);
    assert_true(queued <= 11);
    uint64_t first_id = expect_loss(outbox, 1, dropped);
    for (uint64_t i = dropped + 1; i <= 25; i++)
        expect_event(outbox, i, i);
    outbox_rewind(outbox); /* the loss is told again, as the same event */
    assert_int_equal(expect_loss(outbox, 1, dropped), first_id);
    for (uint64_t i = dropped + 1; i <= 25; i++)
        expect_event(outbox, i, i);
    outbox_acknowledge(outbox, 25);
    submit_range(recorder, 26, 26);
    expect_event(outbox, 26, 26); /* nothing lost, nothing told */
    outbox_close(outbox);
    recorder_stop(recorder, 0);
}

static void losses_that_follow_each_other_are_one(void **state)
{
    (void)state;
    struct recorder *recorder = in_memory(4, 0);
    one_target(recorder, "siem");
    struct outbox *outbox = outbox_open(recorder, "siem");
    for (uint64_t i = 1; i <= 50; i++)
        submit_range(recorder, i, i);
    uint64_t dropped = outbox_dropped(outbox);
    uint64_t id = expect_loss(outbox, 1, dropped);
    submit_range(recorder, 51, 60); /* what it told is overtaken: another event tells more */
    uint64_t more = outbox_dropped(outbox);
    assert_true(more > dropped);
    assert_int_not_equal(expect_loss(outbox, 1, more), id);
    for (uint64_t i = more + 1; i <= 60; i++)
        expect_event(outbox, i, i);
    outbox_close(outbox);
    recorder_stop(recorder, 0);
}

static void memory_is_bounded_too(void **state)
{
    (void)state;
    struct recorder *recorder = in_memory(0, 64 * 1024);
    const struct outbox_target targets[] = {{.name = "quick"}, {.name = "slow"}};
    assert_int_equal(recorder_set_targets(recorder, targets, 2), 0);
    struct outbox *quick = outbox_open(recorder, "quick"), *slow = outbox_open(recorder, "slow");
    for (uint64_t i = 1; i <= 500; i++) {
        submit_range(recorder, i, i);
        expect_event(quick, i, i);
        outbox_acknowledge(quick, i);
    }
    assert_int_equal(outbox_dropped(quick), 0);
    uint64_t dropped = outbox_dropped(slow);
    assert_in_range(dropped, 300, 495);
    expect_loss(slow, 1, dropped);
    for (uint64_t i = dropped + 1; i <= 500; i++)
        expect_event(slow, i, i);
    outbox_close(quick);
    outbox_close(slow);
    recorder_stop(recorder, 0);
}

static void numbers_stay_with_their_keys(void **state)
{
    (void)state;
    struct recorder *recorder = in_memory(0, 0);
    assert_int_equal(recorder_number(recorder, "finding", "a"), 1);
    assert_int_equal(recorder_number(recorder, "finding", "b"), 2);
    assert_int_equal(recorder_number(recorder, "host", "a"), 1);
    assert_int_equal(recorder_number(recorder, "finding", "a"), 1);
    recorder_stop(recorder, 0);
}

static void there_is_no_history_without_a_store(void **state)
{
    (void)state;
    struct recorder *recorder = in_memory(0, 0);
    struct arena *arena = arena_new();
    struct store_status status;
    assert_int_equal(recorder_history(recorder, &(struct history_query){.most = 1}, NULL, NULL), -ENOENT);
    assert_int_equal(recorder_status(recorder, arena, &status), 0);
    assert_int_equal(status.state, STORE_NONE);
    assert_int_equal(strlen(status.boot), 16);
    assert_null(status.error);
    assert_int_equal(status.unrecorded, 0);
    arena_free(arena);
    recorder_stop(recorder, 0);
    recorder_stop(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_arrive_in_order_with_ids_and_seq),
        cmocka_unit_test(a_lost_connection_begins_again_behind_what_arrived),
        cmocka_unit_test(each_target_has_its_own_choice_and_seq),
        cmocka_unit_test(targets_come_and_go_with_the_configuration),
        cmocka_unit_test(targets_that_go_together_are_told_nothing_of_each_other),
        cmocka_unit_test(a_full_queue_loses_its_oldest_and_says_so),
        cmocka_unit_test(losses_that_follow_each_other_are_one),
        cmocka_unit_test(memory_is_bounded_too),
        cmocka_unit_test(numbers_stay_with_their_keys),
        cmocka_unit_test(there_is_no_history_without_a_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
