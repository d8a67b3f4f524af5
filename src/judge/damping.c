/* Fresh findings against the earlier ones: what becomes the verdict now, what has to wait for another look, and which
 * transitions follow.
 *
 * A verdict that differs from the finding's has to be seen in `raise` looks in a row, or `clear` looks where it is OK;
 * until then the finding stays as it was and carries the verdict as `pending`. A finding that never had a verdict has
 * NONE, and what is OK becomes its verdict at once: there is nothing to clear.
 *
 *     effective severity (waived counts as OK)     transition
 *     OK       -> not OK                           RAISED
 *     not OK   -> not OK, another verdict          CHANGED
 *     not OK   -> OK                               CLEARED; WAIVER_BEGUN where a waiver is why
 *
 * HOST_UNREACHABLE, HOST_REACHABLE and WAIVER_EXPIRED take the place of RAISED and CLEARED for their verdicts.
 */
#include "judging.h"

#include "portconform/vector.h"

#include <errno.h>

static int note_transition(struct host_case *host, enum transition_kind kind, const struct finding_block *block,
                           const struct finding *finding)
{
    struct note *note = VECTOR_PUSH(host->notes);
    if (!note)
        return -ENOMEM;
    *note = (struct note){.kind = kind, .block = block, .key = finding->key, .was = finding->was};
    return 0;
}

static int block_put(struct finding_block *block, const struct finding *finding, const struct finding **ret)
{
    struct finding *slot = finding_block_add(block);
    if (!slot)
        return -ENOMEM;
    int r = finding_copy(slot, finding, block->arena);
    if (r < 0) {
        block->count--;
        return r;
    }
    *ret = slot;
    return 0;
}

/* --- transitions ------------------------------------------------------------------------------------------------- */

static enum severity effective(const struct finding *finding)
{
    return !finding || finding->waived ? SEVERITY_OK : finding->severity;
}

static enum transition_kind raising(enum verdict verdict)
{
    if (verdict == VERDICT_UNREACHABLE)
        return TRANSITION_HOST_UNREACHABLE;
    return verdict == VERDICT_WAIVER_EXPIRED ? TRANSITION_WAIVER_EXPIRED : TRANSITION_RAISED;
}

static enum transition_kind clearing(enum verdict was)
{
    return was == VERDICT_UNREACHABLE ? TRANSITION_HOST_REACHABLE : TRANSITION_CLEARED;
}

/* `was` of the transition is the verdict before this look, which a lasting verdict's own `was` is not. */
static int transitions_tell(struct host_case *host, const struct finding *earlier, const struct finding_block *block,
                            const struct finding *finding)
{
    struct finding told = *finding;
    told.was = earlier ? earlier->verdict : VERDICT_NONE;
    const bool problem_before = effective(earlier) != SEVERITY_OK;
    const bool problem_now = effective(finding) != SEVERITY_OK;
    if (finding->waived && !(earlier && earlier->waived))
        return note_transition(host, TRANSITION_WAIVER_BEGUN, block, &told);
    if (!problem_before && problem_now)
        return note_transition(host, raising(finding->verdict), block, &told);
    if (problem_before && problem_now && earlier->verdict != finding->verdict)
        return note_transition(host, TRANSITION_CHANGED, block, &told);
    if (problem_before && !problem_now)
        return note_transition(host, clearing(told.was), block, &told);
    return 0;
}

/* --- settling ---------------------------------------------------------------------------------------------------- */

static bool verdict_is_fine(enum verdict verdict)
{
    return verdict_row(verdict)->severity == SEVERITY_OK;
}

/* Looks in a row: the same verdict again, or, among problems, another one. A host that fails in changing ways fails. */
static unsigned looks_pending(const struct finding *earlier, const struct finding *fresh)
{
    if (!earlier || earlier->pending == VERDICT_NONE)
        return 1;
    bool continues =
        earlier->pending == fresh->verdict || (!verdict_is_fine(earlier->pending) && fresh->severity != SEVERITY_OK);
    return continues ? earlier->pending_looks + 1 : 1;
}

static unsigned looks_needed(enum verdict was, const struct finding *fresh, struct damping damping)
{
    if (fresh->severity != SEVERITY_OK)
        return damping.raise;
    return was == VERDICT_NONE ? 1 : damping.clear;
}

/* The verdict as it was, while another one waits; what describes the expectation follows the configuration of now. */
static void finding_wait(struct finding *settled, const struct finding *earlier, const struct finding *fresh,
                         unsigned looks)
{
    if (earlier) {
        *settled = *earlier;
        settled->guide = fresh->guide;
        settled->ref = fresh->ref;
        settled->about = fresh->about;
        settled->peers = fresh->peers;
        settled->origin = fresh->origin;
    } else {
        *settled = *fresh;
        settled->verdict = VERDICT_NONE;
        settled->reason = REASON_NONE;
        settled->severity = SEVERITY_OK;
        draft_finish(settled, BLAME_NONE);
    }
    /* a listener that nobody has called unexpected yet is no finding about ports */
    settled->ports = settled->role || settled->verdict != VERDICT_NONE ? fresh->ports : NULL;
    settled->held = false;
    settled->pending = fresh->verdict;
    settled->pending_looks = looks;
}

/* A held finding without any verdict remembers nothing. */
static const struct finding *with_memory(const struct finding *earlier)
{
    bool empty =
        earlier && earlier->held && earlier->verdict == VERDICT_NOT_JUDGED && earlier->reason == REASON_HOST_DOWN;
    return empty ? NULL : earlier;
}

