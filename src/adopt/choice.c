/* The values of its parameters with which a component fits best.
 *
 * Few combinations are tried all; of many, one parameter and then two at a time are moved as long as that helps. */
#include "adopting.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    WHOLE_MAX = 1024,  /* so many combinations are tried all */
    ROUNDS_MAX = 4,    /* of moving parameters */
    SMALL = 24,        /* values of an integer that are all tried where only conditions name it */
    HEARING_MAX = 4096 /* combinations of one item's parameters that are tried for a port that is heard */
};
static const double margin = 1e-9; /* scores are sums of the same weights in another order */

struct searched {
    size_t parameter;
    struct value candidates[CANDIDATES_MAX];
    size_t count;
};

struct search {
    struct trial *trial;
    struct searched *items;
    size_t count;
    double best;
    unsigned deviations; /* of the best */
    struct value *best_values;
};

/* --- which parameters, which values ------------------------------------------------------------------------------ */

struct sought {
    const char *name;
    bool found;
};

static void choice_visit(void *context, const char *name, bool is_peer)
{
    struct sought *sought = context;
    sought->found = sought->found || (!is_peer && strcmp(name, sought->name) == 0);
}

static bool choice_names(const struct expression *expression, const char *parameter)
{
    struct sought sought = {.name = parameter};
    if (expression != NULL)
        expression_names(expression, choice_visit, &sought);
    return sought.found;
}

static bool item_names(const struct port_item *item, const char *parameter)
{
    return choice_names(item->low, parameter) || choice_names(item->high, parameter);
}

static bool rule_names(const struct rule *rule, const char *parameter)
{
    bool found = choice_names(rule->when, parameter);
    for (size_t i = 0; !found && i < rule->ports.count; i++)
        found = item_names(&rule->ports.items[i], parameter);
    return found;
}

bool choice_matters(const struct trial *trial, const char *parameter)
{
    for (size_t i = 0; i < trial->rule_count; i++)
        if (rule_names(trial->rules[i], parameter))
            return true;
    return false;
}

static void choice_add(struct value *ret, size_t *count, struct value value)
{
    for (size_t i = 0; i < *count; i++)
        if (value_equal(&ret[i], &value) && ret[i].type == value.type)
            return;
    if (*count < CANDIDATES_MAX)
        ret[(*count)++] = value;
}

static struct value choice_integer(int64_t number)
{
    return (struct value){.type = VALUE_INT, .number = number};
}

/* All values that one item's parameters may have, without regard to what else they decide. */
static size_t choice_plain(const struct parameter *of, size_t at, struct value *ret)
{
    switch (of->kind) {
    case PARAMETER_ENUM:
        *ret = (struct value){.type = VALUE_TEXT, .text = at < of->values.count ? of->values.items[at] : NULL};
        return of->values.count;
    case PARAMETER_BOOL:
        *ret = (struct value){.type = VALUE_BOOL, .number = (int64_t)at};
        return 2;
    case PARAMETER_INT:
        *ret = choice_integer(of->min + (int64_t)at);
        return (size_t)(of->max - of->min) + 1;
    case PARAMETER_PORT:
        *ret = of->initial;
        return 1;
    }
    return 0;
}

static bool range_is_heard(const struct ears *ears, const struct port_range *range)
{
    for (unsigned port = range->low; port <= range->high; port += range->step)
        if (ears_hear(ears, range->transport, (uint16_t)port))
            return true;
    return false;
}

/* Gives the parameters that an item names the combination number `turn`, but for `held` (SIZE_MAX: none). False after
 * the last. */
static bool item_turn(struct trial *trial, const struct port_item *item, size_t held, size_t turn)
{
    for (size_t i = 0; i < trial->guide->parameter_count; i++) {
        const struct parameter *of = &trial->guide->parameters[i];
        struct value ignored;
        if (i == held || !item_names(item, of->name))
            continue;
        size_t count = choice_plain(of, 0, &ignored);
        if (count == 0)
            continue;
        choice_plain(of, turn % count, &trial->values[i]);
        turn /= count;
    }
    return turn == 0;
}

