/* Syslog messages: what they look like, and that hostile values cannot break their structure. */
#include "portconform/syslog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include <cmocka.h>

static struct finding missing(void)
{
    struct finding finding = {
        .key = "mgr01|manager|jp1-itdm/manager-multi/2|31000",
        .host = "mgr01",
        .role = "manager",
        .transport = TRANSPORT_TCP,
        .ports = "31000",
        .port = 31000,
        .verdict = VERDICT_MISSING,
        .severity = SEVERITY_CRITICAL,
        .reason = REASON_NOBODY_LISTENS,
        .blame = BLAME_SERVER,
        .class = CLASS_AVAILABILITY,
        .guide = "jp1-itdm",
        .ref = "manager-multi/2",
        .rule = "jp1-itdm/manager-multi/2",
        .since_ms = 1700000000300,
        .observed_ms = 1700000001500,
    };
    assert_int_equal(address_parse("10.0.1.10", &finding.address), 0);
    return finding;
}

static struct syslog_event event_of(const struct finding *finding)
{
    return (struct syslog_event){
        .id = 7,
        .seq = 3,
        .boot = "5eed",
        .site = "osaka-dc",
        .vantage = "mon1",
        .hostname = "mon1.example.jp",
        .pid = 812,
        .facility = LOG_DAEMON,
        .transition = {.kind = TRANSITION_RAISED, .finding = finding, .at = {.wall_ms = 1700000002000}},
        .message = "tcp 31000 on mgr01 (10.0.1.10) is missing: nobody listens",
        .owner = "unix-ops@example.jp",
    };
}

static char *format(const struct syslog_event *event, size_t max)
{
    struct text text = {0};
    syslog_format_rfc5424(&text, event, max);
    assert_false(text.failed);
    assert_true(text.length <= max);
    return text.data;
}

/* A small reader of RFC 5424, which fails where the grammar does not hold. Gives the unescaped value of `name`, or NULL
 * when the parameter is absent, and the text. */
static char *read_message(const char *line, const char *name, const char **ret_message)
{
    static char value[4096];
    const char *at = line;
    bool found = false;
    for (int blanks = 0; blanks < 6; at++) {
        assert_int_not_equal(*at, '\0');
        blanks += *at == ' ';
    }
    assert_int_equal(*at++, '[');
    at += strcspn(at, " ]");
    while (*at == ' ') {
        size_t length = strcspn(++at, "=\"] ");
        bool wanted = name != NULL && strlen(name) == length && strncmp(at, name, length) == 0;
        at += length;
        assert_int_equal(*at++, '=');
        assert_int_equal(*at++, '"');
        size_t out = 0;
        for (; *at != '"'; at++) {
            assert_int_not_equal(*at, '\0');
            assert_int_not_equal(*at, ']');
            assert_true((unsigned char)*at >= ' ');
            if (*at == '\\' && strchr("\"\\]", at[1]) != NULL)
                at++;
            if (wanted)
                value[out++] = *at;
        }
        at++;
        if (wanted) {
            assert_false(found);
            value[out] = '\0';
            found = true;
        }
    }
    assert_int_equal(*at++, ']');
    assert_true(*at == ' ' || *at == '\0');
    if (ret_message != NULL)
        *ret_message = *at == ' ' ? at + 1 : at;
    return found ? value : NULL;
}

static void assert_param(const struct syslog_event *event, const char *name, const char *expected)
{
    char *line = format(event, SYSLOG_MOST);
    const char *value = read_message(line, name, NULL);
    if (expected == NULL) {
        assert_null(value);
    } else {
        assert_non_null(value);
        assert_string_equal(value, expected);
    }
    free(line);
}

static void test_whole_message(void **state)
{
    (void)state;
    struct finding finding = missing();
    struct syslog_event event = event_of(&finding);
    char *line = format(&event, SYSLOG_MOST);
    assert_string_equal(
        line, "<26>1 2023-11-14T22:13:21.500+00:00 mon1.example.jp portconformd 812 RAISED [portconform@32473 v=\"1\" "
              "key=\"mgr01|manager|jp1-itdm/manager-multi/2|31000\" id=\"7\" seq=\"3\" boot=\"5eed\" "
              "site=\"osaka-dc\" vantage=\"mon1\" host=\"mgr01\" addr=\"10.0.1.10\" transport=\"tcp\" port=\"31000\" "
              "ports=\"31000\" verdict=\"missing\" was=\"none\" severity=\"CRITICAL\" reason=\"nobody-listens\" "
              "blame=\"server\" class=\"availability\" guide=\"jp1-itdm\" ref=\"manager-multi/2\" "
              "rule=\"jp1-itdm/manager-multi/2\" since=\"2023-11-14T22:13:20.300+00:00\" "
              "owner=\"unix-ops@example.jp\"] tcp 31000 on mgr01 (10.0.1.10) is missing: nobody listens");
    free(line);
}

