/* Everybody of a site who plays a component, and where. */
#include "build.h"

#include "portconform/sorted.h"
#include "portconform/vector.h"

#include <errno.h>
#include <string.h>

static struct player *player_add(struct matrix_build *build, enum end_kind kind, const char *name, size_t address_count)
{
    struct end_address *all = ARENA_ARRAY(build->arena, struct end_address, address_count);
    struct player *player = all != NULL ? VECTOR_PUSH(&build->players) : NULL;
    if (player != NULL)
        *player = (struct player){.kind = kind, .name = name, .all = all};
    return player;
}

static struct end_address player_single(const struct address *address, enum address_kind kind)
{
    struct address plain = *address;
    address_normalise(&plain);
    plain.zone = 0;
    uint8_t length = plain.family == AF_INET ? 32 : 128;
    return (struct end_address){.prefix = {plain, length}, .kind = kind};
}

/* No firewall sees what stays inside a machine. */
static bool player_is_visible(const struct end_address *address)
{
    return address->name != NULL || !address_is_loopback(&address->prefix.address);
}

static void player_put(struct player *player, struct end_address address)
{
    /* the array was made as long as the list that it is filled from */
    struct end_address *all = (struct end_address *)player->all;
    if (player_is_visible(&address))
        all[player->all_count++] = address;
}

static int player_add_host(struct matrix_build *build, const struct host *host)
{
    struct player *player = player_add(build, END_HOST, host->name, host->address_count);
    const char **segments = ARENA_ARRAY(build->arena, const char *, host->address_count);
    if (player == NULL || segments == NULL)
        return -ENOMEM;
    player->host = host;
    for (size_t i = 0; i < host->address_count; i++) {
        const struct host_address *from = &host->addresses[i];
        size_t place = player->all_count;
        if (from->address.family == AF_UNSPEC)
            player_put(player, (struct end_address){.name = from->text, .kind = from->kind});
        else
            player_put(player, player_single(&from->address, from->kind));
        if (player->all_count > place)
            segments[place] = from->segment;
        if (from->segment != NULL)
            player->segments = segments;
    }
    return 0;
}

static int player_add_network(struct matrix_build *build, const struct network *network)
{
    struct player *player = player_add(build, END_NETWORK, network->name, network->prefix_count);
    if (player == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < network->prefix_count; i++)
        player_put(player, (struct end_address){.prefix = network->prefixes[i]});
    return 0;
}

static int player_add_external(struct matrix_build *build, const struct external *external)
{
    struct player *player = player_add(build, END_EXTERNAL, external->name, external->addresses.count);
    if (player == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < external->addresses.count; i++) {
        const char *text = external->addresses.items[i];
        struct end_address made = {0};
        struct address address;
        if (prefix_parse(text, &made.prefix) != 0) {
            if (address_parse(text, &address) == 0)
                made = player_single(&address, ADDRESS_OWN);
            else
                made = (struct end_address){.name = text};
        }
        player_put(player, made);
    }
    return 0;
}

/* A vantage without a source of its own that is a host of the site leaves from that host's addresses. */
static int player_add_vantage(struct matrix_build *build, const struct vantage *vantage)
{
    const struct host *host = site_host(build->plan->site, vantage->name);
    if (vantage->source.family == AF_UNSPEC && host != NULL) {
        int error = player_add_host(build, host);
        if (error == 0) {
            build->players.items[build->players.count - 1].kind = END_VANTAGE;
            build->players.items[build->players.count - 1].name = vantage->name;
        }
        return error;
    }
    struct player *player = player_add(build, END_VANTAGE, vantage->name, 1);
    if (player == NULL)
        return -ENOMEM;
    player->host = host;
    if (vantage->source.family != AF_UNSPEC)
        player_put(player, player_single(&vantage->source, ADDRESS_OWN));
    return 0;
}

