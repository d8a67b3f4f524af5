/* Control, the answering side: the daemon's Unix socket. It has threads of its own, a few, so that telling ten thousand
 * findings delays no probe and a client that does not read delays nobody. What is asked about is answered from the
 * publication; what is to be done (reload, look now) waits as a command until the engine's thread takes it.
 *
 * Who may ask is known from the kernel (SO_PEERCRED, SO_PEERGROUPS): root, the daemon's own user, members of the
 * socket's group, and the readers that are named. Commands: root, the daemon's own user and members of its own group.
 */
#pragma once

#include "portconform/plan.h"
#include "portconform/publication.h"
#include "portconform/store.h"
#include "portconform/text.h"

struct control_server;

struct control_server_options {
    const char *socket;              /* NULL: control_default_socket() */
    const char *group;               /* of the socket, by name or number; NULL: the daemon's own */
    const char *const *readers;      /* further users who may ask, by name or number; NULL-terminated; NULL: none */
    struct publication *publication; /* borrowed, outlives the server */
    /* As recorder_history(); from a thread of the server's. NULL: there is no history. */
    int (*history)(void *context, const struct history_query *query,
                   void (*each)(void *each_context, const struct event *event), void *each_context);
    void *history_context;
    void (*log)(int level, const char *text); /* from the server's threads; may be NULL */
};

/* Takes the socket's place and starts. Names are looked up here, before a sandbox closes. A socket that a dead daemon
 * left is replaced; one where somebody answers is not: -EADDRINUSE. 0, or a negative code with a sentence. */
int control_server_start(const struct control_server_options *options, struct control_server **ret, struct text *error);
/* Tells waiting clients that the daemon ends, removes the socket, frees. Takes NULL. False: a thread still hangs (in
 * `history`), everything stays, and the program must end by _exit(2). */
bool control_server_stop(struct control_server *server, unsigned timeout_ms);

/* The site that is watched from now on: names, aliases and addresses of its hosts, and what is demanded of them.
 * Copied. To be called before the first snapshot of that site is published. 0 or -ENOMEM (the old one stays). */
int control_server_set_site(struct control_server *server, const struct plan *plan);

/* --- commands: the engine's thread ---------------------------------------------------------------------------------
 */

enum control_command_kind { CONTROL_RELOAD, CONTROL_CHECK_NOW };
struct control_command {
    enum control_command_kind kind;
    uint64_t ticket;
    char *host; /* CHECK_NOW: its name as in the plan, malloc'ed, transferred; NULL: all hosts */
};
int control_server_fd(const struct control_server *server); /* readable while a command waits */
/* The next command; false: none waits. A client that has gone is no reason not to do it. */
bool control_server_next(struct control_server *server, struct control_command *ret);
/* It is done: of CHECK_NOW when the hosts were looked at and the snapshot with it is published; of RELOAD when the new
 * configuration is in force, or refused: then `result` is negative and `text` holds the errors, a line each, as
 * `file:line:column: error: message`. `text` may be NULL. */
void control_server_done(struct control_server *server, uint64_t ticket, int result, const char *text);
