/* What TLS is set up from: files whose permissions are judged before they are read, and the least version. The
 * handshakes themselves are held with real receivers, tests/peers/syslog_receivers.py. */
#include "portconform/error.h"
#include "portconform/site.h"
#include "portconform/syslog_tls.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/skip.h"

enum { ERROR_SIZE = 512, ANOTHER_USER = 65534, HOUR_S = 3600 };

struct place {
    char folder[40], key[64], certificate[64], both[64];
};

static FILE *create(const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(chmod(path, 0600), 0);
    return file;
}

static void write_files(const struct place *place, EVP_PKEY *key, X509 *certificate)
{
    FILE *file = create(place->key);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
    file = create(place->certificate);
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    fclose(file);
    file = create(place->both);
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
}

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    assert_non_null(place);
    assert_non_null(key);
    assert_non_null(certificate);
    snprintf(place->folder, sizeof(place->folder), "/tmp/pc-syslog-tls-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->key, sizeof(place->key), "%s/key", place->folder);
    snprintf(place->certificate, sizeof(place->certificate), "%s/certificate", place->folder);
    snprintf(place->both, sizeof(place->both), "%s/both", place->folder);
    assert_true(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), HOUR_S));
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    write_files(place, key, certificate);
    X509_free(certificate);
    EVP_PKEY_free(key);
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    struct place *place = *state;
    unlink(place->key);
    unlink(place->certificate);
    unlink(place->both);
    rmdir(place->folder);
    free(place);
    return 0;
}

static struct syslog_tls settings_of(const struct place *place)
{
    return (struct syslog_tls){.ca = place->certificate, .certificate = place->certificate, .key = place->key};
}

static void expect_good(const struct syslog_tls *settings)
{
    char error[ERROR_SIZE] = "";
    SSL_CTX *context = syslog_tls_context(settings, error, sizeof(error));
    assert_string_equal(error, "");
    assert_non_null(context);
    SSL_CTX_free(context);
}

static void expect_refusal(const struct syslog_tls *settings, const char *why)
{
    char error[ERROR_SIZE] = "";
    assert_null(syslog_tls_context(settings, error, sizeof(error)));
    if (strstr(error, why) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error, why);
}

static void a_key_that_others_may_use_is_refused(void **state)
{
    static const mode_t good[] = {0400, 0440, 0600, 0640}, bad[] = {0604, 0620, 0644, 0660, 0610, 0601, 0666, 0777};
    const struct place *place = *state;
    const struct syslog_tls settings = settings_of(place);
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        assert_int_equal(chmod(place->key, good[i]), 0);
        expect_good(&settings);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_int_equal(chmod(place->key, bad[i]), 0);
        expect_refusal(&settings, "a private key that others may use");
    }
}

static void a_certificate_with_its_key_is_judged_as_a_key(void **state)
{
    const struct place *place = *state;
    const struct syslog_tls settings = {.ca = place->certificate, .certificate = place->both};
    expect_good(&settings);
    assert_int_equal(chmod(place->both, 0644), 0);
    expect_refusal(&settings, "a private key that others may use");
}

static void a_key_of_another_user_is_refused(void **state)
{
    const struct place *place = *state;
    const struct syslog_tls settings = settings_of(place);
    if (geteuid() != 0)
        SKIP("giving a file to another user needs root");
    assert_int_equal(chown(place->key, ANOTHER_USER, (gid_t)-1), 0);
    expect_refusal(&settings, "belongs to another user (uid 65534)");
}

static void what_is_no_key_is_refused(void **state)
{
    const struct place *place = *state;
    struct syslog_tls settings = settings_of(place);
    settings.key = place->folder;
    expect_refusal(&settings, "is no regular file");
    settings.key = "/dev/null";
    expect_refusal(&settings, "is no regular file");
    settings.key = place->certificate;
    expect_refusal(&settings, "no private key that fits the certificate");
    assert_int_equal(unlink(place->key), 0);
    settings.key = place->key;
    expect_refusal(&settings, "No such file");
}

static void the_least_version_is_demanded(void **state)
{
    const struct place *place = *state;
    struct syslog_tls settings = settings_of(place);
    char error[ERROR_SIZE];
    static const int versions[] = {[SYSLOG_TLS_1_2] = TLS1_2_VERSION, [SYSLOG_TLS_1_3] = TLS1_3_VERSION};
    for (unsigned least = SYSLOG_TLS_1_2; least <= SYSLOG_TLS_1_3; least++) {
        settings.least = least;
        SSL_CTX *context = syslog_tls_context(&settings, error, sizeof(error));
        assert_non_null(context);
        assert_int_equal(SSL_CTX_get_min_proto_version(context), versions[least]);
        assert_int_equal(SSL_CTX_get_verify_mode(context), SSL_VERIFY_PEER);
        SSL_CTX_free(context);
    }
}

static void expect_mistake(const struct syslog_target *target, const char *words)
{
    struct diag_list diags;
    assert_int_equal(diag_list_init(&diags), 0);
    const struct site site = {.syslog = target, .syslog_count = 1};
    assert_int_equal(syslog_check_files(&site, &diags), words == NULL ? 0 : PC_ESEMANTIC);
    assert_int_equal(diags.errors, words == NULL ? 0 : 1);
    if (words != NULL) {
        assert_non_null(strstr(diags.items[0].message, words));
        assert_string_equal(diags.items[0].origin.file, "site.conf");
    }
    diag_list_done(&diags);
}

static void spoil(const char *path)
{
    FILE *file = create(path);
    fputs("-----BEGIN CERTIFICATE-----\nMIIBbroken\n-----END CERTIFICATE-----\n", file);
    fclose(file);
}

static void mistakes_are_told_where_the_target_is_named(void **state)
{
    const struct place *place = *state;
    struct syslog_target target;
    assert_true(syslog_target_init(&target, "siem", "tls:siem.example.jp"));
    target.origin = (struct origin){.file = "site.conf", .line = 3};
    target.tls = settings_of(place);
    expect_mistake(&target, NULL);
    target.tls.ca = "tests/fixtures/nowhere.pem";
    expect_mistake(&target, "nowhere.pem: no certificates to trust");
    target.tls.ca = "/dev/zero"; /* nor a FIFO: it would wait for ever */
    expect_mistake(&target, "/dev/zero: is no regular file");
    target.tls = settings_of(place);
    spoil(place->certificate);
    expect_mistake(&target, "the syslog target 'siem' cannot be used: ");
    expect_mistake(&target, place->certificate);
    assert_true(syslog_target_init(&target, "plain", "udp:siem.example.jp")); /* has no files */
    expect_mistake(&target, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_key_that_others_may_use_is_refused, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_certificate_with_its_key_is_judged_as_a_key, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_key_of_another_user_is_refused, make_place, remove_place),
        cmocka_unit_test_setup_teardown(what_is_no_key_is_refused, make_place, remove_place),
        cmocka_unit_test_setup_teardown(mistakes_are_told_where_the_target_is_named, make_place, remove_place),
        cmocka_unit_test_setup_teardown(the_least_version_is_demanded, make_place, remove_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
