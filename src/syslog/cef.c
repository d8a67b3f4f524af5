/* CEF: CEF:0|vendor|product|version|signature|name|severity|extension. The header escapes '|' and the backslash, the
 * extension '=' and the backslash. Where CEF has a name for a fact, that is used; what it has none for goes into its
 * labelled custom fields, and the rest under names of our own that begin with "portconform". */
#include "format.h"

#include <string.h>

struct extension_row {
    const char *name;
    enum fact fact;
    const char *label; /* of a custom field; NULL: none */
};
/* By importance: where there is no room, the last ones are left out first. */
static const struct extension_row extension[] = {
    {"rt", FACT_TIME_MS, NULL},
    {"cs1", FACT_KEY, "key"},
    {"externalId", FACT_ID, NULL},
    {"cn1", FACT_SEQ, "seq"},
    {"deviceExternalId", FACT_BOOT, NULL},
    {"act", FACT_ACTION, NULL},
    {"dhost", FACT_HOST, NULL},
    {"dst", FACT_IPV4, NULL},
    {"c6a3", FACT_IPV6, "Destination IPv6 Address"},
    {"dpt", FACT_PORT, NULL},
    {"proto", FACT_TRANSPORT, NULL},
    {"cs2", FACT_PORTS, "ports"},
    {"cs3", FACT_SITE, "site"},
    {"cs4", FACT_WAS, "was"},
    {"cs5", FACT_RULE, "rule"},
    {"cs6", FACT_BLAME, "blame"},
    {"cat", FACT_CLASS, NULL},
    {"reason", FACT_REASON, NULL},
    {"outcome", FACT_OUTCOME, NULL},
    {"cn2", FACT_COUNT, "count"},
    {"portconformTarget", FACT_TARGET, NULL},
    {"portconformFrom", FACT_FROM, NULL},
    {"portconformTo", FACT_TO, NULL},
    {"start", FACT_SINCE_MS, NULL},
    {"suser", FACT_OWNER, NULL},
    {"dvchost", FACT_HOSTNAME, NULL},
    {"dvcpid", FACT_PID, NULL},
    {"portconformVantage", FACT_VANTAGE, NULL},
    {"portconformSeverity", FACT_SEVERITY, NULL},
    {"portconformGuide", FACT_GUIDE, NULL},
    {"portconformRef", FACT_REF, NULL},
    {"portconformV", FACT_V, NULL},
};
static const char in_header[] = "\\|", in_extension[] = "\\=";

static void add_clean(struct text *out, const char *value, const char *special)
{
    struct text clean = {0};
    format_clean(&clean, value, FORMAT_VALUE_MAX);
    format_escaped(out, &clean, special);
    out->failed = out->failed || clean.failed;
    text_done(&clean);
}

static void add_extension(struct text *out, const struct facts *facts, size_t end)
{
    struct text one = {0};
    const char *blank = "";
    for (size_t i = 0; i < sizeof(extension) / sizeof(extension[0]); i++) {
        const struct extension_row *row = &extension[i];
        const char *value = facts->values[row->fact];
        if (value == NULL || value[0] == '\0')
            continue;
        text_clear(&one);
        text_printf(&one, "%s%s=", blank, row->name);
        add_clean(&one, value, in_extension);
        if (row->label != NULL)
            text_printf(&one, " %sLabel=%s", row->name, row->label);
        if (out->length + one.length > end)
            continue;
        text_add_n(out, text_string(&one), one.length);
        blank = " ";
    }
    out->failed = out->failed || one.failed;
    text_done(&one);
}

void body_cef(struct text *out, const struct message *message, const struct facts *facts, size_t max)
{
    static const char name[] = " msg=";
    struct text clean = {0};
    text_add(out, "CEF:0|Portconform|portconformd|");
    add_clean(out, facts->values[FACT_VERSION], in_header);
    text_printf(out, "|%s|", facts->values[FACT_MSGID]);
    add_clean(out, facts->values[FACT_TITLE], in_header);
    text_printf(out, "|%s|", facts->values[FACT_RISK]);
    add_extension(out, facts, max - FORMAT_TEXT_ROOM);
    if (message->event->message != NULL)
        text_escape_string(&clean, message->event->message, ESCAPE_TEXT);
    if (clean.length > 0 && out->length + strlen(name) < max) {
        text_add(out, name);
        format_shortened(out, &clean, in_extension, max - out->length);
    }
    out->failed = out->failed || clean.failed;
    text_done(&clean);
}
