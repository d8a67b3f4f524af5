/* The plugin's output, letter by letter. */
#include "told.h"

#include "comma.h"

#include "portconform/tell.h"

static void assert_plugin(struct told *told, const struct tell_options *options, const char *expected)
{
    struct snapshot *snapshot = told_snapshot(told);
    struct text out = {0};
    assert_int_equal(teller_plugin.tell(&out, NULL, snapshot, options), 0);
    assert_string_equal(text_string(&out), expected);
    text_done(&out);
    snapshot_unref(snapshot);
}

/* A host with everything that a first line counts. */
static void mixed(struct told *told)
{
    told_init(told);
    struct finding conforming = told_conforming("mgr01", "31080", 31080);
    told_add(told, &conforming);
    struct finding filtered = told_filtered();
    told_add(told, &filtered);
    struct finding missing = told_conforming("mgr01", "31006..31012", 31008);
    missing.verdict = VERDICT_MISSING;
    missing.reason = REASON_NOBODY_LISTENS;
    missing.listener = NULL;
    missing.probe = "RST";
    told_add(told, &missing);
    struct finding unproven = told_conforming("mgr01", "31021", 31021);
    unproven.transport = TRANSPORT_UDP;
    unproven.verdict = VERDICT_UNPROVEN;
    unproven.reason = REASON_SILENT_BY_NATURE;
    unproven.probe = "no answer";
    unproven.confidence = "proven in none of 12 looks; a port known to be closed answered";
    told_add(told, &unproven);
    struct finding waived = told_filtered();
    waived.ports = "31022";
    waived.port = 31022;
    waived.waived = true;
    waived.waived_until = "2026-12-31";
    waived.waived_reason = "AMT move";
    waived.waived_ticket = "CHG0041237";
    told_add(told, &waived);
    struct finding unexpected = told_unexpected();
    told_add(told, &unexpected);
}

#define MIXED_PERFDATA                                                                                                 \
    "conforming=1;;;0;5 nonconforming=3;;;0 unproven=1;;;0 unseen=0;;;0 unknown=0;;;0 unexpected=1;;;0 "               \
    "waived=1;;;0 time=0.912s;;;0\n"
#define MIXED_FIRST                                                                                                    \
    "PORTCONFORM CRITICAL - 1 missing, 1 filtered, 1 unproven of 5, 1 unexpected, 1 waived | " MIXED_PERFDATA

static void problems_are_counted_on_the_first_line(void **state)
{
    (void)state;
    struct told told;
    mixed(&told);
    assert_plugin(&told, &(const struct tell_options){.filter.host = "mgr01"}, MIXED_FIRST);
}

#define CONFIGURATION                                                                                                  \
    "configuration: site osaka-dc, vantage mon1 (acts as jp1-itdm browser, agent), 1 host, fingerprint "               \
    "5f0c8e1d2b3a4958\n"
#define FILTERED_LINE   "[CRITICAL] tcp/31000 filtered - ICMP 3/13 from 10.0.0.1 (jp1-itdm manager-multi-management/2)\n"
#define MISSING_LINE    "[CRITICAL] tcp/31008 of 31006..31012 missing - no program listens there (jp1-itdm agent/1)\n"
#define UNEXPECTED_LINE "[WARNING] tcp/5900 unexpected - x11vnc (uid 1000) on *:5900\n"
#define WAIVED_LINE                                                                                                    \
    "[OK] tcp/31022 filtered - ICMP 3/13 from 10.0.0.1 (jp1-itdm manager-multi-management/2), waived until "           \
    "2026-12-31 (AMT move, CHG0041237)\n"
#define UNPROVEN_LINE                                                                                                  \
    "[OK] udp/31021 unproven - a UDP service that never answers; proven in none of 12 looks; a port known to be "      \
    "closed answered (jp1-itdm agent/1)\n"
#define CONFORMING_LINE "[OK] tcp/31080 conforming - open, 0.3 ms (jp1-itdm agent/1)\n"

static void verbose_names_what_failed(void **state)
{
    (void)state;
    struct told told;
    mixed(&told);
    assert_plugin(&told, &(const struct tell_options){.filter.host = "mgr01", .verbose = 1},
                  MIXED_FIRST FILTERED_LINE MISSING_LINE UNEXPECTED_LINE);
}

