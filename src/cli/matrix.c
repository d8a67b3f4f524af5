/* matrix: who must reach whom. */
#include "matrix.h"

#include "portconform/error.h"
#include "portconform/export.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- from arguments to openings ---------------------------------------------------------------------------------- */

static int host_not_found(const struct site *site, const char *name)
{
    const char **names = calloc(site->host_count + 1, sizeof(*names));
    if (!names)
        return cli_fail("out of memory");
    for (size_t i = 0; i < site->host_count; i++)
        names[i] = site->hosts[i].name;
    const char *nearest = pc_nearest(name, names);
    int status = nearest ? cli_fail("the site has no host \"%s\"; did you mean \"%s\"?", name, nearest)
                         : cli_fail("the site has no host \"%s\"", name);
    free(names);
    return status;
}

/* All hosts are planned even for one: the others call it. */
static int open_matrix(const struct cli_arguments *arguments, bool inbound, struct cli_matrix *ret,
                       struct diag_list *diags)
{
    struct check_site_request request = {
        .path = arguments->config,
        .guide_dirs = arguments->guide_dirs,
        .vantage = arguments->vantage,
        .lookup = check_lookup_none, /* names stay names */
    };
    struct cli_matrix held = {0};
    int r = check_site_open(&request, &held.site, diags);
    if (r < 0)
        return cli_rejected(diags, r);
    const struct plan *plan = held.site.plan;
    struct matrix_options options = {.inbound = inbound, .vantage = arguments->vantage ? plan->vantage : NULL};
    int status = CLI_GO_ON;
    if (arguments->host && !(options.host = site_host(plan->site, arguments->host))) {
        status = host_not_found(plan->site, arguments->host);
    } else if ((r = matrix_build(plan, &options, &held.matrix)) < 0) {
        status = cli_fail("%s", pc_strerror(r));
    }
    if (status == CLI_GO_ON)
        *ret = held;
    else
        cli_matrix_done(&held);
    return status;
}

int cli_matrix_open(const struct cli_arguments *arguments, bool inbound, struct cli_matrix *ret)
{
    struct diag_list diags;
    if (diag_list_init(&diags) < 0)
        return cli_fail("out of memory");
    int status = open_matrix(arguments, inbound, ret, &diags);
    diag_list_done(&diags);
    return status;
}

void cli_matrix_done(struct cli_matrix *held)
{
    matrix_free(held->matrix);
    check_site_done(&held->site);
}

void cli_matrix_ask(const struct matrix *matrix)
{
    for (size_t i = 0; i < matrix->question_count; i++) {
        struct text line = {0};
        question_format(&line, &matrix->questions[i]);
        cli_fail("open question: %s", text_string(&line)); /* its status is for failures alone */
        text_done(&line);
    }
}

/* --- as text ----------------------------------------------------------------------------------------------------- */

static const char *const columns_text[] = {"from",  "address", "to",    "address", "transport",
                                           "ports", "service", "rules", NULL};
static const char *const columns_all[] = {"from",    "from_kind",    "from_addresses", "to",
                                          "to_kind", "to_addresses", "transport",      "ports",
                                          "service", "rules",        "about",          NULL};

enum { ADDRESSES_SHOWN = 2 }; /* of an end, in text */

static void add_addresses(struct sheet *sheet, const struct opening_end *end, size_t most)
{
    struct text word = {0};
    for (size_t i = 0; i < end->address_count && i < most; i++) {
        text_add(&word, i > 0 ? " " : "");
        end_format_address(&word, &end->addresses[i]);
    }
    if (end->address_count > most)
        text_printf(&word, " ... (%zu)", end->address_count);
    sheet_add_text(sheet, &word);
    text_done(&word);
}

static void add_end(struct sheet *sheet, const struct opening_end *end, bool all)
{
    sheet_add(sheet, end->name);
    if (all)
        sheet_add(sheet, end_kind_name(end->kind));
    add_addresses(sheet, end, all ? SIZE_MAX : ADDRESSES_SHOWN);
}

