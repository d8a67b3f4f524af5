/* Sites and hosts: from files to the model. */
#include "files.h"

#include "portconform/error.h"
#include <errno.h>
#include <unistd.h>

static const char guide[] =
    "guide: { id = \"demo\"; title = \"Demo\"; };\n"
    "parameters: ( { name = \"topology\"; type = \"enum\"; values = [\"single\", \"multi\"]; default = \"single\"; },\n"
    "  { name = \"instance\"; type = \"int\"; max = 9; default = 0; }, { name = \"amt\"; type = \"bool\"; } );\n"
    "components: ( { name = \"manager\"; owner = [\"exe:demod\"]; }, { name = \"agent\"; }, "
    "{ name = \"browser\"; external = true; } );\n"
    "rules: ( { ref = \"t/1\"; listens = \"manager\"; from = [\"browser\"]; ports = \"tcp 31080\"; },\n"
    "  { ref = \"t/2\"; listens = \"agent\"; from = [\"manager\"]; ports = \"tcp 40000+40*instance, 41000\"; } );\n";

/* The example of the manual, for a guide that is ours. */
static void write_example(const struct files *files)
{
    files_write(files, "guides/demo.conf", guide);
    files_write(files, "site.conf",
                "site: { name = \"osaka-dc\"; guides = [\"demo\"]; settings = ( { guide = \"demo\"; topology = "
                "\"multi\"; } ); };\n"
                "vantages: ( { name = \"mon1\"; acts_as = ( { guide = \"demo\"; component = \"browser\"; },\n"
                "  { guide = \"demo\"; component = \"agent\"; instance = 2; } ); source = \"10.0.0.5\"; } );\n"
                "teams: { network = \"noc@example.jp\"; server = \"unix-ops@example.jp\"; };\n");
    files_write(files, "hosts.d/mgr01.conf",
                "host: {\n"
                "  name = \"mgr01\"; alias = [\"jp1\"]; groups = [\"jp1\"];\n"
                "  addresses = ( { ip = \"10.0.1.10\"; segment = \"server\"; } );          # or just [\"10.0.1.10\"]\n"
                "  roles = ( { guide = \"demo\"; component = \"manager\"; } );\n"
                "  ports = ( { rule = \"demo/t/1\"; to = \"tcp 8080\"; } );\n"
                "  expect = ( { ports = \"tcp 22\"; service = \"ssh\"; } );\n"
                "  listeners = \"auto\"; exclusive = true;\n"
                "  waive = ( { rule = \"demo/t/1\"; until = \"2026-12-20\"; reason = \"AMT move\"; owner = \"sato\"; "
                "ticket = \"CHG0041237\"; } );\n"
                "};\n");
}

static void test_example_of_the_manual(void **state)
{
    struct files files;
    (void)state;
    files_init(&files);
    write_example(&files);
    struct config *config = files_load(&files, NULL);
    const struct site *site = config->site;
    assert_string_equal(site->name, "osaka-dc");
    assert_int_equal(site->guide_count, 1);
    assert_int_equal(site->host_count, 1);
    assert_string_equal(site_team(site, "network"), "noc@example.jp");
    assert_null(site_team(site, "nobody"));
    const struct vantage *vantage = site_vantage(site, "mon1");
    assert_int_equal(vantage->acts_as_count, 2);
    assert_int_equal(vantage->source.family, AF_INET);
    const struct guide *demo = config_guide(config, "demo");
    struct setting setting = settings_find(&vantage->acts_as[1].settings, demo, "instance", 0);
    assert_int_equal(setting.value.number, 2);
    setting = settings_find(&vantage->acts_as[0].settings, demo, "topology", 0);
    assert_string_equal(setting.value.text, "multi");

    const struct host *host = site_host(site, "jp1");
    assert_ptr_equal(host, site_host(site, "10.0.1.10"));
    assert_string_equal(host->name, "mgr01");
    assert_string_equal(host->groups.items[0], "jp1");
    assert_null(host->groups.items[1]);
    assert_string_equal(host->addresses[0].segment, "server");
    assert_int_equal(host->addresses[0].kind, ADDRESS_OWN);
    assert_int_equal(host->role_count, 1);
    assert_string_equal(host->roles[0].name, "manager");
    assert_false(host->roles[0].probe_given);
    assert_ptr_equal(host->changed_ports[0].rule, &demo->rules[0]);
    assert_string_equal(host->changed_ports[0].to.items[0].text, "8080");
    assert_string_equal(host->expect[0].id, "site/tcp-22");
    assert_null(host->expect[0].guide);
    assert_string_equal(host->expect[0].service->name, "ssh");
    assert_int_equal(host->listeners, LISTENERS_AUTO);
    assert_true(host->exclusive);
    assert_string_equal(host->waivers[0].rule, "demo/t/1");
    assert_string_equal(host->waivers[0].ticket, "CHG0041237");
    assert_true(host->waivers[0].until_ms > INT64_C(1795132800000));
    config_free(config);
    files_done(&files);
}

