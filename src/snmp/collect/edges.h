/* Does the agent's view hide the rows of an address family? Asked for a row that may well not be there, Net-SNMP says
 * "no such object" where the view does not let that name through, and "no such instance" where it does. */
#pragma once

#include "reading.h"

void edges_begin(struct reading *reading);
void edges_ask(struct reading *reading);
void edges_take(struct reading *reading, const struct reading_answer *answer);
enum edge edges_of(const struct reading *reading, enum transport transport, sa_family_t family);
