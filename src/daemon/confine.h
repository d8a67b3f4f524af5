/* Confinement: what the daemon gives up before its first thread starts, for good. */
#pragma once

struct daemon_options;

/* No new privileges, and Landlock as far as this kernel has it: nothing is written, made, removed or executed but below
 * the folders of the state and of the control socket; what may be read is left to the user it runs as and to the unit,
 * since keys, secrets and recordings lie wherever the configuration says, also after a reload.
 *
 * Left out where the daemon may name the programs of other users, as root or by CAP_SYS_PTRACE: a process that Landlock
 * confines may not look at any other, and these names are worth more to it.
 *
 * Best effort: confine_note() tells what came of it, for the status. */
void confine(const struct daemon_options *options);
const char *confine_note(void); /* "Landlock (ABI 4): writes to its own folders alone; no capability" */
