/* Adoption: what listeners say about components, and what they do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "portconform/adopt.h"
#include "portconform/text.h"

enum { RULES_MAX = 8, LISTENERS_MAX = 32 };

/* A guide "g" with the components server and other, the parameters mode (x, y; no default), on (false) and
 * instance (0..9, no default). */
struct fixture {
    struct arena *arena;
    struct parameter parameters[3];
    struct component components[3];
    struct rule rules[RULES_MAX];
    struct guide guide;
    struct listener listeners[LISTENERS_MAX];
    struct listener_table table;
    struct adoption *adoption;
};

static int setup(void **state)
{
    static const char *const modes[] = {"x", "y", NULL};
    struct fixture *f = calloc(1, sizeof(*f));
    if (f == NULL || (f->arena = arena_new()) == NULL)
        return -1;
    f->parameters[0] =
        (struct parameter){.name = "mode", .kind = PARAMETER_ENUM, .values = {.items = modes, .count = 2}};
    f->parameters[1] =
        (struct parameter){.name = "on", .kind = PARAMETER_BOOL, .initial = {.type = VALUE_BOOL, .number = 0}};
    f->parameters[2] = (struct parameter){.name = "instance", .kind = PARAMETER_INT, .min = 0, .max = 9};
    f->components[0] = (struct component){.name = "server"};
    f->components[1] = (struct component){.name = "other"};
    f->components[2] = (struct component){.name = "outside", .external = true};
    f->guide = (struct guide){.id = "g",
                              .parameters = f->parameters,
                              .parameter_count = 3,
                              .components = f->components,
                              .component_count = 3,
                              .rules = f->rules};
    f->table = (struct listener_table){.items = f->listeners, .ephemeral_low = 32768, .ephemeral_high = 60999};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    adoption_free(f->adoption);
    arena_free(f->arena);
    free(f);
    return 0;
}

static struct rule *add_rule(struct fixture *f, size_t component, const char *ports, const char *when)
{
    static const char *const ids[RULES_MAX] = {"g/t/1", "g/t/2", "g/t/3", "g/t/4", "g/t/5", "g/t/6", "g/t/7", "g/t/8"};
    struct origin nowhere = {0};
    assert_true(f->guide.rule_count < RULES_MAX);
    struct rule *rule = &f->rules[f->guide.rule_count];
    *rule = (struct rule){.guide = &f->guide, .listens = &f->components[component], .id = ids[f->guide.rule_count++]};
    rule->ref = rule->id + 2;
    assert_int_equal(ports_parse(ports, nowhere, f->arena, &rule->ports, NULL), 0);
    if (when != NULL)
        assert_int_equal(expression_parse(when, nowhere, f->arena, &rule->when, NULL), 0);
    return rule;
}

static void hear(struct fixture *f, enum transport transport, const char *address, uint16_t port)
{
    assert_true(f->table.count < LISTENERS_MAX);
    struct listener *listener = &f->listeners[f->table.count++];
    *listener = (struct listener){.transport = transport, .port = port};
    assert_int_equal(address_parse(address, &listener->address), 0);
}

static void hear_all(struct fixture *f, const uint16_t *ports, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hear(f, TRANSPORT_TCP, "0.0.0.0", ports[i]);
}
#define HEAR(f, ...)                                                                                                   \
    hear_all((f), (const uint16_t[]){__VA_ARGS__}, sizeof((const uint16_t[]){__VA_ARGS__}) / sizeof(uint16_t))

static const struct adoption *adopt_all(struct fixture *f)
{
    listener_table_sort(&f->table);
    adoption_free(f->adoption);
    f->adoption = NULL;
    assert_int_equal(adopt(&f->guide, 1, &f->table, &f->adoption), 0);
    return f->adoption;
}

