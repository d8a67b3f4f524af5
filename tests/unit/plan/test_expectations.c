/* Which expectations a plan holds, and what each says. */
#include "fixture.h"

static void rules_of_the_roles_component_become_expectations(void **state)
{
    struct fixture *f = *state;
    add_rule(f, "t/1", "manager", "tcp 31000, 31006..31012");
    add_rule(f, "t/2", "agent", "udp 31001");
    add_role(f, add_host(f, "mgr01", "10.0.1.10"), "manager", NULL);
    build(f);
    assert_int_equal(host_of(f, "mgr01")->expectation_count, 2);
    const struct expectation *one = expectation_of(f, "mgr01|manager|g/t/1|tcp-31000");
    const struct expectation *range = expectation_of(f, "mgr01|manager|g/t/1|tcp-31006..31012");
    assert_int_equal(one->range.low, 31000);
    assert_int_equal(one->range.transport, TRANSPORT_TCP);
    assert_int_equal(one->instances, 1);
    assert_false(one->changed);
    assert_null(one->unset);
    assert_int_equal(range->range.high, 31012);
    assert_int_equal(range->flow_count, 7);
    assert_ptr_equal(one->host, &f->hosts[0]);
    assert_ptr_equal(one->damping, &f->hosts[0].damping);
}

/* How often the daemon looks: the rule's word, then the role's, then the host's; 0 leaves it to the site. */
static void the_nearest_interval_counts(void **state)
{
    struct fixture *f = *state;
    add_rule(f, "t/1", "manager", "tcp 80")->interval_s = 15;
    add_rule(f, "t/2", "manager", "tcp 81");
    struct host *own = add_host(f, "mgr01", "10.0.1.10");
    own->interval_s = 300;
    add_role(f, own, "manager", NULL)->interval_s = 30;
    add_role(f, add_host(f, "mgr02", "10.0.1.11"), "manager", NULL);
    build(f);
    assert_int_equal(expectation_of(f, "mgr01|manager|g/t/1|tcp-80")->interval_s, 15);
    assert_int_equal(expectation_of(f, "mgr01|manager|g/t/2|tcp-81")->interval_s, 30);
    assert_int_equal(expectation_of(f, "mgr02|manager|g/t/1|tcp-80")->interval_s, 15);
    assert_int_equal(expectation_of(f, "mgr02|manager|g/t/2|tcp-81")->interval_s, 0);
    add_role(f, own, "manager", "second");
    build(f);
    assert_int_equal(expectation_of(f, "mgr01|second|g/t/2|tcp-81")->interval_s, 300);
}

static void a_component_that_nobody_plays_yields_nothing(void **state)
{
    struct fixture *f = *state;
    add_rule(f, "t/1", "browser", "tcp 8080");
    add_role(f, add_host(f, "mgr01", "10.0.1.10"), "manager", NULL);
    build(f);
    assert_int_equal(host_of(f, "mgr01")->expectation_count, 0);
    assert_int_equal(f->plan->flow_count, 0);
}

static void a_condition_decides_by_the_roles_settings(void **state)
{
    struct fixture *f = *state;
    add_rule(f, "s/1", "manager", "tcp 31080")->when = expression_of(f, "topology == 'single'");
    add_rule(f, "m/1", "manager", "tcp 31090")->when = expression_of(f, "topology == 'multi'");
    add_role(f, add_host(f, "mgr01", "10.0.1.10"), "manager", NULL);
    struct role *multi = add_role(f, add_host(f, "mgr02", "10.0.1.11"), "manager", NULL);
    set(f, &multi->settings, "topology", text_value("multi"));
    build(f);
    assert_int_equal(host_of(f, "mgr01")->expectation_count, 1);
    assert_int_equal(host_of(f, "mgr02")->expectation_count, 1);
    expectation_of(f, "mgr01|manager|g/s/1|tcp-31080");
    expectation_of(f, "mgr02|manager|g/m/1|tcp-31090");
}

static void a_phase_that_is_over_no_longer_decides(void **state)
{
    struct fixture *f = *state;
    add_rule(f, "i/1", "manager", "tcp 31050")->when = expression_of(f, "phase == 'installation'");
    struct role *role = add_role(f, add_host(f, "mgr01", "10.0.1.10"), "manager", NULL);
    struct setting phase = {.guide = &f->guide, .name = "phase", .value = text_value("installation"), .until_ms = 5000};
    role->settings = (struct settings){&phase, 1};
    f->options.wall_ms = 4999;
    build(f);
    assert_int_equal(host_of(f, "mgr01")->expectation_count, 1);
    assert_int_equal(f->plan->wall_ms, 4999);
    f->options.wall_ms = 5000;
    build(f);
    assert_int_equal(host_of(f, "mgr01")->expectation_count, 0);
}

