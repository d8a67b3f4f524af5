/* The thread of a sender: plain code that waits for its outbox, its socket, and the word to end.
 *
 *     closed --open--> open, cautious or not --lost--> pause, longer each time --> closed
 *                      cautious stream --a few messages have held--> proving --ended by the receiver--> closed, at ease
 *
 * While it is open, each round asks first what has left our kernel, then reads the socket, and only where that found no
 * trouble believes the answer: a receiver that died in between is noticed before anything is acknowledged. */
#include "format.h"
#include "sender.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH = 64, /* messages a round */
    PAUSE_FIRST_MS = 250,
    STALLED_MS = 2000,       /* a receiver that takes nothing for so long is trouble */
    LOOK_MS = 100,           /* how often the kernel is asked what has left it */
    LOOK_LOCAL_MS = 3000,    /* nothing wakes us when a local receiver dies */
    REFUSAL_AT_END_MS = 200, /* how long the end waits for a UDP receiver's refusal */
    PROOF_MS = 15000,        /* a receiver that has not closed by then after we did does not do that */
};

/* --- messages ----------------------------------------------------------------------------------------------------- */

static void drop_item(struct sender *sender)
{
    event_unref(sender->item.event);
    sender->item.event = NULL;
    text_clear(&sender->frame);
    sender->frame_sent = 0;
}

static int make_frame(struct sender *sender)
{
    const struct message message = {
        .event = sender->item.event,
        .seq = sender->item.seq,
        .boot = sender->item.boot,
        .target = &sender->target,
        .origin = &sender->origin,
    };
    struct text line = {0};
    message_format(&line, &message);
    text_clear(&sender->frame);
    sender->frame_sent = 0;
    if (sender->channel.kind->is_stream && sender->target.framing == SYSLOG_FRAMING_OCTETS)
        text_printf(&sender->frame, "%zu ", line.length);
    text_add_n(&sender->frame, text_string(&line), line.length);
    if (sender->channel.kind->is_stream && sender->target.framing == SYSLOG_FRAMING_LINES)
        text_add(&sender->frame, "\n");
    bool failed = line.failed || sender->frame.failed;
    sender->frame.failed = false;
    text_done(&line);
    return failed ? channel_fail(&sender->channel, -ENOMEM, "no memory for a message") : 0;
}

/* The way takes less than was configured: shorter texts from now on. A message that does not even go at its shortest is
 * given up. */
static int make_smaller(struct sender *sender)
{
    unsigned half = sender->target.most_octets / 2;
    char error[CHANNEL_ERROR];
    if (sender->target.most_octets <= SYSLOG_LEAST_OCTETS) {
        sender_note_trouble(sender, "a message is too long for this receiver, even shortened", true);
        sender_note_given_up(sender);
        sender->frame_sent = sender->frame.length;
        return 0;
    }
    sender->target.most_octets = half < SYSLOG_LEAST_OCTETS ? SYSLOG_LEAST_OCTETS : half;
    snprintf(error, sizeof(error), "messages are too long for this receiver: %u octets from now on",
             sender->target.most_octets);
    sender_note_trouble(sender, error, true);
    return make_frame(sender);
}

/* Writes the rest of the message at hand, or the next one. 0, -ENODATA: there is none; -EAGAIN: the receiver takes no
 * more now; else the channel is lost. */
static int write_next(struct sender *sender)
{
    if (sender->item.event == NULL) {
        if (outbox_next(sender->outbox, &sender->item) < 0) {
            sender->item.event = NULL;
            return -ENODATA;
        }
        int result = make_frame(sender);
        if (result < 0)
            return result;
    }
    while (sender->frame_sent < sender->frame.length) {
        ssize_t sent = sender->channel.kind->write(&sender->channel, sender->frame.data + sender->frame_sent,
                                                   sender->frame.length - sender->frame_sent);
        int result = sent == -EMSGSIZE ? make_smaller(sender) : sent < 0 ? (int)sent : 0;
        if (result < 0)
            return result;
        sender->frame_sent += sent < 0 ? 0 : (size_t)sent;
    }
    int result = flight_add(&sender->flight, sender->item.seq, sender->channel.written, channel_now_ms());
    if (result < 0)
        return channel_fail(&sender->channel, result, "no memory for a message");
    bool again = sender->item.seq <= sender->most_seq;
    sender->most_seq = again ? sender->most_seq : sender->item.seq;
    sender_note_written(sender, sender->item.seq, again);
    drop_item(sender);
    return 0;
}

static bool may_write(const struct sender *sender)
{
    if (sender->item.event != NULL)
        return true;
    if (!sender->cautious)
        return sender->flight.count < FLIGHT_MAX;
    return sender->proving_ms == 0 && sender->flight.count < (sender->channel.kind->is_stream ? sender->batch : 1);
}

/* --- what has arrived --------------------------------------------------------------------------------------------- */

