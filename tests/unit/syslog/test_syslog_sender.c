/* Senders: targets that can be read, a queue that counts what it drops, and a receiver that comes, goes and hangs. */
#include "portconform/error.h"
#include "portconform/syslog.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_S = 10 };

struct place {
    char folder[32];
    char path[64];
    char target[80];
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    if (place == NULL)
        return -1;
    strcpy(place->folder, "/tmp/pc-syslog-XXXXXX");
    if (mkdtemp(place->folder) == NULL)
        return -1;
    snprintf(place->path, sizeof(place->path), "%s/log", place->folder);
    snprintf(place->target, sizeof(place->target), "local:%s", place->path);
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    struct place *place = *state;
    unlink(place->path);
    rmdir(place->folder);
    free(place);
    return 0;
}

static void patient(int fd)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
}

static int local_receiver(const struct place *place)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, place->path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    patient(fd);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static const char *receive(int fd)
{
    static char buffer[4096];
    ssize_t length = recv(fd, buffer, sizeof(buffer) - 1, 0);
    assert_true(length > 0);
    buffer[length] = '\0';
    return buffer;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void push(struct syslog_sender *sender, unsigned number)
{
    char message[32];
    snprintf(message, sizeof(message), "event %u", number);
    const struct syslog_event event = {.id = number, .msgid = "SUMMARY", .message = message, .boot = "5eed"};
    assert_int_equal(syslog_sender_push(sender, &event), 0);
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static void test_targets(void **state)
{
    (void)state;
    static const char *const good[] = {"local",
                                       "local:/run/systemd/journal/dev-log",
                                       "udp:10.0.9.5:514",
                                       "udp:10.0.9.5",
                                       "udp:[::1]:514",
                                       "udp:[2001:db8::1]",
                                       "udp:10.0.9.5:1",
                                       "udp:10.0.9.5:65535"};
    static const char *const bad[] = {"",
                                      "local:",
                                      "local:dev/log",
                                      "udp",
                                      "udp:",
                                      "udp::514",
                                      "udp:siem1.example:514",
                                      "udp:10.0.9.5:0",
                                      "udp:10.0.9.5:65536",
                                      "udp:10.0.9.5:",
                                      "udp:10.0.9.5:5x",
                                      "udp:::1:514",
                                      "udp:[::1",
                                      "udp:[::1]514",
                                      "udp:[10.0.9.5]:514",
                                      "tcp:10.0.9.5:514",
                                      "LOCAL"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(syslog_target_check(good[i]), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct syslog_sender *sender = NULL;
        assert_int_equal(syslog_target_check(bad[i]), PC_ESYNTAX);
        assert_int_equal(syslog_sender_start(bad[i], 1, &sender), PC_ESYNTAX);
        assert_null(sender);
    }
    char path[300] = "local:/";
    memset(path + strlen(path), 'x', 200);
    assert_int_equal(syslog_target_check(path), PC_ESYNTAX); /* longer than a socket's address */
}

static void test_absent_socket_drops_the_oldest_and_counts(void **state)
{
    enum { QUEUE = 4, PUSHED = 10 };
    const struct place *place = *state;
    struct syslog_sender *sender = NULL;
    assert_int_equal(syslog_sender_start(place->target, QUEUE, &sender), 0);
    int64_t began = now_ms();
    for (unsigned i = 0; i < PUSHED; i++)
        push(sender, i);
    assert_true(now_ms() - began < 1000);
    struct syslog_counters counters = syslog_sender_counters(sender);
    assert_int_equal(counters.queued, QUEUE);
    assert_int_equal(counters.dropped, PUSHED - QUEUE);
    assert_int_equal(counters.sent, 0);
    int fd = local_receiver(place); /* the receiver comes: what is left arrives, in order */
    const char *line = receive(fd);
    assert_non_null(strstr(line, "SUMMARY: event "));
    for (unsigned i = PUSHED - QUEUE + 1; i < PUSHED; i++) {
        char expected[32];
        snprintf(expected, sizeof(expected), ": event %u", i);
        assert_true(ends_with(receive(fd), expected));
    }
    syslog_sender_stop(sender, 1000);
    close(fd);
}

static void test_stop_does_not_wait_for_an_absent_receiver(void **state)
{
    const struct place *place = *state;
    struct syslog_sender *sender = NULL;
    assert_int_equal(syslog_sender_start(place->target, 4, &sender), 0);
    push(sender, 1);
    int64_t began = now_ms();
    syslog_sender_stop(sender, 5000);
    assert_true(now_ms() - began < 2000);
}

static void test_stop_leaves_a_receiver_that_does_not_read(void **state)
{
    enum { MANY = 2000 }; /* more than any socket's queue of datagrams */
    const struct place *place = *state;
    struct syslog_sender *sender = NULL;
    int fd = local_receiver(place);
    assert_int_equal(syslog_sender_start(place->target, MANY, &sender), 0);
    for (unsigned i = 0; i < MANY; i++)
        push(sender, i);
    int64_t began = now_ms();
    syslog_sender_stop(sender, 300);
    assert_true(now_ms() - began < 2000);
    close(fd);
}

static void test_stop_sends_what_is_queued(void **state)
{
    const struct place *place = *state;
    struct syslog_sender *sender = NULL;
    int fd = local_receiver(place);
    assert_int_equal(syslog_sender_start(place->target, 8, &sender), 0);
    for (unsigned i = 0; i < 5; i++)
        push(sender, i);
    syslog_sender_stop(sender, PATIENCE_S * 1000);
    for (unsigned i = 0; i < 5; i++)
        assert_non_null(strstr(receive(fd), "event "));
    close(fd);
}

static void test_receiver_that_is_restarted(void **state)
{
    const struct place *place = *state;
    struct syslog_sender *sender = NULL;
    int fd = local_receiver(place);
    assert_int_equal(syslog_sender_start(place->target, 8, &sender), 0);
    push(sender, 1);
    assert_true(ends_with(receive(fd), "event 1"));
    close(fd);
    assert_int_equal(unlink(place->path), 0);
    fd = local_receiver(place);
    push(sender, 2);
    assert_true(ends_with(receive(fd), "event 2"));
    syslog_sender_stop(sender, 1000);
    close(fd);
}

static void test_udp_carries_rfc5424_with_a_gapless_seq(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    patient(fd);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    char target[64];
    snprintf(target, sizeof(target), "udp:127.0.0.1:%u", ntohs(address.sin_port));
    struct syslog_sender *sender = NULL;
    assert_int_equal(syslog_sender_start(target, 8, &sender), 0);
    for (unsigned i = 1; i <= 3; i++) {
        char expected[64];
        push(sender, 100 + i);
        snprintf(expected, sizeof(expected), "id=\"%u\" seq=\"%u\" boot=\"5eed\"] event %u", 100 + i, i, 100 + i);
        const char *line = receive(fd);
        assert_memory_equal(line, "<29>1 ", 6);
        assert_true(ends_with(line, expected));
    }
    syslog_sender_stop(sender, 1000);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets),
        cmocka_unit_test_setup_teardown(test_absent_socket_drops_the_oldest_and_counts, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_stop_does_not_wait_for_an_absent_receiver, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_stop_leaves_a_receiver_that_does_not_read, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_stop_sends_what_is_queued, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_receiver_that_is_restarted, make_place, remove_place),
        cmocka_unit_test(test_udp_carries_rfc5424_with_a_gapless_seq),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
