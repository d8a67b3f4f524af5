/* Outlets: everybody who is told or may ask, each in threads of his own: syslog targets from their outboxes, SNMP and
 * the control socket from the publication. */
#pragma once

#include "options.h"
#include "telling.h"

#include "portconform/control_server.h"
#include "portconform/plan.h"

struct outlets;

struct outlets_options {
    const struct daemon_options *program;
    struct telling *telling;
};
/* Starts what can be started; what cannot is logged and left out. 0 or -ENOMEM. */
int outlets_open(const struct outlets_options *options, const struct plan *plan, struct outlets **ret);
/* After a reload: targets that are gone end, new ones begin, the others go on with their queue. */
void outlets_configure(struct outlets *outlets, const struct plan *plan);
/* Ends all of it within `timeout_ms` and a little; takes NULL. False: a thread still hangs, and the program must end by
 * _exit(2), leaving the telling as it is. */
bool outlets_close(struct outlets *outlets, unsigned timeout_ms);

/* What of the configuration in force waits for the next start, in words; NULL: nothing. */
const char *outlets_waits(const struct outlets *outlets);

/* Something was published. */
void outlets_wake(struct outlets *outlets);
/* Is everything told to this machine's own log by a target too? */
bool outlets_log_twice(const struct outlets *outlets);

/* To be called once a second: fills in the sinks, and tells the others when one goes down or comes back. 0 or -ENOMEM.
 */
int outlets_watch(struct outlets *outlets, struct status *status, struct moment now);

/* NULL: there is no control socket. */
struct control_server *outlets_control(struct outlets *outlets);
