/* CQL: a request for the options that the server supports, which needs no login. */
#include "talk.h"

enum { VERSION = 4, RESPONSE = 0x80, OPTIONS = 5, SUPPORTED = 6, ERROR = 0, NEWEST = 6 };

static uint16_t stream_of(const struct service_talk *talk)
{
    return (uint16_t)talk->nonce & 0x7fff;
}

static size_t cql_say(const struct service_talk *talk, uint8_t *buffer, size_t size)
{
    struct writer writer = {.octets = buffer, .size = size};
    put_u8(&writer, VERSION);
    put_u8(&writer, 0);
    put_u16(&writer, stream_of(talk));
    put_u8(&writer, OPTIONS);
    put_u32(&writer, 0);
    return written(&writer);
}

static enum service_verdict cql_read(const struct service_talk *talk, struct text *detail)
{
    struct reader reader = {talk->heard, talk->length};
    uint8_t version = 0, flags, code;
    uint16_t stream;
    uint32_t length;
    (void)take_u8(&reader, &version); /* there is one */
    if (version <= RESPONSE || version > (RESPONSE | NEWEST))
        return SERVICE_WRONG;
    if (!take_u8(&reader, &flags) || !take_u16(&reader, &stream) || !take_u8(&reader, &code))
        return SERVICE_MORE;
    /* a server that does not know our version answers with an error, by whatever stream */
    if (code != ERROR && (code != SUPPORTED || stream != stream_of(talk)))
        return SERVICE_WRONG;
    if (!take_u32(&reader, &length))
        return SERVICE_MORE;
    if (length > 1u << 28)
        return SERVICE_WRONG;
    text_printf(detail, "CQL version %u%s", version & ~(unsigned)RESPONSE, code == ERROR ? ", an error" : "");
    return SERVICE_PROVEN;
}

const struct service_check service_check_cql = {
    .name = "CQL",
    .source = "Apache Cassandra, native protocol version 4, sections 2 and 4.1.3",
    .first = SPEAKER_CLIENT,
    .proof = "the supported options, or an error in its frame",
    .say = cql_say,
    .read = cql_read,
};
