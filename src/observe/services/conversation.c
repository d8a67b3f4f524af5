/* A talk with a service: asks the check, and says in words what no check has words for. */
#include "talk.h"

#include <string.h>

enum {
    MESSAGES_MAX = 4, /* of ours; a check that wants more goes in a circle */
    TLS_ALERT = 0x15,
    TLS_HANDSHAKE = 0x16,
    TLS_MAJOR_VERSION = 3,
    TLS_MINOR_MAX = 4,
    TLS_MESSAGE_AT = 5,
    TLS_CLIENT_HELLO = 1,
};

static bool begins_record(const uint8_t octets[3])
{
    return (octets[0] == TLS_ALERT || octets[0] == TLS_HANDSHAKE) && octets[1] == TLS_MAJOR_VERSION &&
           octets[2] <= TLS_MINOR_MAX;
}

bool service_looks_like_tls(const uint8_t *octets, size_t length)
{
    if (length < 3 || !begins_record(octets))
        return false;
    /* a server has no client's hello: it is ours that comes back */
    return octets[0] == TLS_ALERT || (length > TLS_MESSAGE_AT && octets[TLS_MESSAGE_AT] != TLS_CLIENT_HELLO);
}

bool service_may_become_tls(const uint8_t *octets, size_t length)
{
    uint8_t begun[3] = {TLS_ALERT, TLS_MAJOR_VERSION, 0};
    if (length == 0 || length > TLS_MESSAGE_AT)
        return false;
    memcpy(begun, octets, length < sizeof(begun) ? length : sizeof(begun));
    return begins_record(begun);
}

void service_talk_init(struct service_talk *talk, const struct service_check *check, const char *host, uint64_t nonce,
                       bool over_tls)
{
    *talk = (struct service_talk){.check = check, .host = host, .nonce = nonce, .over_tls = over_tls};
}

void service_talk_begin(struct service_talk *talk, const struct service_check *check,
                        const struct probe_request *request, bool over_tls, char address[ADDRESS_TEXT])
{
    const char *host = request->server_name;
    if (!host)
        host = address_format(&request->target, address, ADDRESS_TEXT);
    service_talk_init(talk, check, host, probe_nonce(), over_tls);
}

size_t service_talk_say(struct service_talk *talk, uint8_t *buffer, size_t size)
{
    size_t length = talk->check->say ? talk->check->say(talk, buffer, size) : 0;
    talk->said++;
    return length;
}

static enum service_verdict wrong(const struct service_talk *talk, struct text *detail)
{
    text_clear(detail);
    if (!talk->over_tls && service_looks_like_tls(talk->heard, talk->length)) {
        text_printf(detail, "TLS, where %s is expected in plain", talk->check->name);
        return SERVICE_TLS;
    }
    text_printf(detail, "no %s, but ", talk->check->name);
    talk_quote(detail, talk->heard, talk->length);
    return SERVICE_WRONG;
}

/* Whoever sends back what he hears speaks every protocol in which both sides begin alike. */
static bool is_echo(const struct service_talk *talk)
{
    uint8_t message[SERVICE_SAY_MAX];
    struct service_talk first = *talk;
    first.said = 0;
    size_t length = talk->check->say ? talk->check->say(&first, message, sizeof(message)) : 0;
    if (length > talk->length)
        length = talk->length;
    return length > 0 && memcmp(message, talk->heard, length) == 0;
}

enum service_verdict service_talk_read(const struct service_talk *talk, struct text *detail)
{
    text_clear(detail);
    enum service_verdict verdict = SERVICE_MORE;
    if (talk->length > 0 || (!talk->over && talk->said == 0 && talk->check->first == SPEAKER_CLIENT))
        verdict = talk->length > 0 ? talk->check->read(talk, detail) : SERVICE_SAY;
    switch (verdict) {
    case SERVICE_MORE:
    case SERVICE_SAY:
        if (!talk->over && talk->said < MESSAGES_MAX)
            return verdict;
        break;
    case SERVICE_WRONG:
        if (!talk->over && !talk->over_tls && service_may_become_tls(talk->heard, talk->length))
            return SERVICE_MORE;
        return wrong(talk, detail);
    case SERVICE_PROVEN:
        return is_echo(talk) ? wrong(talk, detail) : SERVICE_PROVEN;
    case SERVICE_TLS:
    case SERVICE_UNPROVEN:
        break;
    }
    if (verdict == SERVICE_MORE || verdict == SERVICE_SAY)
        verdict = SERVICE_UNPROVEN;
    if (verdict == SERVICE_UNPROVEN && talk->length > 0 && text_string(detail)[0] == '\0') {
        text_printf(detail, "%s not proven by ", talk->check->name);
        talk_quote(detail, talk->heard, talk->length);
    }
    return verdict;
}

void service_talk_end(struct probe *probe, enum service_verdict verdict, const char *before, const char *detail)
{
    struct probe_result *result = probe_result_of(probe);
    enum reason reason = REASON_ACCEPTED;
    probe_set_detail(probe, "%s%s", before, detail);
    switch (verdict) {
    case SERVICE_PROVEN:
        result->service_proven = true;
        reason = REASON_SERVICE_PROVEN;
        break;
    case SERVICE_WRONG:
        result->wrong_protocol = true;
        reason = REASON_WRONG_PROTOCOL;
        break;
    case SERVICE_TLS:
        result->wrong_protocol = true;
        reason = REASON_TLS_UNEXPECTED;
        break;
    case SERVICE_MORE:
    case SERVICE_SAY:
    case SERVICE_UNPROVEN:
        break;
    }
    probe_end(probe, PROBE_OPEN, reason);
}

size_t talk_tls_hello(uint8_t *buffer, size_t size, uint64_t nonce)
{
    /* TLS_ECDHE_RSA/ECDSA with AES-128-GCM, RSA with AES-128-CBC: enough for an alert or a handshake to come back */
    static const uint16_t suites[] = {0x1301, 0xc02b, 0xc02f, 0x009c, 0x002f};
    static const uint8_t extensions[] = {
        0, 22,                                 /* octets that follow */
        0, 10, 0, 6, 0, 4, 0, 29, 0, 23,       /* groups: X25519, P-256 */
        0, 13, 0, 8, 0, 6, 4, 3,  8, 4,  4, 1, /* signatures: ECDSA and RSA with SHA-256 */
    };
    struct writer writer = {.octets = buffer, .size = size};
    put_u8(&writer, TLS_HANDSHAKE);
    put_u16(&writer, 0x0301);
    put_u16(&writer, 0); /* length of the record */
    put_u8(&writer, 1);  /* client_hello */
    put_u8(&writer, 0);
    put_u16(&writer, 0);      /* length of the message */
    put_u16(&writer, 0x0303); /* TLS 1.2 */
    for (uint64_t i = 0; i < 4; i++)
        put_u64(&writer, nonce ^ i);
    put_u8(&writer, 0); /* no session */
    put_u16(&writer, (uint16_t)sizeof(suites));
    for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
        put_u16(&writer, suites[i]);
    put_u16(&writer, 0x0100); /* no compression */
    put_octets(&writer, extensions, sizeof(extensions));
    set_u16(&writer, 3, (uint16_t)(writer.used - 5));
    set_u16(&writer, 7, (uint16_t)(writer.used - 9));
    return written(&writer);
}
