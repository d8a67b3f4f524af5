/* The parent's side: orders go to the child, tables come back; what a child took with it goes to the next one.
 *
 *     WAITING --packet sent--> SENT --rows, end--> FINISHED --done()--> gone
 *        `--deadline, no child----`--deadline, child died twice--'
 */
#include "portconform/collect.h"

#include "portconform/error.h"
#include "portconform/vector.h"
#include "process.h"
#include "wire.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SENT_MAX = 512,          /* orders in the child's hands */
    ORDERS_PER_CHILD = 5000, /* then a new one: net-snmp keeps what it learns of each engine and user */
    IDLE_MS = 5000,
    GRACE_MS = 1000, /* the child tells at the deadline what it has; this much later it is not waited for */
    HUNG_MS = 2000,  /* nor is a child that then says nothing at all: it hangs, or somebody has stopped it */
    PACKETS_PER_STEP = 256,
};

struct order {
    TAILQ_ENTRY(order) link;
    struct wire_order *wire; /* until its end: another child may have to be asked */
    bool again;              /* it is the second one that is asked */
    uint64_t id;
    int64_t deadline_mono_ms;
    void (*done)(void *context, struct listener_table *table);
    void *context;
    const void *group;
    struct listener_table *table; /* being filled; NULL when out of memory */
    struct wire_rows rows;
};
TAILQ_HEAD(orders, order);

struct collector {
    int epoll;
    struct spawned child;
    bool wants_room; /* a packet did not fit into the socket */
    struct orders waiting, sent, finished;
    size_t sent_count, sent_to_child;
    uint64_t next_id;
    int64_t idle_since_ms; /* monotonic; 0: not idle */
    int64_t mute_since_ms; /* monotonic; nothing has come since an answer was overdue; 0: all is well */
    int64_t due_ms;        /* no deadline is earlier */
};

static const char ended[] = "the collector process ended before it had an answer";
static const char hung[] = "the collector process hung, and was ended";

/* --- orders ------------------------------------------------------------------------------------------------------ */

static void wire_free(struct wire_order *wire)
{
    if (!wire)
        return;
    wire_order_wipe(wire);
    free(wire);
}

static void order_free(struct order *order)
{
    wire_free(order->wire);
    listener_table_free(order->table);
    VECTOR_DONE(&order->rows);
    free(order);
}

static void finish(struct collector *collector, struct order *order, struct orders *from)
{
    TAILQ_REMOVE(from, order, link);
    if (from == &collector->sent)
        collector->sent_count--;
    TAILQ_INSERT_TAIL(&collector->finished, order, link);
}

static void fail(struct collector *collector, struct order *order, struct orders *from, int error, const char *note)
{
    if (order->table)
        listener_table_fail(order->table, error, note);
    finish(collector, order, from);
}

static void fail_all(struct collector *collector, struct orders *from, int error, const char *note)
{
    struct order *order;
    while ((order = TAILQ_FIRST(from)))
        fail(collector, order, from, error, note);
}

/* --- the child --------------------------------------------------------------------------------------------------- */

static void watch(struct collector *collector, int operation)
{
    struct epoll_event event = {.events = EPOLLIN | (collector->wants_room ? EPOLLOUT : 0u)};
    (void)epoll_ctl(collector->epoll, operation, collector->child.fd, &event);
}

static void end_child(struct collector *collector)
{
    spawn_end(&collector->child);
    collector->wants_room = false;
    collector->sent_to_child = 0;
    collector->idle_since_ms = collector->mute_since_ms = 0;
}

static bool ensure_child(struct collector *collector)
{
    if (collector->child.pid > 0)
        return true;
    int r = spawn_child(&collector->child);
    if (r < 0) {
        fail_all(collector, &collector->waiting, r, "the collector process could not be started");
        return false;
    }
    watch(collector, EPOLL_CTL_ADD);
    return true;
}

/* What a child took with it is asked of the next one, once: an answer that breaks children breaks no more than two. */
static bool begin_again(struct order *order)
{
    struct listener_table *table =
        order->again ? NULL : listener_table_new(collector_source.name, (struct moment){.wall_ms = 0});
    if (!table)
        return false;
    listener_table_free(order->table);
    order->table = table;
    VECTOR_DONE(&order->rows);
    order->again = true;
    return true;
}

static void lose_child(struct collector *collector, const char *why)
{
    struct order *order;
    end_child(collector);
    while ((order = TAILQ_LAST(&collector->sent, orders))) {
        if (!begin_again(order)) {
            fail(collector, order, &collector->sent, -EPIPE, why);
            continue;
        }
        TAILQ_REMOVE(&collector->sent, order, link);
        collector->sent_count--;
        TAILQ_INSERT_HEAD(&collector->waiting, order, link);
    }
}

static void set_wants_room(struct collector *collector, bool wants)
{
    if (collector->wants_room == wants)
        return;
    collector->wants_room = wants;
    watch(collector, EPOLL_CTL_MOD);
}

