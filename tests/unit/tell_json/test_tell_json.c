/* The JSON form, against its schema's words and read back. */
#include "../tell/told.h"

#include "portconform/tell_json.h"

#include <errno.h>
#include <jansson.h>
#include <time.h>

static json_t *told_json(struct told *told, const struct tell_options *options)
{
    struct snapshot *snapshot = told_snapshot(told);
    struct text out = {0};
    assert_int_equal(teller_json.tell(&out, NULL, snapshot, options), 0);
    json_error_t error;
    json_t *root = json_loads(text_string(&out), JSON_REJECT_DUPLICATES, &error);
    if (root == NULL)
        fail_msg("%d:%d: %s\n%s", error.line, error.column, error.text, text_string(&out));
    text_done(&out);
    snapshot_unref(snapshot);
    return root;
}

static json_t *schema_load(void)
{
    json_error_t error;
    json_t *schema = json_load_file("docs/check.schema.json", JSON_REJECT_DUPLICATES, &error);
    if (schema == NULL)
        fail_msg("docs/check.schema.json:%d: %s", error.line, error.text);
    return schema;
}

static const struct word_table *table_of(const char *kind)
{
    const struct word_table *table = word_tables();
    while (table->kind != NULL && strcmp(table->kind, kind) != 0)
        table++;
    if (table->kind == NULL)
        fail_msg("no table of %s", kind);
    return table;
}

static void the_schema_has_the_words_of_the_tables(void **state)
{
    (void)state;
    static const char *const kinds[] = {"verdict", "reason", "severity", "blame", "class", "path"};
    json_t *schema = schema_load();
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const struct word_table *table = table_of(kinds[i]);
        const json_t *words = json_object_get(json_object_get(json_object_get(schema, "$defs"), kinds[i]), "enum");
        assert_true(json_is_array(words));
        size_t at = 0;
        for (size_t code = 0; code < table->count; code++) {
            if (table->words[code] == NULL)
                continue;
            const char *word = json_string_value(json_array_get(words, at++));
            if (word == NULL || strcmp(word, table->words[code]) != 0)
                fail_msg("%s %zu: the schema has %s, the table %s", kinds[i], code, word != NULL ? word : "nothing",
                         table->words[code]);
        }
        assert_int_equal(json_array_size(words), at);
    }
    json_decref(schema);
}

/* Every member that the schema requires is there, and no other. */
static void assert_members(const json_t *object, const json_t *definition)
{
    const json_t *properties = json_object_get(definition, "properties");
    assert_int_equal(json_object_size(object), json_object_size(properties));
    assert_int_equal(json_array_size(json_object_get(definition, "required")), json_object_size(properties));
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)properties, name, value)
    {
        if (json_object_get(object, name) == NULL)
            fail_msg("%s is not told", name);
    }
    assert_true(json_is_false(json_object_get(definition, "additionalProperties")));
}

static void sample(struct told *told)
{
    told_init(told);
    struct finding unset = told_unset();
    told_add(told, &unset);
    struct finding filtered = told_filtered();
    filtered.was = VERDICT_CONFORMING;
    filtered.since_ms = TOLD_FINISHED_MS - 60000;
    told_add(told, &filtered);
    struct finding waived = told_conforming("mgr01", "31006..31012", 31008);
    waived.verdict = VERDICT_MISSING;
    waived.waived = true;
    waived.waived_until = "2026-12-31";
    waived.waived_reason = "AMT move";
    waived.waived_owner = "server team";
    told_add(told, &waived);
    struct finding held = told_conforming("pc0117", "31001", 31001);
    held.held = true;
    told_add(told, &held);
}

static void what_is_told_has_the_members_of_the_schema(void **state)
{
    (void)state;
    struct told told;
    sample(&told);
    json_t *root = told_json(&told, &(const struct tell_options){0});
    json_t *schema = schema_load();
    const json_t *definitions = json_object_get(schema, "$defs");
    assert_members(root, json_object_get(definitions, "check"));
    size_t index;
    json_t *item;
    json_array_foreach(json_object_get(root, "hosts"), index, item)
        assert_members(item, json_object_get(definitions, "host"));
    json_array_foreach(json_object_get(root, "findings"), index, item)
        assert_members(item, json_object_get(definitions, "finding"));
    assert_members(json_object_get(json_array_get(json_object_get(root, "findings"), 1), "waived"),
                   json_object_get(definitions, "waiver"));
    json_decref(schema);
    json_decref(root);
}

