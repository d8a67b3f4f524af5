/* A cycle: one look at everything a plan names, and the judgement of it.
 *
 *     listeners -> probes -> doubts -> second look where listener and probe disagree -> judge
 *
 * Doubts are what a failure needs before it counts: one second probe of the flow itself, and, for an address that gave
 * no sign of life or a port that stayed silent, the controls (the site's canary, an ICMP echo, a port of that host that
 * nobody listens on).
 *
 * A state machine that never blocks on the network: the daemon drives it from its loop, the one-shot programs by
 * cycle_run(). At the deadline what is undecided ends as our own trouble (REASON_DEADLINE), and the rest is told: an
 * answer stands, a silence that was not confirmed does not. Time-outs shrink before the deadline cuts anything.
 *
 * One cycle looks at all hosts of a plan, or at some of them: the daemon visits host by host, many visits at a time,
 * all on one engine that paces them together. What a visit sees replaces what an earlier one saw of the same hosts, and
 * what it learns (a flow that was silent, an accept queue that did not drain, when a closed UDP port was last proven)
 * is kept in a memory for the next.
 *
 *     cycle_new(plan, &(struct cycle_options){.engine, .seen, .memory, .hosts, .host_count, .news, ...}, &visit)
 *     cycle_step(visit)                           1: probes wait in the engine, or there is more to do (next_ms: 0)
 *     probe_engine_step(engine) ... news(visit)   whoever owns the engine steps it, then the visits that had news
 *     cycle_step(visit)                           0: `seen` has what this visit saw, in one go; judge its hosts
 *
 * All calls from one thread. The plan outlives the cycle.
 */
#pragma once

#include "portconform/judge.h"
#include "portconform/listeners.h"
#include "portconform/probe.h"

struct cycle;

/* How a flow is probed: which kind serves which service. Tables end with a row of kind NULL; the first match wins. */
struct probe_choice {
    enum transport transport;
    bool tls;                                      /* for services that are TLS from the first octet */
    const struct probe_kind *kind;                 /* NULL closes the table */
    bool (*serves)(const struct service *service); /* NULL: whatever the service is, or that there is none */
};

/* How far a cycle is, for people who wait. */
struct cycle_progress {
    size_t done, total; /* probes, the second ones and the controls included once they are wanted */
    size_t hosts_left;  /* with a flow that is not looked at yet */
};

/* What earlier looks learnt about flows and listeners, by their targets; survives another plan. One thread. */
struct look_memory;
struct look_memory *look_memory_new(void);         /* NULL: out of memory */
void look_memory_free(struct look_memory *memory); /* takes NULL; after its cycles, before their engine */
/* Forgets what nobody has looked at since `mono_ms`. */
void look_memory_forget(struct look_memory *memory, int64_t mono_ms);

struct cycle_options {
    /* A visit; all NULL in a one-shot check. Borrowed until the cycle is freed. */
    struct probe_engine *engine; /* shared with other cycles; whoever owns it steps it. NULL: one of its own */
    struct observations *seen;   /* of the whole plan, by observations_init(); entries of other hosts stay untouched */
    struct look_memory *memory;  /* NULL: nothing is remembered */
    const size_t *hosts;         /* indexes of plan->hosts; NULL: all */
    size_t host_count;
    void *remote_handle;              /* of `remote`, shared; whoever owns it steps it. NULL: one of its own */
    struct owner_cache *known_owners; /* for looks at the kernel's listeners; NULL: none */
    struct listener_helper *helper;   /* asks for their owners, and looks into namespaces; NULL: none */
    const bool *not_due; /* by flow id: is left alone, its last result stays; NULL: every flow is looked at */
    /* Its last probe has ended: cycle_step() has something to do. Called from within probe_engine_step(), where neither
     * this cycle nor the engine may be stepped or freed: to be noted down. */
    void (*news)(void *context, struct cycle *cycle);
    void *news_context;

    const struct probe_choice *probes;
    const struct probe_kind *echo;      /* NULL: probe_kind_icmp */
    const struct remote_source *remote; /* listeners over SNMP; NULL: this program cannot */
    struct probe_limits limits;         /* zeros: the site's */
    unsigned probe_timeout_ms;          /* 0: the site's */
    int64_t deadline_mono_ms;           /* INT64_MAX: none */
    enum judge_mode mode;
    bool no_probes;                                                         /* listeners alone */
    bool owners;                                                            /* look up owners of listeners */
    void (*progress)(void *context, const struct cycle_progress *progress); /* may be NULL */
    void *progress_context;
};

/* `probes` NULL: nothing is probed. Is a service that only a missing kind can probe among the plan's flows, or a
 * listener source that this program lacks? Then the thin plugin hands over. */
bool cycle_needs_other_kinds(const struct plan *plan, const struct probe_choice *probes,
                             const struct remote_source *remote);

/* What the site says about probes, for an engine that visits share. */
struct probe_limits cycle_limits(const struct site *site);

/* 0, -ENOMEM, or another negated errno of the probe engine. Options are copied, what they point at is borrowed. */
int cycle_new(const struct plan *plan, const struct cycle_options *options, struct cycle **ret);
/* Takes NULL. A visit that is not over leaves `seen` as it found it. */
void cycle_free(struct cycle *cycle);
int cycle_fd(const struct cycle *cycle); /* -1: of a visit, whose engine has another owner */
/* Monotonic; 0: at once. Of a visit that has probes in the engine: its deadline, and `news` before. */
int64_t cycle_next_ms(const struct cycle *cycle);
/* Goes as far as it can at `now`. 1: more to do; 0: the observations are complete; negative: failed. */
int cycle_step(struct cycle *cycle, struct moment now);
const struct observations *cycle_observations(const struct cycle *cycle); /* borrowed */
/* How many probes the deadline cut off or did not let begin. */
size_t cycle_undecided(const struct cycle *cycle);
/* Judges what was observed. */
int cycle_judge(struct cycle *cycle, const struct snapshot *earlier, struct moment now, struct judgement *ret);

/* All of it, waiting by poll(2). *ret_cycle is owned by the caller; its observations stay readable. */
int cycle_run(const struct plan *plan, const struct cycle_options *options, struct cycle **ret_cycle,
              struct judgement *ret);
