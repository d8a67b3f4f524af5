/* The AgentX subagent's thread. The order of what agent_open() does matters, and was found by measurement: net-snmp
 * resets some settings in init_agent(), reads others there, and waits for a hung master 18 seconds unless told
 * otherwise. */
#include "portconform/agent.h"

#include "objects.h"

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <net-snmp/agent/agent_callbacks.h>
#include <net-snmp/agent/agent_sysORTable.h>
#include <net-snmp/library/large_fd_set.h>

#include <errno.h>
#include <linux/close_range.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A session's own wait for the master: short, for the calls are synchronous, and once, for the next ping comes soon. */
enum { SESSION_TIMEOUT_US = 300 * 1000, SESSION_RETRIES = 0 };
/* At least so often the loop goes round, whatever net-snmp believes. */
enum { TURN_S = 1 };
enum { LOG_TEXT = 256 };

struct agent {
    pthread_t thread;
    int wake;  /* eventfd: something was published, or stop */
    int ended; /* eventfd: the thread has done its last */
    atomic_bool stop;
    atomic_bool connected;
    struct agent_options options;
    char *socket;

    pthread_mutex_t lock;     /* of `pending`, held for the swap of a pointer */
    struct snapshot *pending; /* published and not yet taken over */

    /* the thread's own */
    uint64_t generation; /* of what was taken from the publication */
    struct numbering numbering;
    struct mib_view *view;
    oid module[MAX_OID_LEN]; /* portconformMIB */
    size_t module_length;
    char last_text[LOG_TEXT];
};

static atomic_flag agent_exists = ATOMIC_FLAG_INIT;

/* --- log --------------------------------------------------------------------------------------------------------- */

/* net-snmp repeats itself at every attempt to connect; the same line twice in a row is told once. */
static void agent_log(struct agent *agent, int level, const char *text)
{
    char line[LOG_TEXT];
    size_t length = strcspn(text, "\n");
    while (length > 0 && strchr(": ", text[length - 1]) != NULL) /* of a reason that it does not know */
        length--;
    if (agent->options.log == NULL || length == 0)
        return;
    snprintf(line, sizeof(line), "%.*s", (int)(length < sizeof(line) ? length : sizeof(line) - 1), text);
    if (strcmp(line, agent->last_text) == 0)
        return;
    memcpy(agent->last_text, line, sizeof(line));
    agent->options.log(level, line);
}

static int on_log(int major, int minor, void *message, void *context)
{
    (void)major, (void)minor;
    const struct snmp_log_message *entry = message;
    if (entry != NULL && entry->msg != NULL)
        agent_log(context, entry->priority, entry->msg);
    return 0;
}

/* --- requests ---------------------------------------------------------------------------------------------------- */

static void answer(netsnmp_request_info *request, const struct mib_value *value)
{
    if (value->type == MIB_OCTETS) {
        snmp_set_var_typed_value(request->requestvb, ASN_OCTET_STR, value->octets, value->length);
    } else if (value->type == MIB_GAUGE) {
        u_long gauge = (u_long)value->number;
        snmp_set_var_typed_value(request->requestvb, ASN_GAUGE, &gauge, sizeof(gauge));
    } else {
        long integer = (long)value->number;
        snmp_set_var_typed_value(request->requestvb, ASN_INTEGER, &integer, sizeof(integer));
    }
}

static void answer_get(const struct agent *agent, size_t root_length, netsnmp_agent_request_info *info,
                       netsnmp_request_info *request)
{
    static const int errors[] = {[MIB_NO_OBJECT] = SNMP_NOSUCHOBJECT, [MIB_NO_INSTANCE] = SNMP_NOSUCHINSTANCE};
    struct mib_value value;
    enum mib_answer found = mib_get(agent->view, moment_now(), request->requestvb->name + root_length,
                                    request->requestvb->name_length - root_length, &value);
    if (found == MIB_FOUND)
        answer(request, &value);
    else
        netsnmp_set_request_error(info, request, errors[found]);
}

