/* The store's file: its statements, and opening it. The story is in disk.h. */
#include "place.h"
#include "statements.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUSY_MS = 2000, JOURNAL_LIMIT = 4 << 20 };

struct disk {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    int folder_fd; /* holds the lock that says: this store is in use */
};

/* --- trouble ----------------------------------------------------------------------------------------------------- */

struct trouble_row {
    int sqlite; /* primary result code */
    int code;
    enum store_state state;
};
static const struct trouble_row trouble_rows[] = {
    {SQLITE_FULL, -ENOSPC, STORE_FULL},       {SQLITE_READONLY, -EROFS, STORE_READ_ONLY},
    {SQLITE_CORRUPT, -EBADMSG, STORE_FAILED}, {SQLITE_NOTADB, -EBADMSG, STORE_FAILED},
    {SQLITE_NOMEM, -ENOMEM, STORE_FAILED},    {SQLITE_BUSY, -EBUSY, STORE_FAILED},
    {SQLITE_IOERR, -EIO, STORE_FAILED},       {SQLITE_CANTOPEN, -ENOENT, STORE_FAILED},
};

int trouble_errno(struct trouble *trouble, int number, const char *what, const char *path)
{
    trouble->code = -number;
    trouble->state = number == ENOSPC || number == EDQUOT ? STORE_FULL
                     : number == EROFS                    ? STORE_READ_ONLY
                                                          : STORE_FAILED;
    snprintf(trouble->text, sizeof trouble->text, "%s %.150s: %s", what, path, strerror(number));
    return trouble->code;
}

/* The system's own word is the better one where SQLite says no more than that it could not. */
static int trouble_of(struct trouble *trouble, sqlite3 *db, int result)
{
    int primary = result & 0xff;
    int number = db != NULL && (primary == SQLITE_CANTOPEN || primary == SQLITE_IOERR) ? sqlite3_system_errno(db) : 0;
    if (number == ENOSPC || number == EDQUOT)
        primary = SQLITE_FULL;
    else if (number == EROFS)
        primary = SQLITE_READONLY;
    trouble->code = -EIO;
    trouble->state = STORE_FAILED;
    for (size_t i = 0; i < sizeof trouble_rows / sizeof *trouble_rows; i++) {
        if (trouble_rows[i].sqlite == primary) {
            trouble->code = trouble_rows[i].code;
            trouble->state = trouble_rows[i].state;
        }
    }
    snprintf(trouble->text, sizeof trouble->text, "%s%s%s", sqlite3_errstr(result), number != 0 ? ": " : "",
             number != 0 ? strerror(number) : "");
    return trouble->code;
}

/* --- statements -------------------------------------------------------------------------------------------------- */

static int disk_prepare(struct disk *disk, struct trouble *trouble, enum statement statement)
{
    if (disk->statements[statement] != NULL)
        return 0;
    int result = sqlite3_prepare_v3(disk->db, statement_texts[statement], -1, SQLITE_PREPARE_PERSISTENT,
                                    &disk->statements[statement], NULL);
    return result == SQLITE_OK ? 0 : trouble_of(trouble, disk->db, result);
}

static int disk_bind(struct disk *disk, struct trouble *trouble, enum statement statement, const char *types,
                     va_list values)
{
    int r = disk_prepare(disk, trouble, statement);
    if (r < 0)
        return r;
    sqlite3_stmt *prepared = disk->statements[statement];
    int result = SQLITE_OK;
    for (int i = 1; result == SQLITE_OK && types[i - 1] != '\0'; i++) {
        if (types[i - 1] == 'i')
            result = sqlite3_bind_int64(prepared, i, va_arg(values, int64_t));
        else
            result = sqlite3_bind_text(prepared, i, va_arg(values, const char *), -1, SQLITE_STATIC);
    }
    return result == SQLITE_OK ? 0 : trouble_of(trouble, disk->db, result);
}

int disk_next(struct disk *disk, struct trouble *trouble, enum statement statement)
{
    int result = sqlite3_step(disk->statements[statement]);
    if (result == SQLITE_ROW)
        return 1;
    return result == SQLITE_DONE ? 0 : trouble_of(trouble, disk->db, result);
}

