/* SIP over TCP and TLS: OPTIONS, which any user agent or proxy answers with some status. */
#include "talk.h"

#include <inttypes.h>

static size_t sip_say(const struct service_talk *talk, uint8_t *buffer, size_t size)
{
    struct writer writer = {.octets = buffer, .size = size};
    put_format(&writer,
               "OPTIONS sip:portconform.invalid SIP/2.0\r\n"
               "Via: SIP/2.0/%s portconform.invalid;branch=z9hG4bK%016" PRIx64 "\r\n"
               "Max-Forwards: 70\r\n"
               "From: <sip:probe@portconform.invalid>;tag=%08" PRIx32 "\r\n"
               "To: <sip:portconform.invalid>\r\n"
               "Call-ID: %016" PRIx64 "@portconform.invalid\r\n"
               "CSeq: 1 OPTIONS\r\n"
               "Content-Length: 0\r\n"
               "\r\n",
               talk->over_tls ? "TLS" : "TCP", talk->nonce, (uint32_t)talk->nonce, talk->nonce);
    return written(&writer);
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
