/* diff: what differs between two guides or two sites, and what a firewall has to follow. */
#include "command.h"

#include "portconform/diff.h"
#include "portconform/error.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* As diff(1): same, different, trouble. */
enum { STATUS_SAME = 0, STATUS_DIFFERENT = 1 };

/* --- what is compared -------------------------------------------------------------------------------------------- */

/* One of the two, read. */
struct side {
    const char *word; /* as given */
    bool is_site;
    struct check_site site;
    struct matrix *matrix;
    struct config *guides; /* holds one guide */
};

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISDIR(status.st_mode);
}

static bool ends_with(const char *word, const char *ending)
{
    size_t length = strlen(word), tail = strlen(ending);
    return length >= tail && strcmp(word + length - tail, ending) == 0;
}

/* A folder with site.conf, that file itself, or a file beside a hosts.d. */
static bool find_is_site(const char *word)
{
    struct text path = {0};
    const char *slash = strrchr(word, '/');
    bool found = false;
    if (is_folder(word)) {
        text_printf(&path, "%s/site.conf", word);
        found = is_file(text_string(&path));
    } else if (is_file(word)) {
        text_printf(&path, "%.*shosts.d", slash ? (int)(slash + 1 - word) : 0, word);
        found = strcmp(slash ? slash + 1 : word, "site.conf") == 0 || is_folder(text_string(&path));
    }
    text_done(&path);
    return found;
}

static int open_site(const struct cli_arguments *arguments, struct side *side, struct diag_list *diags)
{
    struct check_site_request request = {
        .path = side->word, .guide_dirs = arguments->guide_dirs, .lookup = check_lookup_none, /* names stay names */
    };
    struct matrix_options options = {.host = NULL};
    int r = check_site_open(&request, &side->site, diags);
    return r < 0 ? r : matrix_build(side->site.plan, &options, &side->matrix);
}

/* A guide by its id, or the file or folder that holds it: then the folder around it is searched first. */
static int open_guide(const struct cli_arguments *arguments, struct side *side, struct diag_list *diags)
{
    bool is_path = strchr(side->word, '/') || ends_with(side->word, ".conf") || is_folder(side->word);
    size_t length = strlen(side->word);
    while (is_path && length > 1 && side->word[length - 1] == '/')
        length--;
    size_t base = length;
    while (is_path && base > 0 && side->word[base - 1] != '/')
        base--;
    struct text folder = {0}, id = {0};
    text_add_n(&folder, base > 0 && is_path ? side->word : ".", base > 0 && is_path ? base : 1);
    text_add_n(&id, side->word + (is_path ? base : 0), length - (is_path ? base : 0));
    if (is_path && ends_with(text_string(&id), ".conf"))
        id.data[id.length - strlen(".conf")] = '\0';
    const char *folders[] = {text_string(&folder), NULL};
    const char *ids[] = {text_string(&id), NULL};
    struct load_options load = {
        .guide_dirs = is_path ? folders : arguments->guide_dirs,
        .wall_ms = moment_now().wall_ms,
    };
    int r = folder.failed || id.failed ? -ENOMEM : config_load_guides(&load, ids, &side->guides, diags);
    text_done(&folder);
    text_done(&id);
    return r;
}

static int open_side(const struct cli_arguments *arguments, const char *word, struct side *ret)
{
    struct diag_list diags;
    if (diag_list_init(&diags) < 0)
        return cli_fail("out of memory");
    *ret = (struct side){.word = word, .is_site = find_is_site(word)};
    int r = ret->is_site ? open_site(arguments, ret, &diags) : open_guide(arguments, ret, &diags);
    int status = r < 0 ? cli_rejected(&diags, r) : CLI_GO_ON;
    diag_list_done(&diags);
    return status;
}

static void side_done(struct side *side)
{
    matrix_free(side->matrix);
    check_site_done(&side->site);
    config_free(side->guides);
}

/* --- for machines ------------------------------------------------------------------------------------------------ */

static const char *const columns[] = {"change", "where", "source", "ports", "field",
                                      "before", "after", "when",   "ref",   NULL};

static void add_end(struct sheet *sheet, const char *name, const char *addresses)
{
    struct text word = {0};
    text_add(&word, name);
    if (addresses)
        text_printf(&word, " (%s)", addresses);
    sheet_add_text(sheet, &word);
    text_done(&word);
}

