/* How a TLS probe ends, but for the end of a talk inside. */
#include "tls.h"

#include <errno.h>
#include <openssl/err.h>

enum {
    PEEK_COLUMNS = 60,
    TLS_ALERT = 0x15,
    TLS_HANDSHAKE = 0x16,
    TLS_MAJOR_VERSION = 3,
};

bool tls_looks_right(const struct tls_state *state)
{
    if (state->received == 0)
        return false;
    if (state->peek[0] != TLS_HANDSHAKE && state->peek[0] != TLS_ALERT)
        return false;
    return state->received < 2 || state->peek[1] == TLS_MAJOR_VERSION;
}

void tls_end_not_tls(struct probe *probe)
{
    const struct tls_state *state = probe_state(probe);
    size_t length = state->received < TLS_PEEK_MAX ? state->received : TLS_PEEK_MAX;
    struct text seen = {0};
    text_escape(&seen, state->peek, length, ESCAPE_ASCII, PEEK_COLUMNS);
    probe_set_detail(probe, "no TLS, but \"%s\"", text_string(&seen));
    text_done(&seen);
    probe_result_of(probe)->wrong_protocol = true;
    probe_end(probe, PROBE_OPEN, REASON_TLS_EXPECTED);
}

void tls_end_failed(struct probe *probe, unsigned long error)
{
    const char *why = error ? ERR_reason_error_string(error) : NULL;
    probe_set_detail(probe, "TLS handshake failed: %s", why ? why : "the connection ended in the middle of it");
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
    else
        tls_end_accepted(probe, how);
}

void tls_end_proven(struct probe *probe)
{
    const struct tls_state *state = probe_state(probe);
    probe_set_detail(probe, "%s", text_string(&state->about));
    probe_result_of(probe)->service_proven = true;
    probe_end(probe, PROBE_OPEN, REASON_SERVICE_PROVEN);
}

void tls_end_local(struct probe *probe, int error)
{
    probe_result_of(probe)->error = error;
    probe_end(probe, PROBE_LOCAL, probe_local_reason(error));
}

/* What shows a certificate that is none of ours is not the service that was expected. */
void tls_end_distrusted(struct probe *probe, enum reason reason, const char *why)
{
    const struct tls_state *state = probe_state(probe);
    probe_set_detail(probe, "%s; %s", text_string(&state->about), why);
    probe_result_of(probe)->wrong_protocol = true;
    probe_end(probe, PROBE_OPEN, reason);
}
