/* What the files of this part share: the tables of columns, and a view from inside.
 *
 * A view is lists of rows by their indexes. The rows of a host's findings and listeners belong to a block or a listing
 * that did not change, and are taken over from view to view with it. */
#pragma once

#include "portconform/mib.h"

#include "portconform/observation.h"

/* --- columns ------------------------------------------------------------------------------------------------------ */

/* How a member becomes a value. */
enum cell_kind {
    CELL_NAME,     /* const char *, SnmpAdminString */
    CELL_TEXT,     /* const char *, PcText */
    CELL_ARRAY,    /* char[], SnmpAdminString */
    CELL_CODE,     /* an enum */
    CELL_PRESENCE, /* const char *, a word of that table: its code and one; NULL: 0 */
    CELL_SCOPE,
    CELL_FLAG,      /* bool */
    CELL_DATE,      /* int64_t, wall-clock milliseconds; 0: not known */
    CELL_PORT,      /* uint16_t */
    CELL_ATYPE,     /* struct address: its type */
    CELL_ADDR,      /* struct address */
    CELL_SIZE,      /* size_t, Gauge32 */
    CELL_UINT,      /* unsigned, Gauge32 */
    CELL_U32,       /* uint32_t, Gauge32 */
    CELL_PID,       /* int32_t, Gauge32 */
    CELL_MILLIS,    /* int64_t, Gauge32 */
    CELL_GAUGE64,   /* uint64_t, Gauge32 */
    CELL_COUNTER64, /* uint64_t */
    CELL_DECIMAL,   /* uint64_t as text */
    CELL_AGE_MONO,  /* int64_t, monotonic milliseconds: how many seconds ago; 0: never */
    CELL_AGE_WALL,  /* the same, wall-clock */
    CELL_LOOKED,    /* of a finding with its block: when it was looked at */
    CELL_LOOK_AGE,
};

/* What the member is one of. */
enum cell_via {
    VIA_ITEM,    /* the row's item */
    VIA_EVENT,   /* of a struct mib_event: the event */
    VIA_FINDING, /* of a struct mib_event: its finding */
};

struct mib_column {
    const char *name; /* as in the MIB */
    enum cell_kind kind;
    size_t member;
    enum cell_via via;
};

struct mib_table {
    unsigned branch; /* of pcObjects */
    const char *name;
    const struct mib_column *columns; /* the first has the number FIRST_COLUMN; the index before is not accessible */
    size_t column_count;
    bool by_host; /* the host's index comes before its own */
};

enum { GENERAL_BRANCH = 1, NOTIFY_BRANCH = 9 };
enum { TABLE_ENTRY = 1, FIRST_COLUMN = 2 };
enum mib_table_id {
    TABLE_VERDICT,
    TABLE_HOST,
    TABLE_FINDING,
    TABLE_PROBLEM,
    TABLE_LISTENER,
    TABLE_TARGET,
    TABLE_EVENT
};
enum { TABLE_COUNT = 7, FIRST_BRANCH = 2 };
extern const struct mib_table mib_tables[TABLE_COUNT]; /* by id; the branch of a table is its id + FIRST_BRANCH */
extern const struct mib_table mib_general_table;       /* the scalars; column n is pcGeneral n + 1 */

/* --- items -------------------------------------------------------------------------------------------------------- */

enum mib_config_state { MIB_CONFIG_UNKNOWN, MIB_CONFIG_IN_FORCE, MIB_CONFIG_REJECTED };

struct mib_general {
    const char *version, *site, *vantage, *acts_as, *boot, *config, *config_hash, *config_error, *store_error;
    int64_t started_ms, config_loaded_ms, config_rejected_ms, finished_ms, finished_mono_ms, took_ms;
    uint64_t config_generation, visits, late, probes, storms, event_oldest, event_newest;
    enum mib_config_state config_state;
    enum store_state store_state;
    enum severity severity;
    bool recorded, owners_known;
    size_t hosts, flows, visits_waiting, probes_in_flight;
    unsigned interval_s;
    struct tally tally;
    struct mib_notifications notifications;
};

struct mib_verdict {
    const char *name;
    size_t count;
    enum severity severity;
    enum blame blame;
    enum finding_class class;
};

struct mib_host {
    const char *name;
    struct address address;
    struct tally tally;
    int64_t since_ms, looked_ms, listeners_ms;
    bool unreachable;
    enum listener_status listener_status;
    const char *listener_source, *listener_note;
    size_t listener_count;
};

struct mib_event {
    const struct event *event;
    const struct finding *finding; /* never NULL */
    struct address affected;
};

/* --- rows --------------------------------------------------------------------------------------------------------- */

struct mib_row {
    uint32_t index;
    const void *item;
};

/* Rows that share what stands before their own index. */
struct mib_group {
    uint32_t index; /* the host's; 0 in tables that are not by host */
    const struct mib_row *rows;
    size_t count;                      /* never 0 */
    const struct finding_block *block; /* of findings */
};

struct mib_place {
    size_t group, row;
};

struct mib_rows {
    const struct mib_group *groups; /* by index */
    size_t count;
    struct mib_place last; /* where the last look-up ended: the next one is mostly there or one further */
};

/* A block of findings with its rows: shared by views, of one thread. */
struct mib_block {
    unsigned references;
    struct finding_block *block;
    uint32_t host;         /* its number */
    struct mib_host facts; /* without what the listing says */
    struct mib_row *rows, *problems;
    size_t count, problem_count;
};
int mib_block_new(struct finding_block *block, uint32_t host, const struct mib_numbers *numbers,
                  struct mib_block **ret);
void mib_block_unref(struct mib_block *block); /* takes NULL */

struct mib_listing {
    unsigned references;
    struct listing *listing;
    uint32_t host;
    struct mib_row *rows;
    size_t count;
};
int mib_listing_new(struct listing *listing, uint32_t host, const struct mib_numbers *numbers,
                    struct mib_listing **ret);
void mib_listing_unref(struct mib_listing *listing); /* takes NULL */

/* Sorts by index; of rows with the same one, the first stays. Returns how many do. */
size_t mib_rows_sort(struct mib_row *rows, size_t count);

struct mib_view {
    struct snapshot *snapshot; /* references; NULL: none */
    struct status *status;
    struct mib_block **blocks; /* by number of the host */
    size_t block_count;
    struct mib_listing **listings; /* likewise */
    size_t listing_count;
    struct event **events;
    size_t event_count;

    struct mib_general general;
    struct mib_verdict verdicts[VERDICT_COUNT];
    struct mib_host *hosts; /* parallel to `blocks` */
    struct mib_event *event_items;
    struct mib_row *rows;                /* of the tables that are not by host */
    struct mib_group *groups;            /* of all tables */
    struct mib_rows tables[TABLE_COUNT]; /* `last` moves, the rest is immutable */
};

/* The event with the finding and address that its columns tell. */
struct mib_event mib_event_item(const struct mib_view *view, const struct event *event);
const struct mib_host *mib_view_host(const struct mib_view *view, const char *name, uint32_t *ret_index); /* or NULL */

/* --- cells -------------------------------------------------------------------------------------------------------- */

/* `block`: of findings, for CELL_LOOKED and CELL_LOOK_AGE. */
void mib_cell(const struct mib_column *column, const void *item, const struct finding_block *block, struct moment now,
              struct mib_value *ret);
