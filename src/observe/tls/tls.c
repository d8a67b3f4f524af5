/* The TLS probe: a connection as the TCP probe makes it, then a client's handshake, then a talk inside.
 *
 *     phase      | what it waits for                     | ends as
 *     -----------+---------------------------------------+--------------------------------------------------------
 *     CONNECTING | the connection                        | refused, stopped, silent: as the TCP probe
 *     WAITING    | a turn: few handshakes at a time      | merely accepted
 *     SHAKING    | the peer's part of the handshake      | TLS failed; TLS expected; distrusted; or merely accepted
 *     TALKING    | what the service's check wants        | proven; the wrong protocol inside; or merely accepted
 *     PLAIN      | the same, without TLS (plain.c)       | TLS expected; or merely accepted
 *
 * The library never touches the socket: octets go through memory, so that what the peer sent is counted, kept for the
 * report, and no signal comes of a closed connection.
 */
#include "portconform/probe_tls.h"

#include "certificate.h"
#include "context.h"
#include "tls.h"
#include "trust.h"

#include "portconform/text.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
    READ_MAX = 256 * 1024, /* octets that a peer may send in all */
    HANDSHAKES_MAX = 64,   /* at a time: each costs processor time on both sides, and memory */
    TURN_MS = 10,          /* after which a probe that waits for its turn looks again */
    TURN_HELD_MS = 250,    /* after which one that waits for its peer lets others begin */
};

static unsigned handshakes; /* under way. One thread makes probes */

/* --- octets ------------------------------------------------------------------------------------------------------ */

int tls_send(struct probe *probe)
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
        if (sent < 0)
            return -errno;
        (void)BIO_read(state->to_peer, sent_part, (int)sent); /* out of the queue */
    }
    uint32_t wanted = EPOLLIN | (left > 0 ? (uint32_t)EPOLLOUT : 0);
    int result = wanted == state->watched ? 0 : probe_watch(probe, probe_fd(probe), wanted);
    state->watched = wanted;
    return result;
}

bool tls_flush(struct probe *probe)
{
    int r = tls_send(probe);
    if (r == -EPIPE || r == -ECONNRESET)
        tls_end_by_close(probe, "accepted, then reset without a TLS answer");
    else if (r < 0)
        probe_end_local(probe, -r);
    return r == 0;
}

static void keep_first(struct tls_state *state, const uint8_t *octets, size_t length)
{
    if (state->received >= TLS_PEEK_MAX)
        return;
    size_t room = TLS_PEEK_MAX - state->received;
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
        tls_end_by_close(probe, "accepted, then reset without a TLS answer");
        return false;
    }
    if (got == 0) {
        tls_end_by_close(probe, "accepted, then closed without a TLS answer");
        return false;
    }
    keep_first(state, buffer, (size_t)got);
    state->received += (size_t)got;
    if (state->received > READ_MAX && state->talking) {
        tls_talk_end(probe, "then too much of TLS, and not a word");
        return false;
    }
    if (state->received > READ_MAX) {
        probe_set_detail(probe, "TLS handshake failed: more than %d octets before its end", READ_MAX);
        probe_end(probe, PROBE_OPEN, tls_looks_right(state) ? REASON_TLS_FAILED : REASON_TLS_EXPECTED);
        return false;
    }
    if (BIO_write(state->from_peer, buffer, (int)got) == (int)got)
        return true;
    probe_end(probe, PROBE_LOCAL, REASON_NO_MEMORY);
    return false;
}

/* --- the handshake ----------------------------------------------------------------------------------------------- */

static void give_back_turn(struct tls_state *state)
{
    if (state->has_turn)
        handshakes--;
    state->has_turn = false;
}

/* It stands: what the peer showed, whether that is trusted, and what is spoken inside. */
static void finish_handshake(struct probe *probe)
{
    struct tls_state *state = probe_state(probe);
    const char *why = NULL;
    give_back_turn(state);
    certificate_describe(&state->about, state->ssl, probe_now(probe).wall_ms);
    enum reason distrust = trust_judge(state->ssl, probe_request_of(probe), &why);
    if (distrust != REASON_NONE) {
        (void)SSL_shutdown(state->ssl);
        (void)tls_send(probe);
        tls_end_distrusted(probe, distrust, why);
        return;
    }
    int r = state->about.failed ? -ENOMEM : tls_talk_begin(probe);
    if (r < 0) {
        probe_end_local(probe, -r);
    } else if (r == 0) {
        (void)SSL_shutdown(state->ssl); /* a polite end; whether it arrives does not matter */
        (void)tls_send(probe);
        tls_end_proven(probe);
    }
}

