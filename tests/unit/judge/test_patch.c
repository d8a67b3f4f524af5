/* Judging what differs gives what judging all of it gives: hosts that live through random looks, of which most change
 * little, are judged both ways at every look, and every word, number and event is the same. */
#include "world.h"

enum { LIVES = 400, LOOKS = 40 };

static uint64_t chance_state;
static size_t patched, shared;

static unsigned chance(unsigned below)
{
    chance_state = chance_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(chance_state >> 33) % below;
}

/* --- what a look shows ------------------------------------------------------------------------------------------- */

static void see_probe(struct world *w, size_t id)
{
    static const struct {
        enum probe_outcome outcome;
        enum reason reason;
    } ends[] = {{PROBE_OPEN, REASON_ACCEPTED},      {PROBE_OPEN, REASON_ACCEPTED},
                {PROBE_REFUSED, REASON_RST},        {PROBE_STOPPED, REASON_ADMIN_PROHIBITED},
                {PROBE_SILENT, REASON_SILENT},      {PROBE_LOCAL, REASON_NO_DESCRIPTORS},
                {PROBE_NOT_DONE, REASON_NOT_PROBED}};
    size_t end = chance(sizeof(ends) / sizeof(*ends));
    struct probe_result *result = world_probe(w, id, ends[end].outcome, ends[end].reason);
    result->rtt_us = chance(1000);
    result->path_local = chance(9) == 0;
    result->history.looks = chance(3) * chance(20);
    result->history.proofs = chance(3);
    if (chance(6) == 0)
        snprintf(result->detail, sizeof(result->detail), "version %u", chance(2));
}

static void see_listeners(struct world *w)
{
    static const char *const addresses[] = {"0.0.0.0", "127.0.0.1", "10.0.1.10", "::"};
    w->host_seen.listeners = NULL;
    w->table.count = 0;
    if (chance(3) == 0)
        return;
    world_table(w);
    w->table.stale_ms = chance(3) == 0 ? 30000 : 0;
    for (size_t count = chance(6); count > 0; count--) {
        struct listener *listener =
            world_listener(w, TRANSPORT_TCP, addresses[chance(4)], (uint16_t)(100 + chance(12)));
        listener->queue_known = true;
        listener->queue_limit = 4;
        listener->queue_length = chance(6);
    }
    listener_table_sort(&w->table);
}

/* What is not due is as it was, and so is the moment when it was seen. */
static void look(struct world *w, const bool *not_due)
{
    struct probe_result before[WORLD_FLOWS];
    memcpy(before, w->probes, sizeof(before));
    world_later(w, 60000);
    if (chance(4) == 0) /* some looks see listeners before the probes, some after */
        w->table.taken.mono_ms -= 1000;
    if (chance(8) == 0)
        see_listeners(w);
    for (unsigned changes = chance(10) == 0 ? 16 : chance(3); changes > 0; changes--)
        see_probe(w, chance((unsigned)w->seen.probe_count));
    for (size_t id = chance(15) == 0 ? 0 : WORLD_FLOWS; id < w->seen.probe_count; id++) /* nobody is there */
        world_probe(w, id, PROBE_SILENT, REASON_SILENT);
    for (size_t id = 0; id < w->seen.probe_count; id++) {
        if (not_due[id])
            w->probes[id] = before[id];
    }
    const bool turns = chance(3) == 0; /* some ports wait for their turn */
    for (size_t id = 0; id < w->seen.probe_count; id++) {
        w->probes[id].kept = false;
        if (!turns || chance(3) != 0 || before[id].outcome == PROBE_NOT_DONE)
            continue;
        w->probes[id] = before[id];
        w->probes[id].kept = true;
    }
    if (chance(12) == 0)
        w->address_seen[0].closed_control = !w->address_seen[0].closed_control;
    w->seen.egress_broken = chance(15) == 0;
    if (chance(12) == 0) { /* another configuration */
        w->plan.serial++;
        w->plan_host.expectation_count = 2 + chance(3);
        w->rules[0].about = chance(2) ? "one" : "another";
        w->host.exclusive = chance(3) == 0;
        w->host.waiver_count = chance(4) == 0 ? 1 : 0;
    }
}

/* --- both ways --------------------------------------------------------------------------------------------------- */

/* The same block, of which nothing can be taken over unjudged. */
static struct finding_block *forgetful(const struct finding_block *block)
{
    struct finding_block *copy = finding_block_pack(block->host, block->items, block->count);
    assert_non_null(copy);
    copy->judged = block->judged;
    copy->judged.seen = copy->judged.surroundings = 0;
    copy->looked_ms = block->looked_ms;
    for (size_t i = 0; i < copy->count; i++)
        copy->items[i].seen = 0;
    return copy;
}

static void assert_same_text(const char *a, const char *b)
{
    assert_int_equal(a == NULL, b == NULL);
    if (a && strcmp(a, b) != 0)
        fail_msg("'%s' is not '%s'", a, b);
}

/* All but the strings, the place in memory, and what only the judge remembers. */
static struct finding numbers_of(const struct finding *finding)
{
    struct finding numbers;
    memcpy(&numbers, finding, sizeof(numbers));
    numbers.key = numbers.host = numbers.role = numbers.component = numbers.ports = numbers.listener = NULL;
    numbers.probe = numbers.detail = numbers.guide = numbers.ref = numbers.rule = numbers.about = NULL;
    numbers.presence = numbers.scope = numbers.confidence = numbers.peers = numbers.origin.file = NULL;
    numbers.waived_until = numbers.waived_reason = numbers.waived_owner = numbers.waived_ticket = NULL;
    numbers.seen = 0;
    numbers.expectation = 0;
    return numbers;
}

