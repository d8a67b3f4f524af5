/* Listeners that nothing explains, and what the user said beforehand: waivers, severities. */
#include "world.h"

static struct port_items ports(struct arena *arena, const char *text)
{
    struct port_items items;
    assert_int_equal(ports_parse(text, (struct origin){0}, arena, &items, NULL), 0);
    return items;
}

static void world_exclusive(struct world *w)
{
    world_init(w);
    w->host.exclusive = true;
    world_table(w);
}

static void test_unexplained_listeners(void **state)
{
    (void)state;
    struct world w;
    world_exclusive(&w);
    world_expect(&w, TRANSPORT_TCP, 80, 81);
    world_probe(&w, 0, PROBE_OPEN, REASON_ACCEPTED);
    world_listener(&w, TRANSPORT_TCP, "0.0.0.0", 80);
    world_listener(&w, TRANSPORT_TCP, "10.9.9.9", 81); /* whatever address: its port explains it */
    world_listener(&w, TRANSPORT_UDP, "0.0.0.0", 80);  /* another transport */
    world_listener(&w, TRANSPORT_TCP, "127.0.0.1", 5900);
    world_listener(&w, TRANSPORT_TCP, "0.0.0.0", 5900)->owner.exe = "/usr/bin/x11vnc";
    world_listener(&w, TRANSPORT_TCP, "0.0.0.0", 5900); /* SO_REUSEPORT: the same finding */
    assert_int_equal(world_judge(&w)->count, 4);
    const struct finding *finding = world_finding(&w, "mgr01|tcp|0.0.0.0|5900");
    assert_int_equal(finding->verdict, VERDICT_UNEXPECTED);
    assert_int_equal(finding->severity, SEVERITY_WARNING);
    assert_int_equal(finding->class, CLASS_SECURITY);
    assert_string_equal(finding->ports, "5900");
    assert_null(finding->role);
    world_finding(&w, "mgr01|tcp|127.0.0.1|5900");
    world_finding(&w, "mgr01|udp|0.0.0.0|80");
    assert_int_equal(snapshot_tally(w.last.snapshot, NULL).unexpected, 3);
    w.table.udp_complete = false;
    assert_int_equal(world_judge(&w)->count, 3);
    w.host.exclusive = false;
    assert_int_equal(world_judge(&w)->count, 1);
    world_done(&w);
}

static void test_unset_expectations_explain_nothing(void **state)
{
    (void)state;
    struct world w;
    world_exclusive(&w);
    world_expect(&w, TRANSPORT_TCP, 80, 80)->unset = "amt";
    world_listener(&w, TRANSPORT_TCP, "0.0.0.0", 80);
    world_judge(&w);
    assert_int_equal(world_finding(&w, "mgr01|tcp|0.0.0.0|80")->verdict, VERDICT_UNEXPECTED);
    world_done(&w);
}

static void test_explained_by_dynamic_alone_is_counted_apart(void **state)
{
    (void)state;
    struct world w;
    world_exclusive(&w);
    world_expect(&w, TRANSPORT_UDP, 16384, 16390)->flow_count = 0;
    w.rules[0].presence = PRESENCE_DYNAMIC;
    world_listener(&w, TRANSPORT_UDP, "0.0.0.0", 16386);
    world_judge(&w);
    const struct finding *finding = world_finding(&w, "mgr01|udp|0.0.0.0|16386");
    assert_true(finding->dynamic);
    assert_int_equal(finding->verdict, VERDICT_CONFORMING);
    struct tally tally = snapshot_tally(w.last.snapshot, NULL);
    assert_int_equal(tally.dynamic, 1);
    assert_int_equal(tally.nonconforming, 0);
    /* a narrower rule that demands something explains it wholly */
    world_expect(&w, TRANSPORT_UDP, 16386, 16386)->flow_count = 0;
    world_judge(&w);
    assert_null(finding_block_find(w.last.snapshot->blocks[1], "mgr01|udp|0.0.0.0|16386"));
    world_done(&w);
}

