/* The engine with kinds made for the purpose and moments made by hand: order, bounds, deadlines, timers, lack of
 * descriptors, and the end of everything. */
#include "engine.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX = 64 };

/* What happened, by the port of each probe. */
static struct {
    unsigned started[MAX], start_count;
    unsigned done[MAX], done_count;
    struct probe_result results[MAX]; /* parallel to done */
    unsigned cancels[MAX];            /* by port */
    unsigned timers[MAX];             /* by port */
    int start_results[MAX];           /* by port: what start returns */
    struct probe *probes[MAX];        /* by port */
    struct probe_engine *engine;
    unsigned add_from_done; /* how many more probes `done` adds */
} seen;

static int setup(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof(seen));
    return 0;
}

static struct moment at(int64_t ms)
{
    return (struct moment){.mono_ms = ms, .wall_ms = 1000000 + ms};
}

/* A kind that waits for what the test tells its eventfd. */
static int fake_start(struct probe *probe)
{
    unsigned port = probe_request_of(probe)->port;
    unsigned char *state = probe_state(probe);
    assert_int_equal(*state, 0);
    *state = 1;
    seen.started[seen.start_count++] = port;
    seen.probes[port] = probe;
    if (seen.start_results[port])
        return seen.start_results[port];
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return fd < 0 ? -errno : probe_watch(probe, fd, EPOLLIN);
}

static void fake_on_ready(struct probe *probe, uint32_t events)
{
    assert_true(events & EPOLLIN);
    probe_end(probe, PROBE_OPEN, REASON_ACCEPTED);
    probe_end(probe, PROBE_REFUSED, REASON_RST); /* the first one counts */
}

static void fake_cancel(struct probe *probe)
{
    unsigned char *state = probe_state(probe);
    assert_int_equal(*state, 1);
    seen.cancels[probe_request_of(probe)->port]++;
}

static const struct probe_kind fake = {
    .name = "fake",
    .summary = "waits",
    .state_size = 1,
    .start = fake_start,
    .on_ready = fake_on_ready,
    .cancel = fake_cancel,
};

static void answer(unsigned port)
{
    uint64_t one = 1;
    assert_int_equal(write(probe_fd(seen.probes[port]), &one, sizeof(one)), sizeof(one));
}

static void add(const struct probe_kind *kind, const char *target, unsigned port);

static void on_done(void *context, const struct probe_request *request, const struct probe_result *result)
{
    assert_ptr_equal(context, &seen);
    seen.results[seen.done_count] = *result;
    seen.done[seen.done_count++] = request->port;
    if (!seen.add_from_done)
        return;
    seen.add_from_done--;
    add(request->kind, "192.0.2.1", request->port + 10U);
}

static void add(const struct probe_kind *kind, const char *target, unsigned port)
{
    struct probe_request request = {
        .kind = kind, .port = (uint16_t)port, .timeout_ms = 1000, .done = on_done, .context = &seen};
    assert_int_equal(address_parse(target, &request.target), 0);
    assert_int_equal(probe_engine_add(seen.engine, &request), 0);
}

/* So many a second: a tenth of them at once overall, a quarter to one target. */
static void new_engine(unsigned per_second, unsigned per_target)
{
    struct probe_limits limits = {.per_second = per_second, .per_target_per_second = per_target};
    assert_int_equal(probe_engine_new(&limits, &seen.engine), 0);
}

static void starts_in_order_at_the_overall_pace(void **state)
{
    (void)state;
    new_engine(20, 1000);
    for (unsigned port = 1; port <= 4; port++)
        add(&fake, "192.0.2.1", port);
    assert_int_equal(probe_engine_next_ms(seen.engine), 0);
    assert_int_equal(probe_engine_step(seen.engine, at(0)), 4);
    assert_int_equal(seen.start_count, 2);
    assert_int_equal(probe_engine_next_ms(seen.engine), 50);
    answer(2);
    assert_int_equal(probe_engine_step(seen.engine, at(10)), 3);
    assert_int_equal(seen.start_count, 2); /* an answer is no leave to hurry */
    assert_int_equal(probe_engine_step(seen.engine, at(50)), 3);
    const unsigned expected[] = {1, 2, 3};
    assert_int_equal(seen.start_count, 3);
    assert_memory_equal(seen.started, expected, sizeof(expected));
    assert_int_equal(probe_engine_next_ms(seen.engine), 100);
    assert_int_equal(seen.done[0], 2);
    assert_int_equal(seen.results[0].outcome, PROBE_OPEN);
    assert_int_equal(seen.results[0].reason, REASON_ACCEPTED);
    assert_int_equal(seen.results[0].ended.mono_ms, 10);
    assert_int_equal(seen.results[0].ended.wall_ms, 1000010);
    probe_engine_free(seen.engine);
}

