/* Commit, then tell: what has changed goes to the recorder, and when it is on disk, or after a second without that, to
 * everybody.
 *
 *     transitions, own happenings --> events --+
 *                                              +--> record --(ticket is done)--> publication, the agent's wake
 *     a finding that is not as it was ---------+
 */
#pragma once

#include "portconform/judge.h"
#include "portconform/news.h"
#include "portconform/publication.h"
#include "portconform/store.h"
#include "portconform/watch.h"

struct telling;

struct telling_options {
    const char *state;                /* the store's folder; NULL: all of it in memory */
    void (*published)(void *context); /* something was */
    void *context;
};
/* *ret_recorded as recorder_start() gives it. 0 or a negative code. Blocks for the reading of the store. */
int telling_new(const struct telling_options *options, struct telling **ret, struct recorded *ret_recorded);
void telling_free(struct telling *telling, unsigned timeout_ms); /* takes NULL; writes what waits till then */

struct recorder *telling_recorder(struct telling *telling);
struct publication *telling_publication(struct telling *telling);

/* How much the store may take, from now on. */
void telling_set_bounds(struct telling *telling, const struct store_options *store);
/* Who tells, from now on. Borrowed. */
void telling_set_source(struct telling *telling, const struct news_source *source, struct moment now);
/* A host was judged, or what is known followed another plan. `quiet`: the transitions are in the machine's log by
 * another way. */
void telling_judged(struct telling *telling, const struct judgement *judgement, bool changed, bool quiet);
/* An event about the program; the sentence is logged too. */
void telling_say(struct telling *telling, const struct news_item *item, struct moment now, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* How a sink is now; `told` is what was last said of it. That it is up for the first time is no news. */
void telling_say_state(struct telling *telling, const struct sink_status *sink, enum sink_state *told,
                       struct moment now);

int telling_fd(const struct telling *telling);
int64_t telling_next_ms(const struct telling *telling);
void telling_step(struct telling *telling, const struct watch *watch, struct moment now);
/* At the end: submits what waits, and waits till that is recorded, at most so long. */
void telling_flush(struct telling *telling, const struct watch *watch, unsigned timeout_ms);
/* Grows with each snapshot that was published: a number that is reached when what was judged before is told. */
uint64_t telling_next_publication(const struct telling *telling);
uint64_t telling_published(const struct telling *telling);
const struct news *telling_news(const struct telling *telling);
