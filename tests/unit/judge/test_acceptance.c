/* The acceptance test: the responder's answer alone proves a way, and what its absence says depends on whether it is
 * heard at all. */
#include "world.h"

static struct expectation *expect(struct world *w, enum transport transport, uint16_t low, uint16_t high)
{
    w->plan.acceptance = true;
    return world_expect(w, transport, low, high);
}

static void proven(struct world *w, size_t id)
{
    world_probe(w, id, PROBE_OPEN, REASON_SERVICE_PROVEN)->service_proven = true;
}

static void alive(struct world *w)
{
    w->address_seen[0].looked = w->address_seen[0].alive = true;
}

static void expect_told(struct world *w, const struct expectation *e, enum verdict verdict, enum severity severity,
                        enum reason reason)
{
    world_judge(w);
    const struct finding *finding = world_finding(w, e->key);
    if (finding->verdict != verdict || finding->severity != severity || finding->reason != reason)
        fail_msg("%s, %s: %s", verdict_row(finding->verdict)->name, severity_name(finding->severity),
                 reason_row(finding->reason)->name);
}

static void its_answer_proves_the_way(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct expectation *e = expect(&w, TRANSPORT_UDP, 5060, 5060);
    proven(&w, 0);
    expect_told(&w, e, VERDICT_CONFORMING, SEVERITY_OK, REASON_SERVICE_PROVEN);
    world_done(&w);
}

/* tcp 80 is about which the test is; udp 90 tells whether the responder is heard. */
static void probes_and_what_they_say(void **state)
{
    (void)state;
    static const struct {
        enum transport transport;
        enum probe_outcome outcome;
        enum reason reason;
        bool heard, control;
        enum verdict verdict;
        enum severity severity;
        enum reason told;
    } cases[] = {
        {TRANSPORT_TCP, PROBE_OPEN, REASON_ACCEPTED, true, false, VERDICT_UNPROVEN, SEVERITY_WARNING,
         REASON_NOT_THE_RESPONDER},
        {TRANSPORT_TCP, PROBE_OPEN, REASON_ACCEPTED, false, false, VERDICT_UNPROVEN, SEVERITY_WARNING,
         REASON_NO_RESPONDER},
        {TRANSPORT_TCP, PROBE_REFUSED, REASON_RST, true, false, VERDICT_CLOSED, SEVERITY_CRITICAL,
         REASON_NOT_THE_RESPONDER},
        {TRANSPORT_TCP, PROBE_REFUSED, REASON_RST, false, true, VERDICT_CLOSED, SEVERITY_CRITICAL, REASON_NO_RESPONDER},
        {TRANSPORT_TCP, PROBE_STOPPED, REASON_ADMIN_PROHIBITED, false, false, VERDICT_FILTERED, SEVERITY_CRITICAL,
         REASON_ADMIN_PROHIBITED},
        {TRANSPORT_TCP, PROBE_SILENT, REASON_SILENT, true, false, VERDICT_FILTERED, SEVERITY_CRITICAL, REASON_SILENT},
        {TRANSPORT_TCP, PROBE_SILENT, REASON_SILENT, false, false, VERDICT_INDETERMINATE, SEVERITY_UNKNOWN,
         REASON_NO_RESPONDER},
        /* a responder with another key would have taken the call, and a port without one would be refused */
        {TRANSPORT_TCP, PROBE_SILENT, REASON_SILENT, false, true, VERDICT_FILTERED, SEVERITY_CRITICAL, REASON_SILENT},
        {TRANSPORT_UDP, PROBE_SILENT, REASON_SILENT, true, false, VERDICT_FILTERED, SEVERITY_CRITICAL, REASON_SILENT},
        /* whereas a datagram with another key gets no answer */
        {TRANSPORT_UDP, PROBE_SILENT, REASON_SILENT, false, true, VERDICT_INDETERMINATE, SEVERITY_UNKNOWN,
         REASON_NO_RESPONDER},
        {TRANSPORT_UDP, PROBE_REFUSED, REASON_PORT_UNREACHABLE, true, true, VERDICT_CLOSED, SEVERITY_CRITICAL,
         REASON_NOT_THE_RESPONDER},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world w;
        world_init(&w);
        struct expectation *e = expect(&w, cases[i].transport, 80, 80);
        expect(&w, TRANSPORT_UDP, 90, 90);
        world_probe(&w, 0, cases[i].outcome, cases[i].reason);
        world_probe(&w, 1, PROBE_SILENT, REASON_SILENT);
        if (cases[i].heard)
            proven(&w, 1);
        w.address_seen[0].closed_control = w.address_seen[0].udp_control = cases[i].control;
        alive(&w);
        expect_told(&w, e, cases[i].verdict, cases[i].severity, cases[i].told);
        world_done(&w);
    }
}

