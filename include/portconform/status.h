/* The state of the daemon itself, at one moment: immutable, counted by references, made once a second and told by
 * `portconform status`, SNMP scalars and heartbeats alike. All strings live in its arena. Times of day are wall-clock
 * milliseconds, 0: never. */
#pragma once

#include "portconform/arena.h"
#include "portconform/clock.h"
#include "portconform/words.h"

enum sink_state { SINK_UNKNOWN, SINK_UP, SINK_DOWN };
const char *sink_state_name(enum sink_state state); /* "unknown" "up" "down" */

/* Somebody who is told: a syslog target, the SNMP side. */
struct sink_status {
    const char *name;   /* as configured */
    const char *target; /* "tls:siem.example.jp:6514"; of SNMP the master's socket or the own address */
    enum sink_state state;
    int64_t since_ms;    /* of the state */
    uint64_t sent;       /* events handed over; over UDP nobody knows more */
    uint64_t queued;     /* wait now */
    uint64_t dropped;    /* given up, told by EVENTS_LOST */
    uint64_t resent;     /* sent a second time because the first may have been lost */
    uint64_t failed;     /* attempts */
    uint64_t suppressed; /* SNMP: notifications held back by the rate limit */
    uint64_t last_seq;   /* of this boot; 0: none */
    int64_t last_sent_ms;
    const char *last_error; /* NULL: none so far */
    int64_t last_error_ms;
};

enum store_state {
    STORE_NONE, /* switched off: nothing outlives the process */
    STORE_GOOD,
    STORE_FULL, /* no room: events wait in memory, within bounds */
    STORE_READ_ONLY,
    STORE_FAILED, /* other trouble: `error` */
};
const char *store_state_name(enum store_state state); /* "none" "good" "full" "read-only" "failed" */

struct store_status {
    enum store_state state;
    const char *path;
    const char *error;                      /* NULL: none */
    const char *set_aside;                  /* the unreadable store of an earlier boot, renamed; NULL */
    const char *boot;                       /* sixteen hexadecimal digits */
    uint64_t events, transitions, findings; /* rows kept */
    uint64_t octets;
    uint64_t forgotten;  /* history rows given up for size or age */
    uint64_t unrecorded; /* batches that were told before they were on disk */
    uint64_t abandoned;  /* events that were never delivered: their targets are no more */
};

struct status {
    const char *version, *site, *vantage;
    struct moment at;
    int64_t started_ms;
    long pid;

    const char *config;      /* path */
    const char *config_hash; /* of the one in force */
    int64_t config_loaded_ms;
    uint64_t config_generation; /* 1, 2, ... in the life of the process */
    bool config_rejected;       /* the newest one was refused, an older one is in force */
    const char *config_error;   /* file:line:column: message of the refused one; NULL */
    int64_t config_rejected_ms;
    const char *config_waits; /* a static text: what of the one in force is followed after a restart only; NULL */

    size_t hosts, expectations, flows;
    unsigned interval_s;
    uint64_t visits;       /* looks at a host that were judged */
    uint64_t late;         /* that began later than they should have, by more than half of their interval */
    size_t visits_waiting; /* due now, not begun */
    int64_t round_ms;      /* how long the slowest host of the last interval waited for its turn and its look */
    int64_t last_visit_ms; /* wall clock */
    size_t probes_in_flight, probes_waiting;
    uint64_t probes;               /* ended since the start */
    uint64_t listener_reads;       /* of this machine's own, the one-second look */
    uint64_t storms, storm_events; /* transitions told only as a count */

    bool owners_known;       /* owners of other users' sockets can be read */
    const char *owners_note; /* how, or why not and what to do */
    const char *probe_note;  /* what this machine lets probes see: "IPv4 and IPv6; ...; 65536 descriptors" */
    const char *confinement; /* "Landlock ABI 4, no capability" */

    struct store_status store;
    const struct sink_status *syslog;
    size_t syslog_count;
    struct sink_status snmp; /* name NULL: no SNMP */

    struct arena *arena;
    int references; /* atomic */
};
struct status *status_new(void); /* zeroed, one reference. NULL: out of memory */
struct status *status_ref(struct status *status);
void status_unref(struct status *status); /* takes NULL */
