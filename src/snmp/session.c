/* net-snmp set up in one of the roles. The order of what happens here matters, and was found by measurement: net-snmp
 * resets some settings in init_agent(), reads others there, and waits for a hung master 18 seconds unless told
 * otherwise. */
#include "internal.h"

#include "portconform/secret_file.h"

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <net-snmp/agent/agent_callbacks.h>
#include <net-snmp/agent/agent_sysORTable.h>
#include <net-snmp/agent/mib_modules.h>

#include <errno.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A session's own wait for the master: short, for the calls are synchronous, and once, for the next ping comes soon. */
enum { SESSION_TIMEOUT_US = 300 * 1000, SESSION_RETRIES = 0 };
enum { LINE_TEXT = 256 };
enum { ROLE_MASTER = 0 };                                            /* of net-snmp's: not a subagent */
enum { ADDRESSES_MAX = 32, ADDRESS_OCTETS = 128, AGAIN_MS = 10000 }; /* to listen at */
static const char program[] = "portconformd";

/* Parts of net-snmp's agent that have no header of their own: the configuration of users and views, and the groups that
 * every manager asks for first. */
void init_vacm_conf(void);
void init_usmConf(void);
void init_system_mib(void);
void init_snmpEngine(void);
void init_usmStats(void);
void init_snmpMPDStats(void);

static int on_log(int major, int minor, void *message, void *context)
{
    (void)major, (void)minor;
    const struct snmp_log_message *entry = message;
    struct agent *agent = context;
    if (entry == NULL || entry->msg == NULL || agent->listening.quiet)
        return 0;
    if (strstr(entry->msg, "Failed to connect to the agentx master agent") == NULL) {
        agent_log(agent, entry->priority, entry->msg);
        return 0;
    }
    /* in words that say where, and what to do */
    char text[LOG_TEXT];
    snprintf(
        text, sizeof(text),
        "no master agent answers at %s: is snmpd running, with agentx, and may this user reach its socket? It is tried "
        "again and again; --agentx none does without",
        agent->options.socket != NULL ? agent->options.socket : AGENT_USUAL_SOCKET);
    agent_log(agent, entry->priority, text);
    return 0;
}

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
    (void)major, (void)minor;
    struct agent *agent = context;
    agent->session = session;
    agent_set_connected(agent, true);
    agent->notifier.due = true;
    mark_descriptors();
    return 0;
}

static int on_disconnected(int major, int minor, void *session, void *context)
{
    (void)major, (void)minor, (void)session;
    struct agent *agent = context;
    agent->session = NULL;
    agent_set_connected(agent, false);
    notify_disconnected(agent);
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

/* --- configuration of an agent of its own ------------------------------------------------------------------------- */

static void remember(const char *line)
{
    char copy[LINE_TEXT]; /* it takes the line apart */
    snprintf(copy, sizeof(copy), "%s", line);
    netsnmp_config_remember(copy);
}

/* Communities and pass phrases are in it: others may not read it, and nobody but its owner may write it. */
static bool may_be_read(struct agent *agent, const char *path)
{
    struct stat status;
    char text[LOG_TEXT];
    if (stat(path, &status) < 0)
        return false;
    bool good = (secret_file_flaws(&status) & (SECRET_FILE_IRREGULAR | SECRET_FILE_FOREIGN | SECRET_FILE_OPEN)) == 0;
    if (!good) {
        snprintf(text, sizeof(text), "%s is not read: it must be root's or one's own, and no business of others (0640)",
                 path);
        agent_log(agent, LOG_ERR, text);
    }
    return good;
}

static bool is_loopback(const char *listen)
{
    static const char *const forms[] = {"udp:127.", "udp6:[::1]", "tcp:127.", "tcp6:[::1]"};
    for (const char *at = listen; at != NULL; at = strchr(at, ',')) {
        bool good = false;
        at += *at == ',';
        for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
            good = good || strncmp(at, forms[i], strlen(forms[i])) == 0;
        if (!good)
            return false;
    }
    return true;
}

/* Without a configuration: whoever is on this machine may read what the module says. */
static void allow_loopback(struct agent *agent)
{
    char line[LINE_TEXT], root[LINE_TEXT / 2];
    size_t used = 0;
    for (size_t i = 0; i < agent->module_length; i++)
        used += (size_t)snprintf(root + used, sizeof(root) - used, ".%lu", (unsigned long)agent->module[i]);
    snprintf(line, sizeof(line), "view portconform included %s", root);
    remember(line);
    remember("view portconform included .1.3.6.1.2.1.1");
    remember("rocommunity public 127.0.0.1 -V portconform");
    remember("rocommunity6 public ::1 -V portconform");
}

static void configure_alone(struct agent *agent)
{
    const bool is_usual = agent->options.config == NULL;
    const char *path = is_usual ? PC_SYSCONFDIR "/snmp/portconformd.conf" : agent->options.config;
    const bool absent = access(path, F_OK) < 0 && errno == ENOENT;
    struct engine engine;
    char text[LOG_TEXT];
    if (engine_begin(agent->options.state, &engine) < 0)
        agent_log(agent, LOG_WARNING, "the engine's boots cannot be kept: SNMPv3 managers see a new engine each time");
    for (size_t i = 0; i < engine.count; i++)
        remember(engine.lines[i]);
    if (may_be_read(agent, path)) {
        netsnmp_ds_set_string(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_OPTIONALCONFIG, path);
    } else if (is_usual && absent && is_loopback(agent->options.listen)) {
        allow_loopback(agent);
        agent_log(agent, LOG_NOTICE,
                  "there is no " PC_SYSCONFDIR
                  "/snmp/portconformd.conf: this machine may read by the community public, nobody else");
    } else {
        snprintf(text, sizeof(text), "nobody may read by SNMP: %s%s%s", absent ? "there is no " : "", path,
                 absent ? " that names communities or users" : " is not read");
        agent_log(agent, LOG_WARNING, text);
    }
}

/* --- life --------------------------------------------------------------------------------------------------------- */

/* A master of net-snmp's would serve SMUX as well, on TCP port 199 of every address. */
static void leave_smux(void)
{
    char not_smux[] = "-smux"; /* it takes the list apart */
    add_to_init_list(not_smux);
}

static void set_before(struct agent *agent)
{
    bool alone = agent->options.listen != NULL;
    snmp_disable_log();
    snmp_enable_calllog();
    snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, on_log, agent);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_ALARM_DONT_USE_SIG, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_DONT_LOG_TCPWRAPPERS_CONNECTS, 1);
    if (alone) {
        netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_ROLE, ROLE_MASTER);
        netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_PORTS, "none"); /* session_listen() does */
        leave_smux();
        return;
    }
    netsnmp_enable_subagent();
    if (agent->options.socket != NULL)
        netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET, agent->options.socket);
    snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_SESSION_INIT, on_session_init, agent);
    snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_START, on_connected, agent);
    snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_STOP, on_disconnected, agent);
}

