/* TLS over TCP (RFC 5425). The receiver's certificate is always verified and must bear the name that we meant; there is
 * no switch that would turn this off. */
#include "channel.h"
#include "portconform/address.h"
#include "portconform/syslog_tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum { HANDSHAKE_MS = 10000 };

static const char *wanted_name(const struct channel *channel)
{
    const char *configured = channel->target->tls.name;
    return configured != NULL ? configured : channel->target->place.host;
}

/* What a call of OpenSSL that gave `result` says of the connection: 0: call again when the socket is ready. */
static int tls_failure(struct channel *channel, int result)
{
    int saved = errno, kind = SSL_get_error(channel->tls, result);
    long verified = SSL_get_verify_result(channel->tls);
    unsigned long code = ERR_peek_last_error();
    channel->wants_write = kind == SSL_ERROR_WANT_WRITE;
    ERR_clear_error();
    if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE)
        return 0;
    if (kind == SSL_ERROR_ZERO_RETURN || (kind == SSL_ERROR_SYSCALL && saved == 0) ||
        (kind == SSL_ERROR_SSL && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING))
        return channel_fail(channel, CHANNEL_ENDED, "the receiver closed the connection%s",
                            SSL_is_init_finished(channel->tls) ? "" : " in the middle of the TLS handshake");
    if (kind == SSL_ERROR_SYSCALL)
        return channel_fail(channel, saved == 0 ? -EIO : -saved, "%s", strerror(saved));
    if (verified != X509_V_OK)
        return channel_fail(channel, -EACCES, "the certificate of %s is not accepted as that of \"%s\": %s",
                            channel->target->place.host, wanted_name(channel), X509_verify_cert_error_string(verified));
    const char *reason = ERR_reason_error_string(code);
    return channel_fail(channel, -EPROTO, "TLS with %s: %s", channel->target->place.host,
                        reason == NULL ? "unknown error" : reason);
}

static bool set_name(struct channel *channel)
{
    const char *name = wanted_name(channel);
    struct address address;
    if (address_parse(name, &address) == 0)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(channel->tls), name) == 1;
    SSL_set_hostflags(channel->tls, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set_tlsext_host_name(channel->tls, name) == 1 && SSL_set1_host(channel->tls, name) == 1;
}

static int shake_hands(struct channel *channel)
{
    int64_t until_ms = channel_now_ms() + HANDSHAKE_MS;
    for (;;) {
        errno = 0;
        int done = SSL_connect(channel->tls);
        if (done == 1)
            return 0;
        int result = tls_failure(channel, done);
        if (result == 0)
            result = channel_wait(channel, channel->wants_write ? POLLOUT : POLLIN, until_ms);
        if (result == -ETIMEDOUT)
            return channel_fail(channel, result, "%s does not answer the TLS handshake", channel->target->place.host);
        if (result < 0)
            return result;
    }
}

static int tls_open(struct channel *channel)
{
    SSL_CTX *context = syslog_tls_context(&channel->target->tls, channel->error, sizeof(channel->error));
    if (context == NULL)
        return -EACCES;
    int result = stream_connect(channel);
    if (result == 0) {
        channel->tls = SSL_new(context);
        if (channel->tls == NULL || SSL_set_fd(channel->tls, channel->fd) != 1 || !set_name(channel))
            result = channel_fail(channel, -ENOMEM, "no memory for TLS");
        else
            result = shake_hands(channel);
    }
    SSL_CTX_free(context); /* the connection holds it */
    ERR_clear_error();
    if (result == 0)
        channel->written = BIO_number_written(SSL_get_wbio(channel->tls));
    return result;
}

static ssize_t tls_write(struct channel *channel, const void *octets, size_t length)
{
    size_t taken = 0;
    errno = 0;
    int done = SSL_write_ex(channel->tls, octets, length, &taken);
    channel->written = BIO_number_written(SSL_get_wbio(channel->tls));
    if (done == 1)
        return (ssize_t)taken;
    int result = tls_failure(channel, done);
    return result == 0 ? -EAGAIN : result;
}

static int tls_drain(struct channel *channel)
{
    char octets[4096];
    size_t got;
    int done = 1;
    errno = 0;
    for (int i = 0; i < CHANNEL_DRAIN_MOST && done == 1; i++)
        done = SSL_read_ex(channel->tls, octets, sizeof(octets), &got);
    return done == 1 ? 0 : tls_failure(channel, done);
}

static void tls_finish(struct channel *channel)
{
    (void)SSL_shutdown(channel->tls);
    ERR_clear_error();
    (void)shutdown(channel->fd, SHUT_WR);
}

static void tls_close(struct channel *channel)
{
    SSL_free(channel->tls);
    channel->tls = NULL;
}

const struct channel_kind channel_tls = {
    .name = "tls",
    .is_stream = true,
    .last_pause_ms = 30000,
    .open = tls_open,
    .write = tls_write,
    .drain = tls_drain,
    .settle = stream_settle,
    .finish = tls_finish,
    .close = tls_close,
};
