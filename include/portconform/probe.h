/* The probe engine: many probes in flight on one epoll descriptor, each with one deadline, each ending in one result.
 *
 * The life of a probe: queued (probe_engine_add) -> waiting for its turn (the listener that it uses, then a token of
 * its target's bucket and of the one for all; what was silent last time first, then the oldest) -> started by its kind
 * -> the kind's on_ready is called when its descriptor is ready -> it ends by probe_end() or by its deadline, then the
 * kind's `cancel` gives back what it holds, the engine closes the descriptor or keeps it to use it again, and the
 * caller's `done` is called with the result. Time is passed in.
 *
 *     while (probe_engine_step(engine, moment_now()) > 0)
 *         poll(probe_engine_fd(engine), until probe_engine_next_ms(engine));
 *
 * What is paced is how many begin in a second, never how many are in flight: silent ones would hold up all others for
 * their whole time-out. The only bound of those that wait for an answer are the descriptors that this process may have.
 *
 * Own trouble (EMFILE, no route, no source address) ends a probe as PROBE_LOCAL with its reason, never as the target's;
 * EMFILE first waits for a descriptor of ours to come free.
 */
#pragma once

#include "portconform/observation.h"
#include "portconform/service.h"

#include <stdint.h>

struct host;
struct probe;
struct probe_engine;

/* A kind of probe: one file and one row. Kinds are const and shared. */
struct probe_kind {
    const char *name; /* "tcp", "udp", "tls", "icmp" */
    const char *summary;
    size_t state_size; /* octets of private state, zeroed for each probe */
    /* Opens a non-blocking descriptor, sends, and registers it by probe_watch(). 0, or a negated errno that becomes
     * PROBE_LOCAL by probe_local_reason(). It may already call probe_end(). After -EMFILE or -ENFILE it is called again
     * later, with fresh state. */
    int (*start)(struct probe *probe);
    void (*on_ready)(struct probe *probe, uint32_t epoll_events);
    void (*on_timer)(struct probe *probe); /* at the time set by probe_set_timer; NULL: it sets none */
    /* At the deadline, before the default result (PROBE_SILENT) is set; NULL: none. May call probe_end(). */
    void (*on_deadline)(struct probe *probe);
    /* Gives back private state, once for each call of `start`, a failed one included; the engine closes the descriptor.
     * NULL: nothing. */
    void (*cancel)(struct probe *probe);
    bool keyed; /* makes use of the request's secret */
};

/* What a probe makes use of: a listener, at most `limit` probes (0: 1) at a time. */
struct probe_use {
    uint64_t listener; /* any number that tells it from others; 0: none */
    unsigned limit;
};

struct probe_request {
    const struct probe_kind *kind;
    struct address target;
    uint16_t port;
    struct address source;         /* AF_UNSPEC: the kernel chooses; otherwise of the target's family */
    const struct service *service; /* what should answer; may be NULL */
    const char *server_name;       /* TLS SNI and HTTP Host; may be NULL; borrowed until done */
    const struct host *host;       /* whose names a certificate may bear; may be NULL; borrowed until done */
    bool opted_in;                 /* payloads that are sent on demand alone are wanted */
    const char *secret;            /* shared with the target; NULL: none; borrowed until done, told nowhere */
    const char *ca_file;           /* authorities that must vouch for it; NULL: it is looked at, not judged; borrowed */
    unsigned delay_ms;             /* not before so much time has passed */
    unsigned timeout_ms;           /* from its start, not from its queueing */
    bool early;                    /* goes before those that are not: it was silent last time */
    struct probe_use uses[2];      /* the address and port, and the listener behind it; zeros: nothing to care for */
    uint8_t dscp;                  /* filled in by the engine, by its limits, as are the ports */
    uint16_t source_port_low, source_port_high;
    const void *group; /* for probe_engine_abort() and probe_engine_drop(); may be NULL */
    unsigned attempts; /* datagrams sent over the time-out by udp and icmp; 0 counts as 1 */
    /* Called once; may add probes, but not step, abort or free the engine. */
    void (*done)(void *context, const struct probe_request *request, const struct probe_result *result);
    void *context;
};

struct probe_limits {
    unsigned per_second;            /* that begin, overall; 0: 4000 */
    unsigned per_target_per_second; /* that begin, for each address; 0: 200 */
    unsigned descriptors;           /* that may be open; 0: what RLIMIT_NOFILE leaves, and never more */
    uint8_t dscp;                   /* 0..63 */
    uint16_t source_port_low;       /* 0: the kernel chooses */
    uint16_t source_port_high;
};

