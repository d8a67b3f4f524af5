/* Why a port is expected: guide, table, row, and the parameter values that made the rule hold. */
#include "explain.h"

#include "portconform/vector.h"
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

/* , topology "multi" (set in site.conf:12) */
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

/* Every parameter of the expressions, with its value and where that was set. */
void explain_add_parameters(struct text *words, const struct explanation *explanation, const struct role *role,
                            const struct expression *const *expressions, size_t count)
{
    struct parameter_names names = {0};
    for (size_t i = 0; i < count; i++) {
        if (expressions[i] != NULL)
            expression_names(expressions[i], parameter_visit, &names);
    }
    for (size_t i = 0; i < names.count; i++) {
        struct setting setting =
            settings_find(&role->settings, role->guide, names.items[i], explanation->snapshot->finished.wall_ms);
        parameter_add(words, &setting);
    }
    words->failed |= names.failed;
    free(names.items);
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
    /* the condition, the numbers, and whom the peers' conditions admit */
    const struct expression **entered = calloc(rule->from_count + 3, sizeof *entered);
    if (entered != NULL) {
        entered[0] = rule->when;
        entered[1] = expectation->item->low;
        entered[2] = expectation->item->high;
        for (size_t i = 0; i < rule->from_count; i++)
            entered[i + 3] = rule->from[i].when;
        explain_add_parameters(&words, explanation, role, entered, rule->from_count + 3);
    }
    words.failed |= entered == NULL;
    free(entered);
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
        const struct changed_port *change = host_changed_port(expectation->host, expectation->rule);
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
