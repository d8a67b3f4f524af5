/* Senders with a store in memory: what arrives is acknowledged, what cannot arrive stays, and an end is short. The
 * outages of receivers are a test of their own, tests/peers/syslog_outages.py. */
#include "portconform/error.h"
#include "portconform/syslog.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_S = 60 };

struct place {
    char folder[32];
    char path[64];
    char text[80];
    struct recorder *recorder;
    struct syslog_target target;
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    const struct recorder_options options = {.folder = NULL};
    struct recorded recorded;
    if (place == NULL)
        return -1;
    snprintf(place->folder, sizeof(place->folder), "/tmp/pc-syslog-XXXXXX");
    if (mkdtemp(place->folder) == NULL || recorder_start(&options, &place->recorder, &recorded) < 0)
        return -1;
    snapshot_unref(recorded.snapshot);
    snprintf(place->path, sizeof(place->path), "%s/log", place->folder);
    snprintf(place->text, sizeof(place->text), "local:%s", place->path);
    *state = place;
    return syslog_target_init(&place->target, "log", place->text) ? 0 : -1;
}

static int remove_place(void **state)
{
    struct place *place = *state;
    recorder_stop(place->recorder, 1000);
    unlink(place->path);
    rmdir(place->folder);
    free(place);
    return 0;
}

static int listen_local(const struct place *place)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", place->path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static struct sender *start(const struct place *place)
{
    const struct syslog_origin origin = {.hostname = "mon1", .pid = 812};
    const struct outbox_target queue = {.name = "log"};
    struct sender *sender = NULL;
    assert_int_equal(recorder_set_targets(place->recorder, &queue, 1), 0);
    assert_int_equal(sender_start(&place->target, &origin, outbox_open(place->recorder, "log"), &sender), 0);
    return sender;
}

static void tell(const struct place *place, unsigned number)
{
    char message[32];
    struct record record = {.events = calloc(1, sizeof(struct event *)), .event_count = 1};
    const struct event_texts texts = {.message = message};
    assert_non_null(record.events);
    snprintf(message, sizeof(message), "event %u", number);
    record.events[0] = event_new(EVENT_SUMMARY, moment_now());
    assert_non_null(record.events[0]);
    assert_int_equal(event_fill(record.events[0], &texts), 0);
    assert_true(recorder_submit(place->recorder, &record) > 0);
}

static void expect(int fd, unsigned number)
{
    char line[4096], expected[64];
    ssize_t length = recv(fd, line, sizeof(line) - 1, 0);
    assert_true(length > 0);
    line[length] = '\0';
    snprintf(expected, sizeof(expected), " portconformd[812]: SUMMARY: event %u", number);
    assert_non_null(strstr(line, expected));
}

static struct sink_status status_of(struct sender *sender, struct arena *arena)
{
    struct sink_status status;
    assert_int_equal(sender_status(sender, arena, &status), 0);
    return status;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void test_what_arrives_is_acknowledged(void **state)
{
    const struct place *place = *state;
    struct arena *arena = arena_new();
    int fd = listen_local(place);
    struct sender *sender = start(place);
    for (unsigned i = 1; i <= 5; i++)
        tell(place, i);
    for (unsigned i = 1; i <= 5; i++)
        expect(fd, i);
    while (status_of(sender, arena).sent < 5)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    struct sink_status status = status_of(sender, arena);
    assert_int_equal(status.sent, 5);
    assert_int_equal(status.last_seq, 5);
    assert_int_equal(status.resent + status.failed + status.queued + status.dropped, 0);
    assert_string_equal(status.name, "log");
    assert_string_equal(status.target, place->text);
    sender_stop(sender, PATIENCE_S * 1000);
    struct outbox *outbox = outbox_open(place->recorder, "log");
    assert_int_equal(outbox_queued(outbox), 0);
    outbox_close(outbox);
    close(fd);
    arena_free(arena);
}

static void test_the_end_sends_what_is_queued(void **state)
{
    const struct place *place = *state;
    int fd = listen_local(place);
    struct sender *sender = start(place);
    tell(place, 1);
    expect(fd, 1); /* it is connected */
    for (unsigned i = 2; i <= 6; i++)
        tell(place, i);
    sender_end(sender, PATIENCE_S * 1000);
    for (unsigned i = 2; i <= 6; i++)
        expect(fd, i);
    sender_stop(sender, 0);
    close(fd);
}

static void test_an_absent_receiver_is_not_waited_for(void **state)
{
    const struct place *place = *state;
    struct arena *arena = arena_new();
    struct sender *sender = start(place);
    tell(place, 1);
    while (status_of(sender, arena).failed == 0)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    struct sink_status status = status_of(sender, arena);
    assert_int_equal(status.state, SINK_UNKNOWN); /* a short trouble is not told */
    assert_int_equal(status.queued, 1);
    assert_non_null(strstr(status.last_error, "No such file"));
    int64_t began_ms = now_ms();
    sender_stop(sender, PATIENCE_S * 1000);
    assert_true(now_ms() - began_ms < PATIENCE_S * 1000);
    int fd = listen_local(place); /* another sender finds it in the queue */
    sender = start(place);
    expect(fd, 1);
    sender_stop(sender, PATIENCE_S * 1000);
    close(fd);
    arena_free(arena);
}

static void test_a_receiver_that_does_not_read_ends_with_the_time(void **state)
{
    enum { MANY = 2000 }; /* more than any socket's queue of datagrams */
    const struct place *place = *state;
    int fd = listen_local(place);
    struct sender *sender = start(place);
    for (unsigned i = 0; i < MANY; i++)
        tell(place, i);
    sender_stop(sender, 200);
    struct outbox *outbox = outbox_open(place->recorder, "log");
    assert_int_equal(outbox_queued(outbox), MANY); /* not one was read */
    outbox_close(outbox);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_arrives_is_acknowledged, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_the_end_sends_what_is_queued, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_an_absent_receiver_is_not_waited_for, make_place, remove_place),
        cmocka_unit_test_setup_teardown(test_a_receiver_that_does_not_read_ends_with_the_time, make_place,
                                        remove_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
