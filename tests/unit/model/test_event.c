/* Events: their words, who owns what, and who wants which. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <string.h>

#include "portconform/arena.h"
#include "portconform/event.h"

static void every_kind_has_a_name_that_is_its_own(void **state)
{
    (void)state;
    for (int code = 1; code < EVENT_KINDS; code++) {
        const char *name = event_kind_name((enum event_kind)code);
        enum event_kind found = 0;
        assert_true(strlen(name) > 3);
        for (const char *at = name; *at != '\0'; at++)
            assert_true(isupper((unsigned char)*at) || *at == '_');
        assert_true(event_kind_from_name(name, &found));
        assert_int_equal(found, code);
    }
}

static void a_code_that_is_none_has_no_name(void **state)
{
    (void)state;
    enum event_kind kind = EVENT_STORM;
    assert_string_equal(event_kind_name((enum event_kind)0), "-");
    assert_string_equal(event_kind_name((enum event_kind)EVENT_KINDS), "-");
    assert_string_equal(event_kind_name((enum event_kind) - 1), "-");
    assert_false(event_kind_from_name("-", &kind));
    assert_false(event_kind_from_name("raised", &kind));
    assert_int_equal(kind, EVENT_STORM);
}

static void a_transition_is_the_event_of_its_name(void **state)
{
    (void)state;
    for (int code = TRANSITION_RAISED; code <= TRANSITION_WAIVER_EXPIRED; code++) {
        enum transition_kind kind = (enum transition_kind)code;
        assert_string_equal(event_kind_name(event_kind_of(kind)), transition_name(kind));
    }
}

static void an_event_owns_what_it_is_filled_with(void **state)
{
    (void)state;
    char text[] = "mgr01|manager|r|tcp-80";
    struct finding finding = {.key = text, .host = text, .verdict = VERDICT_MISSING, .port = 80};
    struct event *event = event_new(EVENT_RAISED, (struct moment){.mono_ms = 5, .wall_ms = 7});
    assert_non_null(event);
    assert_int_equal(event->id, 0);
    struct event_texts texts = {.site = text, .message = text, .owner = text, .finding = &finding};
    assert_int_equal(event_fill(event, &texts), 0);
    text[0] = '\0';
    assert_string_equal(event->site, "mgr01|manager|r|tcp-80");
    assert_string_equal(event->message, event->site);
    assert_string_equal(event->owner, event->site);
    assert_null(event->vantage);
    assert_null(event->target);
    assert_string_equal(event->finding->key, event->site);
    assert_int_equal(event->finding->port, 80);
    assert_int_equal(event->at.wall_ms, 7);
    assert_ptr_equal(event_ref(event), event);
    event_unref(event);
    assert_string_equal(event->finding->host, event->site); /* one reference is left */
    event_unref(event);
    event_unref(NULL);
}

static void an_event_without_a_finding_is_about_the_program(void **state)
{
    (void)state;
    struct event *event = event_new(EVENT_TARGET_DOWN, (struct moment){0});
    assert_non_null(event);
    assert_int_equal(event_fill(event, &(struct event_texts){.target = "siem", .vantage = "mon1"}), 0);
    assert_string_equal(event->target, "siem");
    assert_string_equal(event->vantage, "mon1");
    assert_null(event->finding);
    event_unref(event);
}

/* --- the choice -------------------------------------------------------------------------------------------------- */

struct sample {
    struct finding finding;
    struct event event;
};

/* `sample` stays in place: the event points into it. */
static const struct event *sample_of(struct sample *sample, enum event_kind kind, enum verdict was, enum verdict is)
{
    const struct verdict_row *row = verdict_row(is);
    *sample = (struct sample){.finding = {.verdict = is, .severity = row->severity, .class = row->class},
                              .event = {.kind = kind, .was = was}};
    sample->event.finding = &sample->finding;
    return &sample->event;
}