static const char *word(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void a_finding_keeps_its_facts(void **state)
{
    (void)state;
    struct told told;
    sample(&told);
    json_t *root = told_json(&told, &(const struct tell_options){0});
    assert_string_equal(word(root, "site"), "osaka-dc");
    assert_string_equal(word(root, "vantage"), "mon1");
    assert_string_equal(word(root, "finished"), "2026-11-20T05:02:31.250+00:00");
    assert_string_equal(word(root, "severity"), "CRITICAL");

    const json_t *findings = json_object_get(root, "findings");
    assert_int_equal(json_array_size(findings), 4);
    const json_t *unset = json_array_get(findings, 0);
    static const char *const nulls[] = {"host",     "address", "transport", "ports", "port",  "was",
                                        "listener", "probe",   "ref",       "rule",  "since", "waived"};
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++) {
        if (!json_is_null(json_object_get(unset, nulls[i])))
            fail_msg("%s is not null", nulls[i]);
    }
    const json_t *filtered = json_array_get(findings, 2);
    assert_string_equal(word(filtered, "address"), "10.0.1.10");
    assert_string_equal(word(filtered, "transport"), "tcp");
    assert_int_equal(json_integer_value(json_object_get(filtered, "port")), 31000);
    assert_string_equal(word(filtered, "was"), "conforming");
    assert_string_equal(word(filtered, "reason"), "admin-prohibited");
    assert_string_equal(word(filtered, "blame"), "network");
    assert_string_equal(word(filtered, "path"), "proven");
    assert_string_equal(word(filtered, "since"), "2026-11-20T05:01:31.250+00:00");
    assert_true(json_is_false(json_object_get(filtered, "held")));
    const json_t *waived = json_array_get(findings, 1);
    assert_string_equal(word(waived, "ports"), "31006..31012");
    assert_string_equal(word(json_object_get(waived, "waived"), "until"), "2026-12-31");
    assert_true(json_is_null(json_object_get(json_object_get(waived, "waived"), "ticket")));
    assert_true(json_is_true(json_object_get(json_array_get(findings, 3), "held")));
    json_decref(root);
}

static void hosts_are_counted(void **state)
{
    (void)state;
    struct told told;
    sample(&told);
    json_t *root = told_json(&told, &(const struct tell_options){0});
    const json_t *hosts = json_object_get(root, "hosts");
    assert_int_equal(json_array_size(hosts), 2);
    const json_t *mgr = json_array_get(hosts, 0);
    assert_string_equal(word(mgr, "name"), "mgr01");
    assert_int_equal(json_integer_value(json_object_get(mgr, "expectations")), 2);
    assert_int_equal(json_integer_value(json_object_get(mgr, "conforming")), 0);
    assert_int_equal(json_integer_value(json_object_get(mgr, "nonconforming")), 1);
    assert_string_equal(word(mgr, "worst"), "CRITICAL");
    assert_string_equal(word(json_array_get(hosts, 1), "worst"), "OK");
    json_decref(root);
}

static void the_filter_narrows_hosts_and_findings(void **state)
{
    (void)state;
    struct told told;
    sample(&told);
    json_t *root = told_json(&told, &(const struct tell_options){.filter.host = "pc0117"});
    assert_int_equal(json_array_size(json_object_get(root, "hosts")), 1);
    assert_int_equal(json_array_size(json_object_get(root, "findings")), 1);
    assert_string_equal(word(root, "severity"), "OK");
    json_decref(root);
}

static void whatever_a_peer_sent_it_stays_json(void **state)
{
    (void)state;
    struct told told;
    told_init(&told);
    struct finding hostile = told_filtered();
    hostile.listener = "\"},\n\x01\xff\xfe\xc3(\xe2\x80\xa8";
    hostile.probe = "\\ud800 \xed\xa0\x80";
    hostile.about = "操作画面";
    told_add(&told, &hostile);
    json_t *root = told_json(&told, &(const struct tell_options){0});
    const json_t *finding = json_array_get(json_object_get(root, "findings"), 0);
    assert_string_equal(word(finding, "listener"), "\"},\\n\\x01\\xff\\xfe\\xc3(\\xe2\\x80\\xa8");
    assert_non_null(strstr(word(finding, "probe"), "\\ud800 "));
    json_decref(root);
}

static void half_an_answer_is_an_error(void **state)
{
    (void)state;
    struct told told;
    sample(&told);
    struct snapshot *snapshot = told_snapshot(&told);
    struct text out = {.failed = true};
    assert_int_equal(teller_json.tell(&out, NULL, snapshot, &(const struct tell_options){0}), -ENOMEM);
    text_done(&out);
    snapshot_unref(snapshot);
}

static void an_empty_site_is_whole_json(void **state)
{
    (void)state;
    struct told told;
    told_init(&told);
    json_t *root = told_json(&told, &(const struct tell_options){0});
    assert_int_equal(json_array_size(json_object_get(root, "hosts")), 0);
    assert_int_equal(json_array_size(json_object_get(root, "findings")), 0);
    json_decref(root);
}

int main(void)
{
    setenv("TZ", "UTC", 1);
    tzset();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_schema_has_the_words_of_the_tables),
        cmocka_unit_test(what_is_told_has_the_members_of_the_schema),
        cmocka_unit_test(a_finding_keeps_its_facts),
        cmocka_unit_test(hosts_are_counted),
        cmocka_unit_test(the_filter_narrows_hosts_and_findings),
        cmocka_unit_test(whatever_a_peer_sent_it_stays_json),
        cmocka_unit_test(half_an_answer_is_an_error),
        cmocka_unit_test(an_empty_site_is_whole_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