/* Is somebody heard on a port of the item, whatever its parameters but `held` are? Leaves their values changed. */
static bool item_is_heard(struct trial *trial, const struct rule *rule, const struct port_item *item, size_t held)
{
    for (size_t turn = 0; turn < HEARING_MAX; turn++) {
        struct port_range range;
        if (!item_turn(trial, item, held, turn))
            return false;
        if (trial_resolve(trial, rule, item, &range) && range_is_heard(trial->ears, &range))
            return true;
    }
    return true; /* too many to tell */
}

/* Does an item that names the parameter reach a port which is listened on, with the value that the trial holds? */
static bool choice_hits(struct trial *trial, size_t parameter)
{
    const char *name = trial->guide->parameters[parameter].name;
    for (size_t i = 0; i < trial->rule_count; i++) {
        const struct rule *rule = trial->rules[i];
        for (size_t p = 0; p < rule->ports.count; p++)
            if (item_names(&rule->ports.items[p], name) && item_is_heard(trial, rule, &rule->ports.items[p], parameter))
                return true;
    }
    return false;
}

static bool choice_is_in_ports(const struct trial *trial, const char *parameter)
{
    for (size_t i = 0; i < trial->rule_count; i++)
        for (size_t p = 0; p < trial->rules[i]->ports.count; p++)
            if (item_names(&trial->rules[i]->ports.items[p], parameter))
                return true;
    return false;
}

/* The numbers of conditions that name the parameter, and their neighbours: where "phones >= 2" begins to hold. */
static void choice_add_turning_points(const struct trial *trial, const struct parameter *parameter, struct value *ret,
                                      size_t *count)
{
    for (size_t i = 0; i < trial->rule_count; i++) {
        const struct rule *rule = trial->rules[i];
        if (!choice_names(rule->when, parameter->name))
            continue;
        for (const char *c = expression_text(rule->when); *c != '\0'; c++) {
            if (!isdigit((unsigned char)*c))
                continue;
            char *end;
            int64_t number = strtoll(c, &end, 10);
            for (int64_t near = number - 1; near <= number + 1 && number < INT32_MAX; near++)
                if (near >= parameter->min && near <= parameter->max)
                    choice_add(ret, count, choice_integer(near));
            c = end - 1;
        }
    }
}

/* Of a number in a port formula: those values that reach a port which is listened on. */
static void choice_add_integers(struct trial *trial, size_t index, struct value *ret, size_t *count)
{
    const struct parameter *parameter = &trial->guide->parameters[index];
    if (!choice_is_in_ports(trial, parameter->name)) {
        if (parameter->max - parameter->min < SMALL)
            for (int64_t number = parameter->min; number <= parameter->max; number++)
                choice_add(ret, count, choice_integer(number));
        choice_add_turning_points(trial, parameter, ret, count);
        return;
    }
    for (int64_t number = parameter->min; number <= parameter->max && number - parameter->min < PORTS; number++) {
        trial->values[index] = choice_integer(number);
        if (choice_hits(trial, index))
            choice_add(ret, count, choice_integer(number));
    }
}

/* Leaves the trial's values changed. */
static void choice_of_kind(struct trial *trial, size_t parameter, struct value *ret, size_t *count)
{
    const struct parameter *of = &trial->guide->parameters[parameter];
    switch (of->kind) {
    case PARAMETER_ENUM:
        for (size_t i = 0; i < of->values.count; i++)
            choice_add(ret, count, (struct value){.type = VALUE_TEXT, .text = of->values.items[i]});
        return;
    case PARAMETER_BOOL:
        choice_add(ret, count, (struct value){.type = VALUE_BOOL, .number = 0});
        choice_add(ret, count, (struct value){.type = VALUE_BOOL, .number = 1});
        return;
    case PARAMETER_INT:
        choice_add_integers(trial, parameter, ret, count);
        return;
    case PARAMETER_PORT: /* any listener would do: that proves nothing */
        return;
    }
}

size_t choice_candidates(struct trial *trial, size_t parameter, struct value *ret)
{
    const struct parameter *of = &trial->guide->parameters[parameter];
    size_t count = 0;
    choice_add(ret, &count, of->initial);
    if (strcmp(of->name, "phase") != 0) /* a passing state: nobody adopts it */
        choice_of_kind(trial, parameter, ret, &count);
    return count;
}

