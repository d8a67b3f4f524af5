/* Findings, blocks, snapshots: who owns what, what is counted, what a filter lets through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "portconform/arena.h"
#include "portconform/snapshot.h"

static struct finding_block *block_of(const char *host)
{
    struct finding_block *block = finding_block_new(host);
    assert_non_null(block);
    return block;
}

static struct finding *add(struct finding_block *block, const char *key)
{
    struct finding *finding = finding_block_add(block);
    assert_non_null(finding);
    finding->key = arena_strdup(block->arena, key);
    assert_non_null(finding->key);
    return finding;
}

static void a_block_grows_and_is_found_by_key(void **state)
{
    (void)state;
    struct finding_block *block = block_of("mgr01");
    for (int i = 999; i >= 0; i--) {
        char key[32];
        snprintf(key, sizeof key, "mgr01|manager|r|tcp-%04d", i);
        add(block, key)->port = (uint16_t)i;
    }
    finding_block_sort(block);
    assert_int_equal(block->count, 1000);
    assert_int_equal(finding_block_find(block, "mgr01|manager|r|tcp-0731")->port, 731);
    assert_int_equal(finding_block_find(block, "mgr01|manager|r|tcp-0000")->port, 0);
    assert_null(finding_block_find(block, "mgr01|manager|r|tcp-1000"));
    assert_null(finding_block_find(block, ""));
    finding_block_unref(block);
}

static void a_new_finding_is_blank(void **state)
{
    (void)state;
    struct finding_block *block = block_of(NULL);
    assert_null(block->host);
    assert_null(finding_block_find(block, "any"));
    finding_block_sort(block);
    const struct finding *finding = finding_block_add(block);
    assert_non_null(finding);
    assert_int_equal(finding->verdict, VERDICT_NONE);
    assert_null(finding->ports);
    assert_int_equal(finding->since_ms, 0);
    finding_block_unref(block);
    finding_block_unref(NULL);
}

static void a_copy_owns_its_strings(void **state)
{
    (void)state;
    char key[] = "k", host[] = "mgr01", file[] = "site.conf", component[] = "manager", ticket[] = "CHG1";
    struct finding from = {.key = key,
                           .host = host,
                           .component = component,
                           .origin = {.file = file, .line = 4},
                           .waived_ticket = ticket,
                           .port = 80,
                           .verdict = VERDICT_MISSING};
    struct arena *arena = arena_new();
    assert_non_null(arena);
    struct finding to = {0};
    assert_int_equal(finding_copy(&to, &from, arena), 0);
    key[0] = host[0] = file[0] = component[0] = ticket[0] = 'X';
    assert_string_equal(to.key, "k");
    assert_string_equal(to.host, "mgr01");
    assert_string_equal(to.origin.file, "site.conf");
    assert_string_equal(to.component, "manager");
    assert_string_equal(to.waived_ticket, "CHG1");
    assert_null(to.detail);
    assert_int_equal(to.port, 80);
    assert_int_equal(to.origin.line, 4);
    arena_free(arena);
}

static void blocks_live_as_long_as_one_snapshot_needs_them(void **state)
{
    (void)state;
    struct finding_block *site = block_of(NULL), *host = block_of("mgr01");
    add(host, "k")->verdict = VERDICT_MISSING;
    char name[] = "osaka-dc";
    struct snapshot head = {.site = name, .vantage = "mon1", .acts_as = "", .host_count = 1};

    struct finding_block *first[] = {finding_block_ref(site), finding_block_ref(host)};
    struct snapshot *old = snapshot_new(&head, first, 2);
    assert_non_null(old);
    struct finding_block *second[] = {site, host};
    struct snapshot *new = snapshot_new(&head, second, 2);
    assert_non_null(new);
    name[0] = 'X';
    first[0] = first[1] = NULL;
    assert_string_equal(new->site, "osaka-dc");
    assert_null(new->config_hash);

    assert_ptr_equal(snapshot_ref(new), new);
    snapshot_unref(new);
    snapshot_unref(old);
    assert_int_equal(new->blocks[1]->items[0].verdict, VERDICT_MISSING);
    assert_int_equal(snapshot_tally(new, NULL).verdicts[VERDICT_MISSING], 1);
    snapshot_unref(new);
    snapshot_unref(NULL);
}

/* --- the tally --- */

static struct tally tally_one(struct finding finding)
{
    struct tally tally = {0};
    tally_add(&tally, &finding);
    return tally;
}

