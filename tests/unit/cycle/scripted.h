/* A plan built by hand and probes that end as a script says: what the tests of the cycle share. No network. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "portconform/cycle.h"
#include "portconform/error.h"

enum { HOSTS = 3, EXPECTATIONS = 12, FLOWS = 700, SCRIPT = 64, LOG = 2048 };

/* How the probes of a port end: the first one, the second, and all later ones. NOT_DONE: as the one before. */
struct script_line {
    uint16_t port;
    enum probe_outcome outcomes[2];
};

struct logged {
    const char *kind;
    struct address target;
    uint16_t port;
    unsigned timeout_ms;
};

struct world {
    struct service services[3]; /* plain, tls, answering udp */
    struct rule rules[EXPECTATIONS];
    struct port_item items[EXPECTATIONS];
    struct expectation expectations[EXPECTATIONS];
    struct flow flows[FLOWS];
    size_t rule_count, flow_count;
    struct host hosts[HOSTS];
    struct plan_address addresses[HOSTS];
    struct plan_host planned[HOSTS];
    struct site site;
    struct plan plan;
    struct cycle_options options;
    struct cycle *cycle;
    struct moment now;
};

static struct script_line script[SCRIPT];
static size_t script_count;
static enum probe_outcome unlisted; /* ports without a line */
static enum probe_outcome echoed;
static uint16_t mute_port;         /* where it is open, nobody says what is due; 0: none */
static int local_error;            /* what our own trouble is */
static uint32_t answered_after_us; /* what the round-trip times are said to be */
/* Closed UDP ports are told by six ICMP messages at once, then one a second, as Linux does. */
static bool icmp_rationed;
static int64_t icmp_left, icmp_counted_ms; /* in thousandths of a message */
static int64_t icmp_most;                  /* that it saves up */
static struct logged probes_sent[LOG];
static size_t probe_log_count;

static inline size_t times_sent(const char *kind, uint16_t port)
{
    size_t count = 0;
    for (size_t i = 0; i < probe_log_count; i++)
        count += strcmp(probes_sent[i].kind, kind) == 0 && probes_sent[i].port == port;
    return count;
}

static inline size_t times_of_kind(const char *kind)
{
    size_t count = 0;
    for (size_t i = 0; i < probe_log_count; i++)
        count += strcmp(probes_sent[i].kind, kind) == 0;
    return count;
}

static inline void script_port(uint16_t port, enum probe_outcome first, enum probe_outcome second)
{
    script[script_count++] = (struct script_line){port, {first, second}};
}

static inline enum probe_outcome scripted_outcome(uint16_t port, size_t before)
{
    for (size_t i = 0; i < script_count; i++)
        if (script[i].port == port)
            return before > 0 && script[i].outcomes[1] != PROBE_NOT_DONE ? script[i].outcomes[1]
                                                                         : script[i].outcomes[0];
    return unlisted;
}

static inline int end_as(struct probe *probe, enum probe_outcome outcome)
{
    struct probe_result *result = probe_result_of(probe);
    result->rtt_us = answered_after_us;
    switch (outcome) {
    case PROBE_OPEN:
        result->sign_of_life = true;
        result->mute = probe_request_of(probe)->port == mute_port;
        probe_end(probe, outcome, REASON_ACCEPTED);
        break;
    case PROBE_REFUSED:
        result->sign_of_life = true;
        probe_end(probe, outcome, REASON_RST);
        break;
    case PROBE_STOPPED:
        probe_end(probe, outcome, REASON_ADMIN_PROHIBITED);
        break;
    case PROBE_LOCAL:
        return -local_error;
    case PROBE_SILENT:
    case PROBE_NOT_DONE:
        break; /* until its deadline */
    }
    return 0;
}

/* Is there a message left for a closed port? */
static inline bool icmp_is_left(struct moment now)
{
    icmp_left += now.mono_ms - icmp_counted_ms;
    icmp_left = icmp_left > icmp_most ? icmp_most : icmp_left;
    icmp_counted_ms = now.mono_ms;
    if (icmp_left < 1000)
        return false;
    icmp_left -= 1000;
    return true;
}

static inline int end_by_icmp(struct probe *probe)
{
    struct probe_result *result = probe_result_of(probe);
    if (!icmp_is_left(probe_now(probe)))
        return 0;
    result->icmp = (struct icmp_evidence){true, 3, 3, probe_request_of(probe)->target};
    result->sign_of_life = true;
    probe_end(probe, PROBE_REFUSED, REASON_PORT_UNREACHABLE);
    return 0;
}

static inline int start_as(struct probe *probe, const char *kind)
{
    const struct probe_request *request = probe_request_of(probe);
    size_t before = 0;
    for (size_t i = 0; i < probe_log_count; i++)
        before += strcmp(probes_sent[i].kind, kind) == 0 && probes_sent[i].port == request->port &&
                  address_equal(&probes_sent[i].target, &request->target);
    assert_true(probe_log_count < LOG);
    probes_sent[probe_log_count++] = (struct logged){kind, request->target, request->port, request->timeout_ms};
    probe_note_sent(probe);
    bool echo = strcmp(kind, "echo") == 0;
    enum probe_outcome outcome = echo ? echoed : scripted_outcome(request->port, before);
    if (icmp_rationed && strcmp(kind, "udp") == 0 && outcome == PROBE_REFUSED)
        return end_by_icmp(probe);
    return end_as(probe, outcome);
}

