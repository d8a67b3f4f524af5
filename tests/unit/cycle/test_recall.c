/* What a cycle learns from earlier ones, over scripted probes: who is asked again, who is left alone, and what is told
 * of UDP. */
#include "scripted.h"

#include "memory.h"

#include "portconform/text.h"

#include <stdio.h>
#include <unistd.h>

struct recollection {
    struct world *w;
    struct look_memory *memory;
    struct observations seen;
};

static int recollection_setup(void **state)
{
    struct recollection *r = calloc(1, sizeof(*r));
    assert_non_null(r);
    void *world = NULL;
    assert_int_equal(world_setup(&world), 0);
    r->w = world;
    r->memory = look_memory_new();
    assert_non_null(r->memory);
    *state = r;
    return 0;
}

static int recollection_teardown(void **state)
{
    struct recollection *r = *state;
    void *world = r->w;
    cycle_free(r->w->cycle);
    r->w->cycle = NULL;
    look_memory_free(r->memory);
    observations_done(&r->seen);
    free(r);
    return world_teardown(&world);
}

/* Another look; returns how long it took. */
static int64_t look_again(struct recollection *r)
{
    struct world *w = r->w;
    if (!r->seen.hosts)
        assert_int_equal(observations_init(&r->seen, w->plan.flow_count, w->plan.host_count), 0);
    w->options.memory = r->memory;
    w->options.seen = &r->seen;
    cycle_free(w->cycle);
    w->cycle = NULL;
    w->now.mono_ms += 60000;
    w->now.wall_ms += 60000;
    return drive(w);
}

static void a_silence_that_goes_on_is_confirmed_by_one_probe(void **state)
{
    struct recollection *r = *state;
    expect_ports(r->w, TRANSPORT_TCP, 80, 81);
    script_port(80, PROBE_SILENT, PROBE_NOT_DONE);
    script_port(81, PROBE_OPEN, PROBE_NOT_DONE);
    assert_int_equal(look_again(r), 2250); /* both looks at it take less than the time of one */
    assert_int_equal(times_sent("tcp", 80), 2);
    assert_int_equal(look_again(r), 3000);
    assert_int_equal(times_sent("tcp", 80), 3);
    assert_int_equal(r->seen.probes[0].outcome, PROBE_SILENT);
    assert_int_equal(probes_sent[probe_log_count - 1].timeout_ms, 3000); /* the control is the last one */
}

static void what_answers_slowly_has_the_whole_time_twice(void **state)
{
    struct recollection *r = *state;
    expect_ports(r->w, TRANSPORT_TCP, 80, 81);
    answered_after_us = 900000;
    script_port(80, PROBE_SILENT, PROBE_NOT_DONE);
    script_port(81, PROBE_OPEN, PROBE_NOT_DONE);
    look_again(r);
    assert_int_equal(r->seen.probes[0].attempts, 3); /* half, and two whole ones */
}

static void a_new_silence_after_an_answer_is_confirmed(void **state)
{
    struct recollection *r = *state;
    expect_ports(r->w, TRANSPORT_TCP, 80, 81);
    unlisted = PROBE_OPEN;
    look_again(r);
    script_port(80, PROBE_SILENT, PROBE_OPEN);
    probe_log_count = 0;
    look_again(r);
    assert_int_equal(times_sent("tcp", 80), 2);
    assert_int_equal(r->seen.probes[0].outcome, PROBE_OPEN);
}

/* hazard: a stalled program behind a full queue, on a host whose listeners nobody reads */
static void open_then_silent_is_asked_ever_more_seldom(void **state)
{
    struct recollection *r = *state;
    expect_ports(r->w, TRANSPORT_TCP, 80, 81);
    unlisted = PROBE_OPEN;
    look_again(r);
    script_port(80, PROBE_SILENT, PROBE_NOT_DONE);
    script_port(65533, PROBE_REFUSED, PROBE_NOT_DONE);
    probe_log_count = 0;
    for (int i = 0; i < 40; i++)
        look_again(r);
    assert_in_range(times_sent("tcp", 80), 4, 10);
    assert_int_equal(times_sent("tcp", 81), 40);
    assert_int_equal(r->seen.probes[0].outcome, PROBE_SILENT);
    assert_true(r->seen.hosts[0].addresses[0].closed_control); /* what it rests on is asked each time */
    script_count = 0;
    for (int i = 0; i < 17; i++)
        look_again(r);
    assert_int_equal(r->seen.probes[0].outcome, PROBE_OPEN);
}

