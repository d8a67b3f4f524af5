/* The word tables: complete, unique, and the same in both directions. Other people's databases hold the codes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <string.h>

#include "portconform/expectation.h"
#include "portconform/finding.h"
#include "portconform/observation.h"
#include "portconform/words.h"

/* Lower case, digits and single hyphens, beginning with a letter. */
static bool is_machine_word(const char *word)
{
    if (!islower((unsigned char)word[0]))
        return false;
    for (const char *at = word; *at != '\0'; at++) {
        bool hyphen = *at == '-' && at[1] != '-' && at[1] != '\0';
        if (!islower((unsigned char)*at) && !isdigit((unsigned char)*at) && !hyphen)
            return false;
    }
    return true;
}

static const struct word_table *table_of(const char *kind)
{
    for (const struct word_table *table = word_tables(); table->kind != NULL; table++) {
        if (strcmp(table->kind, kind) == 0)
            return table;
    }
    return NULL;
}

static void every_word_is_unique_and_found_again(void **state)
{
    (void)state;
    size_t tables = 0;
    for (const struct word_table *table = word_tables(); table->kind != NULL; table++) {
        tables++;
        assert_true(table->count > 0);
        assert_null(table->words[table->count]);
        for (size_t i = 0; i < table->count; i++) {
            if (table->words[i] != NULL)
                assert_int_equal(word_find(table->kind, table->words[i]), (int)i);
        }
    }
    assert_int_equal(tables, 15);
}

static void every_kind_is_named_once(void **state)
{
    (void)state;
    for (const struct word_table *a = word_tables(); a->kind != NULL; a++) {
        for (const struct word_table *b = a + 1; b->kind != NULL; b++)
            assert_string_not_equal(a->kind, b->kind);
    }
}

static void machine_words_are_lower_case_and_hyphenated(void **state)
{
    (void)state;
    for (const struct word_table *table = word_tables(); table->kind != NULL; table++) {
        bool shouted = strcmp(table->kind, "severity") == 0 || strcmp(table->kind, "transition") == 0;
        for (size_t i = 0; i < table->count && !shouted; i++) {
            if (table->words[i] != NULL)
                assert_true(is_machine_word(table->words[i]));
        }
    }
}

static void lists_for_hints_have_no_holes(void **state)
{
    (void)state;
    for (const struct word_table *table = word_tables(); table->kind != NULL; table++) {
        const char *const *list = word_list(table->kind);
        size_t listed = 0, held = 0;
        for (; list[listed] != NULL; listed++)
            assert_true(word_find(table->kind, list[listed]) >= 0);
        for (size_t i = 0; i < table->count; i++)
            held += table->words[i] != NULL;
        assert_int_equal(listed, held);
    }
    assert_null(word_list("no such kind")[0]);
}

static void unknown_words_are_not_found(void **state)
{
    (void)state;
    assert_int_equal(word_find("verdict", "Missing"), -1);
    assert_int_equal(word_find("verdict", ""), -1);
    assert_int_equal(word_find("verdict", NULL), -1);
    assert_int_equal(word_find("verdicts", "missing"), -1);
}

static void verdict_codes_are_those_of_the_mib(void **state)
{
    (void)state;
    static const char *const by_code[] = {
        "none",      "conforming", "missing",       "filtered",    "reset",      "closed",         "misbound",
        "elsewhere", "saturated",  "indeterminate", "unproven",    "unseen",     "exposed",        "wide",
        "forbidden", "impostor",   "unexpected",    "unreachable", "not-judged", "waiver-expired",
    };
    assert_int_equal(VERDICT_COUNT, sizeof by_code / sizeof *by_code);
    for (int code = 0; code < VERDICT_COUNT; code++) {
        const struct verdict_row *row = verdict_row((enum verdict)code);
        assert_int_equal(row->code, code);
        assert_string_equal(row->name, by_code[code]);
        assert_true(strlen(row->text) > 0);
        assert_true(strlen(row->meaning) > strlen(row->text));
        assert_int_equal(row->meaning[strlen(row->meaning) - 1], '.');
        assert_null(strchr(row->text, '|'));
    }
}

static void verdict_names_lead_back(void **state)
{
    (void)state;
    for (int code = 1; code < VERDICT_COUNT; code++) {
        enum verdict verdict = VERDICT_NONE;
        assert_true(verdict_from_name(verdict_row((enum verdict)code)->name, &verdict));
        assert_int_equal(verdict, code);
    }
    enum verdict untouched = VERDICT_WIDE;
    assert_false(verdict_from_name("none", &untouched)); /* nobody may ask for "no verdict" */
    assert_false(verdict_from_name("missin", &untouched));
    assert_false(verdict_from_name(NULL, &untouched));
    assert_int_equal(untouched, VERDICT_WIDE);
}

