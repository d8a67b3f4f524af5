/* What a site says about guides: which one, which component, which rule, and the values of parameters. */
#include "loader.h"

#include "portconform/clock.h"
#include <stdint.h>
#include <string.h>

static const char *const *guide_names(struct loader *loader)
{
    static const char *const nothing[] = {NULL};
    const char **names = loader_scratch(loader, loader->guide_count + 1, sizeof(*names));
    for (size_t i = 0; names && i < loader->guide_count; i++)
        names[i] = loader->guides[i].id;
    return names ? names : nothing;
}

size_t find_guide(struct loader *loader, const struct field *field, struct origin group)
{
    char hint[HINT_TEXT];
    if (!field->node) {
        if (loader->guide_count == 1)
            return 0;
        ERROR(loader, group, loader->guide_count ? NULL : "list it in site.conf: site: { guides = [\"...\"]; ... };",
              loader->guide_count ? "'guide' is missing, and the site has several" : "the site has no guide");
        return SIZE_MAX;
    }
    for (size_t i = 0; i < loader->guide_count; i++)
        if (strcmp(loader->guides[i].id, field->text) == 0)
            return i;
    const char *near = hint_nearest(field->text, guide_names(loader), hint, sizeof(hint));
    ERROR(loader, node_inside(field->node), near ? near : "list it in site.conf: site: { guides = [\"...\"]; ... };",
          "the site has no guide \"%s\"", field->text);
    return SIZE_MAX;
}

const struct component *find_component(struct loader *loader, size_t index, const struct field *field)
{
    if (!field->node || index == SIZE_MAX)
        return NULL;
    const struct guide *guide = &loader->guides[index];
    const struct component *component = guide_component(guide, field->text);
    if (component || loader->states[index].components_broken)
        return component;
    char hint[HINT_TEXT];
    const char **names = loader_scratch(loader, guide->component_count + 1, sizeof(*names));
    for (size_t i = 0; names && i < guide->component_count; i++)
        names[i] = guide->components[i].name;
    ERROR(loader, node_inside(field->node), names ? hint_nearest(field->text, names, hint, sizeof(hint)) : NULL,
          "the guide %s has no component '%s'", guide->id, field->text);
    return NULL;
}

static const char *nearest_rule(struct loader *loader, const struct guide *guide, const char *id, char *hint,
                                size_t size)
{
    const char **names = loader_scratch(loader, guide->rule_count + 1, sizeof(*names));
    if (!names)
        return NULL;
    for (size_t i = 0; i < guide->rule_count; i++)
        names[i] = guide->rules[i].id;
    return hint_nearest(id, names, hint, size);
}

const struct rule *find_rule(struct loader *loader, const struct field *field)
{
    if (!field->node)
        return NULL;
    char hint[HINT_TEXT];
    const char *slash = strchr(field->text, '/'), *near = "a rule's id is GUIDE/TABLE/ROW";
    for (size_t i = 0; slash && i < loader->guide_count; i++) {
        const struct guide *guide = &loader->guides[i];
        size_t length = strlen(guide->id);
        if (length != (size_t)(slash - field->text) || memcmp(guide->id, field->text, length) != 0)
            continue;
        const struct rule *rule = guide_rule(guide, field->text);
        if (!rule)
            rule = guide_rule(guide, slash + 1);
        if (rule || loader->states[i].rules_broken)
            return rule;
        near = nearest_rule(loader, guide, field->text, hint, sizeof(hint));
    }
    ERROR(loader, node_inside(field->node), near, "there is no rule \"%s\"", field->text);
    return NULL;
}

static const struct parameter *find_parameter(struct loader *loader, size_t index, const struct node *member,
                                              const struct cfg_section *section)
{
    const struct parameter *parameter = guide_parameter(&loader->guides[index], member->name);
    if (parameter || loader->states[index].parameters_broken)
        return parameter;
    char hint[HINT_TEXT];
    const char *near = hint_nearest(member->name, loader->states[index].parameter_names, hint, sizeof(hint));
    if (!near) {
        const char *names[16] = {NULL};
        for (size_t i = 0; i < section->count && i < COUNT(names) - 1; i++)
            names[i] = section->items[i].name;
        near = hint_nearest(member->name, names, hint, sizeof(hint));
    }
    ERROR(loader, member->name_origin, near, "'%s' is neither a setting of %s nor a parameter of %s", member->name,
          section->name, loader->guides[index].id);
    return NULL;
}

