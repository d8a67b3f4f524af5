/* The grid of the design's section 5: what a listener and a probe say together about a flow that must pass. */
#include "portconform/judge.h"

#define CELL(v, r)                                                                                                     \
    {                                                                                                                  \
        VERDICT_##v, REASON_##r                                                                                        \
    }

/* Columns: open, refused by the target, stopped by a hop, silent though up, silent without a sign of life, not probed.
 * A reason of NONE is filled by the evidence itself: the probe's, or why the listener is in the wrong place. */
static const struct grid_cell grid[EVIDENCE_UNKNOWN + 1][EVIDENCE_NOT_PROBED + 1] = {
    [EVIDENCE_RIGHT] = {CELL(CONFORMING, NONE), CELL(RESET, NONE), CELL(FILTERED, NONE), CELL(FILTERED, NONE),
                        CELL(INDETERMINATE, NONE), CELL(UNPROVEN, NOT_PROBED)},
    [EVIDENCE_RIGHT_FULL] = {CELL(CONFORMING, NONE), CELL(RESET, NONE), CELL(FILTERED, NONE),
                             CELL(SATURATED, QUEUE_FULL), CELL(SATURATED, QUEUE_FULL), CELL(SATURATED, QUEUE_FULL)},
    [EVIDENCE_WRONG_ADDRESS] = {CELL(ELSEWHERE, NONE), CELL(MISBOUND, NONE), CELL(MISBOUND, NONE), CELL(MISBOUND, NONE),
                                CELL(MISBOUND, NONE), CELL(MISBOUND, NONE)},
    [EVIDENCE_NONE] = {CELL(ELSEWHERE, NOBODY_LISTENS), CELL(MISSING, NOBODY_LISTENS), CELL(MISSING, NOBODY_LISTENS),
                       CELL(MISSING, NOBODY_LISTENS), CELL(MISSING, NOBODY_LISTENS), CELL(MISSING, NOBODY_LISTENS)},
    [EVIDENCE_UNKNOWN] = {CELL(CONFORMING, NONE), CELL(CLOSED, NONE), CELL(FILTERED, NONE),
                          CELL(INDETERMINATE, SILENT_HOST), CELL(INDETERMINATE, NONE), CELL(UNSEEN, NOBODY_LOOKED)},
};

struct grid_cell judge_grid(enum listener_evidence listener, enum probe_evidence probe, bool closed_control)
{
    /* Where a closed port answers and this one does not, something makes the difference. */
    static const struct grid_cell told_by_control = CELL(FILTERED, NONE);
    if (listener == EVIDENCE_UNKNOWN && probe == EVIDENCE_SILENT_UP && closed_control)
        return told_by_control;
    return grid[listener][probe];
}