static void silent_ones_hold_nobody_up(void **state)
{
    (void)state;
    new_engine(1000, 1000);
    for (unsigned port = 1; port < MAX; port++)
        add(&fake, "192.0.2.1", port);
    probe_engine_step(seen.engine, at(0));
    assert_int_equal(seen.start_count, MAX - 1);
    probe_engine_free(seen.engine);
}

static void one_target_does_not_hold_up_the_others(void **state)
{
    (void)state;
    new_engine(1000, 8);
    for (unsigned port = 1; port <= 5; port++)
        add(&fake, "192.0.2.1", port);
    add(&fake, "192.0.2.2", 6);
    probe_engine_step(seen.engine, at(0));
    const unsigned expected[] = {1, 2, 6};
    assert_int_equal(seen.start_count, 3);
    assert_memory_equal(seen.started, expected, sizeof(expected));
    assert_int_equal(probe_engine_next_ms(seen.engine), 125);
    probe_engine_step(seen.engine, at(125));
    assert_int_equal(seen.start_count, 4);
    assert_int_equal(seen.started[3], 3);
    probe_engine_free(seen.engine);
}

static void the_oldest_that_may_start_is_next(void **state)
{
    (void)state;
    new_engine(20, 4);
    add(&fake, "192.0.2.1", 1);
    add(&fake, "192.0.2.1", 2);
    add(&fake, "192.0.2.2", 3);
    add(&fake, "192.0.2.3", 4);
    probe_engine_step(seen.engine, at(0));   /* 1 and 3 */
    probe_engine_step(seen.engine, at(250)); /* 2 waited longer than 4 */
    const unsigned expected[] = {1, 3, 2, 4};
    assert_int_equal(seen.start_count, 4);
    assert_memory_equal(seen.started, expected, sizeof(expected));
    probe_engine_free(seen.engine);
}

static void add_request(struct probe_request request, const char *target, unsigned port)
{
    request.kind = &fake;
    request.port = (uint16_t)port;
    request.timeout_ms = 1000;
    request.done = on_done;
    request.context = &seen;
    assert_int_equal(address_parse(target, &request.target), 0);
    assert_int_equal(probe_engine_add(seen.engine, &request), 0);
}

static void what_was_silent_goes_first(void **state)
{
    (void)state;
    new_engine(20, 1000);
    for (unsigned port = 1; port <= 4; port++)
        add_request((struct probe_request){.early = port >= 3}, port % 2 ? "192.0.2.1" : "192.0.2.2", port);
    probe_engine_step(seen.engine, at(0));
    const unsigned expected[] = {3, 4};
    assert_int_equal(seen.start_count, 2);
    assert_memory_equal(seen.started, expected, sizeof(expected));
    probe_engine_free(seen.engine);
}

/* hazard: a host with thousands of ports that are always silent must not keep the others from their turn */
static void silent_ports_hold_up_the_others_for_a_bounded_time(void **state)
{
    (void)state;
    new_engine(1, 1000);
    add_request((struct probe_request){0}, "192.0.2.1", 1);
    for (unsigned port = 2; port <= 40; port++)
        add_request((struct probe_request){.early = true}, "192.0.2.2", port);
    for (int64_t second = 0; second < 15; second++)
        probe_engine_step(seen.engine, at(second * 1000));
    unsigned turn = 0;
    while (turn < seen.start_count && seen.started[turn] != 1)
        turn++;
    assert_in_range(turn, 8, 12); /* not the first, nor the last */
    assert_int_equal(seen.start_count, 15);
    probe_engine_free(seen.engine);
}

