/* The kinds on loopback: real sockets, and a clock that the test moves. */
#include "engine.h"
#include "payload.h"

#include "portconform/text.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/skip.h"

enum { TIMEOUT_MS = 3000, PATIENCE_MS = 5000 };

static const struct moment start = {.mono_ms = 1000000, .wall_ms = 1700000000000};

static struct {
    struct probe_engine *engine;
    struct probe_result result;
    unsigned done;
} seen;

static int setup(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof(seen));
    return probe_engine_new(NULL, &seen.engine);
}

static int teardown(void **state)
{
    (void)state;
    probe_engine_free(seen.engine);
    return 0;
}

static void on_done(void *context, const struct probe_request *request, const struct probe_result *result)
{
    (void)context;
    (void)request;
    seen.result = *result;
    seen.done++;
}

static struct moment after(int64_t ms)
{
    return (struct moment){start.mono_ms + ms, start.wall_ms + ms};
}

static void add(const struct probe_kind *kind, const char *target, uint16_t port, const char *service)
{
    struct probe_request request = {
        .kind = kind, .port = port, .timeout_ms = TIMEOUT_MS, .attempts = 3, .done = on_done};
    assert_int_equal(address_parse(target, &request.target), 0);
    request.service = service ? service_find(service) : NULL;
    assert_int_equal(probe_engine_add(seen.engine, &request), 0);
    probe_engine_step(seen.engine, start);
}

/* Sockets are kept while anybody waits for anything. */
static void keep_busy(void)
{
    struct probe_request request = {
        .kind = &probe_kind_tcp, .port = 1, .timeout_ms = TIMEOUT_MS, .delay_ms = 100 * TIMEOUT_MS, .done = on_done};
    assert_int_equal(address_parse("127.0.0.1", &request.target), 0);
    assert_int_equal(probe_engine_add(seen.engine, &request), 0);
}

/* Waits for readiness, not for time: the engine's clock stands still. */
static void wait_for_end(void)
{
    while (seen.done == 0) {
        struct pollfd ready = {.fd = probe_engine_fd(seen.engine), .events = POLLIN};
        if (poll(&ready, 1, PATIENCE_MS) <= 0)
            fail_msg("nothing happens");
        probe_engine_step(seen.engine, start);
    }
}

static void assert_ended(enum probe_outcome outcome, enum reason reason)
{
    assert_int_equal(seen.done, 1);
    assert_string_equal(probe_outcome_name(seen.result.outcome), probe_outcome_name(outcome));
    assert_string_equal(reason_row(seen.result.reason)->name, reason_row(reason)->name);
}

/* A bound socket of ours on loopback. */
static int open_server(const char *address, int type, uint16_t *ret_port)
{
    struct address own;
    struct sockaddr_storage sockaddr;
    assert_int_equal(address_parse(address, &own), 0);
    socklen_t length = address_to_sockaddr(&own, 0, &sockaddr);
    int fd = socket(own.family, type | SOCK_CLOEXEC, 0);
    if (own.family == AF_INET6 && (fd < 0 || bind(fd, (struct sockaddr *)&sockaddr, length))) {
        SKIP("this machine has no IPv6");
    }
    assert_true(fd >= 0);
    if (own.family == AF_INET)
        assert_int_equal(bind(fd, (struct sockaddr *)&sockaddr, length), 0);
    length = sizeof(sockaddr);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sockaddr, &length), 0);
    (void)address_from_sockaddr((struct sockaddr *)&sockaddr, ret_port);
    return fd;
}

static void tcp_open(void **state)
{
    (void)state;
    uint16_t port;
    int server = open_server("127.0.0.1", SOCK_STREAM, &port);
    assert_int_equal(listen(server, 5), 0);
    add(&probe_kind_tcp, "127.0.0.1", port, NULL);
    wait_for_end();
    assert_ended(PROBE_OPEN, REASON_ACCEPTED);
    assert_true(seen.result.sign_of_life);
    assert_true(seen.result.path_local);
    assert_false(seen.result.service_proven);
    assert_true(seen.result.rtt_us > 0);
    assert_int_equal(seen.result.attempts, 1);
    assert_int_equal(seen.result.sent.mono_ms, start.mono_ms);
    (void)close(server);
}

