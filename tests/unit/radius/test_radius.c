/* RADIUS messages: octets of our own making, from the formulas of RFC 2865 section 3 and RFC 3579 section 3.2 by a
 * script that knows nothing of the code under test; and answers that this test seals in its own way, so that nothing
 * but what it wants to be wrong is wrong. The same over a socket: what the probe ends as. */
#include "portconform/probe_radius.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { IDENTIFIER = 0x88, HEADER = 20, DIGEST = 16 };

static const char secret[] = "ours-alone";
static const struct udp_ask ask = {.nonce = 0x1122334455667788, .secret = secret};

static const uint8_t request[] = {0x0c, 0x88, 0x00, 0x33, 0x1d, 0xce, 0x66, 0x04, 0x59, 0x1e, 0xfb, 0x43, 0x9d,
                                  0x5e, 0x87, 0x41, 0x8a, 0x1d, 0x00, 0xdb, 0x50, 0x12, 0xc0, 0xe6, 0xf8, 0xc8,
                                  0x93, 0x8b, 0x4a, 0x29, 0x11, 0x1a, 0xbb, 0xd7, 0xbc, 0x86, 0x12, 0x34, 0x20,
                                  0x0d, 0x70, 0x6f, 0x72, 0x74, 0x63, 0x6f, 0x6e, 0x66, 0x6f, 0x72, 0x6d};
static const uint8_t accept_message[] = {0x02, 0x88, 0x00, 0x14, 0x43, 0x50, 0xb2, 0x06, 0x23, 0x2c,
                                         0xc0, 0xe6, 0x5b, 0x3f, 0xcd, 0xd2, 0x87, 0x6e, 0x19, 0x99};
static const uint8_t accounting[] = {0x05, 0x88, 0x00, 0x2a, 0x5e, 0xec, 0x86, 0x88, 0xea, 0x9d, 0x84,
                                     0xf2, 0x19, 0x45, 0x30, 0x62, 0xd9, 0xb1, 0xa6, 0x98, 0x50, 0x12,
                                     0xe4, 0x90, 0x19, 0x99, 0xec, 0x11, 0xbc, 0xa9, 0x96, 0x40, 0xfb,
                                     0xe5, 0x58, 0x98, 0x7b, 0x2e, 0x12, 0x04, 0x75, 0x70};

/* In memory of its exact size, so that reading beyond it is seen. */
static int answers(const uint8_t *octets, size_t length, const struct udp_ask *to)
{
    uint8_t *copy = malloc(length ? length : 1);
    assert_non_null(copy);
    memcpy(copy, octets, length);
    int result = udp_payload_answers(&udp_payload_radius, to, copy, length);
    free(copy);
    return result;
}

/* --- answers as a server makes them --------------------------------------------------------------------------------
 */

struct answer {
    uint8_t octets[8192];
    size_t length;
};

/* The header, attributes as they are, and the response authenticator to `asked`; the first Message-Authenticator among
 * them, at `sealed_at`, is filled before. 0: there is none. */
static struct answer make_answer(uint8_t code, const uint8_t *attributes, size_t length, size_t sealed_at,
                                 const uint8_t *asked, const char *key)
{
    struct answer answer = {.length = HEADER + length};
    const uint8_t header[] = {code, asked[1], (uint8_t)(answer.length >> 8), (uint8_t)answer.length};
    uint8_t digest[DIGEST];
    EVP_MD_CTX *md5 = EVP_MD_CTX_new();
    assert_non_null(md5);
    memcpy(answer.octets, header, sizeof(header));
    memcpy(answer.octets + 4, asked + 4, DIGEST);
    if (length)
        memcpy(answer.octets + HEADER, attributes, length);
    if (sealed_at) {
        assert_non_null(HMAC(EVP_md5(), key, (int)strlen(key), answer.octets, answer.length, digest, NULL));
        memcpy(answer.octets + sealed_at, digest, DIGEST);
    }
    assert_true(EVP_DigestInit_ex(md5, EVP_md5(), NULL) && EVP_DigestUpdate(md5, answer.octets, answer.length) &&
                EVP_DigestUpdate(md5, key, strlen(key)) && EVP_DigestFinal_ex(md5, digest, NULL));
    EVP_MD_CTX_free(md5);
    memcpy(answer.octets + 4, digest, DIGEST);
    return answer;
}

static int answers_made(uint8_t code, const uint8_t *attributes, size_t length)
{
    struct answer answer = make_answer(code, attributes, length, 0, request, secret);
    return answers(answer.octets, answer.length, &ask);
}

/* --- the message ---------------------------------------------------------------------------------------------------
 */

