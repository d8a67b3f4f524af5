/* What only the site as a whole tells: flows that nobody may judge, expectations that nobody sees. */
#include "lint.h"

#include "portconform/vector.h"
#include <errno.h>
#include <stdlib.h>

enum { NAMED = 8 }; /* so many rules are named in a message, the rest is counted */

void lint_name_rule(struct rule_names *names, const struct rule *rule)
{
    if (names->last == rule)
        return;
    names->last = rule;
    if (names->count < NAMED)
        text_printf(&names->text, "%s%s", names->count > 0 ? ", " : "", rule->id);
    names->count++;
}

const char *lint_names_string(struct rule_names *names)
{
    if (names->count > NAMED)
        text_printf(&names->text, " and %zu more", names->count - NAMED);
    return text_string(&names->text);
}

/* The same expectation in the plan of another vantage; NULL where a day ended between the two plans, and with it a
 * setting. */
static const struct expectation *counterpart(const struct lint_plans *plans, size_t plan, size_t host, size_t index)
{
    const struct plan_host *planned = &plans->items[plan]->hosts[host];
    return index < planned->expectation_count ? &planned->expectations[index] : NULL;
}

/* --- callers ----------------------------------------------------------------------------------------------------- */

static bool has_caller(const struct lint_plans *plans, size_t host, size_t index)
{
    for (size_t p = 0; p < plans->count; p++) {
        const struct expectation *expectation = counterpart(plans, p, host, index);
        for (size_t f = 0; expectation && f < expectation->flow_count; f++)
            if (expectation->flows[f].demand == FLOW_MUST_PASS)
                return true;
    }
    return false;
}

/* Rules with the same peers share a message. */
struct missing_caller {
    const struct guide *guide;
    const struct rule *rule; /* one of them, for its peers */
    struct rule_names names;
    struct {
        const struct rule **items;
        size_t count, capacity;
    } known; /* all of them, so that each counts once however many hosts have it */
};
struct missing_callers {
    struct missing_caller *items;
    size_t count, capacity;
};

static bool same_peers(const struct rule *a, const struct rule *b)
{
    if (a->guide != b->guide || a->from_count != b->from_count)
        return false;
    for (size_t i = 0; i < a->from_count; i++)
        if (a->from[i].component != b->from[i].component)
            return false;
    return true;
}

static struct missing_caller *missing_caller_for(struct missing_callers *missing, const struct rule *rule)
{
    for (size_t i = 0; i < missing->count; i++)
        if (same_peers(missing->items[i].rule, rule))
            return &missing->items[i];
    struct missing_caller *added = VECTOR_PUSH(missing);
    if (added)
        *added = (struct missing_caller){.guide = rule->guide, .rule = rule};
    return added;
}

static int missing_caller_add(struct missing_caller *missing, const struct rule *rule)
{
    for (size_t i = 0; i < missing->known.count; i++)
        if (missing->known.items[i] == rule)
            return 0;
    const struct rule **slot = VECTOR_PUSH(&missing->known);
    if (!slot)
        return -ENOMEM;
    *slot = rule;
    lint_name_rule(&missing->names, rule);
    return 0;
}

static void tell_missing_caller(struct missing_caller *missing, const struct site *site, struct diag_list *diags)
{
    struct text peers = {0};
    for (size_t i = 0; i < missing->rule->from_count; i++)
        text_printf(&peers, "%s%s", i > 0 ? " or " : "", missing->rule->from[i].component->name);
    diag_add(diags, DIAG_NOTE, site->origin, NULL,
             "no vantage acts as %s of %s: whether it gets through is not judged for %s", text_string(&peers),
             missing->guide ? missing->guide->id : site->name, lint_names_string(&missing->names));
    text_done(&peers);
}

