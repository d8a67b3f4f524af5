/* Heads of requests and replies: what is one of ours, what is not whole yet, and what never will be. */
#include "portconform/control.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int parse(const char *octets, struct control_head *ret)
{
    return control_head_parse(octets, strlen(octets), ret);
}

static void test_heads_of_replies(void **state)
{
    (void)state;
    struct control_head head;
    assert_int_equal(parse("PC1 R 2 159\nPORTCONFORM", &head), 12);
    assert_int_equal(head.kind, CONTROL_RESULT);
    assert_int_equal(head.status, 2);
    assert_int_equal(head.length, 159);
    assert_int_equal(parse("PC1 E 3 0\n", &head), 10);
    assert_int_equal(head.kind, CONTROL_ERROR);
    for (size_t i = 0; i < strlen("PC1 R 2 159"); i++)
        assert_int_equal(control_head_parse("PC1 R 2 159", i, &head), 0);
}

static void test_what_is_no_head_of_a_reply(void **state)
{
    (void)state;
    static const char *const octets[] = {
        "HTTP/1.1 200", "PC2 R 0 1\n",  "PC1 X 0 1\n",
        "PC1 R 4 1\n",  "PC1 R 0 \n",   "PC1 R 0\n",
        "PC1 R 0 01\n", "PC1 R 0 -1\n", "PC1 R 0 536870913\n",
        "PC1 R 0 1 \n", "PC1 R  0 1\n", "PC1 R 0 18446744073709551617\n",
        "PC1 R 0 1x\n", "\n",           "PC1 R 0 000000000000000000000000000000000",
    };
    for (size_t i = 0; i < sizeof(octets) / sizeof(*octets); i++) {
        struct control_head head = {.length = 7};
        assert_int_equal(parse(octets[i], &head), -EPROTO);
        assert_int_equal(head.length, 7);
    }
}

static void test_heads_of_requests(void **state)
{
    (void)state;
    size_t length = 0;
    assert_int_equal(control_request_head_parse("PC1 35\ncheck", 12, &length), 7);
    assert_int_equal(length, 35);
    assert_int_equal(control_request_head_parse("PC1 65536\n", 10, &length), 10);
    assert_int_equal(control_request_head_parse("PC1 65537\n", 10, &length), -EPROTO);
    assert_int_equal(control_request_head_parse("PC1 R 0 3\n", 10, &length), -EPROTO);
}

static void test_usual_place(void **state)
{
    (void)state;
    struct text path = {0};
    assert_int_equal(setenv("RUNTIME_DIRECTORY", "/run/one:/run/two", 1), 0);
    assert_int_equal(control_default_socket(true, &path), 0);
    assert_string_equal(text_string(&path), "/run/one/control");
    unsetenv("RUNTIME_DIRECTORY");
    text_done(&path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads_of_replies),
        cmocka_unit_test(test_what_is_no_head_of_a_reply),
        cmocka_unit_test(test_heads_of_requests),
        cmocka_unit_test(test_usual_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
