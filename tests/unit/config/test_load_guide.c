/* Guides: from files to the model, by the examples of the manual and the shipped guides. */
#include "files.h"

#include "portconform/error.h"
#include <errno.h>

static const char example[] =
    "guide: { id = \"jp1-itdm\"; title = \"JP1/IT Desktop Management: port numbers\"; vendor = \"Hitachi\";\n"
    "  source = \"appendix A.3\"; product_version = \"-\"; published = \"-\"; revision = 1; };\n"
    "parameters: ( { name = \"topology\"; type = \"enum\"; values = [\"single\", \"multi\"]; default = \"single\"; "
    "about = \"...\"; } );\n"
    "components: ( { name = \"manager\"; about = \"Management server\"; owner = [\"unit:jp1*.service\", \"exe:jdn*\"]; "
    "},\n"
    "  { name = \"browser\"; about = \"Administrator's computer\"; external = true; } );\n"
    "rules: (\n"
    "  { ref = \"manager-single/1\"; listens = \"manager\"; from = [\"browser\"]; ports = \"tcp 31080\";\n"
    "    service = \"http\"; when = \"topology == 'single'\"; about = \"Operation console\"; changeable = \"manager "
    "setup\"; },\n"
    "  { ref = \"manager-single/3\"; listens = \"manager\"; scope = \"host\"; scope_basis = \"inferred\";\n"
    "    presence = \"reserved\"; ports = \"tcp 31006..31012\"; when = \"topology == 'single'\";\n"
    "    about = \"Internal processing\"; direction = \"internal\"; }\n"
    ");\n";

static struct config *load_guides(const struct files *files, const char *const *ids)
{
    char folder[128];
    snprintf(folder, sizeof(folder), "%s/guides", files->folder);
    const char *const dirs[] = {folder, NULL};
    struct load_options options = {.guide_dirs = dirs};
    struct diag_list diags;
    struct config *config = NULL;
    assert_int_equal(diag_list_init(&diags), 0);
    assert_int_equal(config_load_guides(&options, ids, &config, &diags), 0);
    assert_int_equal(diags.count, 0);
    diag_list_done(&diags);
    return config;
}

static void test_example_of_the_manual(void **state)
{
    struct files files;
    (void)state;
    files_init(&files);
    files_write(&files, "guides/jp1-itdm.conf", example);
    struct config *config = load_guides(&files, (const char *const[]){"jp1-itdm", NULL});
    assert_int_equal(config->guide_count, 1);
    assert_null(config->site);
    const struct guide *guide = config_guide(config, "jp1-itdm");
    assert_string_equal(guide->vendor, "Hitachi");
    assert_null(guide->title_ja);
    assert_int_equal(guide->revision, 1);
    assert_int_equal(guide->parameter_count, 2);
    const struct parameter *topology = guide_parameter(guide, "topology"), *phase = guide_parameter(guide, "phase");
    assert_int_equal(topology->kind, PARAMETER_ENUM);
    assert_string_equal(topology->initial.text, "single");
    assert_string_equal(phase->initial.text, "operation");
    assert_int_equal(phase->values.count, 3);
    const struct component *manager = guide_component(guide, "manager");
    assert_int_equal(manager->owner.count, 2);
    assert_int_equal(manager->owner.items[0].attribute, OWNER_UNIT);
    assert_string_equal(manager->owner.items[1].pattern, "jdn*");
    assert_true(guide_component(guide, "browser")->external);
    assert_int_equal(guide->rule_count, 2);
    const struct rule *first = &guide->rules[0], *second = &guide->rules[1];
    assert_string_equal(first->id, "jp1-itdm/manager-single/1");
    assert_ptr_equal(first->listens, manager);
    assert_ptr_equal(first->guide, guide);
    assert_int_equal(first->from_count, 1);
    assert_null(first->from[0].when);
    assert_string_equal(first->service->name, "http");
    assert_string_equal(expression_text(first->when), "topology == 'single'");
    assert_int_equal(first->change, CHANGE_WHERE);
    assert_string_equal(first->changeable, "manager setup");
    assert_ptr_equal(first->owner.items, manager->owner.items);
    assert_int_equal(first->direction, DIRECTION_IN);
    assert_int_equal(first->origin.line, 7);
    assert_int_equal(first->origin.column, 3);
    assert_int_equal(second->presence, PRESENCE_RESERVED);
    assert_int_equal(second->scope, SCOPE_HOST);
    assert_int_equal(second->scope_basis, BASIS_INFERRED);
    assert_int_equal(second->direction, DIRECTION_INTERNAL);
    assert_int_equal(second->change, CHANGE_UNSTATED);
    assert_int_equal(second->ports.count, 1);
    assert_string_equal(second->ports.items[0].text, "31006..31012");
    config_free(config);
    files_done(&files);
}

