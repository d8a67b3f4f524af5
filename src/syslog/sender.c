/* Senders: their life, and what others may know of them. */
#include "sender.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* --- what the thread tells ---------------------------------------------------------------------------------------- */

void sender_note_written(struct sender *sender, uint64_t seq, bool again)
{
    int64_t wall_ms = moment_now().wall_ms;
    pthread_mutex_lock(&sender->lock);
    if (again)
        sender->counters.resent++;
    else
        sender->counters.sent++;
    if (seq > sender->counters.last_seq)
        sender->counters.last_seq = seq;
    sender->counters.last_sent_ms = wall_ms;
    sender->in_flight = sender->flight.count;
    pthread_mutex_unlock(&sender->lock);
}

void sender_note_flight(struct sender *sender)
{
    pthread_mutex_lock(&sender->lock);
    sender->in_flight = sender->flight.count;
    pthread_mutex_unlock(&sender->lock);
}

void sender_note_trouble(struct sender *sender, const char *error, bool failed)
{
    struct moment now = moment_now();
    pthread_mutex_lock(&sender->lock);
    sender->counters.failed += failed;
    sender->counters.last_error_ms = now.wall_ms;
    snprintf(sender->error, sizeof(sender->error), "%s", error);
    if (sender->trouble_ms == 0) {
        sender->trouble_ms = channel_now_ms();
        sender->trouble_wall_ms = now.wall_ms;
    }
    pthread_mutex_unlock(&sender->lock);
}

void sender_note_good(struct sender *sender)
{
    int64_t now_ms = channel_now_ms(), wall_ms = moment_now().wall_ms;
    pthread_mutex_lock(&sender->lock);
    /* a short trouble was never told, so the time before it counts on */
    if (!sender->proven || (sender->trouble_ms != 0 && now_ms - sender->trouble_ms >= SENDER_DOWN_MS))
        sender->good_wall_ms = wall_ms;
    sender->proven = true;
    sender->trouble_ms = 0;
    pthread_mutex_unlock(&sender->lock);
}

void sender_note_given_up(struct sender *sender)
{
    pthread_mutex_lock(&sender->lock);
    sender->counters.dropped++;
    pthread_mutex_unlock(&sender->lock);
}

bool sender_stopping(struct sender *sender, int64_t *ret_stop_at_ms)
{
    pthread_mutex_lock(&sender->lock);
    bool stopping = sender->stopping;
    *ret_stop_at_ms = sender->stop_at_ms;
    pthread_mutex_unlock(&sender->lock);
    return stopping;
}

/* --- what others call --------------------------------------------------------------------------------------------- */

static void sender_free(struct sender *sender)
{
    if (sender->stop_fd >= 0)
        close(sender->stop_fd);
    pthread_mutex_destroy(&sender->lock);
    flight_done(&sender->flight);
    text_done(&sender->frame);
    arena_free(sender->arena);
    free(sender);
}

static int sender_new(const struct syslog_target *target, const struct syslog_origin *origin, struct sender **ret)
{
    struct sender *sender = calloc(1, sizeof(*sender));
    if (sender == NULL)
        return -ENOMEM;
    int result = 0;
    pthread_mutex_init(&sender->lock, NULL);
    sender->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (sender->stop_fd < 0)
        result = -errno;
    sender->arena = arena_new();
    sender->origin = *origin;
    sender->origin.hostname = sender->arena == NULL ? NULL : arena_strdup(sender->arena, origin->hostname);
    if (result == 0 && (sender->arena == NULL || (origin->hostname != NULL && sender->origin.hostname == NULL) ||
                        syslog_target_copy(&sender->target, target, sender->arena) < 0))
        result = -ENOMEM;
    if (result < 0) {
        sender_free(sender);
        return result;
    }
    channel_init(&sender->channel, &sender->target, sender->stop_fd);
    sender->batch = SENDER_BATCH;
    sender->jitter = (unsigned)channel_now_ms() ^ (unsigned)(uintptr_t)sender;
    *ret = sender;
    return 0;
}

int sender_start(const struct syslog_target *target, const struct syslog_origin *origin, struct outbox *outbox,
                 struct sender **ret)
{
    struct sender *sender;
    sigset_t all, before;
    int result = sender_new(target, origin, &sender);
    if (result < 0)
        return result;
    sender->outbox = outbox;
    /* the thread inherits it: signals are for the main loop, and OpenSSL's writes would raise SIGPIPE */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    result = -pthread_create(&sender->thread, NULL, sender_main, sender);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result < 0) {
        sender_free(sender);
        return result;
    }
    *ret = sender;
    return 0;
}

int sender_status(struct sender *sender, struct arena *arena, struct sink_status *ret)
{
    char error[CHANNEL_ERROR];
    int64_t now_ms = channel_now_ms();
    uint64_t queued = outbox_queued(sender->outbox), dropped = outbox_dropped(sender->outbox);
    pthread_mutex_lock(&sender->lock);
    struct sink_status status = sender->counters;
    bool is_down = sender->trouble_ms != 0 && now_ms - sender->trouble_ms >= SENDER_DOWN_MS;
    status.state = is_down ? SINK_DOWN : sender->proven ? SINK_UP : SINK_UNKNOWN;
    status.since_ms = is_down ? sender->trouble_wall_ms : sender->good_wall_ms;
    status.queued = queued > sender->in_flight ? queued - sender->in_flight : 0;
    memcpy(error, sender->error, sizeof(error));
    pthread_mutex_unlock(&sender->lock);
    status.dropped += dropped;
    status.name = arena_strdup(arena, sender->target.name);
    status.target = arena_strdup(arena, sender->target.target);
    status.last_error = error[0] == '\0' ? NULL : arena_strdup(arena, error);
    if (status.name == NULL || status.target == NULL || (error[0] != '\0' && status.last_error == NULL))
        return -ENOMEM;
    *ret = status;
    return 0;
}

void sender_end(struct sender *sender, unsigned timeout_ms)
{
    pthread_mutex_lock(&sender->lock);
    if (!sender->stopping)
        sender->stop_at_ms = channel_now_ms() + timeout_ms;
    sender->stopping = true;
    pthread_mutex_unlock(&sender->lock);
    (void)eventfd_write(sender->stop_fd, 1);
}

void sender_stop(struct sender *sender, unsigned timeout_ms)
{
    if (sender == NULL)
        return;
    sender_end(sender, timeout_ms);
    pthread_join(sender->thread, NULL);
    outbox_close(sender->outbox);
    sender_free(sender);
}