static void a_listener_is_asked_one_by_one(void **state)
{
    (void)state;
    new_engine(1000, 1000);
    const struct probe_request same = {.uses = {{.listener = 7}}};
    add_request(same, "192.0.2.1", 1);
    add_request(same, "192.0.2.2", 2);
    add_request((struct probe_request){.uses = {{.listener = 8}}}, "192.0.2.1", 3);
    add_request(same, "192.0.2.1", 4);
    probe_engine_step(seen.engine, at(0));
    assert_int_equal(seen.start_count, 2);
    assert_int_equal(probe_engine_next_ms(seen.engine), 1000); /* nothing to do until one ends */
    answer(1);
    probe_engine_step(seen.engine, at(1));
    assert_int_equal(seen.start_count, 3);
    probe_engine_step(seen.engine, at(1001)); /* in silence */
    const unsigned expected[] = {1, 3, 2, 4};
    assert_int_equal(seen.start_count, 4);
    assert_memory_equal(seen.started, expected, sizeof(expected));
    probe_engine_free(seen.engine);
}

static void a_shared_listener_takes_so_many_and_no_more(void **state)
{
    (void)state;
    new_engine(1000, 1000);
    for (unsigned port = 1; port <= 5; port++)
        add_request((struct probe_request){.uses = {{.listener = port == 5 ? 1 : port}, {.listener = 99, .limit = 3}}},
                    "192.0.2.1", port);
    probe_engine_step(seen.engine, at(0));
    assert_int_equal(seen.start_count, 3);
    answer(2);
    probe_engine_step(seen.engine, at(1));
    assert_int_equal(seen.start_count, 4);
    assert_int_equal(seen.started[3], 4);
    answer(1); /* both the place and its own listener come free */
    probe_engine_step(seen.engine, at(2));
    assert_int_equal(seen.start_count, 5);
    probe_engine_free(seen.engine);
}

static void a_group_ends_and_the_others_go_on(void **state)
{
    (void)state;
    int group, other;
    new_engine(20, 1000);
    add_request((struct probe_request){.group = &group, .uses = {{.listener = 7}}}, "192.0.2.1", 1);
    add_request((struct probe_request){.group = &other, .uses = {{.listener = 7}}}, "192.0.2.1", 2);
    add_request((struct probe_request){.group = &group}, "192.0.2.2", 3);
    add_request((struct probe_request){.group = &group}, "192.0.2.2", 4);
    probe_engine_step(seen.engine, at(0));
    assert_int_equal(seen.start_count, 2);
    probe_engine_abort(seen.engine, &group, REASON_DEADLINE, at(1));
    assert_int_equal(seen.done_count, 3);
    assert_int_equal(probe_engine_pending(seen.engine), 1);
    probe_engine_step(seen.engine, at(100));
    assert_int_equal(seen.started[2], 2);
    probe_engine_drop(seen.engine, &other);
    assert_int_equal(seen.done_count, 3);
    assert_int_equal(seen.cancels[2], 1);
    assert_int_equal(probe_engine_pending(seen.engine), 0);
    probe_engine_free(seen.engine);
}

static void without_a_descriptor_it_waits_and_then_it_was_our_trouble(void **state)
{
    (void)state;
    const struct probe_limits limits = {.descriptors = 2};
    assert_int_equal(probe_engine_new(&limits, &seen.engine), 0);
    for (unsigned port = 1; port <= 4; port++)
        add(&fake, "192.0.2.1", port);
    probe_engine_step(seen.engine, at(0));
    assert_int_equal(seen.start_count, 2);
    assert_true(probe_engine_figures(seen.engine).starved);
    assert_int_equal(probe_engine_next_ms(seen.engine), 1000);
    answer(1);
    probe_engine_step(seen.engine, at(1));
    assert_int_equal(seen.start_count, 3);
    probe_engine_abort(seen.engine, NULL, REASON_DEADLINE, at(2));
    assert_int_equal(seen.done_count, 4);
    assert_int_equal(seen.results[1].reason, REASON_DEADLINE);
    assert_int_equal(seen.results[2].reason, REASON_DEADLINE);
    assert_int_equal(seen.results[3].reason, REASON_NO_DESCRIPTORS);
    assert_int_equal(seen.results[3].outcome, PROBE_LOCAL);
    probe_engine_free(seen.engine);
}

