/* Hosts and templates: what a group says by itself is read once; a host is then folded from the site's defaults, its
 * template and itself. */
#include "loader.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A role before it is known which host plays it. */
struct role_draft {
    struct role role;
    struct settings own;
};

struct host_parts {
    const struct node *group;
    struct host_fields fields;
    struct string_list alias, groups;
    struct settings settings;
    const struct host_address *addresses;
    const struct role_draft *roles;
    const struct changed_port *changed_ports;
    const struct rule *expect;
    const struct ignore *ignore;
    const struct waiver *waivers;
    const struct severity_override *severities;
    size_t address_count, role_count, changed_port_count, expect_count, ignore_count, waiver_count, severity_count;
    struct damping damping; /* 0: not given */
};

static bool read_address_text(struct loader *loader, const struct node *text, struct host_address *ret)
{
    ret->text = text->text;
    ret->origin = node_inside(text);
    if (address_parse(text->text, &ret->address) == 0) {
        address_normalise(&ret->address);
        if (!address_is_wildcard(&ret->address))
            return true;
        ERROR(loader, ret->origin, NULL, "a host cannot have the address %s", text->text);
        return false;
    }
    ret->address = (struct address){.family = AF_UNSPEC};
    if (is_dns_name(text->text))
        return true;
    ERROR(loader, ret->origin, strchr(text->text, '/') ? "prefixes belong to 'networks' in site.conf" : NULL,
          "\"%s\" is neither an address nor a DNS name", text->text);
    return false;
}

static void read_addresses(struct loader *loader, struct host_parts *parts)
{
    const struct node *list = parts->fields.addresses.node;
    if (!list)
        return;
    struct host_address *items = LOADER_ARRAY(loader, struct host_address, list->count);
    if (!items)
        return;
    if (list->count == 0)
        ERROR(loader, list->origin, NULL, "a host needs an address");
    for (const struct node *element = list->first; element; element = element->next) {
        struct host_address address = {.kind = ADDRESS_OWN};
        struct address_fields fields;
        const struct node *text = element;
        if (element->kind == NODE_GROUP) {
            schema_read(&section_addresses, element, &fields, loader->diags);
            text = fields.ip.node;
            address.segment = fields.segment.text;
            address.kind = (enum address_kind)fields.kind.number;
        }
        if (text && read_address_text(loader, text, &address))
            items[parts->address_count++] = address;
    }
    parts->addresses = items;
}

static void check_role_names(struct loader *loader, const struct role *earlier, const struct role *role)
{
    if (strcmp(earlier->name, role->name) == 0)
        ERROR(loader, role->origin, "give one of them a name = \"...\"", "the role '%s' is played twice by this host",
              role->name);
}

static void read_roles(struct loader *loader, struct host_parts *parts)
{
    const struct node *list = parts->fields.roles.node;
    struct role_draft *items = list ? LOADER_ARRAY(loader, struct role_draft, list->count) : NULL;
    for (const struct node *group = items ? list->first : NULL; group; group = group->next) {
        struct role_fields fields;
        schema_read(&section_roles, group, &fields, loader->diags);
        size_t guide = find_guide(loader, &fields.guide, group->origin);
        const struct component *component = find_component(loader, guide, &fields.component);
        struct owner_patterns owner = read_owner(loader, &fields.owner);
        struct settings own = read_settings(loader, guide, group, &section_roles, SETTING_ROLE);
        if (!component)
            continue;
        if (component->external)
            WARNING(loader, node_inside(fields.component.node),
                    "'networks' and 'externals' in site.conf are for what runs outside",
                    "the component '%s' runs outside the site, and this host plays it", component->name);
        items[parts->role_count] = (struct role_draft){
            .role = {.guide = &loader->guides[guide],
                     .component = component,
                     .name = fields.name.node ? fields.name.text : component->name,
                     .owner = owner,
                     .probe = (enum probe_policy)fields.probe.number,
                     .probe_given = fields.probe.node != NULL,
                     .interval_s = fields.interval_s.node ? (unsigned)fields.interval_s.number : 0,
                     .origin = group->origin},
            .own = own,
        };
        for (size_t i = 0; i < parts->role_count; i++)
            check_role_names(loader, &items[i].role, &items[parts->role_count].role);
        parts->role_count++;
    }
    parts->roles = items;
}

