/* rules: what port guides demand, a line for each port item. */
#include "rules.h"

#include <errno.h>
#include <string.h>

/* --- for machines ------------------------------------------------------------------------------------------------ */

#define COLUMNS                                                                                                        \
    "guide", "ref", "component", "peers", "transport", "ports", "presence", "scope", "direction", "when", "service",   \
        "printed"
static const char *const columns[] = {COLUMNS, NULL};
/* JSON has room for all that a rule says. */
static const char *const columns_all[] = {COLUMNS,       "rule",     "part",    "assume",     "group",
                                          "scope_basis", "family",   "segment", "nature",     "changeable",
                                          "about",       "about_ja", "erratum", "erratum_ja", NULL};

static const char *changeable(const struct rule *rule)
{
    if (rule->change == CHANGE_WHERE)
        return rule->changeable;
    return rule->change == CHANGE_NO ? "no" : NULL;
}

/* What columns_all has beyond columns. */
static void add_rest(struct sheet *sheet, const struct rule *rule)
{
    struct text nature = {0};
    text_printf(&nature, "%s%s%s", rule->multicast ? "multicast " : "", rule->outside_os ? "outside_os " : "",
                rule->fragile ? "fragile " : "");
    if (nature.length > 0)
        nature.data[nature.length - 1] = '\0';
    const char *words[] = {
        rule->id,
        rule->part,
        rule->assume != TRANSPORT_UNSTATED ? transport_name(rule->assume) : NULL,
        rule->group,
        basis_name(rule->scope_basis),
        family_name(rule->family),
        rule->segment,
        text_string(&nature),
        changeable(rule),
        rule->about,
        rule->about_ja,
        rule->erratum,
        rule->erratum_ja,
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        sheet_add(sheet, words[i]);
    sheet->failed = sheet->failed || nature.failed;
    text_done(&nature);
}

static void add_item(struct sheet *sheet, const struct rule *rule, const struct port_item *item, bool all)
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
    if (all)
        add_rest(sheet, rule);
    text_done(&peers);
}

bool rules_is_told(const struct rule *rule, bool errata)
{
    return !errata || rule->printed || rule->erratum;
}

static int tell_sheet(const struct config *config, const struct cli_arguments *arguments, struct text *out)
{
    struct sheet sheet;
    bool all = arguments->form == FORM_JSON;
    int r = sheet_init(&sheet, all ? columns_all : columns);
    for (size_t g = 0; r == 0 && g < config->guide_count; g++) {
        const struct guide *guide = &config->guides[g];
        for (size_t i = 0; i < guide->rule_count; i++) {
            const struct rule *rule = &guide->rules[i];
            for (size_t p = 0; rules_is_told(rule, arguments->errata) && p < rule->ports.count; p++)
                add_item(&sheet, rule, &rule->ports.items[p], all);
        }
    }
    if (r == 0)
        r = all ? sheet_tell_json(&sheet, out) : sheet_tell_tsv(&sheet, out);
    sheet_done(&sheet);
    return r;
}

/* --- the command ------------------------------------------------------------------------------------------------- */

static int tell(const struct config *config, const struct cli_arguments *arguments, struct text *out)
{
    if (arguments->markdown)
        return rules_markdown(config, arguments->errata, out);
    if (arguments->form == FORM_TEXT)
        return rules_text(config, arguments->errata, out);
    return tell_sheet(config, arguments, out);
}

static int load_and_tell(const struct cli_arguments *arguments, struct diag_list *diags)
{
    struct load_options load = {.guide_dirs = arguments->guide_dirs, .wall_ms = moment_now().wall_ms};
    struct config *config = NULL;
    int r = config_load_guides(&load, (const char *const *)arguments->operands, &config, diags);
    if (r < 0)
        return cli_rejected(diags, r);
    struct text out = {0};
    r = tell(config, arguments, &out);
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
