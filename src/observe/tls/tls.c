/* The TLS probe: a connection as the TCP probe makes it, then a client's handshake.
 *
 *     phase      | what it waits for                     | ends as
 *     -----------+---------------------------------------+--------------------------------------------------------
 *     CONNECTING | the connection                        | refused, stopped, silent: as the TCP probe
 *     SHAKING    | the peer's part of the handshake      | proven; TLS failed; TLS expected; or merely accepted
 *
 * The library never touches the socket: octets go through memory, so that what the peer sent is counted, kept for the
 * report, and no signal comes of a closed connection.
 */
#include "portconform/probe_tls.h"

#include "certificate.h"
#include "context.h"

#include "portconform/text.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
    READ_MAX = 256 * 1024, /* octets that a peer may send before the handshake is done */
    PEEK_MAX = 48,         /* of them, kept to tell what was seen */
    PEEK_COLUMNS = 60,
    TLS_ALERT = 0x15,
    TLS_HANDSHAKE = 0x16,
    TLS_MAJOR_VERSION = 3,
};

struct tls_state {
    SSL *ssl;
    BIO *from_peer;   /* owned by ssl */
    BIO *to_peer;     /* owned by ssl */
    uint32_t watched; /* epoll events */
    size_t received;
    uint8_t peek[PEEK_MAX];
    bool connected;
};

/* --- how it ends ------------------------------------------------------------------------------------------------- */

/* Do the first octets look like a TLS record? Too few of them: only if none speaks against it. */
static bool looks_like_tls(const struct tls_state *state)
{
    if (state->received == 0)
        return false;
    if (state->peek[0] != TLS_HANDSHAKE && state->peek[0] != TLS_ALERT)
        return false;
    return state->received < 2 || state->peek[1] == TLS_MAJOR_VERSION;
}

static void end_not_tls(struct probe *probe)
{
    const struct tls_state *state = probe_state(probe);
    size_t length = state->received < PEEK_MAX ? state->received : PEEK_MAX;
    struct text seen = {0};
    text_escape(&seen, state->peek, length, ESCAPE_ASCII, PEEK_COLUMNS);
    probe_set_detail(probe, "no TLS, but \"%s\"", text_string(&seen));
    text_done(&seen);
    probe_result_of(probe)->wrong_protocol = true;
    probe_end(probe, PROBE_OPEN, REASON_TLS_EXPECTED);
}

/* The library's own words for the alert or the fault. */
static void end_failed(struct probe *probe, unsigned long error)
{
    const char *why = error ? ERR_reason_error_string(error) : NULL;
    probe_set_detail(probe, "TLS handshake failed: %s", why ? why : "the connection ended in the middle of it");
    probe_end(probe, PROBE_OPEN, REASON_TLS_FAILED);
}

/* The connection ended or the time is over, and nothing tells what the peer speaks: accepted, no more. */
static void end_accepted(struct probe *probe, const char *detail)
{
    probe_set_detail(probe, "%s", detail);
    probe_end(probe, PROBE_OPEN, REASON_ACCEPTED);
}

static void end_by_close(struct probe *probe, const char *how)
{
    const struct tls_state *state = probe_state(probe);
    if (looks_like_tls(state))
        end_failed(probe, 0);
    else if (state->received > 0)
        end_not_tls(probe);
    else
        end_accepted(probe, how);
}

static void end_proven(struct probe *probe)
{
    const struct tls_state *state = probe_state(probe);
    struct text detail = {0};
    certificate_describe(&detail, state->ssl, probe_now(probe).wall_ms);
    probe_set_detail(probe, "%s", text_string(&detail));
    text_done(&detail);
    probe_result_of(probe)->service_proven = true;
    probe_end(probe, PROBE_OPEN, REASON_SERVICE_PROVEN);
}

/* --- octets ------------------------------------------------------------------------------------------------------ */

/* Sends what the library wants sent. The rest stays with it when the socket is full. False: the probe has ended. */
static bool flush(struct probe *probe)
{
    struct tls_state *state = probe_state(probe);
    char *octets;
    long left;
    while ((left = BIO_get_mem_data(state->to_peer, &octets)) > 0) {
        char sent_part[4096];
        size_t length = (size_t)left < sizeof(sent_part) ? (size_t)left : sizeof(sent_part);
        ssize_t sent = send(probe_fd(probe), octets, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN)
            break;
        if (sent < 0) {
            end_by_close(probe, "accepted, then reset without a TLS answer");
            return false;
        }
        (void)BIO_read(state->to_peer, sent_part, (int)sent); /* out of the queue */
    }
    uint32_t wanted = EPOLLIN | (left > 0 ? (uint32_t)EPOLLOUT : 0);
    int result = wanted == state->watched ? 0 : probe_watch(probe, probe_fd(probe), wanted);
    state->watched = wanted;
    if (result == 0)
        return true;
    probe_result_of(probe)->error = -result;
    probe_end(probe, PROBE_LOCAL, probe_local_reason(-result));
    return false;
}

