/* How an event is written: RFC 5424 with structured data, and the form that /dev/log understands. */
#include "portconform/syslog.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

enum { DOCUMENTATION_PEN = 32473 }; /* RFC 5612 */
enum { HOSTNAME_MAX = 255, MSGID_MAX = 32 };
enum { VALUE_MAX = 512 }; /* octets of one parameter's value */
enum { TEXT_ROOM = 128 }; /* octets kept free for the text before parameters are left out */
enum { NUMBER_TEXT = 24 };
static const char byte_order_mark[] = "\xEF\xBB\xBF";
static const char ellipsis[] = "...";

/* --- priority, name and time -------------------------------------------------------------------------------------- */

static int event_level(const struct syslog_event *event)
{
    static const int levels[] = {
        [SEVERITY_OK] = LOG_INFO,
        [SEVERITY_UNKNOWN] = LOG_NOTICE,
        [SEVERITY_WARNING] = LOG_WARNING,
        [SEVERITY_CRITICAL] = LOG_CRIT,
    };
    const struct finding *finding = event->transition.finding;
    if (finding == NULL)
        return event->level == 0 ? LOG_NOTICE : LOG_PRI(event->level);
    if (event->transition.kind == TRANSITION_CLEARED || event->transition.kind == TRANSITION_HOST_REACHABLE)
        return LOG_INFO; /* the finding may be a copy of what is gone, with the severity that it had */
    if (finding->waived)
        return LOG_NOTICE;
    return levels[finding->severity];
}

static int event_priority(const struct syslog_event *event)
{
    int facility = event->facility == 0 ? LOG_DAEMON : event->facility & LOG_FACMASK;
    return facility | event_level(event);
}

static const char *event_msgid(const struct syslog_event *event)
{
    return event->msgid != NULL ? event->msgid : transition_name(event->transition.kind);
}

/* When it was observed, not when it was told. */
static int64_t event_time_ms(const struct syslog_event *event)
{
    const struct finding *finding = event->transition.finding;
    return finding != NULL && finding->observed_ms > 0 ? finding->observed_ms : event->transition.at.wall_ms;
}

/* PRINTUSASCII of the RFC; "-" where there is nothing. */
static void add_word(struct text *out, const char *word, size_t max)
{
    if (word == NULL || word[0] == '\0')
        word = "-";
    for (size_t i = 0; i < max && word[i] != '\0'; i++) {
        bool printable = word[i] > ' ' && word[i] < 127;
        text_add_n(out, printable ? &word[i] : "?", 1);
    }
}

/* --- text --------------------------------------------------------------------------------------------------------- */

/* The largest length up to `max` that ends with a whole UTF-8 character. */
static size_t whole_characters(const char *text, size_t length, size_t max)
{
    if (length <= max)
        return length;
    while (max > 0 && ((unsigned char)text[max] & 0xC0) == 0x80)
        max--;
    return max;
}

static bool is_ascii(const struct text *text)
{
    for (size_t i = 0; i < text->length; i++) {
        if ((unsigned char)text->data[i] > 127)
            return false;
    }
    return true;
}

/* Adds a blank, the byte order mark where `marked` and needed, and the sentence, all within `room` octets. */
static void add_message(struct text *out, const char *message, size_t room, bool marked)
{
    struct text line = {0};
    if (message != NULL)
        text_escape_string(&line, message, ESCAPE_TEXT);
    out->failed = out->failed || line.failed;
    size_t frame = 1 + (marked && !is_ascii(&line) ? strlen(byte_order_mark) : 0);
    if (line.length == 0 || room <= frame + strlen(ellipsis)) {
        text_done(&line);
        return;
    }
    text_add(out, " ");
    if (frame > 1)
        text_add(out, byte_order_mark);
    if (line.length <= room - frame) {
        text_add_n(out, line.data, line.length);
    } else {
        text_add_n(out, line.data, whole_characters(line.data, line.length, room - frame - strlen(ellipsis)));
        text_add(out, ellipsis);
    }
    text_done(&line);
}

/* --- structured data ---------------------------------------------------------------------------------------------- */

struct param {
    const char *name;
    const char *value; /* NULL or "": left out */
};

/* The texts of values that are not texts. */
struct param_texts {
    char id[NUMBER_TEXT], seq[NUMBER_TEXT], port[NUMBER_TEXT];
    char address[ADDRESS_TEXT];
    char since[CLOCK_TEXT];
};

enum { PARAM_MAX = 24 };

static size_t event_params(const struct syslog_event *event, struct param_texts *texts, struct param *params)
{
    snprintf(texts->id, sizeof(texts->id), "%" PRIu64, event->id);
    snprintf(texts->seq, sizeof(texts->seq), "%" PRIu64, event->seq);
    const struct finding *finding = event->transition.finding;
    const struct param head[] = {
        {"v", "1"},
        {"key", finding == NULL ? NULL : finding->key},
        {"id", texts->id},
        {"seq", texts->seq},
        {"boot", event->boot},
        {"site", event->site},
        {"vantage", event->vantage},
    };
    memcpy(params, head, sizeof(head));
    return sizeof(head) / sizeof(head[0]);
}

