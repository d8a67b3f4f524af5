/* The directory: names and demands of a site's hosts, copied out of a plan that belongs to another thread. */
#include "directory.h"

#include "portconform/arena.h"
#include "portconform/sorted.h"
#include <stdlib.h>
#include <string.h>

/* --- names -------------------------------------------------------------------------------------------------------- */

static int compare_names(const void *left, const void *right)
{
    const struct directory_name *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    if (order != 0)
        return order;
    if (a->other != b->other)
        return a->other ? 1 : -1;
    return (a->host > b->host) - (a->host < b->host);
}

static bool add_name(struct check_directory *directory, const char *name, bool other, size_t host)
{
    char *copy = arena_strdup(directory->arena, name);
    if (!copy || directory->name_count == directory->name_capacity)
        return false;
    directory->names[directory->name_count++] = (struct directory_name){copy, other, host};
    return true;
}

/* One address has many spellings: the usual one is known as well. */
static bool add_address(struct check_directory *directory, const struct host_address *address, size_t host)
{
    char text[ADDRESS_TEXT];
    struct address plain = address->address;
    if (!add_name(directory, address->text, true, host))
        return false;
    if (plain.family == AF_UNSPEC)
        return true;
    address_normalise(&plain);
    return add_name(directory, address_format(&plain, text, sizeof(text)), true, host);
}

static bool add_names(struct check_directory *directory, const struct host *host, size_t index)
{
    bool good = add_name(directory, host->name, false, index);
    for (size_t i = 0; good && i < host->alias.count; i++)
        good = add_name(directory, host->alias.items[i], true, index);
    for (size_t i = 0; good && i < host->address_count; i++)
        good = add_address(directory, &host->addresses[i], index);
    return good;
}

static size_t count_names(const struct plan *plan)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->host_count; i++)
        count += 1 + plan->hosts[i].host->alias.count + 2 * plan->hosts[i].host->address_count;
    return count;
}

/* --- demands ------------------------------------------------------------------------------------------------------ */

static bool has_key(const struct directory_host *host, const char *key)
{
    for (size_t i = 0; i < host->unset_count; i++)
        if (strcmp(host->unset[i], key) == 0)
            return true;
    return false;
}

/* The same key that the judge gives to the site's finding. */
static bool add_unset(struct arena *arena, struct directory_host *host, const struct expectation *expectation)
{
    const struct guide *guide = expectation->rule->guide;
    if (!guide)
        return true;
    char *key = arena_printf(arena, "-|-|%s|%s", guide->id, expectation->unset);
    if (!key)
        return false;
    if (has_key(host, key))
        return true;
    const char **keys = ARENA_ARRAY(arena, const char *, host->unset_count + 1);
    if (!keys)
        return false;
    for (size_t i = 0; i < host->unset_count; i++)
        keys[i] = host->unset[i];
    keys[host->unset_count++] = key;
    host->unset = keys;
    return true;
}

static bool add_host(struct check_directory *directory, const struct plan_host *planned, size_t index)
{
    struct directory_host *host = &directory->hosts[index];
    host->name = arena_strdup(directory->arena, planned->host->name);
    host->exclusive = planned->host->exclusive;
    host->demands = host->exclusive || planned->expectation_count > 0;
    bool good = host->name && add_names(directory, planned->host, index);
    for (size_t i = 0; good && i < planned->expectation_count; i++) {
        const struct expectation *expectation = &planned->expectations[i];
        host->flow_count += expectation->flow_count;
        if (expectation->unset)
            good = add_unset(directory->arena, host, expectation);
    }
    return good;
}

/* --- guides and teams --------------------------------------------------------------------------------------------- */

static bool add_guides(struct check_directory *directory, const struct config *config)
{
    size_t guides = config ? config->guide_count : 0, components = 0;
    for (size_t i = 0; i < guides; i++)
        components += config->guides[i].component_count;
    directory->guides = ARENA_ARRAY(directory->arena, const char *, guides + 1);
    directory->components = ARENA_ARRAY(directory->arena, const char *, components + 1);
    bool good = directory->guides && directory->components;
    for (size_t i = 0, at = 0; good && i < guides; i++) {
        const struct guide *guide = &config->guides[i];
        directory->guides[i] = arena_strdup(directory->arena, guide->id);
        good = directory->guides[i] != NULL;
        for (size_t c = 0; good && c < guide->component_count; c++) {
            directory->components[at] = arena_strdup(directory->arena, guide->components[c].name);
            good = directory->components[at++] != NULL;
        }
    }
    return good;
}

