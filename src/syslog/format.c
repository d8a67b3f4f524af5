/* Headers of messages, the form that /dev/log understands, and what all formats share. */
#include "format.h"

#include <string.h>
#include <time.h>

enum { MSGID_MAX = 32, HOSTNAME_SHARE = 6 }; /* the host's name takes no more than a sixth of a message */
static const char ellipsis[] = "...";

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

void format_clean(struct text *out, const char *value, size_t max)
{
    struct text clean = {0};
    text_escape_string(&clean, value, ESCAPE_TEXT);
    text_add_n(out, text_string(&clean), whole_characters(text_string(&clean), clean.length, max));
    out->failed = out->failed || clean.failed;
    text_done(&clean);
}

static void add_escaped(struct text *out, const char *clean, size_t length, const char *special)
{
    for (size_t i = 0; i < length; i++) {
        if (strchr(special, clean[i]) != NULL)
            text_add(out, "\\");
        text_add_n(out, &clean[i], 1);
    }
}

void format_escaped(struct text *out, const struct text *clean, const char *special)
{
    add_escaped(out, text_string(clean), clean->length, special);
}

size_t format_escaped_length(const struct text *clean, const char *special)
{
    size_t length = clean->length;
    for (size_t i = 0; i < clean->length; i++)
        length += strchr(special, clean->data[i]) != NULL;
    return length;
}

void format_shortened(struct text *out, const struct text *clean, const char *special, size_t room)
{
    if (format_escaped_length(clean, special) <= room) {
        format_escaped(out, clean, special);
        return;
    }
    if (room <= strlen(ellipsis))
        return;
    size_t used = 0, kept = 0;
    for (; kept < clean->length; kept++) {
        size_t cost = strchr(special, clean->data[kept]) != NULL ? 2 : 1;
        if (used + cost > room - strlen(ellipsis))
            break;
        used += cost;
    }
    add_escaped(out, clean->data, whole_characters(clean->data, clean->length, kept), special);
    text_add(out, ellipsis);
}

/* --- headers ------------------------------------------------------------------------------------------------------ */

/* PRINTUSASCII of RFC 5424, up to an octet of `end`; "-" where there is nothing. */
static void add_word(struct text *out, const char *word, const char *end, size_t max)
{
    size_t length = word == NULL ? 0 : strcspn(word, end);
    if (length == 0) {
        text_add(out, "-");
        return;
    }
    for (size_t i = 0; i < length && i < max; i++) {
        bool printable = word[i] > ' ' && word[i] < 127;
        text_add_n(out, printable ? &word[i] : "?", 1);
    }
}

static size_t hostname_max(const struct message *message)
{
    enum { RFC5424_MAX = 255 };
    size_t share = message->target->most_octets / HOSTNAME_SHARE;
    return share < RFC5424_MAX ? share : RFC5424_MAX;
}

static void header_rfc5424(struct text *out, const struct message *message, const struct facts *facts)
{
    text_printf(out, "<%d>1 %s ", message->target->facility | facts->level, facts->values[FACT_TIME]);
    add_word(out, facts->values[FACT_HOSTNAME], "", hostname_max(message));
    text_printf(out, " portconformd %s ", facts->values[FACT_PID]);
    add_word(out, facts->values[FACT_MSGID], "", MSGID_MAX);
    text_add(out, message->target->format == SYSLOG_FORMAT_RFC5424 ? " " : " - ");
}

/* Over the network with the host's name, without its domain. CEF stands right behind it, with no tag (that is what
 * readers of CEF look for). */
static void header_rfc3164(struct text *out, const struct message *message, const struct facts *facts)
{
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm = {.tm_mday = 1};
    time_t seconds = (time_t)(message->event->at.wall_ms / 1000);
    localtime_r(&seconds, &tm);
    text_printf(out, "<%d>%s %2d %02d:%02d:%02d ", message->target->facility | facts->level, months[tm.tm_mon],
                tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    if (message->target->place.transport != SYSLOG_LOCAL) {
        add_word(out, facts->values[FACT_HOSTNAME], ".", hostname_max(message));
        text_add(out, " ");
    }
    if (message->target->format != SYSLOG_FORMAT_CEF)
        text_printf(out, "portconformd[%s]: ", facts->values[FACT_PID]);
}

static void header_none(struct text *out, const struct message *message, const struct facts *facts)
{
    (void)out;
    (void)message;
    (void)facts;
}

/* --- messages ----------------------------------------------------------------------------------------------------- */

void body_text(struct text *out, const struct message *message, const struct facts *facts, size_t max)
{
    struct text clean = {0};
    if (message->target->header != SYSLOG_HEADER_RFC5424) /* which has the MSGID itself */
        text_printf(&clean, "%s: ", facts->values[FACT_MSGID]);
    if (message->event->message != NULL)
        text_escape_string(&clean, message->event->message, ESCAPE_TEXT);
    if (out->length < max)
        format_shortened(out, &clean, "", max - out->length);
    out->failed = out->failed || clean.failed;
    text_done(&clean);
}

void message_format(struct text *out, const struct message *message)
{
    static void (*const headers[])(struct text *, const struct message *, const struct facts *) = {
        [SYSLOG_HEADER_RFC5424] = header_rfc5424,
        [SYSLOG_HEADER_RFC3164] = header_rfc3164,
        [SYSLOG_HEADER_NONE] = header_none,
    };
    static void (*const bodies[])(struct text *, const struct message *, const struct facts *, size_t) = {
        [SYSLOG_FORMAT_RFC5424] = body_rfc5424, [SYSLOG_FORMAT_JSON] = body_json, [SYSLOG_FORMAT_CEE] = body_cee,
        [SYSLOG_FORMAT_CEF] = body_cef,         [SYSLOG_FORMAT_TEXT] = body_text,
    };
    struct facts facts = {.level = 0};
    struct text line = {0};
    unsigned most = message->target->most_octets;
    facts_gather(&facts, message);
    headers[message->target->header](&line, message, &facts);
    bodies[message->target->format](&line, message, &facts, most < SYSLOG_LEAST_OCTETS ? SYSLOG_LEAST_OCTETS : most);
    text_add_n(out, text_string(&line), line.length);
    out->failed = out->failed || line.failed;
    text_done(&line);
}
