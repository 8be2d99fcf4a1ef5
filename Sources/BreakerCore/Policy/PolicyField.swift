/// A field of a policy: its name and its range; ``Policy`` has its default. Validation, the configuration file, the
/// API, the store and the documentation all use this one table.
package enum PolicyField: String, CaseIterable, Sendable {
    case failureThreshold = "failure_threshold"
    case failureCountThreshold = "failure_count_threshold"
    case failureRateThreshold = "failure_rate_threshold"
    case slowCallRateThreshold = "slow_call_rate_threshold"
    case slowCallMs = "slow_call_ms"
    case minimumCalls = "minimum_calls"
    case windowMs = "window_ms"
    case windowCalls = "window_calls"
    case recoveryTimeoutMs = "recovery_timeout_ms"
    case recoveryTimeoutMultiplier = "recovery_timeout_multiplier"
    case recoveryTimeoutMaxMs = "recovery_timeout_max_ms"
    case halfOpenProbes = "half_open_probes"
    case successThreshold = "success_threshold"
    case probeLeaseMs = "probe_lease_ms"

    package enum Range: Hashable, Sendable {
        case integer(ClosedRange<Int64>)
        /// A share of calls: above 0, at most 1.
        case rate
        case factor(ClosedRange<Double>)
    }

    /// The values that the field may have in addition to `null`.
    package var range: Range {
        switch self {
        case .failureThreshold: .integer(1...10_000)
        case .failureCountThreshold: .integer(1...1_000_000)
        case .failureRateThreshold, .slowCallRateThreshold: .rate
        case .slowCallMs: .integer(1...3_600_000)
        case .minimumCalls: .integer(1...1_000_000)
        case .windowMs: .integer(1_000...3_600_000)
        case .windowCalls: .integer(1...1_000)
        case .recoveryTimeoutMs: .integer(100...86_400_000)
        case .recoveryTimeoutMultiplier: .factor(1...10)
        case .recoveryTimeoutMaxMs: .integer(100...86_400_000)
        case .halfOpenProbes: .integer(1...100)
        case .successThreshold: .integer(1...1_000)
        case .probeLeaseMs: .integer(100...300_000)
        }
    }

    /// The field's value in a policy without any given value.
    package var defaultValue: PolicyValue { Policy()[self] }

    /// A description of the values that the field may have.
    package var rangeDescription: String {
        switch range {
        case .integer(let range): "an integer from \(range.lowerBound) to \(range.upperBound)"
        case .rate: "a number above 0 and at most 1"
        case .factor(let range): "a number from \(Int64(range.lowerBound)) to \(Int64(range.upperBound))"
        }
    }
}

/// A value of a policy's field in a document or a row.
package enum PolicyValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case decimal(Double)
    /// A description of a value that is not a number: a text, a list and so on.
    case unsuitable(String)

    /// The value as a whole number; `nil` if it is not one.
    package var asInteger: Int64? {
        switch self {
        case .integer(let value): value
        case .decimal(let value): Int64(exactly: value)
        case .null, .unsuitable: nil
        }
    }

    package var asDecimal: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .decimal(let value): value
        case .null, .unsuitable: nil
        }
    }
}

extension Policy {
    /// The value of a field; the effective value if its default depends on another field. `null` for a rule that is
    /// off, and for the window that is not in use.
    package subscript(field: PolicyField) -> PolicyValue {
        switch field {
        case .failureThreshold: .integer(orNull: failureThreshold)
        case .failureCountThreshold: .integer(orNull: failureCountThreshold)
        case .failureRateThreshold: .decimal(orNull: failureRateThreshold)
        case .slowCallRateThreshold: .decimal(orNull: slowCallRateThreshold)
        case .slowCallMs: .integer(orNull: slowCallMs)
        case .minimumCalls: .integer(Int64(minimumCalls))
        case .windowMs: if case .time(let ms) = window { .integer(ms) } else { .null }
        case .windowCalls: if case .calls(let calls) = window { .integer(Int64(calls)) } else { .null }
        case .recoveryTimeoutMs: .integer(recoveryTimeoutMs)
        case .recoveryTimeoutMultiplier: .decimal(recoveryTimeoutMultiplier)
        case .recoveryTimeoutMaxMs: .integer(recoveryTimeoutMaxMs)
        case .halfOpenProbes: .integer(Int64(halfOpenProbes))
        case .successThreshold: .integer(Int64(successThreshold))
        case .probeLeaseMs: .integer(probeLeaseMs)
        }
    }

    /// As the subscript, but `null` also for a value that was not given and whose default depends on another field. A
    /// policy can be rebuilt from these values.
    package func given(_ field: PolicyField) -> PolicyValue {
        field == .recoveryTimeoutMaxMs ? .integer(orNull: givenRecoveryTimeoutMaxMs) : self[field]
    }

    /// Sets one field to a value within its range. `null` turns a rule off; for another field it restores the
    /// default.
    mutating func set(_ field: PolicyField, to value: PolicyValue) {
        let integer = value.asInteger
        switch field {
        case .failureThreshold: failureThreshold = integer.map { Int($0) }
        case .failureCountThreshold: failureCountThreshold = integer.map { Int($0) }
        case .failureRateThreshold: failureRateThreshold = value.asDecimal
        case .slowCallRateThreshold: slowCallRateThreshold = value.asDecimal
        case .slowCallMs: slowCallMs = integer
        case .minimumCalls: minimumCalls = integer.map { Int($0) } ?? Policy().minimumCalls
        case .windowMs: setWindow(integer.map { .time(ms: $0) }, where: { if case .time = $0 { true } else { false } })
        case .windowCalls:
            setWindow(integer.map { .calls(Int($0)) }, where: { if case .calls = $0 { true } else { false } })
        case .recoveryTimeoutMs: recoveryTimeoutMs = integer ?? Policy().recoveryTimeoutMs
        case .recoveryTimeoutMultiplier:
            recoveryTimeoutMultiplier = value.asDecimal ?? Policy().recoveryTimeoutMultiplier
        case .recoveryTimeoutMaxMs: givenRecoveryTimeoutMaxMs = integer
        case .halfOpenProbes: halfOpenProbes = integer.map { Int($0) } ?? Policy().halfOpenProbes
        case .successThreshold: successThreshold = integer.map { Int($0) } ?? Policy().successThreshold
        case .probeLeaseMs: probeLeaseMs = integer ?? Policy().probeLeaseMs
        }
    }

    /// Sets the window. A window that is given replaces the other; `nil` restores the default window if `isInUse` is
    /// true of the present one.
    private mutating func setWindow(_ window: Window?, where isInUse: (Window) -> Bool) {
        if let window {
            self.window = window
        } else if isInUse(self.window) {
            self.window = .time(ms: Self.defaultWindowMs)
        }
    }
}

extension PolicyValue {
    fileprivate static func integer(orNull value: (some BinaryInteger)?) -> PolicyValue {
        value.map { .integer(Int64($0)) } ?? .null
    }

    fileprivate static func decimal(orNull value: Double?) -> PolicyValue {
        value.map { .decimal($0) } ?? .null
    }
}
