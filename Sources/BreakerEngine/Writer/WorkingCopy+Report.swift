import BreakerCore
import BreakerStorage

extension WorkingCopy {
    /// Applies a report, or repeats the answer of the first report with its id.
    ///
    /// A report without a permit creates a missing breaker. A report with a permit never does: its generation is not
    /// that of any breaker that exists.
    mutating func report(
        _ report: Report,
        to name: BreakerName,
        for client: Client,
        store: any BreakerStore
    ) throws(EngineError) -> ReportAnswer {
        guard let known = index(of: name) else {
            guard report.permit == nil else {
                return ReportAnswer(counted: 0, refusal: .stalePermit, state: .closed, generation: 0)
            }
            return try apply(report, at: try create(name, for: client), from: client, store: store)
        }
        return try apply(report, at: known, from: client, store: store)
    }

    private mutating func apply(
        _ report: Report,
        at index: Int,
        from client: Client,
        store: any BreakerStore
    ) throws(EngineError) -> ReportAnswer {
        if let first = try firstAnswer(to: report, at: index, store: store) { return first }
        let (answer, isSlow) = event(at: index) { breaker, now, journal in
            let isSlow = breaker.policy.isSlow(report.durationMs)
            let answer = breaker.report(report, at: now, journal: &journal)
            let endsLease = report.permit?.lease != nil
            return ((answer, isSlow), changed: answer.applied && (report.outcome != .ignored || endsLease))
        }
        reportTallies.add(report, answer: answer, at: index)
        unstored.add(
            report.outcome,
            count: answer.counted,
            isSlow: isSlow,
            breakerID: breakers[index].id,
            minute: Minute(of: report.instant(at: now))
        )
        if let id = report.id {
            let receipt = Receipt(of: report, answer: answer, at: now)
            remember(receipt, ofReport: id, breakerID: breakers[index].id, from: client)
        }
        return answer
    }

    /// The answer to an earlier report with the same id; `nil` if there was none within 15 minutes.
    private func firstAnswer(
        to report: Report,
        at index: Int,
        store: any BreakerStore
    ) throws(EngineError) -> ReportAnswer? {
        guard let id = report.id else { return nil }
        let breakerID = breakers[index].id
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
                "this report_id is already in use",
                faults: [
                    .init(
                        field: "report_id",
                        detail: "names a report with a different outcome, permit, duration or count"
                    )
                ]
            )
        case .forgotten, nil: return nil
        }
    }
}
