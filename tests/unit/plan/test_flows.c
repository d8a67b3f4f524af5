/* Which flows there are, which of them must pass from here, and which are probed. */
#include "fixture.h"

static const char KEY[] = "mgr01|manager|g/t/1|tcp-31000";

static struct rule *manager_with_rule(struct fixture *f)
{
    add_role(f, add_host(f, "mgr01", "10.0.1.10"), "manager", NULL);
    return add_rule(f, "t/1", "manager", "tcp 31000");
}

static struct rule *manager_called_by_agents(struct fixture *f)
{
    struct rule *rule = manager_with_rule(f);
    add_peer(f, rule, "agent", NULL);
    return rule;
}

/* --- demand --- */

static void without_from_everybody_must_pass(void **state)
{
    struct fixture *f = *state;
    manager_with_rule(f);
    build(f); /* no vantage at all */
    assert_int_equal(demand_of(f, KEY), FLOW_MUST_PASS);
    add_vantage(f, "mon1");
    f->site.segmentation = true;
    build(f);
    assert_int_equal(demand_of(f, KEY), FLOW_MUST_PASS);
}

static void a_vantage_must_pass_where_it_acts_as_a_caller(void **state)
{
    struct fixture *f = *state;
    manager_called_by_agents(f);
    build(f);
    assert_int_equal(demand_of(f, KEY), FLOW_BYSTANDER);
    struct vantage *vantage = add_vantage(f, "mon1");
    build(f);
    assert_int_equal(demand_of(f, KEY), FLOW_BYSTANDER);
    add_play(f, vantage, "browser");
    build(f);
    assert_int_equal(demand_of(f, KEY), FLOW_BYSTANDER);
    add_play(f, vantage, "agent");
    build(f);
    assert_int_equal(demand_of(f, KEY), FLOW_MUST_PASS);
    assert_true(is_probed(expectation_of(f, KEY)));
}

static void a_permitted_vantage_must_pass_everywhere_but_into_a_host(void **state)
{
    struct fixture *f = *state;
    manager_called_by_agents(f);
    add_rule(f, "t/2", "manager", "tcp 31006")->scope = SCOPE_HOST;
    add_vantage(f, "mon1")->permitted = true;
    f->site.segmentation = true;
    build(f);
    assert_int_equal(demand_of(f, KEY), FLOW_MUST_PASS);
    const struct flow *flow = &expectation_of(f, "mgr01|manager|g/t/2|tcp-31006")->flows[0];
    assert_int_equal(flow->demand, FLOW_MUST_NOT_PASS);
    assert_int_equal(flow->why, SCOPE_HOST);
}

static void segmentation_keeps_out_who_is_not_named(void **state)
{
    struct fixture *f = *state;
    manager_called_by_agents(f);
    struct rule *peers = add_rule(f, "t/2", "manager", "tcp 31006");
    peers->scope = SCOPE_PEERS;
    add_peer(f, peers, "router", NULL);
    f->site.segmentation = true;
    build(f);
    assert_int_equal(demand_of(f, KEY), FLOW_BYSTANDER); /* nobody looks from anywhere in particular */
    struct vantage *vantage = add_vantage(f, "mon1");
    build(f);
    const struct expectation *named = expectation_of(f, "mgr01|manager|g/t/2|tcp-31006");
    assert_int_equal(demand_of(f, KEY), FLOW_MUST_NOT_PASS);
    assert_int_equal(expectation_of(f, KEY)->flows[0].why, SCOPE_NETWORK);
    assert_int_equal(named->flows[0].demand, FLOW_MUST_NOT_PASS);
    assert_int_equal(named->flows[0].why, SCOPE_PEERS);
    add_play(f, vantage, "router");
    build(f);
    assert_int_equal(demand_of(f, "mgr01|manager|g/t/2|tcp-31006"), FLOW_MUST_PASS);
}

static void a_vantage_that_is_a_host_acts_as_its_roles(void **state)
{
    struct fixture *f = *state;
    manager_called_by_agents(f);
    add_role(f, add_host(f, "mon1", "10.0.1.50"), "agent", NULL);
    add_vantage(f, "mon1");
    build(f);
    assert_int_equal(f->plan->play_count, 1);
    assert_int_equal(demand_of(f, KEY), FLOW_MUST_PASS);
}

/* --- peer conditions --- */

