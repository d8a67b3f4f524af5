/* The ranking of components by what listens, and the roles that are proposed together. */
#include "adopting.h"

#include "portconform/vector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What is proposed has to be more than a coincidence of common numbers. */
static const double least_score = 0.2, least_coverage = 0.45;
enum { ROLES_MAX = 24, DISPUTES_MAX = 4, COMPLETE = 1 };

struct adopting {
    struct arena *arena;
    struct ears ears;
    const struct guide *guides;
    size_t guide_count;
    struct trial *trials; /* of components that can be heard at all */
    size_t trial_count;
    double *scores;        /* by trial: of the component by itself */
    struct value **preset; /* by guide: what was settled before any role is taken */
    struct value **fixed;  /* by guide: what the roles taken so far have settled as well */
    struct value *free;    /* no value at all; as long as the longest list of parameters */
    struct adopt_role *roles;
    size_t role_count;
};

/* --- each by itself ---------------------------------------------------------------------------------------------- */

static int adopt_try_all(struct adopting *adopting)
{
    size_t most = 0, parameters = 0;
    for (size_t g = 0; g < adopting->guide_count; g++) {
        most += adopting->guides[g].component_count;
        parameters += adopting->guides[g].parameter_count;
    }
    adopting->trials = ARENA_ARRAY(adopting->arena, struct trial, most);
    adopting->free = ARENA_ARRAY(adopting->arena, struct value, parameters);
    adopting->scores = ARENA_ARRAY(adopting->arena, double, most);
    adopting->fixed = ARENA_ARRAY(adopting->arena, struct value *, adopting->guide_count);
    adopting->preset = ARENA_ARRAY(adopting->arena, struct value *, adopting->guide_count);
    if (adopting->trials == NULL || adopting->free == NULL || adopting->scores == NULL || adopting->fixed == NULL ||
        adopting->preset == NULL)
        return -ENOMEM;
    for (size_t g = 0; g < adopting->guide_count; g++) {
        const struct guide *guide = &adopting->guides[g];
        adopting->fixed[g] = ARENA_ARRAY(adopting->arena, struct value, guide->parameter_count);
        adopting->preset[g] = ARENA_ARRAY(adopting->arena, struct value, guide->parameter_count);
        if (adopting->fixed[g] == NULL || adopting->preset[g] == NULL)
            return -ENOMEM;
        for (size_t c = 0; c < guide->component_count; c++) {
            struct trial *trial = &adopting->trials[adopting->trial_count];
            if (guide->components[c].external)
                continue;
            int error = trial_init(trial, &adopting->ears, &guide->components[c], guide, adopting->arena);
            if (error != 0)
                return error;
            adopting->trial_count += choice_is_heard(trial);
        }
    }
    return 0;
}

static void adopt_count_item(struct ears *ears, const struct trial *trial, const struct rule *rule,
                             const struct port_item *item, const struct trial **last[2])
{
    enum { COUNTED_MAX = 64 }; /* a wide range names no port in particular */
    struct port_range range;
    if (!trial_holds(trial, rule) || !trial_resolve(trial, rule, item, &range) ||
        port_range_count(&range) > COUNTED_MAX)
        return;
    size_t row = range.transport == TRANSPORT_UDP ? 1 : 0;
    for (unsigned port = range.low; port <= range.high; port += range.step) {
        if (last[row][port] == trial)
            continue;
        last[row][port] = trial;
        if (ears->rarity[row][port] < UINT8_MAX)
            ears->rarity[row][port]++;
    }
}

/* How many of the components, each with the values that fit it, name a port. */
static int adopt_count_rarity(struct adopting *adopting)
{
    const struct trial **last[2] = {calloc(PORTS, sizeof(struct trial *)), calloc(PORTS, sizeof(struct trial *))};
    int error = last[0] == NULL || last[1] == NULL ? -ENOMEM : 0;
    for (size_t t = 0; error == 0 && t < adopting->trial_count; t++) {
        const struct trial *trial = &adopting->trials[t];
        for (size_t i = 0; i < trial->rule_count; i++)
            for (size_t p = 0; p < trial->rules[i]->ports.count; p++)
                adopt_count_item(&adopting->ears, trial, trial->rules[i], &trial->rules[i]->ports.items[p], last);
    }
    free(last[0]);
    free(last[1]);
    return error;
}

/* Better first; of equals the order of the guides. */
static int adopt_compare(const void *left, const void *right)
{
    const struct adopt_role *a = left, *b = right;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    if (a->coverage != b->coverage)
        return a->coverage > b->coverage ? -1 : 1;
    if (a->guide != b->guide)
        return a->guide < b->guide ? -1 : 1;
    return a->component < b->component ? -1 : a->component > b->component;
}

