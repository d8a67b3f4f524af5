/* site.conf: everything that is no host. */
#include "loader.h"

#include "portconform/number.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int compare_names(const void *left, const void *right)
{
    const struct node *a = *(const struct node *const *)left, *b = *(const struct node *const *)right;
    int name = strcmp(a->text, b->text);
    if (name)
        return name;
    if (a->origin.line != b->origin.line)
        return a->origin.line < b->origin.line ? -1 : 1;
    return (a->origin.column > b->origin.column) - (a->origin.column < b->origin.column);
}

/* Groups of one list with one name. */
static void check_names(struct loader *loader, const struct node *list, const char *what)
{
    size_t count = 0;
    const struct node **names = list ? loader_scratch(loader, list->count, sizeof(*names)) : NULL;
    for (const struct node *group = names ? list->first : NULL; group; group = group->next) {
        const struct node *name = node_member(group, "name");
        if (name && name->kind == NODE_STRING)
            names[count++] = name;
    }
    if (count)
        qsort(names, count, sizeof(*names), compare_names);
    for (size_t i = 1; i < count; i++)
        if (strcmp(names[i - 1]->text, names[i]->text) == 0)
            ERROR(loader, node_inside(names[i]),
                  loader_printf(loader, "the one before is in line %u, column %u", names[i - 1]->origin.line,
                                names[i - 1]->origin.column),
                  "the %s '%s' is given twice", what, names[i]->text);
}

const struct played *read_played(struct loader *loader, const struct field *field, size_t *ret_count)
{
    *ret_count = 0;
    if (!field->node)
        return NULL;
    struct played *items = LOADER_ARRAY(loader, struct played, field->node->count);
    size_t count = 0;
    for (const struct node *group = items ? field->node->first : NULL; group; group = group->next) {
        struct played_fields fields;
        schema_read(&section_plays, group, &fields, loader->diags);
        size_t guide = find_guide(loader, &fields.guide, group->origin);
        const struct component *component = find_component(loader, guide, &fields.component);
        struct settings settings = read_settings(loader, guide, group, &section_plays, SETTING_ROLE);
        if (component)
            items[count++] = (struct played){&loader->guides[guide], component, settings};
    }
    *ret_count = count;
    return items;
}

/* Values of the site hold for those who are no hosts too. */
static const struct played *read_played_here(struct loader *loader, const struct field *field,
                                             const struct host_defaults *site, size_t *ret_count)
{
    const struct played *played = read_played(loader, field, ret_count);
    struct played *items = LOADER_ARRAY(loader, struct played, *ret_count);
    for (size_t i = 0; items && i < *ret_count; i++) {
        struct settings lists[] = {site->settings, played[i].settings};
        items[i] = played[i];
        items[i].settings = merge_settings(loader, played[i].guide, lists, COUNT(lists));
    }
    if (!items)
        *ret_count = 0;
    return items;
}

static void load_vantages(struct loader *loader, const struct field *field, const struct host_defaults *site,
                          struct site *ret)
{
    struct vantage *items = field->node ? LOADER_ARRAY(loader, struct vantage, field->node->count) : NULL;
    for (const struct node *group = items ? field->node->first : NULL; group; group = group->next) {
        struct vantage_fields fields;
        schema_read(&section_vantages, group, &fields, loader->diags);
        struct vantage *vantage = &items[ret->vantage_count];
        *vantage = (struct vantage){.name = fields.name.text,
                                    .permitted = fields.permitted.number,
                                    .segment = fields.segment.text,
                                    .origin = group->origin};
        vantage->acts_as = read_played_here(loader, &fields.acts_as, site, &vantage->acts_as_count);
        if (fields.source.node && address_parse(fields.source.text, &vantage->source) < 0)
            ERROR(loader, node_inside(fields.source.node), "an IPv4 or IPv6 address of the vantage",
                  "\"%s\" is no address", fields.source.text);
        ret->vantage_count += vantage->name != NULL;
    }
    check_names(loader, field->node, "vantage");
    ret->vantages = items;
}

static void load_teams(struct loader *loader, const struct field *field, struct site *ret)
{
    struct team *items = field->node ? LOADER_ARRAY(loader, struct team, field->node->count) : NULL;
    for (const struct node *member = items ? field->node->first : NULL; member; member = member->next) {
        if (member->kind != NODE_STRING) {
            ERROR(loader, member->origin, "network = \"noc@example.jp\"", "a team's contact must be a string, found %s",
                  node_kind_text(member->kind));
            continue;
        }
        if (word_find("blame", member->name) < 0)
            WARNING(loader, member->name_origin, "network, server, local, config",
                    "nobody is ever sent to the team '%s': it is no word of blame", member->name);
        items[ret->team_count++] = (struct team){.name = member->name, .contact = member->text};
    }
    ret->teams = items;
}

