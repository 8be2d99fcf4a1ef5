package import BreakerCore

/// A breaker as operators see it, at one instant.
package struct BreakerDocument: Document {
    /// The counts of a closed breaker; zero in any other state.
    package struct Counts: Codable, Hashable, Sendable {
        package var consecutiveFailures: Int
        package var calls: Int
        package var failures: Int
        package var slow: Int
        /// `nil` if there were no calls.
        package var failureRate: Double?
        /// `nil` if there were no calls.
        package var slowRate: Double?

        enum CodingKeys: String, CodingKey {
            case consecutiveFailures = "consecutive_failures"
            case calls, failures, slow
            case failureRate = "failure_rate"
            case slowRate = "slow_rate"
        }
    }

    /// A rule that is on, with its numbers.
    package struct Rule: Codable, Hashable, Sendable {
        package var field: String
        /// `nil` for a rate if there were no calls.
        package var observed: Double?
        package var threshold: Double
        /// Calls in the window; `nil` for a rule that is not a rate.
        package var calls: Int?
        /// `nil` for a rule that is not a rate.
        package var minimumCalls: Int?
        /// How close the rule is to tripping: 0 is far, 1 is the threshold. Older servers leave it out.
        package var progress: Double?

        enum CodingKeys: String, CodingKey {
            case field, observed, threshold, calls
            case minimumCalls = "minimum_calls"
            case progress
        }
    }

    /// The decisions since the server started.
    package struct Decisions: Codable, Hashable, Sendable {
        package var allowed: Int64
        package var denied: Int64
    }

    package struct Probes: Codable, Hashable, Sendable {
        package var inFlight: Int
        /// How many probes may be in flight.
        package var limit: Int
        package var successes: Int
        /// How many successes close the breaker.
        package var successThreshold: Int
        /// The number of probes whose lease ran out without a report.
        package var lost: Int

        enum CodingKeys: String, CodingKey {
            case inFlight = "in_flight"
            case limit, successes
            case successThreshold = "success_threshold"
            case lost
        }
    }

    package var name: String
    /// `closed`, `open` or `half_open`.
    package var state: String
    package var generation: Int64
    package var since: Instant
    /// When the breaker left `closed`; `nil` while closed, and from older servers.
    package var notClosedSince: Instant?
    /// When the recovery timeout ends; `nil` unless it is running.
    package var openUntil: Instant?
    /// Milliseconds until an acquire may be allowed; `nil` if it is allowed, or if only an operator can end the denial.
    package var retryAfterMs: Int64?
    package var policy: PolicyFieldsDocument
    /// `default`, `profile:<pattern>`, `config` or `api`.
    package var policySource: String
    package var counts: Counts
    package var rules: [Rule]
    package var decisions: Decisions
    package var probes: Probes
    package var override: OverrideDocument?
    package var lastTransition: TransitionDocument?
    package var lastFailure: FailureDocument?
    package var openingsLastHour: Int
    package var unstable: Bool
    package var createdAt: Instant
    package var lastSeenAt: Instant?

    /// - Parameters:
    ///   - breaker: the breaker at `now`, with every due event applied.
    ///   - allowed: the number of allowed calls since the server started.
    ///   - denied: the number of denied calls since the server started.
    package init(_ breaker: Breaker, at now: Instant, lastSeenAt: Instant?, allowed: Int64, denied: Int64) {
        name = breaker.name.value
        state = breaker.state.rawValue
        generation = breaker.generation
        since = breaker.since
        notClosedSince = breaker.notClosedSince
        openUntil = breaker.openUntil
        if case .denied(_, _, let retryAfterMs) = breaker.preparedAnswer.decision(at: now) {
            self.retryAfterMs = retryAfterMs
        }
        policy = PolicyFieldsDocument(breaker.policy)
        policySource = breaker.policySource.description
        counts = Counts(breaker.counts(at: now), consecutiveFailures: Int(breaker.consecutiveFailures))
        rules = breaker.rules(at: now).map { Rule($0) }
        decisions = Decisions(allowed: allowed, denied: denied)
        probes = Probes(
            inFlight: breaker.leases.count,
            limit: breaker.policy.halfOpenProbes,
            successes: Int(breaker.probeSuccesses),
            successThreshold: breaker.policy.successThreshold,
            lost: Int(breaker.lostProbes)
        )
        override = breaker.override.map { OverrideDocument($0) }
        lastTransition = breaker.lastTransition.map { TransitionDocument($0) }
        lastFailure = breaker.lastFailure.map { FailureDocument($0) }
        openingsLastHour = breaker.openings(inHourBefore: now)
        unstable = breaker.isUnstable(at: now)
        createdAt = breaker.createdAt
        self.lastSeenAt = lastSeenAt
    }

    enum CodingKeys: String, CodingKey {
        case name, state, generation, since
        case notClosedSince = "not_closed_since"
        case openUntil = "open_until"
        case retryAfterMs = "retry_after_ms"
        case policy
        case policySource = "policy_source"
        case counts, rules, decisions, probes, override
        case lastTransition = "last_transition"
        case lastFailure = "last_failure"
        case openingsLastHour = "openings_last_hour"
        case unstable
        case createdAt = "created_at"
        case lastSeenAt = "last_seen_at"
    }
}

