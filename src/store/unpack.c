/* The way back: JSON text to findings and events. The text may have been written by another version, or damaged. */
#include "pack.h"

#include "portconform/arena.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

/* Each takes a value that may be absent (NULL), and then leaves the result as it was. */

static int take_text(const json_t *value, struct arena *arena, const char **ret)
{
    if (value == NULL)
        return 0;
    if (!json_is_string(value))
        return -EINVAL;
    const char *copy = arena_strdup(arena, json_string_value(value));
    if (copy == NULL)
        return -ENOMEM;
    *ret = copy;
    return 0;
}

static int take_integer(const json_t *value, int64_t least, int64_t most, int64_t *ret)
{
    if (value == NULL)
        return 0;
    if (!json_is_integer(value) || json_integer_value(value) < least || json_integer_value(value) > most)
        return -EINVAL;
    *ret = json_integer_value(value);
    return 0;
}

static int take_word(const json_t *value, const char *kind, unsigned *ret)
{
    if (value == NULL)
        return 0;
    int code = json_is_string(value) ? word_find(kind, json_string_value(value)) : -1;
    if (code < 0)
        return -EINVAL;
    *ret = (unsigned)code;
    return 0;
}

static int take_transport(const json_t *value, enum transport *ret)
{
    static const enum transport transports[] = {TRANSPORT_TCP, TRANSPORT_UDP};
    if (value == NULL)
        return 0;
    for (size_t i = 0; json_is_string(value) && i < sizeof transports / sizeof *transports; i++) {
        if (strcmp(transport_name(transports[i]), json_string_value(value)) == 0) {
            *ret = transports[i];
            return 0;
        }
    }
    return -EINVAL;
}

/* A zone names an interface; where there is none of that name any more, the address is not worth keeping. */
static int take_address(const json_t *value, struct address *ret)
{
    if (value == NULL)
        return 0;
    if (!json_is_string(value))
        return -EINVAL;
    struct address address;
    if (address_parse(json_string_value(value), &address) == 0)
        *ret = address;
    else if (strchr(json_string_value(value), '%') == NULL)
        return -EINVAL;
    return 0;
}

static int take_number(const struct pack_field *field, const json_t *value, void *member)
{
    int64_t number = 0;
    int64_t least = field->kind == PACK_I64 ? INT64_MIN : 0;
    int64_t most = field->kind == PACK_U16 ? UINT16_MAX : field->kind == PACK_UNSIGNED ? UINT32_MAX : INT64_MAX;
    int r = take_integer(value, least, most, &number);
    if (field->kind == PACK_U16)
        memcpy(member, &(uint16_t){(uint16_t)number}, sizeof(uint16_t));
    else if (field->kind == PACK_UNSIGNED)
        memcpy(member, &(unsigned){(unsigned)number}, sizeof(unsigned));
    else
        memcpy(member, &number, sizeof number);
    return r;
}

static int take_field(const struct pack_field *field, const json_t *value, struct finding *finding, struct arena *arena)
{
    void *member = (char *)finding + field->offset;
    unsigned code = 0;
    int r = 0;
    switch (field->kind) {
    case PACK_TEXT:
        return take_text(value, arena, member);
    case PACK_WORD:
        r = take_word(value, field->words, &code);
        memcpy(member, &code, sizeof code);
        return r;
    case PACK_TRANSPORT:
        return take_transport(value, member);
    case PACK_ADDRESS:
        return take_address(value, member);
    case PACK_U16:
    case PACK_UNSIGNED:
    case PACK_I64:
        return take_number(field, value, member);
    case PACK_BOOL:
        memcpy(member, &(bool){json_is_true(value)}, sizeof(bool));
        return value == NULL || json_is_boolean(value) ? 0 : -EINVAL;
    }
    return 0;
}

static int take_finding(const json_t *object, struct finding *ret, struct arena *arena)
{
    size_t count;
    const struct pack_field *fields = pack_finding_fields(&count);
    struct finding finding = {.key = NULL};
    if (!json_is_object(object))
        return -EINVAL;
    for (size_t i = 0; i < count; i++) {
        int r = take_field(&fields[i], json_object_get(object, fields[i].name), &finding, arena);
        if (r < 0)
            return r;
    }
    if (finding.key == NULL)
        return -EINVAL;
    *ret = finding;
    return 0;
}

/* NULL with *ret_code: -EINVAL or -ENOMEM. */
static json_t *load(const char *text, size_t length, int *ret_code)
{
    json_error_t error;
    json_t *object = json_loadb(text, length, 0, &error);
    if (object == NULL)
        *ret_code = json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EINVAL;
    return object;
}

int unpack_finding(const char *text, size_t length, struct finding *ret, struct arena *arena)
{
    int r = 0;
    json_t *object = load(text, length, &r);
    if (object == NULL)
        return r;
    r = take_finding(object, ret, arena);
    json_decref(object);
    return r;
}

static int take_event_texts(const json_t *object, struct event *event)
{
    const struct {
        const char *name;
        const char **place;
    } texts[] = {{"site", &event->site},
                 {"vantage", &event->vantage},
                 {"message", &event->message},
                 {"owner", &event->owner},
                 {"target", &event->target}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int r = take_text(json_object_get(object, texts[i].name), event->arena, texts[i].place);
        if (r < 0)
            return r;
    }
    return 0;
}

static int take_event_numbers(const json_t *object, struct event *event)
{
    int64_t level = 0, from = 0, to = 0, count = 0;
    unsigned was = 0;
    int r = take_integer(json_object_get(object, "at"), INT64_MIN, INT64_MAX, &event->at.wall_ms);
    if (r == 0)
        r = take_integer(json_object_get(object, "level"), 0, 7, &level);
    if (r == 0)
        r = take_integer(json_object_get(object, "from"), 0, INT64_MAX, &from);
    if (r == 0)
        r = take_integer(json_object_get(object, "to"), 0, INT64_MAX, &to);
    if (r == 0)
        r = take_integer(json_object_get(object, "count"), 0, INT64_MAX, &count);
    if (r == 0)
        r = take_word(json_object_get(object, "was"), "verdict", &was);
    event->level = (int)level;
    event->from = (uint64_t)from;
    event->to = (uint64_t)to;
    event->count = (uint64_t)count;
    event->was = (enum verdict)was;
    return r;
}

static int take_event_finding(const json_t *value, struct event *event)
{
    if (value == NULL)
        return 0;
    struct finding *finding = ARENA_NEW(event->arena, struct finding);
    if (finding == NULL)
        return -ENOMEM;
    int r = take_finding(value, finding, event->arena);
    if (r == 0)
        event->finding = finding;
    return r;
}

static int take_event(const json_t *object, struct event **ret)
{
    const char *word = json_string_value(json_object_get(object, "kind"));
    enum event_kind kind;
    if (word == NULL || !event_kind_from_name(word, &kind))
        return -EINVAL;
    struct event *event = event_new(kind, (struct moment){.mono_ms = 0});
    if (event == NULL)
        return -ENOMEM;
    int r = take_event_numbers(object, event);
    if (r == 0)
        r = take_event_texts(object, event);
    if (r == 0)
        r = take_event_finding(json_object_get(object, "finding"), event);
    if (r < 0)
        event_unref(event);
    else
        *ret = event;
    return r;
}

int unpack_event(const char *text, size_t length, struct event **ret)
{
    int r = 0;
    json_t *object = load(text, length, &r);
    if (object == NULL)
        return r;
    r = take_event(object, ret);
    json_decref(object);
    return r;
}
