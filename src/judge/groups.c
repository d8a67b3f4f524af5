/* Every expectation of a host, once: alone, or folded with the other members of its one-of group. */
#include "judging.h"

#include <errno.h>

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

/* The earlier finding, if all that it says would be said again. Its texts are the plan's, so the plan must be the same.
 */
static const struct finding *repeated(const struct host_case *host, const char *key, uint64_t evidence)
{
    const uint64_t plan = host->input->plan->serial;
    if (plan == 0 || !host->earlier || host->earlier->judged.plan != plan)
        return NULL;
    const struct finding *earlier = finding_block_find(host->earlier, key);
    bool same = earlier && earlier->evidence == evidence && earlier->pending == VERDICT_NONE && !earlier->held;
    return same ? earlier : NULL;
}

static int expectation_settle(struct host_case *host, const struct expectation *expectation, const struct cell *cell,
                              const char *key, const char *detail)
{
    const uint64_t evidence = digest_of_cell(cell);
    const struct finding *same = repeated(host, key, evidence);
    if (same)
        return damping_repeat(host, same, draft_observed_ms(host, cell));
    struct finding *finding = draft_expectation(host, cell, key, detail);
    if (!finding)
        return -ENOMEM;
    finding->evidence = evidence;
    return damping_settle(host, finding, expectation->damping ? *expectation->damping : host->host->host->damping);
}

/* --- what was not looked at --------------------------------------------------------------------------------------- */

bool expectation_is_due(const struct host_case *host, const struct expectation *expectation)
{
    if (host->input->unlooked || !host->input->not_due)
        return !host->input->unlooked;
    bool probed = false;
    for (size_t i = 0; i < expectation->flow_count; i++) {
        size_t id = expectation->flows[i].id;
        if (id == SIZE_MAX)
            continue;
        if (!host->input->not_due[id])
            return true;
        probed = true;
    }
    return !probed; /* its evidence are the listeners, which are read at every visit */
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
    struct finding *fresh = draft_held(host, expectation, key);
    if (!fresh)
        return -ENOMEM;
    fresh->severity = earlier->held ? earlier->severity : severity_of(expectation, earlier->verdict);
    return damping_follow(host, earlier, fresh);
}

/* --- one by one --------------------------------------------------------------------------------------------------- */

static int alone_judge(struct host_case *host, const struct expectation *expectation)
{
    if (!expectation_is_due(host, expectation))
        return expectation_follow(host, expectation, expectation->key);
    if (is_to_be_held(host, expectation))
        return expectation_hold(host, expectation, expectation->key);
    struct cell cell = presence_judge(host, expectation);
    return expectation_settle(host, expectation, &cell, expectation->key, NULL);
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

static int group_judge(struct host_case *host, size_t first)
{
    const struct expectation *expectations = host->host->expectations;
    const char *key = expectations[first].group_key;
    struct fold fold = {0};
    bool hold = false, due = false;
    for (size_t i = first; i < host->host->expectation_count; i++) {
        if (!is_member(&expectations[i], key))
            continue;
        due = due || expectation_is_due(host, &expectations[i]);
        hold = hold || is_to_be_held(host, &expectations[i]);
        struct cell cell = presence_judge(host, &expectations[i]);
        fold_add(&fold, &cell, true);
    }
    if (!due)
        return expectation_follow(host, &expectations[first], key);
    if (hold)
        return expectation_hold(host, &expectations[first], key);
    struct cell decided = fold_best(&fold);
    if (decided.verdict == VERDICT_CONFORMING)
        decided.reason = REASON_ANY_OF_OPEN;
    const char *detail = group_detail(host, key);
    return detail ? expectation_settle(host, decided.expectation, &decided, key, detail) : -ENOMEM;
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

/* What a parameter without value keeps from being judged is told once for the whole site, by judge.c. */
int groups_judge(struct host_case *host)
{
    for (size_t i = 0; i < host->host->expectation_count; i++) {
        const struct expectation *expectation = &host->host->expectations[i];
        int r = 0;
        if (expectation->unset)
            continue;
        if (!expectation->group_key)
            r = alone_judge(host, expectation);
        else if (is_first_member(host, i))
            r = group_judge(host, i);
        if (r < 0)
            return r;
    }
    return 0;
}