static void codes_outside_the_tables_give_the_row_of_none(void **state)
{
    (void)state;
    assert_int_equal(verdict_row((enum verdict)VERDICT_COUNT)->code, VERDICT_NONE);
    assert_int_equal(verdict_row((enum verdict) - 1)->code, VERDICT_NONE);
    assert_int_equal(reason_row((enum reason)REASON_COUNT)->code, REASON_NONE);
    assert_int_equal(reason_row((enum reason)12)->code, REASON_NONE); /* an unused code */
    assert_int_equal(reason_row((enum reason) - 1)->code, REASON_NONE);
}

struct worth {
    enum verdict verdict;
    enum severity severity;
    enum blame blame;
    enum finding_class class;
};

static void verdicts_are_worth_what_the_design_says(void **state)
{
    (void)state;
    static const struct worth expected[] = {
        {VERDICT_CONFORMING, SEVERITY_OK, BLAME_NONE, CLASS_NONE},
        {VERDICT_MISSING, SEVERITY_CRITICAL, BLAME_SERVER, CLASS_AVAILABILITY},
        {VERDICT_FILTERED, SEVERITY_CRITICAL, BLAME_NETWORK, CLASS_AVAILABILITY},
        {VERDICT_RESET, SEVERITY_CRITICAL, BLAME_NETWORK, CLASS_AVAILABILITY},
        {VERDICT_CLOSED, SEVERITY_CRITICAL, BLAME_BOTH, CLASS_AVAILABILITY},
        {VERDICT_MISBOUND, SEVERITY_CRITICAL, BLAME_SERVER, CLASS_CONFIGURATION},
        {VERDICT_ELSEWHERE, SEVERITY_WARNING, BLAME_BOTH, CLASS_CONFIGURATION},
        {VERDICT_SATURATED, SEVERITY_CRITICAL, BLAME_SERVER, CLASS_AVAILABILITY},
        {VERDICT_INDETERMINATE, SEVERITY_UNKNOWN, BLAME_BOTH, CLASS_MONITORING},
        {VERDICT_UNPROVEN, SEVERITY_OK, BLAME_NONE, CLASS_MONITORING},
        {VERDICT_UNSEEN, SEVERITY_OK, BLAME_NONE, CLASS_MONITORING},
        {VERDICT_EXPOSED, SEVERITY_CRITICAL, BLAME_SERVER, CLASS_SECURITY},
        {VERDICT_WIDE, SEVERITY_WARNING, BLAME_SERVER, CLASS_SECURITY},
        {VERDICT_FORBIDDEN, SEVERITY_WARNING, BLAME_NETWORK, CLASS_SECURITY},
        {VERDICT_IMPOSTOR, SEVERITY_CRITICAL, BLAME_SERVER, CLASS_SECURITY},
        {VERDICT_UNEXPECTED, SEVERITY_WARNING, BLAME_SERVER, CLASS_SECURITY},
        {VERDICT_UNREACHABLE, SEVERITY_CRITICAL, BLAME_BOTH, CLASS_AVAILABILITY},
        {VERDICT_NOT_JUDGED, SEVERITY_UNKNOWN, BLAME_LOCAL, CLASS_MONITORING},
        {VERDICT_WAIVER_EXPIRED, SEVERITY_WARNING, BLAME_CONFIG, CLASS_CONFIGURATION},
    };
    assert_int_equal(sizeof expected / sizeof *expected, VERDICT_COUNT - 1);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const struct verdict_row *row = verdict_row(expected[i].verdict);
        assert_int_equal(row->severity, expected[i].severity);
        assert_int_equal(row->blame, expected[i].blame);
        assert_int_equal(row->class, expected[i].class);
    }
}

static void every_reason_has_its_row(void **state)
{
    (void)state;
    size_t rows = 0;
    const struct word_table *table = table_of("reason");
    for (int code = 0; code < REASON_COUNT; code++) {
        const struct reason_row *row = reason_row((enum reason)code);
        assert_non_null(row->name);
        assert_true(strlen(row->text) > 0);
        if (table->words[code] == NULL)
            continue;
        rows++;
        assert_int_equal(row->code, code);
        assert_string_equal(row->name, table->words[code]);
    }
    assert_int_equal(rows, 62); /* every constant of words.h has its row */
    assert_string_equal(reason_row(REASON_ADMIN_PROHIBITED)->text, "administratively prohibited");
}

