/* What the steps of one load share. A step tells mistakes in `diags` and goes on; only running out of memory ends it:
 * `failure` is then set, arrays may be NULL with a count of 0, and config_load returns it. */
#pragma once

#include "document.h"
#include "portconform/load.h"
#include "secrets_file.h"
#include "sections.h"

/* A guide while it is loaded, beside its struct guide at the same index. */
struct guide_state {
    const char *const *parameter_names; /* NULL-terminated, for hints */
    /* where there were errors, what is missing may have been meant to be there: it is not told as unknown */
    bool parameters_broken, components_broken, rules_broken;
};

struct loader {
    struct arena *arena;   /* the configuration's */
    struct arena *scratch; /* until the end of the load */
    struct diag_list *diags;
    struct document_reader reader;
    const struct load_options *options;
    const char *folder;        /* of site.conf; NULL when only guides are loaded */
    const char *const *search; /* folders of guides, NULL-terminated */
    struct guide *guides;      /* by id */
    struct guide_state *states;
    size_t guide_count;
    struct secrets *secrets; /* NULL: none yet */
    struct secrets_file *secrets_files;
    struct snmp_fold *snmp_folds;
    struct radius_fold *radius_folds;
    int failure; /* 0 or -ENOMEM */
};

/* Zeroed memory of the configuration's arena, or of the scratch; NULL sets `failure`. */
void *loader_alloc(struct loader *loader, size_t count, size_t size);
void *loader_scratch(struct loader *loader, size_t count, size_t size);
char *loader_printf(struct loader *loader, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define LOADER_ARRAY(loader, type, count) ((type *)loader_alloc((loader), (count), sizeof(type)))

/* An error or warning at a place. */
#define ERROR(loader, origin, hint, ...)   diag_add((loader)->diags, DIAG_ERROR, (origin), (hint), __VA_ARGS__)
#define WARNING(loader, origin, hint, ...) diag_add((loader)->diags, DIAG_WARNING, (origin), (hint), __VA_ARGS__)

/* "did you mean 'x'?" into the buffer, or NULL when nothing is near. */
enum { HINT_TEXT = 160 };
const char *hint_nearest(const char *word, const char *const names[], char *buffer, size_t size);

/* --- values.c: texts that mean something --- */
struct string_list read_strings(struct loader *loader, const struct field *field);
struct owner_patterns read_owner(struct loader *loader, const struct field *field);
/* False when there are none, or they were wrong. `unstated` of the port language is for guides alone. */
bool read_ports(struct loader *loader, const struct field *field, struct port_items *ret);
/* "10.0.0.1:443", "[2001:db8::1]:443" */
bool parse_address_port(const char *text, struct address *ret, uint16_t *ret_port);
/* Is it a DNS name by its letters? (RFC 1123, with '_' as many have it) */
bool is_dns_name(const char *text);
/* The value of a parameter at `node`; false when it does not fit, which was told. */
bool read_parameter_value(struct loader *loader, const struct parameter *parameter, const struct node *node,
                          struct value *ret);

/* --- search.c: which files --- */
int search_prepare(struct loader *loader);
/* The names of `folder`'s regular *.conf files without that ending, sorted; in the scratch arena. -ENOENT and others.
 */
int search_list(struct loader *loader, const char *folder, const char *const **ret, size_t *ret_count);
/* The files of a guide, sorted. False when it is nowhere, which was told at `wanted`. */
bool search_guide(struct loader *loader, const char *id, struct origin wanted, const char *const **ret_paths,
                  size_t *ret_count);
/* The ids of all guides of the search path, sorted, each once. */
int search_all(struct loader *loader, const char *const **ret_ids, size_t *ret_count);

/* --- load_guide.c, load_rule.c, check_ports.c --- */
struct guide_request {
    const char *id;
    struct origin origin; /* where it was asked for */
};
void load_guides(struct loader *loader, const struct guide_request *requests, size_t count);
/* `guide` NULL: one of a site's own. False when the rule cannot be used. */
bool load_rule(struct loader *loader, const struct guide *guide, const struct node *group, struct rule *ret);
/* Every port of every item, for the parameters at their bounds. `ports` is the string's node. */
void check_ports(struct loader *loader, const struct rule *rule, const struct node *ports);
/* Where an item of a port string begins. */
struct origin ports_item_origin(const struct node *ports, size_t index);
/* Ports without parameters, each tcp or udp: of waivers and `ignore`. */
bool read_plain_ports(struct loader *loader, const struct field *field, struct port_items *ret);
/* Ports that stand in the place of a rule's, over the parameters of its guide. */
bool read_changed_ports(struct loader *loader, const struct rule *rule, const struct field *field,
                        struct port_items *ret);
void check_refs(struct loader *loader, const struct guide *guide);

/* --- load_settings.c: references to guides, and values of their parameters --- */
/* The index of the guide that `field` names, or the only one; SIZE_MAX when there is none, which was told. */
size_t find_guide(struct loader *loader, const struct field *field, struct origin group);
const struct component *find_component(struct loader *loader, size_t guide, const struct field *field);
/* A rule by its id; NULL is told as an error. */
const struct rule *find_rule(struct loader *loader, const struct field *field);
/* Values that `group` gives under names that `section` has not. */
struct settings read_settings(struct loader *loader, size_t guide, const struct node *group,
                              const struct cfg_section *section, enum setting_level level);
/* Those of a list of groups of `section_settings`, all guides together. */
struct settings read_settings_list(struct loader *loader, const struct field *field, enum setting_level level);
/* Those of `guide` out of up to `count` lists, in their order. */
struct settings merge_settings(struct loader *loader, const struct guide *guide, const struct settings *lists,
                               size_t count);

/* --- load_host.c --- */
struct host_parts;
/* What a host's group, or a template's, says by itself; `section` tells which. NULL: out of memory. */
struct host_parts *host_parts_read(struct loader *loader, const struct node *group, const struct cfg_section *section);
const char *host_parts_name(const struct host_parts *parts);
const struct field *host_parts_template(const struct host_parts *parts);

/* What the site says for all its hosts. */
struct host_defaults {
    struct settings settings;
    const struct waiver *waivers;
    size_t waiver_count;
    const struct severity_override *severities;
    size_t severity_count;
    struct damping damping;
    struct field snmp, radius;
};
/* Folds site, template (NULL: none) and host into one. */
void host_fold(struct loader *loader, const struct host_defaults *site, const struct host_parts *of_template,
               const struct host_parts *own, struct host *ret);

/* --- load_overrides.c: waivers, severities, damping --- */
const struct waiver *read_waivers(struct loader *loader, const struct field *field, const char *where,
                                  size_t *ret_count);
const struct severity_override *read_severities(struct loader *loader, const struct field *field, size_t *ret_count);
/* `ret` keeps what the group does not give. */
void read_damping(struct loader *loader, const struct field *field, struct damping *ret);

/* --- load_secrets.c --- */
/* Where a secret is looked for. */
struct secret_source {
    const struct field *file, *entry; /* the settings that say so, or may */
    const char *name;                 /* of the entry */
    struct origin place;              /* to tell that no file is named */
    const char *example;              /* a name for one */
};
/* `*ret` stays untouched where there is none, which was told. False: the file is not there, or cannot be used. */
bool secrets_take(struct loader *loader, const struct secret_source *source, enum secret_kind kind, const char **ret);

/* --- load_radius.c --- */
/* NULL: nobody names a secret, or it cannot be had, which was told. */
const char *radius_fold(struct loader *loader, const struct field *host, const struct field *of_template,
                        const struct field *site);
/* Tells what is wrong with one of those groups by itself. */
void radius_check(struct loader *loader, const struct field *field);

/* --- load_snmp.c --- */
/* How the agent of a host is asked, by its own group, its template's and the site's; `place` is where its listeners are
 * chosen. NULL when nothing says how, which was told. */
const struct snmp_access *snmp_fold(struct loader *loader, const struct field *host, const struct field *of_template,
                                    const struct field *site, struct origin place);
/* Tells what is wrong with one of those groups by itself. */
void snmp_check(struct loader *loader, const struct field *field);

/* --- load_syslog.c --- */
/* False when it cannot be used, which was told. */
bool read_syslog_target(struct loader *loader, const struct node *group, struct syslog_target *ret);

/* --- load_site.c --- */
/* `root` is site.conf; fills all of *ret but the hosts. */
struct site_parts {
    struct site *site;
    struct host_defaults defaults;
    struct host_parts **templates;
    size_t template_count;
};
bool load_site(struct loader *loader, const struct node *root, struct site_parts *ret);
/* Roles played by somebody who is no host. */
const struct played *read_played(struct loader *loader, const struct field *field, size_t *ret_count);
void load_hosts(struct loader *loader, struct site_parts *parts);
/* --- check_hosts.c: what must be unique among hosts --- */
void check_hosts(struct loader *loader, const struct site *site);
