/* Looking up in guides and sites, and which setting holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "portconform/config.h"

static const struct parameter parameters[] = {
    {.name = "topology",
     .kind = PARAMETER_ENUM,
     .initial = {.type = VALUE_TEXT, .text = "single"},
     .origin = {.file = "guide.conf", .line = 3}},
    {.name = "amt", .kind = PARAMETER_BOOL},
    {.name = "phase", .kind = PARAMETER_ENUM, .initial = {.type = VALUE_TEXT, .text = "operation"}},
};
static const struct component components[] = {{.name = "manager"}, {.name = "agent"}};
static const struct rule rules[] = {
    {.ref = "t/1", .id = "g/t/1"},
    {.ref = "t/2", .part = "a", .id = "g/t/2#a"},
    {.ref = "t/2", .part = "b", .id = "g/t/2#b"},
};
static const struct guide guides[] = {
    {.id = "g",
     .parameters = parameters,
     .parameter_count = 3,
     .components = components,
     .component_count = 2,
     .rules = rules,
     .rule_count = 3},
    {.id = "other"},
};

static void guides_are_searched_by_name(void **state)
{
    (void)state;
    struct config config = {.guides = guides, .guide_count = 2};
    assert_ptr_equal(config_guide(&config, "other"), &guides[1]);
    assert_null(config_guide(&config, "G"));
    assert_ptr_equal(guide_parameter(&guides[0], "amt"), &parameters[1]);
    assert_null(guide_parameter(&guides[0], "amt "));
    assert_ptr_equal(guide_component(&guides[0], "agent"), &components[1]);
    assert_null(guide_component(&guides[1], "agent"));
}

static void a_rule_is_found_by_id_or_by_a_ref_of_one_part(void **state)
{
    (void)state;
    assert_ptr_equal(guide_rule(&guides[0], "g/t/1"), &rules[0]);
    assert_ptr_equal(guide_rule(&guides[0], "t/1"), &rules[0]);
    assert_ptr_equal(guide_rule(&guides[0], "g/t/2#b"), &rules[2]);
    assert_null(guide_rule(&guides[0], "t/2")); /* two parts: which one? */
    assert_null(guide_rule(&guides[0], "t/3"));
}

static void the_nearest_change_of_a_port_holds(void **state)
{
    (void)state;
    const struct changed_port changes[] = {{.rule = &rules[0]}, {.rule = &rules[1]}, {.rule = &rules[0]}};
    const struct host host = {.changed_ports = changes, .changed_port_count = 3}; /* the template's, then its own */
    assert_ptr_equal(host_changed_port(&host, &rules[0]), &changes[2]);
    assert_ptr_equal(host_changed_port(&host, &rules[1]), &changes[1]);
    assert_null(host_changed_port(&host, &rules[2]));
}

static void a_configuration_frees_itself_whole(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    assert_non_null(arena);
    struct config *config = ARENA_NEW(arena, struct config);
    assert_non_null(config);
    config->arena = arena;
    config_free(config);
    config_free(NULL);
}

/* --- settings --- */

static struct setting text_setting(enum setting_level level, const char *name, const char *text)
{
    return (struct setting){
        .guide = &guides[0], .name = name, .value = {.type = VALUE_TEXT, .text = text}, .level = level};
}

static void the_nearest_setting_wins(void **state)
{
    (void)state;
    struct setting items[] = {text_setting(SETTING_SITE, "topology", "multi"),
                              text_setting(SETTING_HOST, "topology", "single"),
                              text_setting(SETTING_ROLE, "phase", "upgrade")};
    struct settings settings = {items, 3};
    struct setting found = settings_find(&settings, &guides[0], "topology", 0);
    assert_int_equal(found.level, SETTING_HOST);
    assert_string_equal(found.value.text, "single");
    settings.count = 1;
    assert_int_equal(settings_find(&settings, &guides[0], "topology", 0).level, SETTING_SITE);
}

