/* hazard: what probes leave from runs short: ports of a range, descriptors that sockets hold which nobody uses at the
 * moment. It is waited for; where others have it, it is our trouble and never the target's. On loopback. */
#include "engine.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/skip.h"

enum { TIMEOUT_MS = 1000, MOST = 32 };

static struct {
    struct probe_engine *engine;
    struct moment now;
    struct probe_result results[MOST];
    unsigned done;
    int server; /* UDP, and says nothing */
    uint16_t port;
} seen;

static int bound(int family, int type, uint16_t port)
{
    struct sockaddr_storage own = {0};
    socklen_t length = sizeof(struct sockaddr_in);
    int fd = socket(family, type | SOCK_CLOEXEC, 0);
    own.ss_family = (sa_family_t)family;
    if (family == AF_INET) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)&own;
        v4->sin_port = htons(port);
        v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&own;
        v6->sin6_port = htons(port);
        v6->sin6_addr = in6addr_loopback;
        length = sizeof(*v6);
    }
    if (fd >= 0 && bind(fd, (struct sockaddr *)&own, length) == 0)
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage own;
    socklen_t length = sizeof(own);
    uint16_t port = 0;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &length), 0);
    (void)address_from_sockaddr((struct sockaddr *)&own, &port);
    return port;
}

/* The first of `count` ports that nobody holds. */
static uint16_t free_range(unsigned count)
{
    for (uint16_t low = 23000; low < 32000; low = (uint16_t)(low + count)) {
        unsigned free = 0;
        while (free < count) {
            int udp = bound(AF_INET, SOCK_DGRAM, (uint16_t)(low + free));
            int tcp = bound(AF_INET, SOCK_STREAM, (uint16_t)(low + free));
            if (udp >= 0)
                (void)close(udp);
            if (tcp >= 0)
                (void)close(tcp);
            if (udp < 0 || tcp < 0)
                break;
            free++;
        }
        if (free == count)
            return low;
    }
    fail_msg("no ports are free");
    return 0;
}

static int setup(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof(seen));
    seen.now = (struct moment){.mono_ms = 1000000, .wall_ms = 1700000000000};
    seen.server = bound(AF_INET, SOCK_DGRAM, 0);
    assert_true(seen.server >= 0);
    seen.port = port_of(seen.server);
    return probe_engine_new(NULL, &seen.engine);
}

static int teardown(void **state)
{
    (void)state;
    probe_engine_free(seen.engine);
    (void)close(seen.server);
    return 0;
}

static void use_ports(uint16_t low, uint16_t high)
{
    probe_engine_set_limits(seen.engine, &(struct probe_limits){.source_port_low = low, .source_port_high = high});
}

static void on_done(void *context, const struct probe_request *request, const struct probe_result *result)
{
    (void)context;
    (void)request;
    assert_true(seen.done < MOST);
    seen.results[seen.done++] = *result;
}

static void add(const struct probe_kind *kind, const char *target, uint16_t port)
{
    struct probe_request request = {.kind = kind, .port = port, .timeout_ms = TIMEOUT_MS, .done = on_done};
    assert_int_equal(address_parse(target, &request.target), 0);
    assert_int_equal(probe_engine_add(seen.engine, &request), 0);
}

/* Moves the clock to what is next; a call that is answered is waited for. */
static void drive(unsigned done)
{
    for (int steps = 0; seen.done < done && steps < 1000; steps++) {
        (void)probe_engine_step(seen.engine, seen.now);
        struct pollfd ready = {.fd = probe_engine_fd(seen.engine), .events = POLLIN};
        if (seen.done >= done || poll(&ready, 1, 20) > 0)
            continue;
        int64_t next_ms = probe_engine_next_ms(seen.engine);
        if (next_ms < INT64_MAX && next_ms > seen.now.mono_ms)
            seen.now.mono_ms = next_ms;
    }
    assert_int_equal(seen.done, done);
}

static void more_probes_than_ports_take_turns(void **state)
{
    (void)state;
    uint16_t low = free_range(2);
    use_ports(low, (uint16_t)(low + 1));
    for (int i = 0; i < 7; i++)
        add(&probe_kind_udp, "127.0.0.1", seen.port);
    (void)probe_engine_step(seen.engine, seen.now);
    assert_int_equal(probe_engine_figures(seen.engine).running, 2);
    assert_true(probe_engine_figures(seen.engine).starved);
    drive(7);
    for (unsigned i = 0; i < 7; i++)
        assert_int_equal(seen.results[i].outcome, PROBE_SILENT);
}

