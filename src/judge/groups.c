/* Every expectation of a host, once: alone, or folded with the other members of its one-of group. */
#include "judging.h"

#include <errno.h>
#include <string.h>

/* Own trouble comes before a host that is down: when nothing was sent, nothing was silent. */
static bool only_own_trouble(const struct host_case *host, const struct expectation *expectation)
{
    if (expectation->no_address != REASON_NONE)
        return true;
    bool some = false;
    for (size_t i = 0; i < expectation->flow_count; i++) {
        const struct probe_result *probe = evidence_probe(host->input->seen, &expectation->flows[i]);
        if (!probe)
            continue;
        if (!evidence_own_trouble(probe))
            return false;
        some = true;
    }
    return some;
}

static bool is_to_be_held(const struct host_case *host, const struct expectation *expectation)
{
    return (host->down || host->held) && !only_own_trouble(host, expectation);
}

/* The daemon keeps the last verdict; a one-shot run has none to keep. */
static int expectation_hold(struct host_case *host, const struct expectation *expectation, const char *key)
{
    const struct finding *earlier = host->earlier ? finding_block_find(host->earlier, key) : NULL;
    if (earlier)
        return damping_keep(host, earlier, host->held);
    const struct finding *draft = draft_held(host, expectation, key);
    return draft ? damping_keep(host, draft, true) : -ENOMEM;
}

static bool is_plan_as_before(const struct host_case *host)
{
    const uint64_t plan = host->input->plan->serial;
    return plan != 0 && host->earlier && host->earlier->judged.plan == plan;
}

/* The earlier finding that another look may repeat. Its texts are the plan's, so the plan must be the same. */
static const struct finding *repeatable(const struct host_case *host, const char *key)
{
    const struct finding *earlier = is_plan_as_before(host) ? finding_block_find(host->earlier, key) : NULL;
    return earlier && earlier->pending == VERDICT_NONE && !earlier->held ? earlier : NULL;
}

static bool is_bystanders(const struct expectation *expectation)
{
    for (size_t i = 0; i < expectation->flow_count; i++) {
        if (expectation->flows[i].demand == FLOW_BYSTANDER)
            return true;
    }
    return false;
}

/* What a verdict of an earlier look is worth by this configuration, before the user's own severities. */
static enum severity severity_of(const struct expectation *expectation, enum verdict verdict)
{
    if (verdict == VERDICT_MISSING)
        return expectation->severity;
    if (verdict == VERDICT_CLOSED && is_bystanders(expectation))
        return SEVERITY_WARNING;
    return verdict_row(verdict)->severity;
}

/* The verdict stays; a configuration that has changed may mean something else by it. */
static int expectation_follow(struct host_case *host, const struct expectation *expectation, const char *key)
{
    const struct finding *earlier = host->earlier ? finding_block_find(host->earlier, key) : NULL;
    if (!earlier)
        return 0;
    if (is_plan_as_before(host))
        return damping_follow(host, earlier, NULL);
    struct finding *fresh = draft_held(host, expectation, key);
    if (!fresh)
        return -ENOMEM;
    fresh->severity = earlier->held ? earlier->severity : severity_of(expectation, earlier->verdict);
    return damping_follow(host, earlier, fresh);
}

/* Does a problem wait for another look, and is what decides, once more, the look that it waits since? */
static bool waits_on(const struct host_case *host, const struct cell *cell, const char *key)
{
    const struct finding *earlier = host->earlier ? finding_block_find(host->earlier, key) : NULL;
    bool listeners_decide = cell->evidence != EVIDENCE_UNKNOWN && cell->evidence != EVIDENCE_RIGHT;
    bool kept = cell->probe && cell->probe->kept && !listeners_decide;
    return kept && cell->severity != SEVERITY_OK && earlier && earlier->pending != VERDICT_NONE &&
           verdict_row(earlier->pending)->severity != SEVERITY_OK;
}

/* What decided, of what subject, and the text that goes with it. */
struct decision {
    const struct cell *cell;
    size_t subject;
    const char *key, *detail;
    uint64_t seen;
};

