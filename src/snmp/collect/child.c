/* The child: takes orders from its socket, asks many agents at once, sends tables back. */
#include "child.h"

#include "portconform/collect.h"
#include "portconform/error.h"
#include "portconform/text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PARENT = 0,      /* the descriptor */
    JOBS_MAX = 256,  /* agents at once */
    HOST_MS = 60000, /* for one agent, where the order leaves more */
    EVENTS_MAX = 64,
};

struct packet_node {
    struct packet_node *next;
    struct wire_packet packet;
};

static struct child {
    int epoll;
    struct job *jobs;
    size_t job_count;
    struct packet_node *first, **last; /* to be sent */
    bool watches_orders, watches_room;
} child;

/* --- jobs -------------------------------------------------------------------------------------------------------- */

const char *job_agent(const struct job *job, char *buffer, size_t size)
{
    return address_format_port(&job->order.address, job->order.port, buffer, size);
}

void job_fail(struct job *job, int error, const char *format, ...)
{
    va_list args;
    if (job->state == JOB_ENDED)
        return;
    va_start(args, format);
    job->table->note = arena_vprintf(job->arena, format, args);
    va_end(args);
    job->table->status = LISTENERS_FAILED;
    job->table->error = error;
    job->state = JOB_ENDED;
}

static void job_free(struct job *job)
{
    collect_session_close(job);
    reading_done(&job->reading);
    wire_order_wipe(&job->order);
    arena_free(job->arena);
    free(job);
}

static struct job *job_new(const struct wire_order *order, int64_t now_ms)
{
    struct job *job = calloc(1, sizeof(*job));
    if (!job)
        return NULL;
    job->order = *order;
    job->fd = -1;
    job->arena = arena_new();
    job->table = job->arena ? ARENA_NEW(job->arena, struct listener_table) : NULL;
    if (!job->table) {
        job_free(job);
        return NULL;
    }
    job->table->arena = job->arena;
    job->table->taken.mono_ms = job->began_ms = now_ms;
    job->table->stale_ms = (int64_t)order->cache_s * 1000;
    job->deadline_ms = order->deadline_mono_ms < now_ms + HOST_MS ? order->deadline_mono_ms : now_ms + HOST_MS;
    job->due_ms = INT64_MAX;
    job->state = order->version == ACCESS_V3 ? JOB_DISCOVERING : JOB_READING;
    struct reading_options options = {
        .bulk = order->version != ACCESS_V1, .owners = order->owners, .port = order->port};
    reading_begin(&job->reading, &options, job->arena);
    return job;
}

/* --- answers ----------------------------------------------------------------------------------------------------- */

static void set_events(void)
{
    bool orders = child.job_count < JOBS_MAX, room = child.first != NULL;
    if (orders == child.watches_orders && room == child.watches_room)
        return;
    child.watches_orders = orders;
    child.watches_room = room;
    struct epoll_event event = {.events = (orders ? EPOLLIN : 0u) | (room ? EPOLLOUT : 0u)};
    (void)epoll_ctl(child.epoll, EPOLL_CTL_MOD, PARENT, &event);
}

/* The parent waits no longer: so does nobody. */
static void flush(void)
{
    while (child.first) {
        struct packet_node *node = child.first;
        ssize_t sent = send(PARENT, node->packet.octets, node->packet.length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS))
            break;
        if (sent < 0)
            _exit(1);
        child.first = node->next;
        if (!child.first)
            child.last = &child.first;
        free(node);
    }
}

/* Without memory for an answer the parent is better told by our end than not at all. */
static struct wire_packet *new_packet(void)
{
    struct packet_node *node = malloc(sizeof(*node));
    if (!node)
        _exit(1);
    node->next = NULL;
    *child.last = node;
    child.last = &node->next;
    return &node->packet;
}

static const char *level_text(const struct wire_order *order)
{
    return order->auth == ACCESS_AUTH_NONE   ? "neither authenticated nor encrypted"
           : order->priv == ACCESS_PRIV_NONE ? "authenticated, not encrypted"
                                             : "authenticated and encrypted";
}

static int describe(const struct job *job, struct text *out)
{
    static const char *const versions[] = {[ACCESS_V1] = "SNMPv1", [ACCESS_V2C] = "SNMPv2c", [ACCESS_V3] = "SNMPv3"};
    char agent[ADDRESS_TEXT + 16];
    text_printf(out, "%s at %s", versions[job->order.version], job_agent(job, agent, sizeof(agent)));
    if (job->order.version == ACCESS_V3) {
        text_printf(out, " (%s, engine ", level_text(&job->order));
        for (size_t i = 0; i < job->engine_length; i++)
            text_printf(out, "%02x", job->engine[i]);
        text_add(out, ")");
    }
    return out->failed ? -ENOMEM : 0;
}

static const char *why_nothing(const struct reading *reading)
{
    if (reading->refused)
        return "refuses: this user may not read TCP-MIB and UDP-MIB, or not at this level of security";
    if (reading->cut_reason)
        return reading->cut_reason;
    return "tells neither TCP nor UDP sockets: not supported, or hidden by its view";
}

