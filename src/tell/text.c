/* The form for people: what somebody must act on, one block each and the worst first; what conforms is counted. */
#include "layout.h"
#include "listing.h"
#include "phrases.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    SEVERITY_WIDTH = 8,
    HOST_WIDTH_MAX = 24,
    PLACE_WIDTH_MAX = 28,
    ROOM_MIN = 36, /* less to the right of the verdict: the second line begins further left */
    HANG_NARROW = 4,
};

/* What the screen is made of, and how wide its columns are. */
struct screen {
    struct layout layout;
    const struct plan *plan;
    const struct snapshot *snapshot;
    const struct tell_options *options;
    struct listing listing;
    size_t host_width, place_width, verdict_width;
};

static size_t at_most(size_t value, size_t limit)
{
    return value < limit ? value : limit;
}

static const char *screen_host(const struct listing_item *item)
{
    return item->finding->host != NULL && item->hosts <= 1 ? item->finding->host : "(site)";
}

/* What several findings share is about no port of them. */
static void screen_place(struct text *out, const struct listing_item *item)
{
    if (item->alike == 0)
        phrase_place(out, item->finding, ' ');
}

static void screen_measure(struct screen *screen)
{
    for (size_t i = 0; i < screen->listing.count; i++) {
        const struct listing_item *item = &screen->listing.items[i];
        struct text place = {0};
        screen_place(&place, item);
        size_t host = at_most(text_columns(screen_host(item)), HOST_WIDTH_MAX);
        size_t port = at_most(place.length, PLACE_WIDTH_MAX);
        size_t verdict = strlen(verdict_row(item->finding->verdict)->name);
        screen->host_width = host > screen->host_width ? host : screen->host_width;
        screen->place_width = port > screen->place_width ? port : screen->place_width;
        screen->verdict_width = verdict > screen->verdict_width ? verdict : screen->verdict_width;
        screen->layout.out->failed |= place.failed;
        text_done(&place);
    }
}

/* Flows what was put together, and empties it for the next. */
static void screen_flow(struct screen *screen, struct text *words)
{
    layout_flow(&screen->layout, text_string(words));
    screen->layout.out->failed |= words->failed;
    text_done(words);
    *words = (struct text){0};
}

static void screen_add_header(struct screen *screen)
{
    const struct snapshot *snapshot = screen->snapshot;
    struct text words = {0};
    bool named = snapshot->vantage != NULL && strcmp(snapshot->vantage, "-") != 0;
    text_printf(&words, "%s, seen from %s", snapshot->site, named ? snapshot->vantage : "this machine");
    if (snapshot->acts_as != NULL && snapshot->acts_as[0] != '\0')
        text_printf(&words, " (acts as %s)", snapshot->acts_as);
    else
        text_add(&words, named ? " (acts as none of the callers)" : " (no vantage is named)");
    if (snapshot->finished.wall_ms != 0) {
        char clock[CLOCK_TEXT];
        text_printf(&words, ", %s", clock_format_time(snapshot->finished.wall_ms, clock, sizeof clock));
    }
    long long tenths = snapshot->took_ms > 0 ? (snapshot->took_ms + 50) / 100 : 0;
    text_printf(&words, ", %lld.%lld s", tenths / 10, tenths % 10);
    screen->layout.indent = HANG_NARROW;
    screen_flow(screen, &words);
    layout_end_line(&screen->layout);
    text_add(screen->layout.out, "\n");
}

static void screen_add_trouble(struct screen *screen)
{
    const struct tell_options *options = screen->options;
    if (options->trouble == NULL)
        return;
    struct text words = {0};
    layout_severity(&screen->layout, options->trouble_severity_given ? options->trouble_severity : SEVERITY_UNKNOWN,
                    SEVERITY_WIDTH);
    screen->layout.indent = screen->layout.column;
    text_printf(&words, "the check is not complete: %s", options->trouble);
    screen_flow(screen, &words);
    layout_end_line(&screen->layout);
}

