/* The server's own: its parts, and what a command gets. */
#pragma once

#include "portconform/check.h"
#include "portconform/control.h"
#include "portconform/control_server.h"

#include <pthread.h>
#include <sys/stat.h>

enum {
    WORKERS_FIRST = 2,
    WORKERS_MAX = 32,     /* requests that are answered at a time */
    WORKERS_OF_USER = 16, /* of them, a user without privilege */
    WORKERS_RESERVED = 4, /* for root and the daemon's own user and group */
    GUESTS_MAX = 256,     /* clients at a time, those included whose request is not read yet */
    GUESTS_OF_USER = 128, /* the same as above */
    GUESTS_RESERVED = 32,
    LONG_MAX_CLIENTS = 16, /* of those that wait or watch */
    LONG_RESERVED = 4,
    TICKETS_MAX = 64,         /* commands that wait for the engine */
    REQUEST_WITHIN_MS = 5000, /* since the client was taken */
    REPLY_STALLS_MS = 10000,  /* a client that reads nothing for so long is given up */
    REPLY_WITHIN_MS = 60000,
};

/* --- who may (peer.c) --------------------------------------------------------------------------------------------- */

struct rights {
    uid_t own_uid;
    gid_t own_gid, group;
    uid_t *readers; /* owned */
    size_t reader_count;
};
enum right { RIGHT_NONE, RIGHT_READ, RIGHT_COMMAND };
/* Looks the names up. 0, -ENOENT with a sentence, or -ENOMEM. */
int rights_init(struct rights *rights, const char *group, const char *const *readers, struct text *error);
void rights_done(struct rights *rights);

struct asker {
    uid_t uid;
    gid_t gid;
    gid_t *groups; /* malloc'ed, the supplementary ones */
    size_t group_count;
};
int asker_of(int fd, struct asker *ret); /* 0 or a negative code */
enum right rights_of(const struct rights *rights, const struct asker *peer);

/* --- the socket's place (place.c) --------------------------------------------------------------------------------- */

struct place {
    char *path; /* owned */
    dev_t device;
    ino_t inode; /* so that nobody else's is removed */
    int fd;      /* listens */
};
/* 0, or a negative code with a sentence. */
int place_take(const char *path, gid_t group, mode_t mode, struct place *ret, struct text *error);
void place_leave(struct place *place); /* removes what is ours, closes; takes an emptied one */

/* --- requests (request.c) ----------------------------------------------------------------------------------------- */

struct request {
    char *octets; /* owned */
    size_t length;
    const char *command;
    unsigned columns;
    bool colour;
    char **words; /* owned array; words[0] is the command, then the arguments; NULL-terminated */
    int word_count;
};
/* The words of a request: `octets` are taken in any case. 0, -EPROTO or -ENOMEM. */
int request_parse(char *octets, size_t length, struct request *ret);
void request_done(struct request *request);

/* A request on its way. */
struct intake {
    char *octets; /* owned */
    size_t size, had, head, whole;
};
/* Reads what is there. 1: it is whole, *ret has it; 0: not yet; -EPROTO, or another negative code. */
int intake_step(struct intake *intake, int fd, struct request *ret);
void intake_done(struct intake *intake);

/* --- replies (reply.c) -------------------------------------------------------------------------------------------- */

/* 0, or a negative code: the client is gone or does not read. */
int reply_send(int fd, enum control_kind kind, int status, const struct text *text);
int reply_refuse(int fd, const char *format, ...) __attribute__((format(printf, 2, 3))); /* E, status 3 */
bool client_is_gone(int fd);

/* --- commands for the engine (mailbox.c) -------------------------------------------------------------------------- */

struct mailbox;
struct mailbox *mailbox_new(void);
void mailbox_free(struct mailbox *mailbox);
int mailbox_fd(const struct mailbox *mailbox);
/* A ticket, or 0: too many wait, or there is no memory. `host` is copied, may be NULL. */
uint64_t mailbox_post(struct mailbox *mailbox, enum control_command_kind kind, const char *host);
bool mailbox_next(struct mailbox *mailbox, struct control_command *ret);
void mailbox_done(struct mailbox *mailbox, uint64_t ticket, int result, const char *text);
/* Waits for its end: 0 with *ret_result and `text`; -EPIPE: the client at `fd` has gone; -ESHUTDOWN: the daemon ends.
 */
