/* Expectations and flows: what one port item of a rule means for one role of one host, and from where we look at it. */
#pragma once

#include "portconform/site.h"

/* What the probe of a flow would have to show. */
enum flow_demand {
    FLOW_MUST_PASS,
    FLOW_MUST_NOT_PASS,
    FLOW_BYSTANDER, /* the vantage is none of the callers, and nobody asked it to prove that it is kept out */
};
const char *flow_demand_name(enum flow_demand demand);

struct flow {
    size_t id;      /* index into the probe results of a cycle, shared by flows to one target; SIZE_MAX: not probed */
    size_t address; /* index into the addresses of the plan's host */
    uint16_t port;
    enum flow_demand demand;
    enum scope why; /* for MUST_NOT_PASS: HOST (exposure), PEERS, or NETWORK (`from` does not name us) */
};

struct expectation {
    const char *key; /* host|role|rule|item */
    const struct host *host;
    const struct role *role; /* NULL for own rules */
    const struct rule *rule;
    const struct port_item *item; /* of the rule */
    struct port_range range;      /* valid unless `unset` */
    bool changed;                 /* the user moved the port (`ports = ...`) */
    const char *unset;            /* the parameter without value that decides, or NULL: then it is not judged */
    enum severity severity;       /* of `missing` */
    const char *group_key;        /* host|role|one-of:GROUP, one pointer for all members; NULL unless one-of */
    size_t instances;             /* of first-free: how many roles of the host share the range; else 1 */
    size_t instance_rank;         /* 0-based among them */
    struct owner_patterns owner;  /* count 0: unknown */
    /* indexes of the host's addresses that the rule is about; empty with `no_address` */
    const size_t *addresses;
    size_t address_count;
    enum reason no_address; /* REASON_NONE, FAMILY_ABSENT or NO_ADDRESS */
    /* Address by address, port by port, each with its demand; those that are not probed have no id. None at all where
     * the expectation is not judged, is dynamic, or is reserved beyond the host: nobody needs to reach those. */
    const struct flow *flows;
    size_t flow_count;
    size_t ports_sampled; /* ports that have flows, for each address; < port_range_count(): a sample of the range */
    const struct damping *damping;
    unsigned interval_s; /* from one look of the daemon to the next; 0: the site's */
};
