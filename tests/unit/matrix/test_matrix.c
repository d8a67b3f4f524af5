/* Who must reach whom: what becomes an opening, what a question, and what neither. */
#include "openings.h"

/* --- who calls whom ---------------------------------------------------------------------------------------------- */

static void a_caller_meets_each_listener(void **state)
{
    struct openings *o = *state;
    add_role(o->f, add_host(o->f, "mgr01", "10.0.1.10"), "manager", NULL);
    add_role(o->f, add_host(o->f, "pc02", "10.0.1.52"), "agent", NULL);
    add_role(o->f, add_host(o->f, "pc01", "10.0.1.51"), "agent", NULL);
    called_rule(o->f, "t/1", "agent", "tcp 31001", "manager");
    called_rule(o->f, "t/2", "manager", "tcp 31000", "agent");
    assert_string_equal(told(o), "pc01 10.0.1.51 > mgr01 10.0.1.10 tcp 31000 g/t/2\n"
                                 "pc02 10.0.1.52 > mgr01 10.0.1.10 tcp 31000 g/t/2\n"
                                 "mgr01 10.0.1.10 > pc01 10.0.1.51 tcp 31001 g/t/1\n"
                                 "mgr01 10.0.1.10 > pc02 10.0.1.52 tcp 31001 g/t/1\n");
}

static void a_rule_without_callers_is_for_anybody(void **state)
{
    struct openings *o = *state;
    struct host *host = add_host(o->f, "mgr01", "10.0.1.10");
    add_own(o->f, host, "site/tcp-22", "tcp 22")->about = "Administrators log in";
    assert_string_equal(told(o), "anybody > mgr01 10.0.1.10 tcp 22 site/tcp-22\n");
    assert_int_equal(o->matrix->openings[0].source->kind, END_ANYBODY);
    assert_string_equal(opening_about(&o->matrix->openings[0]), "Administrators log in");
}

static void a_host_does_not_call_itself(void **state)
{
    struct openings *o = *state;
    struct host *one = add_host(o->f, "rt1", "10.0.1.1");
    add_role(o->f, one, "router", "a");
    add_role(o->f, one, "router", "b");
    called_rule(o->f, "t/1", "router", "tcp 40007", "router");
    assert_string_equal(told(o), "");
    add_role(o->f, add_host(o->f, "rt2", "10.0.1.2"), "router", NULL);
    assert_string_equal(told(o), "rt2 10.0.1.2 > rt1 10.0.1.1 tcp 40007 g/t/1\n"
                                 "rt1 10.0.1.1 > rt2 10.0.1.2 tcp 40007 g/t/1\n");
}

static void what_others_need_not_reach_is_no_opening(void **state)
{
    struct openings *o = *state;
    add_role(o->f, add_host(o->f, "mgr01", "10.0.1.10"), "manager", NULL);
    add_role(o->f, add_host(o->f, "pc01", "10.0.1.51"), "agent", NULL);
    add_rule(o->f, "t/host", "manager", "tcp 1")->scope = SCOPE_HOST;
    add_rule(o->f, "t/reserved", "manager", "tcp 2")->presence = PRESENCE_RESERVED;
    add_rule(o->f, "t/dynamic", "manager", "tcp 3")->presence = PRESENCE_DYNAMIC;
    add_rule(o->f, "t/multicast", "manager", "udp 4")->multicast = true;
    called_rule(o->f, "t/any", "manager", "udp any", "agent");
    add_rule(o->f, "t/elsewhere", "router", "tcp 5");
    assert_string_equal(told(o), "");
    /* somebody is named: the range is needed */
    called_rule(o->f, "t/media", "manager", "udp 6..9", "agent")->presence = PRESENCE_DYNAMIC;
    called_rule(o->f, "t/optional", "manager", "tcp 10", "agent")->presence = PRESENCE_OPTIONAL;
    assert_string_equal(told(o), "pc01 10.0.1.51 > mgr01 10.0.1.10 tcp 10 g/t/optional\n"
                                 "pc01 10.0.1.51 > mgr01 10.0.1.10 udp 6..9 g/t/media\n");
}

