/* A binary heap of hosts by the time they are due. */
#include "schedule.h"

#include <errno.h>
#include <string.h>

enum { FIRST_MOST_MS = 60000 };   /* nobody waits longer for the first look, however long the interval is */
enum { JITTER_PART = 20 };        /* of the interval, at most */
enum { TOGETHER_MS = 1000 };      /* turns that are due so soon after another are taken with it */
enum { AFTER_FAILURE_MS = 5000 }; /* a visit that came to nothing is tried again */

/* --- life --------------------------------------------------------------------------------------------------------- */

int schedule_init(struct schedule *schedule, size_t host_count)
{
    *schedule = (struct schedule){
        .hosts = calloc(host_count + 1, sizeof(*schedule->hosts)),
        .heap = calloc(host_count + 1, sizeof(*schedule->heap)),
        .host_count = host_count,
    };
    if (!schedule->hosts || !schedule->heap) {
        schedule_done(schedule);
        return -ENOMEM;
    }
    for (size_t i = 0; i < host_count; i++)
        schedule->hosts[i] = (struct schedule_host){.look_ms = INT64_MAX, .hasten_ms = INT64_MAX, .place = SIZE_MAX};
    return 0;
}

void schedule_done(struct schedule *schedule)
{
    free(schedule->hosts);
    free(schedule->heap);
    *schedule = (struct schedule){0};
}

/* --- the heap ----------------------------------------------------------------------------------------------------- */

static bool is_before(const struct schedule *schedule, size_t a, size_t b)
{
    const struct schedule_host *left = &schedule->hosts[schedule->heap[a]];
    const struct schedule_host *right = &schedule->hosts[schedule->heap[b]];
    if (left->due_ms != right->due_ms)
        return left->due_ms < right->due_ms;
    return schedule->heap[a] < schedule->heap[b]; /* so that every run is the same */
}

static void exchange(struct schedule *schedule, size_t a, size_t b)
{
    size_t host = schedule->heap[a];
    schedule->heap[a] = schedule->heap[b];
    schedule->heap[b] = host;
    schedule->hosts[schedule->heap[a]].place = a;
    schedule->hosts[schedule->heap[b]].place = b;
}

