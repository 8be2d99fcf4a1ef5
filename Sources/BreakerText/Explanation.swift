package import BreakerCore

/// Explains a breaker to the operator on call: why it is in its state, which events led to it, and what happens next.
package struct Explanation: Hashable, Sendable {
    /// A rule with its threshold and the observed number.
    package struct RuleNumbers: Hashable, Sendable {
        package var rule: Rule
        package var threshold: Double
        /// `nil` if it is unknown.
        package var observed: Double?
    }

    package struct NextEvent: Hashable, Sendable {
        package enum Kind: String, Sendable {
            case halfOpen = "half_open"
            case leaseEnds = "lease_ends"
            case overrideEnds = "override_ends"
            case close
            case trip
        }

        package var kind: Kind
        /// `nil` if the event depends on calls or on an operator.
        package var at: Instant?
        package var detail: String
    }

    /// Reports of one client that were refused because the same field was invalid.
    package struct RefusedReports: Hashable, Sendable {
        /// The client that sent the reports, as ``Author/client``.
        package var client: String
        /// `body` for a body that cannot be read.
        package var field: String
        /// The error of the field in the last report.
        package var detail: String
        package var count: Int64
        package var lastAt: Instant

        package init(client: String, field: String, detail: String, count: Int64, lastAt: Instant) {
            self.client = client
            self.field = field
            self.detail = detail
            self.count = count
            self.lastAt = lastAt
        }
    }

    /// A suggested change of the policy, based on the breaker's numbers.
    package struct Advice: Hashable, Sendable {
        package var field: PolicyField
        package var current: PolicyValue
        package var suggested: PolicyValue
        package var detail: String
    }

    package var name: BreakerName
    package var at: Instant
    package var state: State
    /// Since when the breaker has not been closed; `nil` while closed.
    package var notClosedSince: Instant?
    /// The explanation as a paragraph of text.
    package var text: String
    /// The last stored transition.
    package var transition: Transition?
    /// The rule that tripped; while closed, the rule that is closest to tripping.
    package var rule: RuleNumbers?
    /// The failures that the cause of the trip counted; while closed, the failures since the breaker closed. Newest
    /// first.
    package var failures: [Failure]
    /// The next events. Events with a time come first, ordered by it.
    package var next: [NextEvent]
    package var isUnstable: Bool
    package var openingsLastHour: Int
    package var advice: [Advice]
    /// The reports that were refused since the server started, the latest first. Their outcomes do not count.
    package var refusedReports: [RefusedReports]

    /// How many past transitions the explanation needs at most.
    package static let transitionLimit = 100
    package static let failureLimit = 10

    /// - Parameters:
    ///   - breaker: the breaker at `now`, with every due event applied.
    ///   - transitions: the last transitions of the breaker, newest first.
    ///   - failures: the newest failures in its log, newest first.
    ///   - refusedReports: the latest first.
    package init(
        of breaker: Breaker,
        at now: Instant,
        transitions: [Transition],
        failures: [Failure],
        refusedReports: [RefusedReports] = []
    ) {
        let known = transitions.filter { $0.revision <= breaker.lastTransition?.revision ?? 0 }
        let trip = known.first { $0.isTrip }
        let builder = ExplanationBuilder(breaker: breaker, now: now, trip: trip, transitions: known)
        name = breaker.name
        at = now
        state = breaker.state
        notClosedSince = breaker.notClosedSince
        transition = breaker.lastTransition
        rule = builder.rule
        self.failures = Array(builder.led(failures).prefix(Self.failureLimit))
        next = builder.next
        isUnstable = breaker.isUnstable(at: now)
        openingsLastHour = breaker.openings(inHourBefore: now)
        advice = builder.advice
        self.refusedReports = refusedReports
        text = (builder.sentences + builder.refusals(refusedReports)).joined(separator: " ")
    }
}

/// Builds the parts of an explanation.
struct ExplanationBuilder {
    let breaker: Breaker
    let now: Instant
    let trip: Transition?
    /// Newest first.
    let transitions: [Transition]

    var policy: Policy { breaker.policy }

    /// The override that forces the breaker's state; `nil` if the state is automatic.
    var force: Override? { breaker.override.flatMap { $0.mode == .shadow ? nil : $0 } }

    /// The trip that caused the current state; `nil` while closed, and while the state is forced.
    var presentTrip: Transition? {
        guard breaker.state != .closed, force == nil, let trip else { return nil }
        // If an operator's order came after the trip, that order is the cause of the current state.
        let later = transitions.prefix { $0.revision != trip.revision }
        return later.allSatisfy { $0.cause == .recoveryTimeout || $0.from == $0.to } ? trip : nil
    }

    /// The failures that belong in the explanation, newest first.
    func led(_ failures: [Failure]) -> [Failure] {
        let newest = failures.filter(isOfPeriod).sorted { $0.at > $1.at }
        guard let presentTrip, var counted = Self.failures(countedBy: presentTrip) else { return newest }
        return Array(
            newest.prefix { failure in
                defer { counted -= Double(failure.count) }
                return counted > 0
            }
        )
    }

    /// The number of failures in the streak or the window that caused `trip`. They are the newest before it, because a
    /// streak and a window end with the trip. `nil` if an earlier version of the program did not store the number.
    private static func failures(countedBy trip: Transition) -> Double? {
        switch trip.cause {
        case .failureThreshold, .failureCountThreshold: return trip.evidence.observed
        case .failureRateThreshold:
            guard let share = trip.evidence.observed, let calls = trip.evidence.calls else { return nil }
            return (share * Double(calls)).rounded()
        case .slowCallRateThreshold: return 0
        case .probeFailed: return 1
        case .recoveryTimeout, .probesSucceeded, .reset, .overrideSet, .overrideCleared, .overrideExpired: return nil
        }
    }

    private func isOfPeriod(_ failure: Failure) -> Bool {
        if let presentTrip { return failure.at <= presentTrip.at }
        guard breaker.state == .closed else { return false }
        // Setting the clock moves live state only, so stored rows are compared with stored rows.
        if let storedBeginning { return failure.at >= storedBeginning.at }
        return breaker.lastTransition == nil || failure.at >= breaker.since
    }

    /// The transition that began the current period; `nil` if there is none, or if it is due and not stored yet.
    var storedBeginning: Transition? {
        guard let last = transitions.first(where: { $0.revision == breaker.generation }) ?? breaker.lastTransition,
            last.to == breaker.state, last.cause != .overrideSet || force != nil
        else { return nil }
        return last
    }

    /// The transition that ended the breaker's last closed period; `nil` while closed, and if that transition is not
    /// among ``transitions``.
    var leftClosed: Transition? {
        let first = transitions.prefix { $0.to != .closed }.last
        return first?.from == .closed ? first : nil
    }

    var rule: Explanation.RuleNumbers? {
        if let presentTrip, let rule = Rule(presentTrip.cause),
            let threshold = presentTrip.evidence.threshold ?? policy[rule.field].asDecimal
        {
            return .init(rule: rule, threshold: threshold, observed: presentTrip.evidence.observed)
        }
        guard breaker.state == .closed else { return nil }
        return nearest.map { .init(rule: $0.rule, threshold: $0.threshold, observed: $0.observed) }
    }

    /// The rule of a closed breaker that is closest to tripping; the first of several that are equally close.
    var nearest: Rule.Reading? {
        var nearest: Rule.Reading?
        for reading in breaker.rules(at: now) where nearest.map({ reading.progress > $0.progress }) ?? true {
            nearest = reading
        }
        return nearest
    }
}
