/* The publication and the status: words, references, and the ring of events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>

#include "portconform/publication.h"

static struct publication *publication_made(void)
{
    struct publication *publication = publication_new();
    assert_non_null(publication);
    return publication;
}

static struct snapshot *snapshot_made(void)
{
    struct snapshot *snapshot = snapshot_new(&(struct snapshot){.site = "osaka"}, NULL, 0);
    assert_non_null(snapshot);
    return snapshot;
}

static void add_event(struct publication *publication, uint64_t id)
{
    struct event *event = event_new(EVENT_HEARTBEAT, (struct moment){0});
    assert_non_null(event);
    event->id = id;
    publication_add_event(publication, event);
    event_unref(event);
}

static void words_of_states(void **state)
{
    (void)state;
    assert_string_equal(sink_state_name(SINK_UNKNOWN), "unknown");
    assert_string_equal(sink_state_name(SINK_UP), "up");
    assert_string_equal(sink_state_name(SINK_DOWN), "down");
    assert_string_equal(sink_state_name((enum sink_state)99), "unknown");
    assert_string_equal(store_state_name(STORE_NONE), "none");
    assert_string_equal(store_state_name(STORE_GOOD), "good");
    assert_string_equal(store_state_name(STORE_FULL), "full");
    assert_string_equal(store_state_name(STORE_READ_ONLY), "read-only");
    assert_string_equal(store_state_name(STORE_FAILED), "failed");
    assert_string_equal(store_state_name((enum store_state)99), "failed");
}

static void nothing_is_published_at_first(void **state)
{
    (void)state;
    struct publication *publication = publication_made();
    struct event *event;
    bool recorded = true;
    assert_null(publication_snapshot(publication, &recorded));
    assert_true(recorded); /* untouched */
    assert_null(publication_status(publication));
    assert_int_equal(publication_events(publication, 0, &event, 1), 0);
    assert_int_equal(publication_generation(publication), 0);
    publication_free(publication);
    publication_free(NULL);
}

static void what_is_taken_outlives_the_next_and_the_publication(void **state)
{
    (void)state;
    struct publication *publication = publication_made();
    struct snapshot *first = snapshot_made(), *second = snapshot_made();
    struct status *status = status_new();
    assert_non_null(status);
    status->hosts = 7;
    publication_set_snapshot(publication, first, true);
    publication_set_status(publication, status);
    snapshot_unref(first);
    status_unref(status);
    bool recorded = false;
    struct snapshot *taken = publication_snapshot(publication, &recorded);
    struct status *taken_status = publication_status(publication);
    assert_true(recorded);
    publication_set_snapshot(publication, second, false);
    snapshot_unref(second);
    struct snapshot *now = publication_snapshot(publication, &recorded);
    assert_ptr_equal(now, second);
    assert_false(recorded);
    snapshot_unref(publication_snapshot(publication, NULL));
    publication_free(publication);
    assert_string_equal(taken->site, "osaka");
    assert_int_equal(taken_status->hosts, 7);
    snapshot_unref(taken);
    snapshot_unref(now);
    status_unref(taken_status);
    status_unref(NULL);
}

static void the_generation_grows_with_everything(void **state)
{
    (void)state;
    struct publication *publication = publication_made();
    struct snapshot *snapshot = snapshot_made();
    struct status *status = status_new();
    assert_non_null(status);
    uint64_t last = publication_generation(publication);
    publication_set_snapshot(publication, snapshot, true);
    assert_true(publication_generation(publication) > last);
    last = publication_generation(publication);
    publication_set_status(publication, status);
    assert_true(publication_generation(publication) > last);
    last = publication_generation(publication);
    add_event(publication, 1);
    assert_true(publication_generation(publication) > last);
    last = publication_generation(publication);
    snapshot_unref(publication_snapshot(publication, NULL));
    assert_int_equal(publication_generation(publication), last);
    snapshot_unref(snapshot);
    status_unref(status);
    publication_free(publication);
}

/* Takes the events after `id` and drops them. Returns how many; the id of the first and of the last. */
static size_t take_events(struct publication *publication, uint64_t id, size_t max, uint64_t *first, uint64_t *last)
{
    struct event **events = calloc(max, sizeof(struct event *));
    assert_non_null(events);
    size_t count = publication_events(publication, id, events, max);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            assert_true(events[i]->id > events[i - 1]->id);
        *first = i == 0 ? events[i]->id : *first;
        *last = events[i]->id;
        event_unref(events[i]);
    }
    free(events);
    return count;
}

static void events_are_told_after_an_id_oldest_first(void **state)
{
    (void)state;
    struct publication *publication = publication_made();
    uint64_t first = 0, last = 0;
    for (uint64_t id = 10; id <= 50; id += 10) /* ids may skip */
        add_event(publication, id);
    assert_int_equal(take_events(publication, 0, 9, &first, &last), 5);
    assert_int_equal(take_events(publication, 25, 9, &first, &last), 3);
    assert_int_equal(first, 30);
    assert_int_equal(take_events(publication, 10, 2, &first, &last), 2);
    assert_int_equal(first, 20);
    assert_int_equal(last, 30);
    assert_int_equal(take_events(publication, 50, 9, &first, &last), 0);
    publication_free(publication);
}

static void the_ring_keeps_the_newest(void **state)
{
    (void)state;
    struct publication *publication = publication_made();
    uint64_t first = 0, last = 0;
    for (uint64_t id = 1; id <= 3 * PUBLICATION_EVENTS + 5; id++)
        add_event(publication, id);
    assert_int_equal(take_events(publication, 0, 2 * PUBLICATION_EVENTS, &first, &last), PUBLICATION_EVENTS);
    assert_int_equal(first, 2 * PUBLICATION_EVENTS + 6);
    assert_int_equal(last, 3 * PUBLICATION_EVENTS + 5);
    publication_free(publication);
}

static void *publish_and_take(void *argument)
{
    struct publication *publication = argument;
    struct event *events[8];
    for (int i = 0; i < 500; i++) {
        struct snapshot *snapshot = snapshot_made();
        publication_set_snapshot(publication, snapshot, i % 2 == 0);
        snapshot_unref(snapshot);
        snapshot_unref(publication_snapshot(publication, NULL));
        add_event(publication, (uint64_t)i + 1);
        size_t count = publication_events(publication, 0, events, 8);
        for (size_t k = 0; k < count; k++)
            event_unref(events[k]);
    }
    return NULL;
}

/* What the sanitizers look at: no leak, nothing used after it was freed. */
static void threads_may_come_from_all_sides(void **state)
{
    (void)state;
    struct publication *publication = publication_made();
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, publish_and_take, publication), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(publication_generation(publication), 4 * 1000);
    publication_free(publication);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_states),
        cmocka_unit_test(nothing_is_published_at_first),
        cmocka_unit_test(what_is_taken_outlives_the_next_and_the_publication),
        cmocka_unit_test(the_generation_grows_with_everything),
        cmocka_unit_test(events_are_told_after_an_id_oldest_first),
        cmocka_unit_test(the_ring_keeps_the_newest),
        cmocka_unit_test(threads_may_come_from_all_sides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
