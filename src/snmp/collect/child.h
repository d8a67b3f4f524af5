/* What the files of the child share: a job is one order, from the socket to the last packet of its answer. */
#pragma once

#include "reading.h"
#include "wire.h"

enum job_state {
    JOB_DISCOVERING, /* SNMPv3: what is the engine's id? */
    JOB_READING,
    JOB_ENDED,
};

enum { ENGINE_MAX = 32 }; /* octets of an engine's id, RFC 3411 section 5 */

struct job {
    struct wire_order order;
    enum job_state state;
    struct arena *arena;
    struct listener_table *table;
    struct reading reading;
    int64_t began_ms, deadline_ms; /* monotonic */
    unsigned missed;               /* requests in a row without an answer */
    /* session.c */
    void *session;
    bool discovers; /* it asks for the engine's id, as nobody */
    int fd;
    bool under_way;      /* a request is */
    int64_t due_ms;      /* when the library wants to look at its clock */
    bool failed;         /* to be told; the table says how */
    bool strange_source; /* an answer came from another address */
    uint8_t engine[ENGINE_MAX];
    size_t engine_length;
    struct { /* of the engine, as it told it last; boots 0: not yet */
        uint32_t boots, seconds;
        int64_t told_ms; /* monotonic */
    } clock;
    struct job *next;
};

/* --- session.c --------------------------------------------------------------------------------------------------- */

void session_start(void); /* of the library, once */
/* Opens what the job needs next. 0, or negative and the job has failed. */
int collect_session_open(struct job *job);
void collect_session_close(struct job *job);
/* Sends what the reading wants to know next, or the discovery. False: nothing more to ask, or the job has failed. */
bool session_ask(struct job *job);
void session_readable(struct job *job);
void session_timer(struct job *job, int64_t now_ms);

/* --- clock.c: around whatever the library does for a job, so that it does it by that agent's clock --------------- */

void clock_lend(struct job *job);
void clock_take_back(struct job *job);

/* --- child.c ----------------------------------------------------------------------------------------------------- */

void job_fail(struct job *job, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* "192.0.2.1:161" */
const char *job_agent(const struct job *job, char *buffer, size_t size);

/* --- keys.c: keys of pass phrases, which take a million octets of hashing each --------------------------------------
 */

enum { KEY_MAX = 64 };
struct key {
    uint8_t octets[KEY_MAX];
    size_t length;
};
/* Of the pass phrase, not yet of an engine. False: the library cannot. */
bool key_make(enum access_auth auth, const char *secret, struct key *ret);
/* The library's name of a protocol; NULL: it has none. */
const unsigned long *key_auth_protocol(enum access_auth auth, size_t *ret_length);
const unsigned long *key_priv_protocol(enum access_priv priv, size_t *ret_length);
