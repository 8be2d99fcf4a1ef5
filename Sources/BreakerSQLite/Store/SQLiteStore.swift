package import BreakerCore
package import BreakerStorage
import CSQLite

/// A store in an SQLite database: one file, one owner, one connection that writes.
///
/// Not for two threads at a time; what operators read goes through a ``SQLiteReader``. An error before COMMIT leaves
/// nothing behind; one of COMMIT leaves it open whether a crash would bring the batch back. Either way the connection
/// stays: closing and opening it again would read frames that a failed sync left in the WAL.
package final class SQLiteStore: BreakerStore {
    /// The database's path, without links.
    package var path: String { file.text }
    private let file: FilePath
    private let vfs: String?
    /// Connections keep it as well; `nil` once the store is closed.
    private var lock: DatabaseLock?
    /// `nil` once the store is closed.
    private var session: Session?

    init(file: FilePath, vfs: String?, lock: DatabaseLock, session: Session) {
        self.file = file
        self.vfs = vfs
        self.lock = lock
        self.session = session
    }

    deinit {
        close()
    }

    /// What lives from open to close.
    struct Session {
        let connection: Connection
        let tables: Tables
        let beginReading: Statement
        let begin: Statement
        let commit: Statement
        /// Stored with the first write.
        let epoch: Epoch
        /// The last that is committed: what is of a later one is not stored yet.
        var revision: Int64
        var pruner: Pruner
        var checkpoints = CheckpointSchedule()
    }

    package var epoch: Epoch { opened.epoch }

    package var evictions: Evictions { opened.pruner.evictions }

    var connection: Connection { opened.connection }

    private var opened: Session {
        _read {
            guard session != nil else { preconditionFailure("the store at \(path) is closed") }
            yield session!
        }
        _modify {
            guard session != nil else { preconditionFailure("the store at \(path) is closed") }
            yield &session!
        }
    }

    // MARK: Reading

    /// A reader of what this store commits, on connections of its own.
    package func reader() throws(StoreError) -> SQLiteReader {
        try SQLiteReader(file, vfs: vfs, databaseLock: lock)
    }

    package func load() throws(StoreError) -> StoredPanel {
        try reading { tables, server throws(SQLiteError) in try tables.breakers.all(lastWrite: server.writtenAt) }
    }

    package func reload(_ names: [BreakerName]) throws(StoreError) -> StoredPanel {
        try translatingErrors("a transaction on \(path) cannot be undone") { () throws(SQLiteError) in
            // What a rollback that failed left open would be read as stored.
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
            // A log of another database may have been read as this one's.
            for breaker in breakers.map(\.snapshot)
            where max(breaker.id, breaker.generation, breaker.policyRevision) > server.revision {
                throw .damaged("\(breaker.name) is of a later revision than the server's last, \(server.revision)")
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
            // The look-ups of a batch share a transaction, for to begin one takes longer than to look an id up. The write
            // or the checkpoint behind the batch ends it.
            if !connection.isInTransaction { try opened.beginReading.run() }
            return try opened.tables.receipts.receipt(forReport: id, ofBreaker: breakerID)
        }
    }

    // MARK: Writing

    package func write(_ batch: WriteBatch) throws(StoreError) {
        do throws(SQLiteError) {
            // Look-ups leave a transaction open, and so would a rollback that failed.
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
            // A disk that is full ended a write, and with it the commit's last frame or one before it: a crash cannot
            // complete that frame. Behind any other error, of the sync above all, the frames may be whole.
            if error.code == SQLITE_FULL { throw unavailable(error) }
            throw StoreError(.outcomeUnknown, "a commit to \(path) failed", cause: error.description)
        }
        opened.revision = batch.revision
        opened.pruner.keep()
        opened.checkpoints.committed(walPages: connection.walPages)
    }

    private func unavailable(_ error: SQLiteError) -> StoreError {
        let message = error.explaining("\(path) cannot be written, and nothing was stored")
        return StoreError(.unavailable, message, cause: error.description)
    }

    private func undo() {
        opened.pruner.rollBack()
        // The error that led here tells more; the next write tries again.
        try? connection.rollBack()
    }

    /// Moves pages from the WAL into the database once there are enough, and does nothing before. Best called behind
    /// every batch, when its answers are out.
    package func checkpoint() throws(StoreError) {
        try translatingErrors("the write-ahead log of \(path) cannot be moved into the database") {
            () throws(SQLiteError) in
            try connection.rollBack()
            guard let checkpoint = opened.checkpoints.due else { return }
            defer { opened.checkpoints.attempted(walPages: connection.walPages) }
            try connection.checkpoint(checkpoint)
        }
    }

    /// Leaves a database without a WAL, as far as readers and the disk allow, and lets another owner in once nothing is
    /// being read.
    package func close() {
        guard session != nil else { return }
        // Failing harms nothing: the WAL stays, and the next owner reads it.
        try? connection.rollBack()
        try? connection.checkpoint(.truncate)
        session = nil
        lock = nil
    }
}

extension SQLiteStore.Session {
    /// Within a transaction. Deletions go first, for a name may be deleted and created in one batch; children follow
    /// their parents, which SQLite checks.
    mutating func put(_ batch: WriteBatch) throws(SQLiteError) {
        if batch.shiftMs != 0 {
            try tables.receipts.shift(byMs: batch.shiftMs)
            pruner.forgetTimes()
        }
        for deletion in batch.deletions {
            try pruner.deleteReceipts(ofBreaker: deletion.breakerID, in: tables)
            try tables.breakers.delete(deletion.breakerID)
            pruner.forget(deletion.breakerID)
        }
        for breaker in batch.breakers {
            try tables.breakers.put(breaker, behind: revision, isShifted: batch.shiftMs != 0)
            try tables.policies.putIfChanged(breaker.snapshot, behind: revision)
        }
        for row in batch.transitions {
            try tables.transitions.insert(row)
            try pruner.addTransition(of: row.breakerID, in: tables)
        }
        for change in batch.changes { try tables.changes.insert(change) }
        pruner.add(changes: batch.changes.count)
        for row in batch.failures { try tables.failures.insert(row) }
        for row in batch.calls { pruner.add(callMinutes: try tables.calls.add(row)) }
        for entry in batch.audit { try pruner.insert(entry, in: tables) }
        for row in batch.receipts { try pruner.put(row, in: tables) }
        try tables.sessions.put(batch.sessions, at: batch.at)
        try pruner.prune(tables, behind: batch)
        try tables.server.put(revision: batch.revision, writtenAt: batch.at, epoch: epoch)
    }
}
