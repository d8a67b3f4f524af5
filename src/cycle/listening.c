/* The listener phases: one table a step, so that a daemon's loop stays lively between them. */
#include "internal.h"

#include "portconform/error.h"
#include "portconform/text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Nobody could look: the reason is part of the observation, our own trouble. */
struct listener_table *cycle_failed_table(const char *source, int error, struct moment now)
{
    struct listener_table *table = listener_table_new(source, now);
    if (table)
        listener_table_fail(table, error, NULL);
    return table;
}

static struct listener_table *shared_kernel(const struct cycle *cycle, const char *netns, bool again)
{
    for (size_t i = 0; i < cycle->tables.count; i++) {
        const struct cycle_table *known = &cycle->tables.items[i];
        if (known->kernel && known->again == again && text_equal(known->netns, netns))
            return known->table;
    }
    return NULL;
}

static int collect(struct cycle *cycle, const struct plan_host *host, const char *name, struct listener_table **ret)
{
    const struct listener_source *source = listener_source_find(name);
    if (!source) {
        *ret = cycle_failed_table(name, PC_EKIND, cycle->now);
        return *ret ? 0 : -ENOMEM;
    }
    uint64_t *own_sockets;
    size_t own_socket_count;
    int r = probe_engine_sockets(cycle->engine, &own_sockets, &own_socket_count);
    if (r < 0)
        return r;
    struct listener_request request = {
        .netns = host->host->listeners == LISTENERS_KERNEL ? host->host->netns : NULL,
        .file = host->host->listener_file,
        .owners = cycle->options.owners,
        .known = cycle->options.known_owners,
        .helper = cycle->options.helper,
        .own_sockets = own_sockets,
        .own_socket_count = own_socket_count,
        .now = cycle->now,
        .deadline_mono_ms = cycle->options.deadline_mono_ms,
    };
    r = source->collect(&request, ret);
    free(own_sockets);
    return r;
}

/* The host's table, new or shared, with a reference for the host; NULL with 0 where no source is named. */
static int look(struct cycle *cycle, const struct plan_host *host, bool again, struct listener_table **ret)
{
    const char *name = cycle_source_name(host);
    if (!name)
        return 0;
    bool kernel = strcmp(name, "kernel") == 0;
    const char *netns = host->host->listeners == LISTENERS_KERNEL ? host->host->netns : NULL;
    struct listener_table *table = kernel ? shared_kernel(cycle, netns, again) : NULL;
    if (!table) {
        struct cycle_table *slot = VECTOR_PUSH(&cycle->tables);
        if (!slot)
            return -ENOMEM;
        *slot = (struct cycle_table){.netns = netns, .kernel = kernel, .again = again};
        int r = collect(cycle, host, name, &slot->table);
        if (r == -ENOMEM || !slot->table)
            return -ENOMEM;
        table = slot->table;
    }
    *ret = listener_table_ref(table);
    return 0;
}

/* Those that take their time first, all at once. */
static int order_all(struct cycle *cycle)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < cycle->host_count; i++)
        if (cycle_asks_remote(&cycle->hosts[i]))
            r = cycle_order(cycle, &cycle->hosts[i]);
    return r;
}

int cycle_phase_listeners(struct cycle *cycle)
{
    if (cycle->plan->acceptance) /* the responder's sockets, and no word about the product to come */
        return PHASE_OVER;
    int ordered = cycle->next_host == 0 ? order_all(cycle) : 0;
    if (ordered < 0)
        return ordered;
    while (cycle->next_host < cycle->host_count) {
        struct cycle_host *host = &cycle->hosts[cycle->next_host++];
        if (cycle_asks_remote(host))
            continue;
        size_t before = cycle->tables.count;
        int r = look(cycle, host->planned, false, &host->now.listeners);
        if (r < 0)
            return r;
        if (cycle->tables.count > before)
            return PHASE_MORE;
    }
    cycle->next_host = 0;
    return PHASE_OVER;
}

/* What could not be read in time was not left out on purpose: one table for all of those hosts says so. */
int cycle_cut_listeners(struct cycle *cycle)
{
    struct cycle_table *slot = NULL;
    for (size_t i = cycle->next_host; i < cycle->host_count; i++) {
        const char *name = cycle_source_name(cycle->hosts[i].planned);
        if (!name || cycle->hosts[i].now.listeners)
            continue;
        if (!slot) {
            slot = VECTOR_PUSH(&cycle->tables);
            if (!slot)
                return -ENOMEM;
            slot->table = cycle_failed_table(name, PC_EDEADLINE, cycle->now);
            if (!slot->table)
                return -ENOMEM;
        }
        cycle->hosts[i].now.listeners = listener_table_ref(slot->table);
    }
    return 0;
}

int cycle_phase_listeners_again(struct cycle *cycle)
{
    size_t wanted = 0;
    for (size_t i = 0; !cycle->again_chosen && i < cycle->host_count; i++) {
        struct cycle_host *host = &cycle->hosts[i];
        host->wants_again = judge_second_look(cycle->plan, cycle->seen, host->index);
        wanted += host->wants_again;
    }
    if (!cycle->again_chosen && wanted == 0)
        return PHASE_OVER;
    cycle->again_chosen = true;
    while (cycle->next_host < cycle->host_count) {
        struct cycle_host *host = &cycle->hosts[cycle->next_host++];
        if (!host->wants_again)
            continue;
        if (cycle_asks_remote(host)) {
            int ordered = cycle_order(cycle, host);
            if (ordered < 0)
                return ordered;
            continue;
        }
        size_t before = cycle->tables.count;
        int r = look(cycle, host->planned, true, &cycle->seen->hosts[host->index].listeners_again);
        if (r < 0)
            return r;
        if (cycle->tables.count > before)
            return PHASE_MORE;
    }
    return PHASE_OVER;
}
