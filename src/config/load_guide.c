/* Guides: from their files to struct guide. All files of a guide are read before anything is made of them, so that a
 * rule may name a component of another file. */
#include "loader.h"

#include "portconform/error.h"
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The files of one guide. */
struct guide_files {
    struct guide_file_fields *files;
    size_t count;
};

static const char *const phase_values[] = {"operation", "installation", "upgrade", NULL};

static void add_phase(struct parameter *ret, struct origin origin)
{
    *ret = (struct parameter){
        .name = "phase",
        .kind = PARAMETER_ENUM,
        .values = {.items = phase_values, .count = 3},
        .initial = {.type = VALUE_TEXT, .text = phase_values[0]},
        .about = "What is being done with the product",
        .about_ja = "製品の段階(運用、インストール、アップグレード)",
        .origin = origin,
    };
}

static bool is_parameter_name(const char *name)
{
    if (*name < 'a' || *name > 'z')
        return false;
    for (const char *c = name; *c; c++)
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '_')
            return false;
    return true;
}

/* Names that mean something else where parameters are set or used. */
static bool is_reserved_name(const char *name)
{
    static const char *const words[] = {"true", "false", "peer"};
    for (size_t i = 0; i < COUNT(words); i++)
        if (strcmp(name, words[i]) == 0)
            return true;
    return schema_item(&section_roles, name) || schema_item(&section_plays, name) ||
           schema_item(&section_settings, name);
}

static bool check_parameter_name(struct loader *loader, const struct field *name)
{
    if (!name->node)
        return false;
    const char *problem = NULL, *hint = NULL;
    if (strcmp(name->text, "phase") == 0) {
        problem = "every guide has the parameter 'phase' already";
        hint = "its values are operation, installation and upgrade";
    } else if (!is_parameter_name(name->text)) {
        problem = "a parameter's name is of small letters, digits and '_', a letter first";
    } else if (is_reserved_name(name->text)) {
        problem = "a parameter cannot have this name: roles and settings use the word";
    }
    if (problem)
        ERROR(loader, node_inside(name->node), hint, "%s", problem);
    return !problem;
}

static void not_for_kind(struct loader *loader, const struct field *field, const char *kind)
{
    if (field->node)
        ERROR(loader, field->node->name_origin, NULL, "'%s' has no meaning for a parameter of type %s",
              field->node->name, kind);
}

/* Bounds that cannot be are told and not taken over: the parameter stays, or each use of it would be told too. */
static bool read_bounds(struct loader *loader, const struct parameter_fields *fields, struct parameter *ret)
{
    bool is_port = ret->kind == PARAMETER_PORT;
    ret->min = is_port ? 1 : 0;
    ret->max = is_port ? UINT16_MAX : INT32_MAX;
    int64_t min = fields->min.node ? fields->min.number : ret->min;
    int64_t max = fields->max.node ? fields->max.number : ret->max;
    if (is_port && (min < 1 || max > UINT16_MAX)) {
        ERROR(loader, (min < 1 ? fields->min.node : fields->max.node)->origin, NULL,
              "a parameter of type port lies within 1..65535");
        return false;
    }
    if (min > max) {
        ERROR(loader, (fields->max.node ? fields->max.node : fields->min.node)->origin, NULL,
              "the bounds of '%s' are empty: %" PRId64 "..%" PRId64, ret->name, min, max);
        return false;
    }
    ret->min = min;
    ret->max = max;
    return true;
}

static bool read_values(struct loader *loader, const struct parameter_fields *fields, const struct node *group,
                        struct parameter *ret)
{
    ret->values = read_strings(loader, &fields->values);
    if (ret->values.count == 0) {
        ERROR(loader, group->origin, "values = [\"a\", \"b\"]", "the enum '%s' has no values", ret->name);
        return false;
    }
    const struct node *node = fields->values.node->first;
    for (size_t i = 0; i < ret->values.count; i++, node = node->next)
        for (size_t earlier = 0; earlier < i; earlier++)
            if (strcmp(ret->values.items[i], ret->values.items[earlier]) == 0)
                ERROR(loader, node_inside(node), NULL, "the value \"%s\" is given twice", ret->values.items[i]);
    return true;
}

