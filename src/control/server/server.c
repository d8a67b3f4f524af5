/* The server: a few threads that wait on one socket. As many clients are served at a time as there are workers; a
 * worker is added while all are busy. */
#include "server.h"

#include "portconform/error.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { STACK_OCTETS = 512 * 1024, OUT_OF_DESCRIPTORS_MS = 200 };

static void *work(void *context);

/* --- waiting ------------------------------------------------------------------------------------------------------ */

bool server_is_ending(struct control_server *server)
{
    pthread_mutex_lock(&server->lock);
    bool ending = server->ending;
    pthread_mutex_unlock(&server->lock);
    return ending;
}

void server_pause(struct control_server *server, unsigned ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&server->lock);
    while (!server->ending && pthread_cond_timedwait(&server->wake, &server->lock, &until) == 0)
        continue;
    pthread_mutex_unlock(&server->lock);
}

/* --- one client --------------------------------------------------------------------------------------------------- */

static const struct server_command *find_command(const char *name)
{
    for (const struct server_command *command = server_commands; command->name; command++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}

static bool begin_lasting(struct control_server *server)
{
    pthread_mutex_lock(&server->lock);
    bool room = server->lasting < LONG_MAX_CLIENTS;
    server->lasting += room;
    pthread_mutex_unlock(&server->lock);
    return room;
}

static void end_lasting(struct control_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->lasting--;
    pthread_mutex_unlock(&server->lock);
}

static void run_command(struct client *client, const struct server_command *command)
{
    if (command->lasting && !begin_lasting(client->server)) {
        reply_refuse(client->fd, "%d clients wait or watch already: ask again later", LONG_MAX_CLIENTS);
        return;
    }
    command->run(client); /* a client that is gone is nobody to tell */
    if (command->lasting)
        end_lasting(client->server);
}

static void serve_request(struct client *client)
{
    const struct server_command *command = find_command(client->request->command);
    if (!command)
        reply_refuse(client->fd, "this daemon knows no such command: it is of another version");
    else if (command->right > client->right)
        reply_refuse(client->fd, "%s is for root, the daemon's own user and members of its own group", command->name);
    else
        run_command(client, command);
}

static void serve(struct control_server *server, int fd)
{
    struct asker peer = {0};
    struct request request = {.octets = NULL};
    struct client client = {.server = server, .fd = fd};
    int r = asker_of(fd, &peer);
    if (r == 0)
        client.right = rights_of(&server->rights, &peer);
    if (r < 0) {
        reply_refuse(fd, "it cannot be seen who asks: %s", pc_strerror(r));
    } else if (client.right == RIGHT_NONE) {
        reply_refuse(fd,
                     "user %ld may not ask this daemon: be root, a member of the group of %s, or one of its readers",
                     (long)peer.uid, server->place.path);
    } else if ((r = request_read(fd, &request)) == 0) {
        client.request = &request;
        serve_request(&client);
        request_done(&request);
    } else if (r == -EPROTO) {
        reply_refuse(fd, "that is no request of portconform %s", PC_VERSION);
    }
    free(peer.groups);
}

/* --- workers ------------------------------------------------------------------------------------------------------ */

/* With the lock. A worker that cannot be had is no failure: the others go on. */
static int add_worker(struct control_server *server)
{
    if (server->worker_count == WORKERS_MAX)
        return 0;
    struct worker *worker = &server->workers[server->worker_count];
    *worker = (struct worker){.server = server, .fd = -1};
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_OCTETS);
    int r = -pthread_create(&worker->thread, &attributes, work, worker);
    pthread_attr_destroy(&attributes);
    if (r == 0) {
        server->worker_count++;
        server->idle++;
    }
    return r;
}

/* False: the server ends. */
static bool take_client(struct worker *worker, int fd)
{
    struct control_server *server = worker->server;
    pthread_mutex_lock(&server->lock);
    bool good = !server->ending;
    if (good) {
        worker->fd = fd;
        server->idle--;
        if (server->idle == 0)
            (void)add_worker(server);
    }
    pthread_mutex_unlock(&server->lock);
    return good;
}

static void drop_client(struct worker *worker)
{
    struct control_server *server = worker->server;
    pthread_mutex_lock(&server->lock);
    close(worker->fd);
    worker->fd = -1;
    server->idle++;
    pthread_mutex_unlock(&server->lock);
}