static int tell_sheet(const struct diff *diff, enum cli_form form, struct text *out)
{
    struct sheet sheet;
    int r = sheet_init(&sheet, columns);
    for (size_t i = 0; r == 0 && i < diff->count; i++) {
        const struct difference *item = &diff->items[i];
        const char *words[] = {difference_kind_name(item->kind),
                               item->where,
                               NULL,
                               item->ports,
                               item->field,
                               item->before,
                               item->after,
                               item->about,
                               item->ref};
        for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++)
            sheet_add(&sheet, words[w]);
    }
    for (size_t i = 0; r == 0 && i < diff->way_count; i++) {
        const struct way_difference *way = &diff->ways[i];
        struct text ports = {0};
        sheet_add(&sheet, way->open ? "firewall-open" : "firewall-close");
        add_end(&sheet, way->destination, way->destination_addresses);
        add_end(&sheet, way->source, way->source_addresses);
        text_printf(&ports, "%s %s", transport_name(way->transport), way->ports);
        sheet_add_text(&sheet, &ports);
        sheet_add(&sheet, NULL);
        sheet_add(&sheet, NULL);
        sheet_add(&sheet, NULL);
        sheet_add(&sheet, way->when);
        sheet_add(&sheet, way->ref);
        text_done(&ports);
    }
    if (r == 0)
        r = form == FORM_TSV ? sheet_tell_tsv(&sheet, out) : sheet_tell_json(&sheet, out);
    sheet_done(&sheet);
    return r;
}

/* --- for people -------------------------------------------------------------------------------------------------- */

enum { LEFT = 11, PORTS = 24 };

static void tell_line(struct text *out, const char *kind, const char *ports, const struct text *words)
{
    struct text left = {0};
    text_printf(&left, "  %s", kind);
    text_add(&left, "  ");
    text_add_padded(out, text_string(&left), LEFT);
    text_clear(&left);
    text_add(&left, ports ? ports : "");
    if (ports && text_columns(ports) + 2 > PORTS)
        text_printf(out, "%s\n%*s", ports, LEFT + PORTS, "");
    else if (ports)
        text_add_padded(out, ports, PORTS);
    unsigned at = ports ? LEFT + PORTS : LEFT;
    cli_wrap(out, text_string(words), at, at, check_columns());
    text_add(out, "\n");
    text_done(&left);
}

static void tell_difference(struct text *out, const struct difference *item)
{
    struct text words = {0};
    if (item->field)
        text_printf(&words, "%s: %s, was %s", item->field, item->after, item->before);
    else if (item->about)
        text_add(&words, item->about);
    if (item->ref)
        text_printf(&words, "  [%s]", item->ref);
    tell_line(out, difference_kind_name(item->kind), item->ports, &words);
    text_done(&words);
}

static void tell_way(struct text *out, const struct way_difference *way)
{
    struct text words = {0}, ports = {0};
    text_printf(&ports, "%s %s", transport_name(way->transport), way->ports);
    text_printf(&words, "%s%s%s%s -> %s%s%s%s", way->source, way->source_addresses ? " (" : "",
                way->source_addresses ? way->source_addresses : "", way->source_addresses ? ")" : "", way->destination,
                way->destination_addresses ? " (" : "", way->destination_addresses ? way->destination_addresses : "",
                way->destination_addresses ? ")" : "");
    if (way->when)
        text_printf(&words, " when %s", way->when);
    text_printf(&words, "  [%s]", way->ref);
    tell_line(out, way->open ? "open" : "close", text_string(&ports), &words);
    text_done(&words);
    text_done(&ports);
}

static size_t count_kind(const struct diff *diff, enum difference_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < diff->count; i++)
        count += diff->items[i].kind == kind;
    return count;
}

static void tell_summary(struct text *out, const struct diff *diff)
{
    size_t to_open = 0;
    for (size_t i = 0; i < diff->way_count; i++)
        to_open += diff->ways[i].open;
    text_printf(out, "\n%zu opened, %zu dropped, %zu changed", count_kind(diff, DIFFERENCE_OPENED),
                count_kind(diff, DIFFERENCE_DROPPED), count_kind(diff, DIFFERENCE_CHANGED));
    text_printf(out, "; firewall: %zu to open, %zu to close\n", to_open, diff->way_count - to_open);
}

