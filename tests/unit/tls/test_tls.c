/* The TLS probe against peers in this process: a real server with a key and certificate made here, and hostile ones. */
#include "portconform/probe_tls.h"
#include "portconform/site.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { TIMEOUT_MS = 3000, PATIENCE_MS = 10000, DAY_S = 24 * 60 * 60 };

static const struct moment start = {.mono_ms = 1000000, .wall_ms = 1700000000000};

static struct {
    int listener;
    uint16_t port;
    pthread_t thread;
    unsigned calls;      /* that were taken */
    unsigned more_calls; /* that are taken, after the first */
    SSL_CTX *context;
    sem_t said;         /* the peer has said all that it will say */
    char seen_name[64]; /* SNI of the last handshake */
    char ca_file[32];   /* "": none is demanded */
    struct host host;
    const struct service *service;
    struct probe_engine *engine;
    struct probe_result result;
    unsigned done;
} bed;

/* --- the server's side ------------------------------------------------------------------------------------------- */

struct subject {
    const char *common_name; /* NULL: none */
    int length;              /* of it; -1: a string */
    const char *dns;         /* NULL: none */
    int from_day, to_day;    /* relative to `start` */
};

static X509 *make_certificate(EVP_PKEY *key, const struct subject *subject)
{
    X509 *certificate = X509_new();
    assert_non_null(certificate);
    time_t now = (time_t)(start.wall_ms / 1000);
    assert_int_equal(X509_set_version(certificate, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1), 1);
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(certificate), now + (time_t)subject->from_day * DAY_S));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(certificate), now + (time_t)subject->to_day * DAY_S + 60));
    X509_NAME *name = X509_get_subject_name(certificate);
    if (subject->common_name)
        assert_int_equal(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                                    (const unsigned char *)subject->common_name, subject->length, -1,
                                                    0),
                         1);
    assert_int_equal(X509_set_issuer_name(certificate, name), 1);
    if (subject->dns) {
        char value[80];
        (void)snprintf(value, sizeof(value), "DNS:%s", subject->dns);
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, value);
        assert_non_null(extension);
        assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
        X509_EXTENSION_free(extension);
    }
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    return certificate;
}

static int note_name(SSL *ssl, int *alert, void *context)
{
    (void)alert;
    (void)context;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    (void)snprintf(bed.seen_name, sizeof(bed.seen_name), "%s", name ? name : "");
    return SSL_TLSEXT_ERR_OK;
}

