/* HTTP/2, where a server took it by ALPN: our preface, and its settings, which must be the first that it sends. No
 * request is made, so that none is logged. */
#include "talk.h"

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum { FRAME_SETTINGS = 4, FRAME_GOAWAY = 7, SETTING = 6, STREAM_MASK = 0x7fffffff };

static size_t h2_say(const struct service_talk *talk, uint8_t *buffer, size_t size)
{
    struct writer writer = {.octets = buffer, .size = size};
    (void)talk;
    put_text(&writer, preface);
    put_zeros(&writer, 3); /* no setting of ours */
    put_u8(&writer, FRAME_SETTINGS);
    put_zeros(&writer, 5); /* no flag, stream 0 */
    return written(&writer);
}

static enum service_verdict h2_read(const struct service_talk *talk, struct text *detail)
{
    struct reader reader = {talk->heard, talk->length};
    uint8_t high, type, flags;
    uint16_t low;
    uint32_t stream;
    if (!take_u8(&reader, &high) || !take_u16(&reader, &low) || !take_u8(&reader, &type))
        return SERVICE_MORE;
    if ((type != FRAME_SETTINGS && type != FRAME_GOAWAY) || high != 0)
        return SERVICE_WRONG;
    if (type == FRAME_SETTINGS && low % SETTING != 0)
        return SERVICE_WRONG;
    if (!take_u8(&reader, &flags) || !take_u32(&reader, &stream))
        return SERVICE_MORE;
    if ((stream & STREAM_MASK) != 0)
        return SERVICE_WRONG;
    text_add(detail, "HTTP/2");
    return SERVICE_PROVEN;
}

/* GOAWAY, stream 0, no error */
static const char farewell[] = "\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0";

const struct service_check service_check_h2 = {
    .name = "HTTP/2",
    .source = "RFC 9113 section 3.4",
    .first = SPEAKER_CLIENT,
    .proof = "the server's settings",
    .say = h2_say,
    .read = h2_read,
    .farewell = farewell,
    .farewell_length = sizeof(farewell),
};
