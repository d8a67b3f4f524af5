/* What the files of this part share.
 *
 *     ears    who listens, by transport and port          ears.c
 *     trial   one component with values of its guide's     trial.c
 *             parameters, held against the ears
 *     choice  the values that fit a component best         choice.c
 *     role    what such a trial found                      role.c
 *     adopt   the ranking, and the roles taken together    adopt.c
 *     write   the proposal as a file                       write.c
 */
#pragma once

#include "portconform/adopt.h"

/* --- ears.c --- */

enum { PORTS = UINT16_MAX + 1 };

struct ears {
    const struct listener_table *table;
    uint32_t *first[2]; /* by port: index of its first listener + 1; 0: nobody */
    uint8_t *rarity[2]; /* how many components of the guides name the port, 1 at least once it is filled */
    bool *explained;    /* by listener: a role that was taken explains it */
    uint16_t low, high; /* the ephemeral range */
};
int ears_init(struct ears *ears, const struct listener_table *table, struct arena *arena);
bool ears_hear(const struct ears *ears, enum transport transport, uint16_t port);
/* How much a port says, from 0 to 1. */
double ears_weight(const struct ears *ears, enum transport transport, uint16_t port);
/* How well somebody listens there as a rule of this scope has it: 1, less, or 0 for nobody. *ret_new: somebody whom no
 * role explains yet. */
double ears_match(const struct ears *ears, enum transport transport, uint16_t port, enum scope scope, bool *ret_new);
void ears_explain(struct ears *ears, enum transport transport, uint16_t port);
bool ears_is_passing(const struct ears *ears, const struct listener *listener);

/* --- trial.c --- */

struct trial {
    const struct ears *ears;
    const struct guide *guide;
    const struct component *component;
    const struct rule **rules; /* those that the component listens for and an operating system shows */
    size_t rule_count;
    struct value *values; /* parallel to the guide's parameters */
};
/* With the guide's own values. 0 or -ENOMEM. */
int trial_init(struct trial *trial, const struct ears *ears, const struct component *component,
               const struct guide *guide, struct arena *arena);
void trial_reset(struct trial *trial);

struct measure {
    double evidence, met, demanded;
};
double measure_coverage(const struct measure *measure);
double measure_score(const struct measure *measure);

/* Its rules hold or not with the trial's values; what cannot be evaluated does not hold. */
bool trial_holds(const struct trial *trial, const struct rule *rule);
bool trial_resolve(const struct trial *trial, const struct rule *rule, const struct port_item *item,
                   struct port_range *ret);
struct measure trial_measure(const struct trial *trial);
/* One item of a rule that holds. */
struct adopt_item trial_look(const struct trial *trial, const struct rule *rule, const struct port_range *range);

/* --- choice.c --- */

/* Can any of its rules be heard at all, whatever the values? */
bool choice_is_heard(struct trial *trial);
/* Sets the trial's values to those that fit best. `fixed`, parallel to the guide's parameters, holds those that are
 * given (type UNSET: free). 0 or -ENOMEM. */
int choice_make(struct trial *trial, const struct value *fixed);
/* The values of a parameter that are worth trying, its default (or none) first; `fixed` as above. */
enum { CANDIDATES_MAX = 40 };
size_t choice_candidates(struct trial *trial, size_t parameter, struct value *ret);
bool choice_matters(const struct trial *trial, const char *parameter);

/* --- role.c --- */

/* Of a trial with the values that fit best. 0 or -ENOMEM. */
int role_tell(struct trial *trial, struct arena *arena, struct adopt_role *ret);
