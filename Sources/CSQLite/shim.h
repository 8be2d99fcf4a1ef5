#include <sqlite3.h>

/// Switches SQLite's memory statistics on or off. With statistics, every allocation takes a lock that all connections
/// share. Call this before any other function of SQLite. Swift cannot call `sqlite3_config`, which is variadic.
static inline int sqlite3_set_memory_statistics(int on) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, on);
}

/// Sets whether closing the last connection checkpoints. Swift cannot call `sqlite3_db_config`, which is variadic.
static inline int sqlite3_set_checkpoint_on_close(sqlite3 *db, int on) {
    return sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !on, (int *)0);
}
