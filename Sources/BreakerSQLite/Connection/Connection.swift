import BreakerStorage
import CSQLite
import Platform

/// A connection to a database. Only one thread at a time may use it.
///
/// The connection closes when it and its last statement have been released.
final class Connection {
    enum Access {
        case readWrite
        /// The connection neither writes nor checkpoints, not even when it closes.
        case readOnly
    }

    let handle: OpaquePointer
    /// Kept until the connection is closed, because the lock's descriptor must not close before.
    private let lock: DatabaseLock?
    /// The number of pages in the WAL after the last commit or checkpoint of this connection.
    private(set) var walPages = 0

    /// - Parameters:
    ///   - path: an absolute path, which SQLite cannot mistake for a URI; the file exists.
    ///   - vfs: the name of SQLite's file layer (VFS); `nil` for the default.
    ///   - lock: the lock of the database, if this process owns it.
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

    /// Switches the memory statistics off, because no code reads them. If SQLite is already in use, the statistics stay
    /// on; everything then works the same, but slower.
    private static let withoutMemoryStatistics = sqlite3_set_memory_statistics(0)

    /// Called at intervals while a statement runs. Kept as long as the connection may call it.
    private var isStopped: (() -> Bool)?

    /// Interrupts running statements with `SQLITE_INTERRUPT` once `isStopped` returns `true`.
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

    /// The interval in steps of SQLite's virtual machine: about a millisecond.
    private static let stepsBetweenQuestions: Int32 = 10_000

    deinit {
        // Statements retain their connection, so no statement is left here, and the connection closes at once.
        sqlite3_close_v2(handle)
    }

    /// How long a statement waits for a lock, in milliseconds. There is only one writer, so a statement meets a lock
    /// only if another program reads the file, or if a checkpoint waits for readers. The wait is short, because every
    /// client waits for the writer.
    private static let busyTimeoutMs: Int32 = 100

    /// Whether writing is impossible, for example because of the file's mode.
    var isReadOnly: Bool { sqlite3_db_readonly(handle, "main") != 0 }

    /// The error for the result code `result`, with the message of SQLite and, after an I/O error, of the system.
    func error(_ result: Int32, in context: String) -> SQLiteError {
        var message = String(cString: sqlite3_errmsg(handle))
        let reason = sqlite3_system_errno(handle)
        if result & 0xff == SQLITE_IOERR, reason != 0 {
            message += ": " + String(cString: strerror(reason))
        }
        return SQLiteError(code: result, message: message, context: context)
    }

    /// Whether there is no room for the shared memory in which the writer and the readers keep the index of the WAL.
    /// Reads from the database, because SQLite allocates the shared memory at the first read.
    var lacksSharedMemory: Bool {
        do throws(SQLiteError) {
            _ = try integer("PRAGMA application_id")
            return false
        } catch {
            return error.isOfSharedMemory
        }
    }

    // MARK: SQL

    /// Runs statements without parameters, and ignores their rows.
    func execute(_ sql: String) throws(SQLiteError) {
        let result = sqlite3_exec(handle, sql, nil, nil, nil)
        if result != SQLITE_OK { throw error(result, in: sql) }
    }

    /// The first column of the first row, as a number; `nil` if there is no row.
    func integer(_ sql: String) throws(SQLiteError) -> Int64? {
        try Statement(sql, on: self).first { $0.integer() }
    }

    /// The first column of every row, as text.
    func texts(_ sql: String) throws(SQLiteError) -> [String] {
        try Statement(sql, on: self).readAll { $0.text() }
    }

    /// The number of rows that the last INSERT, UPDATE or DELETE changed, without those changed by foreign-key actions.
    var changes: Int { Int(sqlite3_changes64(handle)) }

    // MARK: Transactions

    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Rolls back the transaction, if one is open. On FULL, IOERR and NOMEM, SQLite may already have rolled it back.
    func rollBack() throws(SQLiteError) {
        if isInTransaction { try execute("ROLLBACK") }
    }

    /// Runs `body` in a transaction.
    func transaction(_ body: () throws(SQLiteError) -> Void) throws(SQLiteError) {
        try execute("BEGIN IMMEDIATE")
        do throws(SQLiteError) {
            try body()
            try execute("COMMIT")
        } catch {
            // The first error is more informative than an error of the rollback. If the transaction is still open, the
            // next BEGIN reports an error.
            try? rollBack()
            throw error
        }
    }
}

// MARK: The WAL

extension Connection {
    /// Sets whether the last connection to close moves the content of the WAL into the database and deletes the WAL.
    func setsCheckpointOnClose(_ isOn: Bool) {
        _ = sqlite3_set_checkpoint_on_close(handle, isOn ? 1 : 0)
    }

    /// Updates ``walPages`` after each commit. This replaces SQLite's automatic checkpoints.
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
        /// Copies as many pages as readers allow, without waiting.
        case passive
        /// Waits for readers, then truncates the WAL to an empty file.
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

/// An error of SQLite, or an invalid value in a row.
struct SQLiteError: Error, CustomStringConvertible {
    /// An extended result code.
    var code: Int32
    /// SQLite's own message.
    var message: String
    /// The SQL, or another description of the operation.
    var context: String

    var description: String { "SQLite \(code): \(message); in: \(context)" }

    /// The error for a value that no version of the program stores.
    static func damaged(_ what: String) -> SQLiteError {
        SQLiteError(code: SQLITE_CORRUPT, message: what, context: "reading a row")
    }

    /// Whether SQLite could not create its shared-memory file, nearly always because the disk is full.
    var isOfSharedMemory: Bool {
        // SQLITE_IOERR_SHMOPEN, SQLITE_IOERR_SHMSIZE and SQLITE_IOERR_SHMMAP are macros that Swift cannot import.
        [18, 19, 21].contains(code >> 8) && code & 0xff == SQLITE_IOERR
    }

    /// The fault and its remedy, if the code is specific enough.
    private var advice: String? {
        switch code & 0xff {
        case SQLITE_FULL: "the disk is full; delete files on it"
        case SQLITE_CANTOPEN:
            "a file in its folder cannot be opened or created; make the folder writable, with space for another file"
        case SQLITE_READONLY: "it is read-only; give this user write permission, and mount its file system read-write"
        default: isOfSharedMemory ? "the disk is full; delete files on it" : nil
        }
    }

    /// `message`, with what the operator can do about the error.
    func explaining(_ message: String) -> String {
        advice.map { "\(message): \($0)" } ?? message
    }

    /// Whether the file itself is damaged. Other errors come from the disk or are temporary.
    var isDamage: Bool {
        switch code & 0xff {
        case SQLITE_CORRUPT, SQLITE_NOTADB: true
        default: false
        }
    }
}

/// Runs `body`, and translates an error of SQLite into a ``StoreError``.
///
/// - Parameters:
///   - message: the operation that failed, for the operator.
///   - remedy: what the operator can do if the file is damaged.
func translatingErrors<Value>(
    _ message: @autoclosure () -> String,
    remedy: @autoclosure () -> String = "",
    _ body: () throws(SQLiteError) -> Value
) throws(StoreError) -> Value {
    do throws(SQLiteError) {
        return try body()
    } catch {
        throw error.isDamage
            ? StoreError(.corrupt, message() + remedy(), cause: error.description)
            : StoreError(.unavailable, error.explaining(message()), cause: error.description)
    }
}
