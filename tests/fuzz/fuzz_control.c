/* The asking side: whatever a daemon, or somebody in its place, sends. The first octet says in which pieces it comes.
 */
#include "fuzz.h"
#include "portconform/control.h"
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static void check_head(const uint8_t *data, size_t size)
{
    struct control_head head;
    size_t length = 0;
    char *octets = fuzz_string(data, size);
    int used = control_head_parse(octets, size, &head);
    FUZZ_ASSERT(used >= -EPROTO && used <= CONTROL_HEAD_MAX && (used <= 0 || (size_t)used <= size));
    FUZZ_ASSERT(used <= 0 || (head.length <= CONTROL_FRAME_MAX && head.status >= 0 && head.status <= 3));
    used = control_request_head_parse(octets, size, &length);
    FUZZ_ASSERT(used <= 0 || (length <= CONTROL_REQUEST_MAX && (size_t)used <= size));
    free(octets);
}

/* Frames that come out of it are no longer than what went in. */
static void read_frames(struct control_reader *reader, size_t *left)
{
    struct control_frame frame = {0};
    int r;
    while ((r = control_read(reader, &frame)) > 0) {
        FUZZ_ASSERT(frame.text.length < *left);
        *left -= frame.text.length;
        text_done(&frame.text);
        frame = (struct control_frame){0};
    }
    FUZZ_ASSERT(r == 0 || r == -EPROTO || r == -EPIPE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int pair[2];
    if (size < 1 || size > 60000)
        return 0;
    size_t piece = data[0] == 0 ? size : data[0];
    size_t left = size;
    data++;
    size--;
    check_head(data, size);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        return 0;
    struct control_reader reader = {.fd = pair[0]};
    for (size_t at = 0; at < size; at += piece) {
        size_t length = size - at < piece ? size - at : piece;
        FUZZ_ASSERT(send(pair[1], data + at, length, 0) == (ssize_t)length);
        read_frames(&reader, &left);
    }
    close(pair[1]);
    read_frames(&reader, &left);
    control_reader_done(&reader);
    return 0;
}
