/* From single ports to findings: presence, addresses and families, groups, samples of large ranges. */
#include "world.h"

static void expect_verdict(struct world *w, const char *key, enum verdict verdict, uint16_t port)
{
    const struct finding *finding = world_finding(w, key);
    if (finding->verdict != verdict || finding->port != port)
        fail_msg("%s: %s at %u", key, verdict_row(finding->verdict)->name, finding->port);
}

static void open_from(struct world *w, size_t from, size_t count)
{
    for (size_t i = from; i < from + count; i++)
        world_probe(w, i, PROBE_OPEN, REASON_ACCEPTED);
}

static void test_required_names_the_first_offender(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct expectation *e = world_expect(&w, TRANSPORT_TCP, 100, 103);
    open_from(&w, 0, 4);
    world_judge(&w);
    expect_verdict(&w, e->key, VERDICT_CONFORMING, 100);
    world_probe(&w, 2, PROBE_REFUSED, REASON_RST);
    world_probe(&w, 3, PROBE_REFUSED, REASON_RST);
    world_judge(&w);
    expect_verdict(&w, e->key, VERDICT_CLOSED, 102);
    assert_string_equal(world_finding(&w, e->key)->ports, "100..103");
    /* worse than unknown, so told instead of it */
    world_probe(&w, 0, PROBE_LOCAL, REASON_NO_DESCRIPTORS);
    world_judge(&w);
    expect_verdict(&w, e->key, VERDICT_CLOSED, 102);
    world_done(&w);
}

static void test_any_needs_one(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct expectation *e = world_expect(&w, TRANSPORT_TCP, 100, 103);
    w.rules[0].presence = PRESENCE_ANY;
    for (size_t i = 0; i < 4; i++)
        world_probe(&w, i, PROBE_REFUSED, REASON_RST);
    world_judge(&w);
    expect_verdict(&w, e->key, VERDICT_CLOSED, 100);
    /* not all are proven shut */
    world_probe(&w, 1, PROBE_SILENT, REASON_SILENT);
    world_judge(&w);
    expect_verdict(&w, e->key, VERDICT_INDETERMINATE, 101);
    world_probe(&w, 3, PROBE_OPEN, REASON_ACCEPTED);
    world_judge(&w);
    expect_verdict(&w, e->key, VERDICT_CONFORMING, 100);
    assert_int_equal(world_finding(&w, e->key)->reason, REASON_ANY_OF_OPEN);
    world_done(&w);
}

static void test_any_open_to_the_wrong_ones_alarms(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct expectation *e = world_expect(&w, TRANSPORT_TCP, 100, 101);
    w.rules[0].presence = PRESENCE_ANY;
    w.rules[0].scope = SCOPE_HOST;
    world_listener(&w, TRANSPORT_TCP, "127.0.0.1", 100);
    world_listener(&w, TRANSPORT_TCP, "0.0.0.0", 101);
    world_judge(&w);
    expect_verdict(&w, e->key, VERDICT_EXPOSED, 101);
    world_done(&w);
}

static void test_first_free_takes_the_first_n(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct expectation *first = world_expect(&w, TRANSPORT_TCP, 100, 103);
    struct expectation *second = world_expect(&w, TRANSPORT_TCP, 100, 103);
    second->key = "mgr01|second|guide/t/2|100";
    w.rules[0].presence = w.rules[1].presence = PRESENCE_FIRST_FREE;
    first->instances = second->instances = 2;
    second->instance_rank = 1;
    world_listener(&w, TRANSPORT_TCP, "0.0.0.0", 100);
    open_from(&w, 0, 1);
    open_from(&w, 4, 1);
    world_judge(&w);
    expect_verdict(&w, first->key, VERDICT_CONFORMING, 100);
    expect_verdict(&w, second->key, VERDICT_MISSING, 101);
    world_done(&w);
}

