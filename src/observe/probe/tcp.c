/* The TCP probe: a non-blocking connect, and nothing said. Also the first half of every kind over TCP.
 *
 * An accepted connection is closed by RST: no TIME_WAIT stays on either side, and no entry lingers in a connection
 * tracker. A RST has no provenance: whether the host or a firewall sent it, only listener evidence can tell.
 */
#include "engine.h"
#include "errqueue.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { PORTS_TRIED = 16 };

/* connect() failed at once: over loopback that is already the answer, otherwise the route was the trouble. What the
 * socket itself says may be of an earlier call. */
static int refused_at_once(struct probe *probe, int fd, int error)
{
    bool answered = error == ECONNREFUSED || error == ECONNRESET;
    bool ended = answered ? probe_read_error(probe, fd, error) : probe_read_reports(probe, fd);
    return ended ? 0 : -error;
}

static int call(struct probe *probe)
{
    const struct probe_request *request = probe_request_of(probe);
    struct sockaddr_storage target;
    socklen_t length = address_to_sockaddr(&request->target, request->port, &target);
    bool calls = connect(probe_fd(probe), (const struct sockaddr *)&target, length) == 0 || errno == EINPROGRESS;
    return calls ? 0 : errno;
}

/* Of the ports that the site lets probes leave from, one may be busy with that very target: by another program of ours,
 * or by a connection that has just ended. Then it is another's turn. */
static int call_from_another_port(struct probe *probe)
{
    const struct probe_request *request = probe_request_of(probe);
    unsigned ports = (unsigned)request->source_port_high - request->source_port_low;
    int error = EADDRNOTAVAIL;
    for (unsigned tries = 0; error == EADDRNOTAVAIL && tries < ports && tries < PORTS_TRIED; tries++) {
        int r = slots_replace(probe);
        if (r < 0)
            return -r;
        error = call(probe);
    }
    return error == EADDRNOTAVAIL ? EADDRINUSE : error;
}

static int start(struct probe *probe, enum slot_use use)
{
    int r = slots_take(probe, use);
    if (r < 0)
        return r;
    probe_result_of(probe)->path_local = probe_route_is_local(probe);
    probe_note_sent(probe);
    int error = call(probe);
    if (error == EADDRNOTAVAIL && probe_request_of(probe)->source_port_low > 0)
        error = call_from_another_port(probe);
    return error ? refused_at_once(probe, probe_fd(probe), error) : 0;
}

int probe_tcp_start(struct probe *probe)
{
    return start(probe, SLOT_TCP);
}

static int tcp_start(struct probe *probe)
{
    return start(probe, SLOT_TCP_QUIET);
}

int probe_tcp_again(struct probe *probe)
{
    const struct probe_request *request = probe_request_of(probe);
    const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    struct sockaddr_storage target;
    socklen_t length = address_to_sockaddr(&request->target, request->port, &target);
    int fd = probe_fd(probe), error;
    socklen_t error_length = sizeof(error);
    if (connect(fd, &nobody, sizeof(nobody)))
        return -errno;
    (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_length); /* the reset of our own */
    if (connect(fd, (const struct sockaddr *)&target, length) && errno != EINPROGRESS)
        return -errno;
    return probe_watch(probe, fd, EPOLLOUT);
}

/* Linux connects a socket to itself when its own port happens to be the one it calls (RFC 9293 section 3.5, both sides
 * at once). Nobody listens there then. */
static bool connected_to_itself(int fd)
{
    struct sockaddr_storage own, peer;
    socklen_t own_length = sizeof(own), peer_length = sizeof(peer);
    if (getsockname(fd, (struct sockaddr *)&own, &own_length) ||
        getpeername(fd, (struct sockaddr *)&peer, &peer_length))
        return false;
    uint16_t own_port, peer_port;
    struct address own_address = address_from_sockaddr((const struct sockaddr *)&own, &own_port);
    struct address peer_address = address_from_sockaddr((const struct sockaddr *)&peer, &peer_port);
    return own_port == peer_port && address_equal(&own_address, &peer_address);
}

static bool is_connected(int fd)
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof(peer);
    return getpeername(fd, (struct sockaddr *)&peer, &length) == 0;
}

/* The events have something else to tell than a connection: an error, or that it is over already. */
static bool end_by_error(struct probe *probe, uint32_t epoll_events)
{
    int fd = probe_fd(probe);
    int error = 0;
    socklen_t length = sizeof(error);
    struct probe_result *result = probe_result_of(probe);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length))
        error = errno;
    if (error == ECONNRESET || error == EPIPE) { /* only an established connection has these */
        result->sign_of_life = true;
        probe_set_detail(probe, "accepted, then reset at once");
        probe_end(probe, PROBE_OPEN, REASON_ACCEPTED);
        return true;
    }
    return (epoll_events & EPOLLERR || error) && probe_read_error(probe, fd, error);
}

/* EPOLLOUT alone is a connection, as the kernel has it at this moment. */
static bool is_established(struct probe *probe, uint32_t epoll_events)
{
    struct probe_result *result = probe_result_of(probe);
    if (epoll_events & (EPOLLERR | EPOLLHUP)) {
        if (end_by_error(probe, epoll_events) || !is_connected(probe_fd(probe)))
            return false;
    }
    if (!(epoll_events & EPOLLOUT))
        return false;
    result->sign_of_life = true;
    if (!result->path_local || !connected_to_itself(probe_fd(probe)))
        return true;
    probe_set_detail(probe, "the call met itself: nobody listens");
    probe_end(probe, PROBE_REFUSED, REASON_RST);
    return false;
}

bool probe_tcp_established(struct probe *probe, uint32_t epoll_events)
{
    if (!is_established(probe, epoll_events))
        return false;
    int r = probe_watch(probe, probe_fd(probe), EPOLLOUT);
    if (r == 0)
        return true;
    probe_end_local(probe, -r);
    return false;
}

static void tcp_on_ready(struct probe *probe, uint32_t epoll_events)
{
    if (is_established(probe, epoll_events))
        probe_end(probe, PROBE_OPEN, REASON_ACCEPTED);
}

const struct probe_kind probe_kind_tcp = {
    .name = "tcp",
    .summary = "connects, and closes at once",
    .start = tcp_start,
    .on_ready = tcp_on_ready,
};