static void acknowledge(struct sender *sender, const struct settling *settling)
{
    uint64_t seq = flight_settle(&sender->flight, settling, channel_now_ms());
    if (seq == 0)
        return;
    outbox_acknowledge(sender->outbox, seq);
    sender_note_flight(sender);
}

static void all_is_good(struct sender *sender)
{
    sender->pause_ms = 0;
    if (!sender->channel.kind->is_stream)
        sender->cautious = false;
    sender_note_good(sender);
}

/* Looks what has left our kernel, reads the socket, and believes it. <0: the channel is lost. */
static int settle(struct sender *sender, struct settling *ret)
{
    struct channel *channel = &sender->channel;
    channel->kind->settle(channel, ret);
    int result = channel->kind->drain(channel);
    if (result < 0)
        return result;
    bool had_some = sender->flight.count > 0, holds = channel_now_ms() - sender->opened_ms >= SENDER_HOLDS_MS;
    if (flight_proves(&sender->flight, ret, channel_now_ms()) && (had_some || holds) && sender->blocked_ms == 0)
        all_is_good(sender);
    acknowledge(sender, ret);
    return 0;
}

/* --- life of a channel -------------------------------------------------------------------------------------------- */

static void close_channel(struct sender *sender)
{
    channel_close(&sender->channel);
    sender->open = false;
    sender->blocked_ms = sender->proving_ms = 0;
    drop_item(sender);
    flight_clear(&sender->flight);
    (void)outbox_rewind(sender->outbox);
    sender_note_flight(sender);
}

/* The next pause; within a quarter more or less, so that many senders do not come at the same moment. */
static int64_t next_pause(struct sender *sender)
{
    int64_t most = sender->channel.kind->last_pause_ms;
    int64_t pause = sender->pause_ms == 0 ? PAUSE_FIRST_MS : sender->pause_ms;
    sender->pause_ms = pause * 2 < most ? pause * 2 : most;
    return pause * 3 / 4 + rand_r(&sender->jitter) % (pause / 2);
}

static void pause_until_stop(struct sender *sender, int64_t pause_ms)
{
    struct pollfd stop = {.fd = sender->stop_fd, .events = POLLIN};
    (void)poll(&stop, 1, (int)pause_ms);
}

/* The receiver closed after we did: it has read everything. */
static void take_as_proven(struct sender *sender)
{
    const struct settling all = {.left_us = sender->channel.written};
    acknowledge(sender, &all);
    sender->cautious = false;
    sender->batch = sender->batch < FLIGHT_MAX ? sender->batch * 2 : FLIGHT_MAX;
    close_channel(sender);
}

/* A receiver that ends a good connection in order has read what its kernel acknowledged, and may be back at once. */
static void take_as_ended(struct sender *sender)
{
    struct settling settling;
    sender->channel.kind->settle(&sender->channel, &settling);
    settling.keep_octets = 0;
    acknowledge(sender, &settling);
    close_channel(sender);
}

static void lose_channel(struct sender *sender, int result)
{
    bool was_good = sender->open && channel_now_ms() - sender->opened_ms >= SENDER_HOLDS_MS;
    if (result == CHANNEL_ENDED && was_good && sender->proving_ms != 0) {
        take_as_proven(sender);
        return;
    }
    if (result == CHANNEL_ENDED && was_good && sender->blocked_ms == 0) {
        take_as_ended(sender);
        return;
    }
    if (result != -ECANCELED)
        sender_note_trouble(sender, sender->channel.error, true);
    if (sender->open) {
        if (sender->cautious && sender->batch > 1)
            sender->batch /= 2;
        sender->cautious = true;
    }
    close_channel(sender);
    pause_until_stop(sender, next_pause(sender));
}

static void open_channel(struct sender *sender)
{
    int result = channel_open(&sender->channel);
    if (result < 0) {
        lose_channel(sender, result);
        return;
    }
    sender->open = true;
    sender->opened_ms = channel_now_ms();
}

/* --- rounds ------------------------------------------------------------------------------------------------------- */

static void note_blocked(struct sender *sender, bool blocked)
{
    int64_t now_ms = channel_now_ms();
    if (!blocked) {
        sender->blocked_ms = 0;
        return;
    }
    if (sender->blocked_ms == 0)
        sender->blocked_ms = now_ms;
    if (now_ms - sender->blocked_ms >= STALLED_MS)
        sender_note_trouble(sender, "the receiver does not read", false);
}

/* Milliseconds until something has to be looked at although nobody calls; -1: never. */
static int64_t patience(const struct sender *sender, const struct settling *settling, bool blocked)
{
    int64_t now_ms = channel_now_ms(), wait = flight_wait_ms(&sender->flight, settling, now_ms);
    int64_t holds_ms = sender->opened_ms + SENDER_HOLDS_MS - now_ms;
    if (sender->flight.count > 0 && (settling->left_us < sender->channel.written || wait < 0))
        wait = LOOK_MS;
    if ((blocked || sender->proving_ms != 0) && (wait < 0 || wait > LOOK_MS))
        wait = LOOK_MS;
    if (sender->channel.kind == &channel_local && (wait < 0 || wait > LOOK_LOCAL_MS))
        wait = LOOK_LOCAL_MS;
    if (holds_ms > 0 && (wait < 0 || wait > holds_ms))
        wait = holds_ms;
    return wait;
}

