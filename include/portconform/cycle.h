/* A cycle: one look at everything a plan names, and the judgement of it.
 *
 *     listeners -> probes -> signs of life (canary, echo, closed control) -> confirmation of failed flows
 *               -> second look where listener and probe disagree -> judge
 *
 * A state machine that never blocks on the network: the daemon drives it from its loop, the one-shot programs by
 * cycle_run(). At the deadline what is undecided ends as our own trouble (REASON_DEADLINE), and the rest is told.
 */
#pragma once

#include "portconform/judge.h"
#include "portconform/listeners.h"
#include "portconform/probe.h"

struct cycle;

/* How a flow is probed: which kind serves which service. Tables end with a row of kind NULL; the first match wins. */
struct probe_choice {
    enum transport transport;
    bool tls;                      /* for services that are TLS from the first octet */
    const struct probe_kind *kind; /* NULL closes the table */
};

struct cycle_options {
    const struct probe_choice *probes;
    struct probe_limits limits;
    unsigned probe_timeout_ms; /* 0: the site's */
    int64_t deadline_mono_ms;  /* INT64_MAX: none */
    enum judge_mode mode;
    bool no_probes;                                             /* listeners alone */
    bool owners;                                                /* look up owners of listeners */
    void (*progress)(void *context, size_t done, size_t total); /* may be NULL */
    void *progress_context;
};

/* Is a service that only a missing kind can probe among the plan's flows? Then the thin plugin hands over. */
bool cycle_needs_other_kinds(const struct plan *plan, const struct probe_choice *probes);

int cycle_new(const struct plan *plan, const struct cycle_options *options, struct cycle **ret);
void cycle_free(struct cycle *cycle); /* takes NULL */
int cycle_fd(const struct cycle *cycle);
int64_t cycle_next_ms(const struct cycle *cycle);
/* Goes as far as it can at `now`. 1: more to do; 0: the observations are complete; negative: failed. */
int cycle_step(struct cycle *cycle, struct moment now);
const struct observations *cycle_observations(const struct cycle *cycle); /* borrowed */
/* Judges what was observed. */
int cycle_judge(struct cycle *cycle, const struct snapshot *earlier, struct moment now, struct judgement *ret);

/* All of it, waiting by poll(2). */
int cycle_run(const struct plan *plan, const struct cycle_options *options, struct cycle **ret_cycle,
              struct judgement *ret);
