/* Requests: read as they come, within a size, and taken apart. Nothing of them is trusted. */
#include "server.h"

#include "portconform/number.h"
#include <errno.h>
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

enum { INTAKE_FIRST = 4096 }; /* more than any head: most requests arrive whole */

void intake_done(struct intake *intake)
{
    free(intake->octets);
    *intake = (struct intake){.octets = NULL};
}

static int intake_make_room(struct intake *intake, size_t size)
{
    if (size <= intake->size)
        return 0;
    char *octets = realloc(intake->octets, size);
    if (!octets)
        return -ENOMEM;
    intake->octets = octets;
    intake->size = size;
    return 0;
}

/* The head, as soon as it is there. 1: it is known; 0: not yet. */
static int intake_head(struct intake *intake)
{
    size_t length = 0;
    if (intake->head > 0)
        return 1;
    int head = control_request_head_parse(intake->octets, intake->had, &length);
    if (head <= 0)
        return head;
    intake->head = (size_t)head;
    intake->whole = intake->head + length;
    int r = intake_make_room(intake, intake->whole + 1); /* an octet too much shows */
    return r < 0 ? r : 1;
}

/* Whole: the words are at the beginning from now on. */
static int intake_end(struct intake *intake, struct request *ret)
{
    char *octets = intake->octets;
    size_t length = intake->whole - intake->head;
    memmove(octets, octets + intake->head, length);
    *intake = (struct intake){.octets = NULL};
    int r = request_parse(octets, length, ret);
    return r < 0 ? r : 1;
}

int intake_step(struct intake *intake, int fd, struct request *ret)
{
    int r = intake_make_room(intake, INTAKE_FIRST);
    while (r == 0) {
        ssize_t n = recv(fd, intake->octets + intake->had, intake->size - intake->had, MSG_DONTWAIT);
        if (n == 0)
            return -EPIPE;
        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        intake->had += (size_t)n;
        r = intake_head(intake);
        if (r > 0 && intake->had > intake->whole)
            r = -EPROTO;
        else if (r > 0)
            r = intake->had == intake->whole ? intake_end(intake, ret) : 0;
    }
    return r;
}
