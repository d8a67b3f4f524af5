/* Outlets: everything that portconformd tells leaves here, to the SNMP agent, the syslog targets and the log. */
#pragma once

#include "options.h"

#include "portconform/judge.h"

struct outlets;

/* Starts the agent and the senders. A target that cannot be started is logged and left out. 0 or -ENOMEM. */
int outlets_open(const struct daemon_options *options, const struct site *site, struct outlets **ret);
/* After a reload: targets that are gone end, new ones begin, the others go on with their queue. */
void outlets_configure(struct outlets *outlets, const struct site *site);

/* The new snapshot and what has changed. `site` is the one it was judged by. */
void outlets_publish(struct outlets *outlets, const struct site *site, const struct judgement *judgement);
/* An event about the program itself: `msgid` as in "STARTED", `level` as LOG_NOTICE; the sentence is logged too. */
void outlets_announce(struct outlets *outlets, const char *msgid, int level, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* To be called once a cycle: logs what became of the targets. */
void outlets_watch(struct outlets *outlets);

/* Ends all of it within `timeout_ms` and a little; takes NULL. False: a thread still hangs in the SNMP library, and the
 * program must end by _exit(2). */
bool outlets_close(struct outlets *outlets, unsigned timeout_ms);
