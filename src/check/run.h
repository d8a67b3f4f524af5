/* One check on its way: what its steps hand on, and how each of them fails. */
#pragma once

#include "arguments.h"

enum { STATUS_UNKNOWN = 3 };

struct check_run {
    const struct check_program *program;
    int argc;
    char **argv; /* as given, for another program */
    struct check_arguments arguments;
    const struct teller *teller;
    const struct probe_choice *probes; /* the program's, or those of the acceptance test */
    struct moment began;
    bool silent; /* what is told stays in `out`, for somebody else to print */
    struct diag_list diags;
    struct text error; /* of the arguments */
    struct text out;
};

/* In the chosen form, or as the plugin's first line where that has none of its own. */
void run_put_failure(struct check_run *run, const char *why);
/* The plugin's first line with another state. */
void run_put_line(struct check_run *run, enum severity severity, const char *why);
/* Each gives the exit status to end with. */
int run_print(struct check_run *run, int status);
int run_tell_unknown(struct check_run *run, const char *why);
/* All that is expected stayed unseen: no OK. */
int run_tell_unseen(struct check_run *run);
int run_tell_code(struct check_run *run, const char *what, int code);
int run_tell_rejected(struct check_run *run, int code);

/* The form that was asked for. 0, or -EINVAL with a sentence in the run's error. */
int run_choose_teller(struct check_run *run);
/* The answer has to be out before whoever called us loses patience. */
int64_t run_deadline(const struct check_run *run);

/* Filters by guides and components that the site does not know let nothing through, and would look like all is well: 0,
 * or -EINVAL with a sentence in the run's error. The lists are NULL-terminated. */
int run_check_filter(struct check_run *run, const char *const *guides, const char *const *components);

/* ask.c: the same question to a daemon. Returns the exit status. */
int ask_daemon(struct check_run *run);
