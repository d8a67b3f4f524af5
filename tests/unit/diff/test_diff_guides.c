/* Two guides: which row is which, and what a firewall has to follow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "portconform/diff.h"

enum { RULES_MAX = 8 };

struct version {
    struct parameter parameters[2];
    struct component components[2];
    struct rule rules[RULES_MAX];
    struct peer peers[RULES_MAX];
    struct guide guide;
};
struct fixture {
    struct arena *arena;
    struct version a, b;
    struct diff *diff;
};

static void version_init(struct version *version)
{
    version->parameters[0] =
        (struct parameter){.name = "n", .kind = PARAMETER_INT, .min = 0, .max = 9, .initial = {.type = VALUE_INT}};
    version->components[0] = (struct component){.name = "server"};
    version->components[1] = (struct component){.name = "agent"};
    version->guide = (struct guide){.id = "g",
                                    .parameters = version->parameters,
                                    .parameter_count = 1,
                                    .components = version->components,
                                    .component_count = 2,
                                    .rules = version->rules};
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (f == NULL || (f->arena = arena_new()) == NULL)
        return -1;
    version_init(&f->a);
    version_init(&f->b);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    diff_free(f->diff);
    arena_free(f->arena);
    free(f);
    return 0;
}

/* A rule of the server, for the agent. */
static struct rule *add(struct fixture *f, struct version *version, const char *id, const char *ports)
{
    struct origin nowhere = {0};
    size_t index = version->guide.rule_count++;
    assert_true(index < RULES_MAX);
    version->peers[index] = (struct peer){.component = &version->components[1]};
    struct rule *rule = &version->rules[index];
    *rule = (struct rule){.guide = &version->guide,
                          .listens = &version->components[0],
                          .id = id,
                          .ref = strchr(id, '/') + 1,
                          .from = &version->peers[index],
                          .from_count = 1};
    assert_int_equal(ports_parse(ports, nowhere, f->arena, &rule->ports, NULL), 0);
    return rule;
}

static const struct diff *compare(struct fixture *f)
{
    diff_free(f->diff);
    f->diff = NULL;
    assert_int_equal(diff_guides(&f->a.guide, &f->b.guide, &f->diff), 0);
    return f->diff;
}

static size_t count(const struct diff *diff, enum difference_kind kind)
{
    size_t found = 0;
    for (size_t i = 0; i < diff->count; i++)
        found += diff->items[i].kind == kind;
    return found;
}

static void two_empty_guides_are_the_same(void **state)
{
    const struct diff *diff = compare(*state);
    assert_int_equal(diff->count + diff->way_count, 0);
}

static void the_order_of_rows_is_no_difference(void **state)
{
    struct fixture *f = *state;
    add(f, &f->a, "g/t/1", "tcp 80, tcp 443");
    add(f, &f->a, "g/t/2", "udp 53");
    add(f, &f->b, "g/u/9", "udp 53");
    add(f, &f->b, "g/u/1", "tcp 443, tcp 80");
    const struct diff *diff = compare(f);
    assert_int_equal(diff->count + diff->way_count, 0);
}

static void the_same_port_twice_is_matched_to_what_is_most_like_it(void **state)
{
    struct fixture *f = *state;
    add(f, &f->a, "g/t/1", "tcp 80")->presence = PRESENCE_OPTIONAL;
    add(f, &f->a, "g/t/2", "tcp 80");
    add(f, &f->b, "g/u/1", "tcp 80");
    add(f, &f->b, "g/u/2", "tcp 80")->presence = PRESENCE_OPTIONAL;
    assert_int_equal(compare(f)->count, 0);
    f->b.guide.rule_count = 1;
    const struct diff *diff = compare(f);
    assert_int_equal(count(diff, DIFFERENCE_DROPPED), 1);
    assert_string_equal(diff->items[0].about, "for agent, optional");
    assert_int_equal(diff->way_count, 0); /* the other row still needs the opening */
}

static void what_was_one_port_and_is_two(void **state)
{
    struct fixture *f = *state;
    add(f, &f->a, "g/t/1", "tcp 80");
    add(f, &f->b, "g/t/1", "tcp 80, tcp 81");
    const struct diff *diff = compare(f);
    assert_int_equal(diff->count, 1);
    assert_int_equal(diff->items[0].kind, DIFFERENCE_OPENED);
    assert_string_equal(diff->items[0].ports, "tcp 81");
    assert_int_equal(diff->way_count, 1);
    assert_true(diff->ways[0].open);
    assert_string_equal(diff->ways[0].source, "agent");
    assert_string_equal(diff->ways[0].destination, "server");
    assert_string_equal(diff->ways[0].ports, "81");
}

