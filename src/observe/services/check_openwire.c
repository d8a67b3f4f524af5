/* OpenWire: the broker's description of its wire format, which it sends at once. */
#include "talk.h"

static enum service_verdict openwire_read(const struct service_talk *talk, struct text *detail)
{
    enum { TYPE_AT = 4, VERSION_AT = 13, VERSION_END = 17, LONGEST = 64 * 1024 };
    static const char magic[] = "\1ActiveMQ"; /* behind its type */
    struct reader reader = {talk->heard, talk->length};
    uint32_t size, version;
    if (talk->heard[0] != 0) /* no such description has 16 MiB */
        return SERVICE_WRONG;
    if (take_u32(&reader, &size) && (size < VERSION_END - TYPE_AT || size > LONGEST))
        return SERVICE_WRONG;
    enum match match = talk_begins(talk, TYPE_AT, magic, sizeof(magic) - 1);
    if (match != MATCH_YES)
        return talk_decide(match, SERVICE_MORE);
    reader = (struct reader){talk->heard + VERSION_AT, talk->length - VERSION_AT};
    if (!take_u32(&reader, &version))
        return SERVICE_MORE;
    text_printf(detail, "OpenWire version %u", (unsigned)version);
    return SERVICE_PROVEN;
}

const struct service_check service_check_openwire = {
    .name = "OpenWire",
    .source = "Apache ActiveMQ, OpenWire version 2 specification",
    .first = SPEAKER_SERVER,
    .proof = "the description of the wire format",
    .read = openwire_read,
};
