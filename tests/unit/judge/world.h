/* A world small enough to be judged in a test: a site with one host of up to two addresses, expectations of one port
 * item each, and what was seen of them. Fill it by world_init and the helpers, change members freely, then judge. */
#pragma once

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "portconform/judge.h"

#include <stdlib.h>
#include <string.h>

enum { WORLD_EXPECTATIONS = 4, WORLD_ADDRESSES = 2, WORLD_FLOWS = 32, WORLD_LISTENERS = 16 };

struct world {
    struct guide guide;
    struct component component;
    struct role role;
    struct host host;
    struct site site;
    struct config config;
    struct plan plan;
    struct plan_host plan_host;
    struct plan_address addresses[WORLD_ADDRESSES];
    struct damping damping;
    size_t address_indexes[WORLD_ADDRESSES];

    struct rule rules[WORLD_EXPECTATIONS];
    struct expectation expectations[WORLD_EXPECTATIONS];
    char keys[WORLD_EXPECTATIONS][32];
    struct flow flows[WORLD_FLOWS];

    struct observations seen;
    struct probe_result probes[WORLD_FLOWS];
    struct host_seen host_seen;
    struct address_seen address_seen[WORLD_ADDRESSES];
    struct listener_table table, again;
    struct listener listeners[WORLD_LISTENERS], listeners_again[WORLD_LISTENERS];

    struct moment now;
    enum judge_mode mode;
    struct judgement last; /* of the look before: its snapshot is the earlier one of the next */
};

static inline struct address world_address(const char *text)
{
    struct address address;
    assert_int_equal(address_parse(text, &address), 0);
    return address;
}

static inline void world_init(struct world *w)
{
    memset(w, 0, sizeof(*w));
    w->guide = (struct guide){.id = "guide"};
    w->component = (struct component){.name = "manager"};
    w->role = (struct role){.guide = &w->guide, .component = &w->component, .name = "manager"};
    w->damping = (struct damping){1, 1};
    w->host = (struct host){.name = "mgr01", .damping = w->damping};
    w->site = (struct site){.name = "test", .hosts = &w->host, .host_count = 1, .looks_before_unexpected_udp = 3};
    w->config = (struct config){.site = &w->site, .hash = "0123"};
    w->addresses[0] = (struct plan_address){.address = world_address("10.0.1.10"), .text = "10.0.1.10"};
    w->addresses[1] = (struct plan_address){.address = world_address("2001:db8::10"), .text = "2001:db8::10"};
    w->address_indexes[1] = 1;
    w->plan_host = (struct plan_host){
        .host = &w->host, .addresses = w->addresses, .address_count = 1, .expectations = w->expectations};
    w->plan = (struct plan){
        .config = &w->config, .site = &w->site, .vantage_name = "mon1", .hosts = &w->plan_host, .host_count = 1};
    w->host_seen.addresses = w->address_seen;
    w->seen = (struct observations){.probes = w->probes, .hosts = &w->host_seen, .host_count = 1};
    w->now = (struct moment){.mono_ms = 1000000, .wall_ms = 1700000000000};
}

/* An expectation of ports low..high, required, of scope network, that must pass. Its flows have ids of their own. */
static inline struct expectation *world_expect(struct world *w, enum transport transport, uint16_t low, uint16_t high)
{
    size_t at = w->plan_host.expectation_count++;
    assert_true(at < WORLD_EXPECTATIONS);
    struct rule *rule = &w->rules[at];
    static const char *const ids[WORLD_EXPECTATIONS] = {"guide/t/1", "guide/t/2", "guide/t/3", "guide/t/4"};
    *rule = (struct rule){.guide = &w->guide, .ref = ids[at] + 6, .id = ids[at], .listens = &w->component};
    struct expectation *expectation = &w->expectations[at];
    snprintf(w->keys[at], sizeof(w->keys[at]), "mgr01|manager|%s|%u", ids[at], (unsigned)low);
    *expectation = (struct expectation){
        .key = w->keys[at],
        .host = &w->host,
        .role = &w->role,
        .rule = rule,
        .range = {transport, low, high, 1},
        .severity = SEVERITY_CRITICAL,
        .instances = 1,
        .addresses = w->address_indexes,
        .address_count = w->plan_host.address_count,
        .flows = &w->flows[w->seen.probe_count],
        .damping = &w->damping,
    };
    for (size_t address = 0; address < w->plan_host.address_count; address++) {
        for (unsigned port = low; port <= high; port++) {
            size_t id = w->seen.probe_count++;
            assert_true(id < WORLD_FLOWS);
            w->flows[id] = (struct flow){.id = id, .address = address, .port = (uint16_t)port};
            expectation->flow_count++;
        }
    }
    w->plan.flow_count = w->seen.probe_count;
    return expectation;
}

