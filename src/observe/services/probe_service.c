/* The service probe: a connection as the TCP probe makes it, then a talk in plain.
 *
 *     phase      | what it waits for            | ends as
 *     -----------+------------------------------+----------------------------------------------------------------
 *     CONNECTING | the connection               | refused, stopped, silent: as the TCP probe
 *     TALKING    | octets, the peer's close     | open: proven, the wrong protocol, or merely accepted
 *     CALLING    | another connection           | open: as TALKING left it
 *     ASKING     | octets, the peer's close     | open: TLS, or as TALKING left it
 *
 * A server that has to speak first and does not may be one that waits for TLS: when two thirds of the time are over it
 * gets a client's hello of TLS, and what answers to that is TLS. One that hears us and closes without a word may be one
 * that takes nothing but TLS: it is called once more, and gets that hello.
 */
#include "talk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

struct talking {
    struct service_talk talk;
    uint8_t *heard; /* SERVICE_HEARD_MAX octets, made when the first one comes */
    char host[ADDRESS_TEXT];
    const char *silence; /* how the first connection ended, while there is a second one */
    enum { SERVICE_CONNECTING, SERVICE_TALKING, SERVICE_CALLING, SERVICE_ASKING } phase;
    bool asked_for_tls;
};

static bool send_all(struct probe *probe, const void *octets, size_t length)
{
    return send(probe_fd(probe), octets, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static void conclude(struct probe *probe, enum service_verdict verdict, const struct text *detail)
{
    const struct talking *state = probe_state(probe);
    const struct service_check *check = state->talk.check;
    if (detail->failed) {
        probe_end_local(probe, ENOMEM);
        return;
    }
    if (check->farewell && (verdict == SERVICE_PROVEN || verdict == SERVICE_UNPROVEN))
        (void)send_all(probe, check->farewell, check->farewell_length); /* whether it arrives does not matter */
    service_talk_end(probe, verdict, "", text_string(detail));
}

/* Reads and speaks until the check wants more octets, or has its answer. */
static void advance(struct probe *probe)
{
    struct talking *state = probe_state(probe);
    struct text detail = {0};
    enum service_verdict verdict;
    while ((verdict = service_talk_read(&state->talk, &detail)) == SERVICE_SAY) {
        uint8_t message[SERVICE_SAY_MAX];
        size_t length = service_talk_say(&state->talk, message, sizeof(message));
        if (!send_all(probe, message, length))
            break; /* the peer is gone: what it said last is still to be read */
    }
    if (verdict != SERVICE_MORE && verdict != SERVICE_SAY)
        conclude(probe, verdict, &detail);
    text_done(&detail);
}

static bool answered_in_tls(const struct talking *state)
{
    return service_looks_like_tls(state->talk.heard, state->talk.length);
}

/* No more will come: `silence` says how it ended where nothing was said at all. */
static void end_talk(struct probe *probe, const char *silence)
{
    struct talking *state = probe_state(probe);
    struct text detail = {0};
    state->talk.over = true;
    if (state->silence && !answered_in_tls(state)) {
        state->talk.length = 0; /* whatever it says to a hello of TLS but TLS is no answer to our question */
        silence = state->silence;
    }
    enum service_verdict verdict = service_talk_read(&state->talk, &detail);
    if (state->talk.length == 0)
        text_add(&detail, silence);
    conclude(probe, verdict, &detail);
    text_done(&detail);
}

static void ask_for_tls(struct probe *probe)
{
    struct talking *state = probe_state(probe);
    uint8_t hello[128];
    state->asked_for_tls = true;
    (void)send_all(probe, hello, talk_tls_hello(hello, sizeof(hello), state->talk.nonce));
}

/* The peer has ended the connection. */
static void hang_up(struct probe *probe, const char *silence)
{
    struct talking *state = probe_state(probe);
    bool worth_a_call = state->phase == SERVICE_TALKING && state->talk.length == 0 && state->talk.said > 0 &&
                        state->talk.check->first == SPEAKER_CLIENT;
    if (!worth_a_call || probe_tcp_again(probe) < 0) {
        end_talk(probe, silence);
        return;
    }
    state->silence = silence;
    state->phase = SERVICE_CALLING;
}

/* The second connection stands, or will not. */
static bool called_again(struct probe *probe, uint32_t epoll_events)
{
    struct talking *state = probe_state(probe);
    if (epoll_events & (EPOLLERR | EPOLLHUP) || probe_watch(probe, probe_fd(probe), EPOLLIN) < 0) {
        end_talk(probe, state->silence);
        return false;
    }
    state->phase = SERVICE_ASKING;
    ask_for_tls(probe);
    return true;
}

/* One piece from the socket. False: nothing more now, or the probe has ended. */
static bool hear(struct probe *probe)
{
    struct talking *state = probe_state(probe);
    struct service_talk *talk = &state->talk;
    if (!state->heard) {
        state->heard = malloc(SERVICE_HEARD_MAX);
        talk->heard = state->heard;
    }
    if (!state->heard) {
        probe_end_local(probe, ENOMEM);
        return false;
    }
    ssize_t got = recv(probe_fd(probe), state->heard + talk->length, SERVICE_HEARD_MAX - talk->length, 0);
    if (got < 0 && errno == EAGAIN)
        return false;
    if (got <= 0) {
        hang_up(probe, got == 0 ? "accepted, then closed without a word" : "accepted, then reset without a word");
        return false;
    }
    talk->length += (size_t)got;
    return true;
}

static void listen_to(struct probe *probe)
{
    struct talking *state = probe_state(probe);
    while (hear(probe)) {
        if (state->talk.length == SERVICE_HEARD_MAX) {
            end_talk(probe, "");
            return;
        }
        if (state->asked_for_tls) {
            /* it may be a slow server that takes our hello for nonsense: only TLS is an answer to that */
            if (answered_in_tls(state))
                end_talk(probe, "");
            continue;
        }
        advance(probe);
    }
}

static bool begin(struct probe *probe)
{
    struct talking *state = probe_state(probe);
    const struct probe_request *request = probe_request_of(probe);
    service_talk_begin(&state->talk, service_check_find(request->service->name), request, false, state->host);
    int r = probe_watch(probe, probe_fd(probe), EPOLLIN);
    if (r < 0) {
        probe_end_local(probe, -r);
        return false;
    }
    if (state->talk.check->first == SPEAKER_SERVER)
        probe_set_timer(probe,
                        probe_now(probe).mono_ms + (probe_deadline_ms(probe) - probe_now(probe).mono_ms) * 2 / 3);
    advance(probe);
    return true;
}

static void service_on_ready(struct probe *probe, uint32_t epoll_events)
{
    struct talking *state = probe_state(probe);
    if (state->phase == SERVICE_CALLING && !called_again(probe, epoll_events))
        return;
    if (state->phase == SERVICE_CONNECTING) {
        if (!probe_tcp_established(probe, epoll_events))
            return;
        probe_note_rtt(probe);
        state->phase = SERVICE_TALKING;
        if (!service_check_serves(probe_request_of(probe)->service)) {
            probe_end(probe, PROBE_OPEN, REASON_ACCEPTED);
            return;
        }
        if (!begin(probe))
            return;
    }
    listen_to(probe);
}

static void service_on_timer(struct probe *probe)
{
    const struct talking *state = probe_state(probe);
    if (state->phase == SERVICE_TALKING && state->talk.length == 0)
        ask_for_tls(probe);
}

static void service_on_deadline(struct probe *probe)
{
    struct talking *state = probe_state(probe);
    char silence[64];
    if (state->phase == SERVICE_CONNECTING)
        return;
    (void)snprintf(silence, sizeof(silence), "accepted, but said nothing in %g s",
                   probe_request_of(probe)->timeout_ms / 1000.0);
    probe_result_of(probe)->mute = state->talk.length == 0 && !state->silence;
    end_talk(probe, silence);
}

static void service_cancel(struct probe *probe)
{
    struct talking *state = probe_state(probe);
    free(state->heard);
    state->heard = NULL;
}

const struct probe_kind probe_kind_service = {
    .name = "service",
    .summary = "connects and speaks the service's own protocol in plain",
    .state_size = sizeof(struct talking),
    .start = probe_tcp_start,
    .on_ready = service_on_ready,
    .on_timer = service_on_timer,
    .on_deadline = service_on_deadline,
    .cancel = service_cancel,
};
