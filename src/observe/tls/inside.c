/* The talk inside TLS: the service's own protocol, by the same checks as in plain. */
#include "tls.h"

#include "portconform/octets.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

enum { OFFER_MAX = 64 };

void tls_talk_offer(struct tls_state *state, const struct service_check *check)
{
    uint8_t offer[OFFER_MAX];
    struct writer writer = {.octets = offer, .size = sizeof(offer)};
    for (const struct service_alpn *alpn = check ? check->alpn : NULL; alpn && alpn->protocol; alpn++) {
        put_u8(&writer, (uint8_t)strlen(alpn->protocol));
        put_text(&writer, alpn->protocol);
    }
    if (written(&writer) > 0)
        (void)SSL_set_alpn_protos(state->ssl, offer, (unsigned)written(&writer)); /* without it, plain old HTTP */
}

/* What is spoken inside: what the server took of our offer, or what is spoken without one. */
static const struct service_check *check_taken(const struct tls_state *state, const struct service_check *check)
{
    const unsigned char *taken = NULL;
    unsigned length = 0;
    SSL_get0_alpn_selected(state->ssl, &taken, &length);
    for (const struct service_alpn *alpn = check ? check->alpn : NULL; alpn && alpn->protocol; alpn++)
        if (strlen(alpn->protocol) == length && memcmp(alpn->protocol, taken, length) == 0)
            return alpn->check;
    return check;
}

static void conclude(struct probe *probe, enum service_verdict verdict, const struct text *detail)
{
    struct tls_state *state = probe_state(probe);
    const struct service_check *check = state->talk.check;
    state->talk.over = true;
    if (detail->failed || state->about.failed) {
        probe_end_local(probe, ENOMEM);
        return;
    }
    if (check->farewell && verdict == SERVICE_PROVEN)
        (void)SSL_write(state->ssl, check->farewell, (int)check->farewell_length);
    (void)SSL_shutdown(state->ssl); /* a polite end; whether it arrives does not matter */
    if (verdict == SERVICE_WRONG) {
        service_talk_end(probe, verdict, "inside TLS ", text_string(detail));
    } else {
        text_add(&state->about, "; ");
        service_talk_end(probe, verdict, text_string(&state->about), text_string(detail));
    }
    (void)tls_send(probe);
}

static void advance(struct probe *probe)
{
    struct tls_state *state = probe_state(probe);
    struct text detail = {0};
    enum service_verdict verdict;
    while ((verdict = service_talk_read(&state->talk, &detail)) == SERVICE_SAY) {
        uint8_t message[SERVICE_SAY_MAX];
        size_t length = service_talk_say(&state->talk, message, sizeof(message));
        if (length == 0 || SSL_write(state->ssl, message, (int)length) <= 0)
            break;
    }
    if (verdict == SERVICE_MORE || verdict == SERVICE_SAY)
        (void)tls_flush(probe);
    else
        conclude(probe, verdict, &detail);
    text_done(&detail);
}

int tls_talk_begin(struct probe *probe)
{
    struct tls_state *state = probe_state(probe);
    const struct probe_request *request = probe_request_of(probe);
    const struct service_check *check = service_check_find(request->service ? request->service->name : NULL);
    if (!check)
        return 0;
    state->heard = malloc(SERVICE_HEARD_MAX);
    if (!state->heard)
        return -ENOMEM;
    state->talking = true;
    service_talk_begin(&state->talk, check_taken(state, check), request, true, state->host);
    state->talk.heard = state->heard;
    advance(probe);
    return 1;
}

void tls_talk_hear(struct probe *probe)
{
    struct tls_state *state = probe_state(probe);
    struct service_talk *talk = &state->talk;
    while (!talk->over) {
        ERR_clear_error();
        int got = SSL_read(state->ssl, state->heard + talk->length, (int)(SERVICE_HEARD_MAX - talk->length));
        if (got <= 0) {
            int why = SSL_get_error(state->ssl, got);
            unsigned long error = ERR_get_error();
            const char *words = error ? ERR_reason_error_string(error) : NULL;
            if (why != SSL_ERROR_WANT_READ)
                tls_talk_end(probe, words ? words : "then closed without a word");
            else
                (void)tls_flush(probe); /* it may have asked for new keys, or in vain for another handshake */
            return;
        }
        talk->length += (size_t)got;
        if (talk->length == SERVICE_HEARD_MAX)
            tls_talk_end(probe, "");
        else
            advance(probe);
    }
}

void tls_talk_end(struct probe *probe, const char *silence)
{
    struct tls_state *state = probe_state(probe);
    struct text detail = {0};
    if (state->talk.over)
        return; /* it has its end */
    state->talk.over = true;
    enum service_verdict verdict = service_talk_read(&state->talk, &detail);
    if (state->talk.length == 0)
        text_add(&detail, silence);
    conclude(probe, verdict, &detail);
    text_done(&detail);
}
