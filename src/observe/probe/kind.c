/* What the engine offers to the kinds of probe: their state, their descriptor, their clock, and the result they fill.
 */
#include "engine.h"

#include "portconform/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>

void *probe_state(struct probe *probe)
{
    return probe->state;
}

const struct probe_request *probe_request_of(const struct probe *probe)
{
    return &probe->request;
}

struct moment probe_now(const struct probe *probe)
{
    return probe->engine->now;
}

int probe_fd(const struct probe *probe)
{
    return probe->slot == NO_SLOT ? -1 : probe->engine->slots[probe->slot].fd;
}

struct probe_result *probe_result_of(struct probe *probe)
{
    return &probe->result;
}

uint64_t probe_nonce(void)
{
    uint64_t nonce;
    if (getrandom(&nonce, sizeof(nonce), GRND_NONBLOCK) != (ssize_t)sizeof(nonce))
        nonce = (uint64_t)clock_mono_us() * 0x9e3779b97f4a7c15; /* only in the first moments after boot */
    return nonce;
}

int64_t probe_deadline_ms(const struct probe *probe)
{
    return probe->deadline_ms;
}

int probe_watch(struct probe *probe, int fd, uint32_t epoll_events)
{
    struct probe_engine *engine = probe->engine;
    if (fd != probe_fd(probe))
        return slots_add(probe, fd, epoll_events, SLOT_ONCE);
    const struct probe_slot *slot = &engine->slots[probe->slot];
    struct epoll_event event = {.events = epoll_events, .data.u64 = (uint64_t)slot->generation << 32 | probe->slot};
    slots_once(probe);
    return epoll_ctl(engine->epoll_fd, EPOLL_CTL_MOD, fd, &event) ? -errno : 0;
}

static uint32_t elapsed_us(int64_t since_us)
{
    int64_t elapsed = clock_mono_us() - since_us;
    if (elapsed < 1)
        return 1; /* 0 means none */
    return elapsed > UINT32_MAX ? UINT32_MAX : (uint32_t)elapsed;
}

void probe_note_rtt(struct probe *probe)
{
    if (probe->sent_us && !probe->result.rtt_us)
        probe->result.rtt_us = elapsed_us(probe->sent_us);
}

void probe_end(struct probe *probe, enum probe_outcome outcome, enum reason reason)
{
    if (probe->ended)
        return;
    probe->ended = true;
    probe->result.outcome = outcome;
    probe->result.reason = reason;
    bool heard = outcome == PROBE_OPEN || outcome == PROBE_REFUSED || outcome == PROBE_STOPPED;
    if (heard)
        probe_note_rtt(probe);
}

void probe_set_timer(struct probe *probe, int64_t mono_ms)
{
    /* never in this step again, or a kind could hold the engine in a circle */
    int64_t earliest = probe->engine->now.mono_ms + 1;
    probe->timer_ms = mono_ms < earliest ? earliest : mono_ms;
    int64_t due = probe->timer_ms < probe->deadline_ms ? probe->timer_ms : probe->deadline_ms;
    probe_heap_rekey(&probe->engine->running, &probe->member, due);
}

void probe_note_sent(struct probe *probe)
{
    probe->result.attempts++;
    probe->result.sent = probe->engine->now;
    probe->sent_us = clock_mono_us();
}

void probe_set_detail(struct probe *probe, const char *format, ...)
{
    struct probe_result *result = &probe->result;
    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(result->detail, sizeof(result->detail), format, args);
    va_end(args);
    if (wanted < 0) {
        result->detail[0] = '\0';
        return;
    }
    size_t bad;
    if ((size_t)wanted >= sizeof(result->detail) && !text_utf8_valid(result->detail, sizeof(result->detail) - 1, &bad))
        result->detail[bad] = '\0';
}