static void set_groups_of_every_agent(void)
{
    init_vacm_conf();
    init_usmConf();
    init_system_mib();
    init_snmpEngine();
    init_usmStats();
    init_snmpMPDStats();
}

/* The next address of a list with commas; empty: it is too long to be one. False: behind the last. */
static bool next_address(const char **at, char ret[ADDRESS_OCTETS])
{
    *at += strspn(*at, ", ");
    size_t length = strcspn(*at, ",");
    snprintf(ret, ADDRESS_OCTETS, "%.*s", (int)(length < ADDRESS_OCTETS ? length : 0), *at);
    *at += length;
    return length > 0;
}

/* `error`: of the attempt, as far as net-snmp left it behind; 0: unknown. */
static void tell_listening(struct agent *agent, const char *address, bool opened, bool again, int error)
{
    char text[LOG_TEXT];
    if (opened && again)
        snprintf(text, sizeof(text), "listens at %s now", address);
    else if (!opened && !again)
        snprintf(text, sizeof(text), "cannot listen at %s%s%s; it is tried again every %d seconds", address,
                 error == 0 ? "" : ": ", error == 0 ? "" : strerror(error), AGAIN_MS / 1000);
    else
        return;
    agent_log(agent, opened ? LOG_NOTICE : LOG_ERR, text);
}

void session_listen(struct agent *agent)
{
    int64_t now_ms = agent_now_ms();
    char address[ADDRESS_OCTETS];
    const char *at = agent->options.listen;
    if (at == NULL || agent->listening.done || now_ms < agent->listening.again_ms)
        return;
    bool again = agent->listening.again_ms > 0, all = true;
    for (unsigned i = 0; i < ADDRESSES_MAX && next_address(&at, address); i++) {
        if (agent->listening.opened & 1U << i)
            continue;
        agent->listening.quiet = true; /* net-snmp does not tell why */
        errno = 0;
        bool opened = address[0] != '\0' && netsnmp_agent_listen_on(address) >= 0;
        int error = errno;
        agent->listening.quiet = false;
        tell_listening(agent, address, opened, again, opened ? 0 : error);
        agent->listening.opened |= opened ? 1U << i : 0;
        all = all && opened;
    }
    if (agent->listening.opened != 0 && !agent_connected(agent))
        agent_set_connected(agent, true);
    agent->listening.done = all;
    agent->listening.again_ms = now_ms + AGAIN_MS;
    mark_descriptors();
}

bool session_open(struct agent *agent)
{
    bool alone = agent->options.listen != NULL;
    set_before(agent);
    if (init_agent(program) != 0)
        return false;
    /* only now: init_agent() sets it to 15 */
    netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL,
                       agent->options.interval_s == 0 ? 1 : (int)agent->options.interval_s);
    set_module(agent);
    if (alone) {
        set_groups_of_every_agent();
        configure_alone(agent);
    }
    if (!requests_register(agent))
        return false;
    init_snmp(program);
    if (init_master_agent() != 0)
        return false;
    session_listen(agent);
    mark_descriptors();
    return true;
}

/* The callbacks go first: what is left of them in snmp_shutdown(), net-snmp frees with their context, which is ours. */
void session_close(struct agent *agent)
{
    snmp_unregister_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_START, on_connected, agent, 1);
    snmp_unregister_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_STOP, on_disconnected, agent, 1);
    snmp_unregister_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_SESSION_INIT, on_session_init, agent, 1);
    snmp_unregister_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, on_log, agent, 1);
    unregister_sysORTable(agent->module, agent->module_length);
    snmp_shutdown(program);
}
