/* Adoption: which components of which guides the listeners of a host fit. A proposal, never an approval.
 *
 * Each component is tried with the values of its parameters that fit best; what it demands is held against what
 * listens. A port speaks for a component as much as it is specific: a number that half of all hosts have (22, 80, 443),
 * one of the ephemeral range, or one that many components of the guides share says little. What a component demands
 * and nobody listens on speaks against it. Then roles are taken together, the best first, each for what those before
 * it leave unexplained.
 *
 * Pure: guides and listeners in, a ranking out.
 */
#pragma once

#include "portconform/guide.h"
#include "portconform/observation.h"

/* A value that the listeners speak for; only such as differ from the guide's default. */
struct adopt_setting {
    const struct parameter *parameter;
    struct value value;
    const char *as_well; /* values that fit just as well: "2, 3"; NULL: none */
};

/* A port item of a rule that holds, and how it was found. */
struct adopt_item {
    const struct rule *rule;
    struct port_range range;
    enum adopt_state {
        ADOPT_FOUND,   /* listened on, as the rule has it */
        ADOPT_PARTLY,  /* on some of its ports, or not where the rule has it: on loopback alone, beyond the host */
        ADOPT_MISSING, /* demanded, and nobody listens */
        ADOPT_ABSENT,  /* not demanded: optional, dynamic, reserved, another of a group */
    } state;
    unsigned hits; /* ports of the item that are listened on */
};

struct adopt_role {
    const struct guide *guide;
    const struct component *component;
    const char *name; /* the role's, "router-2", where the component was proposed before; else NULL */
    double evidence;  /* how much the ports that were found say; 1 is one specific port */
    double coverage;  /* 0..1: how much of what is demanded was found */
    double score;     /* evidence * coverage */
    const struct adopt_setting *settings;
    size_t setting_count;
    const char *const *undecided; /* parameters without value that the listeners do not decide either */
    size_t undecided_count;
    const struct adopt_item *items; /* in the order of the guide */
    size_t item_count;
};

struct adoption {
    struct arena *arena;
    const struct listener_table *listeners; /* borrowed */
    const struct adopt_role *ranking;       /* each component by itself, the best first; none that nothing speaks for */
    size_t ranking_count;
    const struct adopt_role *roles; /* proposed together */
    size_t role_count;
    const size_t *unexplained; /* indexes of listeners that no proposed role explains */
    size_t unexplained_count;
    size_t passing; /* UDP sockets of the ephemeral range that nothing explains: of clients, most likely; not listed */
};

/* `listeners` is sorted by transport, port and address, as its sources leave it. 0 or -ENOMEM. */
int adopt(const struct guide *guides, size_t guide_count, const struct listener_table *listeners,
          struct adoption **ret);
void adoption_free(struct adoption *adoption); /* takes NULL */

/* What the host's file says beside the roles. Texts are written as they are: names must be names. */
struct adopt_file {
    const char *host;
    const struct address *addresses; /* none: the host's name stands in their place */
    size_t address_count;
    const char *recording; /* the listeners came from this file; NULL: from the kernel */
    const char *netns;     /* ... of this namespace; NULL: our own */
    const char *source;    /* "the kernel of this machine", for people */
    const char *date;      /* "2026-11-22" */
    size_t top;            /* so many of the ranking are told */
};
/* A hosts.d file, ranking and unexplained listeners as comments. What came from the host never leaves the comment or
 * string that it stands in. 0 or -ENOMEM. */
struct text;
int adopt_write(struct text *out, const struct adoption *adoption, const struct adopt_file *file);
/* The ranking alone, a line begun by `prefix` for each thing to tell. */
void adopt_write_ranking(struct text *out, const struct adoption *adoption, size_t top, const char *prefix);
