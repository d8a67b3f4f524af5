/* The reading of one agent, as a state machine without a network: what to ask next, and what the answer was.
 *
 *     SYSTEM --> each table, until one per transport tells listeners --> EDGES of views --> NAMES of programs --> OVER
 *        `--an agent that falls silent, refuses or talks nonsense ends the table or all, and is told--'
 */
#pragma once

#include "mib.h"

enum { READING_ASK_MAX = 24 }; /* names in one request */

enum ask_kind { ASK_GET, ASK_NEXT, ASK_BULK };
struct reading_ask {
    enum ask_kind kind;
    unsigned repetitions; /* of ASK_BULK */
    const struct mib_name *names;
    size_t count;
};

/* What an agent's error status says (RFC 3416), as far as it matters. */
enum answer_error { ANSWER_WELL, ANSWER_TOO_BIG, ANSWER_NO_SUCH_NAME, ANSWER_REFUSED, ANSWER_OTHER };

struct reading_answer {
    enum answer_error error;
    size_t error_index; /* from 1; 0: none */
    const struct mib_binding *bindings;
    size_t count;
};

enum reading_step { READING_SYSTEM, READING_TABLE, READING_EDGES, READING_NAMES, READING_OVER };

struct reading_options {
    bool bulk;     /* not in SNMPv1 */
    bool owners;   /* ask for names of programs */
    uint16_t port; /* the agent's own, which a whole table of UDP shows */
};

/* How the reading of a table ended. */
enum table_end { TABLE_WHOLE, TABLE_CUT };

struct reading {
    struct reading_options options;
    struct arena *arena; /* borrowed: texts of what was read */
    enum reading_step step;
    struct mib_name names[READING_ASK_MAX];
    size_t name_count;
    /* of a table */
    unsigned table; /* of collect_tables */
    struct mib_name last;
    bool begun;       /* `last` is a row */
    unsigned detours; /* tries in a row to step past a row that comes again and again */
    unsigned repetitions;
    size_t table_bindings; /* read of this table */
    size_t table_listeners;
    size_t pids_at_once, next_pid; /* of NAMES */
    /* what was seen */
    struct {
        struct listener *items;
        size_t count, capacity;
    } listeners;
    struct {
        int32_t *items;
        size_t count, capacity;
    } pids;
    const char *agent; /* sysDescr, as it came; NULL: not told */
    bool microsoft, net_snmp;
    /* by transport (TCP, UDP) and family (IPv4, IPv6): what the agent said of a row there */
    enum edge { EDGE_UNKNOWN, EDGE_VISIBLE, EDGE_HIDDEN } edges[2][2];
    bool refused;         /* access was denied, not only nothing there */
    bool answered;        /* at all */
    unsigned tables_used; /* bits of collect_tables that told listeners */
    unsigned tables_cut;  /* bits of collect_tables that were not read to their end */
    size_t duplicates, odd, malformed, backwards, requests, bindings;
    size_t unnamed;         /* listeners without a process id */
    const char *cut_reason; /* why the first of tables_cut was; NULL: none */
    bool own_socket_seen;   /* the agent's own UDP socket */
};

void reading_begin(struct reading *reading, const struct reading_options *options, struct arena *arena);
void reading_done(struct reading *reading);
/* What to ask; false: it is over. Valid until the next call. */
bool reading_next(struct reading *reading, struct reading_ask *ret);
/* 0 or -ENOMEM */
int reading_take(struct reading *reading, const struct reading_answer *answer);
/* There was no answer to the last request: "no answer", "the deadline passed". Of a smaller request there may be one:
 * then reading_next asks that. With `last` it is over. */
void reading_missed(struct reading *reading, const char *why, bool last);

/* Fills the table with what was read: SEEN, with what its absence proves, and the note. 0 or -ENOMEM */
struct text;
int reading_finish(struct reading *reading, struct listener_table *table, const char *how);
