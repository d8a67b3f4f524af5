/* Notifications: the stream of events, told as far as the rate allows. A subagent hands them to its master and waits
 * for the answers, without waiting itself; an agent of its own hands them to net-snmp, which knows the receivers. */
#include "internal.h"

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <stdlib.h>
#include <string.h>

enum { AGENTX_NOTIFY = 12 }; /* RFC 2741 6.2.10 */
enum { USUAL_PER_MINUTE = 120, USUAL_PER_HOST = 5 };
enum { BATCH = 256, AFTER_FAILURE_MS = 1000 };

static const oid trap_oid[] = {1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0}; /* snmpTrapOID.0 */

/* --- rate --------------------------------------------------------------------------------------------------------- */

static bool take_token(struct agent *agent)
{
    struct notifier *notifier = &agent->notifier;
    unsigned most = agent->options.notifications.most_per_minute;
    double rate = most == 0 ? USUAL_PER_MINUTE : most;
    int64_t now_ms = agent_now_ms();
    if (notifier->refilled_ms == 0)
        notifier->tokens = rate;
    else
        notifier->tokens += (double)(now_ms - notifier->refilled_ms) * rate / 60000;
    notifier->refilled_ms = now_ms;
    if (notifier->tokens > rate)
        notifier->tokens = rate;
    if (notifier->tokens < 1)
        return false;
    notifier->tokens -= 1;
    return true;
}

/* --- messages ----------------------------------------------------------------------------------------------------- */

static bool add_variable(netsnmp_variable_list **list, const oid *name, size_t length, const struct mib_value *value)
{
    static const u_char types[] = {[MIB_GAUGE] = ASN_GAUGE, [MIB_COUNTER32] = ASN_COUNTER};
    u_long number = (u_long)value->number;
    struct counter64 counter = {.high = value->number >> 32, .low = value->number & UINT32_MAX};
    if (value->type == MIB_OCTETS)
        return snmp_varlist_add_variable(list, name, length, ASN_OCTET_STR, value->octets, value->length) != NULL;
    if (value->type == MIB_COUNTER64)
        return snmp_varlist_add_variable(list, name, length, ASN_COUNTER64, &counter, sizeof(counter)) != NULL;
    if (value->type == MIB_INTEGER)
        return snmp_varlist_add_variable(list, name, length, ASN_INTEGER, &number, sizeof(number)) != NULL;
    return snmp_varlist_add_variable(list, name, length, types[value->type], &number, sizeof(number)) != NULL;
}

/* snmpTrapOID.0 and what follows it. NULL: out of memory. */
static netsnmp_variable_list *make_list(const struct agent *agent, const struct mib_notification *notification)
{
    netsnmp_variable_list *list = NULL;
    oid name[MAX_OID_LEN];
    size_t root = agent->module_length;
    memcpy(name, agent->module, root * sizeof(oid));
    name[root] = 0;
    name[root + 1] = notification->code;
    bool good = snmp_varlist_add_variable(&list, trap_oid, OID_LENGTH(trap_oid), ASN_OBJECT_ID, name,
                                          (root + 2) * sizeof(oid)) != NULL;
    name[root] = 1;
    for (size_t i = 0; good && i < notification->count; i++) {
        const struct mib_instance *binding = &notification->bindings[i];
        memcpy(name + root + 1, binding->oid, binding->length * sizeof(oid));
        good = add_variable(&list, name, root + 1 + binding->length, &binding->value);
    }
    if (good)
        return list;
    snmp_free_varbind(list);
    return NULL;
}

static void count_sent(struct agent *agent)
{
    agent->notifier.counters.sent++;
    pthread_mutex_lock(&agent->lock);
    agent->told.sent++;
    agent->told.last_seq = agent->notifier.sequence;
    agent->told.last_sent_ms = moment_now().wall_ms;
    pthread_mutex_unlock(&agent->lock);
}

/* All that were under way are answered: they have arrived, or they are sent again. */
static void settle(struct agent *agent)
{
    struct notifier *notifier = &agent->notifier;
    if (notifier->in_flight > 0)
        return;
    if (notifier->again)
        notifier->sent_id = notifier->acknowledged_id;
    notifier->acknowledged_id = notifier->sent_id;
    notifier->again = false;
    notifier->due = true;
}

static int on_answer(int operation, netsnmp_session *session, int request, netsnmp_pdu *pdu, void *context)
{
    (void)session, (void)request;
    struct agent *agent = context;
    struct notifier *notifier = &agent->notifier;
    bool taken = operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE && pdu != NULL && pdu->errstat == SNMP_ERR_NOERROR;
    if (notifier->in_flight == 0)
        return 1; /* of a session before */
    notifier->in_flight--;
    if (taken) {
        count_sent(agent);
    } else {
        notifier->again = true;
        notifier->later_ms = agent_now_ms() + AFTER_FAILURE_MS;
        pthread_mutex_lock(&agent->lock);
        agent->told.failed++;
        pthread_mutex_unlock(&agent->lock);
    }
    settle(agent);
    return 1;
}

