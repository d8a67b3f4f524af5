/* FNV-1a, as its authors give it for 64 bits. */
#include "portconform/hash.h"

uint64_t hash_octets(uint64_t hash, const void *octets, size_t count)
{
    const unsigned char *at = octets;
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return hash;
}
