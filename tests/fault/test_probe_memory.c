/* Every allocation of the probe engine fails once, under real sockets on loopback: what could not be added says so, and
 * what was added ends once, as it would have or by our own trouble. */
#include "portconform/probe.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "fail_at.h"

enum { PROBES = 24, TIMEOUT_MS = 1000 };

static struct {
    int servers[2]; /* TCP accepts by its kernel alone; UDP is silent */
    uint16_t ports[2];
    unsigned done[PROBES];
    enum probe_outcome outcomes[PROBES];
    enum reason reasons[PROBES];
} seen;

static void open_server(int type, int *ret_fd, uint16_t *ret_port)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(own);
    *ret_fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    assert_true(*ret_fd >= 0);
    assert_int_equal(bind(*ret_fd, (struct sockaddr *)&own, length), 0);
    assert_int_equal(getsockname(*ret_fd, (struct sockaddr *)&own, &length), 0);
    *ret_port = ntohs(own.sin_port);
    if (type == SOCK_STREAM)
        assert_int_equal(listen(*ret_fd, 4096), 0);
}

static void on_done(void *context, const struct probe_request *request, const struct probe_result *result)
{
    (void)request;
    size_t index = (size_t)(uintptr_t)context;
    seen.done[index]++;
    seen.outcomes[index] = result->outcome;
    seen.reasons[index] = result->reason;
}

/* Of both transports, several addresses, some one after the other, some later. */
static struct probe_request request_of(size_t index)
{
    const bool tcp = index % 2 == 0;
    struct probe_request request = {
        .kind = tcp ? &probe_kind_tcp : &probe_kind_udp,
        .target = {.family = AF_INET, .octets = {127, 0, 0, 1}},
        .port = seen.ports[tcp ? 0 : 1],
        .timeout_ms = TIMEOUT_MS,
        .attempts = 2,
        .delay_ms = index % 5 == 4 ? 10 : 0,
        .uses = {{.listener = 1 + index % 3}, {.listener = 10, .limit = 4}},
        .done = on_done,
        .context = (void *)(uintptr_t)index,
    };
    request.target.octets[3] = (uint8_t)(1 + index % 4);
    if (request.target.octets[3] != 1)
        request.port = 1; /* the servers are at the first; nobody is here */
    return request;
}

static void drive(struct probe_engine *engine, struct moment now)
{
    for (int steps = 0; probe_engine_step(engine, now) > 0; steps++) {
        struct pollfd ready = {.fd = probe_engine_fd(engine), .events = POLLIN};
        assert_true(steps < 10000);
        if (poll(&ready, 1, 1) > 0)
            continue;
        int64_t next_ms = probe_engine_next_ms(engine);
        if (next_ms < INT64_MAX && next_ms > now.mono_ms)
            now.mono_ms = next_ms;
    }
}

static bool is_own_trouble(size_t index)
{
    return seen.outcomes[index] == PROBE_LOCAL && seen.reasons[index] == REASON_NO_MEMORY;
}

/* Returns how many were refused, or ended for want of memory. */
static size_t run(size_t n, bool *ret_failed, enum probe_outcome usual[PROBES])
{
    struct probe_engine *engine = NULL;
    size_t troubled = 0;
    bool added[PROBES] = {false};
    memset(seen.done, 0, sizeof(seen.done));
    fail_at(n);
    int r = probe_engine_new(NULL, &engine);
    for (size_t i = 0; r == 0 && i < PROBES; i++) {
        const struct probe_request request = request_of(i);
        int error = probe_engine_add(engine, &request);
        assert_true(error == 0 || error == -ENOMEM);
        added[i] = error == 0;
    }
    if (r == 0)
        drive(engine, (struct moment){.mono_ms = 1000000, .wall_ms = 1700000000000});
    *ret_failed = fail_at_happened;
    fail_at(0);
    if (r < 0)
        assert_int_equal(r, -ENOMEM);
    probe_engine_free(engine);
    for (size_t i = 0; i < PROBES; i++) {
        assert_int_equal(seen.done[i], added[i]);
        if (usual && added[i] && !is_own_trouble(i))
            assert_int_equal(seen.outcomes[i], usual[i]);
        troubled += !added[i] || is_own_trouble(i);
    }
    return troubled;
}

static void test_every_allocation_of_the_engine(void **state)
{
    (void)state;
    bool failed;
    enum probe_outcome usual[PROBES];
    open_server(SOCK_STREAM, &seen.servers[0], &seen.ports[0]);
    open_server(SOCK_DGRAM, &seen.servers[1], &seen.ports[1]);
    assert_int_equal(run(0, &failed, NULL), 0);
    memcpy(usual, seen.outcomes, sizeof(usual));
    assert_int_equal(usual[0], PROBE_OPEN);
    assert_int_equal(usual[2], PROBE_REFUSED);
    size_t failures = 0, troubled = 0;
    for (size_t n = 1;; n++) {
        troubled += run(n, &failed, usual);
        if (!failed)
            break;
        failures++;
    }
    assert_true(failures > PROBES);
    assert_true(troubled >= PROBES);
    (void)close(seen.servers[0]);
    (void)close(seen.servers[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation_of_the_engine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