static bool send_to_master(struct agent *agent, netsnmp_variable_list *list)
{
    netsnmp_pdu *pdu = snmp_pdu_create(AGENTX_NOTIFY);
    if (pdu == NULL) {
        snmp_free_varbind(list);
        return false;
    }
    pdu->time = 0;
    pdu->sessid = agent->session->sessid;
    pdu->variables = list;
    if (snmp_async_send(agent->session, pdu, on_answer, agent) == 0) {
        snmp_free_pdu(pdu);
        return false;
    }
    agent->notifier.in_flight++;
    return true;
}

static bool send_notification(struct agent *agent, const struct mib_notification *notification)
{
    netsnmp_variable_list *list = make_list(agent, notification);
    if (list == NULL)
        return false;
    if (agent->options.listen == NULL)
        return send_to_master(agent, list);
    send_v2trap(list);
    snmp_free_varbind(list);
    count_sent(agent);
    return true;
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static const char *host_of(const struct event *event)
{
    return event->kind <= EVENT_CLEARED && event->finding != NULL ? event->finding->host : NULL;
}

/* What a batch says about the host of its event `from`. */
static struct mib_summary summarise(struct event *const *events, size_t count, size_t from)
{
    struct mib_summary summary = {.host = host_of(events[from]), .first_event = events[from]->id};
    for (size_t i = from; summary.host != NULL && i < count; i++) {
        const char *host = host_of(events[i]);
        if (host == NULL || strcmp(host, summary.host) != 0)
            continue;
        summary.raised += events[i]->kind == EVENT_RAISED;
        summary.changed += events[i]->kind == EVENT_CHANGED;
        summary.cleared += events[i]->kind == EVENT_CLEARED;
        summary.last_event = events[i]->id;
    }
    return summary;
}

/* Was it told by the summary of an event before it in the batch? */
static bool is_summarised(struct event *const *events, size_t at, const bool *summarised)
{
    const char *host = host_of(events[at]);
    for (size_t i = 0; host != NULL && i < at; i++) {
        if (summarised[i] && strcmp(host_of(events[i]), host) == 0)
            return true;
    }
    return false;
}

static void suppress(struct agent *agent, uint64_t count)
{
    agent->notifier.counters.suppressed += count;
    pthread_mutex_lock(&agent->lock);
    agent->told.suppressed += count;
    pthread_mutex_unlock(&agent->lock);
}

/* The event at `at`, or the summary that it begins. False: it could not be handed over. */
static bool tell(struct agent *agent, struct event *const *events, size_t count, size_t at, bool *ret_summarised)
{
    struct mib_notification notification;
    unsigned most = agent->options.notifications.most_per_host;
    struct mib_summary summary = summarise(events, count, at);
    uint32_t changes = summary.raised + summary.changed + summary.cleared;
    uint32_t sequence = agent->notifier.sequence + 1;
    bool many = changes > (most == 0 ? USUAL_PER_HOST : most) &&
                mib_notification_of_host(agent->view, &summary, sequence, &notification);
    if (!many)
        mib_notification_of_event(agent->view, events[at], sequence, &notification);
    if (!take_token(agent)) {
        suppress(agent, 1);
        return true;
    }
    if (!send_notification(agent, &notification))
        return false;
    agent->notifier.sequence = sequence;
    *ret_summarised = many;
    if (many)
        suppress(agent, changes);
    return true;
}

/* Events that were read from the store are old: they were told by whoever was there then. */
static bool is_told(const struct event *event)
{
    return mib_event_notifies(event->kind) && event->at.mono_ms != 0;
}

static void tell_batch(struct agent *agent, struct event *const *events, size_t count)
{
    struct notifier *notifier = &agent->notifier;
    bool summarised[BATCH] = {false};
    for (size_t i = 0; i < count; i++) {
        if (is_told(events[i]) && !is_summarised(events, i, summarised)) {
            if (!tell(agent, events, count, i, &summarised[i])) {
                notifier->later_ms = agent_now_ms() + AFTER_FAILURE_MS;
                return;
            }
        }
        notifier->sent_id = events[i]->id;
    }
}

void notify_work(struct agent *agent)
{
    struct notifier *notifier = &agent->notifier;
    struct event *events[BATCH];
    notifier->due = false;
    bool ready = agent->options.listen != NULL ? atomic_load(&agent->connected) : agent->session != NULL;
    if (agent->options.publication == NULL || agent->options.notifications.off || !ready || notifier->again ||
        notifier->in_flight > 0 || agent_now_ms() < notifier->later_ms)
        return;
    size_t count;
    do {
        count = publication_events(agent->options.publication, notifier->sent_id, events, BATCH);
        tell_batch(agent, events, count);
        for (size_t i = 0; i < count; i++)
            event_unref(events[i]);
        settle(agent);
        notifier->due = false;
    } while (count == BATCH && notifier->in_flight == 0 && notifier->later_ms <= agent_now_ms());
}

void notify_disconnected(struct agent *agent)
{
    agent->notifier.in_flight = 0;
    agent->notifier.again = false;
    agent->notifier.sent_id = agent->notifier.acknowledged_id;
}
