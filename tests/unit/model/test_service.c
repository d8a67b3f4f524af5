/* The table of services. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "portconform/service.h"

static void every_service_is_found_by_its_name_once(void **state)
{
    (void)state;
    size_t count = 0;
    const struct service *table = service_table(&count);
    const char *const *names = service_names();
    assert_true(count > 50);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(service_find(table[i].name), &table[i]);
        assert_string_equal(names[i], table[i].name);
        assert_true(strlen(table[i].summary) > 2);
        assert_int_equal(strspn(table[i].name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(table[i].name));
    }
    assert_null(names[count]);
}

static void unknown_services_are_not_found(void **state)
{
    (void)state;
    assert_null(service_find("HTTP"));
    assert_null(service_find(""));
    assert_null(service_find(NULL));
}

static void silence_over_udp_is_read_in_one_way(void **state)
{
    (void)state;
    size_t count = 0;
    const struct service *table = service_table(&count);
    for (size_t i = 0; i < count; i++)
        assert_false(table[i].udp_answers && table[i].udp_silent);
    assert_true(service_find("none")->udp_silent);
    assert_true(service_find("syslog")->udp_silent);
    assert_true(service_find("snmptrap")->udp_silent);
    assert_true(service_find("dns")->udp_answers);
    assert_true(service_find("netbios-ns")->udp_answers);
    /* an unknown client of RADIUS gets no answer by its RFC: its silence says nothing */
    assert_false(service_find("radius")->udp_answers);
    assert_false(service_find("radius")->udp_silent);
}

static void tls_is_from_the_first_octet(void **state)
{
    (void)state;
    static const char *const over_tls[] = {"https", "tls",  "smtps", "pop3s",      "imaps",  "ftps",
                                           "ldaps", "sips", "xmpps", "syslog-tls", "amt-tls"};
    static const char *const plain[] = {"http", "smtp", "submission", "imap", "ldap", "rdp", "mssql", "none"};
    for (size_t i = 0; i < sizeof over_tls / sizeof *over_tls; i++)
        assert_true(service_find(over_tls[i])->tls);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        assert_false(service_find(plain[i])->tls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_service_is_found_by_its_name_once),
        cmocka_unit_test(unknown_services_are_not_found),
        cmocka_unit_test(silence_over_udp_is_read_in_one_way),
        cmocka_unit_test(tls_is_from_the_first_octet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
