/* PORTCONFORM-MIB without any SNMP in it: what is published, made ready for look-ups, and what a GET and a GETNEXT
 * answer. So that the whole module can be walked in a test, and that the artefacts for managers come from the tables
 * that answer.
 *
 * Object identifiers are relative to pcObjects:
 *
 *     1.ID.0                      a scalar of pcGeneral
 *     TABLE.1.COLUMN.INDEX        a cell of a table with one index
 *     TABLE.1.COLUMN.HOST.INDEX   of a table of what hosts have
 */
#pragma once

#include "portconform/publication.h"

/* --- numbers ------------------------------------------------------------------------------------------------------ */

/* The integer that a key of a space ("host", "finding", "listener", "target") is given once; 0: none can be had, and
 * the row is not served. */
struct mib_numbers {
    uint32_t (*number)(void *context, const char *space, const char *key);
    void *context;
};

/* Numbers that hold as long as the process: for who has no store. At most a million keys. */
struct mib_numbering;
struct mib_numbering *mib_numbering_new(void);                                      /* NULL: out of memory */
void mib_numbering_free(struct mib_numbering *numbering);                           /* takes NULL */
uint32_t mib_numbering_number(void *numbering, const char *space, const char *key); /* 1, 2, ...; fits mib_numbers */

/* --- views -------------------------------------------------------------------------------------------------------- */

struct mib_notifications {
    uint64_t sent, suppressed;
    size_t waiting;
};

/* What a view is made from. Borrowed: the view takes references of its own. NULL and 0: nothing yet. */
struct mib_source {
    struct snapshot *snapshot;
    bool recorded;
    struct status *status;
    struct listing *const *listings; /* by host */
    size_t listing_count;
    struct event *const *events; /* oldest first */
    size_t event_count;
    struct mib_notifications notifications;
};

/* Immutable, and used by one thread. */
struct mib_view;

/* `last` (may be NULL) is the view before: what is the same block or listing is taken over, so that the work is in
 * proportion to what has changed. 0 or -ENOMEM. */
int mib_view_new(const struct mib_source *source, const struct mib_view *last, const struct mib_numbers *numbers,
                 struct mib_view **ret);
void mib_view_free(struct mib_view *view); /* takes NULL */

/* --- look-ups ----------------------------------------------------------------------------------------------------- */

enum mib_type { MIB_INTEGER, MIB_GAUGE, MIB_COUNTER32, MIB_COUNTER64, MIB_OCTETS };

struct mib_value {
    enum mib_type type;
    uint64_t number;    /* INTEGER (not negative), GAUGE, COUNTER32, COUNTER64 */
    const void *octets; /* OCTETS: borrowed from the view, or `buffer` of this very struct */
    size_t length;      /* OCTETS */
    unsigned char buffer[24];
};

enum { MIB_OID_MAX = 5 };
struct mib_instance {
    unsigned long oid[MIB_OID_MAX];
    size_t length;
    struct mib_value value;
};

enum mib_answer { MIB_FOUND, MIB_NO_OBJECT, MIB_NO_INSTANCE };

/* Any `oid` of any length is allowed, also the empty one. *ret is filled with MIB_FOUND alone. `now` is asked for ages
 * alone. */
enum mib_answer mib_get(const struct mib_view *view, struct moment now, const unsigned long *oid, size_t length,
                        struct mib_value *ret);
/* The first instance after `oid`; false: there is none. The work is a binary search a column. */
bool mib_next(const struct mib_view *view, struct moment now, const unsigned long *oid, size_t length,
              struct mib_instance *ret);

/* --- notifications ------------------------------------------------------------------------------------------------ */

/* Notification `code` is MODULE.0.CODE; up to 17 it is the event's kind. */
enum { MIB_HOST_SUMMARY = 20 };

/* What only notifications carry. */
struct mib_summary {
    const char *host;
    uint32_t raised, changed, cleared;
    uint64_t first_event, last_event;
};

enum { MIB_BINDINGS_MAX = 32 };
struct mib_notification {
    unsigned code;
    struct mib_instance bindings[MIB_BINDINGS_MAX]; /* octets borrowed from the view, or from the binding itself */
    size_t count;
};
/* Is an event of that kind told by a notification? */
bool mib_event_notifies(enum event_kind kind);
/* Of an event, which need not be in the view's ring; octets are borrowed from it too. */
void mib_notification_of_event(const struct mib_view *view, const struct event *event, uint32_t sequence,
                               struct mib_notification *ret);
/* Of a host that is in the view: false where it is not. */
bool mib_notification_of_host(const struct mib_view *view, const struct mib_summary *summary, uint32_t sequence,
                              struct mib_notification *ret);

/* --- artefacts ---------------------------------------------------------------------------------------------------- */

/* What `portconform export` writes for managers. `pen` 0: the root for local use. */
struct mib_exporter {
    const char *name; /* "snmp-exporter" */
    const char *summary;
    int (*write)(struct text *out, uint32_t pen); /* 0 or -ENOMEM */
};
extern const struct mib_exporter *const mib_exporters[];        /* closed by NULL */
const struct mib_exporter *mib_exporter_find(const char *name); /* NULL: no such */
