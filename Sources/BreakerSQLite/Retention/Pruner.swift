import BreakerCore
import BreakerStorage

/// Lets history go, a small step with each batch, and knows without counting what there is.
///
/// What it knows runs ahead of the database within a transaction: ``keep()`` follows a commit, ``rollBack()`` a
/// failure. The pages that become free are used again, so that the file stays bounded.
struct Pruner {
    let retention: Retention
    var evictions: Evictions { committed.evictions }

    var failureLogs: FailureLogs
    var receiptShares: Shares
    var auditShares: Shares
    var breakersToVisit: [Int64] = []
    var lastRound: Instant?
    /// Transitions of each breaker that had one since the start; the others are not counted.
    private var transitionCounts: [Int64: Int] = [:]
    /// The oldest minute of calls; `nil` where the table has to be asked.
    var oldestCalls: Minute?
    var counts: Counts
    private var committed: Counts

    struct Counts {
        var changes: Int
        var callMinutes: Int
        var evictions = Evictions()
    }

    /// Rows that a step may delete beyond those that the batch brought.
    static let spareRows = 256

    /// Counts what is there, once.
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

    /// The clock was set: what was done at which instant says nothing any more.
    mutating func forgetTimes() {
        lastRound = nil
        oldestCalls = nil
    }

    // MARK: What comes and goes

    /// A breaker is deleted.
    mutating func forget(_ breakerID: Int64) {
        failureLogs.remove(breakerID)
        transitionCounts[breakerID] = nil
    }

    mutating func add(changes: Int) {
        counts.changes += changes
    }

    mutating func add(callMinutes: Int) {
        counts.callMinutes += callMinutes
    }

    /// Takes note of a transition that was just inserted.
    mutating func addTransition(of breakerID: Int64, in tables: Tables) throws(SQLiteError) {
        if let count = transitionCounts[breakerID] {
            transitionCounts[breakerID] = count + 1
        } else {
            transitionCounts[breakerID] = try tables.transitions.count(ofBreaker: breakerID)
        }
    }

    // MARK: What goes

    /// Done in the transaction of `batch`, behind its rows.
    mutating func prune(_ tables: Tables, behind batch: WriteBatch) throws(SQLiteError) {
        try pruneFailures(of: tables, behind: batch)
        try pruneTransitions(of: tables, behind: batch)
        try pruneReceipts(of: tables, behind: batch)
        try pruneCalls(of: tables, behind: batch)
        try pruneAudit(of: tables, behind: batch)
        try Self.cut(tables.changes.log, from: &counts.changes, to: retention.changes, behind: batch.changes.count)
    }

    /// - Parameter rows: how many the batch brought.
    private static func cut(
        _ log: RevisionLog,
        from count: inout Int,
        to limit: Int,
        behind rows: Int
    ) throws(SQLiteError) {
        let excess = min(count - limit, rows + spareRows)
        guard excess > 0 else { return }
        try log.deleteOldest(excess)
        count -= excess
    }

    private mutating func pruneTransitions(of tables: Tables, behind batch: WriteBatch) throws(SQLiteError) {
        // The newest of each breaker stays, whatever the limit.
        let limit = max(1, retention.transitionsPerBreaker)
        for row in batch.transitions {
            guard let count = transitionCounts[row.breakerID], count > limit else { continue }
            try tables.transitions.deleteOldest(count - limit, ofBreaker: row.breakerID)
            transitionCounts[row.breakerID] = limit
        }
    }
}
