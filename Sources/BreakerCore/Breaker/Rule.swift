/// A condition of a policy that trips: what it looks at, and the number from which it holds.
package enum Rule: Hashable, Sendable {
    case failureThreshold
    case failureCountThreshold
    case failureRateThreshold
    case slowCallRateThreshold

    /// In the order of the policy's table: the first that holds is the cause of the trip.
    package static let inOrder: [Rule] = [
        .failureThreshold, .failureCountThreshold, .failureRateThreshold, .slowCallRateThreshold,
    ]

    /// The rules that a policy has on.
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

    /// Whether it is a share of the calls in the window, which counts once `minimum_calls` are in it.
    package var isRate: Bool {
        switch self {
        case .failureThreshold, .failureCountThreshold: false
        case .failureRateThreshold, .slowCallRateThreshold: true
        }
    }

    /// A rule with its numbers at one moment.
    package struct Reading: Hashable, Sendable {
        package var rule: Rule
        /// A number of failures, or a share of calls; `nil` where there is no call that it could be a share of.
        package var observed: Double?
        package var threshold: Double
        /// Calls in the window; `nil` for a rule that is no rate.
        package var calls: UInt32?
        /// How many of them there have to be; `nil` for a rule that is no rate.
        package var minimumCalls: Int?

        package var holds: Bool {
            guard let observed, observed >= threshold else { return false }
            guard let calls, let minimumCalls else { return true }
            return calls >= minimumCalls
        }

        /// How near the rule is to tripping: 0 for far, 1 for there. A rate counts as far as there are calls for it. Always
        /// finite, whatever the threshold.
        package var progress: Double {
            guard let observed else { return 0 }
            let share = min(observed / threshold, .greatestFiniteMagnitude)
            guard let calls, let minimumCalls else { return share }
            return share * min(1, Double(calls) / Double(minimumCalls))
        }
    }

    /// - Returns: `nil` where the rule is off.
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
