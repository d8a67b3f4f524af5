/* Sentences, storms, heartbeats and summaries. */
#include "portconform/news.h"

#include "portconform/tell.h"
#include "portconform/text.h"
#include "portconform/vector.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <syslog.h>

void event_list_done(struct event_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        event_unref(list->items[i]);
    VECTOR_DONE(list);
}

/* Takes the text and fills the event; both are gone on failure. */
static int list_add(struct event_list *list, struct event *event, const struct event_texts *texts)
{
    struct event **slot = NULL;
    if (event && event_fill(event, texts) == 0)
        slot = VECTOR_PUSH(list);
    if (!slot) {
        event_unref(event);
        return -ENOMEM;
    }
    *slot = event;
    return 0;
}

/* --- options ------------------------------------------------------------------------------------------------------ */

static int64_t next_after(unsigned every_s, int64_t now_ms)
{
    return every_s == 0 ? INT64_MAX : now_ms + (int64_t)every_s * 1000;
}

void news_begin(struct news *news, const struct news_options *options, struct moment now)
{
    *news = (struct news){
        .options = *options,
        .heartbeat_ms = next_after(options->heartbeat_s, now.mono_ms),
        .summary_ms = next_after(options->summary_s, now.mono_ms),
    };
}

void news_configure(struct news *news, const struct news_options *options, struct moment now)
{
    if (options->heartbeat_s != news->options.heartbeat_s)
        news->heartbeat_ms = next_after(options->heartbeat_s, now.mono_ms);
    if (options->summary_s != news->options.summary_s)
        news->summary_ms = next_after(options->summary_s, now.mono_ms);
    news->options = *options;
}

static int64_t window_end_ms(const struct news *news)
{
    return news->window_ms == 0 ? INT64_MAX : news->window_ms + (int64_t)news->options.storm_s * 1000;
}

int64_t news_next_ms(const struct news *news)
{
    int64_t next_ms = news->heartbeat_ms < news->summary_ms ? news->heartbeat_ms : news->summary_ms;
    return window_end_ms(news) < next_ms ? window_end_ms(news) : next_ms;
}

/* --- transitions -------------------------------------------------------------------------------------------------- */

/* Who has to act: who answers for the waiver, else the team that the blame falls on. */
static const char *owner_of(const struct site *site, const struct finding *finding)
{
    if (finding->waived && finding->waived_owner)
        return finding->waived_owner;
    return finding->blame == BLAME_NONE ? NULL : site_team(site, blame_name(finding->blame));
}

/* Is this transition one too many to be told? */
static bool storm_takes(struct news *news, struct moment now)
{
    if (news->options.storm == 0)
        return false;
    if (news->window_ms == 0)
        news->window_ms = now.mono_ms;
    if (++news->in_window <= news->options.storm)
        return false;
    news->untold++;
    news->storm_events++;
    return true;
}

static int add_transition(struct news *news, const struct news_source *source, const struct transition *transition,
                          struct event_list *list)
{
    struct text sentence = {0};
    tell_sentence(&sentence, transition->finding);
    const struct event_texts texts = {
        .site = source->site->name,
        .vantage = source->vantage,
        .message = text_string(&sentence),
        .owner = owner_of(source->site, transition->finding),
        .finding = transition->finding,
    };
    struct event *event = sentence.failed ? NULL : event_new(event_kind_of(transition->kind), transition->at);
    if (event) {
        event->was = transition->was;
        event->untold = storm_takes(news, transition->at);
    }
    int r = list_add(list, event, &texts);
    text_done(&sentence);
    return r;
}

int news_of_transitions(struct news *news, const struct news_source *source, const struct transition *transitions,
                        size_t count, struct event_list *list)
{
    int result = 0;
    for (size_t i = 0; i < count; i++) {
        int r = add_transition(news, source, &transitions[i], list);
        result = r < 0 ? r : result;
    }
    return result;
}

/* --- the program itself ------------------------------------------------------------------------------------------- */

static int add_item(const struct news_source *source, const struct news_item *item, struct moment now,
                    struct event_list *list, const struct text *sentence)
{
    const struct event_texts texts = {
        .site = source->site->name,
        .vantage = source->vantage,
        .message = text_string(sentence),
        .target = item->target,
    };
    struct event *event = sentence->failed ? NULL : event_new(item->kind, now);
    if (event) {
        event->level = item->level;
        event->count = item->count;
    }
    return list_add(list, event, &texts);
}