bool choice_is_heard(struct trial *trial)
{
    bool heard = false;
    for (size_t i = 0; !heard && i < trial->rule_count; i++) {
        const struct rule *rule = trial->rules[i];
        for (size_t p = 0; rule->presence != PRESENCE_DYNAMIC && !heard && p < rule->ports.count; p++) {
            trial_reset(trial);
            heard = item_is_heard(trial, rule, &rule->ports.items[p], SIZE_MAX);
        }
    }
    trial_reset(trial);
    return heard;
}

/* --- searching --------------------------------------------------------------------------------------------------- */

/* Better by what it explains; else the one that says least: with the fewest values that are not the guide's. */
static void search_try(struct search *search)
{
    const struct trial *trial = search->trial;
    struct measure measure = trial_measure(trial);
    double score = measure_score(&measure);
    unsigned deviations = 0;
    for (size_t i = 0; i < search->count; i++) {
        const struct searched *item = &search->items[i];
        deviations += !value_equal(&trial->values[item->parameter], &item->candidates[0]);
    }
    bool better = score > search->best + margin;
    bool plainer = score > search->best - margin && deviations < search->deviations;
    if (!better && !plainer)
        return;
    search->best = score;
    search->deviations = deviations;
    memcpy(search->best_values, trial->values, trial->guide->parameter_count * sizeof(*trial->values));
}

static void search_restore(struct search *search)
{
    memcpy(search->trial->values, search->best_values,
           search->trial->guide->parameter_count * sizeof(*search->best_values));
}

static size_t search_size(const struct search *search)
{
    size_t size = 1;
    for (size_t i = 0; i < search->count && size <= WHOLE_MAX; i++)
        size *= search->items[i].count;
    return size;
}

static void search_whole(struct search *search, size_t size)
{
    for (size_t turn = 0; turn < size; turn++) {
        size_t left = turn;
        for (size_t i = 0; i < search->count; i++) {
            const struct searched *item = &search->items[i];
            search->trial->values[item->parameter] = item->candidates[left % item->count];
            left /= item->count;
        }
        search_try(search);
    }
}

static void search_pair(struct search *search, size_t a, size_t b)
{
    for (size_t i = 0; i < search->items[a].count; i++) {
        for (size_t j = 0; j < search->items[b].count; j++) {
            search_restore(search);
            search->trial->values[search->items[a].parameter] = search->items[a].candidates[i];
            search->trial->values[search->items[b].parameter] = search->items[b].candidates[j];
            search_try(search);
        }
    }
}

static void search_by_pairs(struct search *search)
{
    search_try(search);
    for (int round = 0; round < ROUNDS_MAX; round++) {
        double before = search->best;
        for (size_t a = 0; a < search->count; a++)
            for (size_t b = a + 1; b < search->count; b++)
                search_pair(search, a, b);
        if (search->best <= before + margin)
            break;
    }
}

static void search_collect(struct search *search, const struct value *fixed)
{
    struct trial *trial = search->trial;
    for (size_t i = 0; i < trial->guide->parameter_count; i++) {
        if (fixed[i].type != VALUE_UNSET || !choice_matters(trial, trial->guide->parameters[i].name))
            continue;
        struct searched *item = &search->items[search->count];
        *item = (struct searched){.parameter = i};
        item->count = choice_candidates(trial, i, item->candidates);
        search->count += item->count > 1;
    }
    trial_reset(trial);
    for (size_t i = 0; i < trial->guide->parameter_count; i++)
        if (fixed[i].type != VALUE_UNSET)
            trial->values[i] = fixed[i];
}

int choice_make(struct trial *trial, const struct value *fixed)
{
    size_t parameters = trial->guide->parameter_count;
    struct search search = {
        .trial = trial,
        .items = calloc(parameters + 1, sizeof(*search.items)),
        .best = -1,
        .best_values = calloc(parameters + 1, sizeof(*search.best_values)),
    };
    int error = search.items == NULL || search.best_values == NULL ? -ENOMEM : 0;
    if (error == 0) {
        search_collect(&search, fixed);
        memcpy(search.best_values, trial->values, parameters * sizeof(*trial->values));
        size_t size = search_size(&search);
        if (size <= WHOLE_MAX)
            search_whole(&search, size);
        else
            search_by_pairs(&search);
        search_restore(&search);
    }
    free(search.items);
    free(search.best_values);
    return error;
}
