/* The outbox of a target as its sender sees it, and which targets there are. */
#include "internal.h"

#include "portconform/vector.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

void outbox_wake(struct outbox *queue)
{
    struct entry next;
    enum queue_answer answer = queue_peek(queue, queue->recorder->told_turn, &next);
    bool has = answer == QUEUE_EVENT || answer == QUEUE_LOSS;
    bool low = queue->loaded < queue->stored && queue->loaded < queue->given + QUEUE_WINDOW / 4;
    if ((answer == QUEUE_ON_DISK || low) && !queue->wants && queue->open > 0 && !queue->gone) {
        queue->wants = true;
        pthread_cond_signal(&queue->recorder->work);
    }
    if (has == queue->set)
        return;
    uint64_t counter = 1;
    ssize_t moved = has ? write(queue->fd, &counter, sizeof counter) : read(queue->fd, &counter, sizeof counter);
    queue->set = moved == (ssize_t)sizeof counter ? has : queue->set;
}

struct event *outbox_lost_event(const struct outbox *queue, const struct entry *loss)
{
    struct event *event = event_new(EVENT_EVENTS_LOST, moment_now());
    if (event == NULL)
        return NULL;
    char message[200];
    uint64_t count = loss->seq - loss->lost_from + 1;
    snprintf(message, sizeof message,
             "%" PRIu64 " event%s for %.80s lost: numbers %" PRIu64 " to %" PRIu64 " did not fit into the queue", count,
             count == 1 ? " is" : "s are", queue->name, loss->lost_from, loss->seq);
    struct event_texts texts = {
        .site = queue->recorder->site, .vantage = queue->recorder->vantage, .message = message, .target = queue->name};
    if (event_fill(event, &texts) < 0) {
        event_unref(event);
        return NULL;
    }
    event->id = loss->lost_id;
    event->level = LOG_WARNING;
    event->from = loss->lost_from;
    event->to = loss->seq;
    event->count = count;
    return event;
}

/* --- the sender's side -------------------------------------------------------------------------------------------- */

struct outbox *outbox_open(struct recorder *recorder, const char *name)
{
    pthread_mutex_lock(&recorder->lock);
    struct outbox *queue = recorder_queue(recorder, name);
    if (queue != NULL) {
        queue->open++;
        queue_rewind(queue);
        outbox_wake(queue);
    }
    pthread_mutex_unlock(&recorder->lock);
    return queue;
}

void outbox_close(struct outbox *outbox)
{
    if (outbox == NULL)
        return;
    struct recorder *recorder = outbox->recorder;
    pthread_mutex_lock(&recorder->lock);
    outbox->open--;
    bool last = outbox->gone && outbox->open == 0;
    pthread_mutex_unlock(&recorder->lock);
    if (last)
        queue_free(outbox);
}

int outbox_fd(const struct outbox *outbox)
{
    return outbox->fd;
}

int outbox_next(struct outbox *outbox, struct outbox_item *ret)
{
    struct recorder *recorder = outbox->recorder;
    int r = -EAGAIN;
    struct entry next;
    pthread_mutex_lock(&recorder->lock);
    enum queue_answer answer = queue_peek(outbox, recorder->told_turn, &next);
    struct event *event = NULL;
    if (answer == QUEUE_EVENT)
        event = event_ref(next.event);
    else if (answer == QUEUE_LOSS)
        event = outbox_lost_event(outbox, &next); /* without memory: the descriptor stays readable */
    if (event != NULL) {
        outbox->given = next.seq;
        *ret = (struct outbox_item){.event = event, .seq = next.seq};
        memcpy(ret->boot, recorder->boot, sizeof ret->boot);
        r = 0;
    }
    outbox_wake(outbox);
    pthread_mutex_unlock(&recorder->lock);
    return r;
}

void outbox_acknowledge(struct outbox *outbox, uint64_t seq)
{
    struct recorder *recorder = outbox->recorder;
    pthread_mutex_lock(&recorder->lock);
    if (!outbox->gone) {
        queue_acknowledge(outbox, seq);
        outbox_wake(outbox);
        if (recorder->folder == NULL)
            recorder_trim(recorder);
        pthread_cond_signal(&recorder->work);
    }
    pthread_mutex_unlock(&recorder->lock);
}

uint64_t outbox_rewind(struct outbox *outbox)
{
    pthread_mutex_lock(&outbox->recorder->lock);
    uint64_t again = queue_rewind(outbox);
    outbox_wake(outbox);
    pthread_mutex_unlock(&outbox->recorder->lock);
    return again;
}

uint64_t outbox_queued(struct outbox *outbox)
{
    pthread_mutex_lock(&outbox->recorder->lock);
    uint64_t length = queue_length(outbox);
    pthread_mutex_unlock(&outbox->recorder->lock);
    return length;
}

uint64_t outbox_dropped(struct outbox *outbox)
{
    pthread_mutex_lock(&outbox->recorder->lock);
    uint64_t dropped = outbox->dropped;
    pthread_mutex_unlock(&outbox->recorder->lock);
    return dropped;
}

/* --- the targets ------------------------------------------------------------------------------------------------- */

struct outbox *recorder_queue(const struct recorder *recorder, const char *name)
{
    for (size_t i = 0; i < recorder->queue_count; i++) {
        if (strcmp(recorder->queues[i]->name, name) == 0)
            return recorder->queues[i];
    }
    return NULL;
}

