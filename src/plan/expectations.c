/* What is demanded of one host: each rule of each role, item by item, and the user's own rules. */
#include "build.h"

#include "portconform/error.h"
#include "portconform/vector.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

struct expectation_vector {
    struct expectation *items;
    size_t count, capacity;
};

/* One rule in one role of one host, while its items are resolved. */
struct rule_context {
    struct plan_build *build;
    struct plan_host *host;
    const struct rule *rule;
    const struct role *role; /* NULL for own rules */
    const struct changed_port *changed;
    struct scope_values values;
    const char *unset; /* of the rule's own condition */
    struct expectation_vector *found;
};

static void expect_fail(const struct rule_context *context, const char *what, const char *why)
{
    diag_add(context->build->diags, DIAG_ERROR, context->rule->origin, NULL, "rule %s on host %s: %s: %s",
             context->rule->id, context->host->host->name, what, why);
    context->build->failed = true;
}

/* The last override that matches wins. An absent optional port conforms, so nothing can be said about its absence. */
static enum severity expect_severity(const struct host *host, const struct rule *rule)
{
    if (presence_absence_conforms(rule->presence))
        return SEVERITY_OK;
    enum severity severity = verdict_row(VERDICT_MISSING)->severity;
    for (size_t i = 0; i < host->severity_count; i++) {
        const struct severity_override *override = &host->severities[i];
        if (override->verdict != VERDICT_NONE && override->verdict != VERDICT_MISSING)
            continue;
        if (override->rule == NULL || strcmp(override->rule, rule->id) == 0 ||
            fnmatch(override->rule, rule->id, 0) == 0)
            severity = override->severity;
    }
    return severity;
}

/* Numbers of the item, or the parameter that is missing. A number that cannot be is an error of the configuration. */
static int expect_resolve(struct rule_context *context, const struct port_item *item, struct expectation *expectation)
{
    expectation->unset = context->unset;
    if (expectation->unset != NULL)
        return 0;
    char why[DIAGNOSIS_TEXT] = "";
    int error = port_item_resolve(item, &context->values, &expectation->range, &expectation->unset, why);
    if (error == -ENOMEM)
        return error;
    if (error != 0 && error != PC_EUNSET) {
        expect_fail(context, item->text, why[0] != '\0' ? why : pc_strerror(error));
        return error;
    }
    return 0;
}

static int expect_name(struct rule_context *context, struct expectation *expectation, enum transport transport)
{
    struct arena *arena = context->build->arena;
    const char *host = context->host->host->name;
    const char *role = context->role != NULL ? context->role->name : "-";
    const struct rule *rule = context->rule;
    expectation->key =
        arena_printf(arena, "%s|%s|%s|%s-%s", host, role, rule->id, transport_name(transport), expectation->item->text);
    /* the acceptance test asks for the way to each member */
    if (rule->presence == PRESENCE_ONE_OF && rule->group != NULL && !context->build->options->acceptance) {
        expectation->group_key = arena_printf(arena, "%s|%s|one-of:%s", host, role, rule->group);
        if (expectation->group_key == NULL)
            return -ENOMEM;
    }
    return expectation->key != NULL ? 0 : -ENOMEM;
}

static unsigned expect_interval(const struct rule_context *context)
{
    if (context->rule->interval_s > 0)
        return context->rule->interval_s;
    if (context->role != NULL && context->role->interval_s > 0)
        return context->role->interval_s;
    return context->host->host->interval_s;
}

static int expect_item(struct rule_context *context, size_t index)
{
    const struct rule *rule = context->rule;
    const struct port_item *item = &rule->ports.items[index];
    const struct port_item *moved = item;
    if (context->changed != NULL && index < context->changed->to.count)
        moved = &context->changed->to.items[index];
    enum transport transport = rule_transport(rule, item);
    enum transport resolved = moved != item ? rule_transport(rule, moved) : transport;
    if (resolved == TRANSPORT_UNSTATED)
        resolved = transport;
    if (item->kind != PORT_ITEM_NUMBERS || moved->kind != PORT_ITEM_NUMBERS || transport == TRANSPORT_UNSTATED)
        return 0;

    struct expectation made = {.host = context->host->host,
                               .role = context->role,
                               .rule = rule,
                               .item = item,
                               .changed = moved != item,
                               .severity = expect_severity(context->host->host, rule),
                               .instances = 1,
                               .owner = rule->owner,
                               .damping = &context->host->host->damping,
                               .interval_s = expect_interval(context)};
    if (context->role != NULL && context->role->owner.count > 0)
        made.owner = context->role->owner;
    int error = expect_resolve(context, moved, &made);
    if (error != 0)
        return error == -ENOMEM ? error : 0;
    made.range.transport = resolved;
    if (made.unset != NULL)
        error = plan_count_unset(context->build, made.host, rule, made.unset);
    if (error == 0)
        error = expect_name(context, &made, transport);
    if (error == 0)
        error = plan_pick_addresses(context->build, context->host, &made);
    if (error != 0)
        return error;
    struct expectation *slot = VECTOR_PUSH(context->found);
    if (slot == NULL)
        return -ENOMEM;
    *slot = made;
    return 0;
}

