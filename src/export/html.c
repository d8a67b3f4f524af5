/* HTML: the matrix as one page that needs nothing else, to be mailed, archived and printed. */
#include "writing.h"

#include <errno.h>
#include <string.h>

static const char html_style[] =
    "body{font:14px/1.4 system-ui,sans-serif;margin:2em;color:#111;background:#fff}"
    "h1{font-size:1.4em}h2{font-size:1.1em;margin-top:2em}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.25em .6em;border-bottom:1px solid #ccc}"
    "thead th{border-bottom:2px solid #111}tbody th{background:#eee}"
    "small{color:#555}"
    "@media print{body{margin:0;font-size:10px}thead{display:table-header-group}tr{break-inside:avoid}}";

static void html_add(struct text *out, const char *string)
{
    static const struct {
        char letter;
        const char *entity;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    struct text plain = {0};
    text_escape_string(&plain, string, ESCAPE_TEXT);
    for (const char *c = text_string(&plain); *c != '\0'; c++) {
        const char *entity = NULL;
        for (size_t i = 0; entity == NULL && i < sizeof entities / sizeof *entities; i++)
            if (entities[i].letter == *c)
                entity = entities[i].entity;
        text_add(out, entity != NULL ? entity : (const char[]){*c, '\0'});
    }
    out->failed |= plain.failed;
    text_done(&plain);
}

static void html_add_text(struct text *out, struct text *word)
{
    html_add(out, text_string(word));
    out->failed |= word->failed;
    text_clear(word);
}

static void html_add_end(struct text *out, const struct opening_end *end)
{
    struct text word = {0};
    html_add(out, end->name);
    end_format_addresses(&word, end);
    out->failed |= word.failed;
    if (word.length > 0) {
        text_add(out, "<br><small>");
        html_add_text(out, &word);
        text_add(out, "</small>");
    }
    text_done(&word);
}

static void html_add_opening(struct text *out, const struct opening *opening)
{
    char range[PORT_RANGE_TEXT];
    struct text word = {0};
    text_add(out, "<tr><td>");
    html_add_end(out, opening->source);
    text_add(out, "</td><td>");
    html_add_end(out, opening->destination);
    text_printf(out, "</td><td>%s</td><td>%s</td><td>", transport_name(opening->range.transport),
                port_range_format(&opening->range, range, sizeof range));
    opening_format_service(&word, opening);
    html_add_text(out, &word);
    text_add(out, "</td><td>");
    for (size_t i = 0; i < opening->rule_count; i++) {
        text_add(out, i > 0 ? "<br>" : "");
        html_add(out, opening->rules[i]->id);
    }
    text_add(out, "</td><td>");
    html_add(out, opening_about(opening) != NULL ? opening_about(opening) : "");
    text_add(out, "</td></tr>\n");
    text_done(&word);
}

static void html_add_questions(struct text *out, const struct matrix *matrix)
{
    struct text word = {0};
    if (matrix->question_count > 0)
        text_add(out, "<h2>Open questions</h2>\n<p>What these are about is not in the table.</p>\n<ul>\n");
    for (size_t i = 0; i < matrix->question_count; i++) {
        question_format(&word, &matrix->questions[i]);
        text_add(out, "<li>");
        html_add_text(out, &word);
        text_add(out, "</li>\n");
    }
    text_add(out, matrix->question_count > 0 ? "</ul>\n" : "");
    text_done(&word);
}

static int html_write(struct text *out, const struct matrix *matrix, const struct export_options *options,
                      struct diag_list *diags)
{
    (void)options;
    (void)diags;
    text_add(out,
             "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Who must reach whom: ");
    html_add(out, matrix->plan->site->name);
    text_printf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n<h1>Who must reach whom: ", html_style);
    html_add(out, matrix->plan->site->name);
    if (matrix->host != NULL) {
        text_add(out, ", host ");
        html_add(out, matrix->host->name);
    }
    text_printf(out, "</h1>\n<p>%zu opening%s.</p>\n", matrix->opening_count, matrix->opening_count == 1 ? "" : "s");
    text_add(out, "<table>\n<thead><tr><th>From</th><th>To</th><th>Transport</th><th>Ports</th><th>Service</th>"
                  "<th>Guide rows</th><th>What for</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < matrix->opening_count; i++)
        html_add_opening(out, &matrix->openings[i]);
    text_add(out, "</tbody>\n</table>\n");
    html_add_questions(out, matrix);
    text_add(out, "</body>\n</html>\n");
    return out->failed ? -ENOMEM : 0;
}

const struct exporter export_html = {
    .name = "html",
    .summary = "one page that needs nothing else, to be printed or archived",
    .for_people = true,
    .write = html_write,
};
