import BreakerCore
import BreakerStorage

extension ReadSession {
    /// Selects a page of entries, newest first. SQLite reads the table from its end, so that no other index is needed.
    static let selectAudit = """
        SELECT \(AuditTable.columns.joined(separator: ", ")) FROM audit
        WHERE revision < ? AND breaker = coalesce(?, breaker) AND actor = coalesce(?, actor)
        AND action = coalesce(?, action) AND at >= ? AND at < ?
        AND substr(breaker, 1, length(?)) = ? AND substr(breaker, 1, length(?)) = ?
        ORDER BY revision DESC LIMIT ?
        """

    func audit(_ filter: AuditFilter, before revision: Int64?, limit: Int) throws(SQLiteError) -> [AuditEntry] {
        selectAudit.bind(revision ?? .max)
        selectAudit.bind(filter.breaker?.value)
        selectAudit.bind(filter.actor)
        selectAudit.bind(filter.action?.rawValue)
        selectAudit.bind(filter.from?.milliseconds ?? .min)
        selectAudit.bind(filter.to?.milliseconds ?? .max)
        for prefix in [filter.prefix, filter.visiblePrefix] {
            selectAudit.bind(prefix)
            selectAudit.bind(prefix)
        }
        selectAudit.bind(Int64(limit))
        var entries: [AuditEntry] = []
        try selectAudit.forEachRow { row throws(SQLiteError) in entries.append(try AuditTable.entry(&row)) }
        return entries
    }
}
