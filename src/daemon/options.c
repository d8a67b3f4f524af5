/* The command line of portconformd, from one table. */
#include "options.h"

#include "portconform/agent.h"
#include "portconform/options.h"
#include "portconform/store.h"
#include "portconform/syslog_target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { USER_DAEMON = 1 };

static int set_guides(void *target, const char *value, struct text *error)
{
    (void)error;
    struct daemon_options *options = target;
    return options_add_word(&options->guide_dirs, &options->guide_dir_count, value);
}

static int set_snmp_listen(void *target, const char *value, struct text *error)
{
    if (snmp_listen_check(value) < 0) {
        text_printf(error, "\"%s\" is no address to listen at; \"udp:127.0.0.1:1161\" is one", value);
        return -EINVAL;
    }
    ((struct daemon_options *)target)->snmp_listen = value;
    return 0;
}

static int set_syslog(void *target, const char *value, struct text *error)
{
    struct daemon_options *options = target;
    struct syslog_place place;
    if (!syslog_place_parse(value, &place)) {
        text_printf(error, "\"%s\" is no syslog target; \"local\" is one, \"local:/path\", \"udp:10.0.9.5:514\"",
                    value);
        return -EINVAL;
    }
    return options_add_word(&options->syslog, &options->syslog_count, value);
}

#define WORD(member) OPTION_WORD(struct daemon_options, member)
#define FLAG(member) OPTION_FLAG(struct daemon_options, member)

static const struct option_row rows[] = {
    {"config", 'C', USER_DAEMON, "PATH", "site.conf, or the folder that holds it", WORD(config)},
    {"guides", 'G', USER_DAEMON, "DIR", "look for guides here first (repeatable)", set_guides, 0},
    {"vantage", 0, USER_DAEMON, "NAME", "where the probes leave from", WORD(vantage)},
    {"agentx", 0, USER_DAEMON, "SOCKET", "where the SNMP master is; \"none\": do without", WORD(agentx)},
    {"snmp-listen", 0, USER_DAEMON, "ADDRESS", "serve SNMP without a master: udp:127.0.0.1:1161", set_snmp_listen, 0},
    {"syslog", 0, USER_DAEMON, "TARGET", "tell events there too: local, udp:10.0.9.5:514", set_syslog, 0},
    {"state", 0, USER_DAEMON, "DIR", "remember findings and events there; \"none\": do not", WORD(state)},
    {"control", 0, USER_DAEMON, "PATH", "the socket to ask at; \"none\": nobody may", WORD(control)},
    /* it never goes into the background: whoever starts it (systemd, a shell's &) decides about that */
    {"foreground", 'f', USER_DAEMON, NULL, "stay in the foreground, as it always does", options_set_nothing, 0},
    {"verbose", 'v', USER_DAEMON, NULL, "log each visit as well", FLAG(verbose)},
    {"version", 'V', USER_DAEMON, NULL, "print the version", FLAG(version)},
    {"help", 'h', USER_DAEMON, NULL, "print this page", FLAG(help)},
    {0},
};

void daemon_options_help(struct text *out)
{
    text_add(out, "Usage: portconformd -C PATH [option ...]\n"
                  "Looks again and again whether hosts conform to port guides, and tells it by\n"
                  "SNMP and syslog.\n");
    options_help(rows, USER_DAEMON, out);
    text_add(out, "SIGHUP reads the configuration again; SIGTERM ends the program.\n");
}

int daemon_options_state(const struct daemon_options *options, const struct site *site, char **ret)
{
    const char *folder = options->state != NULL ? options->state : site->store.folder;
    if (folder == NULL)
        return store_default_folder(ret);
    char *copy = strcmp(folder, "none") != 0 ? strdup(folder) : NULL;
    if (copy == NULL && strcmp(folder, "none") != 0)
        return -ENOMEM;
    *ret = copy;
    return 0;
}

int daemon_options_parse(int argc, char **argv, struct daemon_options *ret, struct text *error)
{
    int operands = argc;
    int result = options_parse(rows, USER_DAEMON, ret, argc, argv, &operands, error);
    if (result == 0 && operands < argc) {
        text_printf(error, "\"%s\" is no option; portconformd takes nothing else", argv[operands]);
        result = -EINVAL;
    }
    return result;
}

void daemon_options_done(struct daemon_options *options)
{
    free(options->guide_dirs);
    free(options->syslog);
    *options = (struct daemon_options){0};
}
