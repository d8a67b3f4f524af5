/* A snapshot: all findings at one moment, immutable. Everything that is told is told from one snapshot. */
#pragma once

#include "portconform/finding.h"

struct snapshot {
    const char *site;    /* names are copies in the snapshot's own arena */
    const char *vantage; /* "-" for none */
    const char *acts_as; /* "jp1-itdm browser, agent", "" for none */
    const char *config_hash;
    struct moment finished;
    int64_t took_ms;
    struct finding_block **blocks; /* the site's own first (always there), then a host each, in the order of the site */
    size_t block_count;
    size_t host_count; /* looked at */
    struct arena *arena;
    int references;
};

/* Copies the names and the array; takes the references in `blocks` (transferred, block_count of them) in any case, the
 * array itself stays the caller's. NULL: out of memory. */
struct snapshot *snapshot_new(const struct snapshot *head, struct finding_block **blocks, size_t block_count);
struct snapshot *snapshot_ref(struct snapshot *snapshot);
void snapshot_unref(struct snapshot *snapshot); /* takes NULL */
/* What it says, without its references, which other threads count: to be looked at, or to be the head of another one.
 */
struct snapshot snapshot_view(const struct snapshot *snapshot);

/* What the first line and the last line count. A waived finding counts in `waived` alone, a held one in `held` alone, a
 * listener explained by a dynamic rule in `dynamic` alone; `expectations` says how many there are in all. */
struct tally {
    size_t expectations;            /* findings about an expectation item, the waived and held ones included */
    size_t verdicts[VERDICT_COUNT]; /* unwaived, unheld */
    size_t waived;
    size_t held;
    size_t unexpected;    /* unwaived */
    size_t dynamic;       /* listeners explained by dynamic rules alone */
    size_t nonconforming; /* severity WARNING or worse, unexpected ones included, waived and held ones excluded */
    size_t unknown;       /* severity UNKNOWN, unwaived */
    enum severity worst;  /* unwaived; held ones do not count */
};

/* Which findings are meant: NULL members do not filter. Lists are NULL-terminated; rules may be shell patterns over
 * rule ids. An unreachable host and what could not be judged concern every rule: where such a finding names no guide,
 * component or rule, a filter for one lets it through. `filter` may be NULL. */
struct finding_filter {
    const char *host;
    const char *const *guides, *const *components, *const *rules, *const *verdicts, *const *blames, *const *classes;
};
bool finding_matches(const struct finding *finding, const struct finding_filter *filter);
void tally_add(struct tally *tally, const struct finding *finding);
struct tally snapshot_tally(const struct snapshot *snapshot, const struct finding_filter *filter);
