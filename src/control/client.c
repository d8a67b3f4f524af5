/* Asking: connect, send, take frames. Every wait has the request's deadline. */
#include "portconform/clock.h"
#include "portconform/control.h"
#include "portconform/error.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024 };

/* --- what is said about trouble ----------------------------------------------------------------------------------- */

static int tell_trouble(const char *path, int code, struct text *error)
{
    struct text shown = {0};
    text_escape_string(&shown, path, ESCAPE_TEXT);
    const char *name = text_string(&shown);
    switch (code) {
    case -ENOENT:
    case -ECONNREFUSED:
        text_printf(error, "no daemon answers at %s: is portconformd running?", name);
        break;
    case -EACCES:
    case -EPERM:
        text_printf(error,
                    "%s is not open to this user: ask as root, or as a member of the group that `ls -l` shows there",
                    name);
        break;
    case -ENAMETOOLONG:
        text_printf(error, "\"%s\" is too long for a socket: at most %zu octets", name,
                    sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
        break;
    case PC_EDEADLINE:
        text_printf(error, "the daemon at %s gave no answer in time", name);
        break;
    case -EPIPE:
    case -ECONNRESET:
        text_printf(error, "the daemon at %s closed the connection without an answer", name);
        break;
    case -EPROTO:
        text_printf(error, "what answers at %s is no portconformd of this version", name);
        break;
    case -E2BIG:
        text_add(error, "the arguments are too long to be asked");
        break;
    default:
        text_printf(error, "the daemon at %s cannot be asked: %s", name, pc_strerror(code));
        break;
    }
    text_done(&shown);
    return code;
}

/* --- connecting and sending --------------------------------------------------------------------------------------- */

static int64_t left_ms(int64_t deadline_mono_ms)
{
    return deadline_mono_ms == INT64_MAX ? INT64_MAX : deadline_mono_ms - moment_now().mono_ms;
}

/* connect(2) and send(2) wait so long for a daemon that is busy. */
static int limit_waiting(int fd, int64_t deadline_mono_ms)
{
    int64_t left = left_ms(deadline_mono_ms);
    if (left == INT64_MAX)
        return 0;
    if (left <= 0)
        return PC_EDEADLINE;
    struct timeval limit = {.tv_sec = left / 1000, .tv_usec = (left % 1000) * 1000};
    return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 ? -errno : 0;
}

static int connect_to(const char *path, int64_t deadline_mono_ms)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, length + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int r = limit_waiting(fd, deadline_mono_ms);
    if (r == 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        r = errno == EAGAIN ? PC_EDEADLINE : -errno;
    if (r < 0) {
        close(fd);
        return r;
    }
    return fd;
}

static void add_word(struct text *words, const char *word)
{
    text_add_n(words, word, strlen(word) + 1);
}

static int build_request(const struct control_request *request, struct text *ret)
{
    struct text words = {0};
    char number[16];
    snprintf(number, sizeof(number), "%u", request->columns);
    add_word(&words, request->command);
    add_word(&words, number);
    add_word(&words, request->colour ? "1" : "0");
    size_t count = 3;
    for (const char *const *word = request->words; word && *word; word++, count++)
        add_word(&words, *word);
    int r = words.length > CONTROL_REQUEST_MAX || count > CONTROL_WORDS_MAX ? -E2BIG : 0;
    text_printf(ret, "PC1 %zu\n", words.length);
    text_add_n(ret, text_string(&words), words.length);
    if (words.failed || ret->failed)
        r = -ENOMEM;
    text_done(&words);
    return r;
}

static int send_all(int fd, const struct text *octets)
{
    for (size_t sent = 0; sent < octets->length;) {
        ssize_t n = send(fd, octets->data + sent, octets->length - sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        /* a daemon that refuses us may have closed already: its frame says why */
        if (n < 0 && errno == EPIPE)
            return 0;
        if (n < 0)
            return errno == EAGAIN ? PC_EDEADLINE : -errno;
        sent += (size_t)n;
    }
    return 0;
}

static int open_at(const char *path, const struct control_request *request)
{
    struct text octets = {0};
    int r = build_request(request, &octets);
    int fd = r < 0 ? r : connect_to(path, request->deadline_mono_ms);
    if (fd >= 0) {
        r = send_all(fd, &octets);
        if (r < 0) {
            close(fd);
            fd = r;
        }
    }
    text_done(&octets);
    return fd;
}

/* The path that is meant, in `ret` where it is the default one; NULL: there is none, *ret_code says why. */
static const char *path_of(const struct control_request *request, struct text *ret, int *ret_code)
{
    if (request->socket)
        return request->socket;
    *ret_code = control_default_socket(false, ret);
    return *ret_code < 0 ? NULL : text_string(ret);
}

int control_open(const struct control_request *request, struct text *error)
{
    struct text found = {0};
    int fd = -ENOENT;
    const char *path = path_of(request, &found, &fd);
    if (path)
        fd = open_at(path, request);
    if (fd < 0)
        tell_trouble(path ? path : "its usual place", fd, error);
    text_done(&found);
    return fd;
}

/* --- taking frames ------------------------------------------------------------------------------------------------ */

/* 1: something came; 0: nothing there; -EPIPE: the end. */
static int read_some(struct control_reader *reader)
{
    char chunk[CHUNK];
    ssize_t n = recv(reader->fd, chunk, sizeof(chunk), MSG_DONTWAIT);
    if (n == 0)
        return -EPIPE;
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    text_add_n(&reader->raw, chunk, (size_t)n);
    return reader->raw.failed ? -ENOMEM : 1;
}

static int take_frame(struct control_reader *reader, struct control_frame *ret)
{
    struct control_head head;
    struct text *raw = &reader->raw;
    int used = raw->length == 0 ? 0 : control_head_parse(raw->data, raw->length, &head);
    if (used <= 0)
        return used;
    size_t whole = (size_t)used + head.length;
    if (raw->length < whole)
        return 0;
    struct control_frame frame = {.kind = head.kind, .status = head.status};
    text_add_n(&frame.text, raw->data + used, head.length);
    if (frame.text.failed)
        return -ENOMEM;
    raw->length -= whole;
    memmove(raw->data, raw->data + whole, raw->length + 1); /* with the NUL */
    *ret = frame;
    return 1;
}

int control_read(struct control_reader *reader, struct control_frame *ret)
{
    for (;;) {
        int r = take_frame(reader, ret);
        if (r != 0)
            return r;
        r = read_some(reader);
        if (r <= 0)
            return r;
    }
}

void control_reader_done(struct control_reader *reader)
{
    if (reader->fd >= 0)
        close(reader->fd);
    text_done(&reader->raw);
    reader->fd = -1;
}

static int wait_readable(int fd, int64_t deadline_mono_ms)
{
    int64_t left = left_ms(deadline_mono_ms);
    if (left <= 0)
        return PC_EDEADLINE;
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int timeout_ms = left == INT64_MAX ? -1 : left > INT32_MAX ? INT32_MAX : (int)left;
    return poll(&wait, 1, timeout_ms) < 0 && errno != EINTR ? -errno : 0;
}

int control_ask(const struct control_request *request, struct control_frame *ret, struct text *error)
{
    struct text found = {0};
    int r = -ENOENT;
    const char *path = path_of(request, &found, &r);
    struct control_reader reader = {.fd = path ? open_at(path, request) : r};
    r = reader.fd < 0 ? reader.fd : 0;
    while (r == 0) {
        r = wait_readable(reader.fd, request->deadline_mono_ms);
        if (r == 0)
            r = control_read(&reader, ret);
    }
    control_reader_done(&reader);
    if (r < 0)
        tell_trouble(path ? path : "its usual place", r, error);
    text_done(&found);
    return r < 0 ? r : 0;
}
