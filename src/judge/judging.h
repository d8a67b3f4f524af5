/* What the files of this folder share.
 *
 * The way of a judgement, from small to large:
 *
 *     spot    one port of one address, for one expectation     cell.c  (evidence.c, owner.c, grid.c)  -> cell
 *     ports   the cells of an address, folded by presence      presence.c                             -> cell
 *     address the addresses of an expectation, by family       presence.c                             -> cell
 *     group   the members of a one-of group                    groups.c                               -> cell
 *     finding the cell that decides, told whole                draft.c                                -> finding
 *     settled against the earlier finding and the waivers      damping.c, waivers.c                   -> drafts
 *     packed, patched, or left as it was                       judge.c, patch.c, digest.c             -> block
 *
 * A fold always picks one of the cells it was given: a finding's port, listener and probe belong together.
 */
#pragma once

#include "portconform/judge.h"
#include "portconform/text.h"

/* What the listener table says about one port of one address. */
struct listener_view {
    enum listener_evidence evidence;
    enum reason reason;                 /* why: LISTENING, NOBODY_LISTENS, LOOPBACK_ONLY ...; NONE where unknown */
    const struct listener *best;        /* that a packet would reach, else the nearest to it; NULL: none */
    const struct listener *foreign;     /* proven not to be the product's program; NULL: none */
    const struct listener *beyond;      /* bound to more than loopback; NULL: none. Asked for scope host alone */
    const struct listener_table *table; /* that this was read from; NULL: none */
    bool failed;                        /* unknown because our source failed */
    bool contradiction;                 /* unknown because a probe disagrees and nobody could look again */
};

/* A verdict with what it rests on. */
struct cell {
    enum verdict verdict;
    enum reason reason;
    enum blame blame; /* NONE: the reason's, else the verdict's row decides */
    enum severity severity;
    size_t address; /* index into the host's addresses; SIZE_MAX: none */
    uint16_t port;
    const struct expectation *expectation;
    const struct listener *listener;
    const struct listener_table *table;
    const struct probe_result *probe; /* NULL: none was made */
    const char *untried;              /* why none was made, where somebody chose so; NULL */
    enum listener_evidence evidence;
    bool contradiction;
    bool mute_canary;     /* not judged because the site's canary was silent too */
    bool responder_heard; /* in the acceptance test: it answers at other ports of the address */
};

/* One host on its way through the judge. */
struct host_case {
    const struct judge_input *input;
    const struct plan_host *host;
    size_t index; /* of `host` in the plan */
    const struct host_seen *seen;
    bool *alive;                         /* parallel to the addresses: it sent anything itself */
    bool down;                           /* no sign of life in this look */
    bool held;                           /* down, and already told so */
    uint64_t surroundings;               /* digest of what was seen beside the probes; 0: findings are not reused */
    size_t subjects;                     /* expectations and groups that findings were made for */
    const struct finding_block *earlier; /* NULL: none */
    struct finding_block *block;         /* the findings that are being made; their strings are anybody's, in the
                                            scratch arena, the plan, or the earlier block */
    struct arena *scratch;               /* until the host is judged */
    struct notes *notes;
    struct judgement *into; /* receives what is gone */
};

struct spot {
    const struct expectation *expectation;
    size_t address;
    uint16_t port;
    const struct flow *flow;          /* NULL: no flow */
    const struct probe_result *probe; /* NULL: none was made */
};

/* --- evidence.c */
bool evidence_own_trouble(const struct probe_result *probe);
bool evidence_is_silence(const struct probe_result *probe);
bool evidence_silent_by_nature(const struct spot *spot);
enum probe_evidence evidence_of_probe(const struct host_case *host, const struct spot *spot);
/* The listener evidence of a spot, the second look taken into account. */
struct listener_view evidence_of_listeners(const struct host_case *host, const struct spot *spot);
/* Does this table contradict the probe, and is it older? Then a second look would help. */
bool evidence_wants_second_look(const struct plan_host *host, const struct listener_table *table,
                                const struct spot *spot);
unsigned evidence_next_listener(const struct host_case *host, enum transport transport, uint16_t port);
bool evidence_demands_shut(const struct spot *spot);
bool listener_is_local(const struct listener *listener); /* reachable from its own host alone */
const struct probe_result *evidence_probe(const struct observations *seen, const struct flow *flow);

/* --- owner.c */
enum owner_match { OWNER_OURS, OWNER_FOREIGN, OWNER_UNKNOWN };
enum owner_match owner_match(const struct owner_patterns *patterns, const struct owner *owner);

/* --- cell.c */
struct cell cell_judge(const struct host_case *host, const struct spot *spot);
struct cell cell_not_judged(const struct expectation *expectation, enum reason reason, enum blame blame);

