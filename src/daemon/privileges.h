/* Privileges: what the daemon gives up, and who keeps the little of it that is needed (listener_helper.h). One thread;
 * it is the process's own state. */
#pragma once

#include <stdbool.h>

struct listener_helper;

/* Before anything is read, and before a second thread: starts the helpers for which there are capabilities, then drops
 * every capability but the one to listen at low ports. What cannot be done is logged. */
void privileges_begin(void);
/* When the configuration is known: drops that too, unless an SNMP agent of our own needs it. Logs what is known of
 * owners. */
void privileges_end(bool low_ports);
/* Now and then: a helper that has ended is told, once, and not started again: nobody has the rights any more. */
void privileges_check(void);
void privileges_done(void);

struct listener_helper *privileges_helper(void); /* borrowed; NULL: there is none */
bool privileges_owners_known(void);
const char *privileges_owners_note(void); /* how, or why not */
const char *privileges_note(void);        /* "no capability" */
