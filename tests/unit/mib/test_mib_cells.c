/* Values: each kind of cell, by the numbers of the module. */
#include "internal.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

/* The number of an object by its name; its branch in *ret_branch. */
static unsigned long column_of(const char *name, unsigned long *ret_branch)
{
    for (size_t i = 0; i < mib_general_table.column_count; i++) {
        *ret_branch = GENERAL_BRANCH;
        if (strcmp(mib_general_table.columns[i].name, name) == 0)
            return i + 1;
    }
    for (size_t t = 0; t < TABLE_COUNT; t++) {
        *ret_branch = mib_tables[t].branch;
        for (size_t i = 0; i < mib_tables[t].column_count; i++) {
            if (strcmp(mib_tables[t].columns[i].name, name) == 0)
                return i + FIRST_COLUMN;
        }
    }
    fail_msg("there is no %s", name);
    return 0;
}

/* Of a table by host: row `row` of `host`; else host is 0 and `row` its only index; of a scalar both are 0. */
static struct mib_value *get(const struct mib_view *view, const char *name, unsigned long host, unsigned long row)
{
    static struct mib_value value;
    unsigned long oid[5], branch;
    unsigned long column = column_of(name, &branch);
    size_t length = 0;
    oid[length++] = branch;
    if (branch != GENERAL_BRANCH)
        oid[length++] = TABLE_ENTRY;
    oid[length++] = column;
    if (host != 0)
        oid[length++] = host;
    oid[length++] = row;
    if (mib_get(view, world_now, oid, length, &value) != MIB_FOUND)
        fail_msg("%s.%lu.%lu is not there", name, host, row);
    return &value;
}

static void assert_octets(const struct mib_value *value, const void *octets, size_t length)
{
    assert_int_equal(value->type, MIB_OCTETS);
    assert_int_equal(value->length, length);
    assert_memory_equal(value->octets, octets, length);
}

static void assert_text(const struct mib_value *value, const char *text)
{
    assert_octets(value, text, strlen(text));
}

static uint32_t number(struct world *world, const char *space, const char *key)
{
    return mib_numbering_number(world->numbering, space, key);
}

static void test_scalars(void **state)
{
    struct world *world = *state;
    struct mib_view *view = world_view(world, world->snapshot, NULL);
    assert_text(get(view, "pcSite", 0, 0), "osaka-dc");
    assert_int_equal(get(view, "pcLastFinishedAge", 0, 0)->number, 42);
    assert_int_equal(get(view, "pcLastDuration", 0, 0)->number, 940);
    assert_int_equal(get(view, "pcOverallSeverity", 0, 0)->number, SEVERITY_CRITICAL);
    assert_int_equal(get(view, "pcHosts", 0, 0)->number, 2);
    assert_int_equal(get(view, "pcConforming", 0, 0)->number, 1);
    assert_int_equal(get(view, "pcNonconforming", 0, 0)->number, 4);
    assert_int_equal(get(view, "pcWaived", 0, 0)->number, 1);
    assert_int_equal(get(view, "pcConfigState", 0, 0)->number, 2);
    assert_text(get(view, "pcConfigError", 0, 0), "site.conf:3:1: error: unknown key");
    assert_text(get(view, "pcBoot", 0, 0), "0123456789abcdef");
    assert_int_equal(get(view, "pcStoreState", 0, 0)->number, STORE_GOOD);
    assert_int_equal(get(view, "pcEventOldest", 0, 0)->number, 7);
    assert_int_equal(get(view, "pcEventNewest", 0, 0)->number, 4294967306);
    assert_int_equal(get(view, "pcEventNewest", 0, 0)->type, MIB_COUNTER64);
    assert_int_equal(get(view, "pcNotificationsSent", 0, 0)->number, 17);
    assert_int_equal(get(view, "pcRecorded", 0, 0)->number, 1);
    assert_int_equal(get(view, "pcVerdictFindings", 0, VERDICT_MISSING)->number, 4);
    assert_text(get(view, "pcVerdictName", 0, VERDICT_NOT_JUDGED), "not-judged");
    mib_view_free(view);
}

