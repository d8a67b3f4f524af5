/* The schema and the statements, as SQL. Bodies are JSON (pack.h). A row of `events` is numbered by the boot's number
 * and the event's id, so that rows sort by order of events over boots whose ids begin again; by the clock, which may
 * have been wrong, they sort in an index. A `+` keeps SQLite from choosing that where the newest rows are wanted. */
#pragma once

#include "disk.h"

enum {
    STORE_APPLICATION = 0x50436673, /* "PCfs" */
    STORE_SCHEMA = 1,
    EVENT_ROW_BITS = 40, /* of the id, in a row's number */
};

static const char store_schema[] =
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE events(row INTEGER PRIMARY KEY, id INTEGER, at INTEGER, kind TEXT, host TEXT, body TEXT);"
    "CREATE INDEX events_by_age ON events(at);"
    "CREATE INDEX events_of_host ON events(host, row) WHERE host IS NOT NULL;"
    "CREATE TABLE targets(number INTEGER PRIMARY KEY, boot TEXT, name TEXT, acked INTEGER, last INTEGER,"
    " lost_from INTEGER, lost_to INTEGER, lost_id INTEGER);"
    "CREATE TABLE outbox(target INTEGER, seq INTEGER, event INTEGER, PRIMARY KEY(target, seq)) WITHOUT ROWID;"
    "CREATE INDEX outbox_of_event ON outbox(event);"
    "CREATE TABLE blocks(position INTEGER PRIMARY KEY, host TEXT UNIQUE);"
    "CREATE TABLE findings(key TEXT PRIMARY KEY, host TEXT, body TEXT);"
    "CREATE TABLE numbers(space TEXT, key TEXT, number INTEGER, PRIMARY KEY(space, key)) WITHOUT ROWID;"
    "CREATE TABLE spaces(name TEXT PRIMARY KEY, reserved INTEGER) WITHOUT ROWID;";

static const char *const statement_texts[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [META_PUT] = "INSERT OR REPLACE INTO meta VALUES(?, ?)",
    [META_GET] = "SELECT value FROM meta WHERE name = ?",
    [EVENT_PUT] = "INSERT OR REPLACE INTO events VALUES(?, ?, ?, ?, ?, ?)",
    [ENTRY_PUT] = "INSERT OR REPLACE INTO outbox VALUES(?, ?, ?)",
    [ENTRIES_DELETE] = "DELETE FROM outbox WHERE target = ? AND seq <= ?",
    [ENTRIES_READ] = ("SELECT o.seq, e.id, e.body FROM outbox o LEFT JOIN events e ON e.row = o.event"
                      " WHERE o.target = ? AND o.seq > ? ORDER BY o.seq LIMIT ?"),
    [TARGET_PUT] = "INSERT OR REPLACE INTO targets VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
    [TARGET_DELETE] = "DELETE FROM targets WHERE number = ?",
    [TARGET_ENTRIES_DELETE] = "DELETE FROM outbox WHERE target = ?",
    [TARGETS_READ] = ("SELECT t.number, t.name, t.acked,"
                      " max(t.last, ifnull((SELECT max(seq) FROM outbox WHERE target = t.number), 0)),"
                      " t.lost_from, t.lost_to, t.lost_id FROM targets t WHERE t.number > 0 ORDER BY t.number"),
    [TARGETS_MOVE] = "UPDATE targets SET number = -(number + ?) WHERE number > 0",
    [ENTRIES_MOVE] = "UPDATE outbox SET target = -(target + ?) WHERE target > 0",
    [FOREIGN_TARGET_READ] = ("SELECT number, name FROM targets WHERE number < 0 ORDER BY number DESC"
                             " LIMIT 1"),
    [FOREIGN_COUNT] = "SELECT count(*) FROM outbox WHERE target = ?",
    [BLOCKS_DELETE] = "DELETE FROM blocks",
    [BLOCK_PUT] = "INSERT OR REPLACE INTO blocks VALUES(?, ?)",
    [BLOCKS_READ] = "SELECT host FROM blocks ORDER BY position",
    [FINDING_PUT] = "INSERT OR REPLACE INTO findings VALUES(?, ?, ?)",
    [FINDING_DELETE] = "DELETE FROM findings WHERE key = ?",
    [FINDINGS_DELETE] = "DELETE FROM findings",
    [FINDINGS_READ] = ("SELECT b.position, f.body FROM findings f JOIN blocks b ON b.host = f.host"
                       " ORDER BY b.position, f.key"),
    [NUMBER_PUT] = "INSERT OR REPLACE INTO numbers VALUES(?, ?, ?)",
    [NUMBERS_READ] = "SELECT space, key, number FROM numbers",
    [SPACE_PUT] = "INSERT OR REPLACE INTO spaces VALUES(?, ?)",
    [SPACES_READ] = "SELECT name, reserved FROM spaces",
    [COUNT_EVENTS] = "SELECT count(*), ifnull(sum(host IS NOT NULL), 0) FROM events",
    [COUNT_FINDINGS] = "SELECT count(*) FROM findings",
    [HISTORY_OLDEST] = ("SELECT row, host IS NOT NULL FROM events"
                        " WHERE NOT EXISTS(SELECT 1 FROM outbox WHERE event = row) ORDER BY row LIMIT ?"),
    [HISTORY_TOO_OLD] = ("SELECT row, host IS NOT NULL FROM events WHERE at < ?2"
                         " AND NOT EXISTS(SELECT 1 FROM outbox WHERE event = row) ORDER BY at LIMIT ?1"),
    [EVENT_DELETE] = "DELETE FROM events WHERE row = ?",
    [PAGE_COUNT] = "PRAGMA page_count",
    [FREE_PAGES] = "PRAGMA freelist_count",
    [HISTORY_READ] = "SELECT id, body FROM events WHERE +at >= ? ORDER BY row DESC",
    [HISTORY_OF_HOST_READ] = "SELECT id, body FROM events WHERE +at >= ? AND host = ? ORDER BY row DESC",
    [VACUUM_SOME] = "PRAGMA incremental_vacuum(256)",
};
