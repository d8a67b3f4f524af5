/* The findings on disk: only what differs is written. Blocks that two snapshots share are the same and not looked at.
 */
#include "job.h"
#include "pack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Findings of the site as a whole belong to the host "". */
static const char *host_of(const struct finding_block *block)
{
    return block != NULL && block->host != NULL ? block->host : "";
}

static int finding_write(struct disk *disk, struct trouble *trouble, const struct finding_block *block,
                         const struct finding *finding)
{
    char *body;
    if (pack_finding(finding, &body) < 0)
        return -ENOMEM;
    int r = disk_run(disk, trouble, FINDING_PUT, "ttt", finding->key, host_of(block), body);
    free(body);
    return r;
}

/* Both are sorted by key. `known` may be NULL. */
static int block_write(struct disk *disk, struct trouble *trouble, const struct finding_block *known,
                       const struct finding_block *wanted)
{
    size_t old = 0, old_count = known != NULL ? known->count : 0;
    int r = 0;
    for (size_t i = 0; r == 0 && i < wanted->count; i++) {
        const struct finding *finding = &wanted->items[i];
        int order = 1;
        while (r == 0 && old < old_count && (order = strcmp(known->items[old].key, finding->key)) < 0)
            r = disk_run(disk, trouble, FINDING_DELETE, "t", known->items[old++].key);
        bool same = old < old_count && order == 0 && !pack_findings_differ(&known->items[old], finding, false);
        old += old < old_count && order == 0 ? 1 : 0;
        if (r == 0 && !same)
            r = finding_write(disk, trouble, wanted, finding);
    }
    for (; r == 0 && old < old_count; old++)
        r = disk_run(disk, trouble, FINDING_DELETE, "t", known->items[old].key);
    return r;
}

static int hosts_write(struct disk *disk, struct trouble *trouble, const struct snapshot *wanted)
{
    int r = disk_run(disk, trouble, BLOCKS_DELETE, "");
    for (size_t i = 0; r == 0 && i < wanted->block_count; i++)
        r = disk_run(disk, trouble, BLOCK_PUT, "it", (int64_t)i, host_of(wanted->blocks[i]));
    return r;
}

static int head_write(struct disk *disk, struct trouble *trouble, const struct snapshot *wanted)
{
    const struct {
        const char *name, *text;
    } texts[] = {{"site", wanted->site},
                 {"vantage", wanted->vantage},
                 {"acts_as", wanted->acts_as},
                 {"config_hash", wanted->config_hash}};
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {{"finished", wanted->finished.wall_ms},
                   {"took_ms", wanted->took_ms},
                   {"host_count", (int64_t)wanted->host_count}};
    int r = 0;
    for (size_t i = 0; r == 0 && i < sizeof texts / sizeof *texts; i++)
        r = disk_run(disk, trouble, META_PUT, "tt", texts[i].name, texts[i].text);
    for (size_t i = 0; r == 0 && i < sizeof numbers / sizeof *numbers; i++)
        r = disk_run(disk, trouble, META_PUT, "ti", numbers[i].name, numbers[i].value);
    return r;
}

static bool same_hosts(const struct snapshot *a, const struct snapshot *b)
{
    if (a == NULL || a->block_count != b->block_count)
        return false;
    for (size_t i = 0; i < a->block_count; i++) {
        if (a->blocks[i] != b->blocks[i] && strcmp(host_of(a->blocks[i]), host_of(b->blocks[i])) != 0)
            return false;
    }
    return true;
}

/* Hosts in the order of their names, to find the block of a host in the other snapshot. */
static int block_order(const void *a, const void *b)
{
    return strcmp(host_of(*(struct finding_block *const *)a), host_of(*(struct finding_block *const *)b));
}

/* The configuration has other hosts than before: blocks are matched by name. */
static int blocks_match(struct disk *disk, struct trouble *trouble, const struct snapshot *known,
                        const struct snapshot *wanted)
{
    struct finding_block **sorted = calloc(known->block_count + wanted->block_count + 1, sizeof *sorted);
    if (sorted == NULL)
        return -ENOMEM;
    size_t count = wanted->block_count;
    memcpy(sorted, wanted->blocks, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, block_order);
    int r = 0;
    for (size_t i = 0; r == 0 && i < known->block_count; i++) { /* first what goes: a key may move to another block */
        const struct finding_block *old = known->blocks[i];
        bool stays = bsearch(&old, sorted, count, sizeof *sorted, block_order) != NULL;
        for (size_t k = 0; r == 0 && !stays && k < old->count; k++)
            r = disk_run(disk, trouble, FINDING_DELETE, "t", old->items[k].key);
    }
    memcpy(sorted, known->blocks, known->block_count * sizeof *sorted);
    qsort(sorted, known->block_count, sizeof *sorted, block_order);
    for (size_t i = 0; r == 0 && i < wanted->block_count; i++) {
        const struct finding_block *block = wanted->blocks[i];
        struct finding_block **old = bsearch(&block, sorted, known->block_count, sizeof *sorted, block_order);
        if (old == NULL || *old != block)
            r = block_write(disk, trouble, old != NULL ? *old : NULL, block);
    }
    free(sorted);
    return r;
}

int findings_write(struct disk *disk, struct trouble *trouble, const struct snapshot *known,
                   const struct snapshot *wanted)
{
    int r = 0;
    if (known == NULL)
        r = disk_run(disk, trouble, FINDINGS_DELETE, "");
    if (r == 0 && known != NULL && !same_hosts(known, wanted)) {
        r = blocks_match(disk, trouble, known, wanted);
    } else {
        for (size_t i = 0; r == 0 && i < wanted->block_count; i++) {
            const struct finding_block *old = known != NULL ? known->blocks[i] : NULL;
            if (old != wanted->blocks[i])
                r = block_write(disk, trouble, old, wanted->blocks[i]);
        }
    }
    if (r == 0 && !same_hosts(known, wanted))
        r = hosts_write(disk, trouble, wanted);
    return r < 0 ? r : head_write(disk, trouble, wanted);
}

/* Is there anything worth a transaction? */
bool findings_differ(const struct snapshot *known, const struct snapshot *wanted)
{
    if (!same_hosts(known, wanted))
        return true;
    for (size_t i = 0; i < wanted->block_count; i++) {
        const struct finding_block *old = known->blocks[i], *block = wanted->blocks[i];
        if (old == block)
            continue;
        if (old->count != block->count)
            return true;
        for (size_t k = 0; k < block->count; k++) {
            if (pack_findings_differ(&old->items[k], &block->items[k], false))
                return true;
        }
    }
    return false;
}