static int adopt_rank(struct adopting *adopting, struct adoption *ret)
{
    struct adopt_role *ranking = ARENA_ARRAY(adopting->arena, struct adopt_role, adopting->trial_count);
    if (ranking == NULL)
        return -ENOMEM;
    for (size_t t = 0; t < adopting->trial_count; t++) {
        struct adopt_role role;
        int error = choice_make(&adopting->trials[t], adopting->free);
        if (error == 0)
            error = role_tell(&adopting->trials[t], adopting->arena, &role);
        if (error != 0)
            return error;
        adopting->scores[t] = role.score;
        if (role.evidence > 0)
            ranking[ret->ranking_count++] = role;
    }
    qsort(ranking, ret->ranking_count, sizeof(*ranking), adopt_compare);
    ret->ranking = ranking;
    return 0;
}

/* --- together ---------------------------------------------------------------------------------------------------- */

static size_t adopt_guide_index(const struct adopting *adopting, const struct guide *guide)
{
    return (size_t)(guide - adopting->guides);
}

static size_t adopt_times_taken(const struct adopting *adopting, const struct component *component)
{
    size_t times = 0;
    for (size_t i = 0; i < adopting->role_count; i++)
        times += adopting->roles[i].component == component;
    return times;
}

/* A component that is there already can only be another instance of itself: its numbers are free again. */
static int adopt_fit_next(struct adopting *adopting, struct trial *trial)
{
    const struct guide *guide = trial->guide;
    const struct value *fixed = adopting->fixed[adopt_guide_index(adopting, guide)];
    if (adopt_times_taken(adopting, trial->component) == 0)
        return choice_make(trial, fixed);
    struct value *loosened = ARENA_ARRAY(adopting->arena, struct value, guide->parameter_count);
    if (loosened == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < guide->parameter_count; i++)
        if (guide->parameters[i].kind != PARAMETER_INT)
            loosened[i] = fixed[i];
    return choice_make(trial, loosened);
}

/* The trial that explains most of what is left; NULL: none worth a role. */
static int adopt_find_next(struct adopting *adopting, struct trial **ret)
{
    struct adopt_role best = {0};
    *ret = NULL;
    for (size_t t = 0; t < adopting->trial_count; t++) {
        struct trial *trial = &adopting->trials[t];
        int error = adopt_fit_next(adopting, trial);
        if (error != 0)
            return error;
        struct measure measure = trial_measure(trial);
        struct adopt_role role = {.guide = trial->guide,
                                  .component = trial->component,
                                  .score = measure_score(&measure),
                                  .coverage = measure_coverage(&measure)};
        double coverage = adopt_times_taken(adopting, trial->component) > 0 ? COMPLETE : least_coverage;
        if (role.score < least_score || role.coverage < coverage)
            continue;
        if (*ret == NULL || adopt_compare(&role, &best) < 0) {
            best = role;
            *ret = trial;
        }
    }
    return 0;
}

static void adopt_explain(struct adopting *adopting, const struct adopt_role *role)
{
    for (size_t i = 0; i < role->item_count; i++) {
        const struct adopt_item *item = &role->items[i];
        for (unsigned port = item->range.low; port <= item->range.high; port += item->range.step)
            ears_explain(&adopting->ears, item->range.transport, (uint16_t)port);
    }
}

static int adopt_take(struct adopting *adopting, struct trial *trial)
{
    struct adopt_role *role = &adopting->roles[adopting->role_count];
    size_t times = adopt_times_taken(adopting, trial->component);
    int error = role_tell(trial, adopting->arena, role);
    if (error != 0)
        return error;
    if (times > 0)
        role->name = arena_printf(adopting->arena, "%s-%zu", trial->component->name, times + 1);
    if (times > 0 && role->name == NULL)
        return -ENOMEM;
    adopting->role_count++;
    struct value *fixed = adopting->fixed[adopt_guide_index(adopting, trial->guide)];
    for (size_t i = 0; i < trial->guide->parameter_count; i++)
        if (fixed[i].type == VALUE_UNSET && choice_matters(trial, trial->guide->parameters[i].name))
            fixed[i] = trial->values[i];
    adopt_explain(adopting, role);
    return 0;
}

/* From the start, with what is settled beforehand. *ret: how much all roles say together. */
static int adopt_take_all(struct adopting *adopting, double *ret)
{
    adopting->role_count = 0;
    for (size_t i = 0; i < adopting->ears.table->count; i++)
        adopting->ears.explained[i] = false;
    for (size_t g = 0; g < adopting->guide_count; g++)
        for (size_t i = 0; i < adopting->guides[g].parameter_count; i++)
            adopting->fixed[g][i] = adopting->preset[g][i];
    *ret = 0;
    while (adopting->role_count < ROLES_MAX) {
        struct trial *next;
        int error = adopt_find_next(adopting, &next);
        if (error == 0 && next != NULL)
            error = adopt_take(adopting, next);
        if (error != 0)
            return error;
        if (next == NULL)
            break;
        *ret += adopting->roles[adopting->role_count - 1].score;
    }
    return 0;
}

