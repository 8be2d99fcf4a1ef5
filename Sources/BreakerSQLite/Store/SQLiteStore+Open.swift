package import BreakerCore
package import BreakerStorage
import CSQLite

extension SQLiteStore {
    /// Opens the database at `path`, or creates it, and becomes its owner.
    ///
    /// What cannot be used is refused as it is: neither repaired nor overwritten.
    ///
    /// - Parameters:
    ///   - path: on a local file system; its folder exists and is writable.
    ///   - now: the instant under which migrations are recorded.
    ///   - vfs: the name of SQLite's file layer, for tests that make it fail.
    /// - Throws: ``StoreError/Code/inUse``, ``StoreError/Code/corrupt``, ``StoreError/Code/incompatible``, or
    ///   ``StoreError/Code/unavailable`` where the folder or the disk is at fault.
    package static func open(
        path: String,
        retention: Retention = Retention(),
        at now: Instant,
        vfs: String? = nil
    ) throws(StoreError) -> SQLiteStore {
        try open(path: path, retention: retention, at: now, vfs: vfs, migrator: Migrator())
    }

    static func open(
        path: String,
        retention: Retention = Retention(),
        at now: Instant,
        vfs: String? = nil,
        migrator: Migrator
    ) throws(StoreError) -> SQLiteStore {
        let file = try FilePath(path)
        let lock = try DatabaseLock(file)
        // The owner leaves an empty WAL, or none, when it stops; one with something in it tells of a crash.
        let wasStoppedUncleanly = length(ofFile: file.text + "-wal") ?? 0 > 0
        if wasStoppedUncleanly, length(ofFile: file.text) ?? 0 == 0 {
            // SQLite would begin an empty database and delete the log.
            throw StoreError(
                .corrupt,
                "\(file.text) is missing, but its write-ahead log is there; \(Migrator.remedy(file.text))"
            )
        }
        try lock.lockDatabase()
        let message = "\(file.text) cannot be opened"
        let (connection, vfs) = try translatingErrors(message) { () throws(SQLiteError) in
            try connect(file.text, vfs: vfs, lock: lock)
        }
        let pending = try migrator.pending(on: connection, file.text)
        if wasStoppedUncleanly { try refuseDamage(connection, file.text) }
        let session = try translatingErrors(message) { () throws(SQLiteError) in
            try configure(connection)
            try migrator.apply(pending, on: connection, at: now)
            try set("foreign_keys", to: 1, on: connection)
            return try Session(connection: connection, retention: retention)
        }
        connection.setsCheckpointOnClose(true)
        return SQLiteStore(file: file, vfs: vfs, lock: lock, session: session)
    }

    /// Opens the file so that it stays as it is where it is refused, its WAL included.
    ///
    /// A full disk has no room for the shared memory that SQLite wants in a file. SQLite's file layer `unix-excl` has it
    /// in this process for all of its connections; other programs cannot read the database then, until the next start.
    private static func connect(
        _ path: String,
        vfs: String?,
        lock: DatabaseLock
    ) throws(SQLiteError) -> (Connection, vfs: String?) {
        func open(_ vfs: String?) throws(SQLiteError) -> Connection {
            let connection = try Connection(path: path, access: .readWrite, vfs: vfs, lock: lock)
            connection.setsCheckpointOnClose(false)
            return connection
        }
        do {
            let connection = try open(vfs)
            if vfs != nil || !connection.lacksSharedMemory { return (connection, vfs) }
            // Closed here: file layers may not be mixed.
        }
        return (try open("unix-excl"), "unix-excl")
    }

    /// What a crash, or a disk behind it, may have done to a file shows before anything relies on it.
    private static func refuseDamage(_ connection: Connection, _ path: String) throws(StoreError) {
        let message = "\(path) is damaged"
        let remedy = "; " + Migrator.remedy(path)
        let findings = try translatingErrors(message, remedy: remedy) { () throws(SQLiteError) in
            try connection.texts("PRAGMA quick_check(3)")
        }
        guard findings == ["ok"] else {
            throw StoreError(.corrupt, message + remedy, cause: findings.joined(separator: "; "))
        }
    }

    /// Sets what durability rests on, and reads back what SQLite made of it: a file system without shared memory, say,
    /// keeps another journal without an error.
    private static func configure(_ connection: Connection) throws(SQLiteError) {
        guard !connection.isReadOnly else {
            throw SQLiteError(code: SQLITE_READONLY, message: "this user may not write it", context: "opening")
        }
        guard try connection.texts("PRAGMA journal_mode = WAL") == ["wal"] else {
            throw SQLiteError(
                code: SQLITE_CANTOPEN,
                message: "the file system keeps no write-ahead log; use a local one",
                context: "PRAGMA journal_mode"
            )
        }
        for (pragma, value) in pragmas { try set(pragma, to: value, on: connection) }
        connection.countWALPages()
    }

    private static func set(_ pragma: String, to value: Int64, on connection: Connection) throws(SQLiteError) {
        try connection.execute("PRAGMA \(pragma) = \(value)")
        let set = try connection.integer("PRAGMA \(pragma)")
        // Some of SQLite's builds leave out what they can do without: no answer is none.
        guard set == value || set == nil && pragma == "mmap_size" else {
            throw SQLiteError(
                code: SQLITE_ERROR,
                message: "\(pragma) is \(set.map(String.init) ?? "unknown"), not \(value)",
                context: "PRAGMA \(pragma)"
            )
        }
    }

    private static let pragmas: [(String, Int64)] = [
        // FULL: a commit returns when it is on the disk.
        ("synchronous", 2),
        // Readers that map the file would see errors of the disk as signals.
        ("mmap_size", 0),
        // On once the migrations are applied: one that makes a table anew must not take the rows below it along.
        ("foreign_keys", 0),
        // Checkpoints are the store's own, behind the answers.
        ("wal_autocheckpoint", 0),
        // Twice what the WAL is to hold: space that a reader or a storm made it take is given back.
        ("journal_size_limit", Int64(2 * CheckpointSchedule.interval * 4_096)),
        // In memory, where no full disk stops it.
        ("temp_store", 2),
        // In KiB, 32 MiB: enough for the inner pages of every table at its limit.
        ("cache_size", -32_768),
    ]
}

extension SQLiteStore.Session {
    init(connection: Connection, retention: Retention) throws(SQLiteError) {
        let tables = try Tables(connection)
        let server = try tables.server.get()
        self.init(
            connection: connection,
            tables: tables,
            beginReading: try Statement("BEGIN", on: connection),
            begin: try Statement("BEGIN IMMEDIATE", on: connection),
            commit: try Statement("COMMIT", on: connection),
            epoch: server.epoch ?? .random(),
            revision: server.revision,
            pruner: try Pruner(retention, tables)
        )
    }
}
