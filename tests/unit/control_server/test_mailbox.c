/* Commands on their way to the engine, and who may ask what. */
#include "server.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void test_command_goes_and_its_result_comes(void **state)
{
    (void)state;
    struct mailbox *mailbox = mailbox_new();
    struct control_command command;
    struct text text = {0};
    int pair[2], result = 0;
    assert_non_null(mailbox);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    uint64_t one = mailbox_post(mailbox, CONTROL_CHECK_NOW, "mgr01"), two = mailbox_post(mailbox, CONTROL_RELOAD, NULL);
    assert_true(mailbox_next(mailbox, &command));
    assert_int_equal(command.ticket, one);
    assert_string_equal(command.host, "mgr01");
    free(command.host);
    assert_true(mailbox_next(mailbox, &command));
    assert_int_equal(command.ticket, two);
    assert_null(command.host);
    assert_false(mailbox_next(mailbox, &command));
    mailbox_done(mailbox, two, -EINVAL, "site.conf:1:1: error: no");
    assert_int_equal(mailbox_wait(mailbox, two, pair[0], &result, &text), 0);
    assert_int_equal(result, -EINVAL);
    assert_string_equal(text_string(&text), "site.conf:1:1: error: no");
    close(pair[1]);
    assert_int_equal(mailbox_wait(mailbox, one, pair[0], &result, &text), -EPIPE);
    mailbox_done(mailbox, one, 0, NULL); /* nobody waits */
    mailbox_done(mailbox, 99, 0, NULL);  /* nobody asked */
    close(pair[0]);
    text_done(&text);
    mailbox_free(mailbox);
}

static void test_tickets_are_bounded_and_come_back(void **state)
{
    (void)state;
    struct mailbox *mailbox = mailbox_new();
    struct control_command command;
    uint64_t tickets[TICKETS_MAX];
    assert_non_null(mailbox);
    for (size_t i = 0; i < TICKETS_MAX; i++)
        assert_int_not_equal(tickets[i] = mailbox_post(mailbox, CONTROL_RELOAD, NULL), 0);
    assert_int_equal(mailbox_post(mailbox, CONTROL_RELOAD, NULL), 0);
    for (size_t i = 0; i < TICKETS_MAX; i++) {
        mailbox_abandon(mailbox, tickets[i]);
        assert_true(mailbox_next(mailbox, &command)); /* what was asked for is done all the same */
        mailbox_done(mailbox, tickets[i], 0, NULL);
    }
    assert_int_not_equal(mailbox_post(mailbox, CONTROL_RELOAD, NULL), 0);
    mailbox_close(mailbox);
    assert_int_equal(mailbox_post(mailbox, CONTROL_RELOAD, NULL), 0);
    mailbox_free(mailbox);
}

static void test_rights(void **state)
{
    (void)state;
    uid_t readers[] = {700};
    const struct rights rights = {.own_uid = 500, .own_gid = 500, .group = 600, .readers = readers, .reader_count = 1};
    gid_t monitoring[] = {41, 600}, own[] = {500};
    const struct {
        struct asker asker;
        enum right right;
    } cases[] = {
        {{.uid = 0, .gid = 0}, RIGHT_COMMAND},
        {{.uid = 500, .gid = 9}, RIGHT_COMMAND},
        {{.uid = 9, .gid = 500}, RIGHT_COMMAND},
        {{.uid = 9, .gid = 9, .groups = own, .group_count = 1}, RIGHT_COMMAND},
        {{.uid = 9, .gid = 600}, RIGHT_READ},
        {{.uid = 9, .gid = 9, .groups = monitoring, .group_count = 2}, RIGHT_READ},
        {{.uid = 700, .gid = 9}, RIGHT_READ},
        {{.uid = 9, .gid = 9, .groups = monitoring, .group_count = 1}, RIGHT_NONE},
        {{.uid = 600, .gid = 700}, RIGHT_NONE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_int_equal(rights_of(&rights, &cases[i].asker), cases[i].right);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_command_goes_and_its_result_comes),
        cmocka_unit_test(test_tickets_are_bounded_and_come_back),
        cmocka_unit_test(test_rights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
