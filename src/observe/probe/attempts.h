/* A request that is sent again over the time-out, for kinds whose datagrams get lost. */
#pragma once

#include "portconform/probe.h"

/* Sends one request: 0 or a negated errno. */
typedef int attempt_send(struct probe *probe, int fd);

/* Watches `fd` (taken in any case), sends the first and plans the next. For the end of a kind's `start`: returns what
 * it returns. */
int attempts_begin(struct probe *probe, attempt_send *send);
void attempts_next(struct probe *probe, attempt_send *send); /* from on_timer */
