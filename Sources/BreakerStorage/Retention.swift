/// How much history a store keeps. A breaker's newest failure and newest transition are never pruned.
package struct Retention: Hashable, Sendable {
    package var failuresPerBreaker = 1_000
    /// Of all breakers together. When the limit is reached, the longest logs are shortened first.
    package var failures = 1_000_000
    /// The maximum age of a failure, in milliseconds: 7 days.
    package var failureAgeMs: Int64 = 604_800_000
    package var transitionsPerBreaker = 1_000
    /// The maximum age of a minute of calls, in milliseconds: 7 days.
    package var callAgeMs: Int64 = 604_800_000
    /// Minutes of calls of all breakers together, at 30 bytes each: a week of 500 breakers that are never idle.
    package var callMinutes = 5_000_000
    /// Report ids of all clients together, at 140 bytes each in the database: 15 minutes at 5 000 a second. Beyond this
    /// limit, the client with the most report ids loses its oldest ones.
    package var receipts = 4_500_000
    /// Changes of all breakers together. A client can resume the event stream after any of the changes that are kept.
    package var changes = 100_000
    /// Audit entries of all breakers together, deleted breakers included. Beyond this limit, entries older than
    /// ``auditAgeMs`` are deleted first, then the oldest entries of the author with the most.
    package var audit = 100_000
    /// The age from which an audit entry is deleted first when the audit is full, in milliseconds: 90 days.
    package var auditAgeMs: Int64 = 7_776_000_000

    package init() {}
}

/// Counts of rows that a store deleted early because a table was full.
package struct Evictions: Hashable, Sendable {
    package enum Table: String, CaseIterable, Sendable {
        case reportIDs = "report_ids"
        case audit
        case failures
        case callMinutes = "call_minutes"
    }

    package struct Count: Hashable, Sendable {
        package var rows = 0
        /// The token whose rows were deleted last; `nil` if those rows belong to no token.
        package var token: String?
    }

    private var counts: [Table: Count] = [:]

    package init() {}

    package var isEmpty: Bool { counts.isEmpty }

    package subscript(table: Table) -> Count { counts[table, default: Count()] }

    /// - Parameter token: the token whose rows were deleted; `nil` if they belong to no token.
    package mutating func add(_ rows: Int, of table: Table, token: String? = nil) {
        guard rows > 0 else { return }
        counts[table, default: Count()].rows += rows
        counts[table, default: Count()].token = token
    }
}
