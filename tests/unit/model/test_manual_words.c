/* docs/portconform-verdicts.7 has the words of the tables, each with what the table says of it. */
#include "portconform/file.h"
#include "portconform/words.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *page;

static int read_page(void **state)
{
    (void)state;
    size_t length;
    return file_read("docs/portconform-verdicts.7", 1 << 20, &page, &length);
}

static int drop_page(void **state)
{
    (void)state;
    free(page);
    return 0;
}

static void assert_page_has(const char *entry)
{
    if (!strstr(page, entry))
        fail_msg("the page does not hold:\n%s", entry);
}

static void test_every_verdict(void **state)
{
    (void)state;
    char entry[512];
    for (int code = VERDICT_CONFORMING; code < VERDICT_COUNT; code++) {
        const struct verdict_row *row = verdict_row((enum verdict)code);
        snprintf(entry, sizeof(entry), ".It Sy %s Pq %s, %s, %s\n%s\n", row->name, severity_name(row->severity),
                 blame_name(row->blame), class_name(row->class), row->meaning);
        assert_page_has(entry);
    }
}

static void test_every_reason(void **state)
{
    (void)state;
    char entry[512];
    unsigned found = 0;
    for (int code = REASON_NONE; code < REASON_COUNT; code++) {
        const struct reason_row *row = reason_row((enum reason)code);
        if (row->code != (enum reason)code)
            continue; /* an unused code */
        snprintf(entry, sizeof(entry), ".It Sy %s Pq %d\n%c%s.\n", row->name, code, toupper(row->text[0]),
                 row->text + 1);
        assert_page_has(entry);
        found++;
    }
    assert_true(found > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_verdict),
        cmocka_unit_test(test_every_reason),
    };
    return cmocka_run_group_tests(tests, read_page, drop_page);
}
