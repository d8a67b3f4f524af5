/* The probes of the acceptance test over loopback: against the responder, and against others who know the key. */
#include "portconform/respond.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const struct acceptance_key key = {{7}}, another_key = {{8}};
static const struct address loopback = {.family = AF_INET, .octets = {127, 0, 0, 1}};

/* A socket that has a port by the kernel's choice. */
static int open_port(int type, uint16_t *ret_port)
{
    struct sockaddr_storage own;
    socklen_t length = address_to_sockaddr(&loopback, 0, &own);
    int fd = socket(AF_INET, type, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&own, length), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &length), 0);
    address_from_sockaddr((struct sockaddr *)&own, ret_port);
    return fd;
}

static void note(void *context, const struct probe_request *request, const struct probe_result *result)
{
    (void)request;
    *(struct probe_result *)context = *result;
}

/* Somebody who is asked over UDP, and answers as it likes. */
struct stranger {
    int fd;
    const struct acceptance_key *key;
    int port_off;         /* added to the port in its answer */
    const char *name;     /* that it gives */
    bool repeats_the_ask; /* and no more */
    bool other_nonce;
};

static void stranger_step(const struct stranger *stranger)
{
    uint8_t octets[ACCEPTANCE_LENGTH];
    struct acceptance_message message;
    struct sockaddr_storage caller;
    socklen_t length = sizeof(caller);
    if (recvfrom(stranger->fd, octets, sizeof(octets), MSG_DONTWAIT, (struct sockaddr *)&caller, &length) < 0)
        return;
    if (!stranger->repeats_the_ask) {
        assert_true(acceptance_open(octets, sizeof(octets), &key, &message));
        message.answer = true;
        message.port = (uint16_t)(message.port + stranger->port_off);
        message.nonce[0] ^= stranger->other_nonce;
        strncpy(message.name, stranger->name, ACCEPTANCE_NAME);
        assert_int_equal(acceptance_seal(&message, stranger->key, octets), 0);
    }
    assert_int_equal(sendto(stranger->fd, octets, sizeof(octets), 0, (struct sockaddr *)&caller, length),
                     sizeof(octets));
}

/* Asks once and lets both sides work until there is a result; the clock is moved to the deadline when nothing more
 * happens. */
static struct probe_result probe(enum transport transport, uint16_t port, const char *host_name,
                                 struct responder *responder, const struct stranger *stranger)
{
    enum { TIMEOUT_MS = 1000, QUIET_MS = 50 };
    const struct host host = {.name = host_name};
    struct probe_result result = {.outcome = PROBE_NOT_DONE};
    struct probe_engine *engine;
    const struct probe_request request = {
        .kind = transport == TRANSPORT_TCP ? &probe_kind_acceptance_tcp : &probe_kind_acceptance_udp,
        .target = loopback,
        .port = port,
        .host = &host,
        .timeout_ms = TIMEOUT_MS,
        .attempts = 1,
        .done = note,
        .context = &result,
    };
    acceptance_use_key(&key);
    assert_int_equal(probe_engine_new(NULL, &engine), 0);
    assert_int_equal(probe_engine_add(engine, &request), 0);
    struct moment now = moment_now();
    while (probe_engine_step(engine, now) > 0) {
        struct pollfd ready[] = {{.fd = probe_engine_fd(engine), .events = POLLIN},
                                 {.fd = responder ? responder_fd(responder) : -1, .events = POLLIN},
                                 {.fd = stranger ? stranger->fd : -1, .events = POLLIN}};
        if (poll(ready, 3, QUIET_MS) == 0)
            now.mono_ms += TIMEOUT_MS;
        if (responder)
            responder_step(responder, now);
        if (stranger)
            stranger_step(stranger);
    }
    probe_engine_free(engine);
    return result;
}

static struct probe_result probe_responder(enum transport transport, const struct acceptance_key *its_key,
                                           const char *its_host, const char *host)
{
    struct responder *responder;
    uint16_t port;
    close(open_port(transport == TRANSPORT_TCP ? SOCK_STREAM : SOCK_DGRAM, &port));
    assert_int_equal(responder_new(its_host, its_key, &responder), 0);
    assert_int_equal(responder_listen(responder, transport, &loopback, port), 0);
    struct probe_result result = probe(transport, port, host, responder, NULL);
    responder_free(responder);
    return result;
}