static void test_hosts(void **state)
{
    struct world *world = *state;
    struct mib_view *view = world_view(world, world->snapshot, NULL);
    uint32_t mgr01 = number(world, "host", "mgr01"), site = number(world, "host", "-");
    assert_text(get(view, "pcHostName", 0, mgr01), "mgr01");
    assert_text(get(view, "pcHostName", 0, site), "-");
    assert_octets(get(view, "pcHostAddress", 0, mgr01), "\x0a\x00\x01\x0a", 4);
    assert_int_equal(get(view, "pcHostSeverity", 0, mgr01)->number, SEVERITY_CRITICAL);
    assert_int_equal(get(view, "pcHostLookAge", 0, mgr01)->number, 41);
    assert_int_equal(get(view, "pcHostNonconforming", 0, mgr01)->number, 2);
    assert_int_equal(get(view, "pcHostListeners", 0, mgr01)->number, 2);
    assert_int_equal(get(view, "pcHostListenerState", 0, mgr01)->number, LISTENERS_SEEN);
    assert_int_equal(get(view, "pcHostListenerState", 0, site)->number, LISTENERS_NOT_LOOKED);
    mib_view_free(view);
}

static void test_findings(void **state)
{
    struct world *world = *state;
    world->snapshot->blocks[1]->items[0].held = true;
    world->snapshot->blocks[1]->items[0].guide = "jp1-itdm";
    world->snapshot->blocks[1]->items[2].address.family = AF_UNSPEC;
    struct mib_view *view = world_view(world, world->snapshot, NULL);
    uint32_t host = number(world, "host", "mgr01"), first = number(world, "finding", world_keys[0]),
             third = number(world, "finding", world_keys[2]);
    assert_text(get(view, "pcFindingKey", host, first), world_keys[0]);
    assert_text(get(view, "pcFindingHost", host, first), "mgr01");
    assert_text(get(view, "pcFindingGuide", host, first), "jp1-itdm");
    assert_text(get(view, "pcFindingGuide", host, third), "");
    assert_octets(get(view, "pcFindingAddress", host, first), "\x0a\x00\x01\x0a", 4);
    assert_octets(get(view, "pcFindingAddress", host, third), "", 0);
    assert_int_equal(get(view, "pcFindingAddressType", host, first)->number, 1);
    assert_int_equal(get(view, "pcFindingAddressType", host, third)->number, 0);
    assert_int_equal(get(view, "pcFindingPort", host, first)->number, 31000);
    assert_int_equal(get(view, "pcFindingVerdict", host, first)->number, VERDICT_MISSING);
    assert_int_equal(get(view, "pcFindingPresence", host, first)->number, PRESENCE_FIRST_FREE + 1);
    assert_int_equal(get(view, "pcFindingScope", host, first)->number, SCOPE_PEERS + 1);
    assert_int_equal(get(view, "pcFindingLookAge", host, first)->number, 41);
    assert_int_equal(get(view, "pcFindingHeld", host, first)->number, 1);
    assert_int_equal(get(view, "pcFindingHeld", host, third)->number, 2);
    mib_view_free(view);
}

static void test_listeners(void **state)
{
    struct world *world = *state;
    struct mib_view *view = world_view(world, world->snapshot, NULL);
    uint32_t host = number(world, "host", "mgr01"), ssh = number(world, "listener", "mgr01|tcp|0.0.0.0|22|"),
             snmp = number(world, "listener", "mgr01|udp|::|161|eth0");
    assert_text(get(view, "pcListenerProgram", host, ssh), "/usr/sbin/sshd");
    assert_int_equal(get(view, "pcListenerProcess", host, ssh)->number, 812);
    assert_int_equal(get(view, "pcListenerUserKnown", host, ssh)->number, 1);
    assert_text(get(view, "pcListenerDevice", host, snmp), "eth0");
    assert_int_equal(get(view, "pcListenerV6Only", host, snmp)->number, V6ONLY_NO);
    mib_view_free(view);
}

