/* Rules as Markdown (tables as GitHub has them): pages that can be published as they are.
 *
 * What comes from guides is text and never markup: whatever Markdown or HTML would read as such is escaped. */
#include "rules.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* --- words ------------------------------------------------------------------------------------------------------- */

static void add_word(struct text *out, const char *word)
{
    static const char special[] = "\\`*_{}[]<>()#+-.!|~&";
    struct text plain = {0};
    if (!word || !*word) {
        text_add(out, "–");
        return;
    }
    text_escape_string(&plain, word, ESCAPE_TEXT);
    /* a dot or a dash within a word means nothing; at a line's begin it may, but no cell begins a line */
    for (const char *c = text_string(&plain); *c; c++) {
        if (strchr(special, *c) && !strchr(".-()+!#", *c))
            text_add(out, "\\");
        text_add_n(out, c, 1);
    }
    out->failed = out->failed || plain.failed;
    text_done(&plain);
}

/* As code: nothing inside is markup but the mark itself and, in a table, the bar. */
static void add_code(struct text *out, const char *code)
{
    struct text plain = {0};
    text_escape_string(&plain, code, ESCAPE_TEXT);
    text_add(out, "`");
    for (const char *c = text_string(&plain); *c; c++)
        text_printf(out, "%s%c", *c == '|' ? "\\" : "", *c == '`' ? '\'' : *c);
    text_add(out, "`");
    out->failed = out->failed || plain.failed;
    text_done(&plain);
}

static void add_both(struct text *out, const char *english, const char *japanese)
{
    add_word(out, english);
    if (japanese) {
        text_add(out, " / ");
        add_word(out, japanese);
    }
}

static void add_cells(struct text *out, const char *const names[])
{
    for (size_t i = 0; names[i]; i++)
        text_printf(out, "| %s ", names[i]);
    text_add(out, "|\n");
    for (size_t i = 0; names[i]; i++)
        text_add(out, "|---");
    text_add(out, "|\n");
}

/* --- the guide's head -------------------------------------------------------------------------------------------- */

static void add_fact(struct text *out, const char *name, const char *value)
{
    if (!value || strcmp(value, "-") == 0)
        return;
    text_printf(out, "- %s: ", name);
    add_word(out, value);
    text_add(out, "\n");
}

static void add_head(struct text *out, const struct guide *guide)
{
    text_add(out, "# ");
    add_word(out, guide->title ? guide->title : guide->id);
    text_add(out, "\n\n");
    add_fact(out, "Japanese title", guide->title_ja);
    text_add(out, "- Guide: ");
    add_code(out, guide->id);
    text_printf(out, ", revision %d\n", guide->revision);
    add_fact(out, "Vendor", guide->vendor);
    add_fact(out, "Source", guide->source);
    add_fact(out, "Product version", guide->product_version);
    add_fact(out, "Published", guide->published);
}

static void add_values(struct text *out, const struct parameter *parameter)
{
    switch (parameter->kind) {
    case PARAMETER_INT:
        text_printf(out, "%" PRId64 " to %" PRId64, parameter->min, parameter->max);
        return;
    case PARAMETER_PORT:
        text_printf(out, "port, %" PRId64 " to %" PRId64, parameter->min, parameter->max);
        return;
    case PARAMETER_BOOL:
        text_add(out, "true, false");
        return;
    case PARAMETER_ENUM:
        for (size_t i = 0; i < parameter->values.count; i++) {
            text_add(out, i > 0 ? ", " : "");
            add_word(out, parameter->values.items[i]);
        }
        return;
    }
}

static void add_parameters(struct text *out, const struct guide *guide)
{
    static const char *const names[] = {"parameter", "values", "default", "meaning", NULL};
    text_add(out, "\n## Parameters\n\nA rule that depends on a parameter without value is not judged.\n\n");
    add_cells(out, names);
    for (size_t i = 0; i < guide->parameter_count; i++) {
        const struct parameter *parameter = &guide->parameters[i];
        char buffer[128];
        text_add(out, "| ");
        add_code(out, parameter->name);
        text_add(out, " | ");
        add_values(out, parameter);
        text_add(out, " | ");
        add_word(out, parameter->initial.type == VALUE_UNSET
                          ? "none"
                          : value_format(&parameter->initial, buffer, sizeof(buffer)));
        text_add(out, " | ");
        add_both(out, parameter->about, parameter->about_ja);
        text_add(out, " |\n");
    }
}

static void add_components(struct text *out, const struct guide *guide)
{
    static const char *const names[] = {"component", "runs", "meaning", NULL};
    text_add(out, "\n## Components\n\n");
    add_cells(out, names);
    for (size_t i = 0; i < guide->component_count; i++) {
        const struct component *component = &guide->components[i];
        text_add(out, "| ");
        add_code(out, component->name);
        text_printf(out, " | %s | ", component->external ? "outside the site" : "in the site");
        add_both(out, component->about, component->about_ja);
        text_add(out, " |\n");
    }
}

/* --- tables ------------------------------------------------------------------------------------------------------ */

static void add_callers(struct text *out, const struct rule *rule)
{
    if (rule->from_count == 0)
        text_add(out, rule->scope == SCOPE_HOST ? "the host itself" : "not named");
    for (size_t i = 0; i < rule->from_count; i++) {
        text_add(out, i > 0 ? ", " : "");
        add_word(out, rule->from[i].component->name);
        if (rule->from[i].when) {
            text_add(out, " if ");
            add_code(out, expression_text(rule->from[i].when));
        }
    }
}