static void the_request_is_a_sealed_status_server(void **state)
{
    (void)state;
    uint8_t buffer[512];
    assert_int_equal(udp_payload_build(&udp_payload_radius, &ask, buffer, sizeof(buffer)), sizeof(request));
    assert_memory_equal(buffer, request, sizeof(request));
    for (size_t size = 0; size < sizeof(request); size++)
        assert_int_equal(udp_payload_build(&udp_payload_radius, &ask, buffer, size), 0);
    const struct udp_ask another = {.nonce = ask.nonce + 256, .secret = secret};
    assert_int_equal(udp_payload_build(&udp_payload_radius, &another, buffer, sizeof(buffer)), sizeof(request));
    assert_int_equal(buffer[1], IDENTIFIER); /* the identifier repeats, the authenticator does not */
    assert_memory_not_equal(buffer + 4, request + 4, DIGEST);
}

static void authentication_and_accounting_servers_answer(void **state)
{
    (void)state;
    assert_int_equal(answers(accept_message, sizeof(accept_message), &ask), 1);
    assert_int_equal(answers(accounting, sizeof(accounting), &ask), 1);
}

static void what_is_cut_changed_or_for_another_is_none(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < sizeof(accounting); cut++)
        assert_int_equal(answers(accounting, cut, &ask), 0);
    for (size_t bit = 0; bit < sizeof(accounting) * 8; bit++) {
        uint8_t changed[sizeof(accounting)];
        memcpy(changed, accounting, sizeof(changed));
        changed[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (answers(changed, sizeof(changed), &ask) != 0)
            fail_msg("bit %zu may be changed", bit);
    }
    const struct udp_ask others[] = {{.nonce = ask.nonce, .secret = "ours-alon"},
                                     {.nonce = ask.nonce, .secret = "ours-alone "},
                                     {.nonce = ask.nonce, .secret = ""},
                                     {.nonce = ask.nonce + 1, .secret = secret},    /* another identifier */
                                     {.nonce = ask.nonce + 256, .secret = secret}}; /* the same, of another request */
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_int_equal(answers(accounting, sizeof(accounting), &others[i]), 0);
    assert_int_equal(answers(request, sizeof(request), &ask), 0); /* reflected */
}

static void padding_is_left_aside_and_lengths_are_bounded(void **state)
{
    (void)state;
    static uint8_t large[5000];
    uint8_t padded[sizeof(accept_message) + 7] = {0};
    memcpy(padded, accept_message, sizeof(accept_message));
    assert_int_equal(answers(padded, sizeof(padded), &ask), 1);
    for (size_t at = 0; at < sizeof(large); at += 250) {
        large[at] = 18;
        large[at + 1] = 250;
    }
    assert_int_equal(answers_made(2, large, 4000), 1);
    assert_int_equal(answers_made(2, large, 4250), 0); /* more than 4096 octets, though well sealed */
    struct answer answer = make_answer(2, large, 500, 0, request, secret);
    answer.octets[2] = answer.octets[3] = 0xff;
    assert_int_equal(answers(answer.octets, answer.length, &ask), 0);
    answer.octets[2] = 0;
    answer.octets[3] = HEADER - 1;
    assert_int_equal(answers(answer.octets, answer.length, &ask), 0);
}

/* All of them well sealed: it is the attributes that are refused. */
static void hostile_attributes_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t length;
        uint8_t octets[40];
    } hostile[] = {
        {1, {18}},                                        /* no length */
        {2, {18, 0}},                                     /* goes nowhere */
        {2, {18, 1}},                                     /* shorter than its own header */
        {3, {18, 4, 'x'}},                                /* ends beyond the message */
        {5, {18, 3, 'x', 18, 255}},                       /* the second one does */
        {4, {80, 4, 0, 0}},                               /* a seal of two octets */
        {2, {80, 2}},                                     /* of none */
        {18, {80, 18}},                                   /* that is not one */
        {36, {[0] = 80, [1] = 18, [18] = 80, [19] = 18}}, /* two of them */
    };
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++)
        if (answers_made(2, hostile[i].octets, hostile[i].length) != 0)
            fail_msg("hostile attributes %zu are taken", i);
    assert_int_equal(answers_made(2, (const uint8_t[]){18, 2}, 2), 1); /* an empty one is whole */
    for (int code = 0; code < 256; code++)
        assert_int_equal(answers_made((uint8_t)code, NULL, 0), code == 2 || code == 3 || code == 5 || code == 11);
    static const uint8_t sealed[] = {18, 2, 80, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    struct answer answer = make_answer(2, sealed, sizeof(sealed), HEADER + 4, request, secret);
    assert_int_equal(answers(answer.octets, answer.length, &ask), 1);
}

/* --- the probe -----------------------------------------------------------------------------------------------------
 */

struct seen {
    bool ended;
    struct probe_result result;
};

static void note(void *context, const struct probe_request *asked, const struct probe_result *result)
{
    struct seen *seen = context;
    (void)asked;
    seen->ended = true;
    seen->result = *result;
}

static int open_server(uint16_t *ret_port)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(own);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &length), 0);
    *ret_port = ntohs(own.sin_port);
    return fd;
}

