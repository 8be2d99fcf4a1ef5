import BreakerCore
import BreakerStorage

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
