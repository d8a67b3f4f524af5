/* The recorder's thread: writes what is new, reads what senders need, opens the disk again when it was lost.
 *
 *     disk closed          wait for the pause to end, open it; on trouble a longer pause
 *     new or overdue       one transaction with all of it; on trouble close the disk: what was not confirmed is kept
 *     a sender needs more  read it
 *     time to tidy up      bounds on size and age, entries of an earlier boot
 */
#include "writer.h"

#include "job.h"
#include "restore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

static void replace_text(char **place, const char *text)
{
    char *copy = text == NULL ? NULL : strdup(text);
    free(*place);
    *place = copy; /* without memory there is none: the state alone has to do */
}

/* --- telling of the store itself ---------------------------------------------------------------------------------- */

static void writer_tell(struct recorder *recorder, enum event_kind kind, const char *message)
{
    struct event *event = recorder_store_event(recorder, kind, message);
    if (event != NULL)
        recorder_tell(recorder, event);
}

static void writer_log(struct recorder *recorder, int level, const char *text)
{
    if (recorder->log == NULL)
        return;
    pthread_mutex_unlock(&recorder->lock);
    recorder->log(level, text);
    pthread_mutex_lock(&recorder->lock);
}

/* The next snapshot is written whole: nobody knows what the last transaction left. */
static void writer_forget_known(struct recorder *recorder)
{
    if (recorder->wanted == NULL)
        recorder->wanted = recorder->known;
    else
        snapshot_unref(recorder->known);
    recorder->known = NULL;
    for (size_t i = 0; i < recorder->queue_count; i++)
        recorder->queues[i]->dirty = true;
}

void writer_failed(struct recorder *recorder, const struct trouble *trouble)
{
    disk_close(recorder->disk);
    recorder->disk = NULL;
    recorder->pause_ms = recorder->pause_ms == 0 ? recorder->retry_first_ms : recorder->pause_ms * 2;
    if (recorder->pause_ms > STORE_RETRY_LAST_MS)
        recorder->pause_ms = STORE_RETRY_LAST_MS;
    recorder->retry_ms = recorder_now_ms() + recorder->pause_ms;
    recorder_go_beyond(recorder);
    char text[600], message[700];
    const char *page = recorder->keeper.error;
    snprintf(text, sizeof text, "%s%s%s", trouble->text,
             page != NULL ? "; killed now, it may number events twice: " : "", page != NULL ? page : "");
    bool is_new = recorder->error == NULL || strcmp(recorder->error, text) != 0;
    replace_text(&recorder->error, text);
    recorder->state = trouble->state;
    writer_forget_known(recorder);
    recorder_tell_all(recorder);
    snprintf(message, sizeof message, "The store cannot be written: %s; events are told from memory", text);
    if (recorder->outage == NULL) {
        replace_text(&recorder->outage, message);
        writer_tell(recorder, EVENT_TARGET_DOWN, message); /* whoever publishes it logs it */
    } else if (is_new) {
        writer_log(recorder, LOG_ERR, message);
    }
}

static void writer_recovered(struct recorder *recorder)
{
    recorder->pause_ms = 0;
    recorder->state = STORE_GOOD;
    replace_text(&recorder->error, NULL);
    if (recorder->outage == NULL)
        return;
    replace_text(&recorder->outage, NULL);
    writer_tell(recorder, EVENT_TARGET_UP, "The store is written again");
}

/* --- opening ----------------------------------------------------------------------------------------------------- */

void writer_note_aside(struct recorder *recorder, const char *name, const char *why)
{
    char message[600];
    replace_text(&recorder->set_aside, name);
    snprintf(message, sizeof message, "The store could not be read (%s): it is set aside as %s, and a new one begins",
             why, name);
    writer_log(recorder, LOG_ERR, message);
}

/* A store of this run's boot goes on; any other is taken over. Without the lock: what is changed here is this thread's.
 */
static int take_over(struct recorder *recorder, struct disk *disk, const struct disk_found *found,
                     struct numbers *numbers, struct trouble *trouble)
{
    if (!found->fresh && strcmp(found->boot, recorder->boot) != 0) {
        recorder->boot_number = found->boot_number + 1;
        recorder->foreign_left = true;
        int r = writer_set_apart(recorder, disk, trouble);
        return r < 0 ? r : restore_numbers(numbers, disk, trouble);
    }
    return 0;
}

static int writer_took_over(struct recorder *recorder, const struct disk_found *found, struct numbers *numbers,
                            struct trouble *trouble)
{
    if (!found->fresh && strcmp(found->boot, recorder->boot) == 0)
        return 0;
    recorder->ids.reserved = 0;
    numbers_forget_disk(&recorder->numbers);
    if (numbers_merge(&recorder->numbers, numbers) == 0)
        return 0;
    *trouble = (struct trouble){.code = -ENOMEM, .state = STORE_FAILED, .text = "out of memory"};
    return -ENOMEM;
}

