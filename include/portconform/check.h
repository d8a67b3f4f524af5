/* The check that plugin and command line share: one table of options, one way from a configuration to an exit status.
 *
 *     arguments -> (extra options of an ini file) -> configuration -> plan -> cycle -> judgement -> teller -> stdout
 */
#pragma once

#include "portconform/control.h"
#include "portconform/cycle.h"
#include "portconform/load.h"
#include "portconform/tell.h"

enum check_colour { CHECK_COLOUR_AUTO, CHECK_COLOUR_ALWAYS, CHECK_COLOUR_NEVER };

struct check_program {
    const char *name; /* "check_portconform", "portconform check" */
    int help_status;  /* the exit status of --help and --version: 3 by the plugin guidelines, 0 of a command line */
    const struct probe_choice *probes;
    const struct remote_source *remote;  /* listeners over SNMP; NULL: this program cannot */
    const struct teller *const *tellers; /* NULL-terminated */
    const struct teller *initial;        /* when no --format is given */
    name_lookup_fn *lookup; /* NULL: names are not this program's. Its context is a const struct check_lookup */
    /* `--acceptance KEYFILE`: the probes of the acceptance test. 0, or a negative code with a sentence in `error`.
     * NULL: this program has none. */
    int (*acceptance)(const char *key_path, const struct probe_choice **ret, struct text *error);
    /* Called when a probe kind, DNS name, listener source or form is needed that this program lacks. Execs another
     * program with these arguments and returns only when that fails: a negative code. NULL: that is an error. */
    int (*hand_over)(int argc, char **argv);
    bool of_daemon; /* never looks, always asks portconformd */
    /* `--watch`: goes on asking. Returns the exit status. NULL: this program does not. */
    int (*watch)(const struct control_request *request, enum check_colour colour);
};

/* How long a name may take. */
struct check_lookup {
    int64_t deadline_mono_ms;
};

/* Parses argv, loads, looks, judges, tells on stdout. Returns the exit status 0..3; never exits. Every failure is one
 * first line `PORTCONFORM UNKNOWN - ...` on stdout, of JSON an object with `severity` and `error`, with status 3. */
int check_main(const struct check_program *program, int argc, char **argv);

/* --- the same check, from what a daemon has seen ------------------------------------------------------------------ */

/* What an answer has to know of the site beside the findings: who is meant by which name, and what is demanded of whom.
 * A copy, immutable, counted by references. */
struct check_directory;
struct check_directory *check_directory_new(const struct plan *plan); /* NULL: out of memory */
struct check_directory *check_directory_ref(struct check_directory *directory);
void check_directory_unref(struct check_directory *directory); /* takes NULL */
/* The host's name as in the plan, by name, alias or address; NULL: none. `error` (may be NULL) gets the sentence. */
const char *check_directory_find(const struct check_directory *directory, const char *name, struct text *error);

struct status;
struct check_answer_request {
    const struct teller *const *tellers; /* NULL-terminated */
    const struct teller *initial;
    const struct snapshot *snapshot;         /* NULL: there is none yet */
    const struct status *status;             /* of the daemon; NULL: not known */
    const struct check_directory *directory; /* NULL: not known */
    struct moment now;
    unsigned columns;
    bool colour;
};
/* Answers with the options of a check: the same first line and exit status as a look of its own. What is too old, or
 * about a host that is not watched, is UNKNOWN with the reason. argv[0] is no argument; argv is permuted. Not for two
 * threads at a time (getopt(3)). */
int check_answer(const struct check_answer_request *request, int argc, char **argv, struct text *out);

/* Which findings such options ask for: -H and the filters. The strings of argv are borrowed until it is freed. 0,
 * -ENOMEM, or -EINVAL with a sentence. Not for two threads at a time either. */
struct check_selection;
int check_selection_new(const struct check_directory *directory, int argc, char **argv, struct check_selection **ret,
                        struct text *error);
bool check_selection_has(const struct check_selection *selection, const struct finding *finding);
void check_selection_free(struct check_selection *selection); /* takes NULL */

/* --- shared with the other commands ------------------------------------------------------------------------------ */

struct check_site_request {
    const char *path;              /* -C; NULL: the installed one */
    const char *const *guide_dirs; /* -G */
    const char *host;              /* -H; NULL: all */
    bool read_all;                 /* with `host`: read the others too, who may be its callers */
    const char *vantage;           /* --vantage */
    name_lookup_fn *lookup;
    void *lookup_context;
    int (*read)(void *context, const char *path, size_t most, char **ret,
                size_t *ret_length); /* as load_options has it */
    void *read_context;
    bool no_exposure; /* leave the ports alone that are for a host alone, if this is not the look for them */
    bool acceptance;  /* plan for the acceptance test */
};

struct check_site {
    struct config *config;
    struct plan *plan;
};

/* The configuration to read: `given`, or the installed one. NULL: there is none, and `diags` holds that as an error. */
const char *check_site_path(const char *given, struct diag_list *diags);
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

/* `--colour`, for a row of options.h: `field` is an enum check_colour. */
int check_set_colour(void *field, const char *value, struct text *error);
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
