/* The schema of hosts, templates, and the groups that both hold. */
#include "sections.h"

#include <string.h>

const char *const listener_words[] = {"auto", "kernel", "snmp", "file", "none", NULL};
const char *const severity_lower_words[] = {"ok", "unknown", "warning", "critical", NULL};

static const struct cfg_item host_file_items[] = {
    ROW("host", CFG_GROUP, AT(host_file_fields, host), "The host", .flags = CFG_REQUIRED, .section = &section_host),
};

static const char *host_file_hint(const char *name)
{
    static const char *const site_names[] = {"site", "vantages", "teams", "templates", "networks", "externals"};
    for (size_t i = 0; i < COUNT(site_names); i++)
        if (strcmp(name, site_names[i]) == 0)
            return "that belongs to site.conf";
    if (schema_item(&section_host, name))
        return "it belongs inside host: { ... };";
    return NULL;
}

const struct cfg_section section_host_file = {
    .name = "a host's file",
    .doc = "hosts.d/NAME.conf",
    .items = host_file_items,
    .count = COUNT(host_file_items),
    .size = sizeof(struct host_file_fields),
    .hint = host_file_hint,
};

static const struct cfg_item host_items[] = {
    ROW("name", CFG_NAME, AT(host_fields, name), "Its name; a host's is that of its file", .flags = CFG_REQUIRED),
    ROW("template", CFG_NAME, AT(host_fields, template_name), "The template whose settings it takes over",
        .flags = CFG_HOST_ONLY),
    ROW("alias", CFG_STRINGS, AT(host_fields, alias), "Further names", .flags = CFG_HOST_ONLY),
    ROW("groups", CFG_STRINGS, AT(host_fields, groups), "Labels to choose hosts by"),
    ROW("addresses", CFG_STRINGS_OR_GROUPS, AT(host_fields, addresses), "Its addresses or DNS names",
        .flags = CFG_HOST_ONLY | CFG_REQUIRED, .section = &section_addresses),
    ROW("settings", CFG_GROUPS, AT(host_fields, settings), "Values of parameters on this host",
        .section = &section_settings),
    ROW("roles", CFG_GROUPS, AT(host_fields, roles), "The components that run on it", .section = &section_roles),
    ROW("ports", CFG_GROUPS, AT(host_fields, ports), "Ports that were moved away from the guide's",
        .section = &section_changed_ports),
    ROW("expect", CFG_GROUPS, AT(host_fields, expect), "The user's own rules", .section = &section_expect),
    ROW("ignore", CFG_GROUPS, AT(host_fields, ignore), "Listeners that are never unexpected",
        .section = &section_ignore),
    ROW("waive", CFG_GROUPS, AT(host_fields, waive), "What is known and accepted until a day",
        .section = &section_waive),
    ROW("severities", CFG_GROUPS, AT(host_fields, severities), "Other severities than those of the verdicts",
        .section = &section_severities),
    ROW("listeners", CFG_WORD, AT(host_fields, listeners), "Where its listeners are read from", .initial = "auto",
        .words = listener_words),
    ROW("file", CFG_TEXT, AT(host_fields, file),
        "The recording for listeners = \"file\", relative to the configuration's folder"),
    ROW("netns", CFG_TEXT, AT(host_fields, netns),
        "The network namespace of this machine to read listeners in: \"/run/netns/x\""),
    ROW("snmp", CFG_GROUP, AT(host_fields, snmp), "How its agent is asked, for listeners = \"snmp\"",
        .section = &section_snmp),
    ROW("radius", CFG_GROUP, AT(host_fields, radius), "The secret that its RADIUS server shares with us",
        .section = &section_radius),
    ROW("exclusive", CFG_BOOL, AT(host_fields, exclusive), "A listener that nothing explains is a finding",
        .initial = "false"),
    ROW("intermittent", CFG_BOOL, AT(host_fields, intermittent), "It may be off: unreachable is no alarm",
        .initial = "false"),
    ROW("probe", CFG_WORD, AT(host_fields, probe), "Whether to probe it", .initial = "auto",
        .words = probe_policy_words),
    ROW("interval_s", CFG_INT, AT(host_fields, interval_s),
        "Seconds from one look of the daemon to the next; without it the site's", .min = 5, .max = 86400),
    ROW("damping", CFG_GROUP, AT(host_fields, damping), "How many looks in a row a change takes, in the daemon",
        .section = &section_damping),
};
const struct cfg_section section_host = {
    .name = "host",
    .doc = "A host: hosts.d/NAME.conf",
    .items = host_items,
    .count = COUNT(host_items),
    .size = sizeof(struct host_fields),
};
const struct cfg_section section_templates = {
    .name = "templates",
    .doc =
        "What like hosts have in common; lists are put before the host's, a single value holds unless the host has it",
    .items = host_items,
    .count = COUNT(host_items),
    .size = sizeof(struct host_fields),
    .without = CFG_HOST_ONLY,
    .without_hint = "it is a host's own: give it in hosts.d/NAME.conf",
};