/* --- acceptance.c: of a flow that must pass, or that a bystander looks at */
struct grid_cell acceptance_judge(const struct host_case *host, const struct spot *spot, bool *ret_heard);

/* --- digest.c: what was seen, in a number. Never 0 */
uint64_t digest_of_cell(const struct host_case *host, const struct cell *cell); /* what a finding is made from */
/* What was seen beside the probes, once it is known which addresses are alive; 0: not known. */
uint64_t digest_of_surroundings(const struct host_case *host);
/* The probes of an expectation, added to another digest. */
uint64_t digest_add_probes(uint64_t digest, const struct host_case *host, const struct expectation *expectation);

/* --- presence.c */
struct fold {
    struct cell best, worst, alarming;
    bool some, alarmed;
};
/* `impostors`: does one foreign program alarm even where another member conforms? */
void fold_add(struct fold *fold, const struct cell *cell, bool impostors);
struct cell fold_best(const struct fold *fold);
/* The cell that decides an expectation. */
struct cell presence_judge(const struct host_case *host, const struct expectation *expectation);

/* --- draft.c: findings filled whole; strings live in the host's scratch arena or the plan. NULL: out of memory */
struct finding *draft_expectation(struct host_case *host, const struct cell *cell, const char *key, const char *detail);
struct finding *draft_held(struct host_case *host, const struct expectation *expectation, const char *key);
struct finding *draft_of_host(struct host_case *host, const char *subject, enum verdict verdict, enum reason reason);
void draft_finish(struct finding *finding, enum blame blame);
int64_t draft_observed_ms(const struct host_case *host, const struct cell *cell); /* wall clock */
const char *draft_text(struct arena *arena, struct text *text); /* moves a text into the arena; NULL: out of memory */

/* --- groups.c: every expectation and group of a host. A subject is what one finding is about: an expectation, or all
 * members of a group; it is named by the place of the expectation, or of the first member. */
int groups_judge(struct host_case *host);
int subject_judge(struct host_case *host, size_t subject);
bool subject_is_due(const struct host_case *host, size_t subject);
uint64_t subject_digest(const struct host_case *host, size_t subject); /* all that it is judged from; 0: not known */
bool subject_is_of(const struct host_case *host, const struct finding *finding); /* is it said which, by this plan? */
int64_t subject_seen_ms(const struct host_case *host, size_t subject);           /* wall clock: the newest of it */

/* --- patch.c: where only probes of some subjects differ from what was seen before */
bool patch_applies(const struct host_case *host);
int patch_judge(struct host_case *host, struct finding_block **ret);

/* --- presence of the host itself: host.c */
int host_alive(struct host_case *host); /* fills alive and down */
int host_judge(struct host_case *host); /* the findings about the host as a whole; fills held */

/* --- unexpected.c */
int unexpected_judge(struct host_case *host);
/* Would a listener of that transport have been seen in this look? */
bool unexpected_looked(const struct host_case *host, enum transport transport);

/* --- waivers.c */
enum severity waivers_severity(const struct host *host, const struct finding *finding);
void waivers_apply(const struct host *host, struct finding *finding, int64_t wall_ms);
int waivers_expired(struct host_case *host); /* after all other findings of the block */

/* --- damping.c: fresh findings against earlier ones, and the transitions that follow */
struct note {
    enum transition_kind kind;
    const struct finding *gone; /* a finding that is no more; NULL: the draft with this key */
    const char *key;
    enum verdict was;
};
struct notes {
    struct note *items;
    size_t count, capacity;
};
int damping_settle(struct host_case *host, struct finding *fresh, struct damping damping);
/* A finding that rests on the same evidence as before, seen again. */
int damping_repeat(struct host_case *host, const struct finding *earlier, int64_t observed_ms, uint64_t seen);
void damping_note_repeat(struct finding *finding, int64_t observed_ms); /* what is new about it then */
/* A finding whose expectation was not looked at: it follows what the configuration says about it by now; `fresh` is
 * NULL where that is what it said then. */
int damping_follow(struct host_case *host, const struct finding *earlier, const struct finding *fresh);
/* An earlier finding whose subject was looked for and is no more. */
int damping_settle_absent(struct host_case *host, const struct finding *earlier, struct damping damping);
/* An earlier finding whose subject the configuration no longer has, or that has ended: into the block of what is gone.
 */
int damping_drop(struct host_case *host, const struct finding *earlier);
int damping_keep(struct host_case *host, const struct finding *earlier, bool held);
/* Earlier findings of the block that this look did not make again. */
int damping_absences(struct host_case *host);
