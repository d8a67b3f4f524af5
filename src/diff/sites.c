/* Two sites: what is expected of each host, and which openings differ. */
#include "differing.h"

#include "portconform/sorted.h"
#include "portconform/vector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- rows -------------------------------------------------------------------------------------------------------- */

static void format_ports(struct text *out, const struct expectation *expectation)
{
    char range[PORT_RANGE_TEXT];
    if (expectation->unset == NULL)
        text_printf(out, "%s %s", transport_name(expectation->range.transport),
                    port_range_format(&expectation->range, range, sizeof(range)));
    else
        text_printf(out, "%s ? (%s)", transport_name(rule_transport(expectation->rule, expectation->item)),
                    expectation->item->text);
}

static void format_addresses(struct text *out, const struct plan_host *host, const struct expectation *expectation)
{
    for (size_t i = 0; i < expectation->address_count; i++)
        text_printf(out, "%s%s", i > 0 ? " " : "", host->addresses[expectation->addresses[i]].text);
}

static void add_expectation(struct differing *differing, const struct plan *plan, const struct plan_host *host,
                            const struct expectation *expectation, struct rows *rows)
{
    const struct rule *rule = expectation->rule;
    struct row *row = VECTOR_PUSH(rows);
    struct text text = {0};
    if (row == NULL) {
        differing->failed = true;
        return;
    }
    *row = (struct row){
        .where = differing_copy(differing, host->host->name),
        .ref = differing_copy(differing, rule->id),
    };
    text_printf(&text, "%s|%s", expectation->role != NULL ? expectation->role->name : "-", rule->id);
    row->id = differing_keep(differing, &text);
    format_ports(&text, expectation);
    row->ports = differing_keep(differing, &text);
    plan_format_callers(&text, plan, expectation);
    row->fields[FIELD_CALLERS] = differing_keep(differing, &text);
    text_add(&text, presence_name(rule->presence));
    row->fields[FIELD_PRESENCE] = differing_keep(differing, &text);
    row->fields[FIELD_SCOPE] = scope_name(rule->scope);
    row->fields[FIELD_SERVICE] = rule->service != NULL ? differing_copy(differing, rule->service->name) : NULL;
    row->fields[FIELD_FAMILY] = family_name(rule->family);
    row->fields[FIELD_SEVERITY] = severity_name(expectation->severity);
    format_addresses(&text, host, expectation);
    row->fields[FIELD_ADDRESSES] = differing_keep(differing, &text);
    if (expectation->unset != NULL)
        text_printf(&text, "%s has none", expectation->unset);
    row->fields[FIELD_VALUE] = differing_keep(differing, &text);
    text_done(&text);
}

static const struct plan_host *find_host(const struct plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->host_count; i++)
        if (strcmp(plan->hosts[i].host->name, name) == 0)
            return &plan->hosts[i];
    return NULL;
}

static void collect_host(struct differing *differing, const struct plan *plan, const struct plan_host *host,
                         struct rows *ret)
{
    for (size_t e = 0; host != NULL && e < host->expectation_count; e++)
        add_expectation(differing, plan, host, &host->expectations[e], ret);
}

static void compare_host(struct differing *differing, const struct plan *a, const struct plan *b, const char *name)
{
    const struct plan_host *before = find_host(a, name), *after = find_host(b, name);
    struct rows old = {0}, new = {0};
    if (before == NULL || after == NULL)
        differing_add(differing, (struct difference){.kind = before == NULL ? DIFFERENCE_ADDED : DIFFERENCE_REMOVED,
                                                     .where = differing_copy(differing, name)});
    collect_host(differing, a, before, &old);
    collect_host(differing, b, after, &new);
    rows_compare(differing, &old, &new);
    VECTOR_DONE(&old);
    VECTOR_DONE(&new);
}

static void compare_hosts(struct differing *differing, const struct plan *a, const struct plan *b, const char *host)
{
    for (size_t i = 0; i < b->host_count; i++) {
        const char *name = b->hosts[i].host->name;
        if (host == NULL || strcmp(host, name) == 0)
            compare_host(differing, a, b, name);
    }
    for (size_t i = 0; i < a->host_count; i++) {
        const char *name = a->hosts[i].host->name;
        if (find_host(b, name) == NULL && (host == NULL || strcmp(host, name) == 0))
            compare_host(differing, a, b, name);
    }
}

/* --- openings ---------------------------------------------------------------------------------------------------- */

/* An opening under a key of words: who, from which addresses, to whom, to which addresses, over what. */
struct site_way {
    const struct opening *opening;
    char *key;
};
struct site_ways {
    struct site_way *items;
    size_t count, capacity;
};

static void format_end(struct text *out, const struct opening_end *end)
{
    text_printf(out, "%s %s ", end_kind_name(end->kind), end->name);
    end_format_addresses(out, end);
    text_add(out, "\t");
}

static bool end_is(const struct opening_end *end, const char *host)
{
    return end->kind == END_HOST && strcmp(end->name, host) == 0;
}

