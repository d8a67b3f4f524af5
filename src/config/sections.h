/* What a checked group of each section holds: one struct field a row of the schema, by the names that files use. */
#pragma once

#include "schema.h"

#include <stddef.h>

/* A row of a table, and what it needs. */
#define COUNT(items)    (sizeof(items) / sizeof((items)[0]))
#define AT(type, field) offsetof(struct type, field)
#define ROW(item_name, item_type, item_where, item_doc, ...)                                                           \
    {                                                                                                                  \
        .name = item_name, .type = item_type, .where = item_where, .doc = item_doc, __VA_ARGS__                        \
    }

/* --- guides (schema_guide.c) --- */

struct guide_file_fields {
    struct field guide, parameters, components, rules;
};
struct guide_fields {
    struct field id, title, title_ja, vendor, source, product_version, published, revision;
};
struct parameter_fields {
    struct field name, type, min, max, values, initial, about, about_ja;
};
struct component_fields {
    struct field name, external, owner, about, about_ja;
};
struct rule_fields {
    struct field ref, part, listens, from, ports, presence, scope, scope_basis, direction, family, segment, service;
    struct field when, owner, multicast, outside_os, fragile, probe, interval_s, assume, changeable;
    struct field about, about_ja, printed, erratum, erratum_ja;
};
struct peer_fields {
    struct field component, when;
};

extern const struct cfg_section section_guide_file, section_guide, section_parameters, section_components,
    section_rules, section_expect, section_from;

/* --- sites (schema_site.c) and hosts (schema_host.c) --- */

struct site_file_fields {
    struct field site, vantages, teams, templates, networks, externals;
};
struct site_fields {
    struct field name, guides, settings, segmentation, canary, pen, agentx, syslog, probe, interval_s;
    struct field looks_before_unexpected_udp, damping, severities, waive, snmp, radius, events, snmp_agent, store;
    struct field control;
};
struct snmp_agent_fields {
    struct field listen, config, notifications, per_minute, per_host;
};
struct store_fields {
    struct field folder, most_mb, most_days;
};
struct control_fields {
    struct field socket, group, readers;
};
struct agentx_fields {
    struct field socket;
};
struct syslog_fields {
    struct field name, target, format, header, framing, most_octets, facility, levels, kinds, classes, verdicts, least;
    struct field tls;
};
struct syslog_level_fields {
    struct field critical, warning, unknown, ok;
};
struct syslog_tls_fields {
    struct field ca, certificate, key, name, least;
};
struct probe_fields {
    struct field timeout_ms, per_second, per_target_per_second, dscp, source_ports, ca_file, sql_browser;
};
struct radius_fields {
    struct field secrets, entry;
};
struct snmp_fields {
    struct field version, user, context, auth, priv, secrets, entry, address, port, timeout_ms, retries, cache_s;
};
struct events_fields {
    struct field storm, storm_s, heartbeat_s, summary_s;
};
struct damping_fields {
    struct field raise, clear;
};
struct vantage_fields {
    struct field name, acts_as, source, segment, permitted;
};
struct network_fields {
    struct field name, prefixes, plays, segment;
};
struct external_fields {
    struct field name, guide, component, addresses;
};

extern const struct cfg_section section_site_file, section_site, section_agentx, section_snmp_agent, section_store,
    section_control, section_syslog, section_syslog_levels, section_syslog_tls, section_probe, section_damping,
    section_events, section_radius, section_snmp, section_vantages, section_teams, section_networks, section_externals;

struct host_file_fields {
    struct field host;
};
struct host_fields {
    struct field name, template_name, alias, groups, addresses, settings, roles, ports, expect, ignore, waive;
    struct field severities, listeners, file, netns, snmp, radius, exclusive, intermittent, probe, interval_s, damping;
};
struct address_fields {
    struct field ip, segment, kind;
};
struct settings_fields {
    struct field guide, phase_until;
};
struct played_fields {
    struct field guide, component, phase_until;
};
struct role_fields {
    struct field guide, component, name, owner, probe, interval_s, phase_until;
};
struct changed_port_fields {
    struct field rule, to;
};
struct ignore_fields {
    struct field ports, owner, reason;
};
struct waiver_fields {
    struct field rule, ports, verdict, until, reason, owner, ticket;
};
struct severity_fields {
    struct field rule, verdict, severity;
};

extern const struct cfg_section section_host_file, section_host, section_templates, section_addresses, section_settings,
    section_plays, section_roles, section_changed_ports, section_ignore, section_waive, section_severities;

/* Words of rows that have no table in words.h, in the order of their enums. */
extern const char *const parameter_kind_words[]; /* enum parameter_kind */
extern const char *const probe_policy_words[];   /* enum probe_policy */
extern const char *const listener_words[];       /* enum listener_choice */
extern const char *const severity_lower_words[]; /* enum severity */