static inline int start_tcp(struct probe *probe)
{
    return start_as(probe, "tcp");
}
static inline int start_udp(struct probe *probe)
{
    return start_as(probe, "udp");
}
static inline int start_tls(struct probe *probe)
{
    return start_as(probe, "tls");
}
static inline int start_echo(struct probe *probe)
{
    return start_as(probe, "echo");
}
static inline void never_ready(struct probe *probe, uint32_t events)
{
    (void)probe;
    (void)events;
    fail();
}

static const struct probe_kind kind_tcp = {.name = "tcp", .start = start_tcp, .on_ready = never_ready};
static const struct probe_kind kind_udp = {.name = "udp", .start = start_udp, .on_ready = never_ready};
static const struct probe_kind kind_tls = {.name = "tls", .start = start_tls, .on_ready = never_ready};
static const struct probe_kind kind_echo = {.name = "echo", .start = start_echo, .on_ready = never_ready};

static const struct probe_choice thin[] = {{TRANSPORT_TCP, false, &kind_tcp, NULL},
                                           {TRANSPORT_UDP, false, &kind_udp, NULL},
                                           {TRANSPORT_UNSTATED, false, NULL, NULL}};
static const struct probe_choice whole[] = {{TRANSPORT_TCP, false, &kind_tcp, NULL},
                                            {TRANSPORT_TCP, true, &kind_tls, NULL},
                                            {TRANSPORT_UDP, false, &kind_udp, NULL},
                                            {TRANSPORT_UNSTATED, false, NULL, NULL}};

static inline int world_setup(void **state)
{
    static const char *const texts[] = {"192.0.2.1", "192.0.2.2", "2001:db8::3"};
    static const char *const names[] = {"mgr01", "mgr02", "pc01"};
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    script_count = probe_log_count = 0;
    unlisted = PROBE_REFUSED;
    echoed = PROBE_SILENT;
    mute_port = 0;
    answered_after_us = 200;
    local_error = ENETUNREACH;
    icmp_rationed = false;
    icmp_left = icmp_counted_ms = 0;
    icmp_most = 6000;
    w->services[0] = (struct service){.name = "plain", .udp_silent = true};
    w->services[1] = (struct service){.name = "secret", .tls = true};
    w->services[2] = (struct service){.name = "answering", .udp_answers = true};
    for (size_t i = 0; i < HOSTS; i++) {
        w->hosts[i] = (struct host){.name = names[i], .listeners = LISTENERS_NONE};
        w->addresses[i] = (struct plan_address){.text = texts[i]};
        assert_int_equal(address_parse(texts[i], &w->addresses[i].address), 0);
        w->planned[i] = (struct plan_host){.host = &w->hosts[i], .addresses = &w->addresses[i], .address_count = 1};
    }
    w->site = (struct site){
        .name = "osaka-dc", .probe_timeout_ms = 3000, .probe_per_second = 4000, .probe_per_target_per_second = 1000};
    w->plan = (struct plan){.site = &w->site, .vantage_name = "-", .hosts = w->planned, .host_count = 1};
    w->options = (struct cycle_options){.probes = whole, .echo = &kind_echo, .deadline_mono_ms = INT64_MAX};
    w->now = (struct moment){1000000, 1700000000000};
    *state = w;
    return 0;
}

static inline int world_teardown(void **state)
{
    struct world *w = *state;
    cycle_free(w->cycle);
    free(w);
    return 0;
}

/* One more expectation of the last host so far, with a flow for each port of low..high. */
static inline struct expectation *expect_ports(struct world *w, enum transport transport, uint16_t low, uint16_t high)
{
    size_t i = w->rule_count++;
    assert_true(i < EXPECTATIONS);
    struct plan_host *host = &w->planned[w->plan.host_count - 1];
    struct expectation *expectation = &w->expectations[i];
    if (host->expectation_count == 0)
        host->expectations = expectation;
    host->expectation_count++;
    w->rules[i] = (struct rule){.id = "site/x", .service = &w->services[0]};
    *expectation = (struct expectation){.key = "k",
                                        .host = host->host,
                                        .rule = &w->rules[i],
                                        .item = &w->items[i],
                                        .range = {transport, low, high, 1},
                                        .flows = &w->flows[w->flow_count]};
    for (unsigned port = low; port <= high; port++) {
        assert_true(w->flow_count < FLOWS);
        w->flows[w->flow_count++] =
            (struct flow){.id = w->plan.flow_count++, .port = (uint16_t)port, .demand = FLOW_MUST_PASS};
        expectation->flow_count++;
    }
    return expectation;
}

static inline struct rule *rule_of(const struct expectation *expectation)
{
    return (struct rule *)expectation->rule;
}

static inline void next_host(struct world *w)
{
    w->plan.host_count++;
    assert_true(w->plan.host_count <= HOSTS);
}

/* Drives the cycle with a clock of its own until it is over; returns the milliseconds it took. */
static inline int64_t drive(struct world *w)
{
    int64_t began = w->now.mono_ms;
    assert_int_equal(cycle_new(&w->plan, &w->options, &w->cycle), 0);
    for (int steps = 0; steps < 10000; steps++) {
        int r = cycle_step(w->cycle, w->now);
        assert_true(r >= 0);
        if (r == 0)
            return w->now.mono_ms - began;
        int64_t next = cycle_next_ms(w->cycle);
        assert_true(next < INT64_MAX);
        if (next > w->now.mono_ms) {
            w->now.wall_ms += next - w->now.mono_ms;
            w->now.mono_ms = next;
        }
    }
    fail_msg("the cycle does not end");
    return 0;
}

static inline const struct probe_result *result_at(const struct world *w, size_t id)
{
    return &cycle_observations(w->cycle)->probes[id];
}

static inline const struct address_seen *address_at(const struct world *w, size_t host)
{
    return &cycle_observations(w->cycle)->hosts[host].addresses[0];
}