int news_say(const struct news_source *source, const struct news_item *item, struct moment now, struct event_list *list,
             const char *format, ...)
{
    struct text sentence = {0};
    va_list args;
    va_start(args, format);
    text_vprintf(&sentence, format, args);
    va_end(args);
    int r = add_item(source, item, now, list, &sentence);
    text_done(&sentence);
    return r;
}

/* --- what is due -------------------------------------------------------------------------------------------------- */

static int end_window(struct news *news, const struct news_source *source, struct moment now, struct event_list *list)
{
    const uint64_t untold = news->untold;
    news->window_ms = 0;
    news->in_window = news->untold = 0;
    if (untold == 0)
        return 0;
    news->storms++;
    const struct news_item item = {.kind = EVENT_STORM, .level = LOG_WARNING, .count = untold};
    return news_say(source, &item, now, list,
                    "a storm: %" PRIu64
                    " more changes within %u s are not told one by one; \"portconform findings\" tells how it is now, "
                    "\"portconform history\" each of them",
                    untold, news->options.storm_s);
}

/* The text stands alone: what it is about, before the numbers. */
static void text_add_tally(struct text *out, const char *what, const struct snapshot *snapshot,
                           const struct tally *tally)
{
    text_printf(
        out,
        "%s: worst %s, hosts %zu, expectations %zu, conforming %zu, nonconforming %zu, unproven %zu, unknown %zu, "
        "unexpected %zu, waived %zu, held %zu",
        what, severity_name(tally->worst), snapshot->host_count, tally->expectations,
        tally->verdicts[VERDICT_CONFORMING], tally->nonconforming, tally->verdicts[VERDICT_UNPROVEN], tally->unknown,
        tally->unexpected, tally->waived, tally->held);
}

static int add_counts(const struct news_source *source, const struct snapshot *snapshot, enum event_kind kind,
                      struct moment now, struct event_list *list)
{
    const struct tally tally = snapshot_tally(snapshot, NULL);
    const struct news_item item = {.kind = kind, .level = LOG_INFO, .count = tally.nonconforming};
    struct text sentence = {0};
    const char *what = kind == EVENT_SUMMARY ? "all problems were told again" : "portconformd is watching";
    text_add_tally(&sentence, what, snapshot, &tally);
    int r = add_item(source, &item, now, list, &sentence);
    text_done(&sentence);
    return r;
}

static int add_finding(const struct news_source *source, const struct finding *finding, struct moment now,
                       struct event_list *list)
{
    struct text sentence = {0};
    tell_sentence(&sentence, finding);
    const struct event_texts texts = {
        .site = source->site->name,
        .vantage = source->vantage,
        .message = text_string(&sentence),
        .owner = owner_of(source->site, finding),
        .finding = finding,
    };
    struct event *event = sentence.failed ? NULL : event_new(EVENT_SUMMARY, now);
    if (event)
        event->was = finding->was;
    int r = list_add(list, event, &texts);
    text_done(&sentence);
    return r;
}

static bool is_worth_a_summary(const struct finding *finding)
{
    return finding->severity != SEVERITY_OK && !finding->waived && !finding->held;
}

static int add_summary(const struct news_source *source, const struct snapshot *snapshot, struct moment now,
                       struct event_list *list)
{
    for (size_t b = 0; b < snapshot->block_count; b++) {
        for (size_t i = 0; i < snapshot->blocks[b]->count; i++) {
            const struct finding *finding = &snapshot->blocks[b]->items[i];
            int r = is_worth_a_summary(finding) ? add_finding(source, finding, now, list) : 0;
            if (r < 0)
                return r;
        }
    }
    return add_counts(source, snapshot, EVENT_SUMMARY, now, list);
}

int news_due(struct news *news, const struct news_source *source, const struct snapshot *snapshot, struct moment now,
             struct event_list *list)
{
    int r = 0;
    if (now.mono_ms >= window_end_ms(news))
        r = end_window(news, source, now, list);
    if (r == 0 && now.mono_ms >= news->heartbeat_ms) {
        news->heartbeat_ms = next_after(news->options.heartbeat_s, now.mono_ms);
        r = snapshot ? add_counts(source, snapshot, EVENT_HEARTBEAT, now, list) : 0;
    }
    if (r == 0 && now.mono_ms >= news->summary_ms) {
        news->summary_ms = next_after(news->options.summary_s, now.mono_ms);
        r = snapshot ? add_summary(source, snapshot, now, list) : 0;
    }
    return r;
}
