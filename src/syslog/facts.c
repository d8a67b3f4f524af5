/* Facts of an event, and what a collector makes of each kind: its level, its name, its ECS words. */
#include "facts.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

/* ECS allows only its own words for kind, category, type and outcome, and not every type with every category. */
struct kind_row {
    int level; /* of an event that has none of its own and no finding */
    const char *title, *kind, *category, *type, *outcome;
};
static const struct kind_row kind_rows[EVENT_KINDS] = {
    [0] = {LOG_NOTICE, "Event", "event", "host", "info", NULL},
    [EVENT_RAISED] = {LOG_WARNING, "Finding raised", "alert", "network", "info", "failure"},
    [EVENT_CHANGED] = {LOG_WARNING, "Finding changed", "alert", "network", "info", "failure"},
    [EVENT_CLEARED] = {LOG_INFO, "Finding cleared", "event", "network", "info", "success"},
    [EVENT_HOST_UNREACHABLE] = {LOG_WARNING, "Host unreachable", "alert", "host", "info", "failure"},
    [EVENT_HOST_REACHABLE] = {LOG_INFO, "Host reachable again", "event", "host", "info", "success"},
    [EVENT_WAIVER_BEGUN] = {LOG_NOTICE, "Waiver begun", "event", "configuration", "change", NULL},
    [EVENT_WAIVER_EXPIRED] = {LOG_WARNING, "Waiver expired", "alert", "configuration", "change", NULL},
    [EVENT_CONFIG_LOADED] = {LOG_NOTICE, "Configuration loaded", "event", "configuration", "change", "success"},
    [EVENT_CONFIG_REJECTED] = {LOG_ERR, "Configuration rejected", "alert", "configuration", "change", "failure"},
    [EVENT_TARGET_DOWN] = {LOG_WARNING, "Receiver down", "alert", "host", "info", "failure"},
    [EVENT_TARGET_UP] = {LOG_NOTICE, "Receiver up again", "event", "host", "info", "success"},
    [EVENT_EVENTS_LOST] = {LOG_ERR, "Events lost", "alert", "host", "info", "failure"},
    [EVENT_STORM] = {LOG_WARNING, "Storm of findings", "alert", "network", "info", "failure"},
    [EVENT_HEARTBEAT] = {LOG_INFO, "Heartbeat", "metric", "host", "info", "success"},
    [EVENT_SUMMARY] = {LOG_INFO, "Summary", "state", "network", "info", NULL},
    [EVENT_STARTED] = {LOG_NOTICE, "Started", "event", "process", "start", "success"},
    [EVENT_STOPPED] = {LOG_NOTICE, "Stopped", "event", "process", "end", "success"},
};

static const char *const risks[] = {"10", "10", "9", "8", "6", "3", "1", "0"}; /* by level */

static const char *number(struct facts *facts, uint64_t value)
{
    char *text = facts->numbers[facts->number_count++];
    snprintf(text, FACT_NUMBER, "%" PRIu64, value);
    return text;
}

/* A number whose 0 says nothing. */
static const char *count(struct facts *facts, uint64_t value)
{
    return value == 0 ? NULL : number(facts, value);
}

static int level_of(const struct message *message, const struct kind_row *row)
{
    const struct event *event = message->event;
    if (event->level != 0)
        return LOG_PRI(event->level);
    if (event->finding == NULL)
        return row->level;
    /* the finding may be a copy of what is gone, with the severity that it had */
    if (event->kind == EVENT_CLEARED || event->kind == EVENT_HOST_REACHABLE)
        return message->target->levels[SEVERITY_OK];
    if (event->finding->waived)
        return LOG_NOTICE;
    return message->target->levels[event->finding->severity];
}

/* "config-loaded" for CONFIG_LOADED */
static const char *action_of_kind(struct facts *facts, const char *msgid)
{
    size_t length = 0;
    for (; msgid[length] != '\0' && length + 1 < sizeof(facts->action); length++)
        facts->action[length] = msgid[length] == '_' ? '-' : (char)tolower((unsigned char)msgid[length]);
    facts->action[length] = '\0';
    return facts->action;
}

