/* The objects of PORTCONFORM-MIB, looked up in one snapshot: what a GET and a GETNEXT answer. No net-snmp in here, so
 * that the whole module can be walked in a test. Object identifiers are relative to pcObjects:
 *
 *     1.ID.0            a scalar of pcGeneral
 *     2.1.COLUMN.INDEX  a cell of pcFindingTable
 */
#pragma once

#include "numbering.h"
#include "portconform/snapshot.h"

struct mib_row {
    uint32_t index;
    const struct finding *finding;
};

/* A snapshot made ready for look-ups; immutable. */
struct mib_view {
    struct snapshot *snapshot; /* a reference of its own; NULL: no cycle has ended yet */
    struct tally tally;
    struct mib_row *rows; /* by index */
    size_t count;
};

/* `snapshot` may be NULL. Keys that are new get their number in `numbering`. 0 or -ENOMEM. */
int mib_view_new(struct snapshot *snapshot, struct numbering *numbering, struct mib_view **ret);
void mib_view_free(struct mib_view *view); /* takes NULL */

enum mib_type { MIB_INTEGER, MIB_GAUGE, MIB_OCTETS };

struct mib_value {
    enum mib_type type;
    int64_t number;     /* INTEGER, GAUGE */
    const void *octets; /* OCTETS: borrowed from the view, or `buffer` of this very struct */
    size_t length;      /* OCTETS */
    unsigned char buffer[24];
};

enum { MIB_OID_MAX = 4 };
struct mib_instance {
    unsigned long oid[MIB_OID_MAX];
    size_t length;
    struct mib_value value;
};

enum mib_answer { MIB_FOUND, MIB_NO_OBJECT, MIB_NO_INSTANCE };

/* Any `oid` of any length is allowed, also the empty one. *ret is filled with MIB_FOUND alone. */
enum mib_answer mib_get(const struct mib_view *view, struct moment now, const unsigned long *oid, size_t length,
                        struct mib_value *ret);
/* The first instance after `oid`; false: there is none. The work is a binary search a column. */
bool mib_next(const struct mib_view *view, struct moment now, const unsigned long *oid, size_t length,
              struct mib_instance *ret);
