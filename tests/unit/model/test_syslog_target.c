/* Syslog targets: which texts name one, and what follows from them. */
#include "portconform/arena.h"
#include "portconform/syslog_target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <cmocka.h>

static void test_places(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum syslog_transport transport;
        const char *host;
        uint16_t port;
    } good[] = {
        {"local", SYSLOG_LOCAL, "/dev/log", 0},
        {"local:/run/systemd/journal/dev-log", SYSLOG_LOCAL, "/run/systemd/journal/dev-log", 0},
        {"udp:10.0.9.5:515", SYSLOG_UDP, "10.0.9.5", 515},
        {"udp:10.0.9.5", SYSLOG_UDP, "10.0.9.5", 514},
        {"udp:[2001:db8::1]", SYSLOG_UDP, "2001:db8::1", 514},
        {"tcp:siem1:65535", SYSLOG_TCP, "siem1", 65535},
        {"tcp:siem.example.jp.", SYSLOG_TCP, "siem.example.jp.", 514},
        {"tls:siem.example.jp", SYSLOG_TLS, "siem.example.jp", 6514},
        {"tls:[::1]:1", SYSLOG_TLS, "::1", 1},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct syslog_place place = {0};
        if (!syslog_place_parse(good[i].text, &place))
            fail_msg("%s", good[i].text);
        assert_int_equal(place.transport, good[i].transport);
        assert_string_equal(place.host, good[i].host);
        assert_int_equal(place.port, good[i].port);
    }
}

static void test_what_is_no_place(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "local:",
                                      "local:dev/log",
                                      "udp",
                                      "udp:",
                                      "udp::514",
                                      "udp:10.0.9.5:0",
                                      "udp:10.0.9.5:65536",
                                      "udp:10.0.9.5:",
                                      "udp:10.0.9.5:5x",
                                      "udp:10.0.9",
                                      "udp:10.0.9.256",
                                      "udp:::1:514",
                                      "udp:[::1",
                                      "udp:[::1]514",
                                      "udp:[10.0.9.5]:514",
                                      "tcp:siem..example.jp",
                                      "tcp:-siem",
                                      "tcp:si em",
                                      "tls:siem.example.jp:6514x",
                                      "LOCAL",
                                      "relp:10.0.9.5"};
    char path[300] = "local:/", label[100] = "tcp:";
    struct syslog_place place;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (syslog_place_parse(bad[i], &place))
            fail_msg("%s", bad[i]);
    }
    memset(path + strlen(path), 'x', 200); /* longer than a socket's address */
    assert_false(syslog_place_parse(path, &place));
    memset(label + strlen(label), 'x', 64);
    assert_false(syslog_place_parse(label, &place));
}

static void test_defaults_follow_the_place(void **state)
{
    (void)state;
    struct syslog_target target;
    assert_true(syslog_target_init(&target, "log", "local"));
    assert_int_equal(target.format, SYSLOG_FORMAT_TEXT);
    assert_int_equal(target.header, SYSLOG_HEADER_RFC3164);
    assert_int_equal(target.most_octets, 2048);
    assert_true(syslog_target_init(&target, "siem", "tls:siem.example.jp"));
    assert_int_equal(target.format, SYSLOG_FORMAT_RFC5424);
    assert_int_equal(target.framing, SYSLOG_FRAMING_OCTETS);
    assert_int_equal(target.most_octets, 8192);
    assert_int_equal(target.facility, LOG_DAEMON);
    assert_int_equal(target.levels[SEVERITY_CRITICAL], LOG_CRIT);
    assert_false(syslog_target_init(&target, "siem", "siem.example.jp"));
}

static void test_words(void **state)
{
    (void)state;
    assert_string_equal(syslog_facility_words[LOG_LOCAL7 >> 3], "local7");
    assert_string_equal(syslog_facility_words[LOG_AUTHPRIV >> 3], "authpriv");
    assert_string_equal(syslog_facility_words[LOG_DAEMON >> 3], "daemon");
    assert_string_equal(syslog_level_words[LOG_DEBUG], "debug");
    assert_null(syslog_level_words[LOG_DEBUG + 1]);
    assert_null(syslog_facility_words[LOG_NFACILITIES]);
}

static void test_a_copy_is_the_same_until_something_differs(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct syslog_target one, two;
    assert_non_null(arena);
    assert_true(syslog_target_init(&one, "siem", "tls:siem.example.jp"));
    one.tls = (struct syslog_tls){.ca = "/ca.pem", .certificate = "/c.pem", .key = "/c.key", .name = "siem"};
    assert_int_equal(syslog_target_copy(&two, &one, arena), 0);
    assert_true(one.tls.key != two.tls.key && one.name != two.name);
    assert_true(syslog_target_same(&one, &two));
    two.choice.least = SEVERITY_WARNING; /* that is the store's */
    assert_true(syslog_target_same(&one, &two));
    two.tls.ca = NULL;
    assert_false(syslog_target_same(&one, &two));
    two.tls.ca = "/ca.pem";
    two.levels[SEVERITY_OK] = LOG_DEBUG;
    assert_false(syslog_target_same(&one, &two));
    two.levels[SEVERITY_OK] = LOG_INFO;
    two.place.port++;
    assert_false(syslog_target_same(&one, &two));
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_what_is_no_place),
        cmocka_unit_test(test_defaults_follow_the_place),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_a_copy_is_the_same_until_something_differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
