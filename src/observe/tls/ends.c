/* How a TLS probe ends, but for the end of a talk inside. */
#include "tls.h"

#include "certificate.h"
#include "trust.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

enum { PEEK_COLUMNS = 60 };

static size_t peeked(const struct tls_state *state)
{
    return state->received < TLS_PEEK_MAX ? state->received : TLS_PEEK_MAX;
}

bool tls_looks_right(const struct tls_state *state)
{
    return service_looks_like_tls(state->peek, peeked(state)) || service_may_become_tls(state->peek, state->received);
}

void tls_end_not_tls(struct probe *probe)
{
    const struct tls_state *state = probe_state(probe);
    struct text seen = {0};
    text_escape(&seen, state->peek, peeked(state), ESCAPE_ASCII, PEEK_COLUMNS);
    probe_set_detail(probe, "no TLS, but \"%s\"", text_string(&seen));
    text_done(&seen);
    probe_result_of(probe)->wrong_protocol = true;
    probe_end(probe, PROBE_OPEN, REASON_TLS_EXPECTED);
}

/* The certificate may have been shown before: a server that wants one of ours, too, ends like this. */
void tls_end_failed(struct probe *probe, unsigned long error)
{
    struct tls_state *state = probe_state(probe);
    const char *why = error ? ERR_reason_error_string(error) : NULL, *distrusted = NULL;
    if (!why)
        why = "the connection ended in the middle of it";
    if (!state->ssl || !SSL_get0_peer_certificate(state->ssl)) {
        probe_set_detail(probe, "TLS handshake failed: %s", why);
        probe_end(probe, PROBE_OPEN, REASON_TLS_FAILED);
        return;
    }
    certificate_describe(&state->about, state->ssl, probe_now(probe).wall_ms);
    enum reason distrust = trust_judge(state->ssl, probe_request_of(probe), &distrusted);
    if (distrust != REASON_NONE) {
        tls_end_distrusted(probe, distrust, distrusted);
        return;
    }
    probe_set_detail(probe, "%s; handshake failed: %s", text_string(&state->about), why);
    probe_end(probe, PROBE_OPEN, REASON_TLS_FAILED);
}

void tls_end_accepted(struct probe *probe, const char *detail)
{
    probe_set_detail(probe, "%s", detail);
    probe_end(probe, PROBE_OPEN, REASON_ACCEPTED);
}

void tls_end_by_close(struct probe *probe, const char *how)
{
    const struct tls_state *state = probe_state(probe);
    if (state->talking)
        tls_talk_end(probe, "then closed without a word");
    else if (tls_looks_right(state))
        tls_end_failed(probe, 0);
    else if (state->received > 0)
        tls_end_not_tls(probe);
    else if (!tls_plain_call(probe, how))
        tls_end_accepted(probe, how);
}

void tls_end_proven(struct probe *probe)
{
    const struct tls_state *state = probe_state(probe);
    probe_set_detail(probe, "%s", text_string(&state->about));
    probe_result_of(probe)->service_proven = true;
    probe_end(probe, PROBE_OPEN, REASON_SERVICE_PROVEN);
}

/* What shows a certificate that is none of ours is not the service that was expected. */
void tls_end_distrusted(struct probe *probe, enum reason reason, const char *why)
{
    const struct tls_state *state = probe_state(probe);
    probe_set_detail(probe, "%s; %s", text_string(&state->about), why);
    probe_result_of(probe)->wrong_protocol = true;
    probe_end(probe, PROBE_OPEN, reason);
}
