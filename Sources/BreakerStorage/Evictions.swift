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

        package init() {}
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
