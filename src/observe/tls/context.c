/* One context for all probes, made when it is first needed: the probe looks at what a server offers and judges nothing,
 * so it takes every protocol version and cipher, verifies nothing, and reads neither the system's configuration nor its
 * certificates (parsing those costs more than ten handshakes). */
#include "context.h"

#include <openssl/crypto.h>
#include <openssl/ssl.h>

enum { CERTIFICATES_MAX = 64 * 1024 }; /* octets of a peer's chain */

static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static SSL_CTX *context;

static void make_context(void)
{
    if (!OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL))
        return;
    SSL_CTX *made = SSL_CTX_new(TLS_client_method());
    if (!made)
        return;
    SSL_CTX_set_verify(made, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_security_level(made, 0);
    SSL_CTX_set_max_cert_list(made, CERTIFICATES_MAX);
    SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
    /* one handshake each: a peer cannot make us do another */
    (void)SSL_CTX_set_options(made, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    (void)SSL_CTX_set_mode(made, SSL_MODE_RELEASE_BUFFERS);
    if (!SSL_CTX_set_min_proto_version(made, TLS1_VERSION) ||
        !SSL_CTX_set_cipher_list(made, "ALL:COMPLEMENTOFALL:!eNULL")) {
        SSL_CTX_free(made);
        return;
    }
    context = made; /* lives as long as the process */
}

SSL *tls_context_session(void)
{
    if (!CRYPTO_THREAD_run_once(&once, make_context) || !context)
        return NULL;
    return SSL_new(context);
}
