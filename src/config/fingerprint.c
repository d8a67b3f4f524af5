/* FNV-1a, 128 bits. Offset basis and prime (2^88 + 0x13b) are those of the FNV draft (draft-eastlake-fnv). */
#include "fingerprint.h"

#include <inttypes.h>
#include <stdio.h>

void fingerprint_init(struct fingerprint *fingerprint)
{
    *fingerprint = (struct fingerprint){.high = 0x6c62272e07bb0142, .low = 0x62b821756295c58d};
}

/* state * (2^88 + 0x13b) modulo 2^128, by halves: 2^88 moves the low half up by 24 bits within the high one. */
static void multiply_by_prime(struct fingerprint *fingerprint)
{
    const uint64_t factor = 0x13b;
    uint64_t low = fingerprint->low;
    uint64_t carry = ((low >> 32) * factor + (((low & UINT32_MAX) * factor) >> 32)) >> 32;
    fingerprint->high = fingerprint->high * factor + carry + (low << 24);
    fingerprint->low = low * factor;
}

void fingerprint_add(struct fingerprint *fingerprint, const void *octets, size_t length)
{
    const unsigned char *bytes = octets;
    for (size_t i = 0; i < length; i++) {
        fingerprint->low ^= bytes[i];
        multiply_by_prime(fingerprint);
    }
}

const char *fingerprint_format(const struct fingerprint *fingerprint, char *buffer, size_t size)
{
    snprintf(buffer, size, "%016" PRIx64 "%016" PRIx64, fingerprint->high, fingerprint->low);
    return buffer;
}
