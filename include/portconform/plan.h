/* The plan: a configuration seen from a vantage. Every expectation of every host, every flow to look at.
 *
 * Pure: built once a configuration (or once a cycle where DNS names or dates decide), then only read.
 */
#pragma once

#include "portconform/config.h"
#include "portconform/expectation.h"

struct plan_address {
    struct address address;
    const char *text; /* as configured */
    const char *segment;
    enum address_kind kind;
};

struct plan_host {
    const struct host *host;
    const struct plan_address *addresses; /* names resolved; may be empty */
    size_t address_count;
    /* One of its addresses (of kind own) is this machine's, or it has none but loopback: `listeners = "auto"` means the
     * kernel's. */
    bool is_self;
    const struct expectation *expectations;
    size_t expectation_count;
};

/* A parameter without value, told once for the whole site. */
struct plan_unset {
    const struct guide *guide;
    const char *parameter;
    size_t host_count, rule_count;
    struct origin origin; /* of the parameter */
};

struct plan {
    struct arena *arena;
    const struct config *config; /* borrowed: outlives the plan */
    const struct site *site;
    const struct vantage
        *vantage;               /* NULL: none; every rule without `from` must pass, the rest is seen as a bystander */
    const char *vantage_name;   /* "-" for none */
    const struct played *plays; /* what the vantage acts as: its own list and, where it is a host, that host's roles */
    size_t play_count;
    const struct plan_host *hosts;
    size_t host_count;
    size_t flow_count; /* flow ids are 0 .. flow_count - 1 */
    const struct plan_unset *unset;
    size_t unset_count;
    int64_t wall_ms; /* the moment it was built for: phases and settings that end */
    uint64_t serial; /* no two plans of a process have the same; 0: made by hand */
    bool acceptance; /* the responder of the acceptance test stands in for the products (respond.h) */
};

/* Resolves a DNS name to all its addresses; *ret is malloc'ed and transferred. Returns the number, or a negative code.
 */
typedef int name_lookup_fn(void *context, const char *name, struct address **ret);

enum { PLAN_PORTS_WHOLE = 64 }; /* a range of up to so many ports is probed whole, a larger one by as many samples */

struct plan_options {
    const char *vantage; /* --vantage; NULL: by the machine's own name, a vantage or a host that looks for itself; then
                            the only vantage; then none */
    const char *machine_name;            /* gethostname(2); may be NULL */
    const char *host;                    /* name, alias or address; NULL: all */
    const struct address *own_addresses; /* of this machine */
    size_t own_address_count;
    name_lookup_fn *lookup; /* NULL: a name in use gives PC_ENAMES */
    void *lookup_context;
    bool exposure;   /* probe scope-host ports from here (one-shot: always) */
    bool acceptance; /* every port that may be in use is to be reached, dynamic and reserved ones too, and absence never
                        conforms */
    int64_t wall_ms;
};

/* A name that has no address is a warning: what hangs on it gets no_address and is not judged.
 * 0, PC_ENAMES, -ENOENT (no such host or vantage, with a diagnostic that names the nearest), -ENOMEM, PC_ESEMANTIC. */
int plan_build(const struct config *config, const struct plan_options *options, struct plan **ret,
               struct diag_list *diags);
void plan_free(struct plan *plan); /* takes NULL */

/* Where the host's listeners are read from: AUTO is resolved to KERNEL or NONE. */
enum listener_choice plan_host_listeners(const struct plan_host *host);

/* --- parameters and callers, also for those who are no hosts ----------------------------------------------------- */

/* The parameters of one role, of somebody who plays a component, or (guide NULL) of nobody. */
struct plan_values {
    const struct guide *guide;
    const struct settings *settings;
    int64_t wall_ms;
};
/* Borrows `values` and `peer` (NULL: there is none). */
struct scope_values plan_scope_values(const struct plan_values *values, const struct scope_values *peer);
/* Is a condition true? NULL is always true. 0 with *ret, PC_EUNSET with *ret_unset, or what expression_eval says. */
int plan_condition(const struct expression *when, const struct scope_values *values, bool *ret, const char **ret_unset);

enum caller { CALLER_NO, CALLER_YES, CALLER_UNKNOWN /* a condition over a parameter without value */ };

/* A listener as the peers' conditions see it. */
struct plan_listener {
    const struct rule *rule;
    const struct guide *guide;       /* of `settings`; NULL for own rules */
    const struct settings *settings; /* of the role or the play that listens; NULL for own rules */
    int64_t wall_ms;
};
struct plan_listener plan_listener_of(const struct plan *plan, const struct expectation *expectation);
/* Is somebody who plays a component in this way one of the rule's peers? */
enum caller plan_is_caller(const struct plan_listener *listener, const struct guide *guide,
                           const struct component *component, const struct settings *settings);

/* Does anybody beyond the host itself ever need a way to it? Not where it is the host's alone, reserved, multicast, or
 * a dynamic range for which nobody is named. */
bool rule_needs_a_way(const struct rule *rule);

/* "router[peer.side != side]" or "agent"; with commas, no blanks; "-" for anybody. Appends. */
struct text;
void rule_format_peers(struct text *out, const struct rule *rule);
/* The expectation of a host that a port belongs to: the narrowest first; NULL when there is none. */
const struct expectation *plan_host_find(const struct plan_host *host, enum transport transport, uint16_t port);
/* How narrow an expectation is: the number of its ports; smaller explains better. */
unsigned expectation_width(const struct expectation *expectation);
/* The hosts, networks and externals that play a peer of this rule: "pc0101, pc0102 ... (40), pc-osaka"; the peers' own
 * names where the site has nobody who plays them; "anybody"; "the host itself". The listener's own host is named only
 * where it is the only one. Appends. */
void plan_format_callers(struct text *out, const struct plan *plan, const struct expectation *expectation);

/* --- plain ports ------------------------------------------------------------------------------------------------- */

struct listener_table;
/* Is the port one that a program gets without asking for it? `table` tells the range of its host; NULL, or one that
 * does not tell it: Linux's default. */
bool port_is_ephemeral(const struct listener_table *table, uint16_t port);
/* Do the items of an `ignore` entry or a waiver, which hold plain numbers, mean this port? `table` as above. */
bool ports_mean(const struct port_items *items, enum transport transport, uint16_t port,
                const struct listener_table *table);