static void verbose_twice_adds_the_configuration_and_what_is_open(void **state)
{
    (void)state;
    struct told told;
    mixed(&told);
    assert_plugin(&told, &(const struct tell_options){.filter.host = "mgr01", .verbose = 2},
                  MIXED_FIRST CONFIGURATION FILTERED_LINE MISSING_LINE UNEXPECTED_LINE WAIVED_LINE UNPROVEN_LINE);
}

static void verbose_thrice_adds_everything(void **state)
{
    (void)state;
    struct told told;
    mixed(&told);
    assert_plugin(
        &told, &(const struct tell_options){.filter.host = "mgr01", .verbose = 3},
        MIXED_FIRST CONFIGURATION FILTERED_LINE MISSING_LINE UNEXPECTED_LINE WAIVED_LINE CONFORMING_LINE UNPROVEN_LINE);
}

static void a_check_of_the_whole_site_names_the_hosts(void **state)
{
    (void)state;
    struct told told;
    told_init(&told);
    struct finding ten = told_filtered();
    ten.host = "pc10";
    told_add(&told, &ten);
    struct finding two = told_filtered();
    two.host = "pc2";
    told_add(&told, &two);
    struct finding unset = told_unset();
    told_add(&told, &unset);
    assert_plugin(&told, &(const struct tell_options){.verbose = 1},
                  "PORTCONFORM CRITICAL - 2 filtered, 1 not judged of 2 | conforming=0;;;0;2 nonconforming=2;;;0 "
                  "unproven=0;;;0 unseen=0;;;0 unknown=1;;;0 unexpected=0;;;0 waived=0;;;0 time=0.912s;;;0\n"
                  "[CRITICAL] pc2 tcp/31000 filtered - ICMP 3/13 from 10.0.0.1 (jp1-itdm manager-multi-management/2)\n"
                  "[CRITICAL] pc10 tcp/31000 filtered - ICMP 3/13 from 10.0.0.1 (jp1-itdm manager-multi-management/2)\n"
                  "[UNKNOWN] (site) not-judged - amt of jp1-itdm has no value on 1 host: 1 rule is not judged "
                  "(jp1-itdm)\n");
}

static void when_all_is_well_what_conforms_is_counted(void **state)
{
    (void)state;
    struct told told;
    told_init(&told);
    struct finding conforming = told_conforming("mgr01", "31080", 31080);
    told_add(&told, &conforming);
    assert_plugin(&told, &(const struct tell_options){.filter.host = "mgr01", .verbose = 1},
                  "PORTCONFORM OK - 1 conforming | conforming=1;;;0;1 nonconforming=0;;;0 unproven=0;;;0 unseen=0;;;0 "
                  "unknown=0;;;0 unexpected=0;;;0 waived=0;;;0 time=0.912s;;;0\n");
    told_init(&told);
    told_add(&told, &conforming);
    struct finding unproven = told_conforming("mgr01", "31021", 31021);
    unproven.verdict = VERDICT_UNPROVEN;
    told_add(&told, &unproven);
    assert_plugin(&told, &(const struct tell_options){.filter.host = "mgr01"},
                  "PORTCONFORM OK - 1 conforming, 1 unproven of 2 | conforming=1;;;0;2 nonconforming=0;;;0 "
                  "unproven=1;;;0 unseen=0;;;0 unknown=0;;;0 unexpected=0;;;0 waived=0;;;0 time=0.912s;;;0\n");
}

static void thresholds_stand_in_the_performance_data(void **state)
{
    (void)state;
    struct told told;
    told_init(&told);
    struct finding filtered = told_filtered();
    told_add(&told, &filtered);
    struct tell_options options = {.filter.host = "mgr01"};
    assert_int_equal(threshold_parse("~:1", &options.warning), 0);
    assert_int_equal(threshold_parse("@5:10", &options.critical), 0);
    assert_plugin(&told, &options,
                  "PORTCONFORM OK - 0 conforming, 1 filtered of 1 | conforming=0;;;0;1 nonconforming=1;~:1;@5:10;0 "
                  "unproven=0;;;0 unseen=0;;;0 unknown=0;;;0 unexpected=0;;;0 waived=0;;;0 time=0.912s;;;0\n");
}

static void an_unreachable_host_holds_its_findings(void **state)
{
    (void)state;
    struct told told;
    told_init(&told);
    struct finding down = {.host = "mgr01", .verdict = VERDICT_UNREACHABLE, .reason = REASON_HOST_DOWN};
    told_add(&told, &down);
    struct finding held = told_conforming("mgr01", "31080", 31080);
    held.held = true;
    told_add(&told, &held);
    assert_plugin(&told, &(const struct tell_options){.filter.host = "mgr01", .verbose = 1},
                  "PORTCONFORM CRITICAL - 1 unreachable, 1 held of 1 | conforming=0;;;0;1 nonconforming=1;;;0 "
                  "unproven=0;;;0 unseen=0;;;0 unknown=0;;;0 unexpected=0;;;0 waived=0;;;0 time=0.912s;;;0\n"
                  "[CRITICAL] mgr01 unreachable - no sign of life from the host; 1 held\n");
}