static struct role *routers_of_two_sides(struct fixture *f)
{
    struct rule *rule = add_rule(f, "t/1", "router", "tcp 40000");
    add_peer(f, rule, "router", "peer.instance == instance && peer.side != side");
    struct role *role = add_role(f, add_host(f, "rtr01", "10.0.1.10"), "router", NULL);
    set(f, &role->settings, "side", text_value("left"));
    return role;
}

static const char ROUTER_KEY[] = "rtr01|router|g/t/1|tcp-40000";

static void a_peer_condition_looks_at_both_sides(void **state)
{
    struct fixture *f = *state;
    routers_of_two_sides(f);
    struct played *play = add_play(f, add_vantage(f, "mon1"), "router");
    set(f, &play->settings, "side", text_value("right"));
    build(f);
    assert_int_equal(demand_of(f, ROUTER_KEY), FLOW_MUST_PASS);
    set(f, &play->settings, "side", text_value("left"));
    build(f);
    assert_int_equal(demand_of(f, ROUTER_KEY), FLOW_BYSTANDER);
    f->site.segmentation = true;
    build(f);
    assert_int_equal(demand_of(f, ROUTER_KEY), FLOW_MUST_NOT_PASS);
    set(f, &play->settings, "side", text_value("right"));
    set(f, &play->settings, "instance", number_value(1));
    build(f);
    assert_int_equal(demand_of(f, ROUTER_KEY), FLOW_MUST_NOT_PASS);
}

static void an_unset_parameter_of_the_peer_makes_a_bystander(void **state)
{
    struct fixture *f = *state;
    routers_of_two_sides(f);
    struct vantage *vantage = add_vantage(f, "mon1");
    add_play(f, vantage, "router"); /* side has no value */
    f->site.segmentation = true;
    build(f);
    assert_int_equal(demand_of(f, ROUTER_KEY), FLOW_BYSTANDER);
    /* but where another of its parts surely calls, that decides */
    struct played *other = add_play(f, vantage, "router");
    set(f, &other->settings, "side", text_value("right"));
    build(f);
    assert_int_equal(demand_of(f, ROUTER_KEY), FLOW_MUST_PASS);
}

/* --- every combination --- */

/* Who is named, as the vantage sees it, and who looks. */
enum named { NAMED_NOBODY, NAMED_US, NAMED_OTHERS, NAMED_PERHAPS_US, NAMED_COUNT };
enum looks { LOOKS_NOBODY, LOOKS_PLAIN, LOOKS_PERMITTED, LOOKS_COUNT };

struct combination {
    enum scope scope;
    enum named named;
    enum looks looks;
    bool segmentation;
};

static void arrange(struct fixture *f, const struct combination *combination)
{
    manager_with_rule(f)->scope = combination->scope;
    struct rule *rule = &f->rules[0];
    if (combination->named == NAMED_US)
        add_peer(f, rule, "agent", NULL);
    if (combination->named == NAMED_OTHERS || combination->named == NAMED_US)
        add_peer(f, rule, "browser", NULL);
    if (combination->named == NAMED_PERHAPS_US)
        add_peer(f, rule, "agent", "peer.side == 'left'"); /* side has no value */
    f->site.segmentation = combination->segmentation;
    if (combination->looks == LOOKS_NOBODY)
        return;
    struct vantage *vantage = add_vantage(f, "mon1");
    vantage->permitted = combination->looks == LOOKS_PERMITTED;
    add_play(f, vantage, "agent");
}

static void assert_demand(const struct combination *c, const struct flow *flow)
{
    bool looks = c->looks != LOOKS_NOBODY;
    bool kept_out = c->segmentation && looks && c->named == NAMED_OTHERS;
    if (c->scope == SCOPE_HOST) {
        assert_int_equal(flow->demand, FLOW_MUST_NOT_PASS);
        assert_int_equal(flow->why, SCOPE_HOST);
    } else if (c->named == NAMED_NOBODY || c->looks == LOOKS_PERMITTED || (looks && c->named == NAMED_US)) {
        assert_int_equal(flow->demand, FLOW_MUST_PASS);
    } else if (kept_out) {
        assert_int_equal(flow->demand, FLOW_MUST_NOT_PASS);
        assert_int_equal(flow->why, c->scope);
    } else {
        assert_int_equal(flow->demand, FLOW_BYSTANDER);
    }
    assert_int_equal(flow->id, 0); /* whatever is demanded, it is looked at */
}