static void a_condition_over_both_sides_decides(void **state)
{
    struct openings *o = *state;
    static const char *const names[] = {"rta1", "rta2", "rtb1"};
    static const char *const sides[] = {"a", "a", "b"};
    for (size_t i = 0; i < 3; i++) {
        char *address = arena_printf(o->f->arena, "10.0.1.%zu", i + 1);
        struct role *role = add_role(o->f, add_host(o->f, names[i], address), "router", NULL);
        set(o->f, &role->settings, "side", text_value(sides[i]));
    }
    add_peer(o->f, add_rule(o->f, "t/1", "router", "tcp 40007"), "router", "peer.side != side");
    assert_string_equal(told(o), "rtb1 10.0.1.3 > rta1 10.0.1.1 tcp 40007 g/t/1\n"
                                 "rtb1 10.0.1.3 > rta2 10.0.1.2 tcp 40007 g/t/1\n"
                                 "rta1 10.0.1.1 > rtb1 10.0.1.3 tcp 40007 g/t/1\n"
                                 "rta2 10.0.1.2 > rtb1 10.0.1.3 tcp 40007 g/t/1\n");
}

static void numbers_come_before_words_in_names(void **state)
{
    struct openings *o = *state;
    add_role(o->f, add_host(o->f, "pc10", "10.0.1.10"), "agent", NULL);
    add_role(o->f, add_host(o->f, "pc9", "10.0.1.9"), "agent", NULL);
    add_rule(o->f, "t/1", "agent", "tcp 80");
    assert_string_equal(told(o), "anybody > pc9 10.0.1.9 tcp 80 g/t/1\nanybody > pc10 10.0.1.10 tcp 80 g/t/1\n");
}

static void a_vantage_calls_only_where_it_is_asked_for(void **state)
{
    struct openings *o = *state;
    add_role(o->f, add_host(o->f, "mgr01", "10.0.1.10"), "manager", NULL);
    called_rule(o->f, "t/1", "manager", "tcp 31080", "browser");
    struct vantage *vantage = add_vantage(o->f, "mon1");
    add_play(o->f, vantage, "browser");
    assert_string_equal(told(o), "? who plays browser of g? It calls mgr01 (g/t/1)\n");
    o->options.vantage = vantage;
    assert_string_equal(told(o),
                        "? which address has mon1 that others see? Nothing that fits stands with mon1 (g/t/1)\n");
    assert_int_equal(address_parse("10.0.0.5", &vantage->source), 0);
    assert_string_equal(told(o), "mon1 10.0.0.5 > mgr01 10.0.1.10 tcp 31080 g/t/1\n");
    assert_string_equal(end_kind_name(o->matrix->openings[0].source->kind), "vantage");
    /* the vantage is that host */
    o->f->hosts[0].name = "mon1";
    assert_string_equal(told(o), "");
}

/* --- one host ---------------------------------------------------------------------------------------------------- */

static void a_host_is_asked_for_in_both_directions_or_inbound(void **state)
{
    struct openings *o = *state;
    add_role(o->f, add_host(o->f, "mgr01", "10.0.1.10"), "manager", NULL);
    add_role(o->f, add_host(o->f, "pc01", "10.0.1.51"), "agent", NULL);
    add_role(o->f, add_host(o->f, "pc02", "10.0.1.52"), "agent", NULL);
    called_rule(o->f, "t/1", "agent", "tcp 31001", "manager");
    called_rule(o->f, "t/2", "manager", "tcp 31000", "agent");
    called_rule(o->f, "t/3", "manager", "tcp 31080", "browser");
    o->options.host = &o->f->hosts[1];
    assert_string_equal(told(o), "pc01 10.0.1.51 > mgr01 10.0.1.10 tcp 31000 g/t/2\n"
                                 "mgr01 10.0.1.10 > pc01 10.0.1.51 tcp 31001 g/t/1\n");
    o->options.inbound = true;
    assert_string_equal(told(o), "mgr01 10.0.1.10 > pc01 10.0.1.51 tcp 31001 g/t/1\n");
}

