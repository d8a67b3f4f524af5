/* Is the peer's certificate one of an authority that the site trusts, for this host, and valid today? */
#pragma once

#include "portconform/probe.h"

#include <openssl/types.h>

/* Octets of a DNS name as TLS and certificates have it: without the dot of the root. */
size_t trust_name_length(const char *name);
/* Before the handshake, where the request names authorities. 0, or a negated errno (-EINVAL: no certificate in the
 * file). */
int trust_demand(SSL *ssl, const struct probe_request *request, int64_t wall_ms);
/* After it. REASON_NONE: nothing speaks against it; otherwise *ret_why tells people. */
enum reason trust_judge(const SSL *ssl, const struct probe_request *request, const char **ret_why);
