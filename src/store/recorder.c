/* The recorder as its callers see it: submissions, tickets, targets. Nothing here touches the disk. */
#include "internal.h"

#include "portconform/arena.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

int64_t recorder_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint64_t recorder_take_id(struct recorder *recorder)
{
    return recorder->ids.next++;
}

void recorder_mark_done(struct recorder *recorder)
{
    const uint64_t one = 1;
    ssize_t written = write(recorder->fd, &one, sizeof one);
    (void)written; /* the counter is full: then it is readable */
}

void recorder_wake_outboxes(struct recorder *recorder)
{
    for (size_t i = 0; i < recorder->queue_count; i++)
        outbox_wake(recorder->queues[i]);
}

void recorder_tell_all(struct recorder *recorder)
{
    if (recorder->told_turn == recorder->turns)
        return;
    recorder->told_turn = recorder->turns;
    recorder->untold_since_ms = recorder->behind_ms = 0;
    if (recorder->folder != NULL)
        recorder->unrecorded++;
    recorder_wake_outboxes(recorder);
    recorder_mark_done(recorder);
}

/* --- entering ---------------------------------------------------------------------------------------------------- */

/* What an event costs in memory, its blocks included. */
static size_t event_octets(const struct event *event)
{
    size_t used = arena_used(event->arena);
    return used <= 1280 ? 1792 : 3 * used + 1792;
}

static bool queue_takes(const struct outbox *queue, const struct event *event)
{
    return queue->chosen && event_chosen(&queue->choice, event);
}

static void queue_take(struct recorder *recorder, struct outbox *queue, struct event *event)
{
    if (entries_reserve(&queue->pending, 2) < 0) {
        queue_miss(queue);
        return;
    }
    struct entry entry = {.turn = recorder->turns, .event = event, .id = event->id};
    if (queue->missed > 0)
        entry.lost_id = recorder_take_id(recorder);
    queue_push(queue, entry);
}

/* The reference is transferred. `only`: NULL for all that want it. */
static int recorder_enter(struct recorder *recorder, struct event *event, struct outbox *only)
{
    if (entries_reserve(&recorder->waiting, 1) < 0) {
        for (size_t i = 0; i < recorder->queue_count; i++) {
            struct outbox *queue = recorder->queues[i];
            if (only != NULL ? queue == only : queue_takes(queue, event))
                queue_miss(queue);
        }
        event_unref(event);
        return -ENOMEM;
    }
    event->id = recorder_take_id(recorder);
    struct entry entry = {.turn = recorder->turns, .event = event, .id = event->id, .octets = event_octets(event)};
    entries_push(&recorder->waiting, entry);
    recorder->waiting_octets += entry.octets;
    for (size_t i = 0; i < recorder->queue_count; i++) {
        struct outbox *queue = recorder->queues[i];
        if (only != NULL ? queue == only : queue_takes(queue, event))
            queue_take(recorder, queue, event);
    }
    return 0;
}

static void recorder_begin_turn(struct recorder *recorder)
{
    int64_t now_ms = recorder_now_ms();
    recorder->turns++;
    if (recorder->untold_since_ms == 0)
        recorder->untold_since_ms = now_ms;
    if (recorder->behind_ms == 0)
        recorder->behind_ms = now_ms;
}

/* What was entered is on its way. */
static void recorder_end_turn(struct recorder *recorder)
{
    recorder_bound(recorder);
    if (recorder->state != STORE_GOOD)
        recorder_tell_all(recorder);
    if (recorder->folder == NULL)
        recorder_trim(recorder);
    recorder_wake_outboxes(recorder);
    recorder_check_page(recorder);
    pthread_cond_signal(&recorder->work);
    pthread_cond_signal(&recorder->patience);
}

int recorder_enter_for(struct recorder *recorder, struct outbox *queue, struct event *event)
{
    recorder_begin_turn(recorder);
    int r = recorder_enter(recorder, event, queue);
    recorder_end_turn(recorder);
    return r;
}

