/* Parameters without value: told once a guide and parameter, with how many hosts and rules it concerns. */
#include "build.h"

#include "portconform/vector.h"

#include <errno.h>
#include <string.h>

static struct unset_count *unset_find(struct plan_build *build, const struct guide *guide, const char *parameter)
{
    for (size_t i = 0; i < build->unset.count; i++) {
        struct unset_count *count = &build->unset.items[i];
        if (count->told.guide == guide && strcmp(count->told.parameter, parameter) == 0)
            return count;
    }
    return NULL;
}

static struct unset_count *unset_begin(struct plan_build *build, const struct guide *guide, const char *name)
{
    bool *rules = ARENA_ARRAY(build->arena, bool, guide->rule_count);
    if (rules == NULL)
        return NULL;
    struct unset_count *count = VECTOR_PUSH(&build->unset);
    if (count == NULL)
        return NULL;
    const struct parameter *parameter = guide_parameter(guide, name);
    count->rules = rules;
    count->told.guide = guide;
    count->told.parameter = parameter != NULL ? parameter->name : name;
    count->told.origin = parameter != NULL ? parameter->origin : guide->origin;
    return count;
}

int plan_count_unset(struct plan_build *build, const struct host *host, const struct rule *rule, const char *parameter)
{
    const struct guide *guide = rule->guide;
    if (guide == NULL)
        return 0;
    struct unset_count *count = unset_find(build, guide, parameter);
    if (count == NULL)
        count = unset_begin(build, guide, parameter);
    if (count == NULL)
        return -ENOMEM;
    /* hosts come one after the other */
    if (count->last_host != host) {
        count->last_host = host;
        count->told.host_count++;
    }
    size_t index = (size_t)(rule - guide->rules);
    if (!count->rules[index]) {
        count->rules[index] = true;
        count->told.rule_count++;
    }
    return 0;
}

int plan_keep_unset(struct plan_build *build)
{
    struct plan_unset *kept = ARENA_ARRAY(build->arena, struct plan_unset, build->unset.count);
    if (kept == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < build->unset.count; i++)
        kept[i] = build->unset.items[i].told;
    build->plan->unset = kept;
    build->plan->unset_count = build->unset.count;
    return 0;
}
