/* TCP (RFC 6587), and what TLS has of it.
 *
 * Nobody confirms a message. What the peer's kernel has acknowledged may still lie unread there when the receiver dies;
 * it can be no more than the largest window that was ever offered. An orderly end says that all of it was read; a reset
 * says nothing. */
#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum {
    REFUSAL_MS = 2000,      /* a TLS peer that refuses our certificate says so within this time */
    UNREAD_MS = 10 * 60000, /* so long a receiver that hangs is not restarted */
    SILENCE_MS = 150000,    /* longer than the kernel's longest pause between probes of a shut window (120 s) */
    KEEPALIVE_IDLE_S = 60,
    KEEPALIVE_INTERVAL_S = 15,
    KEEPALIVE_COUNT = 4,
};

static void set_option(int fd, int level, int name, int value)
{
    /* an option that the kernel refuses makes the connection worse, not wrong */
    (void)setsockopt(fd, level, name, &value, sizeof(value));
}

static int connect_one(struct channel *channel, const struct addrinfo *one)
{
    channel->fd = socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (channel->fd < 0)
        return -errno;
    set_option(channel->fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(channel->fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    set_option(channel->fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    set_option(channel->fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT);
    set_option(channel->fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (connect(channel->fd, one->ai_addr, one->ai_addrlen) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return -errno;
    int result = channel_wait(channel, POLLOUT, channel_now_ms() + CHANNEL_SOONER_MS), error = 0;
    socklen_t length = sizeof(error);
    if (result == 0 && getsockopt(channel->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        error = errno;
    return result < 0 ? result : -error;
}

int stream_connect(struct channel *channel)
{
    return channel_connect(channel, connect_one);
}

static ssize_t stream_write(struct channel *channel, const void *octets, size_t length)
{
    ssize_t sent;
    do
        sent = send(channel->fd, octets, length, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return errno == EAGAIN ? -EAGAIN : channel_fail(channel, -errno, "%s", strerror(errno));
    channel->written += (size_t)sent;
    return sent;
}

static int stream_drain(struct channel *channel)
{
    char octets[4096];
    ssize_t got = 1;
    for (int i = 0; i < CHANNEL_DRAIN_MOST && (got > 0 || (got < 0 && errno == EINTR)); i++)
        got = recv(channel->fd, octets, sizeof(octets), 0);
    if (got == 0)
        return channel_fail(channel, CHANNEL_ENDED, "the receiver closed the connection");
    return got > 0 || errno == EAGAIN || errno == EINTR ? 0 : channel_fail(channel, -errno, "%s", strerror(errno));
}

void stream_settle(struct channel *channel, struct settling *ret)
{
    struct tcp_info info = {0};
    socklen_t length = sizeof(info);
    int waiting = 0;
    *ret = (struct settling){.keep_ms = UNREAD_MS, .least_ms = REFUSAL_MS};
    if (ioctl(channel->fd, SIOCOUTQ, &waiting) < 0 || waiting < 0)
        return; /* nothing is known: nothing has arrived */
    ret->left_us = channel->written > (uint64_t)waiting ? channel->written - (uint64_t)waiting : 0;
    if (getsockopt(channel->fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 && info.tcpi_snd_wnd > channel->window)
        channel->window = info.tcpi_snd_wnd;
    /* what is offered is what is free: with a part of its buffer filled, a receiver offers less than it holds */
    ret->keep_octets = 2 * (uint64_t)channel->window;
    if (waiting > 0 && info.tcpi_last_ack_recv > SILENCE_MS)
        (void)shutdown(channel->fd, SHUT_RDWR); /* the peer is gone, and reading will say so */
}

static void stream_finish(struct channel *channel)
{
    (void)shutdown(channel->fd, SHUT_WR);
}

const struct channel_kind channel_tcp = {
    .name = "tcp",
    .is_stream = true,
    .last_pause_ms = 30000,
    .open = stream_connect,
    .write = stream_write,
    .drain = stream_drain,
    .settle = stream_settle,
    .finish = stream_finish,
};
