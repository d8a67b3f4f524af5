/* The TLS probe: connects, shakes hands, and tells the protocol version, the certificate's name and the days it has
 * left. The certificate is looked at, not judged.
 *
 *     what the peer does                    | ends as open, with
 *     --------------------------------------+--------------------------------------------------------------------
 *     finishes the handshake                | SERVICE_PROVEN: "TLS 1.3, certificate CN=mgr01, 12 days left"
 *     alert, or ends in mid-handshake       | TLS_FAILED: it speaks TLS, so it is no impostor; nothing is proven
 *     sends something else                  | TLS_EXPECTED and wrong_protocol: "no TLS, but "220 mgr01 ready""
 *     nothing, or closes without a word     | ACCEPTED: "accepted, but no TLS answer in 3 s"; unknown is a result
 *
 * Before the connection stands it ends as the TCP probe does.
 */
#pragma once

#include "portconform/probe.h"

extern const struct probe_kind probe_kind_tls;
