/* `explain`, on a plan made by hand: one manager, one own rule, one rule that waits for a parameter. */
#include "told.h"

#include "portconform/tell.h"

#include <errno.h>
#include <time.h>

#define ORIGIN(name, number)                                                                                           \
    {                                                                                                                  \
        .file = (name), .line = (number)                                                                               \
    }

static const struct component components[] = {{.name = "manager"}, {.name = "agent"}, {.name = "site-server"}};
static const char *const topologies[] = {"single", "multi", NULL};
static const struct parameter parameters[] = {
    {.name = "topology",
     .kind = PARAMETER_ENUM,
     .values = {topologies, 2},
     .initial = {.type = VALUE_TEXT, .text = "single"}},
    {.name = "amt", .kind = PARAMETER_BOOL},
};
static const struct peer peers[] = {{.component = &components[1]}, {.component = &components[2]}};
static struct guide guide = {
    .id = "jp1-itdm",
    .parameters = parameters,
    .parameter_count = 2,
    .components = components,
    .component_count = 3,
};
static const struct setting settings[] = {{
    .guide = &guide,
    .name = "topology",
    .value = {.type = VALUE_TEXT, .text = "multi"},
    .level = SETTING_SITE,
    .origin = ORIGIN("site.conf", 12),
}};
static const struct role roles[] = {{
    .guide = &guide,
    .component = &components[0],
    .name = "manager",
    .settings = {settings, 1},
    .origin = ORIGIN("hosts.d/mgr01.conf", 5),
}};
static const struct team teams[] = {{"network", "noc@example.jp"}, {"server", "unix-ops@example.jp"}};
static const struct site site = {.name = "osaka-dc", .guides = NULL, .teams = teams, .team_count = 2};
static const struct vantage vantage = {.name = "mon1"};

/* A world small enough to read, and what was seen in it. */
struct world {
    struct arena *arena;
    struct rule rules[4];
    struct rule single; /* does not hold: the topology is another */
    struct port_items items[4];
    struct host host;
    struct plan_address address;
    struct expectation expectations[4];
    struct flow flows[4];
    struct plan_host plan_host;
    struct plan plan;
    struct probe_result probes[4];
    struct listener listener;
    struct listener_table table;
    struct address_seen address_seen;
    struct host_seen host_seen;
    struct observations seen;
    struct told told;
};

enum { RULE_CALL, RULE_INTERNAL, RULE_SSH, RULE_AMT, RULE_COUNT };

static void world_add(struct world *world, size_t index, const char *ports, uint16_t low, uint16_t high)
{
    assert_int_equal(ports_parse(ports, (struct origin){0}, world->arena, &world->items[index], NULL), 0);
    world->rules[index].ports = world->items[index];
    struct flow *flow = &world->flows[index];
    *flow = (struct flow){.id = index, .port = low, .demand = FLOW_MUST_PASS};
    world->expectations[index] = (struct expectation){
        .host = &world->host,
        .rule = &world->rules[index],
        .role = world->rules[index].guide != NULL ? &roles[0] : NULL,
        .item = &world->items[index].items[0],
        .range = {TRANSPORT_TCP, low, high, 1},
        .flows = flow,
        .flow_count = 1,
        .ports_sampled = (size_t)(high - low) + 1,
        .key = arena_printf(world->arena, "mgr01|%s", world->rules[index].id),
    };
    assert_non_null(world->expectations[index].key);
}