static void read_prefixes(struct loader *loader, const struct field *field, struct network *ret)
{
    struct prefix *items = field->node ? LOADER_ARRAY(loader, struct prefix, field->node->count) : NULL;
    for (const struct node *text = items ? field->node->first : NULL; text; text = text->next) {
        if (prefix_parse(text->text, &items[ret->prefix_count]) == 0)
            ret->prefix_count++;
        else
            ERROR(loader, node_inside(text), "\"10.20.0.0/16\": the bits behind the prefix are zero",
                  "\"%s\" is no prefix", text->text);
    }
    ret->prefixes = items;
}

static void load_networks(struct loader *loader, const struct field *field, const struct host_defaults *site,
                          struct site *ret)
{
    struct network *items = field->node ? LOADER_ARRAY(loader, struct network, field->node->count) : NULL;
    for (const struct node *group = items ? field->node->first : NULL; group; group = group->next) {
        struct network_fields fields;
        schema_read(&section_networks, group, &fields, loader->diags);
        struct network *network = &items[ret->network_count];
        *network = (struct network){.name = fields.name.text, .segment = fields.segment.text, .origin = group->origin};
        read_prefixes(loader, &fields.prefixes, network);
        network->plays = read_played_here(loader, &fields.plays, site, &network->play_count);
        ret->network_count += network->name != NULL;
    }
    check_names(loader, field->node, "network");
    ret->networks = items;
}

static void check_external_addresses(struct loader *loader, const struct field *field)
{
    struct address address;
    struct prefix prefix;
    for (const struct node *text = field->node ? field->node->first : NULL; text; text = text->next)
        if (address_parse(text->text, &address) < 0 && prefix_parse(text->text, &prefix) < 0 &&
            !is_dns_name(text->text))
            ERROR(loader, node_inside(text), NULL, "\"%s\" is neither an address, a prefix nor a DNS name", text->text);
}

static void load_externals(struct loader *loader, const struct field *field, const struct host_defaults *site,
                           struct site *ret)
{
    struct external *items = field->node ? LOADER_ARRAY(loader, struct external, field->node->count) : NULL;
    for (const struct node *group = items ? field->node->first : NULL; group; group = group->next) {
        struct external_fields fields;
        schema_read(&section_externals, group, &fields, loader->diags);
        struct external *external = &items[ret->external_count];
        *external = (struct external){.name = fields.name.text, .origin = group->origin};
        check_external_addresses(loader, &fields.addresses);
        external->addresses = read_strings(loader, &fields.addresses);
        if (fields.component.node || fields.guide.node) {
            size_t guide = find_guide(loader, &fields.guide, group->origin);
            external->component = find_component(loader, guide, &fields.component);
            external->guide = guide == SIZE_MAX ? NULL : &loader->guides[guide];
            external->settings = merge_settings(loader, external->guide, &site->settings, 1);
        }
        ret->external_count += external->name != NULL;
    }
    check_names(loader, field->node, "external");
    ret->externals = items;
}

static void load_syslog(struct loader *loader, const struct field *field, struct site *ret)
{
    struct syslog_target *items = field->node ? LOADER_ARRAY(loader, struct syslog_target, field->node->count) : NULL;
    for (const struct node *group = items ? field->node->first : NULL; group; group = group->next)
        if (read_syslog_target(loader, group, &items[ret->syslog_count]))
            ret->syslog_count++;
    check_names(loader, field->node, "syslog target");
    ret->syslog = items;
}

/* Digits alone: number_parse() takes a sign. */
static bool parse_port(const char *text, size_t length, int64_t *ret)
{
    char digits[6];
    if (length == 0 || length >= sizeof(digits) || strspn(text, "0123456789") < length)
        return false;
    memcpy(digits, text, length);
    digits[length] = '\0';
    return number_parse(digits, 1024, UINT16_MAX, ret) == 0;
}

static bool parse_port_range(const char *text, uint16_t *ret_low, uint16_t *ret_high)
{
    const char *dots = strstr(text, "..");
    int64_t low, high;
    if (!dots || !parse_port(text, (size_t)(dots - text), &low) || !parse_port(dots + 2, strlen(dots + 2), &high) ||
        low > high)
        return false;
    *ret_low = (uint16_t)low;
    *ret_high = (uint16_t)high;
    return true;
}