static void test_first_free_steps_over_other_programs(void **state)
{
    (void)state;
    static const struct owner_pattern ours[] = {{OWNER_EXE, "served"}};
    struct world w;
    world_init(&w);
    struct expectation *e = world_expect(&w, TRANSPORT_TCP, 100, 103);
    w.rules[0].presence = PRESENCE_FIRST_FREE;
    e->owner = (struct owner_patterns){ours, 1};
    world_listener(&w, TRANSPORT_TCP, "0.0.0.0", 100)->owner.exe = "/usr/bin/other";
    world_listener(&w, TRANSPORT_TCP, "0.0.0.0", 101)->owner.exe = "/opt/served";
    open_from(&w, 0, 2);
    world_judge(&w);
    expect_verdict(&w, e->key, VERDICT_CONFORMING, 100);
    /* nothing but other programs' ports and free ones: the first free one is missing */
    w.listeners[1].owner.exe = "/usr/bin/other";
    world_probe(&w, 2, PROBE_REFUSED, REASON_RST);
    world_judge(&w);
    expect_verdict(&w, e->key, VERDICT_MISSING, 102);
    world_done(&w);
}

static void test_first_free_by_probes_alone(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct expectation *e = world_expect(&w, TRANSPORT_TCP, 100, 103);
    w.rules[0].presence = PRESENCE_FIRST_FREE;
    e->instances = 2;
    e->instance_rank = 1;
    for (size_t i = 0; i < 4; i++)
        world_probe(&w, i, PROBE_REFUSED, REASON_RST);
    world_probe(&w, 3, PROBE_OPEN, REASON_ACCEPTED);
    world_judge(&w);
    expect_verdict(&w, e->key, VERDICT_CONFORMING, 100);
    world_done(&w);
}

static void test_sample_of_a_large_range(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct expectation *e = world_expect(&w, TRANSPORT_TCP, 100, 103);
    e->range.high = 119; /* flows for the first four alone */
    open_from(&w, 0, 4);
    world_judge(&w);
    expect_verdict(&w, e->key, VERDICT_CONFORMING, 100);
    /* the listeners of the others speak for themselves */
    for (uint16_t port = 100; port < 116; port++)
        world_listener(&w, TRANSPORT_TCP, "0.0.0.0", port);
    world_judge(&w);
    expect_verdict(&w, e->key, VERDICT_MISSING, 116);
    /* of `any`, what was left out is not proven shut */
    w.host_seen.listeners = NULL;
    w.rules[0].presence = PRESENCE_ANY;
    for (size_t i = 0; i < 4; i++)
        world_probe(&w, i, PROBE_REFUSED, REASON_RST);
    world_judge(&w);
    expect_verdict(&w, e->key, VERDICT_UNPROVEN, 100);
    world_done(&w);
}