static bool target_is_among(const char *name, const struct outbox_target *targets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(targets[i].name, name) == 0)
            return true;
    }
    return false;
}

/* Takes the queue out of the list; the store deletes its rows. */
static void recorder_remove_queue(struct recorder *recorder, size_t index)
{
    struct outbox *queue = recorder->queues[index];
    recorder->queues[index] = recorder->queues[--recorder->queue_count];
    recorder->gone[recorder->gone_count++] = queue->number;
    queue->gone = true;
    recorder_abandon(recorder, queue->name, queue_length(queue));
    outbox_wake(queue);
    if (queue->open == 0)
        queue_free(queue);
}

void recorder_abandon(struct recorder *recorder, const char *target, uint64_t count)
{
    if (count == 0)
        return;
    recorder->abandoned += count;
    struct event *event = event_new(EVENT_EVENTS_LOST, moment_now());
    char message[200];
    snprintf(message, sizeof message,
             "%" PRIu64 " event%s for %.80s given up undelivered: the configuration has no such target any more", count,
             count == 1 ? " is" : "s are", target);
    struct event_texts texts = {
        .site = recorder->site, .vantage = recorder->vantage, .message = message, .target = target};
    if (event == NULL || event_fill(event, &texts) < 0) {
        event_unref(event);
        return; /* the status has the count */
    }
    event->level = LOG_WARNING;
    event->count = count; /* without numbers: those of another's queue would mislead who gets it */
    recorder_tell(recorder, event);
}

/* What went before this run may have held events for this target; nobody knows how many. */
static struct event *events_left_behind(const struct recorder *recorder, const char *target)
{
    struct event *event = event_new(EVENT_EVENTS_LOST, moment_now());
    if (event == NULL)
        return NULL;
    char message[512];
    snprintf(message, sizeof message,
             "Events for %.80s may be lost, nobody knows how many: %.350s; numbers begin again", target,
             recorder->left_behind);
    struct event_texts texts = {
        .site = recorder->site, .vantage = recorder->vantage, .message = message, .target = target};
    if (event_fill(event, &texts) < 0) {
        event_unref(event);
        return NULL;
    }
    event->level = LOG_WARNING;
    return event;
}

/* A new target hears first what all others have heard before: of what an earlier run left behind, and of a store in
 * trouble. */
static int queue_greet(struct recorder *recorder, struct outbox *queue)
{
    int r = 0;
    if (recorder->left_behind != NULL) {
        struct event *event = events_left_behind(recorder, queue->name);
        r = event == NULL ? -ENOMEM : recorder_enter_for(recorder, queue, event);
    }
    if (r == 0 && recorder->outage != NULL) {
        struct event *event = recorder_store_event(recorder, EVENT_TARGET_DOWN, recorder->outage);
        r = event == NULL ? -ENOMEM : recorder_enter_for(recorder, queue, event);
    }
    return r;
}

static int recorder_add_queue(struct recorder *recorder, const char *name)
{
    struct outbox **slot =
        vector_grow(&recorder->queues, &recorder->queue_count, &recorder->queue_capacity, sizeof(struct outbox *));
    struct outbox *queue = slot == NULL ? NULL : queue_new(recorder, name, recorder->last_number + 1);
    if (queue == NULL) {
        recorder->queue_count -= slot != NULL ? 1 : 0;
        return -ENOMEM;
    }
    recorder->last_number++;
    *slot = queue;
    return queue_greet(recorder, queue);
}

/* All that can fail happens before anything is changed: room for removals, and the new queues. */
static int targets_prepare(struct recorder *recorder, const struct outbox_target *targets, size_t count)
{
    size_t gone = recorder->gone_count + recorder->queue_count + count;
    if (gone > recorder->gone_capacity) {
        int64_t *larger = reallocarray(recorder->gone, gone, sizeof *larger);
        if (larger == NULL)
            return -ENOMEM;
        recorder->gone = larger;
        recorder->gone_capacity = gone;
    }
    for (size_t i = 0; i < count; i++) {
        int r = recorder_queue(recorder, targets[i].name) != NULL ? 0 : recorder_add_queue(recorder, targets[i].name);
        if (r < 0)
            return r;
    }
    return 0;
}

int recorder_set_targets(struct recorder *recorder, const struct outbox_target *targets, size_t count)
{
    pthread_mutex_lock(&recorder->lock);
    int r = targets_prepare(recorder, targets, count);
    for (size_t i = 0; r == 0 && i < count; i++) {
        struct outbox *queue = recorder_queue(recorder, targets[i].name);
        queue->choice = targets[i].choice;
    }
    for (size_t i = 0; r == 0 && i < recorder->queue_count; i++) /* who goes is told nothing of who else goes */
        recorder->queues[i]->chosen = target_is_among(recorder->queues[i]->name, targets, count);
    for (size_t i = recorder->queue_count; r == 0 && i-- > 0;) {
        if (!recorder->queues[i]->chosen)
            recorder_remove_queue(recorder, i);
    }
    if (r == 0) {
        free(recorder->left_behind);
        recorder->left_behind = NULL;
        recorder->targets_given = true;
    }
    pthread_cond_signal(&recorder->work);
    pthread_mutex_unlock(&recorder->lock);
    return r;
}
