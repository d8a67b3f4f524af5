/* One agent's session of net-snmp: asynchronous, one request under way. */
#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/library/large_fd_set.h>

#include "answer.h"
#include "child.h"

#include "portconform/text.h"
#include <errno.h>
#include <string.h>

void session_start(void)
{
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE, 1);
    snmp_disable_log();
    init_snmp("portconform-collector");
}

/* --- answers ----------------------------------------------------------------------------------------------------- */

static void take_response(struct job *job, const netsnmp_pdu *pdu)
{
    static struct mib_binding bindings[READING_ASK_MAX * 4];
    struct reading_answer answer = answer_of(pdu, bindings, sizeof(bindings) / sizeof(bindings[0]));
    job->missed = 0;
    if (reading_take(&job->reading, &answer) < 0)
        job_fail(job, -ENOMEM, "out of memory");
}

/* --- reports: what an engine says instead of an answer (RFC 3414 section 3.2) ------------------------------------ */

static const oid usm_stats[] = {1, 3, 6, 1, 6, 3, 15, 1, 1};

static const struct report {
    oid id;
    int error;
    const char *text;
} reports[] = {
    {1, -EACCES, "authentication failed: the agent does not accept this security level for the user"},
    {2, -EACCES, "authentication failed: the agent's clock and ours of it do not meet"},
    {3, -EACCES, "authentication failed: the agent does not know the user"},
    {4, -EACCES, "the agent changed its engine id while it was asked"},
    {5, -EACCES, "authentication failed: wrong pass phrase, or another protocol than the agent's"},
    {6, -EACCES, "decryption failed at the agent: wrong privacy pass phrase, or another protocol than the agent's"},
};

static void take_report(struct job *job, const netsnmp_pdu *pdu)
{
    const netsnmp_variable_list *variable = pdu->variables;
    char agent[ADDRESS_TEXT + 16];
    job_agent(job, agent, sizeof(agent));
    for (size_t i = 0; variable && i < sizeof(reports) / sizeof(reports[0]); i++) {
        if (variable->name_length <= OID_LENGTH(usm_stats) ||
            memcmp(variable->name, usm_stats, sizeof(usm_stats)) != 0 ||
            variable->name[OID_LENGTH(usm_stats)] != reports[i].id)
            continue;
        job_fail(job, reports[i].error, "%s, %s", agent, reports[i].text);
        return;
    }
    job_fail(job, -EPROTO, "%s answered with a report that says nothing", agent);
}

static void take_discovery(struct job *job, const netsnmp_pdu *pdu)
{
    char agent[ADDRESS_TEXT + 16];
    if (pdu->command != SNMP_MSG_REPORT || pdu->securityEngineIDLen < 5 || pdu->securityEngineIDLen > ENGINE_MAX) {
        job_fail(job, -EPROTO, "%s did not tell its engine id", job_agent(job, agent, sizeof(agent)));
        return;
    }
    job->engine_length = pdu->securityEngineIDLen;
    memcpy(job->engine, pdu->securityEngineID, job->engine_length);
    job->missed = 0;
    job->state = JOB_READING;
}

/* --- callbacks --------------------------------------------------------------------------------------------------- */

/* The library matches answers by their ids alone. */
static bool comes_from_agent(const struct job *job, const netsnmp_pdu *pdu)
{
    struct sockaddr_storage storage = {.ss_family = AF_UNSPEC};
    size_t needed = job->order.address.family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    uint16_t port = 0;
    if (!pdu->transport_data || pdu->transport_data_length < (int)needed)
        return false;
    memcpy(&storage, pdu->transport_data, needed);
    struct address from = address_from_sockaddr((const struct sockaddr *)&storage, &port);
    from.zone = job->order.address.zone;
    return port == job->order.port && address_equal(&from, &job->order.address);
}

static void take_silence(struct job *job)
{
    char agent[ADDRESS_TEXT + 16];
    job_agent(job, agent, sizeof(agent));
    if (job->state == JOB_READING && job->reading.answered)
        reading_missed(&job->reading, "the agent fell silent", ++job->missed > 1);
    else if (job->strange_source)
        job_fail(job, -ETIMEDOUT, "%s: answers came from another address than the one that was asked", agent);
    else if (job->order.version == ACCESS_V3)
        job_fail(job, -ETIMEDOUT, "%s did not answer over SNMP: %s", agent,
                 job->state == JOB_DISCOVERING
                     ? "no agent, or a filter on the way"
                     : "wrong privacy pass phrase or protocol, or its answers do not reach us");
    else
        job_fail(job, -ETIMEDOUT, "%s did not answer over SNMP: no agent, a wrong community, or a filter on the way",
                 agent);
}

/* 1: the request is done with. */
static int take_message(struct job *job, const netsnmp_pdu *pdu)
{
    if (!comes_from_agent(job, pdu)) {
        job->strange_source = true;
        return 0;
    }
    job->under_way = false;
    if (job->state == JOB_DISCOVERING)
        take_discovery(job, pdu);
    else if (pdu->command == SNMP_MSG_REPORT)
        take_report(job, pdu);
    else if (pdu->command == SNMP_MSG_RESPONSE)
        take_response(job, pdu);
    else
        take_silence(job);
    return 1;
}

