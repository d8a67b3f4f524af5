/* Requests: read within a time and a size, and taken apart. Nothing of them is trusted. */
#include "server.h"

#include "portconform/error.h"
#include "portconform/number.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { COLUMNS_MAX = 10000, FIXED_WORDS = 3 };

/* --- taking apart ------------------------------------------------------------------------------------------------- */

static bool count_words(const char *octets, size_t length, int *ret)
{
    int count = 0;
    if (length == 0 || octets[length - 1] != '\0')
        return false;
    for (size_t at = 0; at < length; at += strlen(octets + at) + 1)
        count++;
    *ret = count;
    return count >= FIXED_WORDS && count <= CONTROL_WORDS_MAX;
}

int request_parse(char *octets, size_t length, struct request *ret)
{
    struct request request = {.octets = octets, .length = length};
    int count = 0;
    int64_t columns = 0;
    int r = count_words(octets, length, &count) ? 0 : -EPROTO;
    if (r == 0 && !(request.words = calloc((size_t)count, sizeof(*request.words))))
        r = -ENOMEM;
    if (r < 0) {
        request_done(&request);
        return r;
    }
    char *at = octets;
    const char *fixed[FIXED_WORDS] = {NULL};
    for (int i = 0; i < count; i++, at += strlen(at) + 1) {
        if (i < FIXED_WORDS)
            fixed[i] = at;
        if (i == 0 || i >= FIXED_WORDS)
            request.words[request.word_count++] = at;
    }
    request.command = fixed[0];
    bool complete = fixed[1] && fixed[2];
    bool colour = complete && strcmp(fixed[2], "1") == 0;
    if (!complete || number_parse(fixed[1], 0, COLUMNS_MAX, &columns) < 0 || !(colour || strcmp(fixed[2], "0") == 0)) {
        request_done(&request);
        return -EPROTO;
    }
    request.columns = (unsigned)columns;
    request.colour = colour;
    *ret = request;
    return 0;
}

void request_done(struct request *request)
{
    free(request->words);
    free(request->octets);
    *request = (struct request){.octets = NULL};
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* At least one octet, at most `size`. */
static ssize_t read_some(int fd, char *octets, size_t size, int64_t deadline_ms)
{
    for (;;) {
        ssize_t n = recv(fd, octets, size, MSG_DONTWAIT);
        if (n > 0)
            return n;
        if (n == 0)
            return -EPIPE;
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
        int64_t left_ms = deadline_ms - moment_now().mono_ms;
        if (left_ms <= 0)
            return PC_EDEADLINE;
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (poll(&wait, 1, (int)left_ms) < 0 && errno != EINTR)
            return -errno;
    }
}

/* The head, and whatever came with it. */
static int read_head(int fd, char *buffer, size_t size, size_t *ret_had, size_t *ret_length, int64_t deadline_ms)
{
    size_t had = 0;
    int head = 0;
    while (head == 0) {
        ssize_t n = read_some(fd, buffer + had, size - had, deadline_ms);
        if (n < 0)
            return (int)n;
        had += (size_t)n;
        head = control_request_head_parse(buffer, had, ret_length);
    }
    *ret_had = had;
    return head;
}

int request_read(int fd, struct request *ret)
{
    char buffer[4096]; /* more than any head: most requests arrive whole */
    size_t had = 0, length = 0;
    int64_t deadline_ms = moment_now().mono_ms + REQUEST_WITHIN_MS;
    int head = read_head(fd, buffer, sizeof(buffer), &had, &length, deadline_ms);
    if (head < 0)
        return head;
    had -= (size_t)head;
    if (had > length)
        return -EPROTO;
    char *octets = malloc(length + 1);
    if (!octets)
        return -ENOMEM;
    memcpy(octets, buffer + head, had);
    while (had < length) {
        ssize_t n = read_some(fd, octets + had, length - had, deadline_ms);
        if (n < 0) {
            free(octets);
            return (int)n;
        }
        had += (size_t)n;
    }
    return request_parse(octets, length, ret);
}
