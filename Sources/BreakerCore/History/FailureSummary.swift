/// Failures by what they were and who reported them, the most frequent first. A row counts as often as the failures that
/// it stands for.
package struct FailureSummary: Hashable, Sendable {
    package struct Group: Hashable, Sendable {
        /// The kind, or the reporter; `nil` where the reports named none.
        package var name: String?
        package var failures: Int
        /// Of the failures that the group is a part of: above 0, and 1 at most.
        package var share: Double
    }

    package struct Kind: Hashable, Sendable {
        package var group: Group
        /// Who reported failures of this kind.
        package var reporters: [Group]
        /// How many reporters there are, those that are left out included.
        package var reporterCount: Int
    }

    /// How many groups are told of a sort; what is in none of them is told by their shares.
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

    /// Groups that are equally frequent in order of name, what names none first.
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

extension FailureSummary {
    /// "82 % timeout; 90 % of them from checkout-7".
    package var text: String {
        guard let kind = kinds.first, let reporter = kind.reporters.first else { return "no failures" }
        let what = "\(Words.share(kind.group.share)) \(kind.group.name ?? "of no kind")"
        let whom = reporter.name ?? "workers without a name"
        if kind.reporterCount == 1 { return "\(what), from \(whom)" }
        guard reporter.share >= Self.tellingShare else { return "\(what), from \(kind.reporterCount) reporters" }
        return "\(what); \(Words.share(reporter.share)) of them from \(whom)"
    }

    /// From here on one reporter is worth a word: it stands out from the others.
    private static let tellingShare = 0.5
}
