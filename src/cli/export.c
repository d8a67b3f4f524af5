/* export: the openings of a site in the words of a firewall, and what managers need to read PORTCONFORM-MIB. */
#include "matrix.h"

#include "portconform/error.h"
#include "portconform/export.h"
#include "portconform/mib.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { FORMS_MAX = 16 };

static int unknown_form(const char *word)
{
    const char *names[FORMS_MAX] = {NULL};
    size_t count = 0;
    for (size_t i = 0; count < FORMS_MAX - 1 && exporters[i]; i++)
        names[count++] = exporters[i]->name;
    for (size_t i = 0; count < FORMS_MAX - 1 && mib_exporters[i]; i++)
        names[count++] = mib_exporters[i]->name;
    struct text error = {0};
    options_unknown(&error, "form", word, names);
    int status = cli_fail("export: %s", text_string(&error));
    text_done(&error);
    return status;
}

static int missing_form(void)
{
    struct text forms = {0};
    for (size_t i = 0; exporters[i]; i++)
        text_printf(&forms, "%s%s", i > 0 ? ", " : "", exporters[i]->name);
    for (size_t i = 0; mib_exporters[i]; i++)
        text_printf(&forms, ", %s", mib_exporters[i]->name);
    int status = cli_fail("export: needs one form: %s", text_string(&forms));
    text_done(&forms);
    return status;
}

/* What was left out makes the whole incomplete, and the status says so: a script shall not load it unread. */
static int write_and_tell(const struct exporter *exporter, const struct matrix *matrix,
                          const struct cli_arguments *arguments, struct diag_list *diags)
{
    struct export_options options = {.count_rest = arguments->count_rest};
    struct text out = {0};
    int r = exporter->write(&out, matrix, &options, diags);
    if (r < 0) {
        text_done(&out);
        return cli_fail("%s", pc_strerror(r));
    }
    int status = cli_finish(&out, diags->warnings > 0 ? STATUS_ERRORS : STATUS_OK);
    cli_print_diags(diags, DIAG_NOTE);
    cli_matrix_ask(matrix);
    return status;
}

/* They hang on the enterprise number alone; without a configuration it is the root for local use. */
static int export_for_managers(const struct mib_exporter *exporter, const struct cli_arguments *arguments)
{
    uint32_t pen = 0;
    if (arguments->config) {
        struct cli_matrix held = {0};
        int status = cli_matrix_open(arguments, true, &held);
        if (status != CLI_GO_ON)
            return status;
        pen = held.site.plan->site->pen;
        cli_matrix_done(&held);
    }
    struct text out = {0};
    int r = exporter->write(&out, pen);
    if (r < 0) {
        text_done(&out);
        return cli_fail("%s", pc_strerror(r));
    }
    return cli_finish(&out, STATUS_OK);
}

static int export(const struct cli_arguments *arguments)
{
    const struct mib_exporter *for_managers = mib_exporter_find(arguments->operands[0]);
    if (for_managers)
        return export_for_managers(for_managers, arguments);
    const struct exporter *exporter = exporter_find(arguments->operands[0]);
    if (!exporter)
        return unknown_form(arguments->operands[0]);
    if (exporter->needs_host && !arguments->host)
        return cli_fail("export: %s is for one host's own firewall; name it by -H", exporter->name);
    struct cli_matrix held = {0};
    struct diag_list diags;
    int status = cli_matrix_open(arguments, true, &held);
    if (status != CLI_GO_ON)
        return status;
    if (diag_list_init(&diags) < 0) {
        status = cli_fail("out of memory");
    } else {
        status = write_and_tell(exporter, held.matrix, arguments, &diags);
        diag_list_done(&diags);
    }
    cli_matrix_done(&held);
    return status;
}

int command_export(const struct command *command, int argc, char **argv)
{
    struct cli_arguments arguments;
    int status = cli_arguments_read(command, argc, argv, &arguments);
    if (status != CLI_GO_ON)
        return status;
    status = arguments.operand_count == 1 ? export(&arguments) : missing_form();
    cli_arguments_done(&arguments);
    return status;
}
