/* The parent's side with a child that hangs or dies: this program once more, as the collector starts it.
 * The clock is moved by hand; what the child does is waited for. */
#include "wire.h"

#include "portconform/collect.h"
#include "portconform/error.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* What the child does with an order is said by the agent's port. */
enum { HANGS = 1, DIES = 2, ANSWERS = 3, DIES_ONCE = 4 };

/* A file of the parent's: the child that finds it removes it, and dies. A child has no environment. */
static const char *mark_of(pid_t parent)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/pc-collector-mark-%ld", (long)parent);
    return path;
}

static int be_child(void)
{
    struct wire_order order;
    struct pollfd parent = {.fd = STDIN_FILENO, .events = POLLIN};
    struct listener_table nothing = {.status = LISTENERS_FAILED, .error = -ETIMEDOUT, .note = "nobody there"};
    struct wire_packet packet;
    while (poll(&parent, 1, -1) > 0 && recv(STDIN_FILENO, &order, sizeof(order), 0) == (ssize_t)sizeof(order)) {
        if (order.port == DIES || (order.port == DIES_ONCE && unlink(mark_of(getppid())) == 0))
            return 1;
        if (order.port == HANGS)
            for (;;)
                pause();
        nothing.taken.mono_ms = order.deadline_mono_ms;
        wire_put_end(&packet, order.id, &nothing);
        if (send(STDIN_FILENO, packet.octets, packet.length, MSG_NOSIGNAL) < 0)
            return 1;
    }
    return 0;
}

struct answer {
    struct listener_table *table;
    unsigned count;
};

static void take(void *context, struct listener_table *table)
{
    struct answer *answer = context;
    listener_table_free(answer->table);
    answer->table = table;
    answer->count++;
}

static struct moment at(int64_t mono_ms)
{
    return (struct moment){.mono_ms = mono_ms, .wall_ms = 1794999958700 + mono_ms};
}

static void order(void *remote, uint16_t port, int64_t deadline_ms, struct answer *answer)
{
    const struct snmp_access snmp = {.version = ACCESS_V2C, .community = "public", .port = port};
    struct remote_order wanted = {.access = &snmp, .deadline_mono_ms = deadline_ms, .done = take, .context = answer};
    assert_int_equal(address_parse("192.0.2.1", &wanted.address), 0);
    assert_int_equal(collector_source.order(remote, &wanted), 0);
}

static void wait_for_child(void *remote)
{
    struct pollfd ready = {.fd = collector_source.fd(remote), .events = POLLIN};
    assert_int_equal(poll(&ready, 1, -1), 1);
}

static void assert_failed(const struct answer *answer, int error, const char *note)
{
    assert_int_equal(answer->count, 1);
    assert_int_equal(answer->table->status, LISTENERS_FAILED);
    assert_int_equal(answer->table->error, error);
    if (note != NULL)
        assert_string_equal(answer->table->note, note);
}

/* Whoever answers is a child that works: it says that nobody is there. */
static void assert_answered(void *remote, int64_t now_ms)
{
    struct answer answer = {0};
    order(remote, ANSWERS, 90000, &answer);
    assert_int_equal(collector_source.step(remote, at(now_ms)), 1);
    wait_for_child(remote);
    assert_int_equal(collector_source.step(remote, at(now_ms + 100)), 0);
    assert_failed(&answer, -ETIMEDOUT, "nobody there");
    listener_table_free(answer.table);
}

static void test_hung_child_is_replaced(void **state)
{
    struct answer first = {0}, second = {0};
    void *remote;
    (void)state;
    assert_int_equal(collector_source.open(&remote), 0);
    order(remote, HANGS, 2000, &first);
    assert_int_equal(collector_source.step(remote, at(1000)), 1);
    assert_int_equal(collector_source.step(remote, at(2900)), 1); /* it may still tell what it has */
    assert_int_equal(collector_source.step(remote, at(3000)), 0);
    assert_failed(&first, PC_EDEADLINE, NULL);
    order(remote, ANSWERS, 90000, &second);
    assert_int_equal(collector_source.step(remote, at(3100)), 1);
    assert_true(collector_source.next_ms(remote) <= 5000);
    assert_int_equal(collector_source.step(remote, at(5000)), 1); /* it has time left: another child is asked */
    wait_for_child(remote);
    assert_int_equal(collector_source.step(remote, at(5050)), 0);
    assert_failed(&second, -ETIMEDOUT, "nobody there");
    assert_answered(remote, 5100);
    collector_source.close(remote);
    listener_table_free(first.table);
    listener_table_free(second.table);
}

static void test_dead_child_is_replaced(void **state)
{
    struct answer first = {0};
    void *remote;
    (void)state;
    assert_int_equal(collector_source.open(&remote), 0);
    order(remote, DIES, 90000, &first);
    assert_int_equal(collector_source.step(remote, at(1000)), 1);
    wait_for_child(remote);
    assert_int_equal(collector_source.step(remote, at(1050)), 1); /* the next one is asked, and dies of it too */
    wait_for_child(remote);
    assert_int_equal(collector_source.step(remote, at(1100)), 0);
    assert_failed(&first, -EPIPE, "the collector process ended before it had an answer");
    assert_answered(remote, 1200);
    collector_source.close(remote);
    listener_table_free(first.table);
}

/* Killed while it is asked: who asked gets the answer all the same. */
static void test_what_a_killed_child_had_is_asked_again(void **state)
{
    enum { ORDERS = 3 };
    struct answer answers[ORDERS] = {{0}};
    void *remote;
    (void)state;
    int fd = open(mark_of(getpid()), O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(collector_source.open(&remote), 0);
    for (unsigned i = 0; i < ORDERS; i++)
        order(remote, i == 0 ? DIES_ONCE : ANSWERS, 90000, &answers[i]);
    for (int64_t now_ms = 1000; collector_source.step(remote, at(now_ms)) > 0; now_ms++)
        wait_for_child(remote);
    for (unsigned i = 0; i < ORDERS; i++) {
        assert_failed(&answers[i], -ETIMEDOUT, "nobody there");
        listener_table_free(answers[i].table);
    }
    assert_int_equal(access(mark_of(getpid()), F_OK), -1);
    collector_source.close(remote);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hung_child_is_replaced),
        cmocka_unit_test(test_dead_child_is_replaced),
        cmocka_unit_test(test_what_a_killed_child_had_is_asked_again),
    };
    if (collector_is_child(argc, argv))
        return be_child();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
