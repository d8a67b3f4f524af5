/* Capabilities of this process (capabilities(7)), by the system calls: a mask has bit N for capability N. */
#pragma once

#include <stdint.h>

#define CAPABILITY(number) (UINT64_C(1) << (number)) /* of <linux/capability.h> */

uint64_t capabilities_held(void); /* what it has, or may take */

/* Drops for good all but `keep` (of what it has): nothing it executes has any, no new privileges are gained, and the
 * bounding set is emptied where the process may do that. To be called while there is one thread. 0 or a negated errno:
 * then the process has what it had, or less. */
int capabilities_keep(uint64_t keep);
