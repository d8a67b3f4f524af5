/* What counts as evidence: owners, second looks, hosts that are down, deaf vantages. */
#include "judging.h"
#include "world.h"

#define PATTERNS(...)                                                                                                  \
    &(const struct owner_patterns)                                                                                     \
    {                                                                                                                  \
        (const struct owner_pattern[]){__VA_ARGS__},                                                                   \
            sizeof((const struct owner_pattern[]){__VA_ARGS__}) / sizeof(struct owner_pattern)                         \
    }

static void test_owners(void **state)
{
    (void)state;
    const struct owner nobody = {0};
    const struct owner manager = {.exe = "/opt/jp1/jdn_manager", .unit = "jp1.service", .uid = 0, .uid_known = true};
    const struct owner named = {.exe = "jdn_manager"};
    const struct owner replaced = {.exe = "/opt/jp1/jdn_manager (deleted)"};
    const struct owner_patterns none = {0};
    assert_int_equal(owner_match(&none, &manager), OWNER_UNKNOWN);
    assert_int_equal(owner_match(PATTERNS({OWNER_EXE, "jdn*"}), &manager), OWNER_OURS);
    assert_int_equal(owner_match(PATTERNS({OWNER_EXE, "jdn*"}), &replaced), OWNER_OURS);
    assert_int_equal(owner_match(PATTERNS({OWNER_EXE, "/opt/jp1/*"}), &replaced), OWNER_OURS);
    assert_int_equal(owner_match(PATTERNS({OWNER_EXE, "/opt/jp1/*"}), &manager), OWNER_OURS);
    assert_int_equal(owner_match(PATTERNS({OWNER_EXE, "/opt/other/*"}), &manager), OWNER_FOREIGN);
    assert_int_equal(owner_match(PATTERNS({OWNER_EXE, "/opt/jp1/*"}), &named), OWNER_UNKNOWN);
    assert_int_equal(owner_match(PATTERNS({OWNER_EXE, "java"}), &nobody), OWNER_UNKNOWN);
    /* wrong only if every attribute was seen */
    assert_int_equal(owner_match(PATTERNS({OWNER_EXE, "java"}, {OWNER_UNIT, "x.service"}), &manager), OWNER_FOREIGN);
    assert_int_equal(owner_match(PATTERNS({OWNER_EXE, "java"}, {OWNER_UNIT, "x.service"}), &named), OWNER_UNKNOWN);
    assert_int_equal(owner_match(PATTERNS({OWNER_EXE, "jdn*"}, {OWNER_UNIT, "x.service"}), &named), OWNER_OURS);
    assert_int_equal(owner_match(PATTERNS({OWNER_UID, "0"}), &manager), OWNER_OURS);
    assert_int_equal(owner_match(PATTERNS({OWNER_UID, "1000"}), &manager), OWNER_FOREIGN);
    assert_int_equal(owner_match(PATTERNS({OWNER_UID, "0"}), &named), OWNER_UNKNOWN);
    const struct owner oracle = {.uid = 54321, .uid_known = true};
    assert_int_equal(owner_match(PATTERNS({OWNER_UID, "543[0-9]?"}), &oracle), OWNER_OURS);
    assert_int_equal(owner_match(PATTERNS({OWNER_UID, "54*2"}), &oracle), OWNER_FOREIGN);
}

static void test_impostor_on_a_reserved_port(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct expectation *e = world_expect(&w, TRANSPORT_TCP, 31006, 31012);
    e->flow_count = 0;
    e->owner = *PATTERNS({OWNER_EXE, "jdn*"});
    w.rules[0].presence = PRESENCE_RESERVED;
    world_listener(&w, TRANSPORT_TCP, "127.0.0.1", 31008)->owner.exe = "/usr/bin/nc";
    world_judge(&w);
    const struct finding *finding = world_finding(&w, e->key);
    assert_int_equal(finding->verdict, VERDICT_IMPOSTOR);
    assert_int_equal(finding->reason, REASON_FOREIGN_PROGRAM);
    assert_int_equal(finding->port, 31008);
    world_done(&w);
}

static void test_dynamic_range_demands_no_program(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct expectation *e = world_expect(&w, TRANSPORT_UDP, 40007, 40008);
    e->flow_count = 0;
    e->owner = *PATTERNS({OWNER_EXE, "jdn*"});
    w.rules[0].presence = PRESENCE_DYNAMIC;
    world_listener(&w, TRANSPORT_UDP, "0.0.0.0", 40007)->owner.exe = "/usr/sbin/named";
    world_judge(&w);
    assert_int_equal(world_finding(&w, e->key)->verdict, VERDICT_CONFORMING);
    world_done(&w);
}

