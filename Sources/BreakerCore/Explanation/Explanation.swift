/// Why a breaker is as it is, what led to it, and what will happen next: for the person who is called at night.
package struct Explanation: Hashable, Sendable {
    /// A rule with the number from which it trips and the one that was, or is, there.
    package struct RuleNumbers: Hashable, Sendable {
        package var rule: Rule
        package var threshold: Double
        /// `nil` where it is not known.
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
        /// `nil` where it depends on calls, or on an operator.
        package var at: Instant?
        package var detail: String
    }

    /// A change of the policy that the numbers speak for.
    package struct Advice: Hashable, Sendable {
        package var field: PolicyField
        package var current: PolicyValue
        package var suggested: PolicyValue
        package var detail: String
    }

    package var name: BreakerName
    package var at: Instant
    package var state: State
    /// A paragraph of plain words.
    package var text: String
    /// The last one that is stored.
    package var transition: Transition?
    /// The one that tripped; while closed the one that is nearest to it.
    package var rule: RuleNumbers?
    /// Newest first: those before the trip; while closed those since it closed.
    package var failures: [Failure]
    /// Those with a time first, in its order.
    package var next: [NextEvent]
    package var isUnstable: Bool
    package var openingsLastHour: Int
    package var advice: [Advice]

    /// How many transitions of the past it is worth to know.
    package static let transitionLimit = 100
    package static let failureLimit = 10

    /// - Parameters:
    ///   - breaker: as it is at `now`: everything due has happened.
    ///   - transitions: the last ones of the breaker, newest first.
    ///   - failures: the newest of its log, newest first.
    package init(of breaker: Breaker, at now: Instant, transitions: [Transition], failures: [Failure]) {
        let known = transitions.filter { $0.revision <= breaker.lastTransition?.revision ?? 0 }
        let trip = known.first { $0.isTrip }
        let story = Story(breaker: breaker, now: now, trip: trip, transitions: known)
        name = breaker.name
        at = now
        state = breaker.state
        transition = breaker.lastTransition
        rule = story.rule
        self.failures = failures.filter(story.led).prefix(Self.failureLimit).sorted { $0.at > $1.at }
        next = story.next
        isUnstable = breaker.isUnstable(at: now)
        openingsLastHour = breaker.openings(inHourBefore: now)
        advice = story.advice
        text = story.paragraph
    }
}

extension Transition {
    /// Whether the breaker opened by itself.
    var isTrip: Bool { to == .open && from != .open && cause != .overrideSet }
}

/// What an explanation is made of.
struct Story {
    let breaker: Breaker
    let now: Instant
    let trip: Transition?
    /// Newest first.
    let transitions: [Transition]

    var policy: Policy { breaker.policy }

    /// The order that puts the breaker where it is; `nil` where it is where its calls have led it.
    var force: Override? { breaker.override.flatMap { $0.mode == .shadow ? nil : $0 } }

    /// The trip whose consequences last; `nil` while closed, and under an order.
    var presentTrip: Transition? {
        guard breaker.state != .closed, force == nil, let trip else { return nil }
        // An order, or a reset, that came later is the cause.
        let later = transitions.prefix { $0.revision != trip.revision }
        return later.allSatisfy { $0.cause == .recoveryTimeout || $0.from == $0.to } ? trip : nil
    }

    /// Whether `failure` belongs to what is explained.
    func led(_ failure: Failure) -> Bool {
        if let presentTrip { return failure.at <= presentTrip.at }
        guard breaker.state == .closed else { return false }
        // A step of the clock moves live state alone, so rows are compared with rows.
        if let storedBeginning { return failure.at >= storedBeginning.at }
        return breaker.lastTransition == nil || failure.at >= breaker.since
    }

    /// The transition that began the present period; `nil` where there is none, or it is due and not stored yet.
    var storedBeginning: Transition? {
        guard let last = transitions.first(where: { $0.revision == breaker.generation }) ?? breaker.lastTransition,
            last.to == breaker.state, last.cause != .overrideSet || force != nil
        else { return nil }
        return last
    }

    var rule: Explanation.RuleNumbers? {
        if let presentTrip, let rule = Rule(presentTrip.cause), let threshold = policy[rule.field].asDecimal {
            return .init(rule: rule, threshold: threshold, observed: rule.observed(in: presentTrip.detail))
        }
        guard breaker.state == .closed else { return nil }
        return nearest.map { .init(rule: $0.rule, threshold: $0.threshold, observed: $0.observed) }
    }

    /// The rule of a closed breaker that is nearest to tripping; the first of those that are equally near.
    var nearest: Rule.Reading? {
        var nearest: Rule.Reading?
        for reading in breaker.rules(at: now) where nearest.map({ reading.progress > $0.progress }) ?? true {
            nearest = reading
        }
        return nearest
    }
}