static void a_zeroed_choice_takes_all(void **state)
{
    (void)state;
    const struct event_choice all = {.kinds = 0};
    struct sample sample;
    assert_true(event_chosen(&all, sample_of(&sample, EVENT_RAISED, VERDICT_CONFORMING, VERDICT_UNSEEN)));
    assert_true(event_chosen(&all, &(struct event){.kind = EVENT_HEARTBEAT}));
}

static void kinds_are_bits(void **state)
{
    (void)state;
    const struct event_choice choice = {.kinds = 1U << EVENT_RAISED | 1U << EVENT_STOPPED};
    struct sample sample;
    assert_true(event_chosen(&choice, sample_of(&sample, EVENT_RAISED, VERDICT_CONFORMING, VERDICT_MISSING)));
    assert_false(event_chosen(&choice, sample_of(&sample, EVENT_CHANGED, VERDICT_CLOSED, VERDICT_MISSING)));
    assert_true(event_chosen(&choice, &(struct event){.kind = EVENT_STOPPED}));
    assert_false(event_chosen(&choice, &(struct event){.kind = EVENT_STARTED}));
}

static void who_was_told_of_a_problem_is_told_its_end(void **state)
{
    (void)state;
    const struct event_choice security = {.classes = 1U << CLASS_SECURITY};
    const struct event_choice exposed = {.verdicts = UINT64_C(1) << VERDICT_EXPOSED};
    const struct event_choice critical = {.least = SEVERITY_CRITICAL};
    const struct event_choice *const choices[] = {&security, &exposed, &critical};
    struct sample sample;
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        const struct event_choice *choice = choices[i];
        assert_true(event_chosen(choice, sample_of(&sample, EVENT_RAISED, VERDICT_CONFORMING, VERDICT_EXPOSED)));
        assert_true(event_chosen(choice, sample_of(&sample, EVENT_CLEARED, VERDICT_EXPOSED, VERDICT_CONFORMING)));
        assert_true(event_chosen(choice, sample_of(&sample, EVENT_CHANGED, VERDICT_EXPOSED, VERDICT_UNSEEN)));
        assert_true(event_chosen(choice, &(struct event){.kind = EVENT_EVENTS_LOST}));
        assert_false(event_chosen(choice, sample_of(&sample, EVENT_RAISED, VERDICT_CONFORMING, VERDICT_ELSEWHERE)));
        assert_false(event_chosen(choice, sample_of(&sample, EVENT_CLEARED, VERDICT_ELSEWHERE, VERDICT_CONFORMING)));
        assert_false(event_chosen(choice, sample_of(&sample, EVENT_RAISED, VERDICT_NONE, VERDICT_UNPROVEN)));
    }
}

static void a_severity_that_the_site_changed_decides(void **state)
{
    (void)state;
    const struct event_choice critical = {.least = SEVERITY_CRITICAL};
    struct sample sample;
    sample_of(&sample, EVENT_RAISED, VERDICT_CONFORMING, VERDICT_ELSEWHERE);
    sample.finding.severity = SEVERITY_CRITICAL;
    assert_true(event_chosen(&critical, &sample.event));
    sample_of(&sample, EVENT_RAISED, VERDICT_CONFORMING, VERDICT_EXPOSED);
    sample.finding.severity = SEVERITY_WARNING;
    assert_false(event_chosen(&critical, &sample.event));
}

static void the_bits_have_room_for_every_word(void **state)
{
    (void)state;
    assert_true(EVENT_KINDS <= 32);
    assert_true(VERDICT_COUNT <= 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_a_name_that_is_its_own),
        cmocka_unit_test(a_code_that_is_none_has_no_name),
        cmocka_unit_test(a_transition_is_the_event_of_its_name),
        cmocka_unit_test(an_event_owns_what_it_is_filled_with),
        cmocka_unit_test(an_event_without_a_finding_is_about_the_program),
        cmocka_unit_test(a_zeroed_choice_takes_all),
        cmocka_unit_test(kinds_are_bits),
        cmocka_unit_test(who_was_told_of_a_problem_is_told_its_end),
        cmocka_unit_test(a_severity_that_the_site_changed_decides),
        cmocka_unit_test(the_bits_have_room_for_every_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
