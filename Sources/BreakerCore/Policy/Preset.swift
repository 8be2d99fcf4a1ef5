/// A policy that has a name.
package enum Preset: String, CaseIterable, Sendable {
    case `default`
    /// For a downstream that fails and recovers often.
    case flaky
    /// For a downstream that takes long to come back.
    case slow
    /// For a busy downstream: half of the calls rather than five in a row.
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
