/* Tab-separated values: one finding a line, for scripts. `-` stands for what is empty; a tab or newline in data is
 * escaped and never splits a line. */
#include "phrases.h"

#include <errno.h>
#include <stdio.h>

static void tsv_add(struct text *out, const char *value, char after)
{
    text_escape_string(out, value != NULL && value[0] != '\0' ? value : "-", ESCAPE_TEXT);
    text_add_n(out, &after, 1);
}

static void tsv_add_finding(struct text *out, const struct finding *finding, const struct tell_options *options)
{
    char address[ADDRESS_TEXT] = "-";
    char port[8] = "-";
    if (finding->address.family != AF_UNSPEC)
        address_format(&finding->address, address, sizeof address);
    if (finding->port != 0)
        snprintf(port, sizeof port, "%u", finding->port);
    bool about_port = finding->transport != TRANSPORT_UNSTATED;
    const char *waived = finding->waived_until != NULL ? finding->waived_until : "yes";
    const char *const values[] = {
        finding->host,
        address,
        about_port ? transport_name(finding->transport) : NULL,
        finding->ports,
        port,
        verdict_row(finding->verdict)->name,
        severity_name(tell_finding_severity(finding, options)),
        reason_row(finding->reason)->name,
        blame_name(finding->blame),
        class_name(finding->class),
        finding->listener,
        finding->probe,
        path_proof_name(finding->path),
        finding->guide,
        finding->ref,
        finding->rule,
        finding->key,
        finding->held ? "yes" : "no",
        finding->waived ? waived : NULL,
        finding->confidence,
    };
    size_t count = sizeof values / sizeof *values;
    for (size_t i = 0; i < count; i++)
        tsv_add(out, values[i], i + 1 < count ? '\t' : '\n');
}

static int tsv_tell(struct text *out, const struct plan *plan, const struct snapshot *snapshot,
                    const struct tell_options *options)
{
    (void)plan;
    text_add(out, "host\taddress\ttransport\tports\tport\tverdict\tseverity\treason\tblame\tclass\tlistener\tprobe\t"
                  "path\tguide\tref\trule\tkey\theld\twaived\tconfidence\n");
    for (size_t b = 0; b < snapshot->block_count; b++) {
        const struct finding_block *block = snapshot->blocks[b];
        for (size_t i = 0; i < block->count; i++) {
            if (finding_matches(&block->items[i], &options->filter))
                tsv_add_finding(out, &block->items[i], options);
        }
    }
    return out->failed ? -ENOMEM : 0;
}

const struct teller teller_tsv = {"tsv", "one finding a line with tabs between its fields, for scripts", tsv_tell,
                                  NULL};