/* As the kinds connect that go on to say something. */
static const struct probe_kind *whole_handshake(void)
{
    static struct probe_kind kind;
    kind = probe_kind_tcp;
    kind.start = probe_tcp_start;
    return &kind;
}

static void tcp_ends_with_a_reset(void **state)
{
    (void)state;
    uint16_t port;
    int server = open_server("127.0.0.1", SOCK_STREAM, &port);
    assert_int_equal(listen(server, 5), 0);
    add(whole_handshake(), "127.0.0.1", port, NULL);
    wait_for_end();
    assert_ended(PROBE_OPEN, REASON_ACCEPTED);
    int connection = accept(server, NULL, NULL);
    char octet;
    assert_true(connection >= 0);
    assert_int_equal(recv(connection, &octet, 1, 0), -1);
    assert_int_equal(errno, ECONNRESET);
    (void)close(connection);
    (void)close(server);
}

/* The reset goes out in place of the handshake's last ACK, unless this process was kept waiting for 200 ms just then.
 */
static void tcp_leaves_nothing_in_the_accept_queue(void **state)
{
    (void)state;
    enum { PROBES = 20 };
    uint16_t port;
    int server = open_server("127.0.0.1", SOCK_STREAM, &port);
    assert_int_equal(listen(server, PROBES), 0);
    for (int i = 0; i < PROBES; i++) {
        seen.done = 0;
        add(&probe_kind_tcp, "127.0.0.1", port, NULL);
        wait_for_end();
        assert_int_equal(seen.result.outcome, PROBE_OPEN);
    }
    struct tcp_info info;
    socklen_t length = sizeof(info);
    assert_int_equal(getsockopt(server, SOL_TCP, TCP_INFO, &info, &length), 0);
    assert_in_range(info.tcpi_unacked, 0, PROBES / 2); /* of a listener: who waits to be accepted */
    (void)close(server);
}

static void tcp_open_ipv6(void **state)
{
    (void)state;
    uint16_t port;
    int server = open_server("::1", SOCK_STREAM, &port);
    assert_int_equal(listen(server, 5), 0);
    add(&probe_kind_tcp, "::1", port, NULL);
    wait_for_end();
    assert_ended(PROBE_OPEN, REASON_ACCEPTED);
    (void)close(server);
}

static void tcp_refused(void **state)
{
    (void)state;
    uint16_t port;
    int server = open_server("127.0.0.1", SOCK_STREAM, &port); /* bound, so that nobody else listens there */
    add(&probe_kind_tcp, "127.0.0.1", port, NULL);
    if (seen.done == 0)
        wait_for_end();
    assert_ended(PROBE_REFUSED, REASON_RST);
    assert_true(seen.result.sign_of_life);
    assert_false(seen.result.icmp.seen);
    assert_int_equal(seen.result.error, ECONNREFUSED);
    (void)close(server);
}

static void udp_closed_by_the_error_queue(void **state)
{
    (void)state;
    uint16_t port;
    int server = open_server("127.0.0.1", SOCK_DGRAM, &port);
    (void)close(server);
    add(&probe_kind_udp, "127.0.0.1", port, NULL);
    wait_for_end();
    assert_ended(PROBE_REFUSED, REASON_PORT_UNREACHABLE);
    assert_true(seen.result.sign_of_life);
    assert_true(seen.result.icmp.seen);
    assert_int_equal(seen.result.icmp.type, 3);
    assert_int_equal(seen.result.icmp.code, 3);
    assert_true(address_is_loopback(&seen.result.icmp.offender));
}

