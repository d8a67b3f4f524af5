/* Addresses, prefixes and their text. */
#include "portconform/address.h"
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct address parsed(const char *text)
{
    struct address address;
    assert_int_equal(address_parse(text, &address), 0);
    return address;
}

static void parses_and_formats(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out, *with_port;
    } cases[] = {
        {"10.0.1.10", "10.0.1.10", "10.0.1.10:80"},
        {"0.0.0.0", "0.0.0.0", "*:80"},
        {"::", "::", "[::]:80"},
        {"2001:DB8:0:0::1", "2001:db8::1", "[2001:db8::1]:80"},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.1", "[::ffff:192.0.2.1]:80"},
        {"fe80::1%lo", "fe80::1%lo", "[fe80::1%lo]:80"},
        {"fe80::1%1", "fe80::1%lo", "[fe80::1%lo]:80"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
         "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:80"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct address address = parsed(cases[i].in);
        char buffer[ADDRESS_TEXT];
        assert_string_equal(address_format(&address, buffer, sizeof(buffer)), cases[i].out);
        assert_string_equal(address_format_port(&address, 80, buffer, sizeof(buffer)), cases[i].with_port);
    }
}

static void refuses_what_is_no_address(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "10.0.0",
                                      "10.0.0.256",
                                      "010.0.0.1.",
                                      " 10.0.0.1",
                                      "10.0.0.1 ",
                                      "10.0.0.1%lo",
                                      "::1%",
                                      "::1%no-such-if0",
                                      "::1%-1",
                                      "::1%+1",
                                      ":::",
                                      "mgr01",
                                      "1::2::3",
                                      "[::1]",
                                      "::1/64",
                                      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct address address = {.family = 77};
        assert_int_equal(address_parse(bad[i], &address), -EINVAL);
        assert_int_equal(address.family, 77);
    }
}

static void knows_kinds(void **state)
{
    (void)state;
    struct address address = parsed("127.8.9.1");
    assert_true(address_is_loopback(&address));
    address = parsed("::1");
    assert_true(address_is_loopback(&address));
    address = parsed("::ffff:127.0.0.1");
    assert_true(address_is_loopback(&address));
    assert_true(address_is_mapped(&address));
    address_normalise(&address);
    assert_false(address_is_mapped(&address));
    const struct address plain = parsed("127.0.0.1");
    assert_true(address_equal(&address, &plain));
    address = parsed("128.0.0.1");
    assert_false(address_is_loopback(&address));
    address = parsed("::127.0.0.1");
    assert_false(address_is_mapped(&address));
    address = parsed("::");
    assert_true(address_is_wildcard(&address));
    const struct address none = {.family = AF_UNSPEC};
    assert_false(address_is_wildcard(&none));
    char buffer[ADDRESS_TEXT];
    assert_string_equal(address_format(&none, buffer, sizeof(buffer)), "-");
}

static void orders(void **state)
{
    (void)state;
    const struct address low = parsed("10.0.0.1");
    const struct address high = parsed("10.0.1.0");
    const struct address v6 = parsed("::1");
    struct address zoned = v6;
    zoned.zone = 1;
    assert_true(address_compare(&low, &high) < 0);
    assert_true(address_compare(&high, &low) > 0);
    assert_true(address_compare(&high, &v6) < 0);
    assert_true(address_compare(&v6, &zoned) < 0);
    assert_int_equal(address_compare(&v6, &v6), 0);
}

static void goes_through_sockaddr(void **state)
{
    (void)state;
    static const char *const addresses[] = {"192.0.2.7", "2001:db8::7", "fe80::7%lo"};
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        const struct address in = parsed(addresses[i]);
        struct sockaddr_storage storage;
        const socklen_t length = address_to_sockaddr(&in, 31000, &storage);
        assert_int_equal(length, in.family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
        uint16_t port = 0;
        const struct address out = address_from_sockaddr((const struct sockaddr *)&storage, &port);
        assert_true(address_equal(&in, &out));
        assert_int_equal(port, 31000);
    }
    const struct address none = address_from_sockaddr(NULL, NULL);
    assert_int_equal(none.family, AF_UNSPEC);
}

static void prefixes(void **state)
{
    (void)state;
    struct prefix prefix;
    struct address address = parsed("10.20.255.1");
    assert_int_equal(prefix_parse("10.20.0.0/16", &prefix), 0);
    assert_true(prefix_contains(&prefix, &address));
    address = parsed("::ffff:10.20.1.1");
    assert_true(prefix_contains(&prefix, &address));
    address = parsed("10.21.0.0");
    assert_false(prefix_contains(&prefix, &address));
    address = parsed("2001:db8::1");
    assert_false(prefix_contains(&prefix, &address));
    assert_int_equal(prefix_parse("2001:db8:8000::/33", &prefix), 0);
    assert_false(prefix_contains(&prefix, &address));
    address = parsed("2001:db8:ffff::1");
    assert_true(prefix_contains(&prefix, &address));
    assert_int_equal(prefix_parse("0.0.0.0/0", &prefix), 0);
    address = parsed("198.51.100.1");
    assert_true(prefix_contains(&prefix, &address));
    assert_int_equal(prefix_parse("192.0.2.1/32", &prefix), 0);
    assert_false(prefix_contains(&prefix, &address));

    static const char *const bad[] = {"10.20.0.0",
                                      "10.20.0.1/16",
                                      "10.20.0.0/33",
                                      "10.20.0.0/-1",
                                      "10.20.0.0/+16",
                                      "10.20.0.0/",
                                      "/16",
                                      "::/129",
                                      "10.20.0.0/ 16",
                                      "fe80::%lo/64",
                                      "",
                                      "2001:db8::1/64",
                                      "10.20.0.0/1x",
                                      "10.20.0.0/16/1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(prefix_parse(bad[i], &prefix), -EINVAL);
}

static void lists_own_addresses(void **state)
{
    (void)state;
    struct address *list = NULL;
    const int count = address_list_local(&list);
    assert_true(count >= 0);
    for (int i = 0; i < count; i++)
        assert_true(list[i].family == AF_INET || list[i].family == AF_INET6);
    free(list);
}

static void names_transports(void **state)
{
    (void)state;
    assert_string_equal(transport_name(TRANSPORT_TCP), "tcp");
    assert_string_equal(transport_name(TRANSPORT_UDP), "udp");
    assert_string_equal(transport_name(TRANSPORT_UNSTATED), "unstated");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_and_formats),    cmocka_unit_test(refuses_what_is_no_address),
        cmocka_unit_test(knows_kinds),           cmocka_unit_test(orders),
        cmocka_unit_test(goes_through_sockaddr), cmocka_unit_test(prefixes),
        cmocka_unit_test(lists_own_addresses),   cmocka_unit_test(names_transports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
