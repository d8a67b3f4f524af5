/* Differences of clocks from turn to turn. */
#include "portconform/away.h"

void away_begin(struct away *away, const struct clocks *clocks)
{
    away->last = *clocks;
}

struct away_news away_turn(struct away *away, const struct clocks *clocks, int64_t waited_ms)
{
    const struct clocks *last = &away->last;
    const int64_t passed_ms = clocks->now.mono_ms - last->now.mono_ms;
    const int64_t asleep_ms = passed_ms - (clocks->awake_ms - last->awake_ms);
    const int64_t late_ms = passed_ms - waited_ms; /* from turn to turn: it may be stopped at work */
    const int64_t set_ms = clocks->now.wall_ms - last->now.wall_ms - passed_ms;
    struct away_news news = {
        .slept = asleep_ms > AWAY_SLEPT_MS,
        .stopped = late_ms > AWAY_STOPPED_MS,
        .set_ms = set_ms > AWAY_SET_MS || set_ms < -AWAY_SET_MS ? set_ms : 0,
    };
    if (news.slept || news.stopped)
        news.absent_ms = late_ms > asleep_ms ? late_ms : asleep_ms;
    away->last = *clocks;
    return news;
}
