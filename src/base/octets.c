/* Octets of protocols: within bounds, whatever the network sends. */
#include "portconform/octets.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

void put_le16(struct writer *writer, uint16_t value)
{
    put_u8(writer, (uint8_t)value);
    put_u8(writer, (uint8_t)(value >> 8));
}

void put_le32(struct writer *writer, uint32_t value)
{
    put_le16(writer, (uint16_t)value);
    put_le16(writer, (uint16_t)(value >> 16));
}

void put_zeros(struct writer *writer, size_t length)
{
    for (size_t i = 0; i < length; i++)
        put_u8(writer, 0);
}

void put_text(struct writer *writer, const char *text)
{
    put_octets(writer, text, strlen(text));
}

void put_format(struct writer *writer, const char *format, ...)
{
    va_list args;
    if (writer->overflow)
        return;
    size_t room = writer->size - writer->used;
    va_start(args, format);
    int wanted = vsnprintf((char *)writer->octets + writer->used, room, format, args);
    va_end(args);
    if (wanted < 0 || (size_t)wanted >= room) /* its NUL needs an octet, too */
        writer->overflow = true;
    else
        writer->used += (size_t)wanted;
}

void set_u16(struct writer *writer, size_t offset, uint16_t value)
{
    if (writer->overflow || writer->used < 2 || offset > writer->used - 2)
        return;
    writer->octets[offset] = (uint8_t)(value >> 8);
    writer->octets[offset + 1] = (uint8_t)value;
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

bool take_le16(struct reader *reader, uint16_t *ret)
{
    uint16_t value;
    if (!take_u16(reader, &value))
        return false;
    *ret = (uint16_t)(value >> 8 | value << 8);
    return true;
}

bool take_le32(struct reader *reader, uint32_t *ret)
{
    uint32_t value;
    if (!take_u32(reader, &value))
        return false;
    *ret = __builtin_bswap32(value);
    return true;
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
