/* SNMPv3 engine discovery: a get-request without user and without engine id. An agent answers with a report, whatever
 * its users are; no community or password is needed or guessed. */
#include "payload.h"

enum {
    TAG_GET_REQUEST = 0xa0,
    TAG_RESPONSE = 0xa2,
    TAG_REPORT = 0xa8,
    SNMP_VERSION_3 = 3,
    LARGEST_MESSAGE = 65507,
    FLAG_REPORTABLE = 0x04,
    SECURITY_MODEL_USM = 3,
};

/* message and request ids are numbers of 31 bits */
static uint32_t message_id(uint64_t nonce)
{
    return (uint32_t)nonce & 0x7fffffff;
}

static void put_header(struct writer *writer, uint64_t nonce)
{
    static const uint8_t flags = FLAG_REPORTABLE;
    size_t header = put_ber_open(writer, BER_SEQUENCE);
    put_ber_number(writer, BER_INTEGER, message_id(nonce));
    put_ber_number(writer, BER_INTEGER, LARGEST_MESSAGE);
    put_ber_octets(writer, BER_OCTET_STRING, &flags, 1);
    put_ber_number(writer, BER_INTEGER, SECURITY_MODEL_USM);
    put_ber_close(writer, header);
}

static void put_unknown_engine(struct writer *writer)
{
    size_t parameters = put_ber_open(writer, BER_OCTET_STRING);
    size_t sequence = put_ber_open(writer, BER_SEQUENCE);
    put_ber_text(writer, BER_OCTET_STRING, ""); /* engine id */
    put_ber_number(writer, BER_INTEGER, 0);     /* its boots */
    put_ber_number(writer, BER_INTEGER, 0);     /* its time */
    put_ber_text(writer, BER_OCTET_STRING, ""); /* user */
    put_ber_text(writer, BER_OCTET_STRING, ""); /* authentication */
    put_ber_text(writer, BER_OCTET_STRING, ""); /* privacy */
    put_ber_close(writer, sequence);
    put_ber_close(writer, parameters);
}

static void put_empty_request(struct writer *writer, uint64_t nonce)
{
    size_t scoped = put_ber_open(writer, BER_SEQUENCE);
    put_ber_text(writer, BER_OCTET_STRING, ""); /* context engine id */
    put_ber_text(writer, BER_OCTET_STRING, ""); /* context name */
    size_t request = put_ber_open(writer, TAG_GET_REQUEST);
    put_ber_number(writer, BER_INTEGER, message_id(nonce));
    put_ber_number(writer, BER_INTEGER, 0); /* error status */
    put_ber_number(writer, BER_INTEGER, 0); /* error index */
    put_ber_text(writer, BER_SEQUENCE, ""); /* no variables */
    put_ber_close(writer, request);
    put_ber_close(writer, scoped);
}

size_t payload_build_snmp(uint8_t *buffer, size_t size, uint64_t nonce)
{
    struct writer writer = {.octets = buffer, .size = size};
    size_t message = put_ber_open(&writer, BER_SEQUENCE);
    put_ber_number(&writer, BER_INTEGER, SNMP_VERSION_3);
    put_header(&writer, nonce);
    put_unknown_engine(&writer);
    put_empty_request(&writer, nonce);
    put_ber_close(&writer, message);
    return written(&writer);
}

bool payload_snmp_answers(const uint8_t *octets, size_t length, uint64_t nonce)
{
    struct reader reader = {octets, length}, message, header, scoped, ignored;
    uint32_t version, id;
    uint8_t tag;
    if (!take_ber_tagged(&reader, BER_SEQUENCE, &message) || !take_ber_integer(&message, &version) ||
        version != SNMP_VERSION_3)
        return false;
    if (!take_ber_tagged(&message, BER_SEQUENCE, &header) || !take_ber_integer(&header, &id) || id != message_id(nonce))
        return false;
    if (!take_ber_tagged(&message, BER_OCTET_STRING, &ignored) || !take_ber_tagged(&message, BER_SEQUENCE, &scoped))
        return false;
    for (int i = 0; i < 2; i++) /* context engine id, context name */
        if (!take_ber_tagged(&scoped, BER_OCTET_STRING, &ignored))
            return false;
    return take_ber(&scoped, &tag, &ignored) && (tag == TAG_REPORT || tag == TAG_RESPONSE);
}
