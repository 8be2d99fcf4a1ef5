/// The numbers and names from which the description of a transition is made. The transition's cause determines which of
/// them are set.
package struct Evidence: Hashable, Sendable {
    /// Of a rule: the number that reached the threshold. Of `probes_succeeded`: how many probes succeeded.
    package var observed: Double?
    /// The threshold that ``observed`` reached.
    package var threshold: Double?
    /// Of a rule that is a rate: the calls in the window, and the minimum number of calls.
    package var calls: UInt32?
    package var minimumCalls: Int?
    /// Of a rule that counts the calls in the window.
    package var window: Policy.Window?
    /// Of `slow_call_rate_threshold`.
    package var slowCallMs: Int64?
    /// Of a rule that counts failures, and of `probe_failed`: the kind and the reporter of the last failure, as far as
    /// they were reported.
    package var failureKind: String?
    package var failureReporter: String?
    /// Of `recovery_timeout`: how long the breaker was open, in milliseconds.
    package var openMs: Int64?
    /// The override that was set, or that ended.
    package var override: Override?
    /// The description that an earlier version of the program stored. Such a transition has no other evidence, except
    /// what its rule observed.
    package var sentence: String?

    package init() {}

    /// The evidence of a trip by a rule.
    init(_ reading: Rule.Reading, policy: Policy, lastFailure: Failure?) {
        observed = reading.observed
        threshold = reading.threshold
        calls = reading.calls
        minimumCalls = reading.minimumCalls
        if reading.rule != .failureThreshold { window = policy.window }
        if reading.rule == .slowCallRateThreshold { slowCallMs = policy.slowCallMs } else { setOrigin(lastFailure) }
    }

    mutating func setOrigin(_ failure: Failure?) {
        failureKind = failure?.kind
        failureReporter = failure?.reporter
    }
}
