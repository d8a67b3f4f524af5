/* Observations: what was seen. Facts only; nothing here knows what was expected. */
#pragma once

#include "portconform/address.h"
#include "portconform/arena.h"
#include "portconform/clock.h"
#include "portconform/words.h"

/* --- listeners --------------------------------------------------------------------------------------------------- */

/* Who holds a socket. A member that could not be read is NULL (exe, unit) or not `uid_known`. */
struct owner {
    const char *exe;  /* path of the program, or its name where only that is known */
    const char *unit; /* systemd unit or container, from the cgroup */
    uint32_t uid;
    bool uid_known;
    int32_t pid; /* 0: unknown */
};

struct listener {
    enum transport transport;
    struct address address; /* normalised: never v4-mapped; a wildcard where bound to all */
    uint16_t port;
    /* for the IPv6 wildcard: is IPv4 served too? */
    enum { V6ONLY_UNKNOWN, V6ONLY_YES, V6ONLY_NO } v6only;
    char device[16];  /* SO_BINDTODEVICE; "" for none */
    bool queue_known; /* TCP: the accept queue */
    uint32_t queue_length;
    uint32_t queue_limit;
    uint64_t inode; /* 0: unknown */
    struct owner owner;
};

enum listener_status {
    LISTENERS_NOT_LOOKED = 0, /* no source for this host */
    LISTENERS_SEEN,
    LISTENERS_FAILED, /* the source failed; `error` says how: our own trouble */
};

struct listener_table {
    struct arena *arena;      /* owns all below; the table itself too */
    unsigned more_references; /* beside the first one */
    enum listener_status status;
    int error;          /* negative code, for FAILED */
    const char *source; /* "kernel", "file", ... */
    const char *note;   /* evidence for people: "1 duplicate row repaired"; NULL for none */
    struct moment taken;
    struct listener *items; /* by transport, port, address */
    size_t count;
    bool udp_complete;      /* unconnected UDP sockets were read as well */
    bool tcp_incomplete;    /* TCP listeners may be missing: that one is not there proves nothing */
    bool ipv6_untold;       /* the source knows IPv4 alone: that an IPv6 socket is not there proves nothing */
    int64_t stale_ms;       /* it may have told what it knew that long before `taken`; 0: it looked then */
    uint16_t ephemeral_low; /* ip_local_port_range; 0: unknown */
    uint16_t ephemeral_high;
};
/* An empty table of `source` (borrowed: a literal) in an arena of its own; NULL: out of memory. */
struct listener_table *listener_table_new(const char *source, struct moment taken);
/* Makes it say that the source failed; `note` lives as long as the table. */
void listener_table_fail(struct listener_table *table, int error, const char *note);
/* Hosts of one kernel share a table. One thread. */
struct listener_table *listener_table_ref(struct listener_table *table);
void listener_table_free(struct listener_table *table); /* drops a reference; takes NULL */
void listener_table_sort(struct listener_table *table);
/* The first item of a sorted table that is not before that transport and port; `count` where there is none. */
size_t listener_table_find(const struct listener_table *table, enum transport transport, uint16_t port);
/* Does a packet to address:port reach this listener (address, v4 over a dual-stack "::", wildcard)? V6ONLY_UNKNOWN
 * counts as served. */
bool listener_serves(const struct listener *listener, const struct address *address);
/* "jdn_manager (jp1.service) on *:31000, queue 0/128" */
struct text;
void listener_format(struct text *out, const struct listener *listener);
void owner_format(struct text *out, const struct owner *owner);

/* --- probes ------------------------------------------------------------------------------------------------------ */

enum probe_outcome {
    PROBE_NOT_DONE = 0,
    PROBE_OPEN,
    PROBE_REFUSED, /* RST or port-unreachable from the target itself */
    PROBE_STOPPED, /* any other ICMP unreachable, one from elsewhere, or a prohibited code */
    PROBE_SILENT,  /* nothing until the deadline, or neighbour discovery failed */
    PROBE_LOCAL,   /* our own trouble: no evidence at all */
};
const char *probe_outcome_name(enum probe_outcome outcome); /* "not-done" "open" "refused" "stopped" "silent" "local" */