/* --- questions --------------------------------------------------------------------------------------------------- */

static void a_parameter_without_value_is_asked_for_once(void **state)
{
    struct openings *o = *state;
    add_role(o->f, add_host(o->f, "mgr01", "10.0.1.10"), "manager", NULL);
    for (size_t i = 0; i < 6; i++) {
        char *name = arena_printf(o->f->arena, "pc%zu", i + 1), *address = arena_printf(o->f->arena, "10.0.1.%zu", i);
        add_role(o->f, add_host(o->f, name, address), "agent", NULL);
    }
    called_rule(o->f, "t/1", "agent", "tcp 16992", "manager")->when = expression_of(o->f, "amt");
    called_rule(o->f, "t/2", "agent", "tcp 16993", "manager")->when = expression_of(o->f, "amt");
    assert_string_equal(told(o), "? which value has amt of g on pc1, pc2, pc3 and 3 more? (g/t/1, g/t/2)\n");
    assert_int_equal(o->matrix->questions[0].kind, QUESTION_PARAMETER);
    assert_int_equal(o->matrix->questions[0].name_count, 6);
}

static void a_condition_without_value_is_no_opening(void **state)
{
    struct openings *o = *state;
    struct role *role = add_role(o->f, add_host(o->f, "rt1", "10.0.1.1"), "router", NULL);
    set(o->f, &role->settings, "side", text_value("a"));
    add_role(o->f, add_host(o->f, "rt2", "10.0.1.2"), "router", NULL);
    add_peer(o->f, add_rule(o->f, "t/1", "router", "tcp 40007"), "router", "peer.side != side");
    assert_string_equal(told(o), "? for whom does \"peer.side != side\" hold at rt1, rt2? It decides who calls, and a "
                                 "parameter in it has no value (g/t/1)\n");
}

static void callers_that_nobody_plays_are_asked_for(void **state)
{
    struct openings *o = *state;
    add_role(o->f, add_host(o->f, "mgr01", "10.0.1.10"), "manager", NULL);
    struct rule *rule = called_rule(o->f, "t/1", "manager", "tcp 31000", "agent");
    assert_string_equal(told(o), "? who plays agent of g? It calls mgr01 (g/t/1)\n");
    /* a site need not have each of a rule's callers; one outside is easily forgotten */
    add_peer(o->f, rule, "browser", NULL);
    add_peer(o->f, rule, "router", NULL);
    add_role(o->f, add_host(o->f, "pc01", "10.0.1.51"), "agent", NULL);
    assert_string_equal(told(o), "pc01 10.0.1.51 > mgr01 10.0.1.10 tcp 31000 g/t/1\n"
                                 "? who plays browser of g? It calls mgr01 (g/t/1)\n");
}

static void an_address_that_nobody_sees_is_asked_for(void **state)
{
    struct openings *o = *state;
    add_own(o->f, add_host(o->f, "here", "127.0.0.1"), "site/tcp-22", "tcp 22");
    assert_string_equal(told(o), "? which address has here that others see? Nothing that fits stands with here "
                                 "(site/tcp-22)\n");
}

/* --- addresses --------------------------------------------------------------------------------------------------- */

static void addresses_fit_by_family(void **state)
{
    struct openings *o = *state;
    struct host *manager = add_host(o->f, "mgr01", "10.0.1.10");
    add_address(o->f, manager, "2001:db8::10", NULL);
    add_role(o->f, manager, "manager", NULL);
    add_role(o->f, add_host(o->f, "pc4", "10.0.1.51"), "agent", NULL);
    add_role(o->f, add_host(o->f, "pc6", "2001:db8::51"), "agent", NULL);
    called_rule(o->f, "t/1", "manager", "tcp 31000", "agent");
    assert_string_equal(told(o), "pc4 10.0.1.51 > mgr01 10.0.1.10 tcp 31000 g/t/1\n"
                                 "pc6 2001:db8::51 > mgr01 2001:db8::10 tcp 31000 g/t/1\n");
    assert_int_equal(o->matrix->openings[0].families, OPENING_IPV4);
    assert_int_equal(o->matrix->openings[1].families, OPENING_IPV6);
    called_rule(o->f, "t/2", "agent", "tcp 9", "agent");
    assert_non_null(strstr(told(o), "? how does pc4 reach pc6? They have no IP version in common (g/t/2)\n"));
}

