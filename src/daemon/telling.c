/* One record is under way at a time; what happens meanwhile is the next one. */
#include "telling.h"

#include "portconform/error.h"
#include "portconform/log.h"
#include "portconform/text.h"
#include "portconform/vector.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { QUIET_MS = 1000 };      /* without transitions at most one record so often */
enum { UNRECORDED_MS = 1000 }; /* the disk gets so long; then it is told all the same */
enum { FRESH_MS = 5000 };      /* where nothing changes, that it was looked at is published so often */

struct telling {
    struct telling_options options;
    struct recorder *recorder;
    struct publication *publication;
    struct news_source source;
    struct news news;

    struct event_list waiting; /* for the next record */
    struct event_list made;    /* by the store itself, not published yet: oldest first */
    bool changed, looked;      /* a finding is not as it was; something was looked at */
    int64_t recorded_ms;       /* the last record was submitted */
    int64_t again_ms;          /* after a failure: not before */
    int64_t snapshot_ms;       /* the last snapshot was made */

    struct {            /* under way */
        int64_t ticket; /* 0: none */
        int64_t since_ms;
        struct snapshot *snapshot; /* NULL: events alone */
        struct event_list events;
        bool told; /* unrecorded */
    } record;
    uint64_t published, promised; /* numbers of snapshots */
};

/* --- life --------------------------------------------------------------------------------------------------------- */

static void log_of_recorder(int level, const char *text)
{
    log_line(level, "store: %s", text);
}

int telling_new(const struct telling_options *options, struct telling **ret, struct recorded *ret_recorded)
{
    const struct recorder_options recording = {.folder = options->state, .log = log_of_recorder};
    struct telling *telling = calloc(1, sizeof(*telling));
    if (telling == NULL)
        return -ENOMEM;
    telling->options = *options;
    telling->publication = publication_new();
    int r = telling->publication == NULL ? -ENOMEM : recorder_start(&recording, &telling->recorder, ret_recorded);
    if (r < 0) {
        publication_free(telling->publication);
        free(telling);
        return r;
    }
    *ret = telling;
    return 0;
}

void telling_free(struct telling *telling, unsigned timeout_ms)
{
    if (telling == NULL)
        return;
    recorder_stop(telling->recorder, timeout_ms);
    event_list_done(&telling->waiting);
    event_list_done(&telling->made);
    event_list_done(&telling->record.events);
    snapshot_unref(telling->record.snapshot);
    publication_free(telling->publication);
    free(telling);
}

struct recorder *telling_recorder(struct telling *telling)
{
    return telling->recorder;
}

struct publication *telling_publication(struct telling *telling)
{
    return telling->publication;
}

const struct news *telling_news(const struct telling *telling)
{
    return &telling->news;
}

static struct news_options options_of(const struct site *site)
{
    return (struct news_options){
        .storm = site->events.storm,
        .storm_s = site->events.storm_s,
        .heartbeat_s = site->events.heartbeat_s,
        .summary_s = site->events.summary_s,
    };
}

void telling_set_bounds(struct telling *telling, const struct store_options *store)
{
    recorder_set_bounds(telling->recorder, (uint64_t)store->most_mb << 20, store->most_days);
}

void telling_set_source(struct telling *telling, const struct news_source *source, struct moment now)
{
    const struct news_options options = options_of(source->site);
    if (telling->source.site == NULL)
        news_begin(&telling->news, &options, now);
    else
        news_configure(&telling->news, &options, now);
    telling->source = *source;
}

/* --- what happens ------------------------------------------------------------------------------------------------- */

static void log_events(const struct event_list *list, size_t from, bool quiet)
{
    for (size_t i = from; i < list->count; i++) {
        const struct event *event = list->items[i];
        int level = event->level != 0 ? event->level : quiet || event->untold ? LOG_DEBUG : LOG_NOTICE;
        log_line(level, "%s: %s", event_kind_name(event->kind), event->message);
    }
}

static void miss_events(int result)
{
    if (result < 0)
        log_line(LOG_ERR, "an event cannot be told: %s", pc_strerror(result));
}

void telling_judged(struct telling *telling, const struct judgement *judgement, bool changed, bool quiet)
{
    size_t before = telling->waiting.count;
    miss_events(news_of_transitions(&telling->news, &telling->source, judgement->transitions,
                                    judgement->transition_count, &telling->waiting));
    log_events(&telling->waiting, before, quiet);
    telling->changed = telling->changed || changed;
    telling->looked = true;
    telling->promised = telling->published + (telling->record.snapshot != NULL && !telling->record.told ? 2 : 1);
}

