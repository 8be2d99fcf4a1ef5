package import BreakerCore
package import BreakerStorage
import CSQLite

/// A store in an SQLite database: one file, one owner and one connection that writes.
///
/// Only one thread at a time may use it. Operators' reads go through a ``SQLiteReader``. After an error before COMMIT,
/// nothing is stored. After an error of COMMIT, a crash may bring the batch back. The connection stays open in both
/// cases: a connection that was reopened would read frames that a failed sync left in the WAL.
package final class SQLiteStore: BreakerStore {
    /// The database's path, with links resolved.
    package var path: String { file.text }
    private let file: FilePath
    private let vfs: String?
    /// `nil` once the store is closed. Each connection retains it too.
    private var lock: DatabaseLock?
    /// `nil` once the store is closed.
    private var session: StoreSession?
    private var namesCheckedAt = ContinuousClock.now

    init(file: FilePath, vfs: String?, lock: DatabaseLock, session: StoreSession) {
        self.file = file
        self.vfs = vfs
        self.lock = lock
        self.session = session
    }

    deinit {
        close()
    }

    package var epoch: Epoch { opened.epoch }

    package var evictions: Evictions { opened.pruner.evictions }

    var connection: Connection { opened.connection }

    private var opened: StoreSession {
        guard let session else { preconditionFailure("the store at \(path) is closed") }
        return session
    }

    // MARK: Reading

    /// Creates a reader of this store's committed data, with connections of its own.
    package func reader() throws(StoreError) -> SQLiteReader {
        try SQLiteReader(file, vfs: vfs, databaseLock: lock)
    }

    package func load() throws(StoreError) -> StoredPanel {
        try reading { tables, server throws(SQLiteError) in try tables.breakers.all(lastWrite: server.writtenAt) }
    }

    package func reload(_ names: [BreakerName]) throws(StoreError) -> StoredPanel {
        try translatingErrors("a transaction on \(path) cannot be rolled back") { () throws(SQLiteError) in
            // Ends a transaction that a failed rollback left open. Its rows would otherwise be read as stored.
            try connection.rollBack()
        }
        let stored = try reading { tables, server throws(SQLiteError) in
            var breakers: [StoredBreaker] = []
            for name in Set(names).sorted() {
                if let breaker = try tables.breakers.breaker(named: name, lastWrite: server.writtenAt) {
                    breakers.append(breaker)
                }
            }
            return breakers
        }
        opened.revision = stored.revision
        return stored
    }

    private func reading(
        _ breakers: (Tables, ServerRow) throws(SQLiteError) -> [StoredBreaker]
    ) throws(StoreError) -> StoredPanel {
        try translatingErrors("the breakers in \(path) cannot be read") { () throws(SQLiteError) in
            let server = try opened.tables.server.get()
            let breakers = try breakers(opened.tables, server)
            // Detects a WAL of another database that was read as this one's.
            for breaker in breakers.map(\.breaker)
            where max(breaker.id, breaker.generation, breaker.policyRevision) > server.revision {
                throw .damaged("\(breaker.name) has a later revision than the server's last, \(server.revision)")
            }
            return StoredPanel(revision: server.revision, lastWrite: server.writtenAt, breakers: breakers)
        }
    }

    package func sessions() throws(StoreError) -> StoredSessions {
        try translatingErrors("the sessions in \(path) cannot be read") { () throws(SQLiteError) in
            try opened.tables.sessions.get()
        }
    }

    package func receipt(forReport id: String, ofBreaker breakerID: Int64) throws(StoreError) -> Receipt? {
        try translatingErrors("the report ids in \(path) cannot be read") { () throws(SQLiteError) in
            // The look-ups of a batch share a transaction, because beginning one takes longer than a look-up. The write
            // or the checkpoint after the batch ends it.
            if !connection.isInTransaction { try opened.beginReading.run() }
            return try opened.tables.receipts.receipt(forReport: id, ofBreaker: breakerID)
        }
    }

    // MARK: Writing

    package func write(_ batch: WriteBatch) throws(StoreError) {
        try requireFiles()
        do throws(SQLiteError) {
            // Ends a transaction that look-ups or a failed rollback left open.
            try connection.rollBack()
            try opened.begin.run()
            try opened.put(batch)
        } catch {
            undo()
            throw unavailable(error)
        }
        do throws(SQLiteError) {
            try opened.commit.run()
        } catch {
            undo()
            // On a full disk a write ended early, in the commit's last frame or before it. A crash cannot complete that
            // frame. After any other error, above all one of the sync, all frames may be complete.
            if error.code == SQLITE_FULL { throw unavailable(error) }
            throw StoreError(.outcomeUnknown, "a commit to \(path) failed", cause: error.description)
        }
        opened.revision = batch.revision
        opened.pruner.keep()
        opened.checkpoints.committed(walPages: connection.walPages)
    }

    /// A file that was removed, or replaced by `rename`, is noticed by the next write. One that was moved keeps a name,
    /// and what is written to it can be found, so that is noticed within a second.
    private func requireFiles() throws(StoreError) {
        guard let lock else { return }
        try lock.requireLinks()
        let now = ContinuousClock.now
        guard namesCheckedAt.duration(to: now) >= .seconds(1) else { return }
        try lock.requireNames()
        namesCheckedAt = now
    }

    private func unavailable(_ error: SQLiteError) -> StoreError {
        let message = error.explaining("\(path) cannot be written, and nothing was stored")
        return StoreError(.unavailable, message, cause: error.description)
    }

    private func undo() {
        opened.pruner.rollBack()
        // The error that led here is more informative. The next write retries the rollback.
        try? connection.rollBack()
    }

    /// Moves pages from the WAL into the database once there are enough of them, and ends the transaction of look-ups.
    /// The best time for a call is after every batch, when its answers have been sent.
    package func checkpoint() throws(StoreError) {
        try translatingErrors("the write-ahead log of \(path) cannot be copied into the database") {
            () throws(SQLiteError) in
            try connection.rollBack()
            guard let checkpoint = opened.checkpoints.due else { return }
            defer { opened.checkpoints.attempted(walPages: connection.walPages) }
            try connection.checkpoint(checkpoint)
        }
    }

    /// Closes the store. It moves the WAL into the database, as far as readers and the disk allow. Another process can
    /// own the database once all reads have ended.
    package func close() {
        guard session != nil else { return }
        // A failure does no harm: the WAL stays, and the next owner reads it.
        try? connection.rollBack()
        try? connection.checkpoint(.truncate)
        // SQLite deletes the log by its name, under which another database's log may be.
        do { try lock?.requireNames() } catch { connection.setsCheckpointOnClose(false) }
        session = nil
        lock = nil
    }
}
