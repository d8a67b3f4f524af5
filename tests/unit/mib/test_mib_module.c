/* The module's text and the tables that answer: the same objects, in the same order, of the same types; and the
 * artefacts that are made from both. */
#include "module.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* What stands between `begin` and `end` behind "\nNAME ", without blanks around. */
static const char *part_of(const char *name, const char *begin, const char *end, size_t *ret_length)
{
    char line[128];
    snprintf(line, sizeof(line), "\n%s ", name);
    const char *at = strstr(mib_module_text, line);
    if (at == NULL || (at = strstr(at, begin)) == NULL)
        fail_msg("the module has no %s of %s", begin, name);
    at += strlen(begin);
    at += strspn(at, " \n");
    const char *last = strstr(at, end);
    assert_non_null(last);
    while (last > at && strchr(" \n", last[-1]) != NULL)
        last--;
    *ret_length = (size_t)(last - at);
    return at;
}

static void assert_part(const char *name, const char *begin, const char *end, const char *expected)
{
    size_t length;
    const char *part = part_of(name, begin, end, &length);
    if (length != strlen(expected) || memcmp(part, expected, length) != 0)
        fail_msg("%s: \"%.*s\" is not \"%s\"", name, (int)length, part, expected);
}

static const char *const syntaxes[] = {
    [CELL_NAME] = "SnmpAdminString",  [CELL_TEXT] = "PcText",
    [CELL_ARRAY] = "SnmpAdminString", [CELL_FLAG] = "TruthValue",
    [CELL_DATE] = "DateAndTime",      [CELL_PORT] = "InetPortNumber",
    [CELL_ATYPE] = "InetAddressType", [CELL_ADDR] = "InetAddress (SIZE (0 | 4 | 16 | 20))",
    [CELL_SIZE] = "Gauge32",          [CELL_UINT] = "Gauge32",
    [CELL_U32] = "Gauge32",           [CELL_PID] = "Gauge32",
    [CELL_MILLIS] = "Gauge32",        [CELL_GAUGE64] = "Gauge32",
    [CELL_COUNTER64] = "Counter64",   [CELL_DECIMAL] = "SnmpAdminString",
    [CELL_AGE_MONO] = "Gauge32",      [CELL_AGE_WALL] = "Gauge32",
    [CELL_LOOKED] = "DateAndTime",    [CELL_LOOK_AGE] = "Gauge32",
    [CELL_PRESENCE] = "PcPresence",   [CELL_SCOPE] = "PcScope",
};

static void assert_column(const struct mib_column *column, const char *parent, unsigned number)
{
    char place[128];
    size_t length;
    snprintf(place, sizeof(place), "{ %s %u }", parent, number);
    assert_part(column->name, "::= ", "\n", place);
    assert_part(column->name, "MAX-ACCESS", "\n", "read-only");
    if (column->kind != CELL_CODE)
        assert_part(column->name, "SYNTAX", "\n", syntaxes[column->kind]);
    else /* an enumeration of the module's own */
        assert_memory_equal(part_of(column->name, "SYNTAX", "\n", &length), "Pc", 2);
}

static void test_objects(void **state)
{
    (void)state;
    for (unsigned i = 0; i < mib_general_table.column_count; i++)
        assert_column(&mib_general_table.columns[i], "pcGeneral", i + 1);
    for (size_t t = 0; t < TABLE_COUNT; t++) {
        char name[64], place[64];
        assert_int_equal(mib_tables[t].branch, t + FIRST_BRANCH);
        snprintf(name, sizeof(name), "%sTable", mib_tables[t].name);
        snprintf(place, sizeof(place), "{ pcObjects %u }", mib_tables[t].branch);
        assert_part(name, "::= ", "\n", place);
        snprintf(name, sizeof(name), "%sEntry", mib_tables[t].name);
        for (unsigned i = 0; i < mib_tables[t].column_count; i++)
            assert_column(&mib_tables[t].columns[i], name, FIRST_COLUMN + i);
    }
}

static size_t count_of(const char *text, const char *what)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
        count++;
    return count;
}

