/// A worker's report of a finished call.
package struct Report: Hashable, Sendable {
    package var outcome: Outcome
    package var permit: Permit?
    /// How long the call took, in milliseconds.
    package var durationMs: Int64?
    /// The time between the end of the call and the sending of the report, in milliseconds, by the worker's clock.
    package var ageMs: Int64
    /// A short word for a failure: `timeout`, `connection`, `http_503`.
    package var kind: String?
    package var detail: String?
    /// The worker's own name for itself.
    package var reporter: String?
    /// The `report_id`, by which a repetition of this report is recognised.
    package var id: String?
    /// How many calls in a row ended like this.
    package var count: Int

    package init(
        _ outcome: Outcome,
        permit: Permit? = nil,
        durationMs: Int64? = nil,
        ageMs: Int64 = 0,
        kind: String? = nil,
        detail: String? = nil,
        reporter: String? = nil,
        id: String? = nil,
        count: Int = 1
    ) {
        precondition(Limits.reportAgeMs.contains(ageMs), "a report's age is 0 to 900000 ms, not \(ageMs)")
        precondition(Limits.reportCount.contains(count), "a report's count is 1 to 10000, not \(count)")
        precondition(count == 1 || permit?.lease == nil, "a probe's permit takes one outcome, not \(count)")
        self.outcome = outcome
        self.permit = permit
        self.durationMs = durationMs
        self.ageMs = ageMs
        self.kind = kind
        self.detail = detail
        self.reporter = reporter
        self.id = id
        self.count = count
    }

    /// When the call ended, if the report arrives at `now`.
    package func instant(at now: Instant) -> Instant { now.advanced(byMilliseconds: -ageMs) }

    /// Whether the report is recent enough to evaluate the rules.
    var isCurrent: Bool { ageMs <= Limits.currentAgeMs }
}

/// The answer to a report.
package struct ReportAnswer: Hashable, Sendable {
    /// The reason why a report was not applied. If several hold, the answer has the first in this order.
    package enum Refusal: String, CaseIterable, Sendable {
        /// An operator has forced the breaker open.
        case forcedOpen = "forced_open"
        /// The permit is of another generation.
        case stalePermit = "stale_permit"
        /// The permit's lease has run out, was used, or was given back.
        case leaseExpired = "lease_expired"
        /// The breaker is half open, where only a probe's permit counts.
        case noLease = "no_lease"
        /// The breaker is open.
        case open
        /// The call ended before the generation began, or before the time window.
        case tooOld = "too_old"
    }

    /// How many of the report's outcomes were applied.
    package var counted: Int
    /// Why no outcome was applied; `nil` if the report was applied.
    package var refusal: Refusal?
    /// The state after the event.
    package var state: State
    /// The generation after the event; 0 if the breaker does not exist.
    package var generation: Int64
    /// Whether this repeats the answer to an earlier report with the same id.
    package var isDuplicate = false

    package var applied: Bool { refusal == nil }

    package init(counted: Int, refusal: Refusal?, state: State, generation: Int64) {
        self.counted = counted
        self.refusal = refusal
        self.state = state
        self.generation = generation
    }
}
