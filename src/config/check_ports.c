/* Ports at the bounds of the parameters: an item that leaves 1..65535 for some allowed value is found when the guide is
 * loaded, not on the day somebody sets that value. */
#include "loader.h"

#include "portconform/error.h"
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    PARAMETERS_MAX = 8,  /* that one item and its condition may use to be tried */
    CANDIDATES_MAX = 64, /* values of one parameter; a smaller domain is tried whole */
    TRIALS_MAX = 4096,   /* combinations of one item */
};

/* One parameter that occurs, with the values to try. */
struct tried {
    const struct parameter *parameter;
    struct value candidates[CANDIDATES_MAX];
    size_t count, at;
};

struct trial {
    const struct guide *guide;
    const char *condition; /* the text of the rule's `when`, whose numbers are bounds too; NULL: none */
    struct tried tried[PARAMETERS_MAX];
    size_t count;
};

static void add_number(struct tried *tried, enum value_type type, int64_t number)
{
    if (tried->count == CANDIDATES_MAX)
        return;
    for (size_t i = 0; i < tried->count; i++)
        if (tried->candidates[i].number == number)
            return;
    tried->candidates[tried->count++] = (struct value){.type = type, .number = number};
}

static void add_within(struct tried *tried, int64_t number)
{
    if (number >= tried->parameter->min && number <= tried->parameter->max)
        add_number(tried, VALUE_INT, number);
}

/* The numbers of a condition and their neighbours: where "instance < 5" begins and ends to hold. */
static void add_turning_points(struct tried *tried, const char *condition)
{
    for (const char *c = condition; c && *c; c++) {
        if (!isdigit((unsigned char)*c))
            continue;
        char *end;
        int64_t number = strtoll(c, &end, 10);
        if (c == condition || !(isalnum((unsigned char)c[-1]) || c[-1] == '_')) {
            if (number > INT32_MIN && number < INT32_MAX)
                for (int64_t near = number - 1; near <= number + 1; near++)
                    add_within(tried, near);
        }
        c = end - 1;
    }
}

static void add_integers(struct tried *tried, const char *condition)
{
    const struct parameter *parameter = tried->parameter;
    add_number(tried, VALUE_INT, parameter->min);
    add_number(tried, VALUE_INT, parameter->max);
    if (parameter->initial.type == VALUE_INT)
        add_number(tried, VALUE_INT, parameter->initial.number);
    if (parameter->max - parameter->min < CANDIDATES_MAX)
        for (int64_t number = parameter->min; number <= parameter->max; number++)
            add_number(tried, VALUE_INT, number);
    else
        add_turning_points(tried, condition);
}

static void add_candidates(struct tried *tried, const char *condition)
{
    const struct parameter *parameter = tried->parameter;
    switch (parameter->kind) {
    case PARAMETER_INT:
    case PARAMETER_PORT:
        add_integers(tried, condition);
        return;
    case PARAMETER_BOOL:
        add_number(tried, VALUE_BOOL, 0);
        add_number(tried, VALUE_BOOL, 1);
        return;
    case PARAMETER_ENUM:
        for (size_t i = 0; i < parameter->values.count && i < CANDIDATES_MAX; i++)
            tried->candidates[tried->count++] = (struct value){.type = VALUE_TEXT, .text = parameter->values.items[i]};
        return;
    }
}

static void add_name(void *context, const char *name, bool is_peer)
{
    struct trial *trial = context;
    const struct parameter *parameter = trial->guide && !is_peer ? guide_parameter(trial->guide, name) : NULL;
    if (!parameter || trial->count == PARAMETERS_MAX)
        return;
    for (size_t i = 0; i < trial->count; i++)
        if (trial->tried[i].parameter == parameter)
            return;
    struct tried *tried = &trial->tried[trial->count++];
    *tried = (struct tried){.parameter = parameter};
    add_candidates(tried, trial->condition);
}

static int lookup_value(const void *context, const char *name, struct value *ret)
{
    const struct trial *trial = context;
    if (!trial->guide || !guide_parameter(trial->guide, name))
        return -ENOENT;
    *ret = (struct value){.type = VALUE_UNSET};
    for (size_t i = 0; i < trial->count; i++)
        if (strcmp(trial->tried[i].parameter->name, name) == 0)
            *ret = trial->tried[i].candidates[trial->tried[i].at];
    return 0;
}

/* The next combination; false after the last. */
static bool advance(struct trial *trial)
{
    for (size_t i = 0; i < trial->count; i++) {
        if (++trial->tried[i].at < trial->tried[i].count)
            return true;
        trial->tried[i].at = 0;
    }
    return false;
}

struct origin ports_item_origin(const struct node *ports, size_t index)
{
    struct origin origin = node_inside(ports);
    const char *c = ports->text;
    for (; *c && index > 0; c++) {
        index -= *c == ',';
        origin.column += ((unsigned char)*c & 0xc0) != 0x80;
    }
    for (; *c == ' ' || *c == '\t'; c++)
        origin.column++;
    return origin;
}

/* Whether the rule applies with these values; a condition that cannot be computed is told by the caller's item. */
static bool applies(const struct rule *rule, const struct scope_values *values)
{
    struct value value;
    if (!rule->when)
        return true;
    return expression_eval(rule->when, values, &value, NULL) != 0 || value.number != 0;
}

static void check_item(struct loader *loader, const struct rule *rule, const struct node *ports, size_t index)
{
    const struct port_item *item = &rule->ports.items[index];
    struct trial trial = {.guide = rule->guide, .condition = rule->when ? expression_text(rule->when) : NULL};
    struct scope_values values = {.lookup = lookup_value, .context = &trial};
    expression_names(item->low, add_name, &trial);
    expression_names(item->high, add_name, &trial);
    if (rule->when)
        expression_names(rule->when, add_name, &trial);
    for (size_t trials = 0; trials < TRIALS_MAX; trials++) {
        struct port_range range;
        const char *unset;
        char why[DIAGNOSIS_TEXT] = "";
        if (applies(rule, &values)) {
            int result = port_item_resolve(item, &values, &range, &unset, why);
            if (result < 0 && result != PC_EUNSET) {
                ERROR(loader, ports_item_origin(ports, index),
                      trial.count ? "narrow the bounds of the parameter, or the condition of the rule" : NULL, "%s",
                      *why ? why : pc_strerror(result));
                return;
            }
        }
        if (!advance(&trial))
            return;
    }
}

void check_ports(struct loader *loader, const struct rule *rule, const struct node *ports)
{
    for (size_t i = 0; i < rule->ports.count; i++) {
        if (rule->ports.items[i].kind == PORT_ITEM_NUMBERS)
            check_item(loader, rule, ports, i);
    }
}
