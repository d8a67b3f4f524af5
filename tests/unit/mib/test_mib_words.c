/* The enumerations of the MIB file are the words of the product: the same codes under the same names. */
#include "portconform/event.h"
#include "portconform/file.h"
#include "portconform/status.h"
#include "portconform/words.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MIB_CAP = 1 << 20, MOST_CODES = 200 };

static char *mib; /* the whole file */

static int load(void **state)
{
    (void)state;
    size_t length;
    return file_read("mibs/PORTCONFORM-MIB.txt", MIB_CAP, &mib, &length);
}

static int unload(void **state)
{
    (void)state;
    free(mib);
    return 0;
}

/* "not-judged" and "notJudged", "HOST_REACHABLE" and "hostReachable", "OK" and "ok": labels of a MIB hold letters and
 * digits alone, and begin small. */
static bool same_word(const char *label, size_t length, const char *word)
{
    size_t at = 0;
    for (; *word != '\0'; word++) {
        if (*word == '-' || *word == '_')
            continue;
        if (at == length || tolower((unsigned char)label[at]) != tolower((unsigned char)*word))
            return false;
        at++;
    }
    return at == length;
}

/* Reads `label(code)` after `label(code)` of a textual convention; fails for a code whose word is another. `words` by
 * code; every word of it must have been seen. */
static void compare(const char *convention, const char *const *words, size_t count)
{
    bool seen[MOST_CODES] = {false};
    assert_true(count <= MOST_CODES);
    char *start = strstr(mib, convention);
    assert_non_null(start);
    const char *at = strstr(start, "SYNTAX       INTEGER {");
    assert_non_null(at);
    const char *end = strchr(at, '}');
    assert_non_null(end);
    for (at = strchr(at, '{') + 1; at < end;) {
        at += strspn(at, " \n,");
        if (at >= end)
            break;
        size_t length = strcspn(at, "(");
        char *rest;
        unsigned long code = strtoul(at + length + 1, &rest, 10);
        assert_int_equal(*rest, ')');
        assert_true(code < count);
        assert_non_null(words[code]);
        assert_true(same_word(at, length, words[code]));
        assert_false(seen[code]);
        seen[code] = true;
        at = rest + 1;
    }
    for (size_t i = 0; i < count; i++)
        assert_int_equal(seen[i], words[i] != NULL);
}

/* The words of a kind by code, "none" for the code 0 where the table has no word for it. */
static void compare_kind(const char *convention, const char *kind)
{
    const char *words[MOST_CODES] = {"none"};
    for (const struct word_table *table = word_tables(); table->kind != NULL; table++) {
        if (strcmp(table->kind, kind) != 0)
            continue;
        assert_true(table->count <= MOST_CODES);
        for (size_t i = 0; i < table->count; i++) {
            if (table->words[i] != NULL)
                words[i] = table->words[i];
        }
        compare(convention, words, table->count);
        return;
    }
    fail_msg("no table of words has the kind %s", kind);
}

/* The same where the module counts from 1, so that 0 can be "none". */
static void compare_shifted(const char *convention, const char *kind)
{
    const char *words[MOST_CODES] = {"none"};
    size_t count = 1;
    for (const char *const *word = word_list(kind); *word != NULL; word++) {
        words[count++] = *word;
        assert_int_equal(word_find(kind, *word), count - 2);
    }
    assert_true(count > 1);
    compare(convention, words, count);
}

static void test_verdicts(void **state)
{
    (void)state;
    compare_kind("PcVerdict ::=", "verdict");
}

static void test_reasons(void **state)
{
    (void)state;
    compare_kind("PcReason ::=", "reason");
}

static void test_blame(void **state)
{
    (void)state;
    compare_kind("PcBlame ::=", "blame");
}

static void test_class(void **state)
{
    (void)state;
    compare_kind("PcClass ::=", "class");
}

static void test_severity(void **state)
{
    (void)state;
    compare_kind("PcSeverity ::=", "severity");
}

static void test_what_is_expected(void **state)
{
    (void)state;
    compare_shifted("PcPresence ::=", "presence");
    compare_shifted("PcScope ::=", "scope");
    compare_kind("PcPath ::=", "path");
}

static void test_events(void **state)
{
    (void)state;
    const char *words[EVENT_KINDS] = {NULL};
    for (int i = EVENT_RAISED; i < EVENT_KINDS; i++)
        words[i] = event_kind_name((enum event_kind)i);
    compare("PcEventType ::=", words, EVENT_KINDS);
}

static void test_states(void **state)
{
    (void)state;
    const char *sinks[SINK_DOWN + 1], *stores[STORE_FAILED + 1];
    for (int i = 0; i <= SINK_DOWN; i++)
        sinks[i] = sink_state_name((enum sink_state)i);
    for (int i = 0; i <= STORE_FAILED; i++)
        stores[i] = store_state_name((enum store_state)i);
    compare("PcSinkState ::=", sinks, SINK_DOWN + 1);
    compare("PcStoreCondition ::=", stores, STORE_FAILED + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts), cmocka_unit_test(test_reasons),  cmocka_unit_test(test_blame),
        cmocka_unit_test(test_class),    cmocka_unit_test(test_severity), cmocka_unit_test(test_what_is_expected),
        cmocka_unit_test(test_events),   cmocka_unit_test(test_states),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
