/* Every reader of UDP answers, over whatever came: eight octets of nonce (the lowest first), then the datagram. */
#include "fuzz.h"
#include "portconform/probe.h"

enum { NONCE = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t nonce = 0;
    size_t count;
    if (size < NONCE)
        return 0;
    for (size_t i = 0; i < NONCE; i++)
        nonce |= (uint64_t)data[i] << (8 * i);
    const struct udp_payload *payloads = udp_payload_table(&count);
    for (size_t i = 0; i < count; i++) {
        uint8_t request[512];
        const bool answered = payloads[i].answers(data + NONCE, size - NONCE, nonce);
        const size_t built =
            udp_payload_build(&payloads[i], &(struct udp_ask){.nonce = nonce}, request, sizeof(request));
        /* a reflected request is never an answer */
        FUZZ_ASSERT(!answered || built != size - NONCE || memcmp(request, data + NONCE, built) != 0);
    }
    return 0;
}
