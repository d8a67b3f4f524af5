/* One transaction of the recorder's thread. */
#include "job.h"

#include "pack.h"
#include "statements.h"

#include "portconform/arena.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- taking ------------------------------------------------------------------------------------------------------ */

static int job_take_events(struct recorder *recorder, struct job *job)
{
    job->events = ARENA_ARRAY(job->arena, struct event *, recorder->waiting.count);
    if (job->events == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < recorder->waiting.count; i++)
        job->events[job->event_count++] = event_ref(entries_at(&recorder->waiting, i)->event);
    return 0;
}

/* Losses in the middle of a queue become events now: on disk they are entries like others. */
static int job_take_losses(struct recorder *recorder, struct job *job)
{
    size_t count = 0;
    for (size_t i = 0; i < recorder->queue_count; i++) {
        const struct entries *pending = &recorder->queues[i]->pending;
        for (size_t k = 0; k < pending->count; k++)
            count += entries_at(pending, k)->event == NULL ? 1 : 0;
    }
    if (count == 0)
        return 0;
    struct event **events = ARENA_ARRAY(job->arena, struct event *, job->event_count + count);
    if (events == NULL)
        return -ENOMEM;
    memcpy(events, job->events, job->event_count * sizeof(struct event *));
    job->events = events;
    for (size_t i = 0; i < recorder->queue_count; i++) {
        const struct entries *pending = &recorder->queues[i]->pending;
        for (size_t k = 0; k < pending->count; k++) {
            const struct entry *entry = entries_at(pending, k);
            struct event *event = entry->event == NULL ? outbox_lost_event(recorder->queues[i], entry) : NULL;
            if (entry->event == NULL && event == NULL)
                return -ENOMEM;
            if (event != NULL)
                job->events[job->event_count++] = event;
        }
    }
    return 0;
}

static int job_take_queue(struct outbox *queue, struct job *job)
{
    struct job_target *target = &job->targets[job->target_count];
    uint64_t forget = queue->lost.to > queue->acked ? queue->lost.to : queue->acked;
    *target = (struct job_target){.number = queue->number,
                                  .name = arena_strdup(job->arena, queue->name),
                                  .acked = queue->acked,
                                  .last = queue->next - 1,
                                  .forget = forget,
                                  .lost = queue->lost,
                                  .brings = queue->pending.count > 0};
    if (target->name == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < queue->pending.count; i++) {
        const struct entry *entry = entries_at(&queue->pending, i);
        job->entries[job->entry_count++] = (struct job_entry){
            .target = queue->number, .seq = entry->seq, .event_id = entry->event != NULL ? entry->id : entry->lost_id};
        target->stored = entry->seq;
    }
    job->target_count++;
    return 0;
}

static int job_take_queues(struct recorder *recorder, struct job *job)
{
    size_t entries = 0;
    for (size_t i = 0; i < recorder->queue_count; i++)
        entries += recorder->queues[i]->pending.count;
    job->entries = ARENA_ARRAY(job->arena, struct job_entry, entries);
    job->targets = ARENA_ARRAY(job->arena, struct job_target, recorder->queue_count);
    job->gone = ARENA_ARRAY(job->arena, int64_t, recorder->gone_count);
    if (job->entries == NULL || job->targets == NULL || job->gone == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < recorder->queue_count; i++) {
        struct outbox *queue = recorder->queues[i];
        int r = queue->dirty ? job_take_queue(queue, job) : 0;
        if (r < 0)
            return r;
    }
    if (recorder->gone_count > 0)
        memcpy(job->gone, recorder->gone, recorder->gone_count * sizeof *job->gone);
    job->gone_count = recorder->gone_count;
    return 0;
}

static int job_take_numbers(struct recorder *recorder, struct job *job)
{
    const struct numbers *numbers = &recorder->numbers;
    job->numbers = numbers->unwritten;
    job->ids = job->final                       ? recorder->ids.next - 1
               : reserve_is_low(&recorder->ids) ? reserve_wanted(&recorder->ids)
                                                : 0;
    job->spaces = ARENA_ARRAY(job->arena, struct job_space, numbers->space_count);
    if (job->spaces == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < numbers->space_count; i++) {
        const struct number_space *space = &numbers->spaces[i];
        if (!job->final && !reserve_is_low(&space->reserve))
            continue;
        struct job_space *taken = &job->spaces[job->space_count++];
        taken->reserved = job->final ? space->reserve.next - 1 : reserve_wanted(&space->reserve);
        taken->name = arena_strdup(job->arena, space->name);
        if (taken->name == NULL)
            return -ENOMEM;
    }
    return 0;
}

