/* What the tests of the store have in common: events to submit, senders that take them. Nothing sleeps: whoever has to
 * wait polls the descriptor that tells. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "portconform/arena.h"
#include "portconform/store.h"

enum { WORLD_PATIENCE_MS = 120000 }; /* only a test that hangs waits that long */

static inline void wait_for(int fd)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&wanted, 1, WORLD_PATIENCE_MS), 1);
}

static inline bool is_readable(int fd)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    return poll(&wanted, 1, 0) == 1;
}

static inline struct recorder *recorder_made_with(const struct recorder_options *options, struct recorded *ret_state)
{
    struct recorder *recorder = NULL;
    struct recorded state = {.snapshot = NULL};
    assert_int_equal(recorder_start(options, &recorder, &state), 0);
    if (ret_state != NULL)
        *ret_state = state;
    else
        snapshot_unref(state.snapshot);
    return recorder;
}

static inline void one_target(struct recorder *recorder, const char *name)
{
    struct outbox_target target = {.name = name};
    assert_int_equal(recorder_set_targets(recorder, &target, 1), 0);
}

/* A time that is not too old to be kept. */
static inline int64_t world_ms(void)
{
    static int64_t begin_ms;
    if (begin_ms == 0)
        begin_ms = moment_now().wall_ms - 3600000;
    return begin_ms;
}

/* `number` comes back as the event's count. */
static inline struct event *event_numbered(uint64_t number)
{
    char key[64];
    snprintf(key, sizeof key, "mgr01|manager|r|tcp-%llu", (unsigned long long)number);
    struct finding finding = {.key = key,
                              .host = "mgr01",
                              .role = "manager",
                              .transport = TRANSPORT_TCP,
                              .ports = "8000..8100",
                              .port = 8080,
                              .verdict = VERDICT_MISSING,
                              .severity = SEVERITY_CRITICAL,
                              .class = CLASS_AVAILABILITY};
    struct event *event = event_new(EVENT_RAISED, (struct moment){.wall_ms = world_ms() + (int64_t)number});
    assert_non_null(event);
    struct event_texts texts = {
        .site = "osaka", .vantage = "mon1", .message = "tcp 8080 of mgr01: nobody listens", .finding = &finding};
    assert_int_equal(event_fill(event, &texts), 0);
    event->was = VERDICT_CONFORMING;
    event->count = number;
    return event;
}

/* Events `first` to `last` as one record. Returns the ticket. */
static inline int64_t submit_range(struct recorder *recorder, uint64_t first, uint64_t last)
{
    struct record record = {.event_count = (size_t)(last - first + 1)};
    record.events = calloc(record.event_count, sizeof(struct event *));
    assert_non_null(record.events);
    for (size_t i = 0; i < record.event_count; i++)
        record.events[i] = event_numbered(first + i);
    int64_t ticket = recorder_submit(recorder, &record);
    assert_true(ticket > 0);
    return ticket;
}

static inline void wait_done(struct recorder *recorder, int64_t ticket)
{
    bool on_disk;
    while (recorder_done_ticket(recorder, &on_disk) < ticket)
        wait_for(recorder_fd(recorder));
}

/* Until all that was done is on disk. */
static inline void wait_on_disk(struct recorder *recorder, int64_t ticket)
{
    bool on_disk = false;
    while (recorder_done_ticket(recorder, &on_disk) < ticket || !on_disk)
        wait_for(recorder_fd(recorder));
}

static inline struct outbox_item take(struct outbox *outbox)
{
    struct outbox_item item = {.event = NULL};
    while (outbox_next(outbox, &item) == -EAGAIN)
        wait_for(outbox_fd(outbox));
    assert_non_null(item.event);
    return item;
}

/* The next is the event `number` with this seq. Returns its id. */
static inline uint64_t expect_event(struct outbox *outbox, uint64_t seq, uint64_t number)
{
    struct outbox_item item = take(outbox);
    assert_int_equal(item.event->kind, EVENT_RAISED);
    assert_int_equal(item.seq, seq);
    assert_int_equal(item.event->count, number);
    uint64_t id = item.event->id;
    assert_int_not_equal(id, 0);
    event_unref(item.event);
    return id;
}

static inline uint64_t expect_loss(struct outbox *outbox, uint64_t from, uint64_t to)
{
    struct outbox_item item = take(outbox);
    assert_int_equal(item.event->kind, EVENT_EVENTS_LOST);
    assert_int_equal(item.seq, to);
    assert_int_equal(item.event->from, from);
    assert_int_equal(item.event->to, to);
    assert_int_equal(item.event->count, to - from + 1);
    uint64_t id = item.event->id;
    event_unref(item.event);
    return id;
}

static inline void expect_nothing(struct outbox *outbox)
{
    struct outbox_item item;
    assert_int_equal(outbox_next(outbox, &item), -EAGAIN);
    assert_false(is_readable(outbox_fd(outbox)));
}

/* --- on disk ------------------------------------------------------------------------------------------------------ */

struct place {
    char folder[64];
    char file[80];
};

static inline struct place place_new(void)
{
    struct place place = {.folder = "/dev/shm/pc-store-XXXXXX"}; /* a sync costs nothing there */
    if (mkdtemp(place.folder) == NULL) {
        strcpy(place.folder, "/tmp/pc-store-XXXXXX");
        assert_non_null(mkdtemp(place.folder));
    }
    snprintf(place.file, sizeof place.file, "%s/store.db", place.folder);
    return place;
}

static inline int place_remove(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

static inline void place_done(const struct place *place)
{
    assert_int_equal(nftw(place->folder, place_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static inline struct recorder *recorder_at(const struct place *place, struct recorded *ret_state)
{
    struct recorder_options options = {.folder = place->folder};
    return recorder_made_with(&options, ret_state);
}

static inline struct store_status status_of(struct recorder *recorder, struct arena *arena)
{
    struct store_status status;
    assert_int_equal(recorder_status(recorder, arena, &status), 0);
    return status;
}

/* Files of the folder whose names begin so. */
static inline size_t files_beginning(const struct place *place, const char *beginning)
{
    size_t count = 0;
    DIR *folder = opendir(place->folder);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += strncmp(entry->d_name, beginning, strlen(beginning)) == 0 ? 1 : 0;
    closedir(folder);
    return count;
}

enum { WORLD_STOP_MS = 60000 };