/* A probe that only repeats the reason adds nothing. */
static bool screen_has_probe(const struct finding *finding)
{
    return finding->probe != NULL && strcmp(finding->probe, reason_row(finding->reason)->text) != 0;
}

/* What was seen on both sides. Where no listener was, the probe has been told with the verdict already. */
static void screen_add_evidence(struct screen *screen, const struct finding *finding)
{
    if (finding->listener == NULL)
        return;
    struct text words = {0};
    text_printf(&words, "listener: %s", finding->listener);
    if (screen_has_probe(finding))
        text_printf(&words, "; probe: %s", finding->probe);
    layout_hang(&screen->layout, screen->layout.indent);
    screen_flow(screen, &words);
    layout_end_line(&screen->layout);
}

/* network team: permit tcp 31000 from agent [jp1-itdm manager-multi-management/2: Operation console] */
static void screen_add_advice(struct screen *screen, const struct listing_item *item)
{
    const struct finding *finding = item->finding;
    struct text words = {0};
    tell_advice(&words, screen->plan != NULL ? screen->plan->site : NULL, finding);
    struct text source = {0};
    if (item->alike == 0)
        phrase_source(&source, finding);
    if (source.length > 0) {
        text_printf(&words, "%s[%s", words.length > 0 ? "  " : "", text_string(&source));
        if (finding->about != NULL)
            text_printf(&words, ": %s", finding->about);
        text_add(&words, "]");
    }
    words.failed |= source.failed;
    text_done(&source);
    if (words.length == 0)
        return;
    layout_hang(&screen->layout, screen->layout.indent);
    screen_flow(screen, &words);
    layout_end_line(&screen->layout);
}

/* What the daemon has known for a while: the time, of another day with its date. */
static void screen_add_since(const struct screen *screen, struct text *words, const struct finding *finding)
{
    enum { DATE = 10, TIME = 8 };
    char since[CLOCK_TEXT], now[CLOCK_TEXT];
    if (finding->since_ms == 0)
        return;
    clock_format_rfc3339(finding->since_ms, since, sizeof since);
    clock_format_rfc3339(screen->snapshot->finished.wall_ms, now, sizeof now);
    if (strlen(since) < DATE + 1 + TIME)
        return;
    bool today = strncmp(since, now, DATE) == 0;
    text_printf(words, "; since %.*s%s%.*s", today ? 0 : DATE, since, today ? "" : " ", TIME, since + DATE + 1);
}

static void screen_add_statement(struct screen *screen, const struct listing_item *item)
{
    const struct finding *finding = item->finding;
    struct text words = {0};
    if (item->alike > 0) {
        text_add_count(&words, item->alike + 1, "finding");
        if (item->hosts > 1) {
            text_add(&words, " on ");
            text_add_count(&words, item->hosts, "host");
        }
        text_printf(&words, ": %s", reason_row(finding->reason)->text);
        /* the first of them is about the host itself, and knows why */
        if (item->hosts == 1 && finding->reason == REASON_LISTENERS_UNREADABLE && finding->detail != NULL)
            text_printf(&words, ": %s", finding->detail);
    } else if (item->held > 0) {
        text_printf(&words, "%s is unreachable; its ", screen_host(item));
        text_add_count(&words, item->held, "expectation");
        text_add(&words, item->held == 1 ? " is held" : " are held");
        if (finding->detail != NULL)
            text_printf(&words, "; %s", finding->detail);
    } else {
        phrase_statement(&words, finding);
        if (finding->listener == NULL && screen_has_probe(finding))
            text_printf(&words, "; probe: %s", finding->probe);
        phrase_confidence(&words, finding);
    }
    if (finding->waived) {
        text_add(&words, "; ");
        phrase_waiver(&words, finding);
    }
    if (finding->held)
        text_add(&words, "; held while the host is down");
    if (item->alike == 0 && listing_level(finding, item->severity) == LISTING_PROBLEM)
        screen_add_since(screen, &words, finding);
    screen_flow(screen, &words);
    layout_end_line(&screen->layout);
}