static size_t rise(struct schedule *schedule, size_t at)
{
    while (at > 0 && is_before(schedule, at, (at - 1) / 2)) {
        exchange(schedule, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
    return at;
}

static void sink(struct schedule *schedule, size_t at)
{
    for (;;) {
        size_t first = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < schedule->heap_count; child++) {
            if (is_before(schedule, child, first))
                first = child;
        }
        if (first == at)
            return;
        exchange(schedule, at, first);
        at = first;
    }
}

static void heap_add(struct schedule *schedule, size_t host)
{
    size_t at = schedule->heap_count++;
    schedule->heap[at] = host;
    schedule->hosts[host].place = at;
    rise(schedule, at);
}

static void heap_remove_top(struct schedule *schedule)
{
    size_t host = schedule->heap[0];
    exchange(schedule, 0, --schedule->heap_count);
    schedule->hosts[host].place = SIZE_MAX;
    sink(schedule, 0);
}

/* --- times -------------------------------------------------------------------------------------------------------- */

/* FNV-1a and a finish that makes its high bits as good as the others. */
static uint64_t hash_of(const char *name, uint64_t seed)
{
    uint64_t hash = 14695981039346656037u ^ seed;
    for (const char *at = name; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * 1099511628211u;
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdu;
    return hash ^ hash >> 33;
}

static int64_t interval_ms(const struct schedule_turn *turn)
{
    return (int64_t)turn->interval_s * 1000;
}

static void turn_set(const struct schedule_host *host, struct schedule_turn *turn)
{
    uint64_t chance = hash_of(host->name, turn->interval_s + (turn->round << 32));
    turn->due_ms = turn->base_ms + (int64_t)(chance % (uint64_t)(interval_ms(turn) / JITTER_PART + 1));
}

static void turn_first(const struct schedule_host *host, struct schedule_turn *turn, int64_t now_ms)
{
    int64_t within_ms = interval_ms(turn) < FIRST_MOST_MS ? interval_ms(turn) : FIRST_MOST_MS;
    turn->round = 0;
    turn->base_ms = turn->due_ms = now_ms + (int64_t)(hash_of(host->name, 0) % (uint64_t)(within_ms + 1));
}

/* Rounds that were missed are left out, so that what is late does not hurry. */
static void turn_next(const struct schedule_host *host, struct schedule_turn *turn, int64_t now_ms)
{
    int64_t missed = now_ms > turn->base_ms ? (now_ms - turn->base_ms) / interval_ms(turn) : 0;
    turn->base_ms += (missed + 1) * interval_ms(turn);
    turn->round++;
    turn_set(host, turn);
}

static void host_set_due(struct schedule_host *host)
{
    host->due_ms = host->look_ms < host->hasten_ms ? host->look_ms : host->hasten_ms;
    for (size_t i = 0; i < host->turn_count; i++) {
        if (host->turns[i].due_ms < host->due_ms)
            host->due_ms = host->turns[i].due_ms;
    }
}

/* --- making one --------------------------------------------------------------------------------------------------- */

size_t schedule_turn(const struct schedule *schedule, size_t host_index, unsigned interval_s)
{
    const struct schedule_host *host = &schedule->hosts[host_index];
    size_t found = 0;
    for (size_t i = 0; i < host->turn_count; i++) {
        unsigned own_s = host->turns[i].interval_s;
        bool better = own_s <= interval_s && own_s > host->turns[found].interval_s;
        if (better || (own_s < host->turns[found].interval_s && host->turns[found].interval_s > interval_s))
            found = i;
    }
    return found;
}

size_t schedule_add_turn(struct schedule *schedule, size_t host_index, unsigned interval_s)
{
    struct schedule_host *host = &schedule->hosts[host_index];
    size_t found = schedule_turn(schedule, host_index, interval_s);
    bool exact = host->turn_count > 0 && host->turns[found].interval_s == interval_s;
    if (exact || host->turn_count == SCHEDULE_INTERVALS)
        return found;
    host->turns[host->turn_count] = (struct schedule_turn){.interval_s = interval_s};
    return host->turn_count++;
}

/* A reload seldom moves hosts, so the same place is tried first. */
static const struct schedule_host *earlier_host(const struct schedule *earlier, const char *name, size_t place)
{
    for (size_t i = 0; earlier && i < earlier->host_count; i++) {
        const struct schedule_host *host = &earlier->hosts[(place + i) % earlier->host_count];
        if (strcmp(host->name, name) == 0)
            return host;
    }
    return NULL;
}

static const struct schedule_turn *earlier_turn(const struct schedule_host *host, unsigned interval_s)
{
    for (size_t i = 0; host && i < host->turn_count; i++) {
        if (host->turns[i].interval_s == interval_s)
            return &host->turns[i];
    }
    return NULL;
}

void schedule_begin(struct schedule *schedule, const struct schedule *earlier, int64_t now_ms)
{
    for (size_t i = 0; i < schedule->host_count; i++) {
        struct schedule_host *host = &schedule->hosts[i];
        const struct schedule_host *before = earlier_host(earlier, host->name, i);
        for (size_t t = 0; t < host->turn_count; t++) {
            const struct schedule_turn *turn = earlier_turn(before, host->turns[t].interval_s);
            if (turn)
                host->turns[t] = *turn;
            else
                turn_first(host, &host->turns[t], now_ms);
        }
        if (before) {
            host->look_ms = before->look_ms;
            host->hasten_ms = before->hasten_ms;
        }
        host_set_due(host);
        heap_add(schedule, i);
    }
}

/* --- going on ----------------------------------------------------------------------------------------------------- */

int64_t schedule_next_ms(const struct schedule *schedule)
{
    return schedule->heap_count > 0 ? schedule->hosts[schedule->heap[0]].due_ms : INT64_MAX;
}

static size_t count_due(const struct schedule *schedule, size_t at, int64_t now_ms)
{
    if (at >= schedule->heap_count || schedule->hosts[schedule->heap[at]].due_ms > now_ms)
        return 0;
    return 1 + count_due(schedule, 2 * at + 1, now_ms) + count_due(schedule, 2 * at + 2, now_ms);
}

size_t schedule_waiting(const struct schedule *schedule, int64_t now_ms)
{
    return count_due(schedule, 0, now_ms); /* no deeper than the heap */
}

bool schedule_take(struct schedule *schedule, int64_t now_ms, struct visit *ret)
{
    if (schedule_next_ms(schedule) > now_ms)
        return false;
    const size_t index = schedule->heap[0];
    struct schedule_host *host = &schedule->hosts[index];
    struct visit visit = {.host = index, .due_ms = host->due_ms};
    for (size_t i = 0; i < host->turn_count; i++) {
        const struct schedule_turn *turn = &host->turns[i];
        if (turn->due_ms > now_ms + TOGETHER_MS)
            continue;
        visit.turns |= 1u << i;
        visit.why |= VISIT_TURN;
        visit.late = visit.late || now_ms - turn->due_ms > interval_ms(turn) / 2;
    }
    if (host->hasten_ms <= now_ms)
        visit.why |= VISIT_HASTENED;
    if (host->look_ms <= now_ms)
        visit.why |= VISIT_LOOK;
    host->hasten_ms = host->look_ms = INT64_MAX;
    heap_remove_top(schedule);
    *ret = visit;
    return true;
}

void schedule_put_back(struct schedule *schedule, const struct visit *visit, bool looked, int64_t now_ms)
{
    struct schedule_host *host = &schedule->hosts[visit->host];
    for (size_t i = 0; i < host->turn_count; i++) {
        if (!(visit->turns & 1u << i))
            continue;
        if (looked)
            turn_next(host, &host->turns[i], now_ms);
        else
            host->turns[i].due_ms = now_ms + AFTER_FAILURE_MS;
    }
    int64_t again_ms = now_ms + AFTER_FAILURE_MS;
    if (!looked && (visit->why & VISIT_LOOK) && host->look_ms > again_ms)
        host->look_ms = again_ms;
    if (!looked && (visit->why & VISIT_HASTENED) && host->hasten_ms > again_ms)
        host->hasten_ms = again_ms;
    host_set_due(host);
    heap_add(schedule, visit->host);
}

static void host_moved(struct schedule *schedule, struct schedule_host *host)
{
    host_set_due(host);
    if (host->place != SIZE_MAX)
        rise(schedule, host->place);
}

void schedule_look_again(struct schedule *schedule, size_t index, int64_t at_ms)
{
    struct schedule_host *host = &schedule->hosts[index];
    if (at_ms >= host->look_ms)
        return;
    host->look_ms = at_ms;
    host_moved(schedule, host);
}

void schedule_hasten(struct schedule *schedule, size_t index, int64_t at_ms)
{
    struct schedule_host *host = &schedule->hosts[index];
    if (at_ms >= host->hasten_ms)
        return;
    host->hasten_ms = at_ms;
    host_moved(schedule, host);
}