static void read_changes(struct loader *loader, struct host_parts *parts)
{
    const struct node *list = parts->fields.ports.node;
    struct changed_port *items = list ? LOADER_ARRAY(loader, struct changed_port, list->count) : NULL;
    for (const struct node *group = items ? list->first : NULL; group; group = group->next) {
        struct changed_port_fields fields;
        schema_read(&section_changed_ports, group, &fields, loader->diags);
        const struct rule *rule = find_rule(loader, &fields.rule);
        struct changed_port *change = &items[parts->changed_port_count];
        if (!rule || !fields.to.node || !read_changed_ports(loader, rule, &fields.to, &change->to))
            continue;
        if (rule->change == CHANGE_NO)
            ERROR(loader, node_inside(fields.rule.node), "the guide says that it cannot be changed",
                  "the ports of %s cannot be moved", rule->id);
        for (size_t i = 0; i < parts->changed_port_count; i++)
            if (items[i].rule == rule)
                ERROR(loader, node_inside(fields.rule.node), NULL, "the ports of %s are moved twice", rule->id);
        change->rule = rule;
        change->origin = group->origin;
        parts->changed_port_count++;
    }
    parts->changed_ports = items;
}

static void read_expect(struct loader *loader, struct host_parts *parts)
{
    const struct node *list = parts->fields.expect.node;
    struct rule *items = list ? LOADER_ARRAY(loader, struct rule, list->count) : NULL;
    for (const struct node *group = items ? list->first : NULL; group; group = group->next)
        if (load_rule(loader, NULL, group, &items[parts->expect_count]))
            parts->expect_count++;
    parts->expect = items;
}

static void read_ignore(struct loader *loader, struct host_parts *parts)
{
    const struct node *list = parts->fields.ignore.node;
    struct ignore *items = list ? LOADER_ARRAY(loader, struct ignore, list->count) : NULL;
    for (const struct node *group = items ? list->first : NULL; group; group = group->next) {
        struct ignore_fields fields;
        struct ignore *item = &items[parts->ignore_count];
        schema_read(&section_ignore, group, &fields, loader->diags);
        if (!fields.ports.node || !read_plain_ports(loader, &fields.ports, &item->ports))
            continue;
        item->owner = read_owner(loader, &fields.owner);
        item->reason = fields.reason.text;
        item->origin = group->origin;
        parts->ignore_count++;
    }
    parts->ignore = items;
}

/* Rules of one id, in the order of their list. */
static int compare_expect(const void *left, const void *right)
{
    const struct rule *a = *(const struct rule *const *)left, *b = *(const struct rule *const *)right;
    int id = strcmp(a->id, b->id);
    return id ? id : (a > b) - (a < b);
}

