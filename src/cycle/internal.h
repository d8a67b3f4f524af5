/* What the files of this folder share: the cycle, its hosts, their addresses and flows.
 *
 *     WAITING --queue--> ASKED --result--> ENDED --in doubt--> ASKED_AGAIN --result--> CONFIRMED
 *        `--no probe wanted--> SKIPPED        |`--beyond doubt: stays      |
 *                                             `--silent after a hasty one--'
 *
 * Several expectations may speak of one target and share a flow id: the first flow is probed, the others are SHARED and
 * hang on it, since their demands decide too whether a failure is to be confirmed. A flow that is NOT_DUE keeps what an
 * earlier visit saw.
 *
 * What a visit sees stays with the cycle until it is whole; then it takes the place of what was seen before
 * (commit.c). A visit that is broken off leaves no trace.
 */
#pragma once

#include "memory.h"

#include "portconform/cycle.h"
#include "portconform/vector.h"

enum flow_state {
    FLOW_WAITING,
    FLOW_SHARED,
    FLOW_SKIPPED,
    FLOW_NOT_DUE,
    FLOW_ASKED,
    FLOW_ENDED,
    FLOW_ASKED_AGAIN,
    FLOW_CONFIRMED
};

/* An address of a host that flows lead to, and which controls went there. */
struct cycle_address {
    struct cycle *cycle;
    const struct plan_host *host;
    struct cycle_host *visited;
    const struct plan_address *at;
    struct address_seen *seen; /* the host's, of this cycle */
    size_t flow_count;
    bool tcp_silent;                              /* a TCP flow ended in silence */
    bool udp_silent;                              /* a UDP service that answers by its protocol did not */
    bool closed_sent, closed_udp_sent, echo_sent; /* controls, each at most once a cycle */
    bool asked_again_dead;                        /* one flow was asked again although nothing had answered */
    int64_t closed_udp_ms;                        /* when that control begins; 0: it does not */
    uint32_t quickest_us;                         /* the fastest answer that it gave itself; 0: none */
};

struct cycle_flow {
    struct cycle *cycle;
    const struct expectation *expectation;
    const struct flow *flow;
    struct cycle_address *address;
    struct probe_result *result; /* shared flows have one; of a flow that is not due the earlier one */
    struct cycle_flow *also;     /* the next flow to the same target */
    enum flow_state state;
    enum probe_outcome known; /* how it ended the last time; NOT_DONE: nobody remembers */
    bool hasty; /* its first probe ended in silence sooner than an answer may take: it counts where answers are quick */
    bool doubtful; /* silent while the target may have had no ICMP message left (ration.c) */
    bool booked;   /* the probe that is under way waited for one */
};

/* What a target sends of ICMP messages to us, over one family. */
struct cycle_ration {
    int64_t full_ms;   /* when it has all of them again; 0: it has sent none */
    int64_t low_ms;    /* until when it has few */
    int64_t last_ms;   /* when it sent one; 0: never */
    int64_t booked_ms; /* the last turn that somebody waits for; 0: none */
};

struct cycle_host {
    struct cycle *cycle;
    bool ordered;
    size_t index; /* of the plan's hosts */
    const struct plan_host *planned;
    size_t first_flow, flow_count;  /* in cycle.flows */
    size_t unfinished;              /* of the first probes */
    size_t first_address;           /* in cycle.addresses */
    struct host_seen now;           /* until the commit; then what was seen before */
    struct cycle_ration rations[2]; /* IPv4, IPv6 */
    bool wants_again;               /* a second look at its listeners */
};

/* A listener table and what it was read from; hosts with the same kernel share one. */
struct cycle_table {
    struct listener_table *table; /* with a reference of its own */
    const char *netns;
    bool kernel, again;
};

/* Whose first probe is queued next. */
struct flow_turn {
    enum { FLOWS_SILENT_BEFORE, FLOWS_OTHERS, FLOWS_BEGUN } round;
    size_t rank, host; /* the so manieth flow of which host */
    bool more;         /* some host has a flow behind that rank */
};

struct cycle {
    const struct plan *plan;
    struct cycle_options options;
    struct probe_engine *engine;
    bool own_engine;
    void *remote; /* NULL: not needed yet */
    bool own_remote;
    int both_fd;               /* readable when the own engine or the own remote source is; 0: the engine alone */
    bool out_of_memory;        /* a table that was ordered could not be kept */
    struct observations own;   /* of a cycle that is no visit */
    struct observations *seen; /* `own` or the caller's */
    struct cycle_host *hosts;  /* those that are looked at */
    size_t host_count;
    struct cycle_address *addresses;
    size_t address_count;
    struct cycle_flow *flows; /* host by host, in the order of their expectations */
    size_t flow_count;
    struct probe_result *results; /* of a visit, one for each target */
    struct {
        struct cycle_table *items;
        size_t count, capacity;
    } tables;
    size_t next_host; /* of the phases that go host by host */
    struct flow_turn turn;
    bool queueing; /* a phase has more probes to queue */
    size_t phase;
    struct moment now, began;
    bool has_begun;
    bool committed;
    bool again_chosen;
    size_t outstanding;  /* probes that have not ended: while there are any, the phase waits */
    unsigned timeout_ms; /* of a probe */
    unsigned first_ms;   /* of a first one: less where the deadline is near, so that every flow gets its turn */
    bool canary_sent;
    bool canary_broken;
    struct cycle *next_waiter; /* for the canary that another visit has asked */
    size_t undecided;
    struct cycle_progress progress;
};

