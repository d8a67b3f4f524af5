/* Windows: New-NetFirewallRule commands for one host's own firewall, as a PowerShell script.
 *
 * Printable ASCII alone: PowerShell reads a file without a byte order mark in the machine's code page, and takes
 * typographic quotation marks for quotation marks. Every string is in single quotation marks, in which nothing is
 * expanded, and holds none. */
#include "writing.h"

#include <errno.h>
#include <string.h>

enum { DISPLAY_MAX = 100, DESCRIPTION_MAX = 400 };

struct windows {
    struct text *out;
    struct arena *arena;
    struct diag_list *diags;
    size_t number;
};

/* words_add has no quotation mark but the single one, which is doubled inside a string. */
static void windows_add_string(struct text *out, const char *string, size_t max)
{
    struct text safe = {0};
    words_add(&safe, string, max);
    text_add(out, "'");
    for (const char *c = text_string(&safe); *c != '\0'; c++)
        text_add(out, *c == '\'' ? "''" : (const char[]){*c, '\0'});
    text_add(out, "'");
    out->failed |= safe.failed;
    text_done(&safe);
}

static void windows_add_ports(struct text *out, const struct port_range *range)
{
    if (range->low == range->high) {
        text_printf(out, "'%u'", range->low);
    } else if (range->step == 1) {
        text_printf(out, "'%u-%u'", range->low, range->high);
    } else {
        for (unsigned port = range->low; port <= range->high; port += range->step)
            text_printf(out, "%s'%u'", port > range->low ? "," : "", port);
    }
}

/* Windows has no word for "any IPv4 address". */
static void windows_add_side(struct text *out, const char *parameter, const struct leg *leg, const struct side *side)
{
    text_printf(out, " `\n    %s ", parameter);
    if (side->kind == SIDE_ANY) {
        text_add(out,
                 leg->family == AF_INET ? "'0.0.0.0-255.255.255.255'" : "'::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'");
        return;
    }
    for (size_t i = 0; i < side->count; i++) {
        text_add(out, i > 0 ? ",'" : "'");
        end_format_address(out, side->items[i]);
        text_add(out, "'");
    }
}

static void windows_add_leg(struct windows *windows, const struct leg *leg)
{
    struct text *out = windows->out;
    const struct opening *opening = leg->opening;
    struct text words = {0};
    words_way(&words, opening);
    text_printf(out, "New-NetFirewallRule -Group 'Portconform' -Name 'portconform-%zu' -DisplayName ",
                ++windows->number);
    windows_add_string(out, text_string(&words), DISPLAY_MAX);
    out->failed |= words.failed;
    text_clear(&words);
    rules_format(&words, opening->rules, opening->rule_count);
    text_add(out, " `\n    -Description ");
    windows_add_string(out, text_string(&words), DESCRIPTION_MAX);
    text_printf(out, " `\n    -Direction Inbound -Action Allow -Profile Any -Protocol %s -LocalPort ",
                opening->range.transport == TRANSPORT_TCP ? "TCP" : "UDP");
    windows_add_ports(out, &opening->range);
    bool family_told = leg->family == AF_UNSPEC || leg->destination.kind == SIDE_ADDRESSES;
    if (leg->source.kind == SIDE_ADDRESSES || !family_told)
        windows_add_side(out, "-RemoteAddress", leg, &leg->source);
    if (leg->destination.kind == SIDE_ADDRESSES)
        windows_add_side(out, "-LocalAddress", leg, &leg->destination);
    text_add(out, " | Out-Null\n");
    out->failed |= words.failed;
    text_done(&words);
}

/* A rule of Windows holds addresses alone; a name is told, and so is that its rule is missing. */
static bool windows_can_say(struct windows *windows, const struct leg *leg)
{
    if (leg->source.kind != SIDE_NAME)
        return true;
    struct text way = {0};
    words_way(&way, leg->opening);
    text_add(windows->out, "# Left out, since a rule of Windows takes no DNS name: ");
    words_add(windows->out, leg->source.name, 0);
    text_add(windows->out, "\n");
    diag_add(windows->diags, DIAG_WARNING, leg->opening->rules[0]->origin, "give its addresses or prefixes",
             "left out, since a rule of Windows takes no DNS name (\"%s\"): %s", leg->source.name, text_string(&way));
    windows->out->failed |= way.failed;
    text_done(&way);
    return false;
}

static void windows_add_comment(struct text *out, const struct opening *opening)
{
    struct text words = {0};
    words_opening(&words, opening);
    text_add(out, "# ");
    words_add(out, text_string(&words), 0);
    text_add(out, "\n");
    out->failed |= words.failed;
    text_done(&words);
}

/* A name has a leg in each IP version; it is told once. */
static int windows_add_opening(struct windows *windows, const struct opening *opening, const struct opening *covered)
{
    struct leg_list legs;
    windows_add_comment(windows->out, opening);
    if (words_no_rule(windows->out, opening, covered, true, "#"))
        return 0;
    const char *told = NULL;
    int error = legs_make(windows->arena, opening, true, &legs);
    for (size_t i = 0; error == 0 && i < legs.count; i++) {
        const struct leg *leg = &legs.items[i];
        if (leg->source.kind == SIDE_NAME && told != NULL && strcmp(told, leg->source.name) == 0)
            continue;
        if (windows_can_say(windows, leg))
            windows_add_leg(windows, leg);
        else
            told = leg->source.name;
    }
    return error;
}

static int windows_write(struct text *out, const struct matrix *matrix, const struct export_options *options,
                         struct diag_list *diags)
{
    struct windows windows = {.out = out, .arena = arena_new(), .diags = diags};
    if (windows.arena == NULL)
        return -ENOMEM;
    text_add(out, "# What host ");
    words_add(out, matrix->host->name, 0);
    text_add(out, " has to let in, by the port guides of site ");
    words_add(out, matrix->plan->site->name, 0);
    text_add(out, ".\n# Made by portconform export windows. To be run as administrator; it replaces the rules of the "
                  "group Portconform.\n");
    text_printf(out,
                "# These rules allow. What else may come in is decided by the other rules and by the profiles;\n"
                "# Set-NetFirewallProfile -All -DefaultInboundAction %s.\n\n",
                options->count_rest ? "Allow lets everything else in for now" : "Block keeps everything else out");
    text_add(out,
             "$ErrorActionPreference = 'Stop'\n"
             "Get-NetFirewallRule -Group 'Portconform' -ErrorAction SilentlyContinue | Remove-NetFirewallRule\n\n");
    const struct opening *const *covered = legs_covered(windows.arena, matrix);
    int error = covered != NULL ? 0 : -ENOMEM;
    for (size_t i = 0; error == 0 && i < matrix->opening_count; i++)
        error = windows_add_opening(&windows, &matrix->openings[i], covered[i]);
    words_questions(out, matrix, "#");
    arena_free(windows.arena);
    return error != 0 || out->failed ? -ENOMEM : 0;
}

const struct exporter export_windows = {
    .name = "windows",
    .summary = "New-NetFirewallRule commands for the host given by -H",
    .needs_host = true,
    .write = windows_write,
};