static void a_rule_of_one_family_takes_that_alone(void **state)
{
    struct openings *o = *state;
    struct host *manager = add_host(o->f, "mgr01", "10.0.1.10");
    add_address(o->f, manager, "2001:db8::10", NULL);
    add_role(o->f, manager, "manager", NULL);
    add_rule(o->f, "t/1", "manager", "tcp 80")->family = FAMILY_IPV6;
    assert_string_equal(told(o), "anybody > mgr01 2001:db8::10 tcp 80 g/t/1\n");
    assert_int_equal(o->matrix->openings[0].families, OPENING_IPV6);
}

static void a_segment_chooses_listener_and_caller(void **state)
{
    struct openings *o = *state;
    struct host *one = add_host(o->f, "rt1", NULL), *two = add_host(o->f, "pc1", NULL);
    add_address(o->f, one, "10.0.1.1", "public");
    add_address(o->f, one, "10.9.1.1", "private");
    add_address(o->f, two, "10.0.1.2", "public");
    add_address(o->f, two, "10.9.1.2", "private");
    add_role(o->f, one, "router", NULL);
    add_role(o->f, two, "agent", NULL);
    struct rule *rule = called_rule(o->f, "t/1", "router", "tcp 40007", "agent");
    rule->segment = "private";
    assert_string_equal(told(o), "pc1 10.9.1.2 > rt1 10.9.1.1 tcp 40007 g/t/1\n");
    /* who has no address there comes from elsewhere; who listens there must be there */
    rule->segment = "storage";
    assert_string_equal(told(o),
                        "? which address has rt1 that others see? Nothing that fits stands with rt1 (g/t/1)\n");
    add_address(o->f, one, "10.8.1.1", "storage");
    assert_string_equal(told(o), "pc1 10.0.1.2 10.9.1.2 > rt1 10.8.1.1 tcp 40007 g/t/1\n");
}

static void virtual_addresses_listen_but_do_not_call(void **state)
{
    struct openings *o = *state;
    struct host *host = add_host(o->f, "rt1", "10.0.1.1");
    add_address(o->f, host, "10.0.1.100", NULL);
    ((struct host_address *)host->addresses)[1].kind = ADDRESS_VIP;
    add_role(o->f, host, "router", NULL);
    add_role(o->f, add_host(o->f, "pc1", "10.0.1.2"), "agent", NULL);
    called_rule(o->f, "t/1", "router", "tcp 1", "agent");
    called_rule(o->f, "t/2", "agent", "tcp 2", "router");
    assert_string_equal(told(o), "rt1 10.0.1.1 > pc1 10.0.1.2 tcp 2 g/t/2\n"
                                 "pc1 10.0.1.2 > rt1 10.0.1.1 10.0.1.100 tcp 1 g/t/1\n");
}

static void names_stay_names(void **state)
{
    struct openings *o = *state;
    add_role(o->f, add_host(o->f, "mgr01", "mgr01.example.com"), "manager", NULL);
    add_role(o->f, add_host(o->f, "pc01", "10.0.1.51"), "agent", NULL);
    called_rule(o->f, "t/1", "manager", "tcp 31000", "agent");
    assert_string_equal(told(o), "pc01 10.0.1.51 > mgr01 mgr01.example.com tcp 31000 g/t/1\n");
    assert_int_equal(o->matrix->openings[0].families, OPENING_IPV4);
}

/* --- networks and externals -------------------------------------------------------------------------------------- */

