/* The SNMP side, the control socket, and with the syslog targets all of them together. */
#include "outlets.h"

#include "targets.h"

#include "portconform/agent.h"
#include "portconform/error.h"
#include "portconform/log.h"
#include "portconform/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct outlets {
    struct outlets_options options;
    struct targets *targets; /* of syslog */
    struct agent *agent;     /* NULL: no SNMP */
    struct {                 /* that SNMP was started with; copies, NULL: not given */
        char *socket, *listen;
        uint32_t pen;
    } snmp;
    const char *waits; /* what of the configuration in force waits for the next start; NULL: nothing */
    enum sink_state agent_state;
    struct control_server *control;
    char *control_words; /* that it was started with */
};

static const char *agent_name = "snmp"; /* among the sinks */

/* --- SNMP --------------------------------------------------------------------------------------------------------- */

static void log_of_agent(int level, const char *text)
{
    log_line(level, "SNMP: %s", text);
}

static uint32_t number_of(void *context, const char *space, const char *key)
{
    return recorder_number(context, space, key);
}

static void agent_begin(struct outlets *outlets, const struct site *site)
{
    const struct daemon_options *program = outlets->options.program;
    const char *socket = outlets->snmp.socket;
    bool none = socket != NULL && strcmp(socket, "none") == 0;
    if (none && outlets->snmp.listen == NULL)
        return;
    struct recorder *recorder = telling_recorder(outlets->options.telling);
    const struct agent_options options = {
        .publication = telling_publication(outlets->options.telling),
        .number = number_of,
        .number_context = recorder,
        .socket = none ? NULL : socket,
        .listen = outlets->snmp.listen,
        .config = site->snmp_agent.config,
        .notifications = {site->snmp_agent.silent, site->snmp_agent.per_minute, site->snmp_agent.per_host},
        .state = program->state,
        .pen = site->pen,
        .log = log_of_agent,
    };
    int r = agent_start(&options, &outlets->agent);
    if (r < 0)
        log_line(LOG_ERR, "nothing is served by SNMP: %s", pc_strerror(r));
}

/* What SNMP is asked for, the command line before the site. */
static const char *wanted_socket(const struct outlets *outlets, const struct site *site)
{
    const char *given = outlets->options.program->agentx;
    return given != NULL ? given : site->agentx_socket;
}

static const char *wanted_listen(const struct outlets *outlets, const struct site *site)
{
    const char *given = outlets->options.program->snmp_listen;
    return given != NULL ? given : site->snmp_agent.listen;
}

static int remember_agent(struct outlets *outlets, const struct site *site)
{
    const char *socket = wanted_socket(outlets, site), *listen = wanted_listen(outlets, site);
    outlets->snmp.pen = site->pen;
    outlets->snmp.socket = socket == NULL ? NULL : strdup(socket);
    outlets->snmp.listen = listen == NULL ? NULL : strdup(listen);
    bool missing = (socket != NULL && outlets->snmp.socket == NULL) || (listen != NULL && outlets->snmp.listen == NULL);
    return missing ? -ENOMEM : 0;
}

/* net-snmp has one agent a process and keeps its sessions, its tables and what it has read of configuration in globals
 * that no call gives back: another socket, address or root is for another process. Told for as long as it is so. */
static void configure_agent(struct outlets *outlets, const struct site *site)
{
    static const char *const words[] = {
        NULL,
        "the AgentX socket of SNMP",
        "the address that SNMP listens at",
        "the AgentX socket of SNMP and the address it listens at",
        "the enterprise number (pen) of SNMP",
        "the AgentX socket and the enterprise number (pen) of SNMP",
        "the address that SNMP listens at and its enterprise number (pen)",
        "the AgentX socket of SNMP, the address it listens at and its enterprise number (pen)",
    };
    unsigned which = 0;
    if (!text_equal(outlets->snmp.socket, wanted_socket(outlets, site)))
        which |= 1;
    if (!text_equal(outlets->snmp.listen, wanted_listen(outlets, site)))
        which |= 2;
    if (outlets->agent != NULL && outlets->snmp.pen != site->pen)
        which |= 4;
    outlets->waits = words[which];
}

const char *outlets_waits(const struct outlets *outlets)
{
    return outlets->waits;
}

/* --- control ------------------------------------------------------------------------------------------------------ */

static void log_of_control(int level, const char *text)
{
    log_line(level, "control: %s", text);
}