/* Components that fit well by themselves, each with another value: only one of them can be the host's. The trials hold
 * what fits each best. */
static bool adopt_is_disputed(const struct adopting *adopting, const struct guide *guide, size_t parameter)
{
    const struct value *first = NULL;
    enum parameter_kind kind = guide->parameters[parameter].kind;
    if (kind != PARAMETER_ENUM && kind != PARAMETER_BOOL)
        return false;
    for (size_t t = 0; t < adopting->trial_count; t++) {
        const struct trial *trial = &adopting->trials[t];
        const struct value *value = &trial->values[parameter];
        if (trial->guide != guide || adopting->scores[t] < least_score || value->type == VALUE_UNSET ||
            !choice_matters(trial, guide->parameters[parameter].name))
            continue;
        if (first != NULL && !value_equal(first, value))
            return true;
        first = value;
    }
    return false;
}

/* Tries each value for all components of the guide at once and keeps the one with which the roles say most. */
static int adopt_settle(struct adopting *adopting, size_t guide, size_t parameter)
{
    const struct parameter *of = &adopting->guides[guide].parameters[parameter];
    struct value *preset = &adopting->preset[guide][parameter], best = *preset;
    size_t count = of->kind == PARAMETER_BOOL ? 2 : of->values.count;
    double most, score;
    int error = adopt_take_all(adopting, &most);
    for (size_t i = 0; error == 0 && i < count && i < CANDIDATES_MAX; i++) {
        if (of->kind == PARAMETER_BOOL)
            *preset = (struct value){.type = VALUE_BOOL, .number = (int64_t)i};
        else
            *preset = (struct value){.type = VALUE_TEXT, .text = of->values.items[i]};
        error = adopt_take_all(adopting, &score);
        if (error == 0 && score > most + 1e-9) {
            most = score;
            best = *preset;
        }
    }
    *preset = best;
    return error;
}

struct disputed {
    size_t guide, parameter;
};

/* All disputes are found before the first is settled: settling moves the trials' values. */
static int adopt_settle_all(struct adopting *adopting)
{
    struct disputed disputed[DISPUTES_MAX];
    size_t count = 0;
    for (size_t g = 0; g < adopting->guide_count; g++)
        for (size_t i = 0; i < adopting->guides[g].parameter_count && count < DISPUTES_MAX; i++)
            if (adopt_is_disputed(adopting, &adopting->guides[g], i))
                disputed[count++] = (struct disputed){g, i};
    int error = 0;
    for (size_t i = 0; error == 0 && i < count; i++)
        error = adopt_settle(adopting, disputed[i].guide, disputed[i].parameter);
    return error;
}

static int adopt_together(struct adopting *adopting, struct adoption *ret)
{
    double score;
    adopting->roles = ARENA_ARRAY(adopting->arena, struct adopt_role, ROLES_MAX);
    if (adopting->roles == NULL)
        return -ENOMEM;
    int error = adopt_settle_all(adopting);
    if (error == 0)
        error = adopt_take_all(adopting, &score);
    ret->roles = adopting->roles;
    ret->role_count = adopting->role_count;
    return error;
}

static int adopt_leave(struct adopting *adopting, struct adoption *ret)
{
    const struct listener_table *table = adopting->ears.table;
    size_t *unexplained = ARENA_ARRAY(adopting->arena, size_t, table->count);
    if (unexplained == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < table->count; i++) {
        if (adopting->ears.explained[i])
            continue;
        if (ears_is_passing(&adopting->ears, &table->items[i]))
            ret->passing++;
        else
            unexplained[ret->unexplained_count++] = i;
    }
    ret->unexplained = unexplained;
    return 0;
}

int adopt(const struct guide *guides, size_t guide_count, const struct listener_table *listeners, struct adoption **ret)
{
    struct adopting adopting = {.arena = arena_new(), .guides = guides, .guide_count = guide_count};
    if (adopting.arena == NULL)
        return -ENOMEM;
    struct adoption *made = ARENA_NEW(adopting.arena, struct adoption);
    int error = made == NULL ? -ENOMEM : ears_init(&adopting.ears, listeners, adopting.arena);
    if (error == 0)
        error = adopt_try_all(&adopting);
    /* once with all ports alike, to know the values; then by how many components share a port */
    for (size_t t = 0; error == 0 && t < adopting.trial_count; t++)
        error = choice_make(&adopting.trials[t], adopting.free);
    if (error == 0)
        error = adopt_count_rarity(&adopting);
    if (error == 0)
        error = adopt_rank(&adopting, made);
    if (error == 0)
        error = adopt_together(&adopting, made);
    if (error == 0)
        error = adopt_leave(&adopting, made);
    if (error != 0) {
        arena_free(adopting.arena);
        return error;
    }
    made->arena = adopting.arena;
    made->listeners = listeners;
    *ret = made;
    return 0;
}

void adoption_free(struct adoption *adoption)
{
    if (adoption != NULL)
        arena_free(adoption->arena);
}
