/* Reading the store. What was written by another version or is damaged within a body is left out, not a failure: the
 * judge then judges anew, and a target is told that an event is missing. */
#include "restore.h"

#include "pack.h"

#include "portconform/arena.h"
#include "portconform/vector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct block_list {
    struct finding_block **items;
    size_t count, capacity;
};

static int no_memory(struct trouble *trouble)
{
    *trouble = (struct trouble){.code = -ENOMEM, .state = STORE_FAILED, .text = "out of memory"};
    return -ENOMEM;
}

/* --- findings ---------------------------------------------------------------------------------------------------- */

static int read_hosts(struct disk *disk, struct trouble *trouble, struct block_list *blocks)
{
    int r = disk_query(disk, trouble, BLOCKS_READ, "");
    while (r == 0 && (r = disk_next(disk, trouble, BLOCKS_READ)) > 0) {
        const char *host = disk_text(disk, BLOCKS_READ, 0, NULL);
        struct finding_block **slot = VECTOR_PUSH(blocks);
        struct finding_block *block =
            slot == NULL ? NULL : finding_block_new(host != NULL && host[0] != '\0' ? host : NULL);
        if (block == NULL) {
            blocks->count -= slot != NULL ? 1 : 0;
            r = no_memory(trouble);
            break;
        }
        *slot = block;
        r = 0;
    }
    disk_end(disk, BLOCKS_READ);
    return r;
}

static int read_finding(struct disk *disk, struct trouble *trouble, struct block_list *blocks)
{
    size_t length, position = (size_t)disk_integer(disk, FINDINGS_READ, 0);
    const char *body = disk_text(disk, FINDINGS_READ, 1, &length);
    if (body == NULL || position >= blocks->count)
        return 0;
    struct finding_block *block = blocks->items[position];
    struct finding *finding = finding_block_add(block);
    if (finding == NULL)
        return no_memory(trouble);
    int r = unpack_finding(body, length, finding, block->arena);
    if (r < 0)
        block->count--;
    return r == -ENOMEM ? no_memory(trouble) : 0;
}

static int read_findings(struct disk *disk, struct trouble *trouble, struct block_list *blocks)
{
    int r = disk_query(disk, trouble, FINDINGS_READ, "");
    while (r == 0 && (r = disk_next(disk, trouble, FINDINGS_READ)) > 0)
        r = read_finding(disk, trouble, blocks);
    disk_end(disk, FINDINGS_READ);
    return r;
}

/* What was made piece by piece becomes what a look makes: as much memory as it takes, and sorted. */
static int pack_blocks(struct block_list *blocks, struct trouble *trouble)
{
    for (size_t i = 0; i < blocks->count; i++) {
        struct finding_block *made = blocks->items[i];
        struct finding_block *packed = finding_block_pack(made->host, made->items, made->count);
        if (packed == NULL)
            return no_memory(trouble);
        finding_block_unref(made);
        blocks->items[i] = packed;
    }
    return 0;
}

static int read_head(struct disk *disk, struct trouble *trouble, struct snapshot *head, struct arena *arena)
{
    const struct {
        const char *name, **place;
    } texts[] = {{"site", &head->site},
                 {"vantage", &head->vantage},
                 {"acts_as", &head->acts_as},
                 {"config_hash", &head->config_hash}};
    int64_t hosts = 0;
    const struct {
        const char *name;
        int64_t *place;
    } numbers[] = {{"finished", &head->finished.wall_ms}, {"took_ms", &head->took_ms}, {"host_count", &hosts}};
    int r = 0;
    for (size_t i = 0; r >= 0 && i < sizeof texts / sizeof *texts; i++) {
        r = disk_query(disk, trouble, META_GET, "t", texts[i].name);
        if (r == 0 && (r = disk_next(disk, trouble, META_GET)) > 0)
            *texts[i].place = arena_strdup(arena, disk_text(disk, META_GET, 0, NULL));
        disk_end(disk, META_GET);
    }
    for (size_t i = 0; r >= 0 && i < sizeof numbers / sizeof *numbers; i++) {
        r = disk_query(disk, trouble, META_GET, "t", numbers[i].name);
        if (r == 0 && (r = disk_next(disk, trouble, META_GET)) > 0)
            *numbers[i].place = disk_integer(disk, META_GET, 0);
        disk_end(disk, META_GET);
    }
    head->host_count = (size_t)hosts;
    return r < 0 ? r : 0;
}

