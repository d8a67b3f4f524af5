/* The way through: the site's own findings, then host by host, then the transitions. */
#include "judging.h"

#include "portconform/vector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- the site's own findings ------------------------------------------------------------------------------------- */

static struct finding *draft_unset(struct host_case *site, const struct plan_unset *unset)
{
    struct finding *finding = ARENA_NEW(site->scratch, struct finding);
    if (!finding)
        return NULL;
    struct text detail = {0};
    text_printf(&detail, "%s of %s has no value on ", unset->parameter, unset->guide->id);
    text_add_count(&detail, unset->host_count, "host");
    text_add(&detail, ": ");
    text_add_count(&detail, unset->rule_count, "rule");
    text_add(&detail, unset->rule_count == 1 ? " is not judged" : " are not judged");
    finding->detail = draft_text(site->scratch, &detail);
    finding->key = arena_printf(site->scratch, "-|-|%s|%s", unset->guide->id, unset->parameter);
    finding->verdict = VERDICT_NOT_JUDGED;
    finding->reason = REASON_PARAMETER_UNSET;
    finding->severity = verdict_row(VERDICT_NOT_JUDGED)->severity;
    finding->guide = unset->guide->id;
    finding->origin = unset->origin;
    finding->observed_ms = site->input->now.wall_ms;
    draft_finish(finding, BLAME_NONE);
    return finding->detail && finding->key ? finding : NULL;
}

static int site_judge(struct host_case *site)
{
    const struct plan *plan = site->input->plan;
    for (size_t i = 0; i < plan->unset_count; i++) {
        struct finding *finding = draft_unset(site, &plan->unset[i]);
        /* a gap in the configuration is a fact at the first look */
        int r = finding ? damping_settle(site, finding, (struct damping){1, 1}) : -ENOMEM;
        if (r < 0)
            return r;
    }
    return damping_absences(site);
}

/* --- one host ---------------------------------------------------------------------------------------------------- */

