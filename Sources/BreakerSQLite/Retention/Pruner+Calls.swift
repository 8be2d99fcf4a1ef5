import BreakerCore
import BreakerStorage

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