static void test_ignored_listeners(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    assert_non_null(arena);
    const struct owner_pattern rpcbind[] = {{OWNER_EXE, "rpcbind"}};
    const struct ignore ignore[] = {{.ports = ports(arena, "tcp 9100, udp any")},
                                    {.ports = ports(arena, "tcp 111"), .owner = {rpcbind, 1}}};
    struct world w;
    world_exclusive(&w);
    w.host.ignore = ignore;
    w.host.ignore_count = 2;
    world_listener(&w, TRANSPORT_TCP, "0.0.0.0", 9100);
    world_listener(&w, TRANSPORT_UDP, "0.0.0.0", 7);
    world_listener(&w, TRANSPORT_TCP, "0.0.0.0", 111);
    world_judge(&w); /* whose it is was not seen: it is not ignored */
    assert_int_equal(w.last.snapshot->blocks[1]->count, 1);
    world_finding(&w, "mgr01|tcp|0.0.0.0|111");
    for (size_t i = 0; i < w.table.count; i++)
        w.listeners[i].owner.exe = "/sbin/rpcbind";
    assert_int_equal(world_judge(&w)->count, 0);
    world_done(&w);
    arena_free(arena);
}

/* Programs that share a port (SO_REUSEPORT): that the first is ignored does not hide the second. */
static void test_a_shared_port_is_ignored_program_by_program(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    assert_non_null(arena);
    const struct owner_pattern avahi[] = {{OWNER_EXE, "avahi"}};
    const struct ignore ignore[] = {{.ports = ports(arena, "udp 5353"), .owner = {avahi, 1}}};
    struct world w;
    world_exclusive(&w);
    w.host.ignore = ignore;
    w.host.ignore_count = 1;
    world_listener(&w, TRANSPORT_UDP, "0.0.0.0", 5353)->owner.exe = "/usr/sbin/avahi";
    world_listener(&w, TRANSPORT_UDP, "0.0.0.0", 5353)->owner.exe = "/tmp/beacon";
    world_listener(&w, TRANSPORT_UDP, "0.0.0.0", 5353)->owner.exe = "/tmp/beacon";
    assert_int_equal(world_judge(&w)->count, 1);
    assert_non_null(strstr(world_finding(&w, "mgr01|udp|0.0.0.0|5353")->listener, "beacon"));
    world_done(&w);
    arena_free(arena);
}

/* A client's socket looks like a listener: only one that stays is believed, and one look cannot tell. */
static void test_udp_in_the_ephemeral_range(void **state)
{
    (void)state;
    static const char key[] = "mgr01|udp|0.0.0.0|40000";
    struct world w;
    world_exclusive(&w);
    world_listener(&w, TRANSPORT_UDP, "0.0.0.0", 40000);
    assert_int_equal(world_judge(&w)->count, 0);
    world_done(&w);
    w.mode = JUDGE_CONTINUOUS;
    for (unsigned looks = 1; looks <= 3; looks++) {
        world_later(&w, 60000);
        world_judge(&w);
        const struct finding *finding = world_finding(&w, key);
        assert_int_equal(finding->verdict, looks < 3 ? VERDICT_NONE : VERDICT_UNEXPECTED);
        assert_int_equal(snapshot_tally(w.last.snapshot, NULL).expectations, 0);
    }
    assert_int_equal(world_transitions(&w, TRANSITION_RAISED), 1);
    w.table.count = 0;
    world_later(&w, 60000);
    assert_int_equal(world_judge(&w)->count, 0);
    assert_int_equal(world_transitions(&w, TRANSITION_CLEARED), 1);
    assert_non_null(w.last.gone);
    world_done(&w);
}

static void test_a_listener_is_not_gone_because_nobody_looked(void **state)
{
    (void)state;
    struct world w;
    world_exclusive(&w);
    w.mode = JUDGE_CONTINUOUS;
    w.host.damping = (struct damping){1, 2};
    world_listener(&w, TRANSPORT_TCP, "0.0.0.0", 5900);
    world_judge(&w);
    assert_int_equal(world_transitions(&w, TRANSITION_RAISED), 1);
    w.table.status = LISTENERS_FAILED;
    world_judge(&w);
    world_judge(&w);
    assert_int_equal(world_finding(&w, "mgr01|tcp|0.0.0.0|5900")->verdict, VERDICT_UNEXPECTED);
    assert_int_equal(world_transitions(&w, TRANSITION_CLEARED), 0);
    w.table.status = LISTENERS_SEEN;
    w.table.count = 0;
    world_judge(&w);
    assert_int_equal(world_finding(&w, "mgr01|tcp|0.0.0.0|5900")->pending, VERDICT_CONFORMING);
    world_judge(&w);
    assert_null(finding_block_find(w.last.snapshot->blocks[1], "mgr01|tcp|0.0.0.0|5900"));
    assert_int_equal(world_transitions(&w, TRANSITION_CLEARED), 2); /* the listener, and the failed source */
    world_done(&w);
}

