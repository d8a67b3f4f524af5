/* The table of UDP payloads, and the octets they are made of. A payload asks for as little as its protocol allows,
 * needs no secret, and changes nothing on the server. */
#include "payload.h"

#include <string.h>

static const struct udp_payload payloads[] = {
    {"dns", "RFC 1035 section 4", payload_build_dns, payload_dns_answers},
    {"ntp", "RFC 5905 section 7.3", payload_build_ntp, payload_ntp_answers},
    {"snmp", "RFC 3414 section 4", payload_build_snmp, payload_snmp_answers},
    {"sip", "RFC 3261 section 11, RFC 3581", payload_build_sip, payload_sip_answers},
    {"stun", "RFC 8489 section 5", payload_build_stun, payload_stun_answers},
    {"tftp", "RFC 1350 section 5", payload_build_tftp, payload_tftp_answers},
    {"netbios-ns", "RFC 1002 section 4.2.17", payload_build_netbios, payload_netbios_answers},
    {"portmap", "RFC 5531 section 9, RFC 1833 section 3", payload_build_portmap, payload_portmap_answers},
    {"kerberos", "RFC 4120 section 5.4.1", payload_build_kerberos, payload_kerberos_answers},
    {"cldap", "RFC 4511 section 4.5", payload_build_cldap, payload_cldap_answers},
};

const struct udp_payload *udp_payload_table(size_t *ret_count)
{
    *ret_count = sizeof(payloads) / sizeof(payloads[0]);
    return payloads;
}

const struct udp_payload *udp_payload_find(const char *service)
{
    for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++)
        if (strcmp(payloads[i].service, service) == 0)
            return &payloads[i];
    return NULL;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

void put_octets(struct writer *writer, const void *octets, size_t length)
{
    if (writer->overflow || length > writer->size - writer->used) {
        writer->overflow = true;
        return;
    }
    if (length)
        memcpy(writer->octets + writer->used, octets, length);
    writer->used += length;
}

static void put_number(struct writer *writer, uint64_t value, size_t octets)
{
    uint8_t buffer[8];
    for (size_t i = 0; i < octets; i++)
        buffer[i] = (uint8_t)(value >> (8 * (octets - 1 - i)));
    put_octets(writer, buffer, octets);
}

void put_u8(struct writer *writer, uint8_t value)
{
    put_octets(writer, &value, 1);
}

void put_u16(struct writer *writer, uint16_t value)
{
    put_number(writer, value, 2);
}

void put_u32(struct writer *writer, uint32_t value)
{
    put_number(writer, value, 4);
}

void put_u64(struct writer *writer, uint64_t value)
{
    put_number(writer, value, 8);
}

size_t written(const struct writer *writer)
{
    return writer->overflow ? 0 : writer->used;
}

size_t put_ber_open(struct writer *writer, uint8_t tag)
{
    put_u8(writer, tag);
    put_u8(writer, 0); /* the length, when closed */
    return writer->used;
}

void put_ber_close(struct writer *writer, size_t opened)
{
    if (writer->overflow)
        return;
    size_t length = writer->used - opened;
    if (length > 127)
        writer->overflow = true;
    else
        writer->octets[opened - 1] = (uint8_t)length;
}

void put_ber_octets(struct writer *writer, uint8_t tag, const void *octets, size_t length)
{
    size_t opened = put_ber_open(writer, tag);
    put_octets(writer, octets, length);
    put_ber_close(writer, opened);
}

void put_ber_text(struct writer *writer, uint8_t tag, const char *text)
{
    put_ber_octets(writer, tag, text, strlen(text));
}

void put_ber_number(struct writer *writer, uint8_t tag, uint32_t value)
{
    /* a leading zero octet keeps a set top bit from meaning a sign */
    size_t length = 1;
    while (length < 5 && (uint64_t)value >> (8 * length - 1))
        length++;
    size_t opened = put_ber_open(writer, tag);
    put_number(writer, value, length);
    put_ber_close(writer, opened);
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

bool skip_octets(struct reader *reader, size_t length)
{
    if (length > reader->left)
        return false;
    reader->octets += length;
    reader->left -= length;
    return true;
}

static bool take_number(struct reader *reader, size_t octets, uint64_t *ret)
{
    uint64_t value = 0;
    if (octets > reader->left)
        return false;
    for (size_t i = 0; i < octets; i++)
        value = value << 8 | reader->octets[i];
    *ret = value;
    return skip_octets(reader, octets);
}

bool take_u8(struct reader *reader, uint8_t *ret)
{
    uint64_t value;
    if (!take_number(reader, 1, &value))
        return false;
    *ret = (uint8_t)value;
    return true;
}

bool take_u16(struct reader *reader, uint16_t *ret)
{
    uint64_t value;
    if (!take_number(reader, 2, &value))
        return false;
    *ret = (uint16_t)value;
    return true;
}

bool take_u32(struct reader *reader, uint32_t *ret)
{
    uint64_t value;
    if (!take_number(reader, 4, &value))
        return false;
    *ret = (uint32_t)value;
    return true;
}

bool take_u64(struct reader *reader, uint64_t *ret)
{
    return take_number(reader, 8, ret);
}

/* --- BER (X.690 section 8) --------------------------------------------------------------------------------------- */

static bool take_ber_length(struct reader *reader, size_t *ret)
{
    uint8_t first;
    if (!take_u8(reader, &first))
        return false;
    uint64_t length = first;
    size_t octets = first & 0x7f;
    if (first & 0x80) {
        /* no indefinite form, and no datagram needs more than four octets of length */
        if (octets == 0 || octets > 4 || !take_number(reader, octets, &length))
            return false;
    }
    *ret = (size_t)length;
    return true;
}

bool take_ber(struct reader *reader, uint8_t *ret_tag, struct reader *ret_content)
{
    struct reader rest = *reader;
    uint8_t tag;
    size_t length;
    if (!take_u8(&rest, &tag) || (tag & 0x1f) == 0x1f || !take_ber_length(&rest, &length) || length > rest.left)
        return false;
    *ret_tag = tag;
    *ret_content = (struct reader){rest.octets, length};
    *reader = rest;
    return skip_octets(reader, length);
}

bool take_ber_tagged(struct reader *reader, uint8_t tag, struct reader *ret_content)
{
    struct reader rest = *reader, content;
    uint8_t seen;
    if (!take_ber(&rest, &seen, &content) || seen != tag)
        return false;
    *reader = rest;
    *ret_content = content;
    return true;
}

bool take_ber_integer(struct reader *reader, uint32_t *ret)
{
    struct reader rest = *reader, content;
    uint64_t value;
    if (!take_ber_tagged(&rest, BER_INTEGER, &content) || content.left == 0 || content.left > 5)
        return false;
    if (content.octets[0] & 0x80 || !take_number(&content, content.left, &value) || value > UINT32_MAX)
        return false;
    *reader = rest;
    *ret = (uint32_t)value;
    return true;
}
