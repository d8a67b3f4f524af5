/* Rules: those of guides and the user's own, from one table of settings. */
#include "loader.h"

#include "portconform/error.h"
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- expressions: the names that they may use --- */

static int lookup_type(const void *context, const char *name, struct parameter_type *ret)
{
    const struct guide *guide = context;
    const struct parameter *parameter = guide ? guide_parameter(guide, name) : NULL;
    static const enum value_type types[] = {[PARAMETER_INT] = VALUE_INT,
                                            [PARAMETER_BOOL] = VALUE_BOOL,
                                            [PARAMETER_ENUM] = VALUE_TEXT,
                                            [PARAMETER_PORT] = VALUE_INT};
    if (!parameter)
        return -ENOENT;
    *ret = (struct parameter_type){.type = types[parameter->kind], .values = parameter->values.items};
    return 0;
}

static struct scope_types types_of(const struct loader *loader, const struct guide *guide, bool has_peer)
{
    static const char *const no_names[] = {NULL};
    return (struct scope_types){
        .lookup = lookup_type,
        .context = guide,
        .has_peer = has_peer,
        .names = guide ? loader->states[guide - loader->guides].parameter_names : no_names,
    };
}

/* NULL when there is none or it is wrong, which was told; *well says which. */
static const struct expression *read_condition(struct loader *loader, const struct guide *guide,
                                               const struct field *field, bool has_peer, bool *well)
{
    if (!field->node)
        return NULL;
    const struct expression *expression = NULL;
    struct scope_types types = types_of(loader, guide, has_peer);
    int result = expression_parse(field->text, node_inside(field->node), loader->arena, &expression, loader->diags);
    if (result == 0)
        result = expression_check(expression, VALUE_BOOL, &types, loader->diags);
    if (result == -ENOMEM)
        loader->failure = result;
    if (result == 0)
        return expression;
    *well = false;
    return NULL;
}

static bool check_port_types(struct loader *loader, const struct guide *guide, const struct port_items *ports)
{
    struct scope_types types = types_of(loader, guide, false);
    bool well = true;
    for (size_t i = 0; i < ports->count; i++) {
        const struct port_item *item = &ports->items[i];
        if (item->kind != PORT_ITEM_NUMBERS)
            continue;
        well = expression_check(item->low, VALUE_INT, &types, loader->diags) == 0 && well;
        if (item->high != item->low)
            well = expression_check(item->high, VALUE_INT, &types, loader->diags) == 0 && well;
    }
    return well;
}

/* --- from --- */

static const struct component *peer_component(struct loader *loader, const struct guide *guide, const struct node *name)
{
    const struct component *component = guide_component(guide, name->text);
    if (component)
        return component;
    char hint[HINT_TEXT];
    const char **names = loader_scratch(loader, guide->component_count + 1, sizeof(*names));
    for (size_t i = 0; names && i < guide->component_count; i++)
        names[i] = guide->components[i].name;
    ERROR(loader, node_inside(name), names ? hint_nearest(name->text, names, hint, sizeof(hint)) : NULL,
          "the guide has no component '%s'", name->text);
    return NULL;
}

static bool read_peer(struct loader *loader, const struct guide *guide, const struct node *element, struct peer *ret)
{
    ret->origin = element->origin;
    if (element->kind == NODE_STRING)
        return (ret->component = peer_component(loader, guide, element)) != NULL;
    struct peer_fields fields;
    bool well = schema_read(&section_from, element, &fields, loader->diags);
    if (fields.component.node)
        ret->component = peer_component(loader, guide, fields.component.node);
    ret->when = read_condition(loader, guide, &fields.when, true, &well);
    return well && ret->component;
}

static bool read_from(struct loader *loader, const struct guide *guide, const struct field *field, struct rule *rule)
{
    if (!field->node)
        return true;
    if (field->node->count == 0) {
        ERROR(loader, field->node->origin, "without 'from' anybody may call", "'from' names nobody");
        return false;
    }
    struct peer *peers = LOADER_ARRAY(loader, struct peer, field->node->count);
    if (!peers)
        return false;
    bool well = true;
    size_t count = 0;
    for (const struct node *element = field->node->first; element; element = element->next) {
        if (!read_peer(loader, guide, element, &peers[count])) {
            well = false;
            continue;
        }
        for (size_t i = 0; i < count; i++)
            if (peers[i].component == peers[count].component && !peers[i].when && !peers[count].when)
                ERROR(loader, element->origin, NULL, "'%s' is named twice in 'from'", peers[i].component->name);
        count++;
    }
    rule->from = peers;
    rule->from_count = count;
    return well;
}

