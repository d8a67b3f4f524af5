/* The reception: one thread takes every client and reads its request, however slowly it comes, so that a worker gets
 * whole requests alone. A request has its time from the moment the client was taken.
 *
 *     connected --> READING --whole--> READY --a worker--> SERVED --> gone
 *                      |  too slow, nonsense, or it gives way: gone
 *
 * There are places for so many clients. A user has a part of them, and of the workers; some are kept for root and the
 * daemon's own user and group. Where there is none left, the one that has been reading for the longest gives way. */
#include "server.h"

#include "portconform/error.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { OUT_OF_DESCRIPTORS_MS = 200, AT_ONCE = 64 };

/* All but reception() and reception_ring(): with the lock. */

void reception_ring(struct control_server *server)
{
    (void)eventfd_write(server->bell, 1); /* it cannot fill up: it is emptied at each ring */
}

static bool is_privileged(const struct guest *guest)
{
    return guest->right == RIGHT_COMMAND;
}

void guest_leave(struct guest *guest)
{
    close(guest->fd);
    intake_done(&guest->intake);
    request_done(&guest->request);
    *guest = (struct guest){.state = GUEST_NONE};
}

/* Those that `like` counts itself with: of its user, or of all that have no privilege. */
static size_t guests_like(const struct control_server *server, const struct guest *like, bool of_user,
                          enum guest_state state)
{
    size_t count = 0;
    for (size_t i = 0; i < GUESTS_MAX; i++) {
        const struct guest *guest = &server->guests[i];
        bool in_state = state == GUEST_NONE ? guest->state != GUEST_NONE : guest->state == state;
        count += in_state && !is_privileged(guest) && (!of_user || guest->uid == like->uid) ? 1 : 0;
    }
    return count;
}

/* --- for the workers ---------------------------------------------------------------------------------------------- */

static bool may_be_served(const struct control_server *server, const struct guest *guest)
{
    return is_privileged(guest) || (guests_like(server, guest, true, GUEST_SERVED) < WORKERS_OF_USER &&
                                    guests_like(server, guest, false, GUEST_SERVED) < WORKERS_MAX - WORKERS_RESERVED);
}

struct guest *reception_next(struct control_server *server)
{
    struct guest *next = NULL;
    for (size_t i = 0; i < GUESTS_MAX; i++) {
        struct guest *guest = &server->guests[i];
        if (guest->state == GUEST_READY && (!next || guest->number < next->number) && may_be_served(server, guest))
            next = guest;
    }
    if (next)
        next->state = GUEST_SERVED;
    return next;
}

/* --- places ------------------------------------------------------------------------------------------------------- */

static struct guest *free_place(struct control_server *server)
{
    for (size_t i = 0; i < GUESTS_MAX; i++)
        if (server->guests[i].state == GUEST_NONE)
            return &server->guests[i];
    return NULL;
}

/* The longest reading one of this user, of all without privilege, or of all. */
static struct guest *slowest(struct control_server *server, const struct guest *like, bool of_user)
{
    struct guest *found = NULL;
    for (size_t i = 0; i < GUESTS_MAX; i++) {
        struct guest *guest = &server->guests[i];
        bool counts = of_user ? guest->uid == like->uid : is_privileged(like) || !is_privileged(guest);
        if (guest->state == GUEST_READING && counts && (!found || guest->number < found->number))
            found = guest;
    }
    return found;
}

/* NULL: nobody gives way. */
static struct guest *find_place(struct control_server *server, const struct guest *guest)
{
    bool too_many_of_user = !is_privileged(guest) && guests_like(server, guest, true, GUEST_NONE) >= GUESTS_OF_USER;
    bool too_many =
        !is_privileged(guest) && guests_like(server, guest, false, GUEST_NONE) >= GUESTS_MAX - GUESTS_RESERVED;
    struct guest *place = too_many_of_user || too_many ? NULL : free_place(server);
    if (!place && (place = slowest(server, guest, too_many_of_user)) != NULL)
        guest_leave(place);
    return place;
}

static void refuse(const struct guest *guest, int code, const char *path)
{
    if (code < 0)
        reply_refuse(guest->fd, "it cannot be seen who asks: %s", pc_strerror(code));
    else if (guest->right == RIGHT_NONE)
        reply_refuse(guest->fd,
                     "user %ld may not ask this daemon: be root, a member of the group of %s, or one of its readers",
                     (long)guest->uid, path);
    else
        reply_refuse(guest->fd, "too many requests wait already: ask again later");
    close(guest->fd);
}

