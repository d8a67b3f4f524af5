/* A fixed number of slots; those that have something to do say so, or their time comes. */
#include "visits.h"

#include "privileges.h"

#include "portconform/collect.h"
#include "portconform/error.h"
#include "portconform/log.h"
#include "portconform/probe_choices.h"
#include "portconform/text.h"

#include <errno.h>
#include <stdlib.h>

enum { VISITS_MOST = 512 };   /* at a time */
enum { WAITING_MOST = 2048 }; /* probes that wait for their turn: then no further visit begins */
enum { DEADLINE_LEAST_MS = 60000 };
enum { FORGET_AFTER_MS = 2 * 86400 * 1000 };

struct slot {
    struct cycle *cycle; /* NULL: free */
    struct watch_visit visit;
    size_t host; /* what cycle_options.hosts points at */
    int64_t begun_ms, next_ms;
    bool news;
};

struct visits {
    struct visits_options options;
    struct probe_engine *engine;
    struct look_memory *memory;
    struct owner_cache *known_owners;
    struct text probe_note;
    void *remote; /* handle of the collector; NULL: it could not be made */
    struct slot slots[VISITS_MOST];
    size_t under_way;
    size_t first_free; /* no free slot is below */
    bool news;
};

/* --- life --------------------------------------------------------------------------------------------------------- */

int visits_new(const struct visits_options *options, struct visits **ret)
{
    struct visits *visits = calloc(1, sizeof(*visits));
    if (!visits)
        return -ENOMEM;
    visits->options = *options;
    const struct probe_limits limits = cycle_limits(options->site);
    int r = probe_engine_new(&limits, &visits->engine);
    const struct probe_capabilities able = probe_capabilities();
    probe_capabilities_format(&visits->probe_note, &able);
    if (r == 0) {
        visits->memory = look_memory_new();
        visits->known_owners = owner_cache_new();
        r = visits->memory && visits->known_owners && !visits->probe_note.failed ? 0 : -ENOMEM;
    }
    if (r < 0) {
        visits_free(visits);
        return r;
    }
    r = collector_source.open(&visits->remote);
    if (r < 0) {
        visits->remote = NULL;
        log_line(LOG_ERR, "listeners of other machines cannot be read over SNMP: %s", pc_strerror(r));
    }
    *ret = visits;
    return 0;
}

void visits_free(struct visits *visits)
{
    if (!visits)
        return;
    for (size_t i = 0; i < VISITS_MOST; i++)
        cycle_free(visits->slots[i].cycle);
    look_memory_free(visits->memory);
    collector_source.close(visits->remote);
    probe_engine_free(visits->engine);
    owner_cache_free(visits->known_owners);
    text_done(&visits->probe_note);
    free(visits);
}

void visits_configure(struct visits *visits, const struct site *site)
{
    const struct probe_limits limits = cycle_limits(site);
    visits->options.site = site;
    probe_engine_set_limits(visits->engine, &limits);
}

int visits_engine_fd(const struct visits *visits)
{
    return probe_engine_fd(visits->engine);
}

int visits_remote_fd(const struct visits *visits)
{
    return visits->remote ? collector_source.fd(visits->remote) : -1;
}

void visits_forget(struct visits *visits, struct moment now)
{
    look_memory_forget(visits->memory, now.mono_ms - FORGET_AFTER_MS);
}

/* --- beginning ---------------------------------------------------------------------------------------------------- */

static struct slot *free_slot(struct visits *visits)
{
    for (size_t i = visits->first_free; i < VISITS_MOST; i++) {
        if (!visits->slots[i].cycle) {
            visits->first_free = i;
            return &visits->slots[i];
        }
    }
    visits->first_free = VISITS_MOST;
    return NULL;
}

/* Called from within the engine: noted down, nothing more. */
static void note_news(void *context, struct cycle *cycle)
{
    (void)cycle;
    struct slot *slot = context;
    slot->news = true;
    slot->next_ms = 0;
}

