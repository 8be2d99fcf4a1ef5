import BreakerCore
import BreakerStorage

/// The data of an open store: its connection, its prepared statements, and what it remembers between two writes.
final class StoreSession {
    let connection: Connection
    let tables: Tables
    let beginReading: Statement
    let begin: Statement
    let commit: Statement
    /// Stored with the first write.
    let epoch: Epoch
    /// The last committed revision. Data of a later revision is not stored yet.
    var revision: Int64
    var pruner: Pruner
    var checkpoints = CheckpointSchedule()

    init(_ connection: Connection, _ retention: Retention) throws(SQLiteError) {
        self.connection = connection
        tables = try Tables(connection)
        beginReading = try Statement("BEGIN", on: connection)
        begin = try Statement("BEGIN IMMEDIATE", on: connection)
        commit = try Statement("COMMIT", on: connection)
        let server = try tables.server.get()
        epoch = server.epoch ?? .random()
        revision = server.revision
        pruner = try Pruner(retention, tables)
    }

    /// Writes the rows of a batch, within a transaction. Deletions come first, because one batch may delete and create
    /// a name. Child rows follow their parent rows, because SQLite enforces foreign keys.
    func put(_ batch: WriteBatch) throws(SQLiteError) {
        if batch.shiftMs != 0 {
            try tables.receipts.shift(byMs: batch.shiftMs)
            pruner.forgetTimes()
        }
        for deletion in batch.deletions {
            try tables.breakers.delete(deletion.breakerID)
            pruner.forget(deletion.breakerID)
        }
        for stored in batch.breakers {
            try tables.breakers.put(stored, storedUpTo: revision, isShifted: batch.shiftMs != 0)
            try tables.policies.putIfChanged(stored.breaker, storedUpTo: revision)
        }
        try putChanges(batch.changes)
        for row in batch.failures { try tables.failures.insert(row) }
        for row in batch.calls { pruner.add(callMinutes: try tables.calls.add(row)) }
        for entry in batch.audit { try pruner.insert(entry, in: tables) }
        for row in batch.receipts { try pruner.put(row, in: tables) }
        try tables.sessions.put(batch.sessions, at: batch.at)
        try pruner.prune(tables, after: batch)
        try tables.server.put(ServerRow(revision: batch.revision, writtenAt: batch.at, epoch: epoch))
    }

    /// Writes every change, and the transitions of the breakers that the batch does not delete.
    private func putChanges(_ changes: [Journal.Change]) throws(SQLiteError) {
        let deleted = Set(changes.filter { $0.summary == nil }.map(\.breakerID))
        for change in changes {
            try tables.changes.insert(change)
            guard let transition = change.transition, !deleted.contains(change.breakerID) else { continue }
            try tables.transitions.insert(transition, ofBreaker: change.breakerID)
            try pruner.addTransition(of: change.breakerID, in: tables)
        }
        pruner.add(changes: changes.count)
    }
}

/// All tables, with their prepared statements.
struct Tables {
    let server: ServerTable
    let breakers: BreakerTable
    let policies: PolicyTable
    let failures: FailureTable
    let transitions: TransitionTable
    let receipts: ReceiptTable
    let audit: AuditTable
    let changes: ChangeTable
    let calls: CallTable
    let sessions: SessionTable

    init(_ connection: Connection) throws(SQLiteError) {
        server = try ServerTable(connection)
        breakers = try BreakerTable(connection)
        policies = try PolicyTable(connection)
        failures = try FailureTable(connection)
        transitions = try TransitionTable(connection)
        receipts = try ReceiptTable(connection)
        audit = try AuditTable(connection)
        changes = try ChangeTable(connection)
        calls = try CallTable(connection)
        sessions = try SessionTable(connection)
    }
}

/// Decides when a checkpoint moves the WAL into the database.
///
/// After a complete checkpoint, the next commit restarts the WAL from the beginning, so that the file does not grow. A
/// long read, such as a backup, can keep a checkpoint incomplete, and the WAL grows. Once the WAL has ``longest``
/// pages, a checkpoint waits for readers, for at most a tenth of a second.
struct CheckpointSchedule {
    /// Pages between two checkpoints: 1 000 pages of 4 KiB are 4 MiB. A checkpoint moves a page only once, however
    /// often it was written since the last checkpoint, so a longer WAL is less work. But reports wait during a
    /// checkpoint: a few milliseconds for this length if all pages differ, and proportionally longer for a longer WAL.
    static let interval = 1_000
    /// The length in pages from which a checkpoint waits for readers: 256 MiB.
    static let longest = 64 * interval

    /// The length in pages at which the next checkpoint is due.
    private var next = interval
    private var walPages = 0

    mutating func committed(walPages: Int) {
        // A shorter WAL means that it has restarted from the beginning.
        if walPages < self.walPages { next = Self.interval }
        self.walPages = walPages
    }

    var due: Connection.Checkpoint? {
        guard walPages >= next else { return nil }
        return walPages >= Self.longest ? .truncate : .passive
    }

    /// - Parameter walPages: the length of the WAL after the checkpoint, whether it succeeded or not.
    mutating func attempted(walPages: Int) {
        self.walPages = walPages
        next = walPages + Self.interval
    }
}
