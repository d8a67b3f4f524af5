/* Every allocation of the recorder fails once, in memory and with a store: it says so, leaks nothing, and what a target
 * does not get it is told of. */
#include "store/store_world.h"

#include "fail_at.h"

enum { EVENTS = 12 };

static struct event *made[EVENTS];

/* What comes through, or is told as lost. */
static void receive_all(struct outbox *outbox)
{
    uint64_t seq = 0, number = 0;
    while (number < 1000) {
        struct outbox_item item = take(outbox);
        if (item.event->kind == EVENT_EVENTS_LOST)
            assert_true(item.event->from <= seq + 1 && item.event->to == item.seq);
        else
            assert_int_equal(item.seq, seq + 1);
        if (item.event->kind == EVENT_RAISED) {
            assert_true(item.event->count > number);
            number = item.event->count;
        }
        seq = item.seq;
        event_unref(item.event);
        outbox_acknowledge(outbox, seq);
    }
}

/* One event at a time; without memory it is the caller's trouble, told to the target. */
static void submit_each(struct recorder *recorder)
{
    int64_t last = 0;
    for (size_t i = 0; i < EVENTS; i++) {
        struct record record = {.events = __real_calloc(1, sizeof(struct event *)), .event_count = 1};
        record.events[0] = made[i];
        int64_t ticket = recorder_submit(recorder, &record);
        assert_true(ticket > 0 || ticket == -ENOMEM);
        last = ticket > 0 ? ticket : last;
    }
    wait_done(recorder, last); /* its thread allocates too */
}

/* Returns whether an allocation failed. */
static bool run_failing_at(const char *folder, size_t n)
{
    struct recorder_options options = {.folder = folder, .retry_ms = 1};
    struct recorder *recorder = NULL;
    struct recorded left = {.snapshot = NULL};
    for (size_t i = 0; i < EVENTS; i++)
        made[i] = event_numbered(i + 1);
    fail_at(n);
    int r = recorder_start(&options, &recorder, &left);
    if (r < 0) {
        fail_at(0);
        assert_int_equal(r, -ENOMEM);
        for (size_t i = 0; i < EVENTS; i++)
            event_unref(made[i]);
        return true;
    }
    struct outbox_target target = {.name = "siem"};
    int targets = recorder_set_targets(recorder, &target, 1);
    if (targets < 0)
        assert_int_equal(recorder_set_targets(recorder, &target, 1), 0);
    submit_each(recorder);
    (void)recorder_number(recorder, "finding", "k");
    bool failed = fail_at_happened;
    fail_at(0);
    struct outbox *outbox = outbox_open(recorder, "siem");
    assert_non_null(outbox);
    struct record record = {.events = calloc(1, sizeof(struct event *)), .event_count = 1};
    record.events[0] = event_numbered(1000);
    assert_true(recorder_submit(recorder, &record) > 0);
    receive_all(outbox);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    snapshot_unref(left.snapshot);
    return failed;
}

static void each_allocation_in_memory(void **state)
{
    (void)state;
    size_t n = 1;
    while (run_failing_at(NULL, n))
        n++;
    assert_true(n > 6);
}

static void each_allocation_with_a_store(void **state)
{
    (void)state;
    size_t n = 1, failed = 0;
    for (; n <= 100; n++) {
        struct place place = place_new();
        failed += run_failing_at(place.folder, n) ? 1 : 0;
        place_done(&place);
    }
    assert_true(failed > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_in_memory),
        cmocka_unit_test(each_allocation_with_a_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