/* What the example does not use. */
static void test_the_other_settings_of_rules(void **state)
{
    struct files files;
    (void)state;
    files_init(&files);
    files_write(
        &files, "guides/x.conf",
        "guide: { id = \"x\"; title = \"X\"; title_ja = \"エックス\"; };\n"
        "parameters: ( { name = \"instance\"; type = \"int\"; max = 9; }, { name = \"side\"; type = \"enum\"; "
        "values = [\"a\", \"b\"]; }, { name = \"base\"; type = \"port\"; max = 65000; default = 8080; } );\n"
        "components: ( { name = \"router\"; } );\n"
        "rules: ( { ref = \"1/1\"; part = \"a\"; listens = \"router\"; from = ( \"router\", { component = \"router\"; "
        "when = \"peer.instance == instance && peer.side != side\"; } ); ports = \"unstated base, base+1\"; "
        "assume = \"udp\"; presence = \"one-of:web\"; scope = \"peers\"; family = \"both\"; segment = \"private\"; "
        "owner = [\"uid:0\"]; multicast = true; outside_os = true; fragile = true; probe = \"none\"; changeable = "
        "\"no\"; "
        "printed = \"tcp 80\"; erratum = \"misprint\"; erratum_ja = \"誤植\"; about = \"x\"; about_ja = \"y\"; },\n"
        "  { ref = \"1/1\"; part = \"b\"; listens = \"router\"; ports = \"udp any\"; presence = \"dynamic\"; } );\n");
    struct config *config = load_guides(&files, (const char *const[]){"x", NULL});
    const struct guide *guide = &config->guides[0];
    const struct rule *rule = &guide->rules[0];
    assert_string_equal(guide->vendor, "-");
    assert_string_equal(guide->title_ja, "エックス");
    assert_int_equal(guide_parameter(guide, "base")->min, 1);
    assert_int_equal(guide_parameter(guide, "base")->initial.number, 8080);
    assert_int_equal(guide_parameter(guide, "instance")->initial.type, VALUE_UNSET);
    assert_string_equal(rule->id, "x/1/1#a");
    assert_int_equal(rule->from_count, 2);
    assert_non_null(rule->from[1].when);
    assert_int_equal(rule->assume, TRANSPORT_UDP);
    assert_int_equal(rule->presence, PRESENCE_ONE_OF);
    assert_string_equal(rule->group, "web");
    assert_int_equal(rule->scope, SCOPE_PEERS);
    assert_int_equal(rule->family, FAMILY_BOTH);
    assert_string_equal(rule->segment, "private");
    assert_int_equal(rule->owner.items[0].attribute, OWNER_UID);
    assert_true(rule->multicast && rule->outside_os && rule->fragile);
    assert_int_equal(rule->probe, PROBE_POLICY_NONE);
    assert_int_equal(rule->change, CHANGE_NO);
    assert_null(rule->changeable);
    assert_string_equal(rule->printed, "tcp 80");
    assert_string_equal(rule->erratum_ja, "誤植");
    assert_string_equal(rule->about_ja, "y");
    assert_int_equal(guide->rules[1].ports.items[0].kind, PORT_ITEM_ANY);
    assert_ptr_equal(guide_rule(guide, "x/1/1#b"), &guide->rules[1]);
    config_free(config);
    files_done(&files);
}

