/* Two guides: parameters, components, and who may call which port of which component. */
#include "differing.h"

#include "portconform/sorted.h"
#include "portconform/vector.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- parameters and components ----------------------------------------------------------------------------------- */

static void format_kind(struct text *out, const struct parameter *parameter)
{
    switch (parameter->kind) {
    case PARAMETER_INT:
        text_printf(out, "int %" PRId64 "..%" PRId64, parameter->min, parameter->max);
        return;
    case PARAMETER_PORT:
        text_printf(out, "port %" PRId64 "..%" PRId64, parameter->min, parameter->max);
        return;
    case PARAMETER_BOOL:
        text_add(out, "bool");
        return;
    case PARAMETER_ENUM:
        text_add(out, "enum");
        for (size_t i = 0; i < parameter->values.count; i++)
            text_printf(out, "%s%s", i > 0 ? ", " : " ", parameter->values.items[i]);
        return;
    }
}

static void tell_named(struct differing *differing, enum difference_kind kind, const char *what, const char *name)
{
    struct text where = {0};
    text_printf(&where, "%s%s", what, name);
    const char *kept = differing_keep(differing, &where);
    text_done(&where);
    if (kept != NULL)
        differing_add(differing, (struct difference){.kind = kind, .where = kept});
}

static void compare_texts(struct differing *differing, const char *parameter, const char *field, struct text *a,
                          struct text *b)
{
    struct text where = {0};
    text_printf(&where, "parameter %s", parameter);
    const char *kept = differing_keep(differing, &where);
    text_done(&where);
    if (strcmp(text_string(a), text_string(b)) != 0 && kept != NULL) {
        const char *before = differing_keep(differing, a), *after = differing_keep(differing, b);
        differing_add(differing, (struct difference){.kind = DIFFERENCE_CHANGED,
                                                     .where = kept,
                                                     .field = field,
                                                     .before = before != NULL ? before : "-",
                                                     .after = after != NULL ? after : "-"});
    }
    text_clear(a);
    text_clear(b);
}

static void format_initial(struct text *out, const struct parameter *parameter)
{
    char buffer[128];
    text_add(out, parameter->initial.type == VALUE_UNSET ? "none"
                                                         : value_format(&parameter->initial, buffer, sizeof(buffer)));
}

static void compare_parameters(struct differing *differing, const struct guide *a, const struct guide *b)
{
    for (size_t i = 0; i < b->parameter_count; i++) {
        const struct parameter *after = &b->parameters[i];
        const struct parameter *before = guide_parameter(a, after->name);
        struct text left = {0}, right = {0};
        if (before == NULL) {
            tell_named(differing, DIFFERENCE_ADDED, "parameter ", after->name);
            continue;
        }
        format_kind(&left, before);
        format_kind(&right, after);
        compare_texts(differing, after->name, "type", &left, &right);
        format_initial(&left, before);
        format_initial(&right, after);
        compare_texts(differing, after->name, "default", &left, &right);
        differing->failed = differing->failed || left.failed || right.failed;
        text_done(&left);
        text_done(&right);
    }
    for (size_t i = 0; i < a->parameter_count; i++)
        if (guide_parameter(b, a->parameters[i].name) == NULL)
            tell_named(differing, DIFFERENCE_REMOVED, "parameter ", a->parameters[i].name);
}

/* --- rows -------------------------------------------------------------------------------------------------------- */

/* Rule ids without the guide's own, so that a guide under a new name is still compared row by row. */
static const char *id_inside(const struct rule *rule)
{
    const char *slash = strchr(rule->id, '/');
    return slash != NULL ? slash + 1 : rule->id;
}

static void format_nature(struct text *out, const struct rule *rule, const struct port_item *item)
{
    static const char *const blank = " ";
    if (item->transport == TRANSPORT_UNSTATED)
        text_add(out, "transport unstated ");
    text_printf(out, "%s%s%s", rule->multicast ? "multicast " : "", rule->outside_os ? "outside-os " : "",
                rule->fragile ? "fragile " : "");
    if (out->length > 0 && strcmp(out->data + out->length - 1, blank) == 0)
        out->data[--out->length] = '\0';
}

static const char *changeable_word(const struct rule *rule)
{
    switch (rule->change) {
    case CHANGE_UNSTATED:
        return NULL;
    case CHANGE_NO:
        return "no";
    case CHANGE_WHERE:
        return "yes";
    }
    return NULL;
}

