import BreakerCore
import BreakerStorage

extension Pruner {
    /// Lets minutes of calls go, the oldest first: those that are too old, and those that are too many.
    mutating func pruneCalls(of tables: Tables, behind batch: WriteBatch) throws(SQLiteError) {
        let youngest = Minute(of: batch.at.advanced(byMilliseconds: -retention.callAgeMs))
        // A report of a call that ended a while ago may bring a minute older than all others.
        if let oldest = oldestCalls, let first = batch.calls.first?.minute, first < oldest { oldestCalls = first }
        // As many as came, and some more, lest a limit that was lowered is never reached.
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
