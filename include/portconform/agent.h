/* The AgentX subagent: serves the current snapshot as PORTCONFORM-MIB from its own thread.
 *
 * Everything of net-snmp's agent side happens in that thread, because some of it waits: opening, pinging and closing a
 * session are calls that return when the master answers, or after 300 ms. Nobody else waits with it. Without a master
 * the agent tries again every interval, for good.
 *
 * Before any thread is started, the program sets MIBS to "" and MIBDIRS, SNMPCONFPATH and SNMP_PERSISTENT_DIR to places
 * of its own (setenv(3) is not for threads): otherwise net-snmp reads the machine's MIB files and snmp.conf, and writes
 * to its state.
 */
#pragma once

#include "portconform/snapshot.h"

struct agent;

struct agent_options {
    const char *socket; /* "unix:/var/agentx/master", "tcp:127.0.0.1:705"; NULL: net-snmp's default. Copied */
    uint32_t pen;       /* the module's root is enterprises.PEN.9999; 0: 8072.9999.9999, net-snmp's arc for local use */
    unsigned interval_s;                      /* of the ping, and of the attempts to connect; 0: 1 */
    void (*log)(int level, const char *text); /* called from the agent's thread; may be NULL */
};

/* Starts the thread. One agent a process (net-snmp keeps its state in globals): -EBUSY for a second one. */
int agent_start(const struct agent_options *options, struct agent **ret);
/* Publishes; takes its own reference. Any thread, never blocks. Until the first, the table is empty. */
void agent_publish(struct agent *agent, struct snapshot *snapshot);
bool agent_connected(const struct agent *agent);
/* Ends the thread and frees the agent, at the latest after `timeout_ms`, even if the master hangs. Takes NULL.
 * False: the thread still waits for the master and was left behind with what it holds; the program should then end by
 * _exit(2), because exit(3) would run the libraries' clean-up under its feet. */
bool agent_stop(struct agent *agent, unsigned timeout_ms);
