/* The queue of one target. The story is in queue.h. */
#include "queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

struct outbox *queue_new(struct recorder *recorder, const char *name, int64_t number)
{
    struct outbox *queue = calloc(1, sizeof *queue);
    if (queue == NULL)
        return NULL;
    queue->recorder = recorder;
    queue->number = number;
    queue->next = 1;
    queue->dirty = true;
    queue->name = strdup(name);
    queue->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (queue->name == NULL || queue->fd < 0) {
        queue_free(queue);
        return NULL;
    }
    return queue;
}

void queue_free(struct outbox *queue)
{
    if (queue == NULL)
        return;
    entries_done(&queue->window);
    entries_done(&queue->pending);
    if (queue->fd >= 0)
        close(queue->fd);
    free(queue->name);
    free(queue);
}

void queue_restore(struct outbox *queue, uint64_t acked, uint64_t last, struct loss lost)
{
    queue->acked = acked;
    queue->next = larger(last, larger(acked, lost.to)) + 1;
    queue->stored = queue->next - 1;
    queue->given = queue->loaded = queue->window_from = acked;
    queue->lost = lost;
    queue->dirty = false;
}

/* --- entering ---------------------------------------------------------------------------------------------------- */

static void queue_push_at_end(struct outbox *queue, struct entry entry)
{
    entry.seq = queue->next++;
    queue->dirty = true;
    entries_push(&queue->pending, entry);
}

void queue_push(struct outbox *queue, struct entry entry)
{
    if (queue->missed > 0) {
        struct entry loss = {
            .turn = entry.turn, .id = entry.id - 1, .lost_from = queue->next, .lost_id = entry.lost_id};
        queue->next += queue->missed - 1;
        queue->missed = 0;
        queue_push_at_end(queue, loss);
    }
    entry.lost_id = 0;
    event_ref(entry.event);
    queue_push_at_end(queue, entry);
}

void queue_miss(struct outbox *queue)
{
    queue->missed++;
    queue->dropped++;
}

/* --- leaving ----------------------------------------------------------------------------------------------------- */

enum queue_answer queue_peek(const struct outbox *queue, uint64_t told_turn, struct entry *ret)
{
    if (queue->gone)
        return QUEUE_NOTHING;
    if (queue->lost.to > queue->given) {
        *ret = (struct entry){.seq = queue->lost.to, .lost_from = queue->lost.from, .lost_id = queue->lost.id};
        return QUEUE_LOSS;
    }
    size_t at = entries_after(&queue->window, queue->given);
    if (at < queue->window.count) {
        *ret = *entries_at(&queue->window, at);
        return ret->event == NULL ? QUEUE_LOSS : QUEUE_EVENT;
    }
    if (queue->loaded < queue->stored && queue->given < queue->stored)
        return QUEUE_ON_DISK;
    at = entries_after(&queue->pending, queue->given);
    if (at == queue->pending.count || entries_at(&queue->pending, at)->turn > told_turn)
        return QUEUE_NOTHING;
    *ret = *entries_at(&queue->pending, at);
    return ret->event == NULL ? QUEUE_LOSS : QUEUE_EVENT;
}

/* Nothing up to `seq` is needed any more. */
static void queue_forget(struct outbox *queue, uint64_t seq)
{
    struct entry *front;
    while ((front = entries_front(&queue->window)) != NULL && front->seq <= seq)
        entries_pop(&queue->window);
    while ((front = entries_front(&queue->pending)) != NULL && front->seq <= seq)
        entries_pop(&queue->pending);
    queue->window_from = larger(queue->window_from, seq);
    queue->loaded = larger(queue->loaded, seq);
    queue->stored = larger(queue->stored, seq);
    queue->dirty = true;
}

void queue_acknowledge(struct outbox *queue, uint64_t seq)
{
    if (seq > queue->given)
        seq = queue->given;
    if (seq <= queue->acked)
        return;
    queue->acked = seq;
    if (queue->lost.to <= seq)
        queue->lost = (struct loss){.to = 0};
    queue_forget(queue, seq);
}

uint64_t queue_rewind(struct outbox *queue)
{
    uint64_t again = queue->given - queue->acked;
    queue->given = queue->acked;
    if (queue->window_from > larger(queue->acked, queue->lost.to)) {
        entries_done(&queue->window); /* its beginning has left the memory */
        queue->window_from = queue->loaded = larger(queue->acked, queue->lost.to);
    }
    return again;
}