/* Of a range of thousands only what is in it is judged; nothing in it may be overlooked. */
static void test_large_ranges(void **state)
{
    (void)state;
    static const struct owner_pattern ours[] = {{OWNER_EXE, "served"}};
    static const struct {
        uint16_t low, high, step, listener, offender; /* offender 0: nothing */
    } rows[] = {
        {1, 65535, 1, 40000, 40000}, {1, 65535, 1, 65535, 65535}, {1, 65535, 1, 1, 1},
        {1, 65535, 2, 40000, 0},     {2, 65534, 2, 40000, 40000}, {5, 63005, 7, 40002, 0},
        {5, 63005, 7, 40003, 40003}, {100, 200, 1, 201, 0},       {100, 200, 1, 99, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct world w;
        world_init(&w);
        struct expectation *e = world_expect(&w, TRANSPORT_UDP, 1, 1);
        e->flow_count = 0;
        e->range = (struct port_range){TRANSPORT_UDP, rows[i].low, rows[i].high, rows[i].step};
        e->owner = (struct owner_patterns){ours, 1};
        w.rules[0].presence = PRESENCE_RESERVED;
        world_listener(&w, TRANSPORT_UDP, "0.0.0.0", rows[i].listener)->owner.exe = "/usr/bin/other";
        world_listener(&w, TRANSPORT_TCP, "0.0.0.0", 30000)->owner.exe = "/usr/bin/other";
        world_judge(&w);
        bool offends = rows[i].offender != 0;
        expect_verdict(&w, e->key, offends ? VERDICT_IMPOSTOR : VERDICT_CONFORMING,
                       offends ? rows[i].offender : rows[i].low);
        /* required: the first free number is missing, before and behind the one that is not */
        w.rules[0].presence = PRESENCE_REQUIRED;
        e->owner.count = 0;
        world_judge(&w);
        expect_verdict(&w, e->key, VERDICT_MISSING,
                       rows[i].offender == rows[i].low ? (uint16_t)(rows[i].low + rows[i].step) : rows[i].low);
        world_done(&w);
    }
}

/* Two addresses, IPv4 and IPv6: which of the four outcomes conform, by family and segment. */
static void test_families(void **state)
{
    (void)state;
    static const struct {
        enum family family;
        const char *segment;
        bool v4_open, v6_open, conforms;
    } rows[] = {
        {FAMILY_ANY, NULL, true, false, true},       {FAMILY_ANY, NULL, false, true, true},
        {FAMILY_ANY, NULL, false, false, false},     {FAMILY_BOTH, NULL, true, false, false},
        {FAMILY_BOTH, NULL, true, true, true},       {FAMILY_ANY, "public", true, false, true},
        {FAMILY_BOTH, "public", false, true, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct world w;
        world_init(&w);
        w.plan_host.address_count = 2;
        struct expectation *e = world_expect(&w, TRANSPORT_TCP, 100, 100);
        w.rules[0].family = rows[i].family;
        w.rules[0].segment = rows[i].segment;
        world_probe(&w, 0, rows[i].v4_open ? PROBE_OPEN : PROBE_REFUSED, REASON_RST);
        world_probe(&w, 1, rows[i].v6_open ? PROBE_OPEN : PROBE_REFUSED, REASON_RST);
        world_judge(&w);
        expect_verdict(&w, e->key, rows[i].conforms ? VERDICT_CONFORMING : VERDICT_CLOSED, 100);
        world_done(&w);
    }
}

static void test_segment_needs_every_address_of_a_family(void **state)
{
    (void)state;
    for (int with_segment = 0; with_segment < 2; with_segment++) {
        struct world w;
        world_init(&w);
        w.addresses[1].address = world_address("10.0.1.11");
        w.plan_host.address_count = 2;
        struct expectation *e = world_expect(&w, TRANSPORT_TCP, 100, 100);
        w.rules[0].segment = with_segment ? "public" : NULL;
        world_probe(&w, 0, PROBE_OPEN, REASON_ACCEPTED);
        world_probe(&w, 1, PROBE_REFUSED, REASON_RST);
        world_judge(&w);
        expect_verdict(&w, e->key, with_segment ? VERDICT_CLOSED : VERDICT_CONFORMING, 100);
        char address[ADDRESS_TEXT];
        assert_string_equal(address_format(&world_finding(&w, e->key)->address, address, sizeof(address)),
                            with_segment ? "10.0.1.11" : "10.0.1.10");
        world_done(&w);
    }
}

/* A vantage without IPv6 must not hide that IPv4 is filtered; its own momentary trouble must. */
static void test_a_family_that_we_lack_is_no_obstacle(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    w.plan_host.address_count = 2;
    struct expectation *e = world_expect(&w, TRANSPORT_TCP, 100, 100);
    world_probe(&w, 0, PROBE_STOPPED, REASON_ADMIN_PROHIBITED);
    world_probe(&w, 1, PROBE_LOCAL, REASON_NO_ROUTE);
    world_judge(&w);
    expect_verdict(&w, e->key, VERDICT_FILTERED, 100);
    world_probe(&w, 1, PROBE_LOCAL, REASON_NO_DESCRIPTORS);
    world_judge(&w);
    expect_verdict(&w, e->key, VERDICT_NOT_JUDGED, 100);
    w.rules[0].family = FAMILY_BOTH;
    world_probe(&w, 0, PROBE_OPEN, REASON_ACCEPTED);
    world_probe(&w, 1, PROBE_LOCAL, REASON_NO_ROUTE);
    world_judge(&w);
    expect_verdict(&w, e->key, VERDICT_NOT_JUDGED, 100);
    world_done(&w);
}

static void test_a_demanded_family_that_the_host_lacks(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct expectation *e = world_expect(&w, TRANSPORT_TCP, 100, 100);
    e->address_count = 0;
    e->flow_count = 0;
    e->no_address = REASON_FAMILY_ABSENT;
    world_judge(&w);
    const struct finding *finding = world_finding(&w, e->key);
    assert_int_equal(finding->verdict, VERDICT_NOT_JUDGED);
    assert_int_equal(finding->blame, BLAME_CONFIG);
    assert_int_equal(finding->class, CLASS_CONFIGURATION);
    assert_int_equal(finding->severity, SEVERITY_UNKNOWN);
    world_done(&w);
}

static void test_one_of_is_one_finding(void **state)
{
    (void)state;
    static const char key[] = "mgr01|manager|one-of:way";
    struct world w;
    world_init(&w);
    world_expect(&w, TRANSPORT_TCP, 80, 80)->group_key = key;
    world_expect(&w, TRANSPORT_TCP, 443, 443)->group_key = key;
    w.rules[0].presence = w.rules[1].presence = PRESENCE_ONE_OF;
    world_table(&w);
    world_probe(&w, 0, PROBE_REFUSED, REASON_RST);
    world_probe(&w, 1, PROBE_REFUSED, REASON_RST);
    assert_int_equal(world_judge(&w)->count, 1);
    expect_verdict(&w, key, VERDICT_MISSING, 80);
    assert_string_equal(world_finding(&w, key)->detail, "one of tcp 80, tcp 443 suffices");
    world_listener(&w, TRANSPORT_TCP, "0.0.0.0", 443);
    world_probe(&w, 1, PROBE_OPEN, REASON_ACCEPTED);
    assert_int_equal(world_judge(&w)->count, 1);
    expect_verdict(&w, key, VERDICT_CONFORMING, 443);
    /* the product listens, and cannot be reached: that says more than the absent alternative */
    world_probe(&w, 1, PROBE_STOPPED, REASON_ADMIN_PROHIBITED);
    world_judge(&w);
    expect_verdict(&w, key, VERDICT_FILTERED, 443);
    world_done(&w);
}

static void test_unset_expectations_have_no_findings(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    world_expect(&w, TRANSPORT_TCP, 16992, 16992)->unset = "amt";
    const struct plan_unset unset = {.guide = &w.guide, .parameter = "amt", .host_count = 2931, .rule_count = 1};
    w.plan.unset = &unset;
    w.plan.unset_count = 1;
    assert_int_equal(world_judge(&w)->count, 0);
    const struct finding_block *site = w.last.snapshot->blocks[0];
    assert_null(site->host);
    assert_int_equal(site->count, 1);
    assert_string_equal(site->items[0].detail, "amt of guide has no value on 2931 hosts: 1 rule is not judged");
    assert_int_equal(site->items[0].verdict, VERDICT_NOT_JUDGED);
    assert_int_equal(site->items[0].blame, BLAME_CONFIG);
    assert_int_equal(site->items[0].severity, SEVERITY_UNKNOWN);
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_required_names_the_first_offender),
        cmocka_unit_test(test_any_needs_one),
        cmocka_unit_test(test_any_open_to_the_wrong_ones_alarms),
        cmocka_unit_test(test_first_free_takes_the_first_n),
        cmocka_unit_test(test_first_free_steps_over_other_programs),
        cmocka_unit_test(test_first_free_by_probes_alone),
        cmocka_unit_test(test_sample_of_a_large_range),
        cmocka_unit_test(test_large_ranges),
        cmocka_unit_test(test_families),
        cmocka_unit_test(test_segment_needs_every_address_of_a_family),
        cmocka_unit_test(test_a_family_that_we_lack_is_no_obstacle),
        cmocka_unit_test(test_a_demanded_family_that_the_host_lacks),
        cmocka_unit_test(test_one_of_is_one_finding),
        cmocka_unit_test(test_unset_expectations_have_no_findings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
