/* Sockets as every kind opens them, and what an errno of ours means. */
#include "portconform/probe.h"

#include <errno.h>
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

static int bind_source(int fd, const struct address *source, int type)
{
    const int on = 1;
    struct sockaddr_storage sockaddr;
    socklen_t length = address_to_sockaddr(source, 0, &sockaddr);
    /* TCP: the port is chosen at connect, per destination, so that a source does not run out of ports */
    if (type == SOCK_STREAM)
        (void)setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    return bind(fd, (const struct sockaddr *)&sockaddr, length);
}

int probe_socket(const struct probe_request *request, int type, int protocol)
{
    sa_family_t family = request->target.family;
    bool bound = request->source.family != AF_UNSPEC;
    if (bound && request->source.family != family)
        return -EADDRNOTAVAIL;
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    if (fd < 0)
        return -errno;
    if (request_evidence(fd, family) || (bound && bind_source(fd, &request->source, type))) {
        int error = errno;
        (void)close(fd);
        return -error;
    }
    return fd;
}
