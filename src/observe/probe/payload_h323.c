/* H.323 registration: a gatekeeper request, which asks who the gatekeeper is and registers nothing. Confirmation and
 * refusal prove it, by the number of the request. The answer goes to the address that the request names. */
#include "payload.h"

/* The packed encoding (X.691, aligned) of RasMessage: an extension bit and five bits of choice, then the message's
 * sequence: an extension bit, and one bit for each field that may be left out. */
enum {
    GATEKEEPER_REQUEST = 0,
    GATEKEEPER_CONFIRM = 1,
    GATEKEEPER_REJECT = 2,
    EXTENDED = 0x80,
    CHOICE_SHIFT = 2,
    IP_ADDRESS = 0x00,  /* choice of TransportAddress: an extension bit, three bits, then padding */
    IP6_ADDRESS = 0x30, /* 0 011, then the extension bit of its sequence */
};

static const uint8_t protocol[] = {6, 0, 8, 0x91, 0x4a, 0, 4}; /* 0.0.8.2250.0.4: H.225.0 version 4 */

static uint16_t request_number(uint64_t nonce)
{
    return (uint16_t)(nonce % UINT16_MAX); /* encoded as its distance from 1 */
}

size_t payload_build_ras(uint8_t *buffer, size_t size, const struct udp_ask *ask)
{
    struct writer writer = {.octets = buffer, .size = size};
    bool v6 = ask->own.family == AF_INET6;
    put_u16(&writer, GATEKEEPER_REQUEST << (CHOICE_SHIFT + 8)); /* none of the optional fields */
    put_u16(&writer, request_number(ask->nonce));
    put_octets(&writer, protocol, sizeof(protocol));
    put_u8(&writer, v6 ? IP6_ADDRESS : IP_ADDRESS);
    put_octets(&writer, ask->own.octets, v6 ? 16 : 4);
    put_u16(&writer, ask->own_port);
    /* EndpointType: nothing of what it may say, but for two flags, mc and undefinedNode */
    put_u16(&writer, 0);
    return written(&writer);
}

bool payload_ras_answers(const uint8_t *octets, size_t length, uint64_t nonce)
{
    struct reader reader = {octets, length};
    uint8_t choice, rest;
    uint16_t number;
    if (!take_u8(&reader, &choice) || !take_u8(&reader, &rest) || !take_u16(&reader, &number))
        return false;
    if (choice & EXTENDED || number != request_number(nonce) || reader.left < sizeof(protocol))
        return false;
    unsigned message = choice >> CHOICE_SHIFT;
    /* both go on with the protocol: an object identifier below 0.0.8.2250.0 */
    bool of_ras = reader.octets[0] == sizeof(protocol) - 1 && reader.octets[2] == 8 && reader.octets[3] == 0x91 &&
                  reader.octets[4] == 0x4a;
    return of_ras && (message == GATEKEEPER_CONFIRM || message == GATEKEEPER_REJECT);
}