/* A socket that keeps no reports: the errno is all there is, and the result says so. */
static int start_without_reports(struct probe *probe)
{
    const struct probe_request *request = probe_request_of(probe);
    struct sockaddr_storage target;
    socklen_t length = address_to_sockaddr(&request->target, request->port, &target);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&target, length), 0);
    assert_int_equal(send(fd, "", 0, 0), 0);
    return probe_watch(probe, fd, EPOLLIN);
}

static void read_error_alone(struct probe *probe, uint32_t events)
{
    assert_true(events & EPOLLERR);
    assert_true(probe_read_error(probe, probe_fd(probe), 0));
}

static void an_errno_alone_says_so(void **state)
{
    (void)state;
    static const struct probe_kind kind = {
        .name = "bare", .start = start_without_reports, .on_ready = read_error_alone};
    uint16_t port;
    int server = open_server("127.0.0.1", SOCK_DGRAM, &port);
    (void)close(server);
    add(&kind, "127.0.0.1", port, NULL);
    wait_for_end();
    assert_ended(PROBE_REFUSED, REASON_PORT_UNREACHABLE);
    assert_false(seen.result.icmp.seen);
    assert_false(seen.result.sign_of_life); /* nobody told who sent it */
    assert_int_equal(seen.result.error, ECONNREFUSED);
    assert_string_equal(seen.result.detail, "by the error ECONNREFUSED alone: the kernel kept no ICMP message");
}

static void udp_closed_ipv6(void **state)
{
    (void)state;
    uint16_t port;
    int server = open_server("::1", SOCK_DGRAM, &port);
    (void)close(server);
    add(&probe_kind_udp, "::1", port, NULL);
    wait_for_end();
    assert_ended(PROBE_REFUSED, REASON_PORT_UNREACHABLE);
    assert_int_equal(seen.result.icmp.type, 1);
    assert_int_equal(seen.result.icmp.code, 4);
}

/* Three attempts at 0, 1/3 and 2/3 of the time-out, then silence. */
static void udp_silent_after_its_attempts(void **state)
{
    (void)state;
    uint16_t port;
    int server = open_server("127.0.0.1", SOCK_DGRAM, &port);
    add(&probe_kind_udp, "127.0.0.1", port, "none");
    assert_int_equal(probe_engine_next_ms(seen.engine), start.mono_ms + 1000);
    probe_engine_step(seen.engine, after(1000));
    assert_int_equal(probe_engine_next_ms(seen.engine), start.mono_ms + 2000);
    probe_engine_step(seen.engine, after(2000));
    assert_int_equal(probe_engine_next_ms(seen.engine), start.mono_ms + 3000);
    assert_int_equal(probe_engine_step(seen.engine, after(3000)), 0);
    assert_ended(PROBE_SILENT, REASON_SILENT);
    assert_int_equal(seen.result.attempts, 3);
    assert_int_equal(seen.result.sent.mono_ms, start.mono_ms + 2000);
    assert_false(seen.result.sign_of_life);
    for (int i = 0; i < 3; i++) {
        char octet;
        assert_int_equal(recv(server, &octet, 1, MSG_DONTWAIT), 0); /* empty datagrams */
    }
    (void)close(server);
}

struct udp_server {
    int fd;
    uint16_t port;
    uint8_t request[512];
    size_t length;
    struct sockaddr_storage client; /* where the request came from */
};

static void take_request(struct udp_server *server)
{
    socklen_t length = sizeof(server->client);
    ssize_t got =
        recvfrom(server->fd, server->request, sizeof(server->request), 0, (struct sockaddr *)&server->client, &length);
    assert_true(got >= 0);
    server->length = (size_t)got;
}

/* A server that a probe has asked for this service. */
static struct udp_server udp_asked(const char *service)
{
    struct udp_server server = {.fd = -1};
    server.fd = open_server("127.0.0.1", SOCK_DGRAM, &server.port);
    add(&probe_kind_udp, "127.0.0.1", server.port, service);
    take_request(&server);
    return server;
}

