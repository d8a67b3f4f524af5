/* The authorities of a site, and whether a certificate is one of theirs.
 *
 * They are read again when their file changes; a handshake that has them keeps them. One thread makes probes.
 */
#include "trust.h"

#include "portconform/site.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>

enum { NAME_LENGTH_MAX = 255 };

static struct {
    char path[4096];
    struct stat file;
    X509_STORE *store; /* NULL: none was read yet */
} known;

static bool is_known(const char *path, const struct stat *file)
{
    return known.store && strcmp(known.path, path) == 0 && known.file.st_ino == file->st_ino &&
           known.file.st_dev == file->st_dev && known.file.st_size == file->st_size &&
           known.file.st_mtim.tv_sec == file->st_mtim.tv_sec && known.file.st_mtim.tv_nsec == file->st_mtim.tv_nsec;
}

static int read_authorities(const char *path)
{
    struct stat file;
    size_t length = strlen(path);
    if (stat(path, &file))
        return -errno;
    if (is_known(path, &file))
        return 0;
    if (length >= sizeof(known.path))
        return -ENAMETOOLONG;
    X509_STORE *store = X509_STORE_new();
    if (!store)
        return -ENOMEM;
    if (!X509_STORE_load_file(store, path)) {
        X509_STORE_free(store);
        ERR_clear_error();
        return -EINVAL;
    }
    X509_STORE_free(known.store);
    memcpy(known.path, path, length + 1);
    known.file = file;
    known.store = store;
    return 0;
}

int trust_demand(SSL *ssl, const struct probe_request *request, int64_t wall_ms)
{
    if (!request->ca_file)
        return 0;
    int r = read_authorities(request->ca_file);
    if (r < 0)
        return r;
    X509_VERIFY_PARAM *rules = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_time(rules, (time_t)(wall_ms / 1000));
    /* an authority in the middle of a chain may be the one that is trusted */
    if (!X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN) || !SSL_set1_verify_cert_store(ssl, known.store))
        return -ENOMEM;
    return 0;
}

/* --- names -------------------------------------------------------------------------------------------------------- */

/* Is it one that the short name stands for: "mgr01.example.jp", or, where nothing tells its domain, "*.example.jp"? */
static bool agrees(const ASN1_STRING *asserted, const char *name, bool any_domain)
{
    unsigned char *utf8 = NULL;
    int length = ASN1_STRING_to_UTF8(&utf8, asserted);
    bool usable = length > 0 && length <= NAME_LENGTH_MAX && !memchr(utf8, '\0', (size_t)length);
    const char *text = (const char *)utf8; /* the library ends it with a NUL */
    bool agreed = usable && ((any_domain && strncmp(text, "*.", 2) == 0) || site_names_agree(name, text));
    OPENSSL_free(utf8);
    return agreed;
}

/* "mgr01" agrees with a certificate for mgr01.example.jp, as the site's own names do. Its common name counts where it
 * names no host otherwise, as it does for full names. */
static bool is_short_for(const X509 *certificate, const char *name, bool any_domain)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool agreed = false, named = false;
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && !agreed; i++) {
        const GENERAL_NAME *one = sk_GENERAL_NAME_value(names, i);
        named = named || one->type == GEN_DNS;
        agreed = one->type == GEN_DNS && agrees(one->d.dNSName, name, any_domain);
    }
    GENERAL_NAMES_free(names);
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (!named && index >= 0)
        agreed = agrees(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)), name, any_domain);
    return agreed;
}

size_t trust_name_length(const char *name)
{
    size_t length = strlen(name);
    return length > 1 && name[length - 1] == '.' ? length - 1 : length;
}

static bool is_full(const char *name)
{
    return name && strchr(name, '.');
}

static bool is_for_name(X509 *certificate, const char *name, bool any_domain)
{
    if (!name)
        return false;
    return X509_check_host(certificate, name, trust_name_length(name), 0, NULL) == 1 ||
           (!is_full(name) && is_short_for(certificate, name, any_domain));
}

static bool is_for_address(X509 *certificate, const struct address *address)
{
    size_t length = address->family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
    return X509_check_ip(certificate, address->octets, length, 0) == 1;
}

/* Does any of the host's names tell its domain? */
static bool has_domain(const struct probe_request *request)
{
    const struct host *host = request->host;
    bool found = is_full(request->server_name) || (host && is_full(host->name));
    for (size_t i = 0; host && i < host->alias.count && !found; i++)
        found = is_full(host->alias.items[i]);
    return found;
}

static bool is_for_host(X509 *certificate, const struct probe_request *request)
{
    const struct host *host = request->host;
    const bool any_domain = !has_domain(request);
    if (is_for_name(certificate, request->server_name, any_domain) || is_for_address(certificate, &request->target))
        return true;
    if (!host)
        return false;
    if (is_for_name(certificate, host->name, any_domain))
        return true;
    for (size_t i = 0; i < host->alias.count; i++)
        if (is_for_name(certificate, host->alias.items[i], any_domain))
            return true;
    return false;
}

enum reason trust_judge(const SSL *ssl, const struct probe_request *request, const char **ret_why)
{
    if (!request->ca_file)
        return REASON_NONE;
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    long result = SSL_get_verify_result(ssl);
    *ret_why = result == X509_V_OK ? "for another name" : X509_verify_cert_error_string(result);
    switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return REASON_CERTIFICATE_EXPIRED;
    case X509_V_OK:
        break;
    default:
        return REASON_CERTIFICATE_UNTRUSTED;
    }
    if (!certificate) {
        *ret_why = "nothing vouches for it";
        return REASON_CERTIFICATE_UNTRUSTED;
    }
    return is_for_host(certificate, request) ? REASON_NONE : REASON_CERTIFICATE_NAME;
}
