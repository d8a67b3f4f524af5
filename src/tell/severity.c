/* What a snapshot amounts to: the one place where filter, --unreachable, thresholds and our own trouble become a
 * severity, so that every form and the exit status agree. */
#include "portconform/tell.h"

enum severity tell_finding_severity(const struct finding *finding, const struct tell_options *options)
{
    /* an intermittent host may be off: its OK is not raised */
    if (finding->verdict == VERDICT_UNREACHABLE && finding->severity != SEVERITY_OK && options->unreachable_given)
        return options->unreachable;
    return finding->severity;
}

static bool severity_cut_short(const struct finding *finding)
{
    return finding->verdict == VERDICT_NOT_JUDGED && finding->reason == REASON_DEADLINE;
}

static void severity_count(struct tally *tally, const struct finding_block *block, const struct tell_options *options)
{
    for (size_t i = 0; i < block->count; i++) {
        if (!finding_matches(&block->items[i], &options->filter))
            continue;
        struct finding told = block->items[i];
        told.severity = tell_finding_severity(&told, options);
        tally_add(tally, &told);
    }
}

struct tally tell_block_tally(const struct finding_block *block, const struct tell_options *options)
{
    struct tally tally = {.worst = SEVERITY_OK};
    severity_count(&tally, block, options);
    return tally;
}

struct tally tell_tally(const struct snapshot *snapshot, const struct tell_options *options)
{
    struct tally tally = {.worst = SEVERITY_OK};
    for (size_t b = 0; b < snapshot->block_count; b++)
        severity_count(&tally, snapshot->blocks[b], options);
    return tally;
}

bool tell_filter_misses(const struct snapshot *snapshot, const struct tell_options *options)
{
    struct tell_options wider = {.filter = options->filter};
    const struct finding_filter *filter = &wider.filter;
    if (filter->guides == NULL && filter->components == NULL && filter->rules == NULL)
        return false;
    wider.filter.verdicts = NULL;
    wider.filter.blames = NULL;
    wider.filter.classes = NULL;
    return tell_tally(snapshot, &wider).expectations == 0;
}

/* By the worst finding; findings that a deadline with a state of its own cut short are left to that state. */
static enum severity severity_worst(const struct snapshot *snapshot, const struct tell_options *options)
{
    bool cut_apart = options->trouble != NULL && options->trouble_severity_given;
    enum severity worst = SEVERITY_OK;
    for (size_t b = 0; b < snapshot->block_count; b++) {
        for (size_t i = 0; i < snapshot->blocks[b]->count; i++) {
            const struct finding *finding = &snapshot->blocks[b]->items[i];
            if (finding->waived || finding->held || !finding_matches(finding, &options->filter) ||
                (cut_apart && severity_cut_short(finding)))
                continue;
            enum severity severity = tell_finding_severity(finding, options);
            /* with thresholds the number of problems decides; what is unknown stays unknown */
            if ((options->warning.given || options->critical.given) && severity >= SEVERITY_WARNING)
                continue;
            if (severity > worst)
                worst = severity;
        }
    }
    return worst;
}

enum severity tell_severity(const struct snapshot *snapshot, const struct tell_options *options)
{
    enum severity severity = severity_worst(snapshot, options);
    if (options->warning.given || options->critical.given) {
        double problems = (double)tell_tally(snapshot, options).nonconforming;
        if (threshold_alerts(&options->critical, problems))
            severity = SEVERITY_CRITICAL;
        else if (threshold_alerts(&options->warning, problems))
            severity = SEVERITY_WARNING;
    }
    enum severity trouble = SEVERITY_OK;
    if (options->trouble != NULL)
        trouble = options->trouble_severity_given ? options->trouble_severity : SEVERITY_UNKNOWN;
    if (tell_filter_misses(snapshot, options) && trouble < SEVERITY_UNKNOWN)
        trouble = SEVERITY_UNKNOWN;
    return trouble > severity ? trouble : severity;
}
