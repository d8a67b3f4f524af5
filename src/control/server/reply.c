/* Replies: sent as far as the client reads, and given up when it does not. */
#include "server.h"

#include "portconform/error.h"
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>

static int wait_writable(int fd, int64_t deadline_ms)
{
    int64_t left_ms = deadline_ms - moment_now().mono_ms;
    if (left_ms <= 0)
        return PC_EDEADLINE;
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    int ready = poll(&wait, 1, left_ms < REPLY_STALLS_MS ? (int)left_ms : REPLY_STALLS_MS);
    if (ready < 0)
        return errno == EINTR ? 0 : -errno;
    return ready == 0 ? PC_EDEADLINE : 0;
}

static int send_all(int fd, const char *octets, size_t length, int64_t deadline_ms)
{
    while (length > 0) {
        ssize_t n = send(fd, octets, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return -errno;
        int r = n < 0 ? wait_writable(fd, deadline_ms) : 0;
        if (r < 0)
            return r;
        octets += n > 0 ? n : 0;
        length -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

int reply_send(int fd, enum control_kind kind, int status, const struct text *text)
{
    if (text->failed || text->length > CONTROL_FRAME_MAX)
        return -ENOMEM;
    int64_t deadline_ms = moment_now().mono_ms + REPLY_WITHIN_MS;
    struct text first = {0}; /* head and a small answer in one */
    enum { SMALL = 64 * 1024 };
    bool small = text->length <= SMALL;
    text_printf(&first, "PC1 %c %d %zu\n", (char)kind, status, text->length);
    text_add_n(&first, text_string(text), small ? text->length : 0);
    int r = first.failed ? -ENOMEM : send_all(fd, first.data, first.length, deadline_ms);
    if (r == 0 && !small)
        r = send_all(fd, text->data, text->length, deadline_ms);
    text_done(&first);
    return r;
}

int reply_refuse(int fd, const char *format, ...)
{
    enum { UNKNOWN = 3 };
    struct text sentence = {0};
    va_list args;
    va_start(args, format);
    text_vprintf(&sentence, format, args);
    va_end(args);
    int r = reply_send(fd, CONTROL_ERROR, UNKNOWN, &sentence);
    text_done(&sentence);
    return r;
}

bool client_is_gone(int fd)
{
    char octet;
    ssize_t n = recv(fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}
