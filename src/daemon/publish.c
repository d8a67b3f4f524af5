/* Outlets: the SNMP agent, one sender a syslog target, and the log. */
#include "publish.h"

#include "portconform/agent.h"
#include "portconform/error.h"
#include "portconform/log.h"
#include "portconform/syslog.h"
#include "portconform/tell.h"
#include "portconform/vector.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { QUEUE = 4096 };         /* messages a target: a storm of a site of some size */
enum { RELOAD_STOP_MS = 100 }; /* for a target that the configuration dropped */
enum { BOOT_TEXT = 17, HOST_TEXT = 256 };

struct outlet {
    char *target;
    struct syslog_sender *sender;
    struct syslog_counters seen; /* at the last look */
    bool troubled;               /* it was logged that messages do not get through */
    bool wanted;                 /* scratch of outlets_configure() */
};

struct outlets {
    const struct daemon_options *options;
    struct agent *agent; /* NULL: no SNMP */
    struct {
        struct outlet *items;
        size_t count, capacity;
    } targets;
    char boot[BOOT_TEXT];
    char hostname[HOST_TEXT];
    char *site_name;
    uint32_t pen;
    uint64_t last_id;
};

/* --- targets ------------------------------------------------------------------------------------------------------ */

static void outlet_close(struct outlet *outlet, unsigned timeout_ms)
{
    syslog_sender_stop(outlet->sender, timeout_ms);
    free(outlet->target);
}

static int outlet_open(struct outlets *outlets, const char *target)
{
    struct outlet outlet = {.target = strdup(target), .wanted = true};
    int result = outlet.target == NULL ? -ENOMEM : syslog_sender_start(target, QUEUE, &outlet.sender);
    struct outlet *slot = NULL;
    if (result == 0)
        slot = VECTOR_PUSH(&outlets->targets);
    if (slot == NULL) {
        outlet_close(&outlet, 0);
        return result < 0 ? result : -ENOMEM;
    }
    *slot = outlet;
    return 0;
}

static void want_target(struct outlets *outlets, const char *target)
{
    for (size_t i = 0; i < outlets->targets.count; i++) {
        if (strcmp(outlets->targets.items[i].target, target) == 0) {
            outlets->targets.items[i].wanted = true;
            return;
        }
    }
    int result = outlet_open(outlets, target);
    if (result < 0)
        log_line(LOG_ERR, "syslog target \"%s\" cannot be used: %s", target, pc_strerror(result));
}

static void drop_unwanted(struct outlets *outlets)
{
    size_t kept = 0;
    for (size_t i = 0; i < outlets->targets.count; i++) {
        if (outlets->targets.items[i].wanted)
            outlets->targets.items[kept++] = outlets->targets.items[i];
        else
            outlet_close(&outlets->targets.items[i], RELOAD_STOP_MS);
    }
    outlets->targets.count = kept;
}

void outlets_configure(struct outlets *outlets, const struct site *site)
{
    outlets->pen = site->pen;
    char *name = strdup(site->name == NULL ? "" : site->name);
    if (name != NULL) {
        free(outlets->site_name);
        outlets->site_name = name;
    }
    for (size_t i = 0; i < outlets->targets.count; i++)
        outlets->targets.items[i].wanted = false;
    for (size_t i = 0; i < site->syslog_count; i++)
        want_target(outlets, site->syslog[i].target);
    for (size_t i = 0; i < outlets->options->syslog_count; i++)
        want_target(outlets, outlets->options->syslog[i]);
    drop_unwanted(outlets);
}

/* --- the agent ---------------------------------------------------------------------------------------------------- */

static void log_of_agent(int level, const char *text)
{
    log_line(level, "SNMP: %s", text);
}

static void start_agent(struct outlets *outlets, const struct site *site)
{
    const char *socket = outlets->options->agentx != NULL ? outlets->options->agentx : site->agentx_socket;
    if (socket != NULL && strcmp(socket, "none") == 0)
        return;
    const struct agent_options options = {.socket = socket, .pen = site->pen, .log = log_of_agent};
    int result = agent_start(&options, &outlets->agent);
    if (result < 0)
        log_line(LOG_ERR, "nothing is served by SNMP: %s", pc_strerror(result));
}

/* --- life --------------------------------------------------------------------------------------------------------- */

/* What tells the events of this run from those of another. */
static void make_boot(char boot[BOOT_TEXT])
{
    uint64_t number;
    if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != sizeof(number)) {
        struct moment now = moment_now();
        number = (uint64_t)now.wall_ms << 20 ^ (uint64_t)getpid();
    }
    snprintf(boot, BOOT_TEXT, "%016" PRIx64, number);
}