static void a_v4_mapped_target_shares_the_bound(void **state)
{
    (void)state;
    new_engine(1000, 4);
    add(&fake, "192.0.2.1", 1);
    add(&fake, "::ffff:192.0.2.1", 2);
    probe_engine_step(seen.engine, at(0));
    assert_int_equal(seen.start_count, 1);
    probe_engine_free(seen.engine);
}

/* Added one by one, each after the last has ended, they are paced as well. */
static void a_target_that_is_done_is_not_forgotten_at_once(void **state)
{
    (void)state;
    new_engine(1000, 4);
    add(&fake, "192.0.2.1", 1);
    probe_engine_step(seen.engine, at(0));
    answer(1);
    assert_int_equal(probe_engine_step(seen.engine, at(1)), 0);
    add(&fake, "192.0.2.1", 2);
    probe_engine_step(seen.engine, at(1));
    assert_int_equal(seen.start_count, 1);
    assert_int_equal(probe_engine_next_ms(seen.engine), 250);
    probe_engine_step(seen.engine, at(250));
    assert_int_equal(seen.start_count, 2);
    answer(2);
    probe_engine_step(seen.engine, at(251));
    probe_engine_step(seen.engine, at(600));
    assert_int_equal(seen.engine->targets.count, 0);
    probe_engine_free(seen.engine);
}

static void silence_ends_at_the_deadline_and_not_before(void **state)
{
    (void)state;
    new_engine(0, 0);
    add(&fake, "192.0.2.1", 1);
    probe_engine_step(seen.engine, at(500)); /* the time-out runs from the start */
    assert_int_equal(probe_engine_step(seen.engine, at(1499)), 1);
    assert_int_equal(seen.done_count, 0);
    assert_int_equal(probe_engine_step(seen.engine, at(1500)), 0);
    assert_int_equal(seen.results[0].outcome, PROBE_SILENT);
    assert_int_equal(seen.results[0].reason, REASON_SILENT);
    assert_int_equal(probe_engine_next_ms(seen.engine), INT64_MAX);
    probe_engine_free(seen.engine);
}

static void an_answer_counts_even_if_we_come_late(void **state)
{
    (void)state;
    new_engine(0, 0);
    add(&fake, "192.0.2.1", 1);
    probe_engine_step(seen.engine, at(0));
    answer(1);
    assert_int_equal(probe_engine_step(seen.engine, at(5000)), 0);
    assert_int_equal(seen.results[0].outcome, PROBE_OPEN);
    probe_engine_free(seen.engine);
}

static void timed_on_timer(struct probe *probe)
{
    unsigned port = probe_request_of(probe)->port;
    seen.timers[port]++;
    probe_set_timer(probe, probe_now(probe).mono_ms); /* the past: becomes the next millisecond */
}

static int timed_start(struct probe *probe)
{
    probe_set_timer(probe, probe_now(probe).mono_ms + 300);
    return fake_start(probe);
}

static void timed_on_deadline(struct probe *probe)
{
    probe_set_detail(probe, "%s", "half way");
    probe_end(probe, PROBE_OPEN, REASON_ACCEPTED);
}

static void a_timer_fires_once_when_due(void **state)
{
    (void)state;
    struct probe_kind timed = fake;
    timed.start = timed_start;
    timed.on_timer = timed_on_timer;
    timed.on_deadline = timed_on_deadline;
    new_engine(0, 0);
    add(&timed, "192.0.2.1", 1);
    probe_engine_step(seen.engine, at(0));
    assert_int_equal(probe_engine_next_ms(seen.engine), 300);
    probe_engine_step(seen.engine, at(299));
    assert_int_equal(seen.timers[1], 0);
    probe_engine_step(seen.engine, at(300));
    assert_int_equal(seen.timers[1], 1);
    assert_int_equal(probe_engine_next_ms(seen.engine), 301);
    probe_engine_step(seen.engine, at(1000)); /* at the deadline no timer any more */
    assert_int_equal(seen.timers[1], 1);
    assert_int_equal(seen.results[0].outcome, PROBE_OPEN);
    assert_string_equal(seen.results[0].detail, "half way");
    probe_engine_free(seen.engine);
}

