/* Stories: the daemon's own way from what is seen to what is told, under a clock that the story moves: schedule,
 * damping, events, storms, the store. `run 2h` lives through that time; `events` holds what was told meanwhile. */
#include "scenario.h"

#include "portconform/error.h"
#include "portconform/news.h"
#include "portconform/store.h"
#include "portconform/watch.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RECORD_MS = 10000, STOP_MS = 5000 }; /* of real time, for the store's thread */
enum { ROOM = 300 };

struct story {
    struct watch *watch;
    struct recorder *recorder;
    struct news news;
    struct news_source source;
    struct event_list waiting; /* for the next record */
    struct text told;          /* since the last `events` */
    bool changed;
    int day; /* of the month, of the plan */
};

static int day_of(int64_t wall_ms)
{
    struct tm tm = {0};
    time_t seconds = (time_t)(wall_ms / 1000);
    gmtime_r(&seconds, &tm);
    return tm.tm_mday;
}

/* --- telling ------------------------------------------------------------------------------------------------------ */

static void tell(struct story *story, size_t from)
{
    for (size_t i = from; i < story->waiting.count; i++) {
        const struct event *event = story->waiting.items[i];
        char clock[CLOCK_TEXT];
        if (event->untold)
            continue;
        text_printf(&story->told, "%s %s", clock_format_time(event->at.wall_ms, clock, sizeof(clock)),
                    event_kind_name(event->kind));
        if (event->finding == NULL)
            text_printf(&story->told, " %s\n", event->message);
        else
            text_printf(&story->told, " %s %s %s was %s\n", event->finding->host ? event->finding->host : "-",
                        event->finding->ports ? event->finding->ports : "-", verdict_row(event->finding->verdict)->name,
                        verdict_row(event->was)->name);
    }
}

/* Submits what waits, and waits till it is on disk: a story has no failing disks. */
static bool record(struct scenario *scenario, struct story *story)
{
    struct record record = {.snapshot = story->changed ? watch_snapshot(story->watch, scenario->now) : NULL,
                            .events = story->waiting.items,
                            .event_count = story->waiting.count};
    story->waiting = (struct event_list){0};
    story->changed = false;
    if (record.snapshot == NULL && record.event_count == 0) {
        free(record.events);
        return true;
    }
    int64_t ticket = recorder_submit(story->recorder, &record), done = 0;
    bool on_disk = false;
    while (ticket > 0 && done < ticket) {
        struct pollfd ready = {.fd = recorder_fd(story->recorder), .events = POLLIN};
        if (poll(&ready, 1, RECORD_MS) <= 0)
            break;
        done = recorder_done_ticket(story->recorder, &on_disk);
    }
    if (ticket <= 0 || done < ticket || !on_disk)
        scenario_fail(scenario, "the store does not take what happened");
    return ticket > 0 && done >= ticket;
}

static void take_judgement(struct story *story, struct judgement *judgement, bool changed)
{
    size_t before = story->waiting.count;
    (void)news_of_transitions(&story->news, &story->source, judgement->transitions, judgement->transition_count,
                              &story->waiting);
    tell(story, before);
    story->changed = story->changed || changed;
    judgement_done(judgement);
}

/* --- looking ------------------------------------------------------------------------------------------------------ */

static bool visit(struct scenario *scenario, struct story *story, const struct watch_visit *due)
{
    struct observations *seen = watch_seen(story->watch);
    struct judgement judgement = {0};
    bool changed = false;
    if (!seen_build(scenario))
        return false;
    memcpy(seen->probes, scenario->observations.probes, seen->probe_count * sizeof(*seen->probes));
    seen->egress_broken = scenario->observations.egress_broken;
    seen->hosts[due->host] = scenario->observations.hosts[due->host];
    int r = watch_judge(story->watch, due, scenario->now, &judgement, &changed);
    seen->hosts[due->host] = (struct host_seen){0}; /* it is the scenario's */
    if (r < 0)
        scenario_fail(scenario, "%s", pc_strerror(r));
    take_judgement(story, &judgement, changed);
    return r == 0;
}

static void follow(struct scenario *scenario, struct story *story)
{
    struct judgement judgement = {0};
    bool changed = false;
    while (watch_follow(story->watch, SIZE_MAX, scenario->now, &judgement, &changed))
        ;
    take_judgement(story, &judgement, changed);
}

/* --- beginnings --------------------------------------------------------------------------------------------------- */

static bool open_store(struct scenario *scenario, struct story *story)
{
    char folder[ROOM];
    struct recorded recorded = {.snapshot = NULL};
    snprintf(folder, sizeof(folder), "%s/state", scenario->folder);
    const struct recorder_options options = {.folder = folder};
    int r = recorder_start(&options, &story->recorder, &recorded);
    if (r == 0)
        r = watch_new(scenario->plan, recorded.snapshot, scenario->now, &story->watch);
    snapshot_unref(recorded.snapshot);
    if (r < 0)
        scenario_fail(scenario, "cannot begin: %s", pc_strerror(r));
    return r == 0;
}

