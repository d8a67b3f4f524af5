/* Listeners and probe results: whom they serve, their order, and how they read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "portconform/observation.h"
#include "portconform/text.h"

static struct address at(const char *text)
{
    struct address address;
    assert_int_equal(address_parse(text, &address), 0);
    return address;
}

static bool serves(const char *bound, int v6only, const char *target)
{
    struct listener listener = {.transport = TRANSPORT_TCP, .address = at(bound), .port = 80};
    listener.v6only = (__typeof__(listener.v6only))v6only;
    struct address address = at(target);
    return listener_serves(&listener, &address);
}

static void a_wildcard_serves_its_family(void **state)
{
    (void)state;
    assert_true(serves("0.0.0.0", V6ONLY_UNKNOWN, "10.0.1.10"));
    assert_false(serves("0.0.0.0", V6ONLY_UNKNOWN, "2001:db8::1"));
    assert_true(serves("::", V6ONLY_YES, "2001:db8::1"));
}

static void a_dual_stack_wildcard_serves_ipv4_unless_it_is_ipv6_only(void **state)
{
    (void)state;
    assert_true(serves("::", V6ONLY_NO, "10.0.1.10"));
    assert_true(serves("::", V6ONLY_UNKNOWN, "10.0.1.10"));
    assert_false(serves("::", V6ONLY_YES, "10.0.1.10"));
    assert_false(serves("::1", V6ONLY_NO, "127.0.0.1"));
}

static void one_address_serves_itself_alone(void **state)
{
    (void)state;
    assert_true(serves("10.0.1.10", V6ONLY_UNKNOWN, "10.0.1.10"));
    assert_true(serves("10.0.1.10", V6ONLY_UNKNOWN, "::ffff:10.0.1.10"));
    assert_false(serves("10.0.1.10", V6ONLY_UNKNOWN, "10.0.1.11"));
    assert_false(serves("127.0.0.1", V6ONLY_UNKNOWN, "10.0.1.10"));
    /* 10.0.1.10 and an IPv6 address with the same first octets are two things */
    assert_false(serves("10.0.1.10", V6ONLY_UNKNOWN, "a00:10a::"));
}

static void a_zone_matters_only_where_both_name_one(void **state)
{
    (void)state;
    struct listener listener = {.address = at("fe80::1"), .port = 80};
    struct address target = at("fe80::1");
    listener.address.zone = 2;
    assert_true(listener_serves(&listener, &target));
    target.zone = 2;
    assert_true(listener_serves(&listener, &target));
    target.zone = 3;
    assert_false(listener_serves(&listener, &target));
}

static struct listener_table *table_with(size_t count)
{
    struct arena *arena = arena_new();
    assert_non_null(arena);
    struct listener_table *table = ARENA_NEW(arena, struct listener_table);
    assert_non_null(table);
    table->arena = arena;
    table->items = ARENA_ARRAY(arena, struct listener, count);
    assert_non_null(table->items);
    table->count = count;
    return table;
}

static void a_table_is_sorted_by_transport_port_and_address(void **state)
{
    (void)state;
    struct listener_table *table = table_with(5);
    table->items[0] = (struct listener){.transport = TRANSPORT_UDP, .port = 53, .address = at("10.0.0.1")};
    table->items[1] = (struct listener){.transport = TRANSPORT_TCP, .port = 443, .address = at("::")};
    table->items[2] = (struct listener){.transport = TRANSPORT_TCP, .port = 443, .address = at("0.0.0.0"), .inode = 9};
    table->items[3] = (struct listener){.transport = TRANSPORT_TCP, .port = 443, .address = at("0.0.0.0"), .inode = 3};
    table->items[4] = (struct listener){.transport = TRANSPORT_TCP, .port = 80, .address = at("::")};
    listener_table_sort(table);
    assert_int_equal(table->items[0].port, 80);
    assert_int_equal(table->items[1].inode, 3);
    assert_int_equal(table->items[2].inode, 9);
    assert_int_equal(table->items[3].address.family, AF_INET6);
    assert_int_equal(table->items[4].transport, TRANSPORT_UDP);
    assert_int_equal(listener_table_find(table, TRANSPORT_TCP, 443), 1); /* the first of three */
    assert_int_equal(listener_table_find(table, TRANSPORT_TCP, 81), 1);
    assert_int_equal(listener_table_find(table, TRANSPORT_UDP, 53), 4);
    assert_int_equal(listener_table_find(table, TRANSPORT_UDP, 54), 5);
    listener_table_free(table);
}