static void writer_open(struct recorder *recorder)
{
    struct disk_found found;
    struct trouble trouble;
    struct store_counts counts = {.events = 0};
    struct numbers numbers = {.tree = NULL};
    uint64_t next_id = recorder->ids.next;
    bool has_page = recorder->keeper.fd >= 0;
    pthread_mutex_unlock(&recorder->lock);
    struct disk *disk = disk_open(recorder->folder, DISK_WRITE, &found, &trouble);
    char why[sizeof trouble.text];
    memcpy(why, trouble.text, sizeof why);
    int r = disk == NULL ? trouble.code : has_page ? 0 : keeper_join_in(recorder, next_id, &trouble);
    if (r == 0)
        r = take_over(recorder, disk, &found, &numbers, &trouble);
    if (r == 0)
        r = restore_counts(&counts, disk, &trouble);
    pthread_mutex_lock(&recorder->lock);
    recorder->disk = disk;
    if (found.set_aside != NULL)
        writer_note_aside(recorder, found.set_aside, why);
    if (r == 0)
        r = writer_took_over(recorder, &found, &numbers, &trouble);
    if (r == 0)
        recorder->rows = counts;
    else
        writer_failed(recorder, &trouble);
    free(found.set_aside);
    numbers_done(&numbers);
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

/* What every look changes is no reason for a transaction: then the snapshot counts as written. */
static void writer_compare(struct recorder *recorder)
{
    struct snapshot *wanted = recorder->wanted, *known = recorder->known;
    if (wanted == NULL || known == NULL)
        return;
    snapshot_ref(wanted);
    snapshot_ref(known);
    pthread_mutex_unlock(&recorder->lock);
    bool differ = findings_differ(known, wanted);
    pthread_mutex_lock(&recorder->lock);
    if (!differ && recorder->known == known)
        recorder_knows(recorder, wanted);
    pthread_mutex_unlock(&recorder->lock);
    snapshot_unref(wanted);
    snapshot_unref(known);
    pthread_mutex_lock(&recorder->lock);
}

static bool has_pending(const struct recorder *recorder)
{
    for (size_t i = 0; i < recorder->queue_count; i++) {
        if (recorder->queues[i]->pending.count > 0)
            return true;
    }
    return false;
}

/* Must there be a transaction now? */
static bool is_urgent(const struct recorder *recorder)
{
    return recorder->wanted != NULL || recorder->waiting.count > 0 || has_pending(recorder) ||
           recorder->numbers.unwritten != NULL || recorder->gone_count > 0 || recorder->foreign.target != 0 ||
           numbers_low(&recorder->numbers) || reserve_is_low(&recorder->ids) || recorder->state != STORE_GOOD;
}

static bool is_lazy(const struct recorder *recorder)
{
    for (size_t i = 0; i < recorder->queue_count; i++) {
        if (recorder->queues[i]->dirty)
            return true;
    }
    return false;
}

/* All up to `turn` is on disk. */
static void writer_confirm(struct recorder *recorder, uint64_t turn)
{
    bool was_told = recorder->told_turn >= turn && recorder->stored_turn >= turn;
    recorder->stored_turn = turn;
    if (recorder->told_turn < turn)
        recorder->told_turn = turn;
    if (recorder->told_turn == turn)
        recorder->keeper.beyond = recorder->keeper.tried = false; /* all that was told is on disk */
    recorder_check_page(recorder);
    recorder->untold_since_ms = recorder->told_turn == recorder->turns ? 0 : recorder->behind_ms;
    recorder_wake_outboxes(recorder);
    if (!was_told)
        recorder_mark_done(recorder);
}

static void writer_write(struct recorder *recorder, bool final)
{
    struct job job;
    struct trouble trouble = {.code = 0};
    recorder->behind_ms = recorder->lazy_ms = 0;
    if (job_take(recorder, final, &job) < 0) {
        trouble = (struct trouble){.code = -ENOMEM, .state = STORE_FAILED, .text = "out of memory"};
        writer_failed(recorder, &trouble);
        return;
    }
    struct disk *disk = recorder->disk;
    pthread_mutex_unlock(&recorder->lock);
    int r = job_write(&job, disk, &trouble);
    pthread_mutex_lock(&recorder->lock);
    if (r == 0) {
        job_written(&job, recorder);
        writer_confirm(recorder, job.turn);
        writer_recovered(recorder);
    } else {
        writer_failed(recorder, &trouble);
    }
    pthread_mutex_unlock(&recorder->lock);
    job_done(&job); /* events and blocks go: not under the lock */
    pthread_mutex_lock(&recorder->lock);
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

/* What came from the disk joins the window. Seqs that are missing are told as lost, up to what was `reached`. */
static void writer_fill(struct outbox *queue, struct entries *read, uint64_t reached)
{
    bool room = true;
    while (room && read->count > 0) {
        struct entry entry = *entries_front(read);
        uint64_t expected = queue->loaded + 1;
        bool explained =
            entry.event->kind == EVENT_EVENTS_LOST && entry.event->from != 0 && entry.event->from <= expected;
        if (entry.seq > expected && !explained)
            room = queue_missing(queue, entry.seq - 1, recorder_take_id(queue->recorder));
        event_ref(entry.event);
        room = room && queue_loaded(queue, entry);
        if (!room)
            event_unref(entry.event);
        entries_pop(read);
    }
    if (room && queue->loaded < reached)
        queue_missing(queue, reached, recorder_take_id(queue->recorder));
}

static void writer_read(struct recorder *recorder, struct outbox *queue)
{
    struct entries read = {.items = NULL};
    struct trouble trouble;
    struct disk *disk = recorder->disk;
    struct reach reach = {.after = queue->loaded, .most = QUEUE_WINDOW / 2};
    uint64_t stored = queue->stored, reached = 0;
    int64_t number = queue->number;
    queue->wants = false;
    pthread_mutex_unlock(&recorder->lock);
    int64_t rows = restore_entries(disk, &trouble, number, reach, &read, &reached);
    pthread_mutex_lock(&recorder->lock);
    for (size_t i = 0; rows >= 0 && i < recorder->queue_count; i++) { /* is it still there, and still at that place? */
        queue = recorder->queues[i];
        if (queue->number == number && queue->loaded == reach.after)
            writer_fill(queue, &read, rows < QUEUE_WINDOW / 2 ? stored : reached);
        outbox_wake(queue);
    }
    if (rows < 0)
        writer_failed(recorder, &trouble);
    entries_done(&read);
}

static struct outbox *queue_that_wants(const struct recorder *recorder)
{
    for (size_t i = 0; i < recorder->queue_count; i++) {
        if (recorder->queues[i]->wants)
            return recorder->queues[i];
    }
    return NULL;
}

/* --- the loop ---------------------------------------------------------------------------------------------------- */

static int64_t sooner(int64_t a, int64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

void recorder_wait_until(struct recorder *recorder, pthread_cond_t *condition, int64_t until_ms)
{
    if (until_ms == 0) {
        pthread_cond_wait(condition, &recorder->lock);
        return;
    }
    struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    pthread_cond_timedwait(condition, &recorder->lock, &until);
}

/* One thing that is due. Returns false where there is none; *ret_until then says when there will be (0: nobody knows).
 */
static bool writer_step(struct recorder *recorder, int64_t *ret_until)
{
    int64_t now_ms = recorder_now_ms();
    struct outbox *wanting;
    if (recorder->disk == NULL) {
        *ret_until = recorder->retry_ms;
        if (now_ms < recorder->retry_ms)
            return false;
        writer_open(recorder);
        return true;
    }
    writer_compare(recorder);
    if (recorder->lazy_ms == 0 && is_lazy(recorder))
        recorder->lazy_ms = now_ms + STORE_LAZY_MS;
    if (is_urgent(recorder) || (recorder->lazy_ms != 0 && now_ms >= recorder->lazy_ms)) {
        writer_write(recorder, false);
    } else if (recorder->stored_turn < recorder->turns) {
        writer_confirm(recorder, recorder->turns); /* it held nothing that had to be written */
    } else if ((wanting = queue_that_wants(recorder)) != NULL) {
        writer_read(recorder, wanting);
    } else if (recorder->foreign_left && recorder->targets_given) {
        writer_adopt(recorder);
    } else if (now_ms >= recorder->prune_ms) {
        recorder->prune_ms = now_ms + STORE_PRUNE_MS;
        writer_prune(recorder);
    } else {
        *ret_until = sooner(recorder->lazy_ms, recorder->prune_ms);
        return false;
    }
    return true;
}

void *recorder_thread(void *argument)
{
    struct recorder *recorder = argument;
    pthread_mutex_lock(&recorder->lock);
    while (!recorder->stopping) {
        int64_t until_ms = 0;
        if (!writer_step(recorder, &until_ms))
            recorder_wait_until(recorder, &recorder->work, until_ms);
    }
    if (recorder->disk == NULL && recorder->turns > recorder->stored_turn)
        writer_open(recorder); /* a last attempt */
    if (recorder->disk != NULL)
        writer_write(recorder, true);
    disk_close(recorder->disk);
    recorder->disk = NULL;
    recorder->ended = true;
    pthread_cond_broadcast(&recorder->keeper.changed);
    pthread_cond_signal(&recorder->patience);
    pthread_mutex_unlock(&recorder->lock);
    return NULL;
}

/* Nothing waits longer than a second for a disk that hangs. */
void *recorder_watcher(void *argument)
{
    struct recorder *recorder = argument;
    pthread_mutex_lock(&recorder->lock);
    while (!recorder->stopping) {
        int64_t since_ms = recorder->untold_since_ms;
        if (since_ms != 0 && recorder_now_ms() >= since_ms + STORE_PATIENCE_MS) {
            recorder_go_beyond(recorder);
            if (recorder->keeper.beyond) /* else the disk has answered meanwhile */
                recorder_tell_all(recorder);
        } else {
            recorder_wait_until(recorder, &recorder->patience, since_ms == 0 ? 0 : since_ms + STORE_PATIENCE_MS);
        }
    }
    pthread_mutex_unlock(&recorder->lock);
    return NULL;
}
