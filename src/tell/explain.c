/* `explain`: why a port is expected, what was seen, what the verdict rests on, who should do what. */
#include "explain.h"

#include "listing.h"
#include "portconform/vector.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SECTION_COLUMN = 12, ITEM_COLUMN = 22, ADDRESSES_MAX = 3 };

void explain_section(struct explanation *explanation, const char *label)
{
    struct layout *layout = &explanation->layout;
    layout->indent = SECTION_COLUMN;
    if (label != NULL)
        layout_cell(layout, label, SECTION_COLUMN - 2);
}

void explain_item(struct explanation *explanation, const char *label)
{
    struct layout *layout = &explanation->layout;
    layout_hang(layout, SECTION_COLUMN);
    if (label != NULL)
        layout_cell(layout, label, ITEM_COLUMN - SECTION_COLUMN - 2);
    layout_hang(layout, ITEM_COLUMN);
}

void explain_flow(struct explanation *explanation, struct text *words)
{
    struct layout *layout = &explanation->layout;
    layout_hang(layout, layout->indent);
    layout_flow(layout, text_string(words));
    layout_end_line(layout);
    layout->out->failed |= words->failed;
    text_done(words);
    *words = (struct text){0};
}

static bool explain_knows(const struct expectation *expectation, enum transport transport, uint16_t port)
{
    return expectation->unset == NULL && expectation->range.transport == transport &&
           port_range_contains(&expectation->range, port);
}

static int explain_narrower(const void *left, const void *right)
{
    const struct expectation *a = *(const struct expectation *const *)left;
    const struct expectation *b = *(const struct expectation *const *)right;
    unsigned wa = expectation_width(a);
    unsigned wb = expectation_width(b);
    if (wa != wb)
        return wa < wb ? -1 : 1;
    return strcmp(a->key, b->key);
}

static int explain_find_matches(struct explanation *explanation)
{
    struct explain_matches *matches = &explanation->matches;
    for (size_t i = 0; i < explanation->host->expectation_count; i++) {
        const struct expectation *expectation = &explanation->host->expectations[i];
        if (!explain_knows(expectation, explanation->transport, explanation->port))
            continue;
        const struct expectation **slot = VECTOR_PUSH(matches);
        if (slot == NULL)
            return -ENOMEM;
        *slot = expectation;
    }
    if (matches->count > 1)
        qsort(matches->items, matches->count, sizeof *matches->items, explain_narrower);
    /* the plan's own choice comes first, so that everybody names the same rule */
    explanation->expectation = plan_host_find(explanation->host, explanation->transport, explanation->port);
    if (explanation->expectation == NULL && matches->count > 0)
        explanation->expectation = matches->items[0];
    return 0;
}

/* The first rule that is about the port, were its parameter set; and the finding that tells of the parameter. */
static void explain_find_unset(struct explanation *explanation)
{
    for (size_t i = 0; i < explanation->host->expectation_count && explanation->unset == NULL; i++) {
        const struct expectation *expectation = &explanation->host->expectations[i];
        if (explain_unset_knows(explanation, expectation) == UNSET_THIS_PORT)
            explanation->unset = expectation;
    }
}

static const struct finding_block *explain_block(const struct explanation *explanation)
{
    for (size_t i = 0; i < explanation->snapshot->block_count; i++) {
        const struct finding_block *block = explanation->snapshot->blocks[i];
        if (block->host != NULL && strcmp(block->host, explanation->host->host->name) == 0)
            return block;
    }
    return NULL;
}

static const struct finding *explain_finding_of(const struct explanation *explanation,
                                                const struct expectation *expectation)
{
    const struct finding_block *block = explain_block(explanation);
    if (block == NULL)
        return NULL;
    const struct finding *finding = finding_block_find(block, expectation->key);
    if (finding == NULL && expectation->group_key != NULL)
        finding = finding_block_find(block, expectation->group_key);
    return finding;
}

/* A listener there that no rule explains; else the host's being down. */
static const struct finding *explain_finding_of_listener(const struct explanation *explanation)
{
    const struct finding_block *block = explain_block(explanation);
    const struct finding *down = NULL;
    for (size_t i = 0; block != NULL && i < block->count; i++) {
        const struct finding *finding = &block->items[i];
        if (finding->transport == explanation->transport && finding->port == explanation->port &&
            (finding->verdict == VERDICT_UNEXPECTED || finding->dynamic))
            return finding;
        if (finding->verdict == VERDICT_UNREACHABLE)
            down = finding;
    }
    return down;
}