/* Left unanswered when nothing follows: net-snmp then goes on behind our part of the tree. */
static void answer_next(const struct agent *agent, const netsnmp_handler_registration *registration,
                        netsnmp_request_info *request)
{
    const oid *root = registration->rootoid;
    size_t root_length = registration->rootoid_len;
    const netsnmp_variable_list *asked = request->requestvb;
    oid name[MAX_OID_LEN];
    struct mib_instance next;
    const oid *from = NULL;
    size_t length = 0;
    if (asked->name_length >= root_length && snmp_oid_compare(asked->name, root_length, root, root_length) == 0) {
        from = asked->name + root_length;
        length = asked->name_length - root_length;
    } else if (snmp_oid_compare(asked->name, asked->name_length, root, root_length) > 0) {
        return;
    }
    struct moment now = moment_now();
    if (request->inclusive && mib_get(agent->view, now, from, length, &next.value) == MIB_FOUND) {
        answer(request, &next.value);
        return;
    }
    if (!mib_next(agent->view, now, from, length, &next))
        return;
    memcpy(name, root, root_length * sizeof(oid));
    memcpy(name + root_length, next.oid, next.length * sizeof(oid));
    snmp_set_var_objid(request->requestvb, name, root_length + next.length);
    answer(request, &next.value);
}

static int on_request(netsnmp_mib_handler *handler, netsnmp_handler_registration *registration,
                      netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
    const struct agent *agent = handler->myvoid;
    for (netsnmp_request_info *request = requests; request != NULL; request = request->next) {
        if (request->processed)
            continue;
        if (info->mode == MODE_GET)
            answer_get(agent, registration->rootoid_len, info, request);
        else if (info->mode == MODE_GETNEXT)
            answer_next(agent, registration, request);
    }
    return SNMP_ERR_NOERROR;
}

/* --- sessions ---------------------------------------------------------------------------------------------------- */

static int on_session_init(int major, int minor, void *session, void *context)
{
    (void)major, (void)minor, (void)context;
    ((netsnmp_session *)session)->timeout = SESSION_TIMEOUT_US;
    ((netsnmp_session *)session)->retries = SESSION_RETRIES;
    return 0;
}

/* A child of the program must not inherit what net-snmp opens without close-on-exec: the master's socket and a pipe.
 * Every other descriptor of the program above the standard ones is close-on-exec from birth. */
static void mark_descriptors(void)
{
    /* a kernel that cannot do it leaves a child with a socket too many, no worse */
    (void)close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
}

static int on_connected(int major, int minor, void *session, void *context)
{
    (void)major, (void)minor, (void)session;
    struct agent *agent = context;
    atomic_store(&agent->connected, true);
    mark_descriptors();
    return 0;
}

static int on_disconnected(int major, int minor, void *session, void *context)
{
    (void)major, (void)minor, (void)session;
    struct agent *agent = context;
    atomic_store(&agent->connected, false);
    return 0;
}

static void set_module(struct agent *agent)
{
    static const oid local_use[] = {1, 3, 6, 1, 4, 1, 8072, 9999, 9999};
    const oid own[] = {1, 3, 6, 1, 4, 1, agent->options.pen, 9999};
    bool is_local = agent->options.pen == 0;
    agent->module_length = is_local ? OID_LENGTH(local_use) : OID_LENGTH(own);
    memcpy(agent->module, is_local ? local_use : own, is_local ? sizeof(local_use) : sizeof(own));
}

static bool register_objects(struct agent *agent)
{
    oid objects[MAX_OID_LEN];
    memcpy(objects, agent->module, agent->module_length * sizeof(oid));
    objects[agent->module_length] = 1;
    netsnmp_mib_handler *handler = netsnmp_create_handler("portconform", on_request);
    if (handler == NULL)
        return false;
    handler->myvoid = agent;
    netsnmp_handler_registration *registration = netsnmp_handler_registration_create(
        "portconform", handler, objects, agent->module_length + 1, HANDLER_CAN_RONLY);
    if (registration == NULL) {
        netsnmp_handler_free(handler);
        return false;
    }
    if (netsnmp_register_handler(registration) != MIB_REGISTERED_OK)
        return false; /* it has freed the registration */
    register_sysORTable(agent->module, agent->module_length, "The findings of Portconform");
    return true;
}

