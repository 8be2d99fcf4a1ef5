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