static void test_targets_and_events(void **state)
{
    struct world *world = *state;
    struct mib_view *view = world_view(world, world->snapshot, NULL);
    uint32_t siem = number(world, "target", "siem");
    assert_int_equal(get(view, "pcTargetSent", 0, siem)->number, 5000000000);
    assert_int_equal(get(view, "pcTargetState", 0, siem)->number, SINK_UP);
    assert_text(get(view, "pcEventId", 0, 10), "4294967306");
    assert_int_equal(get(view, "pcEventKind", 0, 9)->number, EVENT_RAISED);
    assert_text(get(view, "pcEventKey", 0, 9), world_keys[0]);
    assert_text(get(view, "pcEventKey", 0, 7), "");
    assert_octets(get(view, "pcEventAddress", 0, 9), "\x0a\x00\x01\x0a", 4);
    mib_view_free(view);
}

static void test_date_carries_the_offset(void **state)
{
    struct world *world = *state;
    assert_int_equal(setenv("TZ", "XXX-9:30", 1), 0);
    tzset();
    world->snapshot->blocks[1]->items[0].since_ms = 1700000000300; /* 2023-11-14 22:13:20.3 UTC */
    struct mib_view *view = world_view(world, world->snapshot, NULL);
    static const unsigned char expected[] = {0x07, 0xE7, 11, 15, 7, 43, 20, 3, '+', 9, 30};
    assert_octets(get(view, "pcFindingSince", number(world, "host", "mgr01"), number(world, "finding", world_keys[0])),
                  expected, sizeof(expected));
    mib_view_free(view);
    unsetenv("TZ");
    tzset();
}

static void test_link_local_address_carries_its_zone(void **state)
{
    struct world *world = *state;
    struct finding *finding = &world->snapshot->blocks[1]->items[0];
    assert_int_equal(address_parse("fe80::1", &finding->address), 0);
    finding->address.zone = 3;
    struct mib_view *view = world_view(world, world->snapshot, NULL);
    uint32_t host = number(world, "host", "mgr01"), row = number(world, "finding", world_keys[0]);
    static const unsigned char expected[20] = {0xfe, 0x80, [15] = 1, [19] = 3};
    assert_int_equal(get(view, "pcFindingAddressType", host, row)->number, 4);
    assert_octets(get(view, "pcFindingAddress", host, row), expected, sizeof(expected));
    mib_view_free(view);
}

static void test_long_text_is_cut_between_characters(void **state)
{
    struct world *world = *state;
    struct finding_block *block = world->snapshot->blocks[1];
    char *text = arena_alloc(block->arena, 2000);
    memset(text, 'a', 1999);
    memcpy(text + 1022, "\xE6\x97\xA5", 3); /* octets 1022 to 1024: the limit lies inside */
    block->items[0].probe = text;
    struct mib_view *view = world_view(world, world->snapshot, NULL);
    assert_octets(get(view, "pcFindingProbe", number(world, "host", "mgr01"), number(world, "finding", world_keys[0])),
                  text, 1022);
    mib_view_free(view);
}

/* It is never looked at: without findings it would be a host that looks forgotten. */
static void test_site_without_findings_is_no_host(void **state)
{
    struct world *world = *state;
    struct finding_block *blocks[] = {world_block(NULL, NULL, 0), world_block("mgr01", world_keys, 3)};
    struct snapshot *snapshot = world_snapshot(blocks, 2);
    struct mib_view *view = world_view(world, snapshot, NULL);
    const unsigned long name_of_site[] = {FIRST_BRANCH + TABLE_HOST, TABLE_ENTRY, FIRST_COLUMN,
                                          number(world, "host", "-")};
    struct mib_value value;
    assert_int_equal(mib_get(view, world_now, name_of_site, 4, &value), MIB_NO_INSTANCE);
    assert_text(get(view, "pcHostName", 0, number(world, "host", "mgr01")), "mgr01");
    mib_view_free(view);
    snapshot_unref(snapshot);
}

/* A daemon looks at host after host. */
static void test_duration_is_that_of_the_slowest_look(void **state)
{
    struct world *world = *state;
    world->status->round_ms = 2750;
    struct mib_view *view = world_view(world, world->snapshot, NULL);
    assert_int_equal(get(view, "pcLastDuration", 0, 0)->number, 2750);
    mib_view_free(view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_scalars, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_hosts, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_findings, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_listeners, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_targets_and_events, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_date_carries_the_offset, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_link_local_address_carries_its_zone, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_site_without_findings_is_no_host, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_duration_is_that_of_the_slowest_look, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_long_text_is_cut_between_characters, world_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
