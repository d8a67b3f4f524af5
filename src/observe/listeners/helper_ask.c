/* Asking the helpers. One question at a time; an answer that comes too late is thrown away when the next question is
 * due, and until it has come nothing more is asked, so that a helper that hangs costs one wait and no more. */
#include "helper_channel.h"

#include "portconform/vector.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { OWNERS_MOST_MS = 250, NAMESPACE_MOST_MS = 1000 }; /* without a namespace nothing is seen at all */
enum { SOCKETS = 1 + sizeof(((struct sockdiag_sockets *)0)->fds) / sizeof(int) };

/* --- packets ------------------------------------------------------------------------------------------------------ */

struct received {
    char octets[HELPER_PACKET_MAX];
    size_t length;
    struct helper_head head;
    int fds[SOCKETS];
    size_t fd_count;
};

static void drop_descriptors(struct received *packet)
{
    for (size_t i = 0; i < packet->fd_count; i++)
        close(packet->fds[i]);
    packet->fd_count = 0;
}

static void take_descriptors(struct msghdr *message, struct received *packet)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        packet->fd_count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(packet->fds, CMSG_DATA(part), packet->fd_count * sizeof(int)); /* the kernel gave room for no more */
    }
}

/* One packet that is there. 0, -EAGAIN, -EPIPE, or -EBADMSG. */
static int receive(const struct helper_channel *channel, struct received *packet)
{
    union {
        struct cmsghdr aligned;
        char octets[CMSG_SPACE(SOCKETS * sizeof(int))];
    } control;
    struct iovec part = {packet->octets, sizeof(packet->octets)};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.octets)};
    const ssize_t got = recvmsg(channel->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? -EAGAIN : -EPIPE;
    packet->fd_count = 0;
    take_descriptors(&message, packet);
    packet->length = (size_t)got;
    if (got > 0 && packet->length >= sizeof(packet->head) && !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
        memcpy(&packet->head, packet->octets, sizeof(packet->head));
        return 0;
    }
    drop_descriptors(packet);
    return got == 0 ? -EPIPE : -EBADMSG;
}

/* As receive(), waiting. What is not of the question is thrown away. */
static int await(struct helper_channel *channel, int64_t deadline_mono_ms, struct received *packet)
{
    for (;;) {
        int status = receive(channel, packet);
        if (status == 0 && packet->head.sequence == channel->sequence) {
            channel->unanswered = packet->head.more;
            return 0;
        }
        if (status == 0)
            drop_descriptors(packet);
        if (status < 0 && status != -EAGAIN)
            return status;
        const int64_t left_ms = deadline_mono_ms - moment_now().mono_ms;
        struct pollfd wait = {.fd = channel->fd, .events = POLLIN};
        if (status == -EAGAIN && (left_ms <= 0 || poll(&wait, 1, (int)left_ms) == 0))
            return -EAGAIN;
    }
}

/* --- questions ---------------------------------------------------------------------------------------------------- */

/* Is the last question's answer here at last? */
static int settle(struct helper_channel *channel, struct received *packet)
{
    int status = channel->fd >= 0 ? 0 : -EPIPE;
    while (status == 0 && channel->unanswered) {
        status = await(channel, 0, packet);
        if (status == 0)
            drop_descriptors(packet);
    }
    return status;
}