/* A port of somebody else inside a range that is reserved for the product: the rule that names it explains it. */
static void test_narrowest_rule_explains_whose_program_it_is(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct expectation *wide = world_expect(&w, TRANSPORT_TCP, 31006, 31012);
    wide->flow_count = 0;
    wide->owner = *PATTERNS({OWNER_EXE, "jdn*"});
    w.rules[0].presence = PRESENCE_RESERVED;
    struct expectation *narrow = world_expect(&w, TRANSPORT_TCP, 31008, 31008);
    narrow->owner = *PATTERNS({OWNER_EXE, "sshd"});
    world_listener(&w, TRANSPORT_TCP, "0.0.0.0", 31008)->owner.exe = "/usr/sbin/sshd";
    world_judge(&w);
    assert_int_equal(world_finding(&w, wide->key)->verdict, VERDICT_CONFORMING);
    assert_int_equal(world_finding(&w, narrow->key)->verdict, VERDICT_UNPROVEN);
    w.listeners[0].owner.exe = "/usr/bin/nc";
    world_judge(&w);
    assert_int_equal(world_finding(&w, wide->key)->verdict, VERDICT_IMPOSTOR);
    assert_int_equal(world_finding(&w, narrow->key)->verdict, VERDICT_IMPOSTOR);
    world_done(&w);
}

/* The kernel hands a packet to the most specific socket: who holds that one decides. */
static void test_most_specific_listener_decides(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct expectation *e = world_expect(&w, TRANSPORT_TCP, 80, 80);
    e->owner = *PATTERNS({OWNER_EXE, "httpd"});
    world_probe(&w, 0, PROBE_OPEN, REASON_ACCEPTED);
    world_listener(&w, TRANSPORT_TCP, "0.0.0.0", 80)->owner.exe = "/usr/sbin/httpd";
    world_listener(&w, TRANSPORT_TCP, "10.0.1.10", 80)->owner.exe = "/tmp/thief";
    world_judge(&w);
    assert_int_equal(world_finding(&w, e->key)->verdict, VERDICT_IMPOSTOR);
    w.listeners[0].address = w.listeners[1].address = world_address("10.0.1.99");
    w.listeners[0].address = world_address("0.0.0.0");
    w.listeners[0].owner.exe = "/usr/sbin/httpd";
    w.listeners[1].owner.exe = "/tmp/thief";
    world_judge(&w);
    assert_int_equal(world_finding(&w, e->key)->verdict, VERDICT_CONFORMING);
    world_done(&w);
}

static void test_listener_on_device(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct expectation *e = world_expect(&w, TRANSPORT_TCP, 80, 80);
    struct listener *listener = world_listener(&w, TRANSPORT_TCP, "0.0.0.0", 80);
    strcpy(listener->device, "lo");
    world_judge(&w);
    assert_int_equal(world_finding(&w, e->key)->reason, REASON_LOOPBACK_ONLY);
    strcpy(listener->device, "eth1"); /* is 10.0.1.10 on eth1? nobody told */
    world_judge(&w);
    assert_int_equal(world_finding(&w, e->key)->verdict, VERDICT_UNSEEN);
    w.rules[0].scope = SCOPE_HOST;
    world_judge(&w);
    assert_int_equal(world_finding(&w, e->key)->verdict, VERDICT_EXPOSED);
    world_done(&w);
}

