/* A sender: one thread a target, plain blocking code with time-outs, and a bounded queue in front of it.
 *
 *     push -> [oldest ... newest] -> the thread sends the oldest; it stays in the queue, `busy`, until it is sent
 *
 * A receiver that is absent or does not read costs nobody anything but, when the queue is full, the oldest messages.
 */
#include "portconform/syslog.h"

#include "target.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PAUSE_FIRST_MS = 100, PAUSE_LAST_MS = 5000 }; /* between attempts, doubling */

struct syslog_sender {
    pthread_t thread;
    pthread_mutex_t lock; /* protects what follows, up to `stop_at` */
    pthread_cond_t changed;
    char **queue; /* a ring of messages, each owned */
    size_t capacity, head, count;
    bool busy; /* the oldest is being sent: it must not be dropped */
    uint64_t seq;
    struct syslog_counters counters;
    bool stopping;
    struct timespec stop_at;

    struct target target;
    int fd; /* the thread's own; -1: not connected */
};

/* --- the queue; under the lock ------------------------------------------------------------------------------------ */

static char **queue_slot(struct syslog_sender *sender, size_t nth)
{
    return &sender->queue[(sender->head + nth) % sender->capacity];
}

static void queue_pop(struct syslog_sender *sender)
{
    free(*queue_slot(sender, 0));
    sender->head = (sender->head + 1) % sender->capacity;
    sender->count--;
}

/* Drops the oldest that is not being sent. False: there is none. */
static bool queue_drop(struct syslog_sender *sender)
{
    sender->counters.dropped++;
    if (sender->busy && sender->count == 1)
        return false;
    if (sender->busy) {
        char *sending = *queue_slot(sender, 0);
        *queue_slot(sender, 0) = *queue_slot(sender, 1);
        *queue_slot(sender, 1) = sending;
    }
    queue_pop(sender);
    return true;
}

static void queue_push(struct syslog_sender *sender, char *message)
{
    if (sender->count == sender->capacity && !queue_drop(sender)) {
        free(message);
        return;
    }
    *queue_slot(sender, sender->count++) = message;
    pthread_cond_signal(&sender->changed);
}

/* --- time --------------------------------------------------------------------------------------------------------- */

static struct timespec time_in(unsigned ms)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_sec += ms / 1000;
    time.tv_nsec += (long)(ms % 1000) * 1000000;
    if (time.tv_nsec >= 1000000000) {
        time.tv_sec++;
        time.tv_nsec -= 1000000000;
    }
    return time;
}

static bool time_has_come(const struct timespec *when)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > when->tv_sec || (now.tv_sec == when->tv_sec && now.tv_nsec >= when->tv_nsec);
}

/* --- the thread --------------------------------------------------------------------------------------------------- */

static void disconnect(struct syslog_sender *sender)
{
    if (sender->fd >= 0)
        close(sender->fd);
    sender->fd = -1;
}

