/* Openings cut into lines: IP version by IP version, addresses apart from names; and which of them another one holds.
 */
#include "writing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool side_is_of(const struct end_address *address, int family)
{
    return address->name == NULL && address->prefix.address.family == family;
}

/* The sides that an end has in one IP version: its addresses together, and each name. */
struct sides {
    const struct side *items;
    size_t count;
};

static int sides_make(struct arena *arena, const struct opening_end *end, int family, struct sides *ret)
{
    struct side *items = ARENA_ARRAY(arena, struct side, end->address_count + 1);
    const struct end_address **addresses = ARENA_ARRAY(arena, const struct end_address *, end->address_count);
    if (items == NULL || addresses == NULL)
        return -ENOMEM;
    size_t count = 0, made = 0;
    bool whole = end->kind == END_ANYBODY;
    for (size_t i = 0; i < end->address_count; i++) {
        if (!side_is_of(&end->addresses[i], family))
            continue;
        addresses[count++] = &end->addresses[i];
        whole = whole || end->addresses[i].prefix.length == 0;
    }
    if (whole)
        items[made++] = (struct side){.kind = SIDE_ANY};
    else if (count > 0)
        items[made++] = (struct side){.kind = SIDE_ADDRESSES, .items = addresses, .count = count};
    for (size_t i = 0; !whole && i < end->address_count; i++)
        if (end->addresses[i].name != NULL)
            items[made++] = (struct side){.kind = SIDE_NAME, .name = end->addresses[i].name};
    *ret = (struct sides){items, made};
    return 0;
}

/* --- a host's own chain ------------------------------------------------------------------------------------------ */

/* Are these all the addresses that the host has in this IP version? A packet to a translated address, or one that only
 * a name tells, arrives at some address of the host: then it must not be asked for. */
static bool sides_need_no_address(const struct opening_end *end, int family)
{
    if (end->host == NULL)
        return false;
    size_t count = 0, all = 0;
    for (size_t i = 0; i < end->address_count; i++) {
        const struct end_address *address = &end->addresses[i];
        if (address->name != NULL || address->kind == ADDRESS_NAT || address->kind == ADDRESS_PROXY)
            return true;
        count += side_is_of(address, family);
    }
    for (size_t i = 0; i < end->host->address_count; i++) {
        const struct address *address = &end->host->addresses[i].address;
        all += address->family == family && !address_is_loopback(address);
    }
    return count >= all;
}

/* --- legs -------------------------------------------------------------------------------------------------------- */

static bool leg_is_open(const struct leg *leg)
{
    return leg->source.kind == SIDE_ANY && leg->destination.kind == SIDE_ANY;
}

static int legs_of_family(struct arena *arena, const struct opening *opening, bool own_chain, int family,
                          struct leg_list *list)
{
    struct sides sources, destinations;
    static const struct side anything = {.kind = SIDE_ANY};
    int error = sides_make(arena, opening->source, family, &sources);
    if (error == 0)
        error = sides_make(arena, opening->destination, family, &destinations);
    if (error != 0)
        return error;
    if (own_chain && sides_need_no_address(opening->destination, family))
        destinations = (struct sides){.items = &anything, .count = 1};
    size_t count = sources.count * destinations.count;
    struct leg *legs = ARENA_ARRAY(arena, struct leg, list->count + count);
    if (legs == NULL)
        return -ENOMEM;
    if (list->count > 0)
        memcpy(legs, list->items, list->count * sizeof *legs);
    for (size_t d = 0; d < destinations.count; d++)
        for (size_t s = 0; s < sources.count; s++)
            legs[list->count++] = (struct leg){
                .opening = opening, .family = family, .source = sources.items[s], .destination = destinations.items[d]};
    list->items = legs;
    return 0;
}

int legs_make(struct arena *arena, const struct opening *opening, bool own_chain, struct leg_list *ret)
{
    struct leg_list list = {0};
    int error = 0;
    if ((opening->families & OPENING_IPV4) != 0)
        error = legs_of_family(arena, opening, own_chain, AF_INET, &list);
    if (error == 0 && (opening->families & OPENING_IPV6) != 0)
        error = legs_of_family(arena, opening, own_chain, AF_INET6, &list);
    if (error != 0)
        return error;
    /* anything in both versions is one line */
    if (list.count == 2 && leg_is_open(&list.items[0]) && leg_is_open(&list.items[1])) {
        struct leg *both = ARENA_NEW(arena, struct leg);
        if (both == NULL)
            return -ENOMEM;
        *both = list.items[0];
        both->family = AF_UNSPEC;
        list = (struct leg_list){both, 1};
    }
    *ret = list;
    return 0;
}

bool opening_is_outside_os(const struct opening *opening)
{
    for (size_t i = 0; i < opening->rule_count; i++)
        if (!opening->rules[i]->outside_os)
            return false;
    return true;
}

/* --- openings inside others -------------------------------------------------------------------------------------- */

