#include <sqlite3.h>

/// Whether closing the last connection checkpoints. `sqlite3_db_config` is variadic, which Swift cannot call.
static inline int sqlite3_set_checkpoint_on_close(sqlite3 *db, int on) {
    return sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !on, (int *)0);
}
