/* Visits under way: a cycle each, all on one probe engine that paces them together. */
#pragma once

#include "portconform/cycle.h"
#include "portconform/watch.h"

struct visits;

/* `judge` is called for each visit whose observations are complete. */
struct visits_options {
    const struct site *site;
    void (*judge)(void *context, const struct watch_visit *visit, const struct cycle *cycle, int64_t begun_ms);
    void *context;
};
int visits_new(const struct visits_options *options, struct visits **ret); /* 0, -ENOMEM, or what the engine says */
void visits_free(struct visits *visits); /* takes NULL; what is under way ends unseen, and is not given back */

/* Readable when visits_step() has work; -1: there is none. */
int visits_engine_fd(const struct visits *visits);
int visits_remote_fd(const struct visits *visits);
int64_t visits_next_ms(const struct visits *visits); /* monotonic */

bool visits_have_room(const struct visits *visits);
/* Begins what is due, as far as there is room for it. */
void visits_begin(struct visits *visits, struct watch *watch, const struct plan *plan, struct moment now);
/* Never blocks. What is complete is judged; what failed is given back to the watch. */
void visits_step(struct visits *visits, struct watch *watch, struct moment now);
/* Gives back everything that is under way: it begins again when it is due, that is soon. Returns how many those were.
 */
size_t visits_drop(struct visits *visits, struct watch *watch, struct moment now);
/* Another site's limits, from now on. */
void visits_configure(struct visits *visits, const struct site *site);
/* To be called now and then: forgets flows that nobody has looked at for long. */
void visits_forget(struct visits *visits, struct moment now);

/* As probe_engine_sockets(). */
int visits_sockets(const struct visits *visits, uint64_t **ret, size_t *ret_count);

/* What this machine lets probes see, as it was at the start. */
const char *visits_probe_note(const struct visits *visits);

struct visits_counters {
    size_t under_way, in_flight, waiting;
    uint64_t probes;
};
struct visits_counters visits_count(const struct visits *visits);