static void test_defaults_without_any_guide(void **state)
{
    struct files files;
    (void)state;
    files_init(&files);
    files_write(&files, "site.conf", "site: { name = \"small\"; };");
    files_write(&files, "hosts.d/web01.conf",
                "host: { name = \"web01\"; addresses = [\"web01.example.jp\", \"2001:db8::1\"]; expect = (\n"
                "  { ports = \"tcp 80, 443\"; }, { ports = \"tcp 53, udp 53\"; }, { ref = \"ssh\"; ports = \"tcp 22\"; "
                "} ); };");
    struct config *config = files_load(&files, NULL);
    const struct site *site = config->site;
    const struct host *host = &site->hosts[0];
    assert_int_equal(site->guide_count, 0);
    assert_int_equal(site->probe_timeout_ms, 3000);
    assert_int_equal(site->probe_per_second, 4000);
    assert_int_equal(site->probe_per_target_per_second, 200);
    assert_int_equal(site->interval_s, 60);
    assert_int_equal(site->looks_before_unexpected_udp, 3);
    assert_int_equal(site->pen, 0);
    assert_int_equal(site->canary.port, 0);
    assert_null(site->agentx_socket);
    assert_null(site->control.socket);
    assert_null(site->control.group);
    assert_int_equal(site->control.readers.count, 0);
    assert_null(site->store.folder);
    assert_int_equal(site->store.most_mb, 256);
    assert_int_equal(site->store.most_days, 90);
    assert_false(site->segmentation);
    assert_int_equal(host->damping.raise, 2);
    assert_int_equal(host->damping.clear, 2);
    assert_int_equal(host->probe, PROBE_POLICY_AUTO);
    assert_int_equal(host->addresses[0].address.family, AF_UNSPEC);
    assert_int_equal(host->addresses[1].address.family, AF_INET6);
    assert_string_equal(host->expect[0].id, "site/tcp-80,443");
    assert_string_equal(host->expect[1].id, "site/tcp-53,udp-53");
    assert_string_equal(host->expect[2].id, "site/ssh");
    assert_string_equal(host->expect[2].ref, "ssh");
    config_free(config);
    files_done(&files);
}