void telling_say(struct telling *telling, const struct news_item *item, struct moment now, const char *format, ...)
{
    struct text sentence = {0};
    va_list args;
    va_start(args, format);
    text_vprintf(&sentence, format, args);
    va_end(args);
    log_line(item->level, "%s", text_string(&sentence));
    miss_events(news_say(&telling->source, item, now, &telling->waiting, "%s", text_string(&sentence)));
    text_done(&sentence);
}

void telling_say_state(struct telling *telling, const struct sink_status *sink, enum sink_state *told,
                       struct moment now)
{
    enum sink_state before = *told;
    *told = sink->state == SINK_UNKNOWN ? before : sink->state;
    if (*told == before || (before == SINK_UNKNOWN && *told == SINK_UP))
        return;
    const bool down = *told == SINK_DOWN;
    const bool named = sink->target != NULL && strcmp(sink->name, sink->target) != 0; /* else one says it all */
    const char *before_target = named ? " (" : "", *target = named ? sink->target : "",
               *after_target = named ? ")" : "";
    const struct news_item item = {.kind = down ? EVENT_TARGET_DOWN : EVENT_TARGET_UP,
                                   .level = down ? LOG_WARNING : LOG_NOTICE,
                                   .target = sink->name};
    if (down)
        telling_say(telling, &item, now, "%s%s%s%s takes no messages: %s; waiting: %llu", sink->name, before_target,
                    target, after_target, sink->last_error != NULL ? sink->last_error : "no answer",
                    (unsigned long long)sink->queued);
    else
        telling_say(telling, &item, now, "%s%s%s%s takes messages again; waiting: %llu", sink->name, before_target,
                    target, after_target, (unsigned long long)sink->queued);
}

/* --- recording ---------------------------------------------------------------------------------------------------- */

/* Whoever has seen an event asks for those with larger ids: they are published in their order. What has no id was not
 * taken by the store for want of memory. */
static void publish_events(struct telling *telling, struct event *const *events, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!events[i]->untold && events[i]->id != 0)
            publication_add_event(telling->publication, events[i]);
    }
}

/* Of the record under way; UINT64_MAX: none of it has to be published. A record's ids are taken at once: what the store
 * makes itself lies before or behind all of them. */
static uint64_t first_id_under_way(const struct telling *telling)
{
    const struct event_list *events = &telling->record.events;
    for (size_t i = 0; !telling->record.told && i < events->count; i++) {
        if (events->items[i]->id != 0)
            return events->items[i]->id;
    }
    return UINT64_MAX;
}

/* What has no room here stays with the recorder. */
static void fetch_made(struct telling *telling)
{
    struct event_list *made = &telling->made;
    struct event **slot;
    while ((slot = VECTOR_PUSH(made)) != NULL) {
        if (recorder_made(telling->recorder, slot, 1) == 0) {
            made->count--;
            return;
        }
        log_line((*slot)->level != 0 ? (*slot)->level : LOG_WARNING, "%s", (*slot)->message);
    }
}

/* What the store says about itself, as far as it does not lie behind a record that has to be published first. */
static void publish_made(struct telling *telling)
{
    fetch_made(telling);
    struct event_list *made = &telling->made;
    const uint64_t first = first_id_under_way(telling);
    size_t count = 0;
    while (count < made->count && made->items[count]->id < first)
        count++;
    if (count == 0)
        return;
    publish_events(telling, made->items, count);
    for (size_t i = 0; i < count; i++)
        event_unref(made->items[i]);
    made->count -= count;
    memmove(made->items, made->items + count, made->count * sizeof(struct event *));
    telling->options.published(telling->options.context);
}

static void publish(struct telling *telling, bool recorded)
{
    if (!telling->record.told)
        publish_made(telling); /* what lies before it */
    if (telling->record.snapshot != NULL) {
        publication_set_snapshot(telling->publication, telling->record.snapshot, recorded);
        telling->published += !telling->record.told;
    }
    if (!telling->record.told)
        publish_events(telling, telling->record.events.items, telling->record.events.count);
    telling->options.published(telling->options.context);
}

static void end_record(struct telling *telling)
{
    snapshot_unref(telling->record.snapshot);
    event_list_done(&telling->record.events);
    telling->record.snapshot = NULL;
    telling->record.ticket = 0;
    telling->record.told = false;
}

static void see_what_is_done(struct telling *telling, struct moment now)
{
    bool on_disk = false;
    int64_t done = recorder_done_ticket(telling->recorder, &on_disk);
    if (telling->record.ticket != 0 && done >= telling->record.ticket) {
        publish(telling, on_disk);
        end_record(telling);
    } else if (telling->record.ticket != 0 && !telling->record.told &&
               now.mono_ms - telling->record.since_ms >= UNRECORDED_MS) {
        publish(telling, false);
        telling->record.told = true;
    }
    publish_made(telling);
}