/* One step of it. False: it waits for octets no more. */
static bool shake(struct probe *probe)
{
    struct tls_state *state = probe_state(probe);
    ERR_clear_error();
    int result = SSL_do_handshake(state->ssl);
    if (result == 1) {
        finish_handshake(probe);
        return state->talking;
    }
    int why = SSL_get_error(state->ssl, result);
    unsigned long error = ERR_get_error();
    if (why == SSL_ERROR_WANT_READ)
        return tls_flush(probe);
    (void)tls_flush(probe); /* our alert */
    if (tls_looks_right(state))
        tls_end_failed(probe, error);
    else if (state->received > 0)
        tls_end_not_tls(probe);
    else
        probe_end(probe, PROBE_LOCAL, REASON_LOCAL_OTHER);
    return false;
}

/* What came goes to the library; what the library makes of it, to the handshake or to the talk. */
static void go_on(struct probe *probe)
{
    struct tls_state *state = probe_state(probe);
    do {
        if (!state->talking && !shake(probe))
            return;
        if (state->talking)
            tls_talk_hear(probe);
        if (state->talking && state->talk.over)
            return;
    } while (feed(probe));
}

static bool ask_for(SSL *ssl, const char *server_name)
{
    char *name = strndup(server_name, trust_name_length(server_name));
    bool asked = name && SSL_set_tlsext_host_name(ssl, name) == 1;
    free(name);
    return asked;
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
    if (request->service)
        tls_talk_offer(state, service_check_find(request->service->name));
    /* a literal address is no server name (RFC 6066 section 3) */
    const char *name = request->server_name;
    return !name || address_parse(name, &literal) == 0 || ask_for(state->ssl, name);
}

/* Begins the handshake as soon as few enough others are under way. */
static void begin(struct probe *probe)
{
    struct tls_state *state = probe_state(probe);
    if (handshakes >= HANDSHAKES_MAX) {
        probe_set_timer(probe, probe_now(probe).mono_ms + TURN_MS);
        return;
    }
    handshakes++;
    state->has_turn = true;
    probe_set_timer(probe, probe_now(probe).mono_ms + TURN_HELD_MS);
    if (!set_up(probe)) {
        probe_end(probe, PROBE_LOCAL, REASON_NO_MEMORY);
        return;
    }
    int r = trust_demand(state->ssl, probe_request_of(probe), probe_now(probe).wall_ms);
    if (r < 0) {
        probe_set_detail(probe, "the file of the site's authorities cannot be read");
        probe_result_of(probe)->error = -r;
        probe_end(probe, PROBE_LOCAL, r == -ENOMEM ? REASON_NO_MEMORY : REASON_LOCAL_OTHER);
        return;
    }
    go_on(probe);
}

static void tls_on_ready(struct probe *probe, uint32_t epoll_events)
{
    struct tls_state *state = probe_state(probe);
    if (!state->connected) {
        if (!probe_tcp_established(probe, epoll_events))
            return;
        state->connected = true;
        probe_note_rtt(probe);
        int r = probe_watch(probe, probe_fd(probe), EPOLLIN);
        if (r < 0) {
            probe_end_local(probe, -r);
            return;
        }
        state->watched = EPOLLIN;
        begin(probe);
        return;
    }
    if (state->silence)
        tls_plain_on_ready(probe, epoll_events);
    else if (state->ssl)
        go_on(probe);
}

static void tls_on_timer(struct probe *probe)
{
    struct tls_state *state = probe_state(probe);
    if (state->has_turn)
        give_back_turn(state);
    else if (state->connected && !state->ssl)
        begin(probe);
}

static void tls_on_deadline(struct probe *probe)
{
    const struct tls_state *state = probe_state(probe);
    double seconds = probe_request_of(probe)->timeout_ms / 1000.0;
    char silence[64];
    if (!state->connected)
        return;
    if (state->silence) {
        tls_end_accepted(probe, state->silence);
        return;
    }
    if (state->talking) {
        (void)snprintf(silence, sizeof(silence), "then said nothing in %g s", seconds);
        tls_talk_end(probe, silence);
        return;
    }
    if (state->received > 0 && !tls_looks_right(state)) {
        tls_end_not_tls(probe);
        return;
    }
    if (state->received > 0)
        probe_set_detail(probe, "TLS begun, but not finished in %g s", seconds);
    else if (!state->ssl)
        probe_set_detail(probe, "accepted, but no turn for a TLS handshake in %g s", seconds);
    else
        probe_set_detail(probe, "accepted, but no TLS answer in %g s", seconds);
    probe_result_of(probe)->mute = state->received == 0 && state->ssl;
    probe_end(probe, PROBE_OPEN, REASON_ACCEPTED);
}

static void tls_cancel(struct probe *probe)
{
    struct tls_state *state = probe_state(probe);
    give_back_turn(state);
    SSL_free(state->ssl);
    state->ssl = NULL;
    text_done(&state->about);
    free(state->heard);
    state->heard = NULL;
}

const struct probe_kind probe_kind_tls = {
    .name = "tls",
    .summary = "connects, shakes hands by TLS, looks at the certificate, and speaks the service's own protocol inside",
    .state_size = sizeof(struct tls_state),
    .start = probe_tcp_start,
    .on_ready = tls_on_ready,
    .on_timer = tls_on_timer,
    .on_deadline = tls_on_deadline,
    .cancel = tls_cancel,
};