static void set_source(struct scenario *scenario, struct story *story)
{
    const struct site *site = scenario->plan->site;
    const struct news_options options = {site->events.storm, site->events.storm_s, site->events.heartbeat_s,
                                         site->events.summary_s};
    if (story->source.site == NULL)
        news_begin(&story->news, &options, scenario->now);
    else
        news_configure(&story->news, &options, scenario->now);
    story->source = (struct news_source){.site = site, .vantage = scenario->plan->vantage_name};
    story->day = day_of(scenario->now.wall_ms);
}

static void end_story(struct story *story)
{
    watch_free(story->watch);
    recorder_stop(story->recorder, STOP_MS);
    event_list_done(&story->waiting);
    story->watch = NULL;
    story->recorder = NULL;
}

static bool begin(struct scenario *scenario)
{
    if (scenario->story == NULL) {
        scenario->story = calloc(1, sizeof(*scenario->story));
        if (scenario->story == NULL || !scenario_plan(scenario))
            return false;
    }
    if (scenario->story->watch != NULL)
        return true;
    if (scenario->story->source.site == NULL)
        set_source(scenario, scenario->story);
    return open_store(scenario, scenario->story);
}

/* The old plan is borrowed by the watch until the new one is in its place. */
static bool replan(struct scenario *scenario, struct story *story)
{
    struct plan *plan = scenario->plan;
    struct config *config = scenario->config;
    seen_drop(scenario);
    scenario->plan = NULL;
    scenario->config = NULL;
    scenario->changed = true; /* another day is reason enough */
    bool made = scenario_plan(scenario) && watch_replan(story->watch, scenario->plan, scenario->now) == 0;
    if (made) {
        set_source(scenario, story);
        plan_free(plan);
        config_free(config);
    }
    return made;
}

/* --- statements --------------------------------------------------------------------------------------------------- */

/* The next moment at which anything happens, at most `end_ms`. */
static int64_t next_ms(const struct story *story, int64_t end_ms)
{
    int64_t next = watch_next_ms(story->watch), news = news_next_ms(&story->news);
    next = news < next ? news : next;
    return next < end_ms ? next : end_ms;
}

static bool live(struct scenario *scenario, struct story *story, int64_t ms)
{
    const int64_t end_ms = scenario->now.mono_ms + ms;
    for (;;) {
        struct watch_visit due;
        if ((scenario->changed || day_of(scenario->now.wall_ms) != story->day) && !replan(scenario, story))
            return false;
        follow(scenario, story);
        while (watch_next(story->watch, scenario->now, &due)) {
            if (!visit(scenario, story, &due))
                return false;
        }
        struct snapshot *snapshot = watch_snapshot(story->watch, scenario->now);
        size_t before = story->waiting.count;
        (void)news_due(&story->news, &story->source, snapshot, scenario->now, &story->waiting);
        snapshot_unref(snapshot);
        tell(story, before);
        if (!record(scenario, story))
            return false;
        if (scenario->now.mono_ms >= end_ms)
            return true;
        int64_t step_ms = next_ms(story, end_ms) - scenario->now.mono_ms;
        scenario->now.mono_ms += step_ms;
        scenario->now.wall_ms += step_ms;
    }
}

static void play_run(struct scenario *scenario, const struct words *words)
{
    int64_t ms = duration_ms(word_at(words, 1));
    if (ms < 0)
        scenario_fail(scenario, "run 2h");
    else if (!begin(scenario) || !live(scenario, scenario->story, ms))
        scenario_fail(scenario, "the story cannot go on");
}

/* `restart`, or `restart after 3h`: the process is gone that long, and what it did not record with it. */
static void play_restart(struct scenario *scenario, const struct words *words)
{
    int64_t ms = words->count > 2 ? duration_ms(word_at(words, 2)) : 0;
    if (scenario->story == NULL || ms < 0) {
        scenario_fail(scenario, "restart [after 3h]");
        return;
    }
    end_story(scenario->story);
    scenario->story->source.site = NULL; /* heartbeats begin anew */
    scenario->now.mono_ms += ms;
    scenario->now.wall_ms += ms;
}

static void play_events(struct scenario *scenario)
{
    const size_t first = scenario->at + 1;
    char *expected = scenario_block(scenario);
    const char *told = scenario->story == NULL ? "" : text_string(&scenario->story->told);
    if (expected != NULL && strcmp(expected, told) != 0)
        scenario_differs(scenario, first, told);
    free(expected);
    if (scenario->story != NULL)
        text_done(&scenario->story->told);
}

bool story_play(struct scenario *scenario, const struct words *words)
{
    if (word_is(words, 0, "run"))
        play_run(scenario, words);
    else if (word_is(words, 0, "restart"))
        play_restart(scenario, words);
    else if (word_is(words, 0, "events"))
        play_events(scenario);
    else
        return false;
    return true;
}

void story_done(struct scenario *scenario)
{
    if (scenario->story == NULL)
        return;
    end_story(scenario->story);
    text_done(&scenario->story->told);
    free(scenario->story);
    scenario->story = NULL;
}