static void add_opening(struct sheet *sheet, const struct opening *opening, bool all)
{
    char range[PORT_RANGE_TEXT];
    struct text word = {0};
    add_end(sheet, opening->source, all);
    add_end(sheet, opening->destination, all);
    sheet_add(sheet, transport_name(opening->range.transport));
    sheet_add(sheet, port_range_format(&opening->range, range, sizeof(range)));
    opening_format_service(&word, opening);
    sheet_add_text(sheet, &word);
    rules_format(&word, opening->rules, opening->rule_count);
    /* words break at blanks alone */
    for (size_t i = 0; !all && i < word.length; i++)
        if (word.data[i] == ',')
            word.data[i] = ' ';
    sheet_add_text(sheet, &word);
    if (all)
        sheet_add(sheet, opening_about(opening));
    text_done(&word);
}

static void tell_questions(const struct matrix *matrix, struct text *out)
{
    if (matrix->question_count == 0)
        return;
    text_add(out, "\nOpen questions; what they are about is not in the list:\n");
    for (size_t i = 0; i < matrix->question_count; i++) {
        struct text line = {0};
        question_format(&line, &matrix->questions[i]);
        text_add(out, "  ");
        cli_wrap(out, text_string(&line), 2, 4, check_columns());
        text_add(out, "\n");
        out->failed = out->failed || line.failed;
        text_done(&line);
    }
    cli_wrap(out, "Roles of hosts, networks, externals and settings answer them: see portconform-site.conf(5).", 0, 2,
             check_columns());
    text_add(out, "\n");
}

static int tell_text(const struct sheet *sheet, const struct matrix *matrix, struct text *out)
{
    if (matrix->opening_count == 0)
        text_add(out, "Nobody has to reach anybody.\n");
    int r = matrix->opening_count > 0 ? sheet_tell_text(sheet, out, check_columns()) : 0;
    tell_questions(matrix, out);
    return r == 0 && out->failed ? -ENOMEM : r;
}

static int tell_sheet(const struct matrix *matrix, const char *form, struct text *out)
{
    struct sheet sheet;
    bool all = strcmp(form, "text") != 0;
    int r = sheet_init(&sheet, all ? columns_all : columns_text);
    for (size_t i = 0; r == 0 && i < matrix->opening_count; i++)
        add_opening(&sheet, &matrix->openings[i], all);
    if (r == 0 && !all)
        r = tell_text(&sheet, matrix, out);
    else if (r == 0)
        r = strcmp(form, "json") == 0 ? sheet_tell_json(&sheet, out) : sheet_tell_tsv(&sheet, out);
    sheet_done(&sheet);
    return r;
}

/* --- the command ------------------------------------------------------------------------------------------------- */

static int tell(const struct matrix *matrix, const char *form)
{
    const struct exporter *exporter = exporter_find(form);
    struct export_options options = {false};
    struct text out = {0};
    int r = exporter ? exporter->write(&out, matrix, &options, NULL) : tell_sheet(matrix, form, &out);
    if (r < 0) {
        text_done(&out);
        return cli_fail("%s", pc_strerror(r));
    }
    int status = cli_finish(&out, STATUS_OK);
    /* text and page have them at their end */
    if (strcmp(form, "text") != 0 && strcmp(form, "html") != 0)
        cli_matrix_ask(matrix);
    return status;
}

int command_matrix(const struct command *command, int argc, char **argv)
{
    struct cli_arguments arguments;
    int status = cli_arguments_read(command, argc, argv, &arguments);
    if (status != CLI_GO_ON)
        return status;
    struct cli_matrix held = {0};
    if (arguments.operand_count > 0)
        status = cli_fail("matrix: \"%s\" stands alone; a host is given by -H", arguments.operands[0]);
    else
        status = cli_matrix_open(&arguments, false, &held);
    if (held.matrix) {
        status = tell(held.matrix, arguments.matrix_form ? arguments.matrix_form : "text");
        cli_matrix_done(&held);
    }
    cli_arguments_done(&arguments);
    return status;
}
