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
        try tables.server.put(revision: batch.revision, writtenAt: batch.at, epoch: epoch)
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
