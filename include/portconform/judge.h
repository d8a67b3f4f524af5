/* The judge: expectations and observations in, findings and transitions out. Pure: no I/O, no clock, no log.
 *
 * Section by section: the host (up or down), each expectation by the first rule that matches (own trouble, exposure,
 * impostor, must-not flows, then the grid), presence applied to the result, groups folded into one finding, listeners
 * that nothing explains, waivers, severities, and, in the daemon, damping against the earlier findings.
 */
#pragma once

#include "portconform/plan.h"
#include "portconform/snapshot.h"

enum judge_mode {
    JUDGE_ONE_SHOT,  /* no state: no damping, since is unknown, no transitions */
    JUDGE_CONTINUOUS /* the daemon */
};

struct judge_input {
    const struct plan *plan;
    const struct observations *seen;
    const struct snapshot *earlier; /* NULL: none */
    struct moment now;
    int64_t began_ms; /* monotonic, for took_ms */
    enum judge_mode mode;
};

struct judgement {
    struct snapshot *snapshot;      /* owned by the caller */
    struct transition *transitions; /* malloc'ed; their findings live in `snapshot` or in `gone` */
    size_t transition_count, transition_capacity;
    struct finding_block *gone; /* findings that are no more; may be NULL */
};

int judge(const struct judge_input *input, struct judgement *ret); /* 0 or -ENOMEM */
void judgement_done(struct judgement *judgement);

/* Which second looks the judge asks for: hosts whose listener table disagrees with a probe and is older than it.
 * `wanted` has plan->host_count entries. Returns how many are set. */
size_t judge_second_looks(const struct plan *plan, const struct observations *seen, bool *wanted);

/* One row of section 5's grid, for tests, `explain` and the manual. */
enum listener_evidence {
    EVIDENCE_RIGHT,
    EVIDENCE_RIGHT_FULL,
    EVIDENCE_WRONG_ADDRESS, /* or family */
    EVIDENCE_NONE,
    EVIDENCE_UNKNOWN
};
enum probe_evidence {
    EVIDENCE_OPEN,
    EVIDENCE_REFUSED,
    EVIDENCE_STOPPED,
    EVIDENCE_SILENT_UP,
    EVIDENCE_SILENT_DEAD,
    EVIDENCE_NOT_PROBED
};
struct grid_cell {
    enum verdict verdict;
    enum reason reason; /* NONE: the probe's own */
};
struct grid_cell judge_grid(enum listener_evidence listener, enum probe_evidence probe, bool closed_control);
