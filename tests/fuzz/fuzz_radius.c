/* The reader of RADIUS answers, over whatever came: eight octets of nonce (the lowest first), then the datagram. The
 * secret is "fuzz": answers of the corpus are sealed with it. */
#include "fuzz.h"
#include "portconform/probe_radius.h"

enum { NONCE = 8, HEADER = 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct udp_ask ask = {.secret = "fuzz"};
    uint8_t request[512];
    if (size < NONCE)
        return 0;
    for (size_t i = 0; i < NONCE; i++)
        ask.nonce |= (uint64_t)data[i] << (8 * i);
    const int answered = udp_payload_answers(&udp_payload_radius, &ask, data + NONCE, size - NONCE);
    FUZZ_ASSERT(answered == 0 || (answered == 1 && size - NONCE >= HEADER));
    /* one secret's answer is not another's */
    const struct udp_ask other = {.nonce = ask.nonce, .secret = "fuzzy"};
    FUZZ_ASSERT(answered == 0 || udp_payload_answers(&udp_payload_radius, &other, data + NONCE, size - NONCE) == 0);
    const size_t built = udp_payload_build(&udp_payload_radius, &ask, request, sizeof(request));
    FUZZ_ASSERT(built > 0 && udp_payload_answers(&udp_payload_radius, &ask, request, built) == 0);
    return 0;
}
