/* Snapshots, what they count, and which findings somebody asked for. */
#include "portconform/snapshot.h"

#include "portconform/arena.h"

#include <fnmatch.h>
#include <string.h>

static bool snapshot_copy_names(struct snapshot *snapshot)
{
    const char **const names[] = {&snapshot->site, &snapshot->vantage, &snapshot->acts_as, &snapshot->config_hash};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (*names[i] == NULL)
            continue;
        *names[i] = arena_strdup(snapshot->arena, *names[i]);
        if (*names[i] == NULL)
            return false;
    }
    return true;
}

struct snapshot *snapshot_new(const struct snapshot *head, struct finding_block **blocks, size_t block_count)
{
    struct snapshot *snapshot = NULL;
    struct arena *arena = arena_new();
    if (arena == NULL)
        goto fail;
    snapshot = ARENA_NEW(arena, struct snapshot);
    if (snapshot == NULL)
        goto fail;
    *snapshot = *head;
    snapshot->arena = arena;
    snapshot->references = 1;
    snapshot->block_count = block_count;
    snapshot->blocks = ARENA_ARRAY(arena, struct finding_block *, block_count);
    if (snapshot->blocks == NULL || !snapshot_copy_names(snapshot))
        goto fail;
    if (block_count > 0)
        memcpy(snapshot->blocks, blocks, block_count * sizeof(struct finding_block *));
    return snapshot;
fail:
    for (size_t i = 0; i < block_count; i++)
        finding_block_unref(blocks[i]);
    arena_free(arena);
    return NULL;
}

struct snapshot *snapshot_ref(struct snapshot *snapshot)
{
    __atomic_add_fetch(&snapshot->references, 1, __ATOMIC_RELAXED);
    return snapshot;
}

struct snapshot snapshot_view(const struct snapshot *snapshot)
{
    return (struct snapshot){
        .site = snapshot->site,
        .vantage = snapshot->vantage,
        .acts_as = snapshot->acts_as,
        .config_hash = snapshot->config_hash,
        .finished = snapshot->finished,
        .took_ms = snapshot->took_ms,
        .blocks = snapshot->blocks,
        .block_count = snapshot->block_count,
        .host_count = snapshot->host_count,
    };
}

void snapshot_unref(struct snapshot *snapshot)
{
    if (snapshot == NULL || __atomic_sub_fetch(&snapshot->references, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    for (size_t i = 0; i < snapshot->block_count; i++)
        finding_block_unref(snapshot->blocks[i]);
    arena_free(snapshot->arena);
}

/* --- the filter -------------------------------------------------------------------------------------------------- */

static bool filter_has(const char *const *list, const char *word)
{
    if (list == NULL)
        return true;
    for (; word != NULL && *list != NULL; list++) {
        if (strcmp(*list, word) == 0)
            return true;
    }
    return false;
}

static bool filter_has_rule(const char *const *patterns, const char *rule)
{
    if (patterns == NULL)
        return true;
    for (; rule != NULL && *patterns != NULL; patterns++) {
        /* a literal id may hold characters that a pattern reads otherwise */
        if (strcmp(*patterns, rule) == 0 || fnmatch(*patterns, rule, 0) == 0)
            return true;
    }
    return false;
}

/* A host that is down, or our own trouble, stands for every rule it keeps from being judged: who asks for one rule
 * alone must not read "OK" because the finding names none. */
static bool finding_covers_all(const struct finding *finding)
{
    return finding->verdict == VERDICT_UNREACHABLE || finding->verdict == VERDICT_NOT_JUDGED;
}

bool finding_matches(const struct finding *finding, const struct finding_filter *filter)
{
    if (filter == NULL)
        return true;
    if (filter->host != NULL && (finding->host == NULL || strcmp(filter->host, finding->host) != 0))
        return false;
    bool covers = finding_covers_all(finding);
    if (!filter_has(filter->guides, finding->guide) && !(covers && finding->guide == NULL))
        return false;
    if (!filter_has(filter->components, finding->component) && !(covers && finding->component == NULL))
        return false;
    if (!filter_has_rule(filter->rules, finding->rule) && !(covers && finding->rule == NULL))
        return false;
    return filter_has(filter->verdicts, verdict_row(finding->verdict)->name) &&
           filter_has(filter->blames, blame_name(finding->blame)) &&
           filter_has(filter->classes, class_name(finding->class));
}

/* --- the tally --------------------------------------------------------------------------------------------------- */

static bool finding_is_expectation(const struct finding *finding)
{
    return finding->ports != NULL && finding->verdict != VERDICT_UNEXPECTED &&
           finding->verdict != VERDICT_WAIVER_EXPIRED;
}

void tally_add(struct tally *tally, const struct finding *finding)
{
    if (finding->dynamic) {
        tally->dynamic++;
        return;
    }
    if (finding_is_expectation(finding))
        tally->expectations++;
    if (finding->waived) {
        tally->waived++;
        return;
    }
    if (finding->held) {
        tally->held++;
        return;
    }
    if ((unsigned)finding->verdict < VERDICT_COUNT)
        tally->verdicts[finding->verdict]++;
    if (finding->verdict == VERDICT_UNEXPECTED)
        tally->unexpected++;
    if (finding->severity >= SEVERITY_WARNING)
        tally->nonconforming++;
    if (finding->severity == SEVERITY_UNKNOWN)
        tally->unknown++;
    if (finding->severity > tally->worst)
        tally->worst = finding->severity;
}

struct tally snapshot_tally(const struct snapshot *snapshot, const struct finding_filter *filter)
{
    struct tally tally = {0};
    for (size_t i = 0; i < snapshot->block_count; i++) {
        const struct finding_block *block = snapshot->blocks[i];
        for (size_t k = 0; k < block->count; k++) {
            if (finding_matches(&block->items[k], filter))
                tally_add(&tally, &block->items[k]);
        }
    }
    return tally;
}