/* By TCP another program would take the call; by UDP it may well be silent, and only the responder knows of it. */
static void a_silent_datagram_may_be_another_programs(void **state)
{
    (void)state;
    static const enum transport transports[] = {TRANSPORT_TCP, TRANSPORT_UDP};
    for (size_t i = 0; i < 2; i++) {
        struct world w;
        world_init(&w);
        struct expectation *e = expect(&w, transports[i], 80, 81);
        proven(&w, 0);
        world_probe(&w, 1, PROBE_SILENT, REASON_SILENT);
        expect_told(&w, e, VERDICT_FILTERED, SEVERITY_CRITICAL, REASON_SILENT);
        const char *detail = world_finding(&w, e->key)->detail;
        assert_non_null(strstr(detail, "the responder answers at other ports"));
        assert_int_equal(strstr(detail, "another program") != NULL, transports[i] == TRANSPORT_UDP);
        world_done(&w);
    }
}

/* It may be one of those that the responder left shut, for want of descriptors. */
static void silence_without_icmp_messages_is_not_told(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct expectation *e = expect(&w, TRANSPORT_UDP, 80, 81);
    proven(&w, 0);
    world_probe(&w, 1, PROBE_SILENT, REASON_SILENT)->rationed = true;
    expect_told(&w, e, VERDICT_INDETERMINATE, SEVERITY_UNKNOWN, REASON_ICMP_RATIONED);
    world_done(&w);
}

static void an_answer_from_astray_proves_nothing(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct expectation *e = expect(&w, TRANSPORT_TCP, 80, 80);
    proven(&w, 0);
    w.probes[0].wrong_protocol = true;
    expect_told(&w, e, VERDICT_ELSEWHERE, SEVERITY_WARNING, REASON_NOT_THE_RESPONDER);
    /* behind such an address whoever holds it may answer */
    w.addresses[0].kind = ADDRESS_VIP;
    expect_told(&w, e, VERDICT_CONFORMING, SEVERITY_OK, REASON_SERVICE_PROVEN);
    world_done(&w);
}

static void every_port_of_every_kind_is_to_be_reached(void **state)
{
    (void)state;
    static const enum presence presences[] = {PRESENCE_ANY,      PRESENCE_FIRST_FREE, PRESENCE_ONE_OF,
                                              PRESENCE_OPTIONAL, PRESENCE_RESERVED,   PRESENCE_DYNAMIC};
    for (size_t i = 0; i < sizeof(presences) / sizeof(presences[0]); i++) {
        struct world w;
        world_init(&w);
        struct expectation *e = expect(&w, TRANSPORT_TCP, 80, 82);
        w.rules[0].presence = presences[i];
        proven(&w, 0);
        world_probe(&w, 1, PROBE_SILENT, REASON_SILENT);
        proven(&w, 2);
        expect_told(&w, e, VERDICT_FILTERED, SEVERITY_CRITICAL, REASON_SILENT);
        assert_int_equal(world_finding(&w, e->key)->port, 81);
        proven(&w, 1);
        expect_told(&w, e, VERDICT_CONFORMING, SEVERITY_OK, REASON_SERVICE_PROVEN);
        world_done(&w);
    }
}

