/* What the files of src/plan share while a plan is being built. */
#pragma once

#include "portconform/arena.h"
#include "portconform/diag.h"
#include "portconform/plan.h"

/* A plan_unset that is still being counted. `last_host` and `rules` keep hosts and rules from counting twice. */
struct unset_count {
    struct plan_unset told;
    const struct host *last_host;
    bool *rules; /* by index into the guide's rules */
};

struct plan_build {
    const struct config *config;
    const struct plan_options *options;
    struct diag_list *diags;
    struct plan *plan;
    struct arena *arena; /* the plan's */
    struct {
        struct unset_count *items;
        size_t count, capacity;
    } unset;
    bool failed; /* something cannot mean anything; it was told, and the rest is still looked at */
};

/* --- the steps --------------------------------------------------------------------------------------------------- */

/* vantage.c: chooses the vantage and what it acts as. 0, -ENOENT, -ENOMEM. */
int plan_choose_vantage(struct plan_build *build);
/* An error that the site has no `kind` of that name, with the nearest of `names` (NULL-terminated) as its hint. */
void plan_tell_unknown(struct plan_build *build, const char *kind, const char *name, const char *const names[]);

/* addresses.c: resolves a host's addresses and tells whether it is this machine. 0, PC_ENAMES, -ENOMEM. */
int plan_resolve_addresses(struct plan_build *build, struct plan_host *host);
/* Which of them a rule is about: fills addresses, address_count and no_address. 0 or -ENOMEM. */
int plan_pick_addresses(struct plan_build *build, const struct plan_host *host, struct expectation *expectation);
bool plan_is_own_address(const struct plan_options *options, const struct address *address);

/* expectations.c: everything demanded of one host, flows included. 0 or -ENOMEM; sets build->failed. */
int plan_expect(struct plan_build *build, struct plan_host *host);

/* flows.c: the flows of one expectation; those to be probed have an id of 0 so far, the others SIZE_MAX. 0 or -ENOMEM.
 */
int plan_add_flows(struct plan_build *build, const struct plan_host *host, struct expectation *expectation);

/* flow_ids.c: numbers the flows of one host that are probed. 0 or -ENOMEM. */
int plan_number_flows(struct plan_build *build, const struct plan_host *host);

/* unset.c: counts a parameter without value, and hands the counts to the plan. 0 or -ENOMEM. */
int plan_count_unset(struct plan_build *build, const struct host *host, const struct rule *rule, const char *parameter);
int plan_keep_unset(struct plan_build *build);
