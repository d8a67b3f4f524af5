/* The probes of the acceptance test: a sealed question in place of a service's own request.
 *
 *     TCP   connect -> send the ask -> read the answer -> proven, or astray: by another host's responder, at another
 * port anything else that comes, an end or the deadline: open, but not by the responder UDP   send the ask, `attempts`
 * times over the time-out -> the answer -> proven, or astray
 */
#include "portconform/respond.h"
#include "portconform/site.h"
#include "portconform/text.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

static struct acceptance_key the_key;

void acceptance_use_key(const struct acceptance_key *key)
{
    the_key = *key;
}

struct acceptance_state {
    uint8_t nonce[ACCEPTANCE_NONCE];
    uint8_t ask[ACCEPTANCE_LENGTH];
    uint8_t heard[ACCEPTANCE_LENGTH];
    size_t heard_length;
    unsigned sent; /* datagrams */
    bool connected;
};

static int prepare(struct probe *probe, enum transport transport)
{
    struct acceptance_state *state = probe_state(probe);
    if (getrandom(state->nonce, sizeof(state->nonce), GRND_NONBLOCK) != (ssize_t)sizeof(state->nonce))
        return -EAGAIN;
    struct acceptance_message ask = {.transport = transport, .port = probe_request_of(probe)->port};
    memcpy(ask.nonce, state->nonce, sizeof(ask.nonce));
    return acceptance_seal(&ask, &the_key, state->ask);
}

/* Did the very port answer that was asked, of the host that was meant? A long name is cut as the responder cuts it. */
static bool came_from_the_right_place(const struct probe *probe, const struct acceptance_message *answer,
                                      enum transport transport)
{
    const struct probe_request *request = probe_request_of(probe);
    return answer->transport == transport && answer->port == request->port &&
           (request->host == NULL || strncmp(answer->name, request->host->name, ACCEPTANCE_NAME) == 0);
}

/* True: this is the answer, and the probe has ended. */
static bool take_answer(struct probe *probe, const uint8_t *octets, size_t length, enum transport transport)
{
    const struct acceptance_state *state = probe_state(probe);
    struct acceptance_message answer;
    struct text name = {0};
    if (!acceptance_open(octets, length, &the_key, &answer) || !answer.answer ||
        memcmp(answer.nonce, state->nonce, sizeof(answer.nonce)) != 0)
        return false;
    struct probe_result *result = probe_result_of(probe);
    text_escape_string(&name, answer.name, ESCAPE_TEXT);
    result->wrong_protocol = !came_from_the_right_place(probe, &answer, transport);
    if (result->wrong_protocol)
        probe_set_detail(probe, "the responder of %s answered, at %s %u", text_string(&name),
                         transport_name(answer.transport), answer.port);
    else
        probe_set_detail(probe, "the responder of %s answered", text_string(&name));
    text_done(&name);
    result->sign_of_life = true;
    result->service_proven = true;
    probe_end(probe, PROBE_OPEN, transport == TRANSPORT_UDP ? REASON_UDP_ANSWER : REASON_SERVICE_PROVEN);
    return true;
}

/* --- TCP ---------------------------------------------------------------------------------------------------------- */

static int tcp_start(struct probe *probe)
{
    int result = prepare(probe, TRANSPORT_TCP);
    return result < 0 ? result : probe_tcp_start(probe);
}

static void end_without_answer(struct probe *probe)
{
    probe_set_detail(probe, "no responder with this key answered");
    probe_end(probe, PROBE_OPEN, REASON_ACCEPTED);
}

static void tcp_ask(struct probe *probe)
{
    struct acceptance_state *state = probe_state(probe);
    state->connected = true;
    /* a fresh connection takes so few octets at once, or never */
    ssize_t sent = send(probe_fd(probe), state->ask, sizeof(state->ask), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent != (ssize_t)sizeof(state->ask)) {
        end_without_answer(probe);
        return;
    }
    if (probe_watch(probe, probe_fd(probe), EPOLLIN | EPOLLRDHUP) < 0)
        end_without_answer(probe);
}