static const struct cfg_item address_items[] = {
    ROW("ip", CFG_TEXT, AT(address_fields, ip), "An address or a DNS name", .flags = CFG_REQUIRED),
    ROW("segment", CFG_NAME, AT(address_fields, segment), "The network it is in"),
    ROW("kind", CFG_WORD, AT(address_fields, kind), "Its own, or one that others answer for", .initial = "own",
        .kind = "address-kind"),
};
const struct cfg_section section_addresses = {
    .name = "addresses",
    .doc = "An address of a host",
    .items = address_items,
    .count = COUNT(address_items),
    .size = sizeof(struct address_fields),
};

#define GUIDE_DOC "The guide; may be left out where the site has one"
#define UNTIL_DOC "The last day that the `phase` given here holds; without it always"

static const struct cfg_item settings_items[] = {
    ROW("guide", CFG_NAME, AT(settings_fields, guide), GUIDE_DOC),
    ROW("phase_until", CFG_DATE, AT(settings_fields, phase_until), UNTIL_DOC),
};
const struct cfg_section section_settings = {
    .name = "settings",
    .doc = "Values of a guide's parameters; every other name is a parameter",
    .items = settings_items,
    .count = COUNT(settings_items),
    .size = sizeof(struct settings_fields),
    .open = "a parameter of the guide",
};

static const struct cfg_item played_items[] = {
    ROW("guide", CFG_NAME, AT(played_fields, guide), GUIDE_DOC),
    ROW("component", CFG_NAME, AT(played_fields, component), "The component", .flags = CFG_REQUIRED),
    ROW("phase_until", CFG_DATE, AT(played_fields, phase_until), UNTIL_DOC),
};
const struct cfg_section section_plays = {
    .name = "acts_as and plays",
    .doc = "A component that a vantage stands in for, or that runs in a network; every other name is a parameter",
    .items = played_items,
    .count = COUNT(played_items),
    .size = sizeof(struct played_fields),
    .open = "a parameter of the guide",
};

static const struct cfg_item role_items[] = {
    ROW("guide", CFG_NAME, AT(role_fields, guide), GUIDE_DOC),
    ROW("component", CFG_NAME, AT(role_fields, component), "The component that the host plays", .flags = CFG_REQUIRED),
    ROW("name", CFG_NAME, AT(role_fields, name), "The role's name; needed where a component is played twice"),
    ROW("owner", CFG_STRINGS, AT(role_fields, owner), "Which programs are right here, instead of the guide's"),
    ROW("probe", CFG_WORD, AT(role_fields, probe), "Whether to probe its ports; without it as the host says",
        .initial = "auto", .words = probe_policy_words),
    ROW("interval_s", CFG_INT, AT(role_fields, interval_s),
        "Seconds from one look of the daemon at its ports to the next; without it the host's", .min = 5, .max = 86400),
    ROW("phase_until", CFG_DATE, AT(role_fields, phase_until), UNTIL_DOC),
};
const struct cfg_section section_roles = {
    .name = "roles",
    .doc = "A component that runs on the host; every other name is a parameter",
    .items = role_items,
    .count = COUNT(role_items),
    .size = sizeof(struct role_fields),
    .open = "a parameter of the guide",
};

