/* The keeper of the page: a thread that writes what the page has to say, so that nobody who may not wait for a disk
 * waits for this one.
 *
 *     somebody goes beyond the store   the page says so before anything is told, or cannot, and that is told
 *     ids run low meanwhile            the page gets a higher bound
 *     the store has caught up          the page is cleared
 */
#include "page.h"
#include "place.h"
#include "writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

static struct reserve page_reserve(const struct recorder *recorder)
{
    return (struct reserve){.next = recorder->ids.next, .reserved = recorder->keeper.ids};
}

static bool page_is_due(const struct recorder *recorder)
{
    const struct keeper *keeper = &recorder->keeper;
    if (keeper->fd < 0 || keeper->tried)
        return false;
    struct reserve ids = page_reserve(recorder);
    return !keeper->known || keeper->marked != keeper->beyond || (keeper->beyond && reserve_is_low(&ids));
}

void recorder_check_page(struct recorder *recorder)
{
    if (page_is_due(recorder))
        pthread_cond_broadcast(&recorder->keeper.changed);
}

void recorder_go_beyond(struct recorder *recorder)
{
    struct keeper *keeper = &recorder->keeper;
    if (recorder->stopping)
        return; /* nobody listens any more */
    keeper->beyond = true;
    keeper->tried = false;
    if (keeper->fd < 0)
        return;
    int64_t since_ms = keeper->since_ms != 0 ? keeper->since_ms : recorder_now_ms(); /* a disk may hang for long */
    int64_t until_ms = since_ms + STORE_PATIENCE_MS;
    pthread_cond_broadcast(&keeper->changed);
    while (!recorder->stopping && keeper->beyond && !(keeper->known && keeper->marked) && !keeper->tried &&
           recorder_now_ms() < until_ms)
        recorder_wait_until(recorder, &keeper->changed, until_ms);
}

static void keeper_fail(struct keeper *keeper, int code)
{
    char *error;
    if (asprintf(&error, "the page beside it cannot be written: %s", strerror(-code)) < 0)
        error = NULL; /* the state alone has to do */
    free(keeper->error);
    keeper->error = error;
    keeper->tried = true;
}

static void keeper_write(struct recorder *recorder)
{
    struct keeper *keeper = &recorder->keeper;
    struct reserve ids = page_reserve(recorder);
    struct page_content content = {.beyond = keeper->beyond, .ids = keeper->beyond ? reserve_wanted(&ids) : 0};
    int fd = keeper->fd;
    keeper->known = keeper->known && keeper->marked && keeper->beyond; /* a higher bound takes no mark away */
    keeper->since_ms = recorder_now_ms();
    pthread_mutex_unlock(&recorder->lock);
    int r = page_write(fd, &content);
    pthread_mutex_lock(&recorder->lock);
    keeper->since_ms = 0;
    if (r < 0) {
        keeper_fail(keeper, r);
    } else {
        free(keeper->error);
        keeper->error = NULL;
        keeper->known = true;
        keeper->marked = content.beyond;
        keeper->ids = content.ids;
    }
    pthread_cond_broadcast(&keeper->changed);
}

void *recorder_keeper(void *argument)
{
    struct recorder *recorder = argument;
    pthread_mutex_lock(&recorder->lock);
    while (!recorder->ended || page_is_due(recorder)) {
        if (page_is_due(recorder))
            keeper_write(recorder);
        else
            pthread_cond_wait(&recorder->keeper.changed, &recorder->lock);
    }
    recorder->keeper.ended = true;
    pthread_cond_signal(&recorder->patience);
    pthread_mutex_unlock(&recorder->lock);
    return NULL;
}

/* --- opening ----------------------------------------------------------------------------------------------------- */

/* Logs what was set aside. Without the lock. */
static int keeper_open_page(const struct recorder *recorder, int *ret_fd, struct page_content *ret,
                            struct trouble *trouble)
{
    char *name, message[500];
    int r = page_open(recorder->folder, ret_fd, ret, &name, trouble);
    if (r == 0 && name != NULL && recorder->log != NULL) {
        snprintf(message, sizeof message, "The page beside the store is damaged: it is set aside as %.350s", name);
        recorder->log(LOG_ERR, message);
    }
    if (r == 0)
        free(name);
    return r;
}

int keeper_begin(struct recorder *recorder, struct page_content *ret, struct trouble *trouble)
{
    return keeper_open_page(recorder, &recorder->keeper.fd, ret, trouble);
}

int keeper_began(struct recorder *recorder, struct trouble *trouble)
{
    const struct page_content clear = {.beyond = false};
    int r = page_write(recorder->keeper.fd, &clear);
    if (r < 0)
        return trouble_errno(trouble, -r, "cannot write the page in", recorder->folder);
    recorder->keeper.known = true;
    return 0;
}

int keeper_join_in(struct recorder *recorder, uint64_t next_id, struct trouble *trouble)
{
    int fd = -1;
    struct page_content content;
    int r = keeper_open_page(recorder, &fd, &content, trouble);
    if (r < 0)
        return r;
    const struct reserve ids = {.next = next_id};
    content = (struct page_content){.beyond = true, .ids = reserve_wanted(&ids)};
    r = page_write(fd, &content);
    if (r < 0) {
        close(fd);
        return trouble_errno(trouble, -r, "cannot write the page in", recorder->folder);
    }
    pthread_mutex_lock(&recorder->lock);
    recorder->keeper.fd = fd;
    recorder->keeper.known = recorder->keeper.marked = true;
    recorder->keeper.ids = content.ids;
    pthread_mutex_unlock(&recorder->lock);
    return 0;
}