static int ask(struct helper_channel *channel, struct helper_head *head, const void *body, size_t length)
{
    struct iovec parts[] = {{head, sizeof(*head)}, {(void *)body, length}};
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    head->sequence = ++channel->sequence;
    if (sendmsg(channel->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) /* it had read all before: there is room */
        return errno == EAGAIN ? -EAGAIN : -EPIPE;
    channel->unanswered = true;
    return 0;
}

static int64_t deadline_of(int64_t deadline_mono_ms, int64_t wait_most_ms)
{
    const int64_t most_ms = moment_now().mono_ms + wait_most_ms;
    return deadline_mono_ms > 0 && deadline_mono_ms < most_ms ? deadline_mono_ms : most_ms;
}

/* A helper that is not understood is not asked again. */
static int conclude(struct helper_channel *channel, int status)
{
    if (status == -EPIPE || status == -EBADMSG) {
        helper_channel_close(channel);
        return -EPIPE;
    }
    return status;
}

/* --- owners ------------------------------------------------------------------------------------------------------- */

static int take_answer(struct helper_channel *channel, struct sockdiag_rows *rows, struct arena *arena,
                       int64_t deadline_mono_ms, struct received *packet)
{
    do {
        int status = await(channel, deadline_mono_ms, packet);
        if (status < 0)
            return status;
        drop_descriptors(packet);
        if (packet->head.status < 0)
            return -EAGAIN; /* it was short of memory; another time */
        status = helper_take_owners(packet->octets, packet->length, rows, arena);
        if (status < 0)
            return status;
    } while (channel->unanswered);
    return 0;
}

static int ask_part(struct helper_channel *channel, struct sockdiag_rows *rows, struct arena *arena,
                    int64_t deadline_mono_ms, struct received *packet)
{
    struct helper_head head = {.kind = HELPER_ASKS_OWNERS, .count = (uint32_t)rows->count};
    struct helper_question *questions = calloc(rows->count + 1, sizeof(*questions));
    if (!questions)
        return -ENOMEM;
    for (size_t i = 0; i < rows->count; i++)
        questions[i] = (struct helper_question){.inode = rows->items[i].listener.inode,
                                                .cgroup_id = rows->items[i].cgroup_id,
                                                .uid = rows->items[i].listener.owner.uid};
    int status = ask(channel, &head, questions, rows->count * sizeof(*questions));
    free(questions);
    return status < 0 ? status : take_answer(channel, rows, arena, deadline_mono_ms, packet);
}

int helper_find_owners(struct listener_helper *helper, struct sockdiag_rows *rows, struct arena *arena,
                       int64_t deadline_mono_ms)
{
    struct helper_channel *channel = &helper->owners;
    struct received *packet = malloc(sizeof(*packet));
    if (!packet)
        return -ENOMEM;
    const int64_t deadline_ms = deadline_of(deadline_mono_ms, OWNERS_MOST_MS);
    int status = settle(channel, packet);
    for (size_t at = 0; status == 0 && at < rows->count; at += HELPER_QUESTIONS_MAX) {
        const size_t left = rows->count - at, count = left < HELPER_QUESTIONS_MAX ? left : HELPER_QUESTIONS_MAX;
        struct sockdiag_rows part = {.items = rows->items + at, .count = count};
        status = ask_part(channel, &part, arena, deadline_ms, packet);
    }
    free(packet);
    return conclude(channel, status);
}

/* --- namespaces --------------------------------------------------------------------------------------------------- */

static int take_namespace(struct received *packet, struct helper_namespace *ret)
{
    if (packet->head.status < 0) {
        drop_descriptors(packet);
        return packet->head.status == -EPIPE || packet->head.status == -EBADMSG ? -EIO : packet->head.status;
    }
    if (packet->fd_count != SOCKETS || packet->length != sizeof(packet->head) + sizeof(ret->range)) {
        drop_descriptors(packet);
        return -EBADMSG;
    }
    ret->names = packet->fds[0];
    ret->dumps.count = SOCKETS - 1;
    memcpy(ret->dumps.fds, packet->fds + 1, sizeof(ret->dumps.fds));
    memcpy(&ret->range, packet->octets + sizeof(packet->head), sizeof(ret->range));
    return 0;
}

int helper_enter(struct listener_helper *helper, const char *path, int64_t deadline_mono_ms,
                 struct helper_namespace *ret)
{
    struct helper_channel *channel = &helper->namespaces;
    struct helper_place place;
    const size_t length = strlen(path) + 1;
    if (length > HELPER_PATH_MAX || helper_place_parse(path, &place) < 0)
        return -EINVAL;
    struct received *packet = malloc(sizeof(*packet));
    if (!packet)
        return -ENOMEM;
    struct helper_head head = {.kind = HELPER_ASKS_NAMESPACE, .count = (uint32_t)length};
    int status = settle(channel, packet);
    if (status == 0)
        status = ask(channel, &head, path, length);
    if (status == 0)
        status = await(channel, deadline_of(deadline_mono_ms, NAMESPACE_MOST_MS), packet);
    if (status == 0)
        status = take_namespace(packet, ret);
    free(packet);
    return conclude(channel, status);
}

void helper_namespace_done(struct helper_namespace *inside)
{
    close(inside->names);
    while (inside->dumps.count > 0)
        close(inside->dumps.fds[--inside->dumps.count]);
}
