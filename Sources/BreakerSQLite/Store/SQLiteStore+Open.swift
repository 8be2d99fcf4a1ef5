package import BreakerCore
package import BreakerStorage
import CSQLite

extension SQLiteStore {
    /// Opens or creates the database at `path`, and becomes its owner.
    ///
    /// A file that cannot be used is neither repaired nor overwritten.
    ///
    /// - Parameters:
    ///   - path: a path on a local file system; its folder exists and is writable.
    ///   - now: the instant at which migrations are recorded.
    ///   - vfs: the name of SQLite's file layer (VFS), for tests of failures.
    /// - Throws: ``StoreError/Code/inUse``, ``StoreError/Code/corrupt``, ``StoreError/Code/incompatible``, or, for an
    ///   error of the folder or the disk, ``StoreError/Code/unavailable``.
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
        // An owner that stops cleanly leaves an empty WAL or none. A WAL with content means that the owner crashed.
        let wasStoppedUncleanly = length(ofFile: file.text + DatabaseParts.log) ?? 0 > 0
        if wasStoppedUncleanly, length(ofFile: file.text) ?? 0 == 0 {
            // SQLite would create an empty database and delete the log.
            throw StoreError(
                .corrupt,
                "\(file.text) is missing, but its write-ahead log exists; \(Migrator.remedy(file.text))"
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
            return try StoreSession(connection, retention)
        }
        connection.setsCheckpointOnClose(true)
        try lock.openLog()
        return SQLiteStore(file: file, vfs: vfs, lock: lock, session: session)
    }

    /// Opens the file in such a way that it and its WAL do not change if the file is refused later.
    ///
    /// A full disk has no room for SQLite's shared-memory file. SQLite's file layer `unix-excl` keeps the shared memory
    /// in this process, for all of its connections. Until the next start, other programs then cannot read the database.
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
            // The connection closes here, because connections must not use different file layers.
        }
        return (try open("unix-excl"), "unix-excl")
    }

    /// Refuses a file that a crash or a faulty disk has damaged, before the store uses it.
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

    /// Sets the pragmas on which durability depends, and reads them back. On a file system without shared memory, for
    /// example, SQLite keeps another journal mode without an error.
    private static func configure(_ connection: Connection) throws(SQLiteError) {
        guard !connection.isReadOnly else {
            throw SQLiteError(code: SQLITE_READONLY, message: "this user has no write permission", context: "opening")
        }
        guard try connection.texts("PRAGMA journal_mode = WAL") == ["wal"] else {
            throw SQLiteError(
                code: SQLITE_CANTOPEN,
                message: "the file system does not support a write-ahead log; use a local file system",
                context: "PRAGMA journal_mode"
            )
        }
        for (pragma, value) in pragmas { try set(pragma, to: value, on: connection) }
        connection.countWALPages()
    }

    private static func set(_ pragma: String, to value: Int64, on connection: Connection) throws(SQLiteError) {
        try connection.execute("PRAGMA \(pragma) = \(value)")
        let set = try connection.integer("PRAGMA \(pragma)")
        // A build of SQLite without memory-mapped I/O returns no row for this pragma.
        guard set == value || set == nil && pragma == "mmap_size" else {
            throw SQLiteError(
                code: SQLITE_ERROR,
                message: "\(pragma) is \(set.map(String.init) ?? "unknown"), not \(value)",
                context: "PRAGMA \(pragma)"
            )
        }
    }

    private static let pragmas: [(String, Int64)] = [
        // FULL: a commit returns once it is on the disk.
        ("synchronous", 2),
        // If a reader mapped the file, it would receive a disk error as a signal.
        ("mmap_size", 0),
        // On only after the migrations: a migration that rebuilds a table must not delete the rows that refer to it.
        ("foreign_keys", 0),
        // The store runs its own checkpoints, after the answers have been sent.
        ("wal_autocheckpoint", 0),
        // Twice the usual length of the WAL. SQLite frees the space beyond it after a long read or a burst of writes.
        ("journal_size_limit", Int64(2 * CheckpointSchedule.interval * 4_096)),
        // In memory, so that a full disk does not affect temporary data.
        ("temp_store", 2),
        // A negative value is in KiB: 32 MiB, enough for the interior pages of every table at its limit.
        ("cache_size", -32_768),
    ]
}
