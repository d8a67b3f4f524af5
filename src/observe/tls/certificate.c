/* The certificate in a few words: its common name, or its first DNS name where it has none, and the days it has left.
 */
#include "certificate.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

enum { NAME_COLUMNS = 40 };

static void add_name(struct text *out, const char *label, const ASN1_STRING *name)
{
    unsigned char *utf8 = NULL;
    int length = ASN1_STRING_to_UTF8(&utf8, name);
    text_add(out, label);
    if (length >= 0)
        text_escape(out, utf8, (size_t)length, ESCAPE_TEXT, NAME_COLUMNS);
    else
        text_add(out, "?");
    OPENSSL_free(utf8);
}

static bool add_dns_name(struct text *out, const X509 *certificate)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool found = false;
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        found = name->type == GEN_DNS;
        if (found)
            add_name(out, "certificate DNS:", name->d.dNSName);
    }
    GENERAL_NAMES_free(names);
    return found;
}

static void add_subject(struct text *out, const X509 *certificate)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (index >= 0)
        add_name(out, "certificate CN=", X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
    else if (!add_dns_name(out, certificate))
        text_add(out, "certificate without a name");
}

static void add_days(struct text *out, const char *before, int days, const char *after)
{
    text_add(out, before);
    text_add_count(out, (size_t)days, "day");
    text_add(out, after);
}

static void add_days_left(struct text *out, const X509 *certificate, int64_t wall_ms)
{
    int days, seconds, days_until, seconds_until;
    ASN1_TIME *now = ASN1_TIME_set(NULL, (time_t)(wall_ms / 1000));
    if (!now || !ASN1_TIME_diff(&days, &seconds, now, X509_get0_notAfter(certificate)) ||
        !ASN1_TIME_diff(&days_until, &seconds_until, now, X509_get0_notBefore(certificate)))
        text_add(out, ", end unreadable");
    else if (days < 0 || seconds < 0)
        add_days(out, ", expired ", -days, " ago");
    else if (days_until > 0 || seconds_until > 0)
        add_days(out, ", begins in ", days_until, "");
    else
        add_days(out, ", ", days, " left");
    ASN1_TIME_free(now);
}

void certificate_describe(struct text *out, const SSL *ssl, int64_t wall_ms)
{
    const char *version = SSL_get_version(ssl); /* "TLSv1.3" */
    if (strncmp(version, "TLSv", 4) == 0)
        text_printf(out, "TLS %s", version + 4);
    else
        text_add(out, version);
    text_add(out, ", ");
    const X509 *certificate = SSL_get0_peer_certificate(ssl);
    if (!certificate) {
        text_add(out, "no certificate");
        return;
    }
    add_subject(out, certificate);
    add_days_left(out, certificate, wall_ms);
}