static void ports_are_computed_and_the_key_keeps_the_formula(void **state)
{
    struct fixture *f = *state;
    add_rule(f, "t/1", "router", "tcp 40007 + 40*instance");
    struct role *role = add_role(f, add_host(f, "rtr01", "10.0.1.10"), "router", "rtr-a");
    set(f, &role->settings, "instance", number_value(2));
    build(f);
    const struct expectation *expectation = expectation_of(f, "rtr01|rtr-a|g/t/1|tcp-40007+40*instance");
    assert_int_equal(expectation->range.low, 40087);
    assert_int_equal(expectation->flows[0].port, 40087);
}

static void a_port_that_cannot_be_is_an_error_that_names_the_values(void **state)
{
    struct fixture *f = *state;
    add_rule(f, "t/1", "router", "tcp 40007+40*instance");
    add_rule(f, "t/2", "router", "tcp 60000+instance*70");
    struct role *role = add_role(f, add_host(f, "rtr01", "10.0.1.10"), "router", NULL);
    set(f, &role->settings, "instance", number_value(1000));
    struct plan *untouched = NULL;
    assert_int_equal(plan_build(&f->config, &f->options, &untouched, &f->diags), PC_ESEMANTIC);
    assert_null(untouched);
    assert_int_equal(f->diags.errors, 2); /* both are told in one run */
    assert_non_null(strstr(f->diags.items[0].message, "rtr01"));
    assert_non_null(strstr(f->diags.items[0].message, "1000"));
    assert_int_equal(f->diags.items[0].origin.line, 11);
}

static void nobodys_ports_never_become_expectations(void **state)
{
    struct fixture *f = *state;
    add_rule(f, "t/1", "manager", "udp any, tcp ephemeral, tcp 80");
    add_role(f, add_host(f, "mgr01", "10.0.1.10"), "manager", NULL);
    build(f);
    assert_int_equal(host_of(f, "mgr01")->expectation_count, 1);
}

static void an_unstated_transport_is_the_assumed_one(void **state)
{
    struct fixture *f = *state;
    add_rule(f, "t/1", "manager", "unstated 9092")->assume = TRANSPORT_TCP;
    add_rule(f, "t/2", "manager", "unstated 9094");
    add_role(f, add_host(f, "mgr01", "10.0.1.10"), "manager", NULL);
    build(f);
    assert_int_equal(host_of(f, "mgr01")->expectation_count, 1);
    assert_int_equal(expectation_of(f, "mgr01|manager|g/t/1|tcp-9092")->range.transport, TRANSPORT_TCP);
}

/* --- parameters without value --- */

static void an_unset_parameter_is_told_once_for_the_site(void **state)
{
    struct fixture *f = *state;
    add_rule(f, "t/1", "agent", "tcp 16992, 16993")->when = expression_of(f, "amt");
    add_rule(f, "t/2", "agent", "udp 16994")->when = expression_of(f, "amt");
    add_rule(f, "t/3", "agent", "tcp 31001");
    add_role(f, add_host(f, "pc01", "10.0.1.1"), "agent", NULL);
    add_role(f, add_host(f, "pc02", "10.0.1.2"), "agent", NULL);
    struct role *known = add_role(f, add_host(f, "pc03", "10.0.1.3"), "agent", NULL);
    set(f, &known->settings, "amt", (struct value){.type = VALUE_BOOL, .number = 1});
    build(f);
    assert_int_equal(f->plan->unset_count, 1);
    assert_string_equal(f->plan->unset[0].parameter, "amt");
    assert_ptr_equal(f->plan->unset[0].guide, &f->guide);
    assert_int_equal(f->plan->unset[0].host_count, 2);
    assert_int_equal(f->plan->unset[0].rule_count, 2);
    assert_int_equal(f->plan->unset[0].origin.line, 7);
    const struct expectation *expectation = expectation_of(f, "pc01|agent|g/t/1|tcp-16992");
    assert_string_equal(expectation->unset, "amt");
    assert_int_equal(expectation->flow_count, 0);
    assert_null(expectation_of(f, "pc03|agent|g/t/1|tcp-16992")->unset);
}

