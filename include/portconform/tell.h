/* Tellers: one snapshot, many forms. A const table a program; a new form is a file and a row. */
#pragma once

#include "portconform/observation.h"
#include "portconform/plan.h"
#include "portconform/snapshot.h"

/* `[@]start:end` of the plugin guidelines: alert outside, or inside with `@`. */
struct threshold {
    bool given;
    bool inside;
    double start, end; /* -INFINITY and INFINITY allowed */
    const char *text;  /* as given */
};
int threshold_parse(const char *text, struct threshold *ret); /* 0 or -EINVAL */
bool threshold_alerts(const struct threshold *threshold, double value);

struct tell_options {
    struct finding_filter filter;
    struct threshold warning, critical; /* over the number of nonconforming findings */
    enum severity unreachable;          /* what an unreachable host counts as, where given */
    bool unreachable_given;
    unsigned verbose; /* 0..3 */
    bool all;         /* text: list what conforms too */
    bool colour;
    unsigned columns;        /* terminal width; 0: do not wrap */
    const char *config_path; /* -C as given, for the commands that a text proposes; NULL: not named */
    const char *probe_note;  /* text with -v: what this machine lets probes see; NULL: nothing was probed */
    const char *owner_note;  /* text with -v: what is not known of programs; NULL: nothing is */
    const char *trouble;     /* our own trouble that stopped part of the check (the deadline), or NULL */
    /* `-t SEC:STATE`: what `trouble` and the findings it cut short count as together; not given: UNKNOWN */
    enum severity trouble_severity;
    bool trouble_severity_given;
};

struct teller {
    const char *name; /* "text", "json", "tsv", "plugin" */
    const char *summary;
    int (*tell)(struct text *out, const struct plan *plan, const struct snapshot *snapshot,
                const struct tell_options *options);
    /* What is told when there is no snapshot: our own trouble, in a sentence. NULL: the first line of the plugin. */
    int (*fail)(struct text *out, const char *why);
};

extern const struct teller teller_text;
extern const struct teller teller_tsv;
extern const struct teller teller_plugin;

/* The severity that decides the exit status: the worst that the filter lets through, thresholds and --unreachable
 * applied. `plan` may be NULL. The same function for every form. */
enum severity tell_severity(const struct snapshot *snapshot, const struct tell_options *options);
/* One finding's severity as it is told: --unreachable applied. Waived and held ones keep theirs. */
enum severity tell_finding_severity(const struct finding *finding, const struct tell_options *options);
/* What the filter lets through, counted by those severities: of a whole snapshot, or of one block. */
struct tally tell_tally(const struct snapshot *snapshot, const struct tell_options *options);
struct tally tell_block_tally(const struct finding_block *block, const struct tell_options *options);
/* A filter by guide, component or rule is given and no expectation at all passes it: most likely a typing error, which
 * must not be told as OK. tell_severity says UNKNOWN then. */
bool tell_filter_misses(const struct snapshot *snapshot, const struct tell_options *options);

/* "tcp 31000 on mgr01 ..." : one sentence that stands alone, for syslog and notifications. */
void tell_sentence(struct text *out, const struct finding *finding);
/* Who should do what about it: "network team (noc@example.jp): open tcp 31000 from agent, site-server". */
void tell_advice(struct text *out, const struct site *site, const struct finding *finding);

/* `explain`: why a port is expected, what was seen, what the verdict rests on, who should do what. `seen` are the
 * observations of the cycle that made `snapshot`. */
int tell_explain(struct text *out, const struct plan *plan, const struct plan_host *host,
                 const struct observations *seen, const struct snapshot *snapshot, enum transport transport,
                 uint16_t port, const struct tell_options *options);
