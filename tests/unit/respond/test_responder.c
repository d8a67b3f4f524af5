/* The responder over loopback: who knows the key gets as many octets back, everybody else nothing. */
#include "portconform/respond.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/skip.h"

static const struct acceptance_key key = {{7}};
static const struct address loopback = {.family = AF_INET, .octets = {127, 0, 0, 1}};
static struct responder *responder;

static int begin(void **state)
{
    (void)state;
    return responder_new("mgr01", &key, &responder);
}

static int end(void **state)
{
    (void)state;
    responder_free(responder);
    return 0;
}

/* A port that is free now: bound by the kernel's choice, and given back. */
static uint16_t free_port(int type)
{
    struct sockaddr_storage own;
    socklen_t length = address_to_sockaddr(&loopback, 0, &own);
    uint16_t port;
    int fd = socket(AF_INET, type, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&own, length), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &length), 0);
    address_from_sockaddr((struct sockaddr *)&own, &port);
    close(fd);
    return port;
}

static int call(int type, uint16_t port)
{
    struct sockaddr_storage target;
    socklen_t length = address_to_sockaddr(&loopback, port, &target);
    int fd = socket(AF_INET, type, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&target, length), 0);
    return fd;
}

/* Lets it work until `fd` can be read, or nothing is left to do. */
static void work(int fd)
{
    enum { STEPS = 200, STEP_MS = 10 };
    for (int i = 0; i < STEPS; i++) {
        struct pollfd ready[] = {{.fd = responder_fd(responder), .events = POLLIN}, {.fd = fd, .events = POLLIN}};
        (void)poll(ready, 2, STEP_MS);
        if (ready[1].revents != 0)
            return;
        responder_step(responder, moment_now());
    }
}

static void ask(uint8_t octets[ACCEPTANCE_LENGTH], enum transport transport, uint16_t port)
{
    struct acceptance_message message = {.transport = transport, .port = port, .nonce = {1, 2, 3}};
    assert_int_equal(acceptance_seal(&message, &key, octets), 0);
}

static void check_answer(const uint8_t *octets, ssize_t length, enum transport transport, uint16_t port)
{
    struct acceptance_message answer;
    assert_int_equal(length, ACCEPTANCE_LENGTH);
    assert_true(acceptance_open(octets, (size_t)length, &key, &answer));
    assert_true(answer.answer);
    assert_int_equal(answer.transport, transport);
    assert_int_equal(answer.port, port);
    assert_memory_equal(answer.nonce, "\1\2\3", 3);
    assert_string_equal(answer.name, "mgr01");
}

static void answers_over_udp(void **state)
{
    (void)state;
    uint8_t octets[ACCEPTANCE_LENGTH], answer[2 * ACCEPTANCE_LENGTH];
    uint16_t port = free_port(SOCK_DGRAM);
    assert_int_equal(responder_listen(responder, TRANSPORT_UDP, &loopback, port), 0);
    int fd = call(SOCK_DGRAM, port);
    ask(octets, TRANSPORT_UDP, port);
    assert_int_equal(send(fd, "stranger", 8, 0), 8);
    assert_int_equal(send(fd, octets, sizeof(octets), 0), sizeof(octets));
    work(fd);
    check_answer(answer, recv(fd, answer, sizeof(answer), MSG_DONTWAIT), TRANSPORT_UDP, port);
    assert_int_equal(recv(fd, answer, sizeof(answer), MSG_DONTWAIT), -1);
    /* an answer is no question */
    assert_int_equal(send(fd, answer, ACCEPTANCE_LENGTH, 0), ACCEPTANCE_LENGTH);
    responder_step(responder, moment_now());
    size_t count;
    const struct responder_port *ports = responder_ports(responder, &count);
    assert_int_equal(count, 1);
    assert_int_equal(ports[0].proven, 1);
    assert_int_equal(ports[0].others, 2);
    close(fd);
}

