/* The form for people, letter by letter. */
#include "told.h"

#include "layout.h"
#include "portconform/tell.h"

#include <errno.h>
#include <locale.h>
#include <time.h>

#include "unit/skip.h"

static void assert_screen(struct told *told, const struct plan *plan, const struct tell_options *options,
                          const char *expected)
{
    struct snapshot *snapshot = told_snapshot(told);
    struct text out = {0};
    assert_int_equal(teller_text.tell(&out, plan, snapshot, options), 0);
    assert_string_equal(text_string(&out), expected);
    text_done(&out);
    snapshot_unref(snapshot);
}

static const struct team teams[] = {{"network", "noc@example.jp"}, {"server", "unix-ops@example.jp"}};
static const struct site site = {.name = "osaka-dc", .teams = teams, .team_count = 2};
static const struct plan plan = {.site = &site, .vantage_name = "mon1"};

static void mixed(struct told *told)
{
    told_init(told);
    struct finding conforming = told_conforming("mgr01", "31080", 31080);
    told_add(told, &conforming);
    struct finding filtered = told_filtered();
    told_add(told, &filtered);
    struct finding missing = told_conforming("pc0117", "31001", 31001);
    missing.verdict = VERDICT_MISSING;
    missing.reason = REASON_NOBODY_LISTENS;
    missing.probe = "RST";
    told_add(told, &missing);
    struct finding unproven = told_conforming("mgr01", "31021", 31021);
    unproven.transport = TRANSPORT_UDP;
    unproven.verdict = VERDICT_UNPROVEN;
    unproven.reason = REASON_SILENT_BY_NATURE;
    told_add(told, &unproven);
    struct finding waived = told_filtered();
    waived.ports = "31022";
    waived.port = 31022;
    waived.waived = true;
    waived.waived_until = "2026-12-31";
    told_add(told, &waived);
    struct finding unexpected = told_unexpected();
    told_add(told, &unexpected);
    struct finding unset = told_unset();
    told_add(told, &unset);
}

#define HEADER "osaka-dc, seen from mon1 (acts as jp1-itdm browser, agent), 05:02:31, 0.9 s\n\n"

static void what_somebody_must_act_on_stands_alone_and_the_worst_first(void **state)
{
    (void)state;
    struct told told;
    mixed(&told);
    assert_screen(
        &told, &plan, &(const struct tell_options){0},
        HEADER
        "CRITICAL  mgr01   tcp 31000  filtered    something on the way stops it: administratively prohibited\n"
        "                             listener: jdn_manager (jp1.service) on *:31000; probe: ICMP 3/13 from 10.0.0.1\n"
        "                             network team (noc@example.jp): permit tcp 31000 from agent, site-server  "
        "[jp1-itdm manager-multi-management/2: Agents call the manager]\n"
        "CRITICAL  pc0117  tcp 31001  missing     nobody listens; probe: RST\n"
        "                             server team (unix-ops@example.jp): start the agent program on pc0117, or waive "
        "the rule if it is not needed  [jp1-itdm agent/1]\n"
        "WARNING   mgr01   tcp 5900   unexpected  explained by no rule\n"
        "                             listener: x11vnc (uid 1000) on *:5900\n"
        "                             server team (unix-ops@example.jp): stop it, or explain it by an `expect` or "
        "`ignore` entry of mgr01\n"
        "UNKNOWN   (site)             not-judged  amt of jp1-itdm has no value on 1 host: 1 rule is not judged\n"
        "                             whoever keeps the configuration: give the parameter a value in the site's, "
        "host's or role's settings  [jp1-itdm]\n"
        "\n"
        "2 hosts, 5 expectations: 1 conforming, 1 missing, 1 filtered, 1 not judged, 1 unproven (a UDP service that "
        "never answers), 1 waived until 2026-12-31; 1 unexpected\n"
        "Next: portconform explain mgr01 31000\n");
}