static bool agent_open(struct agent *agent)
{
    netsnmp_enable_subagent();
    snmp_disable_log();
    snmp_enable_calllog();
    snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, on_log, agent);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_ALARM_DONT_USE_SIG, 1);
    if (agent->socket != NULL)
        netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET, agent->socket);
    snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_SESSION_INIT, on_session_init, agent);
    snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_START, on_connected, agent);
    snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_STOP, on_disconnected, agent);
    if (init_agent("portconformd") != 0)
        return false;
    /* only now: init_agent() sets it to 15 */
    netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL,
                       agent->options.interval_s == 0 ? 1 : (int)agent->options.interval_s);
    set_module(agent);
    if (!register_objects(agent))
        return false;
    init_snmp("portconformd");
    mark_descriptors();
    return true;
}

/* The callbacks go first: what is left of them in snmp_shutdown(), net-snmp frees with their context, which is ours. */
static void agent_close(struct agent *agent)
{
    snmp_unregister_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_START, on_connected, agent, 1);
    snmp_unregister_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_STOP, on_disconnected, agent, 1);
    snmp_unregister_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_SESSION_INIT, on_session_init, agent, 1);
    snmp_unregister_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, on_log, agent, 1);
    unregister_sysORTable(agent->module, agent->module_length);
    snmp_shutdown("portconformd");
}

static void signal_event(int event)
{
    uint64_t one = 1;
    (void)!write(event, &one, sizeof(one)); /* a full counter is an event too */
}

/* --- the thread -------------------------------------------------------------------------------------------------- */

static struct snapshot *take_published(struct agent *agent)
{
    struct publication *publication = agent->options.publication;
    uint64_t generation = publication == NULL ? 0 : publication_generation(publication);
    if (generation != agent->generation) {
        agent->generation = generation;
        return publication_snapshot(publication, NULL);
    }
    pthread_mutex_lock(&agent->lock);
    struct snapshot *snapshot = agent->pending;
    agent->pending = NULL;
    pthread_mutex_unlock(&agent->lock);
    return snapshot;
}

static void adopt_pending(struct agent *agent)
{
    struct snapshot *snapshot = take_published(agent);
    if (snapshot == NULL)
        return;
    struct mib_view *view;
    if (mib_view_new(snapshot, &agent->numbering, &view) == 0) {
        mib_view_free(agent->view);
        agent->view = view;
    } else {
        agent_log(agent, LOG_ERR, "out of memory: SNMP goes on serving the findings of the cycle before");
    }
    snapshot_unref(snapshot);
}

/* One wait for whatever comes first: a request, an alarm of net-snmp's, or somebody of ours. */
static void agent_turn(struct agent *agent, netsnmp_large_fd_set *set)
{
    int count = 0, block = 0;
    struct timeval timeout = {.tv_sec = TURN_S};
    NETSNMP_LARGE_FD_ZERO(set);
    snmp_select_info2(&count, set, &timeout, &block);
    NETSNMP_LARGE_FD_SET(agent->wake, set);
    if (agent->wake >= count)
        count = agent->wake + 1;
    int ready = netsnmp_large_fd_set_select(count, set, NULL, NULL, &timeout);
    if (ready > 0) {
        uint64_t times;
        if (NETSNMP_LARGE_FD_ISSET(agent->wake, set) && read(agent->wake, &times, sizeof(times)) > 0)
            NETSNMP_LARGE_FD_CLR(agent->wake, set);
        snmp_read2(set);
    } else if (ready == 0) {
        snmp_timeout();
    }
    run_alarms();
    netsnmp_check_outstanding_agent_requests();
}

static void *agent_main(void *context)
{
    struct agent *agent = context;
    netsnmp_large_fd_set set;
    netsnmp_large_fd_set_init(&set, FD_SETSIZE);
    bool open = agent_open(agent);
    if (!open)
        agent_log(agent, LOG_ERR, "the SNMP library could not be set up: nothing is served by SNMP");
    while (open && !atomic_load(&agent->stop)) {
        adopt_pending(agent);
        agent_turn(agent, &set);
    }
    agent_close(agent);
    atomic_store(&agent->connected, false);
    netsnmp_large_fd_set_cleanup(&set);
    signal_event(agent->ended);
    return NULL;
}

/* --- what others call -------------------------------------------------------------------------------------------- */