static void an_expectation_counts_under_its_verdict(void **state)
{
    (void)state;
    struct tally tally =
        tally_one((struct finding){.ports = "80", .verdict = VERDICT_MISSING, .severity = SEVERITY_CRITICAL});
    assert_int_equal(tally.expectations, 1);
    assert_int_equal(tally.verdicts[VERDICT_MISSING], 1);
    assert_int_equal(tally.nonconforming, 1);
    assert_int_equal(tally.worst, SEVERITY_CRITICAL);

    tally = tally_one((struct finding){.ports = "80", .verdict = VERDICT_CONFORMING});
    assert_int_equal(tally.expectations, 1);
    assert_int_equal(tally.verdicts[VERDICT_CONFORMING], 1);
    assert_int_equal(tally.nonconforming + tally.unknown, 0);
    assert_int_equal(tally.worst, SEVERITY_OK);
}

static void an_unexpected_listener_is_nonconforming_and_no_expectation(void **state)
{
    (void)state;
    struct tally tally =
        tally_one((struct finding){.ports = "5900", .verdict = VERDICT_UNEXPECTED, .severity = SEVERITY_WARNING});
    assert_int_equal(tally.expectations, 0);
    assert_int_equal(tally.unexpected, 1);
    assert_int_equal(tally.nonconforming, 1);
}

static void what_is_waived_counts_as_waived_alone(void **state)
{
    (void)state;
    struct tally tally = tally_one(
        (struct finding){.ports = "5900", .verdict = VERDICT_UNEXPECTED, .severity = SEVERITY_WARNING, .waived = true});
    assert_int_equal(tally.waived, 1);
    assert_int_equal(tally.unexpected + tally.nonconforming + tally.verdicts[VERDICT_UNEXPECTED], 0);
    assert_int_equal(tally.worst, SEVERITY_OK);
    /* a waived expectation stays one of "37 expectations" */
    tally = tally_one(
        (struct finding){.ports = "80", .verdict = VERDICT_MISSING, .severity = SEVERITY_CRITICAL, .waived = true});
    assert_int_equal(tally.expectations, 1);
    assert_int_equal(tally.verdicts[VERDICT_MISSING], 0);
}

static void what_is_held_counts_as_held_alone(void **state)
{
    (void)state;
    struct tally tally = tally_one(
        (struct finding){.ports = "80", .verdict = VERDICT_FILTERED, .severity = SEVERITY_CRITICAL, .held = true});
    assert_int_equal(tally.held, 1);
    assert_int_equal(tally.expectations, 1);
    assert_int_equal(tally.nonconforming + tally.verdicts[VERDICT_FILTERED], 0);
    assert_int_equal(tally.worst, SEVERITY_OK);
}

static void a_dynamic_listener_is_counted_apart(void **state)
{
    (void)state;
    struct tally tally = tally_one((struct finding){.ports = "40001", .verdict = VERDICT_CONFORMING, .dynamic = true});
    assert_int_equal(tally.dynamic, 1);
    assert_int_equal(tally.expectations + tally.verdicts[VERDICT_CONFORMING], 0);
}

static void unknown_is_counted_and_outranked_by_a_warning(void **state)
{
    (void)state;
    struct tally tally = {0};
    struct finding unknown = {.verdict = VERDICT_NOT_JUDGED, .severity = SEVERITY_UNKNOWN};
    struct finding warning = {.verdict = VERDICT_WAIVER_EXPIRED, .severity = SEVERITY_WARNING, .ports = "80"};
    tally_add(&tally, &unknown);
    assert_int_equal(tally.worst, SEVERITY_UNKNOWN);
    assert_int_equal(tally.nonconforming, 0);
    tally_add(&tally, &warning);
    tally_add(&tally, &unknown);
    assert_int_equal(tally.unknown, 2);
    assert_int_equal(tally.expectations, 0); /* neither is about an expectation item */
    assert_int_equal(tally.nonconforming, 1);
    assert_int_equal(tally.worst, SEVERITY_WARNING);
}

/* --- the filter --- */

#define LIST(...)                                                                                                      \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }

static const struct finding sample = {.key = "mgr01|manager|jp1-itdm/manager-single/1|tcp-31080",
                                      .host = "mgr01",
                                      .guide = "jp1-itdm",
                                      .component = "manager",
                                      .rule = "jp1-itdm/manager-single/1",
                                      .verdict = VERDICT_FILTERED,
                                      .blame = BLAME_NETWORK,
                                      .class = CLASS_AVAILABILITY,
                                      .ports = "31080"};

static bool lets_through(struct finding finding, struct finding_filter filter)
{
    return finding_matches(&finding, &filter);
}