static void test_everything_a_site_may_say(void **state)
{
    struct files files;
    (void)state;
    files_init(&files);
    files_write(&files, "guides/demo.conf", guide);
    files_write(
        &files, "site.conf",
        "site: { name = \"s\"; guides = (\"demo\"); segmentation = true; canary = \"[2001:db8::1]:443\"; pen = 32473;\n"
        "  store = { folder = \"/srv/state\"; most_mb = 64; most_days = 7; };\n"
        "  control = { socket = \"/run/s\"; group = \"monitoring\"; readers = [\"nagios\", \"1001\"]; };\n"
        "  agentx = { socket = \"tcp:127.0.0.1:705\"; }; interval_s = 30; looks_before_unexpected_udp = 5;\n"
        "  syslog = ( { name = \"here\"; target = \"local\"; }, { name = \"siem\"; target = \"udp:10.0.9.5:514\"; } "
        ");\n"
        "  probe = { timeout_ms = 1000; per_second = 10; per_target_per_second = 2; dscp = 8; "
        "source_ports = \"40000..40999\"; }; damping = { raise = 3; };\n"
        "  severities = ( { rule = \"demo/*\"; verdict = \"missing\"; severity = \"warning\"; } );\n"
        "  waive = ( { ports = \"tcp 5900\"; until = \"2027-01-01\"; reason = \"VNC\"; verdict = \"unexpected\"; } ); "
        "};\n"
        "networks: ( { name = \"pc\"; prefixes = [\"10.20.0.0/16\", \"2001:db8:1::/48\"]; segment = \"office\";\n"
        "  plays = ( { component = \"browser\"; amt = true; } ); } );\n"
        "externals: ( { name = \"cloud\"; component = \"browser\"; addresses = [\"192.0.2.0/24\", \"x.example.jp\"]; } "
        ");\n"
        "vantages: ( { name = \"v\"; permitted = true; segment = \"mgmt\"; } );");
    files_write(
        &files, "hosts.d/a.conf",
        "host: { name = \"a\"; addresses = [\"10.0.0.1\"]; listeners = \"file\"; file = \"a.listeners\"; damping = { "
        "clear = 7; };\n"
        "  severities = ( { rule = \"demo/t/1\"; severity = \"critical\"; } ); intermittent = true; probe = \"none\";\n"
        "  ignore = ( { ports = \"udp 68\"; owner = [\"exe:dhclient\"]; reason = \"DHCP\"; } ); };");
    struct config *config = files_load(&files, NULL);
    const struct site *site = config->site;
    const struct host *host = &site->hosts[0];
    char path[160];
    assert_int_equal(site->canary.port, 443);
    assert_int_equal(site->canary.address.family, AF_INET6);
    assert_int_equal(site->pen, 32473);
    assert_string_equal(site->agentx_socket, "tcp:127.0.0.1:705");
    assert_string_equal(site->control.socket, "/run/s");
    assert_string_equal(site->control.group, "monitoring");
    assert_string_equal(site->control.readers.items[1], "1001");
    assert_null(site->control.readers.items[2]);
    assert_string_equal(site->store.folder, "/srv/state");
    assert_int_equal(site->store.most_mb, 64);
    assert_int_equal(site->store.most_days, 7);
    assert_string_equal(site->syslog[1].target, "udp:10.0.9.5:514");
    assert_int_equal(site->probe_timeout_ms, 1000);
    assert_int_equal(site->networks[0].prefix_count, 2);
    assert_string_equal(site->networks[0].segment, "office");
    const struct guide *demo = config_guide(config, "demo");
    assert_int_equal(settings_find(&site->networks[0].plays[0].settings, demo, "amt", 0).value.number, 1);
    assert_ptr_equal(site->externals[0].component, guide_component(demo, "browser"));
    assert_int_equal(site->externals[0].addresses.count, 2);
    assert_true(site->vantages[0].permitted);
    assert_int_equal(host->damping.raise, 3);
    assert_int_equal(host->damping.clear, 7);
    assert_int_equal(host->severity_count, 2);
    assert_int_equal(host->severities[0].verdict, VERDICT_MISSING);
    assert_int_equal(host->severities[0].severity, SEVERITY_WARNING);
    assert_int_equal(host->severities[1].verdict, VERDICT_NONE);
    assert_int_equal(host->severities[1].severity, SEVERITY_CRITICAL);
    assert_string_equal(host->waivers[0].ports, "tcp 5900");
    assert_string_equal(host->waivers[0].verdict, "unexpected");
    assert_int_equal(host->waivers[0].port_items.count, 1);
    assert_true(host->intermittent);
    assert_int_equal(host->probe, PROBE_POLICY_NONE);
    assert_int_equal(host->ignore[0].ports.items[0].transport, TRANSPORT_UDP);
    assert_string_equal(host->ignore[0].owner.items[0].pattern, "dhclient");
    snprintf(path, sizeof(path), "%s/a.listeners", files.folder);
    assert_string_equal(host->listener_file, path);
    config_free(config);
    files_done(&files);
}

