/* The responder: many sockets on one epoll descriptor, each a port of the plan.
 *
 *     TCP port     accept -> a connection
 *     connection   96 octets with a valid seal -> the answer, then it waits for the caller's end
 *                  anything else, or five seconds: reset without a word
 *     UDP port     a datagram with a valid seal -> the answer; anything else: nothing
 *
 * An ask that was meant for another port is answered, since that is how the other side learns that something on the way
 * leads astray; it proves nothing about the port that it came to, and is counted apart.
 */
#include "portconform/respond.h"

#include "portconform/vector.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONNECTIONS = 256, /* at a time; the oldest gives way, first of those that have their answer */
    SILENCE_MS = 5000, /* that a connection may have */
    BACKLOG = 64,
    EVENTS = 64,
    DATAGRAMS = 64,                 /* of one port at a step: a flood does not keep the others waiting */
    ACCEPTS = CONNECTIONS / EVENTS, /* likewise: none gives way before it was listened to */
};

/* What an epoll event is about: a port by its number, or a connection by its place beyond all ports. */
struct connection {
    int fd; /* -1: free */
    size_t port;
    int64_t began_ms;
    size_t length;
    uint8_t octets[ACCEPTANCE_LENGTH];
};

struct responder {
    int epoll;
    int spare; /* a descriptor to give up when there is no other; -1: none */
    char name[ACCEPTANCE_NAME + 1];
    struct acceptance_key key;
    struct {
        struct responder_port *items;
        size_t count, capacity;
    } ports;
    struct {
        int *items;
        size_t count, capacity;
    } descriptors; /* parallel to the ports */
    struct connection connections[CONNECTIONS];
};

static const uint32_t connection_bit = UINT32_C(1) << 31;

static int watch(const struct responder *responder, int fd, uint32_t number)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
    return epoll_ctl(responder->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int responder_new(const char *host, const struct acceptance_key *key, struct responder **ret)
{
    struct responder *responder = calloc(1, sizeof(*responder));
    if (responder == NULL)
        return -ENOMEM;
    responder->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (responder->epoll < 0) {
        int error = errno;
        free(responder);
        return -error;
    }
    responder->spare = fcntl(responder->epoll, F_DUPFD_CLOEXEC, 0);
    memcpy(responder->name, host, strnlen(host, ACCEPTANCE_NAME));
    responder->key = *key;
    for (size_t i = 0; i < CONNECTIONS; i++)
        responder->connections[i].fd = -1;
    *ret = responder;
    return 0;
}

void responder_free(struct responder *responder)
{
    if (responder == NULL)
        return;
    for (size_t i = 0; i < CONNECTIONS; i++)
        if (responder->connections[i].fd >= 0)
            close(responder->connections[i].fd);
    for (size_t i = 0; i < responder->descriptors.count; i++)
        close(responder->descriptors.items[i]);
    if (responder->spare >= 0)
        close(responder->spare);
    close(responder->epoll);
    VECTOR_DONE(&responder->ports);
    VECTOR_DONE(&responder->descriptors);
    explicit_bzero(&responder->key, sizeof(responder->key));
    free(responder);
}

/* --- opening ports ------------------------------------------------------------------------------------------------ */

/* Without SO_REUSEADDR: it would share a UDP port, and take a TCP port from under a program that has bound it and does
 * not listen yet. So a port is in use for a minute after its last connection, too (TIME_WAIT). */
static int open_bound(enum transport transport, const struct address *address, uint16_t port)
{
    const int on = 1;
    struct sockaddr_storage own;
    socklen_t length = address_to_sockaddr(address, port, &own);
    int type = (transport == TRANSPORT_TCP ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd = socket(address->family, type, 0);
    if (fd < 0)
        return -errno;
    bool good = address->family != AF_INET6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0;
    good = good && bind(fd, (struct sockaddr *)&own, length) == 0;
    good = good && (transport != TRANSPORT_TCP || listen(fd, BACKLOG) == 0);
    if (good)
        return fd;
    int error = errno;
    close(fd);
    return -error;
}

int responder_listen(struct responder *responder, enum transport transport, const struct address *address,
                     uint16_t port)
{
    int fd = open_bound(transport, address, port);
    if (fd < 0)
        return fd;
    size_t number = responder->ports.count;
    struct responder_port *slot = VECTOR_PUSH(&responder->ports);
    int *descriptor = slot == NULL ? NULL : VECTOR_PUSH(&responder->descriptors);
    int result = descriptor == NULL ? -ENOMEM : watch(responder, fd, (uint32_t)number);
    if (result < 0) {
        responder->ports.count = responder->descriptors.count = number;
        close(fd);
        return result;
    }
    *slot = (struct responder_port){.transport = transport, .address = *address, .port = port};
    *descriptor = fd;
    return 0;
}

/* --- answering ---------------------------------------------------------------------------------------------------- */

/* The answer to `octets` in `ret`. False: there is none. The port counts the call. */
static bool answer_to(const struct responder *responder, struct responder_port *port, const uint8_t *octets,
                      size_t length, uint8_t ret[ACCEPTANCE_LENGTH])
{
    struct acceptance_message message;
    if (!acceptance_open(octets, length, &responder->key, &message) || message.answer) {
        port->others++;
        return false;
    }
    if (message.transport == port->transport && message.port == port->port)
        port->proven++;
    else
        port->strays++;
    message.answer = true;
    message.transport = port->transport;
    message.port = port->port;
    memcpy(message.name, responder->name, sizeof(message.name));
    return acceptance_seal(&message, &responder->key, ret) == 0;
}

static void read_datagrams(struct responder *responder, size_t number)
{
    struct responder_port *port = &responder->ports.items[number];
    int fd = responder->descriptors.items[number];
    for (int i = 0; i < DATAGRAMS; i++) {
        uint8_t octets[ACCEPTANCE_LENGTH + 1], answer[ACCEPTANCE_LENGTH];
        struct sockaddr_storage caller;
        socklen_t length = sizeof(caller);
        ssize_t got = recvfrom(fd, octets, sizeof(octets), 0, (struct sockaddr *)&caller, &length);
        if (got < 0 && errno == EAGAIN)
            return;
        if (got < 0) /* the error of an earlier answer */
            continue;
        if (answer_to(responder, port, octets, (size_t)got, answer))
            (void)sendto(fd, answer, sizeof(answer), MSG_NOSIGNAL, (struct sockaddr *)&caller, length);
    }
}

/* Nothing lingers, and a caller that waits for words knows at once that there are none. */
static void close_by_reset(int fd)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close(fd);
}

static void connection_close(struct connection *connection)
{
    close_by_reset(connection->fd);
    connection->fd = -1;
}

static bool is_answered(const struct connection *connection)
{
    return connection->length == ACCEPTANCE_LENGTH;
}

static void connection_reject(struct responder *responder, struct connection *connection)
{
    responder->ports.items[connection->port].others++;
    connection_close(connection);
}

static void connection_end(struct responder *responder, struct connection *connection)
{
    if (is_answered(connection))
        connection_close(connection);
    else
        connection_reject(responder, connection);
}

static bool goes_before(const struct connection *a, const struct connection *b)
{
    return is_answered(a) != is_answered(b) ? is_answered(a) : a->began_ms < b->began_ms;
}

static struct connection *free_connection(struct responder *responder)
{
    struct connection *first = &responder->connections[0];
    for (size_t i = 0; i < CONNECTIONS; i++) {
        struct connection *connection = &responder->connections[i];
        if (connection->fd < 0)
            return connection;
        if (goes_before(connection, first))
            first = connection;
    }
    connection_end(responder, first);
    return first;
}

/* There is no descriptor for a caller; left in the queue, it would wake us again and again. */
static bool turn_away(struct responder *responder, size_t number)
{
    if (responder->spare >= 0)
        close(responder->spare);
    int fd = accept4(responder->descriptors.items[number], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        close_by_reset(fd);
        responder->ports.items[number].others++;
    }
    responder->spare = fcntl(responder->epoll, F_DUPFD_CLOEXEC, 0);
    return fd >= 0;
}

static void accept_some(struct responder *responder, size_t number, struct moment now)
{
    for (int i = 0; i < ACCEPTS; i++) {
        int fd = accept4(responder->descriptors.items[number], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE) && turn_away(responder, number))
            continue;
        if (fd < 0)
            return;
        struct connection *connection = free_connection(responder);
        *connection = (struct connection){.fd = fd, .port = number, .began_ms = now.mono_ms};
        uint32_t place = (uint32_t)(connection - responder->connections);
        if (watch(responder, fd, connection_bit | place) < 0)
            connection_close(connection);
    }
}