static void test_a_folder_is_one_guide(void **state)
{
    struct files files;
    (void)state;
    files_init(&files);
    files_write(&files, "guides/big/20-rules.conf",
                "rules: ( { ref = \"t/2\"; listens = \"server\"; ports = \"tcp 81\"; } );\n");
    files_write(&files, "guides/big/10-rules.conf",
                "rules: ( { ref = \"t/1\"; listens = \"server\"; ports = \"tcp 80\"; when = \"tls\"; } );\n");
    files_write(&files, "guides/big/guide.conf",
                "guide: { id = \"big\"; title = \"Big\"; };\ncomponents: ( { name = \"server\"; } );\n"
                "parameters: ( { name = \"tls\"; type = \"bool\"; } );\n");
    files_write(&files, "guides/big/README", "not read");
    files_write(&files, "guides/big/.hidden.conf", "not read");
    struct config *config = load_guides(&files, (const char *const[]){"big", "big", NULL});
    assert_int_equal(config->guide_count, 1);
    assert_int_equal(config->file_count, 3);
    assert_int_equal(config->guides[0].rule_count, 2);
    assert_string_equal(config->guides[0].rules[0].ref, "t/1");
    config_free(config);
    files_done(&files);
}

static void test_nearest_folder_of_the_search_path_wins(void **state)
{
    struct files files;
    char first[128], second[128];
    (void)state;
    files_init(&files);
    files_write(&files, "a/x.conf", "guide: { id = \"x\"; title = \"of a\"; };\n");
    files_write(&files, "b/x.conf", "guide: { id = \"x\"; title = \"of b\"; };\n");
    files_write(&files, "b/y.conf", "guide: { id = \"y\"; title = \"of b\"; };\n");
    snprintf(first, sizeof(first), "%s/a", files.folder);
    snprintf(second, sizeof(second), "%s/b", files.folder);
    const char *const dirs[] = {first, second, NULL};
    struct load_options options = {.guide_dirs = dirs};
    struct config *config;
    assert_int_equal(config_load_guides(&options, NULL, &config, NULL), 0);
    assert_string_equal(config_guide(config, "x")->title, "of a");
    assert_string_equal(config_guide(config, "y")->title, "of b");
    for (size_t i = 1; i < config->guide_count; i++)
        assert_true(strcmp(config->guides[i - 1].id, config->guides[i].id) < 0);
    config_free(config);
    files_done(&files);
}

static void test_shipped_guides_load(void **state)
{
    struct load_options options = {0};
    struct diag_list diags;
    struct config *config;
    (void)state;
    assert_int_equal(diag_list_init(&diags), 0);
    assert_int_equal(config_load_guides(&options, NULL, &config, &diags), 0);
    assert_int_equal(diags.count, 0);
    assert_non_null(config_guide(config, "jp1-itdm"));
    assert_non_null(config_guide(config, "sametime-community"));
    config_free(config);
    diag_list_done(&diags);
}

static void test_a_guide_that_is_nowhere(void **state)
{
    struct load_options options = {0};
    struct diag_list diags;
    struct config *config = NULL;
    (void)state;
    assert_int_equal(diag_list_init(&diags), 0);
    assert_int_equal(
        config_load_guides(&options, (const char *const[]){"jp1-itmd", "../jp1-itdm", NULL}, &config, &diags),
        PC_ESEMANTIC);
    assert_null(config);
    assert_int_equal(diags.errors, 2);
    bool hinted = false;
    for (size_t i = 0; i < diags.count; i++)
        hinted = hinted || (diags.items[i].hint && strstr(diags.items[i].hint, "jp1-itdm"));
    assert_true(hinted);
    diag_list_done(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example_of_the_manual), cmocka_unit_test(test_the_other_settings_of_rules),
        cmocka_unit_test(test_a_folder_is_one_guide), cmocka_unit_test(test_nearest_folder_of_the_search_path_wins),
        cmocka_unit_test(test_shipped_guides_load),   cmocka_unit_test(test_a_guide_that_is_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