static void every_combination_has_the_demand_of_the_design(void **state)
{
    (void)state;
    size_t tried = 0;
    for (unsigned i = 0; i < 3 * NAMED_COUNT * LOOKS_COUNT * 2; i++) {
        struct combination combination = {.scope = (enum scope)(i % 3),
                                          .named = (enum named)(i / 3 % NAMED_COUNT),
                                          .looks = (enum looks)(i / 3 / NAMED_COUNT % LOOKS_COUNT),
                                          .segmentation = i / 3 / NAMED_COUNT / LOOKS_COUNT != 0};
        void *fresh = NULL;
        if (fixture_setup(&fresh) != 0 || fresh == NULL)
            abort();
        struct fixture *f = fresh;
        arrange(f, &combination);
        build(f);
        assert_int_equal(expectation_of(f, KEY)->flow_count, 1);
        assert_demand(&combination, &expectation_of(f, KEY)->flows[0]);
        fixture_teardown(&fresh);
        tried++;
    }
    assert_int_equal(tried, 72);
}

/* --- what is probed --- */

static bool probed_after(struct fixture *f)
{
    build(f);
    return is_probed(expectation_of(f, KEY));
}

static void multicast_is_never_probed(void **state)
{
    struct fixture *f = *state;
    struct rule *rule = manager_with_rule(f);
    assert_true(probed_after(f));
    rule->multicast = true;
    assert_false(probed_after(f));
    assert_int_equal(f->plan->flow_count, 0);
    assert_int_equal(expectation_of(f, KEY)->flow_count, 1); /* the demand is still known */
}

static void probe_none_is_heard_on_rule_role_and_host(void **state)
{
    struct fixture *f = *state;
    struct rule *rule = manager_with_rule(f);
    struct host *host = &f->hosts[0];
    rule->probe = PROBE_POLICY_NONE;
    assert_false(probed_after(f));
    rule->probe = PROBE_POLICY_AUTO;
    host->probe = PROBE_POLICY_NONE;
    assert_false(probed_after(f));
    struct role role = host->roles[0];
    role.probe = PROBE_POLICY_AUTO;
    role.probe_given = true;
    host->roles = &role;
    assert_true(probed_after(f)); /* the nearest wins */
    host->probe = PROBE_POLICY_AUTO;
    role.probe = PROBE_POLICY_NONE;
    assert_false(probed_after(f));
}

static void reserved_and_dynamic_ports_are_not_looked_at_from_outside(void **state)
{
    struct fixture *f = *state;
    struct rule *rule = manager_with_rule(f);
    rule->presence = PRESENCE_RESERVED;
    build(f);
    assert_int_equal(expectation_of(f, KEY)->flow_count, 0);
    rule->presence = PRESENCE_DYNAMIC;
    rule->scope = SCOPE_HOST;
    build(f);
    assert_int_equal(expectation_of(f, KEY)->flow_count, 0);
    rule->presence = PRESENCE_RESERVED; /* and for the host alone: who else gets in matters */
    assert_true(probed_after(f));
    rule->presence = PRESENCE_OPTIONAL;
    rule->scope = SCOPE_NETWORK;
    assert_true(probed_after(f));
}

static void exposure_is_looked_for_from_outside_alone(void **state)
{
    struct fixture *f = *state;
    struct rule *rule = manager_with_rule(f);
    rule->scope = SCOPE_HOST;
    assert_true(probed_after(f));
    f->options.exposure = false;
    assert_false(probed_after(f));
    assert_int_equal(demand_of(f, KEY), FLOW_MUST_NOT_PASS);
    f->options.exposure = true;
    add_own_address(f, "10.0.1.10");
    assert_false(probed_after(f));
    add_address(f, &f->hosts[0], "10.0.1.11", NULL); /* a virtual address that is elsewhere at the moment */
    build(f);
    const struct expectation *expectation = expectation_of(f, KEY);
    assert_int_equal(expectation->flow_count, 2);
    assert_int_equal(expectation->flows[0].id, SIZE_MAX);
    assert_int_equal(expectation->flows[1].id, 0);
}

