/* A site: the user's own facts. Made by the loader, immutable, owned by its arena.
 *
 * Templates are folded into their hosts when a site is loaded: a list of a host is the template's followed by its own;
 * a single value is the host's, else the template's. */
#pragma once

#include "portconform/guide.h"
#include "portconform/syslog_target.h"

enum setting_level { SETTING_DEFAULT, SETTING_SITE, SETTING_TEMPLATE, SETTING_HOST, SETTING_ROLE };

struct setting {
    const struct guide *guide;
    const char *name;
    struct value value;
    enum setting_level level;
    struct origin origin;
    const char *until; /* of `phase`: the last day it holds ("2026-12-01"); NULL: always */
    int64_t until_ms;  /* the end of that local day; 0: always */
};
struct settings {
    const struct setting *items; /* by level ascending: the last match wins */
    size_t count;
};

struct host_address {
    const char *text;       /* as written: an address or a DNS name */
    struct address address; /* family AF_UNSPEC: a name */
    const char *segment;    /* NULL: none */
    enum address_kind kind;
    struct origin origin;
};

struct role {
    const struct guide *guide;
    const struct component *component;
    const char *name;            /* the component's, unless `name` is given; unique on its host */
    struct settings settings;    /* all that apply to it, from the site's to its own */
    struct owner_patterns owner; /* overrides; count 0: none */
    enum probe_policy probe;
    bool probe_given;
    unsigned interval_s; /* 0: the host's */
    struct origin origin;
};

struct changed_port {
    const struct rule *rule;
    struct port_items to; /* as many items as the rule has */
    struct origin origin;
};

struct ignore {
    struct port_items ports;
    struct owner_patterns owner; /* count 0: whoever */
    const char *reason;
    struct origin origin;
};

struct waiver {
    const char *rule;  /* a rule id; NULL: any */
    const char *ports; /* as written, transport and numbers ("tcp 5900"); NULL: any. Waives unexpected listeners too */
    struct port_items port_items;
    const char *verdict; /* NULL: any */
    const char *until;   /* "2026-12-20": the last local day */
    int64_t until_ms;    /* the end of that day */
    const char *reason, *owner, *ticket;
    struct origin origin;
};

struct severity_override {
    const char *rule;     /* id, or a shell pattern over ids; NULL: any */
    enum verdict verdict; /* VERDICT_NONE: any that is not OK */
    enum severity severity;
    struct origin origin;
};

/* How many looks in a row it takes, in the daemon. */
struct damping {
    unsigned raise; /* 1..100, default 2 */
    unsigned clear; /* 1..100, default 2 */
};

enum listener_choice { LISTENERS_AUTO, LISTENERS_KERNEL, LISTENERS_SNMP, LISTENERS_FILE, LISTENERS_NONE };

/* How another machine's SNMP agent is asked for its listeners. */
enum access_version { ACCESS_V1, ACCESS_V2C, ACCESS_V3 };
enum access_auth {
    ACCESS_AUTH_NONE,
    ACCESS_MD5,
    ACCESS_SHA,
    ACCESS_SHA224,
    ACCESS_SHA256,
    ACCESS_SHA384,
    ACCESS_SHA512,
};
enum access_priv { ACCESS_PRIV_NONE, ACCESS_DES, ACCESS_AES, ACCESS_AES192, ACCESS_AES256 };

/* The secrets belong to the configuration (secrets.h) and are told nowhere. */
struct snmp_access {
    enum access_version version;
    const char *user;    /* of version 3; NULL: another version */
    const char *context; /* of version 3; "" is the usual one */
    enum access_auth auth;
    enum access_priv priv;
    const char *community;   /* of versions 1 and 2c; NULL: version 3 */
    const char *auth_secret; /* NULL: none */
    const char *priv_secret; /* NULL: none */
    struct address address;  /* AF_UNSPEC: the host's own first one */
    uint16_t port;
    unsigned timeout_ms; /* of one request */
    unsigned retries;
    unsigned cache_s; /* so long the agent may answer out of what it read before */
    struct origin origin;
};

struct host {
    const char *name;
    struct string_list alias, groups;
    const struct host_address *addresses;
    size_t address_count;
    const struct role *roles;
    size_t role_count;
    const struct changed_port *changed_ports;
    size_t changed_port_count;
    const struct rule *expect; /* guide NULL */
    size_t expect_count;
    const struct ignore *ignore;
    size_t ignore_count;
    const struct waiver *waivers;
    size_t waiver_count;
    const struct severity_override *severities; /* host's after the site's: the last match wins */
    size_t severity_count;
    enum listener_choice listeners;
    const char *listener_file;      /* LISTENERS_FILE: path, resolved against the configuration's folder */
    const char *netns;              /* LISTENERS_KERNEL: a path; NULL: our own */
    const struct snmp_access *snmp; /* LISTENERS_SNMP; else NULL */
    const char *radius_secret;      /* of its RADIUS server, as secrets are (config.h); NULL: none */
    bool exclusive;                 /* a listener that nothing explains is a finding */
    bool intermittent;
    enum probe_policy probe;
    unsigned interval_s; /* 0: the site's */
    struct damping damping;
    struct origin origin;
};

