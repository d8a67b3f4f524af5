/* What earlier looks learnt, by target: transport, address and port. */
#pragma once

#include "portconform/cycle.h"
#include "portconform/hash.h"

struct look {
    struct address target;
    uint16_t port; /* 0: the place is empty */
    uint8_t transport;
    uint8_t quiet_looks; /* in a row, up to the last: silent, or accepted and mute */
    uint8_t passed_over; /* looks since the last one that asked */
    uint8_t outcome;     /* enum probe_outcome of the last look */
    bool was_open;       /* some look found it open */
    bool mute;           /* the last look was accepted, and then nobody said what was due */
    bool queue_known;
    uint32_t queue_before; /* the accept queue before our last probe */
    uint32_t looks, proofs;
    int64_t proof_wall_ms; /* of the last look that proved it open or closed */
    int64_t mono_ms;       /* of the last look */
};

/* The site's canary, asked for all visits together. */
struct canary_memory {
    struct canary asked;
    struct probe_engine *engine; /* while it is under way; then NULL */
    struct cycle *waiting;       /* list of the visits that want to know */
    int64_t mono_ms;             /* when it ended */
    bool known, broken;
};

struct look_memory {
    struct look *places; /* a hash table, at most two thirds full */
    size_t room, count;
    struct canary_memory canary;
};

/* NULL: nothing is known of it. Stays valid until the next look_note(). */
const struct look *look_find(const struct look_memory *memory, enum transport transport, const struct address *target,
                             uint16_t port);
/* Its place, made where there is none yet. NULL: out of memory. */
struct look *look_note(struct look_memory *memory, enum transport transport, const struct address *target,
                       uint16_t port);
