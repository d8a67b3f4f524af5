/* LDAP: a search of the root DSE for one attribute, without a bind. */
#include "talk.h"

enum { TAG_SEARCH_ENTRY = 0x64, TAG_SEARCH_DONE = 0x65, TAG_EXTENDED = 0x78, MESSAGE_MAX = 64 * 1024 };

static size_t ldap_say(const struct service_talk *talk, uint8_t *buffer, size_t size)
{
    return udp_payload_find("cldap")->build(buffer, size, talk->nonce);
}

/* The header of a message that may not be there whole: its tag and length. */
static enum match take_header(struct reader *reader, uint8_t *ret_tag, size_t *ret_length)
{
    uint8_t first, octet;
    if (!take_u8(reader, ret_tag) || !take_u8(reader, &first))
        return MATCH_PART;
    size_t length = first & 0x7f;
    if (first & 0x80) {
        size_t octets = length;
        length = 0;
        if (octets == 0 || octets > 4)
            return MATCH_NO;
        for (; octets > 0; octets--) {
            if (!take_u8(reader, &octet))
                return MATCH_PART;
            length = length << 8 | octet;
        }
    }
    *ret_length = length;
    return length <= MESSAGE_MAX ? MATCH_YES : MATCH_NO;
}

static enum service_verdict ldap_read(const struct service_talk *talk, struct text *detail)
{
    struct reader reader = {talk->heard, talk->length};
    uint8_t tag;
    size_t length;
    uint32_t id = 0;
    if (talk->heard[0] != BER_SEQUENCE)
        return SERVICE_WRONG;
    enum match match = take_header(&reader, &tag, &length);
    if (match != MATCH_YES)
        return talk_decide(match, SERVICE_MORE);
    if (reader.left > 0 && reader.octets[0] != BER_INTEGER)
        return SERVICE_WRONG;
    if (reader.left < 2 || reader.left < 3 + (size_t)reader.octets[1])
        return reader.left >= 2 && reader.octets[1] > 5 ? SERVICE_WRONG : SERVICE_MORE;
    if (!take_ber_integer(&reader, &id) || !take_u8(&reader, &tag))
        return SERVICE_WRONG;
    bool answers = id == ((uint32_t)talk->nonce & 0x7fffffff) && (tag == TAG_SEARCH_ENTRY || tag == TAG_SEARCH_DONE);
    bool disconnects = id == 0 && tag == TAG_EXTENDED;
    if (!answers && !disconnects)
        return SERVICE_WRONG;
    text_add(detail, disconnects ? "LDAP, a notice of disconnection" : "LDAP, the root DSE answers");
    return SERVICE_PROVEN;
}

static const char unbind[] = "\x30\x05\x02\x01\x01\x42"; /* and the NUL behind it: an empty content */

const struct service_check service_check_ldap = {
    .name = "LDAP",
    .source = "RFC 4511 sections 4.1.1 and 4.5, RFC 4512 section 5.1",
    .first = SPEAKER_CLIENT,
    .proof = "the answer to a search of the root DSE, by its message number",
    .say = ldap_say,
    .read = ldap_read,
    .farewell = unbind,
    .farewell_length = sizeof(unbind),
};