int lint_callers(const struct lint_plans *plans, struct diag_list *diags)
{
    struct missing_callers missing = {0};
    const struct plan *first = plans->items[0];
    int r = 0;
    for (size_t h = 0; r == 0 && h < first->host_count; h++) {
        for (size_t e = 0; r == 0 && e < first->hosts[h].expectation_count; e++) {
            const struct expectation *expectation = &first->hosts[h].expectations[e];
            const struct rule *rule = expectation->rule;
            if (rule->from_count == 0 || expectation->flow_count == 0 || rule->scope == SCOPE_HOST ||
                has_caller(plans, h, e))
                continue;
            struct missing_caller *caller = missing_caller_for(&missing, rule);
            r = caller ? missing_caller_add(caller, rule) : -ENOMEM;
        }
    }
    for (size_t i = 0; i < missing.count; i++) {
        if (r == 0)
            tell_missing_caller(&missing.items[i], first->site, diags);
        text_done(&missing.items[i].names.text);
        VECTOR_DONE(&missing.items[i].known);
    }
    VECTOR_DONE(&missing);
    return r;
}

/* --- what nobody sees -------------------------------------------------------------------------------------------- */

static bool is_probed(const struct expectation *expectation)
{
    for (size_t f = 0; expectation && f < expectation->flow_count; f++)
        if (expectation->flows[f].id != SIZE_MAX)
            return true;
    return false;
}

static bool nobody_looks(const struct lint_plans *plans, size_t host, size_t index)
{
    for (size_t p = 0; p < plans->count; p++)
        if (is_probed(counterpart(plans, p, host, index)))
            return false;
    return true;
}

static void check_host_seen(const struct lint_plans *plans, size_t h, struct diag_list *diags)
{
    const struct plan_host *host = &plans->items[0]->hosts[h];
    struct rule_names names = {0};
    for (size_t e = 0; e < host->expectation_count; e++) {
        const struct expectation *expectation = &host->expectations[e];
        bool demanded = !presence_absence_conforms(expectation->rule->presence) && !expectation->unset;
        if (demanded && nobody_looks(plans, h, e))
            lint_name_rule(&names, expectation->rule);
    }
    if (names.count > 0)
        diag_add(diags, DIAG_WARNING, host->host->origin, "give the host a listener source, or let it be probed",
                 "nobody looks at %s of host %s: no listener source, and no vantage probes it",
                 lint_names_string(&names), host->host->name);
    text_done(&names.text);
}

int lint_unseen(const struct lint_plans *plans, struct diag_list *diags)
{
    const struct plan *first = plans->items[0];
    for (size_t h = 0; h < first->host_count; h++) {
        const struct plan_host *host = &first->hosts[h];
        if (host->expectation_count == 0 && host->host->role_count > 0 && !host->host->exclusive)
            diag_add(diags, DIAG_NOTE, host->host->origin, NULL,
                     "nothing is expected of host %s: its roles only call others, and no check of it says anything",
                     host->host->name);
        else if (host->expectation_count == 0 && !host->host->exclusive)
            diag_add(diags, DIAG_WARNING, host->host->origin, NULL,
                     "nothing is expected of host %s: it has no role, no expect entry, and is not exclusive",
                     host->host->name);
        else if (plan_host_listeners(host) == LISTENERS_NONE)
            check_host_seen(plans, h, diags);
    }
    return 0;
}

/* With `auto`, another machine than this one may well see the host's kernel. */
int lint_exclusive(const struct lint_plans *plans, struct diag_list *diags)
{
    const struct plan *first = plans->items[0];
    for (size_t h = 0; h < first->host_count; h++) {
        const struct plan_host *host = &first->hosts[h];
        if (!host->host->exclusive || plan_host_listeners(host) != LISTENERS_NONE)
            continue;
        bool never = host->host->listeners == LISTENERS_NONE;
        diag_add(diags, never ? DIAG_ERROR : DIAG_WARNING, host->host->origin,
                 "listeners = \"snmp\" or \"file\" reads them from elsewhere; run on the host itself, its own are read",
                 never ? "host %s is exclusive and has no listener source: an unexpected listener cannot be seen"
                       : "host %s is exclusive, and from this machine its listeners cannot be seen",
                 host->host->name);
    }
    return 0;
}

int lint_enterprise(const struct lint_plans *plans, struct diag_list *diags)
{
    const struct site *site = plans->config->site;
    if (site->pen == 0 && (site->syslog_count > 0 || site->agentx_socket))
        diag_add(diags, DIAG_NOTE, site->origin, "pen = NUMBER; assigned by IANA, free of charge",
                 "no private enterprise number is set: syslog uses 32473 and the MIB net-snmp's arc for local use, "
                 "which are for documentation and tests");
    return 0;
}