static void each_filter_tells_one_thing(void **state)
{
    (void)state;
    assert_true(finding_matches(&sample, NULL));
    assert_true(lets_through(sample, (struct finding_filter){0}));
    assert_true(lets_through(sample, (struct finding_filter){.host = "mgr01"}));
    assert_false(lets_through(sample, (struct finding_filter){.host = "mgr0"}));
    assert_true(lets_through(sample, (struct finding_filter){.guides = LIST("ism", "jp1-itdm")}));
    assert_false(lets_through(sample, (struct finding_filter){.guides = LIST("ism")}));
    assert_true(lets_through(sample, (struct finding_filter){.components = LIST("manager")}));
    assert_false(lets_through(sample, (struct finding_filter){.components = LIST("agent")}));
    assert_true(lets_through(sample, (struct finding_filter){.verdicts = LIST("missing", "filtered")}));
    assert_false(lets_through(sample, (struct finding_filter){.verdicts = LIST("missing")}));
    assert_true(lets_through(sample, (struct finding_filter){.blames = LIST("network")}));
    assert_false(lets_through(sample, (struct finding_filter){.blames = LIST("server")}));
    assert_true(lets_through(sample, (struct finding_filter){.classes = LIST("availability")}));
    assert_false(lets_through(sample, (struct finding_filter){.classes = LIST("security")}));
}

static void all_filters_hold_together(void **state)
{
    (void)state;
    assert_true(
        lets_through(sample, (struct finding_filter){.guides = LIST("jp1-itdm"), .verdicts = LIST("filtered")}));
    assert_false(
        lets_through(sample, (struct finding_filter){.guides = LIST("jp1-itdm"), .verdicts = LIST("missing")}));
}

static void rules_are_named_by_pattern_or_literally(void **state)
{
    (void)state;
    assert_true(lets_through(sample, (struct finding_filter){.rules = LIST("jp1-itdm/manager-single/*")}));
    assert_true(lets_through(sample, (struct finding_filter){.rules = LIST("*")}));
    assert_false(lets_through(sample, (struct finding_filter){.rules = LIST("jp1-itdm/agent/*")}));
    struct finding odd = sample;
    odd.rule = "site/tcp-80[a]";
    assert_true(lets_through(odd, (struct finding_filter){.rules = LIST("site/tcp-80[a]")}));
}

static void a_host_that_is_down_passes_a_filter_for_one_rule(void **state)
{
    (void)state;
    struct finding down = {.host = "mgr01", .verdict = VERDICT_UNREACHABLE, .blame = BLAME_BOTH};
    assert_true(lets_through(down, (struct finding_filter){.guides = LIST("jp1-itdm")}));
    assert_true(lets_through(down, (struct finding_filter){.components = LIST("manager"), .rules = LIST("x/*")}));
    assert_false(lets_through(down, (struct finding_filter){.verdicts = LIST("missing")}));
    struct finding unset = {.guide = "jp1-itdm", .verdict = VERDICT_NOT_JUDGED};
    assert_true(lets_through(unset, (struct finding_filter){.rules = LIST("jp1-itdm/agent/2")}));
    assert_false(lets_through(unset, (struct finding_filter){.guides = LIST("ism")}));
    assert_false(lets_through(unset, (struct finding_filter){.host = "mgr01"}));
    struct finding unexpected = {.host = "mgr01", .verdict = VERDICT_UNEXPECTED, .ports = "5900"};
    assert_false(lets_through(unexpected, (struct finding_filter){.guides = LIST("jp1-itdm")}));
    assert_false(lets_through(unexpected, (struct finding_filter){.rules = LIST("*")}));
}

static void a_tally_respects_the_filter(void **state)
{
    (void)state;
    struct finding_block *block = block_of("mgr01");
    *add(block, "a") = sample;
    struct finding *other = add(block, "b");
    other->guide = "ism";
    other->ports = "80";
    other->verdict = VERDICT_CONFORMING;
    struct snapshot head = {.site = "s"};
    struct snapshot *snapshot = snapshot_new(&head, &block, 1);
    assert_non_null(snapshot);
    struct finding_filter filter = {.guides = LIST("ism")};
    assert_int_equal(snapshot_tally(snapshot, NULL).expectations, 2);
    assert_int_equal(snapshot_tally(snapshot, &filter).expectations, 1);
    assert_int_equal(snapshot_tally(snapshot, &filter).verdicts[VERDICT_CONFORMING], 1);
    snapshot_unref(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_grows_and_is_found_by_key),
        cmocka_unit_test(a_new_finding_is_blank),
        cmocka_unit_test(a_copy_owns_its_strings),
        cmocka_unit_test(blocks_live_as_long_as_one_snapshot_needs_them),
        cmocka_unit_test(an_expectation_counts_under_its_verdict),
        cmocka_unit_test(an_unexpected_listener_is_nonconforming_and_no_expectation),
        cmocka_unit_test(what_is_waived_counts_as_waived_alone),
        cmocka_unit_test(what_is_held_counts_as_held_alone),
        cmocka_unit_test(a_dynamic_listener_is_counted_apart),
        cmocka_unit_test(unknown_is_counted_and_outranked_by_a_warning),
        cmocka_unit_test(each_filter_tells_one_thing),
        cmocka_unit_test(all_filters_hold_together),
        cmocka_unit_test(rules_are_named_by_pattern_or_literally),
        cmocka_unit_test(a_host_that_is_down_passes_a_filter_for_one_rule),
        cmocka_unit_test(a_tally_respects_the_filter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