/* --- single settings --- */

static bool is_ref(const char *text)
{
    if (!isalnum((unsigned char)*text))
        return false;
    for (const char *c = text; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._-/", *c))
            return false;
    return true;
}

static bool read_presence(struct loader *loader, const struct field *field, struct rule *rule)
{
    static const char one_of[] = "one-of:";
    char hint[HINT_TEXT];
    size_t prefix = sizeof(one_of) - 1;
    if (strncmp(field->text, one_of, prefix) == 0 && schema_is_name(field->text + prefix)) {
        rule->presence = PRESENCE_ONE_OF;
        rule->group = field->text + prefix;
        return true;
    }
    int word = word_find("presence", field->text);
    if (word >= 0 && word != PRESENCE_ONE_OF) {
        rule->presence = (enum presence)word;
        return true;
    }
    const char *near = hint_nearest(field->text, word_list("presence"), hint, sizeof(hint));
    if (strncmp(field->text, one_of, prefix - 1) == 0)
        near = "the group has a name: \"one-of:GROUP\"";
    ERROR(loader, node_inside(field->node),
          near ? near : "required, any, first-free, one-of:GROUP, optional, dynamic or reserved",
          "'presence' cannot be \"%s\"", field->text);
    return false;
}

static bool read_service(struct loader *loader, const struct field *field, struct rule *rule)
{
    if (!field->node)
        return true;
    rule->service = service_find(field->text);
    if (rule->service)
        return true;
    char hint[HINT_TEXT];
    ERROR(loader, node_inside(field->node), hint_nearest(field->text, service_names(), hint, sizeof(hint)),
          "there is no service \"%s\" in the table", field->text);
    return false;
}

static void read_changeable(const struct field *field, struct rule *rule)
{
    if (!field->node)
        return;
    rule->change = strcmp(field->text, "no") == 0 ? CHANGE_NO : CHANGE_WHERE;
    if (rule->change == CHANGE_WHERE)
        rule->changeable = field->text;
}

/* `assume` and `unstated` belong together. */
static bool read_assume(struct loader *loader, const struct rule_fields *fields, struct rule *rule)
{
    size_t unstated = SIZE_MAX;
    for (size_t i = rule->ports.count; i-- > 0;)
        if (rule->ports.items[i].transport == TRANSPORT_UNSTATED && rule->ports.items[i].kind == PORT_ITEM_NUMBERS)
            unstated = i;
    if (fields->assume.node)
        rule->assume = fields->assume.number == 0 ? TRANSPORT_TCP : TRANSPORT_UDP;
    if (unstated != SIZE_MAX && !rule->guide) {
        ERROR(loader, ports_item_origin(fields->ports.node, unstated), NULL, "ports are tcp or udp here, not unstated");
        return false;
    }
    if (unstated != SIZE_MAX && !fields->assume.node) {
        ERROR(loader, ports_item_origin(fields->ports.node, unstated), "assume = \"tcp\" or \"udp\"",
              "a transport that is unstated needs 'assume'");
        return false;
    }
    if (unstated == SIZE_MAX && fields->assume.node)
        WARNING(loader, fields->assume.node->name_origin, NULL,
                "'assume' has no effect: no transport of this rule is unstated");
    return true;
}

static bool check_pairs(struct loader *loader, const struct rule_fields *fields)
{
    const struct node *printed = fields->printed.node, *erratum = fields->erratum.node;
    if (printed && !erratum)
        ERROR(loader, printed->name_origin, "say in 'erratum' why the rule deviates", "'printed' without 'erratum'");
    if (erratum && !printed)
        ERROR(loader, erratum->name_origin, "keep what the guide prints in 'printed'", "'erratum' without 'printed'");
    if (fields->erratum_ja.node && !erratum)
        ERROR(loader, fields->erratum_ja.node->name_origin, NULL, "'erratum_ja' without 'erratum'");
    if (fields->about_ja.node && !fields->about.node)
        ERROR(loader, fields->about_ja.node->name_origin, NULL, "'about_ja' without 'about'");
    return (printed != NULL) == (erratum != NULL);
}

/* --- identity --- */

/* "tcp-22", "tcp-80,443", "tcp-53,udp-53": of an own rule without a ref. */
static const char *ports_id(struct loader *loader, const struct port_items *ports)
{
    const char *id = "";
    for (size_t i = 0; i < ports->count && id; i++) {
        const struct port_item *item = &ports->items[i];
        bool same = i > 0 && ports->items[i - 1].transport == item->transport;
        id = loader_printf(loader, "%s%s%s%s%s", id, i ? "," : "", same ? "" : transport_name(item->transport),
                           same ? "" : "-", item->text);
    }
    return id;
}

static bool read_identity(struct loader *loader, const struct guide *guide, const struct node *group,
                          const struct rule_fields *fields, struct rule *rule)
{
    rule->ref = fields->ref.text;
    rule->part = fields->part.text;
    if (guide && !node_member(group, "ref")) {
        ERROR(loader, group->origin, "table and row of the guide: ref = \"manager-single/1\"",
              "'ref' is missing in rules");
        return false;
    }
    if (rule->ref && !is_ref(rule->ref)) {
        ERROR(loader, node_inside(fields->ref.node), "letters, digits and . _ - /", "'ref' cannot be \"%s\"",
              rule->ref);
        return false;
    }
    if (rule->ref)
        rule->id = loader_printf(loader, "%s/%s%s%s", guide ? guide->id : "site", rule->ref, rule->part ? "#" : "",
                                 rule->part ? rule->part : "");
    else if (rule->ports.count)
        rule->id = loader_printf(loader, "site/%s", ports_id(loader, &rule->ports));
    return rule->id != NULL;
}

static bool read_listens(struct loader *loader, const struct guide *guide, const struct field *field, struct rule *rule)
{
    if (!guide)
        return true;
    if (field->node)
        rule->listens = peer_component(loader, guide, field->node);
    if (rule->listens && rule->owner.count == 0)
        rule->owner = rule->listens->owner;
    return rule->listens != NULL;
}

static void read_plain(const struct rule_fields *fields, struct rule *rule)
{
    rule->scope = (enum scope)fields->scope.number;
    rule->scope_basis = (enum scope_basis)fields->scope_basis.number;
    rule->direction = (enum direction)fields->direction.number;
    rule->family = (enum family)fields->family.number;
    rule->probe = (enum probe_policy)fields->probe.number;
    rule->interval_s = fields->interval_s.node ? (unsigned)fields->interval_s.number : 0;
    rule->segment = fields->segment.text;
    rule->multicast = fields->multicast.number;
    rule->outside_os = fields->outside_os.number;
    rule->fragile = fields->fragile.number;
    rule->about = fields->about.text;
    rule->about_ja = fields->about_ja.text;
    rule->printed = fields->printed.text;
    rule->erratum = fields->erratum.text;
    rule->erratum_ja = fields->erratum_ja.text;
}

bool load_rule(struct loader *loader, const struct guide *guide, const struct node *group, struct rule *ret)
{
    struct rule_fields fields;
    bool well = schema_read(guide ? &section_rules : &section_expect, group, &fields, loader->diags);
    struct rule rule = {.guide = guide, .origin = group->origin};
    read_plain(&fields, &rule);
    read_changeable(&fields.changeable, &rule);
    rule.owner = read_owner(loader, &fields.owner);
    well = read_listens(loader, guide, &fields.listens, &rule) && well;
    well = (!guide || read_from(loader, guide, &fields.from, &rule)) && well;
    well = read_presence(loader, &fields.presence, &rule) && well;
    well = read_service(loader, &fields.service, &rule) && well;
    rule.when = read_condition(loader, guide, &fields.when, false, &well);
    bool ports = read_ports(loader, &fields.ports, &rule.ports) && check_port_types(loader, guide, &rule.ports);
    well = ports && read_assume(loader, &fields, &rule) && well;
    well = check_pairs(loader, &fields) && well;
    well = read_identity(loader, guide, group, &fields, &rule) && well;
    if (rule.scope == SCOPE_PEERS && !fields.from.node) {
        ERROR(loader, fields.scope.node->origin, guide ? "name the peers in 'from'" : "\"network\" or \"host\"",
              "scope \"peers\" without peers");
        well = false;
    }
    if (!well)
        return false;
    check_ports(loader, &rule, fields.ports.node);
    *ret = rule;
    return true;
}

/* --- ports outside rules --- */

bool read_plain_ports(struct loader *loader, const struct field *field, struct port_items *ret)
{
    struct rule rule = {0};
    if (!read_ports(loader, field, &rule.ports) || !check_port_types(loader, NULL, &rule.ports))
        return false;
    for (size_t i = 0; i < rule.ports.count; i++) {
        if (rule.ports.items[i].transport != TRANSPORT_UNSTATED)
            continue;
        ERROR(loader, ports_item_origin(field->node, i), NULL, "ports are tcp or udp here, not unstated");
        return false;
    }
    check_ports(loader, &rule, field->node);
    *ret = rule.ports;
    return true;
}

bool read_changed_ports(struct loader *loader, const struct rule *rule, const struct field *field,
                        struct port_items *ret)
{
    struct rule changed = *rule;
    if (!read_ports(loader, field, &changed.ports) || !check_port_types(loader, rule->guide, &changed.ports))
        return false;
    if (changed.ports.count != rule->ports.count) {
        ERROR(loader, node_inside(field->node), NULL, "the rule %s has %zu port item%s, not %zu", rule->id,
              rule->ports.count, rule->ports.count == 1 ? "" : "s", changed.ports.count);
        return false;
    }
    for (size_t i = 0; i < rule->ports.count; i++) {
        enum transport of_rule = rule->ports.items[i].transport, given = changed.ports.items[i].transport;
        bool numbers =
            changed.ports.items[i].kind == PORT_ITEM_NUMBERS && rule->ports.items[i].kind == PORT_ITEM_NUMBERS;
        if (numbers && (of_rule == TRANSPORT_UNSTATED || of_rule == given))
            continue;
        ERROR(loader, ports_item_origin(field->node, i), NULL, "in its place the rule has %s %s",
              transport_name(of_rule), rule->ports.items[i].text);
        return false;
    }
    check_ports(loader, &changed, field->node);
    *ret = changed.ports;
    return true;
}

/* --- refs of a whole guide --- */

static int compare_origins(const struct origin *a, const struct origin *b)
{
    int file = strcmp(a->file, b->file);
    if (file)
        return file;
    return a->line != b->line ? (a->line < b->line ? -1 : 1) : (a->column > b->column) - (a->column < b->column);
}

static int compare_refs(const void *left, const void *right)
{
    const struct rule *a = *(const struct rule *const *)left, *b = *(const struct rule *const *)right;
    int ref = strcmp(a->ref, b->ref);
    return ref ? ref : compare_origins(&a->origin, &b->origin);
}

/* Rules of one ref, in the order of the files. */
static void check_parts(struct loader *loader, const struct rule *const *rules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!rules[i]->part && count > 1)
            ERROR(loader, rules[i]->origin, "give each of them a part = \"a\"",
                  "the ref \"%s\" is given %zu times, and this one has no 'part'", rules[i]->ref, count);
        for (size_t earlier = 0; earlier < i && rules[i]->part; earlier++) {
            if (!rules[earlier]->part || strcmp(rules[earlier]->part, rules[i]->part) != 0)
                continue;
            ERROR(loader, rules[i]->origin,
                  loader_printf(loader, "the first is in %s, line %u", rules[earlier]->origin.file,
                                rules[earlier]->origin.line),
                  "the rule %s is given twice", rules[i]->id);
            break;
        }
    }
}

