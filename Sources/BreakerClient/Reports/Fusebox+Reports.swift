import BreakerAPI
import BreakerCore
import Logging
import NIOConcurrencyHelpers
import Synchronization

extension Fusebox {
    /// Takes what became of a call. Returns at once while ``run()`` sends; without it, when the server was told, or the
    /// caller's patience is over.
    nonisolated(nonsending) func report(
        _ outcome: CallOutcome,
        to entry: BreakerEntry,
        under decision: CallDecision,
        tookNs: Int64
    ) async {
        guard decision.isAllowed else { return }
        note(outcome, to: entry, under: decision, tookNs: tookNs)
        if !isRunning.load(ordering: .relaxed) { await sendWithoutRunning() }
    }

    private func note(_ outcome: CallOutcome, to entry: BreakerEntry, under decision: CallDecision, tookNs: Int64) {
        let durationMs = min(max(0, tookNs / nsPerMs), Limits.durationMs.upperBound)
        let isDurationTold = entry.state.withLockedValue { state in
            if state.standIn != nil {
                let nowNs = clock.nowNs()
                let permit = decision.standInPermit
                state.standIn?.report(outcome, permit: permit, durationMs: durationMs, atNs: nowNs)
            }
            return state.policyRevision == nil || state.policy.slowCallMs != nil
        }
        let (core, kind, detail) = outcome.core
        // The duration of a call that did not fail is of use to a rule of slow calls only, and would keep equals apart.
        let tellsDuration = core == .failure || decision.isProbe || isDurationTold && core == .success
        outlet.add(
            Outbox.Item(
                place: entry.place,
                name: entry.name,
                outcome: core,
                permit: decision.permit,
                isProbe: decision.isProbe,
                durationMs: tellsDuration ? durationMs : nil,
                kind: kind,
                detail: detail
            )
        )
    }

    private func sendWithoutRunning() async {
        let nowNs = clock.nowNs()
        guard reachability.withLockedValue({ $0.mayTry(atNs: nowNs) }) else { return }
        let race = Race<Bool>()
        Task {
            await send()
            race.settle(true)
        }
        let timer = whenPatienceEnds { race.settle(false) }
        let isTold = await race.value
        timer.cancel()
        if !isTold { serverFailed(TooSlow()) }
    }

    /// Sends what waits, batch after batch, also for a task that is cancelled.
    /// - Returns: whether the server took it; `true` where somebody else sends.
    @discardableResult
    func send() async -> Bool { await Task { await sendBatches() }.value }

    private func sendBatches() async -> Bool {
        while let batch = outlet.begin(atNs: clock.nowNs()) {
            do {
                let answer = try await client.report(batch.map { ReportDocument($0, reporter: reporter) })
                serverAnswered()
                let again = settle(batch, answer)
                if !again.isEmpty { return false }
            } catch let error as FuseboxError where error.status < 500 {
                outlet.end(batch, refused: batch.reduce(0) { $0 + $1.count })
                logger.error("fusebox refused outcomes", metadata: ["error": "\(error)"])
            } catch {
                outlet.end(batch, again: batch)
                serverFailed(error)
                return false
            }
        }
        return true
    }

    /// - Returns: what has to be sent again.
    private func settle(_ batch: [Outbox.Item], _ answer: ReportsAnswerDocument) -> [Outbox.Item] {
        var again: [Outbox.Item] = []
        var refused = 0
        var fault: ReportsAnswerDocument.Result.Fault?
        for (item, result) in zip(batch, answer.results) {
            guard let error = result.error else { continue }
            if let code = ProblemCode(rawValue: error.code), code.status >= 500 {
                again.append(item)
            } else {
                refused += item.count
                fault = fault ?? error
            }
        }
        outlet.end(batch, again: again, refused: refused)
        if let fault {
            logger.error(
                "fusebox refused outcomes",
                metadata: ["outcomes": "\(refused)", "code": "\(fault.code)", "error": "\(fault.detail)"]
            )
        }
        return again
    }
}

extension ReportDocument {
    fileprivate init(_ item: Outbox.Item, reporter: String) {
        self.init(
            name: item.name,
            outcome: item.outcome.rawValue,
            permit: item.permit.text,
            durationMs: item.durationMs,
            kind: item.kind,
            detail: item.detail,
            reporter: reporter,
            reportID: item.id,
            count: item.count == 1 ? nil : item.count
        )
    }
}
