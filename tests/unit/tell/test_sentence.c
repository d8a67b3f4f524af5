/* Sentences that stand alone, and who should do what. */
#include "told.h"

#include "portconform/tell.h"

static const struct team teams[] = {{"network", "noc@example.jp"}, {"server", "unix-ops@example.jp"}};
static const struct site site = {.name = "osaka-dc", .teams = teams, .team_count = 2};

/* The defaults of the verdict's row, as told_add gives them. */
static struct finding completed(struct finding finding)
{
    const struct verdict_row *row = verdict_row(finding.verdict);
    if (finding.blame == BLAME_NONE)
        finding.blame = row->blame;
    return finding;
}

static void assert_sentence(struct finding finding, const char *expected)
{
    finding = completed(finding);
    struct text out = {0};
    tell_sentence(&out, &finding);
    assert_string_equal(text_string(&out), expected);
    text_done(&out);
}

static void assert_advice(struct finding finding, const char *expected)
{
    finding = completed(finding);
    struct text out = {0};
    tell_advice(&out, &site, &finding);
    assert_string_equal(text_string(&out), expected);
    text_done(&out);
}

static void a_sentence_stands_alone(void **state)
{
    (void)state;
    assert_sentence(told_filtered(),
                    "tcp 31000 on mgr01 (10.0.1.10) is filtered: ICMP 3/13 from 10.0.0.1; network team: permit tcp "
                    "31000 from agent, site-server (jp1-itdm manager-multi-management/2)");
    assert_sentence(told_conforming("pc0117", "31001", 31001),
                    "tcp 31001 on pc0117 (10.0.2.17) conforms: open, 0.3 ms (jp1-itdm agent/1)");
    struct finding weighed = told_conforming("pc0117", "31001", 31001);
    weighed.confidence = "proven in 3 of 12 looks";
    assert_sentence(weighed,
                    "tcp 31001 on pc0117 (10.0.2.17) conforms: open, 0.3 ms; proven in 3 of 12 looks (jp1-itdm "
                    "agent/1)");
    assert_sentence(told_unexpected(), "tcp 5900 on mgr01 (0.0.0.0) is unexpected: x11vnc (uid 1000) on *:5900; server "
                                       "team: stop it, or explain it by an `expect` or `ignore` entry of mgr01");
    assert_sentence(
        (struct finding){.host = "mgr01", .verdict = VERDICT_UNREACHABLE, .reason = REASON_HOST_DOWN},
        "mgr01 is unreachable: no sign of life from the host; server and network team: see whether mgr01 is "
        "up, then whether the way to it is");
    assert_sentence(told_unset(),
                    "the site is not wholly judged: amt of jp1-itdm has no value on 1 host: 1 rule is not "
                    "judged; whoever keeps the configuration: give the parameter a value in the site's, "
                    "host's or role's settings (jp1-itdm)");
}

static void what_is_over_says_what_it_was(void **state)
{
    (void)state;
    struct finding again = told_conforming("pc0117", "31001", 31001);
    again.was = VERDICT_FILTERED;
    assert_sentence(again, "tcp 31001 on pc0117 (10.0.2.17) conforms again: open, 0.3 ms; it was filtered (jp1-itdm "
                           "agent/1)");
    again.reason = REASON_NONE;
    assert_sentence(again, "tcp 31001 on pc0117 (10.0.2.17) is expected no more; it was filtered (jp1-itdm agent/1)");
    struct finding up = {.host = "mgr01", .verdict = VERDICT_CONFORMING, .was = VERDICT_UNREACHABLE};
    assert_sentence(up, "mgr01 is reachable again");
    struct finding gone = told_unexpected();
    gone.verdict = VERDICT_CONFORMING;
    gone.was = VERDICT_UNEXPECTED;
    gone.reason = REASON_NONE;
    assert_sentence(gone, "tcp 5900 on mgr01 (0.0.0.0) is unexpected no more: the listener is gone");
    struct finding set = told_unset();
    set.verdict = VERDICT_CONFORMING;
    set.was = VERDICT_NOT_JUDGED;
    set.reason = REASON_NONE;
    set.blame = BLAME_NONE;
    assert_sentence(set, "the site is wholly judged again; it was: amt of jp1-itdm has no value on 1 host: 1 rule is "
                         "not judged (jp1-itdm)");
}