/* hazard: a stalled program whose queue has room: its kernel accepts, and the program says nothing */
static void open_then_mute_is_asked_ever_more_seldom(void **state)
{
    struct recollection *r = *state;
    expect_ports(r->w, TRANSPORT_TCP, 80, 81);
    unlisted = PROBE_OPEN;
    look_again(r);
    mute_port = 80;
    probe_log_count = 0;
    for (int i = 0; i < 10; i++)
        look_again(r);
    assert_int_equal(times_sent("tcp", 80), 3);
    assert_int_equal(times_sent("tcp", 81), 10);
    for (int i = 0; i < 10; i++)
        look_again(r);
    assert_in_range(times_sent("tcp", 80), 4, 5);
    const struct probe_result *kept = &r->seen.probes[0];
    assert_int_equal(kept->outcome, PROBE_OPEN); /* and how old that is, is told */
    assert_true(kept->kept);
    assert_false(r->seen.probes[1].kept);
    assert_true(kept->ended.mono_ms < r->w->now.mono_ms);
    for (int i = 0; i < 10; i++)
        look_again(r);
    assert_in_range(times_sent("tcp", 80), 5, 6);
    mute_port = 0;
    for (int i = 0; i < 10; i++)
        look_again(r);
    size_t before = times_sent("tcp", 80);
    for (int i = 0; i < 3; i++)
        look_again(r);
    assert_int_equal(times_sent("tcp", 80), before + 3); /* it speaks again, and is asked each time */
}

static void record(struct world *w, const char *path, const char *content)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
    w->hosts[0].listeners = LISTENERS_FILE;
    w->hosts[0].listener_file = path;
}

/* hazard: each connection probe of a stalled program stays in its accept queue */
static void a_queue_that_has_not_drained_is_left_alone(void **state)
{
    struct recollection *r = *state;
    char path[] = "/tmp/portconform-recall-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    unlisted = PROBE_OPEN;
    expect_ports(r->w, TRANSPORT_TCP, 80, 81);
    record(r->w, path, "tcp 0.0.0.0:80 queue=0/128\ntcp 0.0.0.0:81 queue=3/128\n");
    look_again(r);
    record(r->w, path, "tcp 0.0.0.0:80 queue=1/128\ntcp 0.0.0.0:81 queue=3/128\n");
    look_again(r);
    look_again(r);
    assert_int_equal(times_sent("tcp", 80), 1);
    assert_int_equal(times_sent("tcp", 81), 3);
    assert_int_equal(r->seen.probes[0].outcome, PROBE_NOT_DONE);
    assert_int_equal(r->seen.probes[0].reason, REASON_NOT_PROBED);
    assert_non_null(strstr(r->seen.probes[0].detail, "has not drained"));
    record(r->w, path, "tcp 0.0.0.0:80 queue=0/128\ntcp 0.0.0.0:81 queue=3/128\n");
    look_again(r);
    assert_int_equal(times_sent("tcp", 80), 2);
    assert_int_equal(r->seen.probes[0].outcome, PROBE_OPEN);
    assert_int_equal(unlink(path), 0);
}

static void udp_ports_take_turns_within_what_a_target_answers(void **state)
{
    struct recollection *r = *state;
    expect_ports(r->w, TRANSPORT_UDP, 500, 511);
    unlisted = PROBE_REFUSED;
    for (unsigned look = 1; look <= 5; look++) {
        size_t before = times_of_kind("udp");
        look_again(r);
        assert_in_range(times_of_kind("udp") - before, 5, 6);
        if (look > 1)
            continue;
        assert_int_equal(r->seen.probes[11].outcome, PROBE_NOT_DONE);
        assert_int_equal(r->seen.probes[11].reason, REASON_NOT_PROBED);
        assert_non_null(strstr(r->seen.probes[11].detail, "its turn comes"));
    }
    for (uint16_t port = 500; port <= 511; port++)
        assert_in_range(times_sent("udp", port), 1, 3);
    for (size_t id = 0; id < 12; id++)
        assert_int_equal(r->seen.probes[id].outcome, PROBE_REFUSED);
}

/* An old result is not another look: whoever judges it is told. */
static void a_port_that_is_put_off_shows_what_an_earlier_look_saw(void **state)
{
    struct recollection *r = *state;
    size_t before[12] = {0}, kept = 0;
    expect_ports(r->w, TRANSPORT_UDP, 500, 511);
    unlisted = PROBE_REFUSED;
    for (unsigned look = 1; look <= 8; look++) {
        look_again(r);
        for (size_t id = 0; id < 12; id++) {
            const size_t sent = times_sent("udp", (uint16_t)(500 + id));
            const struct probe_result *result = &r->seen.probes[id];
            assert_int_equal(result->kept, result->outcome != PROBE_NOT_DONE && sent == before[id]);
            kept += result->kept;
            before[id] = sent;
        }
    }
    assert_true(kept > 12);
}

/* One port alone tells of this host: as soon as it seems dead, that one has its turn. */
static void whether_a_silent_host_lives_is_asked_where_it_answered(void **state)
{
    struct recollection *r = *state;
    expect_ports(r->w, TRANSPORT_UDP, 500, 530);
    unlisted = PROBE_SILENT;
    script_port(500, PROBE_REFUSED, PROBE_NOT_DONE);
    for (unsigned look = 0, dead = 0; look < 20; look++) {
        look_again(r);
        const bool alive = r->seen.hosts[0].addresses[0].alive;
        dead = alive ? 0 : dead + 1;
        assert_true(dead < 2);
    }
    script_count = 0; /* now it is dead indeed: the turns go on */
    probe_log_count = 0;
    for (unsigned look = 0; look < 10; look++)
        look_again(r);
    for (uint16_t port = 500; port <= 530; port++)
        assert_in_range(times_sent("udp", port), 1, 3);
}

