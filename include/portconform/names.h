/* DNS names to addresses, by c-ares with one deadline: all A and AAAA records, and /etc/hosts. */
#pragma once

#include "portconform/address.h"

/* *ret is malloc'ed and transferred. Returns the number of addresses (>= 1), -ENOENT when there is no such name,
 * PC_EDEADLINE, or another negative code. Blocks until then: not for an engine thread. */
int names_lookup(const char *name, unsigned timeout_ms, struct address **ret);