static int expect_rule(struct rule_context *context)
{
    bool applies = false;
    context->unset = NULL;
    int error = plan_condition(context->rule->when, &context->values, &applies, &context->unset);
    if (error != 0 && error != PC_EUNSET) {
        expect_fail(context, expression_text(context->rule->when), pc_strerror(error));
        return 0;
    }
    if (error == 0 && !applies)
        return 0;
    context->changed = host_changed_port(context->host->host, context->rule);
    for (size_t i = 0; i < context->rule->ports.count; i++) {
        error = expect_item(context, i);
        if (error != 0)
            return error;
    }
    return 0;
}

static int expect_role(struct rule_context *context, const struct role *role)
{
    struct plan_values values = {
        .guide = role->guide, .settings = &role->settings, .wall_ms = context->build->options->wall_ms};
    context->role = role;
    context->values = plan_scope_values(&values, NULL);
    for (size_t i = 0; i < role->guide->rule_count; i++) {
        context->rule = &role->guide->rules[i];
        if (context->rule->listens != role->component)
            continue;
        int error = expect_rule(context);
        if (error != 0)
            return error;
    }
    return 0;
}

static int expect_own_rules(struct rule_context *context)
{
    static const struct settings nothing;
    struct plan_values values = {.settings = &nothing};
    context->role = NULL;
    context->values = plan_scope_values(&values, NULL);
    for (size_t i = 0; i < context->host->host->expect_count; i++) {
        context->rule = &context->host->host->expect[i];
        int error = expect_rule(context);
        if (error != 0)
            return error;
    }
    return 0;
}

static bool expect_share_range(const struct expectation *a, const struct expectation *b)
{
    return b->rule->presence == PRESENCE_FIRST_FREE && b->unset == NULL && a->rule->guide == b->rule->guide &&
           a->range.transport == b->range.transport && a->range.low == b->range.low && a->range.high == b->range.high &&
           a->range.step == b->range.step;
}

/* Several roles that draw from one range take its first free ports one after the other. */
static void expect_rank(struct expectation *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i].rule->presence != PRESENCE_FIRST_FREE || items[i].unset != NULL)
            continue;
        size_t sharing = 0;
        for (size_t k = 0; k < count; k++) {
            if (!expect_share_range(&items[i], &items[k]))
                continue;
            if (k < i)
                items[i].instance_rank++;
            sharing++;
        }
        items[i].instances = sharing;
    }
}

static int expect_by_group(const void *left, const void *right)
{
    const struct expectation *a = *(struct expectation *const *)left, *b = *(struct expectation *const *)right;
    return strcmp(a->group_key, b->group_key);
}

/* The members of a group share one key, so that to compare keys is to compare pointers. */
static int expect_join_groups(struct expectation *items, size_t count)
{
    size_t members = 0;
    struct expectation **sorted = calloc(count + 1, sizeof(struct expectation *));
    if (sorted == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        if (items[i].group_key != NULL)
            sorted[members++] = &items[i];
    }
    qsort(sorted, members, sizeof *sorted, expect_by_group);
    for (size_t i = 1; i < members; i++) {
        if (strcmp(sorted[i - 1]->group_key, sorted[i]->group_key) == 0)
            sorted[i]->group_key = sorted[i - 1]->group_key;
    }
    free(sorted);
    return 0;
}

int plan_expect(struct plan_build *build, struct plan_host *host)
{
    struct expectation_vector found = {0};
    struct rule_context context = {.build = build, .host = host, .found = &found};
    int error = 0;
    for (size_t i = 0; error == 0 && i < host->host->role_count; i++)
        error = expect_role(&context, &host->host->roles[i]);
    if (error == 0)
        error = expect_own_rules(&context);
    if (error != 0)
        goto out;

    struct expectation *kept = ARENA_ARRAY(build->arena, struct expectation, found.count);
    if (kept == NULL) {
        error = -ENOMEM;
        goto out;
    }
    if (found.count > 0)
        memcpy(kept, found.items, found.count * sizeof *kept);
    expect_rank(kept, found.count);
    error = expect_join_groups(kept, found.count);
    for (size_t i = 0; error == 0 && i < found.count; i++)
        error = plan_add_flows(build, host, &kept[i]);
    host->expectations = kept;
    host->expectation_count = found.count;
    if (error == 0)
        error = plan_number_flows(build, host);
out:
    VECTOR_DONE(&found);
    return error;
}
