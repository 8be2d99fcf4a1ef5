/// The policy of one breaker, with the default of each number. ``PolicyField`` defines the ranges. The Python client
/// has a copy of the defaults (`policy.py`) and of the rules (`standin.py`).
package struct Policy: Hashable, Sendable {
    /// The calls of a closed breaker that count for the rates and for `failure_count_threshold`.
    package enum Window: Hashable, Sendable {
        /// The calls of the last `ms` milliseconds.
        case time(ms: Int64)
        /// The last calls, up to this number.
        case calls(Int)
    }

    package var failureThreshold: Int? = 5
    package var failureCountThreshold: Int?
    package var failureRateThreshold: Double?
    package var slowCallRateThreshold: Double?
    package var slowCallMs: Int64?
    package var minimumCalls = 10
    package var window = Window.time(ms: defaultWindowMs)
    package var recoveryTimeoutMs: Int64 = 60_000
    package var recoveryTimeoutMultiplier = 1.0
    /// The cap as given; `nil` for the default, which depends on `recoveryTimeoutMs`.
    package var givenRecoveryTimeoutMaxMs: Int64?
    package var halfOpenProbes = 1
    package var successThreshold = 1
    package var probeLeaseMs: Int64 = 30_000

    package init() {}

    package static let defaultWindowMs: Int64 = 60_000
    private static let defaultRecoveryTimeoutMaxMs: Int64 = 600_000

    /// The longest time that a breaker stays open, in milliseconds, however often it opened before.
    package var recoveryTimeoutMaxMs: Int64 {
        givenRecoveryTimeoutMaxMs ?? max(Self.defaultRecoveryTimeoutMaxMs, recoveryTimeoutMs)
    }

    /// Whether a call of `durationMs` is slow.
    package func isSlow(_ durationMs: Int64?) -> Bool {
        guard let durationMs, let slowCallMs else { return false }
        return durationMs >= slowCallMs
    }

    /// How long the breaker stays open at its `opening`-th opening in a row, counted from 1.
    ///
    /// The factor is clamped before the multiplication, so that no number of openings causes an overflow.
    func openDurationMs(opening: UInt32) -> Int64 {
        let factor = power(recoveryTimeoutMultiplier, opening - 1)
        guard factor < Double(recoveryTimeoutMaxMs) / Double(recoveryTimeoutMs) else { return recoveryTimeoutMaxMs }
        return Int64((Double(recoveryTimeoutMs) * factor).rounded())
    }
}

/// `base` to the power of `exponent`, by squaring; infinite if it overflows.
private func power(_ base: Double, _ exponent: UInt32) -> Double {
    var (result, square, rest) = (1.0, base, exponent)
    while rest > 0 {
        if rest & 1 == 1 { result *= square }
        square *= square
        rest >>= 1
    }
    return result
}

/// A predefined policy with a name.
package enum Preset: String, CaseIterable, Sendable {
    case `default`
    /// For a downstream that fails and recovers often.
    case flaky
    /// For a downstream that takes a long time to recover.
    case slow
    /// For a busy downstream: trips when half of the calls fail, instead of five in a row.
    case rate

    package var policy: Policy {
        var policy = Policy()
        switch self {
        case .default: break
        case .flaky: policy.recoveryTimeoutMs = 30_000
        case .slow: policy.recoveryTimeoutMs = 120_000
        case .rate:
            policy.failureThreshold = nil
            policy.failureRateThreshold = 0.5
        }
        return policy
    }
}

/// A reference to one value that several owners share. It saves memory for a value that is large and often equal, or
/// that is seldom present.
package final class Shared<Value: Hashable & Sendable>: Hashable, Sendable {
    package let value: Value

    package init(_ value: Value) {
        self.value = value
    }

    package static func == (left: Shared, right: Shared) -> Bool { left === right || left.value == right.value }

    package func hash(into hasher: inout Hasher) { hasher.combine(value) }
}

/// A pool with one instance of each policy, because many breakers have the same policies.
package struct PolicyPool: Sendable {
    private var instances: [Policy: Shared<Policy>] = [:]

    /// The maximum number of shared policies, because operators can set any number of different policies.
    private static let capacity = 1_024

    package init() {}

    /// Makes `breaker` share its policy's instance with the breakers before it.
    package mutating func share(_ breaker: inout Breaker) {
        if let instance = instances[breaker.policy] {
            breaker.sharedPolicy = instance
        } else if instances.count < Self.capacity {
            instances[breaker.policy] = breaker.sharedPolicy
        }
    }
}
