import BreakerCore
import BreakerStorage

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
