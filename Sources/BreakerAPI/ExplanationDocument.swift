package import BreakerCore
package import BreakerText

/// Why a breaker is in its state, and what happens next.
package struct ExplanationDocument: Document {
    /// The rule that tripped; while closed, the rule that is closest to tripping.
    package struct Rule: Codable, Hashable, Sendable {
        package var field: String
        package var threshold: Double
        /// `nil` if it is unknown.
        package var observed: Double?
        package var unit: String
    }

    package struct Event: Codable, Hashable, Sendable {
        /// `half_open`, `lease_ends`, `override_ends`, `close` or `trip`.
        package var event: String
        /// `nil` if the event depends on calls or on an operator.
        package var at: Instant?
        /// Milliseconds until the event; `nil` if it has no time.
        package var inMs: Int64?
        package var detail: String

        enum CodingKeys: String, CodingKey {
            case event, at
            case inMs = "in_ms"
            case detail
        }
    }

    /// A suggested change of the policy.
    package struct Advice: Codable, Hashable, Sendable {
        package var field: String
        /// `nil` for a rule that is off.
        package var current: Double?
        /// `nil` for a rule that should be off.
        package var suggested: Double?
        package var detail: String
    }

    /// Reports of one client that were refused because the same field was invalid.
    package struct RefusedReports: Codable, Hashable, Sendable {
        package var client: String
        /// `body` for a body that cannot be read.
        package var field: String
        /// The error of the field in the last report.
        package var detail: String
        package var count: Int64
        package var lastAt: Instant

        enum CodingKeys: String, CodingKey {
            case client, field, detail, count
            case lastAt = "last_at"
        }
    }

    package var name: String
    package var at: Instant
    package var state: String
    /// `nil` while closed.
    package var notClosedSince: Instant?
    package var text: String
    package var transition: TransitionDocument?
    package var rule: Rule?
    /// Newest first.
    package var failures: [FailureDocument]
    /// Events with a time come first, ordered by it.
    package var next: [Event]
    package var unstable: Bool
    package var openingsLastHour: Int
    package var advice: [Advice]
    /// The latest first; `nil` from older servers.
    package var refusedReports: [RefusedReports]?

    package init(_ explanation: Explanation) {
        name = explanation.name.value
        at = explanation.at
        state = explanation.state.rawValue
        notClosedSince = explanation.notClosedSince
        text = explanation.text
        transition = explanation.transition.map { TransitionDocument($0) }
        rule = explanation.rule.map { numbers in
            Rule(
                field: numbers.rule.field.rawValue,
                threshold: numbers.threshold,
                observed: numbers.observed,
                unit: numbers.rule.isRate ? "share of calls" : numbers.rule.inWords
            )
        }
        failures = explanation.failures.map { FailureDocument($0) }
        next = explanation.next.map { next in
            Event(
                event: next.kind.rawValue,
                at: next.at,
                inMs: next.at.map { explanation.at.milliseconds(until: $0) },
                detail: next.detail
            )
        }
        unstable = explanation.isUnstable
        openingsLastHour = explanation.openingsLastHour
        advice = explanation.advice.map { advice in
            Advice(
                field: advice.field.rawValue,
                current: advice.current.asDecimal,
                suggested: advice.suggested.asDecimal,
                detail: advice.detail
            )
        }
        refusedReports = explanation.refusedReports.map { reports in
            RefusedReports(
                client: reports.client,
                field: reports.field,
                detail: reports.detail,
                count: reports.count,
                lastAt: reports.lastAt
            )
        }
    }

    enum CodingKeys: String, CodingKey {
        case name, at, state
        case notClosedSince = "not_closed_since"
        case text, transition, rule, failures, next, unstable
        case openingsLastHour = "openings_last_hour"
        case advice
        case refusedReports = "refused_reports"
    }
}