static void an_unset_parameter_in_a_formula_is_not_judged_either(void **state)
{
    struct fixture *f = *state;
    f->parameters[2].initial = (struct value){0};
    add_rule(f, "t/1", "router", "tcp 40007+40*instance");
    add_role(f, add_host(f, "rtr01", "10.0.1.1"), "router", "a");
    add_role(f, &f->hosts[0], "router", "b");
    build(f);
    assert_string_equal(expectation_of(f, "rtr01|a|g/t/1|tcp-40007+40*instance")->unset, "instance");
    assert_int_equal(f->plan->unset_count, 1);
    assert_int_equal(f->plan->unset[0].host_count, 1); /* two roles, one host */
    assert_int_equal(f->plan->unset[0].rule_count, 1);
}

static void an_unset_parameter_does_not_matter_where_the_other_side_decides(void **state)
{
    struct fixture *f = *state;
    add_rule(f, "t/1", "agent", "tcp 16992")->when = expression_of(f, "topology == 'multi' && amt");
    add_role(f, add_host(f, "pc01", "10.0.1.1"), "agent", NULL);
    build(f);
    assert_int_equal(f->plan->unset_count, 0);
    assert_int_equal(host_of(f, "pc01")->expectation_count, 0);
}

/* --- the host's own facts --- */

static void a_changed_port_moves_and_keeps_its_key(void **state)
{
    struct fixture *f = *state;
    struct rule *rule = add_rule(f, "t/1", "manager", "tcp 31080, 31081");
    struct host *host = add_host(f, "mgr01", "10.0.1.10");
    add_role(f, host, "manager", NULL);
    struct changed_port change = {.rule = rule, .to = ports_of(f, "tcp 8080, udp 8081")};
    host->changed_ports = &change;
    host->changed_port_count = 1;
    build(f);
    const struct expectation *first = expectation_of(f, "mgr01|manager|g/t/1|tcp-31080");
    assert_true(first->changed);
    assert_int_equal(first->range.low, 8080);
    const struct expectation *second = expectation_of(f, "mgr01|manager|g/t/1|tcp-31081");
    assert_int_equal(second->range.low, 8081);
    assert_int_equal(second->range.transport, TRANSPORT_UDP);
    assert_string_equal(second->item->text, "31081");
}

static void own_rules_have_no_role(void **state)
{
    struct fixture *f = *state;
    struct host *host = add_host(f, "mgr01", "10.0.1.10");
    add_own(f, host, "site/tcp-22", "tcp 22");
    build(f);
    const struct expectation *expectation = expectation_of(f, "mgr01|-|site/tcp-22|tcp-22");
    assert_null(expectation->role);
    assert_int_equal(expectation->severity, SEVERITY_CRITICAL);
    assert_int_equal(expectation->flows[0].demand, FLOW_MUST_PASS);
}

static void the_severity_of_missing_follows_presence_and_overrides(void **state)
{
    struct fixture *f = *state;
    add_rule(f, "t/1", "manager", "tcp 1");
    add_rule(f, "t/2", "manager", "tcp 2");
    add_rule(f, "u/1", "manager", "tcp 3");
    add_rule(f, "u/2", "manager", "tcp 4")->presence = PRESENCE_OPTIONAL;
    add_rule(f, "u/3", "manager", "tcp 5")->presence = PRESENCE_RESERVED;
    struct host *host = add_host(f, "mgr01", "10.0.1.10");
    add_role(f, host, "manager", NULL);
    struct severity_override overrides[] = {
        {.rule = "g/t/*", .verdict = VERDICT_MISSING, .severity = SEVERITY_WARNING},
        {.rule = "g/t/2", .verdict = VERDICT_NONE, .severity = SEVERITY_OK},
        {.rule = "g/t/1", .verdict = VERDICT_FILTERED, .severity = SEVERITY_OK},
        {.rule = "g/u/2", .verdict = VERDICT_NONE, .severity = SEVERITY_CRITICAL},
    };
    host->severities = overrides;
    host->severity_count = 4;
    build(f);
    assert_int_equal(expectation_of(f, "mgr01|manager|g/t/1|tcp-1")->severity, SEVERITY_WARNING);
    assert_int_equal(expectation_of(f, "mgr01|manager|g/t/2|tcp-2")->severity, SEVERITY_OK);
    assert_int_equal(expectation_of(f, "mgr01|manager|g/u/1|tcp-3")->severity, SEVERITY_CRITICAL);
    assert_int_equal(expectation_of(f, "mgr01|manager|g/u/2|tcp-4")->severity, SEVERITY_OK);
    assert_int_equal(expectation_of(f, "mgr01|manager|g/u/3|tcp-5")->severity, SEVERITY_OK);
}