static void keep_first(struct tls_state *state, const uint8_t *octets, size_t length)
{
    if (state->received >= PEEK_MAX)
        return;
    size_t room = PEEK_MAX - state->received;
    memcpy(state->peek + state->received, octets, length < room ? length : room);
}

/* One piece from the socket to the library. False: nothing more now, or the probe has ended. */
static bool feed(struct probe *probe)
{
    struct tls_state *state = probe_state(probe);
    uint8_t buffer[4096];
    ssize_t got = recv(probe_fd(probe), buffer, sizeof(buffer), 0);
    if (got < 0 && errno == EAGAIN)
        return false;
    if (got < 0) {
        end_by_close(probe, "accepted, then reset without a TLS answer");
        return false;
    }
    if (got == 0) {
        end_by_close(probe, "accepted, then closed without a TLS answer");
        return false;
    }
    keep_first(state, buffer, (size_t)got);
    state->received += (size_t)got;
    if (state->received > READ_MAX) {
        probe_set_detail(probe, "TLS handshake failed: more than %d octets before its end", READ_MAX);
        probe_end(probe, PROBE_OPEN, looks_like_tls(state) ? REASON_TLS_FAILED : REASON_TLS_EXPECTED);
        return false;
    }
    if (BIO_write(state->from_peer, buffer, (int)got) == (int)got)
        return true;
    probe_end(probe, PROBE_LOCAL, REASON_NO_MEMORY);
    return false;
}

/* --- the handshake ----------------------------------------------------------------------------------------------- */

static void shake(struct probe *probe)
{
    struct tls_state *state = probe_state(probe);
    do {
        ERR_clear_error();
        int result = SSL_do_handshake(state->ssl);
        if (result == 1) {
            (void)SSL_shutdown(state->ssl); /* a polite end; whether it arrives does not matter */
            if (flush(probe))
                end_proven(probe);
            return;
        }
        int why = SSL_get_error(state->ssl, result);
        unsigned long error = ERR_get_error();
        if (why != SSL_ERROR_WANT_READ) {
            (void)flush(probe); /* our alert */
            if (looks_like_tls(state))
                end_failed(probe, error);
            else if (state->received > 0)
                end_not_tls(probe);
            else
                probe_end(probe, PROBE_LOCAL, REASON_LOCAL_OTHER);
            return;
        }
        if (!flush(probe))
            return;
    } while (feed(probe));
}

static bool set_up(struct probe *probe)
{
    struct tls_state *state = probe_state(probe);
    const struct probe_request *request = probe_request_of(probe);
    struct address literal;
    state->ssl = tls_context_session();
    if (!state->ssl)
        return false;
    state->from_peer = BIO_new(BIO_s_mem());
    state->to_peer = BIO_new(BIO_s_mem());
    if (!state->from_peer || !state->to_peer) {
        BIO_free(state->from_peer);
        BIO_free(state->to_peer);
        return false;
    }
    SSL_set_bio(state->ssl, state->from_peer, state->to_peer);
    SSL_set_connect_state(state->ssl);
    /* a literal address is no server name (RFC 6066 section 3) */
    const char *name = request->server_name;
    return !name || address_parse(name, &literal) == 0 || SSL_set_tlsext_host_name(state->ssl, name) == 1;
}

static void tls_on_ready(struct probe *probe, uint32_t epoll_events)
{
    struct tls_state *state = probe_state(probe);
    if (!state->connected) {
        if (!probe_tcp_established(probe, epoll_events))
            return;
        state->connected = true;
        probe_note_rtt(probe);
        if (!set_up(probe)) {
            probe_end(probe, PROBE_LOCAL, REASON_NO_MEMORY);
            return;
        }
    }
    shake(probe);
}

static void tls_on_deadline(struct probe *probe)
{
    const struct tls_state *state = probe_state(probe);
    double seconds = probe_request_of(probe)->timeout_ms / 1000.0;
    if (!state->connected)
        return;
    if (state->received > 0 && !looks_like_tls(state)) {
        end_not_tls(probe);
        return;
    }
    if (state->received > 0)
        probe_set_detail(probe, "TLS begun, but not finished in %g s", seconds);
    else
        probe_set_detail(probe, "accepted, but no TLS answer in %g s", seconds);
    probe_end(probe, PROBE_OPEN, REASON_ACCEPTED);
}

static void tls_cancel(struct probe *probe)
{
    struct tls_state *state = probe_state(probe);
    SSL_free(state->ssl);
    state->ssl = NULL;
}

const struct probe_kind probe_kind_tls = {
    .name = "tls",
    .summary = "connects and shakes hands by TLS; looks at the certificate",
    .state_size = sizeof(struct tls_state),
    .start = probe_tcp_start,
    .on_ready = tls_on_ready,
    .on_deadline = tls_on_deadline,
    .cancel = tls_cancel,
};
