/* The TLS probe: connects, shakes hands, and tells the protocol version, the certificate's name and the days it has
 * left. A peer that speaks something else is REASON_TLS_EXPECTED with what was seen. The certificate is looked at, not
 * judged. */
#pragma once

#include "portconform/probe.h"

extern const struct probe_kind probe_kind_tls;