static void networks_and_externals_call(void **state)
{
    struct openings *o = *state;
    add_role(o->f, add_host(o->f, "mgr01", "10.0.1.10"), "manager", NULL);
    called_rule(o->f, "t/1", "manager", "tcp 31000", "agent");
    called_rule(o->f, "t/2", "manager", "tcp 31080", "browser");
    struct network *network = add_network(o->f, "offices", "agent", "10.20.0.0/16");
    struct prefix *prefixes = arena_alloc(o->f->arena, 3 * sizeof *prefixes);
    assert_int_equal(prefix_parse("10.20.5.0/24", &prefixes[0]), 0);
    prefixes[1] = network->prefixes[0];
    assert_int_equal(prefix_parse("10.30.0.0/24", &prefixes[2]), 0);
    network->prefixes = prefixes;
    network->prefix_count = 3;
    add_external(o->f, "home", "browser", "198.51.100.7");
    /* a prefix inside another one is told by that */
    assert_string_equal(told(o), "offices 10.20.0.0/16 10.30.0.0/24 > mgr01 10.0.1.10 tcp 31000 g/t/1\n"
                                 "home 198.51.100.7 > mgr01 10.0.1.10 tcp 31080 g/t/2\n");
}

static void networks_and_externals_listen(void **state)
{
    struct openings *o = *state;
    add_role(o->f, add_host(o->f, "mgr01", "10.0.1.10"), "manager", NULL);
    struct network *network = add_network(o->f, "offices", "agent", "10.20.0.0/16");
    add_external(o->f, "vendor", "browser", "updates.example.com");
    add_external(o->f, "vendor2", "browser", "203.0.113.0/24");
    called_rule(o->f, "t/1", "agent", "tcp 31001+instance", "manager");
    add_rule(o->f, "t/2", "agent", "tcp 80");
    called_rule(o->f, "t/3", "browser", "tcp 443", "manager");
    /* what is outside on both sides is not ours */
    add_peer(o->f, &o->f->rules[2], "browser", NULL);
    assert_string_equal(told(o), "anybody > offices 10.20.0.0/16 tcp 80 g/t/2\n"
                                 "mgr01 10.0.1.10 > offices 10.20.0.0/16 tcp 31001 g/t/1\n"
                                 "mgr01 10.0.1.10 > vendor updates.example.com tcp 443 g/t/3\n"
                                 "mgr01 10.0.1.10 > vendor2 203.0.113.0/24 tcp 443 g/t/3\n");
    struct settings settings = {0};
    set(o->f, &settings, "instance", number_value(90000));
    ((struct played *)network->plays)->settings = settings;
    assert_non_null(strstr(told(o), "? which ports are meant? "));
    o->f->rules[0].when = expression_of(o->f, "amt");
    assert_non_null(strstr(told(o), "? which value has amt of g on offices? (g/t/1)\n"));
}

static void a_service_outside_that_has_no_place_is_asked_for(void **state)
{
    struct openings *o = *state;
    struct role *role = add_role(o->f, add_host(o->f, "mgr01", "10.0.1.10"), "manager", NULL);
    set(o->f, &role->settings, "topology", text_value("multi"));
    struct rule *rule = called_rule(o->f, "t/1", "browser", "tcp 443", "manager");
    assert_string_equal(told(o), "? where is browser of g? It is called by mgr01 (g/t/1)\n");
    rule->when = expression_of(o->f, "topology == 'single'");
    assert_string_equal(told(o), "");
    add_external(o->f, "vendor", "browser", "203.0.113.9");
    rule->when = NULL;
    rule->from_count = 0;
    assert_string_equal(told(o), "? who calls vendor? The guide does not say; it is about vendor (g/t/1)\n");
}

/* --- merging ----------------------------------------------------------------------------------------------------- */

static void one_opening_names_all_its_rules(void **state)
{
    struct openings *o = *state;
    add_role(o->f, add_host(o->f, "mgr01", "10.0.1.10"), "manager", NULL);
    add_role(o->f, add_host(o->f, "pc01", "10.0.1.51"), "agent", NULL);
    called_rule(o->f, "t/10", "manager", "tcp 80", "agent")->service = service_find("http");
    called_rule(o->f, "t/9", "manager", "tcp 80", "agent")->service = service_find("https");
    called_rule(o->f, "t/11", "manager", "tcp 80", "agent")->service = service_find("http");
    assert_string_equal(told(o), "pc01 10.0.1.51 > mgr01 10.0.1.10 tcp 80 g/t/9,g/t/10,g/t/11\n");
    text_clear(&o->lines);
    opening_format_service(&o->lines, &o->matrix->openings[0]);
    assert_string_equal(text_string(&o->lines), "https,http");
}

