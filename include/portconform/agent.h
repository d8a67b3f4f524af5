/* The AgentX subagent: serves the current snapshot as PORTCONFORM-MIB from its own thread. */
#pragma once

#include "portconform/snapshot.h"

struct agent;

struct agent_options {
    const char *socket;  /* "unix:/var/agentx/master", "tcp:127.0.0.1:705"; NULL: net-snmp's default */
    uint32_t pen;        /* 0: under netSnmpPlaypen */
    unsigned interval_s; /* of the ping; 0: 1 */
    void (*log)(int level, const char *text); /* called from the agent's thread; may be NULL */
};

/* Starts the thread. One agent a process (net-snmp keeps its state in globals). */
int agent_start(const struct agent_options *options, struct agent **ret);
/* Publishes; takes its own reference. Any thread, never blocks. */
void agent_publish(struct agent *agent, struct snapshot *snapshot);
bool agent_connected(const struct agent *agent);
/* Ends the thread, at the latest after `timeout_ms` even if the master hangs. Takes NULL. */
void agent_stop(struct agent *agent, unsigned timeout_ms);