/* One probe with the secret `ours`; the server seals its answer with `theirs`, or is silent (NULL). */
static struct probe_result look(const char *ours, const char *theirs, size_t *ret_asked)
{
    struct seen seen = {0};
    struct probe_engine *engine;
    struct moment now = moment_now();
    struct sockaddr_in client;
    socklen_t client_length = sizeof(client);
    uint8_t asked[512] = {0};
    struct probe_request wanted = {.kind = &probe_kind_radius,
                                   .service = service_find("radius"),
                                   .secret = ours,
                                   .timeout_ms = 1000,
                                   .attempts = 1,
                                   .done = note,
                                   .context = &seen};
    int server = open_server(&wanted.port);
    assert_int_equal(address_parse("127.0.0.1", &wanted.target), 0);
    assert_int_equal(probe_engine_new(&(struct probe_limits){0}, &engine), 0);
    assert_int_equal(probe_engine_add(engine, &wanted), 0);
    (void)probe_engine_step(engine, now);
    ssize_t got = recvfrom(server, asked, sizeof(asked), 0, (struct sockaddr *)&client, &client_length);
    assert_true(got >= 0);
    *ret_asked = (size_t)got;
    if (theirs) {
        struct answer answer = make_answer(2, NULL, 0, 0, asked, theirs);
        assert_int_equal(sendto(server, answer.octets, answer.length, 0, (struct sockaddr *)&client, client_length),
                         answer.length); /* over loopback it has arrived when this returns */
    } else {
        now.mono_ms += wanted.timeout_ms;
    }
    (void)probe_engine_step(engine, now);
    assert_true(seen.ended);
    probe_engine_free(engine);
    (void)close(server);
    return seen.result;
}

static void the_secret_decides(void **state)
{
    (void)state;
    size_t asked;
    struct probe_result result = look("ours", "ours", &asked);
    assert_int_equal(asked, sizeof(request));
    assert_int_equal(result.outcome, PROBE_OPEN);
    assert_int_equal(result.reason, REASON_UDP_ANSWER);
    assert_true(result.service_proven);
    result = look("ours", "another", &asked);
    assert_int_equal(result.outcome, PROBE_OPEN);
    assert_int_equal(result.reason, REASON_WRONG_PROTOCOL);
    assert_true(result.wrong_protocol);
    assert_false(result.service_proven);
    assert_int_equal(strncmp(result.detail, "answered, but not as radius with our secret does: \"", 51), 0);
    result = look("ours", NULL, &asked);
    assert_int_equal(result.outcome, PROBE_SILENT);
    assert_non_null(strstr(result.detail, "other secrets get no answer"));
}

static void without_a_secret_nothing_is_claimed(void **state)
{
    (void)state;
    size_t asked;
    struct probe_result result = look(NULL, NULL, &asked);
    assert_int_equal(asked, 0); /* an empty datagram */
    assert_int_equal(result.outcome, PROBE_SILENT);
    assert_non_null(strstr(result.detail, "without the secret"));
    result = look(NULL, "ours", &asked);
    assert_int_equal(result.outcome, PROBE_OPEN);
    assert_false(result.service_proven);
    assert_false(result.wrong_protocol);
}

static void it_serves_radius_alone(void **state)
{
    (void)state;
    size_t count;
    const struct service *services = service_table(&count);
    assert_false(probe_radius_serves(NULL));
    for (size_t i = 0; i < count; i++)
        assert_int_equal(probe_radius_serves(&services[i]), services[i].keyed);
    assert_true(probe_kind_radius.keyed);
}

static void the_manual_tells_it(void **state)
{
    (void)state;
    enum { PAGE_MAX = 256 * 1024 };
    char wanted[256], *page = calloc(1, PAGE_MAX);
    FILE *file = fopen(PC_SOURCE_DIR "/docs/portconform-guide.5", "re");
    assert_non_null(page);
    assert_non_null(file);
    size_t length = fread(page, 1, PAGE_MAX - 1, file);
    (void)fclose(file);
    assert_in_range(length, 1, PAGE_MAX - 2);
    (void)snprintf(wanted, sizeof(wanted), ".It Sy %s\n%s.\n", udp_payload_radius.service, udp_payload_radius.source);
    assert_non_null(strstr(page, wanted));
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_is_a_sealed_status_server),
        cmocka_unit_test(authentication_and_accounting_servers_answer),
        cmocka_unit_test(what_is_cut_changed_or_for_another_is_none),
        cmocka_unit_test(padding_is_left_aside_and_lengths_are_bounded),
        cmocka_unit_test(hostile_attributes_are_refused),
        cmocka_unit_test(the_secret_decides),
        cmocka_unit_test(without_a_secret_nothing_is_claimed),
        cmocka_unit_test(it_serves_radius_alone),
        cmocka_unit_test(the_manual_tells_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
