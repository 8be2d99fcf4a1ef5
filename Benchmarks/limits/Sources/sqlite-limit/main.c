// Commits failure rows through SQLite's C interface, with the pragmas of Fusebox's store, and prints how many rows
// became durable in how many seconds. This is the limit for a store on this disk.

#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static sqlite3 *database;

static void check(int code) {
    if (code == SQLITE_OK || code == SQLITE_DONE) return;
    fprintf(stderr, "sqlite-limit: %s\n", sqlite3_errmsg(database));
    exit(1);
}

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void step(sqlite3_stmt *statement) {
    check(sqlite3_step(statement));
    check(sqlite3_reset(statement));
}

static sqlite3_stmt *prepare(const char *sql) {
    sqlite3_stmt *statement;
    check(sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL));
    return statement;
}

int main(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], "--version") == 0) {
        puts(sqlite3_libversion());
        return 0;
    }
    long rows_per_commit = count == 4 ? atol(arguments[2]) : 0;
    double seconds = count == 4 ? atof(arguments[3]) : 0;
    if (rows_per_commit < 1 || seconds <= 0) {
        fprintf(stderr, "usage: sqlite-limit DATABASE ROWS_PER_COMMIT SECONDS, or --version\n");
        return 2;
    }
    check(sqlite3_open(arguments[1], &database));
    check(sqlite3_exec(database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;", NULL, NULL, NULL));
    check(sqlite3_exec(
        database,
        "CREATE TABLE failure (breaker_id INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL,"
        " kind TEXT, reporter TEXT, PRIMARY KEY (breaker_id, number)) STRICT, WITHOUT ROWID",
        NULL, NULL, NULL));
    sqlite3_stmt *begin = prepare("BEGIN IMMEDIATE");
    sqlite3_stmt *commit = prepare("COMMIT");
    sqlite3_stmt *insert = prepare("INSERT INTO failure VALUES (1, ?1, ?2, 'timeout', 'bench-1')");

    sqlite3_int64 rows = 0;
    double began = seconds_now(), now;
    do {
        step(begin);
        for (long row = 0; row < rows_per_commit; row++) {
            check(sqlite3_bind_int64(insert, 1, ++rows));
            check(sqlite3_bind_int64(insert, 2, INT64_C(1700000000000) + rows));
            step(insert);
        }
        step(commit);
        now = seconds_now();
    } while (now - began < seconds);

    printf("{\"rows\": %lld, \"seconds\": %.6f}\n", rows, now - began);
    sqlite3_finalize(begin);
    sqlite3_finalize(commit);
    sqlite3_finalize(insert);
    return sqlite3_close(database) == SQLITE_OK ? 0 : 1;
}