int mailbox_wait(struct mailbox *mailbox, uint64_t ticket, int fd, int *ret_result, struct text *text);
void mailbox_abandon(struct mailbox *mailbox, uint64_t ticket); /* nobody waits for it */
void mailbox_close(struct mailbox *mailbox);                    /* wakes everybody */

/* --- answers ------------------------------------------------------------------------------------------------------ */

/* What the answers are made from: references that facts_done() drops. */
struct facts {
    struct snapshot *snapshot;
    struct status *status;
    struct check_directory *directory;
};
void facts_take(struct control_server *server, struct facts *ret);
void facts_done(struct facts *facts);

extern const struct teller *const server_tellers[];
/* check_answer(), one at a time, remembered while the snapshot stays (cache.c). */
struct cache;
struct cache *cache_new(void);
void cache_free(struct cache *cache);
int cache_answer(struct cache *cache, const struct facts *facts, const struct request *request, struct text *out);
/* check_selection_new() with the same lock. */
int cache_select(struct cache *cache, const struct facts *facts, const struct request *request,
                 struct check_selection **ret, struct text *error);

/* As wide as the request says, and as colourful. */
int status_text(struct text *out, const struct status *status, const struct snapshot *snapshot,
                const struct request *request);
/* Breaks lines between words, so that none has more columns (0: as they are); the rest is indented. */
void add_wrapped(struct text *out, const char *lines, unsigned indent, unsigned columns);
int status_json(struct text *out, const struct status *status, const struct snapshot *snapshot);
/* One event a line: "2026-11-22 09:14:03  RAISED  ..." */
void event_line(struct text *out, const struct event *event);
int event_json(struct text *out, const struct event *event);

/* --- the server --------------------------------------------------------------------------------------------------- */

enum guest_state { GUEST_NONE, GUEST_READING, GUEST_READY, GUEST_SERVED };
struct guest {
    enum guest_state state;
    int fd;
    uid_t uid;
    enum right right;
    int64_t until_ms; /* READING: monotonic */
    uint64_t number;  /* by arrival */
    struct intake intake;
    struct request request; /* READY, SERVED */
};

struct control_server {
    struct control_server_options options;
    struct rights rights;
    struct place place;
    struct mailbox *mailbox;
    struct cache *cache;
    int bell;             /* eventfd(2): the reception looks again */
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t wake;  /* broadcast when it ends */
    pthread_cond_t work;  /* there is a request, or it ends */
    pthread_cond_t gone;  /* a thread has ended */
    bool ending;
    pthread_t reception, workers[WORKERS_MAX];
    size_t worker_count, idle, lasting;
    size_t running; /* threads, the reception included */
    struct guest guests[GUESTS_MAX];
    uint64_t arrivals;
    struct check_directory *directory;
};

/* --- the reception (reception.c): with the lock but for the thread and the bell ------------------------------------
 */

void *reception(void *server);
void reception_ring(struct control_server *server);
/* The oldest whole request whose user may have a worker, as SERVED; NULL: none. */
struct guest *reception_next(struct control_server *server);
void guest_leave(struct guest *guest);
/* A worker that cannot be had is no failure: the others go on. */
void server_add_worker(struct control_server *server);
void server_thread_ends(struct control_server *server);

struct client {
    struct control_server *server;
    int fd;
    enum right right;
    const struct request *request;
};

struct server_command {
    const char *name;
    enum right right;
    bool lasting; /* may take long: they have a number of their own */
    int (*run)(struct client *client);
};
extern const struct server_command server_commands[]; /* closed by a row with name NULL */
int command_watch(struct client *client);             /* watch.c */
int command_changes(struct client *client);
bool server_is_ending(struct control_server *server);
/* Waits, or until the server ends. */
void server_pause(struct control_server *server, unsigned ms);