static void empty_tables_are_harmless(void **state)
{
    (void)state;
    struct listener_table *table = table_with(0);
    table->items = NULL;
    listener_table_sort(table);
    assert_int_equal(listener_table_find(table, TRANSPORT_TCP, 80), 0);
    listener_table_free(table);
    listener_table_free(NULL);
}

/* --- text --- */

static void assert_owner(const char *expected, struct owner owner)
{
    struct text out = {0};
    owner_format(&out, &owner);
    assert_string_equal(text_string(&out), expected);
    text_done(&out);
}

static void owners_read_by_what_is_known(void **state)
{
    (void)state;
    assert_owner("jdn_manager (jp1.service)",
                 (struct owner){.exe = "/opt/jp1/jdn_manager", .unit = "jp1.service", .uid_known = true, .uid = 0});
    assert_owner("x11vnc (uid 1000)", (struct owner){.exe = "x11vnc", .uid_known = true, .uid = 1000});
    assert_owner("x11vnc", (struct owner){.exe = "/usr/bin/x11vnc"});
    assert_owner("docker-4711.scope", (struct owner){.unit = "docker-4711.scope"});
    assert_owner("a program of uid 4294967294", (struct owner){.uid_known = true, .uid = 4294967294U});
    assert_owner("an unknown program", (struct owner){.pid = 12});
    assert_owner("/opt/odd/", (struct owner){.exe = "/opt/odd/"});
}

static void foreign_names_are_escaped(void **state)
{
    (void)state;
    assert_owner("a\\x1b[2Jb\\n (u\\r.service)", (struct owner){.exe = "/tmp/a\x1b[2Jb\n", .unit = "u\r.service"});
}

static void assert_listener(const char *expected, const struct listener *listener)
{
    struct text out = {0};
    listener_format(&out, listener);
    assert_string_equal(text_string(&out), expected);
    text_done(&out);
}

static void listeners_read_with_place_and_queue(void **state)
{
    (void)state;
    struct listener listener = {.transport = TRANSPORT_TCP,
                                .address = at("0.0.0.0"),
                                .port = 31000,
                                .queue_known = true,
                                .queue_limit = 128,
                                .owner = {.exe = "/opt/jp1/jdn_manager", .unit = "jp1.service"}};
    assert_listener("jdn_manager (jp1.service) on *:31000, queue 0/128", &listener);
    listener.queue_known = false;
    listener.address = at("::");
    assert_listener("jdn_manager (jp1.service) on [::]:31000", &listener);
    listener.v6only = V6ONLY_YES;
    assert_listener("jdn_manager (jp1.service) on [::]:31000 (IPv6 only)", &listener);
    listener.v6only = V6ONLY_NO;
    assert_listener("jdn_manager (jp1.service) on [::]:31000 (IPv4 too)", &listener);
    listener.address = at("10.0.1.10");
    memcpy(listener.device, "eth0", 5);
    assert_listener("jdn_manager (jp1.service) on 10.0.1.10:31000 of device eth0", &listener);
    memset(listener.device, 'x', sizeof listener.device); /* a full field has no NUL */
    assert_listener("jdn_manager (jp1.service) on 10.0.1.10:31000 of device xxxxxxxxxxxxxxxx", &listener);
}

static void assert_probe(const char *expected, const char *expected_short, enum transport transport,
                         struct probe_result result)
{
    struct text out = {0};
    probe_result_format(&out, transport, &result);
    assert_string_equal(text_string(&out), expected);
    text_clear(&out);
    probe_result_format_short(&out, transport, &result);
    assert_string_equal(text_string(&out), expected_short);
    text_done(&out);
}

static void open_probes_read_with_their_time(void **state)
{
    (void)state;
    assert_probe("connection accepted in 0.3 ms", "open, 0.3 ms", TRANSPORT_TCP,
                 (struct probe_result){.outcome = PROBE_OPEN, .reason = REASON_ACCEPTED, .rtt_us = 300});
    assert_probe("connection accepted in 12 ms in the service's own protocol; TLS 1.3", "open, 12 ms; TLS 1.3",
                 TRANSPORT_TCP,
                 (struct probe_result){.outcome = PROBE_OPEN,
                                       .reason = REASON_SERVICE_PROVEN,
                                       .service_proven = true,
                                       .rtt_us = 12400,
                                       .detail = "TLS 1.3"});
    assert_probe("connection accepted, but not as expected: it speaks, but not TLS; no TLS, but \"220 mx01\"",
                 "open, wrong protocol; no TLS, but \"220 mx01\"", TRANSPORT_TCP,
                 (struct probe_result){.outcome = PROBE_OPEN,
                                       .reason = REASON_TLS_EXPECTED,
                                       .wrong_protocol = true,
                                       .detail = "no TLS, but \"220 mx01\""});
    assert_probe("datagram answered in 1.5 ms", "answered, 1.5 ms", TRANSPORT_UDP,
                 (struct probe_result){.outcome = PROBE_OPEN, .reason = REASON_UDP_ANSWER, .rtt_us = 1500});
}