static void ports_that_others_hold_are_our_trouble(void **state)
{
    (void)state;
    uint16_t low = free_range(2);
    int held[] = {bound(AF_INET, SOCK_DGRAM, low), bound(AF_INET, SOCK_DGRAM, (uint16_t)(low + 1))};
    use_ports(low, (uint16_t)(low + 1));
    add(&probe_kind_udp, "127.0.0.1", seen.port);
    drive(1);
    assert_int_equal(seen.results[0].outcome, PROBE_LOCAL);
    assert_int_equal(seen.results[0].reason, REASON_NO_SOURCE_PORT);
    (void)close(held[1]);
    add(&probe_kind_udp, "127.0.0.1", seen.port); /* one of them is free again */
    drive(2);
    assert_int_equal(seen.results[1].outcome, PROBE_SILENT);
    (void)close(held[0]);
}

/* What is cut off while it waited for a port says so. */
static void who_waited_for_a_port_to_the_end_says_so(void **state)
{
    (void)state;
    uint16_t low = free_range(1);
    use_ports(low, low);
    add(&probe_kind_udp, "127.0.0.1", seen.port);
    add(&probe_kind_udp, "127.0.0.1", seen.port);
    (void)probe_engine_step(seen.engine, seen.now);
    probe_engine_abort(seen.engine, NULL, REASON_DEADLINE, seen.now);
    assert_int_equal(seen.done, 2);
    assert_int_equal(seen.results[0].reason, REASON_DEADLINE);
    assert_int_equal(seen.results[1].reason, REASON_NO_SOURCE_PORT);
}

static void both_families_may_hold_a_port(void **state)
{
    (void)state;
    int server = bound(AF_INET6, SOCK_DGRAM, 0);
    if (server < 0)
        SKIP("this machine has no IPv6");
    uint16_t low = free_range(1);
    use_ports(low, low);
    add(&probe_kind_udp, "127.0.0.1", seen.port);
    add(&probe_kind_udp, "::1", port_of(server));
    (void)probe_engine_step(seen.engine, seen.now);
    assert_int_equal(probe_engine_figures(seen.engine).running, 2);
    (void)close(server);
}

/* Another program of ours calls the same port from the first of the range: that pair is taken. */
static void a_port_that_is_busy_with_the_target_is_passed_over(void **state)
{
    (void)state;
    const int on = 1;
    int server = bound(AF_INET, SOCK_STREAM, 0);
    assert_true(server >= 0);
    assert_int_equal(listen(server, 8), 0);
    uint16_t low = free_range(2), port = port_of(server);
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(low)}, target = own;
    target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    target.sin_port = htons(port);
    int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(other >= 0);
    assert_int_equal(setsockopt(other, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
    assert_int_equal(bind(other, (struct sockaddr *)&own, sizeof(own)), 0);
    assert_int_equal(connect(other, (struct sockaddr *)&target, sizeof(target)), 0);
    use_ports(low, (uint16_t)(low + 1));
    for (unsigned i = 1; i <= 4; i++) {
        add(&probe_kind_tcp, "127.0.0.1", port);
        drive(i);
        assert_int_equal(seen.results[i - 1].outcome, PROBE_OPEN);
    }
    use_ports(low, low);
    add(&probe_kind_tcp, "127.0.0.1", port);
    drive(5);
    assert_int_equal(seen.results[4].reason, REASON_NO_SOURCE_PORT);
    (void)close(other);
    (void)close(server);
}

/* A reload while probes are under way: their sockets are bound and marked as it was before. */
static void new_limits_hold_for_what_begins_after_them(void **state)
{
    (void)state;
    struct sockaddr_in client;
    socklen_t length = sizeof(client);
    char octets[16];
    add(&probe_kind_udp, "127.0.0.1", seen.port);
    (void)probe_engine_step(seen.engine, seen.now);
    assert_true(recv(seen.server, octets, sizeof(octets), 0) >= 0);
    add(&probe_kind_udp, "127.0.0.1", seen.port); /* waits in the queue meanwhile */
    uint16_t low = free_range(4);
    use_ports(low, (uint16_t)(low + 3));
    drive(2);
    add(&probe_kind_udp, "127.0.0.1", seen.port);
    add(&probe_kind_udp, "127.0.0.1", seen.port);
    drive(4);
    for (int i = 0; i < 3; i++) {
        assert_true(recvfrom(seen.server, octets, sizeof(octets), 0, (struct sockaddr *)&client, &length) >= 0);
        assert_in_range(ntohs(client.sin_port), low, low + 3);
    }
}

/* hazard: on the machine that the probes leave from, they look like listeners. */
static void what_probes_leave_from_is_known_and_not_kept(void **state)
{
    (void)state;
    uint64_t *inodes;
    size_t count;
    for (int i = 0; i < 3; i++)
        add(&probe_kind_udp, "127.0.0.1", seen.port);
    add(&probe_kind_tcp, "127.0.0.1", free_range(1));
    (void)probe_engine_step(seen.engine, seen.now);
    assert_int_equal(probe_engine_sockets(seen.engine, &inodes, &count), 0);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++)
        assert_true(inodes[i] != 0 && (i == 0 || inodes[i] > inodes[i - 1]));
    free(inodes);
    drive(4);
    assert_int_equal(probe_engine_sockets(seen.engine, &inodes, &count), 0);
    assert_int_equal(count, 0);
    assert_null(inodes);
}

