/* What the program and its helpers say to each other, and both ends of it. Packets of a SOCK_SEQPACKET pair; both ends
 * are the same program, so numbers are as they are in memory. Each end takes nothing that the other says on trust. */
#pragma once

#include "portconform/listener_helper.h"
#include "sockdiag.h"

#include "portconform/arena.h"

enum helper_kind { HELPER_ASKS_OWNERS = 1, HELPER_ASKS_NAMESPACE = 2 };

enum {
    HELPER_QUESTIONS_MAX = 1024, /* of a packet */
    HELPER_PATH_MAX = 256,       /* with its NUL */
    HELPER_PACKET_MAX = 65536,
};

/* --- packets ------------------------------------------------------------------------------------------------------ */

/* A request: the head, then `count` questions, or a path of `count` octets that ends with its only NUL. */
struct helper_head {
    uint32_t kind;
    uint32_t count;
    uint64_t sequence;
    int32_t status; /* of an answer: 0 or a negated errno */
    uint32_t more;  /* of an answer: another packet of it follows */
};
struct helper_question {
    uint64_t inode, cgroup_id;
    uint32_t uid, reserved;
};
/* An answer about owners: the head, then `count` of these, each with its strings behind it (without NUL; length 0: not
 * known). Sockets that belong to nobody known are left out. */
struct helper_owner {
    uint64_t inode;
    int32_t pid;
    uint16_t exe, unit; /* octets */
};
/* An answer about a namespace: the head, then this; the descriptors come beside it. */
struct helper_range {
    uint16_t low, high; /* of its ephemeral ports; 0: not known */
};

struct helper_request {
    struct helper_head head;
    const char *questions; /* head.count of struct helper_question, not aligned */
    const char *path;
};
/* 0 or -EBADMSG. *ret points into `octets`. */
int helper_parse_request(const char *octets, size_t length, struct helper_request *ret);

/* Takes an answer about owners: rows whose inode it names get pid, exe and unit. 0, -EBADMSG or -ENOMEM. */
int helper_take_owners(const char *octets, size_t length, struct sockdiag_rows *rows, struct arena *arena);

/* A namespace that may be asked for: /run/netns/NAME (or /var/run/netns/NAME), or /proc/PID/ns/net. 0 or -EINVAL. */
struct helper_place {
    int32_t pid; /* 0: by name */
    const char *name;
};
int helper_place_parse(const char *path, struct helper_place *ret);

/* --- the helpers' end --------------------------------------------------------------------------------------------- */

/* Until the other end is closed. */
void helper_serve_owners(int fd);
void helper_serve_namespaces(int fd);

/* --- the program's end -------------------------------------------------------------------------------------------- */

/* Fills in owners. 0; -EAGAIN: there was no time for all of it, ask again; -EPIPE: there is no helper (any more); or
 * -ENOMEM. */
int helper_find_owners(struct listener_helper *helper, struct sockdiag_rows *rows, struct arena *arena,
                       int64_t deadline_mono_ms);

/* What it takes to look into a namespace from outside. */
struct helper_namespace {
    int names; /* a socket inside, for the names of interfaces */
    struct sockdiag_sockets dumps;
    struct helper_range range;
};
/* 0, or a negated errno: of the helper, or as above. *ret is owned by the caller. */
int helper_enter(struct listener_helper *helper, const char *path, int64_t deadline_mono_ms,
                 struct helper_namespace *ret);
void helper_namespace_done(struct helper_namespace *inside);
