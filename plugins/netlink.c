/* What the reading of listeners takes from libmnl, for a plugin that is linked statically: Debian ships libmnl as a
 * shared object alone, and the dynamic linker would be half of the plugin's time. The same functions with the same
 * meaning, as its header describes them; nothing else of it. Built only into that plugin, and into a test that runs the
 * tests of the listeners over it. */
#include <libmnl/libmnl.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MESSAGE_HEAD = sizeof(struct nlmsghdr), ATTRIBUTE_HEAD = sizeof(struct nlattr), TYPE_BITS = 0x3fff };

static size_t aligned(size_t length)
{
    return (length + 3) & ~(size_t)3;
}

struct mnl_socket {
    int fd;
    struct sockaddr_nl address;
};

/* --- sockets ------------------------------------------------------------------------------------------------------ */

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
    struct mnl_socket *netlink = calloc(1, sizeof(*netlink));
    if (!netlink)
        return NULL;
    netlink->fd = socket(AF_NETLINK, SOCK_RAW | flags, bus);
    if (netlink->fd >= 0)
        return netlink;
    free(netlink);
    return NULL;
}

struct mnl_socket *mnl_socket_fdopen(int fd)
{
    struct sockaddr_nl address = {0};
    socklen_t length = sizeof(address);
    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        return NULL;
    if (length != sizeof(address) || address.nl_family != AF_NETLINK) {
        errno = EINVAL;
        return NULL;
    }
    struct mnl_socket *netlink = calloc(1, sizeof(*netlink));
    if (!netlink)
        return NULL;
    *netlink = (struct mnl_socket){.fd = fd, .address = address};
    return netlink;
}

int mnl_socket_bind(struct mnl_socket *netlink, unsigned int groups, pid_t pid)
{
    socklen_t length = sizeof(netlink->address);
    netlink->address = (struct sockaddr_nl){.nl_family = AF_NETLINK, .nl_groups = groups, .nl_pid = (__u32)pid};
    if (bind(netlink->fd, (const struct sockaddr *)&netlink->address, length) < 0)
        return -1;
    return getsockname(netlink->fd, (struct sockaddr *)&netlink->address, &length);
}

int mnl_socket_close(struct mnl_socket *netlink)
{
    int r = close(netlink->fd);
    free(netlink);
    return r;
}

int mnl_socket_get_fd(const struct mnl_socket *netlink)
{
    return netlink->fd;
}

unsigned int mnl_socket_get_portid(const struct mnl_socket *netlink)
{
    return netlink->address.nl_pid;
}

ssize_t mnl_socket_sendto(const struct mnl_socket *netlink, const void *request, size_t length)
{
    static const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    return sendto(netlink->fd, request, length, 0, (const struct sockaddr *)&kernel, sizeof(kernel));
}

/* Whole messages of the kernel alone. */
ssize_t mnl_socket_recvfrom(const struct mnl_socket *netlink, void *buffer, size_t size)
{
    struct sockaddr_nl from = {.nl_family = AF_NETLINK};
    struct iovec part = {.iov_base = buffer, .iov_len = size};
    struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1};
    ssize_t length = recvmsg(netlink->fd, &message, 0);
    if (length < 0)
        return -1;
    if (message.msg_flags & MSG_TRUNC) {
        errno = ENOSPC;
        return -1;
    }
    if (message.msg_namelen != sizeof(from)) {
        errno = EINVAL;
        return -1;
    }
    return length;
}

/* --- messages ----------------------------------------------------------------------------------------------------- */

void *mnl_nlmsg_get_payload(const struct nlmsghdr *message)
{
    return (char *)(uintptr_t)message + MESSAGE_HEAD;
}

size_t mnl_nlmsg_get_payload_len(const struct nlmsghdr *message)
{
    return message->nlmsg_len - MESSAGE_HEAD;
}

static int end_of_dump(const struct nlmsghdr *message)
{
    const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);
    if (message->nlmsg_type != NLMSG_ERROR)
        return message->nlmsg_type == NLMSG_DONE ? MNL_CB_STOP : MNL_CB_OK;
    if (mnl_nlmsg_get_payload_len(message) < sizeof(*error)) {
        errno = EBADMSG;
        return MNL_CB_ERROR;
    }
    errno = error->error < 0 ? -error->error : error->error;
    return error->error == 0 ? MNL_CB_STOP : MNL_CB_ERROR;
}

/* Is it an answer to what we asked, and whole? Else the error. */
static int objection(const struct nlmsghdr *message, unsigned int sequence, unsigned int port)
{
    if (message->nlmsg_pid && port && message->nlmsg_pid != port)
        return ESRCH;
    if (message->nlmsg_seq && sequence && message->nlmsg_seq != sequence)
        return EPROTO;
    return message->nlmsg_flags & NLM_F_DUMP_INTR ? EINTR : 0;
}

int mnl_cb_run(const void *buffer, size_t size, unsigned int sequence, unsigned int port, mnl_cb_t each, void *data)
{
    const char *at = buffer;
    int r = MNL_CB_OK;
    while (r > MNL_CB_STOP && size >= sizeof(struct nlmsghdr)) {
        const struct nlmsghdr *message = (const void *)at;
        if (message->nlmsg_len < sizeof(*message) || message->nlmsg_len > size)
            break;
        errno = objection(message, sequence, port);
        if (errno)
            return MNL_CB_ERROR;
        if (message->nlmsg_type < NLMSG_MIN_TYPE)
            r = end_of_dump(message);
        else if (each)
            r = each(message, data);
        size_t whole = aligned(message->nlmsg_len);
        if (whole > size)
            break;
        at += whole;
        size -= whole;
    }
    return r;
}

/* --- attributes --------------------------------------------------------------------------------------------------- */

uint16_t mnl_attr_get_type(const struct nlattr *attribute)
{
    return attribute->nla_type & TYPE_BITS;
}

uint16_t mnl_attr_get_payload_len(const struct nlattr *attribute)
{
    return (uint16_t)(attribute->nla_len - ATTRIBUTE_HEAD);
}

void *mnl_attr_get_payload(const struct nlattr *attribute)
{
    return (char *)(uintptr_t)attribute + ATTRIBUTE_HEAD;
}

uint8_t mnl_attr_get_u8(const struct nlattr *attribute)
{
    return *(const uint8_t *)mnl_attr_get_payload(attribute);
}

int mnl_attr_parse(const struct nlmsghdr *message, unsigned int offset, mnl_attr_cb_t each, void *data)
{
    size_t start = MESSAGE_HEAD + aligned(offset);
    const char *at = (const char *)message + start;
    size_t left = message->nlmsg_len > start ? message->nlmsg_len - start : 0;
    int r = MNL_CB_OK;
    while (left >= sizeof(struct nlattr)) {
        const struct nlattr *attribute = (const void *)at;
        if (attribute->nla_len < sizeof(*attribute) || attribute->nla_len > left)
            break;
        r = each(attribute, data);
        if (r <= MNL_CB_STOP)
            return r;
        size_t whole = aligned(attribute->nla_len);
        if (whole > left)
            break;
        at += whole;
        left -= whole;
    }
    return r;
}
