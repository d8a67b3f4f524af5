/* Messages of the acceptance test, from anybody: only what is sealed opens, and what opens seals to the same octets. */
#include "fuzz.h"

#include "portconform/respond.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct acceptance_key key = {{1, 2, 3}};
    struct acceptance_message message;
    uint8_t octets[ACCEPTANCE_LENGTH];
    if (!acceptance_open(data, size, &key, &message))
        return 0;
    FUZZ_ASSERT(acceptance_seal(&message, &key, octets) == 0);
    FUZZ_ASSERT(memcmp(octets, data, ACCEPTANCE_LENGTH) == 0);
    return 0;
}
