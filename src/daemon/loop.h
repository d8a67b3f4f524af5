/* The loop of portconformd: visits, signals, reloads, control and what is told, in one thread that waits for nobody. */
#pragma once

#include "options.h"

#include "portconform/check.h"

/* Runs until SIGTERM or SIGINT, whose signals and SIGHUP must be blocked in every thread. Takes the site (transferred).
 * Returns the exit status; *ret_clean is false when a thread was left behind, so that only _exit(2) is safe. */
int loop_run(const struct daemon_options *options, struct check_site *site, bool *ret_clean);