void disk_end(struct disk *disk, enum statement statement)
{
    if (disk->statements[statement] == NULL)
        return; /* it could not be prepared: SQLite takes a NULL to reset, but not to clear */
    sqlite3_reset(disk->statements[statement]);
    sqlite3_clear_bindings(disk->statements[statement]);
}

int disk_query(struct disk *disk, struct trouble *trouble, enum statement statement, const char *types, ...)
{
    va_list values;
    va_start(values, types);
    int r = disk_bind(disk, trouble, statement, types, values);
    va_end(values);
    return r;
}

int disk_run(struct disk *disk, struct trouble *trouble, enum statement statement, const char *types, ...)
{
    va_list values;
    va_start(values, types);
    int r = disk_bind(disk, trouble, statement, types, values);
    va_end(values);
    if (r < 0)
        return r;
    do {
        r = disk_next(disk, trouble, statement);
    } while (r > 0);
    disk_end(disk, statement);
    return r;
}

int64_t disk_integer(struct disk *disk, enum statement statement, int column)
{
    return sqlite3_column_int64(disk->statements[statement], column);
}

const char *disk_text(struct disk *disk, enum statement statement, int column, size_t *ret_length)
{
    const char *text = (const char *)sqlite3_column_text(disk->statements[statement], column);
    if (ret_length != NULL)
        *ret_length = (size_t)sqlite3_column_bytes(disk->statements[statement], column);
    return text;
}

int disk_number(struct disk *disk, struct trouble *trouble, enum statement statement, int64_t otherwise, int64_t *ret)
{
    int r = disk_query(disk, trouble, statement, "");
    if (r == 0)
        r = disk_next(disk, trouble, statement);
    if (r >= 0)
        *ret = r > 0 ? disk_integer(disk, statement, 0) : otherwise;
    disk_end(disk, statement);
    return r < 0 ? r : 0;
}

/* --- opening ----------------------------------------------------------------------------------------------------- */

char *disk_path(const char *folder)
{
    char *path;
    return asprintf(&path, "%s/store.db", folder) < 0 ? NULL : path;
}

static int disk_execute(struct disk *disk, struct trouble *trouble, const char *sql)
{
    int result = sqlite3_exec(disk->db, sql, NULL, NULL, NULL);
    return result == SQLITE_OK ? 0 : trouble_of(trouble, disk->db, result);
}

