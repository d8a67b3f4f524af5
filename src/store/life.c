/* The beginning and the end of the recorder, and the watcher that lets no event wait longer than a second for a disk.
 */
#include "disk.h"
#include "internal.h"
#include "job.h"
#include "place.h"
#include "restore.h"
#include "writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

static int recorder_make_boot(struct recorder *recorder)
{
    uint64_t number;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        return -EIO;
    snprintf(recorder->boot, sizeof recorder->boot, "%016llx", (unsigned long long)number);
    return 0;
}

static void recorder_free(struct recorder *recorder)
{
    for (size_t i = 0; i < recorder->queue_count; i++)
        queue_free(recorder->queues[i]);
    free(recorder->queues);
    free(recorder->gone);
    entries_done(&recorder->waiting);
    for (size_t i = 0; i < recorder->made_count; i++)
        event_unref(recorder->made[i]);
    snapshot_unref(recorder->wanted);
    snapshot_unref(recorder->known);
    numbers_done(&recorder->numbers);
    free(recorder->folder);
    free(recorder->path);
    free(recorder->error);
    free(recorder->outage);
    free(recorder->set_aside);
    free(recorder->left_behind);
    free(recorder->keeper.error);
    if (recorder->keeper.fd >= 0)
        close(recorder->keeper.fd);
    free(recorder->site);
    free(recorder->vantage);
    if (recorder->fd >= 0)
        close(recorder->fd);
    pthread_cond_destroy(&recorder->work);
    pthread_cond_destroy(&recorder->patience);
    pthread_cond_destroy(&recorder->keeper.changed);
    pthread_mutex_destroy(&recorder->lock);
    free(recorder);
}