/* Tells those from `from` on that repeat another. */
static void check_expect(struct loader *loader, const struct rule *rules, size_t count, size_t from)
{
    const struct rule **sorted = loader_scratch(loader, count, sizeof(*sorted));
    if (!sorted || count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &rules[i];
    qsort(sorted, count, sizeof(*sorted), compare_expect);
    const struct rule *first = sorted[0];
    for (size_t i = 1; i < count; i++) {
        const struct rule *rule = sorted[i];
        if (strcmp(first->id, rule->id) != 0)
            first = rule;
        else if ((size_t)(rule - rules) >= from)
            ERROR(loader, rule->origin, "a ref = \"...\" tells rules of the same ports apart",
                  "the rule %s is given twice (first in %s, line %u)", rule->id, first->origin.file,
                  first->origin.line);
    }
}

struct host_parts *host_parts_read(struct loader *loader, const struct node *group, const struct cfg_section *section)
{
    struct host_parts *parts = loader_scratch(loader, 1, sizeof(*parts));
    if (!parts)
        return NULL;
    schema_read(section, group, &parts->fields, loader->diags);
    enum setting_level level = section == &section_templates ? SETTING_TEMPLATE : SETTING_HOST;
    parts->group = group;
    parts->alias = read_strings(loader, &parts->fields.alias);
    parts->groups = read_strings(loader, &parts->fields.groups);
    parts->settings = read_settings_list(loader, &parts->fields.settings, level);
    read_addresses(loader, parts);
    read_roles(loader, parts);
    read_changes(loader, parts);
    read_expect(loader, parts);
    if (level == SETTING_TEMPLATE) /* a host's are told when it is folded, against its template's too */
        check_expect(loader, parts->expect, parts->expect_count, 0);
    read_ignore(loader, parts);
    const char *name = parts->fields.name.text ? parts->fields.name.text : "?";
    parts->waivers = read_waivers(loader, &parts->fields.waive, name, &parts->waiver_count);
    parts->severities = read_severities(loader, &parts->fields.severities, &parts->severity_count);
    snmp_check(loader, &parts->fields.snmp);
    radius_check(loader, &parts->fields.radius);
    if (parts->fields.damping.node) {
        struct damping_fields damping;
        schema_read(&section_damping, parts->fields.damping.node, &damping, loader->diags);
        parts->damping.raise = damping.raise.node ? (unsigned)damping.raise.number : 0;
        parts->damping.clear = damping.clear.node ? (unsigned)damping.clear.number : 0;
    }
    return parts;
}

const char *host_parts_name(const struct host_parts *parts)
{
    return parts->fields.name.node ? parts->fields.name.text : NULL;
}

const struct field *host_parts_template(const struct host_parts *parts)
{
    return &parts->fields.template_name;
}

/* --- folding --- */

/* One array after the other, of elements of `size` octets. */
static const void *join(struct loader *loader, const void *first, size_t first_count, const void *second,
                        size_t second_count, size_t size, size_t *ret_count)
{
    *ret_count = 0;
    char *items = loader_alloc(loader, first_count + second_count + 1, size); /* lists of words end with NULL */
    if (!items)
        return NULL;
    if (first_count)
        memcpy(items, first, first_count * size);
    if (second_count)
        memcpy(items + first_count * size, second, second_count * size);
    *ret_count = first_count + second_count;
    return items;
}
#define JOIN(loader, of_template, own, items, counter, ret_items, ret_count)                                           \
    ((ret_items) = join((loader), (of_template)->items, (of_template)->counter, (own)->items, (own)->counter,          \
                        sizeof(*(own)->items), (ret_count)))

/* The host's value, else the template's, else the default. */
static const struct field *nearest(const struct field *own, const struct field *of_template)
{
    return own->node || !of_template->node ? own : of_template;
}

static void fold_roles(struct loader *loader, const struct host_defaults *site, const struct host_parts *of_template,
                       const struct host_parts *own, struct host *host)
{
    struct role *roles = LOADER_ARRAY(loader, struct role, of_template->role_count + own->role_count);
    if (!roles)
        return;
    for (size_t i = 0; i < of_template->role_count + own->role_count; i++) {
        bool is_own = i >= of_template->role_count;
        const struct role_draft *draft = is_own ? &own->roles[i - of_template->role_count] : &of_template->roles[i];
        struct settings lists[] = {site->settings, of_template->settings, own->settings, draft->own};
        roles[i] = draft->role;
        roles[i].settings = merge_settings(loader, draft->role.guide, lists, COUNT(lists));
        for (size_t earlier = 0; is_own && earlier < of_template->role_count; earlier++)
            check_role_names(loader, &roles[earlier], &roles[i]);
    }
    host->roles = roles;
    host->role_count = of_template->role_count + own->role_count;
}

static void check_changes(struct loader *loader, const struct host_parts *own, const struct host *host)
{
    for (size_t i = 0; i < own->changed_port_count; i++) {
        const struct rule *rule = own->changed_ports[i].rule;
        bool played = false;
        for (size_t role = 0; role < host->role_count; role++)
            played = played || host->roles[role].component == rule->listens;
        if (!played)
            WARNING(loader, own->changed_ports[i].origin, NULL, "no role of this host has the rule %s", rule->id);
    }
}

/* Where a setting that decides stands; what the template decides is told at the host that it does not fit. */
static struct origin deciding_place(const struct host_parts *own, const struct field *field)
{
    return field->node ? field->node->origin : own->group->origin;
}

/* Settings of the host itself that its listeners make useless. */
static void check_useless(struct loader *loader, const struct host_fields *own, enum listener_choice listeners)
{
    if (own->file.node && listeners != LISTENERS_FILE)
        WARNING(loader, own->file.node->name_origin, "listeners = \"file\"", "'file' has no effect");
    if (own->netns.node && listeners != LISTENERS_KERNEL)
        WARNING(loader, own->netns.node->name_origin, "listeners = \"kernel\"", "'netns' has no effect");
    if (own->snmp.node && listeners != LISTENERS_SNMP)
        WARNING(loader, own->snmp.node->name_origin, "listeners = \"snmp\"", "'snmp' has no effect");
    if (own->netns.node && own->netns.text[0] != '/')
        ERROR(loader, node_inside(own->netns.node), "/run/netns/NAME", "'netns' is an absolute path");
}

/* Where the listeners come from, and whether what depends on it fits. */
static void fold_listeners(struct loader *loader, const struct host_defaults *site,
                           const struct host_parts *of_template, const struct host_parts *own, struct host *host)
{
    const struct field *file = nearest(&own->fields.file, &of_template->fields.file);
    struct origin place = deciding_place(own, &own->fields.listeners);
    host->listeners = (enum listener_choice)nearest(&own->fields.listeners, &of_template->fields.listeners)->number;
    host->exclusive = nearest(&own->fields.exclusive, &of_template->fields.exclusive)->number;
    host->netns = nearest(&own->fields.netns, &of_template->fields.netns)->text;
    check_useless(loader, &own->fields, host->listeners);
    if (host->listeners == LISTENERS_SNMP)
        host->snmp = snmp_fold(loader, &own->fields.snmp, &of_template->fields.snmp, &site->snmp, place);
    if (host->exclusive && host->listeners == LISTENERS_NONE)
        ERROR(loader, own->fields.exclusive.node ? own->fields.exclusive.node->name_origin : place,
              "listeners = \"kernel\", \"snmp\" or \"file\"", "'exclusive' without a source of listeners");
    if (host->listeners != LISTENERS_FILE)
        return;
    if (!file->node)
        ERROR(loader, place, "file = \"NAME.listeners\"", "listeners = \"file\" without 'file'");
    else
        host->listener_file =
            file->text[0] == '/' ? file->text : loader_printf(loader, "%s/%s", loader->folder, file->text);
}

/* Own rules that a waiver or a severity of this host speaks of. */
static void check_own_rule(struct loader *loader, const struct host *host, const char *id, struct origin origin)
{
    char hint[HINT_TEXT];
    if (!id || strncmp(id, "site/", 5) != 0 || strpbrk(id, "*?["))
        return;
    const char **ids = loader_scratch(loader, host->expect_count + 1, sizeof(*ids));
    for (size_t i = 0; ids && i < host->expect_count; i++) {
        ids[i] = host->expect[i].id;
        if (strcmp(ids[i], id) == 0)
            return;
    }
    ERROR(loader, origin, ids ? hint_nearest(id, ids, hint, sizeof(hint)) : NULL, "this host has no rule \"%s\"", id);
}

static void check_own_rules(struct loader *loader, const struct host_parts *own, const struct host *host)
{
    for (size_t i = 0; i < own->waiver_count; i++)
        check_own_rule(loader, host, own->waivers[i].rule, own->waivers[i].origin);
    for (size_t i = 0; i < own->severity_count; i++)
        check_own_rule(loader, host, own->severities[i].rule, own->severities[i].origin);
}

static void check_aliases(struct loader *loader, const struct field *field)
{
    for (const struct node *alias = field->node ? field->node->first : NULL; alias; alias = alias->next)
        if (!schema_is_name(alias->text))
            ERROR(loader, node_inside(alias), "letters, digits, '.', '_' and '-', a letter or digit first",
                  "an alias cannot be \"%s\"", alias->text);
}

void host_fold(struct loader *loader, const struct host_defaults *site, const struct host_parts *of_template,
               const struct host_parts *own, struct host *ret)
{
    static const struct host_parts nothing;
    const struct host_parts *base = of_template ? of_template : &nothing;
    struct host host = {.name = own->fields.name.text, .alias = own->alias, .origin = own->group->name_origin};
    JOIN(loader, base, own, groups.items, groups.count, host.groups.items, &host.groups.count);
    JOIN(loader, base, own, addresses, address_count, host.addresses, &host.address_count);
    JOIN(loader, base, own, changed_ports, changed_port_count, host.changed_ports, &host.changed_port_count);
    JOIN(loader, base, own, expect, expect_count, host.expect, &host.expect_count);
    JOIN(loader, base, own, ignore, ignore_count, host.ignore, &host.ignore_count);
    size_t waivers, severities;
    const struct waiver *folded_waivers;
    const struct severity_override *folded_severities;
    JOIN(loader, base, own, waivers, waiver_count, folded_waivers, &waivers);
    JOIN(loader, base, own, severities, severity_count, folded_severities, &severities);
    host.waivers = join(loader, site->waivers, site->waiver_count, folded_waivers, waivers, sizeof(*folded_waivers),
                        &host.waiver_count);
    host.severities = join(loader, site->severities, site->severity_count, folded_severities, severities,
                           sizeof(*folded_severities), &host.severity_count);
    fold_roles(loader, site, base, own, &host);
    fold_listeners(loader, site, base, own, &host);
    host.radius_secret = radius_fold(loader, &own->fields.radius, &base->fields.radius, &site->radius);
    host.intermittent = nearest(&own->fields.intermittent, &base->fields.intermittent)->number;
    host.probe = (enum probe_policy)nearest(&own->fields.probe, &base->fields.probe)->number;
    const struct field *interval = nearest(&own->fields.interval_s, &base->fields.interval_s);
    host.interval_s = interval->node ? (unsigned)interval->number : 0;
    host.damping = site->damping;
    const struct damping *nearer[] = {&base->damping, &own->damping};
    for (size_t i = 0; i < COUNT(nearer); i++) {
        host.damping.raise = nearer[i]->raise ? nearer[i]->raise : host.damping.raise;
        host.damping.clear = nearer[i]->clear ? nearer[i]->clear : host.damping.clear;
    }
    check_aliases(loader, &own->fields.alias);
    check_changes(loader, own, &host);
    check_own_rules(loader, own, &host);
    check_expect(loader, host.expect, host.expect_count, base->expect_count);
    *ret = host;
}
