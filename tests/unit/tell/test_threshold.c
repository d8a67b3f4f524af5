/* Thresholds as the plugin guidelines write them. */
#include "portconform/tell.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "comma.h"

static void ranges_alert_as_the_guidelines_say(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
        bool alerts;
    } cases[] = {
        {"10", 0, false},      {"10", 10, false},        {"10", 10.5, true},      {"10", 11, true},
        {"10", -1, true},      {"0", 0, false},          {"0", 1, true},          {"10:", 9, true},
        {"10:", 10, false},    {"10:", 1e9, false},      {"~:10", -1e9, false},   {"~:10", 10, false},
        {"~:10", 11, true},    {"~:", 5, false},         {"10:20", 9, true},      {"10:20", 15, false},
        {"10:20", 21, true},   {"@10:20", 9, false},     {"@10:20", 10, true},    {"@10:20", 20, true},
        {"@10:20", 21, false}, {"@~:0", 0, true},        {"@~:0", 1, false},      {"-5:5", -5, false},
        {"-5:5", -6, true},    {"1.5:2.25", 1.5, false}, {"1.5:2.25", 2.3, true}, {"@0", 0, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct threshold threshold;
        assert_int_equal(threshold_parse(cases[i].text, &threshold), 0);
        assert_true(threshold.given);
        assert_string_equal(threshold.text, cases[i].text);
        if (threshold_alerts(&threshold, cases[i].value) != cases[i].alerts)
            fail_msg("%s with %g", cases[i].text, cases[i].value);
    }
}

static void what_is_no_range_is_refused_and_leaves_the_result_alone(void **state)
{
    (void)state;
    static const char *const texts[] = {"",   ":",  "@",   "~",   "a",    "5x",  "5:x", "20:10", "1,5", "--1", "1:2:3",
                                        " 5", "5 ", "nan", "inf", "0x10", "1e3", "@@1", "~5",    ".",   "1:|", "1\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct threshold threshold = {.start = 42};
        if (threshold_parse(texts[i], &threshold) >= 0)
            fail_msg("\"%s\" was accepted", texts[i]);
        assert_false(threshold.given);
        assert_true(threshold.start == 42);
    }
}

static void a_threshold_that_was_not_given_never_alerts(void **state)
{
    (void)state;
    struct threshold none = {0};
    assert_false(threshold_alerts(&none, 1e6));
}

static void the_decimal_point_is_a_point_in_every_locale(void **state)
{
    (void)state;
    struct threshold threshold;
    begin_commas();
    assert_int_equal(threshold_parse("1.5", &threshold), 0);
    assert_true(fabs(threshold.end - 1.5) < 1e-9);
    end_commas();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_alert_as_the_guidelines_say),
        cmocka_unit_test(what_is_no_range_is_refused_and_leaves_the_result_alone),
        cmocka_unit_test(a_threshold_that_was_not_given_never_alerts),
        cmocka_unit_test(the_decimal_point_is_a_point_in_every_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
