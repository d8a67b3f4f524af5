/* Packets between a program and its collector: what is written is what is read, and nothing else is believed. */
#include "wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct listener listener(uint16_t port, const char *address, const char *exe)
{
    struct listener made = {.transport = TRANSPORT_TCP, .port = port, .owner = {.exe = exe, .pid = 7}};
    assert_int_equal(address_parse(address, &made.address), 0);
    return made;
}

static void test_rows_of_a_large_table(void **state)
{
    (void)state;
    enum { ROWS = 3000 };
    struct listener *items = calloc(ROWS, sizeof(*items));
    struct wire_packet *packet = malloc(sizeof(*packet));
    struct arena *arena = arena_new();
    struct wire_rows rows = {.items = NULL};
    assert_non_null(items);
    for (unsigned i = 0; i < ROWS; i++)
        items[i] = listener((uint16_t)(i + 1), i % 2 ? "2001:db8::1" : "192.0.2.1", i % 3 ? "/usr/bin/x" : NULL);
    const struct listener_table table = {.items = items, .count = ROWS};
    size_t packets = 0;
    for (size_t from = 0; from < ROWS; packets++) {
        struct wire_head head;
        size_t next = wire_put_rows(packet, 42, &table, from);
        assert_true(next > from);
        from = next;
        assert_int_equal(wire_get_head(packet->octets, packet->length, &head), 0);
        assert_int_equal(head.kind, WIRE_ROWS);
        assert_int_equal(head.id, 42);
        assert_int_equal(wire_get_rows(packet->octets, packet->length, arena, &rows), 0);
    }
    assert_true(packets > 1);
    assert_int_equal(rows.count, ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        assert_int_equal(rows.items[i].port, items[i].port);
        assert_true(address_equal(&rows.items[i].address, &items[i].address));
        assert_int_equal(rows.items[i].owner.pid, 7);
        if (items[i].owner.exe)
            assert_string_equal(rows.items[i].owner.exe, items[i].owner.exe);
        else
            assert_null(rows.items[i].owner.exe);
    }
    free(rows.items);
    arena_free(arena);
    free(packet);
    free(items);
}

static struct listener_table *new_table(void)
{
    struct arena *arena = arena_new();
    struct listener_table *table = ARENA_NEW(arena, struct listener_table);
    table->arena = arena;
    return table;
}

static void test_end(void **state)
{
    (void)state;
    const struct listener_table told = {
        .status = LISTENERS_SEEN,
        .tcp_incomplete = true,
        .ipv6_untold = true,
        .taken = {.mono_ms = 123456},
        .stale_ms = 60000,
        .note = "SNMPv2c at 192.0.2.1:161",
    };
    struct wire_packet packet;
    struct listener_table *table = new_table();
    wire_put_end(&packet, 7, &told);
    assert_int_equal(wire_get_end(packet.octets, packet.length, table), 0);
    assert_int_equal(table->status, LISTENERS_SEEN);
    assert_true(table->tcp_incomplete && table->ipv6_untold && !table->udp_complete);
    assert_int_equal(table->taken.mono_ms, 123456);
    assert_int_equal(table->stale_ms, 60000);
    assert_string_equal(table->note, told.note);
    for (size_t length = 0; length < packet.length; length++)
        assert_int_equal(wire_get_end(packet.octets, length, table), -EBADMSG);
    listener_table_free(table);
}

static void test_failure_has_a_code_and_its_note_is_escaped(void **state)
{
    (void)state;
    struct wire_packet packet;
    struct listener_table *table = new_table();
    struct listener_table told = {.status = LISTENERS_FAILED, .error = -ETIMEDOUT, .note = "no\nanswer\x1b[2J"};
    wire_put_end(&packet, 1, &told);
    assert_int_equal(wire_get_end(packet.octets, packet.length, table), 0);
    assert_int_equal(table->status, LISTENERS_FAILED);
    assert_int_equal(table->error, -ETIMEDOUT);
    assert_string_equal(table->note, "no\\nanswer\\x1b[2J");
    told.error = 0;
    wire_put_end(&packet, 1, &told);
    assert_int_equal(wire_get_end(packet.octets, packet.length, table), -EBADMSG);
    listener_table_free(table);
}

/* Every octet changed in turn: a row is read as some row or refused, and never is one that cannot be. */
static void test_rows_that_cannot_be(void **state)
{
    (void)state;
    struct listener item = listener(80, "192.0.2.1", "/usr/sbin/nginx");
    const struct listener_table table = {.items = &item, .count = 1};
    struct wire_packet packet;
    wire_put_rows(&packet, 1, &table, 0);
    for (size_t at = 0; at < packet.length; at++) {
        for (unsigned value = 0; value < 256; value += 5) {
            struct wire_packet changed = packet;
            struct wire_rows rows = {.items = NULL};
            struct arena *arena = arena_new();
            changed.octets[at] = (uint8_t)value;
            int r = wire_get_rows(changed.octets, changed.length, arena, &rows);
            assert_true(r == 0 || r == -EBADMSG);
            for (size_t i = 0; i < rows.count; i++) {
                const struct listener *row = &rows.items[i];
                assert_true(row->port > 0 && row->owner.pid >= 0 && row->v6only <= V6ONLY_NO);
                assert_true(row->transport == TRANSPORT_TCP || row->transport == TRANSPORT_UDP);
                assert_true(row->address.family == AF_INET || row->address.family == AF_INET6);
            }
            free(rows.items);
            arena_free(arena);
        }
    }
}

static void test_orders(void **state)
{
    (void)state;
    char long_text[300];
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    struct snmp_access access = {.version = ACCESS_V2C, .community = "s3cret", .port = 161, .timeout_ms = 500};
    struct remote_order order = {.access = &access, .address = listener(1, "192.0.2.1", NULL).address};
    struct wire_order wire;
    assert_int_equal(wire_order_make(&order, 9, &wire), 0);
    assert_string_equal(wire.community, "s3cret");
    assert_true(address_equal(&wire.address, &order.address));
    wire_order_wipe(&wire);
    for (size_t i = 0; i < sizeof(wire.community); i++)
        assert_int_equal(wire.community[i], 0);
    assert_int_equal(address_parse("2001:db8::7", &access.address), 0);
    assert_int_equal(wire_order_make(&order, 9, &wire), 0);
    assert_true(address_equal(&wire.address, &access.address));
    access.community = long_text;
    assert_int_equal(wire_order_make(&order, 9, &wire), -EINVAL);
    access.community = "x";
    access.address.family = order.address.family = AF_UNSPEC;
    assert_int_equal(wire_order_make(&order, 9, &wire), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_of_a_large_table),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_failure_has_a_code_and_its_note_is_escaped),
        cmocka_unit_test(test_rows_that_cannot_be),
        cmocka_unit_test(test_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
