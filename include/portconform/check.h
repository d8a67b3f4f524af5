/* The check that plugin and command line share: one table of options, one way from a configuration to an exit status.
 */
#pragma once

#include "portconform/cycle.h"
#include "portconform/load.h"
#include "portconform/tell.h"

struct check_program {
    const char *name; /* "check_portconform", "portconform check" */
    const struct probe_choice *probes;
    const struct teller *const *tellers; /* NULL-terminated */
    const struct teller *initial;        /* when no --format is given */
    name_lookup_fn *lookup;              /* NULL: names are not this program's */
    /* Called when a probe kind, DNS name or listener source is needed that this program lacks: should exec and not
     * return; NULL: that is an error. */
    int (*hand_over)(int argc, char **argv);
};

/* Parses argv, loads, looks, judges, tells on stdout. Returns the exit status 0..3; never exits. Every failure is a
 * first line of the chosen form on stdout with status 3. */
int check_main(const struct check_program *program, int argc, char **argv);

/* Shared with the other commands: loads a configuration and prints its diagnostics to stderr. */
struct check_site {
    struct config *config;
    struct plan *plan;
};
