/* Entries of an earlier boot. A run that could not use its store when it began has a boot of its own; when the store
 * comes back, what it holds for the targets is entered anew, behind what they have got meanwhile. */
#include "restore.h"
#include "writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ADOPT_STEP = 128 };

struct foreign {
    int64_t number; /* below zero; 0: none is left */
    char *name;
    int64_t count; /* of its entries */
};

int writer_set_apart(const struct recorder *recorder, struct disk *disk, struct trouble *trouble)
{
    int64_t distance = recorder->boot_number * STORE_FOREIGN_STEP;
    int r = disk_run(disk, trouble, BEGIN, "");
    if (r == 0)
        r = disk_run(disk, trouble, ENTRIES_MOVE, "i", distance);
    if (r == 0)
        r = disk_run(disk, trouble, TARGETS_MOVE, "i", distance);
    if (r == 0)
        r = disk_run(disk, trouble, META_PUT, "tt", "boot", recorder->boot);
    if (r == 0)
        r = disk_run(disk, trouble, META_PUT, "ti", "boot_number", recorder->boot_number);
    return r < 0 ? r : disk_run(disk, trouble, COMMIT, "");
}

static int foreign_count(struct disk *disk, struct trouble *trouble, struct foreign *foreign)
{
    int r = disk_query(disk, trouble, FOREIGN_COUNT, "i", foreign->number);
    if (r == 0 && (r = disk_next(disk, trouble, FOREIGN_COUNT)) > 0) {
        foreign->count = disk_integer(disk, FOREIGN_COUNT, 0);
        r = 0;
    }
    disk_end(disk, FOREIGN_COUNT);
    return r;
}

static int foreign_find(struct disk *disk, struct trouble *trouble, struct foreign *ret)
{
    int r = disk_query(disk, trouble, FOREIGN_TARGET_READ, "");
    if (r == 0 && (r = disk_next(disk, trouble, FOREIGN_TARGET_READ)) > 0) {
        const char *name = disk_text(disk, FOREIGN_TARGET_READ, 1, NULL);
        ret->number = disk_integer(disk, FOREIGN_TARGET_READ, 0);
        ret->name = strdup(name != NULL ? name : "");
        r = ret->name == NULL ? -ENOMEM : 0;
    }
    disk_end(disk, FOREIGN_TARGET_READ);
    if (r == 0 && ret->number != 0)
        r = foreign_count(disk, trouble, ret);
    if (r == -ENOMEM)
        *trouble = (struct trouble){.code = r, .state = STORE_FAILED, .text = "out of memory"};
    return r;
}

/* The old queue goes with the next transaction. */
static void foreign_drop(struct recorder *recorder, const struct foreign *foreign)
{
    if (recorder->gone_count == recorder->gone_capacity) {
        int64_t *larger = reallocarray(recorder->gone, recorder->gone_capacity + 8, sizeof *larger);
        if (larger == NULL)
            return; /* another time */
        recorder->gone = larger;
        recorder->gone_capacity += 8;
    }
    recorder->gone[recorder->gone_count++] = foreign->number;
    recorder_abandon(recorder, foreign->name, (uint64_t)foreign->count);
}

static void foreign_enter(struct recorder *recorder, const struct foreign *foreign, struct entries *read,
                          uint64_t reached)
{
    struct outbox *queue = recorder_queue(recorder, foreign->name);
    if (queue == NULL || reached == 0) {
        foreign_drop(recorder, foreign);
        return;
    }
    recorder->foreign = (struct foreign_done){.target = foreign->number, .seq = reached};
    for (; read->count > 0; entries_pop(read))
        (void)recorder_enter_for(recorder, queue, event_ref(entries_front(read)->event));
}

void writer_adopt(struct recorder *recorder)
{
    struct foreign foreign = {.number = 0};
    struct trouble trouble = {.code = 0};
    struct entries read = {.items = NULL};
    uint64_t reached = 0;
    struct disk *disk = recorder->disk;
    pthread_mutex_unlock(&recorder->lock);
    int64_t r = foreign_find(disk, &trouble, &foreign);
    if (r == 0 && foreign.number != 0)
        r = restore_entries(disk, &trouble, foreign.number, (struct reach){.after = 0, .most = ADOPT_STEP}, &read,
                            &reached);
    pthread_mutex_lock(&recorder->lock);
    if (r < 0)
        writer_failed(recorder, &trouble);
    else if (foreign.number == 0)
        recorder->foreign_left = false;
    else
        foreign_enter(recorder, &foreign, &read, reached);
    entries_done(&read);
    free(foreign.name);
}
