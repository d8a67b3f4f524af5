/* Every check of a TCP service, over whatever a peer says: an octet of flags, an octet that chooses the check, eight of
 * nonce (the lowest first), then what is heard. */
#include "fuzz.h"
#include "portconform/service_check.h"

enum { FLAG_OVER_TLS = 1, FLAG_HTTP_2 = 2, HEAD = 10 };

/* The verdict when the octets come in pieces of that size, and then no more. */
static enum service_verdict decide(struct service_talk talk, const uint8_t *heard, size_t length, size_t piece)
{
    struct text detail = {0};
    enum service_verdict verdict = SERVICE_MORE;
    uint8_t message[SERVICE_SAY_MAX];
    talk.heard = heard;
    while (verdict == SERVICE_MORE) {
        talk.length = length - talk.length < piece ? length : talk.length + piece;
        while ((verdict = service_talk_read(&talk, &detail)) == SERVICE_SAY)
            FUZZ_ASSERT(service_talk_say(&talk, message, sizeof(message)) > 0);
        if (verdict == SERVICE_MORE && talk.length == length)
            break;
    }
    talk.over = true;
    if (verdict == SERVICE_MORE)
        verdict = service_talk_read(&talk, &detail);
    FUZZ_ASSERT(verdict != SERVICE_MORE && verdict != SERVICE_SAY);
    for (const char *at = text_string(&detail); *at; at++) /* what is told is escaped */
        FUZZ_ASSERT(*at >= ' ' && *at != 0x7f);
    text_done(&detail);
    return verdict;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t nonce = 0;
    size_t count;
    struct service_talk talk;
    if (size <= HEAD)
        return 0;
    for (size_t i = 0; i < 8; i++)
        nonce |= (uint64_t)data[2 + i] << (8 * i);
    const struct service_check_row *rows = service_check_table(&count);
    const struct service_check *check = rows[data[1] % count].check;
    if (data[0] & FLAG_HTTP_2 && check->alpn)
        check = check->alpn[0].check;
    service_talk_init(&talk, check, "mgr01.example.jp", nonce, data[0] & FLAG_OVER_TLS);
    size_t length = size - HEAD < SERVICE_HEARD_MAX ? size - HEAD : SERVICE_HEARD_MAX;
    char *heard = fuzz_string(data + HEAD, length);
    const enum service_verdict whole = decide(talk, (const uint8_t *)heard, length, length);
    FUZZ_ASSERT(decide(talk, (const uint8_t *)heard, length, 1) == whole);
    FUZZ_ASSERT(whole != SERVICE_TLS || !talk.over_tls);
    free(heard);
    return 0;
}
