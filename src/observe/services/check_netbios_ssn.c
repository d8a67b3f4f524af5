/* NetBIOS session service: a session is asked for by the name that every file server has. Any answer to that is proof,
 * a refusal of the name too. */
#include "talk.h"

enum { REQUEST = 0x81, POSITIVE = 0x82, NEGATIVE = 0x83, RETARGET = 0x84, NAME = 34, HALF_NAME = 16 };

/* A name in the first-level encoding of RFC 1001 section 14.1. */
static void put_half_octets(struct writer *writer, uint8_t octet)
{
    put_u8(writer, (uint8_t)('A' + (octet >> 4)));
    put_u8(writer, (uint8_t)('A' + (octet & 15)));
}

static void put_name(struct writer *writer, const char *name, uint8_t suffix)
{
    put_u8(writer, 2 * HALF_NAME);
    for (size_t i = 0; i < HALF_NAME - 1; i++)
        put_half_octets(writer, *name ? (uint8_t)*name++ : ' ');
    put_half_octets(writer, suffix);
    put_u8(writer, 0);
}

static size_t netbios_say(const struct service_talk *talk, uint8_t *buffer, size_t size)
{
    struct writer writer = {.octets = buffer, .size = size};
    (void)talk;
    put_u8(&writer, REQUEST);
    put_u8(&writer, 0);
    put_u16(&writer, 2 * NAME);
    put_name(&writer, "*SMBSERVER", 0x20);
    put_name(&writer, "PORTCONFORM", 0x00);
    return written(&writer);
}

static enum service_verdict netbios_read(const struct service_talk *talk, struct text *detail)
{
    static const uint8_t lengths[] = {0, [NEGATIVE - POSITIVE] = 1, [RETARGET - POSITIVE] = 6};
    uint8_t type = talk->heard[0];
    if (type < POSITIVE || type > RETARGET)
        return SERVICE_WRONG;
    const uint8_t header[] = {type, 0, 0, lengths[type - POSITIVE]};
    enum match match = talk_begins(talk, 0, header, sizeof(header));
    if (match == MATCH_YES)
        text_add(detail, type == POSITIVE ? "NetBIOS session" : "NetBIOS session service, which has no such name");
    return talk_decide(match, SERVICE_PROVEN);
}

const struct service_check service_check_netbios_ssn = {
    .name = "NetBIOS session service",
    .source = "RFC 1002 section 4.3",
    .first = SPEAKER_CLIENT,
    .proof = "the answer to a request for a session",
    .say = netbios_say,
    .read = netbios_read,
};