static void loopback_of_another_machine_is_not_probed(void **state)
{
    struct fixture *f = *state;
    manager_with_rule(f);
    add_address(f, &f->hosts[0], "127.0.0.1", NULL);
    build(f);
    assert_int_equal(expectation_of(f, KEY)->flows[0].id, 0);
    assert_int_equal(expectation_of(f, KEY)->flows[1].id, SIZE_MAX); /* it would look at ourselves */
    add_own_address(f, "10.0.1.10");
    build(f);
    assert_int_equal(expectation_of(f, KEY)->flows[1].id, 1);
    f->hosts[0].netns = "/run/netns/mgr01";
    build(f);
    assert_int_equal(expectation_of(f, KEY)->flows[1].id, SIZE_MAX);
}

static void fragile_ports_are_left_alone_where_listeners_are_seen(void **state)
{
    struct fixture *f = *state;
    manager_with_rule(f)->fragile = true;
    struct host *host = &f->hosts[0];
    assert_true(probed_after(f)); /* auto, and not this machine: probing is all there is */
    host->listeners = LISTENERS_FILE;
    assert_false(probed_after(f));
    host->listeners = LISTENERS_NONE;
    assert_true(probed_after(f));
    host->listeners = LISTENERS_AUTO;
    add_own_address(f, "10.0.1.10");
    assert_false(probed_after(f));
    assert_int_equal(plan_host_listeners(host_of(f, "mgr01")), LISTENERS_KERNEL);
}

static void firmware_ports_are_probed_as_usual(void **state)
{
    struct fixture *f = *state;
    manager_with_rule(f)->outside_os = true;
    assert_true(probed_after(f));
}

/* --- ports and ids --- */

static void a_large_range_is_sampled_from_end_to_end(void **state)
{
    struct fixture *f = *state;
    add_role(f, add_host(f, "mgr01", "10.0.1.10"), "manager", NULL);
    add_rule(f, "t/1", "manager", "tcp 39500..39999");
    add_rule(f, "t/2", "manager", "udp 5001..5191/2");
    add_rule(f, "t/3", "manager", "tcp 1..64");
    add_rule(f, "t/4", "manager", "tcp 1..65535");
    build(f);
    static const struct {
        const char *key;
        uint16_t first, second, last;
    } expected[] = {
        {"mgr01|manager|g/t/1|tcp-39500..39999", 39500, 39507, 39999},
        {"mgr01|manager|g/t/2|udp-5001..5191/2", 5001, 5003, 5191},
        {"mgr01|manager|g/t/3|tcp-1..64", 1, 2, 64},
        {"mgr01|manager|g/t/4|tcp-1..65535", 1, 1041, 65535},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const struct expectation *expectation = expectation_of(f, expected[i].key);
        assert_int_equal(expectation->ports_sampled, PLAN_PORTS_WHOLE);
        assert_int_equal(expectation->flow_count, PLAN_PORTS_WHOLE);
        assert_int_equal(expectation->flows[0].port, expected[i].first);
        assert_int_equal(expectation->flows[1].port, expected[i].second);
        assert_int_equal(expectation->flows[PLAN_PORTS_WHOLE - 1].port, expected[i].last);
        for (size_t k = 1; k < expectation->flow_count; k++) {
            assert_true(expectation->flows[k].port > expectation->flows[k - 1].port);
            assert_true(port_range_contains(&expectation->range, expectation->flows[k].port));
        }
    }
}

static void a_large_first_free_range_is_looked_at_from_its_beginning(void **state)
{
    struct fixture *f = *state;
    add_role(f, add_host(f, "mgr01", "10.0.1.10"), "manager", NULL);
    add_rule(f, "t/1", "manager", "tcp 5000..5999")->presence = PRESENCE_FIRST_FREE;
    build(f);
    const struct expectation *expectation = expectation_of(f, "mgr01|manager|g/t/1|tcp-5000..5999");
    assert_int_equal(expectation->flows[63].port, 5063);
    assert_int_equal(expectation->ports_sampled, 64);
}

static void the_acceptance_test_asks_for_the_way_to_all_ports(void **state)
{
    struct fixture *f = *state;
    add_role(f, add_host(f, "mgr01", "10.0.1.10"), "manager", NULL);
    add_rule(f, "t/1", "manager", "tcp 5000..5999")->presence = PRESENCE_FIRST_FREE;
    add_rule(f, "t/2", "manager", "udp 16384..32767")->presence = PRESENCE_DYNAMIC;
    struct rule *member = add_rule(f, "t/3", "manager", "tcp 80");
    member->presence = PRESENCE_ONE_OF;
    member->group = "web";
    f->options.acceptance = true;
    build(f);
    const struct expectation *expectation = expectation_of(f, "mgr01|manager|g/t/1|tcp-5000..5999");
    assert_int_equal(expectation->flows[63].port, 5999);
    expectation = expectation_of(f, "mgr01|manager|g/t/2|udp-16384..32767");
    assert_true(is_probed(expectation));
    assert_int_equal(expectation->flows[0].port, 16384);
    assert_int_equal(expectation->flows[63].port, 32767);
    assert_null(expectation_of(f, "mgr01|manager|g/t/3|tcp-80")->group_key);
}