static void screen_add_item(struct screen *screen, const struct listing_item *item)
{
    const struct finding *finding = item->finding;
    struct layout *layout = &screen->layout;
    struct text place = {0};
    screen_place(&place, item);
    layout_severity(layout, item->severity, SEVERITY_WIDTH);
    layout_cell(layout, screen_host(item), screen->host_width);
    layout_cell(layout, text_string(&place), screen->place_width);
    layout->out->failed |= place.failed;
    text_done(&place);
    size_t hang = SEVERITY_WIDTH + screen->host_width + screen->place_width + 6;
    bool narrow = layout->columns != 0 && layout->columns < hang + ROOM_MIN;
    layout->indent = narrow ? HANG_NARROW : hang;
    if (narrow) {
        layout_flow(layout, verdict_row(finding->verdict)->name);
        layout_flow(layout, "  ");
    } else {
        layout_cell(layout, verdict_row(finding->verdict)->name, screen->verdict_width);
    }
    screen_add_statement(screen, item);
    if (listing_level(finding, item->severity) == LISTING_PROBLEM) {
        if (item->alike == 0)
            screen_add_evidence(screen, finding);
        screen_add_advice(screen, item);
    }
}

/* What the totals tell of the findings beyond their numbers. */
struct remarks {
    enum reason unproven; /* the one reason of all unproven ones; NONE: several */
    bool unproven_seen;
    const char *waived_until; /* the first day on which a waiver ends */
};

static struct remarks screen_remarks(const struct screen *screen)
{
    struct remarks remarks = {0};
    for (size_t b = 0; b < screen->snapshot->block_count; b++) {
        const struct finding_block *block = screen->snapshot->blocks[b];
        for (size_t i = 0; i < block->count; i++) {
            const struct finding *finding = &block->items[i];
            if (!finding_matches(finding, &screen->options->filter))
                continue;
            if (finding->waived) {
                const char *until = finding->waived_until;
                if (until != NULL && (remarks.waived_until == NULL || strcmp(until, remarks.waived_until) < 0))
                    remarks.waived_until = until;
            } else if (finding->verdict == VERDICT_UNPROVEN && !finding->held) {
                bool other = remarks.unproven_seen && remarks.unproven != finding->reason;
                remarks.unproven = other ? REASON_NONE : finding->reason;
                remarks.unproven_seen = true;
            }
        }
    }
    return remarks;
}

static void screen_add_count(struct text *words, const char **before, size_t count, const char *what)
{
    if (count == 0)
        return;
    text_printf(words, "%s%zu %s", *before, count, what);
    *before = ", ";
}

/* ": 31 conforming, 1 missing, 2 unproven (a UDP service that never answers), 1 waived until 2026-12-31; 1 unexpected"
 */
static void screen_add_counts(struct screen *screen, struct text *words, const struct tally *tally)
{
    struct remarks remarks = screen_remarks(screen);
    const char *before = ": ";
    bool apart = false;
    screen_add_count(words, &before, tally->verdicts[VERDICT_CONFORMING], "conforming");
    for (const enum verdict *at = phrase_order; *at != VERDICT_NONE; at++) {
        if ((phrase_of(*at)->traits & PHRASE_APART) != 0 && !apart) {
            apart = true;
            screen_add_count(words, &before, tally->held, "held");
            screen_add_count(words, &before, tally->waived, "waived");
            if (tally->waived > 0 && remarks.waived_until != NULL)
                text_printf(words, " until %s%s", remarks.waived_until, tally->waived > 1 ? " or longer" : "");
            before = "; ";
        }
        if (tally->verdicts[*at] == 0)
            continue;
        struct text name = {0};
        phrase_verdict(&name, *at);
        screen_add_count(words, &before, tally->verdicts[*at], text_string(&name));
        words->failed |= name.failed;
        text_done(&name);
        if (*at == VERDICT_UNPROVEN && remarks.unproven != REASON_NONE)
            text_printf(words, " (%s)", reason_row(remarks.unproven)->text);
    }
    if (tally->dynamic > 0) {
        text_add(words, before);
        text_add_count(words, tally->dynamic, "listener");
        text_add(words, " for dynamic ports");
    }
}

