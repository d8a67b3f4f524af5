/* The bounds of the file. History gives way first, then the oldest of the longest outbox. In small steps, so that a
 * submission never waits long behind one. */
#include "writer.h"

#include <errno.h>
#include <time.h>

enum {
    PRUNE_STEP = 500,  /* rows of history in one transaction */
    PRUNE_OUTBOX = 16, /* the fraction of the longest queue that gives way at a time */
    PRUNE_FREE_PAGES = 256,
    PRUNE_PAGE = 4096,
};

struct size {
    int64_t pages, free;
    int64_t given_back; /* pages, by this step */
};

static int size_of(struct disk *disk, struct trouble *trouble, struct size *ret)
{
    int r = disk_number(disk, trouble, PAGE_COUNT, 0, &ret->pages);
    return r < 0 ? r : disk_number(disk, trouble, FREE_PAGES, 0, &ret->free);
}

static bool is_too_large(const struct size *size, uint64_t most_octets)
{
    return (uint64_t)(size->pages - size->free) * PRUNE_PAGE > most_octets;
}

/* Pages that are free are used again; only many of them, or a file that is too large, are worth giving back. */
static bool wants_vacuum(const struct size *size, uint64_t most_octets)
{
    return size->free > PRUNE_FREE_PAGES || (size->free > 0 && (uint64_t)size->pages * PRUNE_PAGE > most_octets);
}

struct pruned {
    uint64_t events, transitions;
    size_t count; /* rows to delete */
    int64_t rows[PRUNE_STEP];
};

/* The oldest that no target waits for: of all where the file is too large, else of those that are too old. */
static int choose_rows(struct disk *disk, struct trouble *trouble, enum statement statement, int64_t before_ms,
                       struct pruned *ret)
{
    const char *types = statement == HISTORY_TOO_OLD ? "ii" : "i";
    int r = disk_query(disk, trouble, statement, types, (int64_t)PRUNE_STEP, before_ms);
    while (r == 0 && (r = disk_next(disk, trouble, statement)) > 0) {
        r = 0;
        ret->rows[ret->count++] = disk_integer(disk, statement, 0);
        ret->events++;
        ret->transitions += (uint64_t)disk_integer(disk, statement, 1);
    }
    disk_end(disk, statement);
    return r;
}

static int delete_rows(struct disk *disk, struct trouble *trouble, const struct pruned *pruned)
{
    int r = disk_run(disk, trouble, BEGIN, "");
    for (size_t i = 0; r == 0 && i < pruned->count; i++)
        r = disk_run(disk, trouble, EVENT_DELETE, "i", pruned->rows[i]);
    return r < 0 ? r : disk_run(disk, trouble, COMMIT, "");
}

static int prune(struct disk *disk, struct trouble *trouble, uint64_t most_octets, int64_t before_ms,
                 struct pruned *pruned, struct size *size)
{
    int r = size_of(disk, trouble, size);
    if (r == 0)
        r = choose_rows(disk, trouble, is_too_large(size, most_octets) ? HISTORY_OLDEST : HISTORY_TOO_OLD, before_ms,
                        pruned);
    if (r == 0 && pruned->count > 0)
        r = delete_rows(disk, trouble, pruned);
    if (r == 0)
        r = size_of(disk, trouble, size);
    if (r == 0 && wants_vacuum(size, most_octets)) {
        int64_t before = size->pages;
        r = disk_run(disk, trouble, VACUUM_SOME, "");
        if (r == 0)
            r = size_of(disk, trouble, size);
        size->given_back = before - size->pages;
    }
    return r;
}

/* Returns whether there was anything to drop. */
static bool drop_of_longest(struct recorder *recorder)
{
    struct outbox *longest = NULL;
    for (size_t i = 0; i < recorder->queue_count; i++) {
        struct outbox *queue = recorder->queues[i];
        if (longest == NULL || queue_length(queue) > queue_length(longest))
            longest = queue;
    }
    if (longest == NULL || queue_length(longest) == 0)
        return false;
    recorder->lazy_ms = recorder_now_ms(); /* to be written before anybody looks at the size again */
    queue_drop_oldest(longest, queue_length(longest) / PRUNE_OUTBOX + 1, recorder_take_id(recorder));
    outbox_wake(longest);
    return true;
}

void writer_prune(struct recorder *recorder)
{
    struct trouble trouble = {.code = 0};
    struct pruned pruned = {.count = 0};
    struct size size = {.pages = 0};
    struct disk *disk = recorder->disk;
    uint64_t most_octets = recorder->most_octets;
    int64_t before_ms = moment_now().wall_ms - (int64_t)recorder->most_days * 86400000;
    pthread_mutex_unlock(&recorder->lock);
    int r = prune(disk, &trouble, most_octets, before_ms, &pruned, &size);
    pthread_mutex_lock(&recorder->lock);
    if (r < 0) {
        writer_failed(recorder, &trouble);
        return;
    }
    recorder->octets = (uint64_t)size.pages * PRUNE_PAGE;
    recorder->forgotten += pruned.events;
    recorder->rows.events -= pruned.events < recorder->rows.events ? pruned.events : recorder->rows.events;
    recorder->rows.transitions -=
        pruned.transitions < recorder->rows.transitions ? pruned.transitions : recorder->rows.transitions;
    bool more = pruned.count == PRUNE_STEP || size.given_back > 0;
    if (is_too_large(&size, most_octets))
        more = pruned.count > 0 || drop_of_longest(recorder) || more;
    if (more)
        recorder->prune_ms = recorder_now_ms();
}