/* tcp 31000 on mgr01 (10.0.1.10): filtered, CRITICAL since 13:47:02 (3 looks) */
static void explain_headline(struct explanation *explanation, const struct tell_options *options)
{
    const struct finding *finding = explanation->finding;
    struct text words = {0};
    text_printf(&words, "%s %u on %s", transport_name(explanation->transport), explanation->port,
                explanation->host->host->name);
    char address[ADDRESS_TEXT];
    for (size_t i = 0; i < explanation->host->address_count && i < ADDRESSES_MAX; i++)
        text_printf(&words, "%s%s", i == 0 ? " (" : ", ",
                    address_format(&explanation->host->addresses[i].address, address, sizeof address));
    if (explanation->host->address_count > 0)
        text_add(&words, explanation->host->address_count > ADDRESSES_MAX ? ", ...)" : ")");
    if (finding == NULL && explanation->unset != NULL) {
        text_printf(&words, ": not judged, because %s has no value", explanation->unset->unset);
    } else if (finding == NULL) {
        text_add(&words, explanation->expectation != NULL ? ": not yet judged" : ": no rule knows it");
    } else if (finding->held) {
        text_add(&words, ": held while the host is down");
    } else {
        text_add(&words, ": ");
        phrase_verdict(&words, finding->verdict);
        text_printf(&words, ", %s", severity_name(tell_finding_severity(finding, options)));
        if (finding->since_ms != 0) {
            char clock[CLOCK_TEXT];
            text_printf(&words, " since %s", clock_format_time(finding->since_ms, clock, sizeof clock));
        }
        if (finding->looks > 0) {
            text_add(&words, " (");
            text_add_count(&words, finding->looks, "look");
            text_add(&words, ")");
        }
    }
    explanation->layout.indent = 0;
    explain_flow(explanation, &words);
    text_add(explanation->layout.out, "\n");
}

static void explain_ignored(struct explanation *explanation)
{
    const struct host *host = explanation->host->host;
    const struct listener_table *table = explanation->seen != NULL ? explanation->seen->listeners : NULL;
    for (size_t i = 0; i < host->ignore_count; i++) {
        const struct ignore *ignore = &host->ignore[i];
        if (!ports_mean(&ignore->ports, explanation->transport, explanation->port, table))
            continue;
        struct text words = {0};
        text_printf(&words, "a listener there is ignored%s",
                    ignore->owner.count > 0 ? ", if it is the right program" : "");
        if (ignore->reason != NULL)
            text_printf(&words, ": %s", ignore->reason);
        phrase_origin(&words, ", ", &ignore->origin);
        explain_flow(explanation, &words);
    }
}

/* "jp1-itdm manager, agent": the guide is named once for the roles of it that follow each other. */
static void explain_add_role(struct text *words, const struct host *host, size_t index)
{
    const struct role *role = &host->roles[index];
    text_add(words, index == 0 ? "" : ", ");
    if (index == 0 || role->guide != host->roles[index - 1].guide)
        text_printf(words, "%s ", role->guide->id);
    text_add(words, role->name);
}

static void explain_nothing_expected(struct explanation *explanation)
{
    const struct host *host = explanation->host->host;
    struct text words = {0};
    explain_section(explanation, "expected");
    if (explanation->unset != NULL) {
        text_printf(&words, "perhaps: whether %s holds depends on %s", explanation->unset->rule->id,
                    explanation->unset->unset);
        if (explanation->unset->rule->when != NULL)
            text_printf(&words, " (when %s)", expression_text(explanation->unset->rule->when));
        explain_flow(explanation, &words);
        return;
    }
    text_printf(&words, "nothing: no rule of this host knows %s %u (", transport_name(explanation->transport),
                explanation->port);
    for (size_t i = 0; i < host->role_count; i++)
        explain_add_role(&words, host, i);
    if (host->role_count > 0 && host->expect_count > 0)
        text_add(&words, ", ");
    if (host->expect_count > 0)
        text_add_count(&words, host->expect_count, "own rule");
    else if (host->role_count == 0)
        text_add(&words, "it has neither roles nor own rules");
    text_add(&words, ")");
    explain_flow(explanation, &words);
    explain_other_settings(explanation);
    explain_ignored(explanation);
}

static enum flow_demand explain_demand(const struct explanation *explanation)
{
    const struct expectation *expectation = explanation->expectation;
    for (size_t i = 0; expectation != NULL && i < expectation->flow_count; i++) {
        if (expectation->flows[i].port == explanation->port)
            return expectation->flows[i].demand;
    }
    return FLOW_MUST_PASS;
}

static void explain_add_demand(struct text *words, const struct explanation *explanation)
{
    const char *vantage = explanation->plan->vantage != NULL ? explanation->plan->vantage_name : "this machine";
    switch (explain_demand(explanation)) {
    case FLOW_MUST_PASS:
        break;
    case FLOW_MUST_NOT_PASS:
        text_printf(words, "; from %s the flow must not pass", vantage);
        break;
    case FLOW_BYSTANDER:
        text_printf(words, "; %s is none of the callers, so silence or a firewall's refusal is no alarm", vantage);
        break;
    }
}