static void screen_add_totals(struct screen *screen)
{
    struct tally tally = tell_tally(screen->snapshot, screen->options);
    struct text words = {0};
    bool all = tally.expectations > 0 && tally.verdicts[VERDICT_CONFORMING] == tally.expectations;
    bool well = tell_severity(screen->snapshot, screen->options) == SEVERITY_OK && tally.worst == SEVERITY_OK;
    if (tell_filter_misses(screen->snapshot, screen->options))
        text_add(&words, "No expectation passes the filter; is a name in it mistyped? ");
    else if (well)
        text_add(&words, all ? "Everything conforms: " : "Nothing to do: ");
    text_add_count(&words, screen->snapshot->host_count, "host");
    text_add(&words, ", ");
    text_add_count(&words, tally.expectations, "expectation");
    if (!(well && all && tally.dynamic == 0))
        screen_add_counts(screen, &words, &tally);
    screen->layout.indent = HANG_NARROW;
    screen_flow(screen, &words);
    layout_end_line(&screen->layout);
}

static void screen_add_note(struct screen *screen, const char *about, const char *note)
{
    struct text words = {0};
    if (screen->options->verbose == 0 || note == NULL)
        return;
    text_printf(&words, "%s: %s", about, note);
    screen->layout.indent = HANG_NARROW;
    screen_flow(screen, &words);
    layout_end_line(&screen->layout);
}

/* Would a shell take it as one plain word? */
static bool word_is_plain(const char *word)
{
    return word[0] != '-' &&
           word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@")] == '\0';
}

/* The command that tells more about the worst finding that has a port. */
static void screen_add_next(struct screen *screen)
{
    for (size_t i = 0; i < screen->listing.count; i++) {
        const struct finding *finding = screen->listing.items[i].finding;
        if (screen->listing.items[i].severity == SEVERITY_OK)
            return;
        if (finding->host == NULL || finding->port == 0)
            continue;
        struct text words = {0};
        const char *path = screen->options->config_path;
        text_add(&words, "Next: portconform explain ");
        if (path != NULL && word_is_plain(path))
            text_printf(&words, "-C %s ", path);
        text_printf(&words, "%s %u%s", finding->host, finding->port, finding->transport == TRANSPORT_UDP ? "/udp" : "");
        screen->layout.indent = HANG_NARROW;
        screen_flow(screen, &words);
        layout_end_line(&screen->layout);
        return;
    }
}

static enum listing_level screen_level(const struct tell_options *options)
{
    if (options->all || options->verbose >= LISTING_REST)
        return LISTING_REST;
    return options->verbose >= LISTING_OPEN ? LISTING_OPEN : LISTING_PROBLEM;
}

static int screen_tell(struct text *out, const struct plan *plan, const struct snapshot *snapshot,
                       const struct tell_options *options)
{
    struct screen screen = {
        .layout = {.out = out, .columns = options->columns, .colour = options->colour},
        .plan = plan,
        .snapshot = snapshot,
        .options = options,
    };
    int error = listing_init(&screen.listing, snapshot, options, screen_level(options));
    if (error < 0)
        return error;
    if (screen_level(options) == LISTING_PROBLEM)
        listing_fold(&screen.listing);
    screen_measure(&screen);
    screen_add_header(&screen);
    screen_add_trouble(&screen);
    for (size_t i = 0; i < screen.listing.count; i++)
        screen_add_item(&screen, &screen.listing.items[i]);
    if (screen.listing.count > 0 || options->trouble != NULL)
        text_add(out, "\n");
    screen_add_totals(&screen);
    screen_add_note(&screen, "Probes", options->probe_note);
    screen_add_note(&screen, "Owners", options->owner_note);
    screen_add_next(&screen);
    listing_done(&screen.listing);
    return out->failed ? -ENOMEM : 0;
}

const struct teller teller_text = {"text", "for people: what somebody must act on, and what to do", screen_tell, NULL};
