/* Findings and events as JSON text, the form in which they are stored: readable with the sqlite3 shell, and a member
 * that a reader does not know is ignored. What is nothing (NULL, 0, false) is left out. */
#pragma once

#include "portconform/event.h"

enum pack_kind { PACK_TEXT, PACK_WORD, PACK_TRANSPORT, PACK_ADDRESS, PACK_U16, PACK_UNSIGNED, PACK_I64, PACK_BOOL };

/* A member of struct finding. The table is complete: a test adds up the sizes. */
struct pack_field {
    const char *name; /* in JSON */
    enum pack_kind kind;
    size_t offset, size;
    const char *words; /* PACK_WORD: which table */
    bool passing;      /* differs with every look: no reason to write the finding again */
};
const struct pack_field *pack_finding_fields(size_t *ret_count);
/* Is there anything that is worth writing? `passing` members count only where `exact`. */
bool pack_findings_differ(const struct finding *a, const struct finding *b, bool exact);

/* *ret is malloc'ed text. 0 or -ENOMEM. */
int pack_finding(const struct finding *finding, char **ret);
int pack_event(const struct event *event, char **ret);
/* Strings live in `arena`. 0, -ENOMEM, or -EINVAL for what is no finding. */
int unpack_finding(const char *text, size_t length, struct finding *ret, struct arena *arena);
/* One reference, the caller's; without id, and with mono_ms 0. */
int unpack_event(const char *text, size_t length, struct event **ret);
