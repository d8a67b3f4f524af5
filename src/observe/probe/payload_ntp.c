/* NTP: a client's request (mode 3). The server repeats our transmit time stamp as its origin, so the nonce stands
 * there: no clock of ours is told, and none is needed. */
#include "payload.h"

#include <string.h>

enum { NTP_PACKET = 48, NTP_ORIGIN = 24, MODE_CLIENT = 3, MODE_SERVER = 4, VERSION = 4 };

size_t payload_build_ntp(uint8_t *buffer, size_t size, uint64_t nonce)
{
    static const uint8_t empty[NTP_PACKET - 1 - 8];
    struct writer writer = {.octets = buffer, .size = size};
    put_u8(&writer, VERSION << 3 | MODE_CLIENT);
    put_octets(&writer, empty, sizeof(empty));
    put_u64(&writer, nonce); /* transmit time stamp */
    return written(&writer);
}

/* A kiss-o'-death is an answer as well. */
bool payload_ntp_answers(const uint8_t *octets, size_t length, uint64_t nonce)
{
    struct reader reader = {octets, length};
    uint8_t first;
    uint64_t origin;
    if (length < NTP_PACKET || !take_u8(&reader, &first) || !skip_octets(&reader, NTP_ORIGIN - 1) ||
        !take_u64(&reader, &origin))
        return false;
    unsigned version = first >> 3 & 7;
    return (first & 7) == MODE_SERVER && version >= 1 && version <= VERSION && origin == nonce;
}