static void make_context(const struct subject *subject)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    assert_non_null(key);
    X509 *certificate = make_certificate(key, subject);
    bed.context = SSL_CTX_new(TLS_server_method());
    assert_non_null(bed.context);
    SSL_CTX_set_security_level(bed.context, 0);
    assert_int_equal(SSL_CTX_use_certificate(bed.context, certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(bed.context, key), 1);
    (void)SSL_CTX_set_tlsext_servername_callback(bed.context, note_name);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void serve_tls(int peer)
{
    SSL *ssl = SSL_new(bed.context);
    char octet;
    if (!ssl)
        return;
    SSL_set_fd(ssl, peer);
    if (SSL_accept(ssl) == 1)
        (void)SSL_read(ssl, &octet, 1);
    SSL_free(ssl);
}

/* Asks for another handshake when it has heard a request. */
static void serve_renegotiation(int peer)
{
    SSL *ssl = SSL_new(bed.context);
    char request[1024];
    if (!ssl)
        return;
    SSL_set_fd(ssl, peer);
    if (SSL_accept(ssl) == 1 && SSL_read(ssl, request, sizeof(request)) > 0) {
        (void)SSL_renegotiate(ssl);
        (void)SSL_do_handshake(ssl);
        (void)SSL_read(ssl, request, sizeof(request));
    }
    SSL_free(ssl);
}

static void send_text(int peer, const void *octets, size_t length)
{
    (void)send(peer, octets, length, MSG_NOSIGNAL);
}

static void wait_for_close(int peer)
{
    char buffer[512];
    while (recv(peer, buffer, sizeof(buffer), 0) > 0)
        continue;
}

static void serve_banner(int peer)
{
    static const char banner[] = "220 mgr01 ready | \x1b[31m\r\n";
    send_text(peer, banner, sizeof(banner) - 1);
    wait_for_close(peer);
}

static void serve_endless_banner(int peer)
{
    static const char line[] = "all work and no play\r\n";
    while (send(peer, line, sizeof(line) - 1, MSG_NOSIGNAL) > 0)
        continue;
}

/* Records of TLS that never become a handshake. */
static void serve_endless_records(int peer)
{
    static const char record[] = "\x16\x03\x03\x40\x00";
    static const unsigned char content[0x4000] = {2, 0x00, 0xff, 0xff};
    while (send(peer, record, 5, MSG_NOSIGNAL) > 0 && send(peer, content, sizeof(content), MSG_NOSIGNAL) > 0)
        continue;
}

static void serve_http_answer(int peer)
{
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    send_text(peer, answer, sizeof(answer) - 1);
}

static void serve_http(int peer)
{
    char request[1024];
    if (recv(peer, request, sizeof(request), 0) > 0)
        serve_http_answer(peer);
    wait_for_close(peer);
}

static void serve_nothing(int peer)
{
    (void)sem_post(&bed.said);
    wait_for_close(peer);
}

/* One octet of a TLS record, and no more until the client has given up. */
static void serve_drip(int peer)
{
    send_text(peer, "\x16", 1);
    (void)sem_post(&bed.said);
    wait_for_close(peer);
}

static void serve_plain_drip(int peer)
{
    send_text(peer, "2", 1);
    (void)sem_post(&bed.said);
    wait_for_close(peer);
}

static void serve_close(int peer)
{
    char hello[1024];
    (void)recv(peer, hello, sizeof(hello), 0);
}

static void serve_reset(int peer)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    char hello[1024];
    (void)recv(peer, hello, sizeof(hello), 0);
    (void)setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
}

/* As a server of HTTP that closes on whatever is no request. */
static void serve_plain_http_alone(int peer)
{
    char request[1024];
    ssize_t got = recv(peer, request, sizeof(request), 0);
    if (got > 4 && memcmp(request, "GET ", 4) == 0)
        serve_http_answer(peer);
}

static void serve_reset_in_the_middle(int peer)
{
    send_text(peer, "\x16\x03\x03\x01", 4);
    serve_reset(peer);
}

static void serve_short_text(int peer)
{
    send_text(peer, "no\n", 3);
    (void)sem_post(&bed.said);
    wait_for_close(peer);
}

static void (*behaviour)(int peer);

static void *serve_one(void *context)
{
    sigset_t pipe_signal;
    (void)context;
    /* the library writes to closed connections; only in this thread: the probe must do without */
    (void)sigemptyset(&pipe_signal);
    (void)sigaddset(&pipe_signal, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
    for (unsigned calls = 0; calls < 1 + bed.more_calls; calls++) {
        int peer = accept(bed.listener, NULL, NULL);
        if (peer < 0)
            return NULL;
        bed.calls++;
        behaviour(peer);
        (void)close(peer);
    }
    return NULL;
}

/* --- the probe's side -------------------------------------------------------------------------------------------- */

static void on_done(void *context, const struct probe_request *request, const struct probe_result *result)
{
    (void)context;
    (void)request;
    bed.result = *result;
    bed.done++;
}

static int setup(void **state)
{
    (void)state;
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(own);
    memset(&bed, 0, sizeof(bed));
    bed.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bed.listener < 0 || bind(bed.listener, (struct sockaddr *)&own, length) || listen(bed.listener, 4) ||
        getsockname(bed.listener, (struct sockaddr *)&own, &length))
        return -1;
    bed.port = ntohs(own.sin_port);
    if (sem_init(&bed.said, 0, 0))
        return -1;
    return probe_engine_new(NULL, &bed.engine);
}