static void world_init(struct world *world)
{
    memset(world, 0, sizeof *world);
    world->arena = arena_new();
    assert_non_null(world->arena);
    world->rules[RULE_CALL] = (struct rule){
        .guide = &guide,
        .ref = "manager-multi-management/2",
        .id = "jp1-itdm/manager-multi-management/2",
        .listens = &components[0],
        .from = peers,
        .from_count = 2,
        .about = "agents and site servers call the manager here",
        .change = CHANGE_WHERE,
        .changeable = "the manager's setup",
    };
    assert_int_equal(
        expression_parse("topology == 'multi'", (struct origin){0}, world->arena, &world->rules[RULE_CALL].when, NULL),
        0);
    world->rules[RULE_INTERNAL] = (struct rule){
        .guide = &guide,
        .ref = "manager-multi-management/7",
        .id = "jp1-itdm/manager-multi-management/7",
        .listens = &components[0],
        .presence = PRESENCE_RESERVED,
        .scope = SCOPE_HOST,
        .scope_basis = BASIS_INFERRED,
    };
    world->rules[RULE_SSH] = (struct rule){.id = "site/tcp-22", .origin = ORIGIN("hosts.d/mgr01.conf", 9)};
    world->rules[RULE_AMT] =
        (struct rule){.guide = &guide, .ref = "agent/2", .id = "jp1-itdm/agent/2", .listens = &components[0]};
    assert_int_equal(
        expression_parse("amt == true", (struct origin){0}, world->arena, &world->rules[RULE_AMT].when, NULL), 0);
    world_add(world, RULE_CALL, "tcp 31000", 31000, 31000);
    world_add(world, RULE_INTERNAL, "tcp 30990..31010", 30990, 31010);
    world_add(world, RULE_SSH, "tcp 22", 22, 22);
    world_add(world, RULE_AMT, "tcp 16992", 16992, 16992);
    world->expectations[RULE_AMT].unset = "amt";
    world->single = (struct rule){
        .guide = &guide, .ref = "manager-single/3", .id = "jp1-itdm/manager-single/3", .listens = &components[0]};
    assert_int_equal(
        expression_parse("topology == 'single'", (struct origin){0}, world->arena, &world->single.when, NULL), 0);
    assert_int_equal(ports_parse("tcp 31020..31022", (struct origin){0}, world->arena, &world->single.ports, NULL), 0);
    guide.rules = &world->single;
    guide.rule_count = 1;
    world->host = (struct host){
        .name = "mgr01", .roles = roles, .role_count = 1, .expect_count = 1, .expect = &world->rules[RULE_SSH]};
    world->address = (struct plan_address){.address = told_address("10.0.1.10"), .text = "10.0.1.10"};
    world->plan_host = (struct plan_host){.host = &world->host,
                                          .addresses = &world->address,
                                          .address_count = 1,
                                          .expectations = world->expectations,
                                          .expectation_count = RULE_COUNT};
    world->plan = (struct plan){.site = &site,
                                .vantage = &vantage,
                                .vantage_name = "mon1",
                                .hosts = &world->plan_host,
                                .host_count = 1,
                                .flow_count = RULE_COUNT};
    world->listener = (struct listener){.transport = TRANSPORT_TCP,
                                        .address = told_address("0.0.0.0"),
                                        .port = 31000,
                                        .queue_known = true,
                                        .queue_limit = 128,
                                        .owner = {.exe = "/opt/jp1/jdn_manager", .unit = "jp1.service", .pid = 812}};
    world->table = (struct listener_table){.status = LISTENERS_SEEN,
                                           .source = "kernel",
                                           .taken = {.mono_ms = 99800},
                                           .items = &world->listener,
                                           .count = 1};
    world->probes[RULE_CALL] = (struct probe_result){.outcome = PROBE_STOPPED,
                                                     .reason = REASON_ADMIN_PROHIBITED,
                                                     .icmp = {true, 3, 13, told_address("10.0.0.1")},
                                                     .ended = {.mono_ms = 99600},
                                                     .attempts = 2};
    world->probes[RULE_SSH] = (struct probe_result){
        .outcome = PROBE_OPEN, .reason = REASON_ACCEPTED, .rtt_us = 300, .ended = {.mono_ms = 99500}};
    world->address_seen = (struct address_seen){.looked = true, .alive = true};
    world->host_seen = (struct host_seen){.listeners = &world->table, .addresses = &world->address_seen};
    world->seen = (struct observations){
        .probes = world->probes, .probe_count = RULE_COUNT, .hosts = &world->host_seen, .host_count = 1};
    told_init(&world->told);
    told_block(&world->told, "mgr01");
}

static void world_assert(struct world *world, uint16_t port, unsigned columns, const char *expected)
{
    struct snapshot *snapshot = told_snapshot(&world->told);
    struct text out = {0};
    assert_int_equal(tell_explain(&out, &world->plan, &world->plan_host, &world->seen, snapshot, TRANSPORT_TCP, port,
                                  &(const struct tell_options){.columns = columns}),
                     0);
    assert_string_equal(text_string(&out), expected);
    text_done(&out);
    snapshot_unref(snapshot);
    arena_free(world->arena);
}