/* `matrix` has no opening for these, so a firewall may leave them shut; a hole in what is open is told. */
static void what_nobody_needs_a_way_to_may_be_shut(void **state)
{
    (void)state;
    static const enum probe_outcome outcomes[] = {PROBE_SILENT, PROBE_REFUSED, PROBE_STOPPED};
    static const enum presence presences[] = {PRESENCE_RESERVED, PRESENCE_DYNAMIC};
    for (size_t i = 0; i < 6; i++) {
        struct world w;
        world_init(&w);
        struct expectation *e = expect(&w, TRANSPORT_UDP, 80, 82), *other = expect(&w, TRANSPORT_TCP, 90, 90);
        w.rules[0].presence = presences[i / 3];
        for (size_t id = 0; id < 3; id++)
            world_probe(&w, id, outcomes[i % 3], REASON_SILENT);
        proven(&w, 3);
        expect_told(&w, e, VERDICT_UNPROVEN, SEVERITY_OK, REASON_SHUT_AS_DEMANDED);
        assert_int_equal(world_finding(&w, other->key)->verdict, VERDICT_CONFORMING);
        world_done(&w);
    }
    struct world w;
    struct peer peer = {.component = &w.component};
    world_init(&w);
    struct expectation *e = expect(&w, TRANSPORT_UDP, 80, 81), *other = expect(&w, TRANSPORT_TCP, 90, 90);
    w.rules[0].presence = PRESENCE_DYNAMIC;
    w.rules[0].from = &peer;
    w.rules[0].from_count = 1;
    world_probe(&w, 0, PROBE_SILENT, REASON_SILENT);
    world_probe(&w, 1, PROBE_SILENT, REASON_SILENT);
    proven(&w, 2);
    expect_told(&w, e, VERDICT_FILTERED, SEVERITY_CRITICAL, REASON_SILENT);
    assert_int_equal(world_finding(&w, other->key)->verdict, VERDICT_CONFORMING);
    world_done(&w);
}

static void every_address_in_reach_is_to_be_reached(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    w.plan_host.address_count = 2;
    struct expectation *e = expect(&w, TRANSPORT_TCP, 80, 80);
    proven(&w, 0);
    world_probe(&w, 1, PROBE_REFUSED, REASON_RST);
    expect_told(&w, e, VERDICT_CLOSED, SEVERITY_CRITICAL, REASON_NO_RESPONDER);
    /* a family that the vantage has no way to is no obstacle */
    world_probe(&w, 1, PROBE_LOCAL, REASON_NO_ROUTE);
    expect_told(&w, e, VERDICT_CONFORMING, SEVERITY_OK, REASON_SERVICE_PROVEN);
    world_done(&w);
}

static void a_bystander_is_not_alarmed(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct expectation *e = expect(&w, TRANSPORT_TCP, 80, 80), *other = expect(&w, TRANSPORT_TCP, 90, 90);
    world_demand(&w, FLOW_BYSTANDER, SCOPE_NETWORK);
    world_probe(&w, 0, PROBE_SILENT, REASON_SILENT);
    proven(&w, 1);
    expect_told(&w, e, VERDICT_UNPROVEN, SEVERITY_OK, REASON_NOT_A_CALLER);
    /* nor by a firewall that refuses instead of dropping */
    world_probe(&w, 0, PROBE_REFUSED, REASON_RST);
    expect_told(&w, e, VERDICT_UNPROVEN, SEVERITY_OK, REASON_NOT_A_CALLER);
    assert_int_equal(world_finding(&w, other->key)->verdict, VERDICT_CONFORMING);
    world_done(&w);
}

/* Where somebody must not get through, the responder shows a hole as surely as a way. */
static void what_must_not_pass_and_does_is_told(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct expectation *e = expect(&w, TRANSPORT_UDP, 80, 80);
    world_demand(&w, FLOW_MUST_NOT_PASS, SCOPE_NETWORK);
    proven(&w, 0);
    expect_told(&w, e, VERDICT_FORBIDDEN, SEVERITY_WARNING, REASON_MUST_NOT_PASS_OPEN);
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_answer_proves_the_way),
        cmocka_unit_test(probes_and_what_they_say),
        cmocka_unit_test(a_silent_datagram_may_be_another_programs),
        cmocka_unit_test(silence_without_icmp_messages_is_not_told),
        cmocka_unit_test(an_answer_from_astray_proves_nothing),
        cmocka_unit_test(every_port_of_every_kind_is_to_be_reached),
        cmocka_unit_test(what_nobody_needs_a_way_to_may_be_shut),
        cmocka_unit_test(every_address_in_reach_is_to_be_reached),
        cmocka_unit_test(a_bystander_is_not_alarmed),
        cmocka_unit_test(what_must_not_pass_and_does_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