static void own_trouble_is_never_the_targets_fault(void **state)
{
    (void)state;
    for (int code = 0; code < REASON_COUNT; code++) {
        const struct reason_row *row = reason_row((enum reason)code);
        bool local = code >= REASON_NO_DESCRIPTORS && code <= REASON_NO_SOURCE_PORT;
        assert_int_equal(reason_is_local((enum reason)code), local);
        if (local) {
            assert_int_equal(row->blame, BLAME_LOCAL);
            assert_int_equal(row->severity, SEVERITY_UNKNOWN);
        }
        assert_int_not_equal(row->blame, BLAME_SERVER);
        assert_int_not_equal(row->blame, BLAME_NETWORK);
    }
    assert_int_equal(reason_row(REASON_PARAMETER_UNSET)->blame, BLAME_CONFIG);
    assert_int_equal(reason_row(REASON_FAMILY_ABSENT)->blame, BLAME_CONFIG);
    assert_int_equal(reason_row(REASON_NO_ADDRESS)->blame, BLAME_CONFIG);
}

static void severities_are_ordered_and_exit_as_plugins_do(void **state)
{
    (void)state;
    assert_true(SEVERITY_OK < SEVERITY_UNKNOWN && SEVERITY_UNKNOWN < SEVERITY_WARNING &&
                SEVERITY_WARNING < SEVERITY_CRITICAL);
    assert_int_equal(severity_exit_status(SEVERITY_OK), 0);
    assert_int_equal(severity_exit_status(SEVERITY_WARNING), 1);
    assert_int_equal(severity_exit_status(SEVERITY_CRITICAL), 2);
    assert_int_equal(severity_exit_status(SEVERITY_UNKNOWN), 3);
    assert_int_equal(severity_exit_status((enum severity)9), 3);
    assert_string_equal(severity_name(SEVERITY_UNKNOWN), "UNKNOWN");
}

static void short_words_are_those_of_the_languages(void **state)
{
    (void)state;
    assert_string_equal(blame_name(BLAME_CONFIG), "config");
    assert_string_equal(class_name(CLASS_SECURITY), "security");
    assert_string_equal(presence_name(PRESENCE_FIRST_FREE), "first-free");
    assert_string_equal(presence_name(PRESENCE_ONE_OF), "one-of");
    assert_string_equal(presence_name(PRESENCE_RESERVED), "reserved");
    assert_string_equal(scope_name(SCOPE_PEERS), "peers");
    assert_string_equal(basis_name(BASIS_INFERRED), "inferred");
    assert_string_equal(direction_name(DIRECTION_INTERNAL), "internal");
    assert_string_equal(family_name(FAMILY_IPV6), "ipv6");
    assert_string_equal(address_kind_name(ADDRESS_VIP), "vip");
    assert_string_equal(flow_demand_name(FLOW_MUST_NOT_PASS), "must-not-pass");
    assert_string_equal(probe_outcome_name(PROBE_STOPPED), "stopped");
    assert_string_equal(path_proof_name(PATH_UNPROVEN), "unproven");
    assert_string_equal(transition_name(TRANSITION_WAIVER_EXPIRED), "WAIVER_EXPIRED");
}

static void absence_conforms_for_three_kinds_of_presence(void **state)
{
    (void)state;
    assert_true(presence_absence_conforms(PRESENCE_OPTIONAL));
    assert_true(presence_absence_conforms(PRESENCE_DYNAMIC));
    assert_true(presence_absence_conforms(PRESENCE_RESERVED));
    assert_false(presence_absence_conforms(PRESENCE_REQUIRED));
    assert_false(presence_absence_conforms(PRESENCE_ANY));
    assert_false(presence_absence_conforms(PRESENCE_FIRST_FREE));
    assert_false(presence_absence_conforms(PRESENCE_ONE_OF));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_is_unique_and_found_again),
        cmocka_unit_test(every_kind_is_named_once),
        cmocka_unit_test(machine_words_are_lower_case_and_hyphenated),
        cmocka_unit_test(lists_for_hints_have_no_holes),
        cmocka_unit_test(unknown_words_are_not_found),
        cmocka_unit_test(verdict_codes_are_those_of_the_mib),
        cmocka_unit_test(verdict_names_lead_back),
        cmocka_unit_test(codes_outside_the_tables_give_the_row_of_none),
        cmocka_unit_test(verdicts_are_worth_what_the_design_says),
        cmocka_unit_test(every_reason_has_its_row),
        cmocka_unit_test(own_trouble_is_never_the_targets_fault),
        cmocka_unit_test(severities_are_ordered_and_exit_as_plugins_do),
        cmocka_unit_test(short_words_are_those_of_the_languages),
        cmocka_unit_test(absence_conforms_for_three_kinds_of_presence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
