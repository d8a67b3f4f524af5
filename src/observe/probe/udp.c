/* The UDP probe: the service's own request where we know one, an empty datagram otherwise, sent `attempts` times over
 * the time-out. The socket stays unconnected, so that an answer from another port (TFTP) is seen, and ICMP comes by the
 * error queue. What another address sends proves nothing and is left aside.
 */
#include "attempts.h"
#include "engine.h"
#include "payload.h"

#include "portconform/text.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    REQUEST_MAX = 512,
    ANSWER_MAX = 4096,
    DATAGRAMS_MAX = 64, /* read at one go: a flood cannot hold the engine */
    SEEN_MAX = 48,      /* octets of a wrong answer that are told */
    SEEN_COLUMNS = 60,
};

/* The first wrong answer of those that were read at one go. */
struct wrong_answer {
    bool seen;
    size_t length;
    uint8_t octets[SEEN_MAX];
};

/* Where the target's answer reaches us where nothing translates addresses: what the route to it gives, and the port of
 * `fd`. Address family AF_UNSPEC: it cannot be told. */
static struct address own_address(const struct probe_request *request, int fd, uint16_t *ret_port)
{
    struct sockaddr_storage own = {0}, target;
    socklen_t length = sizeof(own), target_length = address_to_sockaddr(&request->target, request->port, &target);
    struct address address = {.family = AF_UNSPEC};
    *ret_port = 0;
    if (getsockname(fd, (struct sockaddr *)&own, &length) == 0)
        (void)address_from_sockaddr((const struct sockaddr *)&own, ret_port);
    if (request->source.family != AF_UNSPEC)
        return request->source;
    int other = probe_socket(request, SOCK_DGRAM, IPPROTO_UDP);
    length = sizeof(own);
    if (other >= 0 && connect(other, (const struct sockaddr *)&target, target_length) == 0 &&
        getsockname(other, (struct sockaddr *)&own, &length) == 0)
        address = address_from_sockaddr((const struct sockaddr *)&own, NULL);
    if (other >= 0)
        (void)close(other);
    return address;
}

static size_t build_request(struct probe *probe, int fd, uint8_t buffer[REQUEST_MAX])
{
    const struct udp_exchange *state = probe_state(probe);
    struct udp_ask ask = {.nonce = state->nonce, .secret = probe_request_of(probe)->secret};
    if (!state->payload)
        return 0;
    if (state->payload->build_from)
        ask.own = own_address(probe_request_of(probe), fd, &ask.own_port);
    return udp_payload_build(state->payload, &ask, buffer, REQUEST_MAX);
}

static int send_request(struct probe *probe, int fd)
{
    const struct probe_request *request = probe_request_of(probe);
    uint8_t buffer[REQUEST_MAX];
    size_t length = build_request(probe, fd, buffer);
    struct sockaddr_storage target;
    socklen_t target_length = address_to_sockaddr(&request->target, request->port, &target);
    if (sendto(fd, buffer, length, MSG_NOSIGNAL, (struct sockaddr *)&target, target_length) >= 0)
        return 0;
    return -errno;
}

int probe_udp_start(struct probe *probe, const struct udp_payload *payload)
{
    struct udp_exchange *state = probe_state(probe);
    const struct probe_request *request = probe_request_of(probe);
    state->payload = payload;
    state->any_port = request->service && strcmp(request->service->name, "tftp") == 0;
    state->nonce = probe_nonce();
    probe_result_of(probe)->path_local = probe_route_is_local(probe);
    int r = slots_take(probe, SLOT_UDP);
    return r < 0 ? r : attempts_begin(probe, send_request);
}

static int udp_start(struct probe *probe)
{
    const struct probe_request *request = probe_request_of(probe);
    const struct udp_payload *payload = request->service ? udp_payload_find(request->service->name) : NULL;
    if (payload && payload->opt_in && !request->opted_in)
        payload = NULL;
    return probe_udp_start(probe, payload);
}

static bool from_target(struct probe *probe, const struct sockaddr_storage *sender)
{
    const struct udp_exchange *state = probe_state(probe);
    const struct probe_request *request = probe_request_of(probe);
    uint16_t port;
    struct address address = address_from_sockaddr((const struct sockaddr *)sender, &port);
    return address.family == request->target.family &&
           memcmp(address.octets, request->target.octets, sizeof(address.octets)) == 0 &&
           (state->any_port || port == request->port);
}