static bool read_parameter(struct loader *loader, const struct node *group, struct parameter *ret)
{
    struct parameter_fields fields;
    schema_read(&section_parameters, group, &fields, loader->diags);
    if (!check_parameter_name(loader, &fields.name) || !fields.type.node)
        return false;
    *ret = (struct parameter){
        .name = fields.name.text,
        .kind = (enum parameter_kind)fields.type.number,
        .about = fields.about.text,
        .about_ja = fields.about_ja.text,
        .origin = fields.name.node->origin,
    };
    bool numeric = ret->kind == PARAMETER_INT || ret->kind == PARAMETER_PORT, well = true;
    if (numeric) {
        well = read_bounds(loader, &fields, ret);
    } else {
        not_for_kind(loader, &fields.min, fields.type.text);
        not_for_kind(loader, &fields.max, fields.type.text);
    }
    if (ret->kind == PARAMETER_ENUM)
        well = read_values(loader, &fields, group, ret);
    else
        not_for_kind(loader, &fields.values, fields.type.text);
    if (well && fields.initial.node)
        read_parameter_value(loader, ret, fields.initial.node, &ret->initial);
    return ret->kind != PARAMETER_ENUM || well;
}

static size_t count_elements(const struct guide_files *files, size_t where)
{
    size_t count = 0;
    for (size_t i = 0; i < files->count; i++) {
        const struct field *field = (const struct field *)((const char *)&files->files[i] + where);
        count += field->node ? field->node->count : 0;
    }
    return count;
}

static void read_parameters(struct loader *loader, const struct guide_files *files, struct guide *guide,
                            struct guide_state *state)
{
    size_t most = count_elements(files, AT(guide_file_fields, parameters)) + 1, count = 0;
    struct parameter *parameters = LOADER_ARRAY(loader, struct parameter, most);
    const char **names = loader_scratch(loader, most + 1, sizeof(*names));
    if (!parameters || !names)
        return;
    guide->parameters = parameters;
    state->parameter_names = names;
    for (size_t i = 0; i < files->count; i++) {
        const struct node *list = files->files[i].parameters.node;
        for (const struct node *group = list ? list->first : NULL; group; group = group->next) {
            if (!read_parameter(loader, group, &parameters[count]))
                continue;
            const struct parameter *first = guide_parameter(guide, parameters[count].name);
            if (first) {
                ERROR(loader, parameters[count].origin,
                      loader_printf(loader, "it is given first in %s, line %u", first->origin.file, first->origin.line),
                      "the parameter '%s' is given twice", first->name);
                continue;
            }
            names[count] = parameters[count].name;
            guide->parameter_count = ++count;
        }
    }
    add_phase(&parameters[count], guide->origin);
    names[count] = "phase";
    guide->parameter_count = count + 1;
}

static void read_components(struct loader *loader, const struct guide_files *files, struct guide *guide)
{
    struct component *components =
        LOADER_ARRAY(loader, struct component, count_elements(files, AT(guide_file_fields, components)));
    if (!components)
        return;
    guide->components = components;
    for (size_t i = 0; i < files->count; i++) {
        const struct node *list = files->files[i].components.node;
        for (const struct node *group = list ? list->first : NULL; group; group = group->next) {
            struct component_fields fields;
            schema_read(&section_components, group, &fields, loader->diags);
            if (!fields.name.node)
                continue;
            const struct component *first = guide_component(guide, fields.name.text);
            if (first) {
                ERROR(loader, node_inside(fields.name.node),
                      loader_printf(loader, "it is given first in %s, line %u", first->origin.file, first->origin.line),
                      "the component '%s' is given twice", first->name);
                continue;
            }
            components[guide->component_count++] = (struct component){
                .name = fields.name.text,
                .external = fields.external.number,
                .owner = read_owner(loader, &fields.owner),
                .about = fields.about.text,
                .about_ja = fields.about_ja.text,
                .origin = fields.name.node->origin,
            };
        }
    }
}

static void read_rules(struct loader *loader, const struct guide_files *files, struct guide *guide)
{
    struct rule *rules = LOADER_ARRAY(loader, struct rule, count_elements(files, AT(guide_file_fields, rules)));
    if (!rules)
        return;
    guide->rules = rules;
    for (size_t i = 0; i < files->count; i++) {
        const struct node *list = files->files[i].rules.node;
        for (const struct node *group = list ? list->first : NULL; group; group = group->next)
            if (load_rule(loader, guide, group, &rules[guide->rule_count]))
                guide->rule_count++;
    }
    check_refs(loader, guide);
}