/* A child that has served its time gets no more, and is replaced when all that it has is told. */
static bool may_send(struct collector *collector)
{
    if (collector->sent_count >= SENT_MAX)
        return false;
    if (collector->sent_to_child < ORDERS_PER_CHILD)
        return true;
    if (collector->sent_count > 0)
        return false;
    end_child(collector);
    return true;
}

static void send_orders(struct collector *collector)
{
    struct order *order;
    while ((order = TAILQ_FIRST(&collector->waiting)) && may_send(collector) && ensure_child(collector)) {
        ssize_t sent = send(collector->child.fd, order->wire, sizeof(*order->wire), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS)) {
            set_wants_room(collector, true);
            return;
        }
        if (sent < 0) {
            int error = -errno;
            if (!begin_again(order))
                fail(collector, order, &collector->waiting, error, "the collector process takes no orders");
            lose_child(collector, ended);
            continue;
        }
        TAILQ_REMOVE(&collector->waiting, order, link);
        TAILQ_INSERT_TAIL(&collector->sent, order, link);
        collector->sent_count++;
        collector->sent_to_child++;
    }
    if (collector->child.fd >= 0)
        set_wants_room(collector, false);
}

/* --- what comes back --------------------------------------------------------------------------------------------- */

static struct order *find_sent(struct collector *collector, uint64_t id)
{
    struct order *order;
    TAILQ_FOREACH(order, &collector->sent, link)
    if (order->id == id)
        return order;
    return NULL;
}

static int take_rows_of(struct order *order)
{
    struct listener_table *table = order->table;
    table->items = ARENA_ARRAY(table->arena, struct listener, order->rows.count);
    if (!table->items)
        return -ENOMEM;
    if (order->rows.count > 0)
        memcpy(table->items, order->rows.items, order->rows.count * sizeof(*table->items));
    table->count = order->rows.count;
    listener_table_sort(table);
    return 0;
}

/* The child's clock is ours; the wall clock is told from here. */
static int take_end(struct order *order, const uint8_t *octets, size_t length, struct moment now)
{
    int r = wire_get_end(octets, length, order->table);
    if (r < 0)
        return r;
    int64_t age_ms = now.mono_ms - order->table->taken.mono_ms;
    order->table->taken.wall_ms = now.wall_ms - (age_ms > 0 ? age_ms : 0);
    if (age_ms < 0)
        order->table->taken.mono_ms = now.mono_ms;
    return order->table->status == LISTENERS_SEEN ? take_rows_of(order) : 0;
}

/* False: the child cannot be believed any more. */
static bool take_packet(struct collector *collector, const uint8_t *octets, size_t length, struct moment now)
{
    struct wire_head head;
    if (wire_get_head(octets, length, &head) < 0)
        return false;
    struct order *order = find_sent(collector, head.id);
    if (!order)
        return true; /* cancelled, or not waited for any more */
    int r = 0;
    if (head.kind == WIRE_ROWS)
        r = wire_get_rows(octets, length, order->table->arena, &order->rows);
    else
        r = take_end(order, octets, length, now);
    if (r == -EBADMSG)
        return false;
    if (r < 0)
        fail(collector, order, &collector->sent, r, NULL);
    else if (head.kind == WIRE_END)
        finish(collector, order, &collector->sent);
    return true;
}

static void receive(struct collector *collector, struct moment now)
{
    uint8_t octets[WIRE_PACKET_MAX];
    for (int i = 0; i < PACKETS_PER_STEP && collector->child.fd >= 0; i++) {
        ssize_t length = recv(collector->child.fd, octets, sizeof(octets), MSG_DONTWAIT);
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0 && errno == EAGAIN)
            return;
        if (length <= 0 || !take_packet(collector, octets, (size_t)length, now))
            lose_child(collector, ended);
        collector->mute_since_ms = 0;
    }
}

/* --- time -------------------------------------------------------------------------------------------------------- */

static int64_t end_of_patience(const struct order *order)
{
    return order->deadline_mono_ms > INT64_MAX - GRACE_MS ? INT64_MAX : order->deadline_mono_ms + GRACE_MS;
}

static void expire(struct collector *collector, struct orders *from, int64_t now_ms)
{
    struct order *order = TAILQ_FIRST(from);
    while (order) {
        struct order *next = TAILQ_NEXT(order, link);
        int64_t due = from == &collector->waiting ? order->deadline_mono_ms : end_of_patience(order);
        if (due <= now_ms) {
            if (from == &collector->sent && collector->mute_since_ms == 0)
                collector->mute_since_ms = now_ms;
            fail(collector, order, from, PC_EDEADLINE, NULL);
        } else if (due < collector->due_ms)
            collector->due_ms = due;
        order = next;
    }
}

static void note_silence(struct collector *collector, int64_t now_ms)
{
    if (collector->mute_since_ms == 0)
        return;
    int64_t due = collector->mute_since_ms + HUNG_MS;
    if (due <= now_ms)
        lose_child(collector, hung);
    else if (due < collector->due_ms)
        collector->due_ms = due;
}

