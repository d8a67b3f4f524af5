/* The check that plugin and command line share: one table of options, one way from a configuration to an exit status.
 *
 *     arguments -> (extra options of an ini file) -> configuration -> plan -> cycle -> judgement -> teller -> stdout
 */
#pragma once

#include "portconform/cycle.h"
#include "portconform/load.h"
#include "portconform/tell.h"

struct check_program {
    const char *name; /* "check_portconform", "portconform check" */
    int help_status;  /* the exit status of --help and --version: 3 by the plugin guidelines, 0 of a command line */
    const struct probe_choice *probes;
    const struct teller *const *tellers; /* NULL-terminated */
    const struct teller *initial;        /* when no --format is given */
    name_lookup_fn *lookup; /* NULL: names are not this program's. Its context is a const struct check_lookup */
    /* Called when a probe kind, DNS name, listener source or form is needed that this program lacks. Execs another
     * program with these arguments and returns only when that fails: a negative code. NULL: that is an error. */
    int (*hand_over)(int argc, char **argv);
};

/* How long a name may take. */
struct check_lookup {
    int64_t deadline_mono_ms;
};

/* Parses argv, loads, looks, judges, tells on stdout. Returns the exit status 0..3; never exits. Every failure is one
 * first line `PORTCONFORM UNKNOWN - ...` on stdout, of JSON an object with `severity` and `error`, with status 3. */
int check_main(const struct check_program *program, int argc, char **argv);

/* --- shared with the other commands ------------------------------------------------------------------------------ */

struct check_site_request {
    const char *path;              /* -C; NULL: the installed one */
    const char *const *guide_dirs; /* -G */
    const char *host;              /* -H; NULL: all */
    bool read_all;                 /* with `host`: read the others too, who may be its callers */
    const char *vantage;           /* --vantage */
    name_lookup_fn *lookup;
    void *lookup_context;
    bool no_exposure; /* leave the ports alone that are for a host alone, if this is not the look for them */
};

struct check_site {
    struct config *config;
    struct plan *plan;
};

/* Loads a configuration and plans it for this machine. 0, or a negative code: then `diags` holds an error, except with
 * -ENOMEM and PC_ENAMES. */
int check_site_open(const struct check_site_request *request, struct check_site *ret, struct diag_list *diags);
/* The second half alone: another plan of a configuration, for another vantage or another moment. */
int check_site_plan(const struct check_site_request *request, const struct config *config, struct plan **ret,
                    struct diag_list *diags);
void check_site_done(struct check_site *site); /* takes NULL */

/* Takes the place of a lookup where names are not to be resolved: every name has no address. */
int check_lookup_none(void *context, const char *name, struct address **ret);

/* To be called first in main(): a closed standard descriptor is held open, so that no file or socket takes its number,
 * and a closed pipe is an error of write(2) instead of a signal. -EBADF: stdout is closed, nobody can be told. */
int check_standard_streams(void);
/* Writes it to stdout and empties it there. 0 or a negated errno. */
int check_print(const struct text *text);

enum check_colour { CHECK_COLOUR_AUTO, CHECK_COLOUR_ALWAYS, CHECK_COLOUR_NEVER };
bool check_colour_wanted(enum check_colour choice); /* a terminal, no NO_COLOR, no dumb terminal */
unsigned check_columns(void);                       /* of the terminal on stdout; 0: it is none */

/* Numbers of a long check on stderr, one line that moves; for a cycle's options. Silent unless stderr is a terminal. */
struct check_progress {
    bool on;
    bool shown;
    int64_t began_ms, last_ms;
};
void check_progress_begin(struct check_progress *progress, bool wanted);
void check_progress_show(void *progress, const struct cycle_progress *now);
void check_progress_end(struct check_progress *progress); /* clears the line */
