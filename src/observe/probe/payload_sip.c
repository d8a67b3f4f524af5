/* SIP: an OPTIONS request, which any user agent or proxy answers with some status. `rport` (RFC 3581) asks for the
 * answer at the port we called from. */
#include "payload.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

size_t udp_payload_sip_options(uint8_t *buffer, size_t size, uint64_t nonce, const char *transport)
{
    struct writer writer = {.octets = buffer, .size = size};
    put_format(&writer,
               "OPTIONS sip:portconform.invalid SIP/2.0\r\n"
               "Via: SIP/2.0/%s portconform.invalid;branch=z9hG4bK%016" PRIx64 ";rport\r\n"
               "Max-Forwards: 70\r\n"
               "From: <sip:probe@portconform.invalid>;tag=%08" PRIx32 "\r\n"
               "To: <sip:portconform.invalid>\r\n"
               "Call-ID: %016" PRIx64 "@portconform.invalid\r\n"
               "CSeq: 1 OPTIONS\r\n"
               "Content-Length: 0\r\n"
               "\r\n",
               transport, nonce, (uint32_t)nonce, nonce);
    return written(&writer);
}

size_t payload_build_sip(uint8_t *buffer, size_t size, uint64_t nonce)
{
    return udp_payload_sip_options(buffer, size, nonce, "UDP");
}

static bool is_digit(uint8_t octet)
{
    return octet >= '0' && octet <= '9';
}

bool payload_sip_answers(const uint8_t *octets, size_t length, uint64_t nonce)
{
    static const char start[] = "SIP/2.0 ";
    const size_t prefix = sizeof(start) - 1;
    char call[17];
    if (length < prefix + 4 || memcmp(octets, start, prefix) != 0)
        return false;
    const uint8_t *status = octets + prefix;
    if (!is_digit(status[0]) || !is_digit(status[1]) || !is_digit(status[2]) || status[3] != ' ')
        return false;
    (void)snprintf(call, sizeof(call), "%016" PRIx64, nonce);
    return memmem(octets, length, call, sizeof(call) - 1) != NULL;
}
