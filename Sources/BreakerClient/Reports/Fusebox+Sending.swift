import BreakerAPI
import BreakerCore
import Logging
import NIOConcurrencyHelpers

extension Fusebox {
    /// Sends the waiting outcomes, or waits for the task that does, and notes from the result whether the server is
    /// reachable.
    func send(under attempt: Reachability.Attempt) async {
        let startNs = clock.nowNs()
        switch await reportSender.sender({ await self.sendBatches() }).value {
        case .nothing: reportSender.reachability.withLockedValue { $0.withdrawn(attempt) }
        case .taken: serverTookOutcomes(attempt, tookNs: clock.nowNs() - startNs)
        case .refused: serverAnsweredToOutcomes(attempt)
        case .failed(let error): serverTookNoOutcomes(error, attempt)
        }
    }

    private func sendBatches() async -> ReportSender.Sending {
        var sending = ReportSender.Sending.nothing
        while true {
            let nowNs = clock.nowNs()
            guard let batch = reportSender.take(atNs: nowNs) else { return sending }
            let entries = panel.entries
            let batchEntries = batch.map { entries[$0.index] }
            let histories = batchEntries.map(\.history)
            do {
                let documents = batch.map { ReportDocument($0, reporter: reporter, atNs: nowNs) }
                let answer = try await client.report(documents)
                guard answer.results.count == batch.count else { throw WrongCount() }
                apply(answer.results, to: batchEntries, histories)
                if let fault = settle(batch, answer.results) {
                    return .failed(FuseboxError(status: 503, code: fault.code, detail: fault.detail))
                }
                sending = .taken
            } catch let error as FuseboxError where error.isAboutContent {
                // The server would refuse these outcomes again, and they would hold up all later ones.
                settle(batch, refused: batch, code: error.code, error.detail)
                if case .nothing = sending { sending = .refused }
            } catch {
                reportSender.putBack(batch)
                return .failed(error)
            }
        }
    }

    /// The answer does not have one result per report.
    private struct WrongCount: Error {}

    /// Puts back the outcomes that the server did not accept for a temporary reason, and the later outcomes of the same
    /// breakers. Sent again, they are in order, and the server recognises those it already has by their ids.
    /// - Returns: the reason; `nil` if nothing is put back.
    private func settle(
        _ batch: [Outbox.Item],
        _ results: [ReportsAnswerDocument.Result]
    ) -> ReportsAnswerDocument.Result.Fault? {
        var again: [Outbox.Item] = []
        var indicesAgain: Set<Int> = []
        var answered: [Outbox.Item] = []
        var refused: [Outbox.Item] = []
        var passing: ReportsAnswerDocument.Result.Fault?
        var lasting: ReportsAnswerDocument.Result.Fault?
        for (item, result) in zip(batch, results) {
            if let error = result.error, let code = ProblemCode(rawValue: error.code), code.status >= 500 {
                indicesAgain.insert(item.index)
                passing = passing ?? error
            }
            guard !indicesAgain.contains(item.index) else {
                again.append(item)
                continue
            }
            answered.append(item)
            guard let error = result.error else { continue }
            refused.append(item)
            lasting = lasting ?? error
        }
        settle(answered, refused: refused, code: lasting?.code, lasting?.detail ?? "")
        if !again.isEmpty { reportSender.putBack(again) }
        return passing
    }

    /// Takes the breakers' states from the answers, which arrive earlier than the stream's changes.
    private func apply(
        _ answers: [ReportsAnswerDocument.Result],
        to entries: [BreakerEntry],
        _ histories: [Int]
    ) {
        for (answer, (entry, history)) in zip(answers, zip(entries, histories)) {
            guard let generation = answer.generation, let state = answer.state.flatMap(BreakerState.init) else {
                continue
            }
            entry.take(state, generation: generation, history: history)
        }
    }

    private func settle(_ batch: [Outbox.Item], refused: [Outbox.Item], code: String?, _ detail: String) {
        guard reportSender.settle(batch, refused: refused) else { return }
        log(
            .error,
            "fusebox refused outcomes",
            [
                "breakers": Set(refused.map(\.name)).sorted().prefix(10).joined(separator: " "),
                "code": code ?? "none",
                "error": detail,
            ]
        )
    }
}

extension ReportDocument {
    fileprivate init(_ item: Outbox.Item, reporter: String, atNs nowNs: Int64) {
        self.init(
            name: item.name,
            outcome: item.outcome.rawValue,
            permit: item.permit.text,
            durationMs: item.durationMs,
            ageMs: max(0, nowNs - item.endedNs) / nsPerMs,
            kind: item.kind,
            detail: item.detail,
            reporter: reporter,
            reportID: item.id,
            count: item.count == 1 ? nil : item.count
        )
    }
}
