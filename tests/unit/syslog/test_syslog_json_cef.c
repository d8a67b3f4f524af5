/* JSON and CEF: what they look like whole, and that they stay what they are within any limit and with any value. */
#include "sample.h"

#include <ctype.h>
#include <string.h>

static struct finding exposed(void)
{
    struct finding finding = sample_finding();
    finding.verdict = VERDICT_EXPOSED;
    finding.reason = REASON_BOUND_WIDE;
    finding.class = CLASS_SECURITY;
    finding.about = "Internal processing";
    return finding;
}

static struct sample sample_of(const struct finding *finding, enum syslog_format format)
{
    struct sample sample = sample_event(finding, "tcp 31000 on mgr01 is exposed", "tcp:10.0.9.5");
    sample.event.was = VERDICT_CONFORMING;
    sample.target.format = format;
    sample.target.header = SYSLOG_HEADER_NONE;
    return sample;
}

static char *format(const struct sample *sample)
{
    struct text text = sample_text(sample);
    assert_true(text_utf8_valid(text.data, text.length, NULL));
    assert_null(strpbrk(text.data, "\n\r\x1b\x7f"));
    return text.data;
}

/* --- JSON --------------------------------------------------------------------------------------------------------- */

static const char *skip_json(const char *at);

static const char *skip_string(const char *at)
{
    assert_int_equal(*at, '"');
    for (at++; *at != '"'; at++) {
        assert_true((unsigned char)*at >= ' ');
        if (*at == '\\')
            assert_non_null(strchr("\"\\", *++at)); /* nothing else is ever escaped */
    }
    return at + 1;
}

static const char *skip_members(const char *at, char end)
{
    for (at++; *at != end; at++) {
        if (end == '}') {
            at = skip_string(at);
            assert_int_equal(*at++, ':');
        }
        at = skip_json(at);
        if (*at == end)
            break;
        assert_int_equal(*at, ',');
        assert_int_not_equal(at[1], end);
    }
    return at + 1;
}

/* A small reader of RFC 8259, which fails where the grammar does not hold. */
static const char *skip_json(const char *at)
{
    if (*at == '{')
        return skip_members(at, '}');
    if (*at == '[')
        return skip_members(at, ']');
    if (*at == '"')
        return skip_string(at);
    assert_true(isdigit((unsigned char)*at));
    while (isdigit((unsigned char)*at))
        at++;
    return at;
}

static void test_json_of_a_finding(void **state)
{
    (void)state;
    struct finding finding = exposed();
    struct sample sample = sample_of(&finding, SYSLOG_FORMAT_JSON);
    char *line = format(&sample);
    assert_string_equal(
        line,
        "{\"message\":\"tcp 31000 on mgr01 is exposed\",\"@timestamp\":\"2023-11-14T22:13:21.500+00:00\","
        "\"ecs\":{\"version\":\"8.11.0\"},"
        "\"event\":{\"kind\":\"alert\",\"category\":[\"network\"],\"type\":[\"allowed\"],\"outcome\":\"failure\","
        "\"action\":\"exposed\",\"code\":\"RAISED\",\"id\":\"5eed-7\",\"sequence\":3,\"severity\":9,"
        "\"reason\":\"bound to more than its scope allows\",\"start\":\"2023-11-14T22:13:20.300+00:00\","
        "\"provider\":\"portconformd\",\"module\":\"portconform\",\"dataset\":\"portconform.event\"},"
        "\"log\":{\"level\":\"crit\"},"
        "\"observer\":{\"name\":\"mon1\",\"hostname\":\"mon1.example.jp\",\"vendor\":\"Portconform\","
        "\"product\":\"portconformd\",\"version\":\"" PC_VERSION "\"},"
        "\"host\":{\"name\":\"mgr01\",\"ip\":[\"10.0.1.10\"]},"
        "\"destination\":{\"address\":\"10.0.1.10\",\"ip\":\"10.0.1.10\",\"port\":31000},"
        "\"network\":{\"transport\":\"tcp\",\"type\":\"ipv4\"},"
        "\"rule\":{\"id\":\"jp1-itdm/manager-multi/2\",\"ruleset\":\"jp1-itdm\",\"reference\":\"manager-multi/2\","
        "\"category\":\"security\",\"description\":\"Internal processing\"},"
        "\"portconform\":{\"v\":1,\"key\":\"mgr01|manager|jp1-itdm/manager-multi/2|31000\",\"id\":7,\"boot\":\"5eed\","
        "\"site\":\"osaka-dc\",\"verdict\":\"exposed\",\"was\":\"conforming\",\"severity\":\"CRITICAL\","
        "\"reason\":\"bound-wide\",\"blame\":\"server\",\"class\":\"security\",\"ports\":\"31000\","
        "\"owner\":\"unix-ops@example.jp\"}}");
    free(line);
}

static void test_json_of_the_program(void **state)
{
    (void)state;
    struct sample sample = sample_of(NULL, SYSLOG_FORMAT_CEE);
    sample.event.kind = EVENT_CONFIG_REJECTED;
    sample.event.message = "site.conf:3:1: error: unknown \"setting\"";
    sample.event.owner = sample.event.vantage = NULL;
    char *line = format(&sample);
    assert_memory_equal(line, "@cee: {", 7);
    assert_string_equal(skip_json(line + 6), "");
    assert_non_null(strstr(line, "\"message\":\"site.conf:3:1: error: unknown \\\"setting\\\"\""));
    assert_non_null(strstr(line, "\"category\":[\"configuration\"],\"type\":[\"change\"],\"outcome\":\"failure\","
                                 "\"action\":\"config-rejected\",\"code\":\"CONFIG_REJECTED\""));
    assert_null(strstr(line, "\"rule\"")); /* no empty object */
    free(line);
}