int outlets_open(const struct daemon_options *options, const struct site *site, struct outlets **ret)
{
    struct outlets *outlets = calloc(1, sizeof(*outlets));
    if (outlets == NULL)
        return -ENOMEM;
    outlets->options = options;
    make_boot(outlets->boot);
    if (gethostname(outlets->hostname, sizeof(outlets->hostname) - 1) < 0)
        outlets->hostname[0] = '\0';
    outlets_configure(outlets, site);
    start_agent(outlets, site);
    *ret = outlets;
    return 0;
}

bool outlets_close(struct outlets *outlets, unsigned timeout_ms)
{
    if (outlets == NULL)
        return true;
    for (size_t i = 0; i < outlets->targets.count; i++)
        syslog_sender_end(outlets->targets.items[i].sender, timeout_ms);
    bool ended = agent_stop(outlets->agent, timeout_ms);
    for (size_t i = 0; i < outlets->targets.count; i++)
        outlet_close(&outlets->targets.items[i], timeout_ms);
    VECTOR_DONE(&outlets->targets);
    free(outlets->site_name);
    free(outlets);
    return ended;
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static void push_event(struct outlets *outlets, struct syslog_event *event)
{
    event->id = ++outlets->last_id;
    event->boot = outlets->boot;
    event->hostname = outlets->hostname;
    event->pid = getpid();
    event->pen = outlets->pen;
    event->facility = LOG_DAEMON;
    for (size_t i = 0; i < outlets->targets.count; i++) {
        /* a message for which there is no memory is counted by the sender, and outlets_watch() tells it */
        (void)syslog_sender_push(outlets->targets.items[i].sender, event);
    }
}

void outlets_announce(struct outlets *outlets, const char *msgid, int level, const char *format, ...)
{
    struct text sentence = {0};
    va_list args;
    va_start(args, format);
    text_vprintf(&sentence, format, args);
    va_end(args);
    log_line(level, "%s", text_string(&sentence));
    struct syslog_event event = {
        .site = outlets->site_name,
        .transition.at = moment_now(),
        .message = text_string(&sentence),
        .msgid = msgid,
        .level = level,
    };
    push_event(outlets, &event);
    text_done(&sentence);
}

/* A machine whose own log receives the events already is not told twice. */
static bool has_local_target(const struct outlets *outlets)
{
    for (size_t i = 0; i < outlets->targets.count; i++) {
        if (strcmp(outlets->targets.items[i].target, "local") == 0)
            return true;
    }
    return false;
}

/* Who has to act: who answers for the waiver, else the team that the blame falls on. */
static const char *owner_of(const struct site *site, const struct finding *finding)
{
    if (finding->waived && finding->waived_owner != NULL)
        return finding->waived_owner;
    return finding->blame == BLAME_NONE ? NULL : site_team(site, blame_name(finding->blame));
}

static void tell_transition(struct outlets *outlets, const struct site *site, const struct snapshot *snapshot,
                            const struct transition *transition)
{
    struct text sentence = {0};
    tell_sentence(&sentence, transition->finding);
    log_line(has_local_target(outlets) ? LOG_DEBUG : LOG_NOTICE, "%s: %s", transition_name(transition->kind),
             text_string(&sentence));
    struct syslog_event event = {
        .site = snapshot->site,
        .vantage = snapshot->vantage,
        .transition = *transition,
        .message = text_string(&sentence),
        .owner = owner_of(site, transition->finding),
    };
    push_event(outlets, &event);
    text_done(&sentence);
}

void outlets_publish(struct outlets *outlets, const struct site *site, const struct judgement *judgement)
{
    if (outlets->agent != NULL)
        agent_publish(outlets->agent, judgement->snapshot);
    for (size_t i = 0; i < judgement->transition_count; i++)
        tell_transition(outlets, site, judgement->snapshot, &judgement->transitions[i]);
}

/* Over UDP a failure says that an earlier message found nobody; elsewhere, that messages wait. */
static void watch_one(struct outlet *outlet)
{
    struct syslog_counters now = syslog_sender_counters(outlet->sender);
    bool failing = now.failed != outlet->seen.failed, moving = now.sent != outlet->seen.sent;
    if (now.dropped != outlet->seen.dropped)
        log_line(LOG_WARNING, "syslog target %s: %" PRIu64 " messages dropped so far", outlet->target, now.dropped);
    if (failing && !outlet->troubled) {
        log_line(LOG_WARNING, "syslog target %s does not take messages; %" PRIu64 " wait", outlet->target, now.queued);
        outlet->troubled = true;
    } else if (outlet->troubled && moving && !failing) {
        log_line(LOG_NOTICE, "syslog target %s takes messages again", outlet->target);
        outlet->troubled = false;
    }
    outlet->seen = now;
}

void outlets_watch(struct outlets *outlets)
{
    for (size_t i = 0; i < outlets->targets.count; i++)
        watch_one(&outlets->targets.items[i]);
}
