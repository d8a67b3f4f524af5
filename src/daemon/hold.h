/* How long a plan holds. Names, this machine's own addresses and dates are part of a plan, and whether it looks at the
 * ports that are for a host alone: so it is made anew when one of them may have changed. */
#pragma once

#include "portconform/plan.h"
#include "portconform/snapshot.h"

struct hold {
    bool has_exposure;        /* the configuration has ports that are for a host alone and can be looked at from here */
    bool has_names;           /* its addresses hold for one cycle */
    bool exposure;            /* this plan looks at them */
    int64_t exposure_mono_ms; /* the next look at them is due */
    int64_t planned_wall_ms;
};

/* The first plan of a configuration, which always looks at them. */
void hold_begin(struct hold *hold, const struct plan *plan);
/* Another plan of the same configuration. */
void hold_renew(struct hold *hold, const struct plan *plan, bool exposure);
/* A cycle of the plan was judged; `whole`: nothing of it was cut off. */
void hold_cycle_done(struct hold *hold, const struct snapshot *snapshot, bool whole, struct moment now);
/* Names of hosts that a plan has no address for. */
size_t hold_lost_names(const struct plan *plan);

/* Must the cycle that is to begin `now` look at them? */
bool hold_wants_exposure(const struct hold *hold, struct moment now);
enum hold_answer {
    HOLD_GOOD,  /* go on with the plan */
    HOLD_STALE, /* a new one is wanted; the old one will do where there is none */
    HOLD_OVER,  /* the old one is wrong by now */
};
enum hold_answer hold_ask(const struct hold *hold, struct moment now);
