/* Whose certificate it is: names, wildcards, addresses, days; over a handshake in memory, without a network. */
#include "certificate.h"
#include "trust.h"

#include "portconform/site.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { DAY_S = 24 * 60 * 60 };

static const int64_t now_ms = 1700000000000;

struct shown {
    const char *common_name;      /* NULL: none */
    const char *alternative;      /* as OpenSSL's configuration has it; NULL: none */
    int from_seconds, to_seconds; /* relative to now */
};

static struct {
    SSL_CTX *server_context, *client_context;
    SSL *server, *client;
    char ca_file[32];
} bed;

static X509 *make_certificate(EVP_PKEY *key, const struct shown *shown)
{
    X509 *certificate = X509_new();
    assert_non_null(certificate);
    time_t now = (time_t)(now_ms / 1000);
    assert_int_equal(X509_set_version(certificate, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1), 1);
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(certificate), now + shown->from_seconds));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(certificate), now + shown->to_seconds));
    X509_NAME *name = X509_get_subject_name(certificate);
    if (shown->common_name)
        assert_int_equal(
            X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)shown->common_name, -1, -1, 0),
            1);
    assert_int_equal(X509_set_issuer_name(certificate, name), 1);
    if (shown->alternative) {
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, shown->alternative);
        assert_non_null(extension);
        assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
        X509_EXTENSION_free(extension);
    }
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    return certificate;
}

static void trust_it(X509 *certificate)
{
    (void)snprintf(bed.ca_file, sizeof(bed.ca_file), "/tmp/portconform-XXXXXX");
    int fd = mkstemp(bed.ca_file);
    assert_true(fd >= 0);
    FILE *out = fdopen(fd, "w");
    assert_non_null(out);
    assert_int_equal(PEM_write_X509(out, certificate), 1);
    assert_int_equal(fclose(out), 0);
}