struct icmp_evidence {
    bool seen;
    uint8_t type, code;
    struct address offender; /* AF_UNSPEC: the kernel did not tell */
};

/* What a verdict about UDP rests on: a closed port's ICMP messages are rationed, and silence may mean three things. */
struct probe_history {
    unsigned looks;        /* that were made, this one included; 0: not told */
    unsigned proofs;       /* of them proved it open or closed */
    int64_t proof_wall_ms; /* of the last that did; 0: none */
    bool controlled;       /* a port of the address that nobody serves was answered by ICMP in this look */
};

struct probe_result {
    enum probe_outcome outcome;
    enum reason reason;
    bool wrong_protocol; /* with OPEN: something else answers there */
    bool service_proven; /* with OPEN: the service's own protocol was spoken */
    bool path_local;     /* the route to the target is local: the path is unproven */
    bool sign_of_life;   /* the target itself sent something */
    bool mute;           /* with OPEN: took the call and said nothing until the deadline, although it was its turn */
    bool rationed;       /* silent while the target had spent its ration of ICMP messages: it may be closed as well */
    bool kept;           /* an earlier look's: this one left the port alone, and proves nothing about it */
    bool answer_due;     /* somebody was to answer whatever the service is (respond.h): silence is no one's nature */
    struct icmp_evidence icmp;
    int error;          /* errno (positive) behind LOCAL or an errno-only verdict; 0 */
    uint32_t rtt_us;    /* 0: none */
    struct moment sent; /* of the last attempt */
    struct moment ended;
    unsigned attempts;
    struct probe_history history; /* UDP */
    char detail[120];             /* escaped text: "TLS 1.3, certificate CN=mgr01, 12 days left"; "" for none */
};
/* "SYN answered by ICMP 3/13 (administratively prohibited) from 10.0.0.1" and the like */
void probe_result_format(struct text *out, enum transport transport, const struct probe_result *result);
/* "proven in 3 of 12 looks, last 14:02:31; a port known to be closed answered"; nothing where it is not told */
void probe_confidence_format(struct text *out, const struct probe_history *history);
/* short: "ICMP 3/13 from 10.0.0.1", "RST", "no answer", "open, 0.3 ms" */
void probe_result_format_short(struct text *out, enum transport transport, const struct probe_result *result);

/* --- a cycle's observations -------------------------------------------------------------------------------------- */

/* What is known about one address of a host besides the flows themselves. */
struct address_seen {
    bool looked; /* something was sent to it */
    bool alive;  /* it sent anything itself */
    bool route_local;
    bool closed_control;         /* a port that nobody listens on answered RST or ICMP: silence then means a filter */
    bool udp_control;            /* the same over UDP */
    enum reason silence;         /* when nothing answered: SILENT, NEIGHBOUR_FAILED, HOST_UNREACHABLE ... */
    struct probe_result control; /* the closed control's own result (outcome NOT_DONE: none was sent) */
};

struct host_seen {
    /* Each with a reference of its own: who replaces one frees it. */
    struct listener_table *listeners;       /* NULL: nobody looked */
    struct listener_table *listeners_again; /* the second look, or NULL */
    struct address_seen *addresses;         /* parallel to the plan host's addresses; NULL before the first look */
    bool egress_broken;                     /* as below, but of the visit that looked at this host */
    /* By judge_digest(); 0: not known. */
    uint64_t digest;       /* of all that the judge asks about it */
    uint64_t surroundings; /* of that which is not the result of a flow's probe */
};
void host_seen_done(struct host_seen *seen); /* zeroes it; takes a zeroed one */

struct observations {
    struct probe_result *probes; /* by flow id */
    size_t probe_count;
    struct host_seen *hosts; /* parallel to the plan's hosts */
    size_t host_count;
    bool egress_broken; /* the site's canary was silent: silence proves nothing in this look at all hosts */
};
/* Of `probe_count` flows and `host_count` hosts, nothing seen yet. The addresses of a host are made by the first look
 * at it. 0 or -ENOMEM; then *seen is zeroed. */
int observations_init(struct observations *seen, size_t probe_count, size_t host_count);
/* Frees the arrays and what the hosts hold. Takes one that was zeroed. */
void observations_done(struct observations *seen);