static int teardown(void **state)
{
    (void)state;
    probe_engine_free(bed.engine);
    SSL_CTX_free(bed.context);
    if (bed.ca_file[0])
        (void)unlink(bed.ca_file);
    (void)sem_destroy(&bed.said);
    return close(bed.listener);
}

static void begin(void (*how)(int peer), const char *server_name)
{
    struct probe_request request = {.kind = &probe_kind_tls,
                                    .port = bed.port,
                                    .service = bed.service,
                                    .server_name = server_name,
                                    .host = &bed.host,
                                    .ca_file = bed.ca_file[0] ? bed.ca_file : NULL,
                                    .timeout_ms = TIMEOUT_MS,
                                    .done = on_done};
    assert_int_equal(address_parse("127.0.0.1", &request.target), 0);
    behaviour = how;
    assert_int_equal(pthread_create(&bed.thread, NULL, serve_one, NULL), 0);
    assert_int_equal(probe_engine_add(bed.engine, &request), 0);
    probe_engine_step(bed.engine, start);
}

static bool wait_ready(int patience_ms)
{
    struct pollfd ready = {.fd = probe_engine_fd(bed.engine), .events = POLLIN};
    return poll(&ready, 1, patience_ms) > 0;
}

static void finish(enum probe_outcome outcome, enum reason reason)
{
    while (bed.done == 0) {
        if (!wait_ready(PATIENCE_MS))
            fail_msg("nothing happens");
        probe_engine_step(bed.engine, start);
    }
    assert_int_equal(pthread_join(bed.thread, NULL), 0);
    assert_string_equal(probe_outcome_name(bed.result.outcome), probe_outcome_name(outcome));
    assert_string_equal(reason_row(bed.result.reason)->name, reason_row(reason)->name);
    assert_true(bed.result.sign_of_life);
    assert_true(bed.result.rtt_us > 0);
}

/* The peer has said what it says, the probe has read it, and then the time is over. */
static void finish_by_deadline(enum reason reason)
{
    assert_int_equal(sem_wait(&bed.said), 0);
    assert_true(wait_ready(PATIENCE_MS));
    probe_engine_step(bed.engine, start); /* connected; our hello leaves */
    probe_engine_step(bed.engine, start); /* what came is read */
    assert_int_equal(bed.done, 0);
    struct moment late = {start.mono_ms + TIMEOUT_MS, start.wall_ms + TIMEOUT_MS};
    assert_int_equal(probe_engine_step(bed.engine, late), 0);
    finish(PROBE_OPEN, reason);
}

static const struct subject mgr01 = {.common_name = "mgr01", .length = -1, .from_day = -1, .to_day = 12};

static void tells_version_name_and_days(void **state)
{
    (void)state;
    make_context(&mgr01);
    begin(serve_tls, "mgr01.example.jp");
    finish(PROBE_OPEN, REASON_SERVICE_PROVEN);
    assert_true(bed.result.service_proven);
    assert_false(bed.result.wrong_protocol);
    assert_true(bed.result.path_local);
    assert_string_equal(bed.result.detail, "TLS 1.3, certificate CN=mgr01, 12 days left");
    assert_string_equal(bed.seen_name, "mgr01.example.jp");
}

static void the_dot_of_the_root_is_no_part_of_a_server_name(void **state)
{
    (void)state;
    make_context(&mgr01);
    begin(serve_tls, "mgr01.example.jp.");
    finish(PROBE_OPEN, REASON_SERVICE_PROVEN);
    assert_string_equal(bed.seen_name, "mgr01.example.jp");
}

