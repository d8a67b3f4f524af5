/* Hosts, vantages, addresses, and what a plan can be asked. */
#include "fixture.h"

#include <errno.h>
#include <limits.h>

static void populate(struct fixture *f)
{
    static const char *const alias[] = {"jp1", NULL};
    struct host *host = add_host(f, "mgr01", "10.0.1.10");
    host->alias = (struct string_list){alias, 1};
    add_role(f, host, "manager", NULL);
    add_role(f, add_host(f, "pc01", "10.0.1.50"), "agent", NULL);
    add_rule(f, "t/1", "manager", "tcp 31000");
}

/* --- which hosts --- */

static void all_hosts_are_planned_unless_one_is_asked_for(void **state)
{
    struct fixture *f = *state;
    populate(f);
    assert_int_equal(build(f)->host_count, 2);
    f->options.host = "pc01";
    assert_int_equal(build(f)->host_count, 1);
    assert_string_equal(f->plan->hosts[0].host->name, "pc01");
    f->options.host = "jp1";
    assert_string_equal(build(f)->hosts[0].host->name, "mgr01");
    f->options.host = "10.0.1.10";
    assert_string_equal(build(f)->hosts[0].host->name, "mgr01");
}

static void an_unknown_host_is_told_with_the_nearest(void **state)
{
    struct fixture *f = *state;
    populate(f);
    f->options.host = "mgr02";
    assert_int_equal(plan_build(&f->config, &f->options, &f->plan, &f->diags), -ENOENT);
    assert_null(f->plan);
    assert_non_null(strstr(f->diags.items[0].message, "\"mgr02\""));
    assert_non_null(strstr(f->diags.items[0].hint, "\"mgr01\""));
}

static void an_empty_site_gives_an_empty_plan(void **state)
{
    struct fixture *f = *state;
    build(f);
    assert_int_equal(f->plan->host_count + f->plan->flow_count + f->plan->unset_count, 0);
    assert_string_equal(f->plan->vantage_name, "-");
    plan_free(NULL);
}

/* --- which vantage --- */

static void the_vantage_is_the_named_one(void **state)
{
    struct fixture *f = *state;
    add_vantage(f, "mon1");
    add_vantage(f, "mon2");
    f->options.vantage = "mon2";
    f->options.machine_name = "mon1";
    assert_string_equal(build(f)->vantage_name, "mon2");
    assert_ptr_equal(f->plan->vantage, &f->vantages[1]);
    f->options.vantage = "mon3";
    assert_int_equal(plan_build(&f->config, &f->options, &(struct plan *){NULL}, &f->diags), -ENOENT);
    assert_non_null(strstr(f->diags.items[0].message, "mon3"));
    assert_non_null(f->diags.items[0].hint);
}

static const char *vantage_for(struct fixture *f, const char *machine)
{
    f->options.machine_name = machine;
    return build(f)->vantage_name;
}

static void else_the_machines_own_name_chooses(void **state)
{
    struct fixture *f = *state;
    add_vantage(f, "mon1");
    add_vantage(f, "mon2.example.jp");
    assert_string_equal(vantage_for(f, "mon1"), "mon1");
    assert_string_equal(vantage_for(f, "MON1.example.jp"), "mon1");
    assert_string_equal(vantage_for(f, "mon2"), "mon2.example.jp");
    assert_string_equal(vantage_for(f, "mon2.example.jp"), "mon2.example.jp");
    assert_string_equal(vantage_for(f, "mon2.example.com"), "-"); /* another machine */
    assert_string_equal(vantage_for(f, "mon"), "-");
    assert_string_equal(vantage_for(f, NULL), "-");
    assert_null(f->plan->vantage);
}

static void else_the_only_vantage_is_ours(void **state)
{
    struct fixture *f = *state;
    add_vantage(f, "mon1");
    assert_string_equal(vantage_for(f, "laptop"), "mon1");
    assert_string_equal(vantage_for(f, NULL), "mon1");
}

static void a_host_that_looks_for_itself_acts_as_its_roles(void **state)
{
    struct fixture *f = *state;
    add_vantage(f, "mon1");
    add_role(f, add_host(f, "mgr01", "10.0.1.10"), "manager", NULL);
    assert_string_equal(vantage_for(f, "MGR01.example.jp"), "mgr01");
    assert_non_null(f->plan->vantage);
    assert_int_equal(f->plan->play_count, 1);
    assert_ptr_equal(f->plan->plays[0].component, &f->components[0]);
    add_vantage(f, "mgr01.example.jp"); /* named on purpose: that one's word counts */
    assert_string_equal(vantage_for(f, "mgr01"), "mgr01.example.jp");
    assert_string_equal(vantage_for(f, "mon1"), "mon1");
    assert_int_equal(f->plan->play_count, 0);
}

/* --- addresses --- */

