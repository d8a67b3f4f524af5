/* Names: from files, from a DNS server of our own on loopback, and against the deadline. */
#include "lookup.h"

#include "portconform/clock.h"
#include "portconform/error.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { TYPE_A = 1, TYPE_AAAA = 28, CODE_NXDOMAIN = 3, CODE_SERVFAIL = 2 };

/* What the server does with every question. */
enum behaviour { ANSWERS, DENIES, FAILS, IS_SILENT, V4_ONLY };

static struct {
    int fd;
    enum behaviour behaviour;
    char address[40];
    pthread_t thread;
} server;

/* Header and question are the query's own; the answers point to its name. */
static size_t make_answer(uint8_t *message, size_t length, enum behaviour behaviour)
{
    static const uint8_t v4[2][4] = {{192, 0, 2, 20}, {192, 0, 2, 10}};
    static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
    unsigned type = message[length - 3];
    message[2] |= 0x80;
    message[3] = 0x80;
    if (behaviour == DENIES || behaviour == FAILS) {
        message[3] |= behaviour == DENIES ? CODE_NXDOMAIN : CODE_SERVFAIL;
        return length;
    }
    unsigned answers = type == TYPE_A ? 3 : behaviour == V4_ONLY ? 0 : 1;
    message[7] = (uint8_t)answers;
    for (unsigned i = 0; i < answers; i++) {
        uint8_t octets = type == TYPE_A ? 4 : 16;
        const uint8_t head[] = {0xc0, 12, 0, (uint8_t)type, 0, 1, 0, 0, 0, 60, 0, octets};
        memcpy(message + length, head, sizeof(head));
        memcpy(message + length + sizeof(head), type == TYPE_A ? v4[i % 2] : v6, octets);
        length += sizeof(head) + octets;
    }
    return length;
}

/* Ends at an empty datagram. */
static void *serve(void *context)
{
    (void)context;
    for (;;) {
        uint8_t message[512];
        struct sockaddr_in peer;
        socklen_t peer_length = sizeof(peer);
        ssize_t got = recvfrom(server.fd, message, 256, 0, (struct sockaddr *)&peer, &peer_length);
        if (got <= 0)
            return NULL;
        if (server.behaviour == IS_SILENT)
            continue;
        size_t cut = (size_t)got;
        if (message[11]) { /* without the query's additional record (EDNS) */
            message[11] = 0;
            cut -= 11;
        }
        size_t length = make_answer(message, cut, server.behaviour);
        (void)sendto(server.fd, message, length, 0, (struct sockaddr *)&peer, peer_length);
    }
}

static void start_server(enum behaviour behaviour)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(own);
    server.behaviour = behaviour;
    server.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(server.fd >= 0);
    assert_int_equal(bind(server.fd, (struct sockaddr *)&own, sizeof(own)), 0);
    assert_int_equal(getsockname(server.fd, (struct sockaddr *)&own, &length), 0);
    (void)snprintf(server.address, sizeof(server.address), "127.0.0.1:%u", ntohs(own.sin_port));
    assert_int_equal(pthread_create(&server.thread, NULL, serve, NULL), 0);
}

static void stop_server(void)
{
    struct sockaddr_in own;
    socklen_t length = sizeof(own);
    assert_int_equal(getsockname(server.fd, (struct sockaddr *)&own, &length), 0);
    assert_int_equal(sendto(server.fd, "", 0, 0, (struct sockaddr *)&own, length), 0);
    assert_int_equal(pthread_join(server.thread, NULL), 0);
    (void)close(server.fd);
}

static int lookup_by_server(const char *name, unsigned timeout_ms, struct address **ret)
{
    struct names_surroundings surroundings = {.servers = server.address, .sources = "b"};
    return names_lookup_in(&surroundings, name, timeout_ms, ret);
}

static void assert_address(const struct address *address, const char *expected)
{
    char text[ADDRESS_TEXT];
    assert_string_equal(address_format(address, text, sizeof(text)), expected);
}

static void both_families_sorted_and_each_once(void **state)
{
    (void)state;
    struct address *addresses = NULL;
    start_server(ANSWERS);
    int count = lookup_by_server("mgr01.example.jp", 5000, &addresses);
    stop_server();
    assert_int_equal(count, 3);
    assert_address(&addresses[0], "192.0.2.10");
    assert_address(&addresses[1], "192.0.2.20");
    assert_address(&addresses[2], "2001:db8::1");
    free(addresses);
}

static void one_family_is_enough(void **state)
{
    (void)state;
    struct address *addresses = NULL;
    start_server(V4_ONLY);
    int count = lookup_by_server("mgr01.example.jp", 5000, &addresses);
    stop_server();
    assert_int_equal(count, 2);
    assert_address(&addresses[1], "192.0.2.20");
    free(addresses);
}

static void no_such_name(void **state)
{
    (void)state;
    struct address *addresses = NULL;
    start_server(DENIES);
    int result = lookup_by_server("nobody.example.jp", 5000, &addresses);
    stop_server();
    assert_int_equal(result, -ENOENT);
    assert_null(addresses);
}

static void a_failing_server_is_not_an_absent_name(void **state)
{
    (void)state;
    struct address *addresses = NULL;
    start_server(FAILS);
    int result = lookup_by_server("mgr01.example.jp", 5000, &addresses);
    stop_server();
    assert_true(result < 0);
    assert_int_not_equal(result, -ENOENT);
    assert_null(addresses);
}

static void a_silent_server_ends_at_the_deadline(void **state)
{
    (void)state;
    struct address *addresses = NULL;
    start_server(IS_SILENT);
    int64_t before = moment_now().mono_ms;
    int result = lookup_by_server("mgr01.example.jp", 100, &addresses);
    int64_t took = moment_now().mono_ms - before;
    stop_server();
    assert_int_equal(result, PC_EDEADLINE);
    assert_null(addresses);
    assert_in_range(took, 100, 5000);
}

static void localhost_needs_no_server(void **state)
{
    (void)state;
    struct address *addresses = NULL;
    struct names_surroundings files = {.sources = "f"};
    int count = names_lookup_in(&files, "localhost", 2000, &addresses);
    assert_true(count >= 1);
    for (int i = 0; i < count; i++)
        assert_true(address_is_loopback(&addresses[i]));
    free(addresses);
    addresses = NULL;
    assert_true(names_lookup_in(&files, "nobody.invalid", 2000, &addresses) < 0);
}

static void an_address_is_a_name_of_itself(void **state)
{
    (void)state;
    struct address *addresses = NULL;
    assert_int_equal(names_lookup("2001:db8::7", 2000, &addresses), 1);
    assert_address(&addresses[0], "2001:db8::7");
    free(addresses);
}

static void names_that_cannot_be(void **state)
{
    (void)state;
    char label[300];
    struct address *addresses = NULL;
    memset(label, 'x', sizeof(label) - 1);
    label[sizeof(label) - 1] = '\0';
    assert_true(names_lookup(label, 1000, &addresses) < 0);
    assert_true(names_lookup("", 1000, &addresses) < 0);
    assert_true(names_lookup("a..b", 1000, &addresses) < 0);
    assert_null(addresses);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_families_sorted_and_each_once),
        cmocka_unit_test(one_family_is_enough),
        cmocka_unit_test(no_such_name),
        cmocka_unit_test(a_failing_server_is_not_an_absent_name),
        cmocka_unit_test(a_silent_server_ends_at_the_deadline),
        cmocka_unit_test(localhost_needs_no_server),
        cmocka_unit_test(an_address_is_a_name_of_itself),
        cmocka_unit_test(names_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
