import CSQLite

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// A connection to a database. Not for two threads at a time.
///
/// It closes when it and its last statement are released.
final class Connection {
    enum Access {
        case readWrite
        /// Neither writes nor checkpoints, also not when it closes.
        case readOnly
    }

    let handle: OpaquePointer
    /// Kept until the connection is closed: the lock's descriptor must not close before.
    private let lock: DatabaseLock?
    /// Pages in the WAL, as of the last commit or checkpoint of this connection.
    private(set) var walPages = 0

    /// - Parameters:
    ///   - path: absolute, lest SQLite take it for a URI; the file exists.
    ///   - vfs: the name of SQLite's file layer; `nil` for the default.
    ///   - lock: that of the database, where this process owns it.
    init(path: String, access: Access, vfs: String?, lock: DatabaseLock? = nil) throws(SQLiteError) {
        precondition(path.hasPrefix("/"), "a database's path is absolute, not \(path)")
        self.lock = lock
        _ = Self.withoutMemoryStatistics
        let flags = access == .readWrite ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY
        var opened: OpaquePointer?
        let result = sqlite3_open_v2(path, &opened, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, vfs)
        guard let opened else {
            throw SQLiteError(code: SQLITE_NOMEM, message: "out of memory", context: "opening \(path)")
        }
        handle = opened
        if result != SQLITE_OK { throw error(result, in: "opening \(path)") }
        if access == .readOnly { setsCheckpointOnClose(false) }
        sqlite3_busy_timeout(handle, Self.busyTimeoutMs)
    }

    /// Nobody reads the statistics. Where SQLite is in use already it keeps them, and all works as well, but slower.
    private static let withoutMemoryStatistics = sqlite3_set_memory_statistics(0)

    /// Asked now and then while a statement runs; kept as long as the connection may ask.
    private var isStopped: (() -> Bool)?

    /// Ends statements in the middle, with `SQLITE_INTERRUPT`, once `isStopped` says so.
    func stops(when isStopped: @escaping () -> Bool) {
        self.isStopped = isStopped
        sqlite3_progress_handler(
            handle,
            Self.stepsBetweenQuestions,
            { context in
                guard let context else { return 0 }
                let connection = Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue()
                return connection.isStopped?() == true ? 1 : 0
            },
            Unmanaged.passUnretained(self).toOpaque()
        )
    }

    /// Of SQLite's virtual machine: a millisecond or so.
    private static let stepsBetweenQuestions: Int32 = 10_000

    deinit {
        // Statements keep their connection, so that this closes it.
        sqlite3_close_v2(handle)
    }

    /// Nobody else writes, so that a lock is met only where somebody looks into the file with another program, or
    /// where a checkpoint waits for readers. The writer must not wait long: everybody waits for it.
    private static let busyTimeoutMs: Int32 = 100

    /// Whether writing is impossible, be it that the file's mode forbids it.
    var isReadOnly: Bool { sqlite3_db_readonly(handle, "main") != 0 }

    /// The error that stands behind `result`, with what the system said of it.
    func error(_ result: Int32, in context: String) -> SQLiteError {
        var message = String(cString: sqlite3_errmsg(handle))
        let reason = sqlite3_system_errno(handle)
        if result & 0xff == SQLITE_IOERR, reason != 0 {
            message += ": " + String(cString: strerror(reason))
        }
        return SQLiteError(code: result, message: message, context: context)
    }

    /// Whether there is no room for the shared memory in which readers and the writer have the index of the log. The
    /// first read asks for it.
    var lacksSharedMemory: Bool {
        do throws(SQLiteError) {
            _ = try integer("PRAGMA application_id")
            return false
        } catch {
            return error.isOfSharedMemory
        }
    }

    // MARK: SQL

    /// Runs statements that have no parameters and whose rows do not matter.
    func execute(_ sql: String) throws(SQLiteError) {
        let result = sqlite3_exec(handle, sql, nil, nil, nil)
        if result != SQLITE_OK { throw error(result, in: sql) }
    }

    /// The first column of the first row, as a number; `nil` where there is no row.
    func integer(_ sql: String) throws(SQLiteError) -> Int64? {
        try Statement(sql, on: self).first { $0.integer() }
    }

    /// The first column of every row, as text.
    func texts(_ sql: String) throws(SQLiteError) -> [String] {
        var texts: [String] = []
        try Statement(sql, on: self).forEachRow { texts.append($0.text()) }
        return texts
    }

    /// Rows that the last INSERT, UPDATE or DELETE changed, without those that foreign keys took along.
    var changes: Int { Int(sqlite3_changes64(handle)) }

    // MARK: Transactions

    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Ends a transaction that failed. SQLite may have done so by itself, on FULL, IOERR and NOMEM.
    func rollBack() throws(SQLiteError) {
        if isInTransaction { try execute("ROLLBACK") }
    }

    /// Runs `body` whole or not at all.
    func transaction(_ body: () throws(SQLiteError) -> Void) throws(SQLiteError) {
        try execute("BEGIN IMMEDIATE")
        do throws(SQLiteError) {
            try body()
            try execute("COMMIT")
        } catch {
            // The first error tells more than one of the rollback; what it leaves open, the next BEGIN reports.
            try? rollBack()
            throw error
        }
    }
}

// MARK: The WAL

extension Connection {
    /// Whether the last connection to close moves what is in the WAL into the database and deletes the WAL.
    func setsCheckpointOnClose(_ isOn: Bool) {
        _ = sqlite3_set_checkpoint_on_close(handle, isOn ? 1 : 0)
    }

    /// Keeps ``walPages`` up to date. This takes the place of SQLite's own checkpoints.
    func countWALPages() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        sqlite3_wal_hook(
            handle,
            { context, _, _, pages in
                guard let context else { return SQLITE_OK }
                Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue().walPages = Int(pages)
                return SQLITE_OK
            },
            context
        )
    }

    enum Checkpoint {
        /// As far as readers allow, without waiting.
        case passive
        /// Waits for readers, then makes the WAL an empty file.
        case truncate
    }

    func checkpoint(_ checkpoint: Checkpoint) throws(SQLiteError) {
        var pages: Int32 = 0
        let mode = checkpoint == .passive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE
        let result = sqlite3_wal_checkpoint_v2(handle, "main", mode, &pages, nil)
        if pages >= 0 { walPages = Int(pages) }
        if result != SQLITE_OK { throw error(result, in: "a checkpoint") }
    }
}
