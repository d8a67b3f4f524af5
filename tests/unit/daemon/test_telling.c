/* What the store says about itself is published in the order of the ids, also while a record is under way: an SNMP
 * agent that has seen an event never asks for those before it. */
#include "../store/store_world.h"

#include <syslog.h>

#include "../store/bad_disk.h"
#include "portconform/site.h"
#include "telling.h"

struct agent {
    struct telling *telling;
    struct moment now; /* stands still: nothing is told because it waits for long */
    uint64_t last_id;  /* what an agent has seen */
    size_t count, of_store;
};

/* As the agent does when it is woken: it asks for what lies behind what it has. */
static void listen_in(void *context)
{
    struct agent *agent = context;
    struct event *events[8];
    size_t count;
    while ((count = publication_events(telling_publication(agent->telling), agent->last_id, events, 8)) > 0) {
        for (size_t i = 0; i < count; i++) {
            assert_true(events[i]->id > agent->last_id);
            agent->last_id = events[i]->id;
            agent->count++;
            agent->of_store += events[i]->target != NULL ? 1 : 0;
            event_unref(events[i]);
        }
    }
}

static void begin_telling(struct agent *agent, const struct place *place)
{
    static const struct site site = {.name = "osaka"};
    struct recorded left;
    const struct telling_options options = {.state = place->folder, .published = listen_in, .context = agent};
    const struct news_source source = {.site = &site, .vantage = "mon1"};
    *agent = (struct agent){.now = moment_now()};
    assert_int_equal(telling_new(&options, &agent->telling, &left), 0);
    snapshot_unref(left.snapshot);
    telling_set_source(agent->telling, &source, agent->now);
    one_target(telling_recorder(agent->telling), "siem");
}

/* Three events that become one record. */
static void say_three(struct agent *agent)
{
    const struct news_item item = {.kind = EVENT_STARTED, .level = LOG_DEBUG};
    for (int i = 0; i < 3; i++)
        telling_say(agent->telling, &item, agent->now, "sentence %d", i);
    telling_step(agent->telling, NULL, agent->now);
}

static size_t ring_length(const struct agent *agent)
{
    struct event *events[16];
    size_t count = publication_events(telling_publication(agent->telling), 0, events, 16);
    for (size_t i = 0; i < count; i++)
        event_unref(events[i]);
    return count;
}

static void step_until_published(struct agent *agent, size_t count)
{
    while (ring_length(agent) < count) {
        wait_for(telling_fd(agent->telling));
        telling_step(agent->telling, NULL, agent->now);
    }
}

/* Each of them, in order: also for who comes later and reads the ring from its begin. */
static void expect_ring(struct agent *agent, size_t count, size_t of_store)
{
    struct event *events[16];
    uint64_t last_id = 0;
    assert_int_equal(agent->count, count);
    assert_int_equal(agent->of_store, of_store);
    assert_int_equal(publication_events(telling_publication(agent->telling), 0, events, 16), count);
    for (size_t i = 0; i < count; i++) {
        assert_true(events[i]->id > last_id);
        last_id = events[i]->id;
        event_unref(events[i]);
    }
}

static void end_telling(struct agent *agent, const struct place *place)
{
    telling_free(agent->telling, WORLD_STOP_MS);
    place_done(place);
}

static void a_record_that_fails_comes_before_the_news_of_it(void **state)
{
    (void)state;
    struct place place = place_new();
    struct agent agent;
    begin_telling(&agent, &place);
    bad_disk_fail(1, SIZE_MAX, SQLITE_FULL);
    say_three(&agent);
    step_until_published(&agent, 4);
    bad_disk_fail(0, 0, 0);
    step_until_published(&agent, 5); /* it is written again */
    expect_ring(&agent, 5, 2);
    end_telling(&agent, &place);
}

/* The record waits for the disk while a reload takes a target away that has not got all of its events. */
static void what_a_reload_gives_up_waits_for_the_record_under_way(void **state)
{
    (void)state;
    struct place place = place_new();
    struct agent agent;
    begin_telling(&agent, &place);
    say_three(&agent);
    step_until_published(&agent, 3);
    bad_disk_hang(true);
    say_three(&agent);
    one_target(telling_recorder(agent.telling), "other");
    telling_step(agent.telling, NULL, agent.now);
    bad_disk_hang(false);
    step_until_published(&agent, 7);
    expect_ring(&agent, 7, 1);
    end_telling(&agent, &place);
}

/* What the store made before a record was submitted, and nobody has fetched yet. */
static void what_lies_before_a_record_comes_before_it(void **state)
{
    (void)state;
    struct place place = place_new();
    struct agent agent;
    begin_telling(&agent, &place);
    say_three(&agent);
    step_until_published(&agent, 3);
    const struct news_item item = {.kind = EVENT_STARTED, .level = LOG_DEBUG};
    telling_say(agent.telling, &item, agent.now, "one more");
    one_target(telling_recorder(agent.telling), "other");
    telling_step(agent.telling, NULL, agent.now);
    assert_true(agent.count >= 4); /* it is not held back */
    step_until_published(&agent, 5);
    expect_ring(&agent, 5, 1);
    end_telling(&agent, &place);
}

static int begin(void **state)
{
    (void)state;
    bad_disk_begin();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_that_fails_comes_before_the_news_of_it),
        cmocka_unit_test(what_a_reload_gives_up_waits_for_the_record_under_way),
        cmocka_unit_test(what_lies_before_a_record_comes_before_it),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
