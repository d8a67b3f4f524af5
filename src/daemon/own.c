/* The listeners of this machine's kernels, read every second without their owners: a dump costs a tenth of a
 * millisecond. A listener that came or went makes a visit of its host due at once. What passes by (ports of the
 * ephemeral range that nobody expects) is no reason. */
#include "internal.h"
#include "privileges.h"

#include "portconform/listeners.h"
#include "portconform/text.h"
#include "portconform/vector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct own_host {
    uint64_t digest;
    bool known;
};

struct own {
    struct own_host *hosts; /* parallel to the plan's; NULL: to be made */
    uint64_t reads;
    struct listener_table *tables[8]; /* of this look, each namespace once */
    const char *netns[8];
    size_t table_count;
    uint64_t *sockets; /* of this look: those that probes leave from are no listeners */
    size_t socket_count;
};

int own_new(struct own **ret)
{
    *ret = calloc(1, sizeof(**ret));
    return *ret == NULL ? -ENOMEM : 0;
}

void own_forget(struct own *own)
{
    free(own->hosts);
    own->hosts = NULL;
}

void own_free(struct own *own)
{
    if (own == NULL)
        return;
    free(own->hosts);
    free(own);
}

uint64_t own_reads(const struct own *own)
{
    return own->reads;
}

/* NULL: it cannot be read, or there are too many namespaces for a look every second. */
static const struct listener_table *read_table(struct own *own, const char *netns, struct moment now)
{
    struct listener_table *table = NULL;
    for (size_t i = 0; i < own->table_count; i++) {
        if (text_equal(own->netns[i], netns))
            return own->tables[i];
    }
    const struct listener_source *source = listener_source_find("kernel");
    const struct listener_request request = {.netns = netns,
                                             .helper = privileges_helper(),
                                             .own_sockets = own->sockets,
                                             .own_socket_count = own->socket_count,
                                             .now = now,
                                             .deadline_mono_ms = INT64_MAX};
    if (own->table_count == sizeof(own->tables) / sizeof(own->tables[0]) || source->collect(&request, &table) < 0)
        return NULL;
    own->reads++;
    own->netns[own->table_count] = netns;
    own->tables[own->table_count++] = table;
    return table;
}

/* Order does not matter: the sum of what each listener gives. */
static uint64_t digest_of(const struct listener *listener)
{
    uint64_t digest = 14695981039346656037u;
    const uint64_t words[] = {(uint64_t)listener->transport << 16 | listener->port, listener->address.family,
                              (uint64_t)listener->v6only};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        digest = (digest ^ words[i]) * 1099511628211u;
    for (size_t i = 0; i < sizeof(listener->address.octets); i++)
        digest = (digest ^ listener->address.octets[i]) * 1099511628211u;
    for (const char *at = listener->device; *at != '\0'; at++)
        digest = (digest ^ (unsigned char)*at) * 1099511628211u;
    return digest ^ digest >> 31;
}

static bool matters(const struct plan_host *host, const struct listener_table *table, const struct listener *listener)
{
    return !port_is_ephemeral(table, listener->port) ||
           plan_host_find(host, listener->transport, listener->port) != NULL;
}

static uint64_t digest_for(const struct plan_host *host, const struct listener_table *table)
{
    uint64_t digest = 0;
    for (size_t i = 0; i < table->count; i++) {
        if (matters(host, table, &table->items[i]))
            digest += digest_of(&table->items[i]);
    }
    return digest;
}

static void look_at(struct own *own, const struct plan *plan, size_t index, struct watch *watch, struct moment now)
{
    const struct plan_host *host = &plan->hosts[index];
    if (plan_host_listeners(host) != LISTENERS_KERNEL)
        return;
    const char *netns = host->host->listeners == LISTENERS_KERNEL ? host->host->netns : NULL;
    const struct listener_table *table = read_table(own, netns, now);
    if (table == NULL || table->status != LISTENERS_SEEN)
        return;
    uint64_t digest = digest_for(host, table);
    struct own_host *before = &own->hosts[index];
    if (before->known && before->digest != digest)
        watch_hasten(watch, index, now);
    *before = (struct own_host){.digest = digest, .known = true};
}

void own_look(struct own *own, const struct plan *plan, struct watch *watch, const struct visits *visits,
              struct moment now)
{
    if (visits_sockets(visits, &own->sockets, &own->socket_count) < 0)
        return;
    if (own->hosts == NULL)
        own->hosts = calloc(plan->host_count + 1, sizeof(*own->hosts));
    for (size_t i = 0; own->hosts != NULL && i < plan->host_count; i++)
        look_at(own, plan, i, watch, now);
    for (size_t i = 0; i < own->table_count; i++)
        listener_table_free(own->tables[i]);
    own->table_count = 0;
    free(own->sockets);
    own->sockets = NULL;
    own->socket_count = 0;
}
