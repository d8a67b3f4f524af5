/* Channels: what all transports share. */
#include "channel.h"

#include "resolve.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void channel_init(struct channel *channel, const struct syslog_target *target, int stop_fd)
{
    static const struct channel_kind *const kinds[] = {
        [SYSLOG_LOCAL] = &channel_local,
        [SYSLOG_UDP] = &channel_udp,
        [SYSLOG_TCP] = &channel_tcp,
        [SYSLOG_TLS] = &channel_tls,
    };
    *channel = (struct channel){.kind = kinds[target->place.transport], .target = target, .stop_fd = stop_fd, .fd = -1};
}

int channel_fail(struct channel *channel, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(channel->error, sizeof(channel->error), format, args);
    va_end(args);
    return code;
}

int channel_open(struct channel *channel)
{
    channel->written = 0;
    channel->window = 0;
    channel->wants_write = false;
    int result = channel->kind->open(channel);
    if (result < 0)
        channel_close(channel);
    return result;
}

void channel_close(struct channel *channel)
{
    if (channel->kind->close != NULL)
        channel->kind->close(channel);
    if (channel->fd >= 0)
        close(channel->fd);
    channel->fd = -1;
}

int64_t channel_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int channel_wait_for(int fd, short events, int stop_fd, int64_t until_ms)
{
    struct pollfd fds[] = {{.fd = stop_fd, .events = POLLIN}, {.fd = fd, .events = events}};
    for (;;) {
        int64_t left = until_ms - channel_now_ms();
        if (left <= 0)
            return -ETIMEDOUT;
        int ready = poll(fds, 2, (int)left);
        if (ready < 0 && errno != EINTR)
            return -errno;
        if (ready > 0 && fds[0].revents != 0)
            return -ECANCELED;
        if (ready > 0 && fds[1].revents != 0)
            return 0;
    }
}

int channel_wait(struct channel *channel, short events, int64_t until_ms)
{
    return channel_wait_for(channel->fd, events, channel->stop_fd, until_ms);
}

int channel_connect(struct channel *channel, int (*connect_one)(struct channel *channel, const struct addrinfo *one))
{
    const struct syslog_place *place = &channel->target->place;
    const int64_t until_ms = channel_now_ms() + CHANNEL_SOONER_MS;
    struct addrinfo *found;
    int eai = 0, result = resolve(place->host, place->port, channel->stop_fd, until_ms, &found, &eai);
    if (result < 0)
        return channel_fail(channel, result, "%s: %s", place->host, eai != 0 ? gai_strerror(eai) : strerror(-result));
    result = -ENOENT;
    for (const struct addrinfo *one = found; one != NULL && result < 0 && result != -ECANCELED; one = one->ai_next) {
        channel_close(channel);
        result = connect_one(channel, one);
    }
    freeaddrinfo(found);
    return result < 0 ? channel_fail(channel, result, "%s port %u: %s", place->host, place->port, strerror(-result))
                      : 0;
}
