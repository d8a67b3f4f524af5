/* The canary: an address and port of the site that always answer. Where even it is silent, our own way out is broken,
 * and silence proves nothing.
 *
 * A cycle for itself asks once. Visits share what one of them learnt a moment ago, and wait for the one that is asking:
 * a network that goes dark would otherwise bring the canary a question from every host. */
#include "internal.h"

enum { CANARY_HOLDS_MS = 5000 };

/* Where we could not even ask, nothing was learnt of the way out. */
static bool was_asked(const struct probe_result *result)
{
    static const enum reason short_of[] = {REASON_DEADLINE, REASON_NO_DESCRIPTORS, REASON_NO_MEMORY,
                                           REASON_NO_SOURCE_PORT};
    for (size_t i = 0; i < sizeof(short_of) / sizeof(short_of[0]); i++)
        if (result->reason == short_of[i])
            return false;
    return true;
}

static bool is_broken(const struct probe_result *result)
{
    bool lives = result->outcome == PROBE_OPEN || result->sign_of_life;
    return !lives && was_asked(result);
}

static bool same_canary(const struct canary *a, const struct canary *b)
{
    return a->port == b->port && address_equal(&a->address, &b->address);
}

static void own_canary_done(void *context, const struct probe_request *request, const struct probe_result *result)
{
    (void)request;
    struct cycle *cycle = context;
    cycle->canary_broken = is_broken(result);
    cycle->progress.done++;
    cycle_ended(cycle);
}

static void shared_canary_done(void *context, const struct probe_request *request, const struct probe_result *result)
{
    (void)request;
    struct canary_memory *canary = &((struct look_memory *)context)->canary;
    struct cycle *cycle = canary->waiting;
    canary->engine = NULL;
    canary->waiting = NULL;
    canary->known = was_asked(result);
    canary->broken = is_broken(result);
    canary->mono_ms = result->ended.mono_ms;
    while (cycle) {
        struct cycle *next = cycle->next_waiter;
        cycle->next_waiter = NULL;
        cycle->canary_broken = canary->broken;
        cycle->progress.done++;
        cycle_ended(cycle);
        cycle = next;
    }
}

static void wait_for_canary(struct cycle *cycle)
{
    struct canary_memory *canary = &cycle->options.memory->canary;
    cycle->next_waiter = canary->waiting;
    canary->waiting = cycle;
    cycle_waits(cycle);
}

/* The request is the memory's: whoever asks may be broken off while others wait. */
static int ask_for_all(struct cycle *cycle, struct probe_request *request)
{
    struct canary_memory *canary = &cycle->options.memory->canary;
    request->done = shared_canary_done;
    request->context = cycle->options.memory;
    request->group = cycle->options.memory;
    int r = probe_engine_add(cycle->engine, request);
    if (r < 0)
        return r;
    canary->engine = cycle->engine;
    canary->asked = cycle->plan->site->canary;
    canary->known = false;
    wait_for_canary(cycle);
    return 1;
}

int cycle_ask_canary(struct cycle *cycle)
{
    const struct canary *site = &cycle->plan->site->canary;
    struct canary_memory *shared = cycle->options.memory ? &cycle->options.memory->canary : NULL;
    struct probe_request request = {
        .kind = cycle_choose_kind(cycle->options.probes, TRANSPORT_TCP, NULL),
        .target = site->address,
        .port = site->port,
        .done = own_canary_done,
        .context = cycle,
    };
    cycle->canary_sent = true;
    if (!request.kind || site->port == 0)
        return 0;
    bool same = shared && same_canary(&shared->asked, site);
    if (same && shared->engine) {
        wait_for_canary(cycle);
        return 1;
    }
    if (same && shared->known && cycle->now.mono_ms < shared->mono_ms + CANARY_HOLDS_MS) {
        cycle->canary_broken = shared->broken;
        return 0;
    }
    cycle_fill_request(cycle, &request);
    if (shared && !shared->engine)
        return ask_for_all(cycle, &request);
    int r = cycle_probe(cycle, &request);
    return r < 0 ? r : 1;
}

void cycle_forget_canary(struct cycle *cycle)
{
    struct look_memory *memory = cycle->options.memory;
    struct cycle **at = memory ? &memory->canary.waiting : NULL;
    while (at && *at && *at != cycle)
        at = &(*at)->next_waiter;
    if (!at || !*at)
        return;
    *at = cycle->next_waiter;
    cycle->next_waiter = NULL;
    cycle->outstanding--;
}
