/* The tables themselves: each row documented and unique, its default valid, its bounds held. */
#include "sections.h"

#include "portconform/load.h"
#include "portconform/words.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void check_row(const struct cfg_section *section, const struct cfg_item *item)
{
    char range[320];
    bool has_default = item->initial != NULL;
    if (!item->name[0] || strlen(item->doc) < 5 || item->doc[strlen(item->doc) - 1] == '.')
        fail_msg("%s.%s is not documented", section->name, item->name);
    assert_true(item->where + sizeof(struct field) <= section->size);
    assert_false(has_default && (item->flags & CFG_REQUIRED));
    if (item->type == CFG_INT) {
        assert_true(item->min < item->max);
        if (has_default) {
            int64_t value = strtoll(item->initial, NULL, 10);
            assert_true(value >= item->min && value <= item->max);
        }
    }
    if (item->type == CFG_BOOL)
        assert_true(has_default && (strcmp(item->initial, "true") == 0 || strcmp(item->initial, "false") == 0));
    if (item->type == CFG_WORD) {
        assert_true((item->words != NULL) != (item->kind != NULL));
        schema_range_text(item, range, sizeof(range));
        assert_true(strlen(range) > 0);
        if (has_default)
            assert_non_null(strstr(range, item->initial));
    }
    bool nests = item->type == CFG_GROUP || item->type == CFG_GROUPS || item->type == CFG_STRINGS_OR_GROUPS;
    if (nests != (item->section != NULL))
        fail_msg("%s.%s: section", section->name, item->name);
}

static void test_each_row_is_documented_and_unique(void **state)
{
    size_t sections = 0, rows = 0;
    (void)state;
    for (const struct cfg_section *const *at = schema_sections(); *at; at++, sections++) {
        const struct cfg_section *section = *at;
        assert_true(strlen(section->doc) > 5);
        for (const struct cfg_section *const *other = schema_sections(); other != at; other++)
            assert_string_not_equal((*other)->name, section->name);
        for (size_t i = 0; i < section->count; i++, rows++) {
            check_row(section, &section->items[i]);
            assert_ptr_equal(schema_item(section, section->items[i].name), &section->items[i]);
            for (size_t j = 0; j < i; j++)
                assert_int_not_equal(section->items[j].where, section->items[i].where);
        }
        /* a struct has no field without a row */
        assert_int_equal(section->size, section->count * sizeof(struct field));
    }
    assert_true(sections > 20 && rows > 100);
}

static void test_every_section_that_is_named_is_listed(void **state)
{
    (void)state;
    for (const struct cfg_section *const *at = schema_sections(); *at; at++) {
        for (size_t i = 0; i < (*at)->count; i++) {
            const struct cfg_section *inner = (*at)->items[i].section;
            bool listed = inner == NULL;
            for (const struct cfg_section *const *other = schema_sections(); *other; other++)
                listed = listed || *other == inner;
            if (!listed)
                fail_msg("%s", inner->name);
        }
    }
}

/* A group with one member, as the loader would have it. */
static bool read_one(const struct cfg_section *section, const struct node *member, void *out, struct diag_list *diags)
{
    struct node copy = *member;
    struct node group = {.kind = NODE_GROUP, .first = &copy, .last = &copy, .count = 1};
    size_t errors = diags->errors;
    schema_read(section, &group, out, diags);
    const struct field *field = (const struct field *)((const char *)out + schema_item(section, member->name)->where);
    assert_true(field->node != NULL || diags->errors > errors);
    return field->node != NULL;
}