static void every_start_is_cancelled_once(void **state)
{
    (void)state;
    new_engine(0, 0);
    seen.start_results[3] = -ENETUNREACH;
    for (unsigned port = 1; port <= 5; port++)
        add(&fake, "192.0.2.1", port);
    probe_engine_step(seen.engine, at(0));
    answer(1);
    probe_engine_step(seen.engine, at(1));
    probe_engine_step(seen.engine, at(1000));
    for (unsigned port = 1; port <= 5; port++)
        assert_int_equal(seen.cancels[port], 1);
    assert_int_equal(seen.done_count, 5);
    assert_int_equal(seen.results[0].outcome, PROBE_LOCAL);
    assert_int_equal(seen.results[0].reason, REASON_NO_ROUTE);
    assert_int_equal(seen.results[0].error, ENETUNREACH);
    probe_engine_free(seen.engine);
}

static void done_may_add_probes(void **state)
{
    (void)state;
    new_engine(0, 0);
    seen.add_from_done = 2;
    seen.start_results[1] = -ENETUNREACH; /* ends within its start */
    add(&fake, "192.0.2.1", 1);
    assert_int_equal(probe_engine_step(seen.engine, at(0)), 1);
    assert_int_equal(seen.start_count, 2);
    assert_int_equal(seen.started[1], 11);
    answer(11);
    assert_int_equal(probe_engine_step(seen.engine, at(1)), 1);
    assert_int_equal(seen.started[2], 21);
    answer(21);
    assert_int_equal(probe_engine_step(seen.engine, at(2)), 0);
    probe_engine_free(seen.engine);
}

static void without_descriptors_it_waits_for_a_slot_of_ours(void **state)
{
    (void)state;
    new_engine(0, 0);
    seen.start_results[2] = -EMFILE;
    for (unsigned port = 1; port <= 3; port++)
        add(&fake, "192.0.2.1", port);
    assert_int_equal(probe_engine_step(seen.engine, at(0)), 3);
    assert_int_equal(seen.start_count, 2); /* 3 is not tried: there is no descriptor */
    assert_int_equal(seen.cancels[2], 1);
    assert_int_equal(seen.done_count, 0);
    assert_int_equal(probe_engine_next_ms(seen.engine), 1000); /* and it does not spin */
    assert_int_equal(probe_engine_step(seen.engine, at(1)), 3);
    assert_int_equal(seen.start_count, 2);
    seen.start_results[2] = 0;
    answer(1);
    assert_int_equal(probe_engine_step(seen.engine, at(2)), 2);
    const unsigned expected[] = {1, 2, 2, 3};
    assert_int_equal(seen.start_count, 4);
    assert_memory_equal(seen.started, expected, sizeof(expected));
    probe_engine_free(seen.engine);
}

static void without_descriptors_and_nothing_in_flight_it_is_our_trouble(void **state)
{
    (void)state;
    new_engine(0, 0);
    seen.start_results[1] = -EMFILE;
    seen.start_results[2] = -ENFILE;
    add(&fake, "192.0.2.1", 1);
    add(&fake, "192.0.2.1", 2);
    assert_int_equal(probe_engine_step(seen.engine, at(0)), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(seen.results[i].outcome, PROBE_LOCAL);
        assert_int_equal(seen.results[i].reason, REASON_NO_DESCRIPTORS);
        assert_false(seen.results[i].sign_of_life);
    }
    probe_engine_free(seen.engine);
}