static const struct adopt_setting *setting_of(const struct adopt_role *role, const char *name)
{
    for (size_t i = 0; i < role->setting_count; i++)
        if (strcmp(role->settings[i].parameter->name, name) == 0)
            return &role->settings[i];
    return NULL;
}

static void no_listeners_and_no_guides(void **state)
{
    struct fixture *f = *state;
    const struct adoption *adoption = adopt_all(f);
    assert_int_equal(adoption->ranking_count + adoption->role_count + adoption->unexplained_count, 0);
    HEAR(f, 5000);
    adoption_free(f->adoption);
    f->adoption = NULL;
    assert_int_equal(adopt(NULL, 0, &f->table, &f->adoption), 0);
    assert_int_equal(f->adoption->role_count, 0);
    assert_int_equal(f->adoption->unexplained_count, 1);
}

static void a_specific_port_is_a_role(void **state)
{
    struct fixture *f = *state;
    add_rule(f, 0, "tcp 7001, tcp 7002", NULL);
    HEAR(f, 22, 7001, 7002);
    const struct adoption *adoption = adopt_all(f);
    assert_int_equal(adoption->role_count, 1);
    assert_ptr_equal(adoption->roles[0].component, &f->components[0]);
    assert_true(adoption->roles[0].coverage > 0.99);
    assert_int_equal(adoption->roles[0].items[0].state, ADOPT_FOUND);
    assert_int_equal(adoption->unexplained_count, 1);
    assert_int_equal(f->listeners[adoption->unexplained[0]].port, 22);
}

static void a_common_port_says_little(void **state)
{
    struct fixture *f = *state;
    add_rule(f, 0, "tcp 443", NULL);
    HEAR(f, 443);
    const struct adoption *adoption = adopt_all(f);
    assert_int_equal(adoption->role_count, 0);
    assert_int_equal(adoption->ranking_count, 1); /* told, not proposed */
    assert_int_equal(adoption->unexplained_count, 1);
}

static void the_ephemeral_range_says_less_than_a_number_below_it(void **state)
{
    struct fixture *f = *state;
    add_rule(f, 0, "tcp 42000", NULL);
    add_rule(f, 1, "tcp 7001", NULL);
    HEAR(f, 7001, 42000);
    const struct adoption *adoption = adopt_all(f);
    assert_int_equal(adoption->ranking_count, 2);
    assert_ptr_equal(adoption->ranking[0].component, &f->components[1]);
    assert_true(adoption->ranking[0].score > adoption->ranking[1].score);
}

static void what_is_missing_speaks_against_it(void **state)
{
    struct fixture *f = *state;
    add_rule(f, 0, "tcp 7001, tcp 7002, tcp 7003, tcp 7004", NULL);
    HEAR(f, 7001);
    const struct adoption *adoption = adopt_all(f);
    assert_int_equal(adoption->role_count, 0);
    assert_true(adoption->ranking[0].coverage < 0.3);
    size_t missing = 0;
    for (size_t i = 0; i < adoption->ranking[0].item_count; i++)
        missing += adoption->ranking[0].items[i].state == ADOPT_MISSING;
    assert_int_equal(missing, 3);
}

static void loopback_does_not_serve_a_network(void **state)
{
    struct fixture *f = *state;
    add_rule(f, 0, "tcp 7001", NULL);
    hear(f, TRANSPORT_TCP, "127.0.0.1", 7001);
    const struct adoption *adoption = adopt_all(f);
    assert_int_equal(adoption->role_count, 0);
    assert_int_equal(adoption->ranking[0].items[0].state, ADOPT_PARTLY);
    hear(f, TRANSPORT_TCP, "::", 7001);
    assert_int_equal(adopt_all(f)->role_count, 1);
}

static void another_transport_is_another_port(void **state)
{
    struct fixture *f = *state;
    add_rule(f, 0, "udp 7001", NULL);
    HEAR(f, 7001);
    assert_int_equal(adopt_all(f)->ranking_count, 0);
}