static void lines_break_at_the_terminals_edge(void **state)
{
    (void)state;
    struct told told;
    told_init(&told);
    struct finding filtered = told_filtered();
    told_add(&told, &filtered);
    assert_screen(&told, &plan, &(const struct tell_options){.columns = 78},
                  HEADER "CRITICAL  mgr01  tcp 31000  filtered  something on the way stops it:\n"
                         "                            administratively prohibited\n"
                         "                            listener: jdn_manager (jp1.service) on *:31000;\n"
                         "                            probe: ICMP 3/13 from 10.0.0.1\n"
                         "                            network team (noc@example.jp): permit tcp 31000\n"
                         "                            from agent, site-server  [jp1-itdm\n"
                         "                            manager-multi-management/2: Agents call the\n"
                         "                            manager]\n"
                         "\n"
                         "1 host, 1 expectation: 1 filtered\n"
                         "Next: portconform explain mgr01 31000\n");
}

static size_t widest(const char *lines)
{
    size_t widest = 0;
    while (*lines != '\0') {
        size_t length = strcspn(lines, "\n");
        char *line = strndup(lines, length);
        assert_non_null(line);
        size_t columns = text_columns(line);
        widest = columns > widest ? columns : widest;
        free(line);
        lines += length + (lines[length] == '\n');
    }
    return widest;
}

static void nothing_is_wider_than_the_terminal(void **state)
{
    (void)state;
    for (unsigned columns = 40; columns <= 200; columns += 7) {
        struct told told;
        mixed(&told);
        struct snapshot *snapshot = told_snapshot(&told);
        struct text out = {0};
        assert_int_equal(
            teller_text.tell(&out, &plan, snapshot, &(const struct tell_options){.columns = columns, .all = true}), 0);
        if (widest(text_string(&out)) > columns)
            fail_msg("%u columns:\n%s", columns, text_string(&out));
        text_done(&out);
        snapshot_unref(snapshot);
    }
}

static void all_lists_what_conforms_too(void **state)
{
    (void)state;
    struct told told;
    told_init(&told);
    struct finding conforming = told_conforming("mgr01", "31080", 31080);
    told_add(&told, &conforming);
    struct finding waived = told_filtered();
    waived.waived = true;
    waived.waived_until = "2026-12-31";
    waived.waived_reason = "AMT move";
    told_add(&told, &waived);
    assert_screen(&told, &plan, &(const struct tell_options){.all = true},
                  HEADER
                  "OK        mgr01  tcp 31000  filtered    something on the way stops it: administratively "
                  "prohibited; waived until 2026-12-31 (AMT move)\n"
                  "OK        mgr01  tcp 31080  conforming  as demanded: connection accepted; probe: open, 0.3 ms\n"
                  "\n"
                  "Nothing to do: 1 host, 2 expectations: 1 conforming, 1 waived until 2026-12-31\n");
}

static void one_good_line_when_everything_conforms(void **state)
{
    (void)state;
    struct told told;
    told_init(&told);
    struct finding conforming = told_conforming("mgr01", "31080", 31080);
    told_add(&told, &conforming);
    assert_screen(&told, &plan, &(const struct tell_options){0}, HEADER "Everything conforms: 1 host, 1 expectation\n");
}

static void a_host_that_is_down_holds_its_expectations(void **state)
{
    (void)state;
    struct told told;
    told_init(&told);
    struct finding down = {.host = "mgr01", .verdict = VERDICT_UNREACHABLE, .reason = REASON_HOST_DOWN};
    told_add(&told, &down);
    struct finding held = told_conforming("mgr01", "31080", 31080);
    held.held = true;
    told_add(&told, &held);
    held.ports = "31081";
    told_add(&told, &held);
    assert_screen(&told, &plan, &(const struct tell_options){0},
                  HEADER
                  "CRITICAL  mgr01    unreachable  mgr01 is unreachable; its 2 expectations are held\n"
                  "                   server and network team (unix-ops@example.jp, noc@example.jp): see whether "
                  "mgr01 is up, then whether the way to it is\n"
                  "\n"
                  "1 host, 2 expectations: 1 unreachable, 2 held\n");
}

static void a_check_that_was_cut_short_says_so(void **state)
{
    (void)state;
    struct told told;
    told_init(&told);
    struct finding conforming = told_conforming("mgr01", "31080", 31080);
    told_add(&told, &conforming);
    assert_screen(&told, &plan, &(const struct tell_options){.trouble = "stopped after 10 s"},
                  HEADER "UNKNOWN   the check is not complete: stopped after 10 s\n"
                         "\n"
                         "1 host, 1 expectation: 1 conforming\n");
}

