/* Findings and events to JSON and back, by a table of their members. */
#include "pack.h"

#include "portconform/arena.h"
#include "portconform/text.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(name, kind, member, ...)                                                                                 \
    {                                                                                                                  \
        (name), (kind), offsetof(struct finding, member), sizeof(((struct finding *)NULL)->member), __VA_ARGS__        \
    }
#define PLAIN NULL, false

static const struct pack_field fields[] = {
    FIELD("key", PACK_TEXT, key, PLAIN),
    FIELD("host", PACK_TEXT, host, PLAIN),
    FIELD("role", PACK_TEXT, role, PLAIN),
    FIELD("component", PACK_TEXT, component, PLAIN),
    FIELD("address", PACK_ADDRESS, address, PLAIN),
    FIELD("hop", PACK_ADDRESS, hop, PLAIN),
    FIELD("transport", PACK_TRANSPORT, transport, PLAIN),
    FIELD("ports", PACK_TEXT, ports, PLAIN),
    FIELD("port", PACK_U16, port, PLAIN),
    FIELD("verdict", PACK_WORD, verdict, "verdict", false),
    FIELD("was", PACK_WORD, was, "verdict", false),
    FIELD("severity", PACK_WORD, severity, "severity", false),
    FIELD("reason", PACK_WORD, reason, "reason", false),
    FIELD("blame", PACK_WORD, blame, "blame", false),
    FIELD("class", PACK_WORD, class, "class", false),
    FIELD("listener", PACK_TEXT, listener, NULL, true), /* evidence tells times and sizes of queues */
    FIELD("probe", PACK_TEXT, probe, NULL, true),
    FIELD("detail", PACK_TEXT, detail, PLAIN),
    FIELD("path", PACK_WORD, path, "path", false),
    FIELD("guide", PACK_TEXT, guide, PLAIN),
    FIELD("ref", PACK_TEXT, ref, PLAIN),
    FIELD("rule", PACK_TEXT, rule, PLAIN),
    FIELD("about", PACK_TEXT, about, PLAIN),
    FIELD("presence", PACK_TEXT, presence, PLAIN),
    FIELD("scope", PACK_TEXT, scope, PLAIN),
    FIELD("confidence", PACK_TEXT, confidence, PLAIN),
    FIELD("peers", PACK_TEXT, peers, PLAIN),
    FIELD("file", PACK_TEXT, origin.file, PLAIN),
    FIELD("line", PACK_UNSIGNED, origin.line, PLAIN),
    FIELD("column", PACK_UNSIGNED, origin.column, PLAIN),
    FIELD("since", PACK_I64, since_ms, PLAIN),
    FIELD("observed", PACK_I64, observed_ms, NULL, true),
    FIELD("looks", PACK_UNSIGNED, looks, NULL, true),
    FIELD("held", PACK_BOOL, held, PLAIN),
    FIELD("waived", PACK_BOOL, waived, PLAIN),
    FIELD("dynamic", PACK_BOOL, dynamic, PLAIN),
    FIELD("waived_until", PACK_TEXT, waived_until, PLAIN),
    FIELD("waived_reason", PACK_TEXT, waived_reason, PLAIN),
    FIELD("waived_owner", PACK_TEXT, waived_owner, PLAIN),
    FIELD("waived_ticket", PACK_TEXT, waived_ticket, PLAIN),
    FIELD("pending", PACK_WORD, pending, "verdict", false),
    FIELD("pending_looks", PACK_UNSIGNED, pending_looks, PLAIN),
    FIELD("evidence", PACK_I64, evidence, NULL, true), /* a digest: all of its bits, whatever their sign */
};
enum { FIELDS = sizeof fields / sizeof *fields };

const struct pack_field *pack_finding_fields(size_t *ret_count)
{
    *ret_count = FIELDS;
    return fields;
}

/* A member as its own type, by copying: the offset knows nothing of types. */
#define MEMBER(type, finding, field)                                                                                   \
    __extension__({                                                                                                    \
        type member_;                                                                                                  \
        memcpy(&member_, (const char *)(finding) + (field)->offset, sizeof member_);                                   \
        member_;                                                                                                       \
    })

static bool texts_differ(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a != b;
    return a != b && strcmp(a, b) != 0;
}

static bool field_differs(const struct pack_field *field, const struct finding *a, const struct finding *b)
{
    if (field->kind == PACK_TEXT)
        return texts_differ(MEMBER(const char *, a, field), MEMBER(const char *, b, field));
    if (field->kind == PACK_ADDRESS) {
        struct address one = MEMBER(struct address, a, field), other = MEMBER(struct address, b, field);
        return !address_equal(&one, &other);
    }
    return memcmp((const char *)a + field->offset, (const char *)b + field->offset, field->size) != 0;
}

