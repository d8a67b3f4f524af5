/* Findings and transitions: what is told. */
#pragma once

#include "portconform/address.h"
#include "portconform/clock.h"
#include "portconform/diag.h"
#include "portconform/words.h"

struct arena;

enum path_proof { PATH_NOT_PROBED, PATH_PROVEN, PATH_UNPROVEN };
const char *path_proof_name(enum path_proof path); /* "not-probed" "proven" "unproven" */

/* Every string is owned by the arena of the block that holds the finding, or is a static word. */
struct finding {
    const char *key;        /* host|role|rule|item; host|transport|address|port of an unexpected listener; host|- ... */
    const char *host;       /* NULL: about the whole site */
    const char *role;       /* "-" for own rules; NULL for findings of a host or site */
    const char *component;  /* of the role; NULL for own rules and for findings of no role */
    struct address address; /* AF_UNSPEC: none in particular */
    struct address hop;     /* of `filtered`: who refused by ICMP; AF_UNSPEC: nobody said a word */
    enum transport transport; /* UNSTATED for findings of a host or site */
    const char *ports;        /* the item resolved: "31006..31012"; NULL for findings of a host or site */
    uint16_t port;            /* the first offending number, else the first of the item; 0: none */
    enum verdict verdict;
    enum verdict was; /* before the last change; NONE in one-shot runs */
    enum severity severity;
    enum reason reason;
    enum blame blame;
    enum finding_class class;
    const char *listener; /* evidence as text, or NULL */
    const char *probe;    /* evidence as text, or NULL */
    const char *detail;   /* what is worth adding ("amt has no value on 3 hosts"), or NULL */
    enum path_proof path;
    const char *guide;    /* id, or NULL */
    const char *ref;      /* or NULL */
    const char *rule;     /* rule id, or NULL */
    const char *about;    /* the rule's text, or NULL */
    const char *presence; /* static words of what is expected; NULL: not about an expectation, or not known */
    const char *scope;
    const char *confidence; /* of UDP: how many looks it rests on, and which control; NULL: not weighed */
    const char *peers;      /* who may call, as text with commas; NULL: anybody, or not about a flow */
    struct origin origin;   /* where the configuration says so; file NULL: nowhere */
    int64_t since_ms;       /* wall clock; 0: unknown (one-shot) */
    int64_t observed_ms;    /* wall clock of the evidence that decided */
    unsigned looks;         /* in a row with this verdict; 0 in one-shot runs */
    bool held;              /* the host is down: this is the last verdict, or none */
    bool waived;
    bool dynamic; /* explained only by a `dynamic` rule; counted apart, never a problem */
    const char *waived_until, *waived_reason, *waived_owner, *waived_ticket;
    /* damping, daemon only: a verdict that wants to become the finding's */
    enum verdict pending;
    unsigned pending_looks;
    /* for the judge alone */
    uint64_t evidence;  /* a digest of the evidence that decided; 0: not known */
    uint64_t seen;      /* a digest of all that it was judged from; 0: not known */
    size_t expectation; /* with `seen`: the place of its expectation, of a group the first, among those of the host */
};

/* What the judge remembers of the look that a block was made from: a look that sees the same needs no new block. */
struct judged {
    uint64_t plan;   /* its serial; 0: judged by no plan of this process */
    uint64_t seen;   /* digest of the observations; 0: not known */
    int64_t from_ms; /* wall clock: it holds from then till the next waiver ends */
    int64_t until_ms;
    bool settled; /* nothing in it waits for another look */
    /* Digest of what was seen beside the probes of flows, if the block holds a finding of each expectation that can be
     * judged and no other, all of them settled; else 0. */
    uint64_t surroundings;
};

/* The findings of one host (or of the site as a whole: host NULL), immutable but for one number, and
 * reference-counted. */
struct finding_block {
    const char *host;
    struct finding *items; /* by key */
    size_t count, capacity;
    struct judged judged;
    int64_t looked_ms;     /* atomic, by finding_looked_ms(): the newest look that found all of it as it stands */
    const char *strings;   /* of a packed block: where all strings of its findings are; else NULL */
    size_t strings_size;   /* octets there */
    size_t strings_packed; /* octets there when it was last packed whole */
    struct arena *arena;   /* owns all of it; given back with the last reference */
    int references;        /* atomic; use the functions */
};
struct finding_block *finding_block_new(const char *host); /* NULL: out of memory */
struct finding_block *finding_block_ref(struct finding_block *block);
void finding_block_unref(struct finding_block *block); /* takes NULL */
/* Room for one more, zeroed; to be used before the block is published. `capacity` doubles. NULL: out of memory. */
struct finding *finding_block_add(struct finding_block *block);
void finding_block_sort(struct finding_block *block);
const struct finding *finding_block_find(const struct finding_block *block, const char *key);
/* A finished block of copies of these findings, sorted, in as much memory as it takes. NULL: out of memory. */
struct finding_block *finding_block_pack(const char *host, const struct finding *items, size_t count);
/* The same as `earlier`, which is packed, but for the findings that `fresh` has under the same keys; quicker than
 * packing all of it anew. Every key of `fresh` is there already. NULL: out of memory. */
struct finding_block *finding_block_patch(const struct finding_block *earlier, const struct finding *fresh,
                                          size_t count);
/* A look found everything in the block as it stands. Any thread. */
void finding_block_looked(struct finding_block *block, int64_t wall_ms);
/* Wall clock of the newest look that found this finding of the block as it stands: its own evidence, or a later one. */
int64_t finding_looked_ms(const struct finding_block *block, const struct finding *finding);
/* Copies with all strings into `arena`. */
int finding_copy(struct finding *to, const struct finding *from, struct arena *arena);

enum transition_kind {
    TRANSITION_RAISED,
    TRANSITION_CHANGED,
    TRANSITION_CLEARED,
    TRANSITION_HOST_UNREACHABLE,
    TRANSITION_HOST_REACHABLE,
    TRANSITION_WAIVER_BEGUN,
    TRANSITION_WAIVER_EXPIRED
};
const char *transition_name(enum transition_kind kind); /* the MSGID: "RAISED" ... */

/* A finding that changed. Both blocks outlive it by the references of the snapshots they belong to. */
struct transition {
    enum transition_kind kind;
    const struct finding *finding; /* as it is now (of CLEARED: conforming, or a copy of what is gone) */
    enum verdict was;
    struct moment at;
};
