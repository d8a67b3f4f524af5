/* The addresses of a host, and which of them a rule is about. */
#include "build.h"

#include "portconform/error.h"
#include "portconform/vector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool plan_is_own_address(const struct plan_options *options, const struct address *address)
{
    if (address_is_loopback(address))
        return true;
    for (size_t i = 0; i < options->own_address_count; i++) {
        const struct address *own = &options->own_addresses[i];
        /* a configured link-local address need not name its zone */
        if (own->family == address->family && memcmp(own->octets, address->octets, sizeof own->octets) == 0 &&
            (own->zone == address->zone || own->zone == 0 || address->zone == 0))
            return true;
    }
    return false;
}

struct address_vector {
    struct plan_address *items;
    size_t count, capacity;
};

/* A name and a literal, or two names, may stand for one address: it is looked at once a segment. */
static int addresses_add(struct address_vector *found, const struct host_address *from, struct address address)
{
    address_normalise(&address);
    for (size_t i = 0; i < found->count; i++) {
        const struct plan_address *known = &found->items[i];
        bool same_segment = (known->segment == NULL) == (from->segment == NULL) &&
                            (known->segment == NULL || strcmp(known->segment, from->segment) == 0);
        if (same_segment && address_equal(&known->address, &address))
            return 0;
    }
    struct plan_address *slot = VECTOR_PUSH(found);
    if (slot == NULL)
        return -ENOMEM;
    *slot = (struct plan_address){.address = address, .text = from->text, .segment = from->segment, .kind = from->kind};
    return 0;
}

static int addresses_look_up(struct plan_build *build, const struct host *host, const struct host_address *name,
                             struct address_vector *found)
{
    const struct plan_options *options = build->options;
    if (options->lookup == NULL) {
        diag_add(build->diags, DIAG_ERROR, name->origin, NULL,
                 "\"%s\" of host %s is a name, and this program knows addresses only", name->text, host->name);
        return PC_ENAMES;
    }
    struct address *addresses = NULL;
    int count = options->lookup(options->lookup_context, name->text, &addresses);
    if (count == -ENOMEM)
        return count;
    if (count <= 0) {
        /* not an error of the plan: what hangs on that name is not judged, and says so */
        diag_add(build->diags, DIAG_WARNING, name->origin, NULL, "the name \"%s\" of host %s has no address: %s",
                 name->text, host->name, pc_strerror(count == 0 ? -ENOENT : count));
        return 0;
    }
    int error = 0;
    for (int i = 0; error == 0 && i < count; i++)
        error = addresses_add(found, name, addresses[i]);
    free(addresses);
    return error;
}

/* Is the host this machine? A virtual or translated address wanders, and every machine has a loopback: a host that
 * lists one besides an address of its own is not this machine for that. Whoever errs here reads the wrong listeners. */
static bool addresses_are_ours(const struct plan_options *options, const struct plan_host *host)
{
    bool loopback = false, foreign = false;
    for (size_t i = 0; i < host->address_count; i++) {
        const struct plan_address *address = &host->addresses[i];
        if (address->kind != ADDRESS_OWN)
            continue;
        if (address_is_loopback(&address->address))
            loopback = true;
        else if (plan_is_own_address(options, &address->address))
            return true;
        else
            foreign = true;
    }
    return loopback && !foreign;
}

int plan_resolve_addresses(struct plan_build *build, struct plan_host *host)
{
    struct address_vector found = {0};
    int error = 0;
    for (size_t i = 0; error == 0 && i < host->host->address_count; i++) {
        const struct host_address *address = &host->host->addresses[i];
        if (address->address.family != AF_UNSPEC)
            error = addresses_add(&found, address, address->address);
        else
            error = addresses_look_up(build, host->host, address, &found);
    }
    if (error != 0)
        goto out;

    struct plan_address *kept = ARENA_ARRAY(build->arena, struct plan_address, found.count);
    if (kept == NULL) {
        error = -ENOMEM;
        goto out;
    }
    if (found.count > 0)
        memcpy(kept, found.items, found.count * sizeof *kept);
    host->addresses = kept;
    host->address_count = found.count;
    host->is_self = addresses_are_ours(build->options, host);
out:
    VECTOR_DONE(&found);
    return error;
}

/* --- of a rule --------------------------------------------------------------------------------------------------- */

static bool addresses_any_segment(const struct plan_host *host)
{
    for (size_t i = 0; i < host->address_count; i++) {
        if (host->addresses[i].segment != NULL)
            return true;
    }
    return false;
}

static bool addresses_of_family(const struct plan_address *address, enum family family)
{
    switch (family) {
    case FAMILY_ANY:
    case FAMILY_BOTH:
        return true;
    case FAMILY_IPV4:
        return address->address.family == AF_INET;
    case FAMILY_IPV6:
        return address->address.family == AF_INET6;
    }
    return false;
}

int plan_pick_addresses(struct plan_build *build, const struct plan_host *host, struct expectation *expectation)
{
    const struct rule *rule = expectation->rule;
    const char *segment = addresses_any_segment(host) ? rule->segment : NULL;
    size_t *picked = ARENA_ARRAY(build->arena, size_t, host->address_count);
    if (picked == NULL)
        return -ENOMEM;
    size_t in_segment = 0, count = 0;
    for (size_t i = 0; i < host->address_count; i++) {
        const struct plan_address *address = &host->addresses[i];
        if (segment != NULL && (address->segment == NULL || strcmp(address->segment, segment) != 0))
            continue;
        in_segment++;
        if (addresses_of_family(address, rule->family))
            picked[count++] = i;
    }
    expectation->addresses = picked;
    expectation->address_count = count;
    if (in_segment == 0)
        expectation->no_address = REASON_NO_ADDRESS;
    else if (count == 0)
        expectation->no_address = REASON_FAMILY_ABSENT;
    return 0;
}
