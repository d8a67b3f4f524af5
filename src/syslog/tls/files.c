/* TLS: authorities, certificate and private key, out of files. */
#include "portconform/error.h"
#include "portconform/secret_file.h"
#include "portconform/site.h"
#include "portconform/syslog_tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Why OpenSSL failed last, in its words; forgets the rest. */
static const char *reason(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *text = ERR_reason_error_string(code);
    if (ERR_SYSTEM_ERROR(code))
        text = strerror(ERR_GET_REASON(code));
    ERR_clear_error();
    return text == NULL ? "unknown error" : text;
}

static int no_passphrase(char *buffer, int size, int writing, void *context)
{
    (void)writing;
    (void)context;
    if (size > 0)
        buffer[0] = '\0';
    return 0;
}

/* Whoever can read the key can speak in our name. */
static int open_key(const char *path, char *error, size_t size)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool known = fd >= 0 && fstat(fd, &status) == 0;
    const unsigned flaws = known ? secret_file_flaws(&status) : 0;
    if (!known) {
        snprintf(error, size, "%s: %s", path, strerror(errno));
    } else if (flaws & SECRET_FILE_IRREGULAR) {
        snprintf(error, size, "%s: is no regular file", path);
    } else if (flaws & (SECRET_FILE_OPEN | SECRET_FILE_GROUP_EXECUTES)) {
        snprintf(error, size, "%s: a private key that others may use (mode %04o); chmod 0640 or 0600 cures it", path,
                 (unsigned)status.st_mode & 07777U);
    } else if (flaws & SECRET_FILE_FOREIGN) {
        snprintf(error, size, "%s: a private key that belongs to another user (uid %u)", path, status.st_uid);
    } else {
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool use_key(SSL_CTX *context, const char *path, char *error, size_t size)
{
    int fd = open_key(path, error, size);
    if (fd < 0)
        return false;
    BIO *file = BIO_new_fd(fd, BIO_CLOSE);
    if (file == NULL)
        close(fd);
    EVP_PKEY *key = file == NULL ? NULL : PEM_read_bio_PrivateKey(file, NULL, no_passphrase, NULL);
    bool good = key != NULL && SSL_CTX_use_PrivateKey(context, key) == 1;
    if (!good)
        snprintf(error, size, "%s: no private key that fits the certificate and needs no passphrase: %s", path,
                 reason());
    EVP_PKEY_free(key);
    BIO_free(file);
    return good;
}

/* OpenSSL opens what it is given, and would wait for somebody to write into a FIFO. */
static bool is_irregular(const char *path, char *error, size_t size)
{
    struct stat status;
    if (path == NULL || stat(path, &status) < 0 || S_ISREG(status.st_mode))
        return false;
    snprintf(error, size, "%s: is no regular file", path);
    return true;
}

static bool use_files(SSL_CTX *context, const struct syslog_tls *settings, char *error, size_t size)
{
    if (is_irregular(settings->ca, error, size) || is_irregular(settings->certificate, error, size))
        return false;
    if (settings->ca == NULL ? SSL_CTX_set_default_verify_paths(context) != 1
                             : SSL_CTX_load_verify_file(context, settings->ca) != 1) {
        snprintf(error, size, "%s: no certificates to trust: %s", settings->ca == NULL ? "the system" : settings->ca,
                 reason());
        return false;
    }
    if (settings->certificate == NULL)
        return true;
    if (SSL_CTX_use_certificate_chain_file(context, settings->certificate) != 1) {
        snprintf(error, size, "%s: no certificate: %s", settings->certificate, reason());
        return false;
    }
    return use_key(context, settings->key == NULL ? settings->certificate : settings->key, error, size);
}

SSL_CTX *syslog_tls_context(const struct syslog_tls *settings, char *error, size_t size)
{
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL || SSL_CTX_set_min_proto_version(
                               context, settings->least == SYSLOG_TLS_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION) != 1) {
        snprintf(error, size, "no TLS: %s", reason());
        SSL_CTX_free(context);
        return NULL;
    }
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (!use_files(context, settings, error, size)) {
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

int syslog_target_check_files(const struct syslog_target *target, struct diag_list *diags)
{
    char error[512];
    if (target->place.transport != SYSLOG_TLS)
        return 0;
    SSL_CTX *context = syslog_tls_context(&target->tls, error, sizeof(error));
    if (context == NULL) {
        diag_add(diags, DIAG_ERROR, target->origin, NULL, "the syslog target '%s' cannot be used: %s", target->name,
                 error);
        return PC_ESEMANTIC;
    }
    const X509 *own = SSL_CTX_get0_certificate(context);
    if (own != NULL && X509_cmp_current_time(X509_get0_notAfter(own)) < 0)
        diag_add(diags, DIAG_WARNING, target->origin, NULL, "%s: the certificate has expired", target->tls.certificate);
    SSL_CTX_free(context);
    return 0;
}

int syslog_check_files(const struct site *site, struct diag_list *diags)
{
    int r = 0;
    for (size_t i = 0; i < site->syslog_count; i++) {
        int checked = syslog_target_check_files(&site->syslog[i], diags);
        r = checked < 0 ? checked : r;
    }
    return r;
}
