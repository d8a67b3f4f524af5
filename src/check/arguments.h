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
    enum check_colour colour;
    struct tell_options tell;
};

/* Users of the table: forms for people have more to choose. */
enum { OPTION_PLUGIN = 1, OPTION_TEXT = 2 };
extern const struct option_row check_options[];

int check_arguments_init(struct check_arguments *arguments); /* 0 or -ENOMEM */
void check_arguments_done(struct check_arguments *arguments);
/* 0, -ENOMEM, or -EINVAL with a sentence in `error`. Expands --extra-opts first. */
int check_arguments_parse(struct check_arguments *arguments, int argc, char **argv, struct text *error);
/* "ok", "WARNING", "2" ... 0 or -EINVAL with a sentence. */
int check_parse_state(const char *word, enum severity *ret, struct text *error);

/* extra_opts.c: the options of an ini file, put before the others. The new vector lives in `arena`; *ret_argv is
 * NULL-terminated. 0, -ENOMEM, or -EINVAL with a sentence in `error`. */
int extra_opts_expand(int argc, char **argv, struct arena *arena, int *ret_argc, char ***ret_argv, struct text *error);
