/// The outcome of a call.
package enum Outcome: String, CaseIterable, Sendable {
    case success
    case failure
    /// Not the downstream's fault: a caller's bad request, a cancellation, a permit not used.
    case ignored
}

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

/// A record of a report with an id, so that a repetition of the report gets the first answer again.
package struct Receipt: Hashable, Sendable {
    /// How long an id is remembered: 15 minutes, in milliseconds.
    package static let lifetimeMs: Int64 = 900_000

    package var outcome: Outcome
    package var permit: Permit?
    package var durationMs: Int64?
    package var count: Int
    package var answer: ReportAnswer
    package var at: Instant

    package init(
        outcome: Outcome,
        permit: Permit?,
        durationMs: Int64?,
        count: Int,
        answer: ReportAnswer,
        at: Instant
    ) {
        self.outcome = outcome
        self.permit = permit
        self.durationMs = durationMs
        self.count = count
        self.answer = answer
        self.at = at
    }

    package init(of report: Report, answer: ReportAnswer, at instant: Instant) {
        self.init(
            outcome: report.outcome,
            permit: report.permit,
            durationMs: report.durationMs,
            count: report.count,
            answer: answer,
            at: instant
        )
    }

    package enum Match: Hashable, Sendable {
        /// The same report again: this is its answer.
        case repetition(ReportAnswer)
        /// Another outcome, permit, duration or count under the same id.
        case conflict
        /// The receipt is 15 minutes old or older, so the id may be used again.
        case forgotten
    }

    /// Compares `report`, which carries this receipt's id, with the report for which the receipt was created.
    package func match(_ report: Report, at now: Instant) -> Match {
        guard at.milliseconds(until: now) < Self.lifetimeMs else { return .forgotten }
        guard report.outcome == outcome, report.permit == permit, report.durationMs == durationMs,
            report.count == count
        else { return .conflict }
        var first = answer
        first.isDuplicate = true
        return .repetition(first)
    }
}

/// The limits of workers' and operators' input. Input beyond a limit is rejected; only a failure's detail is truncated.
package enum Limits {
    /// How many outcomes one report may represent.
    package static let reportCount = 1...10_000
    /// How many outcomes the reports of one request may represent together.
    package static let outcomesPerRequest = 1_000_000
    /// How many reports one request may carry.
    package static let reportsPerRequest = 1...10_000
    /// Counts of decisions in one request.
    package static let decisionCountsPerRequest = 1...10_000
    /// Allowed, and denied, decisions in one count.
    package static let decisionCount: ClosedRange<Int64> = 0...1_000_000
    /// How long a reported call may have taken, in milliseconds: a day.
    package static let durationMs: ClosedRange<Int64> = 0...86_400_000
    /// How long ago a reported call may have ended, in milliseconds: 15 minutes.
    package static let reportAgeMs: ClosedRange<Int64> = 0...900_000
    /// The maximum age, in milliseconds, of a report that evaluates the rules. An older report is counted, but does not
    /// trip the breaker.
    package static let currentAgeMs: Int64 = 5_000
    package static let kindLength = 64
    package static let reporterLength = 128
    package static let reportIDLength = 1...64
    /// UTF-8 bytes of a failure's detail that are kept.
    package static let detailBytes = 512
    package static let reasonLength = 1...512
    /// How long an override may last, in milliseconds: a second to a year.
    package static let overrideMs: ClosedRange<Int64> = 1_000...31_536_000_000
    /// How long an override lasts by default, in milliseconds: an hour.
    package static let defaultOverrideMs: Int64 = 3_600_000

    /// `text` truncated to ``detailBytes``, never inside a code point.
    package static func cutDetail(_ text: String) -> String {
        guard text.utf8.count > detailBytes else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: detailBytes)
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return String(text[..<end])
    }
}

/// A permit for one call. An allowed acquire returns it, and the report of the call carries it back.
///
/// The text form is `<generation>` while closed and `<generation>-<lease>` for a probe, with the lease in 16 lower-case
/// hexadecimal digits.
package struct Permit: Hashable, Sendable, CustomStringConvertible {
    /// The generation in which the permit was granted.
    package let generation: Int64
    /// The lease of a probe; `nil` for a permit of a closed breaker.
    package let lease: UInt64?

    package init(generation: Int64, lease: UInt64? = nil) {
        self.generation = generation
        self.lease = lease
    }

    /// - Returns: `nil` if `text` is not exactly in the form of ``description``.
    package init?(_ text: String) {
        let bytes = text.utf8
        let dash = bytes.firstIndex(of: UInt8(ascii: "-")) ?? bytes.endIndex
        guard let first = bytes.first, (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(first),
            let generation = Int64(text[..<dash])
        else { return nil }
        guard dash < bytes.endIndex else {
            self.init(generation: generation)
            return
        }
        guard let lease = UInt64(hexadecimal: text[bytes.index(after: dash)...]) else { return nil }
        self.init(generation: generation, lease: lease)
    }

    package var description: String {
        lease.map { "\(generation)-\($0.hexadecimal)" } ?? String(generation)
    }
}