static int begin(struct visits *visits, struct slot *slot, struct watch *watch, const struct plan *plan,
                 struct moment now)
{
    int64_t longest_ms = 2 * (int64_t)plan->site->interval_s * 1000;
    slot->host = slot->visit.host;
    const struct cycle_options options = {
        .engine = visits->engine,
        .seen = watch_seen(watch),
        .memory = visits->memory,
        .hosts = &slot->host,
        .host_count = 1,
        .remote_handle = visits->remote,
        .known_owners = visits->known_owners,
        .helper = privileges_helper(),
        .not_due = slot->visit.not_due,
        .news = note_news,
        .news_context = slot,
        .probes = probe_choices_all,
        .remote = &collector_source,
        .deadline_mono_ms = now.mono_ms + (longest_ms < DEADLINE_LEAST_MS ? DEADLINE_LEAST_MS : longest_ms),
        .mode = JUDGE_CONTINUOUS,
        .owners = true,
    };
    int r = cycle_new(plan, &options, &slot->cycle);
    if (r < 0) {
        slot->cycle = NULL;
        return r;
    }
    slot->news = true;
    slot->next_ms = 0;
    slot->begun_ms = now.mono_ms;
    visits->under_way++;
    return 0;
}

bool visits_have_room(const struct visits *visits)
{
    return visits->under_way < VISITS_MOST && probe_engine_pending(visits->engine) < WAITING_MOST;
}

void visits_begin(struct visits *visits, struct watch *watch, const struct plan *plan, struct moment now)
{
    while (probe_engine_pending(visits->engine) < WAITING_MOST) {
        struct slot *slot = free_slot(visits);
        if (!slot || !watch_next(watch, now, &slot->visit))
            return;
        int r = begin(visits, slot, watch, plan, now);
        if (r < 0) {
            log_line(LOG_ERR, "the visit of %s is left out: %s", plan->hosts[slot->visit.host].host->name,
                     pc_strerror(r));
            watch_drop(watch, &slot->visit, now);
        }
    }
}

/* --- going on ----------------------------------------------------------------------------------------------------- */

static void release(struct visits *visits, struct slot *slot)
{
    size_t index = (size_t)(slot - visits->slots);
    cycle_free(slot->cycle);
    *slot = (struct slot){0};
    visits->under_way--;
    if (index < visits->first_free)
        visits->first_free = index;
}

static void step_slot(struct visits *visits, struct slot *slot, struct watch *watch, struct moment now)
{
    slot->news = false;
    int r = cycle_step(slot->cycle, now);
    if (r > 0) {
        slot->next_ms = cycle_next_ms(slot->cycle);
        return;
    }
    if (r < 0) {
        log_line(LOG_ERR, "a visit is broken off: %s", pc_strerror(r));
        watch_drop(watch, &slot->visit, now);
    } else {
        visits->options.judge(visits->options.context, &slot->visit, slot->cycle, slot->begun_ms);
    }
    release(visits, slot);
}

void visits_step(struct visits *visits, struct watch *watch, struct moment now)
{
    if (visits->remote)
        collector_source.step(visits->remote, now);
    probe_engine_step(visits->engine, now);
    for (size_t i = 0, seen = 0, most = visits->under_way; i < VISITS_MOST && seen < most; i++) {
        struct slot *slot = &visits->slots[i];
        if (!slot->cycle)
            continue;
        seen++;
        if (slot->news || slot->next_ms <= now.mono_ms)
            step_slot(visits, slot, watch, now);
    }
}

int64_t visits_next_ms(const struct visits *visits)
{
    int64_t next_ms = probe_engine_next_ms(visits->engine);
    int64_t remote_ms = visits->remote ? collector_source.next_ms(visits->remote) : INT64_MAX;
    next_ms = remote_ms < next_ms ? remote_ms : next_ms;
    for (size_t i = 0, seen = 0; i < VISITS_MOST && seen < visits->under_way; i++) {
        const struct slot *slot = &visits->slots[i];
        if (!slot->cycle)
            continue;
        seen++;
        if (slot->next_ms < next_ms)
            next_ms = slot->next_ms;
    }
    return next_ms;
}

size_t visits_drop(struct visits *visits, struct watch *watch, struct moment now)
{
    size_t dropped = 0;
    for (size_t i = 0; i < VISITS_MOST; i++) {
        struct slot *slot = &visits->slots[i];
        if (!slot->cycle)
            continue;
        struct watch_visit visit = slot->visit;
        release(visits, slot);
        watch_drop(watch, &visit, now);
        dropped++;
    }
    return dropped;
}

int visits_sockets(const struct visits *visits, uint64_t **ret, size_t *ret_count)
{
    return probe_engine_sockets(visits->engine, ret, ret_count);
}

const char *visits_probe_note(const struct visits *visits)
{
    return text_string(&visits->probe_note);
}

struct visits_counters visits_count(const struct visits *visits)
{
    const struct probe_figures figures = probe_engine_figures(visits->engine);
    return (struct visits_counters){
        .under_way = visits->under_way,
        .in_flight = figures.running,
        .waiting = figures.waiting,
        .probes = figures.ended,
    };
}
