/* expect: what a site expects, resolved to numbers; nothing is looked at. */
#include "command.h"

#include <errno.h>
#include <string.h>

static const char *const columns[] = {"host",  "transport", "ports", "presence", "scope",
                                      "peers", "guide",     "ref",   "severity", NULL};
static const char *const columns_explained[] = {"host",  "transport", "ports",    "presence",   "scope", "peers",
                                                "guide", "ref",       "severity", "parameters", NULL};

/* --- where the values come from ---------------------------------------------------------------------------------- */

struct explaining {
    const struct expectation *expectation;
    struct text *out;
    int64_t wall_ms;
};

static void explain_parameter(void *context, const char *name, bool is_peer)
{
    static const char *const levels[] = {[SETTING_DEFAULT] = "default",
                                         [SETTING_SITE] = "site",
                                         [SETTING_TEMPLATE] = "template",
                                         [SETTING_HOST] = "host",
                                         [SETTING_ROLE] = "role"};
    struct explaining *explaining = context;
    const struct role *role = explaining->expectation->role;
    if (is_peer || !role)
        return;
    struct setting setting = settings_find(&role->settings, role->guide, name, explaining->wall_ms);
    struct text one = {0};
    char value[64];
    text_printf(&one, "%s = %s (%s", name, value_format(&setting.value, value, sizeof(value)), levels[setting.level]);
    if (setting.origin.file)
        text_printf(&one, ", %s:%u", setting.origin.file, setting.origin.line);
    text_add(&one, ")");
    /* a parameter may occur more than once in a rule */
    if (!strstr(text_string(explaining->out), text_string(&one)))
        text_printf(explaining->out, "%s%s", explaining->out->length > 0 ? ", " : "", text_string(&one));
    text_done(&one);
}

static void explain(struct text *out, const struct expectation *expectation, int64_t wall_ms)
{
    struct explaining explaining = {expectation, out, wall_ms};
    const struct rule *rule = expectation->rule;
    if (rule->when)
        expression_names(rule->when, explain_parameter, &explaining);
    if (expectation->item->low)
        expression_names(expectation->item->low, explain_parameter, &explaining);
    if (expectation->item->high && expectation->item->high != expectation->item->low)
        expression_names(expectation->item->high, explain_parameter, &explaining);
    if (expectation->changed)
        text_printf(out, "%sports set by the host", out->length > 0 ? ", " : "");
}

/* --- rows -------------------------------------------------------------------------------------------------------- */

/* The user's own rules have no guide; what names them is their id without its "site/". */
static const char *own_ref(const struct rule *rule)
{
    static const char prefix[] = "site/";
    size_t length = sizeof(prefix) - 1;
    return strncmp(rule->id, prefix, length) == 0 ? rule->id + length : rule->id;
}

static enum transport transport_of(const struct expectation *expectation)
{
    if (!expectation->unset)
        return expectation->range.transport;
    return rule_transport(expectation->rule, expectation->item);
}

static void add_row(struct sheet *sheet, const struct expectation *expectation, bool explained, int64_t wall_ms)
{
    const struct rule *rule = expectation->rule;
    struct text word = {0};
    char range[PORT_RANGE_TEXT];
    sheet_add(sheet, expectation->host->name);
    sheet_add(sheet, transport_name(transport_of(expectation)));
    sheet_add(sheet, expectation->unset ? "?" : port_range_format(&expectation->range, range, sizeof(range)));
    sheet_add(sheet, presence_name(rule->presence));
    sheet_add(sheet, scope_name(rule->scope));
    rule_format_peers(&word, rule);
    sheet_add_text(sheet, &word);
    sheet_add(sheet, rule->guide ? rule->guide->id : NULL);
    sheet_add(sheet, rule->guide ? rule->ref : own_ref(rule));
    sheet_add(sheet, severity_name(expectation->severity));
    if (explained) {
        explain(&word, expectation, wall_ms);
        sheet_add_text(sheet, &word);
    }
    text_done(&word);
}

static int tell(const struct plan *plan, const struct cli_arguments *arguments, struct text *out)
{
    struct sheet sheet;
    int64_t wall_ms = moment_now().wall_ms;
    int r = sheet_init(&sheet, arguments->explain ? columns_explained : columns);
    for (size_t h = 0; r == 0 && h < plan->host_count; h++)
        for (size_t e = 0; e < plan->hosts[h].expectation_count; e++)
            add_row(&sheet, &plan->hosts[h].expectations[e], arguments->explain, wall_ms);
    if (r == 0) {
        switch (arguments->form) {
        case FORM_TEXT:
            r = sheet_tell_text(&sheet, out, check_columns());
            break;
        case FORM_TSV:
            r = sheet_tell_tsv(&sheet, out);
            break;
        case FORM_JSON:
            r = sheet_tell_json(&sheet, out);
            break;
        }
    }
    sheet_done(&sheet);
    return r;
}

static int open_and_tell(const struct cli_arguments *arguments, struct diag_list *diags)
{
    struct check_site_request request = {
        .path = arguments->config,
        .guide_dirs = arguments->guide_dirs,
        .host = arguments->host,
        .vantage = arguments->vantage,
        .lookup = check_lookup_none,
    };
    struct check_site site = {NULL, NULL};
    int r = check_site_open(&request, &site, diags);
    if (r < 0)
        return cli_rejected(diags, r);
    struct text out = {0};
    r = tell(site.plan, arguments, &out);
    check_site_done(&site);
    if (r == 0)
        return cli_finish(&out, STATUS_OK);
    text_done(&out);
    return cli_rejected(diags, r);
}

int command_expect(const struct command *command, int argc, char **argv)
{
    struct cli_arguments arguments;
    int status = cli_arguments_read(command, argc, argv, &arguments);
    if (status != CLI_GO_ON)
        return status;
    struct diag_list diags;
    if (arguments.operand_count > 0) {
        status = cli_fail("expect: \"%s\" stands alone; a host is given by -H", arguments.operands[0]);
    } else if (diag_list_init(&diags) < 0) {
        status = cli_fail("out of memory");
    } else {
        status = open_and_tell(&arguments, &diags);
        diag_list_done(&diags);
    }
    cli_arguments_done(&arguments);
    return status;
}
