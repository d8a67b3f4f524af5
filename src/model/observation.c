/* Observations: their life; listener tables, their order, whom a listener serves, and how it reads. */
#include "portconform/observation.h"

#include "portconform/sorted.h"
#include "portconform/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct listener_table *listener_table_new(const char *source, struct moment taken)
{
    struct arena *arena = arena_new();
    struct listener_table *table = arena ? ARENA_NEW(arena, struct listener_table) : NULL;
    if (!table) {
        arena_free(arena);
        return NULL;
    }
    table->arena = arena;
    table->source = source;
    table->taken = taken;
    return table;
}

void listener_table_fail(struct listener_table *table, int error, const char *note)
{
    table->status = LISTENERS_FAILED;
    table->error = error;
    table->note = note;
    table->items = NULL;
    table->count = 0;
}

struct listener_table *listener_table_ref(struct listener_table *table)
{
    table->more_references++;
    return table;
}

void listener_table_free(struct listener_table *table)
{
    if (table == NULL)
        return;
    if (table->more_references > 0)
        table->more_references--;
    else
        arena_free(table->arena);
}

void host_seen_done(struct host_seen *seen)
{
    listener_table_free(seen->listeners);
    listener_table_free(seen->listeners_again);
    free(seen->addresses);
    *seen = (struct host_seen){0};
}

int observations_init(struct observations *seen, size_t probe_count, size_t host_count)
{
    /* one more than needed each, so that nothing is asked for 0 octets */
    *seen = (struct observations){
        .probes = calloc(probe_count + 1, sizeof *seen->probes),
        .probe_count = probe_count,
        .hosts = calloc(host_count + 1, sizeof *seen->hosts),
        .host_count = host_count,
    };
    if (seen->probes != NULL && seen->hosts != NULL)
        return 0;
    free(seen->probes);
    free(seen->hosts);
    *seen = (struct observations){0};
    return -ENOMEM;
}

void observations_done(struct observations *seen)
{
    for (size_t i = 0; i < seen->host_count; i++)
        host_seen_done(&seen->hosts[i]);
    free(seen->hosts);
    free(seen->probes);
    *seen = (struct observations){0};
}

static int listener_order(const void *left, const void *right)
{
    const struct listener *a = left, *b = right;
    if (a->transport != b->transport)
        return a->transport < b->transport ? -1 : 1;
    if (a->port != b->port)
        return a->port < b->port ? -1 : 1;
    int order = address_compare(&a->address, &b->address);
    if (order != 0)
        return order;
    if (a->inode != b->inode)
        return a->inode < b->inode ? -1 : 1;
    return 0;
}

void listener_table_sort(struct listener_table *table)
{
    if (table->count > 1)
        qsort(table->items, table->count, sizeof *table->items, listener_order);
}

size_t listener_table_find(const struct listener_table *table, enum transport transport, uint16_t port)
{
    const struct listener *items = table->items;
    return SORTED_PLACE(i, table->count,
                        items[i].transport != transport ? items[i].transport < transport : items[i].port < port);
}

bool listener_serves(const struct listener *listener, const struct address *address)
{
    struct address target = *address;
    address_normalise(&target);
    const struct address *bound = &listener->address;
    if (address_is_wildcard(bound)) {
        if (bound->family == target.family)
            return true;
        return bound->family == AF_INET6 && target.family == AF_INET && listener->v6only != V6ONLY_YES;
    }
    if (bound->family != target.family || memcmp(bound->octets, target.octets, sizeof target.octets) != 0)
        return false;
    /* a configured link-local address rarely names its zone */
    return bound->zone == target.zone || bound->zone == 0 || target.zone == 0;
}

static const char *owner_base_name(const char *exe)
{
    const char *slash = strrchr(exe, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : exe;
}

/* Program and unit names are chosen by whoever runs on the host: they are escaped like any foreign text. */
void owner_format(struct text *out, const struct owner *owner)
{
    bool named = owner->exe != NULL || owner->unit != NULL;
    if (owner->exe != NULL)
        text_escape_string(out, owner_base_name(owner->exe), ESCAPE_TEXT);
    if (owner->exe != NULL && owner->unit != NULL) {
        text_add(out, " (");
        text_escape_string(out, owner->unit, ESCAPE_TEXT);
        text_add(out, ")");
        return;
    }
    if (owner->unit != NULL)
        text_escape_string(out, owner->unit, ESCAPE_TEXT);
    if (owner->uid_known)
        text_printf(out, named ? " (uid %u)" : "a program of uid %u", (unsigned)owner->uid);
    else if (!named)
        text_add(out, "an unknown program");
}

static void listener_format_place(struct text *out, const struct listener *listener)
{
    char place[ADDRESS_TEXT + 16];
    text_add(out, address_format_port(&listener->address, listener->port, place, sizeof place));
    if (listener->address.family == AF_INET6 && address_is_wildcard(&listener->address)) {
        if (listener->v6only == V6ONLY_YES)
            text_add(out, " (IPv6 only)");
        else if (listener->v6only == V6ONLY_NO)
            text_add(out, " (IPv4 too)");
    }
    if (listener->device[0] != '\0') {
        text_add(out, " of device ");
        text_escape(out, listener->device, strnlen(listener->device, sizeof listener->device), ESCAPE_TEXT, 0);
    }
}

void listener_format(struct text *out, const struct listener *listener)
{
    owner_format(out, &listener->owner);
    text_add(out, " on ");
    listener_format_place(out, listener);
    if (listener->queue_known)
        text_printf(out, ", queue %u/%u", (unsigned)listener->queue_length, (unsigned)listener->queue_limit);
}
