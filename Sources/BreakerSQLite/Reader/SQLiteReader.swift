package import BreakerCore
package import BreakerStorage
import CSQLite

/// Reads the committed data of an ``SQLiteStore``, with connections that can neither write nor checkpoint.
///
/// Connections are opened as threads need them, and kept for later reads. Only one thread at a time uses a connection.
/// Close the reader before its store; otherwise the store cannot remove its WAL.
///
/// The conformance to `Sendable` is unchecked, because a session is not Sendable. The lock gives each session to one
/// thread, until the thread gives it back.
package final class SQLiteReader: BreakerReader, @unchecked Sendable {
    private let file: FilePath
    private let vfs: String?
    /// Guards ``idle``, ``isClosed`` and ``databaseLock``, and nothing else.
    private let lock = Lock()
    private var idle: [ReadSession] = []
    private var isClosed = false
    private var databaseLock: DatabaseLock?

    private var path: String { file.text }

    /// The number of idle sessions to keep. Up to this many threads can read at the same time without opening a
    /// connection for each read.
    private static let keptSessions = 4

    /// - Parameters:
    ///   - path: the path of a database that a store has open.
    ///   - vfs: the name of SQLite's file layer (VFS), for tests of failures.
    package convenience init(path: String, vfs: String? = nil) throws(StoreError) {
        try self.init(try FilePath(path), vfs: vfs, databaseLock: nil)
    }

    /// - Parameter databaseLock: the lock of the store, kept until the last read has ended.
    init(_ file: FilePath, vfs: String?, databaseLock: DatabaseLock?) throws(StoreError) {
        self.file = file
        self.vfs = vfs
        self.databaseLock = databaseLock
        giveBack(try session(databaseLock))
    }

    /// Closes the idle connections. A connection in use closes after its read. A backup in progress is abandoned.
    package func close() {
        let closed = lock.withLock {
            defer { idle = [] }
            isClosed = true
            databaseLock = nil
            return idle
        }
        withExtendedLifetime(closed) {}
    }

    package func failures(
        ofBreaker breakerID: Int64,
        before number: Int64?,
        limit: Int
    ) throws(StoreError) -> [Failure] {
        try reading { session throws(SQLiteError) in
            try session.failures(ofBreaker: breakerID, before: number, limit: limit)
        }
    }

    package func failures(ofBreaker breakerID: Int64, from: Instant, to: Instant) throws(StoreError) -> [Failure] {
        try reading { session throws(SQLiteError) in
            try session.failures(ofBreaker: breakerID, from: from, to: to)
        }
    }

    package func calls(
        ofBreakers breakerIDs: [Int64],
        in steps: CallHistory.Steps
    ) throws(StoreError) -> [CallHistory] {
        try reading { session throws(SQLiteError) in
            var histories: [CallHistory] = []
            for id in breakerIDs { histories.append(try session.calls(ofBreaker: id, in: steps)) }
            return histories
        }
    }

    package func transitions(
        ofBreaker breakerID: Int64?,
        visible scope: NameScope,
        before revision: Int64?,
        limit: Int
    ) throws(StoreError) -> [NamedTransition] {
        try reading { session throws(SQLiteError) in
            if let breakerID {
                try session.transitions(ofBreaker: breakerID, visible: scope, before: revision, limit: limit)
            } else {
                try session.transitions(visible: scope, before: revision, limit: limit)
            }
        }
    }

    package func audit(
        _ filter: AuditFilter,
        before revision: Int64?,
        limit: Int
    ) throws(StoreError) -> [AuditEntry] {
        try reading { session throws(SQLiteError) in
            try session.audit(filter, before: revision, limit: limit)
        }
    }

    package func changes(after revision: Int64, limit: Int) throws(StoreError) -> ChangePage {
        try reading { session throws(SQLiteError) in
            try session.changes(after: revision, limit: limit)
        }
    }

    package func backUp() throws(StoreError) -> OpenFile {
        let (isClosed, databaseLock) = lock.withLock { (self.isClosed, self.databaseLock) }
        guard !isClosed else { throw closed }
        try databaseLock?.requireNames()
        let isStopped = { [self] in lock.withLock { self.isClosed } }
        return try Backup(source: file, vfs: vfs, lock: databaseLock, isStopped: isStopped).run()
    }

    package func storedBytes() -> StoredBytes? {
        guard let database = length(ofFile: path) else { return nil }
        return StoredBytes(database: database, log: length(ofFile: path + DatabaseParts.log) ?? 0)
    }

    // MARK: Connections

    private func reading<Value>(
        _ body: (ReadSession) throws(SQLiteError) -> Value
    ) throws(StoreError) -> Value {
        let (idle, isClosed, databaseLock) = lock.withLock { (self.idle.popLast(), self.isClosed, self.databaseLock) }
        guard !isClosed else { throw closed }
        let session = if let idle { idle } else { try session(databaseLock) }
        // A session whose read failed is not used again.
        let value = try translatingErrors("\(path) cannot be read") { () throws(SQLiteError) in try body(session) }
        giveBack(session)
        return value
    }

    private var closed: StoreError { StoreError(.unavailable, "the reader of \(path) is closed") }

    private func session(_ databaseLock: DatabaseLock?) throws(StoreError) -> ReadSession {
        // SQLite would open another database under this name, and create a log that lacks the store's commits.
        try databaseLock?.requireNames()
        return try translatingErrors("\(path) cannot be opened for reading") { () throws(SQLiteError) in
            try ReadSession(path, vfs: vfs, lock: databaseLock)
        }
    }

    private func giveBack(_ session: ReadSession) {
        lock.withLock {
            if !isClosed, idle.count < Self.keptSessions { idle.append(session) }
        }
    }
}

/// A mutex of SQLite, so that this module does not depend on a platform's mutex, and ThreadSanitizer sees it.
///
/// Any thread may use a mutex. The conformance is unchecked, because the compiler sees only a pointer.
final class Lock: @unchecked Sendable {
    private let mutex: OpaquePointer

    init() {
        guard let mutex = sqlite3_mutex_alloc(SQLITE_MUTEX_FAST) else {
            preconditionFailure("SQLite is built without threads, or the memory is exhausted")
        }
        self.mutex = mutex
    }

    deinit {
        sqlite3_mutex_free(mutex)
    }

    func withLock<Value>(_ body: () -> Value) -> Value {
        sqlite3_mutex_enter(mutex)
        defer { sqlite3_mutex_leave(mutex) }
        return body()
    }
}