static void test_local_message(void **state)
{
    (void)state;
    struct finding finding = missing();
    struct syslog_event event = event_of(&finding);
    struct text text = {0};
    finding.observed_ms = 1699000000000; /* 2023-11-03 08:26:40 */
    syslog_format_local(&text, &event);
    assert_string_equal(text_string(&text), "<26>Nov  3 08:26:40 portconformd[812]: RAISED: tcp 31000 on mgr01 "
                                            "(10.0.1.10) is missing: nobody listens");
    text_done(&text);
}

static void test_event_without_a_finding(void **state)
{
    (void)state;
    struct syslog_event event = event_of(NULL);
    event.msgid = "STOPPED";
    event.level = LOG_NOTICE;
    event.message = "portconformd ends";
    event.owner = NULL;
    event.hostname = NULL;
    event.pen = 64512;
    char *line = format(&event, SYSLOG_MOST);
    assert_string_equal(line, "<29>1 2023-11-14T22:13:22.000+00:00 - portconformd 812 STOPPED [portconform@64512 "
                              "v=\"1\" id=\"7\" seq=\"3\" boot=\"5eed\" site=\"osaka-dc\" vantage=\"mon1\"] "
                              "portconformd ends");
    free(line);
}

static void test_level_follows_the_finding(void **state)
{
    (void)state;
    static const struct {
        enum transition_kind kind;
        enum severity severity;
        bool waived;
        const char *prefix;
    } cases[] = {
        {TRANSITION_RAISED, SEVERITY_CRITICAL, false, "<26>1 "},
        {TRANSITION_CHANGED, SEVERITY_WARNING, false, "<28>1 "},
        {TRANSITION_RAISED, SEVERITY_UNKNOWN, false, "<29>1 "},
        {TRANSITION_CHANGED, SEVERITY_OK, false, "<30>1 "},
        {TRANSITION_CLEARED, SEVERITY_CRITICAL, false, "<30>1 "},
        {TRANSITION_RAISED, SEVERITY_CRITICAL, true, "<29>1 "},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct finding finding = missing();
        finding.severity = cases[i].severity;
        finding.waived = cases[i].waived;
        struct syslog_event event = event_of(&finding);
        event.transition.kind = cases[i].kind;
        char *line = format(&event, SYSLOG_MOST);
        assert_memory_equal(line, cases[i].prefix, strlen(cases[i].prefix));
        free(line);
    }
}

static void test_params_without_value_are_left_out(void **state)
{
    (void)state;
    struct finding finding = missing();
    finding.address.family = AF_UNSPEC;
    finding.transport = TRANSPORT_UNSTATED;
    finding.port = 0;
    finding.ports = finding.guide = finding.ref = finding.rule = NULL;
    finding.since_ms = 0;
    struct syslog_event event = event_of(&finding);
    static const char *const absent[] = {"addr", "transport", "port", "ports", "guide", "ref", "rule", "since"};
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
        assert_param(&event, absent[i], NULL);
    assert_param(&event, "host", "mgr01");
}

static void test_the_three_characters_are_escaped(void **state)
{
    (void)state;
    struct finding finding = missing();
    finding.host = "a\"b\\c]d=e [x";
    struct syslog_event event = event_of(&finding);
    assert_param(&event, "host", "a\"b\\c]d=e [x");
    assert_param(&event, "severity", "CRITICAL");
}