static int decision_settle(struct host_case *host, const struct decision *decision)
{
    const struct cell *cell = decision->cell;
    if (waits_on(host, cell, decision->key))
        return expectation_follow(host, &host->host->expectations[decision->subject], decision->key);
    const uint64_t evidence = digest_of_cell(host, cell);
    const struct finding *same = repeatable(host, decision->key);
    if (same && same->evidence == evidence)
        return damping_repeat(host, same, subject_seen_ms(host, decision->subject), decision->seen);
    struct finding *finding = draft_expectation(host, cell, decision->key, decision->detail);
    if (!finding)
        return -ENOMEM;
    finding->evidence = evidence;
    finding->seen = decision->seen;
    finding->expectation = decision->subject;
    const struct damping *damping = cell->expectation->damping;
    return damping_settle(host, finding, damping ? *damping : host->host->host->damping);
}

/* --- what was not looked at --------------------------------------------------------------------------------------- */

static bool is_kept(const struct host_case *host, size_t id)
{
    return id < host->input->seen->probe_count && host->input->seen->probes[id].kept;
}

static bool listeners_seen(const struct host_case *host)
{
    return host->seen->listeners && host->seen->listeners->status == LISTENERS_SEEN;
}

/* A flow that was due but kept what an earlier look saw (its turn did not come) was not looked at either, unless the
 * listeners say something about it; of a host that is down it is held like the others. */
static bool expectation_is_due(const struct host_case *host, const struct expectation *expectation)
{
    const bool *not_due = host->input->not_due;
    bool probed = false, passed_over = false;
    if (host->input->unlooked)
        return false;
    for (size_t i = 0; i < expectation->flow_count; i++) {
        size_t id = expectation->flows[i].id;
        if (id == SIZE_MAX)
            continue;
        probed = true;
        if (not_due && not_due[id])
            continue;
        if (!is_kept(host, id))
            return true;
        passed_over = true;
    }
    /* without any probe its evidence are the listeners, which are read at every visit */
    return !probed || (passed_over && (host->down || host->held || listeners_seen(host)));
}

/* --- one by one --------------------------------------------------------------------------------------------------- */

static int alone_judge(struct host_case *host, size_t subject, uint64_t seen)
{
    const struct expectation *expectation = &host->host->expectations[subject];
    if (is_to_be_held(host, expectation))
        return expectation_hold(host, expectation, expectation->key);
    struct cell cell = presence_judge(host, expectation);
    const struct decision decision = {.cell = &cell, .subject = subject, .key = expectation->key, .seen = seen};
    return decision_settle(host, &decision);
}

/* --- one-of ------------------------------------------------------------------------------------------------------ */

static bool is_member(const struct expectation *expectation, const char *group_key)
{
    return !expectation->unset && expectation->group_key == group_key;
}

/* "one of tcp 80, tcp 443 suffices" */
static const char *group_detail(struct host_case *host, const char *group_key)
{
    struct text text = {0};
    const char *before = "one of ";
    for (size_t i = 0; i < host->host->expectation_count; i++) {
        const struct expectation *member = &host->host->expectations[i];
        if (!is_member(member, group_key))
            continue;
        char ports[PORT_RANGE_TEXT];
        text_printf(&text, "%s%s %s", before, transport_name(member->range.transport),
                    port_range_format(&member->range, ports, sizeof(ports)));
        before = ", ";
    }
    text_add(&text, " suffices");
    return draft_text(host->scratch, &text);
}

static int group_judge(struct host_case *host, size_t first, uint64_t seen)
{
    const struct expectation *expectations = host->host->expectations;
    const char *key = expectations[first].group_key;
    struct fold fold = {0};
    bool hold = false;
    for (size_t i = first; i < host->host->expectation_count; i++) {
        if (!is_member(&expectations[i], key))
            continue;
        hold = hold || is_to_be_held(host, &expectations[i]);
        struct cell cell = presence_judge(host, &expectations[i]);
        fold_add(&fold, &cell, true);
    }
    if (hold)
        return expectation_hold(host, &expectations[first], key);
    struct cell decided = fold_best(&fold);
    if (decided.verdict == VERDICT_CONFORMING)
        decided.reason = REASON_ANY_OF_OPEN;
    struct decision decision = {.cell = &decided, .subject = first, .key = key, .seen = seen};
    decision.detail = group_detail(host, key);
    return decision.detail ? decision_settle(host, &decision) : -ENOMEM;
}

