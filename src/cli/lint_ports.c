/* One port that two want on one host: two roles, a role and an entry of the user's own, or two entries. Rows of one
 * role that tell the same socket twice are fine. */
#include "lint.h"

#include "portconform/vector.h"
#include <errno.h>
#include <string.h>

enum { PORTS_NAMED = 6 };

/* Two that want the same, with all their ports in one message. */
struct double_ports {
    const struct expectation *first, *second; /* of the first port found */
    bool demanded;                            /* both insist on at least one of the ports */
    struct text ports;
    size_t count;
};
struct double_ports_list {
    struct double_ports *items;
    size_t count, capacity;
};

/* Of a range of which one port suffices another one may be taken. Multicast is shared, firmware is no socket. */
static bool wants(const struct expectation *expectation)
{
    const struct rule *rule = expectation->rule;
    bool has_choice = rule->presence == PRESENCE_ANY || rule->presence == PRESENCE_FIRST_FREE;
    if (expectation->unset || rule->presence == PRESENCE_DYNAMIC || rule->multicast || rule->outside_os)
        return false;
    return !has_choice || port_range_count(&expectation->range) == 1;
}

static bool insists(const struct expectation *expectation)
{
    enum presence presence = expectation->rule->presence;
    return presence != PRESENCE_OPTIONAL && presence != PRESENCE_ONE_OF;
}

static bool share_address(const struct expectation *a, const struct expectation *b)
{
    for (size_t i = 0; i < a->address_count; i++)
        for (size_t k = 0; k < b->address_count; k++)
            if (a->addresses[i] == b->addresses[k])
                return true;
    return false;
}

/* Two roles of which the same program is right may well be one program. */
static bool same_program(const struct expectation *a, const struct expectation *b)
{
    if (a->owner.count == 0 || a->owner.count != b->owner.count)
        return false;
    for (size_t i = 0; i < a->owner.count; i++)
        if (a->owner.items[i].attribute != b->owner.items[i].attribute ||
            strcmp(a->owner.items[i].pattern, b->owner.items[i].pattern) != 0)
            return false;
    return true;
}

/* The first port that both have, 0 for none, and in *ret_last the last. */
static uint16_t common_port(const struct port_range *a, const struct port_range *b, uint16_t *ret_last)
{
    uint16_t first = 0;
    for (unsigned port = a->low; port <= a->high; port += a->step) {
        if (!port_range_contains(b, (uint16_t)port))
            continue;
        first = first ? first : (uint16_t)port;
        *ret_last = (uint16_t)port;
    }
    return first;
}

static struct double_ports *double_for(struct double_ports_list *list, const struct expectation *a,
                                       const struct expectation *b)
{
    for (size_t i = 0; a->role && b->role && i < list->count; i++)
        if (list->items[i].first->role == a->role && list->items[i].second->role == b->role)
            return &list->items[i];
    struct double_ports *added = VECTOR_PUSH(list);
    if (added)
        *added = (struct double_ports){.first = a, .second = b};
    return added;
}

/* A port that several rows of one role name is told once. */
static int name_port(struct double_ports *found, const struct expectation *a, const struct expectation *b,
                     struct port_range ports)
{
    struct text name = {0};
    char range[PORT_RANGE_TEXT];
    text_printf(&name, "%s %s (", transport_name(ports.transport), port_range_format(&ports, range, sizeof(range)));
    bool known = name.failed || strstr(text_string(&found->ports), text_string(&name));
    if (!known && found->count++ < PORTS_NAMED)
        text_printf(&found->ports, "%s%s%s and %s)", found->count > 1 ? ", " : "", text_string(&name), a->rule->id,
                    b->rule->id);
    int r = name.failed || found->ports.failed ? -ENOMEM : 0;
    text_done(&name);
    return r;
}

static int compare(struct double_ports_list *list, const struct expectation *a, const struct expectation *b)
{
    uint16_t last = 0;
    bool may_meet = wants(b) && (a->role != b->role || !a->role) && a->range.transport == b->range.transport &&
                    a->range.low <= b->range.high && b->range.low <= a->range.high;
    if (!may_meet || !share_address(a, b) || same_program(a, b))
        return 0;
    uint16_t first = common_port(&a->range, &b->range, &last);
    if (first == 0)
        return 0;
    struct double_ports *found = double_for(list, a, b);
    if (!found)
        return -ENOMEM;
    found->demanded = found->demanded || (insists(a) && insists(b));
    return name_port(found, a, b, (struct port_range){a->range.transport, first, last, 1});
}

static void format_side(struct text *out, const struct expectation *expectation)
{
    if (expectation->role)
        text_printf(out, "role %s", expectation->role->name);
    else
        text_printf(out, "expect entry %s", expectation->rule->id);
}

static void tell_double(struct double_ports *found, const struct host *host, struct diag_list *diags)
{
    struct text sides = {0};
    format_side(&sides, found->first);
    text_add(&sides, " and ");
    format_side(&sides, found->second);
    if (found->count > PORTS_NAMED)
        text_printf(&found->ports, " and %zu more", found->count - PORTS_NAMED);
    const struct role *role = found->second->role;
    bool own = !found->first->role || !role;
    diag_add(diags, found->demanded ? DIAG_WARNING : DIAG_NOTE, role ? role->origin : found->second->rule->origin,
             own ? "take the entry out, if it is the same program"
                 : "move one: ports = ( { rule = \"...\"; to = \"...\"; } ); or give each its program: owner = [...]",
             "%s of host %s want the same port: %s", text_string(&sides), host->name, text_string(&found->ports));
    text_done(&sides);
}

static int check_host(const struct plan_host *host, struct diag_list *diags)
{
    struct double_ports_list list = {0};
    int r = 0;
    for (size_t a = 0; r == 0 && a < host->expectation_count; a++)
        for (size_t b = a + 1; r == 0 && wants(&host->expectations[a]) && b < host->expectation_count; b++)
            r = compare(&list, &host->expectations[a], &host->expectations[b]);
    for (size_t i = 0; i < list.count; i++) {
        if (r == 0)
            tell_double(&list.items[i], host->host, diags);
        text_done(&list.items[i].ports);
    }
    VECTOR_DONE(&list);
    return r;
}

int lint_double_ports(const struct lint_plans *plans, struct diag_list *diags)
{
    const struct plan *first = plans->items[0];
    int r = 0;
    for (size_t h = 0; r == 0 && h < first->host_count; h++)
        r = check_host(&first->hosts[h], diags);
    return r;
}
