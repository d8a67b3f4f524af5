/* The reference sections of docs/portconform-guide.5 and docs/portconform-site.conf.5 have every row of the schema
 * tables. */
#include "portconform/file.h"
#include "portconform/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct pages {
    char *guide, *site;
    unsigned rows;
};

/* In which page does a section stand, and where does it begin? */
static const char *find_section(const struct pages *pages, const char *section)
{
    char heading[128];
    snprintf(heading, sizeof(heading), "\n.Ss %s\n", section);
    const char *at = strstr(pages->guide, heading);
    return at ? at : strstr(pages->site, heading);
}

/* Of a section or subsection; a reference (.Sx) is neither. */
static const char *section_end(const char *at)
{
    const char *next = strstr(at + 1, "\n.Ss "), *section = strstr(at + 1, "\n.Sh ");
    return next && next < section ? next : section;
}

static void expect_row(void *context, const char *section, const char *name, const char *type, const char *range,
                       const char *initial, const char *doc)
{
    (void)type;
    (void)range;
    struct pages *pages = context;
    const char *at = find_section(pages, section);
    if (!at)
        fail_msg("no section \"%s\"", section);
    const char *end = section_end(at);
    char item[96], text[1024];
    snprintf(item, sizeof(item), "\n.It Ic %s Pq ", name ? name : "");
    snprintf(text, sizeof(text), "\n%s.\n", doc ? doc : "");
    /* manual pages have a line a sentence */
    for (char *stop = strstr(text, ". "); stop; stop = strstr(stop, ". "))
        stop[1] = '\n';
    const char *from = name && name[0] ? strstr(at, item) : at;
    if (!from || from > end)
        fail_msg("section \"%s\" does not tell of \"%s\"", section, name);
    const char *told = strstr(from, text);
    if (!told || told > end)
        fail_msg("\"%s\" of section \"%s\" is not told as \"%s\"", name, section, doc);
    if (initial && initial[0] && strcmp(initial, "-") != 0) {
        const char *line_end = strchr(from + 1, '\n');
        const char *value = strstr(from, initial);
        if (!value || value > line_end)
            fail_msg("\"%s\" of section \"%s\" lacks \"%s\"", name, section, initial);
    }
    pages->rows++;
}

static void test_every_row_of_the_schema(void **state)
{
    (void)state;
    struct pages pages = {0};
    size_t length;
    assert_int_equal(file_read("docs/portconform-guide.5", 1 << 20, &pages.guide, &length), 0);
    assert_int_equal(file_read("docs/portconform-site.conf.5", 1 << 20, &pages.site, &length), 0);
    config_describe(expect_row, &pages);
    assert_true(pages.rows > 150);
    free(pages.guide);
    free(pages.site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_row_of_the_schema)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
