import Foundation

/// The outcomes of a breaker's calls, step by step.
struct HistoryDocument: Decodable, Sendable {
    struct Point: Decodable, Sendable {
        var at: Date
        var successes: Int64
        var failures: Int64
        var slow: Int64
        var ignored: Int64
        var allowed: Int64
        var denied: Int64

        var isEmpty: Bool { successes + failures + slow + ignored + allowed + denied == 0 }
    }

    var from: Date
    var to: Date
    var stepMs: Int64
    /// The steps, oldest first, without gaps.
    var points: [Point]
}

/// A summary of the failures of a period.
struct FailureSummaryDocument: Decodable, Sendable {
    struct Kind: Decodable, Sendable {
        /// `nil` for failures that were reported without one.
        var kind: String?
        var failures: Int64
        var share: Double
        var reporters: [Reporter]
    }

    struct Reporter: Decodable, Sendable {
        var reporter: String?
        var failures: Int64
        var share: Double
    }

    var failures: Int64
    var text: String
    var kinds: [Kind]
    var reporters: [Reporter]

    /// Failures of kinds that are not listed.
    var otherKinds: Int64 { failures - kinds.reduce(0) { $0 + $1.failures } }
    /// Failures from reporters that are not listed.
    var otherReporters: Int64 { failures - reporters.reduce(0) { $0 + $1.failures } }
}
