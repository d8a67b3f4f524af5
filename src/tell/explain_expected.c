/* Why a port is expected: guide, table, row, and the parameter values that made the rule hold. */
#include "explain.h"

#include "portconform/vector.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The parameters that entered a rule for a role, each once. */
struct parameter_names {
    const char **items;
    size_t count, capacity;
    bool failed;
};

static void parameter_visit(void *context, const char *name, bool is_peer)
{
    struct parameter_names *names = context;
    if (is_peer)
        return;
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i], name) == 0)
            return;
    }
    const char **slot = VECTOR_PUSH(names);
    if (slot == NULL)
        names->failed = true;
    else
        *slot = name;
}

static struct parameter_names parameter_collect(const struct expectation *expectation)
{
    struct parameter_names names = {0};
    const struct rule *rule = expectation->rule;
    const struct expression *const whole[] = {rule->when, expectation->item->low, expectation->item->high};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        if (whole[i] != NULL)
            expression_names(whole[i], parameter_visit, &names);
    }
    for (size_t i = 0; i < rule->from_count; i++) {
        if (rule->from[i].when != NULL)
            expression_names(rule->from[i].when, parameter_visit, &names);
    }
    return names;
}

/* topology "multi" (set in site.conf:12) */
static void parameter_add(struct text *words, const struct setting *setting)
{
    char value[64];
    value_format(&setting->value, value, sizeof value);
    text_printf(words, setting->value.type == VALUE_TEXT ? ", %s \"%s\"" : ", %s %s", setting->name, value);
    if (setting->until != NULL)
        text_printf(words, " until %s", setting->until);
    if (setting->value.type == VALUE_UNSET) {
        text_add(words, " (without value)");
    } else if (setting->level == SETTING_DEFAULT) {
        text_add(words, " (the guide's default)");
    } else if (setting->origin.file != NULL) {
        phrase_origin(words, " (set in ", &setting->origin);
        text_add(words, ")");
    }
}

static void expected_add_component(struct explanation *explanation)
{
    const struct expectation *expectation = explanation->expectation;
    const struct rule *rule = expectation->rule;
    struct text words = {0};
    if (rule->guide == NULL || expectation->role == NULL) {
        text_printf(&words, "the site's own rule %s", rule->id);
        phrase_origin(&words, ", ", &rule->origin);
        explain_flow(explanation, &words);
        return;
    }
    const struct role *role = expectation->role;
    text_printf(&words, "component %s of %s", role->component->name, rule->guide->id);
    if (strcmp(role->name, role->component->name) != 0)
        text_printf(&words, " (role %s)", role->name);
    struct parameter_names names = parameter_collect(expectation);
    for (size_t i = 0; i < names.count; i++) {
        struct setting setting =
            settings_find(&role->settings, rule->guide, names.items[i], explanation->snapshot->finished.wall_ms);
        parameter_add(&words, &setting);
    }
    words.failed |= names.failed;
    free(names.items);
    explain_flow(explanation, &words);
}

/* table manager-multi-management, row 2: "agents call the manager here"; the number can be changed: manager setup */
static void expected_add_row(struct explanation *explanation)
{
    const struct rule *rule = explanation->expectation->rule;
    struct text words = {0};
    const char *row = rule->ref != NULL ? strrchr(rule->ref, '/') : NULL;
    if (row != NULL)
        text_printf(&words, "table %.*s, row %s", (int)(row - rule->ref), rule->ref, row + 1);
    else if (rule->ref != NULL)
        text_printf(&words, "row %s", rule->ref);
    if (rule->part != NULL)
        text_printf(&words, " (part %s)", rule->part);
    if (rule->about != NULL)
        text_printf(&words, words.length > 0 ? ": \"%s\"" : "\"%s\"", rule->about);
    const char *before = words.length > 0 ? "; " : "";
    switch (rule->change) {
    case CHANGE_UNSTATED:
        break;
    case CHANGE_NO:
        text_printf(&words, "%sthe number cannot be changed", before);
        break;
    case CHANGE_WHERE:
        text_printf(&words, "%sthe number can be changed: %s", before, rule->changeable);
        break;
    }
    if (words.length > 0)
        explain_flow(explanation, &words);
    if (rule->erratum != NULL) {
        if (rule->printed != NULL)
            text_printf(&words, "the guide prints \"%s\"; ", rule->printed);
        text_printf(&words, "erratum: %s", rule->erratum);
        explain_flow(explanation, &words);
    }
}