static struct finding world_filtered(void)
{
    struct finding filtered = told_filtered();
    filtered.key = "mgr01|jp1-itdm/manager-multi-management/2";
    return filtered;
}

static void a_filtered_port_in_ten_lines(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    struct finding filtered = world_filtered();
    filtered.since_ms = TOLD_FINISHED_MS - 60000;
    filtered.looks = 3;
    told_add(&world.told, &filtered);
    world_assert(
        &world, 31000, 100,
        "tcp 31000 on mgr01 (10.0.1.10): filtered, CRITICAL since 05:01:31 (3 looks)\n"
        "\n"
        "expected    component manager of jp1-itdm, topology \"multi\" (set in site.conf:12)\n"
        "            table manager-multi-management, row 2: \"agents and site servers call the manager here\";\n"
        "            the number can be changed: the manager's setup\n"
        "            may call: agent, site-server\n"
        "seen        listener  jdn_manager (jp1.service) on *:31000, queue 0/128, pid 812 (kernel, 0.2 s ago)\n"
        "            probe     SYN answered by ICMP 3/13 (administratively prohibited) from 10.0.0.1, twice\n"
        "                      (from mon1, 0.4 s ago)\n"
        "            control   tcp 22 of the same host answers (open, 0.3 ms): the way and the host are up\n"
        "therefore   filtered: something on the way stops it: administratively prohibited. A flow that must\n"
        "            pass is stopped before it reaches the listener: a hop says so, or nothing comes back\n"
        "            from a host that is up.\n"
        "to do       network team (noc@example.jp): permit tcp 31000 from agent, site-server\n"
        "also        jp1-itdm/manager-multi-management/7, tcp 30990..31010, reserved\n");
}

static void a_listener_that_no_rule_knows(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.listener.port = 5900;
    world.listener.owner = (struct owner){.exe = "/usr/bin/x11vnc", .uid = 1000, .uid_known = true};
    struct finding unexpected = told_unexpected();
    told_add(&world.told, &unexpected);
    world_assert(&world, 5900, 0,
                 "tcp 5900 on mgr01 (10.0.1.10): unexpected, WARNING\n"
                 "\n"
                 "expected    nothing: no rule of this host knows tcp 5900 (jp1-itdm manager, 1 own rule)\n"
                 "seen        listener  x11vnc (uid 1000) on *:5900, queue 0/128 (kernel, 0.2 s ago)\n"
                 "            probe     none: only what a rule names is probed\n"
                 "            control   tcp 22 of the same host answers (open, 0.3 ms): the way and the host are up\n"
                 "therefore   unexpected: explained by no rule. A program listens on a port of an exclusive host that "
                 "no rule explains.\n"
                 "to do       server team (unix-ops@example.jp): stop it, or explain it by an `expect` or `ignore` "
                 "entry of mgr01\n");
}

static void a_rule_that_other_settings_would_bring_is_named(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_assert(&world, 31021, 0,
                 "tcp 31021 on mgr01 (10.0.1.10): no rule knows it\n"
                 "\n"
                 "expected    nothing: no rule of this host knows tcp 31021 (jp1-itdm manager, 1 own rule)\n"
                 "            jp1-itdm manager-single/3 would know it when topology == 'single'; here topology "
                 "\"multi\" (set in site.conf:12)\n"
                 "seen        listener  nobody listens there (kernel, 0.2 s ago)\n"
                 "            probe     none: only what a rule names is probed\n"
                 "            control   tcp 22 of the same host answers (open, 0.3 ms): the way and the host are up\n"
                 "therefore   no finding: nothing is demanded here, and the host is not exclusive, so a listener would "
                 "be none either\n"
                 "to do       nothing\n");
}

/* A TCP control says nothing about the silence of a UDP port. */
static void a_control_is_of_the_ports_own_transport(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.plan_host.expectation_count = 0;
    world.address_seen.closed_control = true;
    struct snapshot *snapshot = told_snapshot(&world.told);
    struct text out = {0};
    for (int udp_control = 0; udp_control < 2; udp_control++) {
        text_clear(&out);
        world.address_seen.udp_control = udp_control;
        assert_int_equal(tell_explain(&out, &world.plan, &world.plan_host, &world.seen, snapshot, TRANSPORT_UDP, 514,
                                      &(const struct tell_options){0}),
                         0);
        assert_int_equal(strstr(text_string(&out), "silence would mean a filter") != NULL, udp_control);
    }
    text_done(&out);
    snapshot_unref(snapshot);
    arena_free(world.arena);
}

