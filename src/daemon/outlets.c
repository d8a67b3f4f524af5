/* Senders, the SNMP side and the control socket. */
#include "outlets.h"

#include "portconform/agent.h"
#include "portconform/error.h"
#include "portconform/log.h"
#include "portconform/syslog.h"
#include "portconform/text.h"
#include "portconform/vector.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RELOAD_STOP_MS = 100 }; /* for a target that the configuration changed or dropped */
enum { HOST_TEXT = 256 };

struct outlet {
    struct arena *arena; /* of the target */
    struct syslog_target target;
    struct sender *sender; /* NULL: it could not be started */
    enum sink_state state; /* that the others were told */
};

struct outlets {
    struct outlets_options options;
    struct {
        struct outlet *items;
        size_t count, capacity;
    } targets;
    struct agent *agent; /* NULL: no SNMP */
    struct {             /* that SNMP was started with; copies, NULL: not given */
        char *socket, *listen;
        uint32_t pen;
    } snmp;
    const char
        *waits;   /* what of the configuration in force SNMP does not follow before the next start; NULL: nothing */
    uint32_t pen; /* in force, of the senders */
    enum sink_state agent_state;
    struct control_server *control;
    char *control_words; /* that it was started with */
    char hostname[HOST_TEXT];
};

static const char *agent_name = "snmp"; /* among the sinks */

/* --- what is wanted ----------------------------------------------------------------------------------------------- */

struct wish {
    const struct syslog_target *items;
    size_t count;
};

/* The site's and those of the command line, which are named after their place. NULL: out of memory. */
static struct syslog_target *wish_make(const struct outlets *outlets, const struct site *site, size_t *ret_count)
{
    const struct daemon_options *program = outlets->options.program;
    struct syslog_target *items = calloc(site->syslog_count + program->syslog_count + 1, sizeof(*items));
    size_t count = 0;
    if (items == NULL)
        return NULL;
    for (; count < site->syslog_count; count++)
        items[count] = site->syslog[count];
    for (size_t i = 0; i < program->syslog_count; i++)
        count += syslog_target_init(&items[count], program->syslog[i], program->syslog[i]);
    *ret_count = count;
    return items;
}

static int choose_events(struct outlets *outlets, const struct wish *wish)
{
    struct outbox_target *chosen = calloc(wish->count + 1, sizeof(*chosen));
    if (chosen == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < wish->count; i++)
        chosen[i] = (struct outbox_target){.name = wish->items[i].name, .choice = wish->items[i].choice};
    int r = recorder_set_targets(telling_recorder(outlets->options.telling), chosen, wish->count);
    free(chosen);
    return r;
}

/* --- senders ------------------------------------------------------------------------------------------------------ */

static void outlet_close(struct outlet *outlet, unsigned timeout_ms)
{
    sender_stop(outlet->sender, timeout_ms);
    arena_free(outlet->arena);
}

static int outlet_start(struct outlets *outlets, const struct syslog_target *target, struct outlet *ret)
{
    const struct syslog_origin origin = {.hostname = outlets->hostname, .pid = getpid(), .pen = outlets->pen};
    struct outlet outlet = {.arena = arena_new()};
    int r = outlet.arena == NULL ? -ENOMEM : syslog_target_copy(&outlet.target, target, outlet.arena);
    struct outbox *outbox = r < 0 ? NULL : outbox_open(telling_recorder(outlets->options.telling), outlet.target.name);
    if (r == 0)
        r = outbox == NULL ? -ENOMEM : sender_start(&outlet.target, &origin, outbox, &outlet.sender);
    if (r < 0) {
        outbox_close(outbox);
        arena_free(outlet.arena);
        return r;
    }
    *ret = outlet;
    return 0;
}

static void outlet_open(struct outlets *outlets, const struct syslog_target *target)
{
    struct outlet outlet;
    int r = outlet_start(outlets, target, &outlet);
    struct outlet *slot = NULL;
    if (r == 0) {
        slot = VECTOR_PUSH(&outlets->targets);
        if (slot == NULL)
            outlet_close(&outlet, 0);
    }
    if (slot != NULL)
        *slot = outlet;
    else
        log_line(LOG_ERR, "syslog target \"%s\" cannot be served: %s", target->name, pc_strerror(r < 0 ? r : -ENOMEM));
}

static const struct syslog_target *wished(const struct wish *wish, const struct outlet *outlet)
{
    for (size_t i = 0; i < wish->count; i++) {
        if (strcmp(wish->items[i].name, outlet->target.name) == 0)
            return &wish->items[i];
    }
    return NULL;
}

static bool is_served(const struct outlets *outlets, const struct syslog_target *target)
{
    for (size_t i = 0; i < outlets->targets.count; i++) {
        if (strcmp(outlets->targets.items[i].target.name, target->name) == 0)
            return true;
    }
    return false;
}

