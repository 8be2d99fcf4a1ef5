package import BreakerCore
import BreakerStorage

extension Engine {
    /// The audit entries, newest first: `limit` entries, and one more if there are more.
    /// - Parameter revision: only entries before it; `nil` for the newest.
    package func audit(
        _ filter: AuditFilter,
        before revision: Int64?,
        limit: Int
    ) async throws(EngineError) -> [AuditEntry] {
        try await read { [reader] in try reader.audit(filter, before: revision, limit: limit + 1) }
    }
}

extension WorkingCopy {
    /// Adds an audit entry, which is stored with the change, or not at all.
    mutating func note(
        _ action: AuditEntry.Action,
        of name: BreakerName,
        by author: Author,
        revision: Int64,
        before: AuditValue?,
        after: AuditValue?
    ) {
        audit.append(
            AuditEntry(
                revision: revision,
                at: now,
                author: author,
                action: action,
                breaker: name,
                before: before,
                after: after
            )
        )
    }
}