static void the_descriptor_limit_lowers_the_bound(void **state)
{
    (void)state;
    struct rlimit before, low;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    low = before;
    low.rlim_cur = 64;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    new_engine(0, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(seen.engine->descriptors, 32);
    probe_engine_free(seen.engine);
}

static void abort_ends_everything_through_done(void **state)
{
    (void)state;
    new_engine(10, 1000);
    seen.add_from_done = 1;
    for (unsigned port = 1; port <= 4; port++)
        add(&fake, "192.0.2.1", port);
    probe_engine_step(seen.engine, at(0));
    probe_engine_abort(seen.engine, NULL, REASON_DEADLINE, at(7));
    assert_int_equal(seen.done_count, 4);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(seen.done[i], i + 1);
        assert_int_equal(seen.results[i].outcome, PROBE_LOCAL);
        assert_int_equal(seen.results[i].reason, REASON_DEADLINE);
        assert_int_equal(seen.results[i].ended.mono_ms, 7);
    }
    assert_int_equal(seen.cancels[1], 1);
    assert_int_equal(seen.cancels[2], 0);                   /* never started */
    assert_int_equal(probe_engine_pending(seen.engine), 1); /* what done added stays queued */
    assert_int_equal(probe_engine_step(seen.engine, at(100)), 1);
    assert_int_equal(seen.started[1], 11);
    probe_engine_free(seen.engine);
}

static void freeing_gives_back_without_done(void **state)
{
    (void)state;
    new_engine(20, 4);
    add(&fake, "192.0.2.1", 1);
    add(&fake, "192.0.2.1", 2);
    add(&fake, "192.0.2.2", 3);
    add(&fake, "192.0.2.3", 4);
    probe_engine_step(seen.engine, at(0));
    probe_engine_free(seen.engine);
    assert_int_equal(seen.done_count, 0);
    assert_int_equal(seen.cancels[1], 1);
    assert_int_equal(seen.cancels[2], 0);
    assert_int_equal(seen.cancels[3], 1);
    probe_engine_free(NULL);
}

/* A copy of the descriptor, as a child process has it between fork and exec, must not bring events of a dead probe. */
static void a_copied_descriptor_does_not_wake_a_dead_probe(void **state)
{
    (void)state;
    new_engine(0, 0);
    add(&fake, "192.0.2.1", 1);
    add(&fake, "192.0.2.1", 2);
    probe_engine_step(seen.engine, at(0));
    int copy = dup(probe_fd(seen.probes[1]));
    assert_true(copy >= 0);
    answer(1);
    assert_int_equal(probe_engine_step(seen.engine, at(1)), 1);
    uint64_t one = 1;
    assert_int_equal(write(copy, &one, sizeof(one)), sizeof(one));
    assert_int_equal(probe_engine_step(seen.engine, at(2)), 1);
    assert_int_equal(seen.done_count, 1);
    (void)close(copy);
    probe_engine_free(seen.engine);
}

static int instant_start(struct probe *probe)
{
    probe_end(probe, PROBE_REFUSED, REASON_RST);
    return 0;
}

static void count_done(void *context, const struct probe_request *request, const struct probe_result *result)
{
    (void)request;
    (void)result;
    (*(unsigned *)context)++;
}

/* 10,000 probes of one target and of as many targets; the time limit of the test guards against O(n^2). */
static void ten_thousand_end_in_a_few_steps(void **state)
{
    (void)state;
    static const struct probe_kind instant = {.name = "instant", .start = instant_start};
    unsigned done = 0;
    new_engine(1000000, 1000000);
    for (unsigned i = 0; i < 20000; i++) {
        struct probe_request request = {.kind = &instant, .port = 80, .done = count_done, .context = &done};
        request.target = (struct address){.family = AF_INET, .octets = {10}};
        if (i % 2) {
            request.target.octets[2] = (uint8_t)(i >> 8);
            request.target.octets[3] = (uint8_t)i;
        }
        assert_int_equal(probe_engine_add(seen.engine, &request), 0);
    }
    unsigned steps = 0;
    while (probe_engine_step(seen.engine, at(0)) > 0) {
        assert_int_equal(probe_engine_next_ms(seen.engine), 0);
        assert_true(++steps < 100);
    }
    assert_int_equal(done, 20000);
    probe_engine_free(seen.engine);
}

