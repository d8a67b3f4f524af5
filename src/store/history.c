/* The history: read by whoever asks, over a connection of its own, which sees what was committed when it began. */
#include "disk.h"
#include "internal.h"
#include "pack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Do these ports hold the number? "80", "31006..31012", "5517..5555/2", with commas. */
static bool ports_hold(const char *ports, uint16_t port)
{
    for (const char *at = ports; at != NULL && *at != '\0';) {
        char *end;
        unsigned long first = strtoul(at, &end, 10), last = first, step = 1;
        if (end == at)
            return false;
        if (strncmp(end, "..", 2) == 0)
            last = strtoul(end + 2, &end, 10);
        if (*end == '/')
            step = strtoul(end + 1, &end, 10);
        if (port >= first && port <= last && step > 0 && (port - first) % step == 0)
            return true;
        at = *end == '\0' ? end : end + 1;
    }
    return false;
}

static bool is_asked_for(const struct history_query *query, const struct event *event)
{
    const struct finding *finding = event->finding;
    if (query->transport == TRANSPORT_UNSTATED && query->port == 0)
        return true;
    if (finding == NULL || (query->transport != TRANSPORT_UNSTATED && finding->transport != query->transport))
        return false;
    return query->port == 0 || finding->port == query->port || ports_hold(finding->ports, query->port);
}

/* What cannot be read any more is passed over. -ENOMEM, or whether it counts. */
static int history_give(const struct history_query *query, struct disk *disk, enum statement statement,
                        void (*each)(void *context, const struct event *event), void *context)
{
    size_t length;
    struct event *event;
    const char *body = disk_text(disk, statement, 1, &length);
    int r = body == NULL ? -EINVAL : unpack_event(body, length, &event);
    if (r < 0)
        return r == -ENOMEM ? r : 0;
    event->id = (uint64_t)disk_integer(disk, statement, 0);
    bool asked = is_asked_for(query, event);
    if (asked)
        each(context, event);
    event_unref(event);
    return asked;
}

int recorder_history(struct recorder *recorder, const struct history_query *query,
                     void (*each)(void *context, const struct event *event), void *context)
{
    if (recorder->folder == NULL)
        return -ENOENT;
    struct disk_found found;
    struct trouble trouble;
    pthread_mutex_lock(&recorder->lock);
    /* where nothing may be written there is no room for the index that a reader beside the writer shares with it */
    enum disk_mode mode = recorder->state == STORE_READ_ONLY ? DISK_LOOK : DISK_READ;
    pthread_mutex_unlock(&recorder->lock);
    struct disk *disk = disk_open(recorder->folder, mode, &found, &trouble);
    if (disk == NULL)
        return trouble.code == -ENOENT ? -EIO : trouble.code; /* a store that is lost is not one that never was */
    enum statement statement = query->host != NULL ? HISTORY_OF_HOST_READ : HISTORY_READ;
    size_t left = query->most != 0 ? query->most : 100;
    int r = disk_query(disk, &trouble, statement, query->host != NULL ? "it" : "i", query->since_ms, query->host);
    while (r == 0 && left > 0 && (r = disk_next(disk, &trouble, statement)) > 0) {
        r = history_give(query, disk, statement, each, context);
        left -= r > 0 ? 1 : 0;
        r = r < 0 ? r : 0;
    }
    disk_end(disk, statement);
    disk_close(disk);
    return r == -ENOENT ? -EIO : r;
}
