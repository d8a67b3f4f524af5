/* Whose socket is it: the program and the systemd unit or container behind a listener. */
#pragma once

#include "sockdiag.h"

/* Fills exe, pid and unit where they can be read; what cannot be read stays unknown and is no error. Strings go to
 * `arena`. Stops at the deadline. 0 or -ENOMEM. */
int owners_find(struct sockdiag_rows *rows, struct arena *arena, int64_t deadline_mono_ms);
/* The same by the cache first; `now_ms` is monotonic. */
int owners_find_known(struct sockdiag_rows *rows, struct arena *arena, const struct listener_request *request);

/* The unit or container that a cgroup path names: its last *.service, *.scope or *.socket, or "PARENT/ID" for the bare
 * 64 digits of a container. NULL: it names none, or out of memory (*ret_status -ENOMEM). */
const char *cgroup_unit(const char *path, struct arena *arena, int *ret_status);
/* As above, out of the text of /proc/PID/cgroup: the unified hierarchy first, then systemd's own, then any. */
const char *cgroup_unit_of_process(const char *content, struct arena *arena, int *ret_status);
/* Which unit a listener belongs to, of those of its socket and of the program that has it (NULL: unknown): the
 * socket's, which costs nothing to know; but a unit NAME.socket only makes sockets, for others to serve. */
const char *owners_unit(const char *of_socket, const char *of_process);
