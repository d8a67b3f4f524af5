/* Rules that do not hold, and would know the port if they did: a parameter without value, or another value. */
#include "explain.h"

#include <errno.h>

/* What the parameter may be set to: one of "a", "b"; 1 to 9; true or false. */
static void unset_add_choices(struct text *words, const struct parameter *parameter)
{
    switch (parameter->kind) {
    case PARAMETER_BOOL:
        text_add(words, "true or false");
        break;
    case PARAMETER_INT:
    case PARAMETER_PORT:
        text_printf(words, "%lld to %lld", (long long)parameter->min, (long long)parameter->max);
        break;
    case PARAMETER_ENUM:
        for (size_t i = 0; i < parameter->values.count; i++)
            text_printf(words, "%s\"%s\"", i == 0 ? "" : ", ", parameter->values.items[i]);
        break;
    }
}

/* The values of a role, by which the ports of a rule resolve though its condition did not hold. */
struct role_values {
    const struct role *role;
    int64_t wall_ms;
};

static int role_lookup(const void *context, const char *name, struct value *ret)
{
    const struct role_values *values = context;
    if (guide_parameter(values->role->guide, name) == NULL)
        return -ENOENT;
    *ret = settings_find(&values->role->settings, values->role->guide, name, values->wall_ms).value;
    return 0;
}

static enum explain_unset item_knows(const struct explanation *explanation, const struct role *role,
                                     const struct port_item *item)
{
    if (item->transport != explanation->transport || item->kind != PORT_ITEM_NUMBERS)
        return UNSET_OTHER_PORT;
    const struct role_values values = {role, explanation->snapshot->finished.wall_ms};
    const struct scope_values scope = {.lookup = role_lookup, .context = &values};
    struct port_range range;
    const char *unset = NULL;
    if (port_item_resolve(item, &scope, &range, &unset, NULL) != 0)
        return UNSET_MAYBE;
    return port_range_contains(&range, explanation->port) ? UNSET_THIS_PORT : UNSET_OTHER_PORT;
}

enum explain_unset explain_unset_knows(const struct explanation *explanation, const struct expectation *expectation)
{
    if (expectation->unset == NULL || expectation->role == NULL)
        return UNSET_OTHER_PORT;
    return item_knows(explanation, expectation->role, expectation->item);
}

static bool unset_seen_before(const struct plan_host *host, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        const struct expectation *earlier = &host->expectations[i];
        if (earlier->unset != NULL && earlier->rule == host->expectations[index].rule &&
            earlier->role == host->expectations[index].role && earlier->item == host->expectations[index].item)
            return true;
    }
    return false;
}

/* jp1-itdm agent/2 (tcp 16992): whether it holds depends on amt, which has no value; ... */
static void unset_add(struct explanation *explanation, const struct expectation *expectation)
{
    const struct guide *guide = expectation->rule->guide;
    struct text words = {0};
    text_printf(&words,
                "%s %s (%s %s) depends on %s, which has no value; give it one in `settings` of the site, of host %s or "
                "of its role",
                guide->id, expectation->rule->ref, transport_name(expectation->item->transport),
                expectation->item->text, expectation->unset, explanation->host->host->name);
    phrase_origin(&words, " in ", &expectation->role->origin);
    const struct parameter *parameter = guide_parameter(guide, expectation->unset);
    if (parameter != NULL) {
        text_add(&words, ": ");
        unset_add_choices(&words, parameter);
    }
    explain_flow(explanation, &words);
}

void explain_unset(struct explanation *explanation)
{
    const struct plan_host *host = explanation->host;
    bool begun = false;
    for (size_t i = 0; i < host->expectation_count; i++) {
        if (explain_unset_knows(explanation, &host->expectations[i]) == UNSET_OTHER_PORT || unset_seen_before(host, i))
            continue;
        explain_section(explanation, begun ? NULL : "not judged");
        begun = true;
        unset_add(explanation, &host->expectations[i]);
    }
}

/* Does the plan hold the rule for this role, be it on another port or without a verdict? */
static bool rule_is_planned(const struct plan_host *host, const struct role *role, const struct rule *rule)
{
    for (size_t i = 0; i < host->expectation_count; i++) {
        if (host->expectations[i].rule == rule && host->expectations[i].role == role)
            return true;
    }
    return false;
}

static bool rule_would_know(const struct explanation *explanation, const struct role *role, const struct rule *rule)
{
    if (rule->listens != role->component || rule->when == NULL || rule_is_planned(explanation->host, role, rule))
        return false;
    for (size_t i = 0; i < rule->ports.count; i++) {
        if (item_knows(explanation, role, &rule->ports.items[i]) == UNSET_THIS_PORT)
            return true;
    }
    return false;
}

/* jp1-itdm manager-single/1 would, when topology == 'single'; here topology "multi" (set in site.conf:12) */
static void explain_other_setting(struct explanation *explanation, const struct role *role, const struct rule *rule)
{
    struct text words = {0};
    text_printf(&words, "%s %s would know it when %s; here", rule->guide->id, rule->ref, expression_text(rule->when));
    struct text values = {0};
    explain_add_parameters(&values, explanation, role, &rule->when, 1);
    /* without the first comma */
    text_add(&words, values.length > 0 ? text_string(&values) + 1 : " it does not hold");
    words.failed |= values.failed;
    text_done(&values);
    explain_flow(explanation, &words);
}

void explain_other_settings(struct explanation *explanation)
{
    const struct host *host = explanation->host->host;
    for (size_t i = 0; i < host->role_count; i++) {
        const struct role *role = &host->roles[i];
        for (size_t k = 0; k < role->guide->rule_count; k++) {
            if (rule_would_know(explanation, role, &role->guide->rules[k]))
                explain_other_setting(explanation, role, &role->guide->rules[k]);
        }
    }
}