/* A value cannot end the line, hide what follows, or smuggle octets that are no text. */
static void test_hostile_values(void **state)
{
    (void)state;
    static const char *const hostile[] = {
        "x\n<0>1 - - - - - forged",
        "x\r\x1b[2J",
        "\"] forged",
        "\\",
        "\\\"",
        "]",
        "\xff\xfe",
        "\xe6\x97",
        "\xc0\xaf",
        "",
        "a\x7f",
        "\xe2\x80\xae",
        "[portconform@1 v=\"2\"]",
        "seq=\"9\" id=\"8\"",
    };
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        struct finding finding = missing();
        finding.key = finding.host = finding.guide = finding.ref = hostile[i];
        struct syslog_event event = event_of(&finding);
        event.hostname = event.owner = event.site = event.message = hostile[i];
        char *line = format(&event, SYSLOG_MOST);
        const char *message;
        assert_string_equal(read_message(line, "seq", NULL), "3");
        assert_string_equal(read_message(line, "verdict", &message), "missing");
        assert_null(strpbrk(line, "\n\r\x1b\x7f"));
        assert_true(text_utf8_valid(line, strlen(line), NULL));
        free(line);
        struct text local = {0};
        syslog_format_local(&local, &event);
        assert_null(strpbrk(text_string(&local), "\n\r\x1b\x7f"));
        text_done(&local);
    }
}

static void test_mark_before_letters_beyond_ascii_alone(void **state)
{
    (void)state;
    struct finding finding = missing();
    struct syslog_event event = event_of(&finding);
    const char *message;
    char *line = format(&event, SYSLOG_MOST);
    read_message(line, NULL, &message);
    assert_memory_equal(message, "tcp", 3);
    free(line);
    event.message = "\xE5\xA4\xA7\xE9\x98\xAA";
    line = format(&event, SYSLOG_MOST);
    read_message(line, NULL, &message);
    assert_string_equal(message, "\xEF\xBB\xBF\xE5\xA4\xA7\xE9\x98\xAA");
    free(line);
    struct text local = {0};
    syslog_format_local(&local, &event);
    assert_null(strstr(text_string(&local), "\xEF\xBB\xBF"));
    text_done(&local);
}

static void test_long_text_is_shortened_and_nothing_else(void **state)
{
    (void)state;
    enum { LETTERS = 3000 };
    struct finding finding = missing();
    struct syslog_event event = event_of(&finding);
    char *whole = format(&event, SYSLOG_MOST);
    const char *message;
    read_message(whole, NULL, &message);
    size_t structure = (size_t)(message - whole);
    char *text = malloc(LETTERS + 1);
    assert_non_null(text);
    for (size_t i = 0; i + 2 < LETTERS; i += 3)
        memcpy(text + i, "\xE6\x97\xA5", 3);
    text[LETTERS] = '\0';
    event.message = text;
    for (size_t max = SYSLOG_MOST - 10; max <= SYSLOG_MOST; max++) {
        char *line = format(&event, max);
        read_message(line, NULL, &message);
        assert_int_equal(message - line, structure);
        assert_true(strlen(line) > max - 3);
        assert_string_equal(line + strlen(line) - 3, "...");
        assert_true(text_utf8_valid(line, strlen(line), NULL));
        free(line);
    }
    free(text);
    free(whole);
}

/* Where even the structure is too long, the last parameters go and what identifies the event stays. */
static void test_huge_values_leave_a_whole_structure(void **state)
{
    (void)state;
    enum { LETTERS = 5000 };
    char *text = malloc(LETTERS + 1);
    assert_non_null(text);
    memset(text, ']', LETTERS);
    text[LETTERS] = '\0';
    struct finding finding = missing();
    finding.host = finding.guide = finding.ref = finding.rule = finding.ports = text;
    struct syslog_event event = event_of(&finding);
    event.hostname = event.site = event.message = text;
    static const size_t limits[] = {SYSLOG_LEAST, 700, 1024, SYSLOG_MOST};
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        char *line = format(&event, limits[i]);
        const char *message;
        read_message(line, NULL, &message);
        assert_true(strlen(message) > 0);
        free(line);
    }
    event.hostname = "mon1";
    char *line = format(&event, SYSLOG_LEAST);
    assert_string_equal(read_message(line, "seq", NULL), "3");
    free(line);
    free(text);
}

static int in_utc(void **state)
{
    (void)state;
    setenv("TZ", "UTC0", 1);
    tzset();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_message),
        cmocka_unit_test(test_local_message),
        cmocka_unit_test(test_event_without_a_finding),
        cmocka_unit_test(test_level_follows_the_finding),
        cmocka_unit_test(test_params_without_value_are_left_out),
        cmocka_unit_test(test_the_three_characters_are_escaped),
        cmocka_unit_test(test_hostile_values),
        cmocka_unit_test(test_mark_before_letters_beyond_ascii_alone),
        cmocka_unit_test(test_long_text_is_shortened_and_nothing_else),
        cmocka_unit_test(test_huge_values_leave_a_whole_structure),
    };
    return cmocka_run_group_tests(tests, in_utc, NULL);
}