static void read_identity(struct loader *loader, const struct node *group, const char *id, struct guide *ret)
{
    struct guide_fields fields;
    schema_read(&section_guide, group, &fields, loader->diags);
    ret->title = fields.title.text;
    ret->title_ja = fields.title_ja.text;
    ret->vendor = fields.vendor.text;
    ret->source = fields.source.text;
    ret->product_version = fields.product_version.text;
    ret->published = fields.published.text;
    ret->revision = (int)fields.revision.number;
    ret->origin = group->name_origin;
    if (fields.id.node && strcmp(fields.id.text, id) != 0)
        ERROR(loader, node_inside(fields.id.node), loader_printf(loader, "id = \"%s\", or rename the file", id),
              "the guide's id is \"%s\", but its file or folder is named \"%s\"", fields.id.text, id);
}

/* Exactly one file says which guide this is. */
static const struct node *find_identity(struct loader *loader, const struct guide_files *files, const char *first_path)
{
    const struct node *found = NULL;
    for (size_t i = 0; i < files->count; i++) {
        const struct node *node = files->files[i].guide.node;
        if (node && found)
            ERROR(
                loader, node->name_origin,
                loader_printf(loader, "the first is in %s, line %u", found->name_origin.file, found->name_origin.line),
                "a second 'guide' among the files of one guide");
        else if (node)
            found = node;
    }
    if (!found)
        ERROR(loader, ((struct origin){first_path, 0, 0}), "guide: { id = \"...\"; title = \"...\"; };",
              files->count > 1 ? "none of the guide's files holds 'guide'" : "'guide' is missing");
    return found;
}

/* False when a file could not be read; what could be is still checked. */
static bool read_files(struct loader *loader, const char *const *paths, size_t count, struct guide_files *ret)
{
    ret->files = loader_scratch(loader, count, sizeof(*ret->files));
    ret->count = 0;
    bool all = ret->files != NULL;
    for (size_t i = 0; i < count && ret->files; i++) {
        struct node *root;
        int result = document_read(&loader->reader, paths[i], &root);
        if (result == -ENOMEM)
            loader->failure = result;
        if (result < 0) {
            all = false;
            continue;
        }
        schema_read(&section_guide_file, root, &ret->files[ret->count++], loader->diags);
    }
    return all;
}

static void load_guide(struct loader *loader, size_t index, const struct guide_request *request)
{
    struct guide *guide = &loader->guides[index];
    struct guide_state *state = &loader->states[index];
    static const char *const no_names[] = {NULL};
    const char *const *paths;
    size_t count;
    struct guide_files files;
    *state = (struct guide_state){no_names, true, true, true};
    if (!search_guide(loader, guide->id, request->origin, &paths, &count))
        return;
    bool all = read_files(loader, paths, count, &files);
    const struct node *identity = all ? find_identity(loader, &files, paths[0]) : NULL;
    for (size_t i = 0; i < files.count && !all; i++)
        identity = identity ? identity : files.files[i].guide.node;
    if (identity)
        read_identity(loader, identity, guide->id, guide);
    size_t errors = loader->diags->errors;
    read_parameters(loader, &files, guide, state);
    state->parameters_broken = !all || loader->diags->errors > errors;
    errors = loader->diags->errors;
    read_components(loader, &files, guide);
    state->components_broken = !all || loader->diags->errors > errors;
    if (!all) /* each name that the missing file may have given would be told as unknown */
        return;
    errors = loader->diags->errors;
    read_rules(loader, &files, guide);
    state->rules_broken = loader->diags->errors > errors;
}

static int compare_requests(const void *a, const void *b)
{
    return strcmp(((const struct guide_request *)a)->id, ((const struct guide_request *)b)->id);
}

void load_guides(struct loader *loader, const struct guide_request *requests, size_t count)
{
    struct guide_request *sorted = loader_scratch(loader, count, sizeof(*sorted));
    loader->guides = LOADER_ARRAY(loader, struct guide, count);
    loader->states = loader_scratch(loader, count, sizeof(*loader->states));
    if (!sorted || !loader->guides || !loader->states || count == 0)
        return;
    memcpy(sorted, requests, count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), compare_requests);
    loader->guide_count = count;
    for (size_t i = 0; i < count && !loader->failure; i++) {
        loader->guides[i].id = sorted[i].id;
        load_guide(loader, i, &sorted[i]);
    }
}