/* The integer or the text that a query gives, as an integer: the text "ok" is 1, any other 0. */
static int disk_ask(struct disk *disk, struct trouble *trouble, const char *sql, int64_t *ret)
{
    sqlite3_stmt *query = NULL;
    int result = sqlite3_prepare_v2(disk->db, sql, -1, &query, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(query);
    if (result == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(query, 0);
        *ret = sqlite3_column_type(query, 0) == SQLITE_INTEGER ? sqlite3_column_int64(query, 0)
                                                               : text != NULL && strcmp(text, "ok") == 0;
    }
    sqlite3_finalize(query);
    return result == SQLITE_ROW || result == SQLITE_DONE ? 0 : trouble_of(trouble, disk->db, result);
}

static int unreadable(struct trouble *trouble, const char *why)
{
    trouble->code = -EBADMSG;
    trouble->state = STORE_FAILED;
    snprintf(trouble->text, sizeof trouble->text, "%s", why);
    return -EBADMSG;
}

/* Whose file it is, and whether it is sound. *ret_fresh: there is nothing in it yet. */
static int disk_check(struct disk *disk, struct trouble *trouble, bool *ret_fresh)
{
    int64_t application = 0, version = 0, tables = 0, sound = 0;
    int r = disk_ask(disk, trouble, "PRAGMA application_id", &application);
    if (r == 0)
        r = disk_ask(disk, trouble, "PRAGMA user_version", &version);
    if (r == 0)
        r = disk_ask(disk, trouble, "SELECT count(*) FROM sqlite_schema", &tables);
    if (r < 0)
        return r;
    *ret_fresh = application == 0 && version == 0 && tables == 0;
    if (*ret_fresh)
        return 0;
    if (application != STORE_APPLICATION)
        return unreadable(trouble, "the file is another program's");
    if (version > STORE_SCHEMA)
        return unreadable(trouble, "a newer version of this program made it");
    if (version < STORE_SCHEMA)
        return unreadable(trouble, "its schema is not known");
    r = disk_ask(disk, trouble, "PRAGMA quick_check(1)", &sound);
    if (r == 0 && sound == 0)
        return unreadable(trouble, "the file is damaged");
    return r;
}

static int disk_make(struct disk *disk, struct trouble *trouble)
{
    char version[128];
    snprintf(version, sizeof version, "PRAGMA application_id = %d; PRAGMA user_version = %d;", STORE_APPLICATION,
             STORE_SCHEMA);
    int r =
        disk_execute(disk, trouble, "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; BEGIN IMMEDIATE;");
    if (r == 0)
        r = disk_execute(disk, trouble, store_schema);
    if (r == 0)
        r = disk_execute(disk, trouble, version);
    return r < 0 ? r : disk_execute(disk, trouble, "COMMIT");
}

static int disk_read_meta(struct disk *disk, struct trouble *trouble, const char *name, int64_t *ret_number,
                          char *ret_text, size_t size)
{
    int r = disk_query(disk, trouble, META_GET, "t", name);
    if (r == 0)
        r = disk_next(disk, trouble, META_GET);
    if (r > 0) {
        const char *text = disk_text(disk, META_GET, 0, NULL);
        if (ret_number != NULL)
            *ret_number = disk_integer(disk, META_GET, 0);
        if (ret_text != NULL)
            snprintf(ret_text, size, "%s", text != NULL ? text : "");
    }
    disk_end(disk, META_GET);
    return r < 0 ? r : 0;
}

static int disk_read_identity(struct disk *disk, struct disk_found *ret, struct trouble *trouble)
{
    int64_t ids = 0, clean = 0;
    int r = disk_read_meta(disk, trouble, "boot", NULL, ret->boot, sizeof ret->boot);
    if (r == 0)
        r = disk_read_meta(disk, trouble, "boot_number", &ret->boot_number, NULL, 0);
    if (r == 0)
        r = disk_read_meta(disk, trouble, "ids_reserved", &ids, NULL, 0);
    if (r == 0)
        r = disk_read_meta(disk, trouble, "clean", &clean, NULL, 0);
    ret->ids = (uint64_t)ids;
    ret->exact = clean != 0;
    if (r == 0 && ret->boot[0] == '\0')
        ret->fresh = true; /* a run ended between making it and its first transaction */
    return r;
}

static int disk_connect(struct disk *disk, const char *name, int flags, struct trouble *trouble)
{
    int result = sqlite3_open_v2(name, &disk->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (result != SQLITE_OK)
        return trouble_of(trouble, disk->db, result);
    sqlite3_extended_result_codes(disk->db, 1);
    sqlite3_busy_timeout(disk->db, BUSY_MS);
    return 0;
}

static void disk_disconnect(struct disk *disk)
{
    for (size_t i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(disk->statements[i]);
        disk->statements[i] = NULL;
    }
    sqlite3_close(disk->db);
    disk->db = NULL;
}

void disk_close(struct disk *disk)
{
    if (disk == NULL)
        return;
    disk_disconnect(disk);
    if (disk->folder_fd >= 0)
        close(disk->folder_fd);
    free(disk);
}

static int disk_open_file(struct disk *disk, const char *path, struct disk_found *ret, struct trouble *trouble)
{
    char settings[200];
    snprintf(settings, sizeof settings,
             "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = %d; PRAGMA temp_store = MEMORY;"
             " PRAGMA cache_size = -4096; PRAGMA trusted_schema = OFF;",
             JOURNAL_LIMIT);
    int r = disk_connect(disk, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, trouble);
    if (r == 0)
        r = disk_check(disk, trouble, &ret->fresh);
    if (r == 0 && ret->fresh)
        r = disk_make(disk, trouble);
    if (r == 0)
        r = disk_execute(disk, trouble, settings);
    if (r == 0 && sqlite3_db_readonly(disk->db, "main") == 1) {
        trouble->code = r = -EROFS;
        trouble->state = STORE_READ_ONLY;
        snprintf(trouble->text, sizeof trouble->text, "the file may not be written");
    }
    return r == 0 ? disk_read_identity(disk, ret, trouble) : r;
}

/* --- the three ways of opening ------------------------------------------------------------------------------------ */

static int disk_open_for_writing(struct disk *disk, const char *folder, const char *path, struct disk_found *ret,
                                 struct trouble *trouble)
{
    int r = folder_lock(folder, &disk->folder_fd, trouble);
    if (r < 0)
        return r;
    r = disk_open_file(disk, path, ret, trouble);
    if (r < 0 && r != -EBADMSG && access(folder, W_OK) != 0 && errno == EROFS)
        r = trouble_errno(trouble, EROFS, "cannot write", path); /* SQLite says only that it cannot open it */
    if (r != -EBADMSG)
        return r;
    disk_disconnect(disk);
    struct trouble why = *trouble;
    char *name = NULL;
    r = disk_set_aside(path, &name, trouble);
    if (r < 0)
        return r;
    *ret = (struct disk_found){.set_aside = name};
    r = disk_open_file(disk, path, ret, trouble);
    if (r == 0)
        *trouble = why; /* why it was set aside */
    return r;
}

/* "file:PATH?immutable=1", malloc'ed. */
static char *uri_of(const char *path)
{
    char *uri = malloc(3 * strlen(path) + sizeof "file:?immutable=1");
    char *at = uri == NULL ? NULL : stpcpy(uri, "file:");
    for (; uri != NULL && *path != '\0'; path++) {
        if (*path == '?' || *path == '#' || *path == '%')
            at += sprintf(at, "%%%02X", (unsigned)*path);
        else
            *at++ = *path;
    }
    if (uri != NULL)
        stpcpy(at, "?immutable=1");
    return uri;
}

/* Where nothing may be written there is no room for the index of a log; where there is no log, none is needed. */
static int disk_open_to_look(struct disk *disk, const char *path, struct disk_found *ret, struct trouble *trouble)
{
    int r = disk_connect(disk, path, SQLITE_OPEN_READONLY, trouble);
    if (r == 0)
        r = disk_check(disk, trouble, &ret->fresh);
    if (r < 0) {
        disk_disconnect(disk);
        char *uri = uri_of(path);
        r = uri == NULL ? trouble_errno(trouble, ENOMEM, "cannot open", path)
                        : disk_connect(disk, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, trouble);
        free(uri);
        if (r == 0)
            r = disk_check(disk, trouble, &ret->fresh);
    }
    if (r == 0 && ret->fresh)
        return trouble_errno(trouble, ENOENT, "nothing in", path);
    return r == 0 ? disk_read_identity(disk, ret, trouble) : r;
}

struct disk *disk_open(const char *folder, enum disk_mode mode, struct disk_found *ret, struct trouble *trouble)
{
    *ret = (struct disk_found){.fresh = false};
    *trouble = (struct trouble){.code = 0};
    char *path = disk_path(folder);
    struct disk *disk = calloc(1, sizeof *disk);
    int r = path == NULL || disk == NULL ? -ENOMEM : 0;
    if (disk != NULL)
        disk->folder_fd = -1;
    if (r < 0)
        trouble_errno(trouble, ENOMEM, "cannot open", folder);
    else if (mode == DISK_WRITE)
        r = disk_open_for_writing(disk, folder, path, ret, trouble);
    else if (mode == DISK_LOOK)
        r = disk_open_to_look(disk, path, ret, trouble);
    else
        r = disk_connect(disk, path, SQLITE_OPEN_READONLY, trouble);
    free(path);
    if (r == 0)
        return disk;
    disk_close(disk);
    return NULL;
}