/* "40000..40999": unprivileged ports, enough of them for what may wait for an answer. */
static void load_source_ports(struct loader *loader, const struct field *field, struct site *ret)
{
    uint16_t low, high;
    if (!field->node)
        return;
    if (!parse_port_range(field->text, &low, &high)) {
        ERROR(loader, node_inside(field->node), "ports from 1024 to 65535, as in \"40000..40999\"",
              "\"%s\" is no range of source ports", field->text);
        return;
    }
    ret->probe_source_port_low = low;
    ret->probe_source_port_high = high;
}

static const char *in_folder(struct loader *loader, const char *path)
{
    return path[0] == '/' ? path : loader_printf(loader, "%s/%s", loader->folder, path);
}

static void load_snmp_agent(struct loader *loader, const struct field *group, struct snmp_agent_options *ret)
{
    struct snmp_agent_fields fields;
    schema_read(&section_snmp_agent, group->node, &fields, loader->diags);
    ret->listen = fields.listen.text;
    if (fields.listen.node && snmp_listen_check(fields.listen.text) < 0)
        ERROR(loader, node_inside(fields.listen.node),
              "\"udp:127.0.0.1:1161\", \"udp6:[::1]:161\", \"tcp:10.0.0.5:161\"",
              "\"%s\" is no place where SNMP can listen", fields.listen.text);
    ret->config = fields.config.node ? in_folder(loader, fields.config.text) : NULL;
    ret->silent = !fields.notifications.number;
    ret->per_minute = (unsigned)fields.per_minute.number;
    ret->per_host = (unsigned)fields.per_host.number;
}

static void load_store(struct loader *loader, const struct field *group, struct store_options *ret)
{
    struct store_fields fields;
    schema_read(&section_store, group->node, &fields, loader->diags);
    const char *folder = fields.folder.node ? fields.folder.text : NULL;
    ret->folder = folder && strcmp(folder, "none") != 0 ? in_folder(loader, folder) : folder;
    ret->most_mb = (unsigned)fields.most_mb.number;
    ret->most_days = (unsigned)fields.most_days.number;
}

/* Shorter than sun_path: the daemon makes it under a longer name first. */
enum { SOCKET_PATH_MAX = 90 };

static void load_control(struct loader *loader, const struct field *group, struct control_options *ret)
{
    struct control_fields fields;
    schema_read(&section_control, group->node, &fields, loader->diags);
    const char *socket = fields.socket.node ? fields.socket.text : NULL;
    if (socket && strcmp(socket, "none") != 0 && socket[0] != '/')
        ERROR(loader, node_inside(fields.socket.node), "/run/portconform/control", "'socket' is an absolute path");
    else if (socket && strlen(socket) > SOCKET_PATH_MAX)
        ERROR(loader, node_inside(fields.socket.node), NULL, "the path of a socket has at most %d octets",
              SOCKET_PATH_MAX);
    ret->socket = socket;
    ret->group = fields.group.node ? fields.group.text : NULL;
    ret->readers = read_strings(loader, &fields.readers);
}

/* The settings that go into struct site one to one. */
static void load_plain(struct loader *loader, const struct site_fields *fields, struct site *ret)
{
    struct agentx_fields agentx;
    struct probe_fields probe;
    struct events_fields events;
    schema_read(&section_agentx, fields->agentx.node, &agentx, loader->diags);
    schema_read(&section_probe, fields->probe.node, &probe, loader->diags);
    schema_read(&section_events, fields->events.node, &events, loader->diags);
    ret->name = fields->name.text;
    ret->segmentation = fields->segmentation.number;
    ret->pen = (uint32_t)fields->pen.number;
    ret->interval_s = (unsigned)fields->interval_s.number;
    ret->events = (struct event_options){(unsigned)events.storm.number, (unsigned)events.storm_s.number,
                                         (unsigned)events.heartbeat_s.number, (unsigned)events.summary_s.number};
    ret->looks_before_unexpected_udp = (unsigned)fields->looks_before_unexpected_udp.number;
    ret->agentx_socket = agentx.socket.text;
    load_snmp_agent(loader, &fields->snmp_agent, &ret->snmp_agent);
    load_store(loader, &fields->store, &ret->store);
    load_control(loader, &fields->control, &ret->control);
    ret->probe_timeout_ms = (unsigned)probe.timeout_ms.number;
    ret->probe_per_second = (unsigned)probe.per_second.number;
    ret->probe_per_target_per_second = (unsigned)probe.per_target_per_second.number;
    ret->probe_dscp = (uint8_t)probe.dscp.number;
    load_source_ports(loader, &probe.source_ports, ret);
    ret->ask_sql_browser = probe.sql_browser.number;
    if (probe.ca_file.node)
        ret->ca_file = probe.ca_file.text[0] == '/'
                           ? probe.ca_file.text
                           : loader_printf(loader, "%s/%s", loader->folder, probe.ca_file.text);
    if (probe.per_target_per_second.node && probe.per_target_per_second.number > probe.per_second.number)
        WARNING(loader, probe.per_target_per_second.node->origin, NULL,
                "'per_target_per_second' is larger than 'per_second': no target ever gets so many");
    if (fields->canary.node && !parse_address_port(fields->canary.text, &ret->canary.address, &ret->canary.port))
        ERROR(loader, node_inside(fields->canary.node), "\"10.0.0.1:443\" or \"[2001:db8::1]:443\"",
              "\"%s\" is no address with a port", fields->canary.text);
}