static void without_a_setting_the_guide_decides(void **state)
{
    (void)state;
    struct settings none = {NULL, 0};
    struct setting found = settings_find(&none, &guides[0], "topology", 0);
    assert_int_equal(found.level, SETTING_DEFAULT);
    assert_string_equal(found.value.text, "single");
    assert_string_equal(found.origin.file, "guide.conf");
    assert_int_equal(settings_find(&none, &guides[0], "amt", 0).value.type, VALUE_UNSET);
    assert_int_equal(settings_find(&none, &guides[0], "no_such", 0).value.type, VALUE_UNSET);
}

static void another_guides_setting_of_the_same_name_does_not_count(void **state)
{
    (void)state;
    struct setting item = text_setting(SETTING_ROLE, "topology", "multi");
    item.guide = &guides[1];
    struct settings settings = {&item, 1};
    assert_string_equal(settings_find(&settings, &guides[0], "topology", 0).value.text, "single");
}

static void a_phase_past_its_end_does_not_hold(void **state)
{
    (void)state;
    struct setting items[] = {text_setting(SETTING_SITE, "phase", "installation"),
                              text_setting(SETTING_HOST, "phase", "upgrade")};
    items[1].until_ms = 1000;
    struct settings settings = {items, 2};
    assert_string_equal(settings_find(&settings, &guides[0], "phase", 999).value.text, "upgrade");
    assert_string_equal(settings_find(&settings, &guides[0], "phase", 1000).value.text, "installation");
    items[0].until_ms = 500;
    assert_string_equal(settings_find(&settings, &guides[0], "phase", 1000).value.text, "operation");
}

/* --- hosts --- */

static struct host_address literal(const char *text)
{
    struct host_address address = {.text = text};
    assert_int_equal(address_parse(text, &address.address), 0);
    return address;
}

static void a_host_is_found_by_name_alias_or_address(void **state)
{
    (void)state;
    static const char *const alias[] = {"jp1", "db01", NULL};
    struct host_address first[] = {literal("10.0.1.10"), literal("2001:db8::10"), {.text = "mgr01.example.jp"}};
    struct host hosts[] = {
        {.name = "mgr01", .alias = {alias, 2}, .addresses = first, .address_count = 3},
        {.name = "db01"},
    };
    struct site site = {.hosts = hosts, .host_count = 2};
    assert_ptr_equal(site_host(&site, "mgr01"), &hosts[0]);
    assert_ptr_equal(site_host(&site, "jp1"), &hosts[0]);
    assert_ptr_equal(site_host(&site, "10.0.1.10"), &hosts[0]);
    assert_ptr_equal(site_host(&site, "::ffff:10.0.1.10"), &hosts[0]);
    assert_ptr_equal(site_host(&site, "2001:DB8:0::10"), &hosts[0]);
    assert_ptr_equal(site_host(&site, "mgr01.example.jp"), &hosts[0]);
    assert_ptr_equal(site_host(&site, "db01"), &hosts[1]); /* its name goes before the other's alias */
    assert_null(site_host(&site, "10.0.1.1"));
    assert_null(site_host(&site, ""));
}

static void vantages_and_teams_are_found_by_name(void **state)
{
    (void)state;
    struct vantage vantages[] = {{.name = "mon1"}, {.name = "mon2"}};
    struct team teams[] = {{.name = "network", .contact = "noc@example.jp"}};
    struct site site = {.vantages = vantages, .vantage_count = 2, .teams = teams, .team_count = 1};
    assert_ptr_equal(site_vantage(&site, "mon2"), &vantages[1]);
    assert_null(site_vantage(&site, "mon"));
    assert_string_equal(site_team(&site, "network"), "noc@example.jp");
    assert_null(site_team(&site, "server"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guides_are_searched_by_name),
        cmocka_unit_test(a_rule_is_found_by_id_or_by_a_ref_of_one_part),
        cmocka_unit_test(the_nearest_change_of_a_port_holds),
        cmocka_unit_test(a_configuration_frees_itself_whole),
        cmocka_unit_test(the_nearest_setting_wins),
        cmocka_unit_test(without_a_setting_the_guide_decides),
        cmocka_unit_test(another_guides_setting_of_the_same_name_does_not_count),
        cmocka_unit_test(a_phase_past_its_end_does_not_hold),
        cmocka_unit_test(a_host_is_found_by_name_alias_or_address),
        cmocka_unit_test(vantages_and_teams_are_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
