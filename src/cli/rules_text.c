/* Rules for people: grouped by the guide's tables, wrapped to the terminal. */
#include "rules.h"

#include <errno.h>
#include <string.h>

enum { INDENT = 32 };

void rules_format_ports(struct text *out, const struct rule *rule)
{
    enum transport before = TRANSPORT_UNSTATED;
    for (size_t i = 0; i < rule->ports.count; i++) {
        const struct port_item *item = &rule->ports.items[i];
        text_add(out, i > 0 ? ", " : "");
        if (i == 0 || item->transport != before)
            text_printf(out, "%s ", transport_name(item->transport));
        text_add(out, item->text);
        before = item->transport;
    }
}

static void add_sentence(struct text *out, const char *before, const char *what)
{
    if (what && *what)
        text_printf(out, " %s%s.", before, what);
}

static void describe(struct text *out, const struct rule *rule)
{
    text_printf(out, "%s", rule->listens ? rule->listens->name : "-");
    if (rule->from_count > 0) {
        text_add(out, ", for ");
        rule_format_peers(out, rule);
    }
    text_add(out, ":");
    if (rule->about)
        text_printf(out, " %s.", rule->about);
    add_sentence(out, "When ", rule->when ? expression_text(rule->when) : NULL);
    if (rule->presence != PRESENCE_REQUIRED)
        text_printf(out, " Presence %s%s%s.", presence_name(rule->presence), rule->group ? ":" : "",
                    rule->group ? rule->group : "");
    if (rule->scope != SCOPE_NETWORK)
        text_printf(out, " Scope %s%s.", scope_name(rule->scope),
                    rule->scope_basis == BASIS_INFERRED ? " (inferred)" : "");
    if (rule->service)
        add_sentence(out, "Service ", rule->service->name);
    if (rule->change == CHANGE_WHERE)
        add_sentence(out, "Can be changed: ", rule->changeable);
    else if (rule->change == CHANGE_NO)
        text_add(out, " Cannot be changed.");
    add_sentence(out, "Printed: ", rule->printed);
    add_sentence(out, "", rule->erratum);
}

size_t rules_table_length(const struct rule *rule)
{
    const char *slash = strrchr(rule->ref, '/');
    return slash ? (size_t)(slash - rule->ref) : strlen(rule->ref);
}

bool rules_begins_table(const struct rule *rule, const struct rule *before)
{
    if (!before)
        return true;
    size_t length = rules_table_length(rule);
    return length != rules_table_length(before) || strncmp(rule->ref, before->ref, length) != 0;
}

static void tell_rule(struct text *out, const struct rule *rule, unsigned width)
{
    struct text ports = {0};
    struct text left = {0};
    struct text words = {0};
    const char *row = rule->ref + rules_table_length(rule);
    rules_format_ports(&ports, rule);
    describe(&words, rule);
    text_printf(&left, "  %s%s%s", *row == '/' ? row + 1 : row, rule->part ? "#" : "", rule->part ? rule->part : "");
    text_add(&left, "  ");
    text_add_padded(out, text_string(&left), 8);
    size_t at = text_columns(text_string(&left)) > 8 ? text_columns(text_string(&left)) : 8;
    if (at + text_columns(text_string(&ports)) + 2 > INDENT)
        text_printf(out, "%s\n%*s", text_string(&ports), INDENT, "");
    else
        text_add_padded(out, text_string(&ports), INDENT - at);
    cli_wrap(out, text_string(&words), INDENT, INDENT, width);
    text_add(out, "\n");
    text_done(&words);
    text_done(&left);
    text_done(&ports);
}

static void tell_guide(struct text *out, const struct guide *guide, bool errata, unsigned width)
{
    text_printf(out, "%s: %s\n", guide->id, guide->title ? guide->title : "-");
    text_printf(out, "%s, %s; version %s, published %s, revision %d\n", guide->vendor ? guide->vendor : "-",
                guide->source ? guide->source : "-", guide->product_version ? guide->product_version : "-",
                guide->published ? guide->published : "-", guide->revision);
    const struct rule *before = NULL;
    for (size_t i = 0; i < guide->rule_count; i++) {
        const struct rule *rule = &guide->rules[i];
        if (!rules_is_told(rule, errata))
            continue;
        if (rules_begins_table(rule, before))
            text_printf(out, "\n%.*s\n", (int)rules_table_length(rule), rule->ref);
        tell_rule(out, rule, width);
        before = rule;
    }
    if (!before)
        text_add(out, errata ? "\nno rule deviates from what is printed\n" : "\nno rules\n");
}

int rules_text(const struct config *config, bool errata, struct text *out)
{
    for (size_t g = 0; g < config->guide_count; g++) {
        if (g > 0)
            text_add(out, "\n\n");
        tell_guide(out, &config->guides[g], errata, check_columns());
    }
    return out->failed ? -ENOMEM : 0;
}