static void the_right_one_answers(void **state)
{
    (void)state;
    const enum transport transports[] = {TRANSPORT_TCP, TRANSPORT_UDP};
    for (size_t i = 0; i < 2; i++) {
        struct probe_result result = probe_responder(transports[i], &key, "mgr01", "mgr01");
        assert_int_equal(result.outcome, PROBE_OPEN);
        assert_true(result.service_proven);
        assert_false(result.wrong_protocol);
        assert_string_equal(result.detail, "the responder of mgr01 answered");
    }
}

/* Whoever redirects mgr01's port to mgr02 shows a way, but not the one that is asked for. */
static void the_responder_of_another_host_answers(void **state)
{
    (void)state;
    const enum transport transports[] = {TRANSPORT_TCP, TRANSPORT_UDP};
    for (size_t i = 0; i < 2; i++) {
        struct probe_result result = probe_responder(transports[i], &key, "mgr02", "mgr01");
        assert_int_equal(result.outcome, PROBE_OPEN);
        assert_true(result.wrong_protocol);
        assert_non_null(strstr(result.detail, "the responder of mgr02 answered"));
    }
}

static void long_names_are_compared_as_far_as_they_are_told(void **state)
{
    (void)state;
    static const char host[] = "a-name-that-is-longer-than-the-message-has-room-for";
    struct probe_result result = probe_responder(TRANSPORT_UDP, &key, host, host);
    assert_true(result.service_proven);
    assert_false(result.wrong_protocol);
}

static void another_key_proves_nothing(void **state)
{
    (void)state;
    struct probe_result result = probe_responder(TRANSPORT_UDP, &another_key, "mgr01", "mgr01");
    assert_int_equal(result.outcome, PROBE_SILENT);
    assert_true(result.answer_due);
    result = probe_responder(TRANSPORT_TCP, &another_key, "mgr01", "mgr01");
    assert_int_equal(result.outcome, PROBE_OPEN);
    assert_false(result.service_proven);
}

static struct probe_result probe_stranger(struct stranger stranger)
{
    uint16_t port;
    stranger.fd = open_port(SOCK_DGRAM, &port);
    struct probe_result result = probe(TRANSPORT_UDP, port, "mgr01", NULL, &stranger);
    close(stranger.fd);
    return result;
}

static void answers_from_a_port_that_was_not_asked(void **state)
{
    (void)state;
    struct probe_result result = probe_stranger((struct stranger){.key = &key, .name = "mgr01", .port_off = 1});
    assert_int_equal(result.outcome, PROBE_OPEN);
    assert_true(result.wrong_protocol);
}

static void what_is_no_answer_is_none(void **state)
{
    (void)state;
    const struct stranger strangers[] = {
        {.key = &key, .name = "mgr01", .repeats_the_ask = true},
        {.key = &key, .name = "mgr01", .other_nonce = true},
        {.key = &another_key, .name = "mgr01"},
    };
    for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
        struct probe_result result = probe_stranger(strangers[i]);
        assert_int_equal(result.outcome, PROBE_SILENT);
        assert_false(result.service_proven);
    }
}

/* The name is the other side's to choose. */
static void names_are_escaped(void **state)
{
    (void)state;
    struct probe_result result = probe_stranger((struct stranger){.key = &key, .name = "\033[2J\n"});
    assert_true(result.wrong_protocol);
    assert_null(strpbrk(result.detail, "\033\n"));
    assert_non_null(strstr(result.detail, "\\x1b[2J\\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_one_answers),
        cmocka_unit_test(the_responder_of_another_host_answers),
        cmocka_unit_test(long_names_are_compared_as_far_as_they_are_told),
        cmocka_unit_test(another_key_proves_nothing),
        cmocka_unit_test(answers_from_a_port_that_was_not_asked),
        cmocka_unit_test(what_is_no_answer_is_none),
        cmocka_unit_test(names_are_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
