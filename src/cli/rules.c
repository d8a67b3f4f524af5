/* rules: what port guides demand, a line for each port item. */
#include "command.h"

#include <errno.h>
#include <string.h>

/* --- for machines ------------------------------------------------------------------------------------------------ */

static const char *const columns[] = {"guide", "ref",       "component", "peers",   "transport", "ports", "presence",
                                      "scope", "direction", "when",      "service", "printed",   NULL};

static void add_item(struct sheet *sheet, const struct rule *rule, const struct port_item *item)
{
    struct text peers = {0};
    rule_format_peers(&peers, rule);
    sheet_add(sheet, rule->guide->id);
    sheet_add(sheet, rule->ref);
    sheet_add(sheet, rule->listens ? rule->listens->name : NULL);
    sheet_add_text(sheet, &peers);
    sheet_add(sheet, transport_name(item->transport));
    sheet_add(sheet, item->text);
    sheet_add(sheet, presence_name(rule->presence));
    sheet_add(sheet, scope_name(rule->scope));
    sheet_add(sheet, direction_name(rule->direction));
    sheet_add(sheet, rule->when ? expression_text(rule->when) : NULL);
    sheet_add(sheet, rule->service ? rule->service->name : NULL);
    sheet_add(sheet, rule->printed);
    text_done(&peers);
}

static bool is_told(const struct rule *rule, bool errata)
{
    return !errata || rule->printed || rule->erratum;
}

static int tell_sheet(const struct config *config, const struct cli_arguments *arguments, struct text *out)
{
    struct sheet sheet;
    int r = sheet_init(&sheet, columns);
    for (size_t g = 0; r == 0 && g < config->guide_count; g++) {
        const struct guide *guide = &config->guides[g];
        for (size_t i = 0; i < guide->rule_count; i++) {
            const struct rule *rule = &guide->rules[i];
            for (size_t p = 0; is_told(rule, arguments->errata) && p < rule->ports.count; p++)
                add_item(&sheet, rule, &rule->ports.items[p]);
        }
    }
    if (r == 0)
        r = arguments->form == FORM_TSV ? sheet_tell_tsv(&sheet, out) : sheet_tell_json(&sheet, out);
    sheet_done(&sheet);
    return r;
}

/* --- for people -------------------------------------------------------------------------------------------------- */

enum { INDENT = 32 };

static void format_ports(struct text *out, const struct rule *rule)
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

/* "manager-single" of "manager-single/3" */
static size_t table_length(const struct rule *rule)
{
    const char *slash = strrchr(rule->ref, '/');
    return slash ? (size_t)(slash - rule->ref) : strlen(rule->ref);
}

static bool begins_table(const struct rule *rule, const struct rule *before)
{
    if (!before)
        return true;
    size_t length = table_length(rule);
    return length != table_length(before) || strncmp(rule->ref, before->ref, length) != 0;
}

static void tell_rule(struct text *out, const struct rule *rule, unsigned width)
{
    struct text ports = {0};
    struct text left = {0};
    struct text words = {0};
    const char *row = rule->ref + table_length(rule);
    format_ports(&ports, rule);
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
        if (!is_told(rule, errata))
            continue;
        if (begins_table(rule, before))
            text_printf(out, "\n%.*s\n", (int)table_length(rule), rule->ref);
        tell_rule(out, rule, width);
        before = rule;
    }
    if (!before)
        text_add(out, errata ? "\nno rule deviates from what is printed\n" : "\nno rules\n");
}

static int tell_text(const struct config *config, const struct cli_arguments *arguments, struct text *out)
{
    for (size_t g = 0; g < config->guide_count; g++) {
        if (g > 0)
            text_add(out, "\n\n");
        tell_guide(out, &config->guides[g], arguments->errata, check_columns());
    }
    return out->failed ? -ENOMEM : 0;
}

/* --- the command ------------------------------------------------------------------------------------------------- */

static int load_and_tell(const struct cli_arguments *arguments, struct diag_list *diags)
{
    struct load_options load = {.guide_dirs = arguments->guide_dirs, .wall_ms = moment_now().wall_ms};
    struct config *config = NULL;
    int r = config_load_guides(&load, (const char *const *)arguments->operands, &config, diags);
    if (r < 0)
        return cli_rejected(diags, r);
    struct text out = {0};
    r = arguments->form == FORM_TEXT ? tell_text(config, arguments, &out) : tell_sheet(config, arguments, &out);
    config_free(config);
    if (r == 0)
        return cli_finish(&out, STATUS_OK);
    text_done(&out);
    return cli_rejected(diags, r);
}

int command_rules(const struct command *command, int argc, char **argv)
{
    struct cli_arguments arguments;
    int status = cli_arguments_read(command, argc, argv, &arguments);
    if (status != CLI_GO_ON)
        return status;
    struct diag_list diags;
    int r = diag_list_init(&diags);
    if (r < 0) {
        status = cli_fail("out of memory");
    } else {
        status = load_and_tell(&arguments, &diags);
        diag_list_done(&diags);
    }
    cli_arguments_done(&arguments);
    return status;
}
