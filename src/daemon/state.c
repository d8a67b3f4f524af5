/* The status of the daemon, made once a second for everybody who asks. */
#include "confine.h"
#include "internal.h"
#include "privileges.h"

#include "portconform/error.h"
#include "portconform/log.h"

#include <errno.h>
#include <unistd.h>

static const char *copy(struct status *status, const char *text)
{
    return text == NULL ? NULL : arena_strdup(status->arena, text);
}

static void fill_config(const struct loop *loop, struct status *status)
{
    const struct plan *plan = loop->site.plan;
    status->site = copy(status, plan->site->name);
    status->vantage = copy(status, plan->vantage_name);
    status->config = copy(status, loop->options->config != NULL ? loop->options->config : PC_SYSCONFDIR);
    status->config_hash = copy(status, plan->config->hash);
    status->config_loaded_ms = loop->told.loaded_ms;
    status->config_generation = loop->told.generation;
    status->config_rejected = loop->told.error != NULL;
    status->config_error = copy(status, loop->told.error);
    status->config_rejected_ms = loop->told.rejected_ms;
    status->config_waits = outlets_waits(loop->outlets);
}

static void fill_watch(const struct loop *loop, struct status *status)
{
    const struct plan *plan = loop->site.plan;
    const struct watch_counters watched = watch_count(loop->watch, loop->now);
    const struct visits_counters visits = visits_count(loop->visits);
    status->hosts = plan->host_count;
    status->expectations = watched.expectations;
    status->flows = plan->flow_count;
    status->interval_s = plan->site->interval_s;
    status->visits = watched.visits;
    status->late = watched.late;
    status->visits_waiting = watched.waiting;
    status->round_ms = watched.round_ms;
    status->last_visit_ms = watched.last_visit_ms;
    status->probes_in_flight = visits.in_flight;
    status->probes_waiting = visits.waiting;
    status->probes = visits.probes;
    status->listener_reads = own_reads(loop->own);
    status->storms = telling_news(loop->telling)->storms;
    status->storm_events = telling_news(loop->telling)->storm_events;
}

static int fill(struct loop *loop, struct status *status)
{
    status->version = PC_VERSION;
    status->at = loop->now;
    status->started_ms = loop->told.started_ms;
    status->pid = getpid();
    fill_config(loop, status);
    fill_watch(loop, status);
    status->owners_known = privileges_owners_known();
    status->owners_note = privileges_owners_note();
    status->probe_note = copy(status, visits_probe_note(loop->visits));
    status->confinement = confine_note();
    int r = recorder_status(telling_recorder(loop->telling), status->arena, &status->store);
    return r < 0 ? r : outlets_watch(loop->outlets, status, loop->now);
}

void state_publish(struct loop *loop)
{
    struct status *status = status_new();
    int r = status == NULL ? -ENOMEM : fill(loop, status);
    if (r < 0)
        log_line(LOG_ERR, "the status cannot be told: %s", pc_strerror(r));
    else
        publication_set_status(telling_publication(loop->telling), status);
    status_unref(status);
}
