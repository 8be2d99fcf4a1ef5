/// The numbers of one breaker. ``PolicyField`` has the default and the range of each.
package struct Policy: Hashable, Sendable {
    /// Which calls of a closed breaker the rates and the count look at.
    package enum Window: Hashable, Sendable {
        /// Those of the last milliseconds.
        case time(ms: Int64)
        /// The last so many.
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
    /// The cap as it was given; `nil` means the default, which follows `recoveryTimeoutMs`.
    package var givenRecoveryTimeoutMaxMs: Int64?
    package var halfOpenProbes = 1
    package var successThreshold = 1
    package var probeLeaseMs: Int64 = 30_000

    package init() {}

    package static let defaultWindowMs: Int64 = 60_000
    private static let defaultRecoveryTimeoutMaxMs: Int64 = 600_000

    /// The longest that a breaker stays open, however often it opened before.
    package var recoveryTimeoutMaxMs: Int64 {
        givenRecoveryTimeoutMaxMs ?? max(Self.defaultRecoveryTimeoutMaxMs, recoveryTimeoutMs)
    }

    /// Whether `durationMs` makes a call slow.
    package func isSlow(_ durationMs: Int64?) -> Bool {
        guard let durationMs, let slowCallMs else { return false }
        return durationMs >= slowCallMs
    }

    /// How long the breaker stays open at its `opening`-th opening in a row, counted from 1.
    ///
    /// Clamped before it is multiplied, so that no number of openings overflows.
    func openDurationMs(opening: UInt32) -> Int64 {
        let factor = power(recoveryTimeoutMultiplier, opening - 1)
        guard factor < Double(recoveryTimeoutMaxMs) / Double(recoveryTimeoutMs) else { return recoveryTimeoutMaxMs }
        return Int64((Double(recoveryTimeoutMs) * factor).rounded())
    }
}

/// `base` to the power of `exponent`, by squaring; infinite where it overflows.
private func power(_ base: Double, _ exponent: UInt32) -> Double {
    var (result, square, rest) = (1.0, base, exponent)
    while rest > 0 {
        if rest & 1 == 1 { result *= square }
        square *= square
        rest >>= 1
    }
    return result
}
