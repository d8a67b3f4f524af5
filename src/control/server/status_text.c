/* `portconform status` for people: one line a thing, what somebody has to see to first among its words. */
#include "server.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { LABEL = 11, MS_PER_DAY = 86400000, MS_PER_HOUR = 3600000, MS_PER_MINUTE = 60000 };

struct screen {
    struct text *out;
    const struct status *status;
    bool colour;
};

static void label(struct screen *screen, const char *name)
{
    text_add_padded(screen->out, name, LABEL);
}

/* Trouble stands out; the words say it without colour too. */
static void alarm_begin(struct screen *screen, bool alarm)
{
    if (alarm && screen->colour)
        text_add(screen->out, "\033[31m");
}

static void alarm_end(struct screen *screen, bool alarm)
{
    if (alarm && screen->colour)
        text_add(screen->out, "\033[0m");
}

static void add_span(struct text *out, int64_t ms)
{
    ms = ms < 0 ? 0 : ms;
    if (ms >= MS_PER_DAY)
        text_printf(out, "%" PRId64 " d ", ms / MS_PER_DAY);
    if (ms >= MS_PER_HOUR)
        text_printf(out, "%02" PRId64 ":%02" PRId64, ms % MS_PER_DAY / MS_PER_HOUR, ms % MS_PER_HOUR / MS_PER_MINUTE);
    else if (ms >= MS_PER_MINUTE)
        text_printf(out, "%" PRId64 " min", ms / MS_PER_MINUTE);
    else
        text_printf(out, "%" PRId64 " s", ms / 1000);
}

static void add_octets(struct text *out, uint64_t octets)
{
    if (octets < 1000000)
        text_printf(out, "%" PRIu64 " kB", (octets + 999) / 1000);
    else
        text_printf(out, "%" PRIu64 ".%" PRIu64 " MB", octets / 1000000, octets % 1000000 / 100000);
}

static void add_when(struct text *out, int64_t wall_ms)
{
    char buffer[CLOCK_TEXT];
    clock_format_rfc3339(wall_ms, buffer, sizeof(buffer));
    if (strlen(buffer) < 19)
        return;
    text_printf(out, "%.10s %.8s", buffer, buffer + 11);
}