static bool add_teams(struct check_directory *directory, const struct site *site)
{
    struct team *teams = ARENA_ARRAY(directory->arena, struct team, site->team_count);
    directory->site.name = arena_strdup(directory->arena, site->name);
    bool good = teams && (directory->site.name || !site->name);
    for (size_t i = 0; good && i < site->team_count; i++) {
        teams[i].name = arena_strdup(directory->arena, site->teams[i].name);
        teams[i].contact = arena_strdup(directory->arena, site->teams[i].contact);
        good = teams[i].name && teams[i].contact;
    }
    directory->site.teams = teams;
    directory->site.team_count = site->team_count;
    return good;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static bool fill(struct check_directory *directory, const struct plan *plan)
{
    directory->name_capacity = count_names(plan);
    directory->hosts = ARENA_ARRAY(directory->arena, struct directory_host, plan->host_count);
    directory->names = ARENA_ARRAY(directory->arena, struct directory_name, directory->name_capacity);
    if (!directory->hosts || !directory->names)
        return false;
    for (; directory->host_count < plan->host_count; directory->host_count++)
        if (!add_host(directory, &plan->hosts[directory->host_count], directory->host_count))
            return false;
    if (directory->name_count > 1)
        qsort(directory->names, directory->name_count, sizeof(*directory->names), compare_names);
    directory->plan.site = &directory->site;
    directory->plan.flow_count = plan->flow_count;
    return add_guides(directory, plan->config) && add_teams(directory, plan->site);
}

struct check_directory *check_directory_new(const struct plan *plan)
{
    struct arena *arena = arena_new();
    struct check_directory *directory = arena ? ARENA_NEW(arena, struct check_directory) : NULL;
    if (directory) {
        directory->arena = arena;
        directory->references = 1;
        if (fill(directory, plan))
            return directory;
    }
    arena_free(arena);
    return NULL;
}

struct check_directory *check_directory_ref(struct check_directory *directory)
{
    __atomic_add_fetch(&directory->references, 1, __ATOMIC_RELAXED);
    return directory;
}

void check_directory_unref(struct check_directory *directory)
{
    if (directory && __atomic_sub_fetch(&directory->references, 1, __ATOMIC_ACQ_REL) == 0)
        arena_free(directory->arena);
}

/* --- looking up --------------------------------------------------------------------------------------------------- */

/* The first of that name. */
static const struct directory_host *find_exactly(const struct check_directory *directory, const char *name)
{
    const struct directory_name *names = directory->names;
    size_t at = SORTED_PLACE(i, directory->name_count, strcmp(names[i].name, name) < 0);
    bool found = at < directory->name_count && strcmp(names[at].name, name) == 0;
    return found ? &directory->hosts[names[at].host] : NULL;
}

const struct directory_host *directory_find(const struct check_directory *directory, const char *name)
{
    struct address address;
    char text[ADDRESS_TEXT];
    const struct directory_host *host = find_exactly(directory, name);
    if (host || address_parse(name, &address) < 0)
        return host;
    address_normalise(&address);
    return find_exactly(directory, address_format(&address, text, sizeof(text)));
}

static void tell_no_host(const struct check_directory *directory, const char *name, struct text *error)
{
    text_add(error, "the daemon watches no host \"");
    text_escape_string(error, name, ESCAPE_TEXT);
    text_add(error, "\"");
    const char **names = calloc(directory->host_count + 1, sizeof(*names));
    for (size_t i = 0; names && i < directory->host_count; i++)
        names[i] = directory->hosts[i].name;
    const char *nearest = names ? pc_nearest(name, names) : NULL;
    if (nearest)
        text_printf(error, "; did you mean \"%s\"?", nearest);
    free(names);
}

const char *check_directory_find(const struct check_directory *directory, const char *name, struct text *error)
{
    const struct directory_host *host = directory_find(directory, name);
    if (!host && error)
        tell_no_host(directory, name, error);
    return host ? host->name : NULL;
}
