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
        for prefix in [filter.prefix, filter.visible.commonPrefix] {
            selectAudit.bind(prefix)
            selectAudit.bind(prefix)
        }
        selectAudit.bind(Self.rows(limit, in: filter.visible))
        var entries: [AuditEntry] = []
        try selectAudit.readRows { row throws(SQLiteError) in
            guard entries.count < limit else { return false }
            let entry = try AuditTable.entry(&row)
            if filter.visible.contains(entry.breaker) { entries.append(entry) }
            return true
        }
        return entries
    }
}