static void add_data(struct text *out, const char *string)
{
    text_escape_string(out, string ? string : "-", ESCAPE_TEXT);
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

static void tell_head(struct screen *screen)
{
    const struct status *status = screen->status;
    text_printf(screen->out, "portconformd %s, pid %ld, up ", status->version, status->pid);
    add_span(screen->out, status->at.wall_ms - status->started_ms);
    text_add(screen->out, "\n");
    label(screen, "site");
    add_data(screen->out, status->site);
    text_add(screen->out, ", seen from ");
    bool named = status->vantage != NULL && strcmp(status->vantage, "-") != 0;
    add_data(screen->out, named ? status->vantage : "this machine (no vantage is named)");
    text_add(screen->out, "\n");
}

static void tell_configuration(struct screen *screen)
{
    const struct status *status = screen->status;
    label(screen, "config");
    add_data(screen->out, status->config);
    text_add(screen->out, " of ");
    add_when(screen->out, status->config_loaded_ms);
    text_printf(screen->out, ", generation %" PRIu64 "\n", status->config_generation);
    if (status->config_waits) {
        label(screen, "");
        text_printf(screen->out, "waiting for a restart: %s\n", status->config_waits);
    }
    if (!status->config_rejected)
        return;
    label(screen, "");
    alarm_begin(screen, true);
    text_add(screen->out, "a newer one is rejected since ");
    add_when(screen->out, status->config_rejected_ms);
    text_add(screen->out, ": ");
    add_data(screen->out, status->config_error);
    alarm_end(screen, true);
    text_add(screen->out, "\n");
}

static void tell_looks(struct screen *screen, const struct snapshot *snapshot)
{
    const struct status *status = screen->status;
    struct text *out = screen->out;
    label(screen, "looks");
    text_printf(out, "every %u s at ", status->interval_s);
    text_add_count(out, status->hosts, "host");
    text_add(out, ", ");
    text_add_count(out, status->expectations, "expectation");
    text_add(out, ", ");
    text_add_count(out, status->flows, "flow");
    text_add(out, "\n");
    label(screen, "");
    text_add_grouped(out, status->visits);
    text_add(out, " so far, ");
    alarm_begin(screen, status->late > 0);
    text_add_grouped(out, status->late);
    text_add(out, " late");
    alarm_end(screen, status->late > 0);
    text_printf(out, ", %zu due now; the slowest took %" PRId64 ".%03" PRId64 " s", status->visits_waiting,
                status->round_ms / 1000, status->round_ms % 1000);
    if (status->last_visit_ms > 0) {
        text_add(out, "; the last ended ");
        add_span(out, status->at.wall_ms - status->last_visit_ms);
        text_add(out, " ago");
    }
    text_add(out, "\n");
    label(screen, "probes");
    text_add_grouped(out, status->probes);
    text_printf(out, " ended, %zu in flight, %zu wait; own listeners read ", status->probes_in_flight,
                status->probes_waiting);
    text_add_grouped(out, status->listener_reads);
    text_add(out, " times\n");
    if (!snapshot)
        return;
    struct tally tally = snapshot_tally(snapshot, NULL);
    label(screen, "findings");
    if (status->visits == 0 && tally.expectations == 0) {
        text_add(out, "none yet: nothing was looked at\n");
        return;
    }
    alarm_begin(screen, tally.worst == SEVERITY_CRITICAL);
    text_printf(out, "worst %s", severity_name(tally.worst));
    alarm_end(screen, tally.worst == SEVERITY_CRITICAL);
    text_printf(out, ", %zu nonconforming, %zu unknown, %zu waived, %zu held\n", tally.nonconforming, tally.unknown,
                tally.waived, tally.held);
}

static void tell_sink(struct screen *screen, const char *name, const struct sink_status *sink)
{
    struct text *out = screen->out;
    bool down = sink->state == SINK_DOWN;
    label(screen, name);
    bool named = strcmp(sink->name, name) != 0; /* there is one agent, which has no name */
    add_data(out, named ? sink->name : sink->target);
    if (named && sink->target && strcmp(sink->name, sink->target) != 0) { /* nor one of the command line */
        text_add(out, " ");
        add_data(out, sink->target);
    }
    text_add(out, "  ");
    alarm_begin(screen, down);
    text_add(out, sink_state_name(sink->state));
    alarm_end(screen, down);
    if (sink->since_ms > 0) {
        text_add(out, " for ");
        add_span(out, screen->status->at.wall_ms - sink->since_ms);
    }
    text_add(out, "  sent ");
    text_add_grouped(out, sink->sent);
    text_add(out, "  queued ");
    text_add_grouped(out, sink->queued);
    text_add(out, "  dropped ");
    text_add_grouped(out, sink->dropped);
    if (sink->resent > 0) {
        text_add(out, "  sent again ");
        text_add_grouped(out, sink->resent);
    }
    if (sink->suppressed > 0) {
        text_add(out, "  held back ");
        text_add_grouped(out, sink->suppressed);
    }
    text_add(out, "\n");
    if (!sink->last_error)
        return;
    label(screen, "");
    text_add(out, "last error ");
    add_when(out, sink->last_error_ms);
    text_add(out, ": ");
    add_data(out, sink->last_error);
    text_add(out, "\n");
}

static void tell_store(struct screen *screen)
{
    const struct store_status *store = &screen->status->store;
    struct text *out = screen->out;
    bool bad = store->state != STORE_GOOD && store->state != STORE_NONE;
    label(screen, "store");
    if (store->state == STORE_NONE) {
        text_add(out, "none: what is known goes with the process\n");
        return;
    }
    alarm_begin(screen, bad);
    text_add(out, store_state_name(store->state));
    alarm_end(screen, bad);
    text_add(out, ", ");
    add_octets(out, store->octets);
    text_printf(out, ", %" PRIu64 " events, %" PRIu64 " transitions, %" PRIu64 " findings", store->events,
                store->transitions, store->findings);
    if (store->forgotten > 0)
        text_printf(out, ", %" PRIu64 " given up for size or age", store->forgotten);
    if (store->unrecorded > 0)
        text_printf(out, ", %" PRIu64 " told before they were on disk", store->unrecorded);
    if (store->abandoned > 0)
        text_printf(out, ", %" PRIu64 " given up with their targets", store->abandoned);
    text_add(out, "  ");
    add_data(out, store->path);
    text_add(out, "\n");
    const char *const remarks[][2] = {{"error: ", store->error}, {"unreadable, set aside: ", store->set_aside}};
    for (size_t i = 0; i < sizeof(remarks) / sizeof(*remarks); i++) {
        if (!remarks[i][1])
            continue;
        label(screen, "");
        text_add(out, remarks[i][0]);
        add_data(out, remarks[i][1]);
        text_add(out, "\n");
    }
}

static void tell_machine(struct screen *screen)
{
    const struct status *status = screen->status;
    if (status->owners_note) {
        label(screen, "owners");
        add_data(screen->out, status->owners_note);
        text_add(screen->out, "\n");
    }
    if (status->probe_note) {
        label(screen, "evidence");
        add_data(screen->out, status->probe_note);
        text_add(screen->out, "\n");
    }
    if (status->confinement) {
        label(screen, "confined");
        add_data(screen->out, status->confinement);
        text_add(screen->out, "\n");
    }
    if (status->storms > 0) {
        label(screen, "storms");
        text_printf(screen->out, "%" PRIu64 ", with %" PRIu64 " changes told as counts\n", status->storms,
                    status->storm_events);
    }
}

int status_text(struct text *out, const struct status *status, const struct snapshot *snapshot,
                const struct request *request)
{
    struct text lines = {0};
    struct screen screen = {.out = &lines, .status = status, .colour = request->colour};
    tell_head(&screen);
    tell_configuration(&screen);
    tell_looks(&screen, snapshot);
    if (status->snmp.name)
        tell_sink(&screen, "snmp", &status->snmp);
    for (size_t i = 0; i < status->syslog_count; i++)
        tell_sink(&screen, i == 0 ? "syslog" : "", &status->syslog[i]);
    tell_store(&screen);
    tell_machine(&screen);
    add_wrapped(out, text_string(&lines), LABEL, request->columns);
    int r = lines.failed || out->failed ? -ENOMEM : 0;
    text_done(&lines);
    return r;
}
