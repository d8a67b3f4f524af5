/* The SNMP side: serves what is published as PORTCONFORM-MIB and sends notifications, from a thread of its own. It has
 * one of two roles in a process: a subagent (AgentX) of the machine's SNMP master, or an agent of its own that needs
 * no master.
 *
 * Everything of net-snmp's agent side happens in that thread, because some of it waits: opening, pinging and closing a
 * session with the master are calls that return when the master answers, or after 300 ms. Nobody else waits with it.
 * Without a master the agent tries again every interval, for good; notifications wait meanwhile in the ring of events
 * and are sent when the master is back.
 *
 * Before any thread is started, the program sets MIBS to "" and MIBDIRS, SNMPCONFPATH and SNMP_PERSISTENT_DIR to places
 * of its own (setenv(3) is not for threads): otherwise net-snmp reads the machine's MIB files and snmp.conf, and writes
 * to its state. What the agent keeps itself (engine id and boots of the role of its own) is in `state`.
 */
#pragma once

#include "portconform/publication.h"

struct agent;

struct agent_notifications {
    bool off;
    unsigned most_per_minute; /* what is more is counted as suppressed, the ring has it; 0: 120 */
    unsigned most_per_host;   /* more transitions of one host at a time become one summary of that host; 0: 5 */
};

struct agent_options {
    /* Borrowed; it outlives the agent. The snapshot, the status, the listeners and the newest events are taken from
     * there when agent_wake() says that there is news, and once a second. */
    struct publication *publication;
    /* The number of a key in a space, the same for ever (recorder_number() of store.h); called from the agent's thread.
     * NULL: the agent counts by itself, and its numbers hold as long as the process. 0 from it: that row is not
     * served. */
    uint32_t (*number)(void *context, const char *space, const char *key);
    void *number_context;

    const char *socket; /* subagent: "unix:/var/agentx/master", "tcp:127.0.0.1:705"; NULL: net-snmp's default */
    const char *listen; /* an agent of its own at "udp:127.0.0.1:1161", several with commas; NULL: a subagent */
    const char *config; /* of its own role: communities, users, receivers of notifications; NULL:
                           snmp/portconformd.conf in the configuration's folder, which may be missing */
    const char *state;  /* of its own role: folder for engine id and boots; NULL: they are new each time */

    uint32_t pen; /* the module's root is enterprises.PEN.9999; 0: 8072.9999.9999, net-snmp's arc for local use */
    unsigned interval_s; /* of the ping, and of the attempts to connect; 0: 1 */
    struct agent_notifications notifications;
    void (*log)(int level, const char *text); /* called from the agent's thread; may be NULL */
};

/* Starts the thread. Strings are copied. One agent a process (net-snmp keeps its state in globals): -EBUSY for a second
 * one. */
int agent_start(const struct agent_options *options, struct agent **ret);
/* Something was published. Any thread, never blocks; takes NULL. */
void agent_wake(struct agent *agent);
/* A subagent has a session with its master; an agent of its own has its socket. Any thread. */
bool agent_connected(const struct agent *agent);
/* For status.snmp. Any thread; strings live in `arena`. 0 or -ENOMEM. */
int agent_status(struct agent *agent, struct arena *arena, struct sink_status *ret);
/* Ends the thread and frees the agent, at the latest after `timeout_ms`, even if the master hangs. Takes NULL.
 * False: the thread still waits for the master and was left behind with what it holds (the publication too); the
 * program should then end by _exit(2), because exit(3) would run the libraries' clean-up under its feet. */
bool agent_stop(struct agent *agent, unsigned timeout_ms);
