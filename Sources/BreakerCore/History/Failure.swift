/// A row of the failure log: one or more applied failures.
package struct Failure: Hashable, Sendable {
    /// The row's number in the breaker's log: 1, 2, 3 and so on, never reused while the breaker exists.
    package var number: Int64
    package var at: Instant
    package var kind: String?
    package var detail: String?
    package var reporter: String?
    package var durationMs: Int64?
    /// How many consecutive failures this row represents.
    package var count: Int

    package init(
        number: Int64,
        at: Instant,
        kind: String?,
        detail: String?,
        reporter: String?,
        durationMs: Int64?,
        count: Int
    ) {
        self.number = number
        self.at = at
        self.kind = kind
        self.detail = detail
        self.reporter = reporter
        self.durationMs = durationMs
        self.count = count
    }
}

/// Failures grouped by kind and by reporter, the most frequent first. A row counts as many times as it has failures.
package struct FailureSummary: Hashable, Sendable {
    package struct Group: Hashable, Sendable {
        /// The kind, or the reporter; `nil` if the reports have none.
        package var name: String?
        package var failures: Int
        /// The group's share of all failures in the same grouping: above 0, at most 1.
        package var share: Double
    }

    package struct Kind: Hashable, Sendable {
        package var group: Group
        /// The reporters of failures of this kind.
        package var reporters: [Group]
        /// The number of reporters, including those that are left out.
        package var reporterCount: Int
    }

    /// The maximum number of groups in a list. If groups are left out, the shares in the list add up to less than 1.
    package static let groupLimit = 20

    package let failures: Int
    package let kinds: [Kind]
    package let reporters: [Group]

    package init(of rows: [Failure]) {
        failures = rows.reduce(0) { $0 + $1.count }
        kinds = Self.groups(of: rows, by: \.kind).prefix(Self.groupLimit).map { group, rows in
            let reporters = Self.groups(of: rows, by: \.reporter)
            return Kind(
                group: group,
                reporters: reporters.prefix(Self.groupLimit).map(\.group),
                reporterCount: reporters.count
            )
        }
        reporters = Self.groups(of: rows, by: \.reporter).prefix(Self.groupLimit).map(\.group)
    }

    /// Groups the rows, the most frequent group first. Equally frequent groups are ordered by name; `nil` is first.
    private static func groups(
        of rows: [Failure],
        by name: KeyPath<Failure, String?>
    ) -> [(group: Group, rows: [Failure])] {
        let total = rows.reduce(0) { $0 + $1.count }
        return Dictionary(grouping: rows) { $0[keyPath: name] }
            .map { name, rows in
                let failures = rows.reduce(0) { $0 + $1.count }
                return (Group(name: name, failures: failures, share: Double(failures) / Double(total)), rows)
            }
            .sorted { left, right in
                left.0.failures != right.0.failures
                    ? left.0.failures > right.0.failures : (left.0.name ?? "") < (right.0.name ?? "")
            }
    }
}
