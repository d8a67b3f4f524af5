/* Events as lines and as JSON: the history, and the changes while somebody watches. */
#include "server.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
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

static int set(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0 ? 0 : -ENOMEM;
}

static int set_finding(json_t *object, const struct event *event)
{
    const struct finding *finding = event->finding;
    bool about_port = finding->transport != TRANSPORT_UNSTATED;
    const struct {
        const char *name;
        json_t *value;
    } members[] = {
        {"key", word(finding->key)},
        {"host", word(finding->host)},
        {"transport", word(about_port ? transport_name(finding->transport) : NULL)},
        {"ports", word(finding->ports)},
        {"port", finding->port ? json_integer(finding->port) : json_null()},
        {"verdict", word(verdict_row(finding->verdict)->name)},
        {"was", word(event->was != VERDICT_NONE ? verdict_row(event->was)->name : NULL)},
        {"severity", word(severity_name(finding->severity))},
        {"reason", word(reason_row(finding->reason)->name)},
        {"blame", word(blame_name(finding->blame))},
        {"class", word(class_name(finding->class))},
        {"rule", word(finding->rule)},
    };
    int r = 0;
    for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
        if (set(object, members[i].name, members[i].value) < 0) /* takes the value in any case */
            r = -ENOMEM;
    }
    return r;
}

int event_json(struct text *out, const struct event *event)
{
    char buffer[CLOCK_TEXT];
    json_t *object = json_object();
    int r = object ? 0 : -ENOMEM;
    if (r == 0)
        r = set(object, "id", json_integer((json_int_t)event->id));
    if (r == 0)
        r = set(object, "time", json_string(clock_format_rfc3339(event->at.wall_ms, buffer, sizeof(buffer))));
    if (r == 0)
        r = set(object, "event", json_string(event_kind_name(event->kind)));
    if (r == 0)
        r = set(object, "message", word(event->message));
    if (r == 0)
        r = set(object, "owner", word(event->owner));
    if (r == 0 && event->finding)
        r = set_finding(object, event);
    char *dump = r == 0 ? json_dumps(object, JSON_COMPACT) : NULL;
    if (dump)
        text_add(out, dump);
    else
        r = -ENOMEM;
    free(dump);
    json_decref(object);
    return r;
}