static int lookup_of_tests(void *context, const char *name, struct address **ret)
{
    unsigned *calls = context;
    ++*calls;
    if (strcmp(name, "mgr01.example.jp") != 0)
        return -ENOENT;
    struct address *found = calloc(3, sizeof *found);
    if (found == NULL)
        return -ENOMEM;
    assert_int_equal(address_parse("10.0.1.10", &found[0]), 0);
    assert_int_equal(address_parse("::ffff:10.0.1.10", &found[1]), 0);
    assert_int_equal(address_parse("2001:db8::10", &found[2]), 0);
    *ret = found;
    return 3;
}

static void a_name_contributes_all_its_addresses_once(void **state)
{
    struct fixture *f = *state;
    unsigned calls = 0;
    struct host *host = add_host(f, "mgr01", "10.0.1.10");
    add_address(f, host, "mgr01.example.jp", NULL);
    f->options.lookup = lookup_of_tests;
    f->options.lookup_context = &calls;
    build(f);
    const struct plan_host *planned = host_of(f, "mgr01");
    assert_int_equal(calls, 1);
    assert_int_equal(planned->address_count, 2);
    assert_string_equal(planned->addresses[0].text, "10.0.1.10");
    assert_string_equal(planned->addresses[1].text, "mgr01.example.jp");
    assert_int_equal(planned->addresses[1].address.family, AF_INET6);
}

static void a_name_without_address_is_not_judged_and_told(void **state)
{
    struct fixture *f = *state;
    unsigned calls = 0;
    struct host *host = add_host(f, "mgr01", "gone.example.jp");
    add_role(f, host, "manager", NULL);
    add_rule(f, "t/1", "manager", "tcp 31000");
    f->options.lookup = lookup_of_tests;
    f->options.lookup_context = &calls;
    build(f);
    assert_int_equal(f->diags.errors, 0);
    assert_int_equal(f->diags.warnings, 1);
    const struct expectation *expectation = expectation_of(f, "mgr01|manager|g/t/1|tcp-31000");
    assert_int_equal(expectation->no_address, REASON_NO_ADDRESS);
    assert_int_equal(expectation->address_count, 0);
    assert_int_equal(expectation->flow_count, 0);
}

static void a_program_without_names_says_so_for_the_hosts_of_the_plan_alone(void **state)
{
    struct fixture *f = *state;
    add_host(f, "mgr01", "mgr01.example.jp");
    add_host(f, "mgr02", "mgr02.example.jp");
    add_host(f, "pc01", "10.0.1.50");
    assert_int_equal(plan_build(&f->config, &f->options, &f->plan, &f->diags), PC_ENAMES);
    assert_int_equal(f->diags.errors, 2);
    f->options.host = "pc01";
    build(f);
    assert_int_equal(f->diags.errors, 2);
}

static void a_host_with_one_of_our_addresses_is_this_machine(void **state)
{
    struct fixture *f = *state;
    add_host(f, "a", "10.0.1.10");
    add_host(f, "b", "10.0.1.11");
    add_host(f, "c", "127.0.0.1");
    add_host(f, "d", "::1");
    add_own_address(f, "10.0.1.10");
    build(f);
    assert_true(host_of(f, "a")->is_self);
    assert_false(host_of(f, "b")->is_self);
    assert_true(host_of(f, "c")->is_self);
    assert_true(host_of(f, "d")->is_self);
    assert_int_equal(plan_host_listeners(host_of(f, "a")), LISTENERS_KERNEL);
    assert_int_equal(plan_host_listeners(host_of(f, "b")), LISTENERS_NONE);
}

static void a_wandering_or_common_address_does_not_make_a_host_this_machine(void **state)
{
    struct fixture *f = *state;
    struct host *cluster = add_host(f, "mgr01", "10.0.1.10");
    add_address(f, cluster, "10.0.1.100", NULL);
    struct host_address *addresses = grown(f, cluster->addresses, 2, sizeof *addresses);
    addresses[1].kind = ADDRESS_VIP;
    cluster->addresses = addresses;
    add_address(f, add_host(f, "mgr02", "10.0.1.11"), "127.0.0.1", NULL);
    add_own_address(f, "127.0.0.1");
    add_own_address(f, "10.0.1.100"); /* held by us at the moment */
    build(f);
    assert_false(host_of(f, "mgr01")->is_self);
    assert_false(host_of(f, "mgr02")->is_self);
    add_own_address(f, "10.0.1.11");
    build(f);
    assert_true(host_of(f, "mgr02")->is_self);
}

static const struct expectation *expectation_with(struct fixture *f, const char *segment, enum family family)
{
    f->rules[0].segment = segment;
    f->rules[0].family = family;
    build(f);
    return expectation_of(f, "mgr01|manager|g/t/1|tcp-31000");
}

