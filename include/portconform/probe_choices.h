/* Which kind of probe proves which service, for the programs that have every kind: the command line and the daemon. */
#pragma once

#include "portconform/cycle.h"

/* Closed as struct probe_choice demands; the first match wins. */
extern const struct probe_choice probe_choices_all[];
