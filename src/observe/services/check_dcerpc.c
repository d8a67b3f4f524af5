/* DCE RPC: a bind to the endpoint mapper. A server that has other interfaces refuses it in the same protocol. */
#include "talk.h"

enum { BIND = 11, BIND_ACK = 12, BIND_NAK = 13, FAULT = 3, VERSION = 5, HEADER = 16, FRAGMENT = 72, LARGEST = 4280 };

/* the endpoint mapper, e1af8308-5d1f-11c9-91a4-08002b14a0fa, and NDR, 8a885d04-1ceb-11c9-9fe8-08002b104860 */
static const uint8_t mapper[] = {0x08, 0x83, 0xaf, 0xe1, 0x1f, 0x5d, 0xc9, 0x11,
                                 0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa};
static const uint8_t ndr[] = {0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11,
                              0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60};

static size_t dcerpc_say(const struct service_talk *talk, uint8_t *buffer, size_t size)
{
    struct writer writer = {.octets = buffer, .size = size};
    put_u8(&writer, VERSION);
    put_u8(&writer, 0);
    put_u8(&writer, BIND);
    put_u8(&writer, 3);           /* first and last fragment */
    put_u32(&writer, 0x10000000); /* little-endian, ASCII, IEEE */
    put_le16(&writer, FRAGMENT);
    put_le16(&writer, 0); /* no authentication */
    put_le32(&writer, (uint32_t)talk->nonce);
    put_le16(&writer, LARGEST);
    put_le16(&writer, LARGEST);
    put_le32(&writer, 0); /* a new association */
    put_le32(&writer, 1); /* one context */
    put_le16(&writer, 0);
    put_le16(&writer, 1); /* with one transfer syntax */
    put_octets(&writer, mapper, sizeof(mapper));
    put_le32(&writer, 3);
    put_octets(&writer, ndr, sizeof(ndr));
    put_le32(&writer, 2);
    return written(&writer);
}

static enum service_verdict dcerpc_read(const struct service_talk *talk, struct text *detail)
{
    struct reader reader = {talk->heard, talk->length};
    uint8_t version, minor, type;
    uint32_t big, little;
    if (talk->heard[0] != VERSION)
        return SERVICE_WRONG;
    if (!take_u8(&reader, &version) || !take_u8(&reader, &minor) || !take_u8(&reader, &type))
        return SERVICE_MORE;
    if (minor > 1 || (type != BIND_ACK && type != BIND_NAK && type != FAULT))
        return SERVICE_WRONG;
    if (!skip_octets(&reader, 1) || reader.left < HEADER - 4)
        return SERVICE_MORE;
    bool little_endian = reader.octets[0] >> 4 == 1;
    struct reader again = reader;
    if (!skip_octets(&reader, 8) || !take_u32(&reader, &big) || !skip_octets(&again, 8) || !take_le32(&again, &little))
        return SERVICE_MORE;
    if ((little_endian ? little : big) != (uint32_t)talk->nonce)
        return SERVICE_WRONG;
    text_add(detail, type == BIND_ACK ? "DCE RPC, bind accepted" : "DCE RPC, bind refused");
    return SERVICE_PROVEN;
}

const struct service_check service_check_dcerpc = {
    .name = "DCE RPC",
    .source = "C706 sections 12.6.3 and 12.6.4",
    .first = SPEAKER_CLIENT,
    .proof = "the answer to a bind, by its call number",
    .say = dcerpc_say,
    .read = dcerpc_read,
};