struct played {
    const struct guide *guide;
    const struct component *component;
    struct settings settings;
};

struct vantage {
    const char *name;
    const struct played *acts_as;
    size_t acts_as_count;
    bool permitted;        /* every firewall lets it pass: each flow must pass */
    struct address source; /* AF_UNSPEC: the kernel chooses */
    const char *segment;
    struct origin origin;
};

struct network {
    const char *name;
    const struct prefix *prefixes;
    size_t prefix_count;
    const struct played *plays;
    size_t play_count;
    const char *segment;
    struct origin origin;
};

struct external {
    const char *name;
    const struct guide *guide; /* of `component`; NULL: none named */
    const struct component *component;
    struct settings settings;     /* the site's for that guide */
    struct string_list addresses; /* addresses, prefixes or DNS names as written */
    struct origin origin;
};

struct team {
    const char *name; /* "network", "server" */
    const char *contact;
};

/* What the daemon tells besides each change, and when it tells less (news.h). */
struct event_options {
    unsigned storm, storm_s, heartbeat_s, summary_s;
};

struct canary {
    struct address address;
    uint16_t port; /* TCP; 0: none is configured */
};

/* What is told by SNMP; see agent.h. */
/* What outlives the daemon. */
struct store_options {
    const char *folder; /* absolute; NULL: the default one; "none": all of it in memory */
    unsigned most_mb, most_days;
};

/* Who may ask the daemon, and where; see control_server.h. */
struct control_options {
    const char *socket; /* absolute; NULL: the default one; "none": nobody may */
    const char *group;  /* NULL: the daemon's own */
    struct string_list readers;
};

struct snmp_agent_options {
    const char *listen; /* an agent of its own; NULL: a subagent */
    const char *config; /* a path; NULL: the usual one */
    bool silent;        /* no notifications */
    unsigned per_minute, per_host;
};
/* Is `listen` something that such an agent can listen at ("udp:127.0.0.1:1161", "udp6:[::1]:161", several with commas)?
 * By its form alone. 0 or -EINVAL. */
int snmp_listen_check(const char *listen);

struct site {
    const char *name;
    const struct guide *const *guides;
    size_t guide_count;
    const struct host *hosts;
    size_t host_count;
    const struct vantage *vantages;
    size_t vantage_count;
    const struct network *networks;
    size_t network_count;
    const struct external *externals;
    size_t external_count;
    const struct team *teams;
    size_t team_count;
    const struct syslog_target *syslog;
    size_t syslog_count;
    struct canary canary;
    bool segmentation;
    unsigned probe_timeout_ms;            /* 100..60000, default 3000: leaves room for one SYN retransmit */
    unsigned probe_per_second;            /* that begin, default 4000 overall */
    unsigned probe_per_target_per_second; /* default 200 */
    uint8_t probe_dscp;                   /* of what probes send; default 0 */
    uint16_t probe_source_port_low;       /* 0: the kernel chooses */
    uint16_t probe_source_port_high;
    bool ask_sql_browser;
    const char *ca_file; /* what certificates are judged by; NULL: they are not */
    unsigned interval_s; /* from one look of the daemon to the next, default 60 */
    struct event_options events;
    unsigned looks_before_unexpected_udp; /* N of the design, default 3 */
    uint32_t pen;                         /* 0: not set */
    const char *agentx_socket;            /* NULL: net-snmp's default */
    struct snmp_agent_options snmp_agent;
    struct store_options store;
    struct control_options control;
    struct origin origin;
};

const struct host *site_host(const struct site *site, const char *name); /* by name, alias or address text */
/* Where the host moved that rule's ports, by the nearest that says so; NULL: nowhere. */
const struct changed_port *host_changed_port(const struct host *host, const struct rule *rule);
const struct vantage *site_vantage(const struct site *site, const char *name);
bool site_names_agree(const char *a, const char *b);              /* "mon1" and "MON1.example.jp": one machine */
const char *site_team(const struct site *site, const char *name); /* the contact, or NULL */

/* The setting of a guide's parameter that holds at `wall_ms`: the nearest given, else the guide's default (level
 * DEFAULT, origin the parameter's), else type UNSET. */
struct setting settings_find(const struct settings *settings, const struct guide *guide, const char *name,
                             int64_t wall_ms);
