/* The schema of site.conf. */
#include "sections.h"

#include <string.h>

static const struct cfg_item site_file_items[] = {
    ROW("site", CFG_GROUP, AT(site_file_fields, site), "The site as a whole", .flags = CFG_REQUIRED,
        .section = &section_site),
    ROW("vantages", CFG_GROUPS, AT(site_file_fields, vantages), "The places that probes leave from",
        .section = &section_vantages),
    ROW("teams", CFG_GROUP, AT(site_file_fields, teams), "Who acts, by the word of blame", .section = &section_teams),
    ROW("templates", CFG_GROUPS, AT(site_file_fields, templates), "What like hosts have in common",
        .section = &section_templates),
    ROW("networks", CFG_GROUPS, AT(site_file_fields, networks), "Peers that are not hosts of the site",
        .section = &section_networks),
    ROW("externals", CFG_GROUPS, AT(site_file_fields, externals), "Where external components are",
        .section = &section_externals),
};

static const char *site_file_hint(const char *name)
{
    if (strcmp(name, "host") == 0 || strcmp(name, "hosts") == 0)
        return "each host has its own file: hosts.d/NAME.conf with host: { name = \"NAME\"; ... };";
    if (strcmp(name, "rules") == 0 || strcmp(name, "guide") == 0)
        return "that belongs to a guide's own file, guides/ID.conf";
    return NULL;
}

const struct cfg_section section_site_file = {
    .name = "site.conf",
    .doc = "The site's file",
    .items = site_file_items,
    .count = COUNT(site_file_items),
    .size = sizeof(struct site_file_fields),
    .hint = site_file_hint,
};

static const struct cfg_item site_items[] = {
    ROW("name", CFG_NAME, AT(site_fields, name), "The site's name", .flags = CFG_REQUIRED),
    ROW("guides", CFG_STRINGS, AT(site_fields, guides), "The guides that this site follows"),
    ROW("settings", CFG_GROUPS, AT(site_fields, settings), "Values of parameters for the whole site",
        .section = &section_settings),
    ROW("segmentation", CFG_BOOL, AT(site_fields, segmentation), "Prove that ports are shut to those who may not call",
        .initial = "false"),
    ROW("canary", CFG_TEXT, AT(site_fields, canary),
        "An address and TCP port that answers always, to tell a dead network from dead hosts: \"10.0.0.1:443\""),
    ROW("pen", CFG_INT, AT(site_fields, pen), "Your private enterprise number, for SNMP and syslog", .min = 1,
        .max = INT32_MAX),
    ROW("agentx", CFG_GROUP, AT(site_fields, agentx), "How to reach the SNMP master agent", .section = &section_agentx),
    ROW("snmp_agent", CFG_GROUP, AT(site_fields, snmp_agent), "What is told by SNMP, and an agent that needs no master",
        .section = &section_snmp_agent),
    ROW("store", CFG_GROUP, AT(site_fields, store), "What outlives the daemon", .section = &section_store),
    ROW("control", CFG_GROUP, AT(site_fields, control), "Where the daemon can be asked, and who may",
        .section = &section_control),
    ROW("syslog", CFG_GROUPS, AT(site_fields, syslog), "Where events go", .section = &section_syslog),
    ROW("probe", CFG_GROUP, AT(site_fields, probe), "Limits of probes", .section = &section_probe),
    ROW("interval_s", CFG_INT, AT(site_fields, interval_s), "Seconds from one look of the daemon to the next", .min = 5,
        .max = 86400, .initial = "60"),
    ROW("events", CFG_GROUP, AT(site_fields, events),
        "What the daemon tells besides each change, and when it tells less", .section = &section_events),
    ROW("looks_before_unexpected_udp", CFG_INT, AT(site_fields, looks_before_unexpected_udp),
        "How often the daemon must see a UDP socket of the ephemeral range before it is unexpected", .min = 1,
        .max = 100, .initial = "3"),
    ROW("damping", CFG_GROUP, AT(site_fields, damping), "How many looks in a row a change takes, in the daemon",
        .section = &section_damping),
    ROW("snmp", CFG_GROUP, AT(site_fields, snmp), "How agents are asked, for hosts with listeners = \"snmp\"",
        .section = &section_snmp),
    ROW("radius", CFG_GROUP, AT(site_fields, radius), "The secret that RADIUS servers share with us",
        .section = &section_radius),
    ROW("severities", CFG_GROUPS, AT(site_fields, severities), "Other severities than those of the verdicts",
        .section = &section_severities),
    ROW("waive", CFG_GROUPS, AT(site_fields, waive), "What is known and accepted until a day, on every host",
        .section = &section_waive),
};
const struct cfg_section section_site = {
    .name = "site",
    .doc = "The site as a whole",
    .items = site_items,
    .count = COUNT(site_items),
    .size = sizeof(struct site_fields),
};

