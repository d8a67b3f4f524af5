/* Helpers: small processes that keep the few rights which naming the programs of other users, and looking into other
 * network namespaces, need. The program itself can then drop every right, and confine itself (Landlock makes the
 * descriptors of other processes unreadable even for root).
 *
 *     program ---(inodes)------> owners      CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH: reads /proc
 *             <--(pid, exe, unit)
 *     program ---(/run/netns/x)-> namespaces CAP_SYS_ADMIN, CAP_SYS_PTRACE: opens sockets for sock_diag in there
 *             <--(descriptors)
 *
 * Forked before the program's first thread, before it has read anything, and never again: a helper that ended is told
 * and missed. Helpers have nothing but a socket to the program, and end with it.
 *
 * An answer is waited for a quarter of a second at most, for a namespace one second. What takes a helper longer it
 * remembers, so that it is there when asked for again; until then nothing waits for that helper. One thread. */
#pragma once

#include <stdbool.h>

struct listener_helper;

enum helper_state {
    HELPER_NONE, /* not started: the capabilities are lacking */
    HELPER_SERVES,
    HELPER_ENDED,
};

/* Starts those for which this process has the capabilities; none is no error. 0 or a negated errno. */
int listener_helper_start(struct listener_helper **ret);
void listener_helper_stop(struct listener_helper *helper); /* takes NULL; waits for their end */
/* Takes notice of helpers that have ended. True: one has, since the last call. */
bool listener_helper_check(struct listener_helper *helper);

/* NULL: HELPER_NONE */
enum helper_state listener_helper_owners(const struct listener_helper *helper);
enum helper_state listener_helper_namespaces(const struct listener_helper *helper);
