/* sock_diag: two dumps a transport (IPv4, IPv6), each on a socket of its own, so that what is left of an interrupted
 * dump cannot be taken for the next.
 *
 * TCP is asked for the LISTEN state alone: asking for CLOSE too makes the kernel walk the table of established
 * connections, which is many times slower on a busy server. A UDP socket that is not connected is in state CLOSE.
 */
#include "sockdiag.h"
#include "portconform/error.h"
#include "portconform/vector.h"
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>

enum {
    RECEIVE_SIZE = 32768, /* what the kernel fills at most in one go */
    DUMP_TRIES = 2,       /* the table may change while it is read */
    DUMP_SEQUENCE = 1,
};

/* --- one message ------------------------------------------------------------------------------------------------ */

struct attributes {
    bool v6only_known;
    bool v6only;
    uint64_t cgroup_id;
};

static int read_attribute(const struct nlattr *attribute, void *data)
{
    struct attributes *found = data;
    const uint16_t type = mnl_attr_get_type(attribute);
    if (type == INET_DIAG_SKV6ONLY && mnl_attr_get_payload_len(attribute) >= sizeof(uint8_t)) {
        found->v6only_known = true;
        found->v6only = mnl_attr_get_u8(attribute) != 0;
    } else if (type == INET_DIAG_CGROUP_ID && mnl_attr_get_payload_len(attribute) >= sizeof(uint64_t)) {
        memcpy(&found->cgroup_id, mnl_attr_get_payload(attribute), sizeof(found->cgroup_id));
    }
    return MNL_CB_OK;
}

static bool is_link_local(const struct address *address)
{
    return address->family == AF_INET6 && address->octets[0] == 0xfe && (address->octets[1] & 0xc0) == 0x80;
}

static void set_device(struct listener *listener, uint32_t index)
{
    char name[IF_NAMESIZE] = "";
    if (index == 0)
        return;
    if (is_link_local(&listener->address))
        listener->address.zone = index;
    _Static_assert(sizeof(listener->device) == sizeof(name), "a device's name fits");
    if (if_indextoname(index, name))
        memcpy(listener->device, name, sizeof(name));
}

int sockdiag_read(const struct nlmsghdr *message, enum transport transport, struct sockdiag_row *ret)
{
    struct inet_diag_msg socket;
    struct attributes found = {0};
    if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY)
        return 0;
    if (mnl_nlmsg_get_payload_len(message) < sizeof(socket))
        return -EBADMSG;
    memcpy(&socket, mnl_nlmsg_get_payload(message), sizeof(socket));
    if (mnl_attr_parse(message, sizeof(socket), read_attribute, &found) < 0)
        return -EBADMSG;
    const uint16_t port = ntohs(socket.id.idiag_sport);
    if (port == 0 || (socket.idiag_family != AF_INET && socket.idiag_family != AF_INET6))
        return 0; /* a socket without a port listens to nobody */
    struct sockdiag_row row = {.cgroup_id = found.cgroup_id};
    struct listener *listener = &row.listener;
    listener->transport = transport;
    listener->port = port;
    listener->address.family = socket.idiag_family;
    memcpy(listener->address.octets, socket.id.idiag_src, socket.idiag_family == AF_INET ? 4 : 16);
    address_normalise(&listener->address);
    if (listener->address.family == AF_INET6 && address_is_wildcard(&listener->address) && found.v6only_known)
        listener->v6only = found.v6only ? V6ONLY_YES : V6ONLY_NO;
    row.device_index = socket.id.idiag_if;
    set_device(listener, socket.id.idiag_if);
    listener->inode = socket.idiag_inode;
    listener->owner.uid = socket.idiag_uid;
    listener->owner.uid_known = true;
    if (transport == TRANSPORT_TCP) { /* of a listening socket these two are the accept queue */
        listener->queue_known = true;
        listener->queue_length = socket.idiag_rqueue;
        listener->queue_limit = socket.idiag_wqueue;
    }
    *ret = row;
    return 1;
}

/* --- dumps ------------------------------------------------------------------------------------------------------ */

struct dump {
    enum transport transport;
    sa_family_t family;
    struct sockdiag_sockets *sockets; /* NULL: one of our own */
    struct sockdiag_rows *rows;
    int error; /* of the callback */
};

