/* Hosts that live through random looks: whatever happens, the events that were told and the snapshot agree. Whoever
 * opens a problem at RAISED and closes it at CLEARED (and their like) has exactly the problems of the snapshot open. */
#include "world.h"

enum { LIVES = 400, LOOKS = 40, OPEN_MAX = 64, KEY_ROOM = 128 };

static uint64_t chance_state;

static unsigned chance(unsigned below)
{
    chance_state = chance_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(chance_state >> 33) % below;
}

/* --- the receiver of the events ---------------------------------------------------------------------------------- */

static size_t kinds[TRANSITION_WAIVER_EXPIRED + 1]; /* so that no life is too quiet to prove anything */

struct receiver {
    char keys[OPEN_MAX][KEY_ROOM];
    size_t count;
};

static size_t receiver_find(const struct receiver *receiver, const char *key)
{
    size_t i = 0;
    while (i < receiver->count && strcmp(receiver->keys[i], key) != 0)
        i++;
    return i;
}

static void receiver_open(struct receiver *receiver, const char *key)
{
    if (receiver_find(receiver, key) != receiver->count)
        fail_msg("%s was raised twice", key);
    assert_true(receiver->count < OPEN_MAX);
    snprintf(receiver->keys[receiver->count++], KEY_ROOM, "%s", key);
}

static void receiver_close(struct receiver *receiver, const char *key)
{
    size_t at = receiver_find(receiver, key);
    if (at == receiver->count)
        fail_msg("%s was cleared and never raised", key);
    memmove(receiver->keys[at], receiver->keys[at + 1], (receiver->count - at - 1) * KEY_ROOM);
    receiver->count--;
}

static void receive(struct receiver *receiver, const struct transition *transition)
{
    const struct finding *finding = transition->finding;
    assert_non_null(finding);
    kinds[transition->kind]++;
    switch (transition->kind) {
    case TRANSITION_RAISED:
    case TRANSITION_HOST_UNREACHABLE:
    case TRANSITION_WAIVER_EXPIRED:
        assert_true(finding->severity != SEVERITY_OK && !finding->waived);
        receiver_open(receiver, finding->key);
        return;
    case TRANSITION_CHANGED:
        assert_true(finding->severity != SEVERITY_OK && transition->was != finding->verdict);
        assert_true(receiver_find(receiver, finding->key) < receiver->count);
        return;
    case TRANSITION_CLEARED:
    case TRANSITION_HOST_REACHABLE:
        assert_int_equal(finding->severity, SEVERITY_OK);
        receiver_close(receiver, finding->key);
        return;
    case TRANSITION_WAIVER_BEGUN:
        assert_true(finding->waived);
        if (receiver_find(receiver, finding->key) < receiver->count)
            receiver_close(receiver, finding->key);
        return;
    }
}

static void check_agreement(const struct receiver *receiver, const struct snapshot *snapshot)
{
    size_t problems = 0;
    for (size_t b = 0; b < snapshot->block_count; b++) {
        const struct finding_block *block = snapshot->blocks[b];
        for (size_t i = 0; i < block->count; i++) {
            const struct finding *finding = &block->items[i];
            if (i > 0)
                assert_true(strcmp(block->items[i - 1].key, finding->key) < 0);
            assert_true(finding->pending == VERDICT_NONE || finding->pending_looks > 0);
            if (finding->severity == SEVERITY_OK || finding->waived)
                continue;
            if (receiver_find(receiver, finding->key) == receiver->count)
                fail_msg("%s is a problem and was never raised", finding->key);
            problems++;
        }
    }
    assert_int_equal(problems, receiver->count);
}

/* --- lives ------------------------------------------------------------------------------------------------------- */