/* sk_acceptq_is_full: backlog > limit. At the limit one more is taken, unless the probe was dropped just then. */
static void test_accept_queue(void **state)
{
    (void)state;
    static const struct {
        uint32_t length, limit;
        enum probe_outcome outcome;
        enum verdict verdict;
    } rows[] = {
        {129, 128, PROBE_SILENT, VERDICT_SATURATED},  {128, 128, PROBE_SILENT, VERDICT_SATURATED},
        {127, 128, PROBE_SILENT, VERDICT_FILTERED},   {129, 128, PROBE_NOT_DONE, VERDICT_SATURATED},
        {128, 128, PROBE_NOT_DONE, VERDICT_UNPROVEN}, {0, 0, PROBE_SILENT, VERDICT_FILTERED},
        {1, 0, PROBE_SILENT, VERDICT_SATURATED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct world w;
        world_init(&w);
        struct expectation *e = world_expect(&w, TRANSPORT_TCP, 80, 80);
        struct listener *listener = world_listener(&w, TRANSPORT_TCP, "0.0.0.0", 80);
        listener->queue_known = true;
        listener->queue_length = rows[i].length;
        listener->queue_limit = rows[i].limit;
        world_probe(&w, 0, rows[i].outcome, rows[i].outcome == PROBE_SILENT ? REASON_SILENT : REASON_NONE);
        w.address_seen[0].alive = true;
        world_judge(&w);
        assert_int_equal(world_finding(&w, e->key)->verdict, rows[i].verdict);
        world_done(&w);
    }
}

/* --- second looks ------------------------------------------------------------------------------------------------ */

/* A table of one second before the probe, without the listener that the probe found. */
static struct expectation *contradict(struct world *w)
{
    world_init(w);
    struct expectation *e = world_expect(w, TRANSPORT_TCP, 80, 80);
    world_table(w);
    w->now.mono_ms += 1000;
    world_probe(w, 0, PROBE_OPEN, REASON_ACCEPTED);
    return e;
}

static void test_second_look_is_wanted_once(void **state)
{
    (void)state;
    struct world w;
    contradict(&w);
    assert_true(judge_second_look(&w.plan, &w.seen, 0));
    w.host_seen.listeners_again = &w.again;
    assert_false(judge_second_look(&w.plan, &w.seen, 0));
    w.host_seen.listeners_again = NULL;
    w.table.taken = w.now; /* seen after the probe: it counts */
    assert_false(judge_second_look(&w.plan, &w.seen, 0));
    world_probe(&w, 0, PROBE_REFUSED, REASON_RST); /* and where they agree nobody asks */
    w.table.taken.mono_ms -= 5000;
    assert_false(judge_second_look(&w.plan, &w.seen, 0));
    world_done(&w);
}

static void test_without_second_look_the_probe_alone_counts(void **state)
{
    (void)state;
    struct world w;
    struct expectation *e = contradict(&w);
    world_judge(&w);
    assert_int_equal(world_finding(&w, e->key)->verdict, VERDICT_CONFORMING);
    assert_string_equal(world_finding(&w, e->key)->detail, reason_row(REASON_CONTRADICTION)->text);
    world_done(&w);
}

static void test_second_look_decides(void **state)
{
    (void)state;
    struct world w;
    struct expectation *e = contradict(&w);
    w.again = w.table;
    w.again.items = w.listeners_again;
    w.again.taken = w.now;
    w.host_seen.listeners_again = &w.again;
    world_judge(&w);
    assert_int_equal(world_finding(&w, e->key)->verdict, VERDICT_ELSEWHERE);
    w.listeners_again[0] = (struct listener){
        .transport = TRANSPORT_TCP, .address = world_address("0.0.0.0"), .port = 80, .queue_limit = 5};
    w.again.count = 1;
    world_judge(&w);
    assert_int_equal(world_finding(&w, e->key)->verdict, VERDICT_CONFORMING);
    assert_null(world_finding(&w, e->key)->detail);
    world_done(&w);
}

/* --- signs of life ----------------------------------------------------------------------------------------------- */

static void test_host_down_is_one_finding(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    world_expect(&w, TRANSPORT_TCP, 80, 81);
    struct expectation *other = world_expect(&w, TRANSPORT_TCP, 90, 90);
    world_probe(&w, 0, PROBE_SILENT, REASON_SILENT);
    world_probe(&w, 1, PROBE_SILENT, REASON_NEIGHBOUR_FAILED);
    world_probe(&w, 2, PROBE_STOPPED, REASON_HOST_UNREACHABLE);
    assert_int_equal(world_judge(&w)->count, 3);
    const struct finding *down = world_finding(&w, "mgr01|-|unreachable");
    assert_int_equal(down->verdict, VERDICT_UNREACHABLE);
    assert_int_equal(down->severity, SEVERITY_CRITICAL);
    assert_int_equal(down->port, 0);
    assert_null(down->ports);
    assert_true(world_finding(&w, other->key)->held);
    struct tally tally = snapshot_tally(w.last.snapshot, NULL);
    assert_int_equal(tally.held, 2);
    assert_int_equal(tally.nonconforming, 1);
    w.host.intermittent = true;
    world_judge(&w);
    assert_int_equal(world_finding(&w, "mgr01|-|unreachable")->severity, SEVERITY_OK);
    world_done(&w);
}

static void expect_not_down(struct world *w)
{
    const struct finding_block *block = world_judge(w);
    for (size_t i = 0; i < block->count; i++) {
        assert_int_not_equal(block->items[i].verdict, VERDICT_UNREACHABLE);
        assert_false(block->items[i].held);
    }
}

static void test_what_keeps_a_host_from_being_down(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    w.plan_host.address_count = 2;
    world_expect(&w, TRANSPORT_TCP, 80, 80);
    expect_not_down(&w); /* nobody probed */
    world_probe(&w, 0, PROBE_LOCAL, REASON_NO_DESCRIPTORS);
    world_probe(&w, 1, PROBE_LOCAL, REASON_NO_ROUTE);
    expect_not_down(&w); /* nothing was sent */
    world_probe(&w, 0, PROBE_SILENT, REASON_SILENT);
    world_probe(&w, 1, PROBE_STOPPED, REASON_ADMIN_PROHIBITED);
    expect_not_down(&w); /* a firewall spoke */
    world_probe(&w, 1, PROBE_STOPPED, REASON_UNREACHABLE_BY_ERRNO);
    expect_not_down(&w); /* which code, the kernel did not tell */
    world_probe(&w, 1, PROBE_SILENT, REASON_SILENT);
    w.address_seen[1].alive = true;
    expect_not_down(&w); /* one address lives */
    w.address_seen[1].alive = false;
    w.seen.egress_broken = true;
    expect_not_down(&w); /* we hear nothing at all */
    w.seen.egress_broken = false;
    world_table(&w);
    w.table.source = "kernel";
    expect_not_down(&w); /* its kernel told its listeners */
    w.table.source = "file";
    world_judge(&w);
    assert_int_equal(world_finding(&w, "mgr01|-|unreachable")->verdict, VERDICT_UNREACHABLE);
    world_probe(&w, 1, PROBE_LOCAL, REASON_NO_ROUTE); /* a family that we lack says nothing */
    world_judge(&w);
    assert_int_equal(world_finding(&w, "mgr01|-|unreachable")->verdict, VERDICT_UNREACHABLE);
    world_done(&w);
}

static void test_deaf_vantage_judges_nothing_by_silence(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct expectation *e = world_expect(&w, TRANSPORT_TCP, 80, 80);
    world_probe(&w, 0, PROBE_SILENT, REASON_SILENT);
    w.seen.egress_broken = true;
    world_judge(&w);
    assert_int_equal(world_finding(&w, e->key)->verdict, VERDICT_NOT_JUDGED);
    assert_int_equal(world_finding(&w, e->key)->blame, BLAME_LOCAL);
    assert_non_null(world_finding(&w, e->key)->detail);
    world_table(&w); /* what the listeners prove stays proven */
    world_judge(&w);
    assert_int_equal(world_finding(&w, e->key)->verdict, VERDICT_MISSING);
    world_done(&w);
}

static void test_listeners_that_could_not_be_read(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct expectation *e = world_expect(&w, TRANSPORT_TCP, 80, 80);
    world_table(&w);
    w.table.status = LISTENERS_FAILED;
    w.table.error = -13;
    world_probe(&w, 0, PROBE_OPEN, REASON_ACCEPTED);
    world_judge(&w);
    assert_int_equal(world_finding(&w, e->key)->verdict, VERDICT_CONFORMING);
    const struct finding *unread = world_finding(&w, "mgr01|-|listeners");
    assert_int_equal(unread->verdict, VERDICT_NOT_JUDGED);
    assert_int_equal(unread->severity, SEVERITY_UNKNOWN);
    assert_non_null(unread->detail);
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_owners),
        cmocka_unit_test(test_impostor_on_a_reserved_port),
        cmocka_unit_test(test_dynamic_range_demands_no_program),
        cmocka_unit_test(test_narrowest_rule_explains_whose_program_it_is),
        cmocka_unit_test(test_most_specific_listener_decides),
        cmocka_unit_test(test_listener_on_device),
        cmocka_unit_test(test_accept_queue),
        cmocka_unit_test(test_second_look_is_wanted_once),
        cmocka_unit_test(test_without_second_look_the_probe_alone_counts),
        cmocka_unit_test(test_second_look_decides),
        cmocka_unit_test(test_host_down_is_one_finding),
        cmocka_unit_test(test_what_keeps_a_host_from_being_down),
        cmocka_unit_test(test_deaf_vantage_judges_nothing_by_silence),
        cmocka_unit_test(test_listeners_that_could_not_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