static void recorder_keep_made(struct recorder *recorder, struct event *event)
{
    if (recorder->made_count == STORE_MADE) {
        event_unref(recorder->made[0]);
        memmove(recorder->made, recorder->made + 1, (STORE_MADE - 1) * sizeof(struct event *));
        recorder->made_count--;
    }
    recorder->made[recorder->made_count++] = event_ref(event);
}

void recorder_tell(struct recorder *recorder, struct event *event)
{
    event_ref(event);
    recorder_begin_turn(recorder);
    if (recorder_enter(recorder, event, NULL) == 0)
        recorder_keep_made(recorder, event);
    recorder_end_turn(recorder);
    event_unref(event);
}

struct event *recorder_store_event(const struct recorder *recorder, enum event_kind kind, const char *message)
{
    struct event *event = event_new(kind, moment_now());
    if (event == NULL)
        return NULL;
    struct event_texts texts = {
        .site = recorder->site, .vantage = recorder->vantage, .message = message, .target = "store"};
    if (event_fill(event, &texts) < 0) {
        event_unref(event);
        return NULL;
    }
    event->level = kind == EVENT_TARGET_DOWN ? LOG_ERR : LOG_NOTICE;
    return event;
}

static void recorder_learn_names(struct recorder *recorder, const struct snapshot *snapshot)
{
    const char *const words[] = {snapshot->site, snapshot->vantage};
    char **const places[] = {&recorder->site, &recorder->vantage};
    for (size_t i = 0; i < 2; i++) {
        if (words[i] == NULL || (*places[i] != NULL && strcmp(*places[i], words[i]) == 0))
            continue;
        char *copy = strdup(words[i]);
        if (copy == NULL)
            continue; /* the older name stands until the next time */
        free(*places[i]);
        *places[i] = copy;
    }
}

int64_t recorder_submit(struct recorder *recorder, struct record *record)
{
    int r = 0;
    struct snapshot *older = NULL;
    pthread_mutex_lock(&recorder->lock);
    recorder_begin_turn(recorder);
    int64_t ticket = (int64_t)recorder->turns;
    for (size_t i = 0; i < record->event_count; i++) {
        int entered = recorder_enter(recorder, record->events[i], NULL);
        r = entered < 0 ? entered : r;
    }
    if (record->snapshot != NULL) {
        recorder_learn_names(recorder, record->snapshot);
        older = recorder->folder != NULL ? recorder->wanted : record->snapshot;
        recorder->wanted = recorder->folder != NULL ? record->snapshot : NULL;
    }
    recorder_end_turn(recorder);
    pthread_mutex_unlock(&recorder->lock);
    snapshot_unref(older);
    free(record->events);
    *record = (struct record){.snapshot = NULL};
    return r < 0 ? r : ticket;
}

int recorder_submit_for(struct recorder *recorder, const char *target, struct event *event)
{
    int r = -ENOENT;
    pthread_mutex_lock(&recorder->lock);
    struct outbox *queue = recorder_queue(recorder, target);
    if (queue != NULL)
        r = recorder_enter_for(recorder, queue, event);
    else
        event_unref(event);
    pthread_mutex_unlock(&recorder->lock);
    return r;
}

size_t recorder_made(struct recorder *recorder, struct event **ret, size_t max)
{
    pthread_mutex_lock(&recorder->lock);
    size_t count = recorder->made_count < max ? recorder->made_count : max;
    memcpy(ret, recorder->made, count * sizeof(struct event *));
    recorder->made_count -= count;
    memmove(recorder->made, recorder->made + count, recorder->made_count * sizeof(struct event *));
    pthread_mutex_unlock(&recorder->lock);
    return count;
}

void recorder_set_bounds(struct recorder *recorder, uint64_t most_octets, unsigned most_days)
{
    pthread_mutex_lock(&recorder->lock);
    recorder->most_octets = most_octets != 0 ? most_octets : STORE_MOST_OCTETS;
    recorder->most_days = most_days != 0 ? most_days : STORE_MOST_DAYS;
    pthread_mutex_unlock(&recorder->lock);
}

