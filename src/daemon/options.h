/* The command line of portconformd. */
#pragma once

#include "portconform/site.h"
#include "portconform/text.h"

struct daemon_options {
    const char *config;      /* NULL: the installed one */
    const char **guide_dirs; /* NULL-terminated, owned; NULL: none */
    size_t guide_dir_count;
    const char *vantage;     /* NULL: as the configuration and the machine's name decide */
    const char *agentx;      /* NULL: the configuration's; "none": no SNMP */
    const char *snmp_listen; /* an SNMP agent of our own; NULL: a subagent */
    const char *state;       /* folder of the store; NULL: as the site says; "none": nothing outlives the process */
    const char *control;     /* socket; NULL: the default one; "none": nobody may ask */
    const char **syslog;     /* targets besides the configuration's, owned */
    size_t syslog_count;
    bool verbose;
    bool help, version;
};

/* The folder of the store: what the command line says, else the site's file, else the default one. Malloc'ed; NULL:
 * nothing outlives the process. 0, -ENOMEM, or -ENOENT: there is no place for it. */
int daemon_options_state(const struct daemon_options *options, const struct site *site, char **ret);
/* 0, or a negative code with a sentence in `error`. */
int daemon_options_parse(int argc, char **argv, struct daemon_options *ret, struct text *error);
void daemon_options_done(struct daemon_options *options);
void daemon_options_help(struct text *out);