static void tell_text(const struct diff *diff, const struct side *a, const struct side *b, struct text *out)
{
    if (diff->count == 0 && diff->way_count == 0) {
        text_printf(out, "%s and %s demand the same.\n", a->word, b->word);
        return;
    }
    text_printf(out, "%s -> %s\n", a->word, b->word);
    for (size_t i = 0; i < diff->count; i++) {
        if (i == 0 || strcmp(diff->items[i].where, diff->items[i - 1].where) != 0)
            text_printf(out, "\n%s\n", diff->items[i].where);
        tell_difference(out, &diff->items[i]);
    }
    if (diff->way_count > 0)
        text_printf(out, "\n%s\n", a->is_site ? "firewall between them" : "firewall: who may call what");
    for (size_t i = 0; i < diff->way_count; i++)
        tell_way(out, &diff->ways[i]);
    tell_summary(out, diff);
    if (a->matrix && b->matrix && a->matrix->question_count + b->matrix->question_count > 0)
        text_printf(out,
                    "Open questions, whose openings are in neither list: %zu before, %zu now "
                    "(portconform matrix tells them)\n",
                    a->matrix->question_count, b->matrix->question_count);
}

/* --- the command ------------------------------------------------------------------------------------------------- */

static int compare(const struct cli_arguments *arguments, const struct side *a, const struct side *b)
{
    struct diff *diff = NULL;
    struct diff_site before = {a->site.plan, a->matrix}, after = {b->site.plan, b->matrix};
    int r = PC_ESEMANTIC;
    if (a->matrix && b->matrix)
        r = diff_sites(&before, &after, arguments->host, &diff);
    else if (a->guides && b->guides)
        r = diff_guides(&a->guides->guides[0], &b->guides->guides[0], &diff);
    if (r < 0)
        return cli_fail("diff: %s", pc_strerror(r));
    struct text out = {0};
    int status = diff->count > 0 || diff->way_count > 0 ? STATUS_DIFFERENT : STATUS_SAME;
    if (arguments->form == FORM_TEXT)
        tell_text(diff, a, b, &out);
    else
        r = tell_sheet(diff, arguments->form, &out);
    if (r < 0 || out.failed) {
        text_done(&out);
        status = cli_fail("out of memory");
    } else {
        status = cli_finish(&out, status);
    }
    diff_free(diff);
    return status;
}

/* The host may be in one of the two alone. */
static int find_host(struct cli_arguments *arguments, const struct side *a, const struct side *b)
{
    if (!arguments->host)
        return CLI_GO_ON;
    if (!a->site.plan || !b->site.plan)
        return cli_fail("diff: guides have no hosts");
    const struct host *host = site_host(b->site.plan->site, arguments->host);
    if (!host)
        host = site_host(a->site.plan->site, arguments->host);
    if (!host)
        return cli_fail("diff: neither site has a host \"%s\"", arguments->host);
    arguments->host = host->name;
    return CLI_GO_ON;
}

static int open_and_compare(struct cli_arguments *arguments)
{
    struct side a = {0}, b = {0};
    int status = open_side(arguments, arguments->operands[0], &a);
    if (status == CLI_GO_ON)
        status = open_side(arguments, arguments->operands[1], &b);
    if (status == CLI_GO_ON && a.is_site != b.is_site)
        status = cli_fail("diff: %s is a %s and %s a %s", a.word, a.is_site ? "site" : "guide", b.word,
                          b.is_site ? "site" : "guide");
    if (status == CLI_GO_ON)
        status = find_host(arguments, &a, &b);
    if (status == CLI_GO_ON)
        status = compare(arguments, &a, &b);
    side_done(&a);
    side_done(&b);
    return status;
}

int command_diff(const struct command *command, int argc, char **argv)
{
    struct cli_arguments arguments;
    int status = cli_arguments_read(command, argc, argv, &arguments);
    if (status != CLI_GO_ON)
        return status;
    status =
        arguments.operand_count == 2 ? open_and_compare(&arguments) : cli_fail("diff: needs two guides or two sites");
    cli_arguments_done(&arguments);
    return status;
}