int restore_snapshot(struct disk *disk, struct trouble *trouble, struct snapshot **ret)
{
    struct block_list blocks = {.items = NULL};
    struct snapshot head = {.site = NULL}, *snapshot = NULL;
    struct arena *arena = arena_new();
    int r = arena == NULL ? no_memory(trouble) : read_hosts(disk, trouble, &blocks);
    if (r == 0 && blocks.count > 0)
        r = read_findings(disk, trouble, &blocks);
    if (r == 0)
        r = pack_blocks(&blocks, trouble);
    if (r == 0)
        r = read_head(disk, trouble, &head, arena);
    if (r == 0 && blocks.count > 0) {
        snapshot = snapshot_new(&head, blocks.items, blocks.count);
        blocks.count = 0; /* the references are the snapshot's */
        r = snapshot == NULL ? no_memory(trouble) : 0;
    }
    for (size_t i = 0; i < blocks.count; i++)
        finding_block_unref(blocks.items[i]);
    VECTOR_DONE(&blocks);
    arena_free(arena);
    if (r == 0)
        *ret = snapshot;
    return r;
}

/* --- the outbox -------------------------------------------------------------------------------------------------- */

static int read_entry(struct disk *disk, struct trouble *trouble, struct entries *ret)
{
    size_t length;
    struct event *event = NULL;
    const char *body = disk_text(disk, ENTRIES_READ, 2, &length);
    int r = body == NULL ? -EINVAL : unpack_event(body, length, &event);
    if (r < 0)
        return r == -ENOMEM ? no_memory(trouble) : 0;
    if (entries_reserve(ret, 1) < 0) {
        event_unref(event);
        return no_memory(trouble);
    }
    event->id = (uint64_t)disk_integer(disk, ENTRIES_READ, 1);
    entries_push(ret,
                 (struct entry){.seq = (uint64_t)disk_integer(disk, ENTRIES_READ, 0), .event = event, .id = event->id});
    return 0;
}

int64_t restore_entries(struct disk *disk, struct trouble *trouble, int64_t target, struct reach reach,
                        struct entries *ret, uint64_t *ret_reached)
{
    int64_t rows = 0;
    int r = disk_query(disk, trouble, ENTRIES_READ, "iii", target, (int64_t)reach.after, (int64_t)reach.most);
    while (r == 0 && (r = disk_next(disk, trouble, ENTRIES_READ)) > 0) {
        rows++;
        *ret_reached = (uint64_t)disk_integer(disk, ENTRIES_READ, 0);
        r = read_entry(disk, trouble, ret);
    }
    disk_end(disk, ENTRIES_READ);
    return r < 0 ? r : rows;
}

static int read_queue(struct recorder *recorder, struct disk *disk, struct trouble *trouble)
{
    const char *name = disk_text(disk, TARGETS_READ, 1, NULL);
    if (name == NULL)
        return 0;
    struct outbox **slot =
        vector_grow(&recorder->queues, &recorder->queue_count, &recorder->queue_capacity, sizeof(struct outbox *));
    struct outbox *queue = slot == NULL ? NULL : queue_new(recorder, name, disk_integer(disk, TARGETS_READ, 0));
    if (queue == NULL) {
        recorder->queue_count -= slot != NULL ? 1 : 0;
        return no_memory(trouble);
    }
    *slot = queue;
    struct loss lost = {.from = (uint64_t)disk_integer(disk, TARGETS_READ, 4),
                        .to = (uint64_t)disk_integer(disk, TARGETS_READ, 5),
                        .id = (uint64_t)disk_integer(disk, TARGETS_READ, 6)};
    queue_restore(queue, (uint64_t)disk_integer(disk, TARGETS_READ, 2), (uint64_t)disk_integer(disk, TARGETS_READ, 3),
                  lost);
    if (recorder->last_number < queue->number)
        recorder->last_number = queue->number;
    return 0;
}

static int read_queues(struct recorder *recorder, struct disk *disk, struct trouble *trouble)
{
    int r = disk_query(disk, trouble, TARGETS_READ, "");
    while (r == 0 && (r = disk_next(disk, trouble, TARGETS_READ)) > 0)
        r = read_queue(recorder, disk, trouble);
    disk_end(disk, TARGETS_READ);
    return r;
}

