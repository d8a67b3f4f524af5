/* `portconform status` on a terminal: no line is wider than it, and nothing of the words is lost. */
#include "server.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static char *told(unsigned columns, bool colour)
{
    struct status *status = status_new();
    assert_non_null(status);
    status->version = "0.1.0";
    status->site = "osaka-dc";
    status->vantage = "mon1";
    status->config = "/etc/portconform/site.conf";
    status->config_rejected = true;
    status->config_error = "/etc/portconform/site.conf:18:7: error: \"hosts\" belongs into files of their own";
    status->probe_note = "an accept queue that is full, and by which hop a probe was stopped, cannot be seen here";
    static const struct sink_status sink = {.name = "siem1",
                                            .target = "tls:siem1.example:6514",
                                            .state = SINK_DOWN,
                                            .queued = 12,
                                            .last_error = "connection refused: nobody listens at 198.51.100.7"};
    status->syslog = &sink;
    status->syslog_count = 1;
    status->store = (struct store_status){.state = STORE_FULL, .path = "/var/lib/portconform/store.db", .abandoned = 3};
    struct text out = {0};
    const struct request request = {.columns = columns, .colour = colour};
    assert_int_equal(status_text(&out, status, NULL, &request), 0);
    char *copy = strdup(text_string(&out));
    assert_non_null(copy);
    text_done(&out);
    status_unref(status);
    return copy;
}

/* Words with one blank between them. */
static void squeeze(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        char octet = *from == '\n' ? ' ' : *from;
        if (octet != ' ' || (to > text && to[-1] != ' '))
            *to++ = octet;
    }
    *to = '\0';
}

static size_t widest(const char *text)
{
    size_t most = 0;
    for (const char *at = text; *at != '\0'; at += strcspn(at, "\n") + 1) {
        size_t width = 0;
        for (size_t i = 0; i < strcspn(at, "\n"); i++) {
            if (at[i] == '\033')
                i += strcspn(at + i, "m");
            else
                width++;
        }
        most = width > most ? width : most;
    }
    return most;
}

static void lines_are_as_wide_as_the_terminal(void **state)
{
    (void)state;
    char *wide = told(0, false);
    assert_true(widest(wide) > 100);
    squeeze(wide);
    for (unsigned columns = 50; columns <= 200; columns += 10) {
        char *narrow = told(columns, false), *colourful = told(columns, true);
        assert_true(widest(narrow) <= columns);
        assert_true(widest(colourful) <= columns);
        assert_int_equal(widest(narrow), widest(colourful)); /* colours take no room */
        squeeze(narrow);
        assert_string_equal(narrow, wide);
        free(narrow);
        free(colourful);
    }
    free(wide);
}

static void expect_wrapped(const char *lines, unsigned columns, const char *expected)
{
    struct text out = {0};
    add_wrapped(&out, lines, 4, columns);
    assert_string_equal(text_string(&out), expected);
    text_done(&out);
}

static void what_follows_stands_under_the_words(void **state)
{
    (void)state;
    expect_wrapped("abc one two  three\n", 12, "abc one two\n    three\n");
    expect_wrapped("abc one two  three\n", 0, "abc one two  three\n");
    expect_wrapped("abc averyveryverylongword\nx\n", 12, "abc averyveryverylongword\nx\n"); /* beside its label */
    expect_wrapped("    averyveryverylongword b\n", 12, "    averyveryverylongword\n    b\n");
    expect_wrapped("", 12, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_as_wide_as_the_terminal),
        cmocka_unit_test(what_follows_stands_under_the_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
