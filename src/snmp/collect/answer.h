/* From what net-snmp parsed to an answer without net-snmp; for session.c and its fuzz target, who both include net-snmp
 * before. */
#pragma once

#include "reading.h"

struct reading_answer session_answer(const netsnmp_pdu *pdu, struct mib_binding *bindings, size_t most);