static void a_hop_that_refuses_is_named(void **state)
{
    (void)state;
    struct icmp_evidence icmp = {.seen = true, .type = 3, .code = 13, .offender = at("10.0.0.1")};
    struct probe_result result = {
        .outcome = PROBE_STOPPED, .reason = REASON_ADMIN_PROHIBITED, .icmp = icmp, .attempts = 1};
    assert_probe("SYN answered by ICMP 3/13 (administratively prohibited) from 10.0.0.1", "ICMP 3/13 from 10.0.0.1",
                 TRANSPORT_TCP, result);
    result.attempts = 2;
    assert_probe("datagram answered by ICMP 3/13 (administratively prohibited) from 10.0.0.1, twice",
                 "ICMP 3/13 from 10.0.0.1", TRANSPORT_UDP, result);
    result.attempts = 3;
    result.icmp = (struct icmp_evidence){.seen = true, .type = 1, .code = 1, .offender = at("2001:db8::fe")};
    assert_probe("SYN answered by ICMPv6 1/1 (administratively prohibited) from 2001:db8::fe, 3 times",
                 "ICMPv6 1/1 from 2001:db8::fe", TRANSPORT_TCP, result);
}

static void an_unknown_offender_is_left_out(void **state)
{
    (void)state;
    struct probe_result result = {
        .outcome = PROBE_STOPPED, .reason = REASON_HOST_UNREACHABLE, .icmp = {.seen = true, .type = 3, .code = 1}};
    assert_probe("SYN answered by ICMP 3/1 (host unreachable)", "ICMP 3/1", TRANSPORT_TCP, result);
    result.icmp.type = 1;
    result.icmp.code = 3;
    assert_probe("SYN answered by ICMPv6 1/3 (host unreachable)", "ICMPv6 1/3", TRANSPORT_TCP, result);
}

static void refusals_and_silence_read_plainly(void **state)
{
    (void)state;
    assert_probe("SYN answered by RST", "RST", TRANSPORT_TCP,
                 (struct probe_result){.outcome = PROBE_REFUSED, .reason = REASON_RST, .attempts = 1});
    assert_probe("SYN not answered within 3.0 s, twice", "no answer", TRANSPORT_TCP,
                 (struct probe_result){.outcome = PROBE_SILENT,
                                       .reason = REASON_SILENT,
                                       .attempts = 2,
                                       .sent = {.mono_ms = 1000},
                                       .ended = {.mono_ms = 4000}});
    assert_probe("SYN not delivered: no machine on the link has that address",
                 "no machine on the link has that address", TRANSPORT_TCP,
                 (struct probe_result){.outcome = PROBE_SILENT, .reason = REASON_NEIGHBOUR_FAILED});
    assert_probe("not probed", "not probed", TRANSPORT_TCP, (struct probe_result){.outcome = PROBE_NOT_DONE});
}

static void own_trouble_reads_as_ours(void **state)
{
    (void)state;
    struct text out = {0};
    struct probe_result result = {.outcome = PROBE_LOCAL, .reason = REASON_NO_DESCRIPTORS, .error = 24};
    probe_result_format(&out, TRANSPORT_TCP, &result);
    assert_non_null(strstr(text_string(&out), "not probed: too many open files here ("));
    text_done(&out);
    assert_probe("not probed: the check ended before this was decided", "the check ended before this was decided",
                 TRANSPORT_UDP, (struct probe_result){.outcome = PROBE_LOCAL, .reason = REASON_DEADLINE});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wildcard_serves_its_family),
        cmocka_unit_test(a_dual_stack_wildcard_serves_ipv4_unless_it_is_ipv6_only),
        cmocka_unit_test(one_address_serves_itself_alone),
        cmocka_unit_test(a_zone_matters_only_where_both_name_one),
        cmocka_unit_test(a_table_is_sorted_by_transport_port_and_address),
        cmocka_unit_test(empty_tables_are_harmless),
        cmocka_unit_test(owners_read_by_what_is_known),
        cmocka_unit_test(foreign_names_are_escaped),
        cmocka_unit_test(listeners_read_with_place_and_queue),
        cmocka_unit_test(open_probes_read_with_their_time),
        cmocka_unit_test(a_hop_that_refuses_is_named),
        cmocka_unit_test(an_unknown_offender_is_left_out),
        cmocka_unit_test(refusals_and_silence_read_plainly),
        cmocka_unit_test(own_trouble_reads_as_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
