/* Octets of protocols: writing and reading them within bounds, and BER. Each function that reads takes whatever came
 * over the network. Numbers are in network order unless their function says `le`. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct writer {
    uint8_t *octets;
    size_t size;
    size_t used;
    bool overflow;
};

void put_octets(struct writer *writer, const void *octets, size_t length);
void put_u8(struct writer *writer, uint8_t value);
void put_u16(struct writer *writer, uint16_t value);
void put_u32(struct writer *writer, uint32_t value);
void put_u64(struct writer *writer, uint64_t value);
void put_le16(struct writer *writer, uint16_t value);
void put_le32(struct writer *writer, uint32_t value);
void put_zeros(struct writer *writer, size_t length);
void put_text(struct writer *writer, const char *text); /* without its NUL */
void put_format(struct writer *writer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Numbers that are known when what follows is written: room for one is kept, and filled later. */
void set_u16(struct writer *writer, size_t offset, uint16_t value);
size_t written(const struct writer *writer); /* 0 after an overflow */
/* BER (X.690 section 8), in the shortest form, for elements below 128 octets of content: a longer one is an overflow.
 * An element that holds others is opened and, with what open returned, closed. */
size_t put_ber_open(struct writer *writer, uint8_t tag);
void put_ber_close(struct writer *writer, size_t opened);
void put_ber_octets(struct writer *writer, uint8_t tag, const void *octets, size_t length);
void put_ber_text(struct writer *writer, uint8_t tag, const char *text);
void put_ber_number(struct writer *writer, uint8_t tag, uint32_t value);

struct reader {
    const uint8_t *octets;
    size_t left;
};

/* False when too little is left; then nothing is taken. */
bool take_u8(struct reader *reader, uint8_t *ret);
bool take_u16(struct reader *reader, uint16_t *ret);
bool take_u32(struct reader *reader, uint32_t *ret);
bool take_u64(struct reader *reader, uint64_t *ret);
bool take_le16(struct reader *reader, uint16_t *ret);
bool take_le32(struct reader *reader, uint32_t *ret);
bool skip_octets(struct reader *reader, size_t length);
/* One element with definite length (X.690); its content must lie inside. */
bool take_ber(struct reader *reader, uint8_t *ret_tag, struct reader *ret_content);
bool take_ber_tagged(struct reader *reader, uint8_t tag, struct reader *ret_content);
/* Tags of the universal class that several payloads use. */
enum { BER_INTEGER = 0x02, BER_BIT_STRING = 0x03, BER_OCTET_STRING = 0x04, BER_ENUMERATED = 0x0a, BER_SEQUENCE = 0x30 };
/* A non-negative INTEGER of at most 32 bits. */
bool take_ber_integer(struct reader *reader, uint32_t *ret);
