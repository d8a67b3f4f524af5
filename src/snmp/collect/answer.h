/* From what net-snmp parsed to an answer without net-snmp. Who includes this includes net-snmp before. */
#pragma once

#include "reading.h"

/* More than `most` bindings are not looked at. Their octets are borrowed from the PDU. */
struct reading_answer answer_of(const netsnmp_pdu *pdu, struct mib_binding *bindings, size_t most);
