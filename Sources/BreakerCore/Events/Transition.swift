/// The cause of a transition.
package enum Cause: String, CaseIterable, Sendable {
    case failureThreshold = "failure_threshold"
    case failureCountThreshold = "failure_count_threshold"
    case failureRateThreshold = "failure_rate_threshold"
    case slowCallRateThreshold = "slow_call_rate_threshold"
    case recoveryTimeout = "recovery_timeout"
    case probeFailed = "probe_failed"
    case probesSucceeded = "probes_succeeded"
    case reset
    case overrideSet = "override_set"
    case overrideCleared = "override_cleared"
    case overrideExpired = "override_expired"
}

/// A transition of a breaker from one state to another, or to the same state by an operator's order.
package struct Transition: Hashable, Sendable {
    package var revision: Int64
    package var from: State
    package var to: State
    package var cause: Cause
    /// Whether the breaker opened automatically.
    package var isTrip: Bool
    private var sharedEvidence: Shared<Evidence>
    /// The operator who ordered the transition; `nil` if it was automatic.
    package var actor: String?
    package var at: Instant

    package var evidence: Evidence {
        get { sharedEvidence.value }
        set { sharedEvidence = Shared(newValue) }
    }

    package init(
        revision: Int64,
        from: State,
        to: State,
        cause: Cause,
        isTrip: Bool,
        evidence: Evidence,
        actor: String?,
        at: Instant
    ) {
        self.revision = revision
        self.from = from
        self.to = to
        self.cause = cause
        self.isTrip = isTrip
        sharedEvidence = Shared(evidence)
        self.actor = actor
        self.at = at
    }
}

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
    /// ``observed``.
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