static bool is_first_member(const struct host_case *host, size_t index)
{
    const struct expectation *expectations = host->host->expectations;
    for (size_t i = 0; i < index; i++) {
        if (is_member(&expectations[i], expectations[index].group_key))
            return false;
    }
    return true;
}

/* --- subjects ----------------------------------------------------------------------------------------------------- */

/* The member of the subject at `index` or after it; the count of expectations where there is none. */
static size_t next_member(const struct host_case *host, size_t subject, size_t index)
{
    const struct expectation *expectations = host->host->expectations;
    const char *group_key = expectations[subject].group_key;
    if (index == subject)
        return subject;
    while (group_key && index < host->host->expectation_count && !is_member(&expectations[index], group_key))
        index++;
    return group_key ? index : host->host->expectation_count;
}

static const char *subject_key(const struct host_case *host, size_t subject)
{
    const struct expectation *expectation = &host->host->expectations[subject];
    return expectation->group_key ? expectation->group_key : expectation->key;
}

bool subject_is_of(const struct host_case *host, const struct finding *finding)
{
    return finding->seen != 0 && finding->expectation < host->host->expectation_count &&
           strcmp(subject_key(host, finding->expectation), finding->key) == 0;
}

bool subject_is_due(const struct host_case *host, size_t subject)
{
    const size_t end = host->host->expectation_count;
    for (size_t i = subject; i < end; i = next_member(host, subject, i + 1)) {
        if (expectation_is_due(host, &host->host->expectations[i]))
            return true;
    }
    return false;
}

uint64_t subject_digest(const struct host_case *host, size_t subject)
{
    const size_t end = host->host->expectation_count;
    uint64_t digest = host->surroundings;
    for (size_t i = subject; digest != 0 && i < end; i = next_member(host, subject, i + 1))
        digest = digest_add_probes(digest, host, &host->host->expectations[i]);
    return digest;
}

static int64_t later_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t table_seen_ms(const struct listener_table *table)
{
    return table && table->status == LISTENERS_SEEN ? table->taken.wall_ms : 0;
}

int64_t subject_seen_ms(const struct host_case *host, size_t subject)
{
    const size_t end = host->host->expectation_count;
    int64_t newest_ms = later_of(table_seen_ms(host->seen->listeners), table_seen_ms(host->seen->listeners_again));
    for (size_t i = subject; i < end; i = next_member(host, subject, i + 1)) {
        const struct expectation *expectation = &host->host->expectations[i];
        for (size_t f = 0; f < expectation->flow_count; f++) {
            const struct probe_result *probe = evidence_probe(host->input->seen, &expectation->flows[f]);
            newest_ms = later_of(newest_ms, probe ? probe->ended.wall_ms : 0);
        }
    }
    return newest_ms > 0 ? newest_ms : host->input->now.wall_ms;
}

int subject_judge(struct host_case *host, size_t subject)
{
    const struct expectation *expectation = &host->host->expectations[subject];
    const char *key = subject_key(host, subject);
    if (!subject_is_due(host, subject))
        return expectation_follow(host, expectation, key);
    const uint64_t seen = subject_digest(host, subject);
    const struct finding *same = seen != 0 && !host->held ? repeatable(host, key) : NULL;
    if (same && same->seen == seen)
        return damping_repeat(host, same, subject_seen_ms(host, subject), seen);
    return expectation->group_key ? group_judge(host, subject, seen) : alone_judge(host, subject, seen);
}

/* What a parameter without value keeps from being judged is told once for the whole site, by judge.c. */
int groups_judge(struct host_case *host)
{
    for (size_t i = 0; i < host->host->expectation_count; i++) {
        const struct expectation *expectation = &host->host->expectations[i];
        if (expectation->unset || (expectation->group_key && !is_first_member(host, i)))
            continue;
        host->subjects++;
        int r = subject_judge(host, i);
        if (r < 0)
            return r;
    }
    return 0;
}