static void an_old_version_is_told_not_judged(void **state)
{
    (void)state;
    make_context(&mgr01);
    assert_int_equal(SSL_CTX_set_min_proto_version(bed.context, TLS1_VERSION), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(bed.context, TLS1_VERSION), 1);
    begin(serve_tls, NULL);
    finish(PROBE_OPEN, REASON_SERVICE_PROVEN);
    assert_string_equal(bed.result.detail, "TLS 1, certificate CN=mgr01, 12 days left");
    assert_string_equal(bed.seen_name, "");
}

static void a_literal_address_is_no_server_name(void **state)
{
    (void)state;
    make_context(&mgr01);
    begin(serve_tls, "192.0.2.1");
    finish(PROBE_OPEN, REASON_SERVICE_PROVEN);
    assert_string_equal(bed.seen_name, "");
}

static void an_expired_certificate_still_proves_the_service(void **state)
{
    (void)state;
    static const struct subject expired = {.common_name = "mgr01", .length = -1, .from_day = -30, .to_day = -4};
    make_context(&expired);
    begin(serve_tls, NULL);
    finish(PROBE_OPEN, REASON_SERVICE_PROVEN);
    assert_string_equal(bed.result.detail, "TLS 1.3, certificate CN=mgr01, expired 3 days ago");
}

static void a_certificate_without_common_name(void **state)
{
    (void)state;
    static const struct subject subject = {.dns = "mgr01.example.jp", .from_day = -1, .to_day = 1};
    make_context(&subject);
    begin(serve_tls, NULL);
    finish(PROBE_OPEN, REASON_SERVICE_PROVEN);
    assert_string_equal(bed.result.detail, "TLS 1.3, certificate DNS:mgr01.example.jp, 1 day left");
}

static void a_certificate_without_any_name(void **state)
{
    (void)state;
    static const struct subject subject = {.from_day = -1, .to_day = 1};
    make_context(&subject);
    begin(serve_tls, NULL);
    finish(PROBE_OPEN, REASON_SERVICE_PROVEN);
    assert_string_equal(bed.result.detail, "TLS 1.3, certificate without a name, 1 day left");
}

/* hostile peers: ESC and newline in what a peer says */
static void a_hostile_certificate_name_is_escaped(void **state)
{
    (void)state;
    static const struct subject subject = {.common_name = "a\n\x1b[2J\0b", .length = 8, .from_day = -1, .to_day = 12};
    make_context(&subject);
    begin(serve_tls, NULL);
    finish(PROBE_OPEN, REASON_SERVICE_PROVEN);
    assert_string_equal(bed.result.detail, "TLS 1.3, certificate CN=a\\n\\x1b[2J\\x00b, 12 days left");
}

static void a_plain_banner_is_told(void **state)
{
    (void)state;
    begin(serve_banner, NULL);
    finish(PROBE_OPEN, REASON_TLS_EXPECTED);
    assert_true(bed.result.wrong_protocol);
    assert_false(bed.result.service_proven);
    assert_string_equal(bed.result.detail, "no TLS, but \"220 mgr01 ready | \\x1b[31m\\r\\n\"");
}

static void plain_http_is_told(void **state)
{
    (void)state;
    begin(serve_http, NULL);
    finish(PROBE_OPEN, REASON_TLS_EXPECTED);
    assert_true(bed.result.wrong_protocol);
    assert_int_equal(strncmp(bed.result.detail, "no TLS, but \"HTTP/1.1 400 Bad Request", 37), 0);
}

static void an_endless_banner_ends_at_once(void **state)
{
    (void)state;
    begin(serve_endless_banner, NULL);
    finish(PROBE_OPEN, REASON_TLS_EXPECTED);
    assert_true(bed.result.wrong_protocol);
    assert_true(strlen(bed.result.detail) < sizeof(bed.result.detail) - 1);
}

static void endless_records_end(void **state)
{
    (void)state;
    begin(serve_endless_records, NULL);
    finish(PROBE_OPEN, REASON_TLS_FAILED);
    assert_false(bed.result.wrong_protocol);
    assert_false(bed.result.service_proven);
}

