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

extension Pruner {
    /// Deletes failures beyond the limit of each breaker in the batch, beyond the limit of all breakers together, and
    /// those that are too old.
    ///
    /// The size of each step is bounded by the rows in the batch, so that a batch with many failures bears its own cost
    /// and no batch must delete the rows of others.
    mutating func pruneFailures(of tables: Tables, after batch: WriteBatch) throws(SQLiteError) {
        for stored in batch.breakers {
            let breaker = stored.breaker
            failureLogs.extend(breaker.id, to: breaker.failureRows)
            let oldest = breaker.failureRows - Int64(retention.failuresPerBreaker) + 1
            try cut(breaker.id, before: oldest, in: tables)
        }
        try pruneLongestLogs(of: tables, rows: batch.failures.count)
        try pruneOldFailures(of: tables, at: batch.at)
    }

    private mutating func cut(_ breakerID: Int64, before oldest: Int64, in tables: Tables) throws(SQLiteError) {
        guard let log = failureLogs[breakerID], oldest > log.oldest else { return }
        let oldest = min(oldest, log.newest)
        try tables.failures.delete(ofBreaker: breakerID, before: oldest)
        failureLogs.cut(breakerID, before: oldest)
    }

    /// Shortens the longest logs, an eighth of a log at a time. Deleting many rows of a page costs as much as one row.
    private mutating func pruneLongestLogs(of tables: Tables, rows: Int) throws(SQLiteError) {
        // As many rows as the batch added, and some more, so that the table can shrink to a lowered limit.
        let before = failureLogs.rows
        let floor = before - rows - Self.spareRows
        while failureLogs.rows > max(retention.failures, floor),
            let longest = failureLogs.longest, longest.log.length > 1
        {
            let rows = max(1, longest.log.length / 8)
            try cut(longest.breakerID, before: longest.log.oldest + Int64(rows), in: tables)
        }
        counts.evictions.add(before - failureLogs.rows, of: .failures)
    }

    /// Deletes the old rows of a few breakers. The batches visit all breakers in turn, each at most once a minute.
    private mutating func pruneOldFailures(of tables: Tables, at now: Instant) throws(SQLiteError) {
        if breakersToVisit.isEmpty {
            if let lastRound, lastRound.milliseconds(until: now) < Self.roundMs { return }
            lastRound = now
            breakersToVisit = failureLogs.breakerIDs
        }
        let youngest = now.advanced(byMilliseconds: -retention.failureAgeMs)
        for _ in 0..<Self.visitsPerBatch {
            guard let breakerID = breakersToVisit.popLast() else { return }
            guard let log = failureLogs[breakerID] else { continue }
            let first = try tables.failures.firstRow(
                ofBreaker: breakerID,
                after: youngest,
                newest: log.newest,
                limit: Self.spareRows
            )
            if let first { try cut(breakerID, before: first, in: tables) }
        }
    }

    /// How many breakers a batch visits for old rows; a visit takes about a microsecond.
    private static let visitsPerBatch = 16
    /// The minimum time between the starts of two rounds over all breakers, in milliseconds.
    private static let roundMs: Int64 = 60_000
}

/// The pruning of tables that limit rows by age and by client. When a table is full, the client with the most rows
/// loses its oldest rows, so that one client cannot displace the rows of others.
extension Pruner {
    // MARK: Receipts

    mutating func put(_ row: WriteBatch.ReceiptRow, in tables: Tables) throws(SQLiteError) {
        // A number is never reused while the server runs, because it may lie within another holder's run of numbers.
        let number = (receiptShares.newest ?? 0) + 1
        if let replaced = try tables.receipts.put(row, number: number) { receiptShares.remove(1, of: replaced) }
        receiptShares.add(number, of: Shares.Holder(row.client))
    }

    /// Deletes the receipts of deleted breakers, those whose lifetime is over, and those beyond the limit.
    mutating func pruneReceipts(of tables: Tables, after batch: WriteBatch) throws(SQLiteError) {
        guard receiptShares.rows > 0 else {
            counts.deletedBreakers = []
            return
        }
        // Twice the rows that the batch added, so that a table full of expired receipts shrinks.
        var limit = 2 * batch.receipts.count + Self.spareRows
        while limit > 0, let breakerID = counts.deletedBreakers.last {
            let deleted = try tables.receipts.delete(ofBreaker: breakerID, limit: limit, from: &receiptShares)
            if deleted < limit { counts.deletedBreakers.removeLast() }
            // A breaker without receipts also takes time.
            limit -= max(1, deleted)
        }
        let log = tables.receipts.log
        let expired = try log.deleteOldest(
            upTo: batch.at.advanced(byMilliseconds: -Receipt.lifetimeMs),
            limit: limit,
            from: &receiptShares
        )
        let excess = min(receiptShares.rows - retention.receipts, limit - expired)
        for (holder, rows) in try log.deleteFromLargest(excess, of: &receiptShares) {
            counts.evictions.add(rows, of: .reportIDs, token: holder.token)
        }
    }

    // MARK: Audit

    mutating func insert(_ entry: AuditEntry, in tables: Tables) throws(SQLiteError) {
        try tables.audit.insert(entry)
        auditShares.add(entry.revision, of: Shares.Holder(entry.author.client))
    }

    /// Deletes the entries beyond the limit: first those that are older than the audit age, then the oldest entries of
    /// the authors with the most.
    mutating func pruneAudit(of tables: Tables, after batch: WriteBatch) throws(SQLiteError) {
        let excess = min(auditShares.rows - retention.audit, batch.audit.count + Self.spareRows)
        let log = tables.audit.log
        let expired = try log.deleteOldest(
            upTo: batch.at.advanced(byMilliseconds: -retention.auditAgeMs),
            limit: excess,
            from: &auditShares
        )
        for (holder, rows) in try log.deleteFromLargest(excess - expired, of: &auditShares) {
            counts.evictions.add(rows, of: .audit, token: holder.token)
        }
    }
}
