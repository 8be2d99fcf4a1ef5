/// The number of a breaker's applied outcomes and of its decisions within a period.
package struct CallTally: Hashable, Sendable {
    package var successes: Int64 = 0
    package var failures: Int64 = 0
    /// The number of successes and failures that took `slow_call_ms` or longer.
    package var slow: Int64 = 0
    package var ignored: Int64 = 0
    package var allowed: Int64 = 0
    package var denied: Int64 = 0

    package init() {}

    package mutating func add(_ outcome: Outcome, count: Int64, isSlow: Bool) {
        switch outcome {
        case .success: successes += count
        case .failure: failures += count
        case .ignored: ignored += count
        }
        if isSlow, outcome != .ignored { slow += count }
    }

    package static func += (left: inout CallTally, right: CallTally) {
        left.successes += right.successes
        left.failures += right.failures
        left.slow += right.slow
        left.ignored += right.ignored
        left.allowed += right.allowed
        left.denied += right.denied
    }
}
