/* `portconform status --format json`: the same members as the struct, so that a script finds what the header says. */
#include "server.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

struct member {
    const char *name;
    json_t *value; /* transferred; NULL: out of memory */
};

/* Every value is consumed. NULL: out of memory. */
static json_t *object_of(const struct member *members, size_t count)
{
    json_t *object = json_object();
    for (size_t i = 0; i < count; i++) {
        if (json_object_set_new(object, members[i].name, members[i].value) != 0) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}
#define OBJECT(members) object_of((members), sizeof(members) / sizeof *(members))

static json_t *word(const char *string)
{
    if (!string)
        return json_null();
    struct text escaped = {0};
    text_escape_string(&escaped, string, ESCAPE_TEXT);
    json_t *value = escaped.failed ? NULL : json_string(text_string(&escaped));
    text_done(&escaped);
    return value;
}

static json_t *when(int64_t wall_ms)
{
    char buffer[CLOCK_TEXT];
    return wall_ms == 0 ? json_null() : json_string(clock_format_rfc3339(wall_ms, buffer, sizeof(buffer)));
}

static json_t *number(uint64_t value)
{
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static json_t *sink_json(const struct sink_status *sink)
{
    const struct member members[] = {
        {"name", word(sink->name)},
        {"target", word(sink->target)},
        {"state", word(sink_state_name(sink->state))},
        {"since", when(sink->since_ms)},
        {"sent", number(sink->sent)},
        {"queued", number(sink->queued)},
        {"dropped", number(sink->dropped)},
        {"resent", number(sink->resent)},
        {"failed", number(sink->failed)},
        {"suppressed", number(sink->suppressed)},
        {"last_seq", number(sink->last_seq)},
        {"last_sent", when(sink->last_sent_ms)},
        {"last_error", word(sink->last_error)},
        {"last_error_at", when(sink->last_error_ms)},
    };
    return OBJECT(members);
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
    const struct member members[] = {
        {"state", word(store_state_name(store->state))},
        {"path", word(store->path)},
        {"error", word(store->error)},
        {"set_aside", word(store->set_aside)},
        {"boot", word(store->boot)},
        {"events", number(store->events)},
        {"transitions", number(store->transitions)},
        {"findings", number(store->findings)},
        {"octets", number(store->octets)},
        {"forgotten", number(store->forgotten)},
        {"unrecorded", number(store->unrecorded)},
    };
    return OBJECT(members);
}

static json_t *config_json(const struct status *status)
{
    const struct member members[] = {
        {"path", word(status->config)},
        {"hash", word(status->config_hash)},
        {"loaded", when(status->config_loaded_ms)},
        {"generation", number(status->config_generation)},
        {"rejected", json_boolean(status->config_rejected)},
        {"error", word(status->config_error)},
        {"rejected_at", when(status->config_rejected_ms)},
        {"waits_for_restart", word(status->config_waits)},
    };
    return OBJECT(members);
}

static json_t *looks_json(const struct status *status)
{
    const struct member members[] = {
        {"interval_s", number(status->interval_s)},
        {"hosts", number(status->hosts)},
        {"expectations", number(status->expectations)},
        {"flows", number(status->flows)},
        {"visits", number(status->visits)},
        {"late", number(status->late)},
        {"waiting", number(status->visits_waiting)},
        {"slowest_ms", json_integer(status->round_ms)},
        {"last", when(status->last_visit_ms)},
        {"probes", number(status->probes)},
        {"probes_in_flight", number(status->probes_in_flight)},
        {"probes_waiting", number(status->probes_waiting)},
        {"listener_reads", number(status->listener_reads)},
        {"storms", number(status->storms)},
        {"storm_events", number(status->storm_events)},
    };
    return OBJECT(members);
}

static json_t *findings_json(const struct snapshot *snapshot)
{
    if (!snapshot)
        return json_null();
    struct tally tally = snapshot_tally(snapshot, NULL);
    const struct member members[] = {
        {"severity", word(severity_name(tally.worst))},
        {"expectations", number(tally.expectations)},
        {"nonconforming", number(tally.nonconforming)},
        {"unknown", number(tally.unknown)},
        {"unexpected", number(tally.unexpected)},
        {"waived", number(tally.waived)},
        {"held", number(tally.held)},
    };
    return OBJECT(members);
}

int status_json(struct text *out, const struct status *status, const struct snapshot *snapshot)
{
    const struct member members[] = {
        {"version", word(status->version)},
        {"site", word(status->site)},
        {"vantage", word(status->vantage)},
        {"at", when(status->at.wall_ms)},
        {"started", when(status->started_ms)},
        {"pid", json_integer(status->pid)},
        {"config", config_json(status)},
        {"looks", looks_json(status)},
        {"findings", findings_json(snapshot)},
        {"snmp", status->snmp.name ? sink_json(&status->snmp) : json_null()},
        {"syslog", sinks_json(status)},
        {"store", store_json(&status->store)},
        {"owners_known", json_boolean(status->owners_known)},
        {"owners", word(status->owners_note)},
        {"probes", word(status->probe_note)},
        {"confinement", word(status->confinement)},
    };
    json_t *object = OBJECT(members);
    char *dump = object ? json_dumps(object, JSON_INDENT(2)) : NULL;
    if (dump)
        text_printf(out, "%s\n", dump);
    free(dump);
    json_decref(object);
    return dump && !out->failed ? 0 : -ENOMEM;
}