/* How the engine is doing, for those who watch it. */
struct probe_figures {
    size_t running, waiting;
    uint64_t ended;
    unsigned descriptors; /* held, idle ones included */
    bool starved;         /* as many as it may have: the others wait */
};

int probe_engine_new(const struct probe_limits *limits, struct probe_engine **ret);
void probe_engine_free(struct probe_engine *engine); /* takes NULL; probes in flight end unseen */
/* Copies the request. 0 or -ENOMEM. May be called from `done`. */
int probe_engine_add(struct probe_engine *engine, const struct probe_request *request);
int probe_engine_fd(const struct probe_engine *engine); /* readable when probe_engine_step has work */
/* When the next step is due even if nothing becomes readable, by moment.mono_ms. 0: at once; INT64_MAX: never. */
int64_t probe_engine_next_ms(const struct probe_engine *engine);
/* Starts what may start, reads what is ready, ends what is due; never blocks. Returns how many are unfinished. */
size_t probe_engine_step(struct probe_engine *engine, struct moment now);
/* Ends what is unfinished of the group (NULL: everything) as PROBE_LOCAL with this reason (REASON_DEADLINE), through
 * `done`. What `done` adds meanwhile stays queued. */
void probe_engine_abort(struct probe_engine *engine, const void *group, enum reason reason, struct moment now);
/* The same, unseen: `done` is not called. */
void probe_engine_drop(struct probe_engine *engine, const void *group);
size_t probe_engine_pending(const struct probe_engine *engine);
struct probe_figures probe_engine_figures(const struct probe_engine *engine);
/* The inodes of its UDP sockets, sorted: unconnected as they are, they look like listeners of this machine. 0, and *ret
 * is the caller's to free (NULL where there are none), or -ENOMEM. */
int probe_engine_sockets(const struct probe_engine *engine, uint64_t **ret, size_t *ret_count);
/* Of what begins from now on. */
void probe_engine_set_limits(struct probe_engine *engine, const struct probe_limits *limits);
/* Lets this process have as many descriptors as its hard limit allows. Call it before the first engine is made, in
 * programs whose libraries know no descriptor sets of fixed size. */
void probe_raise_descriptors(void);

/* What this kernel, and our rights on this machine, let probes see. */
struct probe_capabilities {
    bool ipv4, ipv6;
    bool icmp_of_udp; /* the error queue: type, code and sender of what stopped a datagram */
    bool
        icmp_of_tcp; /* the same of a call may be asked for; some kernels then keep an errno alone, and it is told so */
    bool echo;       /* ping sockets are permitted to us */
    unsigned descriptors;
};
struct probe_capabilities probe_capabilities(void);
struct text;
/* "IPv4 and IPv6; who refused is told for UDP ...; ICMP echo; 1024 descriptors" */
void probe_capabilities_format(struct text *out, const struct probe_capabilities *seen);

extern const struct probe_kind probe_kind_tcp;
extern const struct probe_kind probe_kind_udp;
extern const struct probe_kind probe_kind_icmp; /* echo by a ping socket: -EACCES/-EPERM where not permitted */

/* --- for kinds -------------------------------------------------------------------------------------------------- */

