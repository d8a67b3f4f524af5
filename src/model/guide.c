/* Looking things up in a guide. Guides are small (hundreds of rows): the order of the files is kept and searched. */
#include "portconform/guide.h"

#include <string.h>

const struct parameter *guide_parameter(const struct guide *guide, const char *name)
{
    for (size_t i = 0; i < guide->parameter_count; i++) {
        if (strcmp(guide->parameters[i].name, name) == 0)
            return &guide->parameters[i];
    }
    return NULL;
}

const struct component *guide_component(const struct guide *guide, const char *name)
{
    for (size_t i = 0; i < guide->component_count; i++) {
        if (strcmp(guide->components[i].name, name) == 0)
            return &guide->components[i];
    }
    return NULL;
}

const struct rule *guide_rule(const struct guide *guide, const char *id)
{
    const struct rule *by_ref = NULL;
    size_t refs = 0;
    for (size_t i = 0; i < guide->rule_count; i++) {
        const struct rule *rule = &guide->rules[i];
        if (strcmp(rule->id, id) == 0)
            return rule;
        if (rule->ref != NULL && strcmp(rule->ref, id) == 0) {
            by_ref = rule;
            refs++;
        }
    }
    return refs == 1 ? by_ref : NULL;
}

enum transport rule_transport(const struct rule *rule, const struct port_item *item)
{
    return item->transport != TRANSPORT_UNSTATED ? item->transport : rule->assume;
}
