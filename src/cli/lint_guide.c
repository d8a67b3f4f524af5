/* Conditions that can never hold: no values that the parameters may have make them true.
 *
 * All combinations are tried where they are few. Of an integer with many values the ends and the neighbours of the
 * condition's own numbers are: enough for comparisons; where it calculates as well, nothing is claimed. */
#include "lint.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    VARIABLES_MAX = 8,
    VALUES_MAX = 72, /* of one variable */
    SMALL = 64,      /* values of an integer that are all tried */
    COMBINATIONS_MAX = 1 << 18
};

/* A parameter of the listener, or of the peer. */
struct variable {
    const struct parameter *parameter;
    bool of_peer;
    struct value values[VALUES_MAX];
    size_t count, at;
};

struct hunt {
    const struct guide *guide;
    const struct expression *conditions[2]; /* of the rule, of the peer; NULL: none */
    struct variable items[VARIABLES_MAX];
    size_t count;
    bool too_many, partly; /* more variables than fit; not all values are tried */
};

struct hunt_side {
    const struct hunt *hunt;
    bool of_peer;
};

static void add_value(struct variable *variable, struct value value)
{
    for (size_t i = 0; i < variable->count; i++)
        if (value_equal(&variable->values[i], &value))
            return;
    if (variable->count < VALUES_MAX)
        variable->values[variable->count++] = value;
}

static void add_number(struct variable *variable, int64_t number)
{
    if (number >= variable->parameter->min && number <= variable->parameter->max)
        add_value(variable, (struct value){.type = VALUE_INT, .number = number});
}

static void add_numbers_of(struct variable *variable, const char *condition)
{
    for (const char *c = condition; *c;) {
        char *end;
        bool begins =
            isdigit((unsigned char)*c) && (c == condition || !(isalnum((unsigned char)c[-1]) || c[-1] == '_'));
        if (!begins) {
            c++;
            continue;
        }
        errno = 0;
        int64_t number = strtoll(c, &end, 10);
        for (int64_t near = -1; errno == 0 && number < INT32_MAX && near <= 1; near++)
            add_number(variable, number + near);
        c = end;
    }
}

static void add_integers(struct hunt *hunt, struct variable *variable)
{
    const struct parameter *parameter = variable->parameter;
    if (parameter->max - parameter->min < SMALL) {
        for (int64_t number = parameter->min; number <= parameter->max; number++)
            add_number(variable, number);
        return;
    }
    hunt->partly = true;
    add_number(variable, parameter->min);
    add_number(variable, parameter->min + 1);
    add_number(variable, parameter->max);
    for (size_t i = 0; i < 2; i++)
        if (hunt->conditions[i])
            add_numbers_of(variable, expression_text(hunt->conditions[i]));
    hunt->too_many = hunt->too_many || variable->count == VALUES_MAX;
}

static void add_values(struct hunt *hunt, struct variable *variable)
{
    const struct parameter *parameter = variable->parameter;
    switch (parameter->kind) {
    case PARAMETER_INT:
    case PARAMETER_PORT:
        add_integers(hunt, variable);
        return;
    case PARAMETER_BOOL:
        add_value(variable, (struct value){.type = VALUE_BOOL, .number = 0});
        add_value(variable, (struct value){.type = VALUE_BOOL, .number = 1});
        return;
    case PARAMETER_ENUM:
        for (size_t i = 0; i < parameter->values.count; i++)
            add_value(variable, (struct value){.type = VALUE_TEXT, .text = parameter->values.items[i]});
        hunt->too_many = hunt->too_many || parameter->values.count > VALUES_MAX;
        return;
    }
}

static void add_variable(void *context, const char *name, bool is_peer)
{
    struct hunt *hunt = context;
    const struct parameter *parameter = guide_parameter(hunt->guide, name);
    for (size_t i = 0; i < hunt->count; i++)
        if (hunt->items[i].parameter == parameter && hunt->items[i].of_peer == is_peer)
            return;
    if (!parameter || hunt->count == VARIABLES_MAX) {
        hunt->too_many = true;
        return;
    }
    struct variable *variable = &hunt->items[hunt->count++];
    *variable = (struct variable){.parameter = parameter, .of_peer = is_peer};
    add_values(hunt, variable);
}

static int lookup(const void *context, const char *name, struct value *ret)
{
    const struct hunt_side *side = context;
    for (size_t i = 0; i < side->hunt->count; i++) {
        const struct variable *variable = &side->hunt->items[i];
        if (variable->of_peer == side->of_peer && strcmp(variable->parameter->name, name) == 0) {
            *ret = variable->values[variable->at];
            return 0;
        }
    }
    return -ENOENT;
}

/* What cannot be computed may hold. */
static bool may_hold(const struct hunt *hunt)
{
    struct hunt_side peer_side = {hunt, true}, own_side = {hunt, false};
    struct scope_values peer = {.lookup = lookup, .context = &peer_side};
    struct scope_values own = {.lookup = lookup, .context = &own_side, .peer = &peer};
    for (size_t i = 0; i < 2; i++) {
        struct value value;
        if (hunt->conditions[i] && expression_eval(hunt->conditions[i], &own, &value, NULL) == 0 && value.number == 0)
            return false;
    }
    return true;
}

static bool advance(struct hunt *hunt)
{
    for (size_t i = 0; i < hunt->count; i++) {
        if (++hunt->items[i].at < hunt->items[i].count)
            return true;
        hunt->items[i].at = 0;
    }
    return false;
}

static bool calculates(const struct expression *condition)
{
    return condition && strpbrk(expression_text(condition), "+-*/%");
}

/* True only where it is certain. */
static bool can_never_hold(struct hunt *hunt)
{
    size_t combinations = 1;
    for (size_t i = 0; i < 2; i++)
        if (hunt->conditions[i])
            expression_names(hunt->conditions[i], add_variable, hunt);
    for (size_t i = 0; i < hunt->count && combinations <= COMBINATIONS_MAX; i++)
        combinations *= hunt->items[i].count;
    bool uncertain = hunt->partly && (calculates(hunt->conditions[0]) || calculates(hunt->conditions[1]));
    if (hunt->too_many || uncertain || combinations > COMBINATIONS_MAX)
        return false;
    do {
        if (may_hold(hunt))
            return false;
    } while (advance(hunt));
    return true;
}

static bool check(const struct rule *rule, const struct expression *of_peer)
{
    struct hunt hunt = {.guide = rule->guide, .conditions = {rule->when, of_peer}};
    return can_never_hold(&hunt);
}

void lint_guide(const struct guide *guide, struct diag_list *diags)
{
    for (size_t i = 0; i < guide->rule_count; i++) {
        const struct rule *rule = &guide->rules[i];
        if (rule->when && check(rule, NULL)) {
            diag_add(diags, DIAG_WARNING, rule->origin,
                     "mend the condition, or the values that the parameters may have",
                     "rule %s can never be in force: no values of its parameters make \"%s\" true", rule->id,
                     expression_text(rule->when));
            continue;
        }
        for (size_t p = 0; p < rule->from_count; p++)
            if (rule->from[p].when && check(rule, rule->from[p].when))
                diag_add(diags, DIAG_WARNING, rule->from[p].origin,
                         "mend the condition, or the values that the parameters may have",
                         "%s can never call rule %s: no values of the parameters make \"%s\" true",
                         rule->from[p].component->name, rule->id, expression_text(rule->from[p].when));
    }
}
