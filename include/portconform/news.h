/* News: events made from transitions and from what happens to the daemon itself. Pure: time is passed in; what is made
 * is taken by the caller, who records and tells it.
 *
 * Storms: more than so many transitions within a window are not told one by one. Those beyond are marked `untold`: they
 * are in the history and in the snapshot, but nobody is told of each. When the window is over, one STORM says how many;
 * a storm that goes on is told once a window.
 */
#pragma once

#include "portconform/event.h"
#include "portconform/site.h"
#include "portconform/snapshot.h"

struct news_options {
    unsigned storm;       /* transitions that are told one by one within a window; 0: all of them */
    unsigned storm_s;     /* a window */
    unsigned heartbeat_s; /* 0: none */
    unsigned summary_s;   /* 0: none */
};

struct news {
    struct news_options options;
    int64_t window_ms; /* monotonic, it began; 0: no transition for a while */
    uint64_t in_window, untold;
    int64_t heartbeat_ms, summary_ms; /* monotonic, due next */
    uint64_t storms, storm_events;    /* since the start */
};

/* Owned by whoever takes them: event_unref() each, VECTOR_DONE(). */
struct event_list {
    struct event **items;
    size_t count, capacity;
};
void event_list_done(struct event_list *list);

void news_begin(struct news *news, const struct news_options *options, struct moment now);
/* Other options from now on; what is counted goes on. */
void news_configure(struct news *news, const struct news_options *options, struct moment now);

/* Who tells: their site and vantage are the event's. */
struct news_source {
    const struct site *site;
    const char *vantage;
};
/* Adds an event for each transition. 0 or -ENOMEM: then some are missing. */
int news_of_transitions(struct news *news, const struct news_source *source, const struct transition *transitions,
                        size_t count, struct event_list *list);
/* What is due by now: the end of a storm, a heartbeat, a summary. `snapshot` (may be NULL: none yet) is counted. 0 or
 * -ENOMEM. */
int news_due(struct news *news, const struct news_source *source, const struct snapshot *snapshot, struct moment now,
             struct event_list *list);
int64_t news_next_ms(const struct news *news); /* monotonic; INT64_MAX: nothing is due */
/* An event about the program. 0 or -ENOMEM. */
struct news_item {
    enum event_kind kind;
    int level; /* LOG_NOTICE ... */
    const char *target;
    uint64_t count;
};
int news_say(const struct news_source *source, const struct news_item *item, struct moment now, struct event_list *list,
             const char *format, ...) __attribute__((format(printf, 5, 6)));
