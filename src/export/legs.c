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

static bool cover_same_place(const struct opening *a, const struct opening *b)
{
    return a->destination->kind == b->destination->kind && strcmp(a->destination->name, b->destination->name) == 0;
}

/* Of two that hold each other the first stays. */
static bool cover_stands_for(const struct opening *openings, size_t wide, size_t index)
{
    return wide != index && cover_opening(&openings[wide], &openings[index]) &&
           (wide < index || !cover_opening(&openings[index], &openings[wide]));
}

/* Looked for among the openings to the same place, which lie side by side, and among those to whole networks. */
const struct opening *const *legs_covered(struct arena *arena, const struct matrix *matrix)
{
    const struct opening *openings = matrix->openings;
    size_t count = matrix->opening_count, begin = 0, end = 0, networks = count;
    const struct opening **covered = ARENA_ARRAY(arena, const struct opening *, count);
    while (networks > 0 && openings[networks - 1].destination->kind != END_HOST)
        networks--;
    for (size_t i = 0; covered != NULL && i < count; i++) {
        if (i >= end) {
            for (begin = i, end = i + 1; end < count && cover_same_place(&openings[i], &openings[end]);)
                end++;
        }
        for (size_t k = begin; covered[i] == NULL && k < end; k++)
            if (cover_stands_for(openings, k, i))
                covered[i] = &openings[k];
        for (size_t k = networks; covered[i] == NULL && k < count; k++)
            if (cover_stands_for(openings, k, i))
                covered[i] = &openings[k];
    }
    /* the one that holds it may itself be held: name the one that has a rule */
    for (size_t i = 0; covered != NULL && i < count; i++)
        while (covered[i] != NULL && covered[covered[i] - openings] != NULL)
            covered[i] = covered[covered[i] - openings];
    return covered;
}