static void the_value_that_fits_is_chosen(void **state)
{
    struct fixture *f = *state;
    add_rule(f, 0, "tcp 7000", NULL);
    add_rule(f, 0, "tcp 7001", "mode == 'x'");
    add_rule(f, 0, "tcp 7002", "mode == 'y' && on");
    HEAR(f, 7000, 7002);
    const struct adoption *adoption = adopt_all(f);
    assert_int_equal(adoption->role_count, 1);
    assert_string_equal(setting_of(&adoption->roles[0], "mode")->value.text, "y");
    assert_int_equal(setting_of(&adoption->roles[0], "on")->value.number, 1);
}

static void what_nothing_decides_stays_unset(void **state)
{
    struct fixture *f = *state;
    add_rule(f, 0, "tcp 7000", NULL);
    add_rule(f, 0, "tcp 7001", "mode == 'x'");
    HEAR(f, 7000);
    const struct adoption *adoption = adopt_all(f);
    assert_int_equal(adoption->role_count, 1);
    assert_null(setting_of(&adoption->roles[0], "mode"));
    assert_int_equal(adoption->roles[0].undecided_count, 1);
    assert_string_equal(adoption->roles[0].undecided[0], "mode");
}

static void values_that_would_do_as_well_are_told(void **state)
{
    struct fixture *f = *state;
    add_rule(f, 0, "tcp 7000", NULL);
    add_rule(f, 0, "tcp 7001", "instance > 0 && instance < 4");
    HEAR(f, 7000, 7001);
    const struct adopt_setting *instance = setting_of(&adopt_all(f)->roles[0], "instance");
    assert_non_null(instance);
    assert_int_equal(instance->value.number, 1);
    assert_string_equal(instance->as_well, "2, 3");
}

static void an_instance_number_is_found(void **state)
{
    struct fixture *f = *state;
    add_rule(f, 0, "tcp 7000+40*instance, tcp 7003+40*instance", NULL);
    HEAR(f, 7120, 7123);
    const struct adoption *adoption = adopt_all(f);
    assert_int_equal(adoption->role_count, 1);
    assert_int_equal(setting_of(&adoption->roles[0], "instance")->value.number, 3);
}

static void a_further_instance_has_a_name_and_is_whole(void **state)
{
    struct fixture *f = *state;
    add_rule(f, 0, "tcp 7000+40*instance, tcp 7003+40*instance", NULL);
    HEAR(f, 7120, 7123, 7240, 7243, 7080); /* 3, 6, and half of 2 */
    const struct adoption *adoption = adopt_all(f);
    assert_int_equal(adoption->role_count, 2);
    assert_null(adoption->roles[0].name);
    assert_string_equal(adoption->roles[1].name, "server-2");
    assert_int_equal(adoption->unexplained_count, 1);
}

static void a_listener_is_explained_once(void **state)
{
    struct fixture *f = *state;
    add_rule(f, 0, "tcp 7001, tcp 7002", NULL);
    add_rule(f, 1, "tcp 7001", NULL);
    HEAR(f, 7001, 7002);
    const struct adoption *adoption = adopt_all(f);
    assert_int_equal(adoption->ranking_count, 2);
    assert_int_equal(adoption->role_count, 1);
    assert_ptr_equal(adoption->roles[0].component, &f->components[0]);
}

static void one_of_a_range_or_of_a_group_suffices(void **state)
{
    struct fixture *f = *state;
    add_rule(f, 0, "tcp 7000..7099", NULL)->presence = PRESENCE_ANY;
    struct rule *member = add_rule(f, 1, "tcp 6001", NULL);
    member->presence = PRESENCE_ONE_OF;
    member->group = "a";
    member = add_rule(f, 1, "tcp 6002", NULL);
    member->presence = PRESENCE_ONE_OF;
    member->group = "a";
    HEAR(f, 6002, 7055);
    const struct adoption *adoption = adopt_all(f);
    assert_int_equal(adoption->role_count, 2);
    assert_true(adoption->roles[0].coverage > 0.99 && adoption->roles[1].coverage > 0.99);
}

