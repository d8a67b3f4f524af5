/* From process ids to names of programs, by the HOST-RESOURCES-MIB. */
#pragma once

#include "reading.h"

enum { NAMING_MAX = 512 }; /* processes */

void naming_begin(struct reading *reading);
void naming_ask(struct reading *reading);
int naming_take(struct reading *reading, const struct reading_answer *answer); /* 0 or -ENOMEM */