/* What passes although it must not, and what is stopped although it should pass, have ECS types of their own. */
static const char *type_of(const struct finding *finding, const struct kind_row *row)
{
    if (strcmp(row->category, "network") != 0)
        return row->type;
    if (finding->verdict == VERDICT_EXPOSED || finding->verdict == VERDICT_FORBIDDEN)
        return "allowed";
    if (finding->verdict == VERDICT_FILTERED || finding->verdict == VERDICT_RESET || finding->verdict == VERDICT_CLOSED)
        return "denied";
    return row->type;
}

static void gather_finding(struct facts *facts, const struct event *event, const struct kind_row *row)
{
    const struct finding *finding = event->finding;
    const char **values = facts->values;
    values[FACT_KEY] = finding->key;
    values[FACT_HOST] = finding->host;
    if (finding->address.family != AF_UNSPEC) {
        bool is_ipv6 = finding->address.family == AF_INET6;
        address_format(&finding->address, facts->address, sizeof(facts->address));
        values[FACT_ADDR] = facts->address;
        values[is_ipv6 ? FACT_IPV6 : FACT_IPV4] = facts->address;
        values[FACT_FAMILY] = is_ipv6 ? "ipv6" : "ipv4";
    }
    if (finding->transport != TRANSPORT_UNSTATED)
        values[FACT_TRANSPORT] = transport_name(finding->transport);
    values[FACT_PORT] = count(facts, finding->port);
    values[FACT_PORTS] = finding->ports;
    values[FACT_VERDICT] = values[FACT_ACTION] = verdict_row(finding->verdict)->name;
    values[FACT_WAS] = verdict_row(event->was)->name;
    values[FACT_SEVERITY] = severity_name(finding->severity);
    values[FACT_REASON] = reason_row(finding->reason)->name;
    values[FACT_REASON_TEXT] = reason_row(finding->reason)->text;
    values[FACT_BLAME] = blame_name(finding->blame);
    values[FACT_CLASS] = class_name(finding->class);
    values[FACT_GUIDE] = finding->guide;
    values[FACT_REF] = finding->ref;
    values[FACT_RULE] = finding->rule;
    values[FACT_ABOUT] = finding->about;
    values[FACT_ECS_TYPE] = type_of(finding, row);
    if (finding->since_ms > 0) {
        values[FACT_SINCE] = clock_format_rfc3339(finding->since_ms, facts->since, sizeof(facts->since));
        values[FACT_SINCE_MS] = number(facts, (uint64_t)finding->since_ms);
    }
}

void facts_gather(struct facts *facts, const struct message *message)
{
    const struct event *event = message->event;
    const struct kind_row *row = &kind_rows[(unsigned)event->kind < EVENT_KINDS ? event->kind : 0];
    const char **values = facts->values;
    facts->level = level_of(message, row);
    values[FACT_V] = "1";
    values[FACT_ID] = number(facts, event->id);
    values[FACT_SEQ] = number(facts, message->seq);
    values[FACT_BOOT] = message->boot;
    values[FACT_SITE] = event->site;
    values[FACT_VANTAGE] = event->vantage;
    values[FACT_OWNER] = event->owner;
    values[FACT_TARGET] = event->target;
    values[FACT_FROM] = count(facts, event->from);
    values[FACT_TO] = count(facts, event->to);
    values[FACT_COUNT] = count(facts, event->count);
    values[FACT_TIME] = clock_format_rfc3339(event->at.wall_ms, facts->time, sizeof(facts->time));
    values[FACT_TIME_MS] = number(facts, (uint64_t)event->at.wall_ms);
    values[FACT_MSGID] = event_kind_name(event->kind);
    values[FACT_TITLE] = row->title;
    values[FACT_ACTION] = action_of_kind(facts, values[FACT_MSGID]);
    snprintf(facts->unique, sizeof(facts->unique), "%s-%" PRIu64, message->boot, event->id);
    values[FACT_UNIQUE] = facts->unique;
    values[FACT_LEVEL] = syslog_level_words[facts->level];
    values[FACT_RISK] = risks[facts->level];
    values[FACT_ECS_KIND] = row->kind;
    values[FACT_ECS_CATEGORY] = row->category;
    values[FACT_ECS_TYPE] = row->type;
    values[FACT_OUTCOME] = row->outcome;
    values[FACT_HOSTNAME] = message->origin->hostname;
    values[FACT_PID] = number(facts, (uint64_t)message->origin->pid);
    values[FACT_VERSION] = PC_VERSION;
    if (event->finding != NULL)
        gather_finding(facts, event, row);
}