static int players_add_all(struct matrix_build *build)
{
    const struct site *site = build->plan->site;
    int error = 0;
    for (size_t i = 0; error == 0 && i < site->host_count; i++)
        error = player_add_host(build, &site->hosts[i]);
    for (size_t i = 0; error == 0 && i < site->network_count; i++)
        error = player_add_network(build, &site->networks[i]);
    for (size_t i = 0; error == 0 && i < site->external_count; i++)
        error = player_add_external(build, &site->externals[i]);
    if (error == 0 && build->options->vantage != NULL)
        error = player_add_vantage(build, build->options->vantage);
    return error;
}

/* --- who plays what ---------------------------------------------------------------------------------------------- */

static int plays_add(struct matrix_build *build, struct player *player, const struct played *played)
{
    struct play *slot = VECTOR_PUSH(&build->plays);
    if (slot == NULL)
        return -ENOMEM;
    *slot = (struct play){player, played->guide, played->component, &played->settings};
    return 0;
}

static int plays_of_host(struct matrix_build *build, struct player *player)
{
    for (size_t i = 0; i < player->host->role_count; i++) {
        const struct role *role = &player->host->roles[i];
        struct play *slot = VECTOR_PUSH(&build->plays);
        if (slot == NULL)
            return -ENOMEM;
        *slot = (struct play){player, role->guide, role->component, &role->settings};
    }
    return 0;
}

static int plays_of_external(struct matrix_build *build, struct player *player, const struct external *external)
{
    if (external->component == NULL)
        return 0;
    struct play *slot = VECTOR_PUSH(&build->plays);
    if (slot == NULL)
        return -ENOMEM;
    *slot = (struct play){player, external->guide, external->component, &external->settings};
    return 0;
}

static int plays_add_all(struct matrix_build *build)
{
    const struct site *site = build->plan->site;
    struct player *player = build->players.items;
    int error = 0;
    for (size_t i = 0; error == 0 && i < site->host_count; i++)
        error = plays_of_host(build, player++);
    for (size_t i = 0; error == 0 && i < site->network_count; i++, player++)
        for (size_t k = 0; error == 0 && k < site->networks[i].play_count; k++)
            error = plays_add(build, player, &site->networks[i].plays[k]);
    for (size_t i = 0; error == 0 && i < site->external_count; i++)
        error = plays_of_external(build, player++, &site->externals[i]);
    const struct vantage *vantage = build->options->vantage;
    for (size_t i = 0; error == 0 && vantage != NULL && i < vantage->acts_as_count; i++)
        error = plays_add(build, player, &vantage->acts_as[i]);
    return error;
}

/* One component's plays side by side. Which component comes first does not matter: openings are ordered by name. */
static int plays_compare(const void *left, const void *right)
{
    const struct play *a = left, *b = right;
    if (a->component != b->component)
        return (uintptr_t)a->component < (uintptr_t)b->component ? -1 : 1;
    return (a->player > b->player) - (a->player < b->player);
}

int players_collect(struct matrix_build *build)
{
    int error = players_add_all(build);
    if (error == 0)
        error = plays_add_all(build);
    if (error == 0 && build->plays.count > 0)
        qsort(build->plays.items, build->plays.count, sizeof *build->plays.items, plays_compare);
    return error;
}

const struct play *players_of(const struct matrix_build *build, const struct component *component, size_t *ret_count)
{
    const struct play *plays = build->plays.items;
    size_t begin = SORTED_PLACE(i, build->plays.count, (uintptr_t)plays[i].component < (uintptr_t)component);
    size_t end = begin;
    while (end < build->plays.count && plays[end].component == component)
        end++;
    *ret_count = end - begin;
    return plays != NULL ? plays + begin : NULL;
}

void players_done(struct matrix_build *build)
{
    for (size_t i = 0; i < build->players.count; i++)
        VECTOR_DONE(&build->players.items[i].variants);
    VECTOR_DONE(&build->players);
    VECTOR_DONE(&build->plays);
}