static void neither_media_nor_firmware_nor_the_outside_are_evidence(void **state)
{
    struct fixture *f = *state;
    add_rule(f, 0, "tcp 1024..65535", NULL)->presence = PRESENCE_DYNAMIC;
    add_rule(f, 1, "tcp 7001", NULL)->outside_os = true;
    add_rule(f, 2, "tcp 7001", NULL);
    HEAR(f, 7001, 7002);
    const struct adoption *adoption = adopt_all(f);
    assert_int_equal(adoption->ranking_count, 0);
    assert_int_equal(adoption->unexplained_count, 2);
}

static void sockets_of_clients_are_counted_not_listed(void **state)
{
    struct fixture *f = *state;
    hear(f, TRANSPORT_UDP, "0.0.0.0", 40000);
    hear(f, TRANSPORT_UDP, "0.0.0.0", 514);
    hear(f, TRANSPORT_TCP, "0.0.0.0", 40000);
    const struct adoption *adoption = adopt_all(f);
    assert_int_equal(adoption->passing, 1);
    assert_int_equal(adoption->unexplained_count, 2);
}

static void the_whole_range_of_ports_is_no_trouble(void **state)
{
    struct fixture *f = *state;
    add_rule(f, 0, "tcp 1..65535", NULL);
    add_rule(f, 1, "udp 1..65535/2", NULL)->presence = PRESENCE_FIRST_FREE;
    hear(f, TRANSPORT_TCP, "0.0.0.0", 1);
    hear(f, TRANSPORT_TCP, "0.0.0.0", 65535);
    hear(f, TRANSPORT_UDP, "0.0.0.0", 65535);
    const struct adoption *adoption = adopt_all(f);
    assert_int_equal(adoption->role_count, 0);
    assert_int_equal(adoption->ranking_count, 2);
}

static void what_is_written_never_leaves_its_string(void **state)
{
    struct fixture *f = *state;
    struct text out = {0};
    HEAR(f, 7777);
    f->listeners[0].owner.exe = "/opt/a\"; };\nhost: { \\ \x1b[0m";
    struct adopt_file file = {.host = "h1", .source = "the\nkernel", .date = "2026-11-22", .top = 5};
    assert_int_equal(adopt_write(&out, adopt_all(f), &file), 0);
    assert_null(strchr(out.data, '\x1b'));
    assert_null(strstr(out.data, "\nkernel"));
    assert_ptr_equal(strstr(out.data, "\nhost: {"), strstr(out.data, "\nhost: {\n  name = \"h1\";"));
    assert_null(strstr(strstr(out.data, "\nhost: {") + 1, "\nhost: {"));
    assert_non_null(strstr(out.data, "a\\\"; };"));
    text_done(&out);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(no_listeners_and_no_guides),
        TEST(a_specific_port_is_a_role),
        TEST(a_common_port_says_little),
        TEST(the_ephemeral_range_says_less_than_a_number_below_it),
        TEST(what_is_missing_speaks_against_it),
        TEST(loopback_does_not_serve_a_network),
        TEST(another_transport_is_another_port),
        TEST(the_value_that_fits_is_chosen),
        TEST(what_nothing_decides_stays_unset),
        TEST(values_that_would_do_as_well_are_told),
        TEST(an_instance_number_is_found),
        TEST(a_further_instance_has_a_name_and_is_whole),
        TEST(a_listener_is_explained_once),
        TEST(one_of_a_range_or_of_a_group_suffices),
        TEST(neither_media_nor_firmware_nor_the_outside_are_evidence),
        TEST(sockets_of_clients_are_counted_not_listed),
        TEST(the_whole_range_of_ports_is_no_trouble),
        TEST(what_is_written_never_leaves_its_string),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
