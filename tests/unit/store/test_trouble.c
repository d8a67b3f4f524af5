/* A disk in trouble: every write, sync and opening fails once, with each error that there is. No event is lost, none
 * comes twice, no id and no seq is given twice, and the trouble is told once. */
#include "store_world.h"

#include "bad_disk.h"

static struct recorder *quick_recorder_at(const struct place *place, struct recorded *ret_state)
{
    struct recorder_options options = {.folder = place->folder, .retry_ms = 1};
    return recorder_made_with(&options, ret_state);
}

enum { MOST_SEQ = 64 };

/* What a receiver remembers. */
struct receiver {
    char boot[17];
    uint64_t seq, id, number; /* the last ones */
    uint64_t ids[MOST_SEQ];   /* by seq */
    unsigned down, up;
};

/* What was sent and whose acknowledgement did not get to the disk comes again: the same event. */
static bool is_repeated(const struct receiver *receiver, const struct outbox_item *item)
{
    if (item->seq > receiver->seq)
        return false;
    assert_int_equal(item->event->id, receiver->ids[item->seq]);
    return true;
}

static void receive(struct receiver *receiver, struct outbox *outbox)
{
    struct outbox_item item = take(outbox);
    if (strcmp(receiver->boot, item.boot) != 0) {
        receiver->seq = receiver->id = 0;
        memcpy(receiver->boot, item.boot, sizeof receiver->boot);
    }
    bool repeated = is_repeated(receiver, &item);
    if (!repeated) {
        assert_int_equal(item.seq, receiver->seq + 1);
        assert_true(item.event->id > receiver->id);
        receiver->seq = item.seq;
        receiver->id = receiver->ids[item.seq % MOST_SEQ] = item.event->id;
    }
    if (repeated) {
        assert_true(item.event->count <= receiver->number);
    } else if (item.event->kind == EVENT_RAISED) {
        assert_int_equal(item.event->count, receiver->number + 1);
        receiver->number++;
    } else if (item.event->kind == EVENT_TARGET_DOWN) {
        assert_string_equal(item.event->target, "store");
        assert_int_equal(receiver->down, receiver->up);
        receiver->down++;
    } else {
        assert_int_equal(item.event->kind, EVENT_TARGET_UP);
        receiver->up++;
        assert_int_equal(receiver->down, receiver->up);
    }
    event_unref(item.event);
    outbox_acknowledge(outbox, item.seq);
}

static void receive_to(struct receiver *receiver, struct outbox *outbox, uint64_t number)
{
    while (receiver->number < number)
        receive(receiver, outbox);
}

/* A run that begins with so many events received, and brings twelve more. */
static void run_through(const struct place *place, struct receiver *receiver)
{
    struct recorded left;
    struct recorder *recorder = quick_recorder_at(place, &left);
    snapshot_unref(left.snapshot);
    one_target(recorder, "siem");
    struct outbox *outbox = outbox_open(recorder, "siem");
    uint64_t first = receiver->number + 1;
    for (uint64_t i = 0; i < 12; i += 3) {
        int64_t ticket = submit_range(recorder, first + i, first + i + 2);
        recorder_number(recorder, "finding", i % 2 ? "odd" : "even");
        wait_done(recorder, ticket);
        if (i > 0)
            receive_to(receiver, outbox, first + i - 1);
    }
    receive_to(receiver, outbox, first + 11);
    wait_on_disk(recorder, 1); /* when the disk is good again, all of it gets there */
    while (receiver->up < receiver->down)
        receive(receiver, outbox);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
}

/* Returns how many calls a run makes that did not fail. */
static void fail_each_call(int code, size_t count)
{
    for (size_t n = 1;; n++) {
        struct place place = place_new();
        struct receiver receiver = {.seq = 0};
        bad_disk_fail(n, count, code);
        run_through(&place, &receiver);
        bool failed = bad_disk_failed() > 0;
        bad_disk_fail(0, 0, 0);
        run_through(&place, &receiver); /* the next run goes on */
        assert_int_equal(receiver.number, 24);
        assert_int_equal(files_beginning(&place, "store.db.20"), 0); /* trouble is no damage */
        place_done(&place);
        if (!failed)
            break;
    }
}

static void each_call_fails_once_for_want_of_room(void **state)
{
    (void)state;
    fail_each_call(SQLITE_FULL, 1);
}

static void each_call_fails_once_by_an_error_of_the_disk(void **state)
{
    (void)state;
    fail_each_call(SQLITE_IOERR_WRITE, 1);
}

static void the_disk_stays_bad_for_a_while(void **state)
{
    (void)state;
    fail_each_call(SQLITE_FULL, 9);
}

/* --- states ------------------------------------------------------------------------------------------------------ */