/* They are one machine's, whose ICMP messages are rationed by whom they go to. */
static void addresses_of_a_host_share_what_it_answers(void **state)
{
    struct recollection *r = *state;
    struct plan_address two[2];
    expect_ports(r->w, TRANSPORT_UDP, 500, 511);
    two[0] = two[1] = r->w->addresses[0];
    assert_int_equal(address_parse("192.0.2.9", &two[1].address), 0);
    r->w->planned[0].addresses = two;
    r->w->planned[0].address_count = 2;
    for (size_t i = 6; i < 12; i++)
        r->w->flows[i].address = 1;
    unlisted = PROBE_REFUSED;
    look_again(r);
    assert_in_range(times_of_kind("udp"), 5, 6);
}

/* A service that did not answer the last time may cost an ICMP message, too. */
static void services_that_are_silent_draw_on_it_too(void **state)
{
    struct recollection *r = *state;
    expect_ports(r->w, TRANSPORT_UDP, 500, 511);
    rule_of(expect_ports(r->w, TRANSPORT_UDP, 53, 55))->service = &r->w->services[2];
    unlisted = PROBE_REFUSED;
    look_again(r);
    size_t others = times_of_kind("udp") - times_sent("udp", 53) - times_sent("udp", 54) - times_sent("udp", 55);
    assert_in_range(others, 2, 3);
}

/* A silence while the host had no message left is no look: what was known stays, and it is the first of the next. */
static void a_silence_that_says_nothing_changes_nothing(void **state)
{
    struct recollection *r = *state;
    rule_of(expect_ports(r->w, TRANSPORT_UDP, 53, 55))->service = &r->w->services[2];
    expect_ports(r->w, TRANSPORT_UDP, 500, 504);
    unlisted = PROBE_OPEN; /* three services, which cost nothing then */
    for (uint16_t port = 500; port <= 504; port++)
        script_port(port, PROBE_REFUSED, PROBE_NOT_DONE);
    look_again(r);
    look_again(r); /* all of them, now that the services are known to answer */
    const struct moment proven = r->seen.probes[7].ended;
    unlisted = PROBE_REFUSED; /* and are gone now: six messages for eight ports */
    icmp_rationed = true;
    icmp_left = 6000;
    icmp_counted_ms = r->w->now.mono_ms + 60000;
    probe_log_count = 0;
    look_again(r);
    assert_int_equal(times_sent("udp", 504), 1);
    assert_int_equal(r->seen.probes[7].outcome, PROBE_REFUSED);
    assert_int_equal(r->seen.probes[7].ended.mono_ms, proven.mono_ms);
    assert_int_equal(r->seen.probes[7].history.looks, 1);
    assert_true(r->seen.probes[7].kept);
    for (size_t id = 0; id < 3; id++) /* what would alarm has its turn all the same */
        assert_int_equal(r->seen.probes[id].outcome, PROBE_REFUSED);
}

static const char *confidence(const struct recollection *r, size_t id, struct text *text)
{
    text_clear(text);
    probe_confidence_format(text, &r->seen.probes[id].history);
    return text_string(text);
}

static void a_udp_verdict_tells_what_it_rests_on(void **state)
{
    struct recollection *r = *state;
    struct text text = {0};
    expect_ports(r->w, TRANSPORT_UDP, 500, 501);
    script_port(500, PROBE_SILENT, PROBE_NOT_DONE);
    script_port(501, PROBE_REFUSED, PROBE_NOT_DONE);
    look_again(r);
    assert_string_equal(confidence(r, 0, &text), "one look, which proved nothing; a port known to be closed answered");
    assert_non_null(strstr(confidence(r, 1, &text), "proven in the one look that was made"));
    look_again(r);
    look_again(r);
    assert_non_null(strstr(confidence(r, 0, &text), "proven in none of 3 looks"));
    assert_non_null(strstr(confidence(r, 1, &text), "proven in 3 of 3 looks, last "));
    text_done(&text);
}

int main(void)
{
#define RECALL(test) cmocka_unit_test_setup_teardown(test, recollection_setup, recollection_teardown)
    const struct CMUnitTest tests[] = {
        RECALL(addresses_of_a_host_share_what_it_answers),
        RECALL(services_that_are_silent_draw_on_it_too),
        RECALL(a_silence_that_says_nothing_changes_nothing),
        RECALL(a_silence_that_goes_on_is_confirmed_by_one_probe),
        RECALL(what_answers_slowly_has_the_whole_time_twice),
        RECALL(a_new_silence_after_an_answer_is_confirmed),
        RECALL(open_then_silent_is_asked_ever_more_seldom),
        RECALL(open_then_mute_is_asked_ever_more_seldom),
        RECALL(a_queue_that_has_not_drained_is_left_alone),
        RECALL(udp_ports_take_turns_within_what_a_target_answers),
        RECALL(a_udp_verdict_tells_what_it_rests_on),
        RECALL(a_port_that_is_put_off_shows_what_an_earlier_look_saw),
        RECALL(whether_a_silent_host_lives_is_asked_where_it_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
