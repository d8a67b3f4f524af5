/* Texts that mean something. */
#include "loader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_dns_names(void **state)
{
    static const char *const good[] = {"a", "web01", "web-01.example.jp", "_sip.example.jp", "3com.example", "a."};
    static const char *const bad[] = {"",       "10.0.0.256", "10.0.0", "-a", ".a",       "a..b", "a b",         "a/b",
                                      "web.-x", "日本.jp",    "a:80",   "1",  "2001:db8", "a\n",  "*.example.jp"};
    char label[70];
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(is_dns_name(good[i]));
    for (size_t i = 0; i < COUNT(bad); i++)
        if (is_dns_name(bad[i]))
            fail_msg("%s", bad[i]);
    memset(label, 'a', sizeof(label));
    label[63] = '\0';
    assert_true(is_dns_name(label));
    label[63] = 'a';
    label[64] = '\0';
    assert_false(is_dns_name(label));
}

static void test_addresses_with_ports(void **state)
{
    static const char *const bad[] = {"10.0.0.1",        "10.0.0.1:",
                                      "10.0.0.1:0",      "10.0.0.1:65536",
                                      "10.0.0.1:+80",    "[10.0.0.1]:80",
                                      "2001:db8::1:443", "[2001:db8::1]",
                                      "[2001:db8::1]",   "[2001:db8::1]80",
                                      "host:80",         ":80",
                                      "[]:80",           "",
                                      "10.0.0.1:80 ",    "[:80"};
    struct address address = {0};
    uint16_t port = 0;
    (void)state;
    assert_true(parse_address_port("10.0.0.1:443", &address, &port));
    assert_int_equal(address.family, AF_INET);
    assert_int_equal(port, 443);
    assert_true(parse_address_port("[2001:db8::1]:65535", &address, &port));
    assert_int_equal(address.family, AF_INET6);
    assert_int_equal(port, 65535);
    for (size_t i = 0; i < COUNT(bad); i++)
        if (parse_address_port(bad[i], &address, &port))
            fail_msg("%s", bad[i]);
    assert_int_equal(port, 65535);
}

static void test_names(void **state)
{
    static const char *const good[] = {"a", "1", "jp1-itdm", "cisco-ucc-11.5", "A_b"};
    static const char *const bad[] = {"", ".", "..", ".a", "-a", "a/b", "a b", "a\\b", "日本", "a|b", "a#b"};
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(schema_is_name(good[i]));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(schema_is_name(bad[i]));
}

static void test_where_a_port_item_begins(void **state)
{
    struct node ports = {.kind = NODE_STRING, .text = "tcp 80,  443,\t８０", .origin = {"x.conf", 7, 10}};
    (void)state;
    assert_int_equal(ports_item_origin(&ports, 0).column, 11);
    assert_int_equal(ports_item_origin(&ports, 1).column, 20);
    assert_int_equal(ports_item_origin(&ports, 2).column, 25);
    assert_int_equal(ports_item_origin(&ports, 2).line, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dns_names),
        cmocka_unit_test(test_addresses_with_ports),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_where_a_port_item_begins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