static void a_full_disk_is_told_and_events_go_on(void **state)
{
    (void)state;
    struct place place = place_new();
    struct arena *arena = arena_new();
    struct receiver receiver = {.seq = 0};
    struct recorder *recorder = quick_recorder_at(&place, NULL);
    one_target(recorder, "siem");
    struct outbox *outbox = outbox_open(recorder, "siem");
    wait_on_disk(recorder, submit_range(recorder, 1, 3));
    receive_to(&receiver, outbox, 3);
    bad_disk_fail(1, SIZE_MAX, SQLITE_FULL);
    for (uint64_t i = 4; i <= 40; i++) {
        wait_done(recorder, submit_range(recorder, i, i));
        receive_to(&receiver, outbox, i);
    }
    while (receiver.down == 0)
        receive(&receiver, outbox);
    assert_int_equal(receiver.up, 0);
    struct store_status status = status_of(recorder, arena);
    assert_int_not_equal(status.state, STORE_GOOD);
    assert_non_null(status.error);
    assert_true(status.unrecorded > 0);
    struct event *made[8];
    assert_int_equal(recorder_made(recorder, made, 8), 1);
    assert_int_equal(made[0]->kind, EVENT_TARGET_DOWN);
    event_unref(made[0]);
    bad_disk_fail(0, 0, 0);
    while (receiver.up == 0)
        receive(&receiver, outbox);
    wait_on_disk(recorder, 1);
    status = status_of(recorder, arena);
    assert_int_equal(status.state, STORE_GOOD);
    assert_null(status.error);
    assert_int_equal(status.events, 42); /* what waited is written */
    assert_int_equal(recorder_made(recorder, made, 8), 1);
    assert_int_equal(made[0]->kind, EVENT_TARGET_UP);
    event_unref(made[0]);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    arena_free(arena);
    place_done(&place);
}

static void memory_is_bounded_while_the_disk_is_bad(void **state)
{
    (void)state;
    struct place place = place_new();
    struct recorder_options options = {.folder = place.folder, .retry_ms = 1, .most_memory = 32 * 1024};
    struct recorder *recorder = recorder_made_with(&options, NULL);
    one_target(recorder, "siem");
    wait_on_disk(recorder, submit_range(recorder, 1, 2)); /* wait on the disk, before the loss */
    struct outbox *outbox = outbox_open(recorder, "siem");
    bad_disk_fail(1, SIZE_MAX, SQLITE_FULL);
    for (uint64_t i = 3; i <= 300; i++)
        wait_done(recorder, submit_range(recorder, i, i));
    bad_disk_fail(0, 0, 0);
    wait_on_disk(recorder, submit_range(recorder, 301, 301));
    uint64_t number = 0, seq = 0, dropped = 0;
    while (number < 301) {
        struct outbox_item item = take(outbox);
        if (item.event->kind == EVENT_EVENTS_LOST) {
            assert_int_equal(item.event->from, seq + 1);
            assert_int_equal(item.event->to, item.seq);
            dropped += item.event->count;
        } else {
            assert_int_equal(item.seq, seq + 1);
        }
        if (item.event->kind == EVENT_RAISED) {
            assert_true(item.event->count > number);
            number = item.event->count;
        }
        seq = item.seq;
        event_unref(item.event);
        outbox_acknowledge(outbox, seq);
    }
    assert_in_range(dropped, 200, 299);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    place_done(&place);
}

static void a_disk_that_hangs_delays_nothing_for_long(void **state)
{
    (void)state;
    struct place place = place_new();
    struct arena *arena = arena_new();
    struct recorder *recorder = quick_recorder_at(&place, NULL);
    one_target(recorder, "siem");
    struct outbox *outbox = outbox_open(recorder, "siem");
    wait_on_disk(recorder, submit_range(recorder, 1, 1));
    expect_event(outbox, 1, 1);
    bad_disk_hang(true);
    int64_t ticket = submit_range(recorder, 2, 2);
    expect_event(outbox, 2, 2); /* told, though no disk has confirmed it */
    bool on_disk = true;
    assert_int_equal(recorder_done_ticket(recorder, &on_disk), ticket);
    assert_false(on_disk);
    assert_int_equal(status_of(recorder, arena).unrecorded, 1);
    submit_range(recorder, 3, 3);
    expect_event(outbox, 3, 3);
    bad_disk_hang(false);
    wait_on_disk(recorder, ticket + 1);
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    arena_free(arena);
    place_done(&place);
}

static void a_folder_that_cannot_be_made_is_no_failure(void **state)
{
    (void)state;
    struct place place = place_new();
    struct arena *arena = arena_new();
    FILE *file = fopen(place.file, "w");
    assert_non_null(file);
    fclose(file);
    struct recorder_options options = {.folder = place.file, .retry_ms = 1}; /* a file stands there */
    struct recorder *recorder = recorder_made_with(&options, NULL);
    assert_int_equal(status_of(recorder, arena).state, STORE_FAILED);
    struct event *made;
    assert_int_equal(recorder_made(recorder, &made, 1), 1);
    event_unref(made);
    one_target(recorder, "siem");
    struct outbox *outbox = outbox_open(recorder, "siem");
    struct receiver receiver = {.seq = 0};
    submit_range(recorder, 1, 3);
    receive_to(&receiver, outbox, 3);
    assert_int_equal(unlink(place.file), 0);
    while (receiver.up == 0) {
        struct outbox_item item = take(outbox);
        assert_int_equal(item.seq, receiver.seq + 1);
        receiver.seq = item.seq;
        receiver.up += item.event->kind == EVENT_TARGET_UP ? 1 : 0;
        event_unref(item.event);
    }
    outbox_close(outbox);
    recorder_stop(recorder, WORLD_STOP_MS);
    arena_free(arena);
    place_done(&place);
}

static int begin(void **state)
{
    (void)state;
    bad_disk_begin();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_fails_once_for_want_of_room),
        cmocka_unit_test(each_call_fails_once_by_an_error_of_the_disk),
        cmocka_unit_test(the_disk_stays_bad_for_a_while),
        cmocka_unit_test(a_full_disk_is_told_and_events_go_on),
        cmocka_unit_test(memory_is_bounded_while_the_disk_is_bad),
        cmocka_unit_test(a_disk_that_hangs_delays_nothing_for_long),
        cmocka_unit_test(a_folder_that_cannot_be_made_is_no_failure),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