/* An agent that answers and tells nothing at all is no source. */
static void conclude(struct job *job)
{
    struct text how = {0};
    char agent[ADDRESS_TEXT + 16];
    if (job->reading.listeners.count == 0) {
        job_fail(job, job->reading.refused ? -EACCES : -ENODATA, "%s answers, but %s",
                 job_agent(job, agent, sizeof(agent)), why_nothing(&job->reading));
        return;
    }
    if (describe(job, &how) < 0 || reading_finish(&job->reading, job->table, text_string(&how)) < 0)
        job_fail(job, -ENOMEM, "out of memory");
    job->state = JOB_ENDED;
    text_done(&how);
}

static void answer(const struct job *job)
{
    size_t row = 0;
    while (job->table->status == LISTENERS_SEEN && row < job->table->count)
        row = wire_put_rows(new_packet(), job->order.id, job->table, row);
    wire_put_end(new_packet(), job->order.id, job->table);
}

/* --- on and on --------------------------------------------------------------------------------------------------- */

static int watch(struct job *job)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = job};
    if (epoll_ctl(child.epoll, EPOLL_CTL_ADD, job->fd, &event) == 0)
        return 0;
    job_fail(job, -errno, "the session cannot be watched");
    return -1;
}

/* As far as it can without waiting. The session that asked for the engine's id is nobody's. */
static void advance(struct job *job)
{
    while (job->state != JOB_ENDED && !job->under_way) {
        if (job->discovers && job->state == JOB_READING)
            collect_session_close(job);
        if (!job->session && (collect_session_open(job) < 0 || watch(job) < 0))
            return;
        if (!session_ask(job)) {
            conclude(job);
            return;
        }
    }
}

static void end_in_time(struct job *job, int64_t now_ms)
{
    char agent[ADDRESS_TEXT + 16];
    if (now_ms < job->deadline_ms || job->state == JOB_ENDED)
        return;
    if (!job->reading.answered) {
        job_fail(job, PC_EDEADLINE, "%s had not answered when time was up", job_agent(job, agent, sizeof(agent)));
        return;
    }
    reading_missed(&job->reading, "time was up", true);
    conclude(job);
}

static void take_order(const struct wire_order *order)
{
    struct job *job = job_new(order, moment_now().mono_ms);
    if (!job)
        _exit(1);
    job->next = child.jobs;
    child.jobs = job;
    child.job_count++;
    advance(job);
}

static void take_orders(void)
{
    struct wire_order order;
    while (child.job_count < JOBS_MAX) {
        ssize_t length = recv(PARENT, &order, sizeof(order), MSG_DONTWAIT);
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0 && errno == EAGAIN)
            break;
        if (length != (ssize_t)sizeof(order)) /* the end: the parent is done with us, or gone */
            _exit(length == 0 ? 0 : 1);
        take_order(&order);
        wire_order_wipe(&order);
    }
}

/* Tells what has ended; nobody refers to those jobs any more. */
static void sweep(void)
{
    struct job **at = &child.jobs;
    while (*at) {
        struct job *job = *at;
        if (job->state != JOB_ENDED) {
            at = &job->next;
            continue;
        }
        answer(job);
        *at = job->next;
        child.job_count--;
        job_free(job);
    }
}

static int until_next(int64_t now_ms)
{
    int64_t due = INT64_MAX;
    for (const struct job *job = child.jobs; job; job = job->next) {
        due = job->due_ms < due ? job->due_ms : due;
        due = job->deadline_ms < due ? job->deadline_ms : due;
    }
    int64_t left = due - now_ms;
    return due == INT64_MAX ? -1 : left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

static void look_at_clock(void)
{
    int64_t now_ms = moment_now().mono_ms;
    for (struct job *job = child.jobs; job; job = job->next) {
        if (job->session && job->state != JOB_ENDED)
            session_timer(job, now_ms);
        end_in_time(job, now_ms);
        advance(job);
    }
}

static int serve(void)
{
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        int count = epoll_wait(child.epoll, events, EVENTS_MAX, until_next(moment_now().mono_ms));
        if (count < 0 && errno != EINTR)
            return 1;
        for (int i = 0; i < count; i++) {
            struct job *job = events[i].data.ptr;
            if (job && job->session && job->state != JOB_ENDED) {
                session_readable(job);
                advance(job);
            } else if (!job) {
                take_orders();
            }
        }
        look_at_clock();
        sweep();
        flush();
        set_events();
    }
}

/* Nothing of what it holds is for others to read. */
static void withdraw(void)
{
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)close_range(STDERR_FILENO + 1, ~0U, 0);
}

int collector_child(void)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    withdraw();
    child.last = &child.first;
    child.watches_orders = true;
    child.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (child.epoll < 0 || epoll_ctl(child.epoll, EPOLL_CTL_ADD, PARENT, &event) < 0)
        return 1;
    session_start();
    return serve();
}