static void end_proven(struct probe *probe, bool proven)
{
    struct probe_result *result = probe_result_of(probe);
    result->sign_of_life = true;
    result->service_proven = proven;
    probe_end(probe, PROBE_OPEN, REASON_UDP_ANSWER);
}

static void note_wrong(struct wrong_answer *wrong, const uint8_t *octets, size_t length)
{
    if (wrong->seen)
        return;
    wrong->seen = true;
    wrong->length = length < SEEN_MAX ? length : SEEN_MAX;
    memcpy(wrong->octets, octets, wrong->length);
}

static void end_wrong(struct probe *probe, const struct wrong_answer *wrong)
{
    const struct udp_payload *payload = ((const struct udp_exchange *)probe_state(probe))->payload;
    struct text seen = {0};
    text_escape(&seen, wrong->octets, wrong->length, ESCAPE_ASCII, SEEN_COLUMNS);
    probe_set_detail(probe, "answered, but not as %s%s does: \"%s\"", payload->service,
                     payload->answers_keyed ? " with our secret" : "", text_string(&seen));
    text_done(&seen);
    probe_result_of(probe)->sign_of_life = true;
    probe_result_of(probe)->wrong_protocol = true;
    probe_end(probe, PROBE_OPEN, REASON_WRONG_PROTOCOL);
}

/* A socket that was used before may hear what its last user waited for in vain: the same port, asked with another
 * nonce. Only what answers a port that nobody has asked from says that the protocol is wrong. */
static void take_for_wrong(struct probe *probe, const struct wrong_answer *wrong)
{
    int r = slots_renew(probe);
    if (r < 0)
        probe_end_local(probe, -r);
    else if (r > 0)
        attempts_next(probe, send_request);
    else
        end_wrong(probe, wrong);
}

/* Reads what is there. The right answer wins over a wrong one that came before it. */
static void read_answers(struct probe *probe)
{
    const struct udp_exchange *state = probe_state(probe);
    const struct udp_ask ask = {.nonce = state->nonce, .secret = probe_request_of(probe)->secret};
    struct wrong_answer wrong = {.seen = false};
    for (int i = 0; i < DATAGRAMS_MAX; i++) {
        uint8_t buffer[ANSWER_MAX];
        struct sockaddr_storage sender;
        socklen_t length = sizeof(sender);
        ssize_t got = recvfrom(probe_fd(probe), buffer, sizeof(buffer), 0, (struct sockaddr *)&sender, &length);
        if (got < 0 && errno == EAGAIN)
            break;
        /* a report's error is given once, before what waits behind it */
        if (got < 0 || !from_target(probe, &sender))
            continue;
        int answered = state->payload ? udp_payload_answers(state->payload, &ask, buffer, (size_t)got) : 1;
        if (answered < 0)
            return probe_end_local(probe, -answered);
        if (answered)
            return end_proven(probe, state->payload != NULL);
        note_wrong(&wrong, buffer, (size_t)got);
    }
    if (wrong.seen)
        take_for_wrong(probe, &wrong);
}

void probe_udp_on_ready(struct probe *probe, uint32_t epoll_events)
{
    /* an answer first: a report about one of several attempts must not hide it */
    if (epoll_events & EPOLLIN)
        read_answers(probe);
    if (epoll_events & EPOLLERR)
        (void)probe_read_error(probe, probe_fd(probe), 0);
}

void probe_udp_on_timer(struct probe *probe)
{
    attempts_next(probe, send_request);
}

/* Why its silence says nothing: people look for a mistake of the network otherwise. */
void probe_udp_on_deadline(struct probe *probe)
{
    const struct probe_request *request = probe_request_of(probe);
    if (!request->service || !request->service->keyed)
        return;
    if (request->secret)
        probe_set_detail(probe,
                         "unknown clients and other secrets get no answer, nor does every server know the question");
    else
        probe_set_detail(probe, "without the secret that it shares with us nothing can be proven");
}

const struct probe_kind probe_kind_udp = {
    .name = "udp",
    .summary = "asks in the service's own protocol, or sends an empty datagram",
    .state_size = sizeof(struct udp_exchange),
    .start = udp_start,
    .on_ready = probe_udp_on_ready,
    .on_timer = probe_udp_on_timer,
    .on_deadline = probe_udp_on_deadline,
};
