#include <sqlite3.h>

/// Whether SQLite keeps statistics of its memory, for which every allocation takes a lock that all connections share.
/// To be called before anything else of SQLite. `sqlite3_config` is variadic, which Swift cannot call.
static inline int sqlite3_set_memory_statistics(int on) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, on);
}

/// Whether closing the last connection checkpoints. `sqlite3_db_config` is variadic, which Swift cannot call.
static inline int sqlite3_set_checkpoint_on_close(sqlite3 *db, int on) {
    return sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !on, (int *)0);
}
