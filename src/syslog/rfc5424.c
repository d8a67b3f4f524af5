/* RFC 5424: structured data for machines, and the sentence for people.
 *
 * The text begins with a byte order mark where it holds letters beyond ASCII, as RFC 5424 section 6.4 demands of a text
 * that is declared to be UTF-8, and without one where it is plain ASCII, as nearly every text is. */
#include "format.h"

#include <inttypes.h>
#include <string.h>

enum { DOCUMENTATION_PEN = 32473 }; /* RFC 5612 */
#define BYTE_ORDER_MARK "\xEF\xBB\xBF"
static const char special[] = "\"\\]"; /* nothing else may be escaped in a value */

/* By fact: those of the list in the contract, in its order. */
static const char *const names[] = {
    [FACT_V] = "v",
    [FACT_KEY] = "key",
    [FACT_ID] = "id",
    [FACT_SEQ] = "seq",
    [FACT_BOOT] = "boot",
    [FACT_SITE] = "site",
    [FACT_VANTAGE] = "vantage",
    [FACT_HOST] = "host",
    [FACT_ADDR] = "addr",
    [FACT_TRANSPORT] = "transport",
    [FACT_PORT] = "port",
    [FACT_PORTS] = "ports",
    [FACT_VERDICT] = "verdict",
    [FACT_WAS] = "was",
    [FACT_SEVERITY] = "severity",
    [FACT_REASON] = "reason",
    [FACT_BLAME] = "blame",
    [FACT_CLASS] = "class",
    [FACT_GUIDE] = "guide",
    [FACT_REF] = "ref",
    [FACT_RULE] = "rule",
    [FACT_SINCE] = "since",
    [FACT_OWNER] = "owner",
    [FACT_TARGET] = "target",
    [FACT_FROM] = "from",
    [FACT_TO] = "to",
    [FACT_COUNT] = "count",
};

static void format_param(struct text *out, const char *name, const char *value)
{
    struct text clean = {0};
    format_clean(&clean, value, FORMAT_VALUE_MAX);
    text_printf(out, " %s=\"", name);
    format_escaped(out, &clean, special);
    text_add(out, "\"");
    out->failed = out->failed || clean.failed;
    text_done(&clean);
}

static void add_structure(struct text *out, const struct message *message, const struct facts *facts, size_t end)
{
    struct text one = {0};
    text_printf(out, "[portconform@%" PRIu32, message->origin->pen == 0 ? DOCUMENTATION_PEN : message->origin->pen);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (facts->values[i] == NULL || facts->values[i][0] == '\0')
            continue;
        text_clear(&one);
        format_param(&one, names[i], facts->values[i]);
        if (out->length + one.length + strlen("]") <= end)
            text_add_n(out, text_string(&one), one.length);
    }
    text_add(out, "]");
    out->failed = out->failed || one.failed;
    text_done(&one);
}

static bool is_ascii(const struct text *text)
{
    for (size_t i = 0; i < text->length; i++) {
        if ((unsigned char)text->data[i] > 127)
            return false;
    }
    return true;
}

void body_rfc5424(struct text *out, const struct message *message, const struct facts *facts, size_t max)
{
    struct text clean = {0};
    add_structure(out, message, facts, max - FORMAT_TEXT_ROOM);
    if (message->event->message != NULL)
        text_escape_string(&clean, message->event->message, ESCAPE_TEXT);
    const char *mark = is_ascii(&clean) ? " " : " " BYTE_ORDER_MARK;
    size_t room = out->length + strlen(mark) < max ? max - out->length - strlen(mark) : 0;
    if (clean.length > 0 && room > strlen(BYTE_ORDER_MARK)) {
        text_add(out, mark);
        format_shortened(out, &clean, "", room);
    }
    out->failed = out->failed || clean.failed;
    text_done(&clean);
}
