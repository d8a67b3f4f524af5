/* Statements about what was found, and what was found in their words. */
#include "scenario.h"

#include "portconform/number.h"
#include "portconform/text.h"
#include "portconform/vector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- findings in the words of a scenario ------------------------------------------------------------------------- */

static const char *transport_word(const struct finding *finding)
{
    return finding->transport == TRANSPORT_UNSTATED ? "-" : transport_name(finding->transport);
}

static void finding_place(struct text *out, const struct finding *finding)
{
    text_printf(out, "%s %s %s", finding->host ? finding->host : "-", transport_word(finding),
                finding->ports ? finding->ports : "-");
}

static void finding_print(struct text *out, const struct finding *finding)
{
    text_add(out, "finding ");
    finding_place(out, finding);
    text_printf(out, " %s %s %s %s", verdict_row(finding->verdict)->name, severity_name(finding->severity),
                blame_name(finding->blame), reason_row(finding->reason)->name);
    if (finding->port != 0)
        text_printf(out, " port %u", (unsigned)finding->port);
    if (finding->waived)
        text_add(out, " waived");
    if (finding->held)
        text_add(out, " held");
    if (finding->dynamic)
        text_add(out, " dynamic");
    if (finding->pending != VERDICT_NONE)
        text_printf(out, " pending %s", verdict_row(finding->pending)->name);
    if (finding->rule)
        text_printf(out, " rule %s", finding->rule);
    if (finding->detail)
        text_printf(out, " detail %s", finding->detail);
    text_add(out, "\n");
}

static void transition_print(struct text *out, const struct transition *transition)
{
    text_printf(out, "transition %s ", transition_name(transition->kind));
    finding_place(out, transition->finding);
    text_printf(out, " %s was %s\n", verdict_row(transition->finding->verdict)->name,
                verdict_row(transition->was)->name);
}

/* Once a judgement. */
static void tell_what_was_found(struct scenario *scenario)
{
    if (scenario->told)
        return;
    scenario->told = true;
    struct text out = {0};
    const struct snapshot *snapshot = scenario->last.snapshot;
    for (size_t b = 0; b < snapshot->block_count; b++) {
        for (size_t i = 0; i < snapshot->blocks[b]->count; i++)
            finding_print(&out, &snapshot->blocks[b]->items[i]);
    }
    for (size_t i = 0; i < scenario->last.transition_count; i++)
        transition_print(&out, &scenario->last.transitions[i]);
    fprintf(stderr, "found:\n%s\n", text_string(&out));
    text_done(&out);
}

/* --- the words of a finding -------------------------------------------------------------------------------------- */

static bool place_matches(const struct finding *finding, const struct words *words, size_t at)
{
    return strcmp(word_at(words, at), finding->host ? finding->host : "-") == 0 &&
           strcmp(word_at(words, at + 1), transport_word(finding)) == 0 &&
           strcmp(word_at(words, at + 2), finding->ports ? finding->ports : "-") == 0;
}

static bool time_matches(int64_t wall_ms, const char *wanted)
{
    char text[CLOCK_TEXT];
    return strcmp(clock_format_time(wall_ms, text, sizeof(text)), wanted) == 0;
}

static bool address_matches(const struct finding *finding, const char *wanted)
{
    char text[ADDRESS_TEXT];
    return strcmp(address_format(&finding->address, text, sizeof(text)), wanted) == 0;
}

static bool text_matches(const char *text, const char *wanted)
{
    return text && strcmp(text, wanted) == 0;
}

static bool number_matches(unsigned number, const char *wanted)
{
    int64_t value;
    return number_parse(wanted, 0, UINT32_MAX, &value) == 0 && value == (int64_t)number;
}

/* Words that are followed by a value. */
static bool pair_matches(const struct finding *finding, const char *word, const char *value, bool *ret_known)
{
    *ret_known = true;
    if (strcmp(word, "port") == 0)
        return number_matches(finding->port, value);
    if (strcmp(word, "looks") == 0)
        return number_matches(finding->looks, value);
    if (strcmp(word, "at") == 0)
        return address_matches(finding, value);
    if (strcmp(word, "path") == 0)
        return strcmp(path_proof_name(finding->path), value) == 0;
    if (strcmp(word, "since") == 0)
        return time_matches(finding->since_ms, value);
    if (strcmp(word, "pending") == 0)
        return strcmp(verdict_row(finding->pending)->name, value) == 0;
    if (strcmp(word, "was") == 0)
        return strcmp(verdict_row(finding->was)->name, value) == 0;
    if (strcmp(word, "rule") == 0)
        return text_matches(finding->rule, value);
    *ret_known = false;
    return false;
}