static void collect_ways(struct differing *differing, const struct matrix *matrix, const char *host,
                         struct site_ways *ret)
{
    for (size_t i = 0; i < matrix->opening_count; i++) {
        const struct opening *opening = &matrix->openings[i];
        struct text key = {0};
        if (host != NULL && !end_is(opening->source, host) && !end_is(opening->destination, host))
            continue;
        struct site_way *way = VECTOR_PUSH(ret);
        format_end(&key, opening->source);
        format_end(&key, opening->destination);
        text_printf(&key, "%s %u", transport_name(opening->range.transport), opening->families);
        if (way == NULL || key.failed) {
            differing->failed = true;
            text_done(&key);
            return;
        }
        *way = (struct site_way){opening, key.data};
    }
}

static int compare_ways(const void *left, const void *right)
{
    const struct site_way *a = left, *b = right;
    int order = strcmp(a->key, b->key);
    return order != 0
               ? order
               : (a->opening->range.low > b->opening->range.low) - (a->opening->range.low < b->opening->range.low);
}

static bool is_covered(const struct site_way *ways, size_t count, uint16_t port)
{
    for (size_t i = 0; i < count; i++)
        if (port_range_contains(&ways[i].opening->range, port))
            return true;
    return false;
}

/* The openings under one key. */
static const struct site_way *find_ways(const struct site_ways *ways, const char *key, size_t *ret_count)
{
    size_t begin = SORTED_PLACE(i, ways->count, strcmp(ways->items[i].key, key) < 0);
    size_t end = begin;
    while (end < ways->count && strcmp(ways->items[end].key, key) == 0)
        end++;
    *ret_count = end - begin;
    return end > begin ? &ways->items[begin] : NULL;
}

/* Those ports of an opening that the others have not: "31000", "80..81, 90". */
static void format_uncovered(struct text *out, const struct port_range *range, const struct site_way *others,
                             size_t count)
{
    for (unsigned port = range->low; port <= range->high; port += range->step) {
        unsigned last = port;
        if (is_covered(others, count, (uint16_t)port))
            continue;
        while (last + range->step <= range->high && !is_covered(others, count, (uint16_t)(last + range->step)))
            last += range->step;
        struct port_range part = {range->transport, (uint16_t)port, (uint16_t)last, last > port ? range->step : 1};
        char text[PORT_RANGE_TEXT];
        text_printf(out, "%s%s", out->length > 0 ? ", " : "", port_range_format(&part, text, sizeof(text)));
        port = last;
    }
}

static void tell_way(struct differing *differing, const struct opening *opening, struct text *ports, bool open)
{
    struct text text = {0};
    struct way_difference way = {
        .open = open,
        .source = differing_copy(differing, opening->source->name),
        .destination = differing_copy(differing, opening->destination->name),
        .transport = opening->range.transport,
        .ports = differing_keep(differing, ports),
    };
    end_format_addresses(&text, opening->source);
    way.source_addresses = differing_keep(differing, &text);
    end_format_addresses(&text, opening->destination);
    way.destination_addresses = differing_keep(differing, &text);
    rules_format(&text, opening->rules, opening->rule_count);
    way.ref = differing_keep(differing, &text);
    differing_add_way(differing, way);
    text_done(&text);
}

/* What `of` has and `others` has not. */
static void tell_ways(struct differing *differing, const struct site_ways *of, const struct site_ways *others,
                      bool open)
{
    for (size_t i = 0; i < of->count; i++) {
        const struct opening *opening = of->items[i].opening;
        size_t count = 0;
        struct text ports = {0};
        const struct site_way *same = find_ways(others, of->items[i].key, &count);
        format_uncovered(&ports, &opening->range, same, count);
        if (ports.length > 0)
            tell_way(differing, opening, &ports, open);
        differing->failed = differing->failed || ports.failed;
        text_done(&ports);
    }
}

static void ways_sort(struct site_ways *ways)
{
    if (ways->count > 0)
        qsort(ways->items, ways->count, sizeof(*ways->items), compare_ways);
}

static void ways_done(struct site_ways *ways)
{
    for (size_t i = 0; i < ways->count; i++)
        free(ways->items[i].key);
    VECTOR_DONE(ways);
}

static void compare_openings(struct differing *differing, const struct matrix *a, const struct matrix *b,
                             const char *host)
{
    struct site_ways before = {0}, after = {0};
    collect_ways(differing, a, host, &before);
    collect_ways(differing, b, host, &after);
    if (!differing->failed) {
        ways_sort(&before);
        ways_sort(&after);
        tell_ways(differing, &after, &before, true);
        tell_ways(differing, &before, &after, false);
    }
    ways_done(&before);
    ways_done(&after);
}

int diff_sites(const struct diff_site *a, const struct diff_site *b, const char *host, struct diff **ret)
{
    struct differing differing;
    int error = differing_begin(&differing);
    if (error != 0)
        return error;
    compare_hosts(&differing, a->plan, b->plan, host);
    compare_openings(&differing, a->matrix, b->matrix, host);
    return differing_end(&differing, ret);
}