static const struct cfg_item store_items[] = {
    ROW("folder", CFG_TEXT, AT(store_fields, folder),
        "Where the store is; \"none\" keeps all of it in memory; without it the service's state directory, "
        "/var/lib/portconform, or ~/.local/state/portconform"),
    ROW("most_mb", CFG_INT, AT(store_fields, most_mb), "Megabytes that it may take", .min = 1, .max = 1048576,
        .initial = "256"),
    ROW("most_days", CFG_INT, AT(store_fields, most_days), "Days that history is kept", .min = 1, .max = 36500,
        .initial = "90"),
};
const struct cfg_section section_store = {
    .name = "store",
    .doc = "What outlives the daemon: findings, history, and events that are still to be delivered",
    .items = store_items,
    .count = COUNT(store_items),
    .size = sizeof(struct store_fields),
};

static const struct cfg_item control_items[] = {
    ROW("socket", CFG_TEXT, AT(control_fields, socket),
        "The path of the socket; \"none\": nobody may ask; without it the service's runtime directory, or "
        "/run/portconform/control"),
    ROW("group", CFG_TEXT, AT(control_fields, group),
        "The group whose members may read, by name or number; the daemon's user must be a member; without it the "
        "daemon's own"),
    ROW("readers", CFG_STRINGS, AT(control_fields, readers),
        "Users who may read besides, by name or number: [\"nagios\"]"),
};
const struct cfg_section section_control = {
    .name = "control",
    .doc =
        "Where portconform status, findings and history and the plugin ask the daemon; as it is at the daemon's start",
    .items = control_items,
    .count = COUNT(control_items),
    .size = sizeof(struct control_fields),
};

static const struct cfg_item agentx_items[] = {
    ROW("socket", CFG_TEXT, AT(agentx_fields, socket),
        "The master agent's socket, \"unix:/var/agentx/master\" or \"tcp:127.0.0.1:705\"; without it net-snmp's "
        "default"),
};
const struct cfg_section section_agentx = {
    .name = "agentx",
    .doc = "How to reach the SNMP master agent",
    .items = agentx_items,
    .count = COUNT(agentx_items),
    .size = sizeof(struct agentx_fields),
};

static const struct cfg_item snmp_agent_items[] = {
    ROW("listen", CFG_TEXT, AT(snmp_agent_fields, listen),
        "Be an SNMP agent of one's own at \"udp:127.0.0.1:1161\", several with commas, instead of a subagent"),
    ROW("config", CFG_TEXT, AT(snmp_agent_fields, config),
        "Communities, users and receivers of notifications of that agent, in the words of snmpd.conf; mode 0600 or "
        "0640. A relative name begins at the configuration's folder; without it snmp/portconformd.conf in the folder "
        "of the installation's configuration"),
    ROW("notifications", CFG_BOOL, AT(snmp_agent_fields, notifications),
        "Tell events by notifications (traps, informs)", .initial = "true"),
    ROW("per_minute", CFG_INT, AT(snmp_agent_fields, per_minute),
        "Notifications in a minute; what is more is counted, and is in the ring of events", .min = 1, .max = 60000,
        .initial = "120"),
    ROW("per_host", CFG_INT, AT(snmp_agent_fields, per_host),
        "More changes of one host at a time become one summary of that host", .min = 1, .max = 10000, .initial = "5"),
};
const struct cfg_section section_snmp_agent = {
    .name = "snmp_agent",
    .doc = "What is told by SNMP, and an agent that needs no master",
    .items = snmp_agent_items,
    .count = COUNT(snmp_agent_items),
    .size = sizeof(struct snmp_agent_fields),
};

