/* Syslog messages in the form of RFC 5424 and of /dev/log: what they look like, and that hostile values cannot break
 * their structure. */
#include "sample.h"

#include <string.h>
#include <syslog.h>

static struct finding missing(void)
{
    struct finding finding = sample_finding();
    finding.verdict = VERDICT_MISSING;
    finding.reason = REASON_NOBODY_LISTENS;
    finding.class = CLASS_AVAILABILITY;
    finding.observed_ms = 1700000001500;
    return finding;
}

static struct sample sample_of(const struct finding *finding)
{
    return sample_event(finding, "tcp 31000 on mgr01 (10.0.1.10) is missing: nobody listens", "udp:10.0.9.5");
}

static char *format(const struct sample *sample, unsigned max)
{
    struct sample limited = *sample;
    limited.target.most_octets = max;
    return sample_text(&limited).data;
}

static char *format_local(const struct sample *sample)
{
    struct sample local = *sample;
    assert_true(syslog_target_init(&local.target, "log", "local"));
    return format(&local, 2048);
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

static void assert_param(const struct sample *event, const char *name, const char *expected)
{
    char *line = format(event, 2048);
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
    struct sample event = sample_of(&finding);
    char *line = format(&event, 2048);
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
    struct sample event = sample_of(&finding);
    event.event.at.wall_ms = 1699000000000; /* 2023-11-03 08:26:40 */
    char *line = format_local(&event);
    assert_string_equal(line, "<26>Nov  3 08:26:40 portconformd[812]: RAISED: tcp 31000 on mgr01 "
                              "(10.0.1.10) is missing: nobody listens");
    free(line);
}

static void test_event_without_a_finding(void **state)
{
    (void)state;
    struct sample event = sample_of(NULL);
    event.event.kind = EVENT_STOPPED;
    event.event.level = LOG_NOTICE;
    event.event.message = "portconformd ends";
    event.event.owner = NULL;
    event.origin.hostname = NULL;
    event.origin.pen = 64512;
    char *line = format(&event, 2048);
    assert_string_equal(line, "<29>1 2023-11-14T22:13:21.500+00:00 - portconformd 812 STOPPED [portconform@64512 "
                              "v=\"1\" id=\"7\" seq=\"3\" boot=\"5eed\" site=\"osaka-dc\" vantage=\"mon1\"] "
                              "portconformd ends");
    free(line);
}

static void test_level_follows_the_finding(void **state)
{
    (void)state;
    static const struct {
        enum event_kind kind;
        enum severity severity;
        bool waived;
        const char *prefix;
    } cases[] = {
        {EVENT_RAISED, SEVERITY_CRITICAL, false, "<26>1 "},  {EVENT_CHANGED, SEVERITY_WARNING, false, "<28>1 "},
        {EVENT_RAISED, SEVERITY_UNKNOWN, false, "<29>1 "},   {EVENT_CHANGED, SEVERITY_OK, false, "<30>1 "},
        {EVENT_CLEARED, SEVERITY_CRITICAL, false, "<30>1 "}, {EVENT_RAISED, SEVERITY_CRITICAL, true, "<29>1 "},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct finding finding = missing();
        finding.severity = cases[i].severity;
        finding.waived = cases[i].waived;
        struct sample event = sample_of(&finding);
        event.event.kind = cases[i].kind;
        char *line = format(&event, 2048);
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
    struct sample event = sample_of(&finding);
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
    struct sample event = sample_of(&finding);
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
        struct sample event = sample_of(&finding);
        event.origin.hostname = event.event.owner = event.event.site = event.event.message = hostile[i];
        char *line = format(&event, 2048);
        const char *message;
        assert_string_equal(read_message(line, "seq", NULL), "3");
        assert_string_equal(read_message(line, "verdict", &message), "missing");
        assert_null(strpbrk(line, "\n\r\x1b\x7f"));
        assert_true(text_utf8_valid(line, strlen(line), NULL));
        free(line);
        line = format_local(&event);
        assert_null(strpbrk(line, "\n\r\x1b\x7f"));
        free(line);
    }
}

static void test_mark_before_letters_beyond_ascii_alone(void **state)
{
    (void)state;
    struct finding finding = missing();
    struct sample event = sample_of(&finding);
    const char *message;
    char *line = format(&event, 2048);
    read_message(line, NULL, &message);
    assert_memory_equal(message, "tcp", 3);
    free(line);
    event.event.message = "\xE5\xA4\xA7\xE9\x98\xAA";
    line = format(&event, 2048);
    read_message(line, NULL, &message);
    assert_string_equal(message, "\xEF\xBB\xBF\xE5\xA4\xA7\xE9\x98\xAA");
    free(line);
    line = format_local(&event);
    assert_null(strstr(line, "\xEF\xBB\xBF"));
    free(line);
}

static void test_long_text_is_shortened_and_nothing_else(void **state)
{
    (void)state;
    enum { LETTERS = 3000 };
    struct finding finding = missing();
    struct sample event = sample_of(&finding);
    char *whole = format(&event, 2048);
    const char *message;
    read_message(whole, NULL, &message);
    size_t structure = (size_t)(message - whole);
    char *text = malloc(LETTERS + 1);
    assert_non_null(text);
    for (size_t i = 0; i + 2 < LETTERS; i += 3)
        memcpy(text + i, "\xE6\x97\xA5", 3);
    text[LETTERS] = '\0';
    event.event.message = text;
    for (unsigned max = 2048 - 10; max <= 2048; max++) {
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
    struct sample event = sample_of(&finding);
    event.origin.hostname = event.event.site = event.event.message = text;
    static const unsigned limits[] = {SYSLOG_LEAST_OCTETS, 700, 1024, 2048};
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        char *line = format(&event, limits[i]);
        const char *message;
        read_message(line, NULL, &message);
        assert_true(strlen(message) > 0);
        free(line);
    }
    event.origin.hostname = "mon1";
    char *line = format(&event, SYSLOG_LEAST_OCTETS);
    assert_string_equal(read_message(line, "seq", NULL), "3");
    free(line);
    free(text);
}

static void test_events_about_the_program(void **state)
{
    (void)state;
    struct sample lost = sample_of(NULL);
    lost.event.kind = EVENT_EVENTS_LOST;
    lost.event.target = "siem";
    lost.event.from = 12;
    lost.event.to = 40;
    lost.event.count = 29;
    lost.target.facility = LOG_LOCAL5;
    char *line = format(&lost, 2048);
    assert_memory_equal(line, "<171>1 ", 7);
    assert_non_null(strstr(line, " EVENTS_LOST [portconform@32473 "));
    assert_string_equal(read_message(line, "target", NULL), "siem");
    assert_string_equal(read_message(line, "from", NULL), "12");
    assert_string_equal(read_message(line, "to", NULL), "40");
    assert_string_equal(read_message(line, "count", NULL), "29");
    free(line);
}

static void test_levels_are_the_targets(void **state)
{
    (void)state;
    struct finding finding = missing();
    struct sample event = sample_of(&finding);
    event.target.levels[SEVERITY_CRITICAL] = LOG_ALERT;
    event.target.facility = LOG_LOCAL0;
    char *line = format(&event, 2048);
    assert_memory_equal(line, "<129>1 ", 7);
    free(line);
    event.event.level = LOG_DEBUG; /* the event's own wins */
    line = format(&event, 2048);
    assert_memory_equal(line, "<135>1 ", 7);
    free(line);
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
        cmocka_unit_test(test_events_about_the_program),
        cmocka_unit_test(test_levels_are_the_targets),
    };
    return cmocka_run_group_tests(tests, sample_in_utc, NULL);
}