static void own_trouble_stands_on_the_first_line(void **state)
{
    (void)state;
    struct told told;
    told_init(&told);
    struct finding conforming = told_conforming("mgr01", "31080", 31080);
    told_add(&told, &conforming);
    assert_plugin(&told, &(const struct tell_options){.filter.host = "mgr01", .trouble = "stopped after 10 s"},
                  "PORTCONFORM UNKNOWN - 1 conforming; stopped after 10 s | conforming=1;;;0;1 nonconforming=0;;;0 "
                  "unproven=0;;;0 unseen=0;;;0 unknown=0;;;0 unexpected=0;;;0 waived=0;;;0 time=0.912s;;;0\n");
}

static void nothing_from_data_ends_the_text_early(void **state)
{
    (void)state;
    struct told told;
    told_init(&told);
    struct finding hostile = told_filtered();
    hostile.host = "mgr|01";
    hostile.probe = "open | time=9s\nPORTCONFORM OK\x1b[2J\x7f\xff";
    hostile.ref = "a\r\n|b";
    told_add(&told, &hostile);
    const struct tell_options options = {.verbose = 3, .trouble = "x|y\nz"};
    struct snapshot *snapshot = told_snapshot(&told);
    struct text out = {0};
    assert_int_equal(teller_plugin.tell(&out, NULL, snapshot, &options), 0);
    const char *bar = strchr(text_string(&out), '|');
    assert_non_null(bar);
    assert_null(strchr(bar + 1, '|'));
    assert_true(strncmp(bar, "| conforming=", 13) == 0);
    size_t lines = 0;
    for (const char *at = text_string(&out); *at != '\0'; at++) {
        assert_true(*at == '\n' || ((unsigned char)*at >= 0x20 && (unsigned char)*at != 0x7f));
        lines += *at == '\n';
    }
    /* the first, the configuration, the finding */
    assert_int_equal(lines, 3);
    text_done(&out);
    snapshot_unref(snapshot);
}

static void no_locale_puts_a_comma_into_the_performance_data(void **state)
{
    (void)state;
    begin_commas();
    when_all_is_well_what_conforms_is_counted(state);
    end_commas();
}

static void every_verdict_has_its_place_in_the_summary(void **state)
{
    (void)state;
    for (unsigned code = VERDICT_MISSING; code < VERDICT_COUNT; code++) {
        struct told told;
        told_init(&told);
        struct finding finding = told_conforming("mgr01", "31080", 31080);
        finding.verdict = (enum verdict)code;
        told_add(&told, &finding);
        struct snapshot *snapshot = told_snapshot(&told);
        struct text out = {0};
        assert_int_equal(teller_plugin.tell(&out, NULL, snapshot, &(const struct tell_options){0}), 0);
        char words[64] = "1 ";
        strncat(words, verdict_row((enum verdict)code)->name, sizeof words - 3);
        for (char *at = words; *at != '\0'; at++)
            *at = *at == '-' ? ' ' : *at;
        if (strstr(text_string(&out), words) == NULL)
            fail_msg("no \"%s\" in %s", words, text_string(&out));
        text_done(&out);
        snapshot_unref(snapshot);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(problems_are_counted_on_the_first_line),
        cmocka_unit_test(verbose_names_what_failed),
        cmocka_unit_test(verbose_twice_adds_the_configuration_and_what_is_open),
        cmocka_unit_test(verbose_thrice_adds_everything),
        cmocka_unit_test(a_check_of_the_whole_site_names_the_hosts),
        cmocka_unit_test(when_all_is_well_what_conforms_is_counted),
        cmocka_unit_test(thresholds_stand_in_the_performance_data),
        cmocka_unit_test(an_unreachable_host_holds_its_findings),
        cmocka_unit_test(own_trouble_stands_on_the_first_line),
        cmocka_unit_test(nothing_from_data_ends_the_text_early),
        cmocka_unit_test(no_locale_puts_a_comma_into_the_performance_data),
        cmocka_unit_test(every_verdict_has_its_place_in_the_summary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
