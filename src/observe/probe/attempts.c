/* Attempt n of N leaves n/N of the time-out after the first: a lost datagram is not silence, and the last one still has
 * 1/N of the time to be answered. */
#include "attempts.h"

#include "errqueue.h"

#include <errno.h>

static void plan_next(struct probe *probe)
{
    const struct probe_request *request = probe_request_of(probe);
    unsigned sent = probe_result_of(probe)->attempts;
    int64_t started_ms = probe_deadline_ms(probe) - request->timeout_ms;
    if (sent < request->attempts)
        probe_set_timer(probe, started_ms + (int64_t)request->timeout_ms * sent / request->attempts);
}

/* An error of sending may be a report about an earlier attempt, or about an earlier probe with this socket, and is gone
 * when it was told once; a full buffer is as good as a lost datagram. */
static int send_one(struct probe *probe, int fd, attempt_send *send)
{
    probe_note_sent(probe);
    int result = send(probe, fd);
    if (result && result != -EAGAIN && !probe_read_reports(probe, fd))
        result = send(probe, fd);
    if (result && result != -EAGAIN && !probe_read_error(probe, fd, 0))
        return result;
    plan_next(probe);
    return 0;
}

int attempts_begin(struct probe *probe, attempt_send *send)
{
    return send_one(probe, probe_fd(probe), send);
}

void attempts_next(struct probe *probe, attempt_send *send)
{
    int result = send_one(probe, probe_fd(probe), send);
    if (result)
        probe_end_local(probe, -result);
}