/* --- waivers ----------------------------------------------------------------------------------------------------- */

static void test_a_waived_finding_keeps_its_verdict_and_does_not_count(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    const struct waiver waiver = {.rule = "guide/t/1",
                                  .until = "2026-12-20",
                                  .until_ms = w.now.wall_ms + 1,
                                  .reason = "AMT move",
                                  .owner = "sato",
                                  .ticket = "CHG1"};
    w.host.waivers = &waiver;
    w.host.waiver_count = 1;
    struct expectation *e = world_expect(&w, TRANSPORT_TCP, 80, 80);
    world_probe(&w, 0, PROBE_REFUSED, REASON_RST);
    assert_int_equal(world_judge(&w)->count, 1);
    const struct finding *finding = world_finding(&w, e->key);
    assert_true(finding->waived);
    assert_int_equal(finding->verdict, VERDICT_CLOSED);
    assert_string_equal(finding->waived_until, "2026-12-20");
    assert_string_equal(finding->waived_ticket, "CHG1");
    struct tally tally = snapshot_tally(w.last.snapshot, NULL);
    assert_int_equal(tally.worst, SEVERITY_OK);
    assert_int_equal(tally.waived, 1);
    /* one millisecond later its day is over: the finding counts, and one warning says why */
    w.now.wall_ms++;
    assert_int_equal(world_judge(&w)->count, 2);
    tally = snapshot_tally(w.last.snapshot, NULL);
    assert_int_equal(tally.waived, 0);
    assert_int_equal(tally.verdicts[VERDICT_WAIVER_EXPIRED], 1);
    assert_int_equal(tally.verdicts[VERDICT_CLOSED], 1);
    /* what conforms needs no waiver, and nobody hears of the old one */
    world_probe(&w, 0, PROBE_OPEN, REASON_ACCEPTED);
    assert_int_equal(world_judge(&w)->count, 1);
    assert_false(world_finding(&w, e->key)->waived);
    world_done(&w);
}

