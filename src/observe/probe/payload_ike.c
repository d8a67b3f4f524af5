/* IKE: the first message of version 2, with a proposal that no responder takes: all of its transforms have numbers for
 * private use. It is refused by a notification, and no half-open association stays behind. */
#include "payload.h"

enum {
    VERSION_2 = 0x20,
    VERSION_1 = 0x10,
    EXCHANGE_SA_INIT = 34,
    EXCHANGE_INFORMATIONAL_1 = 5,
    FLAG_INITIATOR = 0x08,
    FLAG_RESPONSE = 0x20,
    NEXT_NONE = 0,
    NEXT_SA = 33,
    NEXT_KEY_EXCHANGE = 34,
    NEXT_NONCE = 40,
    PROTOCOL_IKE = 1,
    LAST = 0,
    MORE_TRANSFORMS = 3,
    PRIVATE_TRANSFORM = 1024,
    TRANSFORMS = 4, /* encryption, pseudo-random function, integrity, group */
    TRANSFORM_LENGTH = 8,
    PROPOSAL_LENGTH = 8 + TRANSFORMS * TRANSFORM_LENGTH,
    NONCE_LENGTH = 32,
    KEY_LENGTH = 32,
    HEADER_LENGTH = 28,
    LENGTH = HEADER_LENGTH + 4 + PROPOSAL_LENGTH + 8 + KEY_LENGTH + 4 + NONCE_LENGTH,
};

static void put_payload(struct writer *writer, uint8_t next, size_t content)
{
    put_u8(writer, next);
    put_u8(writer, 0);
    put_u16(writer, (uint16_t)(4 + content));
}

static void put_proposal(struct writer *writer)
{
    put_u8(writer, LAST);
    put_u8(writer, 0);
    put_u16(writer, PROPOSAL_LENGTH);
    put_u8(writer, 1); /* its number */
    put_u8(writer, PROTOCOL_IKE);
    put_u8(writer, 0); /* no SPI of it */
    put_u8(writer, TRANSFORMS);
    for (unsigned type = 1; type <= TRANSFORMS; type++) {
        put_u8(writer, type < TRANSFORMS ? MORE_TRANSFORMS : LAST);
        put_u8(writer, 0);
        put_u16(writer, TRANSFORM_LENGTH);
        put_u8(writer, (uint8_t)type);
        put_u8(writer, 0);
        put_u16(writer, PRIVATE_TRANSFORM);
    }
}

/* Our SPI must not be zero. */
static uint64_t spi_of(uint64_t nonce)
{
    return nonce ? nonce : 1;
}

size_t payload_build_ike(uint8_t *buffer, size_t size, uint64_t nonce)
{
    struct writer writer = {.octets = buffer, .size = size};
    put_u64(&writer, spi_of(nonce));
    put_u64(&writer, 0);
    put_u8(&writer, NEXT_SA);
    put_u8(&writer, VERSION_2);
    put_u8(&writer, EXCHANGE_SA_INIT);
    put_u8(&writer, FLAG_INITIATOR);
    put_u32(&writer, 0);
    put_u32(&writer, LENGTH);
    put_payload(&writer, NEXT_KEY_EXCHANGE, PROPOSAL_LENGTH);
    put_proposal(&writer);
    put_payload(&writer, NEXT_NONCE, 4 + KEY_LENGTH);
    put_u16(&writer, PRIVATE_TRANSFORM);
    put_u16(&writer, 0);
    for (uint64_t i = 0; i < KEY_LENGTH / 8; i++)
        put_u64(&writer, nonce + i);
    put_payload(&writer, NEXT_NONE, NONCE_LENGTH);
    for (uint64_t i = 0; i < NONCE_LENGTH / 8; i++)
        put_u64(&writer, ~nonce - i);
    return written(&writer);
}

bool payload_ike_answers(const uint8_t *octets, size_t length, uint64_t nonce)
{
    struct reader reader = {octets, length};
    uint64_t ours, theirs;
    uint8_t next, version, exchange, flags;
    uint32_t message, total;
    if (!take_u64(&reader, &ours) || !take_u64(&reader, &theirs) || !take_u8(&reader, &next) ||
        !take_u8(&reader, &version) || !take_u8(&reader, &exchange) || !take_u8(&reader, &flags) ||
        !take_u32(&reader, &message) || !take_u32(&reader, &total))
        return false;
    if (ours != spi_of(nonce) || total != length)
        return false;
    /* a responder that has version 1 alone says so in its own way */
    return (version >> 4 == VERSION_2 >> 4 && exchange == EXCHANGE_SA_INIT && flags & FLAG_RESPONSE && message == 0) ||
           (version == VERSION_1 && exchange == EXCHANGE_INFORMATIONAL_1);
}
