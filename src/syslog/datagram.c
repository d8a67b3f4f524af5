/* Datagrams: the socket of this machine's own syslog, and UDP (RFC 5426).
 *
 * A local socket tells exactly what its receiver has not read (SIOCOUTQ), but is silent about a receiver that died with
 * messages unread: so what is out is believed only while the same socket still stands behind the path. Over UDP nobody
 * tells anything but, with luck, that a port is closed. */
#include "channel.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { UDP_REFUSAL_MS = 1000 }; /* a port-unreachable comes within this time or never */

static ssize_t datagram_write(struct channel *channel, const void *octets, size_t length)
{
    ssize_t sent;
    do
        sent = send(channel->fd, octets, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS))
        return -EAGAIN;
    if (sent < 0)
        return channel_fail(channel, -errno, "%s", strerror(errno));
    channel->written += length;
    return sent;
}

/* Errors of earlier datagrams come by reading; data is nobody's. */
static int datagram_drain(struct channel *channel)
{
    char octets[512];
    ssize_t got = 0;
    for (int i = 0; i < CHANNEL_DRAIN_MOST && (got >= 0 || errno == EINTR); i++)
        got = recv(channel->fd, octets, sizeof(octets), MSG_DONTWAIT);
    return got >= 0 || errno == EAGAIN || errno == EINTR ? 0 : channel_fail(channel, -errno, "%s", strerror(errno));
}

/* --- local -------------------------------------------------------------------------------------------------------- */

static struct sockaddr_un local_address(const struct channel *channel)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = channel->target->place.host;
    memcpy(address.sun_path, path, strnlen(path, sizeof(address.sun_path) - 1));
    return address;
}

static int local_open(struct channel *channel)
{
    struct sockaddr_un address = local_address(channel);
    struct stat status;
    channel->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (channel->fd < 0)
        return channel_fail(channel, -errno, "no socket: %s", strerror(errno));
    if (stat(address.sun_path, &status) < 0 ||
        connect(channel->fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return channel_fail(channel, -errno, "%s: %s", address.sun_path, strerror(errno));
    channel->device = status.st_dev;
    channel->inode = status.st_ino;
    return 0;
}

/* Is the socket that we are connected to still there, with somebody behind it? */
static bool local_is_alive(const struct channel *channel)
{
    struct sockaddr_un address = local_address(channel);
    struct stat status;
    if (stat(address.sun_path, &status) < 0 || status.st_dev != channel->device || status.st_ino != channel->inode)
        return false;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool alive = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    return alive;
}

static void local_settle(struct channel *channel, struct settling *ret)
{
    int unread = 0;
    bool all_read = ioctl(channel->fd, SIOCOUTQ, &unread) == 0 && unread == 0 && local_is_alive(channel);
    *ret = (struct settling){.left_us = all_read ? channel->written : 0};
}

/* A receiver that was started again has another socket at the same path: the old one would swallow everything. */
static int local_drain(struct channel *channel)
{
    int result = datagram_drain(channel);
    if (result < 0 || local_is_alive(channel))
        return result;
    return channel_fail(channel, -ECONNREFUSED, "%s: its receiver went away", channel->target->place.host);
}

const struct channel_kind channel_local = {
    .name = "local",
    .last_pause_ms = 1000,
    .open = local_open,
    .write = datagram_write,
    .drain = local_drain,
    .settle = local_settle,
};

/* --- UDP ---------------------------------------------------------------------------------------------------------- */

static int udp_connect_one(struct channel *channel, const struct addrinfo *one)
{
    channel->fd = socket(one->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return channel->fd < 0 || connect(channel->fd, one->ai_addr, one->ai_addrlen) < 0 ? -errno : 0;
}

static int udp_open(struct channel *channel)
{
    return channel_connect(channel, udp_connect_one);
}

static void udp_settle(struct channel *channel, struct settling *ret)
{
    *ret = (struct settling){.left_us = channel->written, .least_ms = UDP_REFUSAL_MS};
}

const struct channel_kind channel_udp = {
    .name = "udp",
    .last_pause_ms = 10000,
    .open = udp_open,
    .write = datagram_write,
    .drain = datagram_drain,
    .settle = udp_settle,
};
