/* The plugin's output: one line that a monitoring core shows, counts and draws, and the details below it.
 *
 * First line: PORTCONFORM STATUS - text | performance data. All performance data stand there, with the same labels in
 * the same order always. Whatever comes from data is escaped, so that no '|' ends the text early. */
#include "listing.h"
#include "phrases.h"

#include <errno.h>

/* "1 missing, 1 filtered of 37, 1 unexpected": what conforms is named only when nothing is wrong. */
static void plugin_add_summary(struct text *out, const struct tally *tally, enum severity severity)
{
    const char *before = "";
    bool of_added = false;
    if (severity == SEVERITY_OK) {
        text_printf(out, "%zu conforming", tally->verdicts[VERDICT_CONFORMING]);
        before = ", ";
    }
    for (const enum verdict *at = phrase_order; *at != VERDICT_NONE; at++) {
        if ((phrase_of(*at)->traits & PHRASE_APART) != 0 && !of_added) {
            if (tally->held > 0) {
                text_printf(out, "%s%zu held", before, tally->held);
                before = ", ";
            }
            if (before[0] != '\0' && tally->expectations > tally->verdicts[VERDICT_CONFORMING])
                text_printf(out, " of %zu", tally->expectations);
            of_added = true;
        }
        if (tally->verdicts[*at] == 0)
            continue;
        text_printf(out, "%s%zu ", before, tally->verdicts[*at]);
        phrase_verdict(out, *at);
        before = ", ";
    }
    if (tally->waived > 0) {
        text_printf(out, "%s%zu waived", before, tally->waived);
        before = ", ";
    }
    if (before[0] == '\0')
        text_printf(out, "%zu conforming", tally->verdicts[VERDICT_CONFORMING]);
}

static void plugin_add_perfdata(struct text *out, const struct tally *tally, const struct snapshot *snapshot,
                                const struct tell_options *options)
{
    text_printf(out, "conforming=%zu;;;0;%zu", tally->verdicts[VERDICT_CONFORMING], tally->expectations);
    text_printf(out, " nonconforming=%zu;%s;%s;0", tally->nonconforming,
                options->warning.given ? options->warning.text : "",
                options->critical.given ? options->critical.text : "");
    text_printf(out, " unproven=%zu;;;0 unseen=%zu;;;0 unknown=%zu;;;0 unexpected=%zu;;;0 waived=%zu;;;0",
                tally->verdicts[VERDICT_UNPROVEN], tally->verdicts[VERDICT_UNSEEN], tally->unknown, tally->unexpected,
                tally->waived);
    /* by integers: no locale's decimal comma gets in */
    long long took_ms = snapshot->took_ms > 0 ? snapshot->took_ms : 0;
    text_printf(out, " time=%lld.%03llds;;;0", took_ms / 1000, took_ms % 1000);
}

static void plugin_add_first_line(struct text *out, const struct snapshot *snapshot, const struct tell_options *options)
{
    enum severity severity = tell_severity(snapshot, options);
    struct tally tally = tell_tally(snapshot, options);
    struct text line = {0};
    text_printf(&line, "PORTCONFORM %s - ", severity_name(severity));
    if (tell_filter_misses(snapshot, options))
        text_add(&line, "no expectation passes the filter");
    else
        plugin_add_summary(&line, &tally, severity);
    if (options->trouble != NULL)
        text_printf(&line, "; %s", options->trouble);
    text_escape_string(out, text_string(&line), ESCAPE_PLUGIN);
    out->failed |= line.failed;
    text_done(&line);
    text_add(out, " | ");
    plugin_add_perfdata(out, &tally, snapshot, options);
    text_add(out, "\n");
}

/* [CRITICAL] tcp/31000 filtered - ICMP 3/13 from 10.0.0.1 (jp1-itdm manager-multi-management/2) */
static void plugin_add_finding(struct text *out, const struct listing_item *item, bool one_host)
{
    const struct finding *finding = item->finding;
    struct text line = {0};
    text_printf(&line, "[%s] ", severity_name(item->severity));
    /* the host is named where several are meant, or where nothing else says what the line is about */
    if (!one_host || finding->transport == TRANSPORT_UNSTATED)
        text_printf(&line, "%s ", finding->host != NULL ? finding->host : "(site)");
    phrase_place(&line, finding, '/');
    if (finding->transport != TRANSPORT_UNSTATED)
        text_add(&line, " ");
    text_printf(&line, "%s - ", verdict_row(finding->verdict)->name);
    phrase_proof(&line, finding);
    phrase_confidence(&line, finding);
    if (item->held > 0)
        text_printf(&line, "; %zu held", item->held);
    struct text source = {0};
    phrase_source(&source, finding);
    if (source.length > 0)
        text_printf(&line, " (%s)", text_string(&source));
    if (finding->waived) {
        text_add(&line, ", ");
        phrase_waiver(&line, finding);
    }
    if (finding->held)
        text_add(&line, ", held");
    text_escape_string(out, text_string(&line), ESCAPE_PLUGIN);
    text_add(out, "\n");
    out->failed |= line.failed || source.failed;
    text_done(&source);
    text_done(&line);
}

static void plugin_add_configuration(struct text *out, const struct plan *plan, const struct snapshot *snapshot)
{
    struct text line = {0};
    text_printf(&line, "configuration: site %s, vantage %s", snapshot->site, snapshot->vantage);
    if (snapshot->acts_as != NULL && snapshot->acts_as[0] != '\0')
        text_printf(&line, " (acts as %s)", snapshot->acts_as);
    text_add(&line, ", ");
    text_add_count(&line, snapshot->host_count, "host");
    if (plan != NULL) {
        text_add(&line, ", ");
        text_add_count(&line, plan->flow_count, "flow");
    }
    if (snapshot->config_hash != NULL)
        text_printf(&line, ", fingerprint %.16s", snapshot->config_hash);
    text_escape_string(out, text_string(&line), ESCAPE_PLUGIN);
    text_add(out, "\n");
    out->failed |= line.failed;
    text_done(&line);
}

static int plugin_tell(struct text *out, const struct plan *plan, const struct snapshot *snapshot,
                       const struct tell_options *options)
{
    plugin_add_first_line(out, snapshot, options);
    if (options->verbose == 0)
        return out->failed ? -ENOMEM : 0;
    if (options->verbose >= 2)
        plugin_add_configuration(out, plan, snapshot);
    struct listing listing;
    unsigned level = options->verbose < LISTING_REST ? options->verbose : LISTING_REST;
    int error = listing_init(&listing, snapshot, options, (enum listing_level)level);
    if (error < 0)
        return error;
    bool one_host = options->filter.host != NULL || snapshot->host_count == 1;
    for (size_t i = 0; i < listing.count; i++)
        plugin_add_finding(out, &listing.items[i], one_host);
    listing_done(&listing);
    return out->failed ? -ENOMEM : 0;
}

const struct teller teller_plugin = {
    "plugin",
    "one line with performance data for Nagios, Icinga and others, details below it with -v",
    plugin_tell,
    NULL,
};