static void an_ignored_ephemeral_range_is_known(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    struct ignore ignore = {.reason = "clients"};
    assert_int_equal(ports_parse("tcp ephemeral", (struct origin){0}, world.arena, &ignore.ports, NULL), 0);
    world.host.ignore = &ignore;
    world.host.ignore_count = 1;
    struct snapshot *snapshot = told_snapshot(&world.told);
    struct text out = {0};
    for (uint16_t port = 32767; port <= 32768; port++) {
        text_clear(&out);
        assert_int_equal(tell_explain(&out, &world.plan, &world.plan_host, &world.seen, snapshot, TRANSPORT_TCP, port,
                                      &(const struct tell_options){0}),
                         0);
        assert_int_equal(strstr(text_string(&out), "is ignored: clients") != NULL, port == 32768);
    }
    text_done(&out);
    snapshot_unref(snapshot);
    arena_free(world.arena);
}

static void what_the_user_ignores_is_said(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.listener.port = 68;
    struct ignore ignore = {.reason = "the DHCP client", .origin = ORIGIN("hosts.d/mgr01.conf", 11)};
    assert_int_equal(ports_parse("tcp 67..68", (struct origin){0}, world.arena, &ignore.ports, NULL), 0);
    world.host.ignore = &ignore;
    world.host.ignore_count = 1;
    world.host.exclusive = true;
    world_assert(&world, 68, 0,
                 "tcp 68 on mgr01 (10.0.1.10): no rule knows it\n"
                 "\n"
                 "expected    nothing: no rule of this host knows tcp 68 (jp1-itdm manager, 1 own rule)\n"
                 "            a listener there is ignored: the DHCP client, hosts.d/mgr01.conf:11\n"
                 "seen        listener  jdn_manager (jp1.service) on *:68, queue 0/128, pid 812 (kernel, 0.2 s ago)\n"
                 "            probe     none: only what a rule names is probed\n"
                 "            control   tcp 22 of the same host answers (open, 0.3 ms): the way and the host are up\n"
                 "therefore   no finding: nothing is demanded here\n"
                 "to do       nothing\n");
}

static void a_port_that_waits_for_a_parameter(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_assert(&world, 16992, 0,
                 "tcp 16992 on mgr01 (10.0.1.10): not judged, because amt has no value\n"
                 "\n"
                 "expected    perhaps: whether jp1-itdm/agent/2 holds depends on amt (when amt == true)\n"
                 "seen        listener  nobody listens there (kernel, 0.2 s ago)\n"
                 "            probe     none: only what a rule names is probed\n"
                 "            control   tcp 22 of the same host answers (open, 0.3 ms): the way and the host are up\n"
                 "therefore   not judged: without the parameter nobody knows whether the port must be there\n"
                 "to do       whoever keeps the configuration: give amt a value\n"
                 "not judged  jp1-itdm agent/2 (tcp 16992) depends on amt, which has no value; give it one in "
                 "`settings` of the site, of host mgr01 or of its role in hosts.d/mgr01.conf:5: true or false\n");
}

static void a_bystander_and_a_waiver_are_told(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.flows[RULE_CALL].demand = FLOW_BYSTANDER;
    world.host_seen.listeners = NULL;
    world.probes[RULE_CALL] = (struct probe_result){.outcome = PROBE_NOT_DONE};
    struct finding finding = world_filtered();
    finding.verdict = VERDICT_UNPROVEN;
    finding.reason = REASON_NOT_A_CALLER;
    finding.waived = true;
    finding.waived_until = "2026-12-31";
    finding.waived_ticket = "CHG0041237";
    told_add(&world.told, &finding);
    world_assert(&world, 31000, 0,
                 "tcp 31000 on mgr01 (10.0.1.10): unproven, OK\n"
                 "\n"
                 "expected    component manager of jp1-itdm, topology \"multi\" (set in site.conf:12)\n"
                 "            table manager-multi-management, row 2: \"agents and site servers call the manager "
                 "here\"; the number can be changed: the manager's setup\n"
                 "            may call: agent, site-server\n"
                 "seen        listener  nobody looked: the host has no listener source\n"
                 "            probe     none was sent\n"
                 "            control   tcp 22 of the same host answers (open, 0.3 ms): the way and the host are up\n"
                 "therefore   unproven: neither proven nor refuted: the vantage is not one of the callers. Nothing "
                 "speaks against the port, but nothing seen from here proves that callers reach it.\n"
                 "            waived until 2026-12-31 (CHG0041237): it counts for no status\n"
                 "to do       look from one of the callers: agent, site-server\n"
                 "also        jp1-itdm/manager-multi-management/7, tcp 30990..31010, reserved\n");
}