int job_take(struct recorder *recorder, bool final, struct job *ret)
{
    struct job job = {.arena = arena_new(),
                      .turn = recorder->turns,
                      .final = final,
                      .boot_number = recorder->boot_number,
                      .boot = recorder->boot,
                      .foreign = recorder->foreign};
    if (job.arena == NULL)
        return -ENOMEM;
    int r = job_take_events(recorder, &job);
    if (r == 0)
        r = job_take_losses(recorder, &job);
    if (r == 0)
        r = job_take_queues(recorder, &job);
    if (r == 0)
        r = job_take_numbers(recorder, &job);
    if (r < 0) {
        job_done(&job);
        return r;
    }
    for (size_t i = 0; i < recorder->queue_count; i++)
        recorder->queues[i]->dirty = false;
    job.known = recorder->known != NULL ? snapshot_ref(recorder->known) : NULL;
    job.wanted = recorder->wanted != NULL ? snapshot_ref(recorder->wanted) : NULL;
    *ret = job;
    return 0;
}

void job_done(struct job *job)
{
    for (size_t i = 0; i < job->event_count; i++)
        event_unref(job->events[i]);
    snapshot_unref(job->known);
    snapshot_unref(job->wanted);
    arena_free(job->arena);
    *job = (struct job){.arena = NULL};
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

static int64_t event_row(const struct job *job, uint64_t id)
{
    return (job->boot_number << EVENT_ROW_BITS) + (int64_t)id;
}

static int write_events(struct job *job, struct disk *disk, struct trouble *trouble)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < job->event_count; i++) {
        const struct event *event = job->events[i];
        const char *host = event->finding != NULL ? event->finding->host : NULL;
        char *body;
        if (pack_event(event, &body) < 0)
            return -ENOMEM;
        r = disk_run(disk, trouble, EVENT_PUT, "iiittt", event_row(job, event->id), (int64_t)event->id,
                     event->at.wall_ms, event_kind_name(event->kind), host, body);
        free(body);
        job->events_added++;
        job->transitions_added += host != NULL ? 1 : 0;
    }
    return r;
}

static int write_targets(struct job *job, struct disk *disk, struct trouble *trouble)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < job->entry_count; i++) {
        const struct job_entry *entry = &job->entries[i];
        r = disk_run(disk, trouble, ENTRY_PUT, "iii", entry->target, (int64_t)entry->seq,
                     event_row(job, entry->event_id));
    }
    for (size_t i = 0; r == 0 && i < job->target_count; i++) {
        const struct job_target *target = &job->targets[i];
        r = disk_run(disk, trouble, TARGET_PUT, "ittiiiii", target->number, job->boot, target->name,
                     (int64_t)target->acked, (int64_t)target->last, (int64_t)target->lost.from,
                     (int64_t)target->lost.to, (int64_t)target->lost.id);
        if (r == 0)
            r = disk_run(disk, trouble, ENTRIES_DELETE, "ii", target->number, (int64_t)target->forget);
    }
    for (size_t i = 0; r == 0 && i < job->gone_count; i++) {
        r = disk_run(disk, trouble, TARGET_DELETE, "i", job->gone[i]);
        if (r == 0)
            r = disk_run(disk, trouble, TARGET_ENTRIES_DELETE, "i", job->gone[i]);
    }
    if (r == 0 && job->foreign.target != 0)
        r = disk_run(disk, trouble, ENTRIES_DELETE, "ii", job->foreign.target, (int64_t)job->foreign.seq);
    return r;
}

