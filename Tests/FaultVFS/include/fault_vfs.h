#ifndef FUSEBOX_FAULT_VFS_H
#define FUSEBOX_FAULT_VFS_H

/// A file layer of SQLite that works like the default one until it is set to fail.
///
/// Its failures have real effects: a failed write has written half of its bytes, and a failed sync has synced nothing.
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

/// Registers a layer under `name`, which must be unique. Returns `NULL` if SQLite refuses it.
struct fault_vfs *fault_vfs_create(const char *name);

/// Unregisters a layer. Every connection that uses it must be closed before.
void fault_vfs_destroy(struct fault_vfs *vfs);

/// Makes the `nth` of `calls` from here on fail with the SQLite result `code`, and all later ones too if `for_good`.
/// If `nth` is 0, none fails, but they are counted.
void fault_vfs_fail(struct fault_vfs *vfs, unsigned calls, long nth, int code, int for_good);

/// Makes every call succeed again.
void fault_vfs_heal(struct fault_vfs *vfs);

/// The number of the calls chosen last since they were chosen.
long fault_vfs_count(struct fault_vfs *vfs);

#endif
