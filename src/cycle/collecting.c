/* Listeners of hosts that are asked over the network: ordered, waited for like probes, and taken as they come. */
#include "internal.h"

#include "portconform/error.h"
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Agents get no more than a part of what is left: the probes come after them. */
static int64_t deadline_of(const struct cycle *cycle)
{
    int64_t deadline = cycle->options.deadline_mono_ms;
    return deadline == INT64_MAX ? INT64_MAX : cycle->now.mono_ms + (deadline - cycle->now.mono_ms) / 2;
}

bool cycle_asks_remote(const struct cycle_host *host)
{
    return host->planned->host->listeners == LISTENERS_SNMP;
}

/* A look at the table that is replaced, or the second one beside it. */
static struct listener_table **place_of(struct cycle_host *host)
{
    struct cycle *cycle = host->cycle;
    return host->wants_again ? &cycle->seen->hosts[host->index].listeners_again : &host->now.listeners;
}

static void take_table(void *context, struct listener_table *table)
{
    struct cycle_host *host = context;
    struct cycle *cycle = host->cycle;
    host->ordered = false;
    if (table)
        *place_of(host) = table;
    else
        cycle->out_of_memory = true;
    cycle_ended(cycle);
}

/* Its own socket and the engine's, both behind one descriptor. */
static int open_own(struct cycle *cycle)
{
    int r = cycle->options.remote->open(&cycle->remote);
    if (r < 0)
        return r;
    cycle->own_remote = true;
    if (!cycle->own_engine)
        return 0;
    struct epoll_event event = {.events = EPOLLIN};
    cycle->both_fd = epoll_create1(EPOLL_CLOEXEC);
    if (cycle->both_fd < 0 || epoll_ctl(cycle->both_fd, EPOLL_CTL_ADD, probe_engine_fd(cycle->engine), &event) < 0 ||
        epoll_ctl(cycle->both_fd, EPOLL_CTL_ADD, cycle->options.remote->fd(cycle->remote), &event) < 0)
        return -errno;
    return 0;
}

/* The agent answers at an address of its own where one is named, else at the host's first that is no other's. */
static struct address agent_address(const struct plan_host *host)
{
    for (size_t i = 0; i < host->address_count; i++)
        if (host->addresses[i].kind == ADDRESS_OWN)
            return host->addresses[i].address;
    return (struct address){.family = AF_UNSPEC};
}

static int place_order(struct cycle *cycle, struct cycle_host *host)
{
    const struct remote_source *source = cycle->options.remote;
    const struct snmp_access *access = host->planned->host->snmp;
    struct remote_order order = {
        .access = access,
        .address = agent_address(host->planned),
        .deadline_mono_ms = deadline_of(cycle),
        .owners = cycle->options.owners,
        .done = take_table,
        .context = host,
        .group = cycle,
    };
    if (!source || !access)
        return PC_EKIND;
    if (!cycle->remote) {
        cycle->remote = cycle->options.remote_handle;
        int r = cycle->remote ? 0 : open_own(cycle);
        if (r < 0)
            return r;
    }
    int r = source->order(cycle->remote, &order);
    if (r < 0)
        return r;
    host->ordered = true;
    cycle_waits(cycle);
    return 0;
}

int cycle_order(struct cycle *cycle, struct cycle_host *host)
{
    int r = place_order(cycle, host);
    if (r == 0 || r == -ENOMEM)
        return r;
    *place_of(host) = cycle_failed_table("snmp", r, cycle->now);
    return *place_of(host) ? 0 : -ENOMEM;
}

/* Those that were ordered and did not come. 0 or -ENOMEM */
int cycle_cut_orders(struct cycle *cycle)
{
    int r = 0;
    if (cycle->remote)
        cycle->options.remote->cancel(cycle->remote, cycle);
    for (size_t i = 0; i < cycle->host_count; i++) {
        struct cycle_host *host = &cycle->hosts[i];
        if (!host->ordered)
            continue;
        host->ordered = false;
        cycle->outstanding--;
        if (host->wants_again)
            continue;
        host->now.listeners = cycle_failed_table("snmp", PC_EDEADLINE, cycle->now);
        r = host->now.listeners ? r : -ENOMEM;
    }
    return r;
}

void cycle_step_remote(struct cycle *cycle)
{
    if (cycle->own_remote)
        (void)cycle->options.remote->step(cycle->remote, cycle->now);
}

void cycle_close_remote(struct cycle *cycle)
{
    if (cycle->own_remote)
        cycle->options.remote->close(cycle->remote);
    else if (cycle->remote)
        cycle->options.remote->cancel(cycle->remote, cycle);
    if (cycle->both_fd > 0)
        close(cycle->both_fd);
}
