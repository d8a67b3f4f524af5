/* Descriptors: every one that a probe waits on has a slot, and a socket that has done its work may be used again.
 *
 *     TCP: connect(AF_UNSPEC) resets the connection (no TIME_WAIT on either side) and makes the socket new; it stays in
 *          the epoll set, edge-triggered, since a reset socket is always ready. Its last state may still wake us: an
 *          idle socket's event is nobody's, and once it calls again the kernel tells the state that it then has.
 *     UDP: an unconnected socket only has to be empty. What comes late for an earlier probe is told apart by where it
 *          comes from, and by the place that a report says the datagram was sent to. Where both agree and the answer is
 *          still not the one that is waited for, the question is put again from a new port (slots_renew).
 *
 * Half of the calls to the kernel are saved that way. A socket that a kind went on to use for more than the connection,
 * or of which a report was read, is closed. */
#include "slots.h"

#include "portconform/vector.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { IDLE_MAX = 8192 }; /* of each kind and family */

static struct slot_stack *idle_stack(struct probe_engine *engine, enum slot_use use, sa_family_t family)
{
    size_t first = use == SLOT_UDP ? 4 : use == SLOT_TCP_QUIET ? 2 : 0;
    return &engine->idle[first + (family == AF_INET6 ? 1 : 0)];
}

bool slots_left(const struct probe_engine *engine)
{
    size_t idle = 0;
    for (size_t i = 0; i < sizeof(engine->idle) / sizeof(engine->idle[0]); i++)
        idle += engine->idle[i].count;
    return engine->open_count < engine->descriptors + idle;
}

/* --- closing ----------------------------------------------------------------------------------------------------- */

/* It leaves epoll by name: a child process that is just being started may still hold a copy, and closing alone would
 * leave the event behind. The stack of free slots has room: slot_new() made it. */
static void close_slot(struct probe_engine *engine, uint32_t index)
{
    struct probe_slot *slot = &engine->slots[index];
    (void)epoll_ctl(engine->epoll_fd, EPOLL_CTL_DEL, slot->fd, NULL);
    (void)close(slot->fd);
    engine->open_count--;
    slot->fd = -1;
    slot->probe = NULL;
    slot->generation++;
    engine->free_slots.items[engine->free_slots.count++] = index;
}

static bool close_one_idle(struct probe_engine *engine)
{
    for (size_t i = 0; i < sizeof(engine->idle) / sizeof(engine->idle[0]); i++) {
        if (engine->idle[i].count == 0)
            continue;
        close_slot(engine, engine->idle[i].items[--engine->idle[i].count]);
        return true;
    }
    return false;
}

/* --- opening ----------------------------------------------------------------------------------------------------- */

static int more_room(struct probe_engine *engine)
{
    uint32_t capacity = engine->slot_capacity ? engine->slot_capacity * 2 : 64;
    struct probe_slot *slots = reallocarray(engine->slots, capacity, sizeof(*slots));
    if (!slots)
        return -ENOMEM;
    engine->slots = slots;
    uint32_t *items = reallocarray(engine->free_slots.items, capacity, sizeof(*items));
    if (!items)
        return -ENOMEM;
    engine->free_slots.items = items;
    engine->slot_capacity = capacity;
    return 0;
}

static int slot_new(struct probe_engine *engine, uint32_t *ret)
{
    if (engine->free_slots.count > 0) {
        *ret = engine->free_slots.items[--engine->free_slots.count];
        return 0;
    }
    if (engine->slot_count == engine->slot_capacity && more_room(engine) < 0)
        return -ENOMEM;
    *ret = engine->slot_count++;
    engine->slots[*ret] = (struct probe_slot){.fd = -1};
    return 0;
}

