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