static void test_templates_are_folded(void **state)
{
    struct files files;
    (void)state;
    files_init(&files);
    files_write(&files, "guides/demo.conf", guide);
    files_write(
        &files, "site.conf",
        "site: { name = \"s\"; guides = [\"demo\"]; settings = ( { amt = true; instance = 1; topology = \"multi\"; } "
        "); };\n"
        "templates: ( { name = \"pc\"; groups = [\"pc\"]; settings = ( { instance = 2; } ); probe = \"none\"; "
        "exclusive = true;\n"
        "  roles = ( { component = \"agent\"; } ); expect = ( { ports = \"tcp 22\"; } ); intermittent = true; } );");
    files_write(&files, "hosts.d/pc1.conf",
                "host: { name = \"pc1\"; template = \"pc\"; addresses = [\"10.0.0.1\"]; groups = [\"floor1\"]; "
                "exclusive = false;\n"
                "  settings = ( { instance = 3; } ); roles = ( { component = \"manager\"; instance = 4; } );\n"
                "  expect = ( { ports = \"tcp 80\"; } ); };");
    files_write(&files, "hosts.d/pc2.conf",
                "host: { name = \"pc2\"; template = \"pc\"; addresses = [\"10.0.0.2\"]; };");
    struct config *config = files_load(&files, NULL);
    const struct guide *demo = config_guide(config, "demo");
    const struct host *first = site_host(config->site, "pc1"), *second = site_host(config->site, "pc2");
    assert_int_equal(first->groups.count, 2);
    assert_string_equal(first->groups.items[1], "floor1");
    assert_int_equal(first->probe, PROBE_POLICY_NONE);
    assert_true(first->intermittent && second->intermittent);
    assert_false(first->exclusive);
    assert_true(second->exclusive);
    assert_int_equal(first->role_count, 2);
    assert_int_equal(first->expect_count, 2);
    struct setting setting = settings_find(&first->roles[0].settings, demo, "instance", 0);
    assert_int_equal(setting.value.number, 3);
    assert_int_equal(setting.level, SETTING_HOST);
    setting = settings_find(&first->roles[1].settings, demo, "instance", 0);
    assert_int_equal(setting.value.number, 4);
    assert_int_equal(setting.level, SETTING_ROLE);
    setting = settings_find(&second->roles[0].settings, demo, "instance", 0);
    assert_int_equal(setting.value.number, 2);
    assert_int_equal(setting.level, SETTING_TEMPLATE);
    setting = settings_find(&second->roles[0].settings, demo, "topology", 0);
    assert_int_equal(setting.level, SETTING_SITE);
    assert_string_equal(setting.value.text, "multi");
    config_free(config);
    files_done(&files);
}

