/* The publication: three pointers and a ring behind one lock. Nothing is freed, copied or allocated while it is held:
 * what an exchange displaces is dropped afterwards; the short list of listings alone grows there. */
#include "portconform/publication.h"

#include "listing.h"
#include "portconform/sorted.h"
#include "portconform/vector.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct publication {
    pthread_mutex_t lock;
    struct snapshot *snapshot;
    bool recorded;
    struct status *status;
    struct event *events[PUBLICATION_EVENTS]; /* a ring */
    size_t event_first, event_count;          /* the oldest, by ids that grow */
    struct {
        struct listing **items; /* by host */
        size_t count, capacity;
    } listings;
    uint64_t listings_generation;
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
    for (size_t i = 0; i < publication->listings.count; i++)
        listing_unref(publication->listings.items[i]);
    VECTOR_DONE(&publication->listings);
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

/* --- listeners ---------------------------------------------------------------------------------------------------- */

/* Half a minute in which a table that says the same is not copied again. */
enum { LISTING_HOLDS_MS = 30000 };

/* Where the host's listing is, or would be. */
static size_t listing_place(const struct publication *publication, const char *host, bool *ret_found)
{
    struct listing **items = publication->listings.items;
    size_t count = publication->listings.count;
    size_t at = SORTED_PLACE(i, count, strcmp(items[i]->host, host) < 0);
    *ret_found = at < count && strcmp(items[at]->host, host) == 0;
    return at;
}

static bool still_says(const struct publication *publication, const char *host, const struct listener_table *table)
{
    bool found;
    size_t at = listing_place(publication, host, &found);
    const struct listener_table *last = found ? publication->listings.items[at]->table : NULL;
    return last != NULL && table->taken.mono_ms >= last->taken.mono_ms &&
           table->taken.mono_ms - last->taken.mono_ms < LISTING_HOLDS_MS && listing_same(last, table);
}

/* Puts `listing` (transferred; NULL: takes it out) in the host's place and gives what was there, or NULL. */
static struct listing *exchange(struct publication *publication, const char *host, struct listing *listing)
{
    if (publication->listings.items == NULL)
        return NULL; /* nothing is there, and nothing comes: for that there would be room */
    bool found;
    size_t at = listing_place(publication, host, &found);
    struct listing **place = &publication->listings.items[at], *last = found ? *place : NULL;
    size_t behind = publication->listings.count - at;
    if (found && listing != NULL) {
        *place = listing;
    } else if (found) {
        memmove(place, place + 1, (behind - 1) * sizeof(struct listing *));
        publication->listings.count--;
    } else if (listing != NULL) { /* there is room */
        memmove(place + 1, place, behind * sizeof(struct listing *));
        *place = listing;
        publication->listings.count++;
    }
    publication->generation++;
    publication->listings_generation++;
    return last;
}

static bool make_room(struct publication *publication)
{
    if (publication->listings.count < publication->listings.capacity)
        return true;
    if (VECTOR_PUSH(&publication->listings) == NULL)
        return false;
    publication->listings.count--;
    return true;
}

int publication_set_listeners(struct publication *publication, const char *host, const struct listener_table *table)
{
    struct listing *listing = NULL, *last = NULL;
    pthread_mutex_lock(&publication->lock);
    bool says = table != NULL && still_says(publication, host, table);
    pthread_mutex_unlock(&publication->lock);
    if (says)
        return 0;
    if (table != NULL && (listing = listing_new(host, table)) == NULL)
        return -ENOMEM;
    pthread_mutex_lock(&publication->lock);
    bool room = listing == NULL || make_room(publication);
    if (room)
        last = exchange(publication, host, listing);
    pthread_mutex_unlock(&publication->lock);
    listing_unref(room ? last : listing);
    return room ? 0 : -ENOMEM;
}

int publication_listings(struct publication *publication, struct listing ***ret, size_t *ret_count)
{
    struct listing **copies = NULL;
    pthread_mutex_lock(&publication->lock);
    size_t count = publication->listings.count;
    if (count > 0)
        copies = calloc(count, sizeof(struct listing *));
    for (size_t i = 0; copies != NULL && i < count; i++)
        copies[i] = listing_ref(publication->listings.items[i]);
    pthread_mutex_unlock(&publication->lock);
    if (count > 0 && copies == NULL)
        return -ENOMEM;
    *ret = copies;
    *ret_count = count;
    return 0;
}

uint64_t publication_listings_generation(struct publication *publication)
{
    pthread_mutex_lock(&publication->lock);
    uint64_t generation = publication->listings_generation;
    pthread_mutex_unlock(&publication->lock);
    return generation;
}
