/* Events as lines and as JSON: the history, and the changes while somebody watches. */
#include "server.h"

#include "portconform/json.h"

#include <jansson.h>
#include <time.h>

enum { KIND_COLUMNS = 16 };

static void add_local_time(struct text *out, int64_t wall_ms)
{
    char buffer[CLOCK_TEXT];
    struct tm tm;
    time_t seconds = (time_t)(wall_ms / 1000);
    if (localtime_r(&seconds, &tm) && strftime(buffer, sizeof(buffer), "%Y-%m-%d %H:%M:%S", &tm) > 0)
        text_add(out, buffer);
    else
        text_add(out, "-");
}

void event_line(struct text *out, const struct event *event)
{
    add_local_time(out, event->at.wall_ms);
    text_add(out, "  ");
    text_add_padded(out, event_kind_name(event->kind), KIND_COLUMNS);
    text_add(out, "  ");
    if (event->finding)
        text_printf(out, "%-8s  ", severity_name(event->finding->severity));
    if (event->message)
        text_escape_string(out, event->message, ESCAPE_TEXT);
    else if (event->finding)
        tell_sentence(out, event->finding);
    text_add(out, "\n");
}

static json_t *finding_members(const struct event *event)
{
    const struct finding *finding = event->finding;
    bool about_port = finding->transport != TRANSPORT_UNSTATED;
    const struct json_member members[] = {
        {"key", json_text(finding->key)},
        {"host", json_text(finding->host)},
        {"transport", json_text(about_port ? transport_name(finding->transport) : NULL)},
        {"ports", json_text(finding->ports)},
        {"port", finding->port ? json_integer(finding->port) : json_null()},
        {"verdict", json_text(verdict_row(finding->verdict)->name)},
        {"was", json_text(event->was != VERDICT_NONE ? verdict_row(event->was)->name : NULL)},
        {"severity", json_text(severity_name(finding->severity))},
        {"reason", json_text(reason_row(finding->reason)->name)},
        {"blame", json_text(blame_name(finding->blame))},
        {"class", json_text(class_name(finding->class))},
        {"rule", json_text(finding->rule)},
    };
    return JSON_MEMBERS(members);
}

int event_json(struct text *out, const struct event *event)
{
    const struct json_member members[] = {
        {"id", json_count(event->id)},
        {"time", json_time(event->at.wall_ms)},
        {"event", json_text(event_kind_name(event->kind))},
        {"message", json_text(event->message)},
        {"owner", json_text(event->owner)},
    };
    json_t *object = JSON_MEMBERS(members);
    if (event->finding && json_object_update_new(object, finding_members(event)) != 0) {
        json_decref(object);
        object = NULL;
    }
    return json_add(out, object, JSON_COMPACT);
}