static void neighbours_merge_where_all_else_is_equal(void **state)
{
    struct openings *o = *state;
    add_role(o->f, add_host(o->f, "mgr01", "10.0.1.10"), "manager", NULL);
    add_role(o->f, add_host(o->f, "pc01", "10.0.1.51"), "agent", NULL);
    called_rule(o->f, "t/1", "manager", "tcp 7..9, 11, 10, 13, udp 12", "agent");
    called_rule(o->f, "t/2", "manager", "tcp 12, 14", "agent");
    called_rule(o->f, "t/3", "manager", "tcp 100, 101..110/3", "agent");
    assert_string_equal(told(o), "pc01 10.0.1.51 > mgr01 10.0.1.10 tcp 7..11 g/t/1\n"
                                 "pc01 10.0.1.51 > mgr01 10.0.1.10 tcp 12 g/t/2\n"
                                 "pc01 10.0.1.51 > mgr01 10.0.1.10 tcp 13 g/t/1\n"
                                 "pc01 10.0.1.51 > mgr01 10.0.1.10 tcp 14 g/t/2\n"
                                 "pc01 10.0.1.51 > mgr01 10.0.1.10 tcp 100 g/t/3\n"
                                 "pc01 10.0.1.51 > mgr01 10.0.1.10 tcp 101..110/3 g/t/3\n"
                                 "pc01 10.0.1.51 > mgr01 10.0.1.10 udp 12 g/t/1\n");
}

static void the_last_port_has_no_neighbour(void **state)
{
    struct openings *o = *state;
    add_role(o->f, add_host(o->f, "mgr01", "10.0.1.10"), "manager", NULL);
    add_rule(o->f, "t/1", "manager", "tcp 65534, 65535, 1");
    assert_string_equal(told(o), "anybody > mgr01 10.0.1.10 tcp 1 g/t/1\n"
                                 "anybody > mgr01 10.0.1.10 tcp 65534..65535 g/t/1\n");
}

static void an_empty_site_has_nothing(void **state)
{
    struct openings *o = *state;
    assert_string_equal(told(o), "");
    matrix_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MATRIX_TEST(a_caller_meets_each_listener),
        MATRIX_TEST(a_rule_without_callers_is_for_anybody),
        MATRIX_TEST(a_host_does_not_call_itself),
        MATRIX_TEST(what_others_need_not_reach_is_no_opening),
        MATRIX_TEST(a_condition_over_both_sides_decides),
        MATRIX_TEST(numbers_come_before_words_in_names),
        MATRIX_TEST(a_vantage_calls_only_where_it_is_asked_for),
        MATRIX_TEST(a_host_is_asked_for_in_both_directions_or_inbound),
        MATRIX_TEST(a_parameter_without_value_is_asked_for_once),
        MATRIX_TEST(a_condition_without_value_is_no_opening),
        MATRIX_TEST(callers_that_nobody_plays_are_asked_for),
        MATRIX_TEST(an_address_that_nobody_sees_is_asked_for),
        MATRIX_TEST(addresses_fit_by_family),
        MATRIX_TEST(a_rule_of_one_family_takes_that_alone),
        MATRIX_TEST(a_segment_chooses_listener_and_caller),
        MATRIX_TEST(virtual_addresses_listen_but_do_not_call),
        MATRIX_TEST(names_stay_names),
        MATRIX_TEST(networks_and_externals_call),
        MATRIX_TEST(networks_and_externals_listen),
        MATRIX_TEST(a_service_outside_that_has_no_place_is_asked_for),
        MATRIX_TEST(one_opening_names_all_its_rules),
        MATRIX_TEST(neighbours_merge_where_all_else_is_equal),
        MATRIX_TEST(the_last_port_has_no_neighbour),
        MATRIX_TEST(an_empty_site_has_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
