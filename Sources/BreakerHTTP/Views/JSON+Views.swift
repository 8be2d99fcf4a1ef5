import BreakerCore
import BreakerEngine
import BreakerText
import HTTPTypes

/// The documents that operators see. Fields without a value are `null`, never absent.
extension JSON {
    init(_ view: BreakerView) {
        let breaker = view.breaker
        self = [
            "name": .string(breaker.name.value),
            "state": .string(breaker.state.rawValue),
            "generation": JSON(breaker.generation),
            "since": JSON(breaker.since),
            "open_until": JSON(breaker.openUntil),
            "retry_after_ms": JSON(view.retryAfterMs),
            "policy": JSON(breaker.policy),
            "policy_source": .string(breaker.policySource.description),
            "counts": JSON(breaker.counts(at: view.at), consecutiveFailures: breaker.consecutiveFailures),
            "rules": .array(breaker.rules(at: view.at).map(JSON.init)),
            "decisions": [
                "allowed": JSON(Int64(view.decisions.allowed)), "denied": JSON(Int64(view.decisions.denied)),
            ],
            "probes": [
                "in_flight": JSON(breaker.leases.count),
                "limit": JSON(breaker.policy.halfOpenProbes),
                "successes": JSON(breaker.probeSuccesses),
                "success_threshold": JSON(breaker.policy.successThreshold),
                "lost": JSON(breaker.lostProbes),
            ],
            "override": breaker.override.map(JSON.init) ?? .null,
            "last_transition": breaker.lastTransition.map { JSON($0) } ?? .null,
            "last_failure": breaker.lastFailure.map(JSON.init) ?? .null,
            "openings_last_hour": JSON(breaker.openings(inHourBefore: view.at)),
            "unstable": .bool(breaker.isUnstable(at: view.at)),
            "created_at": JSON(breaker.createdAt),
            "last_seen_at": JSON(view.lastSeenAt),
        ]
    }

    private init(_ policy: Policy) {
        self = .object(
            PolicyField.allCases.map { field in
                Member(key: field.rawValue, value: JSON(policy[field]))
            }
        )
    }

    init(_ value: PolicyValue) {
        self =
            switch value {
            case .null, .unsuitable: .null
            case .integer(let value): .integer(value)
            case .decimal(let value): .decimal(value)
            }
    }

    private init(_ counts: Counts, consecutiveFailures: UInt32) {
        self = [
            "consecutive_failures": JSON(consecutiveFailures),
            "calls": JSON(counts.calls),
            "failures": JSON(counts.failures),
            "slow": JSON(counts.slow),
            "failure_rate": JSON(counts.failureRate),
            "slow_rate": JSON(counts.slowRate),
        ]
    }

    private init(_ reading: Rule.Reading) {
        self = [
            "field": .string(reading.rule.field.rawValue),
            "observed": JSON(reading.observed),
            "threshold": .decimal(reading.threshold),
            "calls": JSON(reading.calls.map(Int64.init)),
            "minimum_calls": JSON(reading.minimumCalls.map(Int64.init)),
        ]
    }

    init(_ override: Override) {
        self = [
            "mode": .string(override.mode.rawValue),
            "reason": .string(override.reason),
            "actor": .string(override.actor),
            "since": JSON(override.since),
            "expires_at": JSON(override.expiresAt),
        ]
    }

    init(_ failure: Failure) {
        self = [
            "kind": JSON(failure.kind),
            "detail": JSON(failure.detail),
            "reporter": JSON(failure.reporter),
            "duration_ms": JSON(failure.durationMs),
            "count": JSON(failure.count),
            "at": JSON(failure.at),
        ]
    }

    /// - Parameter name: the breaker's name, in a list of several breakers' transitions.
    init(_ transition: Transition, of name: BreakerName? = nil) {
        let named: [Member] = name.map { [Member(key: "name", value: .string($0.value))] } ?? []
        self = .object(
            named + [
                Member(key: "revision", value: JSON(transition.revision)),
                Member(key: "from", value: .string(transition.from.rawValue)),
                Member(key: "to", value: .string(transition.to.rawValue)),
                Member(key: "cause", value: .string(transition.cause.rawValue)),
                Member(key: "detail", value: .string(transition.detail)),
                Member(key: "actor", value: JSON(transition.actor)),
                Member(key: "at", value: JSON(transition.at)),
            ]
        )
    }

    init(_ instant: Instant?) {
        self = instant.map { .string($0.timestamp) } ?? .null
    }
}

extension BreakerView {
    /// Milliseconds until an acquire may be allowed; `nil` where it is allowed, or where only an operator can end the
    /// denial.
    fileprivate var retryAfterMs: Int64? {
        guard case .denied(_, _, let retryAfterMs) = breaker.preparedAnswer.decision(at: at) else { return nil }
        return retryAfterMs
    }
}

extension Answer {
    static func breaker(_ view: BreakerView, status: HTTPResponse.Status = .ok) -> Answer {
        var answer = Answer.json(JSON(view), status: status)
        answer.fields[.eTag] = PolicyTag.text(revision: view.breaker.policyRevision)
        return answer
    }
}
