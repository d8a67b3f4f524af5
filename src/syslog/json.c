/* JSON with the names of the Elastic Common Schema; what it has no name for is in the object "portconform". */
#include "format.h"

#include <string.h>

#define ECS_VERSION "8.11.0"

enum member_type { MEMBER_TEXT, MEMBER_NUMBER, MEMBER_LIST };
struct member_row {
    const char *object; /* NULL: the outermost */
    const char *name;
    enum fact fact; /* FACTS: `constant` */
    enum member_type type;
    unsigned rank; /* where there is no room, the highest rank goes first */
    const char *constant;
};
enum { RANKS = 4 };
/* Members of one object stand together. The sentence, "message", stands in front of all. */
static const struct member_row members[] = {
    {NULL, "@timestamp", FACT_TIME, MEMBER_TEXT, 0, NULL},
    {"ecs", "version", FACTS, MEMBER_TEXT, 1, ECS_VERSION},
    {"event", "kind", FACT_ECS_KIND, MEMBER_TEXT, 1, NULL},
    {"event", "category", FACT_ECS_CATEGORY, MEMBER_LIST, 1, NULL},
    {"event", "type", FACT_ECS_TYPE, MEMBER_LIST, 1, NULL},
    {"event", "outcome", FACT_OUTCOME, MEMBER_TEXT, 1, NULL},
    {"event", "action", FACT_ACTION, MEMBER_TEXT, 1, NULL},
    {"event", "code", FACT_MSGID, MEMBER_TEXT, 0, NULL},
    {"event", "id", FACT_UNIQUE, MEMBER_TEXT, 1, NULL},
    {"event", "sequence", FACT_SEQ, MEMBER_NUMBER, 0, NULL},
    {"event", "severity", FACT_RISK, MEMBER_NUMBER, 1, NULL},
    {"event", "reason", FACT_REASON_TEXT, MEMBER_TEXT, 3, NULL},
    {"event", "start", FACT_SINCE, MEMBER_TEXT, 2, NULL},
    {"event", "provider", FACTS, MEMBER_TEXT, 2, "portconformd"},
    {"event", "module", FACTS, MEMBER_TEXT, 3, "portconform"},
    {"event", "dataset", FACTS, MEMBER_TEXT, 2, "portconform.event"},
    {"log", "level", FACT_LEVEL, MEMBER_TEXT, 2, NULL},
    {"observer", "name", FACT_VANTAGE, MEMBER_TEXT, 3, NULL},
    {"observer", "hostname", FACT_HOSTNAME, MEMBER_TEXT, 3, NULL},
    {"observer", "vendor", FACTS, MEMBER_TEXT, 3, "Portconform"},
    {"observer", "product", FACTS, MEMBER_TEXT, 3, "portconformd"},
    {"observer", "version", FACT_VERSION, MEMBER_TEXT, 3, NULL},
    {"host", "name", FACT_HOST, MEMBER_TEXT, 2, NULL},
    {"host", "ip", FACT_ADDR, MEMBER_LIST, 3, NULL},
    {"destination", "address", FACT_ADDR, MEMBER_TEXT, 3, NULL},
    {"destination", "ip", FACT_ADDR, MEMBER_TEXT, 2, NULL},
    {"destination", "port", FACT_PORT, MEMBER_NUMBER, 2, NULL},
    {"network", "transport", FACT_TRANSPORT, MEMBER_TEXT, 2, NULL},
    {"network", "type", FACT_FAMILY, MEMBER_TEXT, 3, NULL},
    {"rule", "id", FACT_RULE, MEMBER_TEXT, 2, NULL},
    {"rule", "ruleset", FACT_GUIDE, MEMBER_TEXT, 3, NULL},
    {"rule", "reference", FACT_REF, MEMBER_TEXT, 3, NULL},
    {"rule", "category", FACT_CLASS, MEMBER_TEXT, 3, NULL},
    {"rule", "description", FACT_ABOUT, MEMBER_TEXT, 3, NULL},
    {"portconform", "v", FACT_V, MEMBER_NUMBER, 1, NULL},
    {"portconform", "key", FACT_KEY, MEMBER_TEXT, 1, NULL},
    {"portconform", "id", FACT_ID, MEMBER_NUMBER, 0, NULL},
    {"portconform", "boot", FACT_BOOT, MEMBER_TEXT, 0, NULL},
    {"portconform", "site", FACT_SITE, MEMBER_TEXT, 2, NULL},
    {"portconform", "verdict", FACT_VERDICT, MEMBER_TEXT, 1, NULL},
    {"portconform", "was", FACT_WAS, MEMBER_TEXT, 2, NULL},
    {"portconform", "severity", FACT_SEVERITY, MEMBER_TEXT, 2, NULL},
    {"portconform", "reason", FACT_REASON, MEMBER_TEXT, 2, NULL},
    {"portconform", "blame", FACT_BLAME, MEMBER_TEXT, 2, NULL},
    {"portconform", "class", FACT_CLASS, MEMBER_TEXT, 2, NULL},
    {"portconform", "ports", FACT_PORTS, MEMBER_TEXT, 2, NULL},
    {"portconform", "owner", FACT_OWNER, MEMBER_TEXT, 2, NULL},
    {"portconform", "target", FACT_TARGET, MEMBER_TEXT, 1, NULL},
    {"portconform", "from", FACT_FROM, MEMBER_NUMBER, 1, NULL},
    {"portconform", "to", FACT_TO, MEMBER_NUMBER, 1, NULL},
    {"portconform", "count", FACT_COUNT, MEMBER_NUMBER, 1, NULL},
};
enum { MEMBERS = sizeof(members) / sizeof(members[0]) };
static const char special[] = "\"\\"; /* control characters are gone before */