/* Senders of what is wanted as it was go on; others end before their outbox is opened again, or deleted. */
static void configure_senders(struct outlets *outlets, const struct site *site)
{
    size_t count = 0, kept = 0;
    struct syslog_target *items = wish_make(outlets, site, &count);
    const struct wish wish = {items, count};
    for (size_t i = 0; items != NULL && i < outlets->targets.count; i++) {
        struct outlet *outlet = &outlets->targets.items[i];
        const struct syslog_target *target = wished(&wish, outlet);
        if (target != NULL && syslog_target_same(target, &outlet->target) && outlets->pen == site->pen)
            outlets->targets.items[kept++] = *outlet;
        else
            outlet_close(outlet, RELOAD_STOP_MS);
    }
    if (items != NULL)
        outlets->targets.count = kept;
    outlets->pen = site->pen; /* it is the origin's, in each message */
    int r = items == NULL ? -ENOMEM : choose_events(outlets, &wish);
    if (r < 0)
        log_line(LOG_ERR, "the syslog targets cannot be changed: %s", pc_strerror(r));
    for (size_t i = 0; r == 0 && i < count; i++) {
        if (!is_served(outlets, &items[i]))
            outlet_open(outlets, &items[i]);
    }
    free(items);
}

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

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
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
    outlets->snmp.pen = outlets->pen = site->pen;
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
    if (!same_text(outlets->snmp.socket, wanted_socket(outlets, site)))
        which |= 1;
    if (!same_text(outlets->snmp.listen, wanted_listen(outlets, site)))
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
    if (gethostname(outlets->hostname, sizeof(outlets->hostname) - 1) < 0)
        outlets->hostname[0] = '\0';
    int r = remember_agent(outlets, plan->site);
    if (r < 0) {
        outlets_forget(outlets);
        return r;
    }
    configure_senders(outlets, plan->site);
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
    configure_senders(outlets, plan->site);
    if (outlets->control != NULL && control_server_set_site(outlets->control, plan) < 0)
        log_line(LOG_ERR, "control answers about the old configuration: out of memory");
}

bool outlets_close(struct outlets *outlets, unsigned timeout_ms)
{
    if (outlets == NULL)
        return true;
    for (size_t i = 0; i < outlets->targets.count; i++)
        sender_end(outlets->targets.items[i].sender, timeout_ms);
    bool ended = agent_stop(outlets->agent, timeout_ms);
    if (outlets->control != NULL)
        ended = control_server_stop(outlets->control, timeout_ms) && ended;
    for (size_t i = 0; i < outlets->targets.count; i++)
        outlet_close(&outlets->targets.items[i], timeout_ms);
    VECTOR_DONE(&outlets->targets);
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
    for (size_t i = 0; i < outlets->targets.count; i++) {
        if (strcmp(outlets->targets.items[i].target.target, "local") == 0)
            return true;
    }
    return false;
}

/* --- how they are ------------------------------------------------------------------------------------------------- */

/* The first time it is up is no news. */
static void tell_state(struct outlets *outlets, const struct sink_status *sink, enum sink_state *told,
                       struct moment now)
{
    enum sink_state before = *told;
    *told = sink->state == SINK_UNKNOWN ? before : sink->state;
    if (*told == before || (before == SINK_UNKNOWN && *told == SINK_UP))
        return;
    const bool down = *told == SINK_DOWN;
    const bool named = sink->target != NULL && strcmp(sink->name, sink->target) != 0; /* else one says it all */
    const char *before_target = named ? " (" : "", *target = named ? sink->target : "",
               *after_target = named ? ")" : "";
    const struct news_item item = {.kind = down ? EVENT_TARGET_DOWN : EVENT_TARGET_UP,
                                   .level = down ? LOG_WARNING : LOG_NOTICE,
                                   .target = sink->name};
    if (down)
        telling_say(outlets->options.telling, &item, now, "%s%s%s%s takes no messages: %s; waiting: %llu", sink->name,
                    before_target, target, after_target, sink->last_error != NULL ? sink->last_error : "no answer",
                    (unsigned long long)sink->queued);
    else
        telling_say(outlets->options.telling, &item, now, "%s%s%s%s takes messages again; waiting: %llu", sink->name,
                    before_target, target, after_target, (unsigned long long)sink->queued);
}

static int watch_senders(struct outlets *outlets, struct status *status, struct moment now)
{
    size_t count = outlets->targets.count;
    struct sink_status *sinks = ARENA_ARRAY(status->arena, struct sink_status, count);
    if (sinks == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        struct outlet *outlet = &outlets->targets.items[i];
        int r = sender_status(outlet->sender, status->arena, &sinks[i]);
        if (r < 0)
            return r;
        tell_state(outlets, &sinks[i], &outlet->state, now);
    }
    status->syslog = sinks;
    status->syslog_count = count;
    return 0;
}

int outlets_watch(struct outlets *outlets, struct status *status, struct moment now)
{
    int r = watch_senders(outlets, status, now);
    if (r < 0 || outlets->agent == NULL)
        return r;
    r = agent_status(outlets->agent, status->arena, &status->snmp);
    if (r < 0)
        return r;
    if (status->snmp.name == NULL)
        status->snmp.name = agent_name;
    tell_state(outlets, &status->snmp, &outlets->agent_state, now);
    return 0;
}
