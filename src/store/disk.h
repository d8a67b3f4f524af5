/* The store's file: opening and judging it, one set of prepared statements, transactions. The only headers of SQLite
 * are behind this one. Used by one thread at a time.
 *
 * Of synchronous: FULL. A transaction is confirmed when it is synced, so that neither kill -9 nor a power cut takes
 * back what was told. NORMAL would save one sync a transaction, of which there is about one a second, and might lose
 * the last ones at a power cut: ids and seq would come twice. Of auto_vacuum: INCREMENTAL. What history gives up goes
 * back to the file system a few pages at a time; FULL would do so at every commit, and VACUUM would write all of it
 * anew. */
#pragma once

#include "portconform/status.h"

#include <stdarg.h>

struct disk;

/* What is wrong with it, in words. */
struct trouble {
    int code;               /* -ENOSPC, -EROFS, -EBADMSG (unreadable), -ENOMEM, ...; 0: nothing */
    enum store_state state; /* what that makes of the store */
    char text[256];
};

enum disk_mode {
    DISK_WRITE,
    DISK_READ, /* beside the one that writes */
    DISK_LOOK, /* where none writes: checks as DISK_WRITE does, and reads even what may not be written */
};

struct disk_found {
    bool fresh;          /* made now */
    char *set_aside;     /* malloc'ed: what was here and could not be read is now called that; NULL */
    char boot[17];       /* "" of a fresh one */
    int64_t boot_number; /* 0, 1, ...: how many boots this file has seen before */
    uint64_t ids;        /* reserved */
    bool exact;          /* the last run ended in order */
};

/* Opens, makes, checks. What cannot be read is renamed, and a fresh one made. On failure nothing is open, though
 * `ret->set_aside` may be set. */
struct disk *disk_open(const char *folder, enum disk_mode mode, struct disk_found *ret, struct trouble *trouble);
void disk_close(struct disk *disk); /* takes NULL */
/* The path of the file in `folder`, malloc'ed; NULL: out of memory. */
char *disk_path(const char *folder);

enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    META_PUT,
    META_GET,
    EVENT_PUT,
    ENTRY_PUT,
    ENTRIES_DELETE,
    ENTRIES_READ,
    TARGET_PUT,
    TARGET_DELETE,
    TARGET_ENTRIES_DELETE,
    TARGETS_READ,
    TARGETS_MOVE,
    ENTRIES_MOVE,
    FOREIGN_TARGET_READ,
    FOREIGN_COUNT,
    BLOCKS_DELETE,
    BLOCK_PUT,
    BLOCKS_READ,
    FINDING_PUT,
    FINDING_DELETE,
    FINDINGS_DELETE,
    FINDINGS_READ,
    NUMBER_PUT,
    NUMBERS_READ,
    SPACE_PUT,
    SPACES_READ,
    COUNT_EVENTS,
    COUNT_FINDINGS,
    HISTORY_OLDEST,
    HISTORY_TOO_OLD,
    EVENT_DELETE,
    PAGE_COUNT,
    FREE_PAGES,
    VACUUM_SOME,
    HISTORY_READ,
    HISTORY_OF_HOST_READ,
    STATEMENTS
};

/* Runs a statement that gives no rows. `types`, a letter a parameter: i int64_t, t const char * (NULL: null). 0 or a
 * negative code, with `trouble` filled. */
int disk_run(struct disk *disk, struct trouble *trouble, enum statement statement, const char *types, ...);

/* Rows: begin, then next until it returns 0 or a failure, with the columns of the row that 1 stands for; then end. */
int disk_query(struct disk *disk, struct trouble *trouble, enum statement statement, const char *types, ...);
int disk_next(struct disk *disk, struct trouble *trouble, enum statement statement);
int64_t disk_integer(struct disk *disk, enum statement statement, int column);
const char *disk_text(struct disk *disk, enum statement statement, int column, size_t *ret_length); /* NULL: null */
void disk_end(struct disk *disk, enum statement statement);

/* The integer of a statement that gives one; `otherwise` where it gives none. */
int disk_number(struct disk *disk, struct trouble *trouble, enum statement statement, int64_t otherwise, int64_t *ret);