static const char *value_of(const struct member_row *row, const struct facts *facts)
{
    const char *value = row->fact == FACTS ? row->constant : facts->values[row->fact];
    return value == NULL || value[0] == '\0' ? NULL : value;
}

static void add_value(struct text *out, const struct member_row *row, const char *value)
{
    static const char *const begin[] = {[MEMBER_TEXT] = "\"", [MEMBER_NUMBER] = "", [MEMBER_LIST] = "[\""};
    static const char *const end[] = {[MEMBER_TEXT] = "\"", [MEMBER_NUMBER] = "", [MEMBER_LIST] = "\"]"};
    struct text clean = {0};
    format_clean(&clean, value, FORMAT_VALUE_MAX);
    text_printf(out, "\"%s\":%s", row->name, begin[row->type]);
    format_escaped(out, &clean, special);
    text_add(out, end[row->type]);
    out->failed = out->failed || clean.failed;
    text_done(&clean);
}

/* All members but those that `left_out` names, each with a comma in front. */
static void add_members(struct text *out, const struct facts *facts, const bool *left_out)
{
    const char *object = NULL; /* that is open */
    for (size_t i = 0; i < MEMBERS; i++) {
        const struct member_row *row = &members[i];
        const char *value = left_out[i] ? NULL : value_of(row, facts);
        if (value == NULL)
            continue;
        bool same = object == row->object || (object && row->object && strcmp(object, row->object) == 0);
        if (!same && object != NULL)
            text_add(out, "}");
        text_add(out, ",");
        if (!same && row->object != NULL)
            text_printf(out, "\"%s\":{", row->object);
        object = row->object;
        add_value(out, row, value);
    }
    if (object != NULL)
        text_add(out, "}");
}

/* Leaves out one more: the last of the highest rank that is still in. False: nothing but rank 0 is left. */
static bool leave_out(bool *left_out, const struct facts *facts)
{
    for (unsigned rank = RANKS - 1; rank > 0; rank--) {
        for (size_t i = MEMBERS; i-- > 0;) {
            if (members[i].rank == rank && !left_out[i] && value_of(&members[i], facts) != NULL) {
                left_out[i] = true;
                return true;
            }
        }
    }
    return false;
}

void body_json(struct text *out, const struct message *message, const struct facts *facts, size_t max)
{
    static const char begin[] = "{\"message\":\"";
    bool left_out[MEMBERS] = {false};
    struct text rest = {0}, clean = {0};
    if (message->event->message != NULL)
        text_escape_string(&clean, message->event->message, ESCAPE_TEXT);
    size_t frame = out->length + strlen(begin) + strlen("\"}");
    size_t wanted = format_escaped_length(&clean, special);
    if (wanted > FORMAT_TEXT_ROOM)
        wanted = FORMAT_TEXT_ROOM;
    do {
        text_clear(&rest);
        add_members(&rest, facts, left_out);
    } while (frame + rest.length + wanted > max && leave_out(left_out, facts));
    text_add(out, begin);
    if (frame + rest.length < max)
        format_shortened(out, &clean, special, max - frame - rest.length);
    text_add(out, "\"");
    text_add_n(out, text_string(&rest), rest.length);
    text_add(out, "}");
    out->failed = out->failed || rest.failed || clean.failed;
    text_done(&rest);
    text_done(&clean);
}

void body_cee(struct text *out, const struct message *message, const struct facts *facts, size_t max)
{
    text_add(out, "@cee: ");
    body_json(out, message, facts, max);
}