/* A group of alternatives needs two; members of one component share it. */
static void check_groups(struct loader *loader, const struct guide *guide)
{
    for (size_t i = 0; i < guide->rule_count; i++) {
        const struct rule *rule = &guide->rules[i];
        size_t members = 0;
        for (size_t j = 0; rule->group && j < guide->rule_count; j++) {
            const struct rule *other = &guide->rules[j];
            if (other->group && other->listens == rule->listens && strcmp(other->group, rule->group) == 0)
                members += other->ports.count;
        }
        if (members == 1)
            WARNING(loader, rule->origin, NULL, "the group '%s' of '%s' has one member: it is required", rule->group,
                    rule->listens->name);
    }
}

void check_refs(struct loader *loader, const struct guide *guide)
{
    const struct rule **sorted = loader_scratch(loader, guide->rule_count, sizeof(*sorted));
    if (!sorted || guide->rule_count == 0)
        return;
    check_groups(loader, guide);
    for (size_t i = 0; i < guide->rule_count; i++)
        sorted[i] = &guide->rules[i];
    qsort(sorted, guide->rule_count, sizeof(*sorted), compare_refs);
    for (size_t first = 0, end; first < guide->rule_count; first = end) {
        for (end = first + 1; end < guide->rule_count && strcmp(sorted[end]->ref, sorted[first]->ref) == 0; end++)
            ;
        check_parts(loader, sorted + first, end - first);
    }
}