/* A phase is entered again and again until it returns 0. PHASE_PROBING: probes are in the engine, come back when they
 * have ended; PHASE_QUEUEING: they are, and there are more to come, so come back at the next step; PHASE_MORE: come
 * back at the next step. Negative: failed. */
enum { PHASE_OVER = 0, PHASE_PROBING = 1, PHASE_MORE = 2, PHASE_QUEUEING = 3 };
int cycle_phase_listeners(struct cycle *cycle);
int cycle_phase_flows(struct cycle *cycle);
int cycle_phase_doubts(struct cycle *cycle);
int cycle_phase_commit(struct cycle *cycle);
int cycle_phase_listeners_again(struct cycle *cycle);

/* take.c: hosts, addresses and flows of the plan become the cycle's. 0 or -ENOMEM */
int cycle_take(struct cycle *cycle);
void cycle_keep_result(struct cycle_flow *flow); /* it is not due: what an earlier visit saw stays */

/* commit.c */
void cycle_commit(struct cycle *cycle);    /* what this cycle saw becomes what is seen */
void cycle_take_back(struct cycle *cycle); /* undoes it */

/* choose.c */
const struct probe_kind *cycle_choose_kind(const struct probe_choice *choices, enum transport transport,
                                           const struct service *service);
const char *cycle_source_name(const struct plan_host *host); /* of its listeners; NULL: none is wanted */
uint16_t cycle_closed_port(const struct plan_host *host, const struct listener_table *table, enum transport transport);
void cycle_spread_timeouts(struct cycle *cycle, struct moment now);

/* flows.c */
/* 1: it is in doubt, and is asked again; 0: not, or there is no time for it; -ENOMEM */
int cycle_ask_again(struct cycle_flow *flow);
void cycle_end_untried(struct cycle_flow *flow, enum reason reason, const char *detail);
const struct listener_table *cycle_table_of(const struct cycle_host *host); /* SEEN, or NULL */
enum transport cycle_transport_of(const struct cycle_flow *flow);
/* The service's protocol, or that of the acceptance test. */
bool cycle_answers_by_protocol(const struct cycle_flow *flow);

bool cycle_silence_is_natural(const struct cycle_flow *flow); /* of UDP without a protocol that answers */
const struct listener *cycle_listener_behind(const struct cycle_flow *flow); /* NULL: none, or unknown */

/* doubts.c */
bool cycle_in_doubt(const struct cycle_flow *flow);
bool cycle_stands_alone(const struct cycle_flow *flow); /* no other port of its group can make up for it */
void cycle_cut_flows(struct cycle *cycle);              /* at the deadline */

/* ration.c */
void cycle_ration_count(struct cycle_address *address, const struct probe_result *result, bool booked);
/* `again`: of a probe that had waited for its turn. */
bool cycle_ration_doubts(const struct cycle_flow *flow, bool again);
bool cycle_ration_in_use(const struct cycle_address *address); /* the target has sent some already */
/* In how many milliseconds a question that may cost a message is to be put; -1: not in the time that is left. */
int64_t cycle_ration_book(struct cycle_address *address);
/* The same for a silence that is no ration's, as far as was seen: when the control's own message is not in its way. */
int64_t cycle_ration_after_control(struct cycle_address *address);
unsigned cycle_ration_fit(const struct cycle *cycle, int64_t delay_ms, unsigned timeout_ms); /* into what is left */

/* recall.c */
#define CYCLE_BACKED_OFF "open before and silent since: asked ever more seldom, lest we fill its accept queue"
const char *cycle_recall(struct cycle_flow *flow); /* why it is to be left alone, or NULL */
int cycle_spend_udp(struct cycle *cycle);          /* puts off what is too much; negative: out of memory */
void cycle_remember(struct cycle *cycle);          /* all that was asked, at the end */

/* listening.c */
int cycle_cut_listeners(struct cycle *cycle); /* at the deadline. 0 or -ENOMEM */

struct listener_table *cycle_failed_table(const char *source, int error, struct moment now);

/* collecting.c */
bool cycle_asks_remote(const struct cycle_host *host);
/* The host's table, or the second one where it wants that, is waited for or failed at once. 0 or -ENOMEM */
int cycle_order(struct cycle *cycle, struct cycle_host *host);
int cycle_cut_orders(struct cycle *cycle); /* at the deadline. 0 or -ENOMEM */
void cycle_step_remote(struct cycle *cycle);
void cycle_close_remote(struct cycle *cycle);

/* controls.c */
int cycle_send_controls(struct cycle *cycle); /* queues what is missing; returns how many */
void cycle_note_answer(struct cycle_address *address, const struct probe_result *result);

/* canary.c */
int cycle_ask_canary(struct cycle *cycle);     /* 1: there is something to wait for; 0: not; -ENOMEM */
void cycle_forget_canary(struct cycle *cycle); /* it waits no longer */

/* cycle.c: fills in the source, and cuts the time-out to the cycle's (0: takes it). */
void cycle_fill_request(const struct cycle *cycle, struct probe_request *request);
int cycle_probe(struct cycle *cycle, struct probe_request *request); /* the same, and adds it. 0 or -ENOMEM */
void cycle_waits(struct cycle *cycle);                               /* for one thing more */
void cycle_ended(struct cycle *cycle);                               /* one of them; with the last there is news */