static void an_item_of_several_ports_is_judged_as_one(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.table.count = 0;
    struct finding finding = world_filtered();
    finding.key = "mgr01|jp1-itdm/manager-multi-management/7";
    finding.ports = "30990..31010";
    finding.port = 30990;
    finding.verdict = VERDICT_CONFORMING;
    finding.reason = REASON_SHUT_AS_DEMANDED;
    told_add(&world.told, &finding);
    world_assert(
        &world, 30995, 0,
        "tcp 30995 on mgr01 (10.0.1.10): conforming, OK\n"
        "\n"
        "expected    component manager of jp1-itdm\n"
        "            table manager-multi-management, row 7\n"
        "            part of 30990..31010; reserved: nobody need listen, but whoever does must be the product\n"
        "            for the host itself alone (concluded; the guide does not say it): nobody may call it from "
        "outside\n"
        "seen        listener  nobody listens there (kernel, 0.2 s ago)\n"
        "            probe     none was sent\n"
        "            control   tcp 22 of the same host answers (open, 0.3 ms): the way and the host are up\n"
        "therefore   conforming: as demanded: shut, as it may or must be\n"
        "            the verdict is that of the whole item 30990..31010\n"
        "to do       nothing\n");
}

static void an_own_rule_names_the_file(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.table = (struct listener_table){.status = LISTENERS_FAILED, .error = -EACCES, .source = "kernel"};
    world_assert(&world, 22, 0,
                 "tcp 22 on mgr01 (10.0.1.10): not yet judged\n"
                 "\n"
                 "expected    the site's own rule site/tcp-22, hosts.d/mgr01.conf:9\n"
                 "            anybody may call\n"
                 "seen        listener  the listeners could not be read: Permission denied (kernel)\n"
                 "            probe     connection accepted in 0.3 ms (from mon1, 0.5 s ago)\n"
                 "            control   the host itself sent an answer: the way and the host are up\n"
                 "therefore   no verdict: nothing was judged\n"
                 "to do       nothing\n");
}

static void whatever_the_width_nothing_is_wider(void **state)
{
    (void)state;
    for (unsigned columns = 60; columns < 160; columns += 9) {
        struct world world;
        world_init(&world);
        struct finding filtered = world_filtered();
        told_add(&world.told, &filtered);
        struct snapshot *snapshot = told_snapshot(&world.told);
        struct text out = {0};
        assert_int_equal(tell_explain(&out, &world.plan, &world.plan_host, &world.seen, snapshot, TRANSPORT_TCP, 31000,
                                      &(const struct tell_options){.columns = columns}),
                         0);
        for (const char *line = text_string(&out); *line != '\0'; line += strcspn(line, "\n") + 1)
            assert_true(strcspn(line, "\n") <= columns);
        text_done(&out);
        snapshot_unref(snapshot);
        arena_free(world.arena);
    }
}

int main(void)
{
    setenv("TZ", "UTC", 1);
    tzset();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filtered_port_in_ten_lines),
        cmocka_unit_test(a_listener_that_no_rule_knows),
        cmocka_unit_test(a_rule_that_other_settings_would_bring_is_named),
        cmocka_unit_test(a_control_is_of_the_ports_own_transport),
        cmocka_unit_test(an_ignored_ephemeral_range_is_known),
        cmocka_unit_test(what_the_user_ignores_is_said),
        cmocka_unit_test(a_port_that_waits_for_a_parameter),
        cmocka_unit_test(a_bystander_and_a_waiver_are_told),
        cmocka_unit_test(an_item_of_several_ports_is_judged_as_one),
        cmocka_unit_test(an_own_rule_names_the_file),
        cmocka_unit_test(whatever_the_width_nothing_is_wider),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