static int on_event(int operation, netsnmp_session *session, int request, netsnmp_pdu *pdu, void *magic)
{
    struct job *job = magic;
    (void)session;
    (void)request;
    if (operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE)
        return take_message(job, pdu);
    if (operation != NETSNMP_CALLBACK_OP_TIMED_OUT && operation != NETSNMP_CALLBACK_OP_SEND_FAILED &&
        operation != NETSNMP_CALLBACK_OP_DISCONNECT)
        return 1; /* a report is told as an error of security first, and then as a message */
    job->under_way = false;
    take_silence(job);
    return 1;
}

/* --- sessions ---------------------------------------------------------------------------------------------------- */

static void fail_by_library(struct job *job, const char *what)
{
    char agent[ADDRESS_TEXT + 16];
    netsnmp_session *session = job->session ? snmp_sess_session(job->session) : NULL;
    int error = session ? session->s_errno : 0;
    int code = session ? session->s_snmp_errno : snmp_errno;
    job_fail(job, error > 0 ? -error : -EIO, "%s: %s: %s", job_agent(job, agent, sizeof(agent)), what,
             error > 0 ? strerror(error) : snmp_api_errstring(code));
}

/* What the session knows of the user; keys are copied by the library. */
static bool set_user(struct job *job, netsnmp_session *session, struct key *auth, struct key *priv)
{
    const struct wire_order *order = &job->order;
    session->securityModel = SNMP_SEC_MODEL_USM;
    session->securityName = job->order.user;
    session->securityNameLen = strlen(order->user);
    session->securityEngineID = session->contextEngineID = job->engine;
    session->securityEngineIDLen = session->contextEngineIDLen = job->engine_length;
    session->contextName = job->order.context;
    session->contextNameLen = strlen(order->context);
    session->securityLevel = order->auth == ACCESS_AUTH_NONE   ? SNMP_SEC_LEVEL_NOAUTH
                             : order->priv == ACCESS_PRIV_NONE ? SNMP_SEC_LEVEL_AUTHNOPRIV
                                                               : SNMP_SEC_LEVEL_AUTHPRIV;
    session->securityAuthProto = (oid *)(uintptr_t)key_auth_protocol(order->auth, &session->securityAuthProtoLen);
    session->securityPrivProto = (oid *)(uintptr_t)key_priv_protocol(order->priv, &session->securityPrivProtoLen);
    if (!session->securityAuthProto || !session->securityPrivProto)
        return false;
    if (order->auth != ACCESS_AUTH_NONE) {
        if (!key_make(order->auth, order->auth_secret, auth))
            return false;
        memcpy(session->securityAuthKey, auth->octets, auth->length);
        session->securityAuthKeyLen = auth->length;
    }
    if (order->priv != ACCESS_PRIV_NONE) {
        if (!key_make(order->auth, order->priv_secret, priv))
            return false;
        memcpy(session->securityPrivKey, priv->octets, priv->length);
        session->securityPrivKeyLen = priv->length;
    }
    return true;
}

static void set_discovery(netsnmp_session *session)
{
    static char nobody[] = "";
    session->securityModel = SNMP_SEC_MODEL_USM;
    session->securityLevel = SNMP_SEC_LEVEL_NOAUTH;
    session->securityName = nobody;
    session->flags |= SNMP_FLAGS_DONT_PROBE;
}

static void set_version(const struct wire_order *order, netsnmp_session *session)
{
    session->version = order->version == ACCESS_V1    ? SNMP_VERSION_1
                       : order->version == ACCESS_V2C ? SNMP_VERSION_2c
                                                      : SNMP_VERSION_3;
}

int collect_session_open(struct job *job)
{
    netsnmp_session session;
    struct key auth = {.length = 0}, priv = {.length = 0};
    char peer[ADDRESS_TEXT + 32], agent[ADDRESS_TEXT + 16];
    bool known = true;
    job->discovers = job->state == JOB_DISCOVERING;
    snprintf(peer, sizeof(peer), "%s:%s", job->order.address.family == AF_INET6 ? "udp6" : "udp",
             job_agent(job, agent, sizeof(agent)));
    snmp_sess_init(&session);
    session.peername = peer;
    session.timeout = (long)job->order.timeout_ms * 1000;
    session.retries = (int)job->order.retries;
    session.callback = on_event;
    session.callback_magic = job;
    set_version(&job->order, &session);
    if (job->order.version != ACCESS_V3) {
        session.community = (u_char *)job->order.community;
        session.community_len = strlen(job->order.community);
    } else if (job->state == JOB_DISCOVERING) {
        set_discovery(&session);
    } else {
        known = set_user(job, &session, &auth, &priv);
    }
    if (known)
        job->session = snmp_sess_open(&session);
    explicit_bzero(&auth, sizeof(auth));
    explicit_bzero(&priv, sizeof(priv));
    explicit_bzero(session.securityAuthKey, sizeof(session.securityAuthKey));
    explicit_bzero(session.securityPrivKey, sizeof(session.securityPrivKey));
    if (!known)
        job_fail(job, -ENOTSUP, "the SNMP library of this machine cannot do this authentication or encryption");
    else if (!job->session)
        fail_by_library(job, "no session");
    if (!job->session)
        return -EIO;
    if (job->discovers) /* forgotten by the opening: the library would ask by itself, and wait for the answer */
        snmp_sess_session(job->session)->flags |= SNMP_FLAGS_DONT_PROBE;
    job->fd = snmp_sess_transport(job->session)->sock;
    return 0;
}

