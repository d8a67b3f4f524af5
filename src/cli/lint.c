/* lint: every mistake of a site or a guide with its place, and what the site as a whole leaves unseen. */
#include "lint.h"

#include "portconform/error.h"
#include "portconform/syslog_tls.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int (*const checks[])(const struct lint_plans *plans, struct diag_list *diags) = {
    lint_callers, lint_peers, lint_unseen, lint_exclusive, lint_double_ports, lint_ephemeral, lint_enterprise,
};
enum { CHECKS = sizeof(checks) / sizeof(checks[0]) };

static int make_plans(const struct cli_arguments *arguments, struct lint_plans *plans, struct diag_list *diags)
{
    enum { NAMES_MS = 10000 };
    const struct site *site = plans->config->site;
    struct check_lookup lookup = {.deadline_mono_ms = moment_now().mono_ms + NAMES_MS};
    size_t wanted = site->vantage_count > 0 ? site->vantage_count : 1;
    plans->items = calloc(wanted, sizeof(struct plan *));
    if (!plans->items)
        return -ENOMEM;
    for (size_t i = 0; i < wanted; i++) {
        struct check_site_request request = {
            .path = arguments->config,
            .vantage = site->vantage_count > 0 ? site->vantages[i].name : NULL,
            .lookup = cli_lookup,
            .lookup_context = &lookup,
        };
        /* what is wrong with the hosts is the same from everywhere: told once */
        int r = check_site_plan(&request, plans->config, &plans->items[i], i == 0 ? diags : NULL);
        if (r < 0)
            return r;
        plans->count++;
    }
    return 0;
}

static int check_plans(const struct cli_arguments *arguments, const struct config *config, struct diag_list *diags)
{
    struct lint_plans plans = {.config = config};
    int r = make_plans(arguments, &plans, diags);
    for (size_t i = 0; r == 0 && i < CHECKS; i++)
        r = checks[i](&plans, diags);
    for (size_t i = 0; i < plans.count; i++)
        plan_free(plans.items[i]);
    free(plans.items);
    return r;
}

static int tell(struct diag_list *diags, size_t file_count)
{
    diag_list_sort(diags);
    for (size_t i = 0; i < diags->count; i++)
        diag_print(&diags->items[i], stdout);
    struct text out = {0};
    if (diags->dropped > 0)
        text_printf(&out, "and %zu more\n", diags->dropped);
    text_add_count(&out, diags->errors, "error");
    text_add(&out, ", ");
    text_add_count(&out, diags->warnings, "warning");
    text_add(&out, " in ");
    text_add_count(&out, file_count, "file");
    text_add(&out, "\n");
    return cli_finish(&out, diags->errors > 0 ? STATUS_ERRORS : STATUS_OK);
}

static int lint(const struct cli_arguments *arguments, struct diag_list *diags)
{
    bool guides_alone = arguments->operand_count > 0;
    size_t file_count = 0;
    struct load_options load = {
        .file_count = &file_count,
        .path = guides_alone ? PC_SYSCONFDIR : check_site_path(arguments->config, diags),
        .guide_dirs = arguments->guide_dirs,
        .wall_ms = moment_now().wall_ms,
    };
    struct config *config = NULL;
    int r = guides_alone ? config_load_guides(&load, (const char *const *)arguments->operands, &config, diags)
            : load.path  ? config_load(&load, &config, diags)
                         : -ENOENT;
    for (size_t g = 0; r == 0 && g < config->guide_count; g++)
        lint_guide(&config->guides[g], diags);
    if (r == 0 && !guides_alone) {
        (void)syslog_check_files(config->site, diags); /* each mistake is in the list */
        r = check_plans(arguments, config, diags);
    }
    config_free(config);
    if (r < 0 && diags->errors == 0)
        return cli_fail("lint: %s", pc_strerror(r));
    return tell(diags, file_count);
}

int command_lint(const struct command *command, int argc, char **argv)
{
    struct cli_arguments arguments;
    int status = cli_arguments_read(command, argc, argv, &arguments);
    if (status != CLI_GO_ON)
        return status;
    struct diag_list diags;
    if (arguments.config && arguments.operand_count > 0) {
        status = cli_fail("lint: either a site by -C or guides by name");
    } else if (diag_list_init(&diags) < 0) {
        status = cli_fail("out of memory");
    } else {
        status = lint(&arguments, &diags);
        diag_list_done(&diags);
    }
    cli_arguments_done(&arguments);
    return status;
}
