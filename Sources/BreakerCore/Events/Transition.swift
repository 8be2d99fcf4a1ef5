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

    package var evidence: Evidence { sharedEvidence.value }

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
