/* Which of somebody's addresses take part in an opening, and how they read. */
#include "build.h"

#include "portconform/vector.h"

#include <errno.h>
#include <string.h>

const struct opening_end ends_anybody = {.kind = END_ANYBODY, .name = "anybody"};

const char *end_kind_name(enum end_kind kind)
{
    switch (kind) {
    case END_ANYBODY:
        return "anybody";
    case END_HOST:
        return "host";
    case END_NETWORK:
        return "network";
    case END_EXTERNAL:
        return "external";
    case END_VANTAGE:
        return "vantage";
    }
    return "-";
}

static unsigned ends_families(const struct end_address *address)
{
    if (address->name != NULL)
        return OPENING_IPV4 | OPENING_IPV6;
    return address->prefix.address.family == AF_INET ? OPENING_IPV4 : OPENING_IPV6;
}

static unsigned ends_of_family(enum family family)
{
    switch (family) {
    case FAMILY_ANY:
    case FAMILY_BOTH:
        return OPENING_IPV4 | OPENING_IPV6;
    case FAMILY_IPV4:
        return OPENING_IPV4;
    case FAMILY_IPV6:
        return OPENING_IPV6;
    }
    return 0;
}

static bool ends_same_address(const struct end_address *a, const struct end_address *b)
{
    if (a->name != NULL || b->name != NULL)
        return a->name != NULL && b->name != NULL && strcmp(a->name, b->name) == 0;
    return a->prefix.length == b->prefix.length && address_equal(&a->prefix.address, &b->prefix.address);
}

/* Is it told already by a prefix of the list that holds it? */
static bool ends_holds(const struct end_address *items, size_t count, const struct end_address *address)
{
    for (size_t i = 0; i < count; i++) {
        if (ends_same_address(&items[i], address))
            return true;
        bool addresses = items[i].name == NULL && address->name == NULL;
        if (addresses && items[i].prefix.length < address->prefix.length &&
            prefix_contains(&items[i].prefix, &address->prefix.address))
            return true;
    }
    return false;
}

static bool ends_has_segment(const struct player *player, const char *segment)
{
    for (size_t i = 0; segment != NULL && player->segments != NULL && i < player->all_count; i++)
        if (player->segments[i] != NULL && strcmp(player->segments[i], segment) == 0)
            return true;
    return false;
}

/* A listener of a segment is there or nowhere; a caller may well come from elsewhere. What answers for others (a
 * virtual or proxy address) calls nobody, unless it is all that is known. */
static bool ends_takes_part(const struct player *player, size_t index, const struct end_choice *choice)
{
    const struct end_address *address = &player->all[index];
    bool limited = choice->segment != NULL && player->segments != NULL;
    if (limited && (!choice->calls || ends_has_segment(player, choice->segment)) &&
        (player->segments[index] == NULL || strcmp(player->segments[index], choice->segment) != 0))
        return false;
    return (ends_families(address) & ends_of_family(choice->family)) != 0;
}

static bool ends_calls(const struct end_address *address)
{
    return address->kind == ADDRESS_OWN || address->kind == ADDRESS_NAT;
}

int ends_choose(struct matrix_build *build, const struct player *player, const struct end_choice *choice,
                struct end_set *ret)
{
    struct end_address *items = ARENA_ARRAY(build->arena, struct end_address, player->all_count);
    if (items == NULL)
        return -ENOMEM;
    bool callers_only = false;
    for (size_t i = 0; choice->calls && i < player->all_count; i++)
        callers_only = callers_only || (ends_calls(&player->all[i]) && ends_takes_part(player, i, choice));
    *ret = (struct end_set){.items = items};
    for (size_t i = 0; i < player->all_count; i++) {
        if (!ends_takes_part(player, i, choice) || (callers_only && !ends_calls(&player->all[i])))
            continue;
        items[ret->count++] = player->all[i];
        ret->families |= ends_families(&player->all[i]) & ends_of_family(choice->family);
    }
    return 0;
}

static bool ends_are(const struct opening_end *end, const struct end_address *items, size_t count)
{
    if (end->address_count != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!ends_same_address(&end->addresses[i], &items[i]))
            return false;
    return true;
}

/* The widest prefix stands for those inside it: firewalls refuse sets that overlap. */
static size_t ends_trim(const struct end_set *set, unsigned families, struct end_address *items)
{
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct end_address *address = &set->items[i];
        bool inside = ends_holds(items, count, address);
        for (size_t k = i + 1; !inside && k < set->count; k++)
            inside = !ends_same_address(&set->items[k], address) && ends_holds(&set->items[k], 1, address);
        if (!inside && (ends_families(address) & families) != 0)
            items[count++] = *address;
    }
    return count;
}

const struct opening_end *ends_make(struct matrix_build *build, struct player *player, const struct end_set *set,
                                    unsigned families)
{
    struct end_address *items = ARENA_ARRAY(build->arena, struct end_address, set->count);
    if (items == NULL)
        return NULL;
    size_t count = ends_trim(set, families, items);
    for (size_t i = 0; i < player->variants.count; i++)
        if (ends_are(player->variants.items[i], items, count))
            return player->variants.items[i];
    struct opening_end *made = ARENA_NEW(build->arena, struct opening_end);
    struct opening_end **slot = made != NULL ? VECTOR_PUSH(&player->variants) : NULL;
    if (slot == NULL)
        return NULL;
    *made = (struct opening_end){.kind = player->kind,
                                 .name = player->name,
                                 .host = player->kind == END_HOST ? player->host : NULL,
                                 .variant = player->variants.count - 1,
                                 .addresses = items,
                                 .address_count = count};
    *slot = made;
    return made;
}

/* --- how they read ----------------------------------------------------------------------------------------------- */

void end_format_address(struct text *out, const struct end_address *address)
{
    if (address->name != NULL) {
        text_add(out, address->name);
        return;
    }
    char buffer[ADDRESS_TEXT];
    text_add(out, address_format(&address->prefix.address, buffer, sizeof buffer));
    if (address->prefix.length < (address->prefix.address.family == AF_INET ? 32 : 128))
        text_printf(out, "/%u", address->prefix.length);
}

void end_format_addresses(struct text *out, const struct opening_end *end)
{
    for (size_t i = 0; i < end->address_count; i++) {
        text_add(out, i > 0 ? " " : "");
        end_format_address(out, &end->addresses[i]);
    }
}
