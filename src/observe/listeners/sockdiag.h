/* Sockets as the kernel tells them over netlink (sock_diag(7)). */
#pragma once

#include "portconform/listeners.h"

struct nlmsghdr;

/* A listening TCP socket or an unconnected UDP socket. */
struct sockdiag_row {
    struct listener listener; /* without owner's names */
    uint64_t cgroup_id;       /* 0: unknown */
    uint32_t device_index;    /* the interface it is bound to, as its namespace counts; 0: none */
};

struct sockdiag_rows {
    struct sockdiag_row *items;
    size_t count, capacity;
};

/* Sockets for dumps that somebody opened in another namespace, used up one a dump, the last first. */
struct sockdiag_sockets {
    int fds[8]; /* four dumps, each once more if the table changes meanwhile */
    size_t count;
};

/* Reads one answer of the kernel. 1: a row; 0: nothing to keep; negative: a malformed message. */
int sockdiag_read(const struct nlmsghdr *message, enum transport transport, struct sockdiag_row *ret);

/* Adds the sockets of `transport` in the network namespace of `sockets` (NULL: of the calling thread), IPv4 and IPv6.
 * 0, PC_EDEADLINE, -EAGAIN when the kernel's table changed while it was read, twice in a row, or another negated errno;
 * after a failure `rows` holds what it held. */
int sockdiag_collect(enum transport transport, struct sockdiag_sockets *sockets, int64_t deadline_mono_ms,
                     struct sockdiag_rows *rows);
