import BreakerCore
import BreakerStorage

extension WorkingCopy {
    /// Applies a report, or repeats the answer of the first report with its id.
    ///
    /// A report without a permit creates the breaker; one with a permit never does: its generation is not that of any
    /// breaker there is.
    mutating func report(
        _ report: Report,
        to name: BreakerName,
        store: any BreakerStore
    ) throws(EngineError) -> ReportAnswer {
        if self[name] == nil {
            guard report.permit == nil else {
                return ReportAnswer(counted: 0, refusal: .stalePermit, state: .closed)
            }
            try create(name)
        }
        if let first = try firstAnswer(to: report, of: name, store: store) { return first }
        let answer = event(name) { breaker, now, journal in
            let answer = breaker.report(report, at: now, journal: &journal)
            let endsLease = report.permit?.lease != nil
            return (answer, changed: answer.applied && (report.outcome != .ignored || endsLease))
        }
        guard let answer else { preconditionFailure("\(name) is gone between two lines") }
        if let id = report.id, let breakerID = self[name]?.id {
            remember(Receipt(of: report, answer: answer, at: now), ofReport: id, breakerID: breakerID)
        }
        return answer
    }

    /// The answer that a report with the same id was given; `nil` where there was none within 15 minutes.
    private func firstAnswer(
        to report: Report,
        of name: BreakerName,
        store: any BreakerStore
    ) throws(EngineError) -> ReportAnswer? {
        guard let id = report.id, let breakerID = self[name]?.id else { return nil }
        let receipt: Receipt?
        do {
            receipt =
                try receiptInBatch(ofReport: id, breakerID: breakerID)
                ?? store.receipt(forReport: id, ofBreaker: breakerID)
        } catch {
            throw .storageUnavailable
        }
        switch receipt?.match(report, at: now) {
        case .repetition(let answer): return answer
        case .conflict:
            throw EngineError(
                .reportIDConflict,
                "another report was made under this report_id",
                faults: [
                    .init(field: "report_id", detail: "names a report with another outcome, permit, duration or count")
                ]
            )
        case .forgotten, nil: return nil
        }
    }
}