static void test_nothing_more_is_in_the_module(void **state)
{
    (void)state;
    enum {
        NOTIFY_OBJECTS = 6,
        INDEXES = 6
    }; /* pcVerdictCode to pcEventIndex; hosts' findings and problems share one */
    size_t count = mib_general_table.column_count + NOTIFY_OBJECTS + INDEXES;
    for (size_t t = 0; t < TABLE_COUNT; t++)
        count += mib_tables[t].column_count + 2;
    assert_int_equal(count_of(mib_module_text, " OBJECT-TYPE\n"), count);
}

/* --- notifications ------------------------------------------------------------------------------------------------ */

static const char *name_of(const struct mib_instance *binding)
{
    static const char *const notify[] = {"",
                                         "pcNotifySequence",
                                         "pcNotifyRaised",
                                         "pcNotifyChanged",
                                         "pcNotifyCleared",
                                         "pcNotifyFirstEvent",
                                         "pcNotifyLastEvent"};
    if (binding->oid[0] == GENERAL_BRANCH)
        return mib_general_table.columns[binding->oid[1] - 1].name;
    if (binding->oid[0] == NOTIFY_BRANCH)
        return notify[binding->oid[1]];
    return mib_tables[binding->oid[0] - FIRST_BRANCH].columns[binding->oid[2] - FIRST_COLUMN].name;
}

/* The objects of the notification with that code, one after the other as the module has them. */
static void assert_objects(const struct mib_notification *notification)
{
    char place[64];
    snprintf(place, sizeof(place), "::= { pcNotifications %u }", notification->code);
    const char *end = strstr(mib_module_text, place), *at = NULL;
    assert_non_null(end);
    for (const char *next = mib_module_text; (next = strstr(next, "OBJECTS {")) != NULL && next < end; next++)
        at = next;
    assert_non_null(at);
    at += strlen("OBJECTS {");
    for (size_t i = 0; i < notification->count; i++) {
        const char *name = name_of(&notification->bindings[i]);
        at += strspn(at, " \n,");
        if (strncmp(at, name, strlen(name)) != 0 || strchr(" ,\n", at[strlen(name)]) == NULL)
            fail_msg("notification %u carries %s, the module says %.20s", notification->code, name, at);
        at += strlen(name);
    }
    at += strspn(at, " \n");
    assert_int_equal(*at, '}');
}

static void test_notifications(void **state)
{
    (void)state;
    static struct world world;
    struct mib_notification notification;
    world_init(&world);
    struct mib_view *view = world_view(&world, world.snapshot, NULL);
    for (int kind = EVENT_RAISED; kind < EVENT_KINDS; kind++) {
        if (!mib_event_notifies((enum event_kind)kind))
            continue;
        struct event *event = world_event((enum event_kind)kind, 12, &world.snapshot->blocks[1]->items[0]);
        mib_notification_of_event(view, event, 77, &notification);
        assert_int_equal(notification.code, kind);
        assert_int_equal(notification.bindings[0].value.number, 77);
        assert_objects(&notification);
        event_unref(event);
    }
    const struct mib_summary summary = {.host = "mgr02", .raised = 6, .first_event = 3, .last_event = 9};
    assert_true(mib_notification_of_host(view, &summary, 78, &notification));
    assert_objects(&notification);
    const struct mib_summary nobody = {.host = "other"};
    assert_false(mib_notification_of_host(view, &nobody, 79, &notification));
    mib_view_free(view);
    world_done(&world);
}

/* --- artefacts ---------------------------------------------------------------------------------------------------- */

static void test_artefacts_follow_the_enterprise_number(void **state)
{
    (void)state;
    for (size_t i = 0; mib_exporters[i] != NULL; i++) {
        struct text own = {0}, local = {0};
        assert_ptr_equal(mib_exporter_find(mib_exporters[i]->name), mib_exporters[i]);
        assert_int_equal(mib_exporters[i]->write(&local, 0), 0);
        assert_int_equal(mib_exporters[i]->write(&own, 32473), 0);
        assert_non_null(strstr(text_string(&local), "8072"));
        assert_null(strstr(text_string(&own), "8072"));
        assert_non_null(strstr(text_string(&own), "32473"));
        text_done(&own);
        text_done(&local);
    }
    assert_null(mib_exporter_find("nagios"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects),
        cmocka_unit_test(test_nothing_more_is_in_the_module),
        cmocka_unit_test(test_notifications),
        cmocka_unit_test(test_artefacts_follow_the_enterprise_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