static void each_address_has_its_flows(void **state)
{
    struct fixture *f = *state;
    struct host *host = add_host(f, "mgr01", "10.0.1.10");
    add_address(f, host, "2001:db8::10", NULL);
    add_role(f, host, "manager", NULL);
    add_rule(f, "t/1", "manager", "tcp 31006..31008");
    build(f);
    const struct expectation *expectation = expectation_of(f, "mgr01|manager|g/t/1|tcp-31006..31008");
    assert_int_equal(expectation->flow_count, 6);
    assert_int_equal(expectation->ports_sampled, 3);
    assert_int_equal(expectation->flows[2].address, 0);
    assert_int_equal(expectation->flows[2].port, 31008);
    assert_int_equal(expectation->flows[3].address, 1);
    assert_int_equal(expectation->flows[3].port, 31006);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(expectation->flows[i].id, i);
}

static void flows_to_one_target_share_an_id(void **state)
{
    struct fixture *f = *state;
    struct host *host = add_host(f, "mgr01", "10.0.1.10");
    add_role(f, host, "manager", NULL);
    add_role(f, host, "agent", NULL);
    add_rule(f, "t/1", "manager", "tcp 22");
    add_rule(f, "t/2", "manager", "tcp 443")->service = service_find("https");
    add_rule(f, "t/3", "agent", "tcp 443, 22, udp 22");
    add_role(f, add_host(f, "mgr02", "10.0.1.11"), "manager", NULL);
    build(f);
    assert_int_equal(expectation_of(f, "mgr01|manager|g/t/1|tcp-22")->flows[0].id, 0);
    assert_int_equal(expectation_of(f, "mgr01|manager|g/t/2|tcp-443")->flows[0].id, 1);
    /* another question is asked there: it has a probe of its own */
    assert_int_equal(expectation_of(f, "mgr01|agent|g/t/3|tcp-443")->flows[0].id, 2);
    assert_int_equal(expectation_of(f, "mgr01|agent|g/t/3|tcp-22")->flows[0].id, 0);
    assert_int_equal(expectation_of(f, "mgr01|agent|g/t/3|udp-22")->flows[0].id, 3);
    assert_int_equal(expectation_of(f, "mgr02|manager|g/t/1|tcp-22")->flows[0].id, 4);
    assert_int_equal(f->plan->flow_count, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLAN_TEST(without_from_everybody_must_pass),
        PLAN_TEST(a_vantage_must_pass_where_it_acts_as_a_caller),
        PLAN_TEST(a_permitted_vantage_must_pass_everywhere_but_into_a_host),
        PLAN_TEST(segmentation_keeps_out_who_is_not_named),
        PLAN_TEST(a_vantage_that_is_a_host_acts_as_its_roles),
        PLAN_TEST(a_peer_condition_looks_at_both_sides),
        PLAN_TEST(an_unset_parameter_of_the_peer_makes_a_bystander),
        cmocka_unit_test(every_combination_has_the_demand_of_the_design),
        PLAN_TEST(multicast_is_never_probed),
        PLAN_TEST(probe_none_is_heard_on_rule_role_and_host),
        PLAN_TEST(reserved_and_dynamic_ports_are_not_looked_at_from_outside),
        PLAN_TEST(exposure_is_looked_for_from_outside_alone),
        PLAN_TEST(loopback_of_another_machine_is_not_probed),
        PLAN_TEST(fragile_ports_are_left_alone_where_listeners_are_seen),
        PLAN_TEST(firmware_ports_are_probed_as_usual),
        PLAN_TEST(a_large_range_is_sampled_from_end_to_end),
        PLAN_TEST(a_large_first_free_range_is_looked_at_from_its_beginning),
        PLAN_TEST(the_acceptance_test_asks_for_the_way_to_all_ports),
        PLAN_TEST(each_address_has_its_flows),
        PLAN_TEST(flows_to_one_target_share_an_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
