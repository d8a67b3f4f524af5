/* A file system for SQLite that fails when it is told to: everything goes to the real one, but some of what changes a
 * file answers with an error instead. */
#pragma once

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static struct bad_disk {
    pthread_mutex_t lock;
    pthread_cond_t released;
    size_t calls;       /* writes, syncs, truncations, openings and deletions since bad_disk_fail() */
    size_t from, count; /* which of them fail: the from-th (1 is the first), and the next ones; from 0: none */
    int code;           /* with what */
    size_t failed;
    bool hangs; /* a sync waits until it is released */
    sqlite3_vfs vfs, *real;
} bad_disk = {.lock = PTHREAD_MUTEX_INITIALIZER, .released = PTHREAD_COND_INITIALIZER};

struct bad_file {
    sqlite3_file base;
    sqlite3_file *real;
};

static inline void bad_disk_fail(size_t from, size_t count, int code)
{
    pthread_mutex_lock(&bad_disk.lock);
    bad_disk.calls = bad_disk.failed = 0;
    bad_disk.from = from;
    bad_disk.count = count;
    bad_disk.code = code;
    pthread_mutex_unlock(&bad_disk.lock);
}

static inline size_t bad_disk_failed(void)
{
    pthread_mutex_lock(&bad_disk.lock);
    size_t failed = bad_disk.failed;
    pthread_mutex_unlock(&bad_disk.lock);
    return failed;
}

static inline void bad_disk_hang(bool hangs)
{
    pthread_mutex_lock(&bad_disk.lock);
    bad_disk.hangs = hangs;
    pthread_cond_broadcast(&bad_disk.released);
    pthread_mutex_unlock(&bad_disk.lock);
}

static int bad_disk_call(void)
{
    int result = SQLITE_OK;
    pthread_mutex_lock(&bad_disk.lock);
    size_t call = ++bad_disk.calls;
    if (bad_disk.from != 0 && call >= bad_disk.from && call - bad_disk.from < bad_disk.count) {
        bad_disk.failed++;
        result = bad_disk.code;
    }
    pthread_mutex_unlock(&bad_disk.lock);
    return result;
}

#define REAL(file) (((struct bad_file *)(file))->real)

static int bad_close(sqlite3_file *file)
{
    return REAL(file)->pMethods->xClose(REAL(file));
}
static int bad_read(sqlite3_file *file, void *octets, int count, sqlite3_int64 offset)
{
    return REAL(file)->pMethods->xRead(REAL(file), octets, count, offset);
}
static int bad_write(sqlite3_file *file, const void *octets, int count, sqlite3_int64 offset)
{
    int result = bad_disk_call();
    return result != SQLITE_OK ? result : REAL(file)->pMethods->xWrite(REAL(file), octets, count, offset);
}
static int bad_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int result = bad_disk_call();
    return result != SQLITE_OK ? result : REAL(file)->pMethods->xTruncate(REAL(file), size);
}
static int bad_sync(sqlite3_file *file, int flags)
{
    int result = bad_disk_call();
    pthread_mutex_lock(&bad_disk.lock);
    while (bad_disk.hangs)
        pthread_cond_wait(&bad_disk.released, &bad_disk.lock);
    pthread_mutex_unlock(&bad_disk.lock);
    return result != SQLITE_OK ? result : REAL(file)->pMethods->xSync(REAL(file), flags);
}
static int bad_file_size(sqlite3_file *file, sqlite3_int64 *ret)
{
    return REAL(file)->pMethods->xFileSize(REAL(file), ret);
}
static int bad_lock(sqlite3_file *file, int level)
{
    return REAL(file)->pMethods->xLock(REAL(file), level);
}
static int bad_unlock(sqlite3_file *file, int level)
{
    return REAL(file)->pMethods->xUnlock(REAL(file), level);
}
static int bad_check_lock(sqlite3_file *file, int *ret)
{
    return REAL(file)->pMethods->xCheckReservedLock(REAL(file), ret);
}
static int bad_control(sqlite3_file *file, int operation, void *argument)
{
    return REAL(file)->pMethods->xFileControl(REAL(file), operation, argument);
}
static int bad_sector(sqlite3_file *file)
{
    return REAL(file)->pMethods->xSectorSize(REAL(file));
}
static int bad_traits(sqlite3_file *file)
{
    return REAL(file)->pMethods->xDeviceCharacteristics(REAL(file));
}
static int bad_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret)
{
    int result = extend ? bad_disk_call() : SQLITE_OK;
    return result != SQLITE_OK ? result : REAL(file)->pMethods->xShmMap(REAL(file), page, size, extend, ret);
}
static int bad_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return REAL(file)->pMethods->xShmLock(REAL(file), offset, count, flags);
}
static void bad_shm_barrier(sqlite3_file *file)
{
    REAL(file)->pMethods->xShmBarrier(REAL(file));
}
static int bad_shm_unmap(sqlite3_file *file, int delete)
{
    return REAL(file)->pMethods->xShmUnmap(REAL(file), delete);
}

static const sqlite3_io_methods bad_methods = {
    .iVersion = 2,
    .xClose = bad_close,
    .xRead = bad_read,
    .xWrite = bad_write,
    .xTruncate = bad_truncate,
    .xSync = bad_sync,
    .xFileSize = bad_file_size,
    .xLock = bad_lock,
    .xUnlock = bad_unlock,
    .xCheckReservedLock = bad_check_lock,
    .xFileControl = bad_control,
    .xSectorSize = bad_sector,
    .xDeviceCharacteristics = bad_traits,
    .xShmMap = bad_shm_map,
    .xShmLock = bad_shm_lock,
    .xShmBarrier = bad_shm_barrier,
    .xShmUnmap = bad_shm_unmap,
};

static int bad_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
    (void)vfs;
    struct bad_file *bad = (struct bad_file *)file;
    memset(bad, 0, sizeof *bad);
    bad->real = (sqlite3_file *)(bad + 1);
    int result = bad_disk_call() == SQLITE_OK ? SQLITE_OK : SQLITE_CANTOPEN;
    if (result == SQLITE_OK)
        result = bad_disk.real->xOpen(bad_disk.real, name, bad->real, flags, ret_flags);
    if (result == SQLITE_OK)
        bad->base.pMethods = &bad_methods;
    return result;
}
static int bad_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    int result = bad_disk_call();
    return result != SQLITE_OK ? result : bad_disk.real->xDelete(bad_disk.real, name, sync);
}

/* From now on every store is on it. */
static inline void bad_disk_begin(void)
{
    bad_disk.real = sqlite3_vfs_find(NULL);
    bad_disk.vfs = *bad_disk.real;
    bad_disk.vfs.pNext = NULL;
    bad_disk.vfs.zName = "bad";
    bad_disk.vfs.szOsFile = (int)sizeof(struct bad_file) + bad_disk.real->szOsFile;
    bad_disk.vfs.xOpen = bad_open;
    bad_disk.vfs.xDelete = bad_delete;
    sqlite3_vfs_register(&bad_disk.vfs, 1);
}