static void test_whom_a_waiver_means(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    assert_non_null(arena);
    const struct {
        struct waiver waiver;
        bool meant;
    } rows[] = {
        {{.rule = NULL}, true},
        {{.rule = "guide/t/1"}, true},
        {{.rule = "guide/t"}, false},
        {{.rule = "guide/t/2"}, false},
        {{.verdict = "closed"}, true},
        {{.verdict = "missing"}, false},
        {{.ports = "tcp 80", .port_items = ports(arena, "tcp 80")}, true},
        {{.ports = "tcp 1..1000", .port_items = ports(arena, "tcp 1..1000")}, true},
        {{.ports = "udp 80", .port_items = ports(arena, "udp 80")}, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct world w;
        world_init(&w);
        w.host.waivers = &rows[i].waiver;
        w.host.waiver_count = 1;
        struct expectation *e = world_expect(&w, TRANSPORT_TCP, 80, 80);
        w.rules[0].id = "guide/t/1#a"; /* a rule with parts is meant by its ref */
        world_probe(&w, 0, PROBE_REFUSED, REASON_RST);
        world_judge(&w);
        assert_int_equal(world_finding(&w, e->key)->waived, rows[i].meant);
        world_done(&w);
    }
    arena_free(arena);
}

static void test_waiver_on_an_unexpected_listener(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    assert_non_null(arena);
    const struct waiver waiver = {.ports = "tcp 5900", .port_items = ports(arena, "tcp 5900")};
    struct world w;
    world_exclusive(&w);
    w.host.waivers = &waiver;
    w.host.waiver_count = 1;
    world_listener(&w, TRANSPORT_TCP, "0.0.0.0", 5900);
    world_judge(&w);
    assert_true(world_finding(&w, "mgr01|tcp|0.0.0.0|5900")->waived);
    assert_int_equal(snapshot_tally(w.last.snapshot, NULL).unexpected, 0);
    world_done(&w);
    arena_free(arena);
}

static void test_waivers_begin_and_expire_as_transitions(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    w.mode = JUDGE_CONTINUOUS;
    struct waiver waiver = {.rule = "guide/t/1", .until = "2026-12-20", .until_ms = w.now.wall_ms + 1000};
    w.host.waivers = &waiver;
    world_expect(&w, TRANSPORT_TCP, 80, 80);
    world_probe(&w, 0, PROBE_REFUSED, REASON_RST);
    world_judge(&w);
    assert_int_equal(world_transitions(&w, TRANSITION_RAISED), 1);
    w.host.waiver_count = 1;
    world_judge(&w);
    assert_int_equal(w.last.transition_count, 1);
    assert_int_equal(world_transitions(&w, TRANSITION_WAIVER_BEGUN), 1);
    world_later(&w, 1000);
    world_judge(&w);
    assert_int_equal(w.last.transition_count, 2);
    assert_int_equal(world_transitions(&w, TRANSITION_WAIVER_EXPIRED), 1);
    assert_int_equal(world_transitions(&w, TRANSITION_RAISED), 1);
    world_judge(&w);
    assert_int_equal(w.last.transition_count, 0);
    world_probe(&w, 0, PROBE_OPEN, REASON_ACCEPTED);
    world_judge(&w);
    assert_int_equal(world_transitions(&w, TRANSITION_CLEARED), 2);
    world_done(&w);
}

/* --- severities -------------------------------------------------------------------------------------------------- */

static void test_severities(void **state)
{
    (void)state;
    const struct severity_override overrides[] = {
        {.rule = "guide/*", .severity = SEVERITY_WARNING},
        {.rule = "guide/t/1", .verdict = VERDICT_CLOSED, .severity = SEVERITY_UNKNOWN},
        {.rule = "other/*", .severity = SEVERITY_CRITICAL},
        {.verdict = VERDICT_UNSEEN, .severity = SEVERITY_WARNING},
    };
    static const struct {
        enum probe_outcome outcome;
        enum reason reason;
        enum severity severity;
    } rows[] = {
        {PROBE_STOPPED, REASON_ADMIN_PROHIBITED, SEVERITY_WARNING},
        {PROBE_REFUSED, REASON_RST, SEVERITY_UNKNOWN}, /* the last match */
        {PROBE_OPEN, REASON_ACCEPTED, SEVERITY_OK},
        {PROBE_NOT_DONE, REASON_NONE, SEVERITY_WARNING}, /* a verdict that is OK by itself, named */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct world w;
        world_init(&w);
        w.host.severities = overrides;
        w.host.severity_count = 4;
        struct expectation *e = world_expect(&w, TRANSPORT_TCP, 80, 80);
        world_probe(&w, 0, rows[i].outcome, rows[i].reason);
        world_judge(&w);
        assert_int_equal(world_finding(&w, e->key)->severity, rows[i].severity);
        world_done(&w);
    }
}

static void test_severity_of_missing_is_the_expectations(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct expectation *e = world_expect(&w, TRANSPORT_TCP, 80, 80);
    e->severity = SEVERITY_WARNING;
    world_table(&w);
    world_judge(&w);
    assert_int_equal(world_finding(&w, e->key)->verdict, VERDICT_MISSING);
    assert_int_equal(world_finding(&w, e->key)->severity, SEVERITY_WARNING);
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unexplained_listeners),
        cmocka_unit_test(test_unset_expectations_explain_nothing),
        cmocka_unit_test(test_explained_by_dynamic_alone_is_counted_apart),
        cmocka_unit_test(test_ignored_listeners),
        cmocka_unit_test(test_a_shared_port_is_ignored_program_by_program),
        cmocka_unit_test(test_udp_in_the_ephemeral_range),
        cmocka_unit_test(test_a_listener_is_not_gone_because_nobody_looked),
        cmocka_unit_test(test_a_waived_finding_keeps_its_verdict_and_does_not_count),
        cmocka_unit_test(test_whom_a_waiver_means),
        cmocka_unit_test(test_waiver_on_an_unexpected_listener),
        cmocka_unit_test(test_waivers_begin_and_expire_as_transitions),
        cmocka_unit_test(test_severities),
        cmocka_unit_test(test_severity_of_missing_is_the_expectations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