static void test_bounds_of_every_number(void **state)
{
    struct diag_list diags;
    size_t numbers = 0;
    (void)state;
    assert_int_equal(diag_list_init(&diags), 0);
    for (const struct cfg_section *const *at = schema_sections(); *at; at++) {
        void *out = malloc((*at)->size + 1);
        assert_non_null(out);
        for (size_t i = 0; i < (*at)->count; i++) {
            const struct cfg_item *item = &(*at)->items[i];
            if (item->type != CFG_INT || (item->flags & (*at)->without) != 0)
                continue;
            struct node member = {.kind = NODE_INT, .name = item->name};
            const int64_t good[] = {item->min, item->max}, bad[] = {item->min - 1, item->max + 1};
            for (size_t j = 0; j < 2; j++) {
                member.number = good[j];
                assert_true(read_one(*at, &member, out, &diags));
                member.number = bad[j];
                assert_false(read_one(*at, &member, out, &diags));
            }
            numbers++;
        }
        free(out);
    }
    assert_true(numbers >= 9);
    diag_list_done(&diags);
}

static void test_every_type_refuses_the_others(void **state)
{
    struct diag_list diags;
    (void)state;
    assert_int_equal(diag_list_init(&diags), 0);
    for (const struct cfg_section *const *at = schema_sections(); *at; at++) {
        void *out = malloc((*at)->size + 1);
        assert_non_null(out);
        for (size_t i = 0; i < (*at)->count; i++) {
            const struct cfg_item *item = &(*at)->items[i];
            bool is_list = item->type == CFG_STRINGS || item->type == CFG_GROUPS || item->type == CFG_STRINGS_OR_GROUPS;
            struct node member = {.kind = is_list ? NODE_GROUP : NODE_LIST, .name = item->name};
            if (!((*at)->without & item->flags))
                assert_false(read_one(*at, &member, out, &diags));
        }
        free(out);
    }
    diag_list_done(&diags);
}

static void test_default_fills_what_is_not_given(void **state)
{
    struct host_fields host;
    struct rule_fields rule;
    struct probe_fields probe;
    (void)state;
    schema_defaults(&section_host, &host);
    assert_null(host.listeners.node);
    assert_int_equal(host.listeners.number, 0);
    assert_int_equal(host.exclusive.number, 0);
    schema_defaults(&section_rules, &rule);
    assert_string_equal(rule.presence.text, "required");
    assert_int_equal(rule.scope.number, SCOPE_NETWORK);
    assert_int_equal(rule.direction.number, DIRECTION_IN);
    assert_null(rule.about.text);
    schema_defaults(&section_probe, &probe);
    assert_int_equal(probe.timeout_ms.number, 3000);
}

struct described {
    size_t lines, rows;
    size_t intervals;
    bool saw_when_in_expect;
};

static void describe_line(void *context, const char *section, const char *name, const char *type, const char *range,
                          const char *initial, const char *doc)
{
    struct described *described = context;
    assert_true(strlen(section) > 0 && strlen(doc) > 0);
    described->lines++;
    if (!*name)
        return;
    described->rows++;
    assert_true(strlen(type) > 0);
    if (strcmp(name, "interval_s") == 0) {
        assert_string_equal(range, "5..86400");
        /* a host, a role and a rule take what is further out */
        assert_string_equal(initial, strcmp(section, "site") == 0 ? "60" : "");
        described->intervals++;
    }
    if (strcmp(section, "expect") == 0 && strcmp(name, "when") == 0)
        described->saw_when_in_expect = true;
}

static void test_description_for_the_manual(void **state)
{
    struct described described = {0};
    (void)state;
    config_describe(describe_line, &described);
    assert_int_equal(described.intervals, 5); /* of site, host, template, role and own rule */
    assert_false(described.saw_when_in_expect);
    assert_true(described.lines > described.rows && described.rows > 100);
}

static void test_lower_case_severities_are_the_severities(void **state)
{
    (void)state;
    for (int i = 0; severity_lower_words[i]; i++)
        assert_int_equal(strcasecmp(severity_lower_words[i], severity_name((enum severity)i)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_row_is_documented_and_unique),
        cmocka_unit_test(test_every_section_that_is_named_is_listed),
        cmocka_unit_test(test_bounds_of_every_number),
        cmocka_unit_test(test_every_type_refuses_the_others),
        cmocka_unit_test(test_default_fills_what_is_not_given),
        cmocka_unit_test(test_description_for_the_manual),
        cmocka_unit_test(test_lower_case_severities_are_the_severities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
