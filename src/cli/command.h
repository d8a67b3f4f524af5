/* What the commands share: the table's row, the arguments, and rows of words told in three forms. */
#pragma once

#include "portconform/check.h"
#include "portconform/options.h"
#include "portconform/probe_choices.h"
#include "portconform/respond.h"

/* "Could not do what was asked", as the checks have it. */
enum { STATUS_OK = 0, STATUS_ERRORS = 1, STATUS_UNKNOWN = 3 };

/* Which commands take an option: bits for options.h. */
enum {
    TAKES_LINT = 1,
    TAKES_RULES = 2,
    TAKES_EXPECT = 4,
    TAKES_EXPLAIN = 8,
    TAKES_MATRIX = 16,
    TAKES_EXPORT = 32,
    TAKES_DIFF = 64,
    TAKES_ADOPT = 128,
    TAKES_RESPOND = 256,
};

struct command {
    const char *name;
    const char *usage; /* what follows the name */
    const char *summary;
    unsigned options;                                                 /* bits; 0: it has a table of its own, or none */
    int (*run)(const struct command *command, int argc, char **argv); /* argv[0] is the command's name */
    const char *notes;                                                /* further lines of its page; NULL: none */
};
extern const struct command commands[]; /* closed by a row with name NULL */

int command_lint(const struct command *command, int argc, char **argv);
int command_rules(const struct command *command, int argc, char **argv);
int command_expect(const struct command *command, int argc, char **argv);
int command_check(const struct command *command, int argc, char **argv);
int command_explain(const struct command *command, int argc, char **argv);
int command_matrix(const struct command *command, int argc, char **argv);
int command_diff(const struct command *command, int argc, char **argv);
int command_adopt(const struct command *command, int argc, char **argv);
int command_export(const struct command *command, int argc, char **argv);
int command_respond(const struct command *command, int argc, char **argv);
int command_status(const struct command *command, int argc, char **argv);
int command_findings(const struct command *command, int argc, char **argv);
int command_history(const struct command *command, int argc, char **argv);
int command_check_now(const struct command *command, int argc, char **argv);
int command_reload(const struct command *command, int argc, char **argv);
int command_help(const struct command *command, int argc, char **argv);

enum cli_form { FORM_TEXT, FORM_TSV, FORM_JSON };

struct cli_arguments {
    const char **guide_dirs; /* NULL-terminated; NULL: none */
    size_t guide_dir_count;
    const char *config, *host, *vantage;
    enum cli_form form;
    const char *matrix_form; /* of matrix: a form of its own, or NULL for text */
    enum check_colour colour;
    bool help, explain, errata, markdown, count_rest;
    unsigned timeout_s;
    const char *recording, *netns, *name, *output; /* of adopt */
    const char *key, *make_key;                    /* of respond */
    unsigned top;
    unsigned duration_s;
    char **operands;
    size_t operand_count;
};

/* Fills *arguments; a mistake or --help is told at once. Returns CLI_GO_ON, or the exit status to end with. */
enum { CLI_GO_ON = -1 };
int cli_arguments_read(const struct command *command, int argc, char **argv, struct cli_arguments *arguments);
void cli_arguments_done(struct cli_arguments *arguments);
/* What --help prints of a command: how it is used, its options, its notes. Returns the exit status. */
int cli_tell_options(const struct command *command, const struct option_row *rows, unsigned users);
int cli_set_timeout(void *field, const char *value, struct text *error); /* for a row: an unsigned, in seconds */

/* "portconform: WHAT" on stderr. Returns STATUS_UNKNOWN. */
int cli_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* All diagnostics at `least` or above on stderr; when there is no error among them, the code's text. STATUS_UNKNOWN. */
int cli_rejected(struct diag_list *diags, int code);
void cli_print_diags(struct diag_list *diags, enum diag_level least);
/* Prints, frees, and returns `status`, or STATUS_UNKNOWN when it could not be printed. */
int cli_finish(struct text *out, int status);

/* Readable when one of `signals` (closed by 0) has come; they are blocked from then on. What this program was started
 * to ignore (nohup(1), a shell's `&`) it ignores. The descriptor, which does not wait, or a negated errno. */
int cli_signals(const int *signals);

/* Names by DNS, for check_program and check_site_request. */
int cli_lookup(void *context, const char *name, struct address **ret);
/* The key of the acceptance test: 0, or a negative code with a sentence in `error`. */
int cli_acceptance_key(const char *path, struct acceptance_key *ret, struct text *error);

/* --- tables ------------------------------------------------------------------------------------------------------ */

/* Rows of words under named columns; "-" is an empty word. Columns of the names are copied, the words too. */
struct sheet {
    const char *const *columns; /* NULL-terminated; borrowed */
    struct arena *arena;
    const char **items; /* row by row */
    size_t count, capacity;
    size_t column_count;
    bool failed; /* out of memory at some time */
};
int sheet_init(struct sheet *sheet, const char *const *columns); /* 0 or -ENOMEM */
void sheet_done(struct sheet *sheet);
void sheet_add(struct sheet *sheet, const char *word);       /* the next word of the row; NULL: "-" */
void sheet_add_text(struct sheet *sheet, struct text *word); /* the same, and clears it */
int sheet_tell_tsv(const struct sheet *sheet, struct text *out);
int sheet_tell_json(const struct sheet *sheet, struct text *out); /* an array of objects; "-" is null */
int sheet_tell_text(const struct sheet *sheet, struct text *out, unsigned columns); /* aligned */

/* `string` in words, wrapped: what follows the first line is indented by `indent`. `at` columns are used already. */
void cli_wrap(struct text *out, const char *string, unsigned at, unsigned indent, unsigned columns);
