/* A guide: what a vendor demands, as plain data. Made by the configuration loader, immutable afterwards, and owned by
 * the arena of its configuration, as all strings and arrays below it are. */
#pragma once

#include "portconform/ports.h"
#include "portconform/service.h"
#include "portconform/words.h"

/* Words of a list; `items` is NULL-terminated too. */
struct string_list {
    const char *const *items;
    size_t count;
};

enum parameter_kind { PARAMETER_INT, PARAMETER_BOOL, PARAMETER_ENUM, PARAMETER_PORT };

struct parameter {
    const char *name;
    enum parameter_kind kind;
    int64_t min, max;          /* INT and PORT */
    struct string_list values; /* ENUM */
    struct value initial;      /* type UNSET: no default */
    const char *about, *about_ja;
    struct origin origin;
};

/* Which program is the product's: shell patterns (fnmatch(3)) over one attribute of a listener's owner. */
enum owner_attribute { OWNER_EXE, OWNER_UNIT, OWNER_UID };
struct owner_pattern {
    enum owner_attribute attribute;
    const char *pattern; /* EXE: matched against the base name, or the whole path when it holds a '/'; UID: against the
                            number */
};
struct owner_patterns {
    const struct owner_pattern *items;
    size_t count;
};

struct component {
    const char *name;
    bool external; /* runs outside the site */
    struct owner_patterns owner;
    const char *about, *about_ja;
    struct origin origin;
};

struct peer {
    const struct component *component;
    const struct expression *when; /* over the listener's parameters and peer.NAME; NULL: always */
    struct origin origin;
};

enum probe_policy { PROBE_POLICY_AUTO, PROBE_POLICY_NONE };

struct guide;

struct rule {
    const struct guide *guide;       /* NULL: the user's own `expect` */
    const char *ref;                 /* "manager-single/1"; NULL for an own rule without one */
    const char *part;                /* NULL: the only part */
    const char *id;                  /* "jp1-itdm/manager-single/1#a", "site/tcp-22" */
    const struct component *listens; /* NULL for own rules */
    const struct peer *from;
    size_t from_count; /* 0: anybody may call */
    struct port_items ports;
    enum presence presence;
    const char *group; /* of one-of */
    enum scope scope;
    enum scope_basis scope_basis;
    enum direction direction;
    enum family family;
    const char *segment;           /* NULL: any */
    const struct service *service; /* NULL: unstated */
    const struct expression *when; /* NULL: always */
    struct owner_patterns owner;   /* the rule's own, else its component's; count 0: unknown */
    bool multicast, outside_os, fragile;
    enum probe_policy probe;
    unsigned interval_s;   /* from one look of the daemon to the next; 0: the role's or the host's. Own rules alone */
    enum transport assume; /* for transport unstated; else UNSTATED */
    enum { CHANGE_UNSTATED, CHANGE_NO, CHANGE_WHERE } change;
    const char *changeable;        /* where, for CHANGE_WHERE */
    const char *about, *about_ja;  /* may be NULL */
    const char *printed, *erratum; /* may be NULL */
    const char *erratum_ja;
    struct origin origin;
};

/* The item's, or what the rule assumes where the guide does not state it. */
enum transport rule_transport(const struct rule *rule, const struct port_item *item);

struct guide {
    const char *id;
    const char *title, *title_ja, *vendor, *source, *product_version, *published;
    int revision;
    const struct parameter *parameters; /* `phase` is always among them */
    size_t parameter_count;
    const struct component *components;
    size_t component_count;
    const struct rule *rules; /* in the order of the files */
    size_t rule_count;
    struct origin origin;
};

const struct parameter *guide_parameter(const struct guide *guide, const char *name);
const struct component *guide_component(const struct guide *guide, const char *name);
const struct rule *guide_rule(const struct guide *guide,
                              const char *id); /* by full id, or by ref where it has one part */