static void wait_for_work(struct sender *sender, bool blocked, int64_t wait_ms)
{
    int64_t stop_at_ms;
    bool stopping = sender_stopping(sender, &stop_at_ms), hungry = may_write(sender) && !blocked;
    struct pollfd fds[] = {
        {.fd = sender->channel.fd, .events = (short)(POLLIN | (blocked || sender->channel.wants_write ? POLLOUT : 0))},
        {.fd = hungry ? outbox_fd(sender->outbox) : -1, .events = POLLIN},
        {.fd = stopping ? -1 : sender->stop_fd, .events = POLLIN},
    };
    if (stopping && (wait_ms < 0 || wait_ms > LOOK_MS))
        wait_ms = LOOK_MS;
    (void)poll(fds, sizeof(fds) / sizeof(fds[0]), (int)wait_ms);
}

/* After a reset nobody knows what was read, and a receiver that resets again and again must not make us begin at the
 * same message for ever. So a cautious stream carries a few messages, holds for a while, and ends: that the receiver
 * then ends it too is the only proof that there is. */
static void prove(struct sender *sender, const struct settling *settling)
{
    int64_t now_ms = channel_now_ms();
    if (!sender->cautious || !sender->channel.kind->is_stream || sender->item.event != NULL)
        return;
    if (sender->proving_ms == 0 && sender->flight.count > 0 && flight_proves(&sender->flight, settling, now_ms)) {
        sender->channel.kind->finish(&sender->channel);
        sender->proving_ms = now_ms;
    }
    if (sender->proving_ms != 0 && now_ms - sender->proving_ms >= PROOF_MS) {
        sender_note_trouble(sender, "the receiver does not end its side of a connection", true);
        sender->cautious = false;
        close_channel(sender);
    }
}

/* One round on an open channel. <0: it is lost. *ret_idle: it shall end, and there was nothing more to write. */
static int serve(struct sender *sender, bool stopping, bool *ret_idle)
{
    struct settling settling;
    int result = settle(sender, &settling);
    if (result < 0)
        return result;
    prove(sender, &settling);
    if (!sender->open)
        return 0;
    for (unsigned i = 0; i < BATCH && result == 0 && may_write(sender); i++)
        result = write_next(sender);
    if (result < 0 && result != -ENODATA && result != -EAGAIN)
        return result;
    note_blocked(sender, result == -EAGAIN);
    *ret_idle = stopping && result == -ENODATA;
    bool more = result == 0 && may_write(sender);
    if (!more && !*ret_idle)
        wait_for_work(sender, result == -EAGAIN, patience(sender, &settling, result == -EAGAIN));
    return 0;
}

/* All is written: waits until it has arrived. A stream's receiver proves it by closing after we did. */
static void finish(struct sender *sender, int64_t stop_at_ms)
{
    const struct channel_kind *kind = sender->channel.kind;
    int64_t began_ms = channel_now_ms();
    struct settling settling;
    if (kind->finish != NULL)
        kind->finish(&sender->channel);
    while (sender->flight.count > 0) {
        int64_t now_ms = channel_now_ms();
        kind->settle(&sender->channel, &settling);
        int result = kind->drain(&sender->channel);
        bool ended = result == CHANNEL_ENDED;
        if (result < 0 && !ended)
            return;
        if (ended || (sender->target.place.transport == SYSLOG_UDP && now_ms - began_ms >= REFUSAL_AT_END_MS))
            settling = (struct settling){.left_us = sender->channel.written};
        acknowledge(sender, &settling);
        if (ended || now_ms >= stop_at_ms)
            return;
        struct pollfd fd = {.fd = sender->channel.fd, .events = POLLIN};
        int64_t left = stop_at_ms - now_ms < LOOK_MS ? stop_at_ms - now_ms : LOOK_MS;
        (void)poll(&fd, 1, (int)left);
    }
}

void *sender_main(void *context)
{
    struct sender *sender = context;
    int64_t stop_at_ms = 0;
    bool idle = false;
    for (;;) {
        bool stopping = sender_stopping(sender, &stop_at_ms);
        if (stopping && (!sender->open || idle || channel_now_ms() >= stop_at_ms))
            break;
        if (!sender->open) {
            open_channel(sender);
            continue;
        }
        int result = serve(sender, stopping, &idle);
        if (result < 0)
            lose_channel(sender, result);
    }
    if (sender->open && idle)
        finish(sender, stop_at_ms);
    drop_item(sender);
    channel_close(&sender->channel);
    return NULL;
}
