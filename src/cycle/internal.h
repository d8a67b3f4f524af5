/* What the files of this folder share: the cycle, its flows and its addresses.
 *
 *     WAITING --queue--> ASKED --result--> ENDED --in doubt--> ASKED_AGAIN --result--> CONFIRMED
 *        `--no probe wanted--> SKIPPED        |`--beyond doubt: stays      |
 *                                             `--silent after a hasty one--'
 *
 * Several expectations may speak of one target and share a flow id: the first flow is probed, the others are SHARED and
 * hang on it, since their demands decide too whether a failure is to be confirmed.
 */
#pragma once

#include "portconform/cycle.h"
#include "portconform/vector.h"

enum flow_state { FLOW_WAITING, FLOW_SHARED, FLOW_SKIPPED, FLOW_ASKED, FLOW_ENDED, FLOW_ASKED_AGAIN, FLOW_CONFIRMED };

/* An address of a host that flows lead to, and which controls went there. */
struct cycle_address {
    struct cycle *cycle;
    const struct plan_host *host;
    size_t host_index;
    const struct plan_address *at;
    struct address_seen *seen;
    size_t flow_count;
    bool tcp_silent;                              /* a TCP flow ended in silence */
    bool udp_silent;                              /* a UDP service that answers by its protocol did not */
    bool closed_sent, closed_udp_sent, echo_sent; /* controls, each at most once a cycle */
    bool asked_again_dead;                        /* one flow was asked again although nothing had answered */
    uint32_t quickest_us;                         /* the fastest answer that it gave itself; 0: none */
};

struct cycle_flow {
    struct cycle *cycle;
    const struct expectation *expectation;
    const struct flow *flow;
    struct cycle_address *address;
    struct cycle_flow *also; /* the next flow to the same target */
    enum flow_state state;
    bool hasty; /* its first probe ended in silence sooner than an answer may take: it counts where answers are quick */
};

struct cycle_host {
    size_t first_flow, flow_count; /* in cycle.flows */
    size_t unfinished;             /* of the first probes */
    size_t first_address;          /* in cycle.addresses */
    bool looked, looked_again;     /* at its listeners */
};

/* A listener table and what it was read from; hosts with the same kernel share one. */
struct cycle_table {
    struct listener_table *table;
    const char *netns;
    bool kernel, again;
};

struct cycle {
    const struct plan *plan;
    struct cycle_options options;
    struct probe_engine *engine;
    struct observations seen;
    struct cycle_host *hosts; /* parallel to the plan's */
    struct cycle_address *addresses;
    size_t address_count;
    struct cycle_flow *flows; /* host by host */
    size_t flow_count;
    struct {
        struct cycle_table *items;
        size_t count, capacity;
    } tables;
    bool *wanted_again; /* by host: a second look at the listeners; NULL until asked for */
    size_t next_host;   /* of the phases that go host by host */
    size_t phase;
    struct moment now, began;
    bool has_begun;
    unsigned timeout_ms; /* of a probe */
    unsigned first_ms;   /* of a first one: less where the deadline is near, so that every flow gets its turn */
    bool canary_sent;
    size_t undecided;
    struct cycle_progress progress;
};

/* A phase is entered again and again until it returns 0. PHASE_PROBING: probes are in the engine, come back when they
 * have ended; PHASE_MORE: come back at the next step. Negative: failed. */
enum { PHASE_OVER = 0, PHASE_PROBING = 1, PHASE_MORE = 2 };
int cycle_phase_listeners(struct cycle *cycle);
int cycle_phase_flows(struct cycle *cycle);
int cycle_phase_doubts(struct cycle *cycle);
int cycle_phase_listeners_again(struct cycle *cycle);

/* choose.c */
const struct probe_kind *cycle_choose_kind(const struct probe_choice *choices, enum transport transport,
                                           const struct service *service);
const char *cycle_source_name(const struct plan_host *host); /* of its listeners; NULL: none is wanted */
uint16_t cycle_closed_port(const struct plan_host *host, const struct listener_table *table, enum transport transport);
void cycle_spread_timeouts(struct cycle *cycle, struct moment now);

/* flows.c */
int cycle_confirm_flows(struct cycle *cycle); /* queues second probes; returns how many */
void cycle_cut_flows(struct cycle *cycle);    /* at the deadline */
const struct listener_table *cycle_table_of(const struct cycle *cycle, size_t host); /* SEEN, or NULL */

/* listening.c */
int cycle_cut_listeners(struct cycle *cycle); /* at the deadline. 0 or -ENOMEM */

/* controls.c */
int cycle_send_controls(struct cycle *cycle); /* queues what is missing; returns how many */
void cycle_note_answer(struct cycle_address *address, const struct probe_result *result);

/* cycle.c: fills in the source, cuts the time-out to the cycle's (0: takes it), and adds it. 0 or -ENOMEM */
int cycle_probe(struct cycle *cycle, struct probe_request *request);