static int host_judge_all(struct host_case *host)
{
    int (*const steps[])(struct host_case *) = {host_judge, groups_judge, unexpected_judge, waivers_expired,
                                                damping_absences};
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        int r = steps[i](host);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Blocks stand in the order of the site, so the same place is tried first. */
static struct finding_block *earlier_block(const struct judge_input *input, const char *host, size_t place)
{
    const struct snapshot *earlier = input->mode == JUDGE_CONTINUOUS ? input->earlier : NULL;
    if (!earlier)
        return NULL;
    for (size_t i = 0; i < earlier->block_count; i++) {
        struct finding_block *block = earlier->blocks[(place + i) % earlier->block_count];
        if (host ? block->host && strcmp(block->host, host) == 0 : !block->host)
            return block;
    }
    return NULL;
}

/* What a host without observations (a cycle that never came to it) looks like: nobody looked. */
static int host_seen_or_blank(struct host_case *host, struct host_seen *blank)
{
    const struct observations *seen = host->input->seen;
    const size_t index = host->index;
    *blank = index < seen->host_count ? seen->hosts[index] : (struct host_seen){0};
    if (!blank->addresses) {
        blank->addresses = ARENA_ARRAY(host->scratch, struct address_seen, host->host->address_count);
        if (!blank->addresses)
            return -ENOMEM;
    }
    host->seen = blank;
    return 0;
}

/* --- a look that shows nothing new -------------------------------------------------------------------------------- */

/* Does every word of the earlier block hold for this look too? */
static bool is_as_before(const struct host_case *host, uint64_t seen)
{
    const struct judge_input *input = host->input;
    if (input->mode != JUDGE_CONTINUOUS || !host->earlier || !host->host)
        return false;
    const struct judged *judged = &host->earlier->judged;
    if (judged->plan == 0 || judged->plan != input->plan->serial || input->now.wall_ms < judged->from_ms ||
        input->now.wall_ms >= judged->until_ms)
        return false;
    return input->unlooked || (judged->settled && seen != 0 && judged->seen == seen);
}

static bool is_settled(const struct finding_block *block)
{
    for (size_t i = 0; i < block->count; i++) {
        if (block->items[i].pending != VERDICT_NONE || block->items[i].held)
            return false;
    }
    return true;
}

static int64_t next_waiver_end(const struct plan_host *host, int64_t now_ms)
{
    int64_t until_ms = INT64_MAX;
    for (size_t i = 0; host && i < host->host->waiver_count; i++) {
        int64_t end_ms = host->host->waivers[i].until_ms;
        if (end_ms > now_ms && end_ms < until_ms)
            until_ms = end_ms;
    }
    return until_ms;
}

/* The surroundings by which the next look may patch the block; waivers look at all findings of a block. */
static uint64_t patchable_in(const struct host_case *host, const struct finding_block *block)
{
    bool whole = block->judged.settled && block->count == host->subjects && host->host->host->waiver_count == 0;
    for (size_t i = 0; whole && i < block->count; i++)
        whole = subject_is_of(host, &block->items[i]);
    return whole ? host->surroundings : 0;
}

static void block_remember(const struct host_case *host, uint64_t seen, struct finding_block *block)
{
    const struct judge_input *input = host->input;
    block->judged = (struct judged){
        .plan = input->plan->serial,
        .seen = input->unlooked ? 0 : seen,
        .from_ms = input->now.wall_ms,
        .until_ms = next_waiver_end(host->host, input->now.wall_ms),
        .settled = is_settled(block),
    };
    if (host->host)
        block->judged.surroundings = patchable_in(host, block);
}

static struct finding_block *block_pack(const struct host_case *host)
{
    const char *name = host->host ? host->host->host->name : NULL;
    struct finding_block *block = finding_block_pack(name, host->block->items, host->block->count);
    if (block && host->input->unlooked && host->earlier) /* what was seen then is what stands now */
        finding_block_looked(block, __atomic_load_n(&host->earlier->looked_ms, __ATOMIC_RELAXED));
    return block;
}

/* --- one block ---------------------------------------------------------------------------------------------------- */

/* The findings have their final places only now. */
static int transitions_add(struct judgement *into, const struct notes *notes, const struct finding_block *block,
                           struct moment now)
{
    struct {
        struct transition *items;
        size_t count, capacity;
    } all = {into->transitions, into->transition_count, into->transition_capacity};
    for (size_t i = 0; i < notes->count; i++) {
        const struct note *note = &notes->items[i];
        struct transition *slot = VECTOR_PUSH(&all);
        if (!slot)
            break;
        *slot = (struct transition){
            .kind = note->kind,
            .finding = note->gone ? note->gone : finding_block_find(block, note->key),
            .was = note->was,
            .at = now,
        };
    }
    size_t added = all.count - into->transition_count;
    into->transitions = all.items;
    into->transition_count = all.count;
    into->transition_capacity = all.capacity;
    return added == notes->count ? 0 : -ENOMEM;
}

/* Which findings of an earlier look may be taken over is known once it is known what is alive. */
static int host_make(struct host_case *host, struct finding_block **ret)
{
    struct host_seen blank;
    int r = host_seen_or_blank(host, &blank);
    if (r == 0)
        r = host_alive(host);
    if (r < 0)
        return r;
    /* in an acceptance test one port's answer says something about the others */
    const struct judge_input *input = host->input;
    if (input->mode == JUDGE_CONTINUOUS && !input->unlooked && !host->down && !input->plan->acceptance)
        host->surroundings = digest_of_surroundings(host);
    if (patch_applies(host))
        return patch_judge(host, ret);
    r = host_judge_all(host);
    if (r < 0)
        return r;
    *ret = block_pack(host);
    return *ret ? 0 : -ENOMEM;
}

static int site_make(struct host_case *site, struct finding_block **ret)
{
    int r = site_judge(site);
    if (r < 0)
        return r;
    *ret = block_pack(site);
    return *ret ? 0 : -ENOMEM;
}

static int block_make(struct host_case *host, uint64_t seen, struct finding_block **ret)
{
    struct finding_block *block = NULL;
    host->block = ARENA_NEW(host->scratch, struct finding_block);
    if (!host->block)
        return -ENOMEM;
    host->block->arena = host->scratch;
    int r = host->host ? host_make(host, &block) : site_make(host, &block);
    if (r < 0)
        return r;
    block_remember(host, seen, block);
    r = transitions_add(host->into, host->notes, block, host->input->now);
    if (r < 0)
        finding_block_unref(block);
    else
        *ret = block;
    return r;
}

int judge_host(const struct judge_input *input, size_t host_index, struct finding_block *earlier,
               struct judgement *into, struct finding_block **ret_block)
{
    const bool site = host_index == SIZE_MAX;
    struct notes notes = {0};
    struct host_case host = {
        .input = input,
        .host = site ? NULL : &input->plan->hosts[host_index],
        .index = host_index,
        .earlier = input->mode == JUDGE_CONTINUOUS ? earlier : NULL,
        .notes = &notes,
        .into = into,
    };
    const uint64_t seen = site || host_index >= input->seen->host_count ? 0 : input->seen->hosts[host_index].digest;
    if (is_as_before(&host, seen)) {
        if (!input->unlooked)
            finding_block_looked(earlier, input->now.wall_ms);
        *ret_block = finding_block_ref(earlier);
        return 0;
    }
    host.scratch = arena_new();
    int r = host.scratch ? block_make(&host, seen, ret_block) : -ENOMEM;
    VECTOR_DONE(&notes);
    arena_free(host.scratch);
    return r;
}

/* --- hosts that the configuration no longer has ------------------------------------------------------------------ */

/* `place` is where it stood, and most likely stands. */
static bool plan_has_host(const struct plan *plan, const char *name, size_t place)
{
    for (size_t i = 0; i < plan->host_count; i++) {
        if (strcmp(plan->hosts[(place + i) % plan->host_count].host->name, name) == 0)
            return true;
    }
    return false;
}

int judge_gone(const struct judge_input *input, const struct finding_block *earlier, struct judgement *into)
{
    struct notes notes = {0};
    struct host_case host = {.input = input, .notes = &notes, .into = into};
    int r = 0;
    for (size_t i = 0; r == 0 && i < earlier->count; i++)
        r = damping_drop(&host, &earlier->items[i]);
    if (r == 0)
        r = transitions_add(into, &notes, NULL, input->now);
    VECTOR_DONE(&notes);
    return r;
}

static int hosts_gone(const struct judge_input *input, struct judgement *into)
{
    const struct snapshot *earlier = input->mode == JUDGE_CONTINUOUS ? input->earlier : NULL;
    for (size_t i = 0; earlier && i < earlier->block_count; i++) {
        const struct finding_block *block = earlier->blocks[i];
        if (!block->host || plan_has_host(input->plan, block->host, i - 1))
            continue;
        int r = judge_gone(input, block, into);
        if (r < 0)
            return r;
    }
    return 0;
}

/* --- the snapshot and its transitions ---------------------------------------------------------------------------- */

/* "jp1-itdm browser, agent; sametime-community client" */
static void text_add_plays(struct text *text, const struct plan *plan)
{
    const struct guide *guide = NULL;
    for (size_t i = 0; i < plan->play_count; i++) {
        const struct played *played = &plan->plays[i];
        if (played->guide != guide)
            text_printf(text, "%s%s %s", i > 0 ? "; " : "", played->guide->id, played->component->name);
        else
            text_printf(text, ", %s", played->component->name);
        guide = played->guide;
    }
}

struct snapshot *judge_snapshot(const struct judge_input *input, struct finding_block **blocks, size_t count)
{
    const struct plan *plan = input->plan;
    struct text plays = {0};
    text_add_plays(&plays, plan);
    struct snapshot head = {
        .site = plan->site->name,
        .vantage = plan->vantage_name ? plan->vantage_name : "-",
        .acts_as = text_string(&plays),
        .config_hash = plan->config ? plan->config->hash : NULL,
        .finished = input->now,
        .took_ms = input->now.mono_ms - input->began_ms,
        .host_count = plan->host_count,
    };
    struct snapshot *snapshot = NULL;
    if (!plays.failed) {
        snapshot = snapshot_new(&head, blocks, count);
    } else {
        for (size_t i = 0; i < count; i++)
            finding_block_unref(blocks[i]);
    }
    text_done(&plays);
    return snapshot;
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

/* Block 0 is the site's own. On failure too *ret_count of them are made. */
static int blocks_make(const struct judge_input *input, struct finding_block **blocks, size_t *ret_count,
                       struct judgement *into)
{
    for (size_t place = 0; place <= input->plan->host_count; place++) {
        const char *name = place > 0 ? input->plan->hosts[place - 1].host->name : NULL;
        struct finding_block *earlier = earlier_block(input, name, place);
        int r = judge_host(input, place > 0 ? place - 1 : SIZE_MAX, earlier, into, &blocks[place]);
        if (r < 0)
            return r;
        *ret_count = place + 1;
    }
    return hosts_gone(input, into);
}

int judge(const struct judge_input *input, struct judgement *ret)
{
    struct judgement judgement = {0};
    struct finding_block **blocks = calloc(input->plan->host_count + 1, sizeof(struct finding_block *));
    size_t count = 0;
    int r = blocks ? blocks_make(input, blocks, &count, &judgement) : -ENOMEM;
    if (r == 0) {
        judgement.snapshot = judge_snapshot(input, blocks, count);
        count = 0; /* taken */
        r = judgement.snapshot ? 0 : -ENOMEM;
    }
    for (size_t i = 0; i < count; i++)
        finding_block_unref(blocks[i]);
    free(blocks);
    if (r == 0) {
        *ret = judgement;
        judgement = (struct judgement){0};
    }
    judgement_done(&judgement);
    return r;
}

void judgement_done(struct judgement *judgement)
{
    snapshot_unref(judgement->snapshot);
    finding_block_unref(judgement->gone);
    free(judgement->transitions);
    *judgement = (struct judgement){0};
}