static void an_alert_is_tls_that_failed(void **state)
{
    (void)state;
    bed.context = SSL_CTX_new(TLS_server_method()); /* no certificate: nothing to agree on */
    assert_non_null(bed.context);
    begin(serve_tls, NULL);
    finish(PROBE_OPEN, REASON_TLS_FAILED);
    assert_false(bed.result.wrong_protocol);
    assert_false(bed.result.service_proven);
    assert_int_equal(strncmp(bed.result.detail, "TLS handshake failed: ", 22), 0);
    assert_non_null(strstr(bed.result.detail, "handshake failure"));
}

/* A server that wants a certificate of ours breaks off; what it showed before is told, and judged. */
static void demand_client_certificate(int version)
{
    make_context(&mgr01);
    SSL_CTX_set_verify(bed.context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    assert_int_equal(SSL_CTX_set_max_proto_version(bed.context, version), 1);
    bed.service = service_find("https");
}

static void a_server_that_wants_our_certificate_is_no_impostor(void **state)
{
    (void)state;
    demand_client_certificate(TLS1_2_VERSION);
    begin(serve_tls, NULL);
    finish(PROBE_OPEN, REASON_TLS_FAILED);
    assert_false(bed.result.wrong_protocol);
    assert_int_equal(strncmp(bed.result.detail, "TLS 1.2, certificate CN=mgr01, 12 days left; handshake failed: ", 63),
                     0);
}

static void so_is_one_of_tls_1_3(void **state)
{
    (void)state;
    demand_client_certificate(TLS1_3_VERSION);
    begin(serve_tls, NULL);
    finish(PROBE_OPEN, REASON_ACCEPTED); /* our side of the handshake was done before it broke off */
    assert_false(bed.result.wrong_protocol);
    assert_int_equal(strncmp(bed.result.detail, "TLS 1.3, certificate CN=mgr01, 12 days left; ", 45), 0);
    assert_non_null(strstr(bed.result.detail, "certificate required"));
}

static void demand_trust(const char *host);

static void a_stranger_that_wants_our_certificate_is_one(void **state)
{
    (void)state;
    make_context(&mgr01);
    demand_trust("mgr01");
    SSL_CTX_free(bed.context);
    demand_client_certificate(TLS1_2_VERSION); /* another key */
    begin(serve_tls, NULL);
    finish(PROBE_OPEN, REASON_CERTIFICATE_UNTRUSTED);
    assert_true(bed.result.wrong_protocol);
}

/* hostile peers: handshakes are capped, at one */
static void no_other_handshake_is_made(void **state)
{
    (void)state;
    make_context(&mgr01);
    assert_int_equal(SSL_CTX_set_max_proto_version(bed.context, TLS1_2_VERSION), 1);
    bed.service = service_find("https");
    begin(serve_renegotiation, NULL);
    finish(PROBE_OPEN, REASON_ACCEPTED); /* at once: the server is told, and does not wait */
    assert_false(bed.result.wrong_protocol);
}

static void serve_echo(int peer)
{
    char octets[1024];
    ssize_t got;
    while ((got = recv(peer, octets, sizeof(octets), 0)) > 0)
        send_text(peer, octets, (size_t)got);
}

/* Our own hello is no server's. */
static void an_echo_is_not_tls(void **state)
{
    (void)state;
    begin(serve_echo, NULL);
    finish(PROBE_OPEN, REASON_TLS_EXPECTED);
    assert_true(bed.result.wrong_protocol);
}

/* hostile peers: as many as may shake hands at a time take the call and say nothing */
static void stalled_peers_hold_up_nobody(void **state)
{
    enum { STALLED = 64, STEP_MS = 10 };
    struct moment now = start;
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(own);
    struct probe_request request = {.kind = &probe_kind_tls, .timeout_ms = TIMEOUT_MS, .done = on_done};
    int stalled = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)state;
    assert_int_equal(bind(stalled, (struct sockaddr *)&own, length), 0);
    assert_int_equal(listen(stalled, STALLED), 0);
    assert_int_equal(getsockname(stalled, (struct sockaddr *)&own, &length), 0);
    assert_int_equal(address_parse("127.0.0.1", &request.target), 0);
    request.port = ntohs(own.sin_port);
    for (int i = 0; i < STALLED; i++)
        assert_int_equal(probe_engine_add(bed.engine, &request), 0);
    for (; now.mono_ms < start.mono_ms + TIMEOUT_MS / 2; now.mono_ms += STEP_MS)
        probe_engine_step(bed.engine, now); /* connected, and their hellos are sent */
    make_context(&mgr01);
    begin(serve_tls, NULL);
    while (bed.done == 0) {
        bool waits = now.mono_ms >= start.mono_ms + TIMEOUT_MS - STEP_MS; /* before the time of the others is over */
        if (!wait_ready(waits ? PATIENCE_MS : 0) && waits)
            fail_msg("it has no turn");
        now.mono_ms += waits ? 0 : STEP_MS;
        probe_engine_step(bed.engine, now);
    }
    finish(PROBE_OPEN, REASON_SERVICE_PROVEN);
    assert_int_equal(bed.done, 1);
    assert_int_equal(close(stalled), 0);
}