static const struct cfg_item probe_items[] = {
    ROW("timeout_ms", CFG_INT, AT(probe_fields, timeout_ms),
        "Milliseconds until a probe is silent; 3000 leaves room for one repeated SYN", .min = 100, .max = 60000,
        .initial = "3000"),
    ROW("per_second", CFG_INT, AT(probe_fields, per_second),
        "Probes that begin in a second; a tenth of it at once. How many wait for an answer is bounded by the "
        "descriptors of "
        "the process alone",
        .min = 1, .max = 1000000, .initial = "4000"),
    ROW("per_target_per_second", CFG_INT, AT(probe_fields, per_target_per_second),
        "Probes that begin in a second to one address; a quarter of it at once", .min = 1, .max = 1000000,
        .initial = "200"),
    ROW("dscp", CFG_INT, AT(probe_fields, dscp),
        "Class of service (DSCP) of what probes send, so that an intrusion detector can tell them", .min = 0, .max = 63,
        .initial = "0"),
    ROW("source_ports", CFG_TEXT, AT(probe_fields, source_ports),
        "The ports that probes leave from, \"40000..40999\", so that an intrusion detector can tell them; without it "
        "the kernel's choice"),
    ROW("ca_file", CFG_TEXT, AT(probe_fields, ca_file),
        "Certificates of the authorities that must vouch for every TLS service (PEM); without it certificates are "
        "looked at, not judged. A relative name begins at the configuration's folder"),
    ROW("sql_browser", CFG_BOOL, AT(probe_fields, sql_browser),
        "Whether SQL Server browsers are asked; intrusion detectors may take the question for a worm",
        .initial = "false"),
};
const struct cfg_section section_probe = {
    .name = "probe",
    .doc = "Limits of probes",
    .items = probe_items,
    .count = COUNT(probe_items),
    .size = sizeof(struct probe_fields),
};

static const struct cfg_item events_items[] = {
    ROW("storm", CFG_INT, AT(events_fields, storm),
        "Changes within a window that are told one by one; of those beyond only their number is told; 0: all of them",
        .min = 0, .max = 1000000, .initial = "100"),
    ROW("storm_s", CFG_INT, AT(events_fields, storm_s), "Seconds of such a window", .min = 1, .max = 3600,
        .initial = "10"),
    ROW("heartbeat_s", CFG_INT, AT(events_fields, heartbeat_s), "Seconds from one heartbeat to the next; 0: none",
        .min = 0, .max = 86400, .initial = "300"),
    ROW("summary_s", CFG_INT, AT(events_fields, summary_s),
        "Seconds from one summary of all problems to the next; 0: none", .min = 0, .max = 2592000, .initial = "86400"),
};
const struct cfg_section section_events = {
    .name = "events",
    .doc = "What the daemon tells besides each change, and when it tells less",
    .items = events_items,
    .count = COUNT(events_items),
    .size = sizeof(struct events_fields),
};

static const struct cfg_item damping_items[] = {
    ROW("raise", CFG_INT, AT(damping_fields, raise), "Looks in a row until a finding is raised", .min = 1, .max = 100,
        .initial = "2"),
    ROW("clear", CFG_INT, AT(damping_fields, clear), "Looks in a row until it is cleared", .min = 1, .max = 100,
        .initial = "2"),
};
const struct cfg_section section_damping = {
    .name = "damping",
    .doc = "How many looks in a row a change takes, in the daemon",
    .items = damping_items,
    .count = COUNT(damping_items),
    .size = sizeof(struct damping_fields),
};

/* Secrets do not stand in files that many read. */
static const char *snmp_hint(const char *name)
{
    static const char *const secrets[] = {"community", "password", "passphrase", "auth_secret", "priv_secret"};
    for (size_t i = 0; i < COUNT(secrets); i++)
        if (strcmp(name, secrets[i]) == 0)
            return "secrets stand in a file of their own: secrets = \"snmp.secrets\"";
    return NULL;
}

/* enum access_version, access_auth and access_priv */
static const char *const version_words[] = {"1", "2c", "3", NULL};
static const char *const auth_words[] = {"none", "MD5", "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512", NULL};
static const char *const priv_words[] = {"none", "DES", "AES", "AES-192", "AES-256", NULL};