static int write_numbers(struct job *job, struct disk *disk, struct trouble *trouble)
{
    int r = 0;
    for (const struct number *number = job->numbers; r == 0 && number != NULL; number = number->older)
        r = disk_run(disk, trouble, NUMBER_PUT, "tti", number->space, number->key, (int64_t)number->number);
    for (size_t i = 0; r == 0 && i < job->space_count; i++)
        r = disk_run(disk, trouble, SPACE_PUT, "ti", job->spaces[i].name, (int64_t)job->spaces[i].reserved);
    if (r == 0 && (job->ids != 0 || job->final))
        r = disk_run(disk, trouble, META_PUT, "ti", "ids_reserved", (int64_t)job->ids);
    return r;
}

static int write_identity(struct job *job, struct disk *disk, struct trouble *trouble)
{
    int r = disk_run(disk, trouble, META_PUT, "tt", "boot", job->boot);
    if (r == 0)
        r = disk_run(disk, trouble, META_PUT, "ti", "boot_number", job->boot_number);
    return r < 0 ? r : disk_run(disk, trouble, META_PUT, "ti", "clean", (int64_t)(job->final ? 1 : 0));
}

int job_write(struct job *job, struct disk *disk, struct trouble *trouble)
{
    int r = disk_run(disk, trouble, BEGIN, "");
    if (r < 0)
        return r;
    r = write_events(job, disk, trouble);
    if (r == 0)
        r = write_targets(job, disk, trouble);
    if (r == 0)
        r = write_numbers(job, disk, trouble);
    if (r == 0)
        r = write_identity(job, disk, trouble);
    if (r == 0 && job->wanted != NULL)
        r = findings_write(disk, trouble, job->known, job->wanted);
    if (r == 0)
        r = disk_run(disk, trouble, COMMIT, "");
    if (r == -ENOMEM && trouble->code == 0)
        *trouble = (struct trouble){.code = r, .state = STORE_FAILED, .text = "out of memory"};
    return r;
}

/* --- afterwards -------------------------------------------------------------------------------------------------- */

static struct outbox *queue_numbered(const struct recorder *recorder, int64_t number)
{
    for (size_t i = 0; i < recorder->queue_count; i++) {
        if (recorder->queues[i]->number == number)
            return recorder->queues[i];
    }
    return NULL;
}

static void numbers_written(struct recorder *recorder, const struct job *job)
{
    struct numbers *numbers = &recorder->numbers;
    struct number **place = &numbers->unwritten; /* newer ones stand before those that the job took */
    while (*place != job->numbers)
        place = &(*place)->older;
    *place = NULL;
    for (size_t i = 0; i < job->space_count; i++) {
        for (size_t k = 0; k < numbers->space_count; k++) {
            if (strcmp(numbers->spaces[k].name, job->spaces[i].name) == 0)
                numbers->spaces[k].reserve.reserved = job->spaces[i].reserved;
        }
    }
    if (job->ids != 0)
        recorder->ids.reserved = job->ids;
}

void recorder_knows(struct recorder *recorder, struct snapshot *snapshot)
{
    snapshot_unref(recorder->known);
    recorder->known = snapshot_ref(snapshot);
    recorder->rows.findings = 0;
    for (size_t i = 0; i < snapshot->block_count; i++)
        recorder->rows.findings += snapshot->blocks[i]->count;
    if (recorder->wanted == snapshot) {
        snapshot_unref(recorder->wanted);
        recorder->wanted = NULL;
    }
}

void job_written(struct job *job, struct recorder *recorder)
{
    for (size_t i = 0; i < job->target_count; i++) {
        struct outbox *queue = queue_numbered(recorder, job->targets[i].number);
        if (queue != NULL && job->targets[i].brings)
            queue_recorded(queue, job->targets[i].stored);
    }
    const struct entry *oldest;
    while ((oldest = entries_front(&recorder->waiting)) != NULL && oldest->turn <= job->turn) {
        recorder->waiting_octets -= oldest->octets;
        entries_pop(&recorder->waiting);
    }
    recorder->gone_count -= job->gone_count;
    if (recorder->gone_count > 0)
        memmove(recorder->gone, recorder->gone + job->gone_count, recorder->gone_count * sizeof *recorder->gone);
    numbers_written(recorder, job);
    if (job->wanted != NULL)
        recorder_knows(recorder, job->wanted);
    recorder->foreign = (struct foreign_done){.target = 0};
    recorder->rows.events += job->events_added;
    recorder->rows.transitions += job->transitions_added;
}
