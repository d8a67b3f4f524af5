/* CSV after RFC 4180: a line an opening, for spreadsheets. */
#include "writing.h"

#include <errno.h>
#include <string.h>

/* A cell that begins so is a formula to a spreadsheet, whatever quotation marks stand around it. */
static bool csv_is_formula(const char *word)
{
    word += strspn(word, " \t\r\n");
    return *word != '\0' && strchr("=+-@", *word) != NULL;
}

static void csv_add_cell(struct text *out, const char *word)
{
    struct text plain = {0};
    text_add(&plain, csv_is_formula(word) ? "'" : "");
    text_escape_string(&plain, word, ESCAPE_TEXT);
    const char *at = text_string(&plain);
    bool quoted = strpbrk(at, ",\"'") != NULL || *at == ' ' || (*at != '\0' && at[strlen(at) - 1] == ' ');
    if (!quoted) {
        text_add(out, at);
    } else {
        text_add(out, "\"");
        for (; *at != '\0'; at++)
            text_add(out, *at == '"' ? "\"\"" : (const char[]){*at, '\0'});
        text_add(out, "\"");
    }
    out->failed |= plain.failed;
    text_done(&plain);
}

static void csv_add_next(struct text *out, struct text *word)
{
    text_add(out, ",");
    csv_add_cell(out, text_string(word));
    out->failed |= word->failed;
    text_clear(word);
}

static void csv_add_end(struct text *out, const struct opening_end *end)
{
    struct text addresses = {0};
    csv_add_cell(out, end->name);
    text_printf(out, ",%s", end_kind_name(end->kind));
    end_format_addresses(&addresses, end);
    csv_add_next(out, &addresses);
    text_done(&addresses);
}

static void csv_add_opening(struct text *out, const struct opening *opening)
{
    char range[PORT_RANGE_TEXT];
    struct text word = {0};
    csv_add_end(out, opening->source);
    text_add(out, ",");
    csv_add_end(out, opening->destination);
    text_printf(out, ",%s,%s", transport_name(opening->range.transport),
                port_range_format(&opening->range, range, sizeof range));
    opening_format_service(&word, opening);
    csv_add_next(out, &word);
    rules_format(&word, opening->rules, opening->rule_count);
    csv_add_next(out, &word);
    text_add(&word, opening_about(opening) != NULL ? opening_about(opening) : "");
    csv_add_next(out, &word);
    text_add(out, "\r\n");
    text_done(&word);
}

static int csv_write(struct text *out, const struct matrix *matrix, const struct export_options *options,
                     struct diag_list *diags)
{
    (void)options;
    (void)diags;
    text_add(out, "from,from_kind,from_addresses,to,to_kind,to_addresses,transport,ports,service,rules,about\r\n");
    for (size_t i = 0; i < matrix->opening_count; i++)
        csv_add_opening(out, &matrix->openings[i]);
    return out->failed ? -ENOMEM : 0;
}

const struct exporter export_csv = {
    .name = "csv",
    .summary = "a line an opening, for spreadsheets",
    .for_people = true,
    .write = csv_write,
};