static const struct changed_port *expected_change(const struct explanation *explanation)
{
    const struct host *host = explanation->expectation->host;
    for (size_t i = 0; i < host->changed_port_count; i++) {
        if (host->changed_ports[i].rule == explanation->expectation->rule)
            return &host->changed_ports[i];
    }
    return NULL;
}

/* What a presence asks for, where it is not simply every port. */
static const char *const expected_presence[] = {
    [PRESENCE_REQUIRED] = NULL,
    [PRESENCE_ANY] = "one open port of the range is enough",
    [PRESENCE_FIRST_FREE] = "the product takes the first free port of the range",
    [PRESENCE_ONE_OF] = "one port of its group is enough",
    [PRESENCE_OPTIONAL] = "optional: nobody need listen",
    [PRESENCE_DYNAMIC] = "dynamic: a listener is explained, none is demanded",
    [PRESENCE_RESERVED] = "reserved: nobody need listen, but whoever does must be the product",
};

static void expected_add_item(struct explanation *explanation)
{
    const struct expectation *expectation = explanation->expectation;
    struct text words = {0};
    const char *before = "";
    if (port_range_count(&expectation->range) > 1) {
        char range[PORT_RANGE_TEXT];
        text_printf(&words, "part of %s", port_range_format(&expectation->range, range, sizeof range));
        before = "; ";
    }
    if (expected_presence[expectation->rule->presence] != NULL) {
        text_printf(&words, "%s%s", before, expected_presence[expectation->rule->presence]);
        before = "; ";
    }
    if (expectation->changed) {
        const struct changed_port *change = expected_change(explanation);
        text_printf(&words, "%smoved here", before);
        if (change != NULL)
            phrase_origin(&words, " by ", &change->origin);
    }
    if (words.length > 0)
        explain_flow(explanation, &words);
}

/* may call: agent, site-server (pc0101, pc0102 ... (40)) */
static void expected_add_peers(struct text *words, const struct explanation *explanation)
{
    struct text peers = {0};
    struct text callers = {0};
    rule_format_peers(&peers, explanation->expectation->rule);
    plan_format_callers(&callers, explanation->plan, explanation->expectation);
    text_add(words, "may call: ");
    phrase_peers(words, text_string(&peers));
    /* where the site does not say who plays them, the same words come back */
    if (strcmp(text_string(&peers), text_string(&callers)) != 0)
        text_printf(words, ": %s", text_string(&callers));
    words->failed |= peers.failed || callers.failed;
    text_done(&peers);
    text_done(&callers);
}

static void expected_add_callers(struct explanation *explanation)
{
    const struct expectation *expectation = explanation->expectation;
    struct text words = {0};
    if (expectation->rule->scope == SCOPE_HOST) {
        bool stated = expectation->rule->scope_basis == BASIS_STATED;
        text_printf(&words, "for the host itself alone (%s): nobody may call it from outside",
                    stated ? "the guide says so" : "concluded; the guide does not say it");
    } else if (expectation->rule->from_count == 0) {
        text_add(&words, "anybody may call");
    } else {
        expected_add_peers(&words, explanation);
    }
    explain_flow(explanation, &words);
}

void explain_expected(struct explanation *explanation)
{
    explain_section(explanation, "expected");
    expected_add_component(explanation);
    expected_add_row(explanation);
    expected_add_item(explanation);
    expected_add_callers(explanation);
}

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

/* The values of a role, for the ports of a rule whose condition could not be decided. */
struct unset_values {
    const struct settings *settings;
    const struct guide *guide;
    int64_t wall_ms;
};

static int unset_lookup(const void *context, const char *name, struct value *ret)
{
    const struct unset_values *values = context;
    if (guide_parameter(values->guide, name) == NULL)
        return -ENOENT;
    *ret = settings_find(values->settings, values->guide, name, values->wall_ms).value;
    return 0;
}

enum explain_unset explain_unset_knows(const struct explanation *explanation, const struct expectation *expectation)
{
    if (expectation->unset == NULL || expectation->rule->guide == NULL || expectation->role == NULL ||
        expectation->item->transport != explanation->transport)
        return UNSET_OTHER_PORT;
    const struct unset_values values = {
        .settings = &expectation->role->settings,
        .guide = expectation->rule->guide,
        .wall_ms = explanation->snapshot->finished.wall_ms,
    };
    const struct scope_values scope = {.lookup = unset_lookup, .context = &values};
    struct port_range range;
    const char *unset = NULL;
    if (port_item_resolve(expectation->item, &scope, &range, &unset, NULL) != 0)
        return UNSET_MAYBE;
    return port_range_contains(&range, explanation->port) ? UNSET_THIS_PORT : UNSET_OTHER_PORT;
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
