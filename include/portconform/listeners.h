/* Listener sources: where the listeners of a host are read from. A const table; a new source is a file and a row.
 */
#pragma once

#include "portconform/observation.h"

/* Whose sockets they were at earlier looks: a look at sockets that are all known scans no process. For a caller that
 * looks again and again; one thread at a time. */
struct owner_cache;
struct owner_cache *owner_cache_new(void); /* NULL: out of memory */
void owner_cache_free(struct owner_cache *cache);

struct listener_helper; /* listener_helper.h */

struct listener_request {
    const char *netns;              /* kernel: path of another network namespace; NULL: our own */
    const char *file;               /* file: the recording */
    bool owners;                    /* look up programs (cgroup first, /proc for inodes that are needed) */
    struct owner_cache *known;      /* may be NULL */
    struct listener_helper *helper; /* who has the rights for `owners` and `netns`; NULL: this process, if anybody */
    const uint64_t *own_sockets;    /* kernel: inodes, sorted, of sockets of this process that are none; NULL */
    size_t own_socket_count;
    struct moment now;
    int64_t deadline_mono_ms; /* 0 or INT64_MAX: none. Sockets not read by then: FAILED with PC_EDEADLINE; owners not
                                 found by then stay unknown */
};

struct listener_source {
    const char *name; /* "kernel", "file" */
    const char *summary;
    /* *ret is always set (status FAILED with the error on failure), unless -ENOMEM is returned. Owned by the caller. */
    int (*collect)(const struct listener_request *request, struct listener_table **ret);
};

/* May this process, without a helper, tell which programs other users' sockets belong to? */
bool listeners_owners_readable(void);

const struct listener_source *const *listener_sources(void); /* NULL-terminated */
const struct listener_source *listener_source_find(const char *name);

/* --- sources on other machines, which answer later --------------------------------------------------------------- */

struct snmp_access; /* site.h */

struct remote_order {
    const struct snmp_access *access; /* borrowed until remote_source.order returns */
    struct address address;           /* of the agent, where `access` names none */
    int64_t deadline_mono_ms;         /* what was not read by then is told as such; INT64_MAX: none */
    bool owners;                      /* ask for the names of programs */
    /* Once for each order, from `step`: `table` is transferred, SEEN or FAILED; NULL: out of memory. */
    void (*done)(void *context, struct listener_table *table);
    void *context;
    const void *group; /* for `cancel` */
};

/* Kept apart from the sources above, so that a program without it need not be linked with what it needs. */
struct remote_source {
    const char *name; /* "snmp" */
    int (*open)(void **ret);
    void (*close)(void *remote);                                  /* takes NULL; orders that are open end unseen */
    int (*order)(void *remote, const struct remote_order *order); /* copies the order. 0 or a negative code */
    void (*cancel)(void *remote, const void *group);              /* all orders of that group end unseen */
    int (*fd)(const void *remote);                   /* readable when `step` has work; the same for its whole life */
    int64_t (*next_ms)(const void *remote);          /* when `step` is due at the latest; INT64_MAX: never. Monotonic */
    size_t (*step)(void *remote, struct moment now); /* never blocks. Returns how many orders are open */
};

/* The addresses of the network namespace at `netns` (NULL: our own), as address_list_local() has them. */
int listeners_addresses(const char *netns, struct address **ret);

/* A recording, one listener a line (also what `-v` of the test tools and scenario files use):
 *
 *     tcp 0.0.0.0:31000 exe=/opt/jp1/jdn_manager unit=jp1.service uid=0 pid=812 queue=0/128 inode=4711 device=eth0
 *     tcp [::]:80 v6only=no
 *     udp 10.0.1.10:161
 *     # comment;  `ephemeral 32768..60999`, `taken 2026-11-20T14:02:31+09:00`, `unread udp`
 *
 * Words after the address are optional and in any order. Blanks in values are written \x20. `*:80` is 0.0.0.0:80. A
 * zone that is no interface of this machine becomes the device. `unread udp` says that UDP sockets were not recorded.
 */
int recording_parse_line(const char *line, struct arena *arena, struct listener *ret, const char **ret_error);
void recording_format_line(struct text *out, const struct listener *listener);
/* Parses a whole recording; errors are placed by line. 0, PC_ESYNTAX (each bad line told, *ret untouched), or -ENOMEM.
 * `now` is the table's moment; `taken` moves both of its clocks back, so that an old recording is as old as it is. */
struct diag_list;
int recording_parse(const char *content, const char *file, struct moment now, struct listener_table **ret,
                    struct diag_list *diags);
/* Writes a whole table as recording_parse() reads it. */
void recording_format(struct text *out, const struct listener_table *table);