static const struct cfg_item snmp_items[] = {
    ROW("version", CFG_WORD, AT(snmp_fields, version), "The version of SNMP", .initial = "3", .words = version_words),
    ROW("user", CFG_NAME, AT(snmp_fields, user), "The user, in version 3"),
    ROW("context", CFG_TEXT, AT(snmp_fields, context), "The context, in version 3; without it the usual one"),
    ROW("auth", CFG_WORD, AT(snmp_fields, auth), "How requests are authenticated, in version 3", .initial = "SHA-256",
        .words = auth_words),
    ROW("priv", CFG_WORD, AT(snmp_fields, priv), "How they are encrypted, in version 3", .initial = "AES",
        .words = priv_words),
    ROW("secrets", CFG_TEXT, AT(snmp_fields, secrets),
        "The file that holds communities and pass phrases, relative to the configuration's folder"),
    ROW("entry", CFG_NAME, AT(snmp_fields, entry),
        "The name of the secrets in that file; without it the user's, in versions 1 and 2c \"default\""),
    ROW("address", CFG_TEXT, AT(snmp_fields, address), "The agent's address; without it the host's first own one"),
    ROW("port", CFG_INT, AT(snmp_fields, port), "The agent's UDP port", .min = 1, .max = 65535, .initial = "161"),
    ROW("timeout_ms", CFG_INT, AT(snmp_fields, timeout_ms), "Milliseconds until a request is sent again", .min = 100,
        .max = 60000, .initial = "1000"),
    ROW("retries", CFG_INT, AT(snmp_fields, retries), "How often it is sent again", .min = 0, .max = 10,
        .initial = "2"),
    ROW("cache_s", CFG_INT, AT(snmp_fields, cache_s),
        "Seconds that the agent may tell what it read before; 0: it reads anew for each request", .min = 0, .max = 3600,
        .initial = "60"),
};
const struct cfg_section section_snmp = {
    .name = "snmp",
    .doc = "How an SNMP agent is asked who listens; each setting of the host's stands before the template's and the "
           "site's",
    .items = snmp_items,
    .count = COUNT(snmp_items),
    .size = sizeof(struct snmp_fields),
    .hint = snmp_hint,
};

static const char *radius_hint(const char *name)
{
    return strcmp(name, "secret") == 0 ? "secrets stand in a file of their own: secrets = \"radius.secrets\"" : NULL;
}

static const struct cfg_item radius_items[] = {
    ROW("secrets", CFG_TEXT, AT(radius_fields, secrets),
        "The file that holds the secret, relative to the configuration's folder"),
    ROW("entry", CFG_NAME, AT(radius_fields, entry), "The name of the secret in that file", .initial = "default"),
};
const struct cfg_section section_radius = {
    .name = "radius",
    .doc = "The secret that a RADIUS server shares with us; each setting of the host's stands before the template's "
           "and the site's",
    .items = radius_items,
    .count = COUNT(radius_items),
    .size = sizeof(struct radius_fields),
    .hint = radius_hint,
};

static const struct cfg_item vantage_items[] = {
    ROW("name", CFG_NAME, AT(vantage_fields, name), "Its name; a machine finds itself by its own host name",
        .flags = CFG_REQUIRED),
    ROW("acts_as", CFG_GROUPS, AT(vantage_fields, acts_as), "The components that it stands in for",
        .section = &section_plays),
    ROW("source", CFG_TEXT, AT(vantage_fields, source), "The address that probes leave from"),
    ROW("segment", CFG_NAME, AT(vantage_fields, segment), "The network it is in"),
    ROW("permitted", CFG_BOOL, AT(vantage_fields, permitted), "Every firewall lets it pass: each flow must pass",
        .initial = "false"),
};
const struct cfg_section section_vantages = {
    .name = "vantages",
    .doc = "The places that probes leave from",
    .items = vantage_items,
    .count = COUNT(vantage_items),
    .size = sizeof(struct vantage_fields),
};

const struct cfg_section section_teams = {
    .name = "teams",
    .doc = "Who acts, by the word of blame: network = \"noc@example.jp\"; server = \"unix-ops@example.jp\"",
    .open = "a contact in quotation marks",
};

static const struct cfg_item network_items[] = {
    ROW("name", CFG_NAME, AT(network_fields, name), "Its name", .flags = CFG_REQUIRED),
    ROW("prefixes", CFG_STRINGS, AT(network_fields, prefixes), "Its prefixes: [\"10.20.0.0/16\"]",
        .flags = CFG_REQUIRED),
    ROW("plays", CFG_GROUPS, AT(network_fields, plays), "The components that run in it", .section = &section_plays),
    ROW("segment", CFG_NAME, AT(network_fields, segment), "The segment it is in"),
};
const struct cfg_section section_networks = {
    .name = "networks",
    .doc = "Peers that are not hosts of the site",
    .items = network_items,
    .count = COUNT(network_items),
    .size = sizeof(struct network_fields),
};

static const struct cfg_item external_items[] = {
    ROW("name", CFG_NAME, AT(external_fields, name), "Its name", .flags = CFG_REQUIRED),
    ROW("guide", CFG_NAME, AT(external_fields, guide), "The guide of `component`; may be left out with one guide"),
    ROW("component", CFG_NAME, AT(external_fields, component), "The external component that it is"),
    ROW("addresses", CFG_STRINGS, AT(external_fields, addresses), "Its addresses, prefixes or DNS names",
        .flags = CFG_REQUIRED),
};
const struct cfg_section section_externals = {
    .name = "externals",
    .doc = "Where external components are",
    .items = external_items,
    .count = COUNT(external_items),
    .size = sizeof(struct external_fields),
};