/* How long a value holds: only a phase ends. */
static void read_until(struct loader *loader, const struct node *group, struct setting *setting)
{
    const struct node *until = node_member(group, "phase_until");
    int64_t end;
    if (strcmp(setting->name, "phase") != 0 || !until || until->kind != NODE_STRING ||
        clock_parse_day_end(until->text, &end) < 0)
        return;
    setting->until = until->text;
    setting->until_ms = end;
    if (loader->options->wall_ms >= end)
        WARNING(loader, node_inside(until), "take it out, or set a new day", "the phase \"%s\" of %s ended on %s",
                setting->value.text, setting->guide->id, until->text);
}

struct settings read_settings(struct loader *loader, size_t index, const struct node *group,
                              const struct cfg_section *section, enum setting_level level)
{
    struct settings none = {0};
    if (index == SIZE_MAX)
        return none;
    const struct node *until = node_member(group, "phase_until");
    if (until && !node_member(group, "phase"))
        ERROR(loader, until->name_origin, NULL, "'phase_until' without 'phase'");
    struct setting *items = LOADER_ARRAY(loader, struct setting, group->count);
    size_t count = 0;
    if (!items)
        return none;
    for (const struct node *member = group->first; member; member = member->next) {
        if (schema_item(section, member->name))
            continue;
        const struct parameter *parameter = find_parameter(loader, index, member, section);
        struct setting *setting = &items[count];
        if (!parameter || !read_parameter_value(loader, parameter, member, &setting->value))
            continue;
        setting->guide = &loader->guides[index];
        setting->name = parameter->name;
        setting->level = level;
        setting->origin = member->origin;
        read_until(loader, group, setting);
        count++;
    }
    return (struct settings){.items = items, .count = count};
}

static bool add_settings(struct loader *loader, const struct settings *more, struct setting *items, size_t *count)
{
    for (size_t i = 0; i < more->count; i++) {
        for (size_t earlier = 0; earlier < *count; earlier++) {
            const struct setting *other = &items[earlier];
            if (other->guide == more->items[i].guide && strcmp(other->name, more->items[i].name) == 0)
                ERROR(loader, more->items[i].origin,
                      loader_printf(loader, "the first is in line %u, column %u", other->origin.line,
                                    other->origin.column),
                      "the parameter '%s' of %s is set twice", other->name, other->guide->id);
        }
        items[(*count)++] = more->items[i];
    }
    return true;
}

struct settings read_settings_list(struct loader *loader, const struct field *field, enum setting_level level)
{
    struct settings none = {0};
    size_t most = 0, count = 0;
    if (!field->node)
        return none;
    for (const struct node *group = field->node->first; group; group = group->next)
        most += group->count;
    struct setting *items = LOADER_ARRAY(loader, struct setting, most);
    if (!items)
        return none;
    for (const struct node *group = field->node->first; group; group = group->next) {
        struct settings_fields fields;
        schema_read(&section_settings, group, &fields, loader->diags);
        size_t guide = find_guide(loader, &fields.guide, group->origin);
        struct settings more = read_settings(loader, guide, group, &section_settings, level);
        add_settings(loader, &more, items, &count);
    }
    return (struct settings){.items = items, .count = count};
}

struct settings merge_settings(struct loader *loader, const struct guide *guide, const struct settings *lists,
                               size_t list_count)
{
    size_t most = 0, count = 0;
    for (size_t list = 0; list < list_count; list++)
        most += lists[list].count;
    struct setting *items = LOADER_ARRAY(loader, struct setting, most);
    if (!items)
        return (struct settings){0};
    for (size_t list = 0; list < list_count; list++)
        for (size_t i = 0; i < lists[list].count; i++)
            if (lists[list].items[i].guide == guide)
                items[count++] = lists[list].items[i];
    return (struct settings){.items = items, .count = count};
}
