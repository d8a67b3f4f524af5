/* SIP over TCP and TLS: OPTIONS, which any user agent or proxy answers with some status. */
#include "talk.h"

static size_t sip_say(const struct service_talk *talk, uint8_t *buffer, size_t size)
{
    return udp_payload_sip_options(buffer, size, talk->nonce, talk->over_tls ? "TLS" : "TCP");
}

static enum service_verdict sip_read(const struct service_talk *talk, struct text *detail)
{
    /* empty lines may come first (RFC 3261 section 7.5) */
    struct service_talk rest = *talk;
    while (rest.length > 0 && (rest.heard[0] == '\r' || rest.heard[0] == '\n')) {
        rest.heard++;
        rest.length--;
    }
    return rest.length > 0 ? talk_status(&rest, "SIP/", detail) : SERVICE_MORE;
}

const struct service_check service_check_sip = {
    .name = "SIP",
    .source = "RFC 3261 sections 7.2, 11 and 18",
    .first = SPEAKER_CLIENT,
    .proof = "a status line in answer to OPTIONS",
    .say = sip_say,
    .read = sip_read,
};