/* It is told where it came to, but the port that it came to has not been reached by anybody who meant it. */
static void an_ask_for_another_port_proves_nothing(void **state)
{
    (void)state;
    uint8_t octets[ACCEPTANCE_LENGTH], answer[2 * ACCEPTANCE_LENGTH];
    uint16_t port = free_port(SOCK_DGRAM);
    assert_int_equal(responder_listen(responder, TRANSPORT_UDP, &loopback, port), 0);
    int fd = call(SOCK_DGRAM, port);
    ask(octets, TRANSPORT_UDP, (uint16_t)(port - 1));
    assert_int_equal(send(fd, octets, sizeof(octets), 0), sizeof(octets));
    work(fd);
    check_answer(answer, recv(fd, answer, sizeof(answer), MSG_DONTWAIT), TRANSPORT_UDP, port);
    ask(octets, TRANSPORT_TCP, port);
    assert_int_equal(send(fd, octets, sizeof(octets), 0), sizeof(octets));
    work(fd);
    check_answer(answer, recv(fd, answer, sizeof(answer), MSG_DONTWAIT), TRANSPORT_UDP, port);
    size_t count;
    const struct responder_port *ports = responder_ports(responder, &count);
    assert_int_equal(ports[0].proven, 0);
    assert_int_equal(ports[0].strays, 2);
    assert_int_equal(ports[0].others, 0);
    close(fd);
}

static void answers_over_tcp_in_pieces(void **state)
{
    (void)state;
    uint8_t octets[ACCEPTANCE_LENGTH], answer[2 * ACCEPTANCE_LENGTH];
    uint16_t port = free_port(SOCK_STREAM);
    assert_int_equal(responder_listen(responder, TRANSPORT_TCP, &loopback, port), 0);
    int fd = call(SOCK_STREAM, port);
    ask(octets, TRANSPORT_TCP, port);
    assert_int_equal(send(fd, octets, 50, 0), 50);
    responder_step(responder, moment_now());
    responder_step(responder, moment_now());
    assert_int_equal(recv(fd, answer, sizeof(answer), MSG_DONTWAIT), -1);
    assert_int_equal(send(fd, octets + 50, sizeof(octets) - 50, 0), sizeof(octets) - 50);
    work(fd);
    check_answer(answer, recv(fd, answer, sizeof(answer), 0), TRANSPORT_TCP, port);
    close(fd);
}

static void a_stranger_is_reset(void **state)
{
    (void)state;
    uint8_t octets[ACCEPTANCE_LENGTH] = "PCACCEPT", answer[ACCEPTANCE_LENGTH];
    uint16_t port = free_port(SOCK_STREAM);
    assert_int_equal(responder_listen(responder, TRANSPORT_TCP, &loopback, port), 0);
    int fd = call(SOCK_STREAM, port);
    assert_int_equal(send(fd, octets, sizeof(octets), 0), sizeof(octets));
    work(fd);
    assert_int_equal(recv(fd, answer, sizeof(answer), 0), -1);
    assert_int_equal(errno, ECONNRESET);
    close(fd);
}

static void a_silent_caller_does_not_stay(void **state)
{
    (void)state;
    uint8_t answer[ACCEPTANCE_LENGTH];
    uint16_t port = free_port(SOCK_STREAM);
    assert_int_equal(responder_listen(responder, TRANSPORT_TCP, &loopback, port), 0);
    assert_true(responder_next_ms(responder) == INT64_MAX);
    int fd = call(SOCK_STREAM, port);
    struct moment now = moment_now();
    struct pollfd ready = {.fd = responder_fd(responder), .events = POLLIN};
    assert_int_equal(poll(&ready, 1, 5000), 1);
    responder_step(responder, now);
    assert_true(responder_next_ms(responder) > now.mono_ms);
    now.mono_ms = responder_next_ms(responder);
    responder_step(responder, now);
    assert_true(responder_next_ms(responder) == INT64_MAX);
    assert_int_equal(recv(fd, answer, sizeof(answer), 0), -1);
    assert_int_equal(errno, ECONNRESET);
    close(fd);
}