static void assert_same_finding(const struct finding *a, const struct finding *b)
{
    const char *const left[] = {
        a->key,        a->host,  a->role,        a->component,    a->ports,        a->listener,      a->probe,
        a->detail,     a->guide, a->ref,         a->rule,         a->about,        a->presence,      a->scope,
        a->confidence, a->peers, a->origin.file, a->waived_until, a->waived_owner, a->waived_ticket, a->waived_reason};
    const char *const right[] = {
        b->key,        b->host,  b->role,        b->component,    b->ports,        b->listener,      b->probe,
        b->detail,     b->guide, b->ref,         b->rule,         b->about,        b->presence,      b->scope,
        b->confidence, b->peers, b->origin.file, b->waived_until, b->waived_owner, b->waived_ticket, b->waived_reason};
    for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++)
        assert_same_text(left[i], right[i]);
    const struct finding x = numbers_of(a), y = numbers_of(b);
    if (memcmp(&x, &y, sizeof(x)) != 0)
        fail_msg("%s: %s %s looks %u/%u observed %lld/%lld since %lld/%lld", a->key, verdict_row(a->verdict)->name,
                 verdict_row(b->verdict)->name, a->looks, b->looks, (long long)a->observed_ms,
                 (long long)b->observed_ms, (long long)a->since_ms, (long long)b->since_ms);
}

static void assert_same_events(const struct judgement *a, const struct judgement *b)
{
    assert_int_equal(a->transition_count, b->transition_count);
    for (size_t i = 0; i < a->transition_count; i++) {
        size_t k = 0; /* of several at one look the order says nothing */
        while (k < b->transition_count && (a->transitions[i].kind != b->transitions[k].kind ||
                                           strcmp(a->transitions[i].finding->key, b->transitions[k].finding->key) != 0))
            k++;
        assert_true(k < b->transition_count);
        assert_int_equal(a->transitions[i].was, b->transitions[k].was);
        assert_same_finding(a->transitions[i].finding, b->transitions[k].finding);
    }
}

/* Returns the block of the look; `earlier` is given up. */
static struct finding_block *judge_both_ways(struct world *w, struct finding_block *earlier, const bool *not_due)
{
    judge_digest(&w->plan, &w->seen, 0, not_due);
    const struct judge_input input = {
        .plan = &w->plan, .seen = &w->seen, .now = w->now, .mode = JUDGE_CONTINUOUS, .not_due = not_due};
    struct finding_block *copy = earlier ? forgetful(earlier) : NULL;
    struct finding_block *little, *whole;
    struct judgement little_told = {0}, whole_told = {0};
    assert_int_equal(judge_host(&input, 0, earlier, &little_told, &little), 0);
    assert_int_equal(judge_host(&input, 0, copy, &whole_told, &whole), 0);
    finding_block_unref(copy);
    if (little == earlier) { /* nothing new: it counts no looks and told nothing */
        shared++;
        assert_int_equal(little_told.transition_count, 0);
        assert_int_equal(whole_told.transition_count, 0);
    }
    finding_block_unref(earlier); /* nothing of it may be needed any longer */
    patched += little->strings_size != little->strings_packed;
    assert_int_equal(little->count, whole->count);
    for (size_t i = 0; little != earlier && i < little->count; i++)
        assert_same_finding(&little->items[i], &whole->items[i]);
    assert_same_events(&little_told, &whole_told);
    finding_block_unref(whole);
    judgement_done(&little_told);
    judgement_done(&whole_told);
    return little;
}

/* --- lives ------------------------------------------------------------------------------------------------------- */

static void set_up(struct world *w)
{
    world_init(w);
    w->plan.serial = 1;
    w->plan_host.address_count = 1 + chance(2);
    w->damping = w->host.damping = (struct damping){1 + chance(2), 1 + chance(2)};
    world_expect(w, TRANSPORT_TCP, 100, 101);
    world_expect(w, TRANSPORT_TCP, 102, 104);
    world_expect(w, TRANSPORT_TCP, 105, 105);
    world_expect(w, chance(2) ? TRANSPORT_TCP : TRANSPORT_UDP, 106, 107);
    for (size_t i = 0; i < 4; i++) {
        w->rules[i].presence = (enum presence)chance(PRESENCE_RESERVED + 1);
        w->rules[i].scope = chance(4) == 0 ? SCOPE_HOST : SCOPE_NETWORK;
    }
    if (chance(3) == 0)
        w->expectations[1].group_key = w->expectations[2].group_key = "mgr01|manager|one-of:web";
    for (size_t i = 0; i < w->seen.probe_count; i++) {
        if (chance(5) == 0)
            w->flows[i].demand = chance(2) ? FLOW_BYSTANDER : FLOW_MUST_NOT_PASS;
        see_probe(w, i);
    }
}

static void live(uint64_t seed)
{
    chance_state = seed;
    struct world w;
    set_up(&w);
    const struct waiver waiver = {.rule = "guide/t/1", .until = "later", .until_ms = w.now.wall_ms + 60000 * LOOKS / 2};
    w.host.waivers = &waiver;
    const bool rests = chance(2) == 0;
    struct finding_block *block = NULL;
    for (int i = 0; i < LOOKS; i++) {
        bool not_due[WORLD_FLOWS];
        const bool some = rests && chance(3) != 0;
        for (size_t id = 0; id < WORLD_FLOWS; id++)
            not_due[id] = some && chance(3) == 0;
        look(&w, not_due);
        block = judge_both_ways(&w, block, some ? not_due : NULL);
    }
    finding_block_unref(block);
    world_done(&w);
}

static void test_a_part_is_judged_like_the_whole(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= LIVES; seed++)
        live(seed);
    assert_true(patched > LIVES); /* so that something was compared */
    assert_true(shared > LIVES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_part_is_judged_like_the_whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