static void a_waiver_is_told(void **state)
{
    (void)state;
    struct finding waived = told_conforming("pc0117", "31001", 31001);
    waived.waived = true;
    waived.waived_until = "2026-12-31";
    waived.waived_owner = "server team";
    assert_sentence(waived, "tcp 31001 on pc0117 (10.0.2.17) conforms: open, 0.3 ms; waived until 2026-12-31 (server "
                            "team) (jp1-itdm agent/1)");
}

static void what_a_peer_sent_stays_on_one_line(void **state)
{
    (void)state;
    struct finding hostile = told_filtered();
    hostile.probe = "a\nb\x1b[2J";
    struct text out = {0};
    tell_sentence(&out, &hostile);
    assert_null(strchr(text_string(&out), '\n'));
    assert_null(strchr(text_string(&out), '\x1b'));
    text_done(&out);
}

static void advice_names_the_team_and_its_contact(void **state)
{
    (void)state;
    assert_advice(told_filtered(), "network team (noc@example.jp): permit tcp 31000 from agent, site-server");
    struct finding both = told_filtered();
    both.blame = BLAME_BOTH;
    both.reason = REASON_SILENT;
    assert_advice(both, "server and network team (unix-ops@example.jp, noc@example.jp): find what drops tcp 31000: the "
                        "packet filter of mgr01 first, then the hops before it");
    struct finding local = told_filtered();
    local.verdict = VERDICT_NOT_JUDGED;
    local.blame = BLAME_LOCAL;
    local.reason = REASON_NO_SOURCE_ADDRESS;
    assert_advice(local, "monitoring team: correct the vantage's `source`");
}

static void advice_is_as_special_as_the_reason(void **state)
{
    (void)state;
    struct finding bound = told_filtered();
    bound.verdict = VERDICT_MISBOUND;
    bound.blame = BLAME_SERVER;
    bound.reason = REASON_LOOPBACK_ONLY;
    assert_advice(bound,
                  "server team (unix-ops@example.jp): bind the manager program to an address that its callers (agent, "
                  "site-server) reach, not to loopback alone");
    bound.reason = REASON_OTHER_FAMILY;
    assert_advice(bound, "server team (unix-ops@example.jp): bind the manager program to the other address family too");
    bound.component = NULL;
    bound.verdict = VERDICT_MISSING;
    assert_advice(bound,
                  "server team (unix-ops@example.jp): start the program on mgr01, or waive the rule if it is not "
                  "needed");
}

static void nothing_is_to_be_done_about_what_is_well(void **state)
{
    (void)state;
    assert_advice(told_conforming("pc0117", "31001", 31001), "");
    struct finding silent = told_filtered();
    silent.verdict = VERDICT_UNPROVEN;
    silent.reason = REASON_SILENT_BY_NATURE;
    assert_advice(silent, "");
}

static void every_problem_has_advice_under_every_blame_and_reason(void **state)
{
    (void)state;
    for (unsigned verdict = VERDICT_MISSING; verdict < VERDICT_COUNT; verdict++) {
        if (verdict_row((enum verdict)verdict)->severity == SEVERITY_OK)
            continue;
        for (unsigned blame = BLAME_NONE; blame <= BLAME_CONFIG; blame++) {
            for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
                struct finding finding = told_filtered();
                finding.verdict = (enum verdict)verdict;
                finding.blame = (enum blame)blame;
                finding.reason = (enum reason)reason;
                struct text out = {0};
                tell_advice(&out, &site, &finding);
                if (out.length == 0 || strchr(text_string(&out), '%') != NULL)
                    fail_msg("%s, %s, %s: %s", verdict_row(finding.verdict)->name, blame_name(finding.blame),
                             reason_row(finding.reason)->name, text_string(&out));
                text_done(&out);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sentence_stands_alone),
        cmocka_unit_test(what_is_over_says_what_it_was),
        cmocka_unit_test(a_waiver_is_told),
        cmocka_unit_test(what_a_peer_sent_stays_on_one_line),
        cmocka_unit_test(advice_names_the_team_and_its_contact),
        cmocka_unit_test(advice_is_as_special_as_the_reason),
        cmocka_unit_test(nothing_is_to_be_done_about_what_is_well),
        cmocka_unit_test(every_problem_has_advice_under_every_blame_and_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
