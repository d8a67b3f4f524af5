/* What the files of `respond` share: which ports are opened (respond_ports.c), what is told of them (respond_tell.c).
 */
#pragma once

#include "command.h"

struct respond {
    const struct cli_arguments *arguments;
    struct acceptance_key key;
    const struct plan_host *host;
    struct responder *responder;
    uint8_t *tried, *open, *reached; /* a bit each for every address, transport and port */
    bool *absent;                    /* by address: it is not this machine's */
    size_t descriptors_left;         /* to be used for ports */
    size_t opened;                   /* ports */
    /* and those that stay shut */
    size_t refused;       /* told in `refusals`, or beyond what is told */
    size_t forbidden;     /* this user may not open them */
    size_t left_out;      /* no descriptor for them */
    struct text refusals; /* lines */
    struct text forbidden_first;
    /* port items of which nothing can be opened */
    size_t waiting;  /* a parameter has no value */
    size_t homeless; /* the host has no address for them */
    size_t unasked;  /* no check probes them: probe = "none" */
};

enum { RESPOND_TOLD_MOST = 40 }; /* lines of a kind */

size_t respond_bit(size_t address, enum transport transport, uint16_t port);
bool respond_bit_get(const uint8_t *bits, size_t place);
void respond_bit_set(uint8_t *bits, size_t place);
/* Does the test ask for it at all? Neither ports for the host alone nor multicast. */
bool respond_is_wanted(const struct expectation *expectation);
/* 0 or -ENOMEM; whatever else fails is noted. */
int respond_open_ports(struct respond *respond);

/* Lines about what stays shut. */
void respond_tell_shut(const struct respond *respond, struct text *out);
/* 0, or what check_print() gives. */
int respond_tell_begin(const struct respond *respond, struct moment now);
/* Returns the exit status. */
int respond_tell_end(struct respond *respond);
