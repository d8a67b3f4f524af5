/* The targets of syslog, as the site and the command line want them: each is served by a thread that sends what its
 * outbox holds. */
#pragma once

#include "outlets.h"

struct targets;

int targets_new(const struct outlets_options *options, struct targets **ret); /* none yet; 0 or -ENOMEM */
/* Targets that are not wanted any more end, new ones begin, the others go on with their queue. */
void targets_configure(struct targets *targets, const struct site *site);
void targets_end(struct targets *targets, unsigned timeout_ms);  /* asks all at once to end within that time */
void targets_free(struct targets *targets, unsigned timeout_ms); /* waits for them */

/* Is one of them this machine's own log? */
bool targets_log_twice(const struct targets *targets);
/* Once a second: fills in the sinks, and tells the others when one goes down or comes back. 0 or -ENOMEM. */
int targets_watch(struct targets *targets, struct status *status, struct moment now);
