/* The arguments of a check: what the table of options fills. */
#pragma once

#include "portconform/check.h"
#include "portconform/options.h"

struct word_list {
    const char **items; /* NULL-terminated once something was added */
    size_t count;
};

struct check_arguments {
    struct arena *arena; /* owns lists and copies; the arguments themselves are borrowed from argv */
    bool help, version;
    const char *config, *host, *vantage, *format;
    struct word_list guide_dirs;
    struct word_list guides, components, rules, verdicts, blames, classes;
    unsigned timeout_s;
    bool no_probes;
    bool daemon;        /* ask it instead of looking */
    const char *socket; /* where it answers; NULL: the usual place */
    unsigned max_age_s; /* 0: a few intervals */
    bool watch;
    const char *acceptance; /* the key file; NULL: a check as always */
    enum check_colour colour;
    struct tell_options tell;
    int argc; /* with the options of an ini file */
    char **argv;
};

/* Users of the table: forms for people have more to choose. */
enum { OPTION_PLUGIN = 1, OPTION_TEXT = 2, OPTION_FINDINGS = 4, OPTION_ALL = 7 };
extern const struct option_row check_options[];

int check_arguments_init(struct check_arguments *arguments); /* 0 or -ENOMEM */
void check_arguments_done(struct check_arguments *arguments);
/* --extra-opts: puts the options of ini files before the others, in arguments->argv. 0, -ENOMEM, or -EINVAL with a
 * sentence in `error`. Never with arguments of somebody else: it opens files. */
int check_arguments_expand(struct check_arguments *arguments, int argc, char **argv, struct text *error);
/* By the rows of `users`. 0, -ENOMEM, or -EINVAL with a sentence in `error`. */
int check_arguments_parse(struct check_arguments *arguments, unsigned users, int argc, char **argv, struct text *error);
/* "ok", "WARNING", "2" ... 0 or -EINVAL with a sentence. */
int check_parse_state(const char *word, enum severity *ret, struct text *error);

/* extra_opts.c: the options of an ini file, put before the others. The new vector lives in `arena`; *ret_argv is
 * NULL-terminated. 0, -ENOMEM, or -EINVAL with a sentence in `error`. */
int extra_opts_expand(int argc, char **argv, struct arena *arena, int *ret_argc, char ***ret_argv, struct text *error);
