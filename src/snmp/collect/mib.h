/* The little that is needed of the SMI: object names, values as an agent sent them, and the tables that tell who
 * listens. Nothing here knows net-snmp, so that answers can be made up by tests. */
#pragma once

#include "portconform/observation.h"

enum { MIB_NAME_MAX = 128 }; /* sub-identifiers, RFC 2578 section 7.1.3 */

struct mib_name {
    uint32_t ids[MIB_NAME_MAX];
    unsigned length;
};

int mib_name_compare(const struct mib_name *a, const struct mib_name *b);
bool mib_name_below(const struct mib_name *name, const struct mib_name *root); /* `name` begins with `root` */
/* Adds a sub-identifier; false: it is full. */
bool mib_name_add(struct mib_name *name, uint32_t id);

enum mib_kind {
    MIB_NOTHING,   /* noSuchInstance, endOfMibView, or NULL */
    MIB_NO_OBJECT, /* noSuchObject */
    MIB_NUMBER,    /* INTEGER, Unsigned32, Counter32, TimeTicks */
    MIB_OCTETS,
    MIB_NAME,
    MIB_OTHER,
};

struct mib_binding {
    struct mib_name name;
    enum mib_kind kind;
    uint32_t number;
    const uint8_t *octets; /* borrowed */
    size_t length;
    struct mib_name value; /* of MIB_NAME */
};

/* --- tables of listeners ----------------------------------------------------------------------------------------- */

struct mib_table {
    const char *name; /* "tcpListenerTable" */
    const struct mib_name *column;
    enum transport transport;
    bool old; /* knows IPv4 alone */
    /* Reads the index behind the column, and the value. 1: a listener; 0: a row that is none; negative: neither. A
     * value of a wrong type is told in *ret_odd where the row is a listener all the same. */
    int (*read)(const uint32_t *index, unsigned length, const struct mib_binding *binding, struct listener *ret,
                bool *ret_odd);
};

/* By transport, the better one first; closed by a row with name NULL. */
extern const struct mib_table collect_tables[];
/* One row of an answer to `table`. */
int mib_table_read(const struct mib_table *table, const struct mib_binding *binding, struct listener *ret,
                   bool *ret_odd);

/* A row of a new table with the wildcard address of that family and port 1, there or not. False: the table is old. */
bool mib_table_sample(const struct mib_table *table, sa_family_t family, struct mib_name *ret);

/* --- objects beside them ----------------------------------------------------------------------------------------- */

extern const struct mib_name mib_sys_descr, mib_sys_object_id; /* with their .0 */
extern const struct mib_name mib_run_name, mib_run_path;       /* columns of hrSWRunTable */
extern const struct mib_name mib_microsoft, mib_net_snmp;      /* roots of sysObjectID */