static void a_peer_that_knows_no_tls_is_asked_in_plain(void **state)
{
    (void)state;
    bed.service = service_find("https");
    bed.more_calls = 1;
    begin(serve_plain_http_alone, NULL);
    finish(PROBE_OPEN, REASON_TLS_EXPECTED);
    assert_true(bed.result.wrong_protocol);
    assert_string_equal(bed.result.detail, "no TLS, but in plain: HTTP/1.1 400 Bad Request");
}

static void one_that_closes_again_is_open_and_no_more(void **state)
{
    (void)state;
    bed.service = service_find("https");
    bed.more_calls = 1;
    begin(serve_close, NULL);
    finish(PROBE_OPEN, REASON_ACCEPTED);
    assert_int_equal(bed.calls, 2);
    assert_string_equal(bed.result.detail, "accepted, then closed without a TLS answer");
    assert_false(bed.result.wrong_protocol);
    bed.done = bed.calls = 0;
    begin(serve_reset, NULL);
    finish(PROBE_OPEN, REASON_ACCEPTED);
    assert_int_equal(bed.calls, 2);
    assert_false(bed.result.wrong_protocol);
}

static void a_silent_peer_is_open_and_no_more(void **state)
{
    (void)state;
    begin(serve_nothing, NULL);
    finish_by_deadline(REASON_ACCEPTED);
    assert_false(bed.result.wrong_protocol);
    assert_false(bed.result.service_proven);
    assert_string_equal(bed.result.detail, "accepted, but no TLS answer in 3 s");
}

static void a_dripping_peer_ends_at_the_deadline(void **state)
{
    (void)state;
    begin(serve_drip, NULL);
    finish_by_deadline(REASON_ACCEPTED);
    assert_false(bed.result.wrong_protocol);
    assert_string_equal(bed.result.detail, "TLS begun, but not finished in 3 s");
}

static void a_plain_drip_is_not_tls(void **state)
{
    (void)state;
    begin(serve_plain_drip, NULL);
    finish_by_deadline(REASON_TLS_EXPECTED);
    assert_string_equal(bed.result.detail, "no TLS, but \"2\"");
}

static void closing_without_a_word_is_open(void **state)
{
    (void)state;
    begin(serve_close, NULL);
    finish(PROBE_OPEN, REASON_ACCEPTED);
    assert_string_equal(bed.result.detail, "accepted, then closed without a TLS answer");
    assert_false(bed.result.wrong_protocol);
}

static void reset_without_a_word_is_open(void **state)
{
    (void)state;
    begin(serve_reset, NULL);
    finish(PROBE_OPEN, REASON_ACCEPTED);
    assert_string_equal(bed.result.detail, "accepted, then reset without a TLS answer");
    assert_false(bed.result.wrong_protocol);
}

