/* A peer that hears our hello and closes without a word may be one that knows no TLS: it is called once more, and asked
 * in plain. Only the expected service's own answer says that TLS is missing; anything else leaves it as it was. */
#include "tls.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static bool is_over(struct probe *probe)
{
    const struct tls_state *state = probe_state(probe);
    tls_end_accepted(probe, state->silence);
    return true;
}

bool tls_plain_call(struct probe *probe, const char *silence)
{
    struct tls_state *state = probe_state(probe);
    const struct service *service = probe_request_of(probe)->service;
    const struct service_check *check = service_check_find(service ? service->name : NULL);
    if (!check || check->first != SPEAKER_CLIENT || probe_tcp_again(probe) < 0)
        return false;
    state->silence = silence;
    service_talk_begin(&state->talk, check, probe_request_of(probe), false, state->host);
    return true;
}

static void say(struct probe *probe, const void *octets, size_t length)
{
    if (length > 0)
        (void)send(probe_fd(probe), octets, length, MSG_NOSIGNAL); /* where it fails, it is closed again */
}

static void end_plain(struct probe *probe, const char *seen)
{
    const struct service_check *check = ((struct tls_state *)probe_state(probe))->talk.check;
    say(probe, check->farewell, check->farewell_length);
    probe_set_detail(probe, "no TLS, but in plain: %s", seen);
    probe_result_of(probe)->wrong_protocol = true;
    probe_end(probe, PROBE_OPEN, REASON_TLS_EXPECTED);
}

/* Reads and speaks until more octets are wanted. True: the probe has ended. */
static bool advance(struct probe *probe)
{
    struct tls_state *state = probe_state(probe);
    struct text detail = {0};
    enum service_verdict verdict;
    while ((verdict = service_talk_read(&state->talk, &detail)) == SERVICE_SAY) {
        uint8_t message[SERVICE_SAY_MAX];
        say(probe, message, service_talk_say(&state->talk, message, sizeof(message)));
    }
    if (detail.failed)
        probe_end_local(probe, ENOMEM);
    else if (verdict == SERVICE_PROVEN)
        end_plain(probe, text_string(&detail));
    else if (verdict != SERVICE_MORE)
        (void)is_over(probe);
    text_done(&detail);
    return verdict != SERVICE_MORE;
}

/* One piece from the socket. True: the probe has ended, or there is nothing more now. */
static bool hear(struct probe *probe)
{
    struct tls_state *state = probe_state(probe);
    struct service_talk *talk = &state->talk;
    ssize_t got = recv(probe_fd(probe), state->heard + talk->length, SERVICE_HEARD_MAX - talk->length, 0);
    if (got < 0 && errno == EAGAIN)
        return true;
    talk->over = got <= 0;
    talk->length += got > 0 ? (size_t)got : 0;
    talk->over = talk->over || talk->length == SERVICE_HEARD_MAX;
    return advance(probe);
}

static bool begin(struct probe *probe, uint32_t epoll_events)
{
    struct tls_state *state = probe_state(probe);
    if (epoll_events & (EPOLLERR | EPOLLHUP) || probe_watch(probe, probe_fd(probe), EPOLLIN) < 0)
        return !is_over(probe);
    state->heard = malloc(SERVICE_HEARD_MAX);
    if (!state->heard) {
        probe_end_local(probe, ENOMEM);
        return false;
    }
    state->talk.heard = state->heard;
    return !advance(probe);
}

void tls_plain_on_ready(struct probe *probe, uint32_t epoll_events)
{
    const struct tls_state *state = probe_state(probe);
    if (!state->heard && !begin(probe, epoll_events))
        return;
    while (!hear(probe))
        continue;
}