int slots_add(struct probe *probe, int fd, uint32_t epoll_events, enum slot_use use)
{
    struct probe_engine *engine = probe->engine;
    uint32_t index;
    int r = slot_new(engine, &index);
    if (r < 0) {
        (void)close(fd);
        return r;
    }
    struct probe_slot *slot = &engine->slots[index];
    struct epoll_event event = {.events = epoll_events, .data.u64 = (uint64_t)slot->generation << 32 | index};
    *slot = (struct probe_slot){.fd = fd, .generation = slot->generation, .probe = probe, .use = use};
    engine->open_count++;
    if (engine->open_count > engine->descriptors)
        (void)close_one_idle(engine);
    if (epoll_ctl(engine->epoll_fd, EPOLL_CTL_ADD, fd, &event)) {
        r = -errno;
        close_slot(engine, index);
        return r;
    }
    if (probe->slot != NO_SLOT)
        close_slot(engine, probe->slot);
    probe->slot = index;
    return 0;
}

/* The newest idle socket, unless it is bound elsewhere. */
static bool take_idle(struct probe *probe, enum slot_use use)
{
    struct probe_engine *engine = probe->engine;
    const struct probe_request *request = &probe->request;
    struct slot_stack *idle = idle_stack(engine, use, request->target.family);
    if (idle->count == 0)
        return false;
    uint32_t index = idle->items[idle->count - 1];
    struct probe_slot *slot = &engine->slots[index];
    /* a datagram to the port that it comes from would come back to us on this machine */
    if (!address_equal(&slot->source, &request->source) || (use == SLOT_UDP && slot->own_port == request->port))
        return false;
    idle->count--;
    slot->used = true;
    slot->probe = probe;
    probe->slot = index;
    return true;
}

static int open_socket(const struct probe_request *request, enum slot_use use, uint16_t *ret_port)
{
    return use == SLOT_UDP ? socket_open_udp(request, ret_port) : socket_open_tcp(request, use == SLOT_TCP_QUIET);
}

static int take_new(struct probe *probe, enum slot_use use)
{
    struct probe_engine *engine = probe->engine;
    const struct probe_request *request = &probe->request;
    if (engine->open_count >= engine->descriptors)
        (void)close_one_idle(engine);
    uint16_t own_port = 0;
    int fd = open_socket(request, use, &own_port);
    if ((fd == -EMFILE || fd == -ENFILE || fd == -EADDRINUSE) && close_one_idle(engine))
        fd = open_socket(request, use, &own_port);
    if (fd < 0)
        return fd;
    int r = slots_add(probe, fd, use == SLOT_UDP ? EPOLLIN : EPOLLOUT | EPOLLET, use);
    if (r < 0)
        return r;
    struct probe_slot *slot = &engine->slots[probe->slot];
    slot->family = request->target.family;
    slot->source = request->source;
    slot->own_port = own_port;
    struct stat status;
    if (use == SLOT_UDP && fstat(fd, &status) == 0)
        slot->inode = status.st_ino;
    slot->limits_count = engine->limits_count;
    return 0;
}

int slots_take(struct probe *probe, enum slot_use use)
{
    if (socket_lacks_zone(&probe->request.target))
        return -ENETUNREACH;
    return take_idle(probe, use) ? 0 : take_new(probe, use);
}

int slots_replace(struct probe *probe)
{
    return take_new(probe, probe->engine->slots[probe->slot].use);
}

int slots_renew(struct probe *probe)
{
    if (!probe->engine->slots[probe->slot].used)
        return 0;
    int r = slots_replace(probe);
    return r < 0 ? r : 1;
}

void slots_once(struct probe *probe)
{
    if (probe->slot != NO_SLOT)
        probe->engine->slots[probe->slot].use = SLOT_ONCE;
}

/* --- using again ------------------------------------------------------------------------------------------------- */

/* It leaves an error behind on the socket, which a call that leaves this machine takes away. */
static bool renew_tcp(int fd)
{
    const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    return connect(fd, &nobody, sizeof(nobody)) == 0;
}

