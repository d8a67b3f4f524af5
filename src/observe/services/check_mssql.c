/* SQL Server: the pre-login of its tabular data stream, which tells the server's version before anybody logs in. */
#include "talk.h"

enum { PRELOGIN = 0x12, RESPONSE = 0x04, LAST_PACKET = 0x01, HEADER = 8, VERSION = 0, ENCRYPTION = 1, END = 0xff };
enum { VERSION_LENGTH = 6, OPTION = 5, OPTIONS = 2 * OPTION + 1 };

static size_t mssql_say(const struct service_talk *talk, uint8_t *buffer, size_t size)
{
    struct writer writer = {.octets = buffer, .size = size};
    (void)talk;
    put_u8(&writer, PRELOGIN);
    put_u8(&writer, LAST_PACKET);
    put_u16(&writer, HEADER + OPTIONS + VERSION_LENGTH + 1);
    put_zeros(&writer, 4); /* process, packet, window */
    put_u8(&writer, VERSION);
    put_u16(&writer, OPTIONS);
    put_u16(&writer, VERSION_LENGTH);
    put_u8(&writer, ENCRYPTION);
    put_u16(&writer, OPTIONS + VERSION_LENGTH);
    put_u16(&writer, 1);
    put_u8(&writer, END);
    put_zeros(&writer, VERSION_LENGTH);
    put_u8(&writer, 0); /* encrypted if the server wants it */
    return written(&writer);
}

static enum service_verdict mssql_read(const struct service_talk *talk, struct text *detail)
{
    struct reader reader = {talk->heard, talk->length};
    uint8_t type, status, token, version[4];
    uint16_t packet, offset, length;
    static const uint8_t begin[] = {RESPONSE, LAST_PACKET};
    enum match match = talk_begins(talk, 0, begin, sizeof(begin));
    if (match != MATCH_YES)
        return talk_decide(match, SERVICE_MORE);
    if (!take_u8(&reader, &type) || !take_u8(&reader, &status) || !take_u16(&reader, &packet) ||
        !skip_octets(&reader, 4))
        return SERVICE_MORE;
    struct reader options = reader;
    if (!take_u8(&reader, &token) || !take_u16(&reader, &offset) || !take_u16(&reader, &length))
        return SERVICE_MORE;
    if (token != VERSION || length != VERSION_LENGTH || offset < OPTION || packet < HEADER + offset + length)
        return SERVICE_WRONG;
    if (!skip_octets(&options, offset))
        return SERVICE_MORE;
    for (size_t i = 0; i < sizeof(version); i++)
        if (!take_u8(&options, &version[i]))
            return SERVICE_MORE;
    text_printf(detail, "SQL Server %u.%u.%u", (unsigned)version[0], (unsigned)version[1],
                (unsigned)version[2] << 8 | version[3]);
    return SERVICE_PROVEN;
}

const struct service_check service_check_mssql = {
    .name = "SQL Server",
    .source = "MS-TDS section 2.2.6.5",
    .first = SPEAKER_CLIENT,
    .proof = "the server's version in answer to a pre-login",
    .say = mssql_say,
    .read = mssql_read,
};