/* A client and a server that are done with each other's handshake; what the server shows is trusted. */
static void shake(const struct shown *shown, const struct probe_request *request)
{
    BIO *to_server, *to_client;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    assert_non_null(key);
    X509 *certificate = make_certificate(key, shown);
    bed.server_context = SSL_CTX_new(TLS_server_method());
    bed.client_context = SSL_CTX_new(TLS_client_method());
    assert_int_equal(SSL_CTX_use_certificate(bed.server_context, certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(bed.server_context, key), 1);
    bed.server = SSL_new(bed.server_context);
    bed.client = SSL_new(bed.client_context);
    assert_int_equal(BIO_new_bio_pair(&to_server, 0, &to_client, 0), 1);
    SSL_set_bio(bed.server, to_server, to_server);
    SSL_set_bio(bed.client, to_client, to_client);
    SSL_set_accept_state(bed.server);
    SSL_set_connect_state(bed.client);
    if (request) {
        struct probe_request demand = *request;
        trust_it(certificate);
        demand.ca_file = bed.ca_file;
        assert_int_equal(trust_demand(bed.client, &demand, now_ms), 0);
    }
    for (int turn = 0; turn < 10 && SSL_do_handshake(bed.client) != 1; turn++)
        (void)SSL_do_handshake(bed.server);
    assert_true(SSL_is_init_finished(bed.client));
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static int forget(void **state)
{
    (void)state;
    SSL_free(bed.client);
    SSL_free(bed.server);
    SSL_CTX_free(bed.client_context);
    SSL_CTX_free(bed.server_context);
    if (bed.ca_file[0])
        (void)unlink(bed.ca_file);
    memset(&bed, 0, sizeof(bed));
    return 0;
}

/* --- whose it is -------------------------------------------------------------------------------------------------- */

struct name_case {
    const char *common_name, *alternative; /* of the certificate */
    const char *asked, *address, *host;    /* of the request: the name it is addressed by, where, what we call it */
    bool right;
};

static const struct name_case name_cases[] = {
    {"x", "DNS:mgr01.example.jp", "mgr01.example.jp", "10.0.0.1", "other", true},
    {"x", "DNS:MGR01.Example.JP", "mgr01.example.jp", "10.0.0.1", "other", true},
    {"x", "DNS:mgr01.example.jp", "mgr01.example.com", "10.0.0.1", "other", false},
    {"x", "DNS:mgr01.example.jp", "mgr01.example.jp.", "10.0.0.1", "other", true}, /* the root's dot is no part of it */
    {"x", "DNS:*.example.jp", "mgr01.example.jp.", "10.0.0.1", "other", true},
    {"x", "DNS:*.example.jp", "mgr01.example.jp", "10.0.0.1", "other", true},
    {"x", "DNS:*.example.jp", "a.mgr01.example.jp", "10.0.0.1", "other", false},
    {"x", "DNS:*.example.jp", "example.jp", "10.0.0.1", "other.example.com", false},
    {"x", "DNS:*.example.jp", NULL, "10.0.0.1", "mgr01", true}, /* a short name has no domain to differ by */
    {"x", "DNS:*.example.jp", NULL, "10.0.0.1", "mgr01.example.com", false},
    {"x", "DNS:*", NULL, "10.0.0.1", "mgr01", false},
    {"x", "DNS:mgr01.example.jp", NULL, "10.0.0.1", "mgr01", true},
    {"x", "DNS:mgr01x.example.jp", NULL, "10.0.0.1", "mgr01", false},
    {"x", "DNS:x.example.jp,DNS:mgr01.example.jp", NULL, "10.0.0.1", "mgr01", true},
    {"mgr01.example.jp", NULL, NULL, "10.0.0.1", "mgr01.example.jp", true},
    {"mgr01.example.jp", NULL, NULL, "10.0.0.1", "mgr01", true}, /* as authorities of old do it */
    {"mgr01.example.jp", "DNS:x.example.jp", NULL, "10.0.0.1", "mgr01", false},
    {"mgr01.example.jp", "IP:10.0.0.9", NULL, "10.0.0.1", "mgr01", true},
    {"x", "IP:10.0.0.1", NULL, "10.0.0.1", "mgr01", true},
    {"x", "IP:10.0.0.2", NULL, "10.0.0.1", "mgr01", false},
    {"10.0.0.1", NULL, NULL, "10.0.0.1", "mgr01", false}, /* an address is no name */
    {"x", "IP:2001:db8::1", NULL, "2001:db8::1", "mgr01", true},
    {"x", "IP:2001:db8::2", NULL, "2001:db8::1", "mgr01", false},
    {"x", "DNS:xn--wgv71a.example.jp", "xn--wgv71a.example.jp", "10.0.0.1", "mgr01", true},
    {"\xe6\x97\xa5\xe6\x9c\xac", "DNS:x.example.jp", NULL, "10.0.0.1", "mgr01", false},
    {NULL, NULL, NULL, "10.0.0.1", "mgr01", false},
};

static void each_name_is_judged(void **state)
{
    for (size_t i = 0; i < sizeof(name_cases) / sizeof(name_cases[0]); i++) {
        const struct name_case *one = &name_cases[i];
        const struct shown shown = {one->common_name, one->alternative, -DAY_S, DAY_S};
        struct host host = {.name = one->host};
        struct probe_request request = {.host = &host, .server_name = one->asked};
        const char *why = NULL;
        assert_int_equal(address_parse(one->address, &request.target), 0);
        shake(&shown, &request);
        request.ca_file = bed.ca_file;
        enum reason reason = trust_judge(bed.client, &request, &why);
        if (reason != (one->right ? REASON_NONE : REASON_CERTIFICATE_NAME))
            fail_msg("case %zu: %s", i, reason_row(reason)->name);
        (void)forget(state);
    }
}

/* A short name agrees with a wildcard where nothing tells its domain: an alias may. */
static void an_alias_tells_the_domain(void **state)
{
    (void)state;
    const struct shown shown = {"x", "DNS:*.example.com", -DAY_S, DAY_S};
    static const char *const names[] = {"mgr01.example.jp"};
    struct host host = {.name = "mgr01", .alias = {.items = names, .count = 1}};
    struct probe_request request = {.host = &host};
    const char *why = NULL;
    assert_int_equal(address_parse("10.0.0.1", &request.target), 0);
    shake(&shown, &request);
    request.ca_file = bed.ca_file;
    assert_int_equal(trust_judge(bed.client, &request, &why), REASON_CERTIFICATE_NAME);
}

/* --- what is told of it ------------------------------------------------------------------------------------------- */

static void assert_told(const char *common_name, int from_seconds, int to_seconds, const char *wanted)
{
    const struct shown shown = {common_name, NULL, from_seconds, to_seconds};
    struct text told = {0};
    shake(&shown, NULL);
    certificate_describe(&told, bed.client, now_ms);
    assert_string_equal(text_string(&told), wanted);
    text_done(&told);
    (void)forget(NULL);
}

static void its_days_are_told(void **state)
{
    (void)state;
    assert_told("mgr01", -DAY_S, 12 * DAY_S + 60, "TLS 1.3, certificate CN=mgr01, 12 days left");
    assert_told("mgr01", -DAY_S, 1 * DAY_S + 60, "TLS 1.3, certificate CN=mgr01, 1 day left");
    assert_told("mgr01", -DAY_S, 60, "TLS 1.3, certificate CN=mgr01, 0 days left");
    assert_told("mgr01", -DAY_S, -60, "TLS 1.3, certificate CN=mgr01, expired 0 days ago");
    assert_told("mgr01", -9 * DAY_S, -3 * DAY_S - 60, "TLS 1.3, certificate CN=mgr01, expired 3 days ago");
    assert_told("mgr01", 3 * DAY_S + 60, 30 * DAY_S, "TLS 1.3, certificate CN=mgr01, begins in 3 days");
    assert_told("mgr01", 60, 30 * DAY_S, "TLS 1.3, certificate CN=mgr01, begins in 0 days");
}

static void a_long_name_leaves_room_for_the_days(void **state)
{
    (void)state;
    static const char name[] =
        "\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97"
        "\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5"
        "\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5";
    const struct shown shown = {name, NULL, -DAY_S, DAY_S + 60};
    struct text told = {0};
    struct probe_result result;
    shake(&shown, NULL);
    certificate_describe(&told, bed.client, now_ms);
    assert_true(told.length < sizeof(result.detail));
    assert_non_null(strstr(text_string(&told), "1 day left"));
    text_done(&told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(each_name_is_judged, forget),
        cmocka_unit_test_teardown(an_alias_tells_the_domain, forget),
        cmocka_unit_test_teardown(its_days_are_told, forget),
        cmocka_unit_test_teardown(a_long_name_leaves_room_for_the_days, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