static void colour_helps_and_carries_no_meaning_alone(void **state)
{
    (void)state;
    struct told told;
    mixed(&told);
    struct snapshot *snapshot = told_snapshot(&told);
    struct text plain = {0};
    struct text coloured = {0};
    assert_int_equal(teller_text.tell(&plain, &plan, snapshot, &(const struct tell_options){.columns = 100}), 0);
    assert_int_equal(
        teller_text.tell(&coloured, &plan, snapshot, &(const struct tell_options){.columns = 100, .colour = true}), 0);
    struct text stripped = {0};
    size_t codes = 0;
    for (const char *at = text_string(&coloured); *at != '\0'; at++) {
        if (*at == '\x1b') {
            at += strcspn(at, "m");
            codes++;
        } else {
            text_add_n(&stripped, at, 1);
        }
    }
    assert_string_equal(text_string(&stripped), text_string(&plain));
    assert_int_equal(codes, 8);
    text_done(&plain);
    text_done(&coloured);
    text_done(&stripped);
    snapshot_unref(snapshot);
}

static void hostile_data_steers_no_terminal(void **state)
{
    (void)state;
    struct told told;
    told_init(&told);
    struct finding hostile = told_filtered();
    hostile.listener = "\x1b]0;owned\x07 on *:1\r\nOK";
    hostile.probe = "\x1b[2J\x9b";
    hostile.about = "\xe2\x80\xae"
                    "evil";
    told_add(&told, &hostile);
    struct snapshot *snapshot = told_snapshot(&told);
    struct text out = {0};
    assert_int_equal(teller_text.tell(&out, &plan, snapshot, &(const struct tell_options){.columns = 80}), 0);
    for (const char *at = text_string(&out); *at != '\0'; at++)
        assert_true(*at == '\n' || (unsigned char)*at >= 0x20);
    assert_null(strstr(text_string(&out), "\xe2\x80\xae"));
    text_done(&out);
    snapshot_unref(snapshot);
}

static void wide_characters_count_two_columns_and_break_anywhere(void **state)
{
    (void)state;
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
        SKIP("this machine has no locale C.UTF-8");
    struct text out = {0};
    struct layout layout = {.out = &out, .columns = 12};
    layout_cell(&layout, "監視", 6);
    layout.indent = 2;
    layout_flow(&layout, "操作画面 ports");
    layout_end_line(&layout);
    assert_string_equal(text_string(&out), "監視    操作\n"
                                           "  画面 ports\n");
    assert_int_equal(widest(text_string(&out)), 12);
    text_done(&out);
    setlocale(LC_CTYPE, "C");
}

static void a_word_longer_than_the_line_is_cut(void **state)
{
    (void)state;
    struct text out = {0};
    struct layout layout = {.out = &out, .columns = 10};
    layout_flow(&layout, "abc ");
    layout.indent = 2;
    layout_flow(&layout, "abcdefghijklmnopqrst  z ");
    assert_string_equal(text_string(&out), "abc\n"
                                           "  abcdefgh\n"
                                           "  ijklmnop\n"
                                           "  qrst  z");
    text_done(&out);
}

static void one_trouble_of_our_own_is_told_once(void **state)
{
    (void)state;
    static const char *const hosts[] = {"db01", "mgr01", "mgr01", "pc0117"};
    static const char *const ports[] = {"1", "2", "3", "4"};
    struct told told;
    told_init(&told);
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct finding finding = told_conforming(hosts[i], ports[i], (uint16_t)(i + 1));
        finding.verdict = VERDICT_NOT_JUDGED;
        finding.reason = REASON_NO_SOURCE_ADDRESS;
        finding.blame = BLAME_LOCAL;
        finding.probe = reason_row(REASON_NO_SOURCE_ADDRESS)->text;
        told_add(&told, &finding);
        /* trouble with a host stays with the host */
        finding.ports = i == 1 ? "12" : "11";
        finding.port = i == 1 ? 12 : 11;
        finding.reason = REASON_NO_ROUTE;
        finding.probe = reason_row(REASON_NO_ROUTE)->text;
        told_add(&told, &finding);
    }
    const char *expected =
        HEADER "UNKNOWN   (site)          not-judged  4 findings on 3 hosts: the vantage's source is no address of "
               "this machine\n"
               "                          monitoring team: correct the vantage's `source`\n"
               "UNKNOWN   db01    tcp 11  not-judged  could not be judged: this machine has no route to it\n"
               "                          monitoring team: give the machine that checks a route to db01  [jp1-itdm "
               "agent/1]\n"
               "UNKNOWN   mgr01           not-judged  2 findings: this machine has no route to it\n"
               "                          monitoring team: give the machine that checks a route to mgr01\n"
               "UNKNOWN   pc0117  tcp 11  not-judged  could not be judged: this machine has no route to it\n"
               "                          monitoring team: give the machine that checks a route to pc0117  [jp1-itdm "
               "agent/1]\n"
               "\n"
               "3 hosts, 8 expectations: 8 not judged\n"
               "Next: portconform explain db01 1\n";
    assert_screen(&told, &plan, &(const struct tell_options){0}, expected);
}

