/* The TLS probe: connects, shakes hands, tells the protocol version, the certificate's name and the days it has left,
 * and speaks the service's own protocol inside where service_check.h has a check for it.
 *
 *     what the peer does                    | ends as open, with
 *     --------------------------------------+--------------------------------------------------------------------
 *     finishes the handshake, and speaks    | SERVICE_PROVEN: "TLS 1.3, certificate CN=mgr01, 12 days left; HTTP/2"
 *     ... and speaks something else inside  | WRONG_PROTOCOL and wrong_protocol
 *     ... with a certificate that the       | CERTIFICATE_UNTRUSTED, _NAME or _EXPIRED, and wrong_protocol; only where
 *         request's authorities refuse      | the request names authorities
 *     ... and says nothing inside           | ACCEPTED
 *     alert, or ends in mid-handshake       | TLS_FAILED: it speaks TLS, so it is no impostor; nothing is proven
 *     sends something else                  | TLS_EXPECTED and wrong_protocol: "no TLS, but "220 mgr01 ready""
 *     closes without a word, and speaks the | TLS_EXPECTED and wrong_protocol: "no TLS, but in plain: LDAP, ..."; it is
 *         service in plain                  | called a second time for that
 *     nothing, or closes without a word     | ACCEPTED: "accepted, but no TLS answer in 3 s"; unknown is a result
 *
 * Before the connection stands it ends as the TCP probe does. Few handshakes go on at a time; the others wait.
 */
#pragma once

#include "portconform/probe.h"

extern const struct probe_kind probe_kind_tls;
