/* `portconform status --format json`: the same members as the struct, so that a script finds what the header says. */
#include "server.h"

#include "portconform/json.h"

#include <errno.h>
#include <jansson.h>

static json_t *sink_json(const struct sink_status *sink)
{
    const struct json_member members[] = {
        {"name", json_text(sink->name)},
        {"target", json_text(sink->target)},
        {"state", json_text(sink_state_name(sink->state))},
        {"since", json_time(sink->since_ms)},
        {"sent", json_count(sink->sent)},
        {"queued", json_count(sink->queued)},
        {"dropped", json_count(sink->dropped)},
        {"resent", json_count(sink->resent)},
        {"failed", json_count(sink->failed)},
        {"suppressed", json_count(sink->suppressed)},
        {"last_seq", json_count(sink->last_seq)},
        {"last_sent", json_time(sink->last_sent_ms)},
        {"last_error", json_text(sink->last_error)},
        {"last_error_at", json_time(sink->last_error_ms)},
    };
    return JSON_MEMBERS(members);
}

static json_t *sinks_json(const struct status *status)
{
    json_t *list = json_array();
    for (size_t i = 0; i < status->syslog_count; i++) {
        if (json_array_append_new(list, sink_json(&status->syslog[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *store_json(const struct store_status *store)
{
    const struct json_member members[] = {
        {"state", json_text(store_state_name(store->state))},
        {"path", json_text(store->path)},
        {"error", json_text(store->error)},
        {"set_aside", json_text(store->set_aside)},
        {"boot", json_text(store->boot)},
        {"events", json_count(store->events)},
        {"transitions", json_count(store->transitions)},
        {"findings", json_count(store->findings)},
        {"octets", json_count(store->octets)},
        {"forgotten", json_count(store->forgotten)},
        {"unrecorded", json_count(store->unrecorded)},
        {"abandoned", json_count(store->abandoned)},
    };
    return JSON_MEMBERS(members);
}

static json_t *config_json(const struct status *status)
{
    const struct json_member members[] = {
        {"path", json_text(status->config)},
        {"hash", json_text(status->config_hash)},
        {"loaded", json_time(status->config_loaded_ms)},
        {"generation", json_count(status->config_generation)},
        {"rejected", json_boolean(status->config_rejected)},
        {"error", json_text(status->config_error)},
        {"rejected_at", json_time(status->config_rejected_ms)},
        {"waits_for_restart", json_text(status->config_waits)},
    };
    return JSON_MEMBERS(members);
}

static json_t *looks_json(const struct status *status)
{
    const struct json_member members[] = {
        {"interval_s", json_count(status->interval_s)},
        {"hosts", json_count(status->hosts)},
        {"expectations", json_count(status->expectations)},
        {"flows", json_count(status->flows)},
        {"visits", json_count(status->visits)},
        {"late", json_count(status->late)},
        {"waiting", json_count(status->visits_waiting)},
        {"slowest_ms", json_integer(status->round_ms)},
        {"last", json_time(status->last_visit_ms)},
        {"probes", json_count(status->probes)},
        {"probes_in_flight", json_count(status->probes_in_flight)},
        {"probes_waiting", json_count(status->probes_waiting)},
        {"listener_reads", json_count(status->listener_reads)},
        {"storms", json_count(status->storms)},
        {"storm_events", json_count(status->storm_events)},
    };
    return JSON_MEMBERS(members);
}

static json_t *findings_json(const struct snapshot *snapshot)
{
    if (!snapshot)
        return json_null();
    struct tally tally = snapshot_tally(snapshot, NULL);
    const struct json_member members[] = {
        {"severity", json_text(severity_name(tally.worst))},
        {"expectations", json_count(tally.expectations)},
        {"nonconforming", json_count(tally.nonconforming)},
        {"unknown", json_count(tally.unknown)},
        {"unexpected", json_count(tally.unexpected)},
        {"waived", json_count(tally.waived)},
        {"held", json_count(tally.held)},
    };
    return JSON_MEMBERS(members);
}

int status_json(struct text *out, const struct status *status, const struct snapshot *snapshot)
{
    const struct json_member members[] = {
        {"version", json_text(status->version)},
        {"site", json_text(status->site)},
        {"vantage", json_text(status->vantage)},
        {"at", json_time(status->at.wall_ms)},
        {"started", json_time(status->started_ms)},
        {"pid", json_integer(status->pid)},
        {"config", config_json(status)},
        {"looks", looks_json(status)},
        {"findings", findings_json(snapshot)},
        {"snmp", status->snmp.name ? sink_json(&status->snmp) : json_null()},
        {"syslog", sinks_json(status)},
        {"store", store_json(&status->store)},
        {"owners_known", json_boolean(status->owners_known)},
        {"owners", json_text(status->owners_note)},
        {"probes", json_text(status->probe_note)},
        {"confinement", json_text(status->confinement)},
    };
    int r = json_add(out, JSON_MEMBERS(members), JSON_INDENT(2));
    text_add(out, "\n");
    return r == 0 && !out->failed ? 0 : -ENOMEM;
}
