/* A component with the values that fit it best, told as a role: its settings, and what was heard of each of its rules.
 */
#include "adopting.h"

#include "portconform/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Which other values fit as well as the one that the trial holds; *ret is NULL for none. */
static int role_as_well(struct trial *trial, size_t parameter, struct arena *arena, const char **ret)
{
    struct value candidates[CANDIDATES_MAX], held = trial->values[parameter];
    size_t size = trial->guide->parameter_count * sizeof(*trial->values);
    struct value *kept = malloc(size);
    struct measure measure = trial_measure(trial);
    double best = measure_score(&measure) - 1e-9;
    struct text text = {0};
    if (kept == NULL)
        return -ENOMEM;
    memcpy(kept, trial->values, size);
    size_t count = choice_candidates(trial, parameter, candidates);
    memcpy(trial->values, kept, size);
    free(kept);
    for (size_t i = 0; i < count; i++) {
        char buffer[64];
        trial->values[parameter] = candidates[i];
        measure = trial_measure(trial);
        bool same = candidates[i].type != VALUE_UNSET && !value_equal(&candidates[i], &held);
        if (same && measure_score(&measure) >= best)
            text_printf(&text, "%s%s", text.length > 0 ? ", " : "",
                        value_format(&candidates[i], buffer, sizeof(buffer)));
    }
    trial->values[parameter] = held;
    *ret = text.length > 0 ? arena_strdup(arena, text_string(&text)) : NULL;
    int error = text.failed || (text.length > 0 && *ret == NULL) ? -ENOMEM : 0;
    text_done(&text);
    return error;
}

static int role_tell_settings(struct trial *trial, struct arena *arena, struct adopt_role *role)
{
    const struct guide *guide = trial->guide;
    struct adopt_setting *settings = ARENA_ARRAY(arena, struct adopt_setting, guide->parameter_count);
    const char **undecided = ARENA_ARRAY(arena, const char *, guide->parameter_count);
    if (settings == NULL || undecided == NULL)
        return -ENOMEM;
    role->settings = settings;
    role->undecided = undecided;
    for (size_t i = 0; i < guide->parameter_count; i++) {
        const struct parameter *parameter = &guide->parameters[i];
        bool is_default = value_equal(&trial->values[i], &parameter->initial);
        if (!choice_matters(trial, parameter->name))
            continue;
        if (trial->values[i].type == VALUE_UNSET) {
            undecided[role->undecided_count++] = parameter->name;
        } else if (!is_default) {
            struct adopt_setting *setting = &settings[role->setting_count++];
            *setting = (struct adopt_setting){.parameter = parameter, .value = trial->values[i]};
            int error = role_as_well(trial, i, arena, &setting->as_well);
            if (error != 0)
                return error;
        }
    }
    return 0;
}

static int role_tell_items(const struct trial *trial, struct arena *arena, struct adopt_role *role)
{
    size_t most = 0;
    for (size_t i = 0; i < trial->rule_count; i++)
        most += trial->rules[i]->ports.count;
    struct adopt_item *items = ARENA_ARRAY(arena, struct adopt_item, most);
    if (items == NULL)
        return -ENOMEM;
    role->items = items;
    for (size_t i = 0; i < trial->rule_count; i++) {
        const struct rule *rule = trial->rules[i];
        for (size_t p = 0; trial_holds(trial, rule) && p < rule->ports.count; p++) {
            struct port_range range;
            if (trial_resolve(trial, rule, &rule->ports.items[p], &range))
                items[role->item_count++] = trial_look(trial, rule, &range);
        }
    }
    return 0;
}

int role_tell(struct trial *trial, struct arena *arena, struct adopt_role *ret)
{
    struct measure measure = trial_measure(trial);
    *ret = (struct adopt_role){
        .guide = trial->guide,
        .component = trial->component,
        .evidence = measure.evidence,
        .coverage = measure_coverage(&measure),
        .score = measure_score(&measure),
    };
    int error = role_tell_settings(trial, arena, ret);
    return error == 0 ? role_tell_items(trial, arena, ret) : error;
}
