/* FNV-1a of 128 bits against the published test vectors. */
#include "fingerprint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void check(const char *octets, const char *expected)
{
    struct fingerprint fingerprint;
    char text[FINGERPRINT_TEXT];
    fingerprint_init(&fingerprint);
    fingerprint_add(&fingerprint, octets, strlen(octets));
    assert_string_equal(fingerprint_format(&fingerprint, text, sizeof(text)), expected);
}

static void test_vectors(void **state)
{
    (void)state;
    check("", "6c62272e07bb014262b821756295c58d");
    check("a", "d228cb696f1a8caf78912b704e4a8964");
    check("foobar", "343e1662793c64bf6f0d3597ba446f18");
}

static void test_pieces_are_as_the_whole(void **state)
{
    struct fingerprint fingerprint;
    char text[FINGERPRINT_TEXT];
    (void)state;
    fingerprint_init(&fingerprint);
    fingerprint_add(&fingerprint, "foo", 3);
    fingerprint_add(&fingerprint, "", 0);
    fingerprint_add(&fingerprint, "bar", 3);
    assert_string_equal(fingerprint_format(&fingerprint, text, sizeof(text)), "343e1662793c64bf6f0d3597ba446f18");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_pieces_are_as_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