static bool single_matches(const struct finding *finding, const char *word)
{
    if (strcmp(word, "waived") == 0)
        return finding->waived;
    if (strcmp(word, "held") == 0)
        return finding->held;
    if (strcmp(word, "dynamic") == 0)
        return finding->dynamic;
    return strcmp(word, blame_name(finding->blame)) == 0 || strcmp(word, reason_row(finding->reason)->name) == 0;
}

static bool words_have(const struct words *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++) {
        if (word_is(words, i, word))
            return true;
    }
    return false;
}

static bool finding_matches_words(const struct finding *finding, const struct words *words)
{
    if (!place_matches(finding, words, 1) || !word_is(words, 4, verdict_row(finding->verdict)->name) ||
        !word_is(words, 5, severity_name(finding->severity)))
        return false;
    if (finding->held && !words_have(words, "held"))
        return false; /* it has to be named as such */
    for (size_t i = 6; i < words->count; i++) {
        if (word_is(words, i, "detail"))
            return i + 1 < words->count && text_matches(finding->detail, words->rest[i + 1]);
        bool pair;
        bool matches = pair_matches(finding, words->items[i], word_at(words, i + 1), &pair);
        if (!pair)
            matches = single_matches(finding, words->items[i]);
        if (!matches)
            return false;
        i += pair;
    }
    return true;
}

/* --- statements -------------------------------------------------------------------------------------------------- */

static void expect_finding(struct scenario *scenario, const struct words *words)
{
    const struct snapshot *snapshot = scenario->last.snapshot;
    size_t number = 0;
    for (size_t b = 0; b < snapshot->block_count; b++) {
        for (size_t i = 0; i < snapshot->blocks[b]->count; i++, number++) {
            if (!finding_matches_words(&snapshot->blocks[b]->items[i], words))
                continue;
            scenario->finding_named[number] = true;
            return;
        }
    }
    scenario_fail(scenario, "no such finding: %s", words->rest[0]);
}

static void expect_no_finding(struct scenario *scenario, const struct words *words)
{
    const struct snapshot *snapshot = scenario->last.snapshot;
    for (size_t b = 0; b < snapshot->block_count; b++) {
        for (size_t i = 0; i < snapshot->blocks[b]->count; i++) {
            if (place_matches(&snapshot->blocks[b]->items[i], words, 2))
                scenario_fail(scenario, "there is such a finding: %s", words->rest[0]);
        }
    }
}

static bool transition_matches(const struct transition *transition, const struct words *words)
{
    return word_is(words, 1, transition_name(transition->kind)) && place_matches(transition->finding, words, 2) &&
           word_is(words, 5, verdict_row(transition->finding->verdict)->name) &&
           (words->count < 8 || word_is(words, 7, verdict_row(transition->was)->name));
}

static void expect_transition(struct scenario *scenario, const struct words *words)
{
    for (size_t i = 0; i < scenario->last.transition_count; i++) {
        if (scenario->transition_named[i] || !transition_matches(&scenario->last.transitions[i], words))
            continue;
        scenario->transition_named[i] = true;
        return;
    }
    scenario_fail(scenario, "no such transition: %s", words->rest[0]);
}

static void expect_second_looks(struct scenario *scenario, const struct words *words)
{
    const struct plan *plan = scenario->plan;
    size_t count = 0, named = word_is(words, 2, "none") ? 0 : words->count - 2;
    for (size_t i = 0; i < plan->host_count; i++) {
        if (!judge_second_look(plan, &scenario->observations, i))
            continue;
        count++;
        if (!words_have(words, plan->hosts[i].host->name))
            scenario_fail(scenario, "a second look at %s is wanted", plan->hosts[i].host->name);
    }
    if (count != named)
        scenario_fail(scenario, "%zu second looks are wanted, not %zu", count, named);
}