static void agent_free(struct agent *agent)
{
    if (agent == NULL)
        return;
    if (agent->wake >= 0)
        close(agent->wake);
    if (agent->ended >= 0)
        close(agent->ended);
    snapshot_unref(agent->pending);
    mib_view_free(agent->view);
    numbering_done(&agent->numbering);
    pthread_mutex_destroy(&agent->lock);
    free(agent->socket);
    free(agent);
    atomic_flag_clear(&agent_exists);
}

static int agent_new(const struct agent_options *options, struct agent **ret)
{
    if (atomic_flag_test_and_set(&agent_exists))
        return -EBUSY;
    struct agent *agent = calloc(1, sizeof(*agent));
    if (agent == NULL) {
        atomic_flag_clear(&agent_exists);
        return -ENOMEM;
    }
    pthread_mutex_init(&agent->lock, NULL);
    agent->options = *options;
    agent->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    agent->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int result = agent->wake < 0 || agent->ended < 0 ? -errno : 0;
    if (result == 0 && options->socket != NULL) {
        agent->socket = strdup(options->socket);
        result = agent->socket == NULL ? -ENOMEM : 0;
    }
    if (result == 0)
        result = mib_view_new(NULL, &agent->numbering, &agent->view);
    if (result < 0) {
        agent_free(agent);
        return result;
    }
    *ret = agent;
    return 0;
}

int agent_start(const struct agent_options *options, struct agent **ret)
{
    struct agent *agent;
    int result = agent_new(options, &agent);
    if (result < 0)
        return result;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* the thread inherits it: signals are for the main loop */
    result = -pthread_create(&agent->thread, NULL, agent_main, agent);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result < 0) {
        agent_free(agent);
        return result;
    }
    *ret = agent;
    return 0;
}

void agent_publish(struct agent *agent, struct snapshot *snapshot)
{
    snapshot_ref(snapshot);
    pthread_mutex_lock(&agent->lock);
    struct snapshot *before = agent->pending;
    agent->pending = snapshot;
    pthread_mutex_unlock(&agent->lock);
    snapshot_unref(before);
    signal_event(agent->wake);
}

void agent_wake(struct agent *agent)
{
    if (agent != NULL)
        signal_event(agent->wake);
}

int agent_status(struct agent *agent, struct arena *arena, struct sink_status *ret)
{
    const char *socket = agent->socket == NULL ? "unix:/var/agentx/master" : agent->socket;
    struct sink_status status = {.name = "snmp", .target = arena_strdup(arena, socket)};
    if (status.target == NULL)
        return -ENOMEM;
    status.state = agent_connected(agent) ? SINK_UP : SINK_DOWN;
    *ret = status;
    return 0;
}

int agent_listen_check(const char *listen)
{
    static const char *const transports[] = {"udp:", "udp6:", "tcp:", "tcp6:"};
    for (const char *at = listen; at != NULL; at = strchr(at, ',')) {
        at += at != listen;
        size_t length = strcspn(at, ","), prefix = 0;
        for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
            if (strncmp(at, transports[i], strlen(transports[i])) == 0)
                prefix = strlen(transports[i]);
        }
        size_t digits = 0;
        while (digits < length && at[length - digits - 1] >= '0' && at[length - digits - 1] <= '9')
            digits++;
        if (prefix == 0 || digits == 0 || digits > 5 || length < prefix + digits)
            return -EINVAL;
        long port = strtol(at + length - digits, NULL, 10);
        if (port < 1 || port > 65535 || strchr(":", at[length - digits - 1]) == NULL)
            return -EINVAL;
    }
    return listen == NULL ? -EINVAL : 0;
}

bool agent_connected(const struct agent *agent)
{
    return atomic_load(&agent->connected);
}

bool agent_stop(struct agent *agent, unsigned timeout_ms)
{
    if (agent == NULL)
        return true;
    struct pollfd ended = {.fd = agent->ended, .events = POLLIN};
    atomic_store(&agent->stop, true);
    signal_event(agent->wake);
    if (poll(&ended, 1, (int)timeout_ms) <= 0) {
        pthread_detach(agent->thread);
        return false;
    }
    pthread_join(agent->thread, NULL);
    agent_free(agent);
    return true;
}
