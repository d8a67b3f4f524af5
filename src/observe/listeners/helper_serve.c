/* The helpers' end: questions in, answers out, until the program ends. */
#include "helper.h"
#include "owners.h"
#include "table.h"

#include "portconform/file.h"
#include "portconform/vector.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { SEARCH_MOST_MS = 30000 }; /* of one question about owners, on a machine beyond all measure */

static char packet[HELPER_PACKET_MAX]; /* one process, one at a time */

/* False: the program has ended. What is no request is passed over. */
static bool next_request(int fd, struct helper_request *ret)
{
    for (;;) {
        const ssize_t got = recv(fd, packet, sizeof(packet), MSG_TRUNC);
        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        if (got > 0 && (size_t)got <= sizeof(packet) && helper_parse_request(packet, (size_t)got, ret) == 0)
            return true;
    }
}

/* --- owners ------------------------------------------------------------------------------------------------------- */

static int questions_to_rows(const struct helper_request *request, struct sockdiag_rows *rows)
{
    for (uint32_t i = 0; i < request->head.count; i++) {
        struct helper_question question;
        memcpy(&question, request->questions + i * sizeof(question), sizeof(question));
        struct sockdiag_row *row = VECTOR_PUSH(rows);
        if (!row)
            return -ENOMEM;
        row->listener.inode = question.inode;
        row->cgroup_id = question.cgroup_id;
        row->listener.owner.uid = question.uid;
        row->listener.owner.uid_known = true;
    }
    return 0;
}

struct answer {
    int fd;
    struct helper_head head;
    size_t length;
};

static bool send_packet(struct answer *answer, bool more)
{
    answer->head.more = more;
    memcpy(packet, &answer->head, sizeof(answer->head));
    const bool sent = send(answer->fd, packet, answer->length, MSG_NOSIGNAL) == (ssize_t)answer->length;
    answer->length = sizeof(answer->head);
    answer->head.count = 0;
    return sent;
}

static uint16_t octets_of(const char *text)
{
    const size_t length = text ? strlen(text) : 0;
    return length < PATH_MAX ? (uint16_t)length : 0;
}

static bool add_owner(struct answer *answer, const struct listener *listener)
{
    const struct owner *owner = &listener->owner;
    const struct helper_owner head = {
        .inode = listener->inode, .pid = owner->pid, .exe = octets_of(owner->exe), .unit = octets_of(owner->unit)};
    if (answer->length + sizeof(head) + head.exe + head.unit > sizeof(packet) && !send_packet(answer, true))
        return false;
    memcpy(packet + answer->length, &head, sizeof(head));
    answer->length += sizeof(head);
    if (head.exe > 0)
        memcpy(packet + answer->length, owner->exe, head.exe);
    answer->length += head.exe;
    if (head.unit > 0)
        memcpy(packet + answer->length, owner->unit, head.unit);
    answer->length += head.unit;
    answer->head.count++;
    return true;
}

static bool send_owners(int fd, const struct helper_head *asked, int status, const struct sockdiag_rows *rows)
{
    struct answer answer = {.fd = fd, .head = *asked, .length = sizeof(*asked)};
    answer.head.status = status;
    answer.head.count = 0;
    for (size_t i = 0; status == 0 && i < rows->count; i++) {
        const struct listener *listener = &rows->items[i].listener;
        if ((listener->owner.pid || listener->owner.unit) && !add_owner(&answer, listener))
            return false;
    }
    return send_packet(&answer, false);
}

static bool answer_owners(int fd, const struct helper_request *request, struct owner_cache *known)
{
    const struct helper_head asked = request->head;
    const struct moment now = moment_now();
    const struct listener_request search = {
        .known = known, .now = now, .deadline_mono_ms = now.mono_ms + SEARCH_MOST_MS};
    struct sockdiag_rows rows = {0};
    struct arena *arena = arena_new();
    int status = arena ? questions_to_rows(request, &rows) : -ENOMEM;
    if (status == 0)
        status = owners_find_known(&rows, arena, &search);
    const bool sent = send_owners(fd, &asked, status, &rows);
    VECTOR_DONE(&rows);
    arena_free(arena);
    return sent;
}

