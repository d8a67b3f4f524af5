/* What net-snmp parsed, as an answer that knows nothing of net-snmp. */
#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include "answer.h"

#include <string.h>

static void copy_name(struct mib_name *ret, const oid *ids, size_t length)
{
    ret->length = length < MIB_NAME_MAX ? (unsigned)length : MIB_NAME_MAX;
    for (unsigned i = 0; i < ret->length; i++)
        ret->ids[i] = (uint32_t)ids[i];
}

static void copy_binding(struct mib_binding *ret, const netsnmp_variable_list *variable)
{
    copy_name(&ret->name, variable->name, variable->name_length);
    ret->kind = MIB_OTHER;
    switch (variable->type) {
    case ASN_INTEGER:
    case ASN_COUNTER:
    case ASN_UNSIGNED:
    case ASN_TIMETICKS:
        if (variable->val_len < sizeof(long) || *variable->val.integer < 0 || *variable->val.integer > UINT32_MAX)
            return;
        ret->kind = MIB_NUMBER;
        ret->number = (uint32_t)*variable->val.integer;
        return;
    case ASN_OCTET_STR:
        ret->kind = MIB_OCTETS;
        ret->octets = variable->val.string;
        ret->length = variable->val_len;
        return;
    case ASN_OBJECT_ID:
        ret->kind = MIB_NAME;
        copy_name(&ret->value, variable->val.objid, variable->val_len / sizeof(oid));
        return;
    case SNMP_NOSUCHOBJECT:
        ret->kind = MIB_NO_OBJECT;
        return;
    case ASN_NULL:
    case SNMP_NOSUCHINSTANCE:
    case SNMP_ENDOFMIBVIEW:
        ret->kind = MIB_NOTHING;
        return;
    default:
        return;
    }
}

static enum answer_error answer_error(long status)
{
    static const struct {
        long status;
        enum answer_error error;
    } errors[] = {
        {SNMP_ERR_NOERROR, ANSWER_WELL},
        {SNMP_ERR_TOOBIG, ANSWER_TOO_BIG},
        {SNMP_ERR_NOSUCHNAME, ANSWER_NO_SUCH_NAME},
        {SNMP_ERR_NOACCESS, ANSWER_REFUSED},
        {SNMP_ERR_AUTHORIZATIONERROR, ANSWER_REFUSED},
    };
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (errors[i].status == status)
            return errors[i].error;
    return ANSWER_OTHER;
}

struct reading_answer answer_of(const netsnmp_pdu *pdu, struct mib_binding *bindings, size_t most)
{
    struct reading_answer answer = {
        .error = answer_error(pdu->errstat),
        .error_index = pdu->errindex > 0 ? (size_t)pdu->errindex : 0,
        .bindings = bindings,
    };
    for (const netsnmp_variable_list *variable = pdu->variables; variable && answer.count < most;
         variable = variable->next_variable) {
        memset(&bindings[answer.count], 0, offsetof(struct mib_binding, value));
        copy_binding(&bindings[answer.count++], variable);
    }
    return answer;
}