/* "reserved", "one-of:GROUP" */
static void add_presence(struct text *out, const struct rule *rule)
{
    struct text word = {0};
    text_printf(&word, "%s%s%s", presence_name(rule->presence), rule->group ? ":" : "", rule->group ? rule->group : "");
    add_word(out, text_string(&word));
    out->failed = out->failed || word.failed;
    text_done(&word);
}

static void add_scope(struct text *out, const struct rule *rule)
{
    text_add(out, scope_name(rule->scope));
    if (rule->scope != SCOPE_NETWORK && rule->scope_basis == BASIS_INFERRED)
        text_add(out, " (inferred)");
    if (rule->family != FAMILY_ANY)
        text_printf(out, ", %s", family_name(rule->family));
    if (rule->segment) {
        text_add(out, ", segment ");
        add_word(out, rule->segment);
    }
}

static void add_remarks(struct text *out, const struct rule *rule)
{
    add_both(out, rule->about, rule->about_ja);
    if (rule->multicast)
        text_add(out, " (multicast)");
    if (rule->outside_os)
        text_add(out, " (firmware answers)");
    if (rule->assume != TRANSPORT_UNSTATED)
        text_printf(out, " (transport not stated, taken for %s)", transport_name(rule->assume));
    if (rule->change == CHANGE_NO)
        text_add(out, " *Cannot be changed.*");
    if (rule->change == CHANGE_WHERE) {
        text_add(out, " *Can be changed:* ");
        add_word(out, rule->changeable);
    }
    if (rule->erratum)
        text_add(out, " *See errata.*");
}

static void add_ref(struct text *out, const struct rule *rule, const char *ref)
{
    struct text word = {0};
    text_printf(&word, "%s%s%s", ref, rule->part ? "#" : "", rule->part ? rule->part : "");
    add_word(out, text_string(&word));
    out->failed = out->failed || word.failed;
    text_done(&word);
}

static void add_rule(struct text *out, const struct rule *rule)
{
    struct text ports = {0};
    const char *row = rule->ref + rules_table_length(rule);
    rules_format_ports(&ports, rule);
    text_add(out, "| ");
    add_ref(out, rule, *row == '/' ? row + 1 : row);
    text_add(out, " | ");
    add_code(out, text_string(&ports));
    text_add(out, " | ");
    add_word(out, rule->listens->name);
    text_add(out, " | ");
    add_callers(out, rule);
    text_add(out, " | ");
    if (rule->when)
        add_code(out, expression_text(rule->when));
    else
        text_add(out, "always");
    text_add(out, " | ");
    add_presence(out, rule);
    text_add(out, " | ");
    add_scope(out, rule);
    text_add(out, " | ");
    add_word(out, rule->service ? rule->service->name : NULL);
    text_add(out, " | ");
    add_remarks(out, rule);
    text_add(out, " |\n");
    out->failed = out->failed || ports.failed;
    text_done(&ports);
}

static void add_rules(struct text *out, const struct guide *guide)
{
    static const char *const names[] = {"row",      "ports", "listener", "callers", "condition",
                                        "presence", "scope", "service",  "meaning", NULL};
    const struct rule *before = NULL;
    for (size_t i = 0; i < guide->rule_count; i++) {
        const struct rule *rule = &guide->rules[i];
        if (rules_begins_table(rule, before)) {
            struct text table = {0};
            text_add_n(&table, rule->ref, rules_table_length(rule));
            text_add(out, "\n## Table ");
            add_word(out, text_string(&table));
            text_add(out, "\n\n");
            add_cells(out, names);
            out->failed = out->failed || table.failed;
            text_done(&table);
        }
        add_rule(out, rule);
        before = rule;
    }
}

/* --- errata ------------------------------------------------------------------------------------------------------ */

static void add_errata(struct text *out, const struct guide *guide)
{
    static const char *const names[] = {"row", "ports", "printed", "what holds instead, and why", NULL};
    size_t count = 0;
    text_add(out, "\n## Errata\n\n");
    for (size_t i = 0; i < guide->rule_count; i++) {
        const struct rule *rule = &guide->rules[i];
        struct text ports = {0};
        if (!rules_is_told(rule, true))
            continue;
        if (count++ == 0)
            add_cells(out, names);
        rules_format_ports(&ports, rule);
        text_add(out, "| ");
        add_ref(out, rule, rule->ref);
        text_add(out, " | ");
        add_code(out, text_string(&ports));
        text_add(out, " | ");
        add_word(out, rule->printed);
        text_add(out, " | ");
        add_both(out, rule->erratum, rule->erratum_ja);
        text_add(out, " |\n");
        out->failed = out->failed || ports.failed;
        text_done(&ports);
    }
    if (count == 0)
        text_add(out, "No rule deviates from what is printed.\n");
}

int rules_markdown(const struct config *config, bool errata, struct text *out)
{
    for (size_t g = 0; g < config->guide_count; g++) {
        const struct guide *guide = &config->guides[g];
        text_add(out, g > 0 ? "\n" : "");
        add_head(out, guide);
        if (!errata) {
            add_parameters(out, guide);
            add_components(out, guide);
            add_rules(out, guide);
        }
        add_errata(out, guide);
    }
    return out->failed ? -ENOMEM : 0;
}