static void never_takes_a_port_in_use(void **state)
{
    (void)state;
    const enum transport transports[] = {TRANSPORT_TCP, TRANSPORT_UDP};
    const struct address wildcard = {.family = AF_INET};
    const int on = 1;
    for (size_t i = 0; i < 2; i++) {
        int type = transports[i] == TRANSPORT_TCP ? SOCK_STREAM : SOCK_DGRAM;
        struct sockaddr_storage own;
        socklen_t length = address_to_sockaddr(&wildcard, 0, &own);
        uint16_t port;
        int fd = socket(AF_INET, type, 0);
        assert_true(fd >= 0);
        if (type == SOCK_STREAM)
            assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
        assert_int_equal(bind(fd, (struct sockaddr *)&own, length), 0);
        assert_int_equal(type == SOCK_STREAM ? listen(fd, 1) : 0, 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &length), 0);
        address_from_sockaddr((struct sockaddr *)&own, &port);
        assert_int_equal(responder_listen(responder, transports[i], &loopback, port), -EADDRINUSE);
        close(fd);
    }
    /* bound, and about to listen: with SO_REUSEADDR on both sides the kernel would give it away */
    struct sockaddr_storage own;
    socklen_t length = address_to_sockaddr(&loopback, 0, &own);
    uint16_t port;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&own, length), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &length), 0);
    address_from_sockaddr((struct sockaddr *)&own, &port);
    assert_int_equal(responder_listen(responder, TRANSPORT_TCP, &loopback, port), -EADDRINUSE);
    assert_int_equal(listen(fd, 1), 0);
    close(fd);
    const struct address elsewhere = {.family = AF_INET, .octets = {192, 0, 2, 1}};
    assert_int_equal(responder_listen(responder, TRANSPORT_TCP, &elsewhere, 31000), -EADDRNOTAVAIL);
}

/* More callers than it keeps: the oldest gives way, and a new one is answered still. */
static void need_descriptors(rlim_t count)
{
    struct rlimit files;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    if (files.rlim_max < count)
        SKIP("the hard limit of open files (ulimit -Hn) is too low");
    files.rlim_cur = files.rlim_cur < count ? count : files.rlim_cur;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
}

static void many_callers(void **state)
{
    (void)state;
    enum { CALLERS = 300 };
    need_descriptors(3 * CALLERS);
    uint8_t octets[ACCEPTANCE_LENGTH], answer[ACCEPTANCE_LENGTH];
    int callers[CALLERS];
    uint16_t port = free_port(SOCK_STREAM);
    assert_int_equal(responder_listen(responder, TRANSPORT_TCP, &loopback, port), 0);
    for (size_t i = 0; i < CALLERS; i++) {
        callers[i] = call(SOCK_STREAM, port);
        responder_step(responder, moment_now());
    }
    ask(octets, TRANSPORT_TCP, port);
    assert_int_equal(send(callers[CALLERS - 1], octets, sizeof(octets), 0), sizeof(octets));
    work(callers[CALLERS - 1]);
    check_answer(answer, recv(callers[CALLERS - 1], answer, sizeof(answer), 0), TRANSPORT_TCP, port);
    for (size_t i = 0; i < CALLERS; i++)
        close(callers[i]);
}

/* No descriptor is left: who calls is turned away, and does not keep it busy. */
static void no_descriptor_left(void **state)
{
    (void)state;
    enum { FILLERS = 64 };
    uint8_t answer[ACCEPTANCE_LENGTH];
    struct rlimit files, tight;
    int fillers[FILLERS], filled = 0;
    uint16_t port = free_port(SOCK_STREAM);
    assert_int_equal(responder_listen(responder, TRANSPORT_TCP, &loopback, port), 0);
    int callers[] = {call(SOCK_STREAM, port), call(SOCK_STREAM, port)};
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    tight = files;
    tight.rlim_cur = (rlim_t)callers[1] + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    while (filled < FILLERS && (fillers[filled] = dup(callers[1])) >= 0)
        filled++;
    assert_true(filled < FILLERS);
    work(callers[0]);
    work(callers[1]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(recv(callers[i], answer, sizeof(answer), MSG_DONTWAIT), -1);
        assert_int_equal(errno, ECONNRESET);
        close(callers[i]);
    }
    while (filled > 0)
        close(fillers[--filled]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_over_udp, begin, end),
        cmocka_unit_test_setup_teardown(an_ask_for_another_port_proves_nothing, begin, end),
        cmocka_unit_test_setup_teardown(answers_over_tcp_in_pieces, begin, end),
        cmocka_unit_test_setup_teardown(a_stranger_is_reset, begin, end),
        cmocka_unit_test_setup_teardown(a_silent_caller_does_not_stay, begin, end),
        cmocka_unit_test_setup_teardown(never_takes_a_port_in_use, begin, end),
        cmocka_unit_test_setup_teardown(many_callers, begin, end),
        cmocka_unit_test_setup_teardown(no_descriptor_left, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
