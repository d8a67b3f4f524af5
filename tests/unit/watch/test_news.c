/* Events: what is told of a transition, and that a storm is told once, with how many. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "portconform/news.h"

#include <string.h>
#include <syslog.h>

static const struct team teams[] = {{"server", "unix-ops@example.jp"}};
static const struct site site = {.name = "osaka-dc", .teams = teams, .team_count = 1};
static const struct news_source source = {.site = &site, .vantage = "mon1"};
static const struct news_options options = {.storm = 3, .storm_s = 10, .heartbeat_s = 300, .summary_s = 86400};

static const struct finding missing = {.key = "mgr01|manager|guide/1|80",
                                       .host = "mgr01",
                                       .role = "manager",
                                       .transport = TRANSPORT_TCP,
                                       .ports = "80",
                                       .port = 80,
                                       .verdict = VERDICT_MISSING,
                                       .reason = REASON_NOBODY_LISTENS,
                                       .severity = SEVERITY_CRITICAL,
                                       .blame = BLAME_SERVER};

static struct moment at_ms(int64_t ms)
{
    return (struct moment){.mono_ms = 1000000 + ms, .wall_ms = 1795176000000 + ms};
}

static void add(struct news *news, struct event_list *list, int64_t ms, size_t count)
{
    const struct transition transition = {
        .kind = TRANSITION_RAISED, .finding = &missing, .was = VERDICT_CONFORMING, .at = at_ms(ms)};
    for (size_t i = 0; i < count; i++)
        assert_int_equal(news_of_transitions(news, &source, &transition, 1, list), 0);
}

static size_t count_told(const struct event_list *list)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        count += !list->items[i]->untold;
    return count;
}

static void a_transition_stands_alone(void **state)
{
    (void)state;
    struct news news;
    struct event_list list = {0};
    news_begin(&news, &options, at_ms(0));
    add(&news, &list, 5, 1);
    assert_int_equal(list.count, 1);
    const struct event *event = list.items[0];
    assert_int_equal(event->kind, EVENT_RAISED);
    assert_int_equal(event->was, VERDICT_CONFORMING);
    assert_int_equal(event->at.wall_ms, at_ms(5).wall_ms);
    assert_string_equal(event->site, "osaka-dc");
    assert_string_equal(event->vantage, "mon1");
    assert_string_equal(event->owner, "unix-ops@example.jp");
    assert_true(event->finding != &missing);
    assert_string_equal(event->finding->key, missing.key);
    assert_non_null(strstr(event->message, "tcp 80 on mgr01"));
    event_list_done(&list);
}

static void a_storm_is_told_once_with_how_many(void **state)
{
    (void)state;
    struct news news;
    struct event_list list = {0};
    news_begin(&news, &options, at_ms(0));
    add(&news, &list, 0, 10);
    assert_int_equal(list.count, 10); /* the history has each of them */
    assert_int_equal(count_told(&list), 3);
    const struct event_choice all = {0};
    assert_true(event_chosen(&all, list.items[2]));
    assert_false(event_chosen(&all, list.items[3]));
    assert_int_equal(news_next_ms(&news), at_ms(10000).mono_ms);
    assert_int_equal(news_due(&news, &source, NULL, at_ms(9999), &list), 0);
    assert_int_equal(list.count, 10);
    assert_int_equal(news_due(&news, &source, NULL, at_ms(10000), &list), 0);
    assert_int_equal(list.count, 11);
    assert_int_equal(list.items[10]->kind, EVENT_STORM);
    assert_int_equal(list.items[10]->count, 7);
    assert_int_equal(list.items[10]->level, LOG_WARNING);
    assert_int_equal(news.storms, 1);
    assert_int_equal(news.storm_events, 7);
    add(&news, &list, 10001, 1); /* another window */
    assert_false(list.items[11]->untold);
    assert_int_equal(news_due(&news, &source, NULL, at_ms(20001), &list), 0);
    assert_int_equal(list.count, 12); /* a window without a storm says nothing */
    event_list_done(&list);
}

static void no_limit_no_storm(void **state)
{
    (void)state;
    static const struct news_options none = {.storm = 0};
    struct news news;
    struct event_list list = {0};
    news_begin(&news, &none, at_ms(0));
    add(&news, &list, 0, 50);
    assert_int_equal(count_told(&list), 50);
    assert_int_equal(news_next_ms(&news), INT64_MAX);
    event_list_done(&list);
}

static struct snapshot *snapshot_with_one_problem(void)
{
    const struct finding items[] = {missing,
                                    {.key = "mgr01|manager|guide/2|81",
                                     .host = "mgr01",
                                     .role = "manager",
                                     .ports = "81",
                                     .verdict = VERDICT_CONFORMING},
                                    {.key = "mgr01|manager|guide/3|82",
                                     .host = "mgr01",
                                     .role = "manager",
                                     .ports = "82",
                                     .verdict = VERDICT_MISSING,
                                     .severity = SEVERITY_CRITICAL,
                                     .waived = true}};
    struct finding_block *block = finding_block_pack("mgr01", items, sizeof(items) / sizeof(items[0]));
    assert_non_null(block);
    const struct snapshot head = {.site = "osaka-dc", .host_count = 1};
    struct snapshot *snapshot = snapshot_new(&head, &block, 1);
    assert_non_null(snapshot);
    return snapshot;
}

static void heartbeats_and_summaries_count(void **state)
{
    (void)state;
    struct news news;
    struct event_list list = {0};
    struct snapshot *snapshot = snapshot_with_one_problem();
    news_begin(&news, &options, at_ms(0));
    assert_int_equal(news_due(&news, &source, snapshot, at_ms(299999), &list), 0);
    assert_int_equal(list.count, 0);
    assert_int_equal(news_due(&news, &source, snapshot, at_ms(300000), &list), 0);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0]->kind, EVENT_HEARTBEAT);
    assert_int_equal(list.items[0]->count, 1);
    assert_string_equal(list.items[0]->message, "portconformd is watching: worst CRITICAL, hosts 1, expectations 3, "
                                                "conforming 1, nonconforming 1, unproven 0, unknown 0, "
                                                "unexpected 0, waived 1, held 0");
    event_list_done(&list);
    news.heartbeat_ms = INT64_MAX;
    assert_int_equal(news_due(&news, &source, snapshot, at_ms(86400000), &list), 0);
    assert_int_equal(list.count, 2); /* the one that counts, and the counts */
    assert_int_equal(list.items[0]->kind, EVENT_SUMMARY);
    assert_string_equal(list.items[0]->finding->key, missing.key);
    assert_null(list.items[1]->finding);
    event_list_done(&list);
    snapshot_unref(snapshot);
}

static void new_options_begin_anew(void **state)
{
    (void)state;
    struct news news;
    struct news_options other = options;
    news_begin(&news, &options, at_ms(0));
    news_configure(&news, &other, at_ms(1000));
    assert_int_equal(news_next_ms(&news), at_ms(300000).mono_ms); /* what is the same goes on */
    other.heartbeat_s = 0;
    news_configure(&news, &other, at_ms(1000));
    assert_int_equal(news_next_ms(&news), at_ms(86400000).mono_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transition_stands_alone), cmocka_unit_test(a_storm_is_told_once_with_how_many),
        cmocka_unit_test(no_limit_no_storm),         cmocka_unit_test(heartbeats_and_summaries_count),
        cmocka_unit_test(new_options_begin_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
