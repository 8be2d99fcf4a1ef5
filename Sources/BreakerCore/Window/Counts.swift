/// The number of calls, and of those that failed or were slow.
package struct Counts: Hashable, Sendable {
    package var calls: UInt32 = 0
    package var failures: UInt32 = 0
    package var slow: UInt32 = 0

    package static let zero = Counts()

    package init(calls: UInt32 = 0, failures: UInt32 = 0, slow: UInt32 = 0) {
        self.calls = calls
        self.failures = failures
        self.slow = slow
    }

    /// Counts of calls that all have the same outcome.
    init(failed: Bool, slow: Bool, calls: UInt32 = 1) {
        self.init(calls: calls, failures: failed ? calls : 0, slow: slow ? calls : 0)
    }

    /// Share of calls that failed, 0 to 1; `nil` if there were no calls.
    package var failureRate: Double? { calls == 0 ? nil : Double(failures) / Double(calls) }

    /// Share of calls that were slow, 0 to 1; `nil` if there were no calls.
    package var slowRate: Double? { calls == 0 ? nil : Double(slow) / Double(calls) }

    /// Adds with saturation: the maximum count is still above every threshold.
    static func += (left: inout Counts, right: Counts) {
        left.calls.addSaturating(right.calls)
        left.failures.addSaturating(right.failures)
        left.slow.addSaturating(right.slow)
    }
}

extension UInt32 {
    mutating func addSaturating(_ other: UInt32) {
        let (sum, overflow) = addingReportingOverflow(other)
        self = overflow ? .max : sum
    }
}