static void fill_fields(struct differing *differing, const struct rule *rule, const struct port_item *item,
                        struct row *row)
{
    struct text text = {0};
    if (rule->from_count > 0)
        rule_format_peers(&text, rule);
    row->fields[FIELD_CALLERS] = differing_keep(differing, &text);
    row->fields[FIELD_WHEN] = rule->when != NULL ? differing_copy(differing, expression_text(rule->when)) : NULL;
    text_add(&text, presence_name(rule->presence));
    if (rule->group != NULL)
        text_printf(&text, ":%s", rule->group);
    row->fields[FIELD_PRESENCE] = differing_keep(differing, &text);
    text_printf(&text, "%s%s", scope_name(rule->scope), rule->scope_basis == BASIS_INFERRED ? " (inferred)" : "");
    row->fields[FIELD_SCOPE] = differing_keep(differing, &text);
    row->fields[FIELD_SERVICE] = rule->service != NULL ? differing_copy(differing, rule->service->name) : NULL;
    row->fields[FIELD_FAMILY] = family_name(rule->family);
    row->fields[FIELD_SEGMENT] = differing_copy(differing, rule->segment);
    row->fields[FIELD_DIRECTION] = direction_name(rule->direction);
    row->fields[FIELD_CHANGEABLE] = changeable_word(rule);
    format_nature(&text, rule, item);
    row->fields[FIELD_FLAGS] = differing_keep(differing, &text);
    text_done(&text);
}

static void add_rule(struct differing *differing, const struct rule *rule, struct rows *rows)
{
    for (size_t i = 0; i < rule->ports.count; i++) {
        const struct port_item *item = &rule->ports.items[i];
        struct row *row = VECTOR_PUSH(rows);
        struct text ports = {0};
        if (row == NULL) {
            differing->failed = true;
            return;
        }
        text_printf(&ports, "%s %s", transport_name(rule_transport(rule, item)), item->text);
        *row = (struct row){
            .where = differing_copy(differing, rule->listens->name),
            .id = differing_copy(differing, id_inside(rule)),
            .ports = differing_keep(differing, &ports),
            .ref = differing_copy(differing, rule->id),
        };
        fill_fields(differing, rule, item, row);
        text_done(&ports);
    }
}

static void collect_component(struct differing *differing, const struct guide *guide, const char *component,
                              struct rows *ret)
{
    for (size_t i = 0; i < guide->rule_count; i++)
        if (strcmp(guide->rules[i].listens->name, component) == 0)
            add_rule(differing, &guide->rules[i], ret);
}

static void compare_component(struct differing *differing, const struct guide *a, const struct guide *b,
                              const char *component)
{
    struct rows before = {0}, after = {0};
    collect_component(differing, a, component, &before);
    collect_component(differing, b, component, &after);
    rows_compare(differing, &before, &after);
    VECTOR_DONE(&before);
    VECTOR_DONE(&after);
}

static void compare_components(struct differing *differing, const struct guide *a, const struct guide *b)
{
    for (size_t i = 0; i < b->component_count; i++) {
        const char *name = b->components[i].name;
        if (guide_component(a, name) == NULL)
            tell_named(differing, DIFFERENCE_ADDED, "", name);
        compare_component(differing, a, b, name);
    }
    for (size_t i = 0; i < a->component_count; i++) {
        const char *name = a->components[i].name;
        if (guide_component(b, name) != NULL)
            continue;
        tell_named(differing, DIFFERENCE_REMOVED, "", name);
        compare_component(differing, a, b, name);
    }
}

/* --- what a firewall has to follow ------------------------------------------------------------------------------- */

/* One caller of one item; the same for equal keys. */
struct guide_way {
    const struct rule *rule;
    const struct peer *peer; /* NULL: anybody */
    const struct port_item *item;
    char *key;
};
struct guide_ways {
    struct guide_way *items;
    size_t count, capacity;
};

/* A firewall between machines sees neither what stays on one, nor media that nobody is named to send. */
static bool is_way(const struct rule *rule)
{
    bool unasked = rule->presence == PRESENCE_RESERVED || (rule->presence == PRESENCE_DYNAMIC && rule->from_count == 0);
    return rule->scope != SCOPE_HOST && !rule->multicast && !unasked;
}