static void load_site_guides(struct loader *loader, const struct field *field, struct site *ret)
{
    size_t count = field->node ? field->node->count : 0, used = 0;
    struct guide_request *requests = loader_scratch(loader, count, sizeof(*requests));
    if (!requests)
        return;
    for (const struct node *name = count ? field->node->first : NULL; name; name = name->next) {
        bool known = false;
        for (size_t i = 0; i < used; i++)
            known = known || strcmp(requests[i].id, name->text) == 0;
        if (known)
            ERROR(loader, node_inside(name), NULL, "the guide \"%s\" is listed twice", name->text);
        else if (!schema_is_name(name->text))
            ERROR(loader, node_inside(name), "letters, digits, '.', '_' and '-'", "a guide cannot be named \"%s\"",
                  name->text);
        else
            requests[used++] = (struct guide_request){name->text, node_inside(name)};
    }
    load_guides(loader, requests, used);
    const struct guide **guides = LOADER_ARRAY(loader, const struct guide *, loader->guide_count);
    for (size_t i = 0; guides && i < used; i++)
        for (size_t j = 0; j < loader->guide_count; j++)
            if (strcmp(loader->guides[j].id, requests[i].id) == 0)
                guides[ret->guide_count++] = &loader->guides[j];
    ret->guides = guides;
}

static void load_templates(struct loader *loader, const struct field *field, struct site_parts *ret)
{
    size_t count = field->node ? field->node->count : 0;
    ret->templates = loader_scratch(loader, count, sizeof(*ret->templates));
    for (const struct node *group = ret->templates && count ? field->node->first : NULL; group; group = group->next) {
        struct host_parts *parts = host_parts_read(loader, group, &section_templates);
        if (parts)
            ret->templates[ret->template_count++] = parts;
    }
    check_names(loader, field->node, "template");
}

bool load_site(struct loader *loader, const struct node *root, struct site_parts *ret)
{
    struct site_file_fields file;
    struct site_fields fields;
    schema_read(&section_site_file, root, &file, loader->diags);
    schema_read(&section_site, file.site.node, &fields, loader->diags);
    struct site *site = LOADER_ARRAY(loader, struct site, 1);
    if (!site)
        return false;
    *ret = (struct site_parts){.site = site};
    site->origin = file.site.node ? file.site.node->name_origin : root->origin;
    load_plain(loader, &fields, site);
    load_site_guides(loader, &fields.guides, site);
    ret->defaults.settings = read_settings_list(loader, &fields.settings, SETTING_SITE);
    ret->defaults.waivers = read_waivers(loader, &fields.waive, "the site", &ret->defaults.waiver_count);
    ret->defaults.severities = read_severities(loader, &fields.severities, &ret->defaults.severity_count);
    read_damping(loader, &fields.damping, &ret->defaults.damping);
    snmp_check(loader, &fields.snmp);
    ret->defaults.snmp = fields.snmp;
    radius_check(loader, &fields.radius);
    ret->defaults.radius = fields.radius;
    load_syslog(loader, &fields.syslog, site);
    load_vantages(loader, &file.vantages, &ret->defaults, site);
    load_teams(loader, &file.teams, site);
    load_networks(loader, &file.networks, &ret->defaults, site);
    load_externals(loader, &file.externals, &ret->defaults, site);
    load_templates(loader, &file.templates, ret);
    return loader->failure == 0;
}