extension BreakerDocument.Counts {
    fileprivate init(_ counts: BreakerCore.Counts, consecutiveFailures: Int) {
        self.init(
            consecutiveFailures: consecutiveFailures,
            calls: Int(counts.calls),
            failures: Int(counts.failures),
            slow: Int(counts.slow),
            failureRate: counts.failureRate,
            slowRate: counts.slowRate
        )
    }
}

extension BreakerDocument.Rule {
    fileprivate init(_ reading: BreakerCore.Rule.Reading) {
        self.init(
            field: reading.rule.field.rawValue,
            observed: reading.observed,
            threshold: reading.threshold,
            calls: reading.calls.map { Int($0) },
            minimumCalls: reading.minimumCalls,
            progress: reading.progress
        )
    }
}

/// An operator's override of a breaker.
package struct OverrideDocument: Document {
    /// `force_open`, `force_closed` or `shadow`.
    package var mode: String
    package var reason: String
    package var actor: String
    package var since: Instant
    /// `nil` if the override stays in force until an operator clears it.
    package var expiresAt: Instant?

    package init(_ override: Override) {
        mode = override.mode.rawValue
        reason = override.reason
        actor = override.actor
        since = override.since
        expiresAt = override.expiresAt
    }

    enum CodingKeys: String, CodingKey {
        case mode, reason, actor, since
        case expiresAt = "expires_at"
    }
}

extension Override {
    /// - Returns: `nil` for a mode that only a later version knows.
    package init?(_ document: OverrideDocument) {
        guard let mode = Mode(rawValue: document.mode) else { return nil }
        self.init(
            mode: mode,
            reason: document.reason,
            actor: document.actor,
            since: document.since,
            expiresAt: document.expiresAt
        )
    }
}

/// An order to override a breaker.
package struct OverrideOrderDocument: Document {
    /// `force_open`, `force_closed` or `shadow`.
    package var mode: String
    package var reason: String
    /// How long the override lasts, in milliseconds; `nil` for an override that lasts until it is cleared. If the
    /// member is absent, the override lasts an hour.
    package var expiresInMs: Int64?

    package init(mode: String, reason: String, expiresInMs: Int64?) {
        self.mode = mode
        self.reason = reason
        self.expiresInMs = expiresInMs
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case mode, reason
        case expiresInMs = "expires_in_ms"
    }
}

/// A page of breakers.
package struct BreakerListDocument: Document {
    /// How many breakers there are, whatever the state and the override that the request asks for.
    package struct Counts: Codable, Hashable, Sendable {
        package var total: Int
        package var closed: Int
        package var open: Int
        package var halfOpen: Int
        package var overridden: Int

        package init(closed: Int, open: Int, halfOpen: Int, overridden: Int) {
            total = closed + open + halfOpen
            self.closed = closed
            self.open = open
            self.halfOpen = halfOpen
            self.overridden = overridden
        }

        enum CodingKeys: String, CodingKey {
            case total, closed, open
            case halfOpen = "half_open"
            case overridden
        }
    }

    package var breakers: [ListedBreakerDocument]
    /// The token of the next page; empty if there is none.
    package var nextPageToken: String
    /// `nil` after the first page.
    package var counts: Counts?

    package init(breakers: [ListedBreakerDocument], nextPageToken: String, counts: Counts?) {
        self.breakers = breakers
        self.nextPageToken = nextPageToken
        self.counts = counts
    }

    enum CodingKeys: String, CodingKey {
        case breakers
        case nextPageToken = "next_page_token"
        case counts
    }
}

/// A breaker of a list.
package struct ListedBreakerDocument: Document {
    /// The calls of the last hour, for a small chart: one number for each step, oldest first.
    package struct History: Codable, Hashable, Sendable {
        package var from: Instant
        package var stepMs: Int64
        package var successes: [Int64]
        package var failures: [Int64]
        package var denied: [Int64]

        package init(_ history: CallHistory) {
            from = history.steps.first.start
            stepMs = history.steps.length * Minute.milliseconds
            successes = history.tallies.map(\.successes)
            failures = history.tallies.map(\.failures)
            denied = history.tallies.map(\.denied)
        }

        enum CodingKeys: String, CodingKey {
            case from
            case stepMs = "step_ms"
            case successes, failures, denied
        }
    }

    package var breaker: BreakerDocument
    /// Absent unless the request asks for it.
    package var history: History?

    package init(_ breaker: BreakerDocument, history: History? = nil) {
        self.breaker = breaker
        self.history = history
    }

    package init(from decoder: any Decoder) throws {
        breaker = try BreakerDocument(from: decoder)
        history = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(History.self, forKey: .history)
    }

    package func encode(to encoder: any Encoder) throws {
        try breaker.encode(to: encoder)
        guard let history else { return }
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(history, forKey: .history)
    }

    private enum CodingKeys: CodingKey { case history }
}