static int dump_message(const struct nlmsghdr *message, void *data)
{
    struct dump *dump = data;
    struct sockdiag_row row;
    const int status = sockdiag_read(message, dump->transport, &row);
    if (status <= 0) {
        dump->error = status;
        return status < 0 ? MNL_CB_ERROR : MNL_CB_OK;
    }
    struct sockdiag_row *slot = VECTOR_PUSH(dump->rows);
    if (!slot) {
        dump->error = -ENOMEM;
        return MNL_CB_ERROR;
    }
    *slot = row;
    return MNL_CB_OK;
}

static int dump_request(struct mnl_socket *netlink, const struct dump *dump)
{
    const struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 body;
    } request = {
        .header = {.nlmsg_len = sizeof(request),
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                   .nlmsg_seq = DUMP_SEQUENCE},
        .body = {.sdiag_family = (uint8_t)dump->family,
                 .sdiag_protocol = (uint8_t)dump->transport,
                 .idiag_states = 1U << (dump->transport == TRANSPORT_TCP ? TCP_LISTEN : TCP_CLOSE)},
    };
    return mnl_socket_sendto(netlink, &request, sizeof(request)) < 0 ? -errno : 0;
}

static int wait_readable(int fd, int64_t deadline_mono_ms)
{
    for (;;) {
        int timeout_ms = -1;
        if (deadline_mono_ms > 0 && deadline_mono_ms < INT64_MAX) {
            const int64_t left_ms = deadline_mono_ms - moment_now().mono_ms;
            if (left_ms <= 0)
                return PC_EDEADLINE;
            timeout_ms = left_ms > INT32_MAX ? INT32_MAX : (int)left_ms;
        }
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        const int ready = poll(&wait, 1, timeout_ms);
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return -errno;
    }
}

static int dump_answers(struct mnl_socket *netlink, struct dump *dump, int64_t deadline_mono_ms)
{
    char *buffer = malloc(RECEIVE_SIZE);
    if (!buffer)
        return -ENOMEM;
    int status;
    do {
        status = wait_readable(mnl_socket_get_fd(netlink), deadline_mono_ms);
        if (status < 0)
            break;
        const ssize_t length = mnl_socket_recvfrom(netlink, buffer, RECEIVE_SIZE);
        if (length < 0) {
            status = -errno;
            break;
        }
        dump->error = 0;
        status = mnl_cb_run(buffer, (size_t)length, DUMP_SEQUENCE, mnl_socket_get_portid(netlink), dump_message, dump);
        if (status < 0)
            status = dump->error ? dump->error : -errno; /* EINTR: the table changed (NLM_F_DUMP_INTR) */
    } while (status > 0);
    free(buffer);
    return status;
}

/* NULL with errno: EAGAIN where all that were handed to us are used up. */
static struct mnl_socket *open_netlink(struct sockdiag_sockets *sockets)
{
    if (!sockets)
        return mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
    if (sockets->count == 0) {
        errno = EAGAIN;
        return NULL;
    }
    struct mnl_socket *netlink = mnl_socket_fdopen(sockets->fds[sockets->count - 1]);
    if (netlink)
        sockets->count--;
    return netlink;
}

static int dump_once(struct dump *dump, int64_t deadline_mono_ms)
{
    struct mnl_socket *netlink = open_netlink(dump->sockets);
    if (!netlink)
        return -errno;
    int status = mnl_socket_bind(netlink, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;
    if (status == 0)
        status = dump_request(netlink, dump);
    if (status == 0)
        status = dump_answers(netlink, dump, deadline_mono_ms);
    mnl_socket_close(netlink);
    return status;
}

/* A dump that the kernel marked as interrupted lacks rows, and what lacks rows would call servers missing: so it is
 * never kept. */
static int dump_family(struct dump *dump, int64_t deadline_mono_ms)
{
    const size_t before = dump->rows->count;
    int status = -EINTR;
    for (int tries = 0; status == -EINTR && tries < DUMP_TRIES; tries++) {
        dump->rows->count = before;
        status = dump_once(dump, deadline_mono_ms);
    }
    return status == -EINTR ? -EAGAIN : status;
}

int sockdiag_collect(enum transport transport, struct sockdiag_sockets *sockets, int64_t deadline_mono_ms,
                     struct sockdiag_rows *rows)
{
    static const sa_family_t families[] = {AF_INET, AF_INET6};
    const size_t before = rows->count;
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        struct dump dump = {.transport = transport, .family = families[i], .sockets = sockets, .rows = rows};
        const int status = dump_family(&dump, deadline_mono_ms);
        if (status < 0) {
            rows->count = before;
            return status;
        }
    }
    return 0;
}
