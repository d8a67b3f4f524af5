/* Notifications: which objects each carries, and their values. A test compares the lists with the module. */
#include "internal.h"

#include <assert.h>
#include <string.h>

/* A column of a table, a scalar of pcGeneral or one of pcNotify. */
struct object {
    unsigned char branch, id;
};

/* clang-format off */
/* All begin so: pcNotifySequence, pcBoot, pcSite, pcVantage. */
#define FROM_WHOM {9, 1}, {1, 5}, {1, 2}, {1, 3}

static const struct object about_finding[] = {
    FROM_WHOM,
    {8, 2}, /* pcEventId */
    {8, 4}, /* pcEventAt */
    {8, 6}, /* pcEventHost */
    {8, 8}, /* pcEventAddressType */
    {8, 9}, /* pcEventAddress */
    {8, 5}, /* pcEventKey */
    {8, 7}, /* pcEventRole */
    {8, 10}, /* pcEventTransport */
    {8, 11}, /* pcEventPorts */
    {8, 12}, /* pcEventPort */
    {8, 13}, /* pcEventVerdict */
    {8, 14}, /* pcEventWas */
    {8, 15}, /* pcEventSeverity */
    {8, 16}, /* pcEventReason */
    {8, 17}, /* pcEventBlame */
    {8, 18}, /* pcEventClass */
    {8, 19}, /* pcEventGuide */
    {8, 20}, /* pcEventRef */
    {8, 21}, /* pcEventRule */
    {8, 22}, /* pcEventSince */
    {8, 23}, /* pcEventOwner */
    {8, 26}, /* pcEventMessage */
};
static const struct object about_config[] = {
    FROM_WHOM,
    {8, 2}, /* pcEventId */
    {8, 4}, /* pcEventAt */
    {1, 7}, /* pcConfigPath */
    {1, 11}, /* pcConfigState */
    {1, 12}, /* pcConfigError */
    {8, 26}, /* pcEventMessage */
};
static const struct object about_others[] = {
    FROM_WHOM,
    {8, 2}, /* pcEventId */
    {8, 4}, /* pcEventAt */
    {8, 24}, /* pcEventTarget */
    {8, 25}, /* pcEventCount */
    {8, 26}, /* pcEventMessage */
};
static const struct object about_host[] = {
    FROM_WHOM,
    {3, 2}, /* pcHostName */
    {3, 3}, /* pcHostAddressType */
    {3, 4}, /* pcHostAddress */
    {3, 5}, /* pcHostSeverity */
    {3, 6}, /* pcHostSince */
    {3, 12}, /* pcHostNonconforming */
    {3, 7}, /* pcHostUnreachable */
    {9, 2}, /* pcNotifyRaised */
    {9, 3}, /* pcNotifyChanged */
    {9, 4}, /* pcNotifyCleared */
    {9, 5}, /* pcNotifyFirstEvent */
    {9, 6}, /* pcNotifyLastEvent */
};
/* clang-format on */

enum notify_id {
    NOTIFY_SEQUENCE = 1,
    NOTIFY_RAISED,
    NOTIFY_CHANGED,
    NOTIFY_CLEARED,
    NOTIFY_FIRST_EVENT,
    NOTIFY_LAST_EVENT
};

/* What the values come from. */
struct origin_of_values {
    const struct mib_view *view;
    const struct mib_event *event; /* of pcEvent objects, in the row `row` */
    const struct mib_host *host;   /* of pcHost objects, in the row `row` */
    const struct mib_summary *summary;
    uint32_t row;
    uint32_t sequence;
};

static void notify_value(const struct origin_of_values *from, unsigned id, struct mib_value *ret)
{
    const struct mib_summary none = {0}, *summary = from->summary == NULL ? &none : from->summary;
    const uint64_t values[] = {
        [NOTIFY_SEQUENCE] = from->sequence,
        [NOTIFY_RAISED] = summary->raised,
        [NOTIFY_CHANGED] = summary->changed,
        [NOTIFY_CLEARED] = summary->cleared,
        [NOTIFY_FIRST_EVENT] = (uint32_t)summary->first_event,
        [NOTIFY_LAST_EVENT] = (uint32_t)summary->last_event,
    };
    static const enum mib_type types[] = {
        [NOTIFY_SEQUENCE] = MIB_COUNTER32, [NOTIFY_RAISED] = MIB_GAUGE,      [NOTIFY_CHANGED] = MIB_GAUGE,
        [NOTIFY_CLEARED] = MIB_GAUGE,      [NOTIFY_FIRST_EVENT] = MIB_GAUGE, [NOTIFY_LAST_EVENT] = MIB_GAUGE,
    };
    ret->type = types[id];
    ret->number = values[id];
}

static void bind_one(const struct origin_of_values *from, struct object object, struct mib_instance *ret)
{
    const struct moment now = {0}; /* no age is among the objects */
    if (object.branch == GENERAL_BRANCH || object.branch == NOTIFY_BRANCH) {
        memcpy(ret->oid, (const unsigned long[]){object.branch, object.id, 0}, 3 * sizeof(*ret->oid));
        ret->length = 3;
        if (object.branch == NOTIFY_BRANCH)
            notify_value(from, object.id, &ret->value);
        else
            mib_cell(&mib_general_table.columns[object.id - 1], &from->view->general, NULL, now, &ret->value);
        return;
    }
    memcpy(ret->oid, (const unsigned long[]){object.branch, TABLE_ENTRY, object.id, from->row}, 4 * sizeof(*ret->oid));
    ret->length = 4;
    const void *item = from->event != NULL ? (const void *)from->event : from->host;
    mib_cell(&mib_tables[object.branch - FIRST_BRANCH].columns[object.id - FIRST_COLUMN], item, NULL, now, &ret->value);
}

static void bind_all(const struct origin_of_values *from, const struct object *objects, size_t count,
                     struct mib_notification *ret)
{
    for (size_t i = 0; i < count; i++)
        bind_one(from, objects[i], &ret->bindings[i]);
    ret->count = count;
}

bool mib_event_notifies(enum event_kind kind)
{
    return kind != EVENT_HEARTBEAT && kind != EVENT_SUMMARY;
}

#define LENGTH_OF(list) (sizeof(list) / sizeof((list)[0]))
static_assert(LENGTH_OF(about_finding) <= MIB_BINDINGS_MAX, "a notification has room for its objects");

void mib_notification_of_event(const struct mib_view *view, const struct event *event, uint32_t sequence,
                               struct mib_notification *ret)
{
    struct mib_event item = mib_event_item(view, event);
    struct origin_of_values from = {.view = view, .event = &item, .row = (uint32_t)event->id, .sequence = sequence};
    ret->code = event->kind;
    if (event->kind <= EVENT_WAIVER_EXPIRED)
        bind_all(&from, about_finding, LENGTH_OF(about_finding), ret);
    else if (event->kind <= EVENT_CONFIG_REJECTED)
        bind_all(&from, about_config, LENGTH_OF(about_config), ret);
    else
        bind_all(&from, about_others, LENGTH_OF(about_others), ret);
}

bool mib_notification_of_host(const struct mib_view *view, const struct mib_summary *summary, uint32_t sequence,
                              struct mib_notification *ret)
{
    struct origin_of_values from = {.view = view, .summary = summary, .sequence = sequence};
    from.host = mib_view_host(view, summary->host, &from.row);
    if (from.host == NULL)
        return false;
    ret->code = MIB_HOST_SUMMARY;
    bind_all(&from, about_host, LENGTH_OF(about_host), ret);
    return true;
}
