/* Asks the kernel for the route to an address (RTM_GETROUTE, rtnetlink(7)). Comparing the address with the interfaces'
 * would miss whole prefixes that are routed locally, and comparing it with a socket's own address would miss secondary
 * addresses, which prefer the primary as their source. */
#include "route.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct route_request {
    struct nlmsghdr header;
    struct rtmsg route;
    /* RTA_DST and RTA_OIF */
    unsigned char attributes[RTA_SPACE(16) + RTA_SPACE(sizeof(uint32_t))];
};

static void add_attribute(struct route_request *request, unsigned short type, const void *data, size_t length)
{
    struct rtattr attribute = {.rta_len = (unsigned short)RTA_LENGTH(length), .rta_type = type};
    unsigned char *end = request->attributes + (request->header.nlmsg_len - offsetof(struct route_request, attributes));
    memcpy(end, &attribute, sizeof(attribute));
    memcpy(end + RTA_LENGTH(0), data, length);
    request->header.nlmsg_len += (uint32_t)RTA_SPACE(length);
}

static bool send_request(int fd, const struct address *address, uint32_t number)
{
    size_t octets = address->family == AF_INET ? 4 : 16;
    struct route_request request = {
        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
                   .nlmsg_type = RTM_GETROUTE,
                   .nlmsg_flags = NLM_F_REQUEST,
                   .nlmsg_seq = number},
        .route = {.rtm_family = (unsigned char)address->family, .rtm_dst_len = (unsigned char)(octets * 8)},
    };
    add_attribute(&request, RTA_DST, address->octets, octets);
    if (address->zone)
        add_attribute(&request, RTA_OIF, &address->zone, sizeof(address->zone));
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    ssize_t sent =
        sendto(fd, &request, request.header.nlmsg_len, MSG_DONTWAIT, (const struct sockaddr *)&kernel, sizeof(kernel));
    return sent == (ssize_t)request.header.nlmsg_len;
}

/* The kernel answers within sendto; one request, one answer, but one that nobody took may still be there. An error
 * answer is "not local". */
static bool receive_local(int fd, uint32_t number)
{
    union {
        struct nlmsghdr header;
        unsigned char octets[4096];
    } answer;
    ssize_t length;
    do {
        length = recv(fd, &answer, sizeof(answer), MSG_DONTWAIT);
        if (length < (ssize_t)NLMSG_LENGTH(0))
            return false;
    } while (answer.header.nlmsg_seq != number);
    if (length < (ssize_t)NLMSG_LENGTH(sizeof(struct rtmsg)) || answer.header.nlmsg_type != RTM_NEWROUTE)
        return false;
    struct rtmsg route;
    memcpy(&route, answer.octets + NLMSG_HDRLEN, sizeof(route));
    return route.rtm_type == RTN_LOCAL;
}

bool route_is_local(int *fd, const struct address *address)
{
    if (address_is_loopback(address))
        return true;
    if (address->family != AF_INET && address->family != AF_INET6)
        return false;
    if (*fd < 0)
        *fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    static _Thread_local uint32_t number;
    if (*fd < 0 || !send_request(*fd, address, ++number))
        return false;
    return receive_local(*fd, number);
}
