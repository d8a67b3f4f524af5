/* Sockets as the kernel tells them over netlink (sock_diag(7)). */
#pragma once

#include "portconform/listeners.h"

struct nlmsghdr;

/* A listening TCP socket or an unconnected UDP socket. */
struct sockdiag_row {
    struct listener listener; /* without owner's names */
    uint64_t cgroup_id;       /* 0: unknown */
};

struct sockdiag_rows {
    struct sockdiag_row *items;
    size_t count, capacity;
};

/* Reads one answer of the kernel. 1: a row; 0: nothing to keep; negative: a malformed message. */
int sockdiag_read(const struct nlmsghdr *message, enum transport transport, struct sockdiag_row *ret);

/* Adds the sockets of `transport` in the calling thread's network namespace, IPv4 and IPv6. 0, PC_EDEADLINE, -EAGAIN
 * when the kernel's table changed while it was read, twice in a row, or another negated errno; after a failure `rows`
 * holds what it held. */
int sockdiag_collect(enum transport transport, int64_t deadline_mono_ms, struct sockdiag_rows *rows);
