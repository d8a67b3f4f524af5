/* ONC RPC: procedure 0 of the port mapper, which does nothing and answers. */
#include "payload.h"

enum {
    MESSAGE_CALL = 0,
    MESSAGE_REPLY = 1,
    RPC_VERSION = 2,
    PORTMAP_PROGRAM = 100000,
    PORTMAP_VERSION = 2,
    REPLY_ACCEPTED = 0,
    REPLY_DENIED = 1,
};

size_t payload_build_portmap(uint8_t *buffer, size_t size, uint64_t nonce)
{
    struct writer writer = {.octets = buffer, .size = size};
    put_u32(&writer, (uint32_t)nonce);
    put_u32(&writer, MESSAGE_CALL);
    put_u32(&writer, RPC_VERSION);
    put_u32(&writer, PORTMAP_PROGRAM);
    put_u32(&writer, PORTMAP_VERSION);
    put_u32(&writer, 0); /* procedure */
    put_u64(&writer, 0); /* credential: none, empty */
    put_u64(&writer, 0); /* verifier: the same */
    return written(&writer);
}

bool payload_portmap_answers(const uint8_t *octets, size_t length, uint64_t nonce)
{
    struct reader reader = {octets, length};
    uint32_t transaction, message, state;
    if (!take_u32(&reader, &transaction) || !take_u32(&reader, &message) || !take_u32(&reader, &state) ||
        transaction != (uint32_t)nonce || message != MESSAGE_REPLY)
        return false;
    /* accepted: a verifier (8 octets at least) and a status; denied: two numbers at least */
    return (state == REPLY_ACCEPTED && reader.left >= 12) || (state == REPLY_DENIED && reader.left >= 8);
}
