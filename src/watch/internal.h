/* What the files of a watch share. */
#pragma once

#include "portconform/watch.h"

#include "schedule.h"

struct watched {
    struct finding_block *block; /* NULL: nothing is known yet */
    unsigned char looks;         /* at changes that wait, since the last turn */
};

struct watch {
    const struct plan *plan;
    struct schedule schedule;
    struct observations seen;
    bool *not_due;               /* by flow id; all true but those of the visits that are under way */
    struct watched *hosts;       /* parallel to the plan's */
    struct finding_block *site;  /* the site's own findings */
    struct finding_block **gone; /* of hosts that the plan no longer has, till that is told */
    size_t gone_count;
    size_t followed; /* hosts that the plan was followed for, the site counting as one */
    struct {
        uint64_t visits, late;
        int64_t round_began_ms, round_ms, last_round_ms, last_visit_ms;
    } counts;
};

/* --- due.c -------------------------------------------------------------------------------------------------------- */

/* A turn for each interval of each host's expectations. 0 or -ENOMEM. */
int due_make_schedule(struct schedule *schedule, const struct plan *plan, const struct schedule *earlier,
                      struct moment now);
bool due_whole_host(const struct watch *watch, const struct watch_visit *visit);
/* Writes `not_due` for the flows of that host which the visit looks at; `visit` NULL: for all of them. */
void due_set(struct watch *watch, size_t host_index, const struct watch_visit *visit, bool not_due);