static void *work(void *context)
{
    struct worker *worker = context;
    struct control_server *server = worker->server;
    while (!server_is_ending(server)) {
        int fd = accept4(server->place.fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) {
            /* out of descriptors or memory: the client waits in the backlog */
            if (errno != EINTR && errno != ECONNABORTED)
                server_pause(server, OUT_OF_DESCRIPTORS_MS);
            continue;
        }
        if (!take_client(worker, fd)) {
            close(fd);
            break;
        }
        serve(server, fd);
        drop_client(worker);
    }
    return NULL;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void server_free(struct control_server *server)
{
    place_leave(&server->place);
    mailbox_free(server->mailbox);
    cache_free(server->cache);
    check_directory_unref(server->directory);
    rights_done(&server->rights);
    pthread_cond_destroy(&server->wake);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

static struct control_server *server_new(const struct control_server_options *options)
{
    struct control_server *server = calloc(1, sizeof(*server));
    if (!server)
        return NULL;
    server->options = *options;
    server->place.fd = -1;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    server->mailbox = mailbox_new();
    server->cache = cache_new();
    if (server->mailbox && server->cache)
        return server;
    server_free(server);
    return NULL;
}

static int take_place(struct control_server *server, struct text *error)
{
    struct text found = {0};
    const char *path = server->options.socket;
    int r = path ? 0 : control_default_socket(true, &found);
    if (r == -ENOENT)
        text_add(error,
                 "there is no place for the control socket: neither RUNTIME_DIRECTORY nor XDG_RUNTIME_DIR is set, "
                 "and /run/portconform cannot be made");
    if (r == 0)
        r = place_take(path ? path : text_string(&found), server->rights.group,
                       server->rights.reader_count > 0 ? 0666 : 0660, &server->place, error);
    text_done(&found);
    return r;
}

/* The signals are for the daemon's own thread. */
static int start_workers(struct control_server *server)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_mutex_lock(&server->lock);
    int r = 0;
    while (r == 0 && server->worker_count < WORKERS_FIRST)
        r = add_worker(server);
    bool some = server->worker_count > 0;
    pthread_mutex_unlock(&server->lock);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return some ? 0 : r;
}

int control_server_start(const struct control_server_options *options, struct control_server **ret, struct text *error)
{
    struct control_server *server = server_new(options);
    if (!server)
        return -ENOMEM;
    int r = rights_init(&server->rights, options->group, options->readers, error);
    if (r == 0)
        r = take_place(server, error);
    if (r == 0 && (r = start_workers(server)) < 0)
        text_printf(error, "the control socket cannot be served: %s", pc_strerror(r));
    if (r < 0)
        server_free(server);
    else
        *ret = server;
    return r;
}

static bool join_workers(struct control_server *server, unsigned timeout_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until); /* ThreadSanitizer does not know pthread_clockjoin_np(3) */
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    bool all = true;
    /* nobody adds one any more */
    for (size_t i = 0; i < server->worker_count; i++)
        all = pthread_timedjoin_np(server->workers[i].thread, NULL, &until) == 0 && all;
    return all;
}

bool control_server_stop(struct control_server *server, unsigned timeout_ms)
{
    if (!server)
        return true;
    mailbox_close(server->mailbox);
    pthread_mutex_lock(&server->lock);
    server->ending = true;
    pthread_cond_broadcast(&server->wake);
    shutdown(server->place.fd, SHUT_RDWR); /* wakes accept(2) */
    for (size_t i = 0; i < server->worker_count; i++)
        if (server->workers[i].fd >= 0)
            shutdown(server->workers[i].fd, SHUT_RD); /* what is being told is told, as far as somebody reads */
    pthread_mutex_unlock(&server->lock);
    if (!join_workers(server, timeout_ms))
        return false;
    server_free(server);
    return true;
}

const char *control_server_path(const struct control_server *server)
{
    return server->place.path;
}

int control_server_set_site(struct control_server *server, const struct plan *plan)
{
    struct check_directory *directory = check_directory_new(plan);
    if (!directory)
        return -ENOMEM;
    pthread_mutex_lock(&server->lock);
    struct check_directory *before = server->directory;
    server->directory = directory;
    pthread_mutex_unlock(&server->lock);
    check_directory_unref(before);
    return 0;
}

void facts_take(struct control_server *server, struct facts *ret)
{
    /* the directory first: a snapshot is never of an older site than it */
    pthread_mutex_lock(&server->lock);
    ret->directory = server->directory ? check_directory_ref(server->directory) : NULL;
    pthread_mutex_unlock(&server->lock);
    ret->snapshot = publication_snapshot(server->options.publication, NULL);
    ret->status = publication_status(server->options.publication);
}

void facts_done(struct facts *facts)
{
    snapshot_unref(facts->snapshot);
    status_unref(facts->status);
    check_directory_unref(facts->directory);
    *facts = (struct facts){NULL, NULL, NULL};
}

int control_server_fd(const struct control_server *server)
{
    return mailbox_fd(server->mailbox);
}

bool control_server_next(struct control_server *server, struct control_command *ret)
{
    return mailbox_next(server->mailbox, ret);
}

void control_server_done(struct control_server *server, uint64_t ticket, int result, const char *text)
{
    mailbox_done(server->mailbox, ticket, result, text);
}