void helper_serve_owners(int fd)
{
    struct helper_request request;
    struct owner_cache *known = owner_cache_new(); /* without one it searches each time */
    while (next_request(fd, &request)) {
        if (request.questions && !answer_owners(fd, &request, known))
            break;
    }
    owner_cache_free(known);
}

/* --- namespaces --------------------------------------------------------------------------------------------------- */

/* By name nothing is followed; what a process is in is a link of the kernel's own. */
static int open_place(const struct helper_place *place)
{
    if (place->pid) {
        char path[32];
        snprintf(path, sizeof(path), "/proc/%d/ns/net", place->pid);
        const int fd = open(path, O_RDONLY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
    }
    const int folder = open("/run/netns", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0)
        return -errno;
    const int fd = openat(folder, place->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    const int status = fd < 0 ? -errno : fd;
    close(folder);
    return status;
}

static int open_namespace(const char *path)
{
    struct helper_place place;
    struct statfs files;
    if (helper_place_parse(path, &place) < 0)
        return -EINVAL;
    const int fd = open_place(&place);
    if (fd < 0)
        return fd;
    if (fstatfs(fd, &files) == 0 && files.f_type == NSFS_MAGIC && ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET)
        return fd;
    close(fd);
    return -EINVAL;
}

enum { NAMES = 0, DUMPS = sizeof(((struct sockdiag_sockets *)0)->fds) / sizeof(int), SOCKETS = 1 + DUMPS };

static void close_sockets(const int *sockets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(sockets[i]);
}

/* In the namespace of the calling process. */
static int open_sockets(int sockets[SOCKETS])
{
    for (size_t i = 0; i < SOCKETS; i++) {
        sockets[i] = i == NAMES ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)
                                : socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
        if (sockets[i] >= 0)
            continue;
        const int error = errno;
        close_sockets(sockets, i);
        return -error;
    }
    return 0;
}

static struct helper_range read_range(void)
{
    struct helper_range range = {0, 0};
    char *content;
    size_t length;
    if (file_read("/proc/sys/net/ipv4/ip_local_port_range", 64, &content, &length) < 0)
        return range;
    ephemeral_parse(content, "\t ", &range.low, &range.high);
    free(content);
    return range;
}

static int look_inside(int home, const char *path, int sockets[SOCKETS], struct helper_range *range)
{
    const int inside = open_namespace(path);
    if (inside < 0)
        return inside;
    int status = setns(inside, CLONE_NEWNET) < 0 ? -errno : 0;
    close(inside);
    if (status < 0)
        return status;
    status = open_sockets(sockets);
    if (status == 0)
        *range = read_range();
    if (setns(home, CLONE_NEWNET) < 0)
        _exit(1); /* no place to answer further questions from */
    return status;
}

static bool send_namespace(int fd, const struct helper_head *head, const struct helper_range *range,
                           const int sockets[SOCKETS])
{
    union {
        struct cmsghdr aligned;
        char octets[CMSG_SPACE(SOCKETS * sizeof(int))];
    } control = {.octets = {0}};
    struct iovec parts[] = {{(void *)head, sizeof(*head)}, {(void *)range, sizeof(*range)}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    if (head->status == 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof(control.octets);
        struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(SOCKETS * sizeof(int));
        memcpy(CMSG_DATA(rights), sockets, SOCKETS * sizeof(int));
    }
    return sendmsg(fd, &message, MSG_NOSIGNAL) > 0;
}

void helper_serve_namespaces(int fd)
{
    struct helper_request request;
    const int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    while (home >= 0 && next_request(fd, &request)) {
        int sockets[SOCKETS] = {0};
        struct helper_range range = {0, 0};
        if (!request.path)
            continue;
        struct helper_head head = request.head;
        head.count = 0;
        head.more = 0;
        head.status = look_inside(home, request.path, sockets, &range);
        const bool sent = send_namespace(fd, &head, &range, sockets);
        if (head.status == 0)
            close_sockets(sockets, SOCKETS);
        if (!sent)
            break;
    }
    if (home >= 0)
        close(home);
}