/* --- numbers and counts ------------------------------------------------------------------------------------------ */

/* Where the numbers of a run begin that does not know what other runs have given: anywhere in the upper half. */
static uint64_t somewhere_else(void)
{
    uint32_t random = 0;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        random = (uint32_t)moment_now().wall_ms;
    return NUMBERS_LAST / 2 + random % (NUMBERS_LAST / 4);
}

static const char *const known_spaces[] = {"finding", "host", "target", "listener"};

static int add_spaces(struct numbers *numbers, uint64_t on_disk, bool exact)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < sizeof known_spaces / sizeof *known_spaces; i++)
        r = numbers_add_space(numbers, known_spaces[i], on_disk, exact);
    return r;
}

static int read_spaces(struct numbers *numbers, struct disk *disk, const struct disk_found *found,
                       struct trouble *trouble)
{
    if (add_spaces(numbers, 0, found->fresh || found->exact) < 0)
        return no_memory(trouble);
    int r = disk_query(disk, trouble, SPACES_READ, "");
    while (r == 0 && (r = disk_next(disk, trouble, SPACES_READ)) > 0) {
        const char *name = disk_text(disk, SPACES_READ, 0, NULL);
        uint64_t reserved = (uint64_t)disk_integer(disk, SPACES_READ, 1);
        r = name == NULL ? 0 : numbers_add_space(numbers, name, reserved, found->exact);
        r = r < 0 ? no_memory(trouble) : 0;
    }
    disk_end(disk, SPACES_READ);
    return r;
}

static int read_numbers(struct numbers *numbers, struct disk *disk, struct trouble *trouble)
{
    int r = disk_query(disk, trouble, NUMBERS_READ, "");
    while (r == 0 && (r = disk_next(disk, trouble, NUMBERS_READ)) > 0) {
        const char *space = disk_text(disk, NUMBERS_READ, 0, NULL), *key = disk_text(disk, NUMBERS_READ, 1, NULL);
        int64_t number = disk_integer(disk, NUMBERS_READ, 2);
        r = 0;
        if (space != NULL && key != NULL && number > 0 && number <= NUMBERS_LAST)
            r = numbers_restore(numbers, space, key, (uint32_t)number);
        r = r == -ENOMEM ? no_memory(trouble) : 0;
    }
    disk_end(disk, NUMBERS_READ);
    return r;
}

int restore_numbers(struct numbers *numbers, struct disk *disk, struct trouble *trouble)
{
    if (add_spaces(numbers, somewhere_else(), true) < 0)
        return no_memory(trouble);
    return disk == NULL ? 0 : read_numbers(numbers, disk, trouble);
}

int restore_counts(struct store_counts *ret, struct disk *disk, struct trouble *trouble)
{
    int64_t findings = 0;
    int r = disk_query(disk, trouble, COUNT_EVENTS, "");
    if (r == 0 && (r = disk_next(disk, trouble, COUNT_EVENTS)) > 0) {
        ret->events = (uint64_t)disk_integer(disk, COUNT_EVENTS, 0);
        ret->transitions = (uint64_t)disk_integer(disk, COUNT_EVENTS, 1);
        r = 0;
    }
    disk_end(disk, COUNT_EVENTS);
    if (r == 0)
        r = disk_number(disk, trouble, COUNT_FINDINGS, 0, &findings);
    ret->findings = (uint64_t)findings;
    return r;
}

int restore_recorder(struct recorder *recorder, struct disk *disk, const struct disk_found *found,
                     struct trouble *trouble)
{
    if (!found->fresh) {
        memcpy(recorder->boot, found->boot, sizeof recorder->boot);
        recorder->boot_number = found->boot_number;
        reserve_begin(&recorder->ids, found->ids, found->exact);
    }
    int r = read_spaces(&recorder->numbers, disk, found, trouble);
    if (r == 0)
        r = read_numbers(&recorder->numbers, disk, trouble);
    if (r == 0)
        r = read_queues(recorder, disk, trouble);
    return r < 0 ? r : restore_counts(&recorder->rows, disk, trouble);
}
