/* The judge: expectations and observations in, findings and transitions out. Pure: no I/O, no clock, no log.
 *
 * Section by section: the host (up or down), each expectation by the first rule that matches (own trouble, exposure,
 * impostor, must-not flows, then the grid), presence applied to the result, groups folded into one finding, listeners
 * that nothing explains, waivers, severities, and, in the daemon, damping against the earlier findings.
 *
 * What a reader of findings may rely on:
 *   - A host without any sign of life has one finding, `unreachable` (key host|-|unreachable). Its others are `held`: a
 *     one-shot run, and a daemon that never judged them, show them as NOT_JUDGED with REASON_HOST_DOWN and severity OK,
 *     so that they count for nothing; otherwise they are the last findings as they were.
 *   - Listeners that could not be read are one finding of the host (key host|-|listeners), blame local.
 *   - A parameter without value is one finding of the site (key -|-|guide|parameter); what depends on it has none.
 *   - Listeners of exclusive hosts that only a dynamic rule explains are findings with `dynamic` set, never problems.
 *   - In the daemon a finding whose first verdict still waits for another look has VERDICT_NONE and that verdict as
 *     `pending`; while a change waits, the finding and its evidence stay as they were.
 *   - In the daemon a look that shows nothing new costs nothing: a finding that rests on the same evidence keeps its
 *     texts (a round-trip time in them is that of the look that made them), and a host of which everything was seen as
 *     before keeps its block, which only notes the moment (finding_looked_ms).
 */
#pragma once

#include "portconform/observation.h"
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
    /* A visit: by flow id, which flows it left alone; NULL: none. An expectation all of whose probed flows were left
     * alone was not looked at: its finding stays as it was. */
    const bool *not_due;
    bool unlooked; /* nobody looked at anything: the findings there are follow the plan, which may be a new one */
};

struct judgement {
    struct snapshot *snapshot;      /* owned by the caller */
    struct transition *transitions; /* malloc'ed; their findings live in `snapshot` or in `gone` */
    size_t transition_count, transition_capacity;
    struct finding_block *gone; /* findings that are no more; may be NULL */
};

/* 0 or -ENOMEM. The listener tables of `seen` are sorted (listener_table_sort). */
int judge(const struct judge_input *input, struct judgement *ret);
/* One host of the plan, or, with SIZE_MAX, the site's own findings, against its earlier block (NULL: none); the earlier
 * snapshot of the input is not looked at. *ret_block is owned by the caller; it is another reference of `earlier` where
 * nothing has changed. Transitions are added to those of `into`, which has no snapshot; their findings live in the
 * block, or in into->gone. 0 or -ENOMEM: then `into` may hold some of them. */
int judge_host(const struct judge_input *input, size_t host, struct finding_block *earlier, struct judgement *into,
               struct finding_block **ret_block);
/* What is told of a host that the plan no longer has. 0 or -ENOMEM. */
int judge_gone(const struct judge_input *input, const struct finding_block *earlier, struct judgement *into);
/* A snapshot of these blocks, the site's own first; takes their references in any case. NULL: out of memory. */
struct snapshot *judge_snapshot(const struct judge_input *input, struct finding_block **blocks, size_t count);
/* Puts digests of all that the judge asks about what was seen of a host into its observations: for whoever looked, so
 * that what is as it was need not be judged again. */
void judge_digest(const struct plan *plan, struct observations *seen, size_t host, const bool *not_due);
void judgement_done(struct judgement *judgement); /* takes an emptied one */

/* Does the judge ask for a second look at a host, by its index: does its listener table disagree with a probe, and is
 * it older? */
bool judge_second_look(const struct plan *plan, const struct observations *seen, size_t host);

/* The grid of section 5 for flows that must pass, for tests, `explain` and the manual: rows and columns. */
enum listener_evidence {
    EVIDENCE_RIGHT,
    EVIDENCE_RIGHT_FULL,    /* the accept queue is full: new connections are dropped */
    EVIDENCE_WRONG_ADDRESS, /* or family */
    EVIDENCE_NONE,
    EVIDENCE_UNKNOWN
};
enum probe_evidence {
    EVIDENCE_OPEN,
    EVIDENCE_REFUSED,     /* RST or port-unreachable from the target */
    EVIDENCE_STOPPED,     /* by a hop, which may be the target's own firewall */
    EVIDENCE_SILENT_UP,   /* the address sent something in this cycle */
    EVIDENCE_SILENT_DEAD, /* it did not */
    EVIDENCE_NOT_PROBED
};
struct grid_cell {
    enum verdict verdict;
    enum reason reason; /* NONE: the probe's own, or why the listener is in the wrong place */
};
/* `closed_control`: a port of the address that nobody serves answered RST or ICMP. */
struct grid_cell judge_grid(enum listener_evidence listener, enum probe_evidence probe, bool closed_control);
