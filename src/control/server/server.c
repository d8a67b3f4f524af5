/* The server: a reception that reads requests, and a few workers that answer them. A worker is added while all are
 * busy. */
#include "server.h"

#include "portconform/error.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { STACK_OCTETS = 512 * 1024 };

/* --- waiting ------------------------------------------------------------------------------------------------------ */

bool server_is_ending(struct control_server *server)
{
    pthread_mutex_lock(&server->lock);
    bool ending = server->ending;
    pthread_mutex_unlock(&server->lock);
    return ending;
}

static struct timespec monotonic_in(unsigned ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    return until;
}

void server_pause(struct control_server *server, unsigned ms)
{
    struct timespec until = monotonic_in(ms);
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

static bool begin_lasting(const struct client *client)
{
    struct control_server *server = client->server;
    size_t most = client->right == RIGHT_COMMAND ? LONG_MAX_CLIENTS : LONG_MAX_CLIENTS - LONG_RESERVED;
    pthread_mutex_lock(&server->lock);
    bool room = server->lasting < most;
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
    if (command->lasting && !begin_lasting(client)) {
        reply_refuse(client->fd, "too many clients wait or watch already: ask again later");
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

/* --- workers ------------------------------------------------------------------------------------------------------ */

void server_thread_ends(struct control_server *server)
{
    server->running--;
    pthread_cond_broadcast(&server->gone);
}

static void *work(void *context)
{
    struct control_server *server = context;
    pthread_mutex_lock(&server->lock);
    while (!server->ending) {
        struct guest *guest = reception_next(server);
        if (!guest) {
            server->idle++;
            pthread_cond_wait(&server->work, &server->lock);
            server->idle--;
            continue;
        }
        struct client client = {.server = server, .fd = guest->fd, .right = guest->right, .request = &guest->request};
        pthread_mutex_unlock(&server->lock);
        serve_request(&client);
        pthread_mutex_lock(&server->lock);
        guest_leave(guest);
    }
    server_thread_ends(server);
    pthread_mutex_unlock(&server->lock);
    return NULL;
}

static int start_thread(struct control_server *server, pthread_t *ret, void *(*run)(void *))
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_OCTETS);
    int r = -pthread_create(ret, &attributes, run, server);
    pthread_attr_destroy(&attributes);
    server->running += r == 0;
    return r;
}

void server_add_worker(struct control_server *server)
{
    if (server->worker_count < WORKERS_MAX && start_thread(server, &server->workers[server->worker_count], work) == 0)
        server->worker_count++;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void server_free(struct control_server *server)
{
    place_leave(&server->place);
    mailbox_free(server->mailbox);
    cache_free(server->cache);
    check_directory_unref(server->directory);
    rights_done(&server->rights);
    for (size_t i = 0; i < GUESTS_MAX; i++)
        if (server->guests[i].state != GUEST_NONE)
            guest_leave(&server->guests[i]);
    if (server->bell >= 0)
        close(server->bell);
    pthread_cond_destroy(&server->wake);
    pthread_cond_destroy(&server->work);
    pthread_cond_destroy(&server->gone);
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
    pthread_cond_init(&server->work, &attributes);
    pthread_cond_init(&server->gone, &attributes);
    pthread_condattr_destroy(&attributes);
    server->mailbox = mailbox_new();
    server->cache = cache_new();
    server->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (server->mailbox && server->cache && server->bell >= 0)
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

static void end_threads(struct control_server *server)
{
    server->ending = true;
    pthread_cond_broadcast(&server->wake);
    pthread_cond_broadcast(&server->work);
    reception_ring(server);
    for (size_t i = 0; i < GUESTS_MAX; i++)
        if (server->guests[i].state == GUEST_SERVED)
            shutdown(server->guests[i].fd, SHUT_RD); /* what is being told is told, as far as somebody reads */
}

/* The signals are for the daemon's own thread. */
static int start_threads(struct control_server *server)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_mutex_lock(&server->lock);
    int r = fcntl(server->place.fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
    for (int i = 0; r == 0 && i < WORKERS_FIRST; i++)
        server_add_worker(server);
    if (r == 0 && server->worker_count == 0)
        r = -EAGAIN;
    if (r == 0)
        r = start_thread(server, &server->reception, reception);
    if (r < 0)
        end_threads(server);
    pthread_mutex_unlock(&server->lock);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    for (size_t i = 0; r < 0 && i < server->worker_count; i++)
        pthread_join(server->workers[i], NULL);
    return r;
}

int control_server_start(const struct control_server_options *options, struct control_server **ret, struct text *error)
{
    struct control_server *server = server_new(options);
    if (!server)
        return -ENOMEM;
    int r = rights_init(&server->rights, options->group, options->readers, error);
    if (r == 0)
        r = take_place(server, error);
    if (r == 0 && (r = start_threads(server)) < 0)
        text_printf(error, "the control socket cannot be served: %s", pc_strerror(r));
    if (r < 0)
        server_free(server);
    else
        *ret = server;
    return r;
}

/* Who has said that it ends is joined without a limit: ThreadSanitizer knows no join with one. */
static bool join_threads(struct control_server *server, unsigned timeout_ms)
{
    struct timespec until = monotonic_in(timeout_ms);
    pthread_mutex_lock(&server->lock);
    while (server->running > 0 && pthread_cond_timedwait(&server->gone, &server->lock, &until) == 0)
        continue;
    bool all = server->running == 0;
    pthread_mutex_unlock(&server->lock);
    if (!all)
        return false;
    pthread_join(server->reception, NULL);
    for (size_t i = 0; i < server->worker_count; i++)
        pthread_join(server->workers[i], NULL);
    return true;
}

bool control_server_stop(struct control_server *server, unsigned timeout_ms)
{
    if (!server)
        return true;
    mailbox_close(server->mailbox);
    pthread_mutex_lock(&server->lock);
    end_threads(server);
    pthread_mutex_unlock(&server->lock);
    if (!join_threads(server, timeout_ms))
        return false;
    server_free(server);
    return true;
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
