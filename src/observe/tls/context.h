/* The process's one TLS context. */
#pragma once

#include <openssl/types.h>

SSL *tls_context_session(void); /* transferred: SSL_free; NULL: out of memory, or the library does not start */