static bool cover_address(const struct opening_end *end, const struct end_address *address)
{
    for (size_t i = 0; i < end->address_count; i++) {
        const struct end_address *wide = &end->addresses[i];
        if (wide->name != NULL || address->name != NULL) {
            if (wide->name != NULL && address->name != NULL && strcmp(wide->name, address->name) == 0)
                return true;
            continue;
        }
        if (wide->prefix.length <= address->prefix.length && prefix_contains(&wide->prefix, &address->prefix.address))
            return true;
    }
    return false;
}

static bool cover_end(const struct opening_end *wide, const struct opening_end *end)
{
    if (wide == end || wide->kind == END_ANYBODY)
        return true;
    if (end->kind == END_ANYBODY)
        return false;
    for (size_t i = 0; i < end->address_count; i++)
        if (!cover_address(wide, &end->addresses[i]))
            return false;
    return true;
}

static bool cover_range(const struct port_range *wide, const struct port_range *range)
{
    if (wide->transport != range->transport || range->low < wide->low || range->high > wide->high)
        return false;
    if (wide->step == 1)
        return true;
    bool one = range->low == range->high;
    return (range->low - wide->low) % wide->step == 0 && (one || range->step % wide->step == 0);
}

static bool cover_opening(const struct opening *wide, const struct opening *opening)
{
    return (opening->families & ~wide->families) == 0 && cover_range(&wide->range, &opening->range) &&
           cover_end(wide->destination, opening->destination) && cover_end(wide->source, opening->source);
}

static bool cover_same_name(const struct opening_end *a, const struct opening_end *b)
{
    return a == b || (a->kind == b->kind && strcmp(a->name, b->name) == 0);
}

/* May what this one calls from be another one's address as well? A host's own addresses are nobody else's. */
static bool cover_is_shared(const struct opening_end *source)
{
    if (source->kind != END_HOST)
        return true;
    for (size_t i = 0; i < source->address_count; i++)
        if (source->addresses[i].kind != ADDRESS_OWN || source->addresses[i].name != NULL)
            return true;
    return false;
}

/* Of two that hold each other the one stays that others are compared with (cover_find), else the first. */
static int cover_rank(const struct opening *opening)
{
    return (opening->destination->kind != END_HOST ? 2 : 0) + (cover_is_shared(opening->source) ? 1 : 0);
}

static bool cover_stands_for(const struct opening *wide, const struct opening *opening)
{
    if (wide == opening || !cover_opening(wide, opening))
        return false;
    if (!cover_opening(opening, wide))
        return true;
    int rank = cover_rank(wide), other = cover_rank(opening);
    return rank != other ? rank > other : wide < opening;
}

/* Where to look for what may hold an opening, so that a manager of thousands of agents takes no minutes: among those to
 * the same place, which lie side by side, the ones from the same source, which lie side by side again, and the ones
 * from shared sources; and among those to whole networks. */
struct cover_search {
    const struct opening *openings;
    size_t count;
    size_t place_end, source_begin, source_end;
    const struct opening **shared; /* of the place */
    size_t shared_count;
    size_t networks; /* the first opening whose destination is no host */
};

static void cover_enter(struct cover_search *search, size_t index)
{
    const struct opening *here = &search->openings[index];
    if (index >= search->place_end) {
        search->shared_count = 0;
        size_t end = index;
        for (; end < search->count && cover_same_name(here->destination, search->openings[end].destination); end++)
            if (cover_is_shared(search->openings[end].source))
                search->shared[search->shared_count++] = &search->openings[end];
        search->place_end = end;
        search->source_end = index;
    }
    if (index >= search->source_end) {
        search->source_begin = search->source_end = index;
        while (search->source_end < search->place_end &&
               cover_same_name(here->source, search->openings[search->source_end].source))
            search->source_end++;
    }
}

static const struct opening *cover_find(const struct cover_search *search, const struct opening *opening)
{
    for (size_t k = search->source_begin; k < search->source_end; k++)
        if (cover_stands_for(&search->openings[k], opening))
            return &search->openings[k];
    for (size_t k = 0; k < search->shared_count; k++)
        if (cover_stands_for(search->shared[k], opening))
            return search->shared[k];
    for (size_t k = search->networks; k < search->count; k++)
        if (cover_stands_for(&search->openings[k], opening))
            return &search->openings[k];
    return NULL;
}

const struct opening *const *legs_covered(struct arena *arena, const struct matrix *matrix)
{
    size_t count = matrix->opening_count;
    const struct opening **covered = ARENA_ARRAY(arena, const struct opening *, count);
    struct cover_search search = {.openings = matrix->openings,
                                  .count = count,
                                  .shared = ARENA_ARRAY(arena, const struct opening *, count),
                                  .networks = count};
    if (covered == NULL || search.shared == NULL)
        return NULL;
    while (search.networks > 0 && search.openings[search.networks - 1].destination->kind != END_HOST)
        search.networks--;
    for (size_t i = 0; i < count; i++) {
        cover_enter(&search, i);
        covered[i] = cover_find(&search, &search.openings[i]);
    }
    /* the one that holds it may itself be held: name the one that has a rule */
    for (size_t i = 0; i < count; i++)
        while (covered[i] != NULL && covered[covered[i] - search.openings] != NULL)
            covered[i] = covered[covered[i] - search.openings];
    return covered;
}
