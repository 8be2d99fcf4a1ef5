import BreakerCore

/// The decisions for one breaker since the server started.
package struct DecisionCounts: Hashable, Sendable {
    package private(set) var allowed: UInt64 = 0
    package private(set) var denied: UInt64 = 0

    package init() {}

    mutating func add(_ decision: Decision) {
        switch decision {
        case .allowed: allowed += 1
        case .denied: denied += 1
        }
    }

    /// The decisions since `earlier`.
    func since(_ earlier: DecisionCounts) -> DecisionCounts {
        var tally = self
        tally.allowed -= earlier.allowed
        tally.denied -= earlier.denied
        return tally
    }
}