static int history_of(void *context, const struct history_query *query,
                      void (*each)(void *each_context, const struct event *event), void *each_context)
{
    return recorder_history(context, query, each, each_context);
}

/* Who may ask, as the site says it: a sentence to compare. NULL: out of memory. */
static char *control_words(const struct control_options *control)
{
    struct text words = {0};
    text_printf(&words, "%s %s", control->socket ? control->socket : "-", control->group ? control->group : "-");
    for (size_t i = 0; i < control->readers.count; i++)
        text_printf(&words, " %s", control->readers.items[i]);
    char *copy = words.failed ? NULL : strdup(text_string(&words));
    text_done(&words);
    return copy;
}

/* The socket is one file with one group, made before the daemon was confined. */
static void configure_control(struct outlets *outlets, const struct site *site)
{
    char *words = control_words(&site->control);
    if (words != NULL && outlets->control_words != NULL && strcmp(words, outlets->control_words) != 0)
        log_line(LOG_WARNING, "\"control\" in site.conf has changed: that holds from the next start");
    free(words);
}

static void control_begin(struct outlets *outlets, const struct site *site)
{
    const struct daemon_options *program = outlets->options.program;
    struct text error = {0};
    if (program->control != NULL && strcmp(program->control, "none") == 0)
        return;
    const struct control_server_options options = {
        .socket = program->control,
        .group = site->control.group,
        .readers = site->control.readers.items,
        .publication = telling_publication(outlets->options.telling),
        .history = history_of,
        .history_context = telling_recorder(outlets->options.telling),
        .log = log_of_control,
    };
    outlets->control_words = control_words(&site->control);
    int r = control_server_start(&options, &outlets->control, &error);
    if (r < 0)
        log_line(LOG_WARNING, "there is no control socket: %s",
                 error.length > 0 ? text_string(&error) : pc_strerror(r));
    text_done(&error);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void outlets_forget(struct outlets *outlets)
{
    free(outlets->snmp.socket);
    free(outlets->control_words);
    free(outlets->snmp.listen);
    free(outlets);
}

int outlets_open(const struct outlets_options *options, const struct plan *plan, struct outlets **ret)
{
    struct outlets *outlets = calloc(1, sizeof(*outlets));
    if (outlets == NULL)
        return -ENOMEM;
    outlets->options = *options;
    int r = remember_agent(outlets, plan->site);
    if (r == 0)
        r = targets_new(options, &outlets->targets);
    if (r < 0) {
        outlets_forget(outlets);
        return r;
    }
    targets_configure(outlets->targets, plan->site);
    control_begin(outlets, plan->site);
    if (outlets->control != NULL)
        (void)control_server_set_site(outlets->control, plan);
    agent_begin(outlets, plan->site);
    *ret = outlets;
    return 0;
}

void outlets_configure(struct outlets *outlets, const struct plan *plan)
{
    configure_agent(outlets, plan->site);
    configure_control(outlets, plan->site);
    targets_configure(outlets->targets, plan->site);
    if (outlets->control != NULL && control_server_set_site(outlets->control, plan) < 0)
        log_line(LOG_ERR, "control answers about the old configuration: out of memory");
}

bool outlets_close(struct outlets *outlets, unsigned timeout_ms)
{
    if (outlets == NULL)
        return true;
    targets_end(outlets->targets, timeout_ms);
    bool ended = agent_stop(outlets->agent, timeout_ms);
    if (outlets->control != NULL)
        ended = control_server_stop(outlets->control, timeout_ms) && ended;
    targets_free(outlets->targets, timeout_ms);
    outlets_forget(outlets);
    return ended;
}

void outlets_wake(struct outlets *outlets)
{
    agent_wake(outlets->agent);
}

struct control_server *outlets_control(struct outlets *outlets)
{
    return outlets->control;
}

bool outlets_log_twice(const struct outlets *outlets)
{
    return targets_log_twice(outlets->targets);
}

/* --- how they are ------------------------------------------------------------------------------------------------- */

int outlets_watch(struct outlets *outlets, struct status *status, struct moment now)
{
    int r = targets_watch(outlets->targets, status, now);
    if (r < 0 || outlets->agent == NULL)
        return r;
    r = agent_status(outlets->agent, status->arena, &status->snmp);
    if (r < 0)
        return r;
    if (status->snmp.name == NULL)
        status->snmp.name = agent_name;
    telling_say_state(outlets->options.telling, &status->snmp, &outlets->agent_state, now);
    return 0;
}