/* The record gets references of its own of what is told when it is done. */
static int make_record(struct telling *telling, const struct watch *watch, struct moment now, struct record *ret)
{
    struct record record = {0};
    const size_t count = telling->waiting.count;
    if (telling->changed || telling->looked) {
        telling->record.snapshot = watch_snapshot(watch, now);
        if (telling->record.snapshot == NULL)
            return -ENOMEM;
        if (telling->changed)
            record.snapshot = snapshot_ref(telling->record.snapshot);
    }
    record.events = count == 0 ? NULL : calloc(count, sizeof(struct event *));
    if (count > 0 && record.events == NULL) {
        snapshot_unref(record.snapshot);
        snapshot_unref(telling->record.snapshot);
        telling->record.snapshot = NULL;
        return -ENOMEM;
    }
    for (; record.event_count < count; record.event_count++)
        record.events[record.event_count] = event_ref(telling->waiting.items[record.event_count]);
    *ret = record;
    return 0;
}

static void submit(struct telling *telling, const struct watch *watch, struct moment now)
{
    struct record record;
    telling->recorded_ms = now.mono_ms;
    int r = make_record(telling, watch, now, &record);
    if (r < 0) { /* tried again a second later */
        log_line(LOG_ERR, "nothing can be told at the moment: %s", pc_strerror(r));
        telling->again_ms = now.mono_ms + QUIET_MS;
        return;
    }
    telling->record.events = telling->waiting;
    telling->waiting = (struct event_list){0};
    telling->changed = telling->looked = false;
    telling->record.since_ms = telling->snapshot_ms = now.mono_ms;
    if (record.snapshot == NULL && record.event_count == 0) { /* nothing that has to outlive us */
        publish(telling, true);
        end_record(telling);
        return;
    }
    telling->record.ticket = recorder_submit(telling->recorder, &record);
    if (telling->record.ticket < 0) {
        log_line(LOG_ERR, "the store does not take it: %s", pc_strerror((int)telling->record.ticket));
        publish(telling, false);
        end_record(telling);
    }
}

/* --- going on ----------------------------------------------------------------------------------------------------- */

int telling_fd(const struct telling *telling)
{
    return recorder_fd(telling->recorder);
}

/* When the next record is due, were none under way. */
static int64_t submit_ms(const struct telling *telling)
{
    if (telling->waiting.count > 0)
        return telling->again_ms;
    if (telling->changed)
        return telling->recorded_ms + QUIET_MS;
    return telling->looked ? telling->snapshot_ms + FRESH_MS : INT64_MAX;
}

int64_t telling_next_ms(const struct telling *telling)
{
    int64_t own_ms = telling->record.ticket == 0 ? submit_ms(telling)
                     : telling->record.told      ? INT64_MAX
                                                 : telling->record.since_ms + UNRECORDED_MS;
    int64_t news_ms = news_next_ms(&telling->news);
    return own_ms < news_ms ? own_ms : news_ms;
}

static void tell_what_is_due(struct telling *telling, struct moment now)
{
    if (now.mono_ms < news_next_ms(&telling->news))
        return;
    size_t before = telling->waiting.count;
    struct snapshot *snapshot = publication_snapshot(telling->publication, NULL);
    miss_events(news_due(&telling->news, &telling->source, snapshot, now, &telling->waiting));
    snapshot_unref(snapshot);
    log_events(&telling->waiting, before, true);
}

void telling_step(struct telling *telling, const struct watch *watch, struct moment now)
{
    see_what_is_done(telling, now);
    tell_what_is_due(telling, now);
    if (telling->record.ticket == 0 && submit_ms(telling) <= now.mono_ms)
        submit(telling, watch, now);
}

void telling_flush(struct telling *telling, const struct watch *watch, unsigned timeout_ms)
{
    struct moment now = moment_now();
    const int64_t until_ms = now.mono_ms + (int64_t)timeout_ms;
    while ((telling->record.ticket != 0 || telling->waiting.count > 0) && now.mono_ms < until_ms) {
        struct pollfd done = {.fd = telling_fd(telling), .events = POLLIN};
        if (telling->record.ticket != 0)
            (void)poll(&done, 1, (int)(until_ms - now.mono_ms));
        now = moment_now();
        telling_step(telling, watch, now);
    }
}

uint64_t telling_next_publication(const struct telling *telling)
{
    return telling->promised;
}

uint64_t telling_published(const struct telling *telling)
{
    return telling->published;
}
