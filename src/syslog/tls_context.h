/* TLS: what the files of a target give. */
#pragma once

#include "portconform/syslog_target.h"

#include <openssl/ssl.h>

/* Reads authorities, certificate and key anew, so that renewed ones hold from the next connection on. NULL: `error`
 * says why, in one sentence that names the file. */
SSL_CTX *tls_context_new(const struct syslog_tls *settings, char *error, size_t size);