static void read_on(struct guest *guest, int64_t now_ms)
{
    int r = intake_step(&guest->intake, guest->fd, &guest->request);
    if (r > 0) {
        guest->state = GUEST_READY;
        return;
    }
    if (r == -EPROTO)
        reply_refuse(guest->fd, "that is no request of portconform %s", PC_VERSION);
    if (r < 0 || now_ms >= guest->until_ms)
        guest_leave(guest);
}

/* A request that has come whole gives way to nobody who comes after it. */
static void welcome(struct control_server *server, int fd, int64_t now_ms)
{
    struct asker peer = {.uid = 0};
    struct guest *place = NULL;
    int r = asker_of(fd, &peer);
    struct guest guest = {
        .state = GUEST_READING,
        .fd = fd,
        .uid = peer.uid,
        .right = r == 0 ? rights_of(&server->rights, &peer) : RIGHT_NONE,
        .until_ms = now_ms + REQUEST_WITHIN_MS,
        .number = ++server->arrivals,
    };
    free(peer.groups);
    if (guest.right != RIGHT_NONE)
        place = find_place(server, &guest);
    if (!place) {
        refuse(&guest, r, server->place.path);
        return;
    }
    *place = guest;
    read_on(place, now_ms);
}

/* Returns when the socket may be asked again; 0: at any time. */
static int64_t welcome_all(struct control_server *server, int64_t now_ms)
{
    for (int i = 0; i < AT_ONCE; i++) {
        int fd = accept4(server->place.fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            welcome(server, fd, now_ms);
        else if (errno == EAGAIN)
            return 0;
        else if (errno != EINTR && errno != ECONNABORTED)
            return now_ms + OUT_OF_DESCRIPTORS_MS; /* or of memory: the client waits in the backlog */
    }
    return 0;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static size_t count_state(const struct control_server *server, enum guest_state state)
{
    size_t count = 0;
    for (size_t i = 0; i < GUESTS_MAX; i++)
        count += server->guests[i].state == state ? 1 : 0;
    return count;
}

static void read_all(struct control_server *server, int64_t now_ms)
{
    for (size_t i = 0; i < GUESTS_MAX; i++)
        if (server->guests[i].state == GUEST_READING)
            read_on(&server->guests[i], now_ms);
    size_t ready = count_state(server, GUEST_READY);
    for (size_t i = server->idle; i < ready; i++)
        server_add_worker(server);
    if (ready > 0)
        pthread_cond_broadcast(&server->work);
}

/* --- the thread --------------------------------------------------------------------------------------------------- */

struct watched {
    struct pollfd fds[2 + GUESTS_MAX];
    nfds_t count;
    int64_t until_ms;
};

/* `closed_until_ms`: nobody is taken before. */
static void watch_whom(const struct control_server *server, int64_t closed_until_ms, struct watched *ret)
{
    ret->count = 0;
    ret->until_ms = closed_until_ms > 0 ? closed_until_ms : INT64_MAX;
    ret->fds[ret->count++] = (struct pollfd){.fd = server->bell, .events = POLLIN};
    if (closed_until_ms == 0)
        ret->fds[ret->count++] = (struct pollfd){.fd = server->place.fd, .events = POLLIN};
    for (size_t i = 0; i < GUESTS_MAX; i++) {
        const struct guest *guest = &server->guests[i];
        if (guest->state != GUEST_READING)
            continue;
        ret->fds[ret->count++] = (struct pollfd){.fd = guest->fd, .events = POLLIN};
        if (guest->until_ms < ret->until_ms)
            ret->until_ms = guest->until_ms;
    }
}

static int left_of(int64_t until_ms)
{
    if (until_ms == INT64_MAX)
        return -1;
    int64_t left_ms = until_ms - moment_now().mono_ms;
    return left_ms < 0 ? 0 : left_ms > REQUEST_WITHIN_MS ? REQUEST_WITHIN_MS : (int)left_ms;
}

void *reception(void *context)
{
    struct control_server *server = context;
    int64_t closed_until_ms = 0;
    pthread_mutex_lock(&server->lock);
    while (!server->ending) {
        struct watched watched;
        eventfd_t rings;
        watch_whom(server, closed_until_ms, &watched);
        pthread_mutex_unlock(&server->lock);
        (void)poll(watched.fds, watched.count, left_of(watched.until_ms)); /* what it says is looked at again */
        (void)eventfd_read(server->bell, &rings);
        pthread_mutex_lock(&server->lock);
        int64_t now_ms = moment_now().mono_ms;
        if (now_ms >= closed_until_ms)
            closed_until_ms = welcome_all(server, now_ms);
        read_all(server, now_ms);
    }
    server_thread_ends(server);
    pthread_mutex_unlock(&server->lock);
    return NULL;
}