/* Each setting by itself: the nearest holds. */
static void test_shared_secrets_are_folded(void **state)
{
    struct files files;
    char path[128];
    (void)state;
    files_init(&files);
    files_write(&files, "secrets", "default radius of-all\nbranch radius \"of a branch\"\n");
    files_write(&files, "others", "branch radius of-another\n");
    for (const char *const *name = (const char *const[]){"secrets", "others", NULL}; *name; name++) {
        snprintf(path, sizeof(path), "%s/%s", files.folder, *name);
        assert_int_equal(chmod(path, 0600), 0);
    }
    files_write(&files, "site.conf",
                "site: { name = \"s\"; radius = { secrets = \"secrets\"; }; };\n"
                "templates: ( { name = \"branch\"; radius = { entry = \"branch\"; }; } );\n");
    files_write(&files, "hosts.d/a.conf", "host: { name = \"a\"; addresses = [\"10.0.0.1\"]; };");
    files_write(&files, "hosts.d/b.conf",
                "host: { name = \"b\"; addresses = [\"10.0.0.2\"]; template = \"branch\"; };");
    files_write(&files, "hosts.d/c.conf",
                "host: { name = \"c\"; addresses = [\"10.0.0.3\"]; template = \"branch\";"
                " radius = { secrets = \"others\"; }; };");
    struct config *config = files_load(&files, NULL);
    assert_string_equal(site_host(config->site, "a")->radius_secret, "of-all");
    assert_string_equal(site_host(config->site, "b")->radius_secret, "of a branch");
    assert_string_equal(site_host(config->site, "c")->radius_secret, "of-another");
    config_free(config);
    files_write(&files, "site.conf", "site: { name = \"s\"; };");
    files_write(&files, "hosts.d/b.conf", "host: { name = \"b\"; addresses = [\"10.0.0.2\"]; };");
    files_write(&files, "hosts.d/c.conf", "host: { name = \"c\"; addresses = [\"10.0.0.3\"]; };");
    config = files_load(&files, NULL);
    assert_null(site_host(config->site, "a")->radius_secret);
    config_free(config);
    files_done(&files);
}

static void test_a_phase_ends(void **state)
{
    struct files files;
    (void)state;
    files_init(&files);
    files_write(&files, "guides/demo.conf", guide);
    files_write(&files, "site.conf", "site: { name = \"s\"; guides = [\"demo\"]; };");
    files_write(&files, "hosts.d/a.conf",
                "host: { name = \"a\"; addresses = [\"10.0.0.1\"]; roles = ( { component = \"agent\"; phase = "
                "\"installation\"; "
                "phase_until = \"2026-12-01\"; instance = 1; } ); };");
    struct config *config = files_load(&files, NULL);
    const struct guide *demo = config_guide(config, "demo");
    const struct settings *settings = &config->site->hosts[0].roles[0].settings;
    struct setting setting = settings_find(settings, demo, "phase", 0);
    assert_string_equal(setting.value.text, "installation");
    assert_string_equal(setting.until, "2026-12-01");
    setting = settings_find(settings, demo, "phase", setting.until_ms + 1);
    assert_string_equal(setting.value.text, "operation");
    setting = settings_find(settings, demo, "instance", setting.until_ms + 1);
    assert_null(setting.until);
    config_free(config);
    files_done(&files);
}

/* --- one host alone --- */

static void write_hosts(const struct files *files, const char *from)
{
    char text[2048];
    snprintf(text, sizeof(text), "%.*s, { ref = \"t/3\"; listens = \"agent\"; from = %s; ports = \"tcp 99\"; } );",
             (int)(strrchr(guide, ')') - guide), guide, from);
    files_write(files, "guides/demo.conf", text);
    files_write(files, "site.conf",
                "site: { name = \"s\"; guides = [\"demo\"]; }; vantages: ( { name = \"mon1\"; } );");
    files_write(files, "hosts.d/mon1.conf", "host: { name = \"mon1\"; addresses = [\"10.0.0.5\"]; };");
    files_write(files, "hosts.d/a.conf", "host: { name = \"a\"; alias = [\"aa\"]; addresses = [\"10.0.0.1\"]; };");
    files_write(files, "hosts.d/b.conf", "host: { name = \"b\"; addresses = [\"10.0.0.2\"]; };");
}

static void check_read(const struct files *files, const char *host, size_t hosts)
{
    struct config *config = files_load(files, host);
    assert_int_equal(config->site->host_count, hosts);
    assert_int_equal(config->file_count, 2 + hosts);
    config_free(config);
}

static void test_one_host_is_read_alone(void **state)
{
    struct files files;
    (void)state;
    files_init(&files);
    write_hosts(&files, "[\"manager\"]");
    check_read(&files, NULL, 3);
    check_read(&files, "a", 2); /* and the vantage, whose roles count */
    check_read(&files, "mon1", 1);
    check_read(&files, "aa", 3);
    check_read(&files, "10.0.0.1", 3);
    check_read(&files, "../hosts.d/a", 3);
    files_done(&files);
}

