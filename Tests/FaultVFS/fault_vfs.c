#include "fault_vfs.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct fault_vfs {
    sqlite3_vfs base;
    sqlite3_vfs *real;
    char *name;
    // Atomic, because readers run on their own threads.
    atomic_uint calls;
    atomic_long nth;
    atomic_int code;
    atomic_int for_good;
    atomic_long count;
};

struct fault_file {
    sqlite3_file base;
    struct fault_vfs *vfs;
    // Follows this structure in memory; SQLite allocates room for both.
    sqlite3_file *real;
};

/// The result with which a call must fail; `SQLITE_OK` if it must succeed.
static int fault(struct fault_vfs *vfs, unsigned call) {
    if (!(atomic_load(&vfs->calls) & call)) return SQLITE_OK;
    long count = atomic_fetch_add(&vfs->count, 1) + 1;
    long nth = atomic_load(&vfs->nth);
    if (nth == 0 || count < nth) return SQLITE_OK;
    return count == nth || atomic_load(&vfs->for_good) ? atomic_load(&vfs->code) : SQLITE_OK;
}

#define REAL(file) (((struct fault_file *)(file))->real)
#define VFS(file) (((struct fault_file *)(file))->vfs)

static int file_close(sqlite3_file *file) {
    return REAL(file)->pMethods->xClose(REAL(file));
}

static int file_read(sqlite3_file *file, void *bytes, int length, sqlite3_int64 offset) {
    int code = fault(VFS(file), fault_on_read);
    return code ? code : REAL(file)->pMethods->xRead(REAL(file), bytes, length, offset);
}

static int file_write(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 offset) {
    int code = fault(VFS(file), fault_on_write);
    int result = REAL(file)->pMethods->xWrite(REAL(file), bytes, code ? length / 2 : length, offset);
    return code ? code : result;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 length) {
    int code = fault(VFS(file), fault_on_truncate);
    return code ? code : REAL(file)->pMethods->xTruncate(REAL(file), length);
}

static int file_sync(sqlite3_file *file, int flags) {
    int code = fault(VFS(file), fault_on_sync);
    return code ? code : REAL(file)->pMethods->xSync(REAL(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *length) {
    return REAL(file)->pMethods->xFileSize(REAL(file), length);
}

static int file_lock(sqlite3_file *file, int level) {
    return REAL(file)->pMethods->xLock(REAL(file), level);
}

static int file_unlock(sqlite3_file *file, int level) {
    return REAL(file)->pMethods->xUnlock(REAL(file), level);
}

static int file_check_reserved_lock(sqlite3_file *file, int *reserved) {
    return REAL(file)->pMethods->xCheckReservedLock(REAL(file), reserved);
}

static int file_control(sqlite3_file *file, int operation, void *argument) {
    return REAL(file)->pMethods->xFileControl(REAL(file), operation, argument);
}

static int file_sector_size(sqlite3_file *file) {
    return REAL(file)->pMethods->xSectorSize(REAL(file));
}

static int file_characteristics(sqlite3_file *file) {
    return REAL(file)->pMethods->xDeviceCharacteristics(REAL(file));
}

static int file_map(sqlite3_file *file, int page, int size, int extend, void volatile **address) {
    return REAL(file)->pMethods->xShmMap(REAL(file), page, size, extend, address);
}

static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
    return REAL(file)->pMethods->xShmLock(REAL(file), offset, count, flags);
}

static void file_barrier(sqlite3_file *file) {
    REAL(file)->pMethods->xShmBarrier(REAL(file));
}

static int file_unmap(sqlite3_file *file, int delete) {
    return REAL(file)->pMethods->xShmUnmap(REAL(file), delete);
}

// Version 2 has shared memory, which a WAL needs, but no mapped files, which would bypass these calls.
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = file_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_barrier,
    .xShmUnmap = file_unmap,
};

static int vfs_open(sqlite3_vfs *base, const char *name, sqlite3_file *file, int flags, int *out_flags) {
    struct fault_vfs *vfs = (struct fault_vfs *)base;
    struct fault_file *opened = (struct fault_file *)file;
    memset(opened, 0, sizeof *opened);
    int code = fault(vfs, fault_on_open);
    if (code) return code;
    opened->vfs = vfs;
    opened->real = (sqlite3_file *)(opened + 1);
    int result = vfs->real->xOpen(vfs->real, name, opened->real, flags, out_flags);
    // SQLite treats a file without methods as not opened.
    if (result == SQLITE_OK) opened->base.pMethods = &methods;
    return result;
}

static int vfs_delete(sqlite3_vfs *base, const char *name, int sync_folder) {
    struct fault_vfs *vfs = (struct fault_vfs *)base;
    int code = fault(vfs, fault_on_delete);
    return code ? code : vfs->real->xDelete(vfs->real, name, sync_folder);
}

struct fault_vfs *fault_vfs_create(const char *name) {
    struct fault_vfs *vfs = calloc(1, sizeof *vfs);
    char *copy = strdup(name);
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    if (!vfs || !copy || !real) {
        free(vfs);
        free(copy);
        return NULL;
    }
    vfs->real = real;
    vfs->name = copy;
    vfs->base = *real;
    vfs->base.pNext = NULL;
    vfs->base.zName = copy;
    vfs->base.szOsFile = (int)sizeof(struct fault_file) + real->szOsFile;
    vfs->base.xOpen = vfs_open;
    vfs->base.xDelete = vfs_delete;
    if (sqlite3_vfs_register(&vfs->base, 0) != SQLITE_OK) {
        free(copy);
        free(vfs);
        return NULL;
    }
    return vfs;
}

void fault_vfs_destroy(struct fault_vfs *vfs) {
    sqlite3_vfs_unregister(&vfs->base);
    free(vfs->name);
    free(vfs);
}

void fault_vfs_fail(struct fault_vfs *vfs, unsigned calls, long nth, int code, int for_good) {
    atomic_store(&vfs->calls, 0);
    atomic_store(&vfs->nth, nth);
    atomic_store(&vfs->code, code);
    atomic_store(&vfs->for_good, for_good);
    atomic_store(&vfs->count, 0);
    atomic_store(&vfs->calls, calls);
}

void fault_vfs_heal(struct fault_vfs *vfs) {
    atomic_store(&vfs->calls, 0);
}

long fault_vfs_count(struct fault_vfs *vfs) {
    return atomic_load(&vfs->count);
}
