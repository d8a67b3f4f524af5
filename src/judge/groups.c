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

static int expectation_settle(struct host_case *host, const struct expectation *expectation, const struct cell *cell,
                              const char *key, const char *detail)
{
    struct finding *finding = draft_expectation(host, cell, key, detail);
    if (!finding)
        return -ENOMEM;
    return damping_settle(host, finding, expectation->damping ? *expectation->damping : host->host->host->damping);
}

static int alone_judge(struct host_case *host, const struct expectation *expectation)
{
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