static void tcp_listen(struct probe *probe)
{
    struct acceptance_state *state = probe_state(probe);
    while (state->heard_length < sizeof(state->heard)) {
        ssize_t got = recv(probe_fd(probe), state->heard + state->heard_length,
                           sizeof(state->heard) - state->heard_length, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0) {
            end_without_answer(probe);
            return;
        }
        state->heard_length += (size_t)got;
    }
    if (!take_answer(probe, state->heard, state->heard_length, TRANSPORT_TCP))
        end_without_answer(probe);
}

static void tcp_on_ready(struct probe *probe, uint32_t epoll_events)
{
    const struct acceptance_state *state = probe_state(probe);
    if (state->connected)
        tcp_listen(probe);
    else if (probe_tcp_established(probe, epoll_events))
        tcp_ask(probe);
}

static void tcp_on_deadline(struct probe *probe)
{
    const struct acceptance_state *state = probe_state(probe);
    if (state->connected)
        end_without_answer(probe);
}

const struct probe_kind probe_kind_acceptance_tcp = {
    .name = "acceptance",
    .summary = "connects and asks the responder of the acceptance test",
    .state_size = sizeof(struct acceptance_state),
    .start = tcp_start,
    .on_ready = tcp_on_ready,
    .on_deadline = tcp_on_deadline,
};

/* --- UDP ---------------------------------------------------------------------------------------------------------- */

static int udp_send(struct probe *probe, int fd)
{
    struct acceptance_state *state = probe_state(probe);
    const struct probe_request *request = probe_request_of(probe);
    struct sockaddr_storage target;
    socklen_t length = address_to_sockaddr(&request->target, request->port, &target);
    state->sent++;
    probe_note_sent(probe);
    ssize_t sent = sendto(fd, state->ask, sizeof(state->ask), MSG_NOSIGNAL, (struct sockaddr *)&target, length);
    return sent < 0 ? -errno : 0;
}

/* The attempts are spread evenly, and the last one still has its share of the time to be answered in. */
static void udp_plan_next(struct probe *probe)
{
    const struct acceptance_state *state = probe_state(probe);
    const struct probe_request *request = probe_request_of(probe);
    unsigned attempts = request->attempts == 0 ? 1 : request->attempts;
    if (state->sent >= attempts)
        probe_set_timer(probe, INT64_MAX);
    else
        probe_set_timer(probe, probe_now(probe).mono_ms + request->timeout_ms / attempts);
}

static int udp_start(struct probe *probe)
{
    int result = prepare(probe, TRANSPORT_UDP);
    if (result < 0)
        return result;
    probe_result_of(probe)->answer_due = true;
    probe_result_of(probe)->path_local = probe_route_is_local(probe);
    int fd = probe_socket(probe_request_of(probe), SOCK_DGRAM, IPPROTO_UDP);
    if (fd < 0)
        return fd;
    result = udp_send(probe, fd);
    if (result < 0) {
        close(fd);
        return result;
    }
    udp_plan_next(probe);
    return probe_watch(probe, fd, EPOLLIN);
}

static void udp_on_ready(struct probe *probe, uint32_t epoll_events)
{
    enum { DATAGRAMS_MOST = 64 }; /* a flood cannot hold the engine */
    uint8_t octets[ACCEPTANCE_LENGTH + 1];
    for (int i = 0; i < DATAGRAMS_MOST; i++) {
        ssize_t got = recv(probe_fd(probe), octets, sizeof(octets), MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN)
            break;
        if (got > 0 && take_answer(probe, octets, (size_t)got, TRANSPORT_UDP))
            return;
    }
    if (epoll_events & EPOLLERR)
        (void)probe_read_error(probe, probe_fd(probe), 0);
}

static void udp_on_timer(struct probe *probe)
{
    /* one attempt that cannot be sent is as good as lost on the way: the deadline decides */
    (void)udp_send(probe, probe_fd(probe));
    udp_plan_next(probe);
}

const struct probe_kind probe_kind_acceptance_udp = {
    .name = "acceptance",
    .summary = "asks the responder of the acceptance test",
    .state_size = sizeof(struct acceptance_state),
    .start = udp_start,
    .on_ready = udp_on_ready,
    .on_timer = udp_on_timer,
};
