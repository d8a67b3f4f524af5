/* What a snapshot amounts to: filter, --unreachable, thresholds and our own trouble. */
#include "told.h"

#include "portconform/tell.h"

/* Gives the snapshot of the findings away: severity alone is wanted. */
static enum severity severity_of(struct told *told, const struct tell_options *options)
{
    struct snapshot *snapshot = told_snapshot(told);
    enum severity severity = tell_severity(snapshot, options);
    snapshot_unref(snapshot);
    return severity;
}

static struct threshold range(const char *text)
{
    struct threshold threshold;
    assert_int_equal(threshold_parse(text, &threshold), 0);
    return threshold;
}

static void the_worst_decides(void **state)
{
    (void)state;
    const struct tell_options options = {0};
    struct told told;
    told_init(&told);
    struct finding conforming = told_conforming("pc1", "31001", 31001);
    told_add(&told, &conforming);
    struct finding unset = told_unset();
    told_add(&told, &unset);
    struct finding unexpected = told_unexpected();
    told_add(&told, &unexpected);
    assert_int_equal(severity_of(&told, &options), SEVERITY_WARNING);

    told_init(&told);
    told_add(&told, &conforming);
    assert_int_equal(severity_of(&told, &options), SEVERITY_OK);

    told_init(&told);
    told_add(&told, &conforming);
    told_add(&told, &unset);
    assert_int_equal(severity_of(&told, &options), SEVERITY_UNKNOWN);

    told_init(&told);
    struct finding filtered = told_filtered();
    told_add(&told, &unset);
    told_add(&told, &filtered);
    assert_int_equal(severity_of(&told, &options), SEVERITY_CRITICAL);
}

static void waived_and_held_findings_do_not_count(void **state)
{
    (void)state;
    const struct tell_options options = {0};
    struct told told;
    told_init(&told);
    struct finding waived = told_filtered();
    waived.waived = true;
    told_add(&told, &waived);
    struct finding held = told_filtered();
    held.key = "held";
    held.held = true;
    told_add(&told, &held);
    assert_int_equal(severity_of(&told, &options), SEVERITY_OK);
}

static void thresholds_are_over_nonconforming_and_unknown_wins_over_ok(void **state)
{
    (void)state;
    static const struct {
        unsigned problems;
        bool unknown;
        const char *warning, *critical;
        enum severity expected;
    } cases[] = {
        {2, false, "2", "5", SEVERITY_OK},          {3, false, "2", "5", SEVERITY_WARNING},
        {6, false, "2", "5", SEVERITY_CRITICAL},    {2, true, "2", "5", SEVERITY_UNKNOWN},
        {3, true, "2", "5", SEVERITY_WARNING},      {6, false, "2", NULL, SEVERITY_WARNING},
        {6, false, NULL, "9", SEVERITY_OK},         {0, false, "1:", NULL, SEVERITY_WARNING},
        {0, true, NULL, "@0:0", SEVERITY_CRITICAL}, {0, true, "5", "9", SEVERITY_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tell_options options = {0};
        if (cases[i].warning != NULL)
            options.warning = range(cases[i].warning);
        if (cases[i].critical != NULL)
            options.critical = range(cases[i].critical);
        struct told told;
        told_init(&told);
        static const char *const keys[] = {"a", "b", "c", "d", "e", "f"};
        for (unsigned n = 0; n < cases[i].problems; n++) {
            struct finding filtered = told_filtered();
            filtered.key = keys[n];
            told_add(&told, &filtered);
        }
        struct finding unset = told_unset();
        if (cases[i].unknown)
            told_add(&told, &unset);
        enum severity severity = severity_of(&told, &options);
        if (severity != cases[i].expected)
            fail_msg("case %zu: %s", i, severity_name(severity));
    }
}

static void unreachable_counts_as_it_was_asked_to(void **state)
{
    (void)state;
    static const enum severity wanted[] = {SEVERITY_OK, SEVERITY_UNKNOWN, SEVERITY_WARNING, SEVERITY_CRITICAL};
    struct finding down = {.host = "mgr01", .verdict = VERDICT_UNREACHABLE, .reason = REASON_HOST_DOWN};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const struct tell_options options = {.unreachable = wanted[i], .unreachable_given = true};
        struct told told;
        told_init(&told);
        told_add(&told, &down);
        struct snapshot *snapshot = told_snapshot(&told);
        assert_int_equal(tell_severity(snapshot, &options), wanted[i]);
        assert_int_equal(tell_tally(snapshot, &options).nonconforming, wanted[i] >= SEVERITY_WARNING ? 1 : 0);
        snapshot_unref(snapshot);
    }
    struct told told;
    told_init(&told);
    told_add(&told, &down);
    assert_int_equal(severity_of(&told, &(const struct tell_options){0}), SEVERITY_CRITICAL);
}