static void a_rule_is_about_the_addresses_of_its_segment(void **state)
{
    struct fixture *f = *state;
    struct host *host = add_host(f, "mgr01", NULL);
    add_address(f, host, "10.0.1.10", "public");
    add_address(f, host, "10.9.1.10", "private");
    add_address(f, host, "10.0.1.11", "public");
    add_address(f, host, "10.8.1.10", NULL);
    add_role(f, host, "manager", NULL);
    add_rule(f, "t/1", "manager", "tcp 31000");
    assert_int_equal(expectation_with(f, NULL, FAMILY_ANY)->address_count, 4);
    const struct expectation *expectation = expectation_with(f, "public", FAMILY_ANY);
    assert_int_equal(expectation->address_count, 2);
    assert_int_equal(expectation->addresses[1], 2);
    assert_int_equal(expectation->flows[1].address, 2);
    assert_int_equal(expectation->no_address, REASON_NONE);
    expectation = expectation_with(f, "dmz", FAMILY_ANY);
    assert_int_equal(expectation->no_address, REASON_NO_ADDRESS);
    assert_int_equal(expectation->address_count, 0);
}

static void without_segments_on_the_host_all_addresses_count(void **state)
{
    struct fixture *f = *state;
    populate(f);
    assert_int_equal(expectation_with(f, "public", FAMILY_ANY)->address_count, 1);
}

static void a_demanded_family_that_the_host_lacks_is_told(void **state)
{
    struct fixture *f = *state;
    struct host *host = add_host(f, "mgr01", "10.0.1.10");
    add_role(f, host, "manager", NULL);
    add_rule(f, "t/1", "manager", "tcp 31000");
    assert_int_equal(expectation_with(f, NULL, FAMILY_IPV6)->no_address, REASON_FAMILY_ABSENT);
    assert_int_equal(expectation_with(f, NULL, FAMILY_IPV4)->no_address, REASON_NONE);
    assert_int_equal(expectation_with(f, NULL, FAMILY_BOTH)->no_address, REASON_NONE); /* every family it has */
    add_address(f, host, "2001:db8::10", NULL);
    assert_int_equal(expectation_with(f, NULL, FAMILY_IPV6)->addresses[0], 1);
    assert_int_equal(expectation_with(f, NULL, FAMILY_IPV4)->address_count, 1);
    assert_int_equal(expectation_with(f, NULL, FAMILY_BOTH)->address_count, 2);
    assert_int_equal(expectation_with(f, NULL, FAMILY_ANY)->address_count, 2);
}

/* --- finding and telling --- */

static void the_narrowest_expectation_explains_a_port(void **state)
{
    struct fixture *f = *state;
    populate(f);
    add_rule(f, "t/2", "manager", "tcp 1024..65535")->presence = PRESENCE_DYNAMIC;
    add_rule(f, "t/3", "manager", "tcp 31000..31010");
    add_rule(f, "t/4", "manager", "tcp 31005")->presence = PRESENCE_RESERVED;
    add_rule(f, "t/5", "manager", "tcp 31005");
    add_rule(f, "t/6", "manager", "tcp 31007")->when = expression_of(f, "amt");
    add_rule(f, "t/7", "manager", "tcp 5001..5005/2");
    build(f);
    const struct plan_host *host = host_of(f, "mgr01");
    assert_string_equal(plan_host_find(host, TRANSPORT_TCP, 31000)->rule->ref, "t/1");
    assert_string_equal(plan_host_find(host, TRANSPORT_TCP, 31001)->rule->ref, "t/3");
    assert_string_equal(plan_host_find(host, TRANSPORT_TCP, 31005)->rule->ref, "t/5");
    assert_string_equal(plan_host_find(host, TRANSPORT_TCP, 31007)->rule->ref, "t/3");
    assert_string_equal(plan_host_find(host, TRANSPORT_TCP, 5003)->rule->ref, "t/7");
    assert_string_equal(plan_host_find(host, TRANSPORT_TCP, 5002)->rule->ref, "t/2");
    assert_null(plan_host_find(host, TRANSPORT_UDP, 31000));
    assert_null(plan_host_find(host, TRANSPORT_TCP, 80));
    assert_int_equal(expectation_width(plan_host_find(host, TRANSPORT_TCP, 31001)), 11);
    assert_int_equal(expectation_width(plan_host_find(host, TRANSPORT_TCP, 5003)), 3);
    assert_true(expectation_width(expectation_of(f, "mgr01|manager|g/t/6|tcp-31007")) == UINT_MAX);
}

static void assert_peers(const char *expected, const struct rule *rule)
{
    struct text out = {0};
    rule_format_peers(&out, rule);
    assert_string_equal(text_string(&out), expected);
    text_done(&out);
}