static size_t finding_params(const struct syslog_event *event, struct param_texts *texts, struct param *params)
{
    const struct finding *finding = event->transition.finding;
    bool has_port = finding->transport != TRANSPORT_UNSTATED;
    if (finding->port != 0)
        snprintf(texts->port, sizeof(texts->port), "%u", finding->port);
    if (finding->address.family != AF_UNSPEC)
        address_format(&finding->address, texts->address, sizeof(texts->address));
    if (finding->since_ms > 0)
        clock_format_rfc3339(finding->since_ms, texts->since, sizeof(texts->since));
    const struct param all[] = {
        {"host", finding->host},
        {"addr", texts->address},
        {"transport", has_port ? transport_name(finding->transport) : NULL},
        {"port", texts->port},
        {"ports", finding->ports},
        {"verdict", verdict_row(finding->verdict)->name},
        {"was", verdict_row(event->transition.was)->name},
        {"severity", severity_name(finding->severity)},
        {"reason", reason_row(finding->reason)->name},
        {"blame", blame_name(finding->blame)},
        {"class", class_name(finding->class)},
        {"guide", finding->guide},
        {"ref", finding->ref},
        {"rule", finding->rule},
        {"since", texts->since},
    };
    memcpy(params, all, sizeof(all));
    return sizeof(all) / sizeof(all[0]);
}

/* ` name="value"`, with the three characters escaped that the RFC names; nothing else may be. */
static void format_param(struct text *out, const struct param *param)
{
    struct text value = {0};
    text_escape_string(&value, param->value, ESCAPE_TEXT);
    size_t length = value.failed ? 0 : whole_characters(text_string(&value), value.length, VALUE_MAX);
    text_printf(out, " %s=\"", param->name);
    for (size_t i = 0; i < length; i++) {
        if (strchr("\"\\]", value.data[i]) != NULL)
            text_add(out, "\\");
        text_add_n(out, &value.data[i], 1);
    }
    text_add(out, "\"");
    out->failed = out->failed || value.failed;
    text_done(&value);
}

static void add_structure(struct text *out, const struct syslog_event *event, size_t end)
{
    struct param_texts texts = {0};
    struct param params[PARAM_MAX];
    size_t count = event_params(event, &texts, params);
    if (event->transition.finding != NULL)
        count += finding_params(event, &texts, params + count);
    params[count++] = (struct param){"owner", event->owner};
    text_printf(out, " [portconform@%" PRIu32, event->pen == 0 ? DOCUMENTATION_PEN : event->pen);
    struct text one = {0};
    for (size_t i = 0; i < count; i++) {
        if (params[i].value == NULL || params[i].value[0] == '\0')
            continue;
        text_clear(&one);
        format_param(&one, &params[i]);
        if (out->length + one.length + strlen("]") <= end)
            text_add_n(out, text_string(&one), one.length);
    }
    text_add(out, "]");
    out->failed = out->failed || one.failed;
    text_done(&one);
}

/* --- messages ----------------------------------------------------------------------------------------------------- */

void syslog_format_rfc5424(struct text *out, const struct syslog_event *event, size_t max)
{
    char timestamp[CLOCK_TEXT];
    struct text line = {0};
    if (max < SYSLOG_LEAST)
        max = SYSLOG_LEAST;
    clock_format_rfc3339(event_time_ms(event), timestamp, sizeof(timestamp));
    text_printf(&line, "<%d>1 %s ", event_priority(event), timestamp);
    add_word(&line, event->hostname, HOSTNAME_MAX);
    text_printf(&line, " portconformd %ld ", event->pid);
    add_word(&line, event_msgid(event), MSGID_MAX);
    add_structure(&line, event, max - TEXT_ROOM);
    add_message(&line, event->message, max - line.length, true);
    text_add_n(out, text_string(&line), line.length);
    out->failed = out->failed || line.failed;
    text_done(&line);
}

void syslog_format_local(struct text *out, const struct syslog_event *event)
{
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm = {.tm_mday = 1};
    time_t seconds = (time_t)(event_time_ms(event) / 1000);
    struct text line = {0};
    localtime_r(&seconds, &tm);
    text_printf(&line, "<%d>%s %2d %02d:%02d:%02d portconformd[%ld]: ", event_priority(event), months[tm.tm_mon],
                tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, event->pid);
    add_word(&line, event_msgid(event), MSGID_MAX);
    text_add(&line, ":");
    add_message(&line, event->message, SYSLOG_MOST - line.length, false);
    text_add_n(out, text_string(&line), line.length);
    out->failed = out->failed || line.failed;
    text_done(&line);
}
