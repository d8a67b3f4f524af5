/* Sockets as every kind opens them, and what an errno of ours means. */
#include "slots.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

/* errno of socket, bind, connect or send, before anything left this machine. The routing ones are those that Linux
 * gives for routes of type unreachable, prohibit and blackhole, and for no route at all. EPERM is no route's: a packet
 * filter or a security policy of this machine. */
static const struct {
    int error;
    enum reason reason;
} local_reasons[] = {
    {EMFILE, REASON_NO_DESCRIPTORS},
    {ENFILE, REASON_NO_DESCRIPTORS},
    {ENOMEM, REASON_NO_MEMORY},
    {ENOBUFS, REASON_NO_MEMORY},
    {ENOSPC, REASON_NO_MEMORY}, /* epoll's limit of watches */
    {ENETUNREACH, REASON_NO_ROUTE},
    {EHOSTUNREACH, REASON_NO_ROUTE},
    {ENETDOWN, REASON_NO_ROUTE},
    {EACCES, REASON_ROUTE_PROHIBITED},
    {EINVAL, REASON_ROUTE_BLACKHOLE},
    {EPERM, REASON_NO_PERMISSION},
    {EADDRNOTAVAIL, REASON_NO_SOURCE_ADDRESS},
    {EADDRINUSE, REASON_NO_SOURCE_PORT},
};

enum reason probe_local_reason(int error)
{
    for (size_t i = 0; i < sizeof(local_reasons) / sizeof(local_reasons[0]); i++)
        if (local_reasons[i].error == error)
            return local_reasons[i].reason;
    return REASON_LOCAL_OTHER;
}

static int request_evidence(int fd, sa_family_t family)
{
    const int on = 1;
    if (family == AF_INET)
        return setsockopt(fd, SOL_IP, IP_RECVERR, &on, sizeof(on));
    return setsockopt(fd, SOL_IPV6, IPV6_RECVERR, &on, sizeof(on));
}

/* Class of service, so that others tell our traffic from an attacker's. */
static int set_dscp(int fd, sa_family_t family, uint8_t dscp)
{
    const int octet = dscp << 2;
    if (dscp == 0)
        return 0;
    if (family == AF_INET)
        return setsockopt(fd, SOL_IP, IP_TOS, &octet, sizeof(octet));
    return setsockopt(fd, SOL_IPV6, IPV6_TCLASS, &octet, sizeof(octet));
}

/* The next free port of the range, beginning after the last one taken: two calls in a row do not look like one. */
static int bind_in_range(int fd, const struct probe_request *request, const struct address *own)
{
    static uint16_t last; /* a hint, shared by all engines of the process */
    const uint16_t low = request->source_port_low, high = request->source_port_high;
    for (unsigned tries = 0; tries <= (unsigned)high - low; tries++) {
        struct sockaddr_storage sockaddr;
        last = last < low || last >= high ? low : (uint16_t)(last + 1);
        socklen_t length = address_to_sockaddr(own, last, &sockaddr);
        if (bind(fd, (const struct sockaddr *)&sockaddr, length) == 0)
            return 0;
        if (errno == EACCES) /* a port below 1024: no route's word, as it would be from connect() */
            errno = EPERM;
        if (errno != EADDRINUSE)
            return -1;
    }
    return -1;
}

static int bind_source(int fd, const struct probe_request *request, int type)
{
    const int on = 1;
    const struct address any = {.family = request->target.family};
    const struct address *own = request->source.family != AF_UNSPEC ? &request->source : &any;
    struct sockaddr_storage sockaddr;
    socklen_t length = address_to_sockaddr(own, 0, &sockaddr);
    bool stream = type == SOCK_STREAM;
    if (request->source_port_low > 0 && type != SOCK_RAW) {
        /* what calls over IPv4 may hold the same port */
        if (request->target.family == AF_INET6 && setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &on, sizeof(on)))
            return -1;
        /* several calls may leave one port for different targets */
        if (stream && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)))
            return -1;
        return bind_in_range(fd, request, own);
    }
    if (request->source.family == AF_UNSPEC)
        return 0;
    /* TCP: the port is chosen at connect, per destination, so that a source does not run out of ports */
    if (stream)
        (void)setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    return bind(fd, (const struct sockaddr *)&sockaddr, length);
}

bool socket_lacks_zone(const struct address *target)
{
    bool link_local = target->family == AF_INET6 && target->octets[0] == 0xfe && (target->octets[1] & 0xc0) == 0x80;
    return link_local && target->zone == 0;
}

int probe_socket(const struct probe_request *request, int type, int protocol)
{
    sa_family_t family = request->target.family;
    if (socket_lacks_zone(&request->target))
        return -ENETUNREACH;
    bool echo = protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6; /* its "port" is an identifier */
    if (request->source.family != AF_UNSPEC && request->source.family != family)
        return -EADDRNOTAVAIL;
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    if (fd < 0)
        return -errno;
    if (request_evidence(fd, family) || set_dscp(fd, family, request->dscp) ||
        bind_source(fd, request, echo ? SOCK_RAW : type)) {
        int error = errno;
        (void)close(fd);
        return -error;
    }
    return fd;
}

/* A caller that is about to send may let the last ACK of the handshake wait for its data, for up to 200 ms; this is
 * what the option means on the calling side (linux: tcp_rcv_synsent_state_process). We send none, and our reset goes in
 * its place: the connection never comes into the accept queue, so that a program that has stalled is not filled by us.
 * A kernel without that completes the handshake. */
static void leave_handshake_open(int fd)
{
    const int seconds = 1;
    (void)setsockopt(fd, SOL_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds));
}

int socket_open_tcp(const struct probe_request *request, bool quiet)
{
    const struct linger reset_on_close = {.l_onoff = 1, .l_linger = 0};
    int fd = probe_socket(request, SOCK_STREAM, IPPROTO_TCP);
    if (fd >= 0 && quiet)
        leave_handshake_open(fd);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof(reset_on_close)) == 0)
        return fd;
    int error = errno;
    (void)close(fd);
    return -error;
}

/* A socket that has its port already: probe_socket binds it where there is a source, otherwise it is done here. */
static int open_bound(const struct probe_request *request, uint16_t *ret_port)
{
    struct address any = {.family = request->target.family};
    struct sockaddr_storage own;
    socklen_t length = address_to_sockaddr(&any, 0, &own);
    int fd = probe_socket(request, SOCK_DGRAM, IPPROTO_UDP);
    if (fd < 0)
        return fd;
    bool bound = request->source.family != AF_UNSPEC || request->source_port_low > 0 ||
                 bind(fd, (const struct sockaddr *)&own, length) == 0;
    length = sizeof(own);
    if (!bound || getsockname(fd, (struct sockaddr *)&own, &length)) {
        int error = errno;
        (void)close(fd);
        return -error;
    }
    (void)address_from_sockaddr((const struct sockaddr *)&own, ret_port);
    return fd;
}

/* On this machine the port that we call from must not be the one we call: the datagram would come back to us and look
 * like an answer. The second socket gets another port, since the first still holds that one. */
int socket_open_udp(const struct probe_request *request, uint16_t *ret_port)
{
    int fd = open_bound(request, ret_port);
    if (fd < 0 || *ret_port != request->port)
        return fd;
    int other = open_bound(request, ret_port);
    (void)close(fd);
    return other;
}