static void explain_therefore(struct explanation *explanation)
{
    const struct finding *finding = explanation->finding;
    struct text words = {0};
    explain_section(explanation, "therefore");
    if (finding == NULL) {
        bool watched = explanation->host->host->exclusive;
        if (explanation->expectation != NULL)
            text_add(&words, "no verdict: nothing was judged");
        else if (explanation->unset != NULL)
            text_add(&words, "not judged: without the parameter nobody knows whether the port must be there");
        else
            text_printf(&words, "no finding: nothing is demanded here%s",
                        watched ? "" : ", and the host is not exclusive, so a listener would be none either");
        explain_flow(explanation, &words);
        return;
    }
    if (finding->held && finding->reason == REASON_HOST_DOWN) {
        text_add(&words, "held: there is no sign of life from the host, and the verdict waits for its return");
        explain_flow(explanation, &words);
        return;
    }
    phrase_verdict(&words, finding->verdict);
    text_add(&words, ": ");
    phrase_statement(&words, finding);
    /* what was not judged rests on no flow */
    if (finding->reason != REASON_NOT_A_CALLER && finding->verdict != VERDICT_NOT_JUDGED)
        explain_add_demand(&words, explanation);
    if (finding->verdict != VERDICT_CONFORMING)
        text_printf(&words, ". %s", verdict_row(finding->verdict)->meaning);
    explain_flow(explanation, &words);
    if (finding->ports != NULL && finding->port != explanation->port) {
        text_printf(&words, "the verdict is that of the whole item %s", finding->ports);
        if (listing_level(finding, finding->severity) == LISTING_PROBLEM)
            text_printf(&words, "; the first port that offends is %u", finding->port);
        explain_flow(explanation, &words);
    }
    if (finding->held) {
        text_add(&words, "held: the host is down, and the verdict waits for its return");
        explain_flow(explanation, &words);
    }
    if (finding->waived) {
        phrase_waiver(&words, finding);
        text_add(&words, ": it counts for no status");
        explain_flow(explanation, &words);
    }
}

static void explain_to_do(struct explanation *explanation)
{
    struct text words = {0};
    explain_section(explanation, "to do");
    if (explanation->finding != NULL)
        tell_advice(&words, explanation->plan->site, explanation->finding);
    else if (explanation->unset != NULL)
        text_printf(&words, "whoever keeps the configuration: give %s a value", explanation->unset->unset);
    if (words.length == 0)
        text_add(&words, "nothing");
    explain_flow(explanation, &words);
}

/* The wider rules that know the port as well. */
static void explain_others(struct explanation *explanation)
{
    bool begun = false;
    for (size_t i = 0; i < explanation->matches.count; i++) {
        const struct expectation *other = explanation->matches.items[i];
        if (other == explanation->expectation)
            continue;
        const struct finding *finding = explain_finding_of(explanation, other);
        char range[PORT_RANGE_TEXT];
        struct text words = {0};
        explain_section(explanation, begun ? NULL : "also");
        begun = true;
        text_printf(&words, "%s, %s %s, %s", other->rule->id, transport_name(other->range.transport),
                    port_range_format(&other->range, range, sizeof range), presence_name(other->rule->presence));
        if (finding != NULL) {
            text_add(&words, ": ");
            phrase_verdict(&words, finding->verdict);
        }
        explain_flow(explanation, &words);
    }
}

int tell_explain(struct text *out, const struct plan *plan, const struct plan_host *host,
                 const struct observations *seen, const struct snapshot *snapshot, enum transport transport,
                 uint16_t port, const struct tell_options *options)
{
    struct explanation explanation = {
        .layout = {.out = out, .columns = options->columns, .colour = options->colour},
        .plan = plan,
        .host = host,
        .all = seen,
        .snapshot = snapshot,
        .transport = transport,
        .port = port,
    };
    size_t index = (size_t)(host - plan->hosts);
    if (seen != NULL && index < seen->host_count)
        explanation.seen = &seen->hosts[index];
    int error = explain_find_matches(&explanation);
    if (error < 0)
        goto out;
    if (explanation.expectation != NULL)
        explanation.finding = explain_finding_of(&explanation, explanation.expectation);
    else
        explanation.finding = explain_finding_of_listener(&explanation);
    if (explanation.expectation == NULL)
        explain_find_unset(&explanation);
    explain_headline(&explanation, options);
    if (explanation.expectation != NULL)
        explain_expected(&explanation);
    else
        explain_nothing_expected(&explanation);
    explain_seen(&explanation);
    explain_therefore(&explanation);
    explain_to_do(&explanation);
    explain_others(&explanation);
    if (explanation.expectation == NULL)
        explain_unset(&explanation);
    error = out->failed ? -ENOMEM : 0;
out:
    VECTOR_DONE(&explanation.matches);
    return error;
}
