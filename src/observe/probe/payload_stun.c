/* STUN: a binding request. A TURN server answers it as well. */
#include "payload.h"

enum {
    BINDING_REQUEST = 0x0001,
    BINDING_SUCCESS = 0x0101,
    BINDING_ERROR = 0x0111,
};
static const uint32_t magic_cookie = 0x2112a442;
static const uint32_t transaction_start = 0x70636e66; /* the other eight octets are the nonce */

size_t payload_build_stun(uint8_t *buffer, size_t size, uint64_t nonce)
{
    struct writer writer = {.octets = buffer, .size = size};
    put_u16(&writer, BINDING_REQUEST);
    put_u16(&writer, 0); /* no attributes */
    put_u32(&writer, magic_cookie);
    put_u32(&writer, transaction_start);
    put_u64(&writer, nonce);
    return written(&writer);
}

bool payload_stun_answers(const uint8_t *octets, size_t length, uint64_t nonce)
{
    struct reader reader = {octets, length};
    uint16_t type, attributes;
    uint32_t cookie, start;
    uint64_t transaction;
    if (!take_u16(&reader, &type) || !take_u16(&reader, &attributes) || !take_u32(&reader, &cookie) ||
        !take_u32(&reader, &start) || !take_u64(&reader, &transaction))
        return false;
    return (type == BINDING_SUCCESS || type == BINDING_ERROR) && cookie == magic_cookie && start == transaction_start &&
           transaction == nonce && attributes % 4 == 0 && attributes == reader.left;
}
