/* Requests: one handler for all objects of the module, so that net-snmp gives it all columns of a request at once. */
#include "internal.h"

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <net-snmp/agent/agent_sysORTable.h>

#include <string.h>

static void answer(netsnmp_request_info *request, const struct mib_value *value)
{
    static const u_char types[] = {[MIB_GAUGE] = ASN_GAUGE, [MIB_COUNTER32] = ASN_COUNTER};
    netsnmp_variable_list *variable = request->requestvb;
    if (value->type == MIB_OCTETS) {
        snmp_set_var_typed_value(variable, ASN_OCTET_STR, value->octets, value->length);
    } else if (value->type == MIB_COUNTER64) {
        struct counter64 counter = {.high = value->number >> 32, .low = value->number & UINT32_MAX};
        snmp_set_var_typed_value(variable, ASN_COUNTER64, &counter, sizeof(counter));
    } else if (value->type == MIB_INTEGER) {
        long integer = (long)value->number;
        snmp_set_var_typed_value(variable, ASN_INTEGER, &integer, sizeof(integer));
    } else {
        u_long number = (u_long)value->number;
        snmp_set_var_typed_value(variable, types[value->type], &number, sizeof(number));
    }
}

static void answer_get(const struct agent *agent, struct moment now, size_t root_length,
                       netsnmp_agent_request_info *info, netsnmp_request_info *request)
{
    static const int errors[] = {[MIB_NO_OBJECT] = SNMP_NOSUCHOBJECT, [MIB_NO_INSTANCE] = SNMP_NOSUCHINSTANCE};
    struct mib_value value;
    enum mib_answer found = mib_get(agent->view, now, request->requestvb->name + root_length,
                                    request->requestvb->name_length - root_length, &value);
    if (found == MIB_FOUND)
        answer(request, &value);
    else
        netsnmp_set_request_error(info, request, errors[found]);
}

/* Left unanswered when nothing follows: net-snmp then goes on behind our part of the tree. */
static void answer_next(const struct agent *agent, struct moment now, const netsnmp_handler_registration *registration,
                        netsnmp_request_info *request)
{
    const oid *root = registration->rootoid;
    size_t root_length = registration->rootoid_len;
    const netsnmp_variable_list *asked = request->requestvb;
    oid name[MAX_OID_LEN];
    struct mib_instance next;
    const oid *from = NULL;
    size_t length = 0;
    if (asked->name_length >= root_length && memcmp(asked->name, root, root_length * sizeof(oid)) == 0) {
        from = asked->name + root_length;
        length = asked->name_length - root_length;
    } else if (snmp_oid_compare(asked->name, asked->name_length, root, root_length) > 0) {
        return;
    }
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
    struct moment now = moment_now();
    for (netsnmp_request_info *request = requests; request != NULL; request = request->next) {
        if (request->processed)
            continue;
        if (info->mode == MODE_GET)
            answer_get(agent, now, registration->rootoid_len, info, request);
        else if (info->mode == MODE_GETNEXT)
            answer_next(agent, now, registration, request);
    }
    return SNMP_ERR_NOERROR;
}

bool requests_register(struct agent *agent)
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
    register_sysORTable(agent->module, agent->module_length, "PORTCONFORM-MIB: what does not conform to port guides");
    return true;
}