static void half_an_answer_is_an_error(void **state)
{
    (void)state;
    static const struct teller *const tellers[] = {&teller_text, &teller_plugin, &teller_tsv};
    struct told told;
    mixed(&told);
    struct snapshot *snapshot = told_snapshot(&told);
    for (size_t i = 0; i < sizeof tellers / sizeof *tellers; i++) {
        /* as after an allocation that failed */
        struct text out = {.failed = true};
        assert_int_equal(tellers[i]->tell(&out, &plan, snapshot, &(const struct tell_options){.verbose = 3}), -ENOMEM);
        text_done(&out);
    }
    snapshot_unref(snapshot);
}

static void a_mistyped_filter_is_named(void **state)
{
    (void)state;
    static const char *const mistyped[] = {"jp1-itmd", NULL};
    struct told told;
    told_init(&told);
    struct finding conforming = told_conforming("mgr01", "31080", 31080);
    told_add(&told, &conforming);
    assert_screen(&told, &plan, &(const struct tell_options){.filter.guides = mistyped},
                  HEADER "No expectation passes the filter; is a name in it mistyped? 1 host, 0 expectations\n");
}

static void what_the_daemon_knows_since_when_says_so(void **state)
{
    (void)state;
    enum { MINUTE_MS = 60000, DAY_MS = 86400000 };
    struct told told;
    told_init(&told);
    struct finding missing = told_conforming("mgr01", "31001", 31001);
    missing.verdict = VERDICT_MISSING;
    missing.reason = REASON_NOBODY_LISTENS;
    missing.probe = "RST";
    missing.since_ms = TOLD_FINISHED_MS - MINUTE_MS;
    told_add(&told, &missing);
    missing.ports = "31002";
    missing.port = 31002;
    missing.since_ms = TOLD_FINISHED_MS - DAY_MS;
    told_add(&told, &missing);
    struct snapshot *snapshot = told_snapshot(&told);
    struct text out = {0};
    assert_int_equal(teller_text.tell(&out, &plan, snapshot, &(const struct tell_options){0}), 0);
    assert_non_null(strstr(text_string(&out), "tcp 31001  missing  nobody listens; probe: RST; since 05:01:31\n"));
    assert_non_null(
        strstr(text_string(&out), "tcp 31002  missing  nobody listens; probe: RST; since 2026-11-19 05:02:31\n"));
    text_done(&out);
    snapshot_unref(snapshot);
}

int main(void)
{
    setenv("TZ", "UTC", 1);
    tzset();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_somebody_must_act_on_stands_alone_and_the_worst_first),
        cmocka_unit_test(lines_break_at_the_terminals_edge),
        cmocka_unit_test(nothing_is_wider_than_the_terminal),
        cmocka_unit_test(all_lists_what_conforms_too),
        cmocka_unit_test(one_good_line_when_everything_conforms),
        cmocka_unit_test(a_host_that_is_down_holds_its_expectations),
        cmocka_unit_test(a_check_that_was_cut_short_says_so),
        cmocka_unit_test(colour_helps_and_carries_no_meaning_alone),
        cmocka_unit_test(hostile_data_steers_no_terminal),
        cmocka_unit_test(wide_characters_count_two_columns_and_break_anywhere),
        cmocka_unit_test(a_word_longer_than_the_line_is_cut),
        cmocka_unit_test(one_trouble_of_our_own_is_told_once),
        cmocka_unit_test(half_an_answer_is_an_error),
        cmocka_unit_test(a_mistyped_filter_is_named),
        cmocka_unit_test(what_the_daemon_knows_since_when_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
