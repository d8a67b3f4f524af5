/* The echo probe: ICMP echo by a ping socket (icmp(7), net.ipv4.ping_group_range), which needs no privilege where the
 * administrator permits it. The kernel chooses the identifier and hands us only our own answers. */
#include "attempts.h"
#include "payload.h"

#include <errno.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DATAGRAMS_MAX = 64 };

static int send_echo(struct probe *probe, int fd)
{
    const struct probe_request *request = probe_request_of(probe);
    uint8_t buffer[16];
    struct writer writer = {.octets = buffer, .size = sizeof(buffer)};
    struct sockaddr_storage target;
    socklen_t length = address_to_sockaddr(&request->target, 0, &target);
    put_u8(&writer, request->target.family == AF_INET ? ICMP_ECHO : ICMPV6_ECHO_REQUEST);
    put_u8(&writer, 0);
    put_u16(&writer, 0); /* checksum: the kernel's */
    put_u16(&writer, 0); /* identifier: the kernel's */
    put_u16(&writer, (uint16_t)probe_result_of(probe)->attempts);
    put_u64(&writer, 0); /* some routers drop an echo without data */
    if (sendto(fd, buffer, written(&writer), MSG_NOSIGNAL, (struct sockaddr *)&target, length) >= 0)
        return 0;
    return -errno;
}

static int icmp_start(struct probe *probe)
{
    const struct probe_request *request = probe_request_of(probe);
    int protocol = request->target.family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
    int fd = probe_socket(request, SOCK_DGRAM, protocol);
    if (fd == -EACCES || fd == -EPERM || fd == -EPROTONOSUPPORT) {
        probe_result_of(probe)->error = -fd;
        probe_set_detail(probe, "ping sockets are not permitted (net.ipv4.ping_group_range)");
        probe_end(probe, PROBE_LOCAL, REASON_NO_PERMISSION);
        return 0;
    }
    if (fd < 0)
        return fd;
    probe_result_of(probe)->path_local = probe_route_is_local(probe);
    int r = probe_watch(probe, fd, EPOLLIN);
    return r < 0 ? r : attempts_begin(probe, send_echo);
}

static void read_replies(struct probe *probe)
{
    const struct probe_request *request = probe_request_of(probe);
    uint8_t wanted = request->target.family == AF_INET ? ICMP_ECHOREPLY : ICMPV6_ECHO_REPLY;
    for (int i = 0; i < DATAGRAMS_MAX; i++) {
        uint8_t buffer[64];
        struct sockaddr_storage sender;
        socklen_t length = sizeof(sender);
        ssize_t got = recvfrom(probe_fd(probe), buffer, sizeof(buffer), 0, (struct sockaddr *)&sender, &length);
        if (got < 0 && errno == EAGAIN)
            return;
        if (got < 0) /* a report's error is given once, before what waits behind it */
            continue;
        struct address address = address_from_sockaddr((const struct sockaddr *)&sender, NULL);
        address.zone = request->target.zone;
        if (got < 8 || buffer[0] != wanted || !address_equal(&address, &request->target))
            continue;
        struct probe_result *result = probe_result_of(probe);
        result->sign_of_life = true;
        result->service_proven = true;
        probe_end(probe, PROBE_OPEN, REASON_SERVICE_PROVEN);
        return;
    }
}

static void icmp_on_ready(struct probe *probe, uint32_t epoll_events)
{
    if (epoll_events & EPOLLIN)
        read_replies(probe);
    if (epoll_events & EPOLLERR)
        (void)probe_read_error(probe, probe_fd(probe), 0);
}

static void icmp_on_timer(struct probe *probe)
{
    attempts_next(probe, send_echo);
}

const struct probe_kind probe_kind_icmp = {
    .name = "icmp",
    .summary = "echo request by a ping socket",
    .start = icmp_start,
    .on_ready = icmp_on_ready,
    .on_timer = icmp_on_timer,
};