static void peers_read_as_the_guide_names_them(void **state)
{
    struct fixture *f = *state;
    struct rule *rule = add_rule(f, "t/1", "manager", "tcp 31000");
    assert_peers("-", rule);
    add_peer(f, rule, "agent", NULL);
    assert_peers("agent", rule);
    add_peer(f, rule, "router", " peer.side != side ");
    assert_peers("agent,router[peer.side != side]", rule);
}

static void assert_callers(const struct fixture *f, const char *expected)
{
    struct text out = {0};
    text_add(&out, "may call: ");
    plan_format_callers(&out, f->plan, expectation_of(f, "mgr01|manager|g/t/1|tcp-31000"));
    assert_string_equal(text_string(&out) + strlen("may call: "), expected);
    text_done(&out);
}

static void callers_are_named_from_the_site(void **state)
{
    struct fixture *f = *state;
    populate(f);
    build(f);
    assert_callers(f, "anybody");
    add_peer(f, &f->rules[0], "browser", NULL);
    build(f);
    assert_callers(f, "browser"); /* nobody of the site: the guide's word */
    add_peer(f, &f->rules[0], "agent", NULL);
    build(f);
    assert_callers(f, "pc01");
    add_role(f, add_host(f, "pc02", "10.0.1.51"), "agent", NULL);
    add_role(f, add_host(f, "pc03", "10.0.1.52"), "agent", NULL);
    build(f);
    assert_callers(f, "pc01, pc02, pc03");
    add_role(f, &f->hosts[3], "agent", "second"); /* a host that plays it twice is one caller */
    add_role(f, add_host(f, "pc04", "10.0.1.53"), "agent", NULL);
    struct played play = {.guide = &f->guide, .component = component_of(f, "agent")};
    f->networks[0] = (struct network){.name = "pc-osaka", .plays = &play, .play_count = 1};
    f->externals[0] = (struct external){.name = "office", .component = component_of(f, "browser")};
    f->site.network_count = f->site.external_count = 1;
    build(f);
    assert_callers(f, "pc01, pc02 ... (4), pc-osaka, office");
}

static void the_listeners_own_host_is_named_only_where_nobody_else_calls(void **state)
{
    struct fixture *f = *state;
    populate(f);
    f->rules[0].scope = SCOPE_HOST;
    build(f);
    assert_callers(f, "the host itself");
    f->rules[0].scope = SCOPE_NETWORK;
    add_peer(f, &f->rules[0], "manager", NULL);
    build(f);
    assert_callers(f, "mgr01 itself");
    add_role(f, add_host(f, "mgr02", "10.0.1.11"), "manager", NULL);
    build(f);
    assert_callers(f, "mgr02");
}

static void callers_satisfy_the_peers_condition(void **state)
{
    struct fixture *f = *state;
    populate(f);
    add_peer(f, &f->rules[0], "router", "peer.side == 'left' && peer.instance == instance");
    set(f, &add_role(f, add_host(f, "rtr01", NULL), "router", NULL)->settings, "side", text_value("left"));
    set(f, &add_role(f, add_host(f, "rtr02", NULL), "router", NULL)->settings, "side", text_value("right"));
    add_role(f, add_host(f, "rtr03", NULL), "router", NULL);
    f->options.host = "mgr01"; /* callers are looked for in the whole site */
    build(f);
    assert_callers(f, "rtr01");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLAN_TEST(all_hosts_are_planned_unless_one_is_asked_for),
        PLAN_TEST(an_unknown_host_is_told_with_the_nearest),
        PLAN_TEST(an_empty_site_gives_an_empty_plan),
        PLAN_TEST(the_vantage_is_the_named_one),
        PLAN_TEST(else_the_machines_own_name_chooses),
        PLAN_TEST(else_the_only_vantage_is_ours),
        PLAN_TEST(a_host_that_looks_for_itself_acts_as_its_roles),
        PLAN_TEST(a_name_contributes_all_its_addresses_once),
        PLAN_TEST(a_name_without_address_is_not_judged_and_told),
        PLAN_TEST(a_program_without_names_says_so_for_the_hosts_of_the_plan_alone),
        PLAN_TEST(a_host_with_one_of_our_addresses_is_this_machine),
        PLAN_TEST(a_wandering_or_common_address_does_not_make_a_host_this_machine),
        PLAN_TEST(a_rule_is_about_the_addresses_of_its_segment),
        PLAN_TEST(without_segments_on_the_host_all_addresses_count),
        PLAN_TEST(a_demanded_family_that_the_host_lacks_is_told),
        PLAN_TEST(the_narrowest_expectation_explains_a_port),
        PLAN_TEST(peers_read_as_the_guide_names_them),
        PLAN_TEST(callers_are_named_from_the_site),
        PLAN_TEST(the_listeners_own_host_is_named_only_where_nobody_else_calls),
        PLAN_TEST(callers_satisfy_the_peers_condition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
