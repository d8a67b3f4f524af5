/* What the user said beforehand about findings: severities of his own, and waivers with a last day. */
#include "judging.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

/* --- severities -------------------------------------------------------------------------------------------------- */

static bool override_applies(const struct severity_override *override, const struct finding *finding)
{
    if (override->verdict != VERDICT_NONE && override->verdict != finding->verdict)
        return false;
    /* without a verdict it is about problems */
    if (override->verdict == VERDICT_NONE && finding->severity == SEVERITY_OK)
        return false;
    if (!override->rule)
        return true;
    /* an id may hold characters that a pattern reads otherwise */
    return finding->rule &&
           (strcmp(override->rule, finding->rule) == 0 || fnmatch(override->rule, finding->rule, 0) == 0);
}

/* The last match wins. What conforms stays OK. */
enum severity waivers_severity(const struct host *host, const struct finding *finding)
{
    if (finding->verdict == VERDICT_CONFORMING || finding->verdict == VERDICT_NONE || finding->held)
        return finding->severity;
    for (size_t i = host->severity_count; i > 0; i--) {
        if (override_applies(&host->severities[i - 1], finding))
            return host->severities[i - 1].severity;
    }
    return finding->severity;
}

/* --- waivers ----------------------------------------------------------------------------------------------------- */

/* A rule id, or that of a rule with parts: "guide/ref" means every "guide/ref#part". */
static bool waiver_names_rule(const char *waived, const char *rule)
{
    if (!rule)
        return false;
    size_t length = strlen(waived);
    return strncmp(waived, rule, length) == 0 && (rule[length] == '\0' || rule[length] == '#');
}

static bool waiver_means(const struct waiver *waiver, const struct finding *finding)
{
    if (waiver->rule && !waiver_names_rule(waiver->rule, finding->rule))
        return false;
    if (waiver->ports && !ports_mean(&waiver->port_items, finding->transport, finding->port, NULL))
        return false;
    return !waiver->verdict || strcmp(waiver->verdict, verdict_row(finding->verdict)->name) == 0;
}

static bool waiver_is_over(const struct waiver *waiver, int64_t wall_ms)
{
    return waiver->until_ms != 0 && wall_ms >= waiver->until_ms;
}

static bool is_waivable(const struct finding *finding)
{
    return finding->severity != SEVERITY_OK && finding->verdict != VERDICT_WAIVER_EXPIRED;
}

static void finding_waive(struct finding *finding, const struct waiver *waiver)
{
    finding->waived = true;
    finding->waived_until = waiver->until;
    finding->waived_reason = waiver->reason;
    finding->waived_owner = waiver->owner;
    finding->waived_ticket = waiver->ticket;
}

/* The first waiver in force that means the finding. A finding that is OK needs none. */
void waivers_apply(const struct host *host, struct finding *finding, int64_t wall_ms)
{
    finding->waived = false;
    finding->waived_until = finding->waived_reason = finding->waived_owner = finding->waived_ticket = NULL;
    for (size_t i = 0; i < host->waiver_count && is_waivable(finding); i++) {
        const struct waiver *waiver = &host->waivers[i];
        if (!waiver_is_over(waiver, wall_ms) && waiver_means(waiver, finding)) {
            finding_waive(finding, waiver);
            return;
        }
    }
}

/* The first finding of the block that the waiver would still excuse; NULL: none, so nobody need hear of it. */
static const struct finding *waiver_still_wanted(const struct finding_block *block, const struct waiver *waiver)
{
    for (size_t i = 0; i < block->count; i++) {
        const struct finding *finding = &block->items[i];
        if (is_waivable(finding) && !finding->waived && !finding->held && waiver_means(waiver, finding))
            return finding;
    }
    return NULL;
}

static const char *waiver_text(struct host_case *host, const struct waiver *waiver)
{
    struct text text = {0};
    text_printf(&text, "until %s", waiver->until ? waiver->until : "-");
    if (waiver->reason)
        text_printf(&text, ": %s", waiver->reason);
    if (waiver->owner)
        text_printf(&text, "; %s", waiver->owner);
    if (waiver->ticket)
        text_printf(&text, "; %s", waiver->ticket);
    return draft_text(host->scratch, &text);
}

static int waiver_tell_expired(struct host_case *host, const struct waiver *waiver, const struct finding *about)
{
    struct text subject = {0};
    text_printf(&subject, "waiver:%s:%s:%s:%s", waiver->rule ? waiver->rule : "-", waiver->ports ? waiver->ports : "-",
                waiver->verdict ? waiver->verdict : "-", waiver->until ? waiver->until : "-");
    const char *name = draft_text(host->scratch, &subject);
    struct finding *finding = name ? draft_of_host(host, name, VERDICT_WAIVER_EXPIRED, REASON_WAIVER_OVER) : NULL;
    if (!finding)
        return -ENOMEM;
    finding->transport = about->transport;
    finding->ports = about->ports;
    finding->port = about->port;
    finding->guide = about->guide;
    finding->ref = about->ref;
    finding->rule = about->rule;
    finding->origin = waiver->origin;
    finding->detail = waiver_text(host, waiver);
    /* a date is no measurement: it needs no second look */
    return finding->detail ? damping_settle(host, finding, (struct damping){1, 1}) : -ENOMEM;
}

static bool is_same_waiver(const struct waiver *a, const struct waiver *b)
{
    const char *const left[] = {a->rule, a->ports, a->verdict, a->until};
    const char *const right[] = {b->rule, b->ports, b->verdict, b->until};
    for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++) {
        if ((left[i] == NULL) != (right[i] == NULL) || (left[i] && strcmp(left[i], right[i]) != 0))
            return false;
    }
    return true;
}

/* A waiver that a template and a host both give is told once. */
static bool is_repeated(const struct host *host, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (is_same_waiver(&host->waivers[i], &host->waivers[index]))
            return true;
    }
    return false;
}

int waivers_expired(struct host_case *host)
{
    const struct host *facts = host->host->host;
    for (size_t i = 0; i < facts->waiver_count; i++) {
        const struct waiver *waiver = &facts->waivers[i];
        if (!waiver_is_over(waiver, host->input->now.wall_ms) || is_repeated(facts, i))
            continue;
        const struct finding *about = waiver_still_wanted(host->block, waiver);
        int r = about ? waiver_tell_expired(host, waiver, about) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}
