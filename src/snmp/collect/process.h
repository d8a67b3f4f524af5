/* The child process and its socket. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

extern const char spawn_argument[]; /* the only argument: this process is the child */

struct spawned {
    pid_t pid; /* 0: none */
    int fd;    /* SOCK_SEQPACKET, non-blocking; -1: none */
};
/* Starts /proc/self/exe with an environment of its own. 0 or a negated errno. */
int spawn_child(struct spawned *ret);
/* Ends it; it keeps nothing that could be lost. Takes one that was never started. */
void spawn_end(struct spawned *child);
