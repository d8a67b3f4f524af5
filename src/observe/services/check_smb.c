/* SMB: a negotiation of the dialect, by version 2 and later; a server that has version 1 alone may close instead. */
#include "talk.h"

enum { HEADER = 64, HEADER_AND_DIALECT = HEADER + 6, DIALECT_AT = HEADER + 4, FRAME = 4, STATUS_AT = 8 };

static size_t smb_say(const struct service_talk *talk, uint8_t *buffer, size_t size)
{
    static const uint16_t dialects[] = {0x0202, 0x0210, 0x0300, 0x0302};
    enum { DIALECTS = sizeof(dialects) / sizeof(dialects[0]), BODY = 36 };
    struct writer writer = {.octets = buffer, .size = size};
    put_u32(&writer, HEADER + BODY + 2 * DIALECTS); /* of the session service: its type 0 is a message */
    put_u32(&writer, 0xfe534d42);
    put_le16(&writer, HEADER);
    put_zeros(&writer, 8); /* credit charge, status, command NEGOTIATE */
    put_le16(&writer, 1);  /* credits asked for */
    put_zeros(&writer, 48);
    put_le16(&writer, BODY);
    put_le16(&writer, DIALECTS);
    put_le16(&writer, 1);  /* signing enabled */
    put_zeros(&writer, 6); /* no capability */
    put_u64(&writer, talk->nonce);
    put_u64(&writer, ~talk->nonce); /* our GUID */
    put_zeros(&writer, 8);
    for (size_t i = 0; i < DIALECTS; i++)
        put_le16(&writer, dialects[i]);
    return written(&writer);
}

static enum service_verdict smb_read(const struct service_talk *talk, struct text *detail)
{
    if (talk->heard[0] != 0) /* no session message */
        return SERVICE_WRONG;
    enum match old = talk_begins(talk, FRAME, "\xffSMB", 4);
    if (old == MATCH_YES) {
        text_add(detail, "SMB 1");
        return SERVICE_PROVEN;
    }
    enum match match = talk_begins(talk, FRAME, "\xfeSMB", 4);
    if (match == MATCH_NO)
        return old == MATCH_PART ? SERVICE_MORE : SERVICE_WRONG;
    struct reader reader = {talk->heard, talk->length};
    uint32_t status;
    if (match == MATCH_PART || !skip_octets(&reader, FRAME + STATUS_AT) || !take_u32(&reader, &status))
        return SERVICE_MORE;
    if (status != 0) {
        text_add(detail, "SMB 2 or later, none of our dialects");
        return SERVICE_PROVEN;
    }
    if (talk->length < FRAME + HEADER_AND_DIALECT && !talk->over)
        return SERVICE_MORE;
    text_add(detail, "SMB 2 or later");
    if (talk->length >= FRAME + HEADER_AND_DIALECT) {
        const uint8_t *dialect = talk->heard + FRAME + DIALECT_AT;
        text_clear(detail);
        text_printf(detail, "SMB %u.%u.%u", (unsigned)dialect[1], (unsigned)dialect[0] >> 4, dialect[0] & 15u);
    }
    return SERVICE_PROVEN;
}

const struct service_check service_check_smb = {
    .name = "SMB",
    .source = "MS-SMB2 sections 2.1 and 2.2.3, RFC 1002 section 4.3",
    .first = SPEAKER_CLIENT,
    .proof = "the answer to a negotiation of the dialect",
    .say = smb_say,
    .read = smb_read,
};