static void reset_in_the_handshake_is_tls_that_failed(void **state)
{
    (void)state;
    begin(serve_reset_in_the_middle, NULL);
    finish(PROBE_OPEN, REASON_TLS_FAILED);
    assert_string_equal(bed.result.detail, "TLS handshake failed: the connection ended in the middle of it");
}

static void a_few_octets_of_text_are_not_tls(void **state)
{
    (void)state;
    begin(serve_short_text, NULL);
    finish_by_deadline(REASON_TLS_EXPECTED);
    assert_string_equal(bed.result.detail, "no TLS, but \"no\\n\"");
}

static void a_closed_port_is_refused_as_by_tcp(void **state)
{
    (void)state;
    struct probe_request request = {
        .kind = &probe_kind_tls, .timeout_ms = TIMEOUT_MS, .port = bed.port, .done = on_done};
    assert_int_equal(address_parse("127.0.0.2", &request.target), 0); /* where nobody listens */
    assert_int_equal(probe_engine_add(bed.engine, &request), 0);
    probe_engine_step(bed.engine, start);
    while (bed.done == 0) {
        assert_true(wait_ready(PATIENCE_MS));
        probe_engine_step(bed.engine, start);
    }
    assert_int_equal(bed.result.outcome, PROBE_REFUSED);
    assert_int_equal(bed.result.reason, REASON_RST);
}

/* All kinds there are, in the one program that has them all. */
static void kinds_are_named_once_and_described(void **state)
{
    (void)state;
    static const struct probe_kind *const kinds[] = {&probe_kind_tcp, &probe_kind_udp, &probe_kind_icmp,
                                                     &probe_kind_tls};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        assert_true(strlen(kinds[i]->name) > 0 && strlen(kinds[i]->summary) > 0);
        assert_non_null(kinds[i]->start);
        assert_non_null(kinds[i]->on_ready);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(kinds[i]->name, kinds[j]->name);
    }
}

/* --- certificates that are judged -------------------------------------------------------------------------------- */

/* The server's own certificate is the authority. */
static void demand_trust(const char *host)
{
    (void)snprintf(bed.ca_file, sizeof(bed.ca_file), "/tmp/portconform-XXXXXX");
    int fd = mkstemp(bed.ca_file);
    assert_true(fd >= 0);
    FILE *out = fdopen(fd, "w");
    assert_non_null(out);
    assert_int_equal(PEM_write_X509(out, SSL_CTX_get0_certificate(bed.context)), 1);
    assert_int_equal(fclose(out), 0);
    bed.host.name = host;
}

static void a_trusted_certificate_proves_the_service(void **state)
{
    (void)state;
    static const struct subject named = {
        .common_name = "x", .length = -1, .dns = "mgr01.example.jp", .from_day = -1, .to_day = 12};
    make_context(&named);
    demand_trust("mgr01"); /* short for it */
    begin(serve_tls, NULL);
    finish(PROBE_OPEN, REASON_SERVICE_PROVEN);
    assert_true(bed.result.service_proven);
}

static void a_certificate_for_another_name_is_an_impostors(void **state)
{
    (void)state;
    static const struct subject named = {
        .common_name = "x", .length = -1, .dns = "mgr02.example.jp", .from_day = -1, .to_day = 12};
    static const char *const aliases[] = {"jp1.example.jp", "mgr02.example.com"};
    make_context(&named);
    demand_trust("mgr01");
    bed.host.alias = (struct string_list){aliases, 2};
    begin(serve_tls, NULL);
    finish(PROBE_OPEN, REASON_CERTIFICATE_NAME);
    assert_true(bed.result.wrong_protocol);
}

