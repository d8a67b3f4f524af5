/* What is told of a finished handshake. */
#pragma once

#include "portconform/text.h"

#include <openssl/types.h>
#include <stdint.h>

/* Adds "TLS 1.3, certificate CN=mgr01, 12 days left". Names are the peer's: they are escaped. */
void certificate_describe(struct text *out, const SSL *ssl, int64_t wall_ms);
