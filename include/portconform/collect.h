/* The collector: reads the listeners of other machines by SNMP, in a child process of the same program.
 *
 *     parent                                   child
 *     order --(host, credentials)--------->    asks many agents at once, one request each under way
 *     table <--(rows, evidence, failure)---
 *
 * A process of its own, since net-snmp's discovery of an engine waits, its users are global, and what it parses comes
 * from strangers: what goes wrong there costs a look, not the daemon. It is /proc/self/exe once more, on one socket;
 * credentials go over that socket, never over arguments or environment. It reads no file and keeps none, lives while
 * there is work, and a little longer.
 *
 * Every wait has a deadline, and everything an agent can send is bounded: rows, octets, requests, time.
 */
#pragma once

#include "portconform/listeners.h"

extern const struct remote_source collector_source;

/* First in main(): is this process meant to be the child? Then main returns what collector_child() returns. */
bool collector_is_child(int argc, char **argv);
int collector_child(void);