static void live_probes(struct world *w)
{
    static const struct {
        enum probe_outcome outcome;
        enum reason reason;
    } ends[] = {{PROBE_OPEN, REASON_ACCEPTED},       {PROBE_OPEN, REASON_ACCEPTED},
                {PROBE_REFUSED, REASON_RST},         {PROBE_STOPPED, REASON_ADMIN_PROHIBITED},
                {PROBE_SILENT, REASON_SILENT},       {PROBE_NOT_DONE, REASON_NONE},
                {PROBE_LOCAL, REASON_NO_DESCRIPTORS}};
    bool dead = chance(4) == 0;
    for (size_t i = 0; i < w->seen.probe_count; i++) {
        size_t end = dead ? 4 : chance(sizeof(ends) / sizeof(*ends));
        world_probe(w, i, ends[end].outcome, ends[end].reason);
    }
    w->seen.egress_broken = chance(10) == 0;
}

static void live_listeners(struct world *w)
{
    static const char *const addresses[] = {"0.0.0.0", "127.0.0.1", "10.0.1.10", "::"};
    w->host_seen.listeners = NULL;
    w->table.count = 0;
    if (chance(5) == 0)
        return;
    world_table(w);
    size_t count = chance(6);
    for (size_t i = 0; i < count; i++) {
        enum transport transport = chance(4) == 0 ? TRANSPORT_UDP : TRANSPORT_TCP;
        world_listener(w, transport, addresses[chance(4)], (uint16_t)(chance(2) ? 100 + chance(8) : 40000 + chance(3)));
    }
    if (chance(6) == 0)
        w->table.status = LISTENERS_FAILED;
    w->table.udp_complete = chance(5) != 0;
}

static void live_once(struct world *w, struct receiver *receiver)
{
    world_later(w, 60000);
    live_probes(w);
    live_listeners(w);
    w->plan_host.expectation_count = chance(8) == 0 ? 2 : 3; /* a reload took the last away, or brought it back */
    w->host.exclusive = chance(20) != 0;
    w->host.waiver_count = chance(3) == 0 ? 2 : 1;
    world_judge(w);
    for (size_t i = 0; i < w->last.transition_count; i++)
        receive(receiver, &w->last.transitions[i]);
    check_agreement(receiver, w->last.snapshot);
}

static void live(uint64_t seed)
{
    chance_state = seed;
    struct world w;
    world_init(&w);
    w.mode = JUDGE_CONTINUOUS;
    w.damping = w.host.damping = (struct damping){1 + chance(3), 1 + chance(3)};
    w.host.intermittent = chance(4) == 0;
    world_expect(&w, TRANSPORT_TCP, 100, 101);
    world_expect(&w, TRANSPORT_TCP, 102, 104);
    world_expect(&w, TRANSPORT_TCP, 105, 105);
    w.rules[0].scope = chance(3) == 0 ? SCOPE_HOST : SCOPE_NETWORK;
    w.rules[1].presence = (enum presence)chance(PRESENCE_RESERVED + 1);
    const struct waiver waivers[] = {
        {.rule = "guide/t/1", .until = "soon", .until_ms = w.now.wall_ms + 60000 * (int64_t)chance(LOOKS)},
        {.verdict = "unexpected", .until = "later", .until_ms = w.now.wall_ms + 60000 * (int64_t)chance(LOOKS)}};
    w.host.waivers = waivers;
    struct receiver receiver = {.count = 0};
    for (int i = 0; i < LOOKS; i++)
        live_once(&w, &receiver);
    /* the host leaves the site: nothing stays open */
    w.host.name = "other";
    w.plan_host.expectation_count = 0;
    w.host.exclusive = false;
    w.host_seen.listeners = NULL;
    world_judge(&w);
    for (size_t i = 0; i < w.last.transition_count; i++)
        receive(&receiver, &w.last.transitions[i]);
    assert_int_equal(receiver.count, 0);
    world_done(&w);
}

static void test_events_and_snapshots_agree(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= LIVES; seed++)
        live(seed);
    for (size_t kind = 0; kind < sizeof(kinds) / sizeof(*kinds); kind++) {
        if (kinds[kind] < 20)
            fail_msg("only %zu times %s", kinds[kind], transition_name((enum transition_kind)kind));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_events_and_snapshots_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