static void answer_from(int server, const struct sockaddr_storage *client, const void *octets, size_t length)
{
    ssize_t sent = sendto(server, octets, length, 0, (const struct sockaddr *)client, sizeof(struct sockaddr_in));
    assert_int_equal(sent, length);
}

static void answer(const struct udp_server *server, const void *octets, size_t length)
{
    answer_from(server->fd, &server->client, octets, length);
}

static void udp_answer_proves_the_service(void **state)
{
    (void)state;
    struct udp_server server = udp_asked("dns");
    answer(&server, "noise", 5); /* the right answer wins over what came before */
    server.request[2] |= 0x80;
    answer(&server, server.request, server.length);
    wait_for_end();
    assert_ended(PROBE_OPEN, REASON_UDP_ANSWER);
    assert_true(seen.result.service_proven);
    assert_false(seen.result.wrong_protocol);
    assert_true(seen.result.sign_of_life);
    assert_true(seen.result.path_local);
    (void)close(server.fd);
}

/* An answer and a report about another attempt, both waiting when we look. */
static void udp_answer_is_not_undone_by_a_report(void **state)
{
    (void)state;
    struct sockaddr_in gone = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct udp_server server = udp_asked("dns");
    server.request[2] |= 0x80;
    answer(&server, server.request, server.length);
    (void)close(server.fd);
    gone.sin_port = htons(server.port);
    int fd = probe_fd(CONTAINER_OF(probe_heap_top(&seen.engine->running), struct probe, member));
    assert_int_equal(sendto(fd, "", 0, 0, (struct sockaddr *)&gone, sizeof(gone)), 0);
    wait_for_end();
    assert_ended(PROBE_OPEN, REASON_UDP_ANSWER);
    assert_true(seen.result.sign_of_life);
    assert_false(seen.result.icmp.seen);
}

static void udp_answer_in_another_protocol(void **state)
{
    (void)state;
    struct udp_server server = udp_asked("dns");
    server.request[0] ^= 0xff; /* a foreign id */
    server.request[2] |= 0x80;
    answer(&server, server.request, server.length);
    wait_for_end();
    assert_ended(PROBE_OPEN, REASON_WRONG_PROTOCOL);
    assert_true(seen.result.wrong_protocol);
    assert_false(seen.result.service_proven);
    /* with what was seen, escaped */
    assert_int_equal(strncmp(seen.result.detail, "answered, but not as dns does: \"", 32), 0);
    assert_non_null(strstr(seen.result.detail, "\\x81\\x00\\x00\\x01\\x00"));
    (void)close(server.fd);
}

static uint16_t port_of(const struct sockaddr_storage *client)
{
    uint16_t port;
    (void)address_from_sockaddr((const struct sockaddr *)client, &port);
    return port;
}

/* hazard: the answer to a question of yesterday, on a socket that is used again, must not look like an impostor's */
static void udp_late_answer_to_an_earlier_probe_is_no_wrong_protocol(void **state)
{
    (void)state;
    struct udp_server server = udp_asked("dns");
    struct udp_server early = server;
    keep_busy();
    probe_engine_step(seen.engine, after(TIMEOUT_MS));
    assert_ended(PROBE_SILENT, REASON_SILENT);
    seen.done = 0;
    add(&probe_kind_udp, "127.0.0.1", server.port, "dns");
    take_request(&server);
    assert_int_equal(port_of(&server.client), port_of(&early.client)); /* otherwise this test shows nothing */
    early.request[2] |= 0x80;
    answer(&early, early.request, early.length);
    struct pollfd ready = {.fd = server.fd, .events = POLLIN};
    while (poll(&ready, 1, 0) == 0) {
        struct pollfd answered = {.fd = probe_engine_fd(seen.engine), .events = POLLIN};
        assert_int_equal(poll(&answered, 1, PATIENCE_MS), 1);
        probe_engine_step(seen.engine, start);
        assert_int_equal(seen.done, 0);
    }
    take_request(&server);
    assert_int_not_equal(port_of(&server.client), port_of(&early.client));
    server.request[2] |= 0x80;
    answer(&server, server.request, server.length);
    wait_for_end();
    assert_ended(PROBE_OPEN, REASON_UDP_ANSWER);
    assert_true(seen.result.service_proven);
    (void)close(server.fd);
}

