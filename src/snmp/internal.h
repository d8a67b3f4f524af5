/* What the files of the agent share. All of it belongs to the agent's thread, but for what says otherwise. */
#pragma once

#include "portconform/agent.h"
#include "portconform/mib.h"

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

enum { LOG_TEXT = 256 };
#define AGENT_USUAL_SOCKET "unix:/var/agentx/master" /* of the master agent */

/* Notifications: where in the stream of events we are.
 *
 *     acknowledged_id <= sent_id <= the newest event
 *
 * A subagent waits for the master's answer to each notification. When the session ends, it goes back to what was
 * acknowledged: a notification may come twice, with the same event, but does not get lost with the master. */
struct notifier {
    uint64_t sent_id, acknowledged_id;
    unsigned in_flight;
    bool due;            /* there may be more to send: a session has begun, answers have come */
    bool again;          /* one of them failed: go back when all are done */
    uint32_t sequence;   /* of the last notification */
    double tokens;       /* of the rate */
    int64_t refilled_ms; /* monotonic */
    int64_t later_ms;    /* monotonic: not before then; after a failure */
    struct mib_notifications counters;
};

struct agent {
    pthread_t thread;
    int wake;  /* eventfd: something was published, or stop */
    int ended; /* eventfd: the thread has done its last */
    atomic_bool stop;
    atomic_bool connected;
    struct agent_options options; /* strings are owned */

    pthread_mutex_t lock; /* of what follows; held for a few assignments */
    struct sink_status told;
    char last_error[LOG_TEXT];

    /* the thread's own */
    struct mib_view *view;
    struct mib_numbers numbers;
    struct mib_numbering *numbering; /* where `options` has no numbers, or has none left */
    uint64_t generation;             /* of what was taken from the publication */
    uint64_t listings_generation;
    struct snapshot *snapshot; /* what the view was made from */
    struct listing **listings;
    size_t listing_count;
    oid module[MAX_OID_LEN]; /* portconformMIB */
    size_t module_length;
    netsnmp_session *session; /* with the master; NULL: none */
    struct {                  /* of an agent of its own */
        uint32_t opened;      /* bits of the addresses in `options.listen` */
        bool done;            /* all of them */
        bool quiet;           /* what net-snmp says is told by ourselves */
        int64_t again_ms;     /* monotonic: the next attempt */
    } listening;
    struct notifier notifier;
    struct {
        struct pollfd *items;
        size_t count, capacity;
    } polled;          /* what is waited for: our event first */
    int64_t looked_ms; /* monotonic: after news, last */
    char last_text[LOG_TEXT];
};

/* agent.c */
void agent_log(struct agent *agent, int level, const char *text);
void agent_set_connected(struct agent *agent, bool connected);
int64_t agent_now_ms(void); /* monotonic */

/* session.c: net-snmp set up in one of the roles, and taken down. */
bool session_open(struct agent *agent);
void session_close(struct agent *agent);
/* An agent of its own: tries the addresses that are not open yet, where it is time to. */
void session_listen(struct agent *agent);

/* requests.c */
bool requests_register(struct agent *agent);

/* notify.c */
void notify_work(struct agent *agent); /* sends what is due; never waits */
void notify_disconnected(struct agent *agent);

/* engine.c: engine id and boots of an agent of its own, counted on before they are used. Gives the lines of
 * configuration that tell net-snmp. 0, or a negative code: *ret then has an engine of this run alone. */
struct engine {
    char lines[3][128];
    size_t count;
};
int engine_begin(const char *folder, struct engine *ret);