static int recorder_init_threads(struct recorder *recorder)
{
    pthread_condattr_t attributes;
    int r = pthread_condattr_init(&attributes);
    if (r != 0)
        return -r;
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    r = pthread_mutex_init(&recorder->lock, NULL);
    if (r == 0)
        r = pthread_cond_init(&recorder->work, &attributes);
    if (r == 0)
        r = pthread_cond_init(&recorder->patience, &attributes);
    if (r == 0)
        r = pthread_cond_init(&recorder->keeper.changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return -r;
}

static int recorder_configure(struct recorder *recorder, const struct recorder_options *options)
{
    recorder_set_bounds(recorder, options->most_octets, options->most_days);
    recorder->most_queued = options->most_queued != 0 ? options->most_queued : STORE_MOST_QUEUED;
    recorder->most_memory = options->most_memory != 0 ? options->most_memory : STORE_MOST_MEMORY;
    recorder->retry_first_ms = options->retry_ms != 0 ? options->retry_ms : STORE_RETRY_FIRST_MS;
    recorder->log = options->log;
    recorder->ids.next = 1;
    recorder->state = STORE_NONE;
    if (options->folder == NULL)
        return 0;
    recorder->folder = strdup(options->folder);
    recorder->path = disk_path(options->folder);
    recorder->numbers.bounded = true;
    return recorder->folder == NULL || recorder->path == NULL ? -ENOMEM : 0;
}

/* --- the store at the start --------------------------------------------------------------------------------------- */

static int recorder_note_behind(struct recorder *recorder)
{
    static const char message[] =
        "The last run ended while its store could not be written: what it told then is not in "
        "the history, and a new boot begins";
    recorder->left_behind = strdup("the program ended while its store could not be written");
    if (recorder->log != NULL)
        recorder->log(LOG_WARNING, message);
    return recorder->left_behind == NULL ? -ENOMEM : 0;
}

/* What earlier runs could not write is in no store: this run has a boot of its own and ids beyond theirs. */
static int recorder_begin_behind(struct recorder *recorder, struct disk *disk, struct disk_found *found,
                                 struct trouble *trouble)
{
    recorder->boot_number = found->boot_number + 1;
    int r = writer_set_apart(recorder, disk, trouble);
    if (r < 0)
        return r;
    memcpy(found->boot, recorder->boot, sizeof found->boot);
    found->boot_number = recorder->boot_number;
    r = recorder_note_behind(recorder);
    return r < 0 ? trouble_errno(trouble, ENOMEM, "cannot read", recorder->path) : 0;
}

/* Reads it, and writes that a run has begun: only then are its ids and seqs this run's to go on with. */
static int recorder_load(struct recorder *recorder, struct disk *disk, struct disk_found *found, struct snapshot **ret,
                         struct trouble *trouble)
{
    struct job job;
    struct page_content page;
    int r = keeper_begin(recorder, &page, trouble);
    if (r == 0 && page.ids > found->ids)
        found->ids = page.ids;
    if (r == 0 && page.beyond && !found->fresh && !found->exact)
        r = recorder_begin_behind(recorder, disk, found, trouble);
    if (r == 0)
        r = restore_recorder(recorder, disk, found, trouble);
    if (r == 0)
        r = restore_snapshot(disk, trouble, ret);
    if (r < 0)
        return r;
    r = job_take(recorder, false, &job);
    if (r < 0) {
        *trouble = (struct trouble){.code = r, .state = STORE_FAILED, .text = "out of memory"};
        return r;
    }
    r = job_write(&job, disk, trouble);
    if (r == 0)
        job_written(&job, recorder);
    job_done(&job);
    return r < 0 ? r : keeper_began(recorder, trouble);
}

/* A run that begins apart tells too what an earlier one left behind: once there is room its page is overwritten. */
static int recorder_look_behind(struct recorder *recorder)
{
    struct page_content page;
    if (recorder->left_behind != NULL || page_look(recorder->folder, &page) < 0 || !page.beyond || page.ids == 0)
        return 0;
    return recorder_note_behind(recorder);
}

/* A store that cannot be used yet: a boot of its own, and numbers that no other run has given. What can be read of the
 * findings is good all the same. */
static int recorder_begin_apart(struct recorder *recorder, struct snapshot **ret, const struct trouble *why)
{
    struct disk_found found;
    struct trouble trouble;
    for (size_t i = 0; i < recorder->queue_count; i++)
        queue_free(recorder->queues[i]);
    recorder->queue_count = 0;
    if (recorder->keeper.fd >= 0)
        close(recorder->keeper.fd);
    recorder->keeper.fd = -1;
    recorder->boot_number = 0;
    recorder->ids = (struct reserve){.next = 1};
    numbers_done(&recorder->numbers);
    recorder->numbers.bounded = true;
    int r = recorder_make_boot(recorder);
    struct disk *disk = r == 0 ? disk_open(recorder->folder, DISK_LOOK, &found, &trouble) : NULL;
    if (disk != NULL && *ret == NULL)
        (void)restore_snapshot(disk, &trouble, ret); /* else there is none: the judge begins anew */
    if (r == 0)
        r = restore_numbers(&recorder->numbers, disk, &trouble);
    disk_close(disk);
    if (r < 0)
        return r;
    pthread_mutex_lock(&recorder->lock);
    writer_failed(recorder, why);
    pthread_mutex_unlock(&recorder->lock);
    return 0;
}

static int recorder_open_store(struct recorder *recorder, struct recorded *ret)
{
    struct disk_found found;
    struct trouble trouble;
    struct disk *disk = disk_open(recorder->folder, DISK_WRITE, &found, &trouble);
    if (found.set_aside != NULL) {
        pthread_mutex_lock(&recorder->lock);
        writer_note_aside(recorder, found.set_aside, trouble.text);
        if (asprintf(&recorder->left_behind, "the store could not be read and was set aside as %s", found.set_aside) <
            0)
            recorder->left_behind = NULL; /* the log has it, and the status */
        pthread_mutex_unlock(&recorder->lock);
        free(found.set_aside);
    }
    if (disk == NULL && trouble.code == -EWOULDBLOCK)
        return -EBUSY; /* two runs would give the same numbers to different things */
    struct snapshot *snapshot = NULL;
    int r = disk == NULL ? trouble.code : recorder_load(recorder, disk, &found, &snapshot, &trouble);
    if (r < 0) {
        disk_close(disk);
        r = recorder_look_behind(recorder);
        if (r == 0)
            r = recorder_begin_apart(recorder, &snapshot, &trouble);
        if (r < 0) {
            snapshot_unref(snapshot);
            return r;
        }
    } else {
        recorder->disk = disk;
        recorder->state = STORE_GOOD;
        recorder->foreign_left = true;
        if (snapshot != NULL)
            recorder_knows(recorder, snapshot);
    }
    ret->snapshot = snapshot;
    ret->fresh = snapshot == NULL || found.fresh;
    return 0;
}

static int recorder_start_threads(struct recorder *recorder)
{
    int r = pthread_create(&recorder->keeper.thread, NULL, recorder_keeper, recorder);
    if (r != 0)
        return -r;
    r = pthread_create(&recorder->watcher, NULL, recorder_watcher, recorder);
    bool watched = r == 0;
    if (r == 0)
        r = pthread_create(&recorder->thread, NULL, recorder_thread, recorder);
    if (r == 0)
        return 0;
    pthread_mutex_lock(&recorder->lock);
    recorder->stopping = recorder->ended = true;
    pthread_cond_signal(&recorder->patience);
    pthread_cond_broadcast(&recorder->keeper.changed);
    pthread_mutex_unlock(&recorder->lock);
    if (watched)
        pthread_join(recorder->watcher, NULL);
    pthread_join(recorder->keeper.thread, NULL);
    return -r;
}

int recorder_start(const struct recorder_options *options, struct recorder **ret, struct recorded *ret_state)
{
    struct recorded state = {.fresh = true};
    struct recorder *recorder = calloc(1, sizeof *recorder);
    if (recorder == NULL)
        return -ENOMEM;
    recorder->keeper.fd = -1;
    recorder->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int r = recorder->fd < 0 ? -errno : recorder_init_threads(recorder);
    if (r == 0)
        r = recorder_make_boot(recorder);
    if (r == 0)
        r = recorder_configure(recorder, options);
    if (r == 0 && recorder->folder != NULL)
        r = recorder_open_store(recorder, &state);
    if (r == 0 && recorder->folder != NULL)
        r = recorder_start_threads(recorder);
    if (r < 0) {
        snapshot_unref(state.snapshot);
        disk_close(recorder->disk);
        recorder_free(recorder);
        return r;
    }
    *ret = recorder;
    *ret_state = state;
    return 0;
}

/* False: it, or the keeper, still waits for the disk when the time is up. */
static bool recorder_join(struct recorder *recorder, unsigned timeout_ms)
{
    int64_t until_ms = recorder_now_ms() + timeout_ms;
    pthread_mutex_lock(&recorder->lock);
    recorder->stopping = true;
    pthread_cond_signal(&recorder->work);
    pthread_cond_signal(&recorder->patience);
    pthread_cond_broadcast(&recorder->keeper.changed);
    pthread_mutex_unlock(&recorder->lock);
    pthread_join(recorder->watcher, NULL);
    pthread_mutex_lock(&recorder->lock);
    while (!recorder->keeper.ended && recorder_now_ms() < until_ms) /* it ends after the recorder's thread */
        recorder_wait_until(recorder, &recorder->patience, until_ms);
    bool ended = recorder->keeper.ended;
    pthread_mutex_unlock(&recorder->lock);
    if (ended) {
        pthread_join(recorder->thread, NULL);
        pthread_join(recorder->keeper.thread, NULL);
    }
    return ended;
}

void recorder_stop(struct recorder *recorder, unsigned timeout_ms)
{
    if (recorder == NULL)
        return;
    if (recorder->folder == NULL || recorder_join(recorder, timeout_ms))
        recorder_free(recorder);
    else /* they have the memory in use, and end with the program */
        (void)(pthread_detach(recorder->thread), pthread_detach(recorder->keeper.thread));
}
