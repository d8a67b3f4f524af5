/* DNS and the NetBIOS name service, which share their header: a query for the root's name servers, and a node status
 * request. Any answer with our id proves the service, a refusal included: it was spoken. */
#include "payload.h"

enum {
    DNS_HEADER = 12,
    FLAG_RESPONSE = 0x8000,
    MASK_OPCODE = 0x7800,
    FLAG_RECURSION_DESIRED = 0x0100,
    TYPE_NS = 2,
    TYPE_NBSTAT = 0x21,
    CLASS_IN = 1,
};

static void put_header(struct writer *writer, uint64_t nonce, uint16_t flags)
{
    put_u16(writer, (uint16_t)nonce);
    put_u16(writer, flags);
    put_u16(writer, 1); /* questions */
    put_u16(writer, 0);
    put_u16(writer, 0);
    put_u16(writer, 0);
}

struct dns_header {
    uint16_t id, flags, questions, answers;
};

static bool take_header(struct reader *reader, struct dns_header *ret)
{
    return reader->left >= DNS_HEADER && take_u16(reader, &ret->id) && take_u16(reader, &ret->flags) &&
           take_u16(reader, &ret->questions) && take_u16(reader, &ret->answers) && skip_octets(reader, 4);
}

static bool is_response_to(const struct dns_header *header, uint64_t nonce)
{
    return header->id == (uint16_t)nonce && header->flags & FLAG_RESPONSE && !(header->flags & MASK_OPCODE);
}

size_t payload_build_dns(uint8_t *buffer, size_t size, uint64_t nonce)
{
    struct writer writer = {.octets = buffer, .size = size};
    put_header(&writer, nonce, FLAG_RECURSION_DESIRED);
    put_u8(&writer, 0); /* the root */
    put_u16(&writer, TYPE_NS);
    put_u16(&writer, CLASS_IN);
    return written(&writer);
}

bool payload_dns_answers(const uint8_t *octets, size_t length, uint64_t nonce)
{
    struct reader reader = {octets, length};
    struct dns_header header;
    return take_header(&reader, &header) && is_response_to(&header, nonce);
}

size_t payload_build_netbios(uint8_t *buffer, size_t size, uint64_t nonce)
{
    struct writer writer = {.octets = buffer, .size = size};
    put_header(&writer, nonce, 0);
    /* the name "*" and fifteen NULs, each half octet as a letter from A (RFC 1001 section 14.1) */
    put_u8(&writer, 32);
    put_octets(&writer, "CK", 2);
    for (int i = 0; i < 15; i++)
        put_octets(&writer, "AA", 2);
    put_u8(&writer, 0);
    put_u16(&writer, TYPE_NBSTAT);
    put_u16(&writer, CLASS_IN);
    return written(&writer);
}

/* Over a name: labels up to the empty one, or a pointer. */
static bool skip_name(struct reader *reader)
{
    uint8_t label;
    while (take_u8(reader, &label)) {
        if (label == 0)
            return true;
        if ((label & 0xc0) == 0xc0)
            return skip_octets(reader, 1);
        if (label & 0xc0 || !skip_octets(reader, label))
            return false;
    }
    return false;
}

bool payload_netbios_answers(const uint8_t *octets, size_t length, uint64_t nonce)
{
    struct reader reader = {octets, length};
    struct dns_header header;
    uint16_t type, class;
    if (!take_header(&reader, &header) || !is_response_to(&header, nonce))
        return false;
    if (header.answers == 0)
        return header.flags & 0x000f; /* a negative answer has a code (RFC 1002 section 4.2.14) */
    if (header.questions && (!skip_name(&reader) || !skip_octets(&reader, 4)))
        return false;
    return skip_name(&reader) && take_u16(&reader, &type) && take_u16(&reader, &class) && type == TYPE_NBSTAT &&
           class == CLASS_IN;
}
