/* A sender from the inside: what its thread and those who ask it share. */
#pragma once

#include "channel.h"
#include "flight.h"
#include "portconform/syslog.h"

#include <pthread.h>

enum {
    SENDER_HOLDS_MS = 2000, /* a connection that lived so long is good */
    SENDER_DOWN_MS = 10000, /* trouble that lasts so long is told */
    SENDER_BATCH = 64,      /* messages of a cautious stream, at first */
};

struct sender {
    pthread_t thread;
    struct arena *arena; /* of the strings of target and origin */
    struct syslog_target target;
    struct syslog_origin origin;
    struct outbox *outbox;
    int stop_fd; /* readable once it shall end */

    pthread_mutex_t lock; /* protects what follows, up to the thread's own */
    bool stopping;
    int64_t stop_at_ms;
    struct sink_status counters; /* numbers alone */
    size_t in_flight;
    bool proven;        /* it was up at some time */
    int64_t trouble_ms; /* monotonic, since when nothing goes; 0: no trouble */
    int64_t trouble_wall_ms, good_wall_ms;
    char error[CHANNEL_ERROR];

    /* the thread's own */
    struct channel channel;
    struct flight flight;
    bool open, cautious;           /* cautious: a few messages, and no more until they have arrived for sure */
    unsigned batch;                /* how many a cautious stream carries */
    int64_t proving_ms;            /* since when we have ended our side; 0: we have not */
    int64_t opened_ms, blocked_ms; /* blocked: since when the receiver takes nothing; 0: it does */
    int64_t pause_ms;
    uint64_t most_seq; /* the newest that was ever written */
    unsigned jitter;
    struct outbox_item item; /* being written; event NULL: none */
    struct text frame;
    size_t frame_sent;
};

void *sender_main(void *context);

/* --- what the thread tells; each takes the lock --- */
void sender_note_written(struct sender *sender, uint64_t seq, bool again);
void sender_note_flight(struct sender *sender);
void sender_note_trouble(struct sender *sender, const char *error, bool failed);
void sender_note_good(struct sender *sender);
void sender_note_given_up(struct sender *sender);
bool sender_stopping(struct sender *sender, int64_t *ret_stop_at_ms);