static const struct cfg_item changed_port_items[] = {
    ROW("rule", CFG_TEXT, AT(changed_port_fields, rule), "The rule's id: \"jp1-itdm/manager-single/1\"",
        .flags = CFG_REQUIRED),
    ROW("to", CFG_PORTS, AT(changed_port_fields, to), "The ports in its place, item by item", .flags = CFG_REQUIRED),
};
const struct cfg_section section_changed_ports = {
    .name = "ports",
    .doc = "Ports that were moved away from the guide's",
    .items = changed_port_items,
    .count = COUNT(changed_port_items),
    .size = sizeof(struct changed_port_fields),
};

static const struct cfg_item ignore_items[] = {
    ROW("ports", CFG_PORTS, AT(ignore_fields, ports), "Their ports", .flags = CFG_REQUIRED),
    ROW("owner", CFG_STRINGS, AT(ignore_fields, owner), "Their programs; without it whoever listens there"),
    ROW("reason", CFG_TEXT, AT(ignore_fields, reason), "Why they are no matter"),
};
const struct cfg_section section_ignore = {
    .name = "ignore",
    .doc = "Listeners that are never unexpected",
    .items = ignore_items,
    .count = COUNT(ignore_items),
    .size = sizeof(struct ignore_fields),
};

static const struct cfg_item waiver_items[] = {
    ROW("rule", CFG_TEXT, AT(waiver_fields, rule), "The rule's id"),
    ROW("ports", CFG_PORTS, AT(waiver_fields, ports), "The ports, unexpected listeners included"),
    ROW("verdict", CFG_WORD, AT(waiver_fields, verdict), "This verdict alone", .kind = "verdict"),
    ROW("until", CFG_DATE, AT(waiver_fields, until), "The last day it holds", .flags = CFG_REQUIRED),
    ROW("reason", CFG_TEXT, AT(waiver_fields, reason), "Why it is accepted", .flags = CFG_REQUIRED),
    ROW("owner", CFG_TEXT, AT(waiver_fields, owner), "Who answers for it"),
    ROW("ticket", CFG_TEXT, AT(waiver_fields, ticket), "The change or ticket"),
};
const struct cfg_section section_waive = {
    .name = "waive",
    .doc = "What is known and accepted until a day",
    .items = waiver_items,
    .count = COUNT(waiver_items),
    .size = sizeof(struct waiver_fields),
};

static const struct cfg_item severity_items[] = {
    ROW("rule", CFG_TEXT, AT(severity_fields, rule), "A rule's id or a shell pattern over ids; without it any"),
    ROW("verdict", CFG_WORD, AT(severity_fields, verdict), "This verdict alone; without it any that is not OK",
        .kind = "verdict"),
    ROW("severity", CFG_WORD, AT(severity_fields, severity), "What it is worth", .flags = CFG_REQUIRED,
        .words = severity_lower_words),
};
const struct cfg_section section_severities = {
    .name = "severities",
    .doc = "Other severities than those of the verdicts; the last that matches holds",
    .items = severity_items,
    .count = COUNT(severity_items),
    .size = sizeof(struct severity_fields),
};

const struct cfg_section *const *schema_sections(void)
{
    static const struct cfg_section *const sections[] = {
        &section_guide_file,
        &section_guide,
        &section_parameters,
        &section_components,
        &section_rules,
        &section_from,
        &section_site_file,
        &section_site,
        &section_store,
        &section_control,
        &section_agentx,
        &section_snmp_agent,
        &section_syslog,
        &section_syslog_levels,
        &section_syslog_tls,
        &section_probe,
        &section_events,
        &section_damping,
        &section_snmp,
        &section_radius,
        &section_vantages,
        &section_plays,
        &section_teams,
        &section_networks,
        &section_externals,
        &section_templates,
        &section_host_file,
        &section_host,
        &section_addresses,
        &section_settings,
        &section_roles,
        &section_changed_ports,
        &section_expect,
        &section_ignore,
        &section_waive,
        &section_severities,
        NULL,
    };
    return sections;
}
