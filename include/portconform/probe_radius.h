/* The RADIUS probe: Status-Server (RFC 5997), a question that changes nothing, asks for no user, and is answered by
 * authentication and accounting servers alike.
 *
 *     what comes back, of the secret that the request names  | ends as
 *     -------------------------------------------------------+----------------------------------------------------------
 *     an answer whose authenticators the secret verifies     | open, proven: it is the server that we share it with
 *     anything else                                          | open, and the wrong protocol
 *     nothing                                                | silent, which says nothing: servers drop what they
 * cannot |   verify, and not every server knows the question
 *
 * Without a secret it is the UDP probe with an empty datagram, which proves nothing but a port that is shut. Apart from
 * the payloads of other services because MD5 and HMAC are OpenSSL's.
 */
#pragma once

#include "portconform/probe.h"

extern const struct probe_kind probe_kind_radius;
/* The condition of its row in the programs' tables. */
bool probe_radius_serves(const struct service *service);

/* What it asks by: build_keyed and answers_keyed. */
extern const struct udp_payload udp_payload_radius;