static void finding_settle(struct finding *settled, const struct finding *earlier, const struct finding *fresh,
                           struct damping damping, int64_t now_ms)
{
    enum verdict was = earlier ? earlier->verdict : VERDICT_NONE;
    if (earlier && fresh->verdict == was) {
        *settled = *fresh;
        settled->was = earlier->was;
        settled->since_ms = earlier->since_ms;
        settled->looks = earlier->looks < UINT32_MAX ? earlier->looks + 1 : earlier->looks;
        return;
    }
    unsigned looks = looks_pending(earlier, fresh);
    if (looks < looks_needed(was, fresh, damping)) {
        finding_wait(settled, earlier, fresh, looks);
        return;
    }
    *settled = *fresh;
    settled->was = was;
    settled->since_ms = now_ms;
    settled->looks = looks;
}

/* Ports that must be shut are looked at from outside now and then, not at every look. A look without a probe neither
 * confirms nor refutes what an earlier probe got through to. */
static bool is_no_look(const struct finding *earlier, const struct finding *fresh)
{
    if (!earlier || !earlier->role || fresh->path != PATH_NOT_PROBED || fresh->severity != SEVERITY_OK)
        return false;
    bool waits = earlier->pending == VERDICT_EXPOSED || earlier->pending == VERDICT_FORBIDDEN;
    return waits || earlier->reason == REASON_MUST_NOT_PASS_OPEN;
}

int damping_settle(struct host_case *host, struct finding *fresh, struct damping damping)
{
    const struct host *facts = host->host ? host->host->host : NULL;
    const int64_t now_ms = host->input->now.wall_ms;
    if (facts)
        fresh->severity = waivers_severity(facts, fresh);
    const struct finding *earlier = with_memory(host->earlier ? finding_block_find(host->earlier, fresh->key) : NULL);
    struct finding settled = *fresh;
    if (is_no_look(earlier, fresh)) {
        settled = *earlier;
        settled.held = false;
    } else if (host->input->mode == JUDGE_CONTINUOUS) {
        finding_settle(&settled, earlier, fresh, damping, now_ms);
    }
    if (facts)
        waivers_apply(facts, &settled, now_ms);
    const struct finding *put;
    int r = block_put(host->block, &settled, &put);
    if (r < 0 || host->input->mode == JUDGE_ONE_SHOT)
        return r;
    return transitions_tell(host, earlier, host->block, put);
}

/* --- what is no more --------------------------------------------------------------------------------------------- */

/* Told as conforming in the block of what is gone; nothing is told of what never was a problem. */
int damping_drop(struct host_case *host, const struct finding *earlier)
{
    if (effective(earlier) == SEVERITY_OK)
        return 0;
    struct finding last = *earlier;
    last.was = earlier->verdict;
    last.verdict = VERDICT_CONFORMING;
    last.severity = SEVERITY_OK;
    last.reason = REASON_NONE;
    last.held = false;
    last.pending = VERDICT_NONE;
    last.pending_looks = 0;
    last.since_ms = last.observed_ms = host->input->now.wall_ms;
    draft_finish(&last, BLAME_NONE);
    const struct finding *put;
    int r = block_put(host->gone, &last, &put);
    return r < 0 ? r : note_transition(host, clearing(last.was), host->gone, put);
}

int damping_settle_absent(struct host_case *host, const struct finding *earlier, struct damping damping)
{
    unsigned looks = earlier->pending == VERDICT_CONFORMING ? earlier->pending_looks + 1 : 1;
    bool waits = earlier->verdict != VERDICT_NONE && earlier->severity != SEVERITY_OK && looks < damping.clear;
    if (!waits)
        return damping_drop(host, earlier);
    struct finding settled = *earlier;
    settled.pending = VERDICT_CONFORMING;
    settled.pending_looks = looks;
    const struct finding *put;
    return block_put(host->block, &settled, &put);
}

int damping_keep(struct host_case *host, const struct finding *earlier, bool held)
{
    struct finding kept = *earlier;
    kept.held = held;
    const struct finding *put;
    return block_put(host->block, &kept, &put);
}

static bool is_of_listener(const struct finding *finding)
{
    return !finding->role && finding->transport != TRANSPORT_UNSTATED && finding->verdict != VERDICT_WAIVER_EXPIRED;
}

static bool is_of_host(const struct finding *finding)
{
    return finding->host && !finding->role && finding->transport == TRANSPORT_UNSTATED &&
           finding->verdict != VERDICT_WAIVER_EXPIRED;
}

/* Findings of listeners end when a look would have shown them and does not; those of expectations end with their
 * expectation, by a change of the configuration; those of the host as a whole were settled in host.c. */
static int absence_settle(struct host_case *host, const struct finding *earlier)
{
    if (is_of_host(earlier))
        return 0;
    bool host_waits = host->down || host->held;
    if (host_waits && !earlier->role && earlier->host)
        return damping_keep(host, earlier, host->held);
    if (!is_of_listener(earlier))
        return damping_drop(host, earlier);
    if (!unexpected_looked(host, earlier->transport))
        return damping_keep(host, earlier, false);
    return damping_settle_absent(host, earlier, host->host->host->damping);
}

int damping_absences(struct host_case *host)
{
    finding_block_sort(host->block);
    if (!host->earlier || host->input->mode == JUDGE_ONE_SHOT)
        return 0;
    /* what is kept is added behind the sorted part: a view of that part stays searchable meanwhile */
    const struct finding_block made = *host->block;
    for (size_t i = 0; i < host->earlier->count; i++) {
        const struct finding *earlier = &host->earlier->items[i];
        if (finding_block_find(&made, earlier->key))
            continue;
        int r = absence_settle(host, earlier);
        if (r < 0)
            return r;
    }
    finding_block_sort(host->block);
    return 0;
}
