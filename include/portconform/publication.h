/* The publication: where the engine's thread puts what holds now, and every other thread takes it from: the snapshot,
 * the status of the daemon, and the newest events. Nobody waits for more than the exchange of a pointer. */
#pragma once

#include "portconform/event.h"
#include "portconform/observation.h"
#include "portconform/snapshot.h"
#include "portconform/status.h"

struct publication;

enum { PUBLICATION_EVENTS = 1024 }; /* the newest events, for SNMP's event ring and `--watch` */

struct publication *publication_new(void);              /* NULL: out of memory */
void publication_free(struct publication *publication); /* takes NULL; drops its references */

/* Each takes its own reference. Any thread. */
void publication_set_snapshot(struct publication *publication, struct snapshot *snapshot, bool recorded);
void publication_set_status(struct publication *publication, struct status *status);
void publication_add_event(struct publication *publication, struct event *event);

/* Each gives a reference that the caller drops; NULL: nothing was published yet. *ret_recorded may be NULL. */
struct snapshot *publication_snapshot(struct publication *publication, bool *ret_recorded);
struct status *publication_status(struct publication *publication);
/* The events after `id`, oldest first, at most `max`: references that the caller drops. Returns how many. */
size_t publication_events(struct publication *publication, uint64_t after_id, struct event **ret, size_t max);
/* What listens on a host, as it was read last: a copy, immutable, counted by references. */
struct listing {
    const char *host;
    struct listener_table *table; /* owned */
    int references;               /* atomic; use the functions */
};
struct listing *listing_new(const char *host, const struct listener_table *table); /* NULL: out of memory */
struct listing *listing_ref(struct listing *listing);
void listing_unref(struct listing *listing); /* takes NULL */

/* The engine's thread, after each reading of a host's listeners: copies the table, unless it says what the last one
 * said less than half a minute ago. NULL: the host's listeners are read no more. 0, or -ENOMEM: the last one stays. */
int publication_set_listeners(struct publication *publication, const char *host, const struct listener_table *table);
/* All of them by the name of the host: a malloc'ed array of references (NULL for none) that the caller drops and frees.
 * 0 or -ENOMEM. */
int publication_listings(struct publication *publication, struct listing ***ret, size_t *ret_count);
/* Grows with each change of them alone. */
uint64_t publication_listings_generation(struct publication *publication);

/* Grows with everything that is published: who keeps it sees whether there is news. */
uint64_t publication_generation(struct publication *publication);