/* Of a probe that ended in trouble, or by a report (there may be more of them), the socket is not used again. */
static bool is_clean(const struct probe *probe)
{
    const struct probe_result *result = &probe->result;
    return probe->ended && result->outcome != PROBE_LOCAL &&
           (probe->engine->slots[probe->slot].use == SLOT_UDP || !result->icmp.seen);
}

void slots_give_back(struct probe *probe)
{
    struct probe_engine *engine = probe->engine;
    if (probe->slot == NO_SLOT)
        return;
    uint32_t index = probe->slot;
    struct probe_slot *slot = &engine->slots[index];
    struct slot_stack *idle = idle_stack(engine, slot->use, slot->family);
    bool again = slot->use != SLOT_ONCE && is_clean(probe) && idle->count < IDLE_MAX &&
                 slot->limits_count == engine->limits_count && (slot->use == SLOT_UDP || renew_tcp(slot->fd));
    uint32_t *place = again ? VECTOR_PUSH(idle) : NULL;
    probe->slot = NO_SLOT;
    slot->probe = NULL;
    if (place)
        *place = index;
    else
        close_slot(engine, index);
}

/* --- events ------------------------------------------------------------------------------------------------------ */

static void drop_idle(struct probe_engine *engine, uint32_t index)
{
    const struct probe_slot *slot = &engine->slots[index];
    struct slot_stack *idle = idle_stack(engine, slot->use, slot->family);
    size_t at = 0;
    while (at < idle->count && idle->items[at] != index)
        at++;
    if (at == idle->count)
        return;
    idle->items[at] = idle->items[--idle->count];
    close_slot(engine, index);
}

struct probe *slots_probe_of(struct probe_engine *engine, uint64_t epoll_data)
{
    uint32_t index = (uint32_t)epoll_data;
    if (index >= engine->slot_count)
        return NULL;
    const struct probe_slot *slot = &engine->slots[index];
    if (slot->generation != (uint32_t)(epoll_data >> 32))
        return NULL;
    /* a datagram that came too late: an idle socket has to be empty */
    if (!slot->probe && slot->use == SLOT_UDP)
        drop_idle(engine, index);
    return slot->probe;
}

void slots_close_idle_udp(struct probe_engine *engine)
{
    static const sa_family_t families[] = {AF_INET, AF_INET6};
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        struct slot_stack *idle = idle_stack(engine, SLOT_UDP, families[i]);
        while (idle->count > 0)
            close_slot(engine, idle->items[--idle->count]);
    }
}

static int compare_inodes(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

int probe_engine_sockets(const struct probe_engine *engine, uint64_t **ret, size_t *ret_count)
{
    size_t count = 0;
    for (uint32_t i = 0; i < engine->slot_count; i++)
        count += engine->slots[i].fd >= 0 && engine->slots[i].inode != 0;
    uint64_t *inodes = count > 0 ? calloc(count, sizeof(*inodes)) : NULL;
    if (count > 0 && !inodes)
        return -ENOMEM;
    size_t filled = 0;
    for (uint32_t i = 0; i < engine->slot_count; i++)
        if (engine->slots[i].fd >= 0 && engine->slots[i].inode != 0)
            inodes[filled++] = engine->slots[i].inode;
    if (count > 0)
        qsort(inodes, count, sizeof(*inodes), compare_inodes);
    *ret = inodes;
    *ret_count = count;
    return 0;
}

bool slots_close_idle(struct probe_engine *engine)
{
    bool some = false;
    while (close_one_idle(engine))
        some = true;
    return some;
}

void slots_done(struct probe_engine *engine)
{
    (void)slots_close_idle(engine);
    for (size_t i = 0; i < sizeof(engine->idle) / sizeof(engine->idle[0]); i++)
        VECTOR_DONE(&engine->idle[i]);
    VECTOR_DONE(&engine->free_slots);
    free(engine->slots);
}