static void a_renumbered_row_that_changed_names_both(void **state)
{
    struct fixture *f = *state;
    add(f, &f->a, "g/t/1", "tcp 80");
    add(f, &f->b, "g/t/2", "tcp 80")->service = service_find("http");
    const struct diff *diff = compare(f);
    assert_int_equal(diff->count, 1);
    assert_string_equal(diff->items[0].field, "service");
    assert_string_equal(diff->items[0].before, "-");
    assert_string_equal(diff->items[0].after, "http");
    assert_string_equal(diff->items[0].ref, "g/t/2 (was g/t/1)");
}

static void an_assumed_transport_is_told_apart_from_a_stated_one(void **state)
{
    struct fixture *f = *state;
    add(f, &f->a, "g/t/1", "unstated 80")->assume = TRANSPORT_TCP;
    add(f, &f->b, "g/t/1", "tcp 80");
    const struct diff *diff = compare(f);
    assert_int_equal(diff->count, 1);
    assert_string_equal(diff->items[0].field, "nature");
    assert_string_equal(diff->items[0].before, "transport unstated");
    assert_int_equal(diff->way_count, 0);
}

static void a_guide_under_another_name_is_compared_row_by_row(void **state)
{
    struct fixture *f = *state;
    f->b.guide.id = "g-2";
    add(f, &f->a, "g/t/1", "tcp 80");
    add(f, &f->b, "g-2/t/1", "tcp 81");
    const struct diff *diff = compare(f);
    assert_int_equal(diff->count, 1);
    assert_string_equal(diff->items[0].field, "ports");
}

static void parameters(void **state)
{
    struct fixture *f = *state;
    f->b.parameters[0].max = 20;
    f->b.parameters[0].initial = (struct value){.type = VALUE_UNSET};
    f->b.parameters[1] = (struct parameter){.name = "new", .kind = PARAMETER_BOOL};
    f->b.guide.parameter_count = 2;
    const struct diff *diff = compare(f);
    assert_int_equal(diff->count, 3);
    assert_string_equal(diff->items[0].field, "type");
    assert_string_equal(diff->items[0].after, "int 0..20");
    assert_string_equal(diff->items[1].field, "default");
    assert_string_equal(diff->items[1].after, "none");
    assert_int_equal(diff->items[2].kind, DIFFERENCE_ADDED);
    assert_string_equal(diff->items[2].where, "parameter new");
}

static void a_component_that_went_drops_its_ports(void **state)
{
    struct fixture *f = *state;
    struct rule *rule = add(f, &f->a, "g/t/1", "tcp 80");
    rule->listens = &f->a.components[1];
    rule->from_count = 0;
    f->b.guide.component_count = 1;
    const struct diff *diff = compare(f);
    assert_int_equal(diff->count, 2);
    assert_int_equal(diff->items[0].kind, DIFFERENCE_REMOVED);
    assert_int_equal(diff->items[1].kind, DIFFERENCE_DROPPED);
    assert_int_equal(diff->way_count, 1);
    assert_false(diff->ways[0].open);
    assert_string_equal(diff->ways[0].source, "anybody");
}

static void it_outlives_the_guides(void **state)
{
    struct fixture *f = *state;
    add(f, &f->a, "g/t/1", "tcp 80");
    compare(f);
    arena_free(f->arena);
    f->arena = arena_new();
    memset(&f->a, 'x', sizeof(f->a));
    assert_string_equal(f->diff->items[0].ports, "tcp 80");
    assert_string_equal(f->diff->items[0].ref, "g/t/1");
    assert_string_equal(f->diff->ways[0].source, "agent");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(two_empty_guides_are_the_same),
        TEST(the_order_of_rows_is_no_difference),
        TEST(the_same_port_twice_is_matched_to_what_is_most_like_it),
        TEST(what_was_one_port_and_is_two),
        TEST(a_renumbered_row_that_changed_names_both),
        TEST(an_assumed_transport_is_told_apart_from_a_stated_one),
        TEST(a_guide_under_another_name_is_compared_row_by_row),
        TEST(parameters),
        TEST(a_component_that_went_drops_its_ports),
        TEST(it_outlives_the_guides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