static void an_intermittent_host_may_be_off(void **state)
{
    (void)state;
    const struct tell_options options = {.unreachable = SEVERITY_CRITICAL, .unreachable_given = true};
    const struct finding off = {.verdict = VERDICT_UNREACHABLE, .severity = SEVERITY_OK};
    assert_int_equal(tell_finding_severity(&off, &options), SEVERITY_OK);
}

static void own_trouble_is_never_ok_unless_asked_for(void **state)
{
    (void)state;
    struct finding cut = told_conforming("pc1", "31001", 31001);
    cut.verdict = VERDICT_NOT_JUDGED;
    cut.reason = REASON_DEADLINE;
    struct finding filtered = told_filtered();
    struct tell_options options = {.trouble = "stopped after 10 s"};
    struct told told;

    told_init(&told);
    assert_int_equal(severity_of(&told, &options), SEVERITY_UNKNOWN);

    options.trouble_severity_given = true;
    static const enum severity wanted[] = {SEVERITY_OK, SEVERITY_UNKNOWN, SEVERITY_WARNING, SEVERITY_CRITICAL};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        options.trouble_severity = wanted[i];
        told_init(&told);
        told_add(&told, &cut);
        assert_int_equal(severity_of(&told, &options), wanted[i]);
    }
    /* what was decided stays decided */
    options.trouble_severity = SEVERITY_OK;
    told_init(&told);
    told_add(&told, &cut);
    told_add(&told, &filtered);
    assert_int_equal(severity_of(&told, &options), SEVERITY_CRITICAL);
}

static void a_filter_that_nothing_passes_is_not_ok(void **state)
{
    (void)state;
    static const char *const mistyped[] = {"jp1-itmd", NULL};
    static const char *const right[] = {"jp1-itdm", NULL};
    static const char *const missing[] = {"missing", NULL};
    struct finding conforming = told_conforming("pc1", "31001", 31001);
    struct told told;

    told_init(&told);
    told_add(&told, &conforming);
    assert_int_equal(severity_of(&told, &(const struct tell_options){.filter.guides = mistyped}), SEVERITY_UNKNOWN);

    /* nothing missing is what one hopes for */
    told_init(&told);
    told_add(&told, &conforming);
    assert_int_equal(
        severity_of(&told, &(const struct tell_options){.filter.guides = right, .filter.verdicts = missing}),
        SEVERITY_OK);
}

static void the_filter_narrows_what_decides(void **state)
{
    (void)state;
    struct finding filtered = told_filtered();
    struct finding conforming = told_conforming("pc1", "31001", 31001);
    struct told told;
    told_init(&told);
    told_add(&told, &filtered);
    told_add(&told, &conforming);
    struct snapshot *snapshot = told_snapshot(&told);
    assert_int_equal(tell_severity(snapshot, &(const struct tell_options){.filter.host = "pc1"}), SEVERITY_OK);
    assert_int_equal(tell_severity(snapshot, &(const struct tell_options){.filter.host = "mgr01"}), SEVERITY_CRITICAL);
    snapshot_unref(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worst_decides),
        cmocka_unit_test(waived_and_held_findings_do_not_count),
        cmocka_unit_test(thresholds_are_over_nonconforming_and_unknown_wins_over_ok),
        cmocka_unit_test(unreachable_counts_as_it_was_asked_to),
        cmocka_unit_test(an_intermittent_host_may_be_off),
        cmocka_unit_test(own_trouble_is_never_ok_unless_asked_for),
        cmocka_unit_test(a_filter_that_nothing_passes_is_not_ok),
        cmocka_unit_test(the_filter_narrows_what_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
