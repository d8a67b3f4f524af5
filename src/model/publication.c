/* The publication: three pointers and a ring behind one lock. Nothing is freed, copied or allocated while it is held:
 * what an exchange displaces is dropped afterwards. */
#include "portconform/publication.h"

#include <pthread.h>
#include <stdlib.h>

struct publication {
    pthread_mutex_t lock;
    struct snapshot *snapshot;
    bool recorded;
    struct status *status;
    struct event *events[PUBLICATION_EVENTS]; /* a ring */
    size_t event_first, event_count;          /* the oldest, by ids that grow */
    uint64_t generation;
};

struct publication *publication_new(void)
{
    struct publication *publication = calloc(1, sizeof *publication);
    if (publication == NULL)
        return NULL;
    if (pthread_mutex_init(&publication->lock, NULL) != 0) {
        free(publication);
        return NULL;
    }
    return publication;
}

static struct event **ring_at(struct publication *publication, size_t index)
{
    return &publication->events[(publication->event_first + index) % PUBLICATION_EVENTS];
}

void publication_free(struct publication *publication)
{
    if (publication == NULL)
        return;
    snapshot_unref(publication->snapshot);
    status_unref(publication->status);
    for (size_t i = 0; i < publication->event_count; i++)
        event_unref(*ring_at(publication, i));
    pthread_mutex_destroy(&publication->lock);
    free(publication);
}

void publication_set_snapshot(struct publication *publication, struct snapshot *snapshot, bool recorded)
{
    snapshot_ref(snapshot);
    pthread_mutex_lock(&publication->lock);
    struct snapshot *last = publication->snapshot;
    publication->snapshot = snapshot;
    publication->recorded = recorded;
    publication->generation++;
    pthread_mutex_unlock(&publication->lock);
    snapshot_unref(last);
}

void publication_set_status(struct publication *publication, struct status *status)
{
    status_ref(status);
    pthread_mutex_lock(&publication->lock);
    struct status *last = publication->status;
    publication->status = status;
    publication->generation++;
    pthread_mutex_unlock(&publication->lock);
    status_unref(last);
}

void publication_add_event(struct publication *publication, struct event *event)
{
    struct event *oldest = NULL;
    event_ref(event);
    pthread_mutex_lock(&publication->lock);
    if (publication->event_count == PUBLICATION_EVENTS) {
        oldest = *ring_at(publication, 0);
        publication->event_first = (publication->event_first + 1) % PUBLICATION_EVENTS;
        publication->event_count--;
    }
    *ring_at(publication, publication->event_count++) = event;
    publication->generation++;
    pthread_mutex_unlock(&publication->lock);
    event_unref(oldest);
}

struct snapshot *publication_snapshot(struct publication *publication, bool *ret_recorded)
{
    pthread_mutex_lock(&publication->lock);
    struct snapshot *snapshot = publication->snapshot;
    if (snapshot != NULL)
        snapshot_ref(snapshot);
    if (snapshot != NULL && ret_recorded != NULL)
        *ret_recorded = publication->recorded;
    pthread_mutex_unlock(&publication->lock);
    return snapshot;
}

struct status *publication_status(struct publication *publication)
{
    pthread_mutex_lock(&publication->lock);
    struct status *status = publication->status;
    if (status != NULL)
        status_ref(status);
    pthread_mutex_unlock(&publication->lock);
    return status;
}

size_t publication_events(struct publication *publication, uint64_t after_id, struct event **ret, size_t max)
{
    size_t given = 0;
    pthread_mutex_lock(&publication->lock);
    size_t first = publication->event_count; /* who asks has seen most of them: look from the newest */
    while (first > 0 && (*ring_at(publication, first - 1))->id > after_id)
        first--;
    for (size_t i = first; i < publication->event_count && given < max; i++)
        ret[given++] = event_ref(*ring_at(publication, i));
    pthread_mutex_unlock(&publication->lock);
    return given;
}

uint64_t publication_generation(struct publication *publication)
{
    pthread_mutex_lock(&publication->lock);
    uint64_t generation = publication->generation;
    pthread_mutex_unlock(&publication->lock);
    return generation;
}