void *probe_state(struct probe *probe);
const struct probe_request *probe_request_of(const struct probe *probe);
struct moment probe_now(const struct probe *probe);
int probe_watch(struct probe *probe, int fd, uint32_t epoll_events); /* takes fd in any case; again: changes events */
int probe_fd(const struct probe *probe);                             /* -1: none */
struct probe_result *probe_result_of(struct probe *probe);           /* to be filled before probe_end */
/* The first call counts; the engine acts on it when the kind's function has returned. */
void probe_end(struct probe *probe, enum probe_outcome outcome, enum reason reason);
/* Calls the kind's on_timer once at `mono_ms`; again: changes it. INT64_MAX: never. */
void probe_set_timer(struct probe *probe, int64_t mono_ms);
int64_t probe_deadline_ms(const struct probe *probe);
uint64_t probe_nonce(void); /* what makes an answer recognisable: nobody else can guess it */
/* Notes an attempt: its number, its moment, and the start of the round-trip time that probe_end takes. */
void probe_note_sent(struct probe *probe);
void probe_note_rtt(struct probe *probe); /* takes the round-trip time now, before the end: at a connection */
/* The result's detail, of text that is escaped already; cut at a whole character. */
void probe_set_detail(struct probe *probe, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Is the route to the request's target a local one? Asked of the kernel once a target. */
bool probe_route_is_local(struct probe *probe);
enum reason probe_local_reason(int error);            /* of a positive errno from socket, bind, connect or send */
void probe_end_local(struct probe *probe, int error); /* our own trouble, by such an errno */
/* Binds to the request's source, sets IP_RECVERR, close-on-exec, non-blocking. Returns the descriptor or -errno. */
int probe_socket(const struct probe_request *request, int type, int protocol);
/* Reads the error queue of `fd` and ends the probe by the ICMP evidence in it, or by `error` (positive errno, 0: none)
 * where the queue is empty. False: nothing in it ends the probe. */
bool probe_read_error(struct probe *probe, int fd, int error);
/* The first half of every kind over TCP. probe_tcp_start: the `start` of a kind; the connection will be closed by RST,
 * so that no TIME_WAIT stays. probe_tcp_established: from on_ready, until it is true once, and then the descriptor is
 * the probe's alone, watched for EPOLLOUT; false: not yet, or the probe has ended. */
int probe_tcp_start(struct probe *probe);
bool probe_tcp_established(struct probe *probe, uint32_t epoll_events);
/* Calls once more by the same descriptor, when the first connection is over: watched for EPOLLOUT. 0 or a negated
 * errno. How that call ends says nothing about the port: the first one was accepted. */
int probe_tcp_again(struct probe *probe);
/* All of a kind over UDP. The kind's state begins with a struct udp_exchange; the functions are its `start`, with the
 * payload that it asks by (NULL: an empty datagram), `on_ready`, `on_timer` and `on_deadline`. */
struct udp_payload;
struct udp_exchange {
    const struct udp_payload *payload;
    uint64_t nonce;
    bool any_port; /* the answer may come from another port */
};
int probe_udp_start(struct probe *probe, const struct udp_payload *payload);
void probe_udp_on_ready(struct probe *probe, uint32_t epoll_events);
void probe_udp_on_timer(struct probe *probe);
void probe_udp_on_deadline(struct probe *probe);

/* --- UDP payloads, written from the RFCs ------------------------------------------------------------------------- */

struct udp_ask {
    uint64_t nonce;
    struct address own; /* of ours, as the target sees it; of interest to build_from alone */
    uint16_t own_port;
    const char *secret; /* of interest to build_keyed and answers_keyed alone, and then never NULL */
};
struct udp_payload {
    const char *service; /* row of the service table */
    const char *source;  /* "RFC 1035 section 4" */
    /* Writes the request; `nonce` makes it recognisable. Returns octets, at most `size`. */
    size_t (*build)(uint8_t *buffer, size_t size, uint64_t nonce);
    /* Does this datagram answer that request? */
    bool (*answers)(const uint8_t *octets, size_t length, uint64_t nonce);
    /* Where the request also says where the answer goes to; then `build` is NULL. */
    size_t (*build_from)(uint8_t *buffer, size_t size, const struct udp_ask *ask);
    bool opt_in; /* intrusion detectors know it: it is sent only where a site asks for it */
    /* Where both depend on a secret; the other functions are NULL then. 0: it cannot be built; 1: it answers, 0: it
     * does not, negative: our own trouble, nothing is known. */
    size_t (*build_keyed)(uint8_t *buffer, size_t size, const struct udp_ask *ask);
    int (*answers_keyed)(const uint8_t *octets, size_t length, const struct udp_ask *ask);
};
const struct udp_payload *udp_payload_find(const char *service); /* NULL: none; an empty datagram is sent */
const struct udp_payload *udp_payload_table(size_t *ret_count);
/* SIP asks alike over "UDP", "TCP" and "TLS". */
size_t udp_payload_sip_options(uint8_t *buffer, size_t size, uint64_t nonce, const char *transport);
size_t udp_payload_build(const struct udp_payload *payload, const struct udp_ask *ask, uint8_t *buffer, size_t size);
/* 1, 0, or a negated errno */
int udp_payload_answers(const struct udp_payload *payload, const struct udp_ask *ask, const uint8_t *octets,
                        size_t length);
