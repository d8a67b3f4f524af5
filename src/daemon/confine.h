/* Confinement: what the daemon gives up before its first thread starts, for good. */
#pragma once

struct daemon_options;

/* Landlock, as far as this kernel has it: nothing is written, made, removed or executed but below the folders of the
 * state and of the control socket; what may be read is left to the user it runs as and to the unit, since keys, secrets
 * and recordings lie wherever the configuration says, also after a reload. To be called without capabilities
 * (privileges.h) and before the first thread.
 *
 * Best effort: confine_note() tells what came of it, for the status. */
void confine(const struct daemon_options *options);
const char *confine_note(void); /* "Landlock (ABI 4): writes to its own folders alone; no capability" */
