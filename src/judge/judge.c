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
    int (*const steps[])(struct host_case *) = {host_alive,       host_judge,      groups_judge,
                                                unexpected_judge, waivers_expired, damping_absences};
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        int r = steps[i](host);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Blocks stand in the order of the site, so the same place is tried first. */
static const struct finding_block *earlier_block(const struct judge_input *input, const char *host, size_t place)
{
    const struct snapshot *earlier = input->mode == JUDGE_CONTINUOUS ? input->earlier : NULL;
    if (!earlier)
        return NULL;
    for (size_t i = 0; i < earlier->block_count; i++) {
        const struct finding_block *block = earlier->blocks[(place + i) % earlier->block_count];
        if (host ? block->host && strcmp(block->host, host) == 0 : !block->host)
            return block;
    }
    return NULL;
}

/* What a host without observations (a cycle that never came to it) looks like: nobody looked. */
static int host_seen_or_blank(struct host_case *host, size_t index, struct host_seen *blank)
{
    const struct observations *seen = host->input->seen;
    *blank = index < seen->host_count ? seen->hosts[index] : (struct host_seen){0};
    if (!blank->addresses) {
        blank->addresses = ARENA_ARRAY(host->scratch, struct address_seen, host->host->address_count);
        if (!blank->addresses)
            return -ENOMEM;
    }
    host->seen = blank;
    return 0;
}

/* The whole judgement in the making. Block 0 is the site's own. */
struct making {
    const struct judge_input *input;
    struct finding_block **blocks;
    size_t block_count;
    struct finding_block *gone;
    struct notes notes;
};

static int block_make(struct making *making, size_t place)
{
    const struct plan *plan = making->input->plan;
    struct host_case host = {
        .input = making->input,
        .host = place > 0 ? &plan->hosts[place - 1] : NULL,
        .notes = &making->notes,
        .gone = making->gone,
        .scratch = arena_new(),
    };
    const char *name = host.host ? host.host->host->name : NULL;
    host.block = finding_block_new(name);
    host.earlier = earlier_block(making->input, name, place);
    int r = -ENOMEM;
    if (!host.scratch || !host.block)
        goto out;
    making->blocks[making->block_count++] = host.block; /* owned there from now on */
    if (!host.host) {
        r = site_judge(&host);
        goto out;
    }
    struct host_seen blank;
    r = host_seen_or_blank(&host, place - 1, &blank);
    if (r == 0)
        r = host_judge_all(&host);
out:
    if (making->block_count <= place)
        finding_block_unref(host.block);
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

static int hosts_gone(struct making *making)
{
    const struct snapshot *earlier = making->input->mode == JUDGE_CONTINUOUS ? making->input->earlier : NULL;
    for (size_t i = 0; earlier && i < earlier->block_count; i++) {
        const struct finding_block *block = earlier->blocks[i];
        if (!block->host || plan_has_host(making->input->plan, block->host, i - 1))
            continue;
        struct host_case host = {.input = making->input, .notes = &making->notes, .gone = making->gone};
        for (size_t k = 0; k < block->count; k++) {
            int r = damping_drop(&host, &block->items[k]);
            if (r < 0)
                return r;
        }
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

/* Takes the blocks in any case. */
static struct snapshot *snapshot_make(struct making *making)
{
    const struct judge_input *input = making->input;
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
        snapshot = snapshot_new(&head, making->blocks, making->block_count);
        making->block_count = 0;
    }
    text_done(&plays);
    return snapshot;
}

/* The findings have their final places only now. */
static int transitions_make(const struct making *making, struct judgement *judgement)
{
    size_t count = making->notes.count;
    if (count == 0)
        return 0;
    struct transition *transitions = calloc(count, sizeof(*transitions));
    if (!transitions)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        const struct note *note = &making->notes.items[i];
        transitions[i] = (struct transition){
            .kind = note->kind,
            .finding = finding_block_find(note->block, note->key),
            .was = note->was,
            .at = making->input->now,
        };
    }
    judgement->transitions = transitions;
    judgement->transition_count = judgement->transition_capacity = count;
    return 0;
}

static int blocks_make(struct making *making)
{
    const size_t count = making->input->plan->host_count + 1;
    making->blocks = calloc(count, sizeof(*making->blocks));
    making->gone = finding_block_new(NULL);
    if (!making->blocks || !making->gone)
        return -ENOMEM;
    for (size_t place = 0; place < count; place++) {
        int r = block_make(making, place);
        if (r < 0)
            return r;
    }
    int r = hosts_gone(making);
    finding_block_sort(making->gone);
    return r;
}

int judge(const struct judge_input *input, struct judgement *ret)
{
    struct making making = {.input = input};
    struct judgement judgement = {0};
    int r = blocks_make(&making);
    if (r < 0)
        goto out;
    r = transitions_make(&making, &judgement);
    if (r < 0)
        goto out;
    r = -ENOMEM;
    judgement.snapshot = snapshot_make(&making);
    if (!judgement.snapshot)
        goto out;
    if (making.gone->count > 0) {
        judgement.gone = making.gone;
        making.gone = NULL;
    }
    *ret = judgement;
    judgement = (struct judgement){0};
    r = 0;
out:
    judgement_done(&judgement);
    for (size_t i = 0; i < making.block_count; i++)
        finding_block_unref(making.blocks[i]);
    free(making.blocks);
    finding_block_unref(making.gone);
    VECTOR_DONE(&making.notes);
    return r;
}

void judgement_done(struct judgement *judgement)
{
    snapshot_unref(judgement->snapshot);
    finding_block_unref(judgement->gone);
    free(judgement->transitions);
    *judgement = (struct judgement){0};
}