static void add_way(struct differing *differing, const struct rule *rule, const struct peer *peer,
                    const struct port_item *item, struct guide_ways *ways)
{
    struct text key = {0};
    struct guide_way *way = VECTOR_PUSH(ways);
    text_printf(&key, "%s\t%s\t%s\t%s %s\t%s", peer != NULL ? peer->component->name : "",
                peer != NULL && peer->when != NULL ? expression_text(peer->when) : "", rule->listens->name,
                transport_name(rule_transport(rule, item)), item->text,
                rule->when != NULL ? expression_text(rule->when) : "");
    if (way == NULL || key.failed) {
        differing->failed = true;
        text_done(&key);
        return;
    }
    *way = (struct guide_way){rule, peer, item, key.data}; /* the text's memory is the key's from here on */
}

static void collect_ways(struct differing *differing, const struct guide *guide, struct guide_ways *ways)
{
    for (size_t i = 0; i < guide->rule_count; i++) {
        const struct rule *rule = &guide->rules[i];
        for (size_t p = 0; is_way(rule) && p < rule->ports.count; p++) {
            for (size_t f = 0; f < rule->from_count; f++)
                add_way(differing, rule, &rule->from[f], &rule->ports.items[p], ways);
            if (rule->from_count == 0)
                add_way(differing, rule, NULL, &rule->ports.items[p], ways);
        }
    }
}

static int compare_ways(const void *left, const void *right)
{
    const struct guide_way *a = left, *b = right;
    if (a->key == NULL || b->key == NULL)
        return (a->key != NULL) - (b->key != NULL);
    int order = strcmp(a->key, b->key);
    return order != 0 ? order : strcmp(a->rule->id, b->rule->id);
}

static void tell_way(struct differing *differing, const struct guide_way *way, bool open)
{
    struct text source = {0}, ports = {0}, refs = {0};
    text_add(&source, way->peer != NULL ? way->peer->component->name : "anybody");
    if (way->peer != NULL && way->peer->when != NULL)
        text_printf(&source, "[%s]", expression_text(way->peer->when));
    text_add(&ports, way->item->text);
    text_add(&refs, way->rule->id);
    differing_add_way(
        differing,
        (struct way_difference){
            .open = open,
            .source = differing_keep(differing, &source),
            .destination = differing_copy(differing, way->rule->listens->name),
            .transport = rule_transport(way->rule, way->item),
            .ports = differing_keep(differing, &ports),
            .when = way->rule->when != NULL ? differing_copy(differing, expression_text(way->rule->when)) : NULL,
            .ref = differing_keep(differing, &refs),
        });
    text_done(&source);
    text_done(&ports);
    text_done(&refs);
}

static bool ways_hold(const struct guide_ways *ways, const char *key)
{
    size_t at = SORTED_PLACE(i, ways->count, strcmp(ways->items[i].key, key) < 0);
    return at < ways->count && strcmp(ways->items[at].key, key) == 0;
}

/* What `of` has and `others` has not, each key once. */
static void tell_ways(struct differing *differing, const struct guide_ways *of, const struct guide_ways *others,
                      bool open)
{
    for (size_t i = 0; i < of->count; i++) {
        bool repeated = i > 0 && strcmp(of->items[i].key, of->items[i - 1].key) == 0;
        if (!repeated && !ways_hold(others, of->items[i].key))
            tell_way(differing, &of->items[i], open);
    }
}

static void ways_sort(struct guide_ways *ways)
{
    if (ways->count > 0)
        qsort(ways->items, ways->count, sizeof(*ways->items), compare_ways);
}

static void ways_done(struct guide_ways *ways)
{
    for (size_t i = 0; i < ways->count; i++)
        free(ways->items[i].key);
    VECTOR_DONE(ways);
}

static void compare_all_ways(struct differing *differing, const struct guide *a, const struct guide *b)
{
    struct guide_ways before = {0}, after = {0};
    collect_ways(differing, a, &before);
    collect_ways(differing, b, &after);
    if (!differing->failed) {
        ways_sort(&before);
        ways_sort(&after);
        tell_ways(differing, &after, &before, true);
        tell_ways(differing, &before, &after, false);
    }
    ways_done(&before);
    ways_done(&after);
}

int diff_guides(const struct guide *a, const struct guide *b, struct diff **ret)
{
    struct differing differing;
    int error = differing_begin(&differing);
    if (error != 0)
        return error;
    compare_parameters(&differing, a, b);
    compare_components(&differing, a, b);
    compare_all_ways(&differing, a, b);
    return differing_end(&differing, ret);
}