static void test_this_machines_own_host_is_read_too(void **state)
{
    struct files files;
    (void)state;
    files_init(&files);
    write_hosts(&files, "[\"manager\"]");
    struct load_options options = {.path = files.folder, .host = "a", .machine_name = "B.example.jp"};
    struct config *config = NULL;
    assert_int_equal(config_load(&options, &config, NULL), 0);
    assert_int_equal(config->site->host_count, 3); /* a, b, and the vantage */
    config_free(config);
    files_done(&files);
}

static void test_all_hosts_are_read_where_a_caller_has_a_condition(void **state)
{
    struct files files;
    (void)state;
    files_init(&files);
    write_hosts(&files, "( { component = \"agent\"; when = \"peer.instance == instance\"; } )");
    check_read(&files, "a", 3);
    files_done(&files);
}

static void test_hash_follows_every_octet(void **state)
{
    struct files files;
    char first[64];
    (void)state;
    files_init(&files);
    write_example(&files);
    struct config *config = files_load(&files, NULL);
    assert_int_equal(strlen(config->hash), 32);
    snprintf(first, sizeof(first), "%s", config->hash);
    config_free(config);
    config = files_load(&files, NULL);
    assert_string_equal(config->hash, first);
    config_free(config);
    files_write(&files, "guides/demo.conf", guide);
    char commented[2048];
    snprintf(commented, sizeof(commented), "%s#\n", guide);
    files_write(&files, "guides/demo.conf", commented);
    config = files_load(&files, NULL);
    assert_string_not_equal(config->hash, first);
    config_free(config);
    files_done(&files);
}

static void load_path(const char *path)
{
    struct load_options options = {.path = path};
    struct config *config = NULL;
    assert_int_equal(config_load(&options, &config, NULL), 0);
    assert_int_equal(config->site->host_count, 1);
    config_free(config);
}

static void test_path_may_be_the_file_or_its_folder(void **state)
{
    struct files files;
    char path[128];
    (void)state;
    files_init(&files);
    write_example(&files);
    snprintf(path, sizeof(path), "%s/site.conf", files.folder);
    load_path(path);
    snprintf(path, sizeof(path), "%s//", files.folder);
    load_path(path);
    char *before = realpath(".", NULL);
    assert_non_null(before);
    assert_int_equal(chdir(files.folder), 0);
    load_path("site.conf");
    load_path(".");
    assert_int_equal(chdir(before), 0);
    free(before);
    files_done(&files);
}

static void test_failure_leaves_the_result_alone(void **state)
{
    struct files files;
    struct config *config = (struct config *)&files;
    (void)state;
    files_init(&files);
    struct load_options options = {.path = files.folder};
    assert_int_equal(config_load(&options, &config, NULL), -ENOENT);
    assert_ptr_equal(config, &files);
    files_write(&files, "site.conf", "site: { };");
    assert_int_equal(config_load(&options, &config, NULL), PC_ESEMANTIC);
    assert_ptr_equal(config, &files);
    files_done(&files);
}

int main(void)
{
    setenv("TZ", "UTC", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example_of_the_manual),
        cmocka_unit_test(test_defaults_without_any_guide),
        cmocka_unit_test(test_everything_a_site_may_say),
        cmocka_unit_test(test_templates_are_folded),
        cmocka_unit_test(test_shared_secrets_are_folded),
        cmocka_unit_test(test_a_phase_ends),
        cmocka_unit_test(test_one_host_is_read_alone),
        cmocka_unit_test(test_this_machines_own_host_is_read_too),
        cmocka_unit_test(test_all_hosts_are_read_where_a_caller_has_a_condition),
        cmocka_unit_test(test_hash_follows_every_octet),
        cmocka_unit_test(test_path_may_be_the_file_or_its_folder),
        cmocka_unit_test(test_failure_leaves_the_result_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