static inline void world_demand(struct world *w, enum flow_demand demand, enum scope why)
{
    for (size_t i = 0; i < w->seen.probe_count; i++) {
        w->flows[i].demand = demand;
        w->flows[i].why = why;
    }
}

/* How the probe of flow `id` ended, now. */
static inline struct probe_result *world_probe(struct world *w, size_t id, enum probe_outcome outcome,
                                               enum reason reason)
{
    assert_true(id < w->seen.probe_count);
    w->probes[id] = (struct probe_result){.outcome = outcome,
                                          .reason = reason,
                                          .sent = w->now,
                                          .ended = w->now,
                                          .sign_of_life = outcome == PROBE_OPEN || outcome == PROBE_REFUSED};
    return &w->probes[id];
}

static inline void world_table(struct world *w)
{
    w->table = (struct listener_table){.status = LISTENERS_SEEN,
                                       .source = "file",
                                       .items = w->listeners,
                                       .taken = w->now,
                                       .udp_complete = true,
                                       .ephemeral_low = 32768,
                                       .ephemeral_high = 60999};
    w->host_seen.listeners = &w->table;
}

static inline struct listener *world_listener(struct world *w, enum transport transport, const char *address,
                                              uint16_t port)
{
    if (!w->host_seen.listeners)
        world_table(w);
    assert_true(w->table.count < WORLD_LISTENERS);
    struct listener *listener = &w->listeners[w->table.count++];
    *listener = (struct listener){.transport = transport, .address = world_address(address), .port = port};
    return listener;
}

/* Judges what was seen; the judgement before it becomes the earlier one. */
static inline const struct finding_block *world_judge(struct world *w)
{
    if (w->host_seen.listeners == &w->table)
        listener_table_sort(&w->table);
    struct judge_input input = {.plan = &w->plan,
                                .seen = &w->seen,
                                .earlier = w->last.snapshot,
                                .now = w->now,
                                .began_ms = w->now.mono_ms - 400,
                                .mode = w->mode};
    struct judgement judgement;
    assert_int_equal(judge(&input, &judgement), 0);
    judgement_done(&w->last);
    w->last = judgement;
    assert_non_null(judgement.snapshot);
    assert_int_equal(judgement.snapshot->block_count, 2);
    return judgement.snapshot->blocks[1];
}

static inline const struct finding *world_finding(struct world *w, const char *key)
{
    const struct finding *finding = finding_block_find(w->last.snapshot->blocks[1], key);
    if (!finding)
        fail_msg("no finding %s", key);
    return finding;
}

static inline void world_later(struct world *w, int64_t ms)
{
    w->now.mono_ms += ms;
    w->now.wall_ms += ms;
    w->table.taken = w->now;
    for (size_t i = 0; i < w->seen.probe_count; i++)
        w->probes[i].sent = w->probes[i].ended = w->now;
}

static inline size_t world_transitions(const struct world *w, enum transition_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < w->last.transition_count; i++)
        count += w->last.transitions[i].kind == kind;
    return count;
}

static inline void world_done(struct world *w)
{
    judgement_done(&w->last);
}
