/* Java RMI: the header of the wire protocol; the server acknowledges it and tells what address it sees us at. */
#include "talk.h"

enum { STREAM_PROTOCOL = 0x4b, ACKNOWLEDGEMENT = 0x4e, VERSION = 2, HOST_MAX = 255 };

static size_t rmi_say(const struct service_talk *talk, uint8_t *buffer, size_t size)
{
    struct writer writer = {.octets = buffer, .size = size};
    (void)talk;
    put_text(&writer, "JRMI");
    put_u16(&writer, VERSION);
    put_u8(&writer, STREAM_PROTOCOL);
    return written(&writer);
}

static enum service_verdict rmi_read(const struct service_talk *talk, struct text *detail)
{
    struct reader reader = {talk->heard, talk->length};
    uint8_t type;
    uint16_t length, high;
    if (talk->heard[0] != ACKNOWLEDGEMENT)
        return SERVICE_WRONG;
    if (!take_u8(&reader, &type) || !take_u16(&reader, &length))
        return SERVICE_MORE;
    if (length == 0 || length > HOST_MAX)
        return SERVICE_WRONG;
    if (!skip_octets(&reader, length) || !take_u16(&reader, &high))
        return SERVICE_MORE;
    if (high != 0) /* of a port in four octets */
        return SERVICE_WRONG;
    text_add(detail, "Java RMI");
    return SERVICE_PROVEN;
}

const struct service_check service_check_java_rmi = {
    .name = "Java RMI",
    .source = "Java RMI specification, section 10.2",
    .first = SPEAKER_CLIENT,
    .proof = "the acknowledgement of the protocol",
    .say = rmi_say,
    .read = rmi_read,
};