static void the_roles_owner_goes_before_the_rules(void **state)
{
    struct fixture *f = *state;
    struct owner_pattern by_rule = {OWNER_EXE, "jdn*"}, by_role = {OWNER_UNIT, "jp1*.service"};
    add_rule(f, "t/1", "manager", "tcp 1")->owner = (struct owner_patterns){&by_rule, 1};
    add_role(f, add_host(f, "mgr01", "10.0.1.10"), "manager", NULL);
    add_role(f, add_host(f, "mgr02", "10.0.1.11"), "manager", NULL)->owner = (struct owner_patterns){&by_role, 1};
    build(f);
    assert_ptr_equal(expectation_of(f, "mgr01|manager|g/t/1|tcp-1")->owner.items, &by_rule);
    assert_ptr_equal(expectation_of(f, "mgr02|manager|g/t/1|tcp-1")->owner.items, &by_role);
}

/* --- groups and instances --- */

static void members_of_a_group_share_its_key(void **state)
{
    struct fixture *f = *state;
    struct rule *plain = add_rule(f, "t/1", "manager", "tcp 80"), *tls = add_rule(f, "t/2", "manager", "tcp 443");
    plain->presence = tls->presence = PRESENCE_ONE_OF;
    plain->group = tls->group = "web";
    add_rule(f, "t/3", "manager", "tcp 22");
    add_role(f, add_host(f, "mgr01", "10.0.1.10"), "manager", NULL);
    build(f);
    assert_string_equal(expectation_of(f, "mgr01|manager|g/t/1|tcp-80")->group_key, "mgr01|manager|one-of:web");
    /* one pointer, so that nobody has to compare the texts */
    assert_ptr_equal(expectation_of(f, "mgr01|manager|g/t/2|tcp-443")->group_key,
                     expectation_of(f, "mgr01|manager|g/t/1|tcp-80")->group_key);
    assert_null(expectation_of(f, "mgr01|manager|g/t/3|tcp-22")->group_key);
}

static void roles_that_share_a_first_free_range_are_ranked(void **state)
{
    struct fixture *f = *state;
    add_rule(f, "t/1", "router", "tcp 5900..5910")->presence = PRESENCE_FIRST_FREE;
    add_rule(f, "t/2", "router", "tcp 6000..6010");
    struct host *host = add_host(f, "rtr01", "10.0.1.10");
    add_role(f, host, "router", "a");
    add_role(f, host, "router", "b");
    add_role(f, host, "router", "c");
    add_role(f, add_host(f, "rtr02", "10.0.1.11"), "router", "a");
    build(f);
    const struct expectation *third = expectation_of(f, "rtr01|c|g/t/1|tcp-5900..5910");
    assert_int_equal(third->instances, 3);
    assert_int_equal(third->instance_rank, 2);
    assert_int_equal(expectation_of(f, "rtr01|a|g/t/1|tcp-5900..5910")->instance_rank, 0);
    assert_int_equal(expectation_of(f, "rtr01|b|g/t/2|tcp-6000..6010")->instances, 1);
    assert_int_equal(expectation_of(f, "rtr02|a|g/t/1|tcp-5900..5910")->instances, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLAN_TEST(rules_of_the_roles_component_become_expectations),
        PLAN_TEST(the_nearest_interval_counts),
        PLAN_TEST(a_component_that_nobody_plays_yields_nothing),
        PLAN_TEST(a_condition_decides_by_the_roles_settings),
        PLAN_TEST(a_phase_that_is_over_no_longer_decides),
        PLAN_TEST(ports_are_computed_and_the_key_keeps_the_formula),
        PLAN_TEST(a_port_that_cannot_be_is_an_error_that_names_the_values),
        PLAN_TEST(nobodys_ports_never_become_expectations),
        PLAN_TEST(an_unstated_transport_is_the_assumed_one),
        PLAN_TEST(an_unset_parameter_is_told_once_for_the_site),
        PLAN_TEST(an_unset_parameter_in_a_formula_is_not_judged_either),
        PLAN_TEST(an_unset_parameter_does_not_matter_where_the_other_side_decides),
        PLAN_TEST(a_changed_port_moves_and_keeps_its_key),
        PLAN_TEST(own_rules_have_no_role),
        PLAN_TEST(the_severity_of_missing_follows_presence_and_overrides),
        PLAN_TEST(the_roles_owner_goes_before_the_rules),
        PLAN_TEST(members_of_a_group_share_its_key),
        PLAN_TEST(roles_that_share_a_first_free_range_are_ranked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