/* So that an intrusion detector can tell our traffic: the class of service, over both families. */
static void datagrams_bear_the_class_that_was_asked_for(void **state)
{
    (void)state;
    const int on = 1;
    int v6 = bound(AF_INET6, SOCK_DGRAM, 0);
    if (v6 < 0)
        SKIP("this machine has no IPv6");
    assert_int_equal(setsockopt(seen.server, SOL_IP, IP_RECVTOS, &on, sizeof(on)), 0);
    assert_int_equal(setsockopt(v6, SOL_IPV6, IPV6_RECVTCLASS, &on, sizeof(on)), 0);
    probe_engine_set_limits(seen.engine, &(struct probe_limits){.dscp = 46});
    add(&probe_kind_udp, "127.0.0.1", seen.port);
    add(&probe_kind_udp, "::1", port_of(v6));
    (void)probe_engine_step(seen.engine, seen.now);
    const int servers[] = {seen.server, v6};
    for (int i = 0; i < 2; i++) {
        alignas(struct cmsghdr) unsigned char control[64];
        unsigned char octets[16];
        struct iovec vector = {octets, sizeof(octets)};
        struct msghdr message = {
            .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
        assert_true(recvmsg(servers[i], &message, 0) >= 0);
        const struct cmsghdr *item = CMSG_FIRSTHDR(&message);
        assert_non_null(item);
        int traffic_class = *CMSG_DATA(item); /* of IPv4 an octet */
        if (i == 1)
            memcpy(&traffic_class, CMSG_DATA(item), sizeof(traffic_class));
        assert_int_equal(traffic_class, 46 << 2);
    }
    (void)close(v6);
}

static int holder_start(struct probe *probe)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return fd < 0 ? -errno : probe_watch(probe, fd, EPOLLIN);
}

static void holder_on_ready(struct probe *probe, uint32_t events)
{
    (void)probe;
    (void)events;
    fail();
}

static const struct probe_kind holder = {
    .name = "holder", .summary = "holds one", .start = holder_start, .on_ready = holder_on_ready};

/* UDP sockets are given up as soon as nobody waits for anything; those of TCP are kept for the next. */
static void leave_idle_sockets(unsigned count)
{
    uint16_t closed = free_range(1);
    for (unsigned i = 0; i < count; i++)
        add(&probe_kind_tcp, "127.0.0.1", closed);
    drive(seen.done + count);
    assert_int_equal(probe_engine_figures(seen.engine).descriptors, count);
}

/* A kind that opens its own descriptor must not take what is kept for logs and the like. */
static void idle_sockets_make_room(void **state)
{
    (void)state;
    probe_engine_set_limits(seen.engine, &(struct probe_limits){.descriptors = 4});
    leave_idle_sockets(4);
    for (int i = 0; i < 4; i++)
        add(&holder, "127.0.0.1", 1);
    (void)probe_engine_step(seen.engine, seen.now);
    assert_int_equal(probe_engine_figures(seen.engine).running, 4);
    assert_int_equal(probe_engine_figures(seen.engine).descriptors, 4);
}

/* hazard: EMFILE */
static void idle_sockets_are_given_up_before_anybody_is(void **state)
{
    (void)state;
    struct rlimit before, none;
    leave_idle_sockets(4);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 3; /* every one that is open is beyond it */
    add(&holder, "127.0.0.1", 1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    (void)probe_engine_step(seen.engine, seen.now);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(probe_engine_figures(seen.engine).descriptors, 0);
    assert_int_equal(seen.results[4].reason, REASON_NO_DESCRIPTORS);
}

int main(void)
{
#define PORTS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        PORTS(more_probes_than_ports_take_turns),
        PORTS(ports_that_others_hold_are_our_trouble),
        PORTS(who_waited_for_a_port_to_the_end_says_so),
        PORTS(both_families_may_hold_a_port),
        PORTS(a_port_that_is_busy_with_the_target_is_passed_over),
        PORTS(new_limits_hold_for_what_begins_after_them),
        PORTS(what_probes_leave_from_is_known_and_not_kept),
        PORTS(datagrams_bear_the_class_that_was_asked_for),
        PORTS(idle_sockets_make_room),
        PORTS(idle_sockets_are_given_up_before_anybody_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
