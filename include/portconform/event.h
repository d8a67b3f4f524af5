/* Events: what happened once and is told to whoever listens: syslog targets, SNMP (notifications and the event ring),
 * the history. Made by the daemon from transitions and from what happens to itself; immutable and counted by references
 * once the recorder has given it its id. */
#pragma once

#include "portconform/finding.h"

/* The codes are stored and served by SNMP: append-only. The names are the MSGIDs of syslog. */
enum event_kind {
    EVENT_RAISED = 1,
    EVENT_CHANGED = 2,
    EVENT_CLEARED = 3,
    EVENT_HOST_UNREACHABLE = 4,
    EVENT_HOST_REACHABLE = 5,
    EVENT_WAIVER_BEGUN = 6,
    EVENT_WAIVER_EXPIRED = 7,
    EVENT_CONFIG_LOADED = 8,
    EVENT_CONFIG_REJECTED = 9,
    EVENT_TARGET_DOWN = 10, /* a syslog target, the SNMP master, or the store: `target` says which */
    EVENT_TARGET_UP = 11,
    EVENT_EVENTS_LOST = 12, /* of this target: seq `from` to `to`, `count` of them; else without numbers */
    EVENT_STORM = 13,       /* `count` transitions are not told one by one; the history has each of them */
    EVENT_HEARTBEAT = 14,
    EVENT_SUMMARY = 15, /* one a finding that is not OK, of a periodic full summary; then one with the counts */
    EVENT_STARTED = 16,
    EVENT_STOPPED = 17,
};
enum { EVENT_KINDS = 18 };                         /* one more than the last */
const char *event_kind_name(enum event_kind kind); /* "RAISED" ...; "-" for a code that is none */
bool event_kind_from_name(const char *name, enum event_kind *ret);
enum event_kind event_kind_of(enum transition_kind kind);

struct event {
    uint64_t id; /* may skip, never repeats in the life of a store; 0 until recorded */
    enum event_kind kind;
    struct moment at;              /* of the observation; mono_ms is 0 of an event that was read from the store */
    int level;                     /* LOG_NOTICE ...; 0: the finding's severity decides */
    const char *site, *vantage;    /* NULL: none */
    const struct finding *finding; /* a copy in the event's own arena; NULL: about the program */
    enum verdict was;
    const char *message; /* one sentence that stands alone */
    const char *owner;   /* who has to act; NULL: unknown */
    const char *target;  /* whom TARGET_DOWN, TARGET_UP and EVENTS_LOST are about; NULL */
    uint64_t from, to;   /* EVENTS_LOST */
    uint64_t count;      /* EVENTS_LOST, STORM, HEARTBEAT and SUMMARY: how many; 0 where it has no meaning */
    bool untold;         /* one of a storm: the history has it, and nobody is told but by the count of STORM */
    struct arena *arena;
    int references; /* atomic; use the functions */
};

/* Zeroed, with its own arena, one reference. NULL: out of memory. */
struct event *event_new(enum event_kind kind, struct moment at);
/* Fills site, vantage, finding (copied), message, owner, target; NULL members stay NULL. Before it is shared. 0 or
 * -ENOMEM. */
struct event_texts {
    const char *site, *vantage, *message, *owner, *target;
    const struct finding *finding;
};
int event_fill(struct event *event, const struct event_texts *texts);
struct event *event_ref(struct event *event);
void event_unref(struct event *event); /* takes NULL */

/* Which events a receiver wants. A zeroed choice takes all of them. */
struct event_choice {
    uint32_t kinds;      /* bits 1 << event_kind; 0: all */
    uint32_t classes;    /* bits 1 << finding_class; 0: all. Events without a finding pass */
    uint64_t verdicts;   /* bits 1 << verdict, of the new or of the old verdict; 0: all. Events without one pass */
    enum severity least; /* of the new or, for CLEARED and CHANGED, of the old verdict's; OK: all */
};
bool event_chosen(const struct event_choice *choice, const struct event *event);