bool pack_findings_differ(const struct finding *a, const struct finding *b, bool exact)
{
    for (size_t i = 0; i < FIELDS; i++) {
        if ((exact || !fields[i].passing) && field_differs(&fields[i], a, b))
            return true;
    }
    return false;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

/* Takes the value, also on failure. */
static int put(json_t *object, const char *name, json_t *value)
{
    return value != NULL && json_object_set_new_nocheck(object, name, value) == 0 ? 0 : -ENOMEM;
}

static int put_text(json_t *object, const char *name, const char *string)
{
    if (string == NULL)
        return 0;
    if (text_utf8_valid(string, strlen(string), NULL))
        return put(object, name, json_string_nocheck(string));
    struct text escaped = {.data = NULL};
    text_escape_string(&escaped, string, ESCAPE_TEXT);
    int r = escaped.failed ? -ENOMEM : put(object, name, json_string_nocheck(text_string(&escaped)));
    text_done(&escaped);
    return r;
}

static int put_integer(json_t *object, const char *name, int64_t value)
{
    return value == 0 ? 0 : put(object, name, json_integer(value));
}

static const struct word_table *words_of(const char *kind)
{
    const struct word_table *table = word_tables();
    while (table->kind != NULL && strcmp(table->kind, kind) != 0)
        table++;
    return table;
}

static int put_word(json_t *object, const char *name, const char *kind, unsigned code)
{
    const struct word_table *table = words_of(kind);
    if (code == 0 || code >= table->count || table->words[code] == NULL)
        return 0;
    return put(object, name, json_string_nocheck(table->words[code]));
}

static int put_address(json_t *object, const char *name, const struct address *address)
{
    char text[ADDRESS_TEXT];
    return address->family == AF_UNSPEC ? 0 : put_text(object, name, address_format(address, text, sizeof text));
}

static int put_field(json_t *object, const struct pack_field *field, const struct finding *finding)
{
    struct address address;
    switch (field->kind) {
    case PACK_TEXT:
        return put_text(object, field->name, MEMBER(const char *, finding, field));
    case PACK_WORD:
        return put_word(object, field->name, field->words, MEMBER(unsigned, finding, field));
    case PACK_TRANSPORT:
        if (MEMBER(enum transport, finding, field) == TRANSPORT_UNSTATED)
            return 0;
        return put_text(object, field->name, transport_name(MEMBER(enum transport, finding, field)));
    case PACK_ADDRESS:
        address = MEMBER(struct address, finding, field);
        return put_address(object, field->name, &address);
    case PACK_U16:
        return put_integer(object, field->name, MEMBER(uint16_t, finding, field));
    case PACK_UNSIGNED:
        return put_integer(object, field->name, MEMBER(unsigned, finding, field));
    case PACK_I64:
        return put_integer(object, field->name, MEMBER(int64_t, finding, field));
    case PACK_BOOL:
        return MEMBER(bool, finding, field) ? put(object, field->name, json_true()) : 0;
    }
    return 0;
}

static json_t *finding_object(const struct finding *finding)
{
    json_t *object = json_object();
    for (size_t i = 0; object != NULL && i < FIELDS; i++) {
        if (put_field(object, &fields[i], finding) < 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

/* Takes the object; NULL: out of memory. */
static int dump(json_t *object, char **ret)
{
    char *text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (text == NULL)
        return -ENOMEM;
    *ret = text;
    return 0;
}

int pack_finding(const struct finding *finding, char **ret)
{
    return dump(finding_object(finding), ret);
}

static int put_event(json_t *object, const struct event *event)
{
    const struct {
        const char *name, *value;
    } texts[] = {{"kind", event_kind_name(event->kind)},
                 {"site", event->site},
                 {"vantage", event->vantage},
                 {"message", event->message},
                 {"owner", event->owner},
                 {"target", event->target}};
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {{"at", event->at.wall_ms},
                   {"level", event->level},
                   {"from", (int64_t)event->from},
                   {"to", (int64_t)event->to},
                   {"count", (int64_t)event->count}};
    int r = put_word(object, "was", "verdict", (unsigned)event->was);
    for (size_t i = 0; r == 0 && i < sizeof texts / sizeof *texts; i++)
        r = put_text(object, texts[i].name, texts[i].value);
    for (size_t i = 0; r == 0 && i < sizeof numbers / sizeof *numbers; i++)
        r = put_integer(object, numbers[i].name, numbers[i].value);
    if (r == 0 && event->finding != NULL)
        r = put(object, "finding", finding_object(event->finding));
    return r;
}

int pack_event(const struct event *event, char **ret)
{
    json_t *object = json_object();
    if (object != NULL && put_event(object, event) < 0) {
        json_decref(object);
        object = NULL;
    }
    return dump(object, ret);
}