/* What comes behind the question ends it like anything else that is not one. */
static void connection_read(struct responder *responder, struct connection *connection)
{
    struct responder_port *port = &responder->ports.items[connection->port];
    bool answered = is_answered(connection);
    uint8_t answer[ACCEPTANCE_LENGTH], more;
    ssize_t got = answered ? recv(connection->fd, &more, sizeof(more), 0)
                           : recv(connection->fd, connection->octets + connection->length,
                                  ACCEPTANCE_LENGTH - connection->length, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (answered) {
        connection_close(connection);
        return;
    }
    if (got <= 0) {
        connection_reject(responder, connection);
        return;
    }
    connection->length += (size_t)got;
    if (connection->length < ACCEPTANCE_LENGTH)
        return;
    if (!answer_to(responder, port, connection->octets, ACCEPTANCE_LENGTH, answer)) {
        connection_close(connection);
        return;
    }
    if (send(connection->fd, answer, sizeof(answer), MSG_NOSIGNAL) != (ssize_t)sizeof(answer))
        connection_close(connection);
}

/* --- driving it --------------------------------------------------------------------------------------------------- */

static void end_silent_ones(struct responder *responder, struct moment now)
{
    for (size_t i = 0; i < CONNECTIONS; i++) {
        struct connection *connection = &responder->connections[i];
        if (connection->fd < 0 || now.mono_ms < connection->began_ms + SILENCE_MS)
            continue;
        connection_end(responder, connection);
    }
}

static void handle(struct responder *responder, uint32_t number, struct moment now)
{
    if (number & connection_bit) {
        struct connection *connection = &responder->connections[number & ~connection_bit];
        if (connection->fd >= 0) /* not ended by an earlier event of this step */
            connection_read(responder, connection);
    } else if (responder->ports.items[number].transport == TRANSPORT_TCP) {
        accept_some(responder, number, now);
    } else {
        read_datagrams(responder, number);
    }
}

int responder_fd(const struct responder *responder)
{
    return responder->epoll;
}

int64_t responder_next_ms(const struct responder *responder)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < CONNECTIONS; i++) {
        const struct connection *connection = &responder->connections[i];
        if (connection->fd >= 0 && connection->began_ms + SILENCE_MS < next)
            next = connection->began_ms + SILENCE_MS;
    }
    return next;
}

void responder_step(struct responder *responder, struct moment now)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(responder->epoll, events, EVENTS, 0);
    for (int i = 0; i < count; i++)
        handle(responder, events[i].data.u32, now);
    end_silent_ones(responder, now);
}

const struct responder_port *responder_ports(const struct responder *responder, size_t *ret_count)
{
    *ret_count = responder->ports.count;
    return responder->ports.items;
}