static const char *const hostile[] = {
    "x\n<0>1 - - - - - forged", "\"},\"forged\":{\"a\":\"", "\\", "\\\"", "a=b|c\\=d", "\xff\xfe", "\xe6\x97", "",
    "\xe2\x80\xae\xe2\x80\xa8",
};

static void test_hostile_values_in_every_limit(void **state)
{
    (void)state;
    enum { LETTERS = 3000 };
    char *text = malloc(LETTERS + 1);
    assert_non_null(text);
    for (size_t i = 0; i < LETTERS; i++)
        text[i] = "\\\"\xE6\x97\xA5"[i % 5]; /* most are escaped; the rest is one letter of three octets */
    text[LETTERS] = '\0';
    for (size_t i = 0; i <= sizeof(hostile) / sizeof(hostile[0]); i++) {
        const char *value = i < sizeof(hostile) / sizeof(hostile[0]) ? hostile[i] : text;
        struct finding finding = exposed();
        finding.key = finding.host = finding.guide = finding.ref = finding.rule = finding.about = value;
        struct sample sample = sample_of(&finding, SYSLOG_FORMAT_JSON);
        sample.origin.hostname = sample.event.owner = sample.event.site = sample.event.message = value;
        for (unsigned max = SYSLOG_LEAST_OCTETS; max <= 6000; max += 61) {
            sample.target.most_octets = max;
            char *line = format(&sample);
            assert_string_equal(skip_json(line), "");
            assert_null(strstr(line, "\"forged\":{"));
            assert_non_null(strstr(line, "\"sequence\":3"));
            free(line);
        }
    }
    free(text);
}

/* --- CEF ---------------------------------------------------------------------------------------------------------- */

static void test_cef_of_a_finding(void **state)
{
    (void)state;
    struct finding finding = exposed();
    struct sample sample = sample_of(&finding, SYSLOG_FORMAT_CEF);
    sample.event.message = "a=b, c\\d, e|f";
    char *line = format(&sample);
    assert_string_equal(
        line,
        "CEF:0|Portconform|portconformd|" PC_VERSION "|RAISED|Finding raised|9|rt=1700000001500 "
        "cs1=mgr01|manager|jp1-itdm/manager-multi/2|31000 cs1Label=key externalId=7 cn1=3 cn1Label=seq "
        "deviceExternalId=5eed act=exposed dhost=mgr01 dst=10.0.1.10 dpt=31000 proto=tcp cs2=31000 cs2Label=ports "
        "cs3=osaka-dc cs3Label=site cs4=conforming cs4Label=was cs5=jp1-itdm/manager-multi/2 cs5Label=rule "
        "cs6=server cs6Label=blame cat=security reason=bound-wide outcome=failure start=1700000000300 "
        "suser=unix-ops@example.jp dvchost=mon1.example.jp dvcpid=812 portconformVantage=mon1 "
        "portconformSeverity=CRITICAL portconformGuide=jp1-itdm portconformRef=manager-multi/2 portconformV=1 "
        "msg=a\\=b, c\\\\d, e|f");
    free(line);
}

static void test_cef_of_ipv6_behind_a_header(void **state)
{
    (void)state;
    struct finding finding = exposed();
    assert_int_equal(address_parse("2001:db8::5", &finding.address), 0);
    struct sample sample = sample_of(&finding, SYSLOG_FORMAT_CEF);
    sample.target.header = SYSLOG_HEADER_RFC3164;
    char *line = format(&sample);
    assert_memory_equal(line, "<26>Nov 14 22:13:21 mon1 CEF:0|", 31);
    assert_non_null(strstr(line, " c6a3=2001:db8::5 c6a3Label=Destination IPv6 Address "));
    assert_null(strstr(line, " dst="));
    free(line);
}

/* Each '=' that is not behind a name is escaped, and no value adds a member. */
static void test_hostile_cef(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        struct finding finding = exposed();
        finding.key = finding.host = finding.ports = hostile[i];
        struct sample sample = sample_of(&finding, SYSLOG_FORMAT_CEF);
        sample.event.message = hostile[i];
        for (unsigned max = SYSLOG_LEAST_OCTETS; max <= 2000; max += 13) {
            sample.target.most_octets = max;
            char *line = format(&sample);
            assert_memory_equal(line, "CEF:0|Portconform|portconformd|", 31);
            assert_null(strstr(line, "a=b"));
            for (const char *at = strchr(line, '='); at != NULL; at = strchr(at + 1, '='))
                assert_true(at[-1] == '\\' || isalnum((unsigned char)at[-1]));
            free(line);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_of_a_finding),
        cmocka_unit_test(test_json_of_the_program),
        cmocka_unit_test(test_hostile_values_in_every_limit),
        cmocka_unit_test(test_cef_of_a_finding),
        cmocka_unit_test(test_cef_of_ipv6_behind_a_header),
        cmocka_unit_test(test_hostile_cef),
    };
    return cmocka_run_group_tests(tests, sample_in_utc, NULL);
}
