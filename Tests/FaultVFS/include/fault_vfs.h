#ifndef FUSEBOX_FAULT_VFS_H
#define FUSEBOX_FAULT_VFS_H

/// A file layer of SQLite that works like the default one until it is told to fail.
///
/// What it fails is real: a write that fails has written half of its bytes, a sync that fails has synced nothing.
struct fault_vfs;

/// The calls that can fail; combined with `|`.
enum {
    fault_on_write = 1,
    fault_on_sync = 2,
    fault_on_truncate = 4,
    fault_on_delete = 8,
    fault_on_open = 16,
    fault_on_read = 32,
};

/// Registers a layer under `name`, which is to be unique; `NULL` where SQLite refuses.
struct fault_vfs *fault_vfs_create(const char *name);

/// Unregisters a layer, once every connection that uses it is closed.
void fault_vfs_destroy(struct fault_vfs *vfs);

/// Lets the `nth` of `calls` from here on fail with the SQLite result `code`, and all behind it if `for_good`.
/// With `nth` 0 none fails, but they are counted.
void fault_vfs_fail(struct fault_vfs *vfs, unsigned calls, long nth, int code, int for_good);

/// Lets everything succeed again.
void fault_vfs_heal(struct fault_vfs *vfs);

/// How many of the calls chosen last there were since.
long fault_vfs_count(struct fault_vfs *vfs);

#endif