static void expect_exit(struct scenario *scenario, const struct words *words)
{
    const struct tell_options options = {0};
    int status = severity_exit_status(tell_severity(scenario->last.snapshot, &options));
    if (!number_matches((unsigned)status, word_at(words, 1)))
        scenario_fail(scenario, "the exit status is %d", status);
}

void scenario_differs(struct scenario *scenario, size_t first, const char *text)
{
    struct correction *correction = scenario->accept ? VECTOR_PUSH(&scenario->corrections) : NULL;
    if (correction) {
        *correction = (struct correction){.first = first, .end = scenario->at, .text = strdup(text)};
        fprintf(stderr, "%s:%zu: accepted:\n%s\n", scenario->path, first + 1, text);
        return;
    }
    scenario_fail(scenario, "the output above differs; it is:\n%s---", text);
}

static void expect_output(struct scenario *scenario, const struct words *words)
{
    static const struct teller *const tellers[] = {&teller_plugin, &teller_text, &teller_tsv};
    const struct teller *teller = NULL;
    for (size_t i = 0; i < sizeof(tellers) / sizeof(*tellers); i++) {
        if (word_is(words, 1, tellers[i]->name))
            teller = tellers[i];
    }
    struct tell_options options = {0};
    for (size_t i = 2; i < words->count; i++) {
        if (word_is(words, i, "all"))
            options.all = true;
        else if (word_is(words, i, "verbose"))
            options.verbose = (unsigned)atoi(word_at(words, ++i));
        else if (word_is(words, i, "host"))
            options.filter.host = word_at(words, ++i);
    }
    struct text out = {0};
    const size_t first = scenario->at + 1;
    char *wanted = scenario_block(scenario);
    if (!teller)
        scenario_fail(scenario, "output plugin | text | tsv");
    else if (wanted && (teller->tell(&out, scenario->plan, scenario->last.snapshot, &options) < 0 ||
                        strcmp(wanted, text_string(&out)) != 0))
        scenario_differs(scenario, first, text_string(&out));
    text_done(&out);
    free(wanted);
}

static bool is_problem(const struct finding *finding)
{
    return finding->severity != SEVERITY_OK && !finding->waived && !finding->held;
}

void expect_nothing_unnamed(struct scenario *scenario)
{
    const struct snapshot *snapshot = scenario->last.snapshot;
    if (!snapshot)
        return;
    unsigned before = scenario->failures;
    struct text unnamed = {0};
    size_t number = 0;
    for (size_t b = 0; b < snapshot->block_count; b++) {
        for (size_t i = 0; i < snapshot->blocks[b]->count; i++, number++) {
            if (is_problem(&snapshot->blocks[b]->items[i]) && !scenario->finding_named[number])
                finding_print(&unnamed, &snapshot->blocks[b]->items[i]);
        }
    }
    for (size_t i = 0; i < scenario->last.transition_count; i++) {
        if (!scenario->transition_named[i])
            transition_print(&unnamed, &scenario->last.transitions[i]);
    }
    if (unnamed.length > 0)
        scenario_fail(scenario, "before this line nobody named:\n%s", text_string(&unnamed));
    text_done(&unnamed);
    if (scenario->failures > before)
        tell_what_was_found(scenario);
}

static const struct {
    const char *word;
    void (*play)(struct scenario *scenario, const struct words *words);
} expectations[] = {
    {"finding", expect_finding},     {"no", expect_no_finding}, {"transition", expect_transition},
    {"second", expect_second_looks}, {"output", expect_output}, {"exit", expect_exit},
};

bool expect_play(struct scenario *scenario, const struct words *words)
{
    for (size_t i = 0; i < sizeof(expectations) / sizeof(*expectations); i++) {
        if (!word_is(words, 0, expectations[i].word))
            continue;
        if (!scenario->last.snapshot) {
            scenario_fail(scenario, "nothing was judged yet");
            return true;
        }
        unsigned before = scenario->failures;
        expectations[i].play(scenario, words);
        if (scenario->failures > before && expectations[i].play != expect_output)
            tell_what_was_found(scenario);
        return true;
    }
    return false;
}