static void the_heap_keeps_its_order(void **state)
{
    (void)state;
    enum { COUNT = 200 };
    struct probe_heap heap = {0};
    struct heap_member *members = calloc(COUNT, sizeof(*members));
    assert_non_null(members);
    assert_int_equal(probe_heap_reserve(&heap, COUNT), 0);
    for (unsigned i = 0; i < COUNT; i++)
        probe_heap_push(&heap, &members[i], (int64_t)(i * 7919U % 101U));
    for (unsigned i = 0; i < COUNT; i += 3)
        probe_heap_remove(&heap, &members[i]);
    for (unsigned i = 1; i < COUNT; i += 3)
        probe_heap_rekey(&heap, &members[i], (int64_t)(i * 31U % 97U));
    int64_t last = -1;
    unsigned left = 0;
    for (struct heap_member *top; (top = probe_heap_top(&heap)); left++) {
        assert_true(top->key >= last);
        last = top->key;
        probe_heap_remove(&heap, top);
    }
    assert_int_equal(left, COUNT - (COUNT + 2) / 3);
    probe_heap_done(&heap);
    free(members);
}

static int long_detail_start(struct probe *probe)
{
    char text[200];
    memset(text, 'x', sizeof(text));
    memcpy(text + 118, "\xe3\x81\x82", 3); /* a letter of three octets across the limit of 119 */
    text[150] = '\0';
    probe_set_detail(probe, "%s", text);
    probe_end(probe, PROBE_OPEN, REASON_ACCEPTED);
    return 0;
}

static void a_long_detail_is_cut_at_a_whole_letter(void **state)
{
    (void)state;
    static const struct probe_kind kind = {.name = "long", .start = long_detail_start};
    new_engine(0, 0);
    add(&kind, "192.0.2.1", 1);
    assert_int_equal(probe_engine_step(seen.engine, at(0)), 0);
    assert_int_equal(strlen(seen.results[0].detail), 118);
    probe_engine_free(seen.engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(starts_in_order_at_the_overall_pace, setup),
        cmocka_unit_test_setup(silent_ones_hold_nobody_up, setup),
        cmocka_unit_test_setup(what_was_silent_goes_first, setup),
        cmocka_unit_test_setup(silent_ports_hold_up_the_others_for_a_bounded_time, setup),
        cmocka_unit_test_setup(a_listener_is_asked_one_by_one, setup),
        cmocka_unit_test_setup(a_shared_listener_takes_so_many_and_no_more, setup),
        cmocka_unit_test_setup(a_group_ends_and_the_others_go_on, setup),
        cmocka_unit_test_setup(without_a_descriptor_it_waits_and_then_it_was_our_trouble, setup),
        cmocka_unit_test_setup(a_target_that_is_done_is_not_forgotten_at_once, setup),
        cmocka_unit_test_setup(one_target_does_not_hold_up_the_others, setup),
        cmocka_unit_test_setup(the_oldest_that_may_start_is_next, setup),
        cmocka_unit_test_setup(a_v4_mapped_target_shares_the_bound, setup),
        cmocka_unit_test_setup(silence_ends_at_the_deadline_and_not_before, setup),
        cmocka_unit_test_setup(an_answer_counts_even_if_we_come_late, setup),
        cmocka_unit_test_setup(a_timer_fires_once_when_due, setup),
        cmocka_unit_test_setup(every_start_is_cancelled_once, setup),
        cmocka_unit_test_setup(done_may_add_probes, setup),
        cmocka_unit_test_setup(without_descriptors_it_waits_for_a_slot_of_ours, setup),
        cmocka_unit_test_setup(without_descriptors_and_nothing_in_flight_it_is_our_trouble, setup),
        cmocka_unit_test_setup(the_descriptor_limit_lowers_the_bound, setup),
        cmocka_unit_test_setup(abort_ends_everything_through_done, setup),
        cmocka_unit_test_setup(freeing_gives_back_without_done, setup),
        cmocka_unit_test_setup(a_copied_descriptor_does_not_wake_a_dead_probe, setup),
        cmocka_unit_test_setup(ten_thousand_end_in_a_few_steps, setup),
        cmocka_unit_test_setup(the_heap_keeps_its_order, setup),
        cmocka_unit_test_setup(a_long_detail_is_cut_at_a_whole_letter, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