uint64_t queue_length(const struct outbox *queue)
{
    uint64_t left = queue->next - 1 - larger(queue->acked, queue->lost.to);
    return left + (queue->lost.to > queue->acked ? 1 : 0) + (queue->missed > 0 ? 1 : 0);
}

/* --- the disk ---------------------------------------------------------------------------------------------------- */

/* Room for one more in the window: what was sent and not acknowledged may be read again if it must. */
static bool queue_makes_room(struct outbox *queue)
{
    if (queue->window.count < QUEUE_WINDOW)
        return entries_reserve(&queue->window, 1) == 0;
    const struct entry *front = entries_front(&queue->window);
    if (front->seq > queue->given)
        return false;
    queue->window_from = front->seq;
    entries_pop(&queue->window);
    return true;
}

bool queue_loaded(struct outbox *queue, struct entry entry)
{
    if (entry.seq <= queue->loaded || !queue_makes_room(queue))
        return false;
    entries_push(&queue->window, entry);
    queue->loaded = entry.seq;
    return true;
}

bool queue_missing(struct outbox *queue, uint64_t to, uint64_t id)
{
    uint64_t from = queue->loaded + 1;
    if (!queue_loaded(queue, (struct entry){.seq = to, .lost_from = from, .lost_id = id}))
        return false;
    queue->dropped += to - from + 1;
    return true;
}

void queue_recorded(struct outbox *queue, uint64_t seq)
{
    struct entry *front;
    bool joined = queue->loaded == queue->stored; /* what comes now belongs directly behind the window */
    while ((front = entries_front(&queue->pending)) != NULL && front->seq <= seq) {
        struct entry entry = *front;
        if (entry.event != NULL)
            event_ref(entry.event);
        entries_pop(&queue->pending);
        joined = joined && entry.event != NULL && queue_loaded(queue, entry);
        if (!joined)
            event_unref(entry.event);
    }
    queue->stored = larger(queue->stored, seq);
    uint64_t reached = queue->given < queue->stored ? queue->given : queue->stored;
    if (queue->loaded < reached) { /* what was given from memory need not be read to go on behind it */
        entries_done(&queue->window);
        queue->window_from = queue->loaded = reached;
    }
}

/* --- losing ------------------------------------------------------------------------------------------------------ */

void queue_drop_oldest(struct outbox *queue, uint64_t count, uint64_t id)
{
    uint64_t begin = larger(queue->acked, queue->lost.to);
    if (count > queue->next - 1 - begin)
        count = queue->next - 1 - begin;
    if (count == 0)
        return;
    if (queue->lost.to == 0)
        queue->lost = (struct loss){.from = begin + 1, .id = id};
    else if (queue->lost.to <= queue->given)
        queue->lost.id = id; /* the last telling is under way: this is another event */
    queue->lost.to = begin + count;
    queue->dropped += count;
    queue_forget(queue, queue->lost.to);
}

bool queue_drop_pending(struct outbox *queue, uint64_t event_id, uint64_t id)
{
    uint64_t from = 0, to = 0, turn = 0, count = 0;
    struct entry *front;
    while ((front = entries_front(&queue->pending)) != NULL && front->id <= event_id) {
        if (count == 0)
            from = front->lost_from != 0 ? front->lost_from : front->seq;
        count += front->lost_from != 0 ? 0 : 1;
        to = front->seq;
        turn = front->turn;
        if (queue->pending.count == 1 || entries_at(&queue->pending, 1)->id > event_id)
            break; /* the last of them keeps its place, for the loss to be told in */
        entries_pop(&queue->pending);
    }
    if (front == NULL || to == 0)
        return false;
    queue->dropped += count;
    if (from <= larger(queue->acked, queue->lost.to) + 1) {
        uint64_t dropped = queue->dropped;
        queue_drop_oldest(queue, to - larger(queue->acked, queue->lost.to), id);
        queue->dropped = dropped;
        return true;
    }
    event_unref(front->event);
    *front = (struct entry){.seq = to, .turn = turn, .id = front->id, .lost_from = from, .lost_id = id};
    return true;
}