static void note_idleness(struct collector *collector, int64_t now_ms)
{
    bool busy = collector->sent_count > 0 || !TAILQ_EMPTY(&collector->waiting);
    if (busy || collector->child.pid == 0)
        collector->idle_since_ms = 0;
    else if (collector->idle_since_ms == 0)
        collector->idle_since_ms = now_ms;
    else if (now_ms - collector->idle_since_ms >= IDLE_MS)
        end_child(collector);
}

/* --- the source -------------------------------------------------------------------------------------------------- */

static int collector_open(void **ret)
{
    struct collector *collector = calloc(1, sizeof(*collector));
    if (!collector)
        return -ENOMEM;
    collector->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (collector->epoll < 0) {
        int r = -errno;
        free(collector);
        return r;
    }
    collector->child.fd = -1;
    collector->due_ms = INT64_MAX;
    TAILQ_INIT(&collector->waiting);
    TAILQ_INIT(&collector->sent);
    TAILQ_INIT(&collector->finished);
    *ret = collector;
    return 0;
}

static void drop(struct collector *collector, struct orders *from, const void *group, bool all)
{
    struct order *order = TAILQ_FIRST(from);
    while (order) {
        struct order *next = TAILQ_NEXT(order, link);
        if (all || order->group == group) {
            TAILQ_REMOVE(from, order, link);
            collector->sent_count -= from == &collector->sent;
            order_free(order);
        }
        order = next;
    }
}

static void collector_close(void *remote)
{
    struct collector *collector = remote;
    if (!collector)
        return;
    spawn_end(&collector->child);
    drop(collector, &collector->waiting, NULL, true);
    drop(collector, &collector->sent, NULL, true);
    drop(collector, &collector->finished, NULL, true);
    close(collector->epoll);
    free(collector);
}

/* The child may still be busy with what was sent: its answer then belongs to nobody. */
static void collector_cancel(void *remote, const void *group)
{
    struct collector *collector = remote;
    drop(collector, &collector->waiting, group, false);
    drop(collector, &collector->sent, group, false);
    drop(collector, &collector->finished, group, false);
}

static int collector_order(void *remote, const struct remote_order *wanted)
{
    struct collector *collector = remote;
    struct order *order = calloc(1, sizeof(*order));
    if (!order)
        return -ENOMEM;
    order->wire = calloc(1, sizeof(*order->wire));
    order->table = listener_table_new(collector_source.name, (struct moment){.wall_ms = 0}); /* taken: not yet */
    int r = order->wire && order->table ? wire_order_make(wanted, collector->next_id + 1, order->wire) : -ENOMEM;
    if (r < 0) {
        order_free(order);
        return r;
    }
    order->id = ++collector->next_id;
    order->deadline_mono_ms = wanted->deadline_mono_ms;
    order->done = wanted->done;
    order->context = wanted->context;
    order->group = wanted->group;
    TAILQ_INSERT_TAIL(&collector->waiting, order, link);
    collector->due_ms = 0;
    return 0;
}

static int collector_fd(const void *remote)
{
    return ((const struct collector *)remote)->epoll;
}

static int64_t collector_next_ms(const void *remote)
{
    const struct collector *collector = remote;
    int64_t due = TAILQ_EMPTY(&collector->finished) ? collector->due_ms : 0;
    int64_t idle = collector->idle_since_ms > 0 ? collector->idle_since_ms + IDLE_MS : INT64_MAX;
    return due < idle ? due : idle;
}

/* `done` may order and cancel. */
static void tell_finished(struct collector *collector)
{
    struct order *order;
    while ((order = TAILQ_FIRST(&collector->finished))) {
        TAILQ_REMOVE(&collector->finished, order, link);
        struct listener_table *table = order->table;
        order->table = NULL;
        order->done(order->context, table);
        order_free(order);
    }
}

static size_t collector_step(void *remote, struct moment now)
{
    struct collector *collector = remote;
    struct order *order;
    receive(collector, now);
    collector->due_ms = INT64_MAX;
    expire(collector, &collector->waiting, now.mono_ms);
    expire(collector, &collector->sent, now.mono_ms);
    note_silence(collector, now.mono_ms);
    send_orders(collector);
    TAILQ_FOREACH(order, &collector->finished, link)
    if (order->table && order->table->taken.wall_ms == 0)
        order->table->taken = now;
    tell_finished(collector);
    note_idleness(collector, now.mono_ms);
    size_t open = collector->sent_count;
    TAILQ_FOREACH(order, &collector->waiting, link)
    open++;
    return open;
}

const struct remote_source collector_source = {
    .name = "snmp",
    .open = collector_open,
    .close = collector_close,
    .order = collector_order,
    .cancel = collector_cancel,
    .fd = collector_fd,
    .next_ms = collector_next_ms,
    .step = collector_step,
};
