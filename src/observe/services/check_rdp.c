/* Remote Desktop: a connection request of X.224, which names the kinds of security that we would take. */
#include "talk.h"

enum { TPKT = 3, CONNECTION_CONFIRM = 0xd0, NEGOTIATION_RESPONSE = 2, NEGOTIATION_FAILURE = 3 };

static size_t rdp_say(const struct service_talk *talk, uint8_t *buffer, size_t size)
{
    static const uint8_t request[] = {TPKT, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, /* connection request, class 0 */
                                      1,    0, 8, 0,  3,  0,    0, 0};         /* TLS or CredSSP */
    struct writer writer = {.octets = buffer, .size = size};
    (void)talk;
    put_octets(&writer, request, sizeof(request));
    return written(&writer);
}

static const char *security_of(const struct service_talk *talk)
{
    enum { NEGOTIATION_AT = 11, SELECTED_AT = 15 };
    if (talk->length <= SELECTED_AT)
        return "";
    if (talk->heard[NEGOTIATION_AT] == NEGOTIATION_FAILURE)
        return ", without TLS";
    return talk->heard[NEGOTIATION_AT] == NEGOTIATION_RESPONSE && talk->heard[SELECTED_AT] != 0 ? ", with TLS" : "";
}

static enum service_verdict rdp_read(const struct service_talk *talk, struct text *detail)
{
    enum { LENGTH_AT = 3, CODE_AT = 5, SHORTEST = 11 };
    enum match match = talk_begins(talk, 0, "\3\0\0", 3);
    if (match == MATCH_YES)
        match =
            talk->length <= CODE_AT ? MATCH_PART : talk_begins(talk, CODE_AT, (const uint8_t[]){CONNECTION_CONFIRM}, 1);
    if (match != MATCH_YES)
        return talk_decide(match, SERVICE_MORE);
    size_t length = talk->heard[LENGTH_AT];
    if (length < SHORTEST)
        return SERVICE_WRONG;
    if (talk->length < length && !talk->over)
        return SERVICE_MORE;
    text_printf(detail, "RDP%s", security_of(talk));
    return SERVICE_PROVEN;
}

const struct service_check service_check_rdp = {
    .name = "RDP",
    .source = "MS-RDPBCGR sections 2.2.1.1 and 2.2.1.2",
    .first = SPEAKER_CLIENT,
    .proof = "the confirmation of a connection request",
    .say = rdp_say,
    .read = rdp_read,
};
