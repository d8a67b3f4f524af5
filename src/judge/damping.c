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
#include <string.h>

static int note_transition(struct host_case *host, const struct note *what)
{
    struct note *note = VECTOR_PUSH(host->notes);
    if (!note)
        return -ENOMEM;
    *note = *what;
    return 0;
}

/* The strings stay where they are till the drafts are packed. */
static int draft_put(struct host_case *host, const struct finding *finding)
{
    struct finding *slot = finding_block_add(host->block);
    if (!slot)
        return -ENOMEM;
    *slot = *finding;
    return 0;
}

/* Where the block of what is gone grows, the findings that were told already keep their place in its arena. */
static int gone_put(struct host_case *host, const struct finding *finding, const struct finding **ret)
{
    struct judgement *into = host->into;
    if (!into->gone)
        into->gone = finding_block_new(NULL);
    struct finding *slot = into->gone ? finding_block_add(into->gone) : NULL;
    if (!slot)
        return -ENOMEM;
    int r = finding_copy(slot, finding, into->gone->arena);
    if (r < 0) {
        into->gone->count--;
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
static int transitions_tell(struct host_case *host, const struct finding *earlier, const struct finding *finding)
{
    struct note note = {.key = finding->key, .was = earlier ? earlier->verdict : VERDICT_NONE};
    const bool problem_before = effective(earlier) != SEVERITY_OK;
    const bool problem_now = effective(finding) != SEVERITY_OK;
    if (finding->waived && !(earlier && earlier->waived))
        note.kind = TRANSITION_WAIVER_BEGUN;
    else if (!problem_before && problem_now)
        note.kind = raising(finding->verdict);
    else if (problem_before && problem_now && earlier->verdict != finding->verdict)
        note.kind = TRANSITION_CHANGED;
    else if (problem_before && !problem_now)
        note.kind = clearing(note.was);
    else
        return 0;
    return note_transition(host, &note);
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

/* An earlier finding that stays as it is. Looks at the whole host may have confirmed it since it was judged. */
static struct finding taken_over(const struct host_case *host, const struct finding *earlier)
{
    struct finding finding = *earlier;
    if (host->earlier)
        finding.observed_ms = finding_looked_ms(host->earlier, earlier);
    return finding;
}

static unsigned one_look_more(const struct finding *earlier)
{
    return earlier->looks < UINT32_MAX ? earlier->looks + 1 : earlier->looks;
}

/* What describes the expectation follows the configuration of now. */
static void finding_describe(struct finding *settled, const struct finding *fresh)
{
    settled->guide = fresh->guide;
    settled->ref = fresh->ref;
    settled->about = fresh->about;
    settled->presence = fresh->presence;
    settled->scope = fresh->scope;
    settled->peers = fresh->peers;
    settled->origin = fresh->origin;
}

/* The verdict as it was, while another one waits. */
static void finding_wait(struct finding *settled, const struct finding *earlier, const struct finding *fresh,
                         unsigned looks)
{
    if (earlier) {
        *settled = *earlier;
        finding_describe(settled, fresh);
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
        settled->looks = one_look_more(earlier);
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

/* Waivers, the place among the drafts, and the transition that follows. */
static int settled_put(struct host_case *host, const struct finding *earlier, struct finding *settled)
{
    if (host->host)
        waivers_apply(host->host->host, settled, host->input->now.wall_ms);
    int r = draft_put(host, settled);
    if (r < 0 || host->input->mode == JUDGE_ONE_SHOT)
        return r;
    return transitions_tell(host, earlier, settled);
}

int damping_settle(struct host_case *host, struct finding *fresh, struct damping damping)
{
    if (host->host)
        fresh->severity = waivers_severity(host->host->host, fresh);
    const struct finding *earlier = with_memory(host->earlier ? finding_block_find(host->earlier, fresh->key) : NULL);
    struct finding before, settled = *fresh;
    if (earlier) {
        before = taken_over(host, earlier);
        earlier = &before;
    }
    if (is_no_look(earlier, fresh)) {
        settled = *earlier;
        settled.held = false;
    } else if (host->input->mode == JUDGE_CONTINUOUS) {
        finding_settle(&settled, earlier, fresh, damping, host->input->now.wall_ms);
    }
    return settled_put(host, earlier, &settled);
}

void damping_note_repeat(struct finding *finding, int64_t observed_ms)
{
    finding->observed_ms = observed_ms;
    finding->looks = one_look_more(finding);
}

int damping_repeat(struct host_case *host, const struct finding *earlier, int64_t observed_ms, uint64_t seen)
{
    struct finding settled = *earlier;
    damping_note_repeat(&settled, observed_ms);
    settled.seen = seen;
    return settled_put(host, earlier, &settled);
}

int damping_follow(struct host_case *host, const struct finding *earlier, const struct finding *fresh)
{
    struct finding settled = taken_over(host, earlier);
    if (fresh) {
        finding_describe(&settled, fresh);
        settled.severity = fresh->severity;
        settled.severity = waivers_severity(host->host->host, &settled);
    }
    return settled_put(host, earlier, &settled);
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
    struct note note = {.kind = clearing(last.was), .was = last.was};
    int r = gone_put(host, &last, &note.gone);
    return r < 0 ? r : note_transition(host, &note);
}

int damping_settle_absent(struct host_case *host, const struct finding *earlier, struct damping damping)
{
    unsigned looks = earlier->pending == VERDICT_CONFORMING ? earlier->pending_looks + 1 : 1;
    bool waits = earlier->verdict != VERDICT_NONE && earlier->severity != SEVERITY_OK && looks < damping.clear;
    if (!waits)
        return damping_drop(host, earlier);
    struct finding settled = taken_over(host, earlier);
    settled.pending = VERDICT_CONFORMING;
    settled.pending_looks = looks;
    return draft_put(host, &settled);
}

int damping_keep(struct host_case *host, const struct finding *earlier, bool held)
{
    struct finding kept = taken_over(host, earlier);
    kept.held = held;
    return draft_put(host, &kept);
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
    if (host->input->unlooked)
        return damping_keep(host, earlier, earlier->held);
    if (!unexpected_looked(host, earlier->transport))
        return damping_keep(host, earlier, false);
    return damping_settle_absent(host, earlier, host->host->host->damping);
}

int damping_absences(struct host_case *host)
{
    finding_block_sort(host->block);
    if (!host->earlier || host->input->mode == JUDGE_ONE_SHOT)
        return 0;
    /* both stand by key; what is kept is added behind the sorted part, and a view of that part stays as it is */
    const struct finding_block made = *host->block;
    size_t at = 0;
    int order = 0;
    for (size_t i = 0; i < host->earlier->count; i++) {
        const struct finding *earlier = &host->earlier->items[i];
        while (at < made.count && (order = strcmp(made.items[at].key, earlier->key)) < 0)
            at++;
        if (at < made.count && order == 0)
            continue;
        int r = absence_settle(host, earlier);
        if (r < 0)
            return r;
    }
    finding_block_sort(host->block);
    return 0;
}