/* The same socket, and an impostor that answers everything in its own way: found out all the same. */
static void udp_wrong_protocol_is_found_on_a_socket_used_again(void **state)
{
    (void)state;
    struct udp_server server = udp_asked("dns");
    keep_busy();
    probe_engine_step(seen.engine, after(TIMEOUT_MS));
    seen.done = 0;
    add(&probe_kind_udp, "127.0.0.1", server.port, "dns");
    for (int i = 0; i < 2; i++) {
        take_request(&server);
        answer(&server, "noise", 5);
        struct pollfd answered = {.fd = probe_engine_fd(seen.engine), .events = POLLIN};
        assert_int_equal(poll(&answered, 1, PATIENCE_MS), 1);
        probe_engine_step(seen.engine, start);
    }
    assert_ended(PROBE_OPEN, REASON_WRONG_PROTOCOL);
    assert_true(seen.result.wrong_protocol);
    (void)close(server.fd);
}

static void udp_any_answer_opens_an_unknown_protocol(void **state)
{
    (void)state;
    struct udp_server server = udp_asked("radius");
    assert_int_equal(server.length, 0);
    answer(&server, "", 0);
    wait_for_end();
    assert_ended(PROBE_OPEN, REASON_UDP_ANSWER);
    assert_false(seen.result.service_proven);
    assert_false(seen.result.wrong_protocol);
    (void)close(server.fd);
}

/* hostile peers: wrong-source UDP */
static void udp_answer_from_elsewhere_is_left_aside(void **state)
{
    (void)state;
    uint16_t other_port;
    int other_address = open_server("127.0.0.2", SOCK_DGRAM, &other_port);
    int other = open_server("127.0.0.1", SOCK_DGRAM, &other_port);
    struct udp_server server = udp_asked("dns");
    server.request[2] |= 0x80;
    answer_from(other_address, &server.client, server.request, server.length);
    answer_from(other, &server.client, server.request, server.length);
    probe_engine_step(seen.engine, start);
    assert_int_equal(seen.done, 0);
    probe_engine_step(seen.engine, after(TIMEOUT_MS));
    assert_ended(PROBE_SILENT, REASON_SILENT);
    assert_false(seen.result.sign_of_life);
    (void)close(server.fd);
    (void)close(other_address);
    (void)close(other);
}

static void udp_tftp_answers_from_a_port_of_its_own(void **state)
{
    (void)state;
    static const char error[] = "\0\5\0\1File not found";
    uint16_t other_port;
    int transfer = open_server("127.0.0.1", SOCK_DGRAM, &other_port);
    struct udp_server server = udp_asked("tftp");
    assert_true(server.length > 0);
    answer_from(transfer, &server.client, error, sizeof(error));
    wait_for_end();
    assert_ended(PROBE_OPEN, REASON_UDP_ANSWER);
    assert_true(seen.result.service_proven);
    (void)close(server.fd);
    (void)close(transfer);
}

/* hostile peers: a flood of datagrams does not hold the engine, and the deadline stands. */
static void udp_flood_ends_at_the_deadline(void **state)
{
    (void)state;
    uint16_t other_port;
    int other = open_server("127.0.0.1", SOCK_DGRAM, &other_port);
    struct udp_server server = udp_asked("dns");
    for (int i = 0; i < 200; i++)
        answer_from(other, &server.client, "x", 1);
    probe_engine_step(seen.engine, start);
    assert_int_equal(seen.done, 0);
    assert_int_equal(probe_engine_step(seen.engine, after(TIMEOUT_MS)), 0);
    assert_ended(PROBE_SILENT, REASON_SILENT);
    (void)close(server.fd);
    (void)close(other);
}

