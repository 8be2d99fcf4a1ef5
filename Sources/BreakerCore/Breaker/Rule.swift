/// A condition of a policy that trips a breaker when a number reaches the rule's threshold.
package enum Rule: Hashable, Sendable {
    case failureThreshold
    case failureCountThreshold
    case failureRateThreshold
    case slowCallRateThreshold

    /// The rules in the order of the policy's table. The first rule that holds is the cause of a trip.
    package static let inOrder: [Rule] = [
        .failureThreshold, .failureCountThreshold, .failureRateThreshold, .slowCallRateThreshold,
    ]

    /// The rules that are on in a policy.
    package static func on(in policy: Policy) -> [Rule] { inOrder.filter { policy[$0.field] != .null } }

    package var field: PolicyField {
        switch self {
        case .failureThreshold: .failureThreshold
        case .failureCountThreshold: .failureCountThreshold
        case .failureRateThreshold: .failureRateThreshold
        case .slowCallRateThreshold: .slowCallRateThreshold
        }
    }

    package var cause: Cause {
        switch self {
        case .failureThreshold: .failureThreshold
        case .failureCountThreshold: .failureCountThreshold
        case .failureRateThreshold: .failureRateThreshold
        case .slowCallRateThreshold: .slowCallRateThreshold
        }
    }

    /// - Returns: `nil` if no rule is the cause.
    package init?(_ cause: Cause) {
        guard let rule = Rule.inOrder.first(where: { $0.cause == cause }) else { return nil }
        self = rule
    }

    /// Whether the rule's number is a share of the calls in the window. Such a rule holds only if the window has at
    /// least `minimum_calls`.
    package var isRate: Bool {
        switch self {
        case .failureThreshold, .failureCountThreshold: false
        case .failureRateThreshold, .slowCallRateThreshold: true
        }
    }

    /// A rule with its numbers at one moment.
    package struct Reading: Hashable, Sendable {
        package var rule: Rule
        /// A number of failures, or a share of calls; `nil` for a share if there are no calls.
        package var observed: Double?
        package var threshold: Double
        /// Calls in the window; `nil` for a rule that is not a rate.
        package var calls: UInt32?
        /// The minimum number of calls; `nil` for a rule that is not a rate.
        package var minimumCalls: Int?

        package var holds: Bool {
            guard let observed, observed >= threshold else { return false }
            guard let calls, let minimumCalls else { return true }
            return calls >= minimumCalls
        }

        /// How close the rule is to tripping: 0 is far, 1 is the threshold. A rate is scaled down while there are fewer
        /// calls than the minimum. Always finite, whatever the threshold.
        package var progress: Double {
            guard let observed else { return 0 }
            let share = min(observed / threshold, .greatestFiniteMagnitude)
            guard let calls, let minimumCalls else { return share }
            return share * min(1, Double(calls) / Double(minimumCalls))
        }
    }

    /// The numbers of the first rule that holds; `nil` if none does.
    static func firstThatHolds(streak: UInt32, counts: Counts, policy: Policy) -> Reading? {
        for rule in inOrder {
            if let reading = rule.reading(streak: streak, counts: counts, policy: policy), reading.holds {
                return reading
            }
        }
        return nil
    }

    /// - Returns: `nil` if the rule is off.
    func reading(streak: UInt32, counts: Counts, policy: Policy) -> Reading? {
        switch self {
        case .failureThreshold:
            policy.failureThreshold.map { Reading(rule: self, observed: Double(streak), threshold: Double($0)) }
        case .failureCountThreshold:
            policy.failureCountThreshold.map {
                Reading(rule: self, observed: Double(counts.failures), threshold: Double($0))
            }
        case .failureRateThreshold:
            policy.failureRateThreshold.map { rate(counts.failureRate, of: counts, threshold: $0, policy: policy) }
        case .slowCallRateThreshold:
            policy.slowCallRateThreshold.map { rate(counts.slowRate, of: counts, threshold: $0, policy: policy) }
        }
    }

    private func rate(_ observed: Double?, of counts: Counts, threshold: Double, policy: Policy) -> Reading {
        Reading(
            rule: self,
            observed: observed,
            threshold: threshold,
            calls: counts.calls,
            minimumCalls: policy.minimumCalls
        )
    }
}
