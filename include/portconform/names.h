/* DNS names to addresses, by c-ares with one deadline: all A and AAAA records, and /etc/hosts. */
#pragma once

#include "portconform/address.h"

/* Sorted, each once, so that a name is the same list whatever order its server rotates it in; at most 256. An address
 * in text is a name of itself. *ret is malloc'ed and transferred. Returns the number of addresses (>= 1), -ENOENT when
 * there is no such name, PC_EDEADLINE, or another negative code. Blocks until then: not for an engine thread. */
int names_lookup(const char *name, unsigned timeout_ms, struct address **ret);