static int send_once(struct syslog_sender *sender, const char *message)
{
    if (sender->fd < 0) {
        int fd = target_connect(&sender->target);
        if (fd < 0)
            return fd;
        sender->fd = fd;
    }
    ssize_t sent;
    do
        sent = send(sender->fd, message, strlen(message), MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

/* Does the error speak of the connection and not of this message? Over UDP it is what became of an earlier datagram, at
 * a local socket the receiver was restarted: in both cases a second attempt at once is worth it. */
static bool is_stale(int error)
{
    return error == -ECONNREFUSED || error == -ECONNRESET || error == -ENOTCONN || error == -EPIPE;
}

/* 0, or the error of the last attempt; *failures counts the attempts that failed. */
static int deliver(struct syslog_sender *sender, const char *message, unsigned *failures)
{
    bool was_connected = sender->fd >= 0;
    int result = send_once(sender, message);
    *failures = result < 0;
    if (was_connected && is_stale(result)) {
        if (sender->target.local)
            disconnect(sender);
        result = send_once(sender, message);
        *failures += result < 0;
    }
    /* a socket that is merely full is kept: its receiver reads again some time */
    if (result < 0 && result != -EAGAIN)
        disconnect(sender);
    return result;
}

/* Under the lock. Waits `ms` or until somebody stops the sender; messages that come do not end the pause. */
static void pause_ms(struct syslog_sender *sender, unsigned ms)
{
    struct timespec until = time_in(ms);
    while (!sender->stopping && pthread_cond_clockwait(&sender->changed, &sender->lock, CLOCK_MONOTONIC, &until) == 0) {
        /* a message that came, or nothing at all */
    }
}

/* Under the lock, which it gives up while it sends. False: the sender stops and it is no use to go on. */
static bool send_oldest(struct syslog_sender *sender, unsigned *pause)
{
    const char *message = *queue_slot(sender, 0);
    unsigned failures;
    sender->busy = true;
    pthread_mutex_unlock(&sender->lock);
    int result = deliver(sender, message, &failures);
    pthread_mutex_lock(&sender->lock);
    sender->busy = false;
    sender->counters.failed += failures;
    if (result == 0) {
        sender->counters.sent++;
        queue_pop(sender);
        *pause = PAUSE_FIRST_MS;
        return true;
    }
    if (result == -EMSGSIZE) {
        sender->counters.dropped++;
        queue_pop(sender);
        return true;
    }
    if (sender->stopping)
        return result == -EAGAIN;
    if (result != -EAGAIN) {
        pause_ms(sender, *pause);
        *pause = *pause * 2 < PAUSE_LAST_MS ? *pause * 2 : PAUSE_LAST_MS;
    }
    return true;
}

static void *sender_main(void *context)
{
    struct syslog_sender *sender = context;
    unsigned pause = PAUSE_FIRST_MS;
    pthread_mutex_lock(&sender->lock);
    for (;;) {
        while (sender->count == 0 && !sender->stopping)
            pthread_cond_wait(&sender->changed, &sender->lock);
        if (sender->count == 0 || (sender->stopping && time_has_come(&sender->stop_at)))
            break;
        if (!send_oldest(sender, &pause))
            break;
    }
    pthread_mutex_unlock(&sender->lock);
    disconnect(sender);
    return NULL;
}

/* --- what others call --------------------------------------------------------------------------------------------- */

static void sender_free(struct syslog_sender *sender)
{
    while (sender->count > 0)
        queue_pop(sender);
    pthread_cond_destroy(&sender->changed);
    pthread_mutex_destroy(&sender->lock);
    free(sender->queue);
    free(sender);
}

int syslog_sender_start(const char *target, size_t queue, struct syslog_sender **ret)
{
    struct target parsed;
    int result = target_parse(target, &parsed);
    if (result < 0)
        return result;
    struct syslog_sender *sender = calloc(1, sizeof(*sender));
    if (sender == NULL)
        return -ENOMEM;
    pthread_mutex_init(&sender->lock, NULL);
    pthread_cond_init(&sender->changed, NULL);
    sender->target = parsed;
    sender->fd = -1;
    sender->capacity = queue == 0 ? 1 : queue;
    sender->queue = calloc(sender->capacity, sizeof(*sender->queue));
    result = sender->queue == NULL ? -ENOMEM : 0;
    if (result == 0) {
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before); /* the thread inherits it: signals are for the main loop */
        result = -pthread_create(&sender->thread, NULL, sender_main, sender);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (result < 0) {
        sender_free(sender);
        return result;
    }
    *ret = sender;
    return 0;
}

int syslog_sender_push(struct syslog_sender *sender, const struct syslog_event *event)
{
    struct syslog_event numbered = *event;
    struct text text = {0};
    pthread_mutex_lock(&sender->lock);
    numbered.seq = ++sender->seq;
    pthread_mutex_unlock(&sender->lock);
    if (sender->target.local)
        syslog_format_local(&text, &numbered);
    else
        syslog_format_rfc5424(&text, &numbered, SYSLOG_MOST);
    bool failed = text.failed || text.data == NULL;
    pthread_mutex_lock(&sender->lock);
    if (failed)
        sender->counters.dropped++;
    else
        queue_push(sender, text.data); /* transferred */
    pthread_mutex_unlock(&sender->lock);
    if (failed)
        text_done(&text);
    return failed ? -ENOMEM : 0;
}

struct syslog_counters syslog_sender_counters(struct syslog_sender *sender)
{
    pthread_mutex_lock(&sender->lock);
    struct syslog_counters counters = sender->counters;
    counters.queued = sender->count;
    pthread_mutex_unlock(&sender->lock);
    return counters;
}

void syslog_sender_end(struct syslog_sender *sender, unsigned timeout_ms)
{
    pthread_mutex_lock(&sender->lock);
    if (!sender->stopping)
        sender->stop_at = time_in(timeout_ms);
    sender->stopping = true;
    pthread_cond_signal(&sender->changed);
    pthread_mutex_unlock(&sender->lock);
}

void syslog_sender_stop(struct syslog_sender *sender, unsigned timeout_ms)
{
    if (sender == NULL)
        return;
    syslog_sender_end(sender, timeout_ms);
    /* the thread never waits longer than for one send, so it is not left behind */
    pthread_join(sender->thread, NULL);
    sender_free(sender);
}
