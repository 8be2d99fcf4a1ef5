import BreakerCore
import BreakerStorage

/// Deletes old history in small steps, one with each batch. It keeps the numbers of rows in memory, and counts rows in
/// the database only at the start and for breakers with a new transition.
///
/// Within a transaction its numbers are ahead of the database. Call ``keep()`` after a commit, and ``rollBack()`` after
/// a failure. SQLite reuses the free pages, so that the size of the file stays bounded.
struct Pruner {
    let retention: Retention
    var evictions: Evictions { committed.evictions }

    var failureLogs: FailureLogs
    var receiptShares: Shares
    var auditShares: Shares
    var breakersToVisit: [Int64] = []
    var lastRound: Instant?
    /// The number of transitions of each breaker that had one since the start or the last rollback.
    private var transitionCounts: [Int64: Int] = [:]
    /// The oldest minute of calls; `nil` if it must be read from the table.
    private var oldestCalls: Minute?
    var counts: Counts
    private var committed: Counts

    struct Counts {
        var changes: Int
        var callMinutes: Int
        /// The deleted breakers that may have receipts. After a restart, such receipts are deleted when they expire.
        var deletedBreakers: [Int64] = []
        var evictions = Evictions()
    }

    /// The number of rows that a step may delete in addition to the number that the batch added.
    static let spareRows = 256

    /// Counts the rows of each table once.
    init(_ retention: Retention, _ tables: Tables) throws(SQLiteError) {
        self.retention = retention
        failureLogs = FailureLogs(try tables.failures.logs())
        receiptShares = try tables.receipts.log.shares()
        auditShares = try tables.audit.log.shares()
        counts = Counts(changes: try tables.changes.log.count(), callMinutes: try tables.calls.count())
        committed = counts
    }

    mutating func keep() {
        failureLogs.keep()
        receiptShares.keep()
        auditShares.keep()
        committed = counts
    }

    mutating func rollBack() {
        failureLogs.rollBack()
        receiptShares.rollBack()
        auditShares.rollBack()
        transitionCounts.removeAll(keepingCapacity: true)
        counts = committed
        oldestCalls = nil
    }

    /// Discards remembered instants after the clock was set.
    mutating func forgetTimes() {
        lastRound = nil
        oldestCalls = nil
    }

    // MARK: Tracking rows

    /// Discards the numbers of a deleted breaker. Its receipts are deleted in the next steps.
    mutating func forget(_ breakerID: Int64) {
        counts.deletedBreakers.append(breakerID)
        failureLogs.remove(breakerID)
        transitionCounts[breakerID] = nil
    }

    mutating func add(changes: Int) {
        counts.changes += changes
    }

    mutating func add(callMinutes: Int) {
        counts.callMinutes += callMinutes
    }

    /// Counts a transition that was just inserted.
    mutating func addTransition(of breakerID: Int64, in tables: Tables) throws(SQLiteError) {
        if let count = transitionCounts[breakerID] {
            transitionCounts[breakerID] = count + 1
        } else {
            transitionCounts[breakerID] = try tables.transitions.count(ofBreaker: breakerID)
        }
    }

    // MARK: Pruning

    /// Prunes every table, in the transaction of `batch`, after its rows are written.
    mutating func prune(_ tables: Tables, after batch: WriteBatch) throws(SQLiteError) {
        try pruneFailures(of: tables, after: batch)
        try pruneTransitions(of: tables, after: batch)
        try pruneReceipts(of: tables, after: batch)
        try pruneCalls(of: tables, after: batch)
        try pruneAudit(of: tables, after: batch)
        try Self.cut(tables.changes.log, from: &counts.changes, to: retention.changes, added: batch.changes.count)
    }

    /// - Parameter rows: how many rows the batch added.
    private static func cut(
        _ log: RevisionLog,
        from count: inout Int,
        to limit: Int,
        added rows: Int
    ) throws(SQLiteError) {
        let excess = min(count - limit, rows + spareRows)
        guard excess > 0 else { return }
        try log.deleteOldest(excess)
        count -= excess
    }

    private mutating func pruneTransitions(of tables: Tables, after batch: WriteBatch) throws(SQLiteError) {
        // The newest transition of each breaker stays, whatever the limit.
        let limit = max(1, retention.transitionsPerBreaker)
        for change in batch.changes where change.transition != nil {
            guard let count = transitionCounts[change.breakerID], count > limit else { continue }
            try tables.transitions.deleteOldest(count - limit, ofBreaker: change.breakerID)
            transitionCounts[change.breakerID] = limit
        }
    }
}

extension Pruner {
    /// Deletes minutes of calls that are too old or too many, the oldest first.
    mutating func pruneCalls(of tables: Tables, after batch: WriteBatch) throws(SQLiteError) {
        let youngest = Minute(of: batch.at.advanced(byMilliseconds: -retention.callAgeMs))
        // A report of a call that ended a while ago may add a minute that is older than all others.
        if let oldest = oldestCalls, let first = batch.calls.first?.minute, first < oldest { oldestCalls = first }
        // As many rows as the batch added, and some more, so that the table can shrink to a lowered limit.
        var spare = batch.calls.count + Self.spareRows
        while spare > 0, counts.callMinutes > 0 {
            if oldestCalls == nil { oldestCalls = try tables.calls.oldest() }
            guard let oldest = oldestCalls else { return }
            let excess = oldest < youngest ? spare : min(spare, counts.callMinutes - retention.callMinutes)
            guard excess > 0 else { return }
            let deleted = try tables.calls.delete(oldest, limit: excess)
            counts.callMinutes -= deleted
            if oldest >= youngest { counts.evictions.add(deleted, of: .callMinutes) }
            spare -= deleted
            if deleted < excess { oldestCalls = nil }
            if deleted == 0 { return }
        }
    }
}