void collect_session_close(struct job *job)
{
    if (job->session)
        snmp_sess_close(job->session);
    job->session = NULL;
    job->fd = -1;
    job->under_way = false;
}

/* --- requests ---------------------------------------------------------------------------------------------------- */

/* The library sends nothing without a user: one without a name, of no engine. */
static bool ensure_nobody(void)
{
    static const char name[] = "";
    if (usm_get_user(NULL, 0, name))
        return true;
    struct usmUser *nobody = usm_create_user(); /* neither authenticated nor encrypted */
    if (!nobody)
        return false;
    nobody->name = strdup(name);
    nobody->secName = strdup(name);
    if (nobody->name && nobody->secName && usm_add_user(nobody))
        return true;
    usm_free_user(nobody);
    return false;
}

/* An engine tells its id to who asks it anything without one (RFC 3414 section 4). */
static netsnmp_pdu *make_discovery(void)
{
    netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);
    if (!pdu)
        return NULL;
    pdu->version = SNMP_VERSION_3;
    pdu->securityName = strdup("");
    pdu->securityLevel = SNMP_SEC_LEVEL_NOAUTH;
    pdu->securityModel = SNMP_SEC_MODEL_USM;
    if (!pdu->securityName || !ensure_nobody()) {
        snmp_free_pdu(pdu);
        return NULL;
    }
    return pdu;
}

static netsnmp_pdu *make_request(const struct reading_ask *ask)
{
    static const int commands[] = {
        [ASK_GET] = SNMP_MSG_GET, [ASK_NEXT] = SNMP_MSG_GETNEXT, [ASK_BULK] = SNMP_MSG_GETBULK};
    netsnmp_pdu *pdu = snmp_pdu_create(commands[ask->kind]);
    if (!pdu)
        return NULL;
    if (ask->kind == ASK_BULK) {
        pdu->non_repeaters = 0;
        pdu->max_repetitions = ask->repetitions;
    }
    for (size_t i = 0; i < ask->count; i++) {
        oid ids[MIB_NAME_MAX];
        for (unsigned j = 0; j < ask->names[i].length; j++)
            ids[j] = ask->names[i].ids[j];
        if (!snmp_add_null_var(pdu, ids, ask->names[i].length)) {
            snmp_free_pdu(pdu);
            return NULL;
        }
    }
    return pdu;
}

static void set_due(struct job *job)
{
    int highest = 0, blocks = 1;
    struct timeval wait = {0, 0};
    netsnmp_large_fd_set set;
    netsnmp_large_fd_set_init(&set, FD_SETSIZE);
    snmp_sess_select_info2(job->session, &highest, &set, &wait, &blocks);
    netsnmp_large_fd_set_cleanup(&set);
    job->due_ms = blocks ? INT64_MAX : moment_now().mono_ms + (int64_t)wait.tv_sec * 1000 + wait.tv_usec / 1000 + 1;
}

bool session_ask(struct job *job)
{
    struct reading_ask ask = {0};
    if (job->state == JOB_READING && !reading_next(&job->reading, &ask))
        return false;
    netsnmp_pdu *pdu = job->state == JOB_DISCOVERING ? make_discovery() : make_request(&ask);
    if (!pdu) {
        job_fail(job, -ENOMEM, "out of memory");
        return false;
    }
    job->under_way = true;
    clock_lend(job);
    int request = snmp_sess_async_send(job->session, pdu, on_event, job);
    clock_take_back(job);
    if (request == 0) {
        job->under_way = false;
        snmp_free_pdu(pdu);
        fail_by_library(job, "the request could not be sent");
        return false;
    }
    set_due(job);
    return true;
}

void session_readable(struct job *job)
{
    netsnmp_large_fd_set set;
    netsnmp_large_fd_set_init(&set, job->fd >= FD_SETSIZE ? job->fd + 1 : FD_SETSIZE);
    NETSNMP_LARGE_FD_ZERO(&set);
    NETSNMP_LARGE_FD_SET(job->fd, &set);
    clock_lend(job);
    snmp_sess_read2(job->session, &set);
    clock_take_back(job);
    netsnmp_large_fd_set_cleanup(&set);
    set_due(job);
}

void session_timer(struct job *job, int64_t now_ms)
{
    if (now_ms < job->due_ms)
        return;
    clock_lend(job);
    snmp_sess_timeout(job->session);
    clock_take_back(job);
    set_due(job);
}
