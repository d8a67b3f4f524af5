/* What the clocks tell a loop that waits for events: whether the machine slept, the process was not run, or somebody
 * set the wall clock. Pure: the clocks are passed in.
 *
 *     clocks went apart               probes under way
 *     CLOCK_BOOTTIME, _MONOTONIC      the machine slept: answers had no chance, nothing that was under way counts
 *     turn, and when it was due       the process was stopped: the same
 *     CLOCK_REALTIME, _BOOTTIME       the wall clock was set: no matter, every wait is by the other
 */
#pragma once

#include "portconform/clock.h"

enum { AWAY_SLEPT_MS = 1000, AWAY_STOPPED_MS = 5000, AWAY_SET_MS = 1000 }; /* less is no news */

struct clocks {
    struct moment now; /* CLOCK_BOOTTIME and CLOCK_REALTIME */
    int64_t awake_ms;  /* CLOCK_MONOTONIC */
};

struct away {
    struct clocks last;
};

struct away_news {
    bool slept, stopped; /* for absent_ms */
    int64_t absent_ms;
    int64_t set_ms; /* the wall clock was set by so much; 0: it was not */
};

void away_begin(struct away *away, const struct clocks *clocks);
/* At each turn: `waited_ms` is how long it was to wait since the last one, at most. */
struct away_news away_turn(struct away *away, const struct clocks *clocks, int64_t waited_ms);
