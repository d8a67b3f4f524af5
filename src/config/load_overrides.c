/* What site, template and host alike may say about findings: waivers, severities, damping. */
#include "loader.h"

#include "portconform/clock.h"
#include <string.h>

/* The id of a rule as findings carry it. Own rules (site/...) are known to their host alone: kept as written. */
static const char *rule_id(struct loader *loader, const struct field *field)
{
    if (!field->text || strncmp(field->text, "site/", 5) == 0)
        return field->text;
    const struct rule *rule = find_rule(loader, field);
    return rule ? rule->id : field->text;
}

static bool read_waiver(struct loader *loader, const struct node *group, const char *where, struct waiver *ret)
{
    struct waiver_fields fields;
    bool well = schema_read(&section_waive, group, &fields, loader->diags);
    *ret = (struct waiver){
        .rule = rule_id(loader, &fields.rule),
        .verdict = fields.verdict.text,
        .reason = fields.reason.text,
        .owner = fields.owner.text,
        .ticket = fields.ticket.text,
        .origin = group->origin,
    };
    if (fields.ports.node) {
        ret->ports = fields.ports.text;
        well = read_plain_ports(loader, &fields.ports, &ret->port_items) && well;
    }
    if (!node_member(group, "rule") && !node_member(group, "ports")) {
        ERROR(loader, group->origin, "rule = \"...\" or ports = \"tcp 5900\"", "a waiver for everything");
        well = false;
    }
    if (!well || clock_parse_day_end(fields.until.text, &ret->until_ms) < 0)
        return false;
    ret->until = fields.until.text;
    if (loader->options->wall_ms >= ret->until_ms)
        WARNING(loader, node_inside(fields.until.node), "take it out, or agree on a new day",
                "waiver for %s %s expired on %s", where, ret->rule ? ret->rule : ret->ports, ret->until);
    return true;
}

const struct waiver *read_waivers(struct loader *loader, const struct field *field, const char *where,
                                  size_t *ret_count)
{
    *ret_count = 0;
    if (!field->node)
        return NULL;
    struct waiver *items = LOADER_ARRAY(loader, struct waiver, field->node->count);
    size_t count = 0;
    for (const struct node *group = items ? field->node->first : NULL; group; group = group->next)
        if (read_waiver(loader, group, where, &items[count]))
            count++;
    *ret_count = count;
    return items;
}

const struct severity_override *read_severities(struct loader *loader, const struct field *field, size_t *ret_count)
{
    *ret_count = 0;
    if (!field->node)
        return NULL;
    struct severity_override *items = LOADER_ARRAY(loader, struct severity_override, field->node->count);
    size_t count = 0;
    for (const struct node *group = items ? field->node->first : NULL; group; group = group->next) {
        struct severity_fields fields;
        if (!schema_read(&section_severities, group, &fields, loader->diags))
            continue;
        bool is_pattern = fields.rule.text && strpbrk(fields.rule.text, "*?[");
        items[count++] = (struct severity_override){
            .rule = is_pattern ? fields.rule.text : rule_id(loader, &fields.rule),
            .verdict = fields.verdict.node ? (enum verdict)fields.verdict.number : VERDICT_NONE,
            .severity = (enum severity)fields.severity.number,
            .origin = group->origin,
        };
    }
    *ret_count = count;
    return items;
}

void read_damping(struct loader *loader, const struct field *field, struct damping *ret)
{
    struct damping_fields fields;
    if (!field->node) {
        if (ret->raise == 0) {
            schema_defaults(&section_damping, &fields);
            *ret = (struct damping){(unsigned)fields.raise.number, (unsigned)fields.clear.number};
        }
        return;
    }
    schema_read(&section_damping, field->node, &fields, loader->diags);
    if (fields.raise.node || ret->raise == 0)
        ret->raise = (unsigned)fields.raise.number;
    if (fields.clear.node || ret->clear == 0)
        ret->clear = (unsigned)fields.clear.number;
}