static void a_source_that_is_not_ours(void **state)
{
    (void)state;
    struct probe_request request = {.kind = &probe_kind_tcp, .port = 9, .timeout_ms = 1000, .done = on_done};
    assert_int_equal(address_parse("127.0.0.1", &request.target), 0);
    assert_int_equal(address_parse("192.0.2.77", &request.source), 0);
    assert_int_equal(probe_engine_add(seen.engine, &request), 0);
    assert_int_equal(probe_engine_step(seen.engine, start), 0);
    assert_ended(PROBE_LOCAL, REASON_NO_SOURCE_ADDRESS);
    seen.done = 0;
    assert_int_equal(address_parse("::1", &request.source), 0); /* nor one of the other family */
    assert_int_equal(probe_engine_add(seen.engine, &request), 0);
    assert_int_equal(probe_engine_step(seen.engine, start), 0);
    assert_ended(PROBE_LOCAL, REASON_NO_SOURCE_ADDRESS);
}

/* Real EMFILE: one descriptor is left, so the probes go one by one, and none ends as our trouble. */
static void with_one_descriptor_left_probes_go_one_by_one(void **state)
{
    (void)state;
    enum { PROBES = 5 };
    uint16_t port;
    struct rlimit before, low;
    int server = open_server("127.0.0.1", SOCK_DGRAM, &port);
    struct address loopback;
    assert_int_equal(address_parse("127.0.0.1", &loopback), 0);
    int next = dup(0); /* the lowest free one */
    assert_true(next >= 0);
    (void)close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    low = (struct rlimit){.rlim_cur = (rlim_t)next + 1, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    for (int i = 0; i < PROBES; i++) {
        struct probe_request request = {
            .kind = &probe_kind_udp, .target = loopback, .port = port, .timeout_ms = TIMEOUT_MS, .done = on_done};
        assert_int_equal(probe_engine_add(seen.engine, &request), 0);
    }
    for (int i = 0; i < PROBES; i++) {
        assert_int_equal(probe_engine_step(seen.engine, after((int64_t)i * TIMEOUT_MS)), PROBES - i);
        assert_int_equal(seen.done, i);
    }
    assert_int_equal(probe_engine_step(seen.engine, after((int64_t)PROBES * TIMEOUT_MS)), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(seen.done, PROBES);
    assert_int_equal(seen.result.outcome, PROBE_SILENT);
    (void)close(server);
}

/* Ping sockets may be permitted here or not; both ends are told rightly. */
static void icmp_echo_or_no_permission(void **state)
{
    (void)state;
    int permitted = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    add(&probe_kind_icmp, "127.0.0.1", 0, NULL);
    if (permitted < 0) {
        assert_ended(PROBE_LOCAL, REASON_NO_PERMISSION);
        return;
    }
    (void)close(permitted);
    if (seen.done == 0)
        wait_for_end();
    assert_ended(PROBE_OPEN, REASON_SERVICE_PROVEN);
    assert_true(seen.result.sign_of_life);
}

static void capabilities_are_told_in_a_line(void **state)
{
    (void)state;
    struct text text = {0};
    const struct probe_capabilities here = probe_capabilities();
    assert_true(here.ipv4 || here.ipv6);
    assert_true(here.descriptors > 2);
    probe_capabilities_format(&text,
                              &(struct probe_capabilities){.ipv4 = true, .icmp_of_udp = true, .descriptors = 64});
    assert_string_equal(text_string(&text), "IPv4 alone; who refused is told for UDP; no ICMP echo "
                                            "(net.ipv4.ping_group_range does not permit it); 64 descriptors");
    text_done(&text);
}

/* One socket after the other to an open and a closed port: what one call leaves behind is not taken for the next. */
static void recycled_sockets_keep_nothing(void **state)
{
    (void)state;
    uint16_t open_port, closed_port;
    int server = open_server("127.0.0.1", SOCK_STREAM, &open_port);
    assert_int_equal(listen(server, 5), 0);
    int other = open_server("127.0.0.1", SOCK_STREAM, &closed_port);
    (void)close(other);
    for (int i = 0; i < 6; i++) {
        seen.done = 0;
        add(&probe_kind_tcp, "127.0.0.1", i % 2 ? closed_port : open_port, NULL);
        wait_for_end();
        assert_int_equal(seen.result.outcome, i % 2 ? PROBE_REFUSED : PROBE_OPEN);
        assert_int_equal(seen.result.reason, i % 2 ? REASON_RST : REASON_ACCEPTED);
    }
    assert_int_equal(probe_engine_figures(seen.engine).descriptors, 1);
    (void)close(server);
}

static void source_ports_and_class_are_as_asked(void **state)
{
    (void)state;
    uint16_t port;
    int server = open_server("127.0.0.1", SOCK_STREAM, &port);
    assert_int_equal(listen(server, 5), 0);
    const struct probe_limits limits = {.dscp = 8, .source_port_low = 41000, .source_port_high = 41099};
    probe_engine_set_limits(seen.engine, &limits);
    add(whole_handshake(), "127.0.0.1", port, NULL);
    wait_for_end();
    assert_int_equal(seen.result.outcome, PROBE_OPEN);
    struct sockaddr_in caller;
    socklen_t length = sizeof(caller);
    int call = accept(server, (struct sockaddr *)&caller, &length);
    assert_true(call >= 0);
    assert_in_range(ntohs(caller.sin_port), 41000, 41099);
    (void)close(call);
    (void)close(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tcp_open, setup, teardown),
        cmocka_unit_test_setup_teardown(tcp_ends_with_a_reset, setup, teardown),
        cmocka_unit_test_setup_teardown(tcp_leaves_nothing_in_the_accept_queue, setup, teardown),
        cmocka_unit_test_setup_teardown(tcp_open_ipv6, setup, teardown),
        cmocka_unit_test_setup_teardown(tcp_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(udp_closed_by_the_error_queue, setup, teardown),
        cmocka_unit_test_setup_teardown(an_errno_alone_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(udp_closed_ipv6, setup, teardown),
        cmocka_unit_test_setup_teardown(udp_silent_after_its_attempts, setup, teardown),
        cmocka_unit_test_setup_teardown(udp_answer_proves_the_service, setup, teardown),
        cmocka_unit_test_setup_teardown(udp_answer_is_not_undone_by_a_report, setup, teardown),
        cmocka_unit_test_setup_teardown(udp_answer_in_another_protocol, setup, teardown),
        cmocka_unit_test_setup_teardown(udp_late_answer_to_an_earlier_probe_is_no_wrong_protocol, setup, teardown),
        cmocka_unit_test_setup_teardown(udp_wrong_protocol_is_found_on_a_socket_used_again, setup, teardown),
        cmocka_unit_test_setup_teardown(udp_any_answer_opens_an_unknown_protocol, setup, teardown),
        cmocka_unit_test_setup_teardown(udp_answer_from_elsewhere_is_left_aside, setup, teardown),
        cmocka_unit_test_setup_teardown(udp_tftp_answers_from_a_port_of_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(udp_flood_ends_at_the_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(a_source_that_is_not_ours, setup, teardown),
        cmocka_unit_test_setup_teardown(with_one_descriptor_left_probes_go_one_by_one, setup, teardown),
        cmocka_unit_test_setup_teardown(icmp_echo_or_no_permission, setup, teardown),
        cmocka_unit_test_setup_teardown(recycled_sockets_keep_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(source_ports_and_class_are_as_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(capabilities_are_told_in_a_line, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