static void an_alias_is_a_name_too(void **state)
{
    (void)state;
    static const struct subject named = {
        .common_name = "x", .length = -1, .dns = "mgr02.example.jp", .from_day = -1, .to_day = 12};
    static const char *const aliases[] = {"mgr02.example.jp"};
    make_context(&named);
    demand_trust("mgr01");
    bed.host.alias = (struct string_list){aliases, 1};
    begin(serve_tls, NULL);
    finish(PROBE_OPEN, REASON_SERVICE_PROVEN);
}

static void a_certificate_that_is_over_is_an_impostors(void **state)
{
    (void)state;
    static const struct subject expired = {
        .common_name = "x", .length = -1, .dns = "mgr01.example.jp", .from_day = -30, .to_day = -4};
    make_context(&expired);
    demand_trust("mgr01");
    begin(serve_tls, NULL);
    finish(PROBE_OPEN, REASON_CERTIFICATE_EXPIRED);
    assert_true(bed.result.wrong_protocol);
}

static void a_certificate_of_nobody_is_an_impostors(void **state)
{
    (void)state;
    make_context(&mgr01);
    demand_trust("mgr01");
    SSL_CTX_free(bed.context);
    make_context(&mgr01); /* another key */
    begin(serve_tls, NULL);
    finish(PROBE_OPEN, REASON_CERTIFICATE_UNTRUSTED);
    assert_true(bed.result.wrong_protocol);
}

static void a_missing_file_of_authorities_is_our_trouble(void **state)
{
    (void)state;
    make_context(&mgr01);
    (void)snprintf(bed.ca_file, sizeof(bed.ca_file), "/nonexistent/ca.pem");
    begin(serve_close, NULL);
    while (bed.done == 0 && wait_ready(PATIENCE_MS))
        probe_engine_step(bed.engine, start);
    assert_int_equal(pthread_join(bed.thread, NULL), 0);
    assert_int_equal(bed.result.outcome, PROBE_LOCAL);
    assert_int_equal(bed.result.reason, REASON_LOCAL_OTHER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tells_version_name_and_days),
        TEST(the_dot_of_the_root_is_no_part_of_a_server_name),
        TEST(an_old_version_is_told_not_judged),
        TEST(a_literal_address_is_no_server_name),
        TEST(an_expired_certificate_still_proves_the_service),
        TEST(a_certificate_without_common_name),
        TEST(a_certificate_without_any_name),
        TEST(a_hostile_certificate_name_is_escaped),
        TEST(a_plain_banner_is_told),
        TEST(plain_http_is_told),
        TEST(an_endless_banner_ends_at_once),
        TEST(endless_records_end),
        TEST(an_alert_is_tls_that_failed),
        TEST(a_server_that_wants_our_certificate_is_no_impostor),
        TEST(so_is_one_of_tls_1_3),
        TEST(a_stranger_that_wants_our_certificate_is_one),
        TEST(no_other_handshake_is_made),
        TEST(an_echo_is_not_tls),
        TEST(stalled_peers_hold_up_nobody),
        TEST(a_peer_that_knows_no_tls_is_asked_in_plain),
        TEST(one_that_closes_again_is_open_and_no_more),
        TEST(a_silent_peer_is_open_and_no_more),
        TEST(a_dripping_peer_ends_at_the_deadline),
        TEST(a_plain_drip_is_not_tls),
        TEST(closing_without_a_word_is_open),
        TEST(reset_without_a_word_is_open),
        TEST(reset_in_the_handshake_is_tls_that_failed),
        TEST(a_few_octets_of_text_are_not_tls),
        TEST(a_closed_port_is_refused_as_by_tcp),
        TEST(a_trusted_certificate_proves_the_service),
        TEST(a_certificate_for_another_name_is_an_impostors),
        TEST(an_alias_is_a_name_too),
        TEST(a_certificate_that_is_over_is_an_impostors),
        TEST(a_certificate_of_nobody_is_an_impostors),
        TEST(a_missing_file_of_authorities_is_our_trouble),
        TEST(kinds_are_named_once_and_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