/* --- bounds ------------------------------------------------------------------------------------------------------ */

/* Of what waits for the disk the oldest is given up: by the history, and by every target that has not got it. */
static void recorder_drop_waiting(struct recorder *recorder)
{
    const struct entry *oldest = entries_front(&recorder->waiting);
    for (size_t i = 0; i < recorder->queue_count; i++) {
        struct outbox *queue = recorder->queues[i];
        const struct entry *front = entries_front(&queue->pending);
        if (front != NULL && front->id <= oldest->id)
            queue_drop_pending(queue, oldest->id, recorder_take_id(recorder));
    }
    recorder->waiting_octets -= oldest->octets;
    recorder->forgotten += recorder->folder != NULL ? 1 : 0;
    entries_pop(&recorder->waiting);
}

void recorder_bound(struct recorder *recorder)
{
    while (recorder->waiting_octets > recorder->most_memory)
        recorder_drop_waiting(recorder);
    for (size_t i = 0; i < recorder->queue_count; i++) {
        struct outbox *queue = recorder->queues[i];
        uint64_t length = queue_length(queue);
        if (length > recorder->most_queued)
            queue_drop_oldest(queue, length - recorder->most_queued, recorder_take_id(recorder));
    }
}

void recorder_trim(struct recorder *recorder)
{
    uint64_t needed = UINT64_MAX; /* the oldest that a target waits for */
    for (size_t i = 0; i < recorder->queue_count; i++) {
        const struct entry *front = entries_front(&recorder->queues[i]->pending);
        if (front != NULL && front->id < needed)
            needed = front->id;
    }
    const struct entry *oldest;
    while ((oldest = entries_front(&recorder->waiting)) != NULL && oldest->id < needed) {
        recorder->waiting_octets -= oldest->octets;
        entries_pop(&recorder->waiting);
    }
}

/* --- tickets ----------------------------------------------------------------------------------------------------- */

int recorder_fd(const struct recorder *recorder)
{
    return recorder->fd;
}

int64_t recorder_done_ticket(struct recorder *recorder, bool *ret_on_disk)
{
    uint64_t counter;
    ssize_t taken = read(recorder->fd, &counter, sizeof counter);
    (void)taken; /* nothing to take: nothing was done since */
    pthread_mutex_lock(&recorder->lock);
    int64_t ticket = (int64_t)recorder->told_turn;
    if (ret_on_disk != NULL)
        *ret_on_disk = recorder->stored_turn >= recorder->told_turn;
    pthread_mutex_unlock(&recorder->lock);
    return ticket;
}

uint32_t recorder_number(struct recorder *recorder, const char *space, const char *key)
{
    bool is_new;
    pthread_mutex_lock(&recorder->lock);
    uint32_t number = numbers_of(&recorder->numbers, space, key, &is_new);
    if (is_new)
        pthread_cond_signal(&recorder->work);
    pthread_mutex_unlock(&recorder->lock);
    return number;
}

int recorder_status(struct recorder *recorder, struct arena *arena, struct store_status *ret)
{
    pthread_mutex_lock(&recorder->lock);
    struct store_status status = {
        .state = recorder->state,
        .path = arena_strdup(arena, recorder->path),
        .error = arena_strdup(arena, recorder->error),
        .set_aside = arena_strdup(arena, recorder->set_aside),
        .boot = arena_strdup(arena, recorder->boot),
        .events = recorder->rows.events,
        .transitions = recorder->rows.transitions,
        .findings = recorder->rows.findings,
        .octets = recorder->octets,
        .forgotten = recorder->forgotten,
        .unrecorded = recorder->unrecorded,
        .abandoned = recorder->abandoned,
    };
    bool complete = status.boot != NULL && (status.path != NULL) == (recorder->path != NULL) &&
                    (status.error != NULL) == (recorder->error != NULL) &&
                    (status.set_aside != NULL) == (recorder->set_aside != NULL);
    pthread_mutex_unlock(&recorder->lock);
    if (!complete)
        return -ENOMEM;
    *ret = status;
    return 0;
}
